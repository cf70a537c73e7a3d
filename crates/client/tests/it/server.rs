//! A TLS server whose answers a test writes, and the certificates it needs.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use athenz_client::{Egress, HttpClient, HttpOptions, Identity, Limits, Trust};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::{KeyId, SigningKey};
use athenz_crypto::x509::{AltName, Authority, Certificate, ExtendedUsage, IssueRequest, Subject};
use athenz_model::{Clock, ManualClock, Timestamp};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::Url;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A request as the server saw it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: String,
    /// Common name of the client's certificate.
    pub(crate) caller: Option<String>,
}

pub(crate) type Answer = hyper::Response<Full<Bytes>>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Handler = Arc<dyn Fn(Seen) -> Answering + Send + Sync>;

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    hyper::Response::builder().status(status).body(Full::from(body.to_owned())).unwrap()
}

/// An authority, a clock, and a server that logs what it is asked.
pub(crate) struct Server {
    pub(crate) authority: Authority,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that answers at once.
    pub(crate) async fn start(handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let handler = Arc::new(handler);
        Self::start_async(move |seen| {
            let handler = Arc::clone(&handler);
            Box::pin(async move { handler(&seen) })
        })
        .await
    }

    pub(crate) async fn start_async(handler: impl Fn(Seen) -> Answering + Send + Sync + 'static) -> Self {
        let authority = authority();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url =
            Url::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&authority)));
        tokio::spawn(accept(listener, acceptor, Arc::new(handler), Arc::clone(&seen)));
        Self { authority, clock: Arc::new(ManualClock::new(NOW)), url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    /// Options of a client that trusts and reaches this server.
    pub(crate) fn options(&self) -> HttpOptions {
        HttpOptions {
            egress: Egress::nothing().with_server(&self.url),
            trust: Trust::Authorities(vec![self.authority.certificate().clone()]),
            limits: Limits { body_bytes: 1000, ..Limits::default() },
            clock: self.clock(),
            ..HttpOptions::default()
        }
    }

    pub(crate) fn http(&self) -> HttpClient {
        HttpClient::new(self.options()).unwrap()
    }

    pub(crate) fn identity(&self, name: &str) -> (String, String) {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let certificate = issue(&self.authority, name, &key, vec![], ExtendedUsage::Client);
        (certificate.to_pem(), key.to_pkcs8_pem().unwrap().to_string())
    }

    pub(crate) fn http_as(&self, name: &str) -> HttpClient {
        let (certificate, key) = self.identity(name);
        let identity = Identity::from_pem(&certificate, &key, self.clock()).unwrap();
        HttpClient::new(HttpOptions { identity: Some(identity), ..self.options() }).unwrap()
    }
}

fn authority() -> Authority {
    let key =
        SigningKey::in_process("ca".parse::<KeyId>().unwrap(), PrivateKey::generate_ec(Curve::P256).unwrap());
    Authority::self_signed(key, &Subject::common_name("Test CA"), NOW.plus_days(-1), 365, &SystemRandom)
        .unwrap()
}

fn issue(
    authority: &Authority,
    name: &str,
    key: &PrivateKey,
    alt_names: Vec<AltName>,
    usage: ExtendedUsage,
) -> Certificate {
    let request = IssueRequest {
        subject: Subject::common_name(name),
        alt_names,
        not_before: NOW.plus_days(-1),
        not_after: NOW.plus_days(30),
        usages: vec![usage],
        public_key: key.public_key().clone(),
    };
    authority.issue(&request, &SystemRandom).unwrap()
}

fn server_config(authority: &Authority) -> ServerConfig {
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    let names = vec![AltName::Dns("localhost".to_owned()), AltName::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST))];
    let certificate = issue(authority, "infra.provider", &key, names, ExtendedUsage::Server);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate().der().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    // the certificates are of the clock of the test, which the server does not have
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let time = Arc::new(FixedTime);
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(key.to_pkcs8_der().unwrap().to_vec().into());
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[derive(Debug)]
struct FixedTime;

impl rustls::time_provider::TimeProvider for FixedTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(NOW.seconds()).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, handler: Handler, seen: Arc<Mutex<Vec<Seen>>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, handler, seen) = (acceptor.clone(), Arc::clone(&handler), Arc::clone(&seen));
        tokio::spawn(async move {
            // a client that does not trust the server hangs up
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let caller = caller(&stream);
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let (handler, seen, caller) = (Arc::clone(&handler), Arc::clone(&seen), caller.clone());
                async move {
                    let request = read(request, caller).await;
                    seen.lock().unwrap().push(request.clone());
                    Ok::<_, Infallible>(handler(request).await)
                }
            });
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn caller(stream: &tokio_rustls::server::TlsStream<tokio::net::TcpStream>) -> Option<String> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    Certificate::from_der(certificate).ok()?.common_name().map(str::to_owned)
}

async fn read(request: hyper::Request<Incoming>, caller: Option<String>) -> Seen {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        caller,
    }
}
