//! The part of a configuration file that every server has: where it listens, with which files,
//! and its limits.
//!
//! ```toml
//! [server]
//! address = "[::]:4443"
//! certificate = "/etc/athenz/server.crt"
//! key = "/etc/athenz/server.key"
//! client_authorities = "/etc/athenz/ca.crt"
//! trusted_proxies = ["10.0.0.0/8"]
//! limits.body = "16MiB"
//! ```

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use athenz_crypto::tls::{IdentityFiles, ServerTlsFiles};
use serde::{Deserialize, Deserializer};

use crate::access_log::AccessLog;
use crate::config::{ByteSize, Period};
use crate::limits::{RequestLimits, TokenBuckets};
use crate::listener::ListenerLimits;
use crate::remote::{Network, TrustedProxies};

/// A server as its configuration file has it.
#[derive(Clone, Debug, Deserialize)]
pub struct ServerSettings {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate and those that issued it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM, readable by its owner only.
    pub key: PathBuf,
    /// The authorities of clients' certificates, PEM; without it nobody is asked for one.
    #[serde(default)]
    pub client_authorities: Option<PathBuf>,
    /// How often the files are looked at.
    #[serde(default = "reload")]
    pub reload: Period,
    /// Where `/livez`, `/readyz` and `/metrics` are; nowhere when not set.
    #[serde(default)]
    pub operator_address: Option<SocketAddr>,
    /// The access log: a file, or `-` for standard output; none when not set.
    #[serde(default)]
    pub access_log: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub trusted_proxies: Vec<ProxyNetwork>,
    /// Limits.
    #[serde(default)]
    pub limits: LimitSettings,
}

/// A [`Network`] in a configuration file.
#[derive(Clone, Copy, Debug)]
pub struct ProxyNetwork(pub Network);

impl<'de> Deserialize<'de> for ProxyNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

const fn reload() -> Period {
    Period(Duration::from_secs(10))
}

/// Limits as a configuration file has them; what is not set is as [`RequestLimits::default`] and
/// [`ListenerLimits::default`] have it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LimitSettings {
    /// The most bytes of a body.
    pub body: Option<ByteSize>,
    /// The most bytes of a body of somebody who is not authenticated.
    pub anonymous_body: Option<ByteSize>,
    /// The most bytes of all bodies in memory.
    pub body_memory: Option<ByteSize>,
    /// The time a body may take to arrive.
    pub body_timeout: Option<Period>,
    /// The time a request may take.
    pub request_timeout: Option<Period>,
    /// The most requests worked on at once.
    pub concurrency: Option<usize>,
    /// Requests a second that each caller may keep up; unlimited when not set.
    pub rate: Option<u32>,
    /// Requests that each caller may send at once when there is a rate.
    pub burst: Option<u32>,
    /// The most connections.
    pub connections: Option<usize>,
    /// The most connections of one address.
    pub connections_per_address: Option<usize>,
    /// The time a TLS handshake may take.
    pub handshake_timeout: Option<Period>,
    /// The time headers may take, and a kept connection may wait for them.
    pub header_timeout: Option<Period>,
    /// The time a connection may stay without a request.
    pub idle_timeout: Option<Period>,
    /// The time a client may leave our bytes unread.
    pub write_timeout: Option<Period>,
    /// The most bytes of request line and headers.
    pub header_bytes: Option<ByteSize>,
    /// The time that running requests get when the process ends.
    pub drain: Option<Period>,
}

impl ServerSettings {
    /// The TLS files.
    pub fn tls_files(&self) -> ServerTlsFiles {
        ServerTlsFiles {
            identity: IdentityFiles { certificate: self.certificate.clone(), key: self.key.clone() },
            client_authorities: self.client_authorities.clone(),
        }
    }

    /// Opens the access log, if there is one.
    ///
    /// # Errors
    /// Its file cannot be opened.
    pub fn open_access_log(&self) -> io::Result<Option<AccessLog>> {
        match &self.access_log {
            None => Ok(None),
            Some(path) if path.as_os_str() == "-" => AccessLog::writer(io::stdout()).map(Some),
            Some(path) => AccessLog::file(path).map(Some),
        }
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxies.iter().map(|proxy| proxy.0).collect())
    }
}

impl LimitSettings {
    /// The limits of a router.
    pub fn requests(&self) -> RequestLimits {
        let default = RequestLimits::default();
        let rate = self.rate.map(|per_second| {
            let burst = self.burst.unwrap_or_else(|| per_second.saturating_mul(2));
            Arc::new(TokenBuckets::new(per_second, burst)) as _
        });
        RequestLimits {
            body: bytes(self.body, default.body),
            anonymous_body: bytes(self.anonymous_body, default.anonymous_body),
            body_memory: bytes(self.body_memory, default.body_memory),
            body_timeout: time(self.body_timeout, default.body_timeout),
            request_timeout: time(self.request_timeout, default.request_timeout),
            concurrency: self.concurrency.unwrap_or(default.concurrency),
            rate,
        }
    }

    /// The limits of a listener.
    pub fn listener(&self) -> ListenerLimits {
        let default = ListenerLimits::default();
        ListenerLimits {
            connections: self.connections.unwrap_or(default.connections),
            connections_per_address: self.connections_per_address.or(default.connections_per_address),
            handshake_timeout: time(self.handshake_timeout, default.handshake_timeout),
            header_timeout: time(self.header_timeout, default.header_timeout),
            idle_timeout: time(self.idle_timeout, default.idle_timeout),
            write_timeout: time(self.write_timeout, default.write_timeout),
            header_bytes: bytes(self.header_bytes, default.header_bytes),
            drain: time(self.drain, default.drain),
            ..default
        }
    }
}

fn bytes(size: Option<ByteSize>, default: usize) -> usize {
    size.map_or(default, |size| usize::try_from(size.0).unwrap_or(usize::MAX))
}

fn time(period: Option<Period>, default: Duration) -> Duration {
    period.map_or(default, |period| period.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const TEXT: &str =
        "address = '[::]:4443'\ncertificate = 'c'\nkey = 'k'\ntrusted_proxies = ['10.0.0.0/8']\n";

    #[test]
    fn what_is_not_set_is_as_built_in() {
        let text = format!("{TEXT}limits = {{ body = '1KiB', drain = '5s', rate = 10 }}");
        let settings: ServerSettings = Config::from_text(&text).unwrap().read().unwrap();
        let (requests, listener) = (settings.limits.requests(), settings.limits.listener());
        assert_eq!((requests.body, listener.drain), (1024, Duration::from_secs(5)));
        assert!(requests.rate.is_some());
        assert_eq!(listener.header_bytes, ListenerLimits::default().header_bytes);
        assert_eq!(requests.request_timeout, RequestLimits::default().request_timeout);
        assert_eq!(settings.reload.0, Duration::from_secs(10));
    }

    #[test]
    fn mistakes_name_their_key() {
        for (more, message) in [
            ("limits = { boddy = '1KiB' }", "unknown key `limits.boddy`; did you mean `body`?"),
            ("limits = { drain = 5 }", "`limits.drain`: invalid type: integer `5`"),
            ("certificates = 'x'", "unknown key `certificates`; did you mean `certificate`?"),
        ] {
            let text = format!("{TEXT}{more}");
            let error = Config::from_text(&text).and_then(Config::read::<ServerSettings>).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        let text = TEXT.replace("10.0.0.0/8", "ten");
        let error = Config::from_text(&text).and_then(Config::read::<ServerSettings>).unwrap_err();
        assert!(error.to_string().contains("`trusted_proxies[0]`: `ten` is no address"), "{error}");
    }
}
