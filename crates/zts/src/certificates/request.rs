//! From a certificate request that has proved its key to the names it asks for.

use athenz_crypto::keys::PublicKey;
use athenz_crypto::x509::{Certificate, Csr, DistinguishedName, SubjectAltNames, UnverifiedCsr};

use super::names::RequestedNames;

/// A request whose key is proved. Its names are still only what somebody asks for.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    /// The names asked for.
    pub names: RequestedNames,
    /// The key to certify.
    pub public_key: PublicKey,
}

/// Why a request is not looked at any further; the text goes to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No request, or one that has not proved its key.
    #[error("{0}")]
    Csr(#[from] athenz_crypto::x509::CsrError),
    /// Names that no request may carry.
    #[error("{0}")]
    Names(#[from] super::names::NamesError),
    /// A certificate of an authority is never given.
    #[error("CSR asks for the certificate of an authority")]
    Authority,
    /// Alternative names of a kind that is never issued.
    #[error("CSR carries an alternative name of the kind {0}; use DNS, URI, IP or e-mail names")]
    Kind(&'static str),
}

impl CertificateRequest {
    /// Reads and verifies a request in PEM.
    ///
    /// # Errors
    /// [`RequestError`]
    pub fn verify(unverified_pem: &str) -> Result<Self, RequestError> {
        let csr: Csr = UnverifiedCsr::parse_pem(unverified_pem)?.verify()?;
        if csr.asks_for_ca() {
            return Err(RequestError::Authority);
        }
        if let Some(kind) = csr.alt_names().other_kinds().first() {
            return Err(RequestError::Kind(kind));
        }
        let names = names(csr.subject(), csr.alt_names());
        names.check_shape()?;
        Ok(Self { names, public_key: csr.public_key().clone() })
    }
}

/// The names of a caller's certificate.
pub fn names_of_certificate(certificate: &Certificate) -> RequestedNames {
    names(certificate.subject(), certificate.alt_names())
}

fn names(subject: &DistinguishedName, alt_names: &SubjectAltNames) -> RequestedNames {
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    RequestedNames {
        common_names: owned(subject.common_names()),
        countries: owned(subject.countries()),
        organizations: owned(subject.organizations()),
        organizational_units: owned(subject.organizational_units()),
        dns: owned(alt_names.dns_names().collect()),
        ips: alt_names.ip_addresses().collect(),
        emails: owned(alt_names.emails().collect()),
        uris: owned(alt_names.uris().collect()),
    }
}
