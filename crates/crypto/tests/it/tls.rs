use std::sync::Arc;

use athenz_crypto::PrivateKey;
use athenz_crypto::random::SystemRandom;
use athenz_crypto::tls::{
    IdentityFiles, ReloadableIdentity, ReloadableServerTls, ServerIs, ServerTlsFiles, TlsError, TlsIdentity,
    client_config, install_default_provider, server_config,
};
use athenz_crypto::x509::{Authority, Certificate, ExtendedUsage, IssueRequest};
use athenz_model::{Clock, ManualClock};
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection,
};

use crate::support::{NOW, authority_of, leaf, p256};

fn clock() -> Arc<dyn Clock> {
    install_default_provider();
    Arc::new(ManualClock::new(NOW.plus_seconds(60)))
}

fn identity(authority: &Authority, name: &str) -> (TlsIdentity, Certificate, PrivateKey) {
    let key = p256();
    let certificate = authority.issue(&leaf(name, &key), &SystemRandom).unwrap();
    (TlsIdentity::new(vec![certificate.clone()], key.clone()).unwrap(), certificate, key)
}

/// A client certificate with nothing but a common name.
fn user_identity(authority: &Authority) -> TlsIdentity {
    let key = p256();
    let request =
        IssueRequest { alt_names: vec![], usages: vec![ExtendedUsage::Client], ..leaf("user.alice", &key) };
    TlsIdentity::new(vec![authority.issue(&request, &SystemRandom).unwrap()], key).unwrap()
}

/// Shakes hands in memory, and lets the client read what the server sends after it.
fn connect(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ServerConnection, ClientConnection), rustls::Error> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name)?;
    let mut server = ServerConnection::new(Arc::clone(server))?;
    for _ in 0..8 {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            server.read_tls(&mut bytes).unwrap();
            server.process_new_packets()?;
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((server, client))
}

fn peer(server: &ServerConnection) -> Option<String> {
    let chain = server.peer_certificates()?;
    Some(Certificate::from_der(&chain[0]).unwrap().subject().text())
}

struct World {
    authority: Authority,
    server: Arc<ServerConfig>,
    clock: Arc<dyn Clock>,
}

impl World {
    fn new() -> Self {
        let (clock, authority) = (clock(), authority_of(p256(), "CA"));
        let (own, ..) = identity(&authority, "sys.auth.zts");
        let server = server_config(&own, &[authority.certificate().clone()], &clock).unwrap();
        Self { authority, server, clock }
    }

    fn client(&self, identity: Option<TlsIdentity>) -> Arc<ClientConfig> {
        let identity = identity
            .map(|identity| Arc::new(ReloadableIdentity::new(identity, Arc::clone(&self.clock)).unwrap()));
        let roots = [self.authority.certificate().clone()];
        Arc::new(client_config(&roots, &ServerIs::Host, identity.as_ref(), &self.clock).unwrap())
    }
}

#[test]
fn clients_may_be_anonymous_or_vouched_for() {
    let world = World::new();
    let (server, client) = connect(&world.server, &world.client(None)).unwrap();
    assert_eq!(peer(&server), None);
    assert_eq!(client.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));

    let (server, _) = connect(&world.server, &world.client(Some(user_identity(&world.authority)))).unwrap();
    assert_eq!(peer(&server).as_deref(), Some("CN=user.alice, O=Athenz, C=US"));

    let stranger = user_identity(&authority_of(p256(), "CA"));
    assert!(
        connect(&world.server, &world.client(Some(stranger))).is_err(),
        "another authority of the same name"
    );
}

