//! The listener over real sockets: TLS, both protocols, and clients that misbehave.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::SigningKey;
use athenz_crypto::tls::{
    IdentityFiles, ReloadableIdentity, ReloadableServerTls, ServerIs, ServerTlsFiles, TlsIdentity,
    client_config,
};
use athenz_crypto::x509::{AltName, Authority as Issuer, Certificate, IssueRequest, Subject};
use athenz_model::operation::{Authentication, Method, Operation, Parameter, Place};
use athenz_model::{Clock, ManualClock, Timestamp, names::Grammar};
use athenz_serve::caller::{CertificateAuthority, CertificateRules};
use athenz_serve::limits::RequestLimits;
use athenz_serve::listener::{ListenerLimits, TlsLoadError, TlsSource, load_tls};
use athenz_serve::wire::json;
use athenz_serve::{Answer, Authenticator, Call, Mount, Router, Server};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

const BODY: &[Parameter] =
    &[Parameter { name: "body", of: "Any", grammar: Grammar::Any, place: Place::Body }];

const OPERATIONS: &[Operation] = &[
    operation("who", Method::Get, "/who", &[]),
    operation("wait", Method::Get, "/wait", &[]),
    operation("put", Method::Put, "/put", BODY),
    operation("big", Method::Get, "/big", &[]),
];

const fn operation(
    id: &'static str,
    method: Method,
    path: &'static str,
    parameters: &'static [Parameter],
) -> Operation {
    Operation { id, method, path, authentication: Authentication::Authenticate, parameters }
}

/// Lets a test see that a handler has begun, and lets it end.
struct Gate {
    begun: Notify,
    end: Semaphore,
}

async fn who(_: Arc<Gate>, call: Call) -> Answer {
    json(&json!({ "caller": &*call.caller()?.full_name, "port": call.peer.remote.port() }))
}

async fn wait(gate: Arc<Gate>, _: Call) -> Answer {
    gate.begun.notify_one();
    gate.end.acquire().await.unwrap().forget();
    json(&json!({ "waited": true }))
}

async fn put(_: Arc<Gate>, call: Call) -> Answer {
    json(&json!({ "bytes": call.body.len() }))
}

async fn big(_: Arc<Gate>, _: Call) -> Answer {
    Ok(athenz_serve::wire::json_bytes(vec![b' '; 32 << 20]))
}

/// An authority and what it issues.
struct Pki {
    issuer: Issuer,
    clock: Arc<dyn Clock>,
}

impl Pki {
    fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let key =
            SigningKey::in_process("ca".parse().unwrap(), PrivateKey::generate_ec(Curve::P256).unwrap());
        let issuer =
            Issuer::self_signed(key, &Subject::common_name("test ca"), clock.now(), 30, &SystemRandom);
        Self { issuer: issuer.unwrap(), clock }
    }

    fn identity(&self, common_name: &str, names: Vec<AltName>) -> (Certificate, PrivateKey) {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let request = IssueRequest {
            subject: Subject::common_name(common_name),
            alt_names: names,
            not_before: self.clock.now(),
            not_after: self.clock.now().plus_days(1),
            usages: Vec::new(),
            public_key: key.public_key().clone(),
        };
        (self.issuer.issue(&request, &SystemRandom).unwrap(), key)
    }

    fn server_files(&self, folder: &Path) -> ServerTlsFiles {
        let (certificate, key) = self.identity("server", vec![AltName::Dns("localhost".into())]);
        let files = ServerTlsFiles {
            identity: IdentityFiles {
                certificate: folder.join("server.crt"),
                key: folder.join("server.key"),
            },
            client_authorities: Some(folder.join("ca.crt")),
        };
        std::fs::write(&files.identity.certificate, certificate.to_pem()).unwrap();
        std::fs::write(&files.identity.key, key.to_pkcs8_pem().unwrap().as_bytes()).unwrap();
        std::fs::set_permissions(&files.identity.key, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(folder.join("ca.crt"), self.issuer.certificate().to_pem()).unwrap();
        files
    }

    fn client(&self, common_name: Option<&str>, protocol: &[u8]) -> TlsConnector {
        let identity = common_name.map(|name| {
            let (certificate, key) = self.identity(name, Vec::new());
            let identity = TlsIdentity::new(vec![certificate], key).unwrap();
            Arc::new(ReloadableIdentity::new(identity, Arc::clone(&self.clock)).unwrap())
        });
        let authorities = [self.issuer.certificate().clone()];
        let mut config =
            client_config(&authorities, &ServerIs::Host, identity.as_ref(), &self.clock).unwrap();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    }
}

