//! A ZTS in this process, filled by hand.

use std::sync::Arc;

use athenz_crypto::jose::{Claims, JwkSet, UnverifiedJws};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::{KeyRing, SigningKey};
use athenz_model::names::UserDomains;
use athenz_model::wire::zms::DomainData;
use athenz_model::{Clock, ManualClock, Timestamp};
use athenz_serve::caller::{
    Authenticator, CertificateAuthority, CertificateRules, OpenPaths, PrincipalTokenAuthority, TokenSettings,
};
use athenz_serve::peer::Leaf;
use athenz_serve::{Peer, Router};
use athenz_zts::signing::Signers;
use athenz_zts::source::{Epoch, Event, TrustedDomain};
use athenz_zts::{Config, Replica, State};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;

pub(crate) const ISSUER: &str = "https://zts.example/zts/v1";
pub(crate) const NOW: &str = "2026-11-01T12:00:00.000Z";

pub(crate) struct World {
    pub(crate) state: Arc<State>,
    pub(crate) clock: Arc<ManualClock>,
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::parse(NOW).unwrap()));
        let mut config =
            Config { url: Some(ISSUER.to_owned()), hostname: "zts.example".to_owned(), ..Config::default() };
        change(&mut config);
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let ring = KeyRing::single(SigningKey::in_process("0".parse().unwrap(), key), clock.now());
        let replica = Arc::new(Replica::new(clock.clone(), None));
        let users = UserDomains::default();
        let signers = Signers::new(ring, None);
        let state =
            State::new(config, users, replica, signers, clock.clone(), Arc::new(SystemRandom)).unwrap();
        let state = Arc::new(state);
        let authenticator = Authenticator::new(vec![
            Arc::new(PrincipalTokenAuthority::new(TokenSettings::principal(), state.clone())),
            Arc::new(CertificateAuthority::new(CertificateRules::default())),
        ]);
        let open = OpenPaths::parse(&["/zts/v1/status", "/zts/v1/oauth2/token"]).unwrap();
        let authenticator = Arc::new(authenticator.with_open_paths(open));
        let mount = athenz_zts::api::mount(state.clone(), authenticator);
        let router = Router::builder(clock.clone()).mount(mount).build().unwrap();
        Self { state, clock, router }
    }

    /// A domain as ZMS would tell it, stamped now unless it says when.
    pub(crate) fn domain(&self, mut document: Value) {
        if document["modified"].is_null() {
            document["modified"] = Value::from(self.clock.now().to_string());
        }
        let event = Event::Upsert(Arc::new(trusted(document)));
        self.state.replica.apply(vec![event]);
    }

    pub(crate) async fn get(&self, caller: &str, path: &str) -> Answer {
        self.send(caller, Request::get(format!("/zts/v1{path}")).body(String::new()).unwrap()).await
    }

    pub(crate) async fn form(&self, caller: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let pair = |(name, value): &(&str, &str)| {
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{name}={value}")
        };
        let body = form.iter().map(pair).collect::<Vec<_>>().join("&");
        self.raw_form(caller, path, body).await
    }

    pub(crate) async fn raw_form(&self, caller: &str, path: &str, body: String) -> Answer {
        let request = Request::post(format!("/zts/v1{path}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(caller, request.body(body).unwrap()).await
    }

    pub(crate) async fn post(&self, caller: &str, path: &str, body: &str) -> Answer {
        let request = Request::post(format!("/zts/v1{path}")).header("content-type", "application/json");
        self.send(caller, request.body(body.to_owned()).unwrap()).await
    }

    /// Sends a request as a caller with a certificate; nobody is the empty name, and a role
    /// certificate is `domain:role.name=principal`.
    pub(crate) async fn send(&self, caller: &str, request: Request<String>) -> Answer {
        let response = self.router.handle(request, Arc::new(peer(caller))).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect_bytes().await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// The claims of a token that our own key list verifies.
    pub(crate) async fn claims(&self, token: &str) -> Claims {
        let keys = self.get("", "/oauth2/keys?rfc=true").await;
        assert_eq!(keys.status, StatusCode::OK.as_u16());
        let keys = JwkSet::parse(keys.body.to_string().as_bytes()).unwrap();
        UnverifiedJws::parse(token).unwrap().verify_with_set(&keys).unwrap().into_claims()
    }
}

pub(crate) fn trusted(document: Value) -> TrustedDomain {
    let data: DomainData = serde_json::from_value(document).unwrap();
    TrustedDomain::from_process(Arc::new(data), Epoch(1)).unwrap()
}

fn peer(caller: &str) -> Peer {
    let remote = ([192, 0, 2, 7], 4000).into();
    if caller.is_empty() {
        return Peer::anonymous(remote);
    }
    let (name, principal) = caller.split_once('=').map_or((caller, None), |(role, who)| (role, Some(who)));
    let leaf = Leaf {
        common_names: vec![name.to_owned()],
        uris: principal.iter().map(|who| format!("athenz://principal/{who}")).collect(),
        not_after: Timestamp::parse("2030-01-01T00:00:00Z").unwrap(),
        thumbprint: format!("thumbprint-of-{name}").into(),
        ..Leaf::default()
    };
    Peer::with_leaf(remote, leaf)
}
