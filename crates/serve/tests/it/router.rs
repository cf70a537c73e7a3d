//! Requests through the router without a socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use athenz_model::operation::{Authentication, Method, Operation, Parameter, Place};
use athenz_model::wire::operations::{ZMS, ZTS};
use athenz_model::wire::zms::Membership;
use athenz_model::{ApiError, ManualClock, Timestamp, names::Grammar};
use athenz_serve::caller::{
    Authority, CertificateAuthority, CertificateRules, OpenPaths, Outcome, RequestFacts,
};
use athenz_serve::limits::{RequestLimits, TokenBuckets};
use athenz_serve::peer::Leaf;
use athenz_serve::router::{RouteOptions, RouterError};
use athenz_serve::wire::{BodyForm, INVALID_OBJECT_ZMS, json, no_content};
use athenz_serve::{Answer, Authenticator, Call, Mount, Peer, Response, Router};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

const PUT_MEMBERSHIP: &str = "/zms/v1/domain/sports/role/readers/member/user.jane";

/// What handlers leave behind for the test to look at.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<String>>);

impl Seen {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The table also holds what ZTS asks of instance providers; those paths are theirs.
fn served_by_zts() -> impl Iterator<Item = &'static Operation> {
    let of_providers = ["postInstanceConfirmation", "postRefreshConfirmation"];
    ZTS.iter().filter(move |operation| !of_providers.contains(&operation.id))
}

async fn echo(seen: Arc<Seen>, call: Call) -> Answer {
    let parameters = call.operation.parameters.iter().filter(|parameter| parameter.place == Place::Path);
    let values: Vec<&str> = parameters.map(|parameter| call.path(parameter.name)).collect();
    seen.0.lock().unwrap().push(format!("{} {}", call.operation.id, values.join(" ")).trim_end().to_owned());
    json(&json!({ "operation": call.operation.id }))
}

async fn put_membership(seen: Arc<Seen>, call: Call) -> Answer {
    let input = call.input::<Membership>()?;
    let caller = call.caller()?;
    call.check_parameters()?;
    let membership = input.check()?;
    seen.0.lock().unwrap().push(format!(
        "{} adds {} to {}",
        caller.full_name,
        membership.member_name.unwrap_or_default(),
        call.path("roleName")
    ));
    if call.wants_object() { json(&json!({})) } else { Ok(no_content()) }
}

async fn status(_: Arc<Seen>, call: Call) -> Answer {
    let caller = call.caller_if_any()?.map(|caller| caller.full_name.to_string());
    json(&json!({ "caller": caller }))
}

async fn panics(_: Arc<Seen>, call: Call) -> Answer {
    panic!("{} has a fault", call.operation.id)
}

async fn hangs(_: Arc<Seen>, _: Call) -> Answer {
    std::future::pending().await
}

/// Knows whoever sends `Test-User`; `bad` is refused, `front` may not act as itself.
#[derive(Debug)]
struct TestHeader;

impl Authority for TestHeader {
    fn id(&self) -> &'static str {
        "Auth-Test"
    }

    fn challenge(&self) -> Option<&str> {
        Some("Test realm=\"athenz\"")
    }

    fn authenticate(&self, request: &RequestFacts<'_>, _: Timestamp) -> Outcome {
        match request.credential("Test-User") {
            None => Outcome::NotPresent,
            Some("front") => Outcome::RefusedFinally("token of another front end".into()),
            Some(_) => Outcome::Refused("unknown test user".into()),
        }
    }
}

fn authenticator() -> Arc<Authenticator> {
    let certificates = CertificateAuthority::new(CertificateRules::default());
    let authorities: Vec<Arc<dyn Authority>> = vec![Arc::new(TestHeader), Arc::new(certificates)];
    let open = OpenPaths::parse(&["/zms/v1/status"]).unwrap();
    Arc::new(Authenticator::new(authorities).with_open_paths(open))
}