struct Running {
    pki: Pki,
    address: SocketAddr,
    gate: Arc<Gate>,
    router: Arc<Router>,
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn quick() -> ListenerLimits {
    ListenerLimits {
        handshake_timeout: Duration::from_millis(200),
        header_timeout: Duration::from_millis(200),
        write_timeout: Duration::from_millis(200),
        drain: Duration::from_millis(200),
        ..ListenerLimits::default()
    }
}

async fn start(limits: ListenerLimits) -> Running {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let tls = load_tls(pki.server_files(folder.path()), Arc::clone(&pki.clock)).unwrap();
    let gate = Arc::new(Gate { begun: Notify::new(), end: Semaphore::new(0) });
    let certificates = CertificateAuthority::new(CertificateRules::default());
    let mount = Mount::new("/v1", OPERATIONS, Arc::clone(&gate))
        .authenticator(Arc::new(Authenticator::new(vec![Arc::new(certificates)])))
        .handle("who", who)
        .handle("wait", wait)
        .handle("put", put)
        .handle("big", big);
    let limits_of_requests = RequestLimits { body: 1024, ..RequestLimits::default() };
    let router =
        Router::builder(Arc::clone(&pki.clock)).limits(limits_of_requests).mount(mount).build().unwrap();
    let router = Arc::new(router);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = Server::new(tls, Arc::clone(&router)).with_limits(limits);
    let ended = tokio::spawn(server.run(listener, shutdown.clone()));
    Running { pki, address, gate, router, shutdown, ended, _folder: folder }
}

impl Running {
    async fn connect(&self, connector: &TlsConnector) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        connector.connect("localhost".try_into().unwrap(), stream).await
    }

    async fn jane(&self) -> TlsStream<TcpStream> {
        self.connect(&self.pki.client(Some("user.jane"), b"http/1.1")).await.unwrap()
    }

    /// Sends a text and reads until the server closes.
    async fn exchange(&self, text: &str) -> String {
        let mut stream = self.jane().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }
}

