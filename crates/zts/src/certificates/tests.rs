//! The calls of certificates through the router, on a fake clock.

mod odd_requests;
mod remote;

use std::sync::Arc;

use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::ntoken::NewPrincipalToken;
use athenz_crypto::random::SystemRandom;
use athenz_crypto::ring::{KeyRing, SigningKey};
use athenz_crypto::x509::{self, Authority, Certificate, CsrBuilder};
use athenz_model::names::UserDomains;
use athenz_model::{Clock as _, ManualClock, Timestamp};
use athenz_serve::caller::{CertificateAuthority, CertificateRules, OpenPaths};
use athenz_serve::{Authenticator, Peer, Router};
use athenz_store::certificate_records::{CertificateRecords, Limits, RecordKey};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use super::Certificates;
use super::cleaning::Cleaning;
use super::config::CertificateConfig;
use super::signer::{BuiltInSigner, Maxima};
use crate::config::Config;
use crate::replica::Replica;
use crate::signing::Signers;
use crate::source::{Epoch, Event, TrustedDomain};
use crate::state::State;
use crate::tokens::assertion::UsedAssertion;

/// A ZTS with one domain `weather`, whose service `api` may be launched by `sys.auth.zts`.
struct World {
    router: Router,
    state: Arc<State>,
    clock: Arc<ManualClock>,
    authority: Authority,
    api: PrivateKey,
    _folder: tempfile::TempDir,
}

fn key() -> PrivateKey {
    PrivateKey::generate_ec(Curve::P256).unwrap()
}

fn signing(key: PrivateKey) -> SigningKey {
    SigningKey::in_process("0".parse().unwrap(), key)
}

fn domain(data: &Value) -> Event {
    let data = serde_json::from_value(data.clone()).unwrap();
    Event::Upsert(Arc::new(TrustedDomain::from_process(Arc::new(data), Epoch(1)).unwrap()))
}

fn assertion(domain: &str, role: &str, action: &str, resource: &str) -> Value {
    json!({"role": format!("{domain}:role.{role}"), "action": action, "resource": resource, "effect": "ALLOW"})
}

fn policies(domain: &str, assertions: &[Value]) -> Value {
    let policy = json!({"name": format!("{domain}:policy.p"), "active": true, "assertions": assertions});
    json!({"contents": {"domain": domain, "policies": [policy]}})
}

fn role(domain: &str, name: &str, members: &[Value]) -> Value {
    json!({"name": format!("{domain}:role.{name}"), "roleMembers": members})
}

fn member(name: &str) -> Value {
    json!({"memberName": name})
}

fn system_domains() -> Vec<Event> {
    let system = json!({
        "name": "sys.auth", "enabled": true, "modified": "2027-01-01T00:00:00.000Z",
        "roles": [role("sys.auth", "providers", &[member("sys.auth.zts")])],
        "policies": policies("sys.auth", &[
            assertion("sys.auth", "providers", "launch", "sys.auth:instance"),
            assertion("sys.auth", "providers", "launch", "sys.auth:dns.zts.athenz.cloud"),
        ]),
        "services": [{
            "name": "sys.auth.zts",
            "providerEndpoint": "class://com.yahoo.athenz.instance.provider.impl.InstanceZTSProvider",
        }],
    });
    vec![domain(&system)]
}

fn weather(api: &PrivateKey, modified: &str) -> Event {
    let launch = assertion("weather", "launch", "launch", "weather:service.api");
    let admin = assertion("weather", "admin", "*", "weather:*");
    domain(&json!({
        "name": "weather", "enabled": true, "modified": modified,
        "roles": [
            role("weather", "admin", &[member("user.ann")]),
            role("weather", "launch", &[member("sys.auth.zts")]),
            role("weather", "readers", &[
                member("weather.api"),
                json!({"memberName": "user.dave", "expiration": "2027-01-15T09:00:00.000Z"}),
            ]),
            role("weather", "co-readers", &[member("user.frank")]),
        ],
        "policies": policies("weather", &[launch, admin]),
        "services": [
            {"name": "weather.api", "publicKeys": [{"id": "0", "key": api.public_key().to_ybase64_pem()}]},
            {"name": "weather.batch", "publicKeys": [{"id": "0", "key": api.public_key().to_ybase64_pem()}]},
        ],
    }))
}

/// 2027-01-15T08:00:00Z
const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

impl World {
    fn new() -> Self {
        Self::with(|certificates| certificates)
    }

