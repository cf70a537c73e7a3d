//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::sending::{Outbox, Sending};
use super::timed_io::TimedIo;
use super::{ListenerLimits, Shared};
use crate::peer::Peer;
use crate::router::Router;

/// How long an HTTP/2 peer may leave a ping unanswered, and how often it is asked.
const PING: Duration = Duration::from_secs(20);

/// Resets of its own streams that a peer may have pending (rapid reset).
const PENDING_RESETS: usize = 32;

/// Stream errors after which an HTTP/2 connection is closed.
const LOCAL_RESETS: usize = 256;

/// Bytes kept per HTTP/2 stream for a slow reader.
const SEND_BUFFER: usize = 256 * 1024;

type Io = TokioIo<TimedIo<TlsStream<TcpStream>>>;

/// Serves a connection until it ends.
pub(super) async fn serve(shared: &Shared, stream: TcpStream, remote: SocketAddr) {
    let address = remote.ip().to_canonical();
    let Some(_counted) = shared.addresses.enter(address) else {
        tracing::debug!(%address, "too many connections of this address");
        return;
    };
    let metrics = shared.server.router.metrics();
    let _open = metrics.connection();
    let Some(tls) = handshake(shared, stream, remote).await else {
        metrics.count_handshake_failure();
        return;
    };
    let is_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
    let peer = Arc::new(peer(&tls, remote));
    let activity = Arc::new(Activity::default());
    // over HTTP/1 a peer that takes no answer reads nothing at all
    let outbox = is_http2.then(Arc::default);
    let service = Requests {
        router: Arc::clone(&shared.server.router),
        peer,
        activity: Arc::clone(&activity),
        outbox: outbox.clone(),
    };
    let limits = &shared.server.limits;
    let io = TokioIo::new(TimedIo::new(tls, limits.write_timeout));
    if is_http2 {
        attend(shared, &activity, outbox.as_deref(), http2_connection(limits, io, service)).await;
    } else {
        attend(shared, &activity, None, http1_connection(limits, io, service)).await;
    }
}

async fn handshake(shared: &Shared, stream: TcpStream, remote: SocketAddr) -> Option<TlsStream<TcpStream>> {
    // a socket that takes no option is about to fail anyway
    let _ = stream.set_nodelay(true);
    let acceptor = TlsAcceptor::from(shared.server.tls.server_config());
    let handshake = tokio::time::timeout(shared.server.limits.handshake_timeout, acceptor.accept(stream));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        () = shared.shutdown.cancelled() => return None,
    };
    match outcome {
        Ok(Ok(tls)) => Some(tls),
        Ok(Err(error)) => {
            tracing::debug!(peer = %remote.ip(), %error, "TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(peer = %remote.ip(), "TLS handshake took too long");
            None
        }
    }
}

fn peer(tls: &TlsStream<TcpStream>, remote: SocketAddr) -> Peer {
    let (stream, session) = tls.get_ref();
    let certificates: Vec<_> =
        session.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect();
    let peer = Peer::with_certificates(remote, certificates);
    match stream.local_addr() {
        Ok(local) => peer.at(local),
        Err(_) => peer,
    }
}

fn http1_connection(limits: &ListenerLimits, io: Io, service: Requests) -> http1::Connection<Io, Requests> {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        // hyper takes no smaller buffer than this
        .max_buf_size(limits.header_bytes.max(8192))
        .max_headers(limits.headers)
        .half_close(false)
        .serve_connection(io, service)
}

fn http2_connection(
    limits: &ListenerLimits,
    io: Io,
    service: Requests,
) -> http2::Connection<Io, Requests, TokioExecutor> {
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .serve_connection(io, service)
}

/// A connection of either protocol.
trait Connection: Future<Output = Result<(), hyper::Error>> {
    /// Ends after the requests at work.
    fn wind_down(self: Pin<&mut Self>);
}

impl Connection for http1::Connection<Io, Requests> {
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl Connection for http2::Connection<Io, Requests, TokioExecutor> {
    fn wind_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Drives a connection; winds it down at shutdown or when nothing happens on it, and ends it when
/// its peer does not take an answer.
async fn attend(shared: &Shared, activity: &Activity, outbox: Option<&Outbox>, connection: impl Connection) {
    let ListenerLimits { idle_timeout, write_timeout, .. } = shared.server.limits;
    let mut connection = std::pin::pin!(connection);
    let mut is_winding_down = false;
    let mut seen = activity.moment();
    let mut look_for_idleness = Instant::now() + idle_timeout;
    let mut look_for_stalls = Instant::now() + write_timeout;
    loop {
        tokio::select! {
            result = connection.as_mut() => {
                if let Err(error) = result {
                    tracing::debug!(%error, "connection ended");
                }
                return;
            }
            () = shared.kill.cancelled() => return,
            () = shared.shutdown.cancelled(), if !is_winding_down => {
                is_winding_down = true;
                connection.as_mut().wind_down();
            }
            () = tokio::time::sleep_until(look_for_stalls), if outbox.is_some() => {
                if outbox.is_some_and(|outbox| outbox.is_stalled(write_timeout)) {
                    tracing::debug!("the peer takes no answer");
                    return;
                }
                look_for_stalls = Instant::now() + write_timeout;
            }
            () = tokio::time::sleep_until(look_for_idleness) => {
                look_for_idleness = Instant::now() + idle_timeout;
                let now = activity.moment();
                if now.is_idle_since(&seen) {
                    if is_winding_down {
                        return;
                    }
                    is_winding_down = true;
                    connection.as_mut().wind_down();
                }
                seen = now;
            }
        }
    }
}

/// What happens on a connection.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// The activity at one moment.
#[derive(Debug, PartialEq, Eq)]
struct Moment {
    begun: u64,
    ended: u64,
}

impl Activity {
    fn moment(&self) -> Moment {
        let ended = self.ended.load(Ordering::Relaxed);
        Moment { begun: self.begun.load(Ordering::Relaxed), ended }
    }
}

impl Moment {
    /// Whether no request is at work and none was begun since.
    fn is_idle_since(&self, before: &Self) -> bool {
        self.begun == self.ended && self == before
    }
}

/// Counts a request as at work until its answer is sent.
struct AtWork(Arc<Activity>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Hands the requests of a connection to the router.
#[derive(Debug)]
struct Requests {
    router: Arc<Router>,
    peer: Arc<Peer>,
    activity: Arc<Activity>,
    outbox: Option<Arc<Outbox>>,
}

impl Service<Request<Incoming>> for Requests {
    type Response = http::Response<Sending>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let router = Arc::clone(&self.router);
        let peer = Arc::clone(&self.peer);
        self.activity.begun.fetch_add(1, Ordering::Relaxed);
        let at_work = AtWork(Arc::clone(&self.activity));
        let outbox = self.outbox.clone();
        Box::pin(async move {
            let response = router.handle(request, peer).await;
            Ok(response.map(|body| Sending::new(body.guarded(at_work), outbox.as_ref())))
        })
    }
}