async fn read_all(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    // a server that closes without TLS's goodbye is an error here, and what came before counts
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads one answer whose body ends with a brace.
async fn read_answer(stream: &mut TlsStream<TcpStream>) -> String {
    let mut text = String::new();
    let mut part = [0; 1024];
    while !text.ends_with('}') {
        let count = stream.read(&mut part).await.unwrap();
        assert_ne!(count, 0, "closed after {text}");
        text.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    text
}

const WHO: &str = "GET /v1/who HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test]
async fn a_client_certificate_is_the_caller_on_a_kept_connection() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = server.jane().await;
    let port = stream.get_ref().0.local_addr().unwrap().port();
    for _ in 0..2 {
        stream.write_all(WHO.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with(&format!("{{\"caller\":\"user.jane\",\"port\":{port}}}")), "{answer}");
    }
}

#[tokio::test]
async fn without_a_certificate_a_caller_is_nobody() {
    let server = start(ListenerLimits::default()).await;
    let mut stream = server.connect(&server.pki.client(None, b"http/1.1")).await.unwrap();
    stream.write_all(WHO.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("www-authenticate: AthenzX509Certificate realm=\"athenz\""), "{answer}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_gets_no_session() {
    let server = start(ListenerLimits::default()).await;
    let other = Pki::new();
    let (certificate, key) = other.identity("user.jane", Vec::new());
    let identity = TlsIdentity::new(vec![certificate], key).unwrap();
    let identity = Arc::new(ReloadableIdentity::new(identity, Arc::clone(&other.clock)).unwrap());
    let authorities = [server.pki.issuer.certificate().clone()];
    let config = client_config(&authorities, &ServerIs::Host, Some(&identity), &server.pki.clock).unwrap();
    let outcome = async {
        let mut stream = server.connect(&TlsConnector::from(Arc::new(config))).await?;
        stream.write_all(WHO.as_bytes()).await?;
        stream.read_u8().await
    };
    assert!(outcome.await.is_err());
    server.shutdown.cancel();
    server.ended.await.unwrap();
    assert!(server.router.metrics().text().contains("athenz_tls_handshake_failures_total 1"));
}

#[tokio::test]
async fn http2_streams_share_a_connection() {
    let server = start(ListenerLimits::default()).await;
    let stream = server.connect(&server.pki.client(Some("user.jane"), b"h2")).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let mut send = |path: &str| {
        let request = http::Request::get(format!("https://localhost{path}")).body(Full::<Bytes>::default());
        sender.send_request(request.unwrap())
    };
    let slow = send("/v1/wait");
    let quick = send("/v1/who");
    let answer = quick.await.unwrap();
    assert_eq!(answer.status(), 200);
    server.gate.end.add_permits(1);
    let waited = slow.await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert_eq!(waited, "{\"waited\":true}");
    drop(sender);
    driver.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_says_nothing_is_hung_up_on() {
    let server = start(quick()).await;
    // no TLS at all
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);
    // TLS, but half a header
    let mut slow = server.jane().await;
    slow.write_all(b"GET /v1/who HTTP/1.1\r\nhost:").await.unwrap();
    let answer = read_all(&mut slow).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    // TLS, and no request
    let mut idle = server.jane().await;
    assert_eq!(read_all(&mut idle).await, "");
}

#[tokio::test]
async fn no_tls_no_answer() {
    let server = start(quick()).await;
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(WHO.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes).await;
    assert!(!String::from_utf8_lossy(&bytes).contains("HTTP"), "{bytes:?}");
    assert!(
        server
            .exchange(&WHO.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"))
            .await
            .contains("user.jane")
    );
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_request_harms_nobody() {
    let server = start(quick()).await;
    let mut leaving = server.jane().await;
    leaving.write_all(b"PUT /v1/put HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    leaving.shutdown().await.unwrap();
    let answer = read_all(&mut leaving).await;
    assert!(!answer.contains("200"), "{answer}");
    let mut resetting = server.jane().await;
    resetting.write_all(&WHO.as_bytes()[..10]).await.unwrap();
    drop(resetting);
    let mut stream = server.jane().await;
    stream.write_all(WHO.as_bytes()).await.unwrap();
    assert!(read_answer(&mut stream).await.contains("user.jane"));
}

#[tokio::test]
async fn headers_are_bounded() {
    let server = start(ListenerLimits::default()).await;
    for (what, request) in [
        ("a long header", format!("GET /v1/who HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(20_000))),
        ("a long path", format!("GET /v1/{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(20_000))),
        ("many headers", format!("GET /v1/who HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(200))),
    ] {
        let answer = server.exchange(&request).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{what}: {answer}");
    }
    let long =
        format!("GET /v1/who HTTP/1.1\r\nhost: x\r\nconnection: close\r\nlong: {}\r\n\r\n", "x".repeat(8000));
    assert!(server.exchange(&long).await.starts_with("HTTP/1.1 200"), "8 KiB are allowed");
}

#[tokio::test]
async fn bodies_are_bounded_before_they_are_read() {
    let server = start(ListenerLimits::default()).await;
    let head = "PUT /v1/put HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let announced = server.exchange(&format!("{head}content-length: 1000000000\r\n\r\n")).await;
    assert!(announced.starts_with("HTTP/1.1 413"), "{announced}");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let chunked =
        server.exchange(&format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n")).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    let fitting = server.exchange(&format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}0\r\n\r\n")).await;
    assert!(fitting.contains("{\"bytes\":1024}"), "{fitting}");
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_cost_the_connection() {
    let server = start(ListenerLimits::default()).await;
    let body = "x".repeat(2000);
    for (what, head, status) in [
        ("another method", "POST /v1/who HTTP/1.1\r\nhost: x\r\n", "HTTP/1.1 405"),
        ("another type", "PUT /v1/put HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\n", "HTTP/1.1 415"),
        ("no body wanted", "GET /v1/who HTTP/1.1\r\nhost: x\r\n", "HTTP/1.1 200"),
        (
            "too large",
            "PUT /v1/put HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n",
            "HTTP/1.1 413",
        ),
    ] {
        let mut stream = server.jane().await;
        // the body arrives after the head, as clients send it
        stream.write_all(format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.write_all(WHO.replace("host: x", "host: x\r\nconnection: close").as_bytes()).await.unwrap();
        let both = read_all(&mut stream).await;
        assert!(both.starts_with(status), "{what}: {both}");
        assert!(both.ends_with('}') && both.contains("user.jane"), "{what}: the next request: {both}");
    }
    let mut stream = server.jane().await;
    let long = "POST /v1/who HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n";
    stream.write_all(long.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "it is said: {answer}");
}

#[tokio::test]
async fn a_request_cannot_hide_another() {
    let server = start(quick()).await;
    let head = "PUT /v1/put HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    for (what, headers) in [
        ("two lengths", "content-length: 5\r\ncontent-length: 6\r\n"),
        ("length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n"),
        ("unknown coding", "transfer-encoding: xchunked\r\n"),
        ("chunks not last", "transfer-encoding: chunked, identity\r\n"),
        ("signed length", "content-length: +5\r\n"),
        ("space before colon", "content-length : 5\r\n"),
    ] {
        let answer = server
            .exchange(&format!("{head}{headers}\r\n0\r\n\r\nGET /v1/who HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        assert!(!answer.contains("user.jane"), "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_given_up() {
    let server = start(quick()).await;
    let mut stream = server.jane().await;
    stream.write_all(b"GET /v1/big HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // the gauge falls when the server has closed the connection; until then nothing is read here
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if server.router.metrics().text().contains("athenz_connections 0") {
            return;
        }
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn a_client_that_opens_no_window_is_given_up() {
    let server = start(quick()).await;
    let stream = server.connect(&server.pki.client(Some("user.jane"), b"h2")).await.unwrap();
    let handshake = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(0)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let driver = tokio::spawn(connection);
    let request = http::Request::get("https://localhost/v1/who").body(Full::<Bytes>::default());
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200, "there is no window for the body alone");
    let ended = tokio::time::timeout(Duration::from_secs(10), driver).await;
    ended.expect("the server ends the connection").unwrap().unwrap_err();
}

#[tokio::test]
async fn a_drain_ends_what_runs_and_begins_nothing() {
    let server = start(ListenerLimits::default()).await;
    let mut busy = server.jane().await;
    let mut idle = server.jane().await;
    busy.write_all(b"GET /v1/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.gate.begun.notified().await;
    server.shutdown.cancel();
    assert_eq!(read_all(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody new is let in");
    server.gate.end.add_permits(1);
    assert!(read_all(&mut busy).await.contains("{\"waited\":true}"), "what runs is answered");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_drain_has_an_end() {
    let server = start(quick()).await;
    let mut busy = server.jane().await;
    busy.write_all(b"GET /v1/wait HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.gate.begun.notified().await;
    server.shutdown.cancel();
    server.ended.await.unwrap();
    assert_eq!(read_all(&mut busy).await, "");
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let limits = ListenerLimits { idle_timeout: Duration::from_millis(100), ..ListenerLimits::default() };
    let server = start(limits).await;
    let mut stream = server.connect(&server.pki.client(Some("user.jane"), b"h2")).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // GOAWAY, then the end
    read_all(&mut stream).await;
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let server = start(ListenerLimits { connections: 1, ..ListenerLimits::default() }).await;
    let first = server.jane().await;
    let connector = server.pki.client(Some("user.joe"), b"http/1.1");
    let mut second = std::pin::pin!(server.connect(&connector));
    let early = tokio::time::timeout(Duration::from_millis(100), second.as_mut()).await;
    assert!(early.is_err(), "the second waits");
    drop(first);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn tls_files_are_followed() {
    let pki = Pki::new();
    let folder = tempfile::tempdir().unwrap();
    let files = pki.server_files(folder.path());
    let tls = load_tls(files.clone(), Arc::clone(&pki.clock)).unwrap();
    let (before, serial) = (tls.server_config(), tls.certificate().unwrap().serial_hex());
    pki.server_files(folder.path());
    let shutdown = CancellationToken::new();
    let follower =
        athenz_serve::listener::follow_files(Arc::clone(&tls), Duration::from_millis(10), shutdown.clone());
    let follower = tokio::spawn(follower);
    for _ in 0..500 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if !Arc::ptr_eq(&before, &tls.server_config()) {
            break;
        }
    }
    let serial_of = |tls: &ReloadableServerTls| tls.certificate().unwrap().serial_hex();
    let followed = serial_of(&tls);
    assert_ne!(followed, serial);
    shutdown.cancel();
    follower.await.unwrap();

    let shutdown = CancellationToken::new();
    pki.server_files(folder.path());
    std::fs::set_permissions(&files.identity.key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let looks = athenz_serve::listener::follow_files(Arc::clone(&tls), Duration::ZERO, shutdown.clone());
    let _ = tokio::time::timeout(Duration::from_millis(300), looks).await;
    assert_eq!(serial_of(&tls), followed, "a key that the next start would refuse is not taken");
    assert!(matches!(load_tls(files, pki.clock), Err(TlsLoadError::KeyFile(_))));
}
