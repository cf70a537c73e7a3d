//! The operations of ZTS.

use std::collections::BTreeMap;

use athenz_model::wire::zts::{
    AccessTokenResponse, InstanceIdentity, InstanceRefreshInformation, InstanceRegisterInformation,
    InstanceRegisterToken, JWKList, OIDCResponse, PublicKeyEntry, ResourceAccess, RoleAccess,
    RoleCertificate, RoleCertificateRequest, RoleToken, ServiceIdentity, SignedPolicyRequest, Status,
};
use reqwest::{Method, Url};

use crate::api::{Api, ClientError, Document, Fetched};
use crate::http::HttpClient;
use crate::tls::SetupError;

/// Whose public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeysOf {
    /// ZMS: signatures of domains.
    Zms,
    /// ZTS: signatures of tokens and policies.
    Zts,
}

/// What an access token is asked for with. Every field is part of what tells two tokens apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessTokenRequest {
    /// The domain whose roles are wanted.
    pub domain: String,
    /// The roles, short names; empty means every role of the domain that the caller has.
    pub roles: Vec<String>,
    /// Lifetime in seconds; without it the server decides.
    pub expires_in: Option<u32>,
    /// A service of the domain that an ID token is wanted for as well.
    pub id_token_service: Option<String>,
    /// The principal on whose behalf a proxy asks.
    pub proxy_for_principal: Option<String>,
    /// Rich authorization details, JSON (RFC 9396).
    pub authorization_details: Option<String>,
    /// SPIFFE ids of proxies that may forward the token.
    pub proxy_principal_spiffe_uris: Vec<String>,
}

impl AccessTokenRequest {
    /// The text of the `scope` parameter.
    pub fn scope(&self) -> String {
        let domain = &self.domain;
        let mut items: Vec<String> = self.roles.iter().map(|role| format!("{domain}:role.{role}")).collect();
        if items.is_empty() {
            items.push(format!("{domain}:domain"));
        }
        if let Some(service) = &self.id_token_service {
            items.push("openid".to_owned());
            items.push(format!("{domain}:service.{service}"));
        }
        items.join(" ")
    }

    /// The same request with its lists sorted and without repetition: equal requests are equal values.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        for list in [&mut self.roles, &mut self.proxy_principal_spiffe_uris] {
            list.sort();
            list.dedup();
        }
        self
    }

    fn form(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("grant_type", "client_credentials".to_owned()), ("scope", self.scope())];
        let optional = [
            ("expires_in", self.expires_in.map(|seconds| seconds.to_string())),
            ("proxy_for_principal", self.proxy_for_principal.clone()),
            ("authorization_details", self.authorization_details.clone()),
        ];
        pairs.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if !self.proxy_principal_spiffe_uris.is_empty() {
            pairs.push(("proxy_principal_spiffe_uris", self.proxy_principal_spiffe_uris.join(",")));
        }
        pairs
    }
}

/// What an ID token is asked for with (`GET /oauth2/auth`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdTokenRequest {
    /// The service that the token is for, in full: its `aud`.
    pub client_id: String,
    /// Where the service lets the answer go; it must be registered, or empty.
    pub redirect_uri: String,
    /// `openid`, and what else is wanted: `groups`, `roles`, `<domain>:role.<role>` …
    pub scope: String,
    /// Text that the token repeats.
    pub nonce: String,
}

/// A client of one ZTS.
#[derive(Clone, Debug)]
pub struct ZtsClient(Api);

impl ZtsClient {
    /// A client of the ZTS at this URL; `/zts/v1` is added unless it is there.
    ///
    /// # Errors
    /// Not the URL of a server.
    pub fn new(http: HttpClient, url: &str) -> Result<Self, SetupError> {
        Ok(Self(Api::new(http, url, "/zts/v1")?))
    }

    /// The URL that the operations lie below.
    pub fn url(&self) -> &Url {
        self.0.base()
    }

    /// The HTTP client that the calls go through.
    pub const fn http(&self) -> &HttpClient {
        self.0.http()
    }