    fn with(change: impl FnOnce(Certificates) -> Certificates) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let random = Arc::new(SystemRandom);
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { gather: std::time::Duration::ZERO, ..Limits::default() };
        let records = CertificateRecords::open_sqlite(&folder.path().join("records.db"), limits).unwrap();
        let name = x509::Subject::common_name("Test Authority");
        let authority = Authority::self_signed(signing(key()), &name, START, 3650, &*random).unwrap();
        let config = CertificateConfig::default();
        let signer = BuiltInSigner::new(authority.clone(), None, Maxima::of(&config), random.clone());
        let certificates = change(Certificates::new(config, Arc::new(signer), records).unwrap());
        let replica = Arc::new(Replica::new(clock.clone(), None));
        let api = key();
        let mut events = system_domains();
        events.push(weather(&api, "2027-01-01T00:00:00.000Z"));
        replica.apply(events);
        let signers = Signers::new(KeyRing::single(signing(key()), START), None);
        let users = UserDomains::default();
        let state = State::new(Config::default(), users, replica, signers, clock.clone(), random).unwrap();
        let state = Arc::new(state.with_certificates(certificates));
        let authorities: Vec<Arc<dyn athenz_serve::caller::Authority>> =
            vec![Arc::new(CertificateAuthority::new(CertificateRules::default()))];
        let open = OpenPaths::parse(&["/zts/v1/instance"]).unwrap();
        let authenticator = Arc::new(Authenticator::new(authorities).with_open_paths(open));
        let mount = crate::api::mount(state.clone(), authenticator);
        let router = Router::builder(clock.clone()).mount(mount).build().unwrap();
        Self { router, state, clock, authority, api, _folder: folder }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        caller: Option<&Certificate>,
    ) -> (u16, Value) {
        let request = http::Request::builder().method(method).uri(format!("/zts/v1{path}"));
        let request = request.header("host", "zts.example").header("content-type", "application/json");
        let bytes = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(bytes))).unwrap();
        let socket = "127.0.0.1:1".parse().unwrap();
        let peer = match caller {
            Some(certificate) => Peer::with_certificates(socket, vec![certificate.der().to_vec().into()]),
            None => Peer::anonymous(socket),
        };
        let response = self.router.handle(request, Arc::new(peer)).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A certificate of the test authority for a caller.
    fn caller(&self, name: &str) -> Certificate {
        let request = x509::IssueRequest {
            subject: x509::Subject::common_name(name),
            alt_names: Vec::new(),
            not_before: self.clock.now(),
            not_after: self.clock.now().plus_days(30),
            usages: Vec::new(),
            public_key: key().public_key().clone(),
        };
        self.authority.issue(&request, &SystemRandom).unwrap()
    }

    fn service_token(&self) -> String {
        let token = NewPrincipalToken::service("weather", "api", "0", self.clock.now(), 3600, &SystemRandom);
        token.sign(&self.api).unwrap()
    }

    async fn register_token(&self, instance_id: &str) -> String {
        let path = format!("/instance/sys.auth.zts/weather/api/{instance_id}/token");
        let (status, answer) = self.call("GET", &path, None, Some(&self.caller("user.ann"))).await;
        assert_eq!(status, 200, "{answer}");
        answer["attestationData"].as_str().unwrap().to_owned()
    }

    async fn register(&self, proof: &str, csr: &str) -> (u16, Value) {
        let body = json!({
            "provider": "sys.auth.zts", "domain": "weather", "service": "api", "attestationData": proof, "csr": csr,
        });
        self.call("POST", "/instance", Some(body), None).await
    }

    async fn refresh(&self, with: &Certificate, proof: &str) -> (u16, Value) {
        let body = json!({"attestationData": proof, "csr": csr(&self.api, "i-1")});
        self.call("POST", "/instance/sys.auth.zts/weather/api/i-1", Some(body), Some(with)).await
    }
}

fn csr_builder(instance_id: &str) -> CsrBuilder {
    CsrBuilder::new(x509::Subject::common_name("weather.api"))
        .dns("api.weather.zts.athenz.cloud")
        .uri(&format!("athenz://instanceid/sys.auth.zts/{instance_id}"))
}

fn csr(key: &PrivateKey, instance_id: &str) -> String {
    csr_builder(instance_id).sign(key).unwrap()
}

fn certificate(answer: &(u16, Value)) -> Certificate {
    assert!(matches!(answer.0, 200 | 201), "{answer:?}");
    Certificate::from_pem(answer.1["x509Certificate"].as_str().unwrap()).unwrap()
}

