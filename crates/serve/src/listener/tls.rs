//! The TLS configuration of a listener, which follows its files.

use std::sync::Arc;
use std::time::Duration;

use athenz_crypto::tls::{ReloadableServerTls, ServerTlsFiles, TlsError};
use athenz_model::Clock;
use tokio_util::sync::CancellationToken;

use crate::config::{FileError, check_private_key_file};

/// Where the TLS configuration comes from, asked at every handshake so that it can change.
pub trait TlsSource: Send + Sync + std::fmt::Debug {
    /// The configuration of now. Its ALPN names decide between HTTP/2 and HTTP/1.1.
    fn server_config(&self) -> Arc<rustls::ServerConfig>;
}

impl TlsSource for Arc<rustls::ServerConfig> {
    fn server_config(&self) -> Self {
        Self::clone(self)
    }
}

impl TlsSource for ReloadableServerTls {
    fn server_config(&self) -> Arc<rustls::ServerConfig> {
        self.current()
    }
}

/// Why a listener gets no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsLoadError {
    /// The key file is open to others, or not there.
    #[error(transparent)]
    KeyFile(#[from] FileError),
    /// The files cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Reads the files of a listener for the first time. A key that others may read is refused.
///
/// # Errors
/// A file cannot be read or used.
pub fn load_tls(
    files: ServerTlsFiles,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ReloadableServerTls>, TlsLoadError> {
    check_private_key_file(&files.identity.key)?;
    Ok(Arc::new(ReloadableServerTls::new(files, clock)?))
}

/// Reads the files again every so often, until `shutdown`. Files that cannot be used change
/// nothing; that is told once per reason.
pub async fn follow_files(tls: Arc<ReloadableServerTls>, period: Duration, shutdown: CancellationToken) {
    let mut told = None;
    while shutdown.run_until_cancelled(tokio::time::sleep(period)).await.is_some() {
        let reloading = Arc::clone(&tls);
        let outcome = tokio::task::spawn_blocking(move || reload(&reloading)).await;
        match outcome {
            Ok(Ok(changed)) => {
                told = None;
                if changed {
                    let until = tls.certificate().map(|certificate| certificate.not_after().to_string());
                    tracing::info!(until, "TLS files reloaded");
                }
            }
            Ok(Err(error)) => {
                let text = error.to_string();
                if told.as_ref() != Some(&text) {
                    tracing::error!(error = text, "TLS files cannot be used, keeping those of before");
                    told = Some(text);
                }
            }
            Err(error) => tracing::error!(%error, "reading TLS files failed"),
        }
    }
}

/// Takes no key that the next start would refuse.
fn reload(tls: &ReloadableServerTls) -> Result<bool, TlsLoadError> {
    check_private_key_file(&tls.files().identity.key)?;
    Ok(tls.reload()?)
}
