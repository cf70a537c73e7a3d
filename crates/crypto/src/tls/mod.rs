//! TLS settings of servers and clients: TLS 1.2 and 1.3, one provider, files re-read without restart.

mod client;
mod common_name;
mod material;
mod server;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use athenz_model::Clock;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

pub use client::{ReloadableIdentity, ServerIs, client_config};
pub use material::{IdentityFiles, TlsIdentity, read_certificates};
pub use server::{ReloadableServerTls, ServerTlsFiles, server_config};

use crate::keys::KeyError;
use crate::pem::PemError;
use crate::x509::CertificateError;

/// Why TLS settings cannot be made or reloaded.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is larger than any such file should be.
    #[error("{0} is too large for a file of keys or certificates")]
    TooLarge(PathBuf),
    /// What holds no usable certificate.
    #[error("no usable certificate in {place}: {source}")]
    Certificate {
        /// The file, or where else it came from.
        place: String,
        /// What is wrong.
        source: CertificateError,
    },
    /// There is no certificate where one is needed.
    #[error("no certificate in {0}")]
    NoCertificate(String),
    /// What holds no usable key.
    #[error("no usable private key in {place}: {source}")]
    Key {
        /// The file, or where else it came from.
        place: String,
        /// What is wrong.
        source: KeyError,
    },
    /// Key and certificate do not belong together.
    #[error("the private key does not belong to the certificate of {0}")]
    Mismatch(String),
    /// The certificate is not valid now.
    #[error("the certificate of {subject} is valid from {not_before} until {not_after} only")]
    NotValidNow {
        /// Whose.
        subject: String,
        /// Valid from.
        not_before: athenz_model::Timestamp,
        /// Valid until.
        not_after: athenz_model::Timestamp,
    },
    /// The TLS library refuses.
    #[error("unusable TLS settings: {0}")]
    Library(#[from] rustls::Error),
    /// The TLS library refuses the authorities.
    #[error("unusable certificate authorities: {0}")]
    Roots(#[from] rustls::server::VerifierBuilderError),
}

impl TlsError {
    fn pem(place: &str, source: PemError) -> Self {
        Self::Certificate { place: place.to_owned(), source: source.into() }
    }
}

/// Makes aws-lc-rs the provider of the process; a second call changes nothing.
pub fn install_default_provider() {
    // an error says that there is a provider already
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn provider() -> Arc<CryptoProvider> {
    CryptoProvider::get_default()
        .map_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()), Arc::clone)
}

/// Protocols inside TLS, the preferred first.
fn application_protocols() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), b"http/1.1".to_vec()]
}

/// Our clock, as the TLS library asks for it.
#[derive(Debug)]
struct ClockTime(Arc<dyn Clock>);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