#[test]
fn tls_1_2_works_too() {
    let world = World::new();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(world.authority.certificate().der().to_vec().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let time = Arc::new(FixedTime);
    let mut old = ClientConfig::builder_with_details(provider, time)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    old.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (_, client) = connect(&world.server, &Arc::new(old)).unwrap();
    assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[derive(Debug)]
struct FixedTime;

impl rustls::time_provider::TimeProvider for FixedTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(NOW.seconds() + 60).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

#[test]
fn sessions_are_resumed_unless_a_client_has_an_identity() {
    let world = World::new();
    let kinds = |client: &Arc<ClientConfig>| {
        [0, 1].map(|_| connect(&world.server, client).unwrap().1.handshake_kind().unwrap())
    };
    assert_eq!(kinds(&world.client(None))[1], HandshakeKind::Resumed);
    let user = world.client(Some(user_identity(&world.authority)));
    assert_ne!(kinds(&user)[1], HandshakeKind::Resumed);
}

#[test]
fn expired_client_certificates_are_refused_by_our_clock() {
    let world = World::new();
    let client = world.client(Some(user_identity(&world.authority)));
    let late: Arc<dyn Clock> = Arc::new(ManualClock::new(NOW.plus_days(31)));
    let key = p256();
    let fresh = IssueRequest { not_after: NOW.plus_days(300), ..leaf("sys.auth.zts", &key) };
    let own = TlsIdentity::new(vec![world.authority.issue(&fresh, &SystemRandom).unwrap()], key).unwrap();
    let server = server_config(&own, &[world.authority.certificate().clone()], &late).unwrap();
    assert!(connect(&server, &client).is_err());
    let (expired, ..) = identity(&world.authority, "sys.auth.zts");
    assert!(matches!(server_config(&expired, &[], &late), Err(TlsError::NotValidNow { .. })));
}

#[test]
fn without_authorities_nobody_is_asked() {
    let world = World::new();
    let (own, ..) = identity(&world.authority, "sys.auth.zts");
    let server = server_config(&own, &[], &world.clock).unwrap();
    let (server, _) = connect(&server, &world.client(Some(user_identity(&world.authority)))).unwrap();
    assert_eq!(peer(&server), None);
}

#[test]
fn key_and_certificate_must_belong_together() {
    let authority = authority_of(p256(), "CA");
    let (_, certificate, _) = identity(&authority, "a.b");
    assert!(matches!(TlsIdentity::new(vec![certificate], p256()), Err(TlsError::Mismatch(_))));
    assert!(matches!(TlsIdentity::new(vec![], p256()), Err(TlsError::NoCertificate(_))));
}

#[test]
fn servers_follow_their_files_and_keep_what_works() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name);
    let authority = authority_of(p256(), "CA");
    let write = |name: &str| {
        let (_, certificate, key) = identity(&authority, name);
        std::fs::write(file("cert.pem"), certificate.to_pem() + &authority.certificate().to_pem()).unwrap();
        std::fs::write(file("key.pem"), key.to_pkcs8_pem().unwrap()).unwrap();
        certificate
    };
    std::fs::write(file("ca.pem"), authority.certificate().to_pem()).unwrap();
    let first = write("sys.auth.zts");
    let files = ServerTlsFiles {
        identity: IdentityFiles { certificate: file("cert.pem"), key: file("key.pem") },
        client_authorities: Some(file("ca.pem")),
    };
    let tls = ReloadableServerTls::new(files, clock()).unwrap();
    assert_eq!(tls.certificate(), Some(first.clone()));
    assert!(!tls.reload().unwrap(), "nothing has changed");

    std::fs::write(file("key.pem"), p256().to_pkcs8_pem().unwrap()).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch(_))));
    std::fs::write(file("cert.pem"), "rubbish").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::NoCertificate(_))));
    std::fs::remove_file(file("cert.pem")).unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.contains("cert.pem"), "names the file: {error}");
    assert_eq!(tls.certificate(), Some(first), "the old one stays");

    let before = tls.current();
    let second = write("sys.auth.zts");
    assert!(tls.reload().unwrap());
    assert_eq!(tls.certificate(), Some(second));
    assert!(!Arc::ptr_eq(&before, &tls.current()));
    std::fs::write(file("ca.pem"), authority_of(p256(), "other").certificate().to_pem()).unwrap();
    assert!(tls.reload().unwrap(), "authorities count too");
}

#[test]
fn clients_follow_their_files() {
    let place = tempfile::tempdir().unwrap();
    let file = |name: &str| place.path().join(name);
    let world = World::new();
    let write = |name: &str| {
        let (_, certificate, key) = identity(&world.authority, name);
        std::fs::write(file("cert.pem"), certificate.to_pem()).unwrap();
        std::fs::write(file("key.pem"), key.to_pkcs8_pem().unwrap()).unwrap();
    };
    write("a.one");
    let files = IdentityFiles { certificate: file("cert.pem"), key: file("key.pem") };
    let own = Arc::new(ReloadableIdentity::from_files(files, Arc::clone(&world.clock)).unwrap());
    let roots = [world.authority.certificate().clone()];
    let client = Arc::new(client_config(&roots, &ServerIs::Host, Some(&own), &world.clock).unwrap());
    let seen = || peer(&connect(&world.server, &client).unwrap().0).unwrap();
    assert_eq!(seen(), "CN=a.one, O=Athenz, C=US");
    write("a.two");
    assert_eq!(seen(), "CN=a.one, O=Athenz, C=US", "not before it is told");
    assert!(own.reload().unwrap());
    assert_eq!(seen(), "CN=a.two, O=Athenz, C=US");
    std::fs::write(file("key.pem"), "rubbish").unwrap();
    assert!(own.reload().is_err());
    assert_eq!(seen(), "CN=a.two, O=Athenz, C=US");
}
