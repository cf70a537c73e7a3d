// Written by `cargo xtask contract` from contract/*.json; do not edit.
//! The types of the ZTS contract.

use std::collections::BTreeMap;

use super::fields::{wire, wire_enum};
use crate::Timestamp;

wire_enum! {
    /// `AssertionEffect` of `Policy.tdl`.
    AssertionEffect {
        Allow = "ALLOW",
        Deny = "DENY",
    }
    /// `CertType` of `Names.tdl`.
    CertType {
        X509 = "X509",
        SshHost = "SSH_HOST",
        SshUser = "SSH_USER",
    }
    /// `DomainMetricType` of `DomainMetrics.rdli`.
    DomainMetricType {
        AccessAllowed = "ACCESS_ALLOWED",
        AccessAllowedDeny = "ACCESS_ALLOWED_DENY",
        AccessAllowedDenyNoMatch = "ACCESS_ALLOWED_DENY_NO_MATCH",
        AccessAllowedAllow = "ACCESS_ALLOWED_ALLOW",
        AccessAllowedError = "ACCESS_ALLOWED_ERROR",
        AccessAllowedTokenInvalid = "ACCESS_ALLOWED_TOKEN_INVALID",
        AccessAllowedTokenExpired = "ACCESS_Allowed_TOKEN_EXPIRED",
        AccessAllowedDomainNotFound = "ACCESS_ALLOWED_DOMAIN_NOT_FOUND",
        AccessAllowedDomainMismatch = "ACCESS_ALLOWED_DOMAIN_MISMATCH",
        AccessAllowedDomainExpired = "ACCESS_ALLOWED_DOMAIN_EXPIRED",
        AccessAllowedDomainEmpty = "ACCESS_ALLOWED_DOMAIN_EMPTY",
        AccessAllowedTokenCacheFailure = "ACCESS_ALLOWED_TOKEN_CACHE_FAILURE",
        AccessAllowedTokenCacheNotFound = "ACCESS_ALLOWED_TOKEN_CACHE_NOT_FOUND",
        AccessAllowedTokenCacheSuccess = "ACCESS_ALLOWED_TOKEN_CACHE_SUCCESS",
        AccessAllowedTokenValidate = "ACCESS_ALLOWED_TOKEN_VALIDATE",
        LoadFileFail = "LOAD_FILE_FAIL",
        LoadFileGood = "LOAD_FILE_GOOD",
        LoadDomainGood = "LOAD_DOMAIN_GOOD",
    }
    /// `TransportDirection` of `TransportRule.tdl`.
    TransportDirection {
        In = "IN",
        Out = "OUT",
    }
}

