//! Providers that are services of their own: what they are told, and what becomes of what they say.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use athenz_client::Url;

use super::*;
use crate::providers::remote::{CallProvider, Said};

type Answer = fn(Value) -> Said;

/// Answers as the test says, and keeps what it was asked.
#[derive(Clone)]
struct Script {
    says: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// Provider, URL and body.
type Asked = (String, String, Value);

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Script")
    }
}

impl CallProvider for Script {
    fn post(
        &self,
        provider: &str,
        url: Url,
        body: Vec<u8>,
    ) -> Pin<Box<dyn Future<Output = Said> + Send + '_>> {
        let body: Value = serde_json::from_slice(&body).unwrap();
        self.asked.lock().unwrap().push((provider.to_owned(), url.to_string(), body.clone()));
        let answer = *self.says.lock().unwrap();
        Box::pin(async move { answer(body) })
    }
}

/// Confirms with these attributes what it was asked.
fn confirms(mut body: Value, attributes: Value) -> Said {
    body["attributes"] = attributes;
    Ok((200, body.to_string().into_bytes()))
}

fn world() -> (World, Script) {
    let says: Answer = |body| confirms(body, json!({}));
    let script = Script { says: Arc::new(Mutex::new(says)), asked: Arc::default() };
    let world = World::with(|certificates| certificates.with_providers(Box::new(script.clone())));
    furnish(&world);
    (world, script)
}

/// A provider `infra.cloud` that may launch `weather.api`.
fn furnish(world: &World) {
    let system = json!({
        "name": "sys.auth", "modified": "2027-01-02T00:00:00.000Z",
        "roles": [role("sys.auth", "providers", &[member("infra.cloud")])],
        "policies": policies("sys.auth", &[
            assertion("sys.auth", "providers", "launch", "sys.auth:instance"),
            assertion("sys.auth", "providers", "launch", "sys.auth:dns.zts.athenz.cloud"),
        ]),
    });
    let infra = json!({
        "name": "infra", "modified": "2027-01-02T00:00:00.000Z",
        "services": [{"name": "infra.cloud", "providerEndpoint": "https://cloud.example:8443/v1"}],
    });
    let weather = json!({
        "name": "weather", "modified": "2027-01-02T00:00:00.000Z", "gcpProject": "rainy",
        "roles": [role("weather", "launch", &[member("infra.cloud")])],
        "policies": policies("weather", &[assertion("weather", "launch", "launch", "weather:service.api")]),
        "services": [{"name": "weather.api"}],
    });
    world.state.replica.apply(vec![domain(&system), domain(&infra), domain(&weather)]);
}

fn request(api: &PrivateKey) -> String {
    let names = CsrBuilder::new(x509::Subject::common_name("weather.api"))
        .dns("api.weather.zts.athenz.cloud")
        .uri("athenz://instanceid/infra.cloud/i-1");
    names.sign(api).unwrap()
}

async fn register(world: &World) -> (u16, Value) {
    let body = json!({
        "provider": "infra.cloud", "domain": "weather", "service": "api", "attestationData": "proof",
        "csr": request(&world.api), "cloud": "gcp",
    });
    world.call("POST", "/instance", Some(body), None).await
}

#[tokio::test]
async fn a_provider_is_asked_and_has_its_word() {
    let (world, script) = world();
    *script.says.lock().unwrap() = |body| {
        let usage = json!({"certExpiryTime": "60", "certUsage": "client", "zone": "west"});
        confirms(body, usage)
    };
    let answer = register(&world).await;
    let issued = certificate(&answer);
    assert_eq!(issued.not_after(), START.plus_minutes(60));
    assert_eq!(answer.1["attributes"], json!({"zone": "west"}));
    let body = json!({"attestationData": "proof", "csr": request(&world.api)});
    let path = "/instance/infra.cloud/weather/api/i-1";
    let refreshed = world.call("POST", path, Some(body), Some(&issued)).await;
    certificate(&refreshed);
    let asked = script.asked.lock().unwrap().clone();
    let expected = |attributes: Value| {
        json!({"provider": "infra.cloud", "domain": "weather", "service": "api", "attestationData": "proof",
            "attributes": attributes})
    };
    let first = json!({
        "instanceId": "i-1", "clientIP": "127.0.0.1", "gcpProject": "rainy", "instanceCloud": "gcp",
        "sanDNS": "api.weather.zts.athenz.cloud", "sanURI": "athenz://instanceid/infra.cloud/i-1",
    });
    let mut second = first.clone();
    second["principal"] = json!("weather.api");
    second.as_object_mut().unwrap().remove("instanceCloud");
    let url = |call: &str| format!("https://cloud.example:8443/v1/{call}");
    assert_eq!(asked[0], ("infra.cloud".to_owned(), url("instance"), expected(first)));
    assert_eq!(asked[1], ("infra.cloud".to_owned(), url("refresh"), expected(second)));
}

#[tokio::test]
async fn nothing_is_issued_without_a_confirmation() {
    let (world, script) = world();
    let cases: [(&str, Answer, u16, &str); 8] = [
        (
            "refused",
            |_| Ok((403, b"unknown\ninstance".to_vec())),
            403,
            "ResourceException (403): unknown instance",
        ),
        ("says nothing", |_| Ok((401, Vec::new())), 403, "ResourceException (401): N/A"),
        ("in trouble", |_| Ok((500, b"oops".to_vec())), 502, "ResourceException (500): oops"),
        ("redirects", |_| Ok((302, Vec::new())), 403, "ResourceException (302)"),
        ("no JSON", |_| Ok((200, b"<html>".to_vec())), 502, "Error reading entity from input stream."),
        ("away", |_| Err("refused".to_owned()), 504, "the provider cannot be reached"),
        (
            "about another service",
            |mut body| {
                body["service"] = json!("batch");
                confirms(body, json!({}))
            },
            502,
            "about another instance",
        ),
        (
            "about nobody",
            |_| Ok((200, br#"{"attributes": {"certRefresh": "true"}}"#.to_vec())),
            502,
            "about another instance",
        ),
    ];
    for (why, says, status, words) in cases {
        *script.says.lock().unwrap() = says;
        let answer = register(&world).await;
        let (code, text) = message(&answer);
        assert_eq!(code, status, "{why}: {text}");
        assert!(
            text.starts_with("unable to verify attestation data: ") && text.contains(words),
            "{why}: {text}"
        );
        let key = RecordKey {
            provider: "infra.cloud".to_owned(),
            instance_id: "i-1".to_owned(),
            service: "weather.api".to_owned(),
        };
        let records = &world.state.certificates().unwrap().records;
        assert_eq!(records.lookup(&key).await.unwrap(), None, "{why}: nothing is recorded");
    }
}

#[tokio::test]
async fn a_server_that_calls_nobody_says_so() {
    let world = World::new();
    furnish(&world);
    let answer = register(&world).await;
    assert_eq!(message(&answer), (400, "unable to get instance for provider: infra.cloud"));
}
