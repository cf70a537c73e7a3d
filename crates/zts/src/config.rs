//! What an operator can set for ZTS: the `[zts]` table of the configuration file.
//!
//! Times are seconds unless the name says otherwise. The defaults are Athenz's, except where
//! `docs/differences.md` says so.

use std::collections::BTreeMap;
use std::path::PathBuf;

use athenz_crypto::keys::{KeyError, PublicKey};
use serde::Deserialize;

use crate::certificates::config::CertificateConfig;
use crate::tokens::details::Definition;

/// Settings of ZTS.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of this server in role tokens (`h=`) and the issuer of last resort.
    pub hostname: String,
    /// URL under which clients reach this server, ending in `/zts/v1`; the default of both issuers.
    pub url: Option<String>,
    /// `iss` of access tokens.
    pub oauth_issuer: Option<String>,
    /// `iss` of ID tokens, and base of the discovery documents.
    pub openid_issuer: Option<String>,
    /// Issuer by host name of the request; wins over both issuers.
    pub host_issuers: BTreeMap<String, String>,
    /// Principals that may ask for tokens and role certificates on behalf of others.
    pub authorized_proxy_users: Vec<String>,
    /// Tokens and access checks.
    pub tokens: TokenConfig,
    /// Certificates of services and roles.
    pub certificates: CertificateConfig,
    /// How domains come here.
    pub replication: ReplicationConfig,
    /// Signed policies.
    pub policies: PolicyConfig,
    /// Public keys of ZMS as ZTS serves them; replicated keys of `sys.auth.zms` when empty.
    pub zms_public_keys: Vec<PublicKeyConfig>,
    /// Whether `rfc=false` of the key list writes RFC curve names too.
    pub jwk_rfc_only: bool,
    /// A file that must exist for `/status` to answer 200.
    pub health_check_path: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hostname: "localhost".to_owned(),
            url: None,
            oauth_issuer: None,
            openid_issuer: None,
            host_issuers: BTreeMap::new(),
            authorized_proxy_users: Vec::new(),
            tokens: TokenConfig::default(),
            certificates: CertificateConfig::default(),
            replication: ReplicationConfig::default(),
            policies: PolicyConfig::default(),
            zms_public_keys: Vec::new(),
            jwk_rfc_only: false,
            health_check_path: None,
        }
    }
}

impl Config {
    /// `iss` of access tokens when no host mapping decides.
    pub fn oauth_issuer(&self) -> &str {
        self.oauth_issuer.as_deref().or(self.url.as_deref()).unwrap_or(&self.hostname)
    }

    /// `iss` of ID tokens when no host mapping decides.
    pub fn openid_issuer(&self) -> &str {
        self.openid_issuer.as_deref().unwrap_or_else(|| self.oauth_issuer())
    }

    /// The issuer mapped to the host name of a request, port cut off, case ignored.
    pub fn mapped_issuer(&self, host: Option<&str>) -> Option<&str> {
        let name = host?.split(':').next()?.to_ascii_lowercase();
        self.host_issuers.get(&name).map(String::as_str)
    }

    /// The configured public keys of ZMS.
    ///
    /// # Errors
    /// A text that is no public key.
    pub fn zms_keys(&self) -> Result<Vec<(String, PublicKey)>, KeyError> {
        let keys = self.zms_public_keys.iter();
        keys.map(|key| Ok((key.id.clone(), PublicKey::from_pem(&key.pem)?))).collect()
    }

    /// Whether a token that names this issuer, or is meant for it, is ours.
    pub fn accepts_issuer(&self, issuer: &str) -> bool {
        issuer == self.oauth_issuer()
            || issuer == self.openid_issuer()
            || self.host_issuers.values().any(|mapped| mapped == issuer)
    }
}

/// A public key given in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicKeyConfig {
    /// Key id.
    pub id: String,
    /// The key as PEM.
    pub pem: String,
}