wire! {
    /// `AWSTemporaryCredentials` of `AWSAuth.rdli`.
    AWSTemporaryCredentials {
        access_key_id: String = "accessKeyId", Required, Any, None;
        secret_access_key: String = "secretAccessKey", Required, Any, None;
        session_token: String = "sessionToken", Required, Any, None;
        expiration: Timestamp = "expiration", Required, Any, None;
    }
    /// `Access` of `Token.rdli`.
    Access {
        granted: bool = "granted", Required, Any, None;
    }
    /// `AccessTokenResponse` of `OAuth.tdl`.
    AccessTokenResponse {
        access_token: String = "access_token", Optional, Any, None;
        token_type: String = "token_type", Required, Any, None;
        expires_in: i32 = "expires_in", Optional, Any, None;
        scope: String = "scope", Optional, Any, None;
        refresh_token: String = "refresh_token", Optional, Any, None;
        id_token: String = "id_token", Optional, Any, None;
        issued_token_type: String = "issued_token_type", Optional, Any, None;
    }
    /// `Assertion` of `Policy.tdl`.
    Assertion {
        role: String = "role", Required, Any, None;
        resource: String = "resource", Required, Any, None;
        action: String = "action", Required, Any, None;
        effect: AssertionEffect = "effect", Optional, Any, Some(AssertionEffect::Allow);
        id: i64 = "id", Optional, Any, None;
        case_sensitive: bool = "caseSensitive", Optional, Any, None;
    }
    /// `AthenzJWKConfig` of `Instance.rdli`.
    AthenzJWKConfig {
        zms: JWKList = "zms", Required, Any, None;
        zts: JWKList = "zts", Required, Any, None;
        modified: Timestamp = "modified", Optional, Any, None;
    }
    /// `CertificateAuthorityBundle` of `Instance.rdli`.
    CertificateAuthorityBundle {
        name: String = "name", Required, SimpleName, None;
        certs: String = "certs", Required, Any, None;
    }
    /// `DomainDetails` of `DomainDetails.rdli`.
    DomainDetails {
        name: String = "name", Required, CompoundName, None;
        aws_account: String = "awsAccount", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project_id: String = "gcpProjectId", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
    }
    /// `DomainMetric` of `DomainMetrics.rdli`.
    DomainMetric {
        metric_type: DomainMetricType = "metricType", Required, Any, None;
        metric_val: i32 = "metricVal", Required, Any, None;
    }
    /// `DomainMetrics` of `DomainMetrics.rdli`.
    DomainMetrics {
        domain_name: String = "domainName", Required, CompoundName, None;
        metric_list: Vec<DomainMetric> = "metricList", Required, Any, None;
    }
    /// `DomainSignedPolicyData` of `SignedPolicies.rdli`.
    DomainSignedPolicyData {
        signed_policy_data: SignedPolicyData = "signedPolicyData", Required, Any, None;
        signature: String = "signature", Required, Any, None;
        key_id: String = "keyId", Required, Any, None;
    }
    /// `ExternalCredentialsRequest` of `ExternalCredentials.rdli`.
    ExternalCredentialsRequest {
        client_id: String = "clientId", Required, CompoundName, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any, None;
    }
    /// `ExternalCredentialsResponse` of `ExternalCredentials.rdli`.
    ExternalCredentialsResponse {
        attributes: BTreeMap<String, String> = "attributes", Required, Any, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
    }
    /// `ExternalMemberCertificate` of `ExternalMemberCert.rdli`.
    ExternalMemberCertificate {
        x509_certificate: String = "x509Certificate", Required, Any, None;
    }
    /// `ExternalMemberCertificateRequest` of `ExternalMemberCert.rdli`.
    ExternalMemberCertificateRequest {
        name: String = "name", Required, ExternalMemberName, None;
        csr: String = "csr", Required, Any, None;
        attestation_data: String = "attestationData", Required, Any, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
    }
    /// `HostServices` of `ServiceIdentity.rdli`.
    HostServices {
        host: String = "host", Required, Any, None;
        names: Vec<String> = "names", Required, CompoundName, None;
    }
    /// `Identity` of `Identity.tdl`.
    Identity {
        name: String = "name", Required, CompoundName, None;
        certificate: String = "certificate", Optional, Any, None;
        ca_cert_bundle: String = "caCertBundle", Optional, Any, None;
        ssh_certificate: String = "sshCertificate", Optional, Any, None;
        ssh_certificate_signer: String = "sshCertificateSigner", Optional, Any, None;
        service_token: String = "serviceToken", Optional, Any, None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any, None;
    }
    /// `Info` of `Info.rdli`.
    Info {
        build_jdk_spec: String = "buildJdkSpec", Optional, Any, None;
        implementation_title: String = "implementationTitle", Optional, Any, None;
        implementation_version: String = "implementationVersion", Optional, Any, None;
        implementation_vendor: String = "implementationVendor", Optional, Any, None;
    }
    /// `InstanceConfirmation` of `InstanceProvider.rdli`.
    InstanceConfirmation {
        provider: String = "provider", Required, CompoundName, None;
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, SimpleName, None;
        attestation_data: String = "attestationData", Required, Any, None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any, None;
    }
    /// `InstanceIdentity` of `Instance.rdli`.
    InstanceIdentity {
        provider: String = "provider", Required, CompoundName, None;
        name: String = "name", Required, CompoundName, None;
        instance_id: String = "instanceId", Required, PathElement, None;
        x509_certificate: String = "x509Certificate", Optional, Any, None;
        x509_certificate_signer: String = "x509CertificateSigner", Optional, Any, None;
        ssh_certificate: String = "sshCertificate", Optional, Any, None;
        ssh_certificate_signer: String = "sshCertificateSigner", Optional, Any, None;
        service_token: String = "serviceToken", Optional, Any, None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any, None;
        athenz_jwk: AthenzJWKConfig = "athenzJWK", Optional, Any, None;
    }
    /// `InstanceRefreshInformation` of `Instance.rdli`.
    InstanceRefreshInformation {
        attestation_data: String = "attestationData", Optional, Any, None;
        csr: String = "csr", Optional, Any, None;
        ssh: String = "ssh", Optional, Any, None;
        ssh_cert_request: SSHCertRequest = "sshCertRequest", Optional, Any, None;
        token: bool = "token", Optional, Any, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        hostname: String = "hostname", Optional, CompoundName, None;
        host_cnames: Vec<String> = "hostCnames", Optional, CompoundName, None;
        athenz_jwk: bool = "athenzJWK", Optional, Any, None;
        athenz_jwk_modified: Timestamp = "athenzJWKModified", Optional, Any, None;
        namespace: String = "namespace", Optional, SimpleName, None;
        cloud: String = "cloud", Optional, SimpleName, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", Optional, SimpleName, None;
    }
    /// `InstanceRefreshRequest` of `Identity.rdli`.
    InstanceRefreshRequest {
        csr: String = "csr", Required, Any, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        key_id: String = "keyId", Optional, Any, None;
        namespace: String = "namespace", Optional, SimpleName, None;
        cloud: String = "cloud", Optional, SimpleName, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
    }
    /// `InstanceRegisterInformation` of `Instance.rdli`.
    InstanceRegisterInformation {
        provider: String = "provider", Required, CompoundName, None;
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, SimpleName, None;
        attestation_data: String = "attestationData", Optional, Any, None;
        csr: String = "csr", Optional, Any, None;
        ssh: String = "ssh", Optional, Any, None;
        ssh_cert_request: SSHCertRequest = "sshCertRequest", Optional, Any, None;
        token: bool = "token", Optional, Any, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        hostname: String = "hostname", Optional, CompoundName, None;
        host_cnames: Vec<String> = "hostCnames", Optional, CompoundName, None;
        athenz_jwk: bool = "athenzJWK", Optional, Any, None;
        athenz_jwk_modified: Timestamp = "athenzJWKModified", Optional, Any, None;
        namespace: String = "namespace", Optional, SimpleName, None;
        cloud: String = "cloud", Optional, SimpleName, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", Optional, SimpleName, None;
        x509_cert_instance_id: String = "x509CertInstanceId", Optional, PathElement, None;
        jwt_svid_instance_id: String = "jwtSVIDInstanceId", Optional, PathElement, None;
        jwt_svid_audience: String = "jwtSVIDAudience", Optional, Any, None;
        jwt_svid_nonce: String = "jwtSVIDNonce", Optional, CompoundName, None;
        jwt_svid_spiffe: String = "jwtSVIDSpiffe", Optional, Any, None;
        jwt_svid_spiffe_subject: bool = "jwtSVIDSpiffeSubject", Optional, Any, None;
        jwt_svid_key_type: String = "jwtSVIDKeyType", Optional, SimpleName, None;
    }
    /// `InstanceRegisterToken` of `Instance.rdli`.
    InstanceRegisterToken {
        provider: String = "provider", Required, CompoundName, None;
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, SimpleName, None;
        attestation_data: String = "attestationData", Required, Any, None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any, None;
    }
    /// `IntrospectResponse` of `OAuth.tdl`.
    IntrospectResponse {
        active: bool = "active", Required, Any, None;
        ver: i32 = "ver", Required, Any, None;
        exp: i64 = "exp", Optional, Any, None;
        iat: i64 = "iat", Optional, Any, None;
        auth_time: i64 = "auth_time", Optional, Any, None;
        aud: String = "aud", Optional, Any, None;
        iss: String = "iss", Optional, Any, None;
        jti: String = "jti", Optional, Any, None;
        sub: String = "sub", Optional, Any, None;
        scope: String = "scope", Optional, Any, None;
        client_id: String = "client_id", Optional, Any, None;
        uid: String = "uid", Optional, Any, None;
        proxy: String = "proxy", Optional, Any, None;
        authorization_details: String = "authorization_details", Optional, Any, None;
    }
    /// `JWK` of `OAuth.tdl`.
    JWK {
        kty: String = "kty", Required, Any, None;
        kid: String = "kid", Required, Any, None;
        alg: String = "alg", Optional, Any, None;
        r#use: String = "use", Optional, Any, None;
        crv: String = "crv", Optional, Any, None;
        x: String = "x", Optional, Any, None;
        y: String = "y", Optional, Any, None;
        n: String = "n", Optional, Any, None;
        e: String = "e", Optional, Any, None;
    }
    /// `JWKList` of `OAuth.tdl`.
    JWKList {
        keys: Vec<JWK> = "keys", Required, Any, None;
    }
    /// `JWSPolicyData` of `SignedPolicies.rdli`.
    JWSPolicyData {
        payload: String = "payload", Required, Any, None;
        protected: String = "protected", Required, Any, None;
        header: BTreeMap<String, String> = "header", Required, Any, None;
        signature: String = "signature", Required, Any, None;
    }
    /// `OAuthConfig` of `OAuth.tdl`.
    OAuthConfig {
        issuer: String = "issuer", Required, Any, None;
        authorization_endpoint: String = "authorization_endpoint", Required, Any, None;
        introspection_endpoint: String = "introspection_endpoint", Required, Any, None;
        token_endpoint: String = "token_endpoint", Required, Any, None;
        jwks_uri: String = "jwks_uri", Required, Any, None;
        response_types_supported: Vec<String> = "response_types_supported", Required, Any, None;
        grant_types_supported: Vec<String> = "grant_types_supported", Required, Any, None;
        token_endpoint_auth_signing_alg_values_supported: Vec<String> = "token_endpoint_auth_signing_alg_values_supported", Required, Any, None;
    }
    /// `OIDCResponse` of `OAuth.tdl`.
    OIDCResponse {
        version: i32 = "version", Required, Any, None;
        id_token: String = "id_token", Required, Any, None;
        token_type: String = "token_type", Required, Any, None;
        success: bool = "success", Required, Any, None;
        expiration_time: i64 = "expiration_time", Required, Any, None;
    }
    /// `OpenIDConfig` of `OAuth.tdl`.
    OpenIDConfig {
        issuer: String = "issuer", Required, Any, None;
        authorization_endpoint: String = "authorization_endpoint", Required, Any, None;
        token_endpoint: String = "token_endpoint", Required, Any, None;
        jwks_uri: String = "jwks_uri", Required, Any, None;
        response_types_supported: Vec<String> = "response_types_supported", Required, Any, None;
        subject_types_supported: Vec<String> = "subject_types_supported", Required, Any, None;
        id_token_signing_alg_values_supported: Vec<String> = "id_token_signing_alg_values_supported", Required, Any, None;
        claims_supported: Vec<String> = "claims_supported", Optional, Any, None;
    }
    /// `Policy` of `Policy.tdl`.
    Policy {
        name: String = "name", Required, ResourceName, None;
        modified: Timestamp = "modified", Optional, Any, None;
        assertions: Vec<Assertion> = "assertions", Required, Any, None;
        case_sensitive: bool = "caseSensitive", Optional, Any, None;
        version: String = "version", Optional, SimpleName, None;
        active: bool = "active", Optional, Any, None;
    }
    /// `PolicyData` of `SignedPolicies.rdli`.
    PolicyData {
        domain: String = "domain", Required, CompoundName, None;
        policies: Vec<Policy> = "policies", Required, Any, None;
    }
    /// `PublicKeyEntry` of `ServiceIdentity.rdli`.
    PublicKeyEntry {
        key: String = "key", Required, Any, None;
        id: String = "id", Required, Any, None;
    }
    /// `ResourceAccess` of `Access.rdli`.
    ResourceAccess {
        granted: bool = "granted", Required, Any, None;
    }
    /// `RoleAccess` of `RoleCert.tdl`.
    RoleAccess {
        roles: Vec<String> = "roles", Required, CompoundName, None;
    }
    /// `RoleCertificate` of `RoleCert.tdl`.
    RoleCertificate {
        x509_certificate: String = "x509Certificate", Required, Any, None;
    }
    /// `RoleCertificateRequest` of `RoleCert.tdl`.
    RoleCertificateRequest {
        csr: String = "csr", Required, Any, None;
        proxy_for_principal: String = "proxyForPrincipal", Optional, CompoundName, None;
        expiry_time: i64 = "expiryTime", Required, Any, None;
        prev_cert_not_before: Timestamp = "prevCertNotBefore", Optional, Any, None;
        prev_cert_not_after: Timestamp = "prevCertNotAfter", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
    }
    /// `RoleToken` of `Token.rdli`.
    RoleToken {
        token: String = "token", Required, Any, None;
        expiry_time: i64 = "expiryTime", Required, Any, None;
    }
    /// `SSHCertRequest` of `SSHCert.tdl`.
    SSHCertRequest {
        cert_request_data: SSHCertRequestData = "certRequestData", Required, Any, None;
        cert_request_meta: SSHCertRequestMeta = "certRequestMeta", Required, Any, None;
        csr: String = "csr", Optional, Any, None;
        attestation_data: String = "attestationData", Optional, Any, None;
    }
    /// `SSHCertRequestData` of `SSHCert.tdl`.
    SSHCertRequestData {
        principals: Vec<String> = "principals", Required, Any, None;
        sources: Vec<String> = "sources", Optional, Any, None;
        destinations: Vec<String> = "destinations", Optional, Any, None;
        public_key: String = "publicKey", Optional, Any, None;
        touch_public_key: String = "touchPublicKey", Optional, Any, None;
        ca_pub_key_algo: i32 = "caPubKeyAlgo", Optional, Any, None;
        command: String = "command", Optional, Any, None;
    }
    /// `SSHCertRequestMeta` of `SSHCert.tdl`.
    SSHCertRequestMeta {
        requestor: String = "requestor", Required, Any, None;
        origin: String = "origin", Required, Any, None;
        client_info: String = "clientInfo", Optional, Any, None;
        ssh_client_version: String = "sshClientVersion", Optional, Any, None;
        cert_type: String = "certType", Required, Any, None;
        key_id_principals: Vec<String> = "keyIdPrincipals", Optional, Any, None;
        athenz_service: String = "athenzService", Optional, CompoundName, None;
        instance_id: String = "instanceId", Optional, PathElement, None;
        prev_cert_valid_from: Timestamp = "prevCertValidFrom", Optional, Any, None;
        prev_cert_valid_to: Timestamp = "prevCertValidTo", Optional, Any, None;
        trans_id: String = "transId", Optional, Any, None;
    }
    /// `SSHCertificate` of `SSHCert.tdl`.
    SSHCertificate {
        certificate: String = "certificate", Required, Any, None;
        public_key: String = "publicKey", Optional, Any, None;
        private_key: String = "privateKey", Optional, Any, None;
    }
    /// `SSHCertificates` of `SSHCert.tdl`.
    SSHCertificates {
        certificates: Vec<SSHCertificate> = "certificates", Required, Any, None;
        certificate_signer: String = "certificateSigner", Optional, Any, None;
    }
    /// `ServiceIdentity` of `ServiceIdentity.rdli`.
    ServiceIdentity {
        name: String = "name", Required, CompoundName, None;
        public_keys: Vec<PublicKeyEntry> = "publicKeys", Optional, Any, None;
        provider_endpoint: String = "providerEndpoint", Optional, Any, None;
        modified: Timestamp = "modified", Optional, Any, None;
        executable: String = "executable", Optional, Any, None;
        hosts: Vec<String> = "hosts", Optional, Any, None;
        user: String = "user", Optional, Any, None;
        group: String = "group", Optional, Any, None;
    }
    /// `ServiceIdentityList` of `ServiceIdentity.rdli`.
    ServiceIdentityList {
        names: Vec<String> = "names", Required, CompoundName, None;
    }
    /// `SignedPolicyData` of `SignedPolicies.rdli`.
    SignedPolicyData {
        policy_data: PolicyData = "policyData", Required, Any, None;
        zms_signature: String = "zmsSignature", Optional, Any, None;
        zms_key_id: String = "zmsKeyId", Optional, Any, None;
        modified: Timestamp = "modified", Required, Any, None;
        expires: Timestamp = "expires", Required, Any, None;
    }
    /// `SignedPolicyRequest` of `SignedPolicies.rdli`.
    SignedPolicyRequest {
        policy_versions: BTreeMap<String, String> = "policyVersions", Required, Any, None;
        signature_p1363_format: bool = "signatureP1363Format", Required, Any, None;
    }
    /// `Status` of `Status.rdli`.
    Status {
        code: i32 = "code", Required, Any, None;
        message: String = "message", Required, Any, None;
    }
    /// `TenantDomains` of `Tenancy.rdli`.
    TenantDomains {
        tenant_domain_names: Vec<String> = "tenantDomainNames", Required, CompoundName, None;
    }
    /// `TransportRule` of `TransportRule.tdl`.
    TransportRule {
        end_point: String = "endPoint", Required, Any, None;
        source_port_range: String = "sourcePortRange", Required, Any, None;
        port: i32 = "port", Required, Any, None;
        protocol: String = "protocol", Required, Any, None;
        direction: TransportDirection = "direction", Required, Any, None;
    }
    /// `TransportRules` of `TransportRule.tdl`.
    TransportRules {
        ingress_rules: Vec<TransportRule> = "ingressRules", Required, Any, None;
        egress_rules: Vec<TransportRule> = "egressRules", Required, Any, None;
    }
    /// `UserCertificate` of `UserCert.rdli`.
    UserCertificate {
        x509_certificate: String = "x509Certificate", Required, Any, None;
    }
    /// `UserCertificateRequest` of `UserCert.rdli`.
    UserCertificateRequest {
        name: String = "name", Required, Any, None;
        csr: String = "csr", Required, Any, None;
        attestation_data: String = "attestationData", Required, Any, None;
        expiry_time: i32 = "expiryTime", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName, None;
    }
    /// `Workload` of `Workload.tdl`.
    Workload {
        domain_name: String = "domainName", Required, CompoundName, None;
        service_name: String = "serviceName", Required, CompoundName, None;
        uuid: String = "uuid", Required, Any, None;
        ip_addresses: Vec<String> = "ipAddresses", Required, Any, None;
        hostname: String = "hostname", Required, Any, None;
        provider: String = "provider", Required, Any, None;
        update_time: Timestamp = "updateTime", Required, Any, None;
        cert_expiry_time: Timestamp = "certExpiryTime", Required, Any, None;
    }
    /// `Workloads` of `Workload.tdl`.
    Workloads {
        workload_list: Vec<Workload> = "workloadList", Required, Any, None;
    }
}