    /// `GET /status`
    ///
    /// # Errors
    /// The server is not well, or does not answer.
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.0.call("asking ZTS for its status", Method::GET, &["status"]).value().await
    }

    /// `POST /instance`: the first certificate of an instance.
    ///
    /// # Errors
    /// As every operation: refused, no answer, or one that cannot be read.
    pub async fn register_instance(
        &self,
        information: &InstanceRegisterInformation,
    ) -> Result<InstanceIdentity, ClientError> {
        self.0.call("registering the instance", Method::POST, &["instance"]).json(information).value().await
    }

    /// `POST /instance/{provider}/{domain}/{service}/{instanceId}`: the next certificate.
    ///
    /// # Errors
    /// As every operation.
    pub async fn refresh_instance(
        &self,
        provider: &str,
        domain: &str,
        service: &str,
        instance: &str,
        information: &InstanceRefreshInformation,
    ) -> Result<InstanceIdentity, ClientError> {
        let path = ["instance", provider, domain, service, instance];
        self.0.call("refreshing the instance", Method::POST, &path).json(information).value().await
    }

    /// `GET /instance/{provider}/{domain}/{service}/{instanceId}/token`: what a new instance may
    /// register with.
    ///
    /// # Errors
    /// As every operation.
    pub async fn register_token(
        &self,
        provider: &str,
        domain: &str,
        service: &str,
        instance: &str,
    ) -> Result<InstanceRegisterToken, ClientError> {
        let path = ["instance", provider, domain, service, instance, "token"];
        self.0.call("asking for a register token", Method::GET, &path).value().await
    }

    /// `POST /oauth2/token` with client credentials.
    ///
    /// # Errors
    /// As every operation.
    pub async fn access_token(
        &self,
        request: &AccessTokenRequest,
    ) -> Result<AccessTokenResponse, ClientError> {
        let call = self.0.call("asking for an access token", Method::POST, &["oauth2", "token"]);
        call.form(&request.form()).value().await
    }

    /// `GET /oauth2/auth`: an ID token.
    ///
    /// # Errors
    /// As every operation.
    pub async fn id_token(&self, request: &IdTokenRequest) -> Result<OIDCResponse, ClientError> {
        self.0
            .call("asking for an ID token", Method::GET, &["oauth2", "auth"])
            .query("response_type", "id_token")
            .query("client_id", &request.client_id)
            .query("redirect_uri", &request.redirect_uri)
            .query("scope", &request.scope)
            .query("nonce", &request.nonce)
            .query("output", "json")
            .value()
            .await
    }

    /// `GET /domain/{domain}/token`: a role token for these roles, or for all that the caller has.
    /// Times in seconds.
    ///
    /// # Errors
    /// As every operation.
    pub async fn role_token(
        &self,
        domain: &str,
        roles: &[String],
        min_expiry: Option<u32>,
        max_expiry: Option<u32>,
    ) -> Result<RoleToken, ClientError> {
        let roles = (!roles.is_empty()).then(|| roles.join(","));
        let number = |value: Option<u32>| value.map(|seconds| seconds.to_string());
        self.0
            .call("asking for a role token", Method::GET, &["domain", domain, "token"])
            .query_if("role", roles.as_deref())
            .query_if("minExpiryTime", number(min_expiry).as_deref())
            .query_if("maxExpiryTime", number(max_expiry).as_deref())
            .value()
            .await
    }

    /// `POST /rolecert`
    ///
    /// # Errors
    /// As every operation.
    pub async fn role_certificate(
        &self,
        request: &RoleCertificateRequest,
    ) -> Result<RoleCertificate, ClientError> {
        self.0.call("asking for a role certificate", Method::POST, &["rolecert"]).json(request).value().await
    }

    /// `GET /domain/{domain}/signed_policy_data`: the classic form.
    ///
    /// # Errors
    /// As every operation.
    pub async fn signed_policies(
        &self,
        domain: &str,
        etag: Option<&str>,
    ) -> Result<Fetched<Document>, ClientError> {
        self.0
            .call("fetching the policies", Method::GET, &["domain", domain, "signed_policy_data"])
            .header_if("if-none-match", etag)
            .document()
            .await
    }

    /// `POST /domain/{domain}/policy/signed`: a JWS, with the signature in the form JOSE has it.
    ///
    /// # Errors
    /// As every operation.
    pub async fn jws_policies(
        &self,
        domain: &str,
        policy_versions: &BTreeMap<String, String>,
        etag: Option<&str>,
    ) -> Result<Fetched<Document>, ClientError> {
        let request = SignedPolicyRequest {
            policy_versions: Some(policy_versions.clone()),
            signature_p1363_format: Some(true),
        };
        self.0
            .call("fetching the policies", Method::POST, &["domain", domain, "policy", "signed"])
            .header_if("if-none-match", etag)
            .json(&request)
            .document()
            .await
    }

    /// `GET /oauth2/keys` with the curve names of the RFC.
    ///
    /// # Errors
    /// As every operation.
    pub async fn jwks(&self, of: KeysOf) -> Result<JWKList, ClientError> {
        let service = match of {
            KeysOf::Zms => Some("zms"),
            KeysOf::Zts => None,
        };
        self.0
            .call("fetching the public keys", Method::GET, &["oauth2", "keys"])
            .query("rfc", "true")
            .query_if("service", service)
            .value()
            .await
    }

    /// `GET /domain/{domain}/service/{service}/publickey/{id}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn public_key(
        &self,
        domain: &str,
        service: &str,
        id: &str,
    ) -> Result<PublicKeyEntry, ClientError> {
        let path = ["domain", domain, "service", service, "publickey", id];
        self.0.call("asking for a public key", Method::GET, &path).value().await
    }

    /// `GET /domain/{domain}/service/{service}`
    ///
    /// # Errors
    /// As every operation.
    pub async fn service(&self, domain: &str, service: &str) -> Result<ServiceIdentity, ClientError> {
        let path = ["domain", domain, "service", service];
        self.0.call("asking for a service", Method::GET, &path).value().await
    }

    /// `GET /access/{action}`: whether a principal (the caller if none is given) may act.
    ///
    /// # Errors
    /// As every operation.
    pub async fn access(
        &self,
        action: &str,
        resource: &str,
        principal: Option<&str>,
    ) -> Result<ResourceAccess, ClientError> {
        self.0
            .call("checking access", Method::GET, &["access", action])
            .query("resource", resource)
            .query_if("principal", principal)
            .value()
            .await
    }

    /// `GET /access/domain/{domain}/principal/{principal}`: the roles that a principal has.
    ///
    /// # Errors
    /// As every operation.
    pub async fn roles_of(&self, domain: &str, principal: &str) -> Result<RoleAccess, ClientError> {
        let path = ["access", "domain", domain, "principal", principal];
        self.0.call("asking for roles", Method::GET, &path).value().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_name_roles_or_the_whole_domain() {
        let request = |roles: &[&str], service: Option<&str>| AccessTokenRequest {
            domain: "shop".to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
            id_token_service: service.map(str::to_owned),
            ..AccessTokenRequest::default()
        };
        assert_eq!(request(&[], None).scope(), "shop:domain");
        assert_eq!(request(&["a", "b"], None).scope(), "shop:role.a shop:role.b");
        assert_eq!(request(&["a"], Some("api")).scope(), "shop:role.a openid shop:service.api");
        assert_eq!(request(&["b", "a", "b"], None).canonical(), request(&["a", "b"], None));
    }
}
