//! The accept loop: TCP, TLS, HTTP/1.1 and HTTP/2, with a bound on everything a stranger can hold.

mod connection;
mod sending;
mod timed_io;
mod tls;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use tls::{TlsLoadError, TlsSource, follow_files, load_tls};

use crate::router::Router;

/// The pause after a failed accept: the process has no free descriptors, or the network is ill.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bounds of a listener.
#[derive(Clone, Debug)]
pub struct ListenerLimits {
    /// The most connections open at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// The most connections of one address; no bound when `None`.
    pub connections_per_address: Option<usize>,
    /// The time a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// The time a request's headers may take, and the time a kept connection may wait for them.
    pub header_timeout: Duration,
    /// The time a connection may stay without a request.
    pub idle_timeout: Duration,
    /// The time a peer may leave our bytes unread, or open no window for an answer.
    pub write_timeout: Duration,
    /// The most bytes of request line and headers.
    pub header_bytes: usize,
    /// The most headers of a request.
    pub headers: usize,
    /// The most requests at once on an HTTP/2 connection.
    pub streams: u32,
    /// The time that running requests get when the process ends.
    pub drain: Duration,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_address: None,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            header_bytes: 16 * 1024,
            headers: 100,
            streams: 128,
            drain: Duration::from_secs(30),
        }
    }
}

/// A listener with all that it serves.
#[derive(Clone)]
pub struct Server {
    tls: Arc<dyn TlsSource>,
    router: Arc<Router>,
    limits: ListenerLimits,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a router over TLS with the default limits.
    pub fn new(tls: Arc<dyn TlsSource>, router: Arc<Router>) -> Self {
        Self { tls, router, limits: ListenerLimits::default() }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: ListenerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Accepts connections until `shutdown`, then lets running requests end, at most for the drain
    /// time. Returns when no connection is left.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        let connections = TaskTracker::new();
        let kill = CancellationToken::new();
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let shared = Arc::new(Shared {
            addresses: Addresses { counts: Mutex::default(), most: self.limits.connections_per_address },
            server: self,
            shutdown: shutdown.clone(),
            kill: kill.clone(),
        });
        while let Some((stream, remote, slot)) = next(&listener, &slots, &shutdown).await {
            let shared = Arc::clone(&shared);
            connections.spawn(async move {
                connection::serve(&shared, stream, remote).await;
                drop(slot);
            });
        }
        drop(listener);
        connections.close();
        if tokio::time::timeout(shared.server.limits.drain, connections.wait()).await.is_err() {
            tracing::warn!(
                open = connections.len(),
                "drain time is over, closing the connections that are left"
            );
            kill.cancel();
            connections.wait().await;
        }
    }
}

/// What all connections of a listener share.
struct Shared {
    server: Server,
    addresses: Addresses,
    /// Take no new request.
    shutdown: CancellationToken,
    /// Close at once.
    kill: CancellationToken,
}

async fn next(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return None,
            accepted = accept(listener, slots) => match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, remote) = listener.accept().await?;
    Ok((stream, remote, slot))
}

/// Counts connections by address.
struct Addresses {
    counts: Mutex<HashMap<IpAddr, usize>>,
    most: Option<usize>,
}

/// A connection that is counted.
struct Counted<'a> {
    addresses: &'a Addresses,
    address: IpAddr,
}

impl Addresses {
    /// Counts a connection; `None` when the address has too many.
    fn enter(&self, address: IpAddr) -> Option<Option<Counted<'_>>> {
        let Some(most) = self.most else { return Some(None) };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Some(Counted { addresses: self, address }))
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_share() {
        let addresses = Addresses { counts: Mutex::default(), most: Some(2) };
        let one: IpAddr = [192, 0, 2, 1].into();
        let first = addresses.enter(one);
        let second = addresses.enter(one);
        assert!(first.is_some() && second.is_some());
        assert!(addresses.enter(one).is_none());
        assert!(addresses.enter([192, 0, 2, 2].into()).is_some());
        drop(first);
        assert!(addresses.enter(one).is_some());
        drop(second);
        assert!(addresses.counts.lock().unwrap().is_empty(), "nothing is remembered of closed connections");
    }
}
