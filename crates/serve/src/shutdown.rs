//! The end of a process: SIGTERM and Ctrl-C become a token that everything long waits on.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first SIGTERM or Ctrl-C. A second one ends the process at once,
/// with the status a shell gives a signal.
///
/// # Errors
/// The signals cannot be listened to.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "shutting down; a second signal ends the process at once");
        stop.cancel();
        let status = tokio::select! {
            _ = terminate.recv() => 143,
            _ = interrupt.recv() => 130,
        };
        #[expect(clippy::exit, reason = "the operator insists")]
        std::process::exit(status);
    });
    Ok(token)
}
