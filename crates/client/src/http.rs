//! The one guarded HTTP client: TLS, no redirects, bounded answers, bounded time, and only to
//! addresses that the [`Egress`] rules admit.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use athenz_crypto::tls::{ServerIs, client_config};
use athenz_model::{Clock, SystemClock};
use reqwest::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url, redirect};

use crate::egress::{Egress, EgressError, GuardedResolver};
use crate::identity::Identity;
use crate::tls::{SetupError, Trust};

/// How often the files of the identity are looked at, in milliseconds.
const RELOAD_MILLIS: i64 = 10_000;

/// Bytes of the headers of an answer over HTTP/2.
const HEADERS_MAX: u32 = 64 << 10;

/// What a call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body of an answer, in bytes.
    pub body_bytes: usize,
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the last byte of the answer is there.
    pub total: Duration,
}

impl Default for Limits {
    /// 16 MiB, 10 s to connect, 30 s in all.
    fn default() -> Self {
        Self { body_bytes: 16 << 20, connect: Duration::from_secs(10), total: Duration::from_secs(30) }
    }
}

impl Limits {
    /// What replication may cost: one answer can hold everything that a large domain has.
    #[must_use]
    pub const fn of_replication() -> Self {
        Self { body_bytes: 256 << 20, connect: Duration::from_secs(10), total: Duration::from_secs(300) }
    }
}

/// How a client is made.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where it may connect to.
    pub egress: Egress,
    /// Whom it trusts to be a server.
    pub trust: Trust,
    /// By what the server is known.
    pub server: ServerIs,
    /// Who it is, where it shows a certificate.
    pub identity: Option<Arc<Identity>>,
    /// What a call may cost.
    pub limits: Limits,
    /// Value of the `User-Agent` header.
    pub user_agent: String,
    /// Judges the servers' certificates, and when to look at the files of the identity again.
    pub clock: Arc<dyn Clock>,
}

