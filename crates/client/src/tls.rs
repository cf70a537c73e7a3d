//! TLS settings of outgoing calls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use athenz_crypto::pem::{self, PemError};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// The label of certificates.
pub(crate) const CERTIFICATE: &str = "CERTIFICATE";

/// Which certificates of servers are trusted.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The authorities that the machine trusts.
    #[default]
    System,
    /// These authorities and no others, as PEM.
    Authorities(String),
}

impl Trust {
    /// The authorities in a PEM file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, SetupError> {
        std::fs::read_to_string(path)
            .map(Self::Authorities)
            .map_err(|error| SetupError::Unreadable { path: path.to_owned(), error })
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file of the authorities cannot be read.
    #[error("the authorities in {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The authorities are not PEM.
    #[error("the authorities cannot be read: {0}")]
    Pem(#[from] PemError),
    /// There is none, or one that cannot be used.
    #[error("there is no usable certificate among the authorities; give a PEM file with CA certificates")]
    NoAuthority,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
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

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Settings for calls with or without a client certificate.
pub(crate) fn client_config(
    trust: &Trust,
    identity: Option<Arc<CertifiedKey>>,
) -> Result<ClientConfig, SetupError> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::System => builder.with_platform_verifier()?,
        Trust::Authorities(text) => builder.with_root_certificates(roots(text)?),
    };
    Ok(match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        None => builder.with_no_client_auth(),
    })
}

fn roots(text: &str) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    let (added, ignored) = store.add_parsable_certificates(certificates(text)?);
    if added == 0 || ignored > 0 {
        return Err(SetupError::NoAuthority);
    }
    Ok(store)
}

/// The certificates in a PEM text, in order.
pub(crate) fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let blocks = pem::read(text)?;
    let certificates = blocks.iter().filter(|block| block.label() == CERTIFICATE);
    Ok(certificates.map(|block| CertificateDer::from(block.contents().to_vec())).collect())
}