fn message(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["message"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn registers_with_a_service_token() {
    let world = World::new();
    let answer = world.register(&world.service_token(), &csr(&world.api, "i-1")).await;
    assert_eq!(answer.0, 201, "{answer:?}");
    let issued = certificate(&answer);
    assert_eq!(issued.common_name(), Some("weather.api"));
    assert_eq!(issued.not_after(), START.plus_minutes(43_200));
    assert_eq!(answer.1["instanceId"], "i-1");
    assert!(answer.1["x509CertificateSigner"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
    assert!(answer.1.get("attributes").is_none(), "{answer:?}");
}

#[tokio::test]
async fn a_service_token_proves_one_key() {
    let world = World::new();
    let answer = world.register(&world.service_token(), &csr(&key(), "i-1")).await;
    let (status, text) = message(&answer);
    assert_eq!(status, 403);
    assert!(text.contains("Unable to validate Certificate Request Auth Token"), "{text}");
    let batch = NewPrincipalToken::service("weather", "batch", "0", START, 3600, &SystemRandom);
    let answer = world.register(&batch.sign(&world.api).unwrap(), &csr(&world.api, "i-1")).await;
    assert_eq!(answer.0, 403, "the token of another service with the same key");
}

#[tokio::test]
async fn a_register_token_belongs_to_its_first_key() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let (first, second) = (key(), key());
    assert_eq!(world.register(&token, &csr(&first, "i-1")).await.0, 201);
    assert_eq!(world.register(&token, &csr(&first, "i-1")).await.0, 201, "a retry");
    let answer = world.register(&token, &csr(&second, "i-1")).await;
    assert_eq!(answer.0, 403, "{answer:?}");
    assert_eq!(world.register(&token, &csr(&first, "i-2")).await.0, 403, "another instance");
    world.clock.advance_seconds(30 * 60);
    let answer = world.register(&token, &csr(&first, "i-1")).await;
    assert_eq!(answer.0, 403, "too old: {answer:?}");
}

#[tokio::test]
async fn other_tokens_of_this_server_register_nothing() {
    use athenz_crypto::jose::{ProtectedHeader, sign_compact_with};
    let world = World::new();
    let claims = json!({
        "jti": "1", "sub": "weather.api", "iat": START.seconds(), "iss": "sys.auth.zts", "aud": "sys.auth.zts",
        "provider": "sys.auth.zts", "domain": "weather", "service": "api", "instance_id": "i-1", "client_id": "x",
    });
    let key = world.state.signers().main().key.clone();
    for (typ, change, status) in [
        (Some("jwt"), json!({}), 201),
        (Some("at+jwt"), json!({}), 403),
        (None, json!({}), 403),
        (Some("jwt"), json!({"aud": "weather"}), 403),
        (Some("jwt"), json!({"iss": "https://zts"}), 403),
        (Some("jwt"), json!({"service": "web"}), 403),
        (Some("jwt"), json!({"jti": null}), 403),
        (Some("jwt"), json!({"iat": START.seconds() + 3600}), 403),
        (Some("jwt"), json!({"iat": null}), 403),
    ] {
        let mut claims = claims.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = sign_compact_with(&key, &ProtectedHeader::of_key(&key, typ), &claims).await.unwrap();
        let answer = world.register(&token, &csr(&world.api, "i-1")).await;
        assert_eq!(answer.0, status, "{typ:?} {change}: {answer:?}");
    }
}

#[tokio::test]
async fn refresh_follows_the_record() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let b = certificate(&world.refresh(&a, &token).await);
    let c = certificate(&world.refresh(&a, &token).await);
    let d = certificate(&world.refresh(&c, &token).await);
    let e = certificate(&world.refresh(&c, &token).await);
    assert_eq!(message(&world.refresh(&d, &token).await), (403, "Certificate revoked"));
    for revoked in [&a, &b, &c, &d, &e] {
        assert_eq!(message(&world.refresh(revoked, &token).await), (403, "Certificate revoked"));
        let answer = world.refresh(revoked, &world.service_token()).await;
        assert_eq!(message(&answer), (403, "Certificate revoked"), "a service token gets no further");
    }
    let f = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let g = certificate(&world.refresh(&f, &token).await);
    assert_eq!(message(&world.refresh(&a, &token).await), (403, "Certificate revoked"));
    certificate(&world.refresh(&g, &token).await);
}

#[tokio::test]
async fn an_instance_registered_by_service_token_has_no_record_to_rest_on() {
    let world = World::new();
    let a = certificate(&world.register(&world.service_token(), &csr(&world.api, "i-1")).await);
    let token = world.register_token("i-1").await;
    assert_eq!(message(&world.refresh(&a, &token).await), (403, "Unable to find certificate record"));
    certificate(&world.refresh(&a, &world.service_token()).await);
    certificate(&world.refresh(&a, &world.service_token()).await);
}

#[tokio::test]
async fn a_service_token_beside_a_chain_leaves_it_alone() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let outside = certificate(&world.register(&world.service_token(), &csr(&world.api, "i-1")).await);
    certificate(&world.refresh(&outside, &world.service_token()).await);
    let b = certificate(&world.refresh(&a, &token).await);
    let c = certificate(&world.refresh(&b, &world.service_token()).await);
    // a is overtaken, whatever the proof: that is theft
    assert_eq!(message(&world.refresh(&a, &world.service_token()).await), (403, "Certificate revoked"));
    assert_eq!(message(&world.refresh(&c, &token).await), (403, "Certificate revoked"));
    // and new proof recovers
    let d = certificate(&world.register(&world.service_token(), &csr(&world.api, "i-1")).await);
    certificate(&world.refresh(&d, &token).await);
}

#[tokio::test]
async fn refreshes_at_once_leave_one_chain() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let (b, c) = tokio::join!(world.refresh(&a, &token), world.refresh(&a, &token));
    let issued = [certificate(&b).serial_hex(), certificate(&c).serial_hex()];
    let key = RecordKey {
        provider: "sys.auth.zts".to_owned(),
        instance_id: "i-1".to_owned(),
        service: "weather.api".to_owned(),
    };
    let record = world.state.certificates().unwrap().records.lookup(&key).await.unwrap().unwrap();
    assert!(issued.contains(&record.current.serial), "the current certificate was handed out");
    assert_eq!(record.previous.serial, a.serial_hex());
}

