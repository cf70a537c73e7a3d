//! What an operator can set about certificates: the `[zts.certificates]` table.

use std::path::PathBuf;

use serde::Deserialize;

use super::csr_rules::CsrRules;
use super::lifetime::MAX_MINUTES;
use super::role_csr_rules::RoleCsrRules;
use super::spiffe::SpiffeForms;
use super::subject::SubjectRules;

/// Settings of certificates. Times are minutes unless the name says otherwise.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateConfig {
    /// The longest life of a service certificate.
    pub service_max_minutes: i64,
    /// The longest life of a role certificate.
    pub role_max_minutes: i64,
    /// Life of a service certificate when nobody says anything; 0 is the maximum.
    pub service_default_minutes: i64,
    /// Usage of role certificates; Athenz's built-in signer always gave both.
    pub role_usage: RoleUsage,
    /// DNS suffixes of this installation, without leading dot.
    pub dns_suffixes: Vec<String>,
    /// Trust domain of SPIFFE ids of the long form.
    pub spiffe_trust_domain: String,
    /// Organizations allowed in subjects. Empty: the usual ones are kept and others left out.
    pub organizations: Vec<String>,
    /// Organizational units allowed in subjects beside the provider's name.
    pub organizational_units: Vec<String>,
    /// Whether another organizational unit is refused, instead of left out.
    pub verify_organizational_unit: bool,
    /// Whether a URI of an unknown kind is refused, instead of left out.
    pub refuse_unknown_uris: bool,
    /// Whether a service must be registered to be given certificates.
    pub require_registered_service: bool,
    /// Domains whose services need not be; a trailing `*` stands for any text.
    pub unregistered_domains: Vec<String>,
    /// Certificates issued before this moment (seconds since 1970) may refresh without a fitting
    /// record: after a loss of records.
    pub refresh_reset_seconds: i64,
    /// Life of service tokens given with certificates, in seconds.
    pub service_token_seconds: i64,
    /// Whether answers carry the certificate of the authority.
    pub answer_with_authority: bool,
    /// The built-in provider.
    pub provider: ProviderConfig,
    /// Bundles under `/cacerts`; `athenz` is the authority itself unless it is named here.
    pub bundles: Vec<BundleConfig>,
}

impl Default for CertificateConfig {
    fn default() -> Self {
        Self {
            service_max_minutes: MAX_MINUTES,
            role_max_minutes: MAX_MINUTES,
            service_default_minutes: 0,
            role_usage: RoleUsage::ClientAndServer,
            dns_suffixes: vec!["athenz.cloud".to_owned()],
            spiffe_trust_domain: "athenz.io".to_owned(),
            organizations: Vec::new(),
            organizational_units: Vec::new(),
            verify_organizational_unit: false,
            refuse_unknown_uris: false,
            require_registered_service: true,
            unregistered_domains: Vec::new(),
            refresh_reset_seconds: 0,
            service_token_seconds: 86_400,
            answer_with_authority: true,
            provider: ProviderConfig::default(),
            bundles: Vec::new(),
        }
    }
}

impl CertificateConfig {
    /// DNS suffixes with a leading dot.
    pub fn dotted_suffixes(&self) -> Vec<String> {
        self.dns_suffixes.iter().map(|suffix| format!(".{}", suffix.trim_start_matches('.'))).collect()
    }

    fn subject_rules(&self) -> SubjectRules {
        SubjectRules {
            organizations: self.organizations.clone(),
            organizational_units: self.organizational_units.clone(),
            verify_organizational_unit: self.verify_organizational_unit,
        }
    }

    fn spiffe_forms(&self) -> SpiffeForms {
        SpiffeForms { trust_domain: self.spiffe_trust_domain.clone() }
    }

    /// Rules of service certificates.
    pub fn csr_rules(&self) -> CsrRules {
        CsrRules {
            subject: self.subject_rules(),
            spiffe: self.spiffe_forms(),
            refuse_unknown_uris: self.refuse_unknown_uris,
            dns_suffixes: self.dotted_suffixes(),
        }
    }

    /// Rules of role certificates.
    pub fn role_csr_rules(&self) -> RoleCsrRules {
        RoleCsrRules {
            subject: self.subject_rules(),
            spiffe: self.spiffe_forms(),
            refuse_unknown_uris: self.refuse_unknown_uris,
            dns_suffixes: self.dotted_suffixes(),
        }
    }

    /// Whether services of a domain need not be registered.
    pub fn accepts_unregistered(&self, domain: &str) -> bool {
        let listed = |entry: &String| match entry.strip_suffix('*') {
            Some(start) => domain.starts_with(start),
            None => entry == domain,
        };
        !self.require_registered_service || self.unregistered_domains.iter().any(listed)
    }
}

/// What role certificates are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleUsage {
    /// TLS client and server.
    ClientAndServer,
    /// TLS client.
    Client,
}

/// The built-in provider `sys.auth.zts`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// DNS suffixes it vouches for, without leading dot.
    pub dns_suffixes: Vec<String>,
    /// Services that may use it; with neither these nor a role, all may.
    pub services: Vec<String>,
    /// A role (`domain:role.name`) whose members may use it.
    pub role: Option<String>,
    /// How long a register token may be used.
    pub token_minutes: i64,
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self {
            dns_suffixes: vec!["zts.athenz.cloud".to_owned()],
            services: Vec::new(),
            role: None,
            token_minutes: 30,
        }
    }
}

/// A bundle of authority certificates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleConfig {
    /// Its name, as clients ask for it.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// What is in the file.
    #[serde(default)]
    pub kind: BundleKind,
}

/// What a bundle holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BundleKind {
    /// Certificates; only they are given out.
    #[default]
    X509,
    /// Any text, such as keys of SSH authorities.
    Text,
}
