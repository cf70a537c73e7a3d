//! Who signs certificates: today the authority of this server; a remote signer fits the same form.

use std::fmt;
use std::sync::Arc;

use athenz_crypto::keys::PublicKey;
use athenz_crypto::random::Random;
use athenz_crypto::ring::BoxFuture;
use athenz_crypto::x509::{self, AltName, Authority, Certificate, ExtendedUsage, IssueError, IssueRequest};
use athenz_model::Timestamp;

use super::config::CertificateConfig;
use super::csr_rules::CheckedRequest;
use super::lifetime::Usage;
use super::role_csr_rules::CheckedRoleRequest;
use super::subject::Subject;

/// What a certificate is for; each kind has a maximum life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A service.
    Service,
    /// A role.
    Role,
}

/// A certificate to sign, made of verified values only.
#[derive(Clone, Debug)]
pub struct Order {
    /// What it is for.
    pub kind: Kind,
    /// Whom it is about.
    pub subject: Subject,
    /// Its other names.
    pub alt_names: Vec<AltName>,
    /// The key it certifies.
    pub public_key: PublicKey,
    /// What it may be used for.
    pub usage: Usage,
    /// Life in minutes; 0 or less is the longest possible.
    pub minutes: i64,
    /// A moment at which it must end, whatever the minutes.
    pub ends_by: Option<Timestamp>,
}

impl Order {
    /// A service certificate.
    pub fn service(checked: CheckedRequest, public_key: PublicKey, usage: Usage, minutes: i64) -> Self {
        let dns = checked.dns.into_iter().map(AltName::Dns);
        let ips = checked.ips.into_iter().map(AltName::Ip);
        let emails = checked.emails.into_iter().map(AltName::Email);
        let uris = checked.uris.into_iter().map(AltName::Uri);
        let alt_names = dns.chain(ips).chain(emails).chain(uris).collect();
        Self {
            kind: Kind::Service,
            subject: checked.subject,
            alt_names,
            public_key,
            usage,
            minutes,
            ends_by: None,
        }
    }

    /// A role certificate.
    pub fn role(
        checked: CheckedRoleRequest,
        public_key: PublicKey,
        usage: Usage,
        minutes: i64,
        ends_by: Option<Timestamp>,
    ) -> Self {
        let dns = checked.dns.into_iter().map(AltName::Dns);
        let ips = checked.ips.into_iter().map(AltName::Ip);
        let emails = checked.emails.into_iter().map(AltName::Email);
        let uris = checked.uris.into_iter().map(AltName::Uri);
        let alt_names = dns.chain(ips).chain(emails).chain(uris).collect();
        Self { kind: Kind::Role, subject: checked.subject, alt_names, public_key, usage, minutes, ends_by }
    }
}

/// Something that signs certificates.
pub trait CertificateSigner: Send + Sync + fmt::Debug {
    /// Signs at this moment.
    ///
    /// # Errors
    /// Why not; for the log, never for the client.
    fn sign(&self, order: Order, now: Timestamp) -> BoxFuture<'_, Result<Certificate, SignerError>>;

    /// Certificates that verify what it signs, as PEM.
    fn authority_pem(&self) -> &str;
}

/// Why a certificate was not signed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignerError {
    /// The authority refused.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

/// The longest life of each kind, in minutes.
#[derive(Clone, Copy, Debug)]
pub struct Maxima {
    service: i64,
    role: i64,
}

impl Maxima {
    /// The maxima of the configuration.
    pub const fn of(config: &CertificateConfig) -> Self {
        Self { service: config.service_max_minutes, role: config.role_max_minutes }
    }

    /// The life to give; never beyond the maximum, whoever asked.
    fn minutes(self, kind: Kind, asked: i64) -> i64 {
        let maximum = match kind {
            Kind::Service => self.service,
            Kind::Role => self.role,
        };
        if asked <= 0 { maximum } else { asked.min(maximum) }
    }
}

/// Signs with the authority of this server.
#[derive(Debug)]
pub struct BuiltInSigner {
    authority: Authority,
    authority_pem: String,
    maxima: Maxima,
    random: Arc<dyn Random>,
}

impl BuiltInSigner {
    /// A signer. `chain` are the certificates that verify what it signs, as PEM; its own when empty.
    pub fn new(authority: Authority, chain: Option<String>, maxima: Maxima, random: Arc<dyn Random>) -> Self {
        let authority_pem = chain.unwrap_or_else(|| authority.certificate().to_pem());
        Self { authority, authority_pem, maxima, random }
    }

    async fn issue(&self, order: Order, now: Timestamp) -> Result<Certificate, SignerError> {
        let until = now.plus_minutes(self.maxima.minutes(order.kind, order.minutes));
        let request = IssueRequest {
            subject: x509::Subject {
                country: order.subject.country,
                organization: order.subject.organization,
                organizational_units: order.subject.organizational_unit.into_iter().collect(),
                common_name: order.subject.common_name,
            },
            alt_names: order.alt_names,
            not_before: now,
            not_after: order.ends_by.map_or(until, |end| end.min(until)),
            usages: usages(order.usage),
            public_key: order.public_key,
        };
        Ok(self.authority.issue_with(&request, &*self.random).await?)
    }
}

impl CertificateSigner for BuiltInSigner {
    fn sign(&self, order: Order, now: Timestamp) -> BoxFuture<'_, Result<Certificate, SignerError>> {
        Box::pin(self.issue(order, now))
    }

    fn authority_pem(&self) -> &str {
        &self.authority_pem
    }
}

fn usages(usage: Usage) -> Vec<ExtendedUsage> {
    match usage {
        Usage::ClientAndServer => vec![ExtendedUsage::Client, ExtendedUsage::Server],
        Usage::Client => vec![ExtendedUsage::Client],
        Usage::Server => vec![ExtendedUsage::Server],
        Usage::CodeSigning => vec![ExtendedUsage::CodeSigning],
        Usage::TimeStamping => vec![ExtendedUsage::TimeStamping],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_certificate_outlives_the_maximum_of_its_kind() {
        let maxima = Maxima { service: 1440, role: 60 };
        for (kind, asked, minutes) in [
            (Kind::Service, 0, 1440),
            (Kind::Service, -5, 1440),
            (Kind::Service, 5_256_000, 1440),
            (Kind::Service, 10, 10),
            (Kind::Role, 0, 60),
            (Kind::Role, 61, 60),
            (Kind::Role, 59, 59),
        ] {
            assert_eq!(maxima.minutes(kind, asked), minutes, "{kind:?} {asked}");
        }
    }
}