fn mount(seen: &Arc<Seen>) -> Mount<Seen> {
    let mut mount = Mount::new("/zms/v1", ZMS, Arc::clone(seen))
        .authenticator(authenticator())
        .invalid_object(INVALID_OBJECT_ZMS)
        .handle("putMembership", put_membership)
        .handle("getStatus", status)
        .handle("getSystemStats", panics)
        .handle("getServerTemplateList", hangs);
    for id in mount.unserved() {
        mount = mount.handle(id, echo);
    }
    mount
}

struct World {
    router: Router,
    seen: Arc<Seen>,
}

fn world_with(limits: RequestLimits) -> World {
    let seen = Arc::new(Seen::default());
    let zts = served_by_zts().fold(
        Mount::new("/zts/v1", ZTS, Arc::clone(&seen)).refuse_trace_and_options(),
        |mount, operation| {
            let form = matches!(operation.id, "postAccessTokenRequest" | "postIntrospectRequest");
            let body = if form { BodyForm::Form } else { BodyForm::Json };
            mount.handle_with(operation.id, RouteOptions { body, ..RouteOptions::default() }, echo)
        },
    );
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1000)));
    let router = Router::builder(clock).limits(limits).mount(mount(&seen)).mount(zts).build().unwrap();
    World { router, seen }
}

fn world() -> World {
    world_with(RequestLimits::default())
}

fn jane() -> Arc<Peer> {
    let leaf = Leaf {
        common_names: vec!["user.jane".into()],
        not_after: Timestamp::from_seconds(2000),
        thumbprint: "t".into(),
        ..Leaf::default()
    };
    Arc::new(Peer::with_leaf(([192, 0, 2, 1], 1).into(), leaf))
}

impl World {
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        peer: Arc<Peer>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        self.router.handle(request, peer).await
    }

    async fn status(&self, method: &str, path: &str) -> u16 {
        self.send(method, path, &[], "", jane()).await.status().as_u16()
    }
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect_bytes().await.unwrap();
    if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn every_operation_of_the_contract_is_reached_by_its_path() {
    let world =
        world_with(RequestLimits { request_timeout: Duration::from_millis(20), ..RequestLimits::default() });
    let tables = ZMS
        .iter()
        .map(|operation| ("/zms/v1", operation))
        .chain(served_by_zts().map(|operation| ("/zts/v1", operation)));
    for (prefix, operation) in tables {
        let path = sample_path(operation);
        let form = operation.path.ends_with("/oauth2/token") || operation.path.ends_with("/introspect");
        let content = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        let uri = format!("{prefix}{path}");
        let response =
            world.send(operation.method.as_str(), &uri, &[("content-type", content)], "{}", jane()).await;
        let seen = world.seen.take();
        if ["putMembership", "getStatus", "getSystemStats", "getServerTemplateList"].contains(&operation.id) {
            assert_ne!(response.status(), StatusCode::NOT_FOUND, "{}", operation.id);
            continue;
        }
        assert_eq!(response.status(), StatusCode::OK, "{} {path}", operation.id);
        let name = seen.first().and_then(|line| line.split(' ').next()).unwrap_or_default();
        assert_eq!(name, operation.id, "{path}");
    }
}