#[tokio::test]
async fn an_assertion_counts_once_after_a_restart_and_at_another_server() {
    let first = World::new();
    let records = first.state.certificates().unwrap().records.clone();
    let restarted = World::with(|certificates| Certificates { records, ..certificates });
    let used = |id| UsedAssertion { signer: "", id, quota: "d", expires: START.plus_minutes(5) };
    for (state, id, is_new) in [
        (&first.state, "1", true),
        (&first.state, "1", false),
        (&restarted.state, "1", false),
        (&restarted.state, "2", true),
        (&first.state, "2", false),
    ] {
        assert_eq!(state.take_assertion(&used(id), START).await.unwrap(), is_new, "{id}");
    }
}

#[tokio::test]
async fn records_are_forgotten_when_their_certificates_have_ended() {
    let world = World::new();
    let mut cleaning = Cleaning::new(world.state.clone());
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let certificates = world.state.certificates().unwrap();
    let key = RecordKey {
        provider: "sys.auth.zts".into(),
        instance_id: "i-1".into(),
        service: "weather.api".into(),
    };
    let hour = std::time::Duration::from_secs(3_600);
    for _ in 0..30 {
        let pause = cleaning.step().await;
        assert!(pause <= hour * 11 / 10 && certificates.removed() == 0, "{pause:?}");
        world.clock.advance_seconds(86_400);
    }
    assert!(a.not_after() <= world.clock.now());
    // thirty days and a little: now the certificate has ended for whatever clock
    world.clock.advance_seconds(2 * 3_600);
    let pause = cleaning.step().await;
    assert_eq!((certificates.removed(), certificates.records.lookup(&key).await.unwrap()), (1, None));
    let tenth = hour / 10;
    assert!(pause >= hour - tenth && pause <= hour + tenth, "{pause:?}");
    assert!(cleaning.step().await <= pause, "not before its time");
    assert_eq!(certificates.removed(), 1);
}

#[tokio::test]
async fn only_the_service_itself_refreshes() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    assert_eq!(message(&world.refresh(&world.caller("user.ann"), &token).await).0, 400);
    let without_id = world.caller("weather.api");
    let answer = world.refresh(&without_id, &token).await;
    assert_eq!(message(&answer), (400, "CSR validation failed - instance id mismatch"));
    let body = json!({
        "csr": CsrBuilder::new(x509::Subject::common_name("weather:role.readers"))
            .uri("athenz://principal/weather.api")
            .uri("athenz://instanceid/sys.auth.zts/i-1")
            .sign(&world.api)
            .unwrap(),
    });
    let role = certificate(&world.call("POST", "/rolecert", Some(body), Some(&a)).await);
    let answer = world.refresh(&role, &token).await;
    assert_eq!(message(&answer), (403, "Role Identity not authorized for request"));
    certificate(&world.refresh(&a, &token).await);
}

