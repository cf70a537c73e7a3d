//! ZMS in process, on a store of its own, against what the reference servers answered.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use athenz_conformance::{
    Addresses, Allowed, Answer, Exchange, Identity, Player, Recording, Report, Server, Strictness,
    TestAuthority, Transport, TransportError, play_all,
};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::ybase64;
use athenz_model::{Clock, SystemClock};
use athenz_serve::caller::{
    Authenticator, CertificateAuthority, CertificateRules, OpenPaths, PrincipalTokenAuthority, TokenSettings,
};
use athenz_serve::{Peer, Router};
use athenz_store::{Store, StoreConfig, StoreUrl};
use athenz_zms::{Config, PREFIX, Parts, SystemService, Zms, mount};
use http_body_util::Full;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Calls the router as a connection would.
struct InProcess {
    router: Arc<Router>,
}

impl Transport for InProcess {
    async fn send(&self, exchange: Exchange) -> Result<Answer, TransportError> {
        if exchange.to == Server::Zts {
            return Err(TransportError("this test has no ZTS".into()));
        }
        let remote = SocketAddr::from((Ipv4Addr::LOCALHOST, 40000));
        let peer = match &exchange.identity {
            Identity::Anonymous => Peer::anonymous(remote),
            Identity::Certificate(certificate) => {
                let chain = CertificateDer::pem_slice_iter(certificate.chain_pem.as_bytes());
                Peer::with_certificates(remote, chain.map(|der| der.unwrap().into_owned()).collect())
            }
        };
        let mut request =
            http::Request::builder().method(exchange.method.as_str()).uri(&exchange.path_and_query);
        for (name, value) in &exchange.headers {
            request = request.header(name, value);
        }
        let body = Full::new(exchange.body.unwrap_or_default().into());
        let response = self.router.handle(request.body(body).unwrap(), Arc::new(peer)).await;
        let (parts, body) = response.into_parts();
        let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(header).collect(),
            body: body.collect_bytes().await.unwrap().to_vec(),
        })
    }
}

async fn router(folder: &std::path::Path, clock: Arc<dyn Clock>) -> Arc<Router> {
    let store = StoreConfig::new(StoreUrl::Sqlite(folder.join("zms.db")));
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    let public = ybase64::encode(key.public_key().to_spki_pem().as_bytes());
    let service = |name, provider_endpoint: &str| SystemService {
        name,
        key_id: "0".into(),
        key: public.clone(),
        provider_endpoint: provider_endpoint.into(),
    };
    let parts = Parts {
        config: Config { domain_admin: vec!["user.admin".into()], ..Config::default() },
        store: Arc::new(Store::open(&store).await.unwrap()),
        clock: Arc::clone(&clock),
        key: SigningKey::in_process("0".parse().unwrap(), key),
        services: vec![
            service("zms", ""),
            service("zts", "class://com.yahoo.athenz.instance.provider.impl.InstanceZTSProvider"),
        ],
    };
    let zms = Zms::start(parts).await.unwrap();
    let authenticator = Authenticator::new(vec![
        Arc::new(PrincipalTokenAuthority::new(TokenSettings::principal(), Arc::clone(&zms) as _)),
        Arc::new(CertificateAuthority::new(CertificateRules::default())),
    ])
    .with_open_paths(OpenPaths::parse(&["/zms/v1/status", "/zms/v1/schema"]).unwrap());
    Arc::new(Router::builder(clock).mount(mount(zms, Arc::new(authenticator))).build().unwrap())
}

async fn play(recordings: Vec<Recording>) -> Report {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let folder = tempfile::tempdir().unwrap();
    let router = router(folder.path(), Arc::clone(&clock)).await;
    let authority = Arc::new(TestAuthority::make(Arc::clone(&clock)).unwrap());
    let addresses = Addresses {
        zms: format!("https://localhost:4443{PREFIX}"),
        zts: "https://localhost:8443/zts/v1".into(),
        others: Vec::new(),
    };
    let player = Arc::new(Player::new(InProcess { router }, authority, clock, addresses));
    let played = play_all(&player, recordings, 4).await;
    Report::new(&played, &Allowed::load_core().unwrap(), Strictness::Lenient)
}

/// Recordings that need no ZTS.
fn of_zms(recordings: Vec<Recording>) -> Vec<Recording> {
    recordings
        .into_iter()
        .filter(|recording| recording.steps.iter().all(|step| step.to == Server::Zms))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_as_the_reference_did() {
    let report = play(of_zms(Recording::load_core().unwrap())).await;
    assert!(report.passes(), "{report}");
}

/// Recordings in another folder: `RECORDINGS=… cargo test -p athenz-zms -- --ignored`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "plays a folder named by the environment"]
async fn answers_as_recorded_elsewhere() {
    let folder = std::env::var("RECORDINGS").unwrap();
    let recordings = Recording::load_all(folder.as_ref()).unwrap();
    let report = play(of_zms(recordings)).await;
    assert!(report.passes(), "{report}");
}
