//! Certificate and private key of the caller, read again when the files change.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use athenz_crypto::keys::{KeyError, PrivateKey};
use athenz_crypto::tls::{IdentityFiles, ReloadableIdentity, TlsError, TlsIdentity};
use athenz_crypto::x509::{Certificate, CertificateError};
use athenz_model::Clock;

/// Why an identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The key can be read by everybody.
    #[error("the private key {} can be read by other users; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The certificate cannot be read.
    #[error("the certificate cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    /// Not a private key that can be used.
    #[error("the private key cannot be used: {0}")]
    Key(#[from] KeyError),
    /// The files cannot be used, do not fit each other, or the certificate is not valid now.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// An identity; clones of the `Arc` around it share what was read.
#[derive(Debug)]
pub struct Identity {
    files: Option<Files>,
    tls: Arc<ReloadableIdentity>,
}

#[derive(Debug)]
struct Files {
    paths: IdentityFiles,
    seen: Mutex<Stamps>,
}

/// What tells one content of a file from the next without reading it.
type Stamp = (u64, Option<SystemTime>, u64);
type Stamps = [Option<Stamp>; 2];

impl Identity {
    /// Reads a certificate (chain) and its key from PEM files.
    ///
    /// # Errors
    /// A file cannot be read, the key is exposed to other users, they are not a pair, or the
    /// certificate is not valid now.
    pub fn from_files(
        certificate: &Path,
        key: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, IdentityError> {
        let paths = IdentityFiles { certificate: certificate.to_owned(), key: key.to_owned() };
        let files = Files { seen: Mutex::new(stamps(&paths)), paths: paths.clone() };
        refuse_exposed(key)?;
        let tls = Arc::new(ReloadableIdentity::from_files(paths, clock)?);
        Ok(Arc::new(Self { files: Some(files), tls }))
    }

    /// A certificate (chain) and its key as PEM texts.
    ///
    /// # Errors
    /// They cannot be read, are not a pair, or the certificate is not valid now.
    pub fn from_pem(certificate: &str, key: &str, clock: Arc<dyn Clock>) -> Result<Arc<Self>, IdentityError> {
        let chain = Certificate::from_pem_bundle(certificate)?;
        let identity = TlsIdentity::new(chain, PrivateKey::from_pem(key)?)?;
        Ok(Arc::new(Self { files: None, tls: Arc::new(ReloadableIdentity::new(identity, clock)?) }))
    }

    /// The certificate that is in use now.
    pub fn certificate(&self) -> Option<Certificate> {
        self.tls.certificate()
    }

    /// SHA-256 of the certificate, base64url without padding: what binds a token (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> Option<String> {
        self.certificate().map(|certificate| certificate.thumbprint())
    }

    pub(crate) const fn tls(&self) -> &Arc<ReloadableIdentity> {
        &self.tls
    }

    /// Reads the files again if they have changed, and tells whether there is another certificate.
    /// While the two files do not fit each other, as between two renames, the old pair stays.
    ///
    /// # Errors
    /// What is wrong with the new files; the old pair stays in use and the next call tries again.
    pub fn reload(&self) -> Result<bool, IdentityError> {
        let Some(files) = &self.files else { return Ok(false) };
        let now = stamps(&files.paths);
        if now == *files.seen.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(false);
        }
        refuse_exposed(&files.paths.key)?;
        let changed = self.tls.reload()?;
        *files.seen.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(changed)
    }
}

#[cfg(unix)]
fn refuse_exposed(path: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    match metadata.map(|metadata| metadata.permissions().mode() & 0o007) {
        // a file that is not there is somebody else's error
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(IdentityError::Exposed { path: path.to_owned() }),
    }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path) -> Result<(), IdentityError> {
    Ok(())
}

fn stamps(files: &IdentityFiles) -> Stamps {
    [stamp(&files.certificate), stamp(&files.key)]
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