#[tokio::test]
async fn deleting_takes_the_record() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    let path = "/instance/sys.auth.zts/weather/api/i-1";
    assert_eq!(world.call("DELETE", path, None, Some(&a)).await.0, 403, "not by the instance");
    assert_eq!(world.call("DELETE", path, None, Some(&world.caller("user.bob"))).await.0, 403);
    assert_eq!(world.call("DELETE", path, None, Some(&world.caller("sys.auth.zts"))).await.0, 204);
    assert_eq!(world.call("DELETE", path, None, Some(&world.caller("user.ann"))).await.0, 204);
    assert_eq!(message(&world.refresh(&a, &token).await), (403, "Unable to find certificate record"));
}

#[tokio::test]
async fn a_service_that_goes_gets_nothing_more() {
    let world = World::new();
    let token = world.register_token("i-1").await;
    let a = certificate(&world.register(&token, &csr(&world.api, "i-1")).await);
    world.state.replica.apply(vec![Event::Delete("weather".to_owned())]);
    assert_eq!(message(&world.refresh(&a, &token).await), (404, "Domain not found: weather"));
    assert_eq!(world.register(&token, &csr(&world.api, "i-1")).await.0, 404);
}

#[tokio::test]
async fn role_certificates_end_with_the_membership() {
    let world = World::new();
    let ask = async |caller: &str, role: &str, minutes: i64| {
        let csr = CsrBuilder::new(x509::Subject::common_name(&format!("weather:role.{role}")))
            .uri(&format!("athenz://principal/{caller}"))
            .sign(&key())
            .unwrap();
        let body = json!({"csr": csr, "expiryTime": minutes});
        world.call("POST", "/rolecert", Some(body), Some(&world.caller(caller))).await
    };
    let of_service = certificate(&ask("weather.api", "readers", 0).await);
    assert_eq!(of_service.not_after(), START.plus_minutes(43_200));
    assert_eq!(certificate(&ask("weather.api", "readers", 60).await).not_after(), START.plus_minutes(60));
    let of_guest = certificate(&ask("user.dave", "readers", 0).await);
    assert_eq!(of_guest.not_after(), Timestamp::parse("2027-01-15T09:00:00Z").unwrap());
    for role in ["readers", "aders"] {
        let answer = ask("user.frank", role, 0).await;
        assert_eq!(answer.0, 403, "a member of co-readers asks for {role}: {answer:?}");
    }
}

#[tokio::test]
async fn keys_of_the_servers_are_given_when_they_are_news() {
    let world = World::new();
    let ask = async |copy: Value| {
        let body = json!({
            "provider": "sys.auth.zts", "domain": "weather", "service": "api",
            "attestationData": world.service_token(), "csr": csr(&world.api, "i-1"),
            "athenzJWK": true, "athenzJWKModified": copy, "token": true,
        });
        world.call("POST", "/instance", Some(body), None).await.1
    };
    let first = ask(json!("1970-01-01T00:00:00.000Z")).await;
    let modified = first["athenzJWK"]["modified"].clone();
    assert_eq!(modified, START.to_string());
    assert_eq!(first["athenzJWK"]["zts"]["keys"][0]["kid"], "0");
    assert!(first["serviceToken"].as_str().unwrap().contains(";k=0;z=zts;"), "{first}");
    world.clock.advance_seconds(60);
    assert!(ask(modified).await.get("athenzJWK").is_none(), "the client has them");
    assert_eq!(ask(Value::Null).await["athenzJWK"]["modified"], START.to_string());
}

#[tokio::test]
async fn bundles_and_what_is_not_offered() {
    let world = World::new();
    let ann = world.caller("user.ann");
    let (status, answer) = world.call("GET", "/cacerts/Athenz", None, Some(&ann)).await;
    assert_eq!((status, answer["name"].as_str()), (200, Some("athenz")));
    let (status, answer) = world.call("GET", "/cacerts/other", None, Some(&ann)).await;
    assert_eq!(
        (status, answer["message"].as_str()),
        (404, Some("getCertificateAuthorityBundle: No such bundle: other"))
    );
    let body = json!({
        "certRequestData": {"principals": ["bob"]},
        "certRequestMeta": {"requestor": "user.ann", "origin": "x", "certType": "user"},
    });
    assert_eq!(world.call("POST", "/sshcert", Some(body), Some(&ann)).await.0, 400);
}
