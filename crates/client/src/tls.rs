//! Whom outgoing calls believe to be a server.

use std::path::Path;

use athenz_crypto::tls::{TlsError, read_certificates};
use athenz_crypto::x509::{Certificate, CertificateError};

/// Which certificates of servers are trusted.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The authorities that the machine trusts.
    #[default]
    System,
    /// These authorities and no others.
    Authorities(Vec<Certificate>),
}

impl Trust {
    /// The authorities in a PEM file.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub fn from_file(path: &Path) -> Result<Self, SetupError> {
        Ok(Self::Authorities(read_certificates(path)?))
    }

    /// The authorities in a PEM text.
    ///
    /// # Errors
    /// The text holds no certificate.
    pub fn from_pem(text: &str) -> Result<Self, SetupError> {
        Ok(Self::Authorities(Certificate::from_pem_bundle(text)?))
    }

    pub(crate) fn authorities(&self) -> Result<Vec<Certificate>, SetupError> {
        match self {
            Self::Authorities(authorities) => Ok(authorities.clone()),
            Self::System => system_authorities(),
        }
    }
}

/// The machine's authorities; odd ones among them are left out, as every other client does.
fn system_authorities() -> Result<Vec<Certificate>, SetupError> {
    let found = rustls_native_certs::load_native_certs().certs;
    let usable: Vec<Certificate> = found.iter().filter_map(|der| Certificate::from_der(der).ok()).collect();
    if usable.is_empty() { Err(SetupError::NoSystemAuthority) } else { Ok(usable) }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The authorities cannot be read, or TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The authorities are no certificates.
    #[error("the authorities cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    /// The machine has none.
    #[error("this machine trusts no certificate authority; name a file with the CA certificates")]
    NoSystemAuthority,
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Http(#[from] reqwest::Error),
    /// Not a URL that a server can have.
    #[error("`{url}` is no server URL ({why}); write it as https://host:port")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
}
