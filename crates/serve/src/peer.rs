//! Who is at the other end of a connection, found out once per connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use athenz_crypto::x509::Certificate;
use athenz_model::Timestamp;
use rustls::pki_types::CertificateDer;

use crate::caller::principal::Outcome;

/// The other end of a connection.
#[derive(Debug)]
pub struct Peer {
    /// Address of the socket.
    pub remote: SocketAddr,
    /// Our own address of the socket, for rules about ports.
    pub local: Option<SocketAddr>,
    /// The client's certificate chain as presented, leaf first. The TLS layer has verified it.
    pub certificates: Vec<CertificateDer<'static>>,
    /// What authorities use of the leaf of the chain.
    pub leaf: Option<Leaf>,
    /// The leaf itself.
    pub certificate: Option<Certificate>,
    identity: OnceLock<CachedIdentity>,
}

/// What a certificate authority of ours made of the leaf.
#[derive(Debug)]
pub(crate) struct CachedIdentity {
    /// Which authority, by its number: two mounts of one listener may have two.
    pub(crate) authority: u64,
    pub(crate) outcome: Outcome,
}

impl Peer {
    /// A peer without a client certificate.
    pub const fn anonymous(remote: SocketAddr) -> Self {
        Self {
            remote,
            local: None,
            certificates: Vec::new(),
            leaf: None,
            certificate: None,
            identity: OnceLock::new(),
        }
    }

    /// A peer whose chain the TLS layer has verified. Reads the leaf; one that cannot be read
    /// identifies nobody.
    pub fn with_certificates(remote: SocketAddr, certificates: Vec<CertificateDer<'static>>) -> Self {
        let certificate = certificates.first().and_then(|leaf| {
            let read = Certificate::from_der(leaf);
            read.inspect_err(|error| tracing::debug!(%error, "client certificate cannot be read")).ok()
        });
        let leaf = certificate.as_ref().map(Leaf::of);
        Self { certificates, leaf, certificate, ..Self::anonymous(remote) }
    }

    /// A peer of which these facts are known; for callers in process.
    pub fn with_leaf(remote: SocketAddr, leaf: Leaf) -> Self {
        Self { leaf: Some(leaf), ..Self::anonymous(remote) }
    }

    /// The same peer, connected to this address of ours.
    #[must_use]
    pub fn at(mut self, local: SocketAddr) -> Self {
        self.local = Some(local);
        self
    }

    /// Address of the socket without its port.
    pub fn ip(&self) -> IpAddr {
        self.remote.ip().to_canonical()
    }

    pub(crate) fn cached_identity(&self, authority: u64) -> Option<&Outcome> {
        self.identity.get().filter(|cached| cached.authority == authority).map(|cached| &cached.outcome)
    }

    pub(crate) fn cache_identity(&self, authority: u64, outcome: Outcome) {
        // a second authority on the same connection works without the cache
        let _ = self.identity.set(CachedIdentity { authority, outcome });
    }
}

/// The facts of a client certificate that authorities and handlers use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaf {
    /// Subject distinguished name as Java prints it: what the audit log shows.
    pub subject: String,
    /// Issuer distinguished name as text (RFC 2253).
    pub issuer: String,
    /// Subject common names, in order.
    pub common_names: Vec<String>,
    /// Subject organizational units, in order.
    pub organizational_units: Vec<String>,
    /// SAN URIs.
    pub uris: Vec<String>,
    /// SAN e-mail addresses.
    pub emails: Vec<String>,
    /// Not valid before.
    pub not_before: Timestamp,
    /// Not valid after.
    pub not_after: Timestamp,
    /// SHA-256 of the DER form, unpadded base64url: `cnf.x5t#S256` of a bound token (RFC 8705).
    pub thumbprint: Arc<str>,
}

impl Leaf {
    /// The facts of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let texts = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let names = certificate.alt_names();
        Self {
            subject: certificate.subject().text(),
            issuer: certificate.issuer().rfc2253(),
            common_names: texts(certificate.subject().common_names()),
            organizational_units: texts(certificate.subject().organizational_units()),
            uris: names.uris().map(str::to_owned).collect(),
            emails: names.emails().map(str::to_owned).collect(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            thumbprint: certificate.thumbprint().into(),
        }
    }
}

impl Default for Peer {
    fn default() -> Self {
        Self::anonymous(SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