impl Default for HttpOptions {
    /// No host at all, the system's authorities, no identity.
    fn default() -> Self {
        Self {
            egress: Egress::nothing(),
            trust: Trust::System,
            server: ServerIs::Host,
            identity: None,
            limits: Limits::default(),
            user_agent: concat!("athenz/", env!("CARGO_PKG_VERSION")).to_owned(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The rules forbid the call.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The answer is larger than the limit.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Who answered.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// Not in time.
    #[error("{host} did not answer in time; try again, or check that it is running")]
    Timeout {
        /// Who was asked.
        host: String,
    },
    /// No connection.
    #[error("cannot connect to {host}: {why}; check the URL, and that the server is running")]
    Connect {
        /// Who was asked.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// The exchange broke off.
    #[error("the exchange with {host} failed: {why}")]
    Broken {
        /// Who was asked.
        host: String,
        /// What went wrong.
        why: String,
    },
    /// A path that does not stay below the server's URL, or has to be escaped.
    #[error("`{0}` is no path of an operation")]
    Path(String),
    /// A header that cannot be sent.
    #[error("the value of the header {0} cannot be sent")]
    Header(&'static str),
    /// The client cannot be made anew with a changed identity.
    #[error(transparent)]
    Setup(#[from] Arc<SetupError>),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: None }
    }

    /// Adds a header.
    ///
    /// # Errors
    /// The value holds control characters.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, HttpError> {
        let value = HeaderValue::from_str(value).map_err(|_| HttpError::Header(name))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Adds a body.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Some(body);
        self
    }
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, within the limit.
    pub body: Vec<u8>,
}

impl Answer {
    /// The `ETag`, with its quotes.
    pub fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok()
    }
}

/// The client; clones share its connections.
#[derive(Clone)]
pub struct HttpClient(Arc<Shared>);

struct Shared {
    options: HttpOptions,
    egress: Arc<Egress>,
    connections: ArcSwap<Connections>,
    next_look: AtomicI64,
}

/// Connections that began under one certificate. A resolver is not told the port, so that hosts
/// reached at a port the rules name have connections of their own.
struct Connections {
    named: reqwest::Client,
    other: reqwest::Client,
    thumbprint: Option<String>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpClient").field(&self.0.options).finish()
    }
}

impl HttpClient {
    /// A client with these options.
    ///
    /// # Errors
    /// The authorities cannot be used.
    pub fn new(options: HttpOptions) -> Result<Self, SetupError> {
        let egress = Arc::new(options.egress.clone());
        let connections = ArcSwap::from_pointee(Connections::new(&options, &egress)?);
        let next_look = AtomicI64::new(options.clock.now().millis().saturating_add(RELOAD_MILLIS));
        Ok(Self(Arc::new(Shared { options, egress, connections, next_look })))
    }

    /// The identity that calls are made with.
    pub fn identity(&self) -> Option<&Arc<Identity>> {
        self.0.options.identity.as_ref()
    }

    /// Sends a request and reads the whole answer. A redirect is an answer like any other.
    ///
    /// # Errors
    /// The call is not allowed, fails, or costs more than the limits.
    pub async fn send(&self, request: Request) -> Result<Answer, HttpError> {
        self.0.egress.check(&request.url)?;
        self.follow_identity()?;
        let host = host_of(&request.url);
        let connections = self.0.connections.load_full();
        let named = self.0.egress.names_server_of(&request.url);
        let client = if named { &connections.named } else { &connections.other };
        let mut call = client.request(request.method, request.url).headers(request.headers);
        if let Some(body) = request.body {
            call = call.body(body);
        }
        let response = call.send().await.map_err(|error| failure(&host, &error))?;
        self.read(&host, response).await
    }

    async fn read(&self, host: &str, mut response: reqwest::Response) -> Result<Answer, HttpError> {
        let limit = self.0.options.limits.body_bytes;
        let too_large = || HttpError::TooLarge { host: host.to_owned(), limit };
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).map_or(true, |length| length > limit) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(host, &error))? {
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status(), headers: response.headers().clone(), body })
    }

    /// A connection that stands goes on under the certificate it began with, so all are made anew
    /// when the certificate changes, whichever client of the identity has seen that first.
    fn follow_identity(&self) -> Result<(), HttpError> {
        let Some(identity) = self.identity() else { return Ok(()) };
        let now = self.0.options.clock.now().millis();
        if now < self.0.next_look.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.0.next_look.store(now.saturating_add(RELOAD_MILLIS), Ordering::Relaxed);
        let reloaded = identity.reload().unwrap_or_else(|error| {
            tracing::warn!(%error, "the changed identity cannot be used; the one before stays");
            false
        });
        if reloaded || identity.thumbprint() != self.0.connections.load().thumbprint {
            let anew = Connections::new(&self.0.options, &self.0.egress).map_err(Arc::new)?;
            self.0.connections.store(Arc::new(anew));
        }
        Ok(())
    }
}

impl Connections {
    fn new(options: &HttpOptions, egress: &Arc<Egress>) -> Result<Self, SetupError> {
        let identity = options.identity.as_ref();
        // before the certificate is used: one that comes in between is noticed at the next look
        let thumbprint = identity.and_then(|identity| identity.thumbprint());
        let identity = identity.map(|identity| identity.tls());
        let tls = client_config(&options.trust.authorities()?, &options.server, identity, &options.clock)?;
        let client =
            |named| client(options, tls.clone(), GuardedResolver { rules: Arc::clone(egress), named });
        Ok(Self { named: client(true)?, other: client(false)?, thumbprint })
    }
}

fn client(
    options: &HttpOptions,
    tls: impl std::any::Any,
    resolver: GuardedResolver,
) -> Result<reqwest::Client, SetupError> {
    #[expect(clippy::disallowed_methods, reason = "this is the guarded client")]
    let builder = reqwest::Client::builder();
    Ok(builder
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(options.limits.connect)
        .timeout(options.limits.total)
        .http2_max_header_list_size(HEADERS_MAX)
        .user_agent(&options.user_agent)
        .build()?)
}

fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        _ => url.to_string(),
    }
}

fn failure(host: &str, error: &reqwest::Error) -> HttpError {
    let host = host.to_owned();
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut why = error.to_string();
    while let Some(inner) = cause {
        if let Some(refused) = inner.downcast_ref::<EgressError>() {
            return HttpError::Egress(refused.clone());
        }
        why = inner.to_string();
        cause = inner.source();
    }
    if error.is_timeout() {
        HttpError::Timeout { host }
    } else if error.is_connect() {
        HttpError::Connect { host, why }
    } else {
        HttpError::Broken { host, why }
    }
}
