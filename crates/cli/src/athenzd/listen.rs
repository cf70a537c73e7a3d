//! Sockets of the servers.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use athenz_crypto::tls::{ReloadableServerTls, ServerTlsFiles};
use athenz_model::Clock;
use athenz_serve::listener::{ListenerLimits, follow_files, load_tls};
use athenz_serve::{Peer, Router, Server};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A place to listen, taken before anything else is done.
#[derive(Debug)]
pub(super) struct Bound {
    listener: TcpListener,
    /// The name clients use.
    host: String,
    port: u16,
    address: IpAddr,
}

impl Bound {
    /// Takes `HOST:PORT`; port 0 is any free one. `option` is what to change when it is taken.
    pub(super) async fn take(option: &str, place: &str) -> anyhow::Result<Self> {
        let form = || anyhow!("`{option} {place}`: write HOST:PORT, for example 127.0.0.1:4443");
        let (host, port) = place.rsplit_once(':').ok_or_else(form)?;
        port.parse::<u16>().map_err(|_| form())?;
        let listener = TcpListener::bind(place).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                anyhow!("{place} is taken by another program; stop it, or choose another address with {option} HOST:PORT")
            }
            _ => anyhow!("cannot listen on {place}: {error}; choose another address with {option} HOST:PORT"),
        })?;
        let local = listener.local_addr()?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { listener, host, port: local.port(), address: local.ip() })
    }

    /// The base URL for clients: `localhost` for what only, or also, this machine reaches.
    pub(super) fn url(&self) -> String {
        let host = if self.address.is_loopback() || self.address.is_unspecified() {
            "localhost".to_owned()
        } else if self.host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        format!("https://{host}:{}", self.port)
    }

    /// The host name, if it is one.
    pub(super) fn host(&self) -> Option<&str> {
        Some(self.host.as_str()).filter(|host| host.parse::<IpAddr>().is_err())
    }

    pub(super) const fn ip(&self) -> IpAddr {
        self.address
    }

    /// Serves a router until `stop`.
    pub(super) async fn serve(
        self,
        router: Arc<Router>,
        tls: Arc<ReloadableServerTls>,
        limits: ListenerLimits,
        stop: CancellationToken,
    ) {
        Server::new(tls, router).with_limits(limits).run(self.listener, stop).await;
    }
}

/// Reads the TLS files of a listener and goes on to follow them.
pub(super) fn tls(
    files: ServerTlsFiles,
    clock: Arc<dyn Clock>,
    period: std::time::Duration,
    stop: &CancellationToken,
) -> anyhow::Result<Arc<ReloadableServerTls>> {
    let tls = load_tls(files, clock).context("TLS")?;
    tokio::spawn(follow_files(Arc::clone(&tls), period, stop.clone()));
    Ok(tls)
}

/// Asks a router as an anonymous client of this machine would.
pub(super) async fn check_answers(router: &Router, path: &str) -> anyhow::Result<()> {
    let request = http::Request::get(path).body(String::new())?;
    let response = router.handle(request, Arc::new(Peer::default())).await;
    if response.status() != StatusCode::OK {
        bail!("{path} answers {} instead of 200", response.status());
    }
    Ok(())
}
