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
        access_key_id: String = "accessKeyId", Required, Any of "String", None;
        secret_access_key: String = "secretAccessKey", Required, Any of "String", None;
        session_token: String = "sessionToken", Required, Any of "String", None;
        expiration: Timestamp = "expiration", Required, Any of "Timestamp", None;
    }
    /// `Access` of `Token.rdli`.
    Access {
        granted: bool = "granted", Required, Any of "Bool", None;
    }
    /// `AccessTokenResponse` of `OAuth.tdl`.
    AccessTokenResponse {
        access_token: String = "access_token", Optional, Any of "String", None;
        token_type: String = "token_type", Required, Any of "String", None;
        expires_in: i32 = "expires_in", Optional, Any of "Int32", None;
        scope: String = "scope", Optional, Any of "String", None;
        refresh_token: String = "refresh_token", Optional, Any of "String", None;
        id_token: String = "id_token", Optional, Any of "String", None;
        issued_token_type: String = "issued_token_type", Optional, Any of "String", None;
    }
    /// `Assertion` of `Policy.tdl`.
    Assertion {
        role: String = "role", Required, Any of "String", None;
        resource: String = "resource", Required, Any of "String", None;
        action: String = "action", Required, Any of "String", None;
        effect: AssertionEffect = "effect", Optional, Any of "AssertionEffect", Some(AssertionEffect::Allow);
        id: i64 = "id", Optional, Any of "Int64", None;
        case_sensitive: bool = "caseSensitive", Optional, Any of "Bool", None;
    }
    /// `AthenzJWKConfig` of `Instance.rdli`.
    AthenzJWKConfig {
        zms: JWKList = "zms", Required, Any of "JWKList", None;
        zts: JWKList = "zts", Required, Any of "JWKList", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
    }
    /// `CertificateAuthorityBundle` of `Instance.rdli`.
    CertificateAuthorityBundle {
        name: String = "name", Required, SimpleName of "SimpleName", None;
        certs: String = "certs", Required, Any of "String", None;
    }
    /// `DomainDetails` of `DomainDetails.rdli`.
    DomainDetails {
        name: String = "name", Required, CompoundName of "DomainName", None;
        aws_account: String = "awsAccount", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project_id: String = "gcpProjectId", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
    }
    /// `DomainMetric` of `DomainMetrics.rdli`.
    DomainMetric {
        metric_type: DomainMetricType = "metricType", Required, Any of "DomainMetricType", None;
        metric_val: i32 = "metricVal", Required, Any of "Int32", None;
    }
    /// `DomainMetrics` of `DomainMetrics.rdli`.
    DomainMetrics {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        metric_list: Vec<DomainMetric> = "metricList", Required, Any of "DomainMetric", None;
    }
    /// `DomainSignedPolicyData` of `SignedPolicies.rdli`.
    DomainSignedPolicyData {
        signed_policy_data: SignedPolicyData = "signedPolicyData", Required, Any of "SignedPolicyData", None;
        signature: String = "signature", Required, Any of "String", None;
        key_id: String = "keyId", Required, Any of "String", None;
    }
    /// `ExternalCredentialsRequest` of `ExternalCredentials.rdli`.
    ExternalCredentialsRequest {
        client_id: String = "clientId", Required, CompoundName of "ServiceName", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any of "String", None;
    }
    /// `ExternalCredentialsResponse` of `ExternalCredentials.rdli`.
    ExternalCredentialsResponse {
        attributes: BTreeMap<String, String> = "attributes", Required, Any of "String", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
    }
    /// `ExternalMemberCertificate` of `ExternalMemberCert.rdli`.
    ExternalMemberCertificate {
        x509_certificate: String = "x509Certificate", Required, Any of "String", None;
    }
    /// `ExternalMemberCertificateRequest` of `ExternalMemberCert.rdli`.
    ExternalMemberCertificateRequest {
        name: String = "name", Required, ExternalMemberName of "ExternalMemberName", None;
        csr: String = "csr", Required, Any of "String", None;
        attestation_data: String = "attestationData", Required, Any of "String", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
    }
    /// `HostServices` of `ServiceIdentity.rdli`.
    HostServices {
        host: String = "host", Required, Any of "String", None;
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
    }
    /// `Identity` of `Identity.tdl`.
    Identity {
        name: String = "name", Required, CompoundName of "CompoundName", None;
        certificate: String = "certificate", Optional, Any of "String", None;
        ca_cert_bundle: String = "caCertBundle", Optional, Any of "String", None;
        ssh_certificate: String = "sshCertificate", Optional, Any of "String", None;
        ssh_certificate_signer: String = "sshCertificateSigner", Optional, Any of "String", None;
        service_token: String = "serviceToken", Optional, Any of "SignedToken", None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any of "String", None;
    }
    /// `Info` of `Info.rdli`.
    Info {
        build_jdk_spec: String = "buildJdkSpec", Optional, Any of "String", None;
        implementation_title: String = "implementationTitle", Optional, Any of "String", None;
        implementation_version: String = "implementationVersion", Optional, Any of "String", None;
        implementation_vendor: String = "implementationVendor", Optional, Any of "String", None;
    }
    /// `InstanceConfirmation` of `InstanceProvider.rdli`.
    InstanceConfirmation {
        provider: String = "provider", Required, CompoundName of "ServiceName", None;
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, SimpleName of "SimpleName", None;
        attestation_data: String = "attestationData", Required, Any of "String", None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any of "String", None;
    }
    /// `InstanceIdentity` of `Instance.rdli`.
    InstanceIdentity {
        provider: String = "provider", Required, CompoundName of "ServiceName", None;
        name: String = "name", Required, CompoundName of "ServiceName", None;
        instance_id: String = "instanceId", Required, PathElement of "PathElement", None;
        x509_certificate: String = "x509Certificate", Optional, Any of "String", None;
        x509_certificate_signer: String = "x509CertificateSigner", Optional, Any of "String", None;
        ssh_certificate: String = "sshCertificate", Optional, Any of "String", None;
        ssh_certificate_signer: String = "sshCertificateSigner", Optional, Any of "String", None;
        service_token: String = "serviceToken", Optional, Any of "SignedToken", None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any of "String", None;
        athenz_jwk: AthenzJWKConfig = "athenzJWK", Optional, Any of "AthenzJWKConfig", None;
    }
    /// `InstanceRefreshInformation` of `Instance.rdli`.
    InstanceRefreshInformation {
        attestation_data: String = "attestationData", Optional, Any of "String", None;
        csr: String = "csr", Optional, Any of "String", None;
        ssh: String = "ssh", Optional, Any of "String", None;
        ssh_cert_request: SSHCertRequest = "sshCertRequest", Optional, Any of "SSHCertRequest", None;
        token: bool = "token", Optional, Any of "Bool", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        hostname: String = "hostname", Optional, CompoundName of "DomainName", None;
        host_cnames: Vec<String> = "hostCnames", Optional, CompoundName of "DomainName", None;
        athenz_jwk: bool = "athenzJWK", Optional, Any of "Bool", None;
        athenz_jwk_modified: Timestamp = "athenzJWKModified", Optional, Any of "Timestamp", None;
        namespace: String = "namespace", Optional, SimpleName of "SimpleName", None;
        cloud: String = "cloud", Optional, SimpleName of "SimpleName", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", Optional, SimpleName of "SimpleName", None;
    }
    /// `InstanceRefreshRequest` of `Identity.rdli`.
    InstanceRefreshRequest {
        csr: String = "csr", Required, Any of "String", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        key_id: String = "keyId", Optional, Any of "String", None;
        namespace: String = "namespace", Optional, SimpleName of "SimpleName", None;
        cloud: String = "cloud", Optional, SimpleName of "SimpleName", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
    }
    /// `InstanceRegisterInformation` of `Instance.rdli`.
    InstanceRegisterInformation {
        provider: String = "provider", Required, CompoundName of "ServiceName", None;
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, SimpleName of "SimpleName", None;
        attestation_data: String = "attestationData", Optional, Any of "String", None;
        csr: String = "csr", Optional, Any of "String", None;
        ssh: String = "ssh", Optional, Any of "String", None;
        ssh_cert_request: SSHCertRequest = "sshCertRequest", Optional, Any of "SSHCertRequest", None;
        token: bool = "token", Optional, Any of "Bool", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        hostname: String = "hostname", Optional, CompoundName of "DomainName", None;
        host_cnames: Vec<String> = "hostCnames", Optional, CompoundName of "DomainName", None;
        athenz_jwk: bool = "athenzJWK", Optional, Any of "Bool", None;
        athenz_jwk_modified: Timestamp = "athenzJWKModified", Optional, Any of "Timestamp", None;
        namespace: String = "namespace", Optional, SimpleName of "SimpleName", None;
        cloud: String = "cloud", Optional, SimpleName of "SimpleName", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", Optional, SimpleName of "SimpleName", None;
        x509_cert_instance_id: String = "x509CertInstanceId", Optional, PathElement of "PathElement", None;
        jwt_svid_instance_id: String = "jwtSVIDInstanceId", Optional, PathElement of "PathElement", None;
        jwt_svid_audience: String = "jwtSVIDAudience", Optional, Any of "String", None;
        jwt_svid_nonce: String = "jwtSVIDNonce", Optional, CompoundName of "EntityName", None;
        jwt_svid_spiffe: String = "jwtSVIDSpiffe", Optional, Any of "String", None;
        jwt_svid_spiffe_subject: bool = "jwtSVIDSpiffeSubject", Optional, Any of "Bool", None;
        jwt_svid_key_type: String = "jwtSVIDKeyType", Optional, SimpleName of "SimpleName", None;
    }
    /// `InstanceRegisterToken` of `Instance.rdli`.
    InstanceRegisterToken {
        provider: String = "provider", Required, CompoundName of "ServiceName", None;
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, SimpleName of "SimpleName", None;
        attestation_data: String = "attestationData", Required, Any of "String", None;
        attributes: BTreeMap<String, String> = "attributes", Optional, Any of "String", None;
    }
    /// `IntrospectResponse` of `OAuth.tdl`.
    IntrospectResponse {
        active: bool = "active", Required, Any of "Bool", None;
        ver: i32 = "ver", Required, Any of "Int32", None;
        exp: i64 = "exp", Optional, Any of "Int64", None;
        iat: i64 = "iat", Optional, Any of "Int64", None;
        auth_time: i64 = "auth_time", Optional, Any of "Int64", None;
        aud: String = "aud", Optional, Any of "String", None;
        iss: String = "iss", Optional, Any of "String", None;
        jti: String = "jti", Optional, Any of "String", None;
        sub: String = "sub", Optional, Any of "String", None;
        scope: String = "scope", Optional, Any of "String", None;
        client_id: String = "client_id", Optional, Any of "String", None;
        uid: String = "uid", Optional, Any of "String", None;
        proxy: String = "proxy", Optional, Any of "String", None;
        authorization_details: String = "authorization_details", Optional, Any of "String", None;
    }
    /// `JWK` of `OAuth.tdl`.
    JWK {
        kty: String = "kty", Required, Any of "String", None;
        kid: String = "kid", Required, Any of "String", None;
        alg: String = "alg", Optional, Any of "String", None;
        r#use: String = "use", Optional, Any of "String", None;
        crv: String = "crv", Optional, Any of "String", None;
        x: String = "x", Optional, Any of "String", None;
        y: String = "y", Optional, Any of "String", None;
        n: String = "n", Optional, Any of "String", None;
        e: String = "e", Optional, Any of "String", None;
    }
    /// `JWKList` of `OAuth.tdl`.
    JWKList {
        keys: Vec<JWK> = "keys", Required, Any of "JWK", None;
    }
    /// `JWSPolicyData` of `SignedPolicies.rdli`.
    JWSPolicyData {
        payload: String = "payload", Required, Any of "String", None;
        protected: String = "protected", Required, Any of "String", None;
        header: BTreeMap<String, String> = "header", Required, Any of "String", None;
        signature: String = "signature", Required, Any of "String", None;
    }
    /// `OAuthConfig` of `OAuth.tdl`.
    OAuthConfig {
        issuer: String = "issuer", Required, Any of "String", None;
        authorization_endpoint: String = "authorization_endpoint", Required, Any of "String", None;
        introspection_endpoint: String = "introspection_endpoint", Required, Any of "String", None;
        token_endpoint: String = "token_endpoint", Required, Any of "String", None;
        jwks_uri: String = "jwks_uri", Required, Any of "String", None;
        response_types_supported: Vec<String> = "response_types_supported", Required, Any of "String", None;
        grant_types_supported: Vec<String> = "grant_types_supported", Required, Any of "String", None;
        token_endpoint_auth_signing_alg_values_supported: Vec<String> = "token_endpoint_auth_signing_alg_values_supported", Required, Any of "String", None;
    }
    /// `OIDCResponse` of `OAuth.tdl`.
    OIDCResponse {
        version: i32 = "version", Required, Any of "Int32", None;
        id_token: String = "id_token", Required, Any of "String", None;
        token_type: String = "token_type", Required, Any of "String", None;
        success: bool = "success", Required, Any of "Bool", None;
        expiration_time: i64 = "expiration_time", Required, Any of "Int64", None;
    }
    /// `OpenIDConfig` of `OAuth.tdl`.
    OpenIDConfig {
        issuer: String = "issuer", Required, Any of "String", None;
        authorization_endpoint: String = "authorization_endpoint", Required, Any of "String", None;
        token_endpoint: String = "token_endpoint", Required, Any of "String", None;
        jwks_uri: String = "jwks_uri", Required, Any of "String", None;
        response_types_supported: Vec<String> = "response_types_supported", Required, Any of "String", None;
        subject_types_supported: Vec<String> = "subject_types_supported", Required, Any of "String", None;
        id_token_signing_alg_values_supported: Vec<String> = "id_token_signing_alg_values_supported", Required, Any of "String", None;
        claims_supported: Vec<String> = "claims_supported", Optional, Any of "String", None;
    }
    /// `Policy` of `Policy.tdl`.
    Policy {
        name: String = "name", Required, ResourceName of "ResourceName", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        assertions: Vec<Assertion> = "assertions", Required, Any of "Assertion", None;
        case_sensitive: bool = "caseSensitive", Optional, Any of "Bool", None;
        version: String = "version", Optional, SimpleName of "SimpleName", None;
        active: bool = "active", Optional, Any of "Bool", None;
    }
    /// `PolicyData` of `SignedPolicies.rdli`.
    PolicyData {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        policies: Vec<Policy> = "policies", Required, Any of "Policy", None;
    }
    /// `PublicKeyEntry` of `ServiceIdentity.rdli`.
    PublicKeyEntry {
        key: String = "key", Required, Any of "String", None;
        id: String = "id", Required, Any of "String", None;
    }
    /// `ResourceAccess` of `Access.rdli`.
    ResourceAccess {
        granted: bool = "granted", Required, Any of "Bool", None;
    }
    /// `RoleAccess` of `RoleCert.tdl`.
    RoleAccess {
        roles: Vec<String> = "roles", Required, CompoundName of "EntityName", None;
    }
    /// `RoleCertificate` of `RoleCert.tdl`.
    RoleCertificate {
        x509_certificate: String = "x509Certificate", Required, Any of "String", None;
    }
    /// `RoleCertificateRequest` of `RoleCert.tdl`.
    RoleCertificateRequest {
        csr: String = "csr", Required, Any of "String", None;
        proxy_for_principal: String = "proxyForPrincipal", Optional, CompoundName of "EntityName", None;
        expiry_time: i64 = "expiryTime", Required, Any of "Int64", None;
        prev_cert_not_before: Timestamp = "prevCertNotBefore", Optional, Any of "Timestamp", None;
        prev_cert_not_after: Timestamp = "prevCertNotAfter", Optional, Any of "Timestamp", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
    }
    /// `RoleToken` of `Token.rdli`.
    RoleToken {
        token: String = "token", Required, Any of "String", None;
        expiry_time: i64 = "expiryTime", Required, Any of "Int64", None;
    }
    /// `SSHCertRequest` of `SSHCert.tdl`.
    SSHCertRequest {
        cert_request_data: SSHCertRequestData = "certRequestData", Required, Any of "SSHCertRequestData", None;
        cert_request_meta: SSHCertRequestMeta = "certRequestMeta", Required, Any of "SSHCertRequestMeta", None;
        csr: String = "csr", Optional, Any of "String", None;
        attestation_data: String = "attestationData", Optional, Any of "String", None;
    }
    /// `SSHCertRequestData` of `SSHCert.tdl`.
    SSHCertRequestData {
        principals: Vec<String> = "principals", Required, Any of "String", None;
        sources: Vec<String> = "sources", Optional, Any of "String", None;
        destinations: Vec<String> = "destinations", Optional, Any of "String", None;
        public_key: String = "publicKey", Optional, Any of "String", None;
        touch_public_key: String = "touchPublicKey", Optional, Any of "String", None;
        ca_pub_key_algo: i32 = "caPubKeyAlgo", Optional, Any of "Int32", None;
        command: String = "command", Optional, Any of "String", None;
    }
    /// `SSHCertRequestMeta` of `SSHCert.tdl`.
    SSHCertRequestMeta {
        requestor: String = "requestor", Required, Any of "String", None;
        origin: String = "origin", Required, Any of "String", None;
        client_info: String = "clientInfo", Optional, Any of "String", None;
        ssh_client_version: String = "sshClientVersion", Optional, Any of "String", None;
        cert_type: String = "certType", Required, Any of "String", None;
        key_id_principals: Vec<String> = "keyIdPrincipals", Optional, Any of "String", None;
        athenz_service: String = "athenzService", Optional, CompoundName of "EntityName", None;
        instance_id: String = "instanceId", Optional, PathElement of "PathElement", None;
        prev_cert_valid_from: Timestamp = "prevCertValidFrom", Optional, Any of "Timestamp", None;
        prev_cert_valid_to: Timestamp = "prevCertValidTo", Optional, Any of "Timestamp", None;
        trans_id: String = "transId", Optional, Any of "String", None;
    }
    /// `SSHCertificate` of `SSHCert.tdl`.
    SSHCertificate {
        certificate: String = "certificate", Required, Any of "String", None;
        public_key: String = "publicKey", Optional, Any of "String", None;
        private_key: String = "privateKey", Optional, Any of "String", None;
    }
    /// `SSHCertificates` of `SSHCert.tdl`.
    SSHCertificates {
        certificates: Vec<SSHCertificate> = "certificates", Required, Any of "SSHCertificate", None;
        certificate_signer: String = "certificateSigner", Optional, Any of "String", None;
    }
    /// `ServiceIdentity` of `ServiceIdentity.rdli`.
    ServiceIdentity {
        name: String = "name", Required, CompoundName of "ServiceName", None;
        public_keys: Vec<PublicKeyEntry> = "publicKeys", Optional, Any of "PublicKeyEntry", None;
        provider_endpoint: String = "providerEndpoint", Optional, Any of "String", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        executable: String = "executable", Optional, Any of "String", None;
        hosts: Vec<String> = "hosts", Optional, Any of "String", None;
        user: String = "user", Optional, Any of "String", None;
        group: String = "group", Optional, Any of "String", None;
    }
    /// `ServiceIdentityList` of `ServiceIdentity.rdli`.
    ServiceIdentityList {
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
    }
    /// `SignedPolicyData` of `SignedPolicies.rdli`.
    SignedPolicyData {
        policy_data: PolicyData = "policyData", Required, Any of "PolicyData", None;
        zms_signature: String = "zmsSignature", Optional, Any of "String", None;
        zms_key_id: String = "zmsKeyId", Optional, Any of "String", None;
        modified: Timestamp = "modified", Required, Any of "Timestamp", None;
        expires: Timestamp = "expires", Required, Any of "Timestamp", None;
    }
    /// `SignedPolicyRequest` of `SignedPolicies.rdli`.
    SignedPolicyRequest {
        policy_versions: BTreeMap<String, String> = "policyVersions", Required, Any of "String", None;
        signature_p1363_format: bool = "signatureP1363Format", Required, Any of "Bool", None;
    }
    /// `Status` of `Status.rdli`.
    Status {
        code: i32 = "code", Required, Any of "Int32", None;
        message: String = "message", Required, Any of "String", None;
    }
    /// `TenantDomains` of `Tenancy.rdli`.
    TenantDomains {
        tenant_domain_names: Vec<String> = "tenantDomainNames", Required, CompoundName of "DomainName", None;
    }
    /// `TransportRule` of `TransportRule.tdl`.
    TransportRule {
        end_point: String = "endPoint", Required, Any of "String", None;
        source_port_range: String = "sourcePortRange", Required, Any of "String", None;
        port: i32 = "port", Required, Any of "Int32", None;
        protocol: String = "protocol", Required, Any of "String", None;
        direction: TransportDirection = "direction", Required, Any of "TransportDirection", None;
    }
    /// `TransportRules` of `TransportRule.tdl`.
    TransportRules {
        ingress_rules: Vec<TransportRule> = "ingressRules", Required, Any of "TransportRule", None;
        egress_rules: Vec<TransportRule> = "egressRules", Required, Any of "TransportRule", None;
    }
    /// `UserCertificate` of `UserCert.rdli`.
    UserCertificate {
        x509_certificate: String = "x509Certificate", Required, Any of "String", None;
    }
    /// `UserCertificateRequest` of `UserCert.rdli`.
    UserCertificateRequest {
        name: String = "name", Required, Any of "String", None;
        csr: String = "csr", Required, Any of "String", None;
        attestation_data: String = "attestationData", Required, Any of "String", None;
        expiry_time: i32 = "expiryTime", Optional, Any of "Int32", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", Optional, SimpleName of "SimpleName", None;
    }
    /// `Workload` of `Workload.tdl`.
    Workload {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        service_name: String = "serviceName", Required, CompoundName of "EntityName", None;
        uuid: String = "uuid", Required, Any of "String", None;
        ip_addresses: Vec<String> = "ipAddresses", Required, Any of "String", None;
        hostname: String = "hostname", Required, Any of "String", None;
        provider: String = "provider", Required, Any of "String", None;
        update_time: Timestamp = "updateTime", Required, Any of "Timestamp", None;
        cert_expiry_time: Timestamp = "certExpiryTime", Required, Any of "Timestamp", None;
    }
    /// `Workloads` of `Workload.tdl`.
    Workloads {
        workload_list: Vec<Workload> = "workloadList", Required, Any of "Workload", None;
    }
}