/// Lifetimes and limits of tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenConfig {
    /// Life of access and role tokens when nothing is asked for.
    pub default_timeout: i64,
    /// The longest life of access and role tokens.
    pub max_timeout: i64,
    /// Life of a user's ID token when nothing is asked for.
    pub id_default_timeout: i64,
    /// The longest life of ID tokens.
    pub id_max_timeout: i64,
    /// Domains one ID token request may name.
    pub id_max_domains: usize,
    /// Roles (full names, `*` for any text) that do not count against that number.
    pub id_allowed_roles: Vec<String>,
    /// Whether an ID token may be asked for beside an access token.
    pub openid_scope: bool,
    /// Whether an ID token may name a client that is not a registered service.
    pub id_for_unregistered_clients: bool,
    /// Whether a scope item without a domain is a role of the caller's own domain.
    pub scope_role_without_domain: bool,
    /// Whether a token may live longer than the membership it stands on.
    pub outlive_membership: bool,
    /// Whether an exchanged token may live longer than the token it was exchanged for.
    pub outlive_subject: bool,
    /// Whether a role token request must name roles.
    pub role_token_needs_role: bool,
    /// Whether a role token of all roles says so (`c=1`).
    pub role_token_complete_flag: bool,
    /// Suffix of redirect URIs derived from client ids, with its leading dot.
    pub redirect_uri_suffix: Option<String>,
    /// Longest authorization details, in characters.
    pub max_authorization_details: usize,
    /// Kinds of authorization details every role accepts.
    pub system_authorization_details: Vec<Definition>,
    /// Most SPIFFE URIs of proxies in one token.
    pub max_proxy_principals: usize,
    /// Whether `/oauth2/introspect` answers.
    pub introspection: bool,
    /// The longest life of a client assertion.
    pub max_assertion_life: i64,
    /// The longest life of an access token that a user's assertion (ID-JAG) is redeemed for.
    pub jag_user_max_timeout: i64,
    /// The same where the subject is a service.
    pub jag_service_max_timeout: i64,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            default_timeout: 7_200,
            max_timeout: 2_592_000,
            id_default_timeout: 3_600,
            id_max_timeout: 43_200,
            id_max_domains: 10,
            id_allowed_roles: Vec::new(),
            openid_scope: false,
            id_for_unregistered_clients: false,
            scope_role_without_domain: false,
            outlive_membership: false,
            outlive_subject: false,
            role_token_needs_role: false,
            role_token_complete_flag: true,
            redirect_uri_suffix: None,
            max_authorization_details: 1_024,
            system_authorization_details: Vec::new(),
            max_proxy_principals: 32,
            introspection: false,
            max_assertion_life: 86_400,
            jag_user_max_timeout: 3_600,
            jag_service_max_timeout: 21_600,
        }
    }
}

/// How domains come from ZMS.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplicationConfig {
    /// Folder for accepted documents; nothing is kept without it.
    pub data_dir: Option<PathBuf>,
    /// Which form of a domain is fetched.
    pub form: DocumentForm,
    /// Time between two looks for changes.
    pub update_interval: i64,
    /// Time between two looks for deleted domains.
    pub delete_interval: i64,
    /// Time between two comparisons of everything held.
    pub check_interval: i64,
    /// How long ago ZMS may have confirmed what is held for it to be used. When that is longer ago
    /// nothing is issued or decided, and the server is not ready; without it, never.
    pub max_age: Option<i64>,
    /// Age at which a document is fetched again although nothing changed.
    pub refetch_age: i64,
    /// Documents fetched again for their age in one comparison.
    pub refetch_count: usize,
}

impl Default for ReplicationConfig {
    fn default() -> Self {
        Self {
            data_dir: None,
            form: DocumentForm::Jws,
            update_interval: 60,
            delete_interval: 60,
            check_interval: 600,
            max_age: None,
            refetch_age: 2_592_000,
            refetch_count: 10,
        }
    }
}

impl ReplicationConfig {
    /// Whether [`Self::max_age`] leaves time for a look for changes to fail once.
    pub fn max_age_is_possible(&self) -> bool {
        self.max_age.is_none_or(|max_age| max_age >= self.update_interval.saturating_mul(2).max(1))
    }
}

/// The form of a domain on its way from ZMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentForm {
    /// `SignedDomain`: only some fields are covered by the signature.
    Signed,
    /// JWS: everything is.
    Jws,
}

/// Signed policies for ZPE and ZPU.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyConfig {
    /// How long signed policies are good for.
    pub timeout: i64,
    /// How long a signed answer may be given again without signing anew.
    pub reuse: i64,
    /// Whether the JWS form tells versions, assertion ids and case, and gives inactive versions on
    /// request. Off is what a ZTS behind legacy replication does.
    pub details: bool,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self { timeout: 604_800, reuse: 60, details: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_fall_back_in_order() {
        let mut config = Config { hostname: "zts.host".to_owned(), ..Config::default() };
        assert_eq!((config.oauth_issuer(), config.openid_issuer()), ("zts.host", "zts.host"));
        config.url = Some("https://zts/zts/v1".to_owned());
        assert_eq!(config.openid_issuer(), "https://zts/zts/v1");
        config.oauth_issuer = Some("https://oauth".to_owned());
        assert_eq!((config.oauth_issuer(), config.openid_issuer()), ("https://oauth", "https://oauth"));
        config.host_issuers.insert("east.host".to_owned(), "https://east".to_owned());
        assert_eq!(config.mapped_issuer(Some("EAST.host:4443")), Some("https://east"));
        assert_eq!(config.mapped_issuer(Some("west.host")), None);
        assert!(config.accepts_issuer("https://east") && !config.accepts_issuer("https://west"));
    }
}
