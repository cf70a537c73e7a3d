//! The record of an instance.

use athenz_model::Timestamp;

/// What a record is of. Instance ids are unique only within provider and service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey {
    /// Full name of the provider: `sys.auth.zts`.
    pub provider: String,
    /// The provider's id of the instance.
    pub instance_id: String,
    /// Full name of the service: `weather.prod.api`.
    pub service: String,
}

/// A certificate that was issued to an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// When it was issued.
    pub at: Timestamp,
    /// Address it was issued to.
    pub ip: String,
}

/// What is remembered of an instance and its certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRecord {
    /// Whose it is.
    pub key: RecordKey,
    /// The certificate issued last.
    pub current: Issue,
    /// The certificate it was asked for with; the current one after a registration.
    pub previous: Issue,
    /// Serials of older certificates since the registration, newest first, a bounded number.
    pub superseded: Vec<String>,
    /// When the instance was registered last. Certificates from before are of no concern to it.
    pub registered_at: Timestamp,
    /// Whether a refresh may rest on this record; false where the attestation itself is fresh
    /// proof each time (a service token).
    pub refreshable: bool,
    /// The provider allows use as TLS client only, whatever a later answer says.
    pub client_only: bool,
    /// When theft was seen. Nothing is refreshed until the instance registers again.
    pub revoked_at: Option<Timestamp>,
    /// End of the current certificate.
    pub expires_at: Timestamp,
    /// Host name given with the last request.
    pub host_name: Option<String>,
    /// When address or host name changed last.
    pub data_updated_at: Timestamp,
    /// Kind of the identity agent, from its `User-Agent`.
    pub agent: Option<String>,
    /// When a notice about a missing refresh was claimed last, and by which server.
    pub notified: Option<(Timestamp, String)>,
    /// Counts the writes of this record; given by the store.
    pub version: i64,
}

impl CertificateRecord {
    /// Whether a certificate is one of this registration, as far as serials are kept.
    pub fn knows(&self, serial: &str) -> bool {
        let mut known = [&self.current.serial, &self.previous.serial].into_iter().chain(&self.superseded);
        known.any(|known| known == serial)
    }
}

/// A registration to record.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The record; its `version` is ignored.
    pub record: CertificateRecord,
    /// The register token that proved it, if it was one.
    pub token: Option<TokenUse>,
}

/// Use of a register token. A token is good for one public key: whoever sends it again with the
/// same key repeats a request whose answer was lost; with another key it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUse {
    /// Its `jti`.
    pub token_id: String,
    /// SHA-256 of the public key (subject public key info) it came with.
    pub public_key: [u8; 32],
    /// From when on the token is refused anyway, and need not be remembered.
    pub expires_at: Timestamp,
}

/// Serials as one text.
pub(super) fn join_serials(serials: &[String]) -> String {
    serials.join(" ")
}

/// The serials of such a text.
pub(super) fn split_serials(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}