fn sample_path(operation: &Operation) -> String {
    let segments = operation.path.split('/').map(|segment| match segment.strip_prefix('{') {
        None => segment.to_owned(),
        Some(name) => {
            let name = name.trim_end_matches('}');
            let of =
                operation.parameters.iter().find(|parameter| parameter.name == name).map_or("", |p| p.of);
            if of.starts_with("Int") { "7".to_owned() } else { format!("x-{name}") }
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn parameters_are_decoded_once() {
    let world = world();
    for (path, expected) in [
        ("/zms/v1/domain/sports/group/devs/member/user.%2A", "deleteGroupMembership sports devs user.*"),
        ("/zms/v1/domain/sports/group/devs/member/a%252fb", "deleteGroupMembership sports devs a%2fb"),
        (
            "/zms/v1/domain/sports/group/devs/member/sports:ext.jane@example.org",
            "deleteGroupMembership sports devs sports:ext.jane@example.org",
        ),
        ("/zms/v1/domain/sports/group/devs/member/a%2Fb", "deleteGroupMembership sports devs a/b"),
    ] {
        assert_eq!(world.status("DELETE", path).await, 200, "{path}");
        assert_eq!(world.seen.take(), [expected]);
    }
    for path in ["/zms/v1/domain/a%zz", "/zms/v1/domain/a%", "/zms/v1/domain/%ff", "/zms/v1/domain/a%00"] {
        assert_eq!(world.status("GET", path).await, 400, "{path}");
    }
}

#[tokio::test]
async fn refusals_of_the_frame_have_the_reference_statuses() {
    let world = world();
    for (method, path, headers, expected) in [
        ("GET", "/zms/v1/nothing", &[][..], 404),
        ("GET", "/zms/v1/domain//sports", &[], 404),
        ("GET", "/zms/v1/domain/sports/", &[], 200),
        ("GET", "/zms/v1/domain?limit=many", &[], 404),
        ("GET", "/zms/v1/domain?limit=99999999999", &[], 404),
        ("GET", "/zms/v1/domain?limit=", &[], 200),
        ("GET", "/zms/v1/domain?limit=1&limit=many", &[], 200),
        ("DELETE", "/zms/v1/domain/d/policy/p/assertion/x", &[], 404),
        ("DELETE", "/zms/v1/domain/d/policy/p/assertion/9223372036854775807", &[], 200),
        ("PATCH", "/zms/v1/domain", &[], 405),
        ("POST", "/zms/v1/domain/sports", &[], 405),
        ("TRACE", "/zms/v1/domain/sports", &[], 405),
        ("TRACE", "/zts/v1/status", &[], 403),
        ("OPTIONS", "/zts/v1/nothing", &[], 403),
        ("GET", "/zms/v1/domain/sports", &[("accept", "application/xml")], 406),
        ("GET", "/zms/v1/domain/sports", &[("accept", "text/html, */*;q=0.1")], 200),
        ("POST", "/zms/v1/domain", &[("content-type", "text/plain")], 415),
        ("POST", "/zts/v1/oauth2/token", &[JSON], 415),
        ("POST", "/zts/v1/oauth2/token", &[("content-type", "application/x-www-form-urlencoded")], 200),
    ] {
        let text = if expected == 415 || method == "POST" { "{}" } else { "" };
        let response = world.send(method, path, headers, text, jane()).await;
        assert_eq!(response.status().as_u16(), expected, "{method} {path} {headers:?}");
    }
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let world = world();
    let response = world.send("POST", "/zms/v1/domain/sports", &[], "", jane()).await;
    assert_eq!(response.headers()["allow"], "DELETE,GET,OPTIONS");
    assert_eq!(body(response).await, Value::Null);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let world = world();
    let get = world.send("GET", "/zms/v1/domain/sports", &[], "", jane()).await;
    let head = world.send("HEAD", "/zms/v1/domain/sports", &[], "", jane()).await;
    let length = get.body().length().unwrap();
    assert_eq!((head.status(), head.body().length()), (StatusCode::OK, Some(0)));
    assert_eq!(head.headers()["content-length"], length.to_string().as_str());
    assert_eq!(head.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn errors_come_in_the_order_of_the_reference() {
    let world = world();
    let anonymous = || Arc::new(Peer::default());
    for (path, text, peer, code, message) in [
        (PUT_MEMBERSHIP, "{", anonymous(), 400, INVALID_OBJECT_ZMS),
        (PUT_MEMBERSHIP, "{}", anonymous(), 401, "Invalid credentials"),
        (PUT_MEMBERSHIP, "", jane(), 400, "Missing or malformed Membership"),
        (PUT_MEMBERSHIP, "null", jane(), 400, "Missing or malformed Membership"),
        (PUT_MEMBERSHIP, "{}", jane(), 400, "Invalid Membership error: ResourceException"),
        (
            "/zms/v1/domain/sports/role/a%20b/member/user.jane",
            "{}",
            jane(),
            400,
            "Invalid EntityName error: ResourceException",
        ),
    ] {
        let response = world.send("PUT", path, &[JSON], text, peer).await;
        let body = body(response).await;
        assert_eq!(body["code"], code, "{text}: {body}");
        assert!(body["message"].as_str().unwrap().starts_with(message), "{text}: {body}");
    }
    let good = r#"{"memberName": "user.joe"}"#;
    assert_eq!(
        world.send("PUT", PUT_MEMBERSHIP, &[JSON], good, jane()).await.status(),
        StatusCode::NO_CONTENT
    );
    let wanting = [JSON, ("athenz-return-object", "TRUE")];
    assert_eq!(world.send("PUT", PUT_MEMBERSHIP, &wanting, good, jane()).await.status(), StatusCode::OK);
    assert_eq!(world.seen.take(), ["user.jane adds user.joe to readers"; 2]);
}

#[tokio::test]
async fn authorities_are_asked_in_order() {
    let world = world();
    let anonymous = || Arc::new(Peer::default());
    for (peer, user, code, caller) in [
        (anonymous(), None, 200, Value::Null),
        (anonymous(), Some("bad"), 401, Value::Null),
        (jane(), None, 200, json!("user.jane")),
        (jane(), Some("bad"), 200, json!("user.jane")),
        (jane(), Some("front"), 401, Value::Null),
    ] {
        let headers: Vec<(&str, &str)> = user.map(|user| ("test-user", user)).into_iter().collect();
        let response = world.send("GET", "/zms/v1/status", &headers, "", peer).await;
        assert_eq!(response.status().as_u16(), code, "{user:?}");
        if code == 401 {
            let challenges: Vec<_> = response.headers().get_all("www-authenticate").iter().collect();
            assert_eq!(challenges, ["Test realm=\"athenz\"", "AthenzX509Certificate realm=\"athenz\""]);
        } else {
            assert_eq!(body(response).await["caller"], caller, "{user:?}");
        }
    }
}

#[tokio::test]
async fn without_authorities_nobody_is_known() {
    let open = Authenticator::new(Vec::new());
    let (headers, peer) = (HeaderMap::new(), Peer::default());
    let facts = RequestFacts {
        method: &http::Method::GET,
        path: "/",
        headers: &headers,
        peer: &peer,
        remote: peer.ip(),
    };
    let refusal = open.authenticate(&facts, Timestamp::EPOCH).unwrap_err();
    assert_eq!(refusal.error(), &ApiError::internal("No authorities configured"));
}

#[tokio::test]
async fn a_panic_is_one_answer_500() {
    let world = world();
    let response = world.send("GET", "/zms/v1/sys/stats", &[], "", jane()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(response.headers().contains_key("athenz-request-id"));
    assert_eq!(body(response).await, json!({"code": 500, "message": "Internal Server Error"}));
    assert_eq!(world.status("GET", "/zms/v1/domain/sports").await, 200);
    let text = world.router.metrics().text();
    for line in [
        "athenz_panics_total 1",
        "athenz_requests_total{operation=\"getSystemStats\",status=\"5xx\"} 1",
        "athenz_requests_total{operation=\"getDomain\",status=\"2xx\"} 1",
        "athenz_requests_in_flight 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_given_up() {
    assert_eq!(world().status("GET", "/zms/v1/template").await, 503);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let world = world_with(RequestLimits { body: 32, ..RequestLimits::default() });
    let long = format!("{{\"memberName\": \"{}\"}}", "x".repeat(64));
    let response = world.send("PUT", PUT_MEMBERSHIP, &[JSON], &long, jane()).await;
    assert_eq!(body(response).await["code"], 413);
}

#[tokio::test]
async fn callers_keep_their_rate() {
    let rate = Some(Arc::new(TokenBuckets::new(1, 2)) as Arc<_>);
    let world = world_with(RequestLimits { rate, ..RequestLimits::default() });
    assert_eq!(world.status("GET", "/zms/v1/domain/sports").await, 200);
    assert_eq!(world.status("GET", "/zms/v1/domain/sports").await, 200);
    let response = world.send("GET", "/zms/v1/domain/sports", &[], "", jane()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn every_answer_asks_for_tls() {
    let world = world();
    for path in ["/zms/v1/domain/sports", "/zms/v1/nothing"] {
        let response = world.send("GET", path, &[], "", jane()).await;
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    }
}

#[tokio::test]
async fn tables_are_checked_when_a_router_is_built() {
    const DOUBLE: &[Operation] = &[plain("one", "/{a}"), plain("two", "/{b}")];
    let build = |mount: Mount<Seen>| {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        Router::builder(clock).mount(mount).build().map(|_| ()).unwrap_err()
    };
    let mount = || Mount::new("", DOUBLE, Arc::new(Seen::default()));
    assert_eq!(build(mount().handle("three", echo)), RouterError::UnknownOperation("three"));
    assert_eq!(build(mount().handle("one", echo).handle("one", echo)), RouterError::TwoHandlers("one"));
    assert_eq!(build(mount().handle("one", echo).handle("two", echo)), RouterError::PathTaken("two"));
    assert_eq!(mount().handle("one", echo).unserved(), ["two"]);
}

const fn plain(id: &'static str, path: &'static str) -> Operation {
    const NONE: &[Parameter] =
        &[Parameter { name: "a", of: "String", grammar: Grammar::Any, place: Place::Path }];
    Operation { id, method: Method::Get, path, authentication: Authentication::None, parameters: NONE }
}

#[tokio::test]
async fn operators_have_their_own_paths() {
    use athenz_serve::health::Health;
    use athenz_serve::operations::{OperatorState, mount};

    let health = Health::new();
    let store = health.part("store");
    let metrics = Arc::new(athenz_serve::metrics::Metrics::new());
    let state = Arc::new(OperatorState { health: health.clone(), metrics: Arc::clone(&metrics) });
    let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
    let router = Router::builder(clock).metrics(metrics).mount(mount(state)).build().unwrap();
    let get = async |path: &str| {
        let request = Request::get(path).body(Full::<Bytes>::default()).unwrap();
        let response = router.handle(request, Arc::new(Peer::default())).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    };
    assert_eq!(get("/livez").await, (200, "ok\n".into()));
    assert_eq!(get("/readyz").await, (503, "store: starting\n".into()));
    store.ready();
    assert_eq!(get("/readyz").await, (200, "ok\n".into()));
    assert!(get("/metrics").await.1.contains("athenz_requests_total{operation=\"readyz\",status=\"5xx\"} 1"));
}

#[tokio::test]
async fn strangers_send_small_bodies() {
    let world = world_with(RequestLimits { anonymous_body: 8, ..RequestLimits::default() });
    let text = r#"{"memberName": "user.joe"}"#;
    let stranger = world.send("PUT", PUT_MEMBERSHIP, &[JSON], text, Arc::new(Peer::default())).await;
    assert_eq!(stranger.status().as_u16(), 413);
    assert_eq!(
        world.send("PUT", PUT_MEMBERSHIP, &[JSON], text, jane()).await.status(),
        StatusCode::NO_CONTENT
    );
}

#[tokio::test]
async fn bodies_in_memory_are_bounded_together() {
    let world = world_with(RequestLimits { body_memory: 8, ..RequestLimits::default() });
    let response = world.send("PUT", PUT_MEMBERSHIP, &[JSON], r#"{"memberName": "user.joe"}"#, jane()).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn a_client_that_goes_away_is_counted() {
    let world = world();
    let request = world.send("GET", "/zms/v1/template", &[], "", jane());
    assert!(tokio::time::timeout(Duration::from_millis(1), request).await.is_err());
    let text = world.router.metrics().text();
    assert!(
        text.contains("athenz_requests_total{operation=\"getServerTemplateList\",status=\"4xx\"} 1"),
        "{text}"
    );
    assert!(text.contains("athenz_requests_in_flight 0"), "{text}");
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let mut headers = HeaderMap::new();
    headers.insert("athenz-principal-auth", "canary".parse().unwrap());
    let peer = Peer::default();
    let facts = RequestFacts {
        method: &http::Method::GET,
        path: "/",
        headers: &headers,
        peer: &peer,
        remote: peer.ip(),
    };
    assert!(!format!("{facts:?}").contains("canary"));
}
