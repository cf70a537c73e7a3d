//! Certificate and private key of the caller, read again when the files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use athenz_crypto::digest::sha256_base64url;
use athenz_crypto::keys::{KeyError, PrivateKey};
use athenz_crypto::pem::PemError;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

use crate::tls;

/// The largest key or certificate file, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Why an identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The key can be read by everybody.
    #[error("the private key {} can be read by other users; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// A file of absurd size.
    #[error("{} is larger than {FILE_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Not a private key that can be used.
    #[error("the private key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The PEM text holds no certificate.
    #[error("there is no certificate; expected a PEM block CERTIFICATE")]
    NoCertificate,
    /// Key and certificate are not a pair.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// The TLS library refuses.
    #[error("the identity cannot be used for TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// An identity; clones of the `Arc` around it share what was read.
#[derive(Debug)]
pub struct Identity {
    files: Option<Files>,
    current: ArcSwap<Loaded>,
}

/// One certificate with its key.
#[derive(Debug)]
pub struct Loaded {
    pair: Arc<CertifiedKey>,
    thumbprint: String,
}

impl Loaded {
    /// SHA-256 of the certificate, base64url without padding: what binds a token (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    pub(crate) fn pair(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.pair)
    }
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: Mutex<Stamps>,
}

/// What tells one content of a file from the next without reading it.
type Stamp = (u64, Option<SystemTime>, u64);
type Stamps = [Option<Stamp>; 2];

impl Identity {
    /// Reads a certificate (chain) and its key from PEM files.
    ///
    /// # Errors
    /// A file cannot be read, the key is exposed to other users, or they are not a pair.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Arc<Self>, IdentityError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            seen: Mutex::new([stamp(certificate), stamp(key)]),
        };
        let loaded = files.load()?;
        Ok(Arc::new(Self { files: Some(files), current: ArcSwap::from_pointee(loaded) }))
    }

    /// A certificate (chain) and its key as PEM texts.
    ///
    /// # Errors
    /// They cannot be read, or are not a pair.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Arc<Self>, IdentityError> {
        Ok(Arc::new(Self { files: None, current: ArcSwap::from_pointee(load(certificate, key)?) }))
    }

    /// What is in use now.
    pub fn current(&self) -> Arc<Loaded> {
        self.current.load_full()
    }

    /// Reads the files again if they have changed, and tells whether there is another certificate.
    /// While the two files do not fit each other, as between two renames, the old pair stays.
    ///
    /// # Errors
    /// What is wrong with the new files; the old pair stays in use and the next call tries again.
    pub fn reload(&self) -> Result<bool, IdentityError> {
        let Some(files) = &self.files else { return Ok(false) };
        let now = [stamp(&files.certificate), stamp(&files.key)];
        if now == *files.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(false);
        }
        let loaded = files.load()?;
        let changed = loaded.thumbprint != self.current.load().thumbprint;
        *files.seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
        self.current.store(Arc::new(loaded));
        Ok(changed)
    }
}

impl Files {
    fn load(&self) -> Result<Loaded, IdentityError> {
        refuse_exposed(&self.key)?;
        load(&read(&self.certificate)?, &read(&self.key)?)
    }
}

fn load(certificate: &str, key: &str) -> Result<Loaded, IdentityError> {
    let chain = tls::certificates(certificate)?;
    let leaf = chain.first().ok_or(IdentityError::NoCertificate)?;
    let thumbprint = sha256_base64url(leaf);
    let key = PrivateKey::from_pem(key)?.to_pkcs8_der()?;
    let key = PrivateKeyDer::Pkcs8(key.to_vec().into());
    let pair = CertifiedKey::from_der(chain, key, &tls::provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => IdentityError::Mismatch,
        other => IdentityError::Tls(other),
    })?;
    Ok(Loaded { pair: Arc::new(pair), thumbprint })
}

fn read(path: &Path) -> Result<String, IdentityError> {
    let unreadable = |error| IdentityError::Unreadable { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_MAX {
        return Err(IdentityError::TooLarge { path: path.to_owned() });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    match metadata.map(|metadata| metadata.permissions().mode() & 0o007) {
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(IdentityError::Exposed { path: path.to_owned() }),
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), IdentityError> {
    Ok(())
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok(), file_number(&metadata)))
}

#[cfg(unix)]
fn file_number(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_: &std::fs::Metadata) -> u64 {
    0
}
