//! Keys and certificates for TLS, from files or from memory.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use athenz_model::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::{TlsError, provider};
use crate::keys::PrivateKey;
use crate::pem;
use crate::x509::Certificate;

/// Largest file of keys or certificates, in bytes: bundles of a few thousand authorities.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The two files of an identity, in PEM. The certificate comes first in its file, then those that
/// issued it; both may be in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A certificate with its chain and its key.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    chain: Vec<Certificate>,
    key: PrivateKey,
}

impl TlsIdentity {
    /// An identity of a chain, leaf first, and the key of the leaf.
    ///
    /// # Errors
    /// The chain is empty, or the key belongs to another certificate.
    pub fn new(chain: Vec<Certificate>, key: PrivateKey) -> Result<Self, TlsError> {
        let leaf = chain.first().ok_or_else(|| TlsError::NoCertificate("the chain".to_owned()))?;
        if leaf.spki_der() != key.public_key().to_spki_der() {
            return Err(TlsError::Mismatch(leaf.subject().text()));
        }
        Ok(Self { chain, key })
    }

    /// Reads an identity.
    ///
    /// # Errors
    /// A file cannot be read or used, or they do not belong together.
    pub fn read(files: &IdentityFiles) -> Result<Self, TlsError> {
        let chain = read_certificates(&files.certificate)?;
        let text = read_text(&files.key)?;
        let key = PrivateKey::from_pem(&text)
            .map_err(|source| TlsError::Key { place: files.key.display().to_string(), source })?;
        Self::new(chain, key)
    }

    /// The certificate itself.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// The certificate and those that issued it.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Refuses a certificate that nobody would accept now.
    pub(super) fn check_valid(&self, now: Timestamp) -> Result<(), TlsError> {
        match self.leaf() {
            Some(leaf) if !leaf.is_valid_at(now) => Err(TlsError::NotValidNow {
                subject: leaf.subject().text(),
                not_before: leaf.not_before(),
                not_after: leaf.not_after(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn certified_key(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let der =
            self.key.to_pkcs8_der().map_err(|source| TlsError::Key { place: "memory".to_owned(), source })?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der.as_slice())).clone_key();
        let key = provider().key_provider.load_private_key(key)?;
        let chain = self.chain.iter().map(|part| CertificateDer::from(part.der().to_vec())).collect();
        Ok(Arc::new(CertifiedKey::new(chain, key)))
    }
}

/// Reads all certificates of a PEM file; at least one must be there.
///
/// # Errors
/// The file cannot be read, or has no certificate that can be used.
pub fn read_certificates(path: &Path) -> Result<Vec<Certificate>, TlsError> {
    let text = read_text(path)?;
    let place = path.display().to_string();
    let blocks = pem::read(&text).map_err(|source| TlsError::pem(&place, source))?;
    let certificates = blocks.iter().filter(|block| block.label() == "CERTIFICATE");
    let certificates: Result<Vec<_>, _> =
        certificates.map(|block| Certificate::from_der(block.contents())).collect();
    match certificates {
        Ok(list) if list.is_empty() => Err(TlsError::NoCertificate(place)),
        Ok(list) => Ok(list),
        Err(source) => Err(TlsError::Certificate { place, source }),
    }
}

/// Reads a file that may hold a key: bounded, and wiped from memory afterwards.
fn read_text(path: &Path) -> Result<Zeroizing<String>, TlsError> {
    let failed = |source| TlsError::Read { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
        return Err(TlsError::TooLarge(path.to_owned()));
    }
    Ok(text)
}
