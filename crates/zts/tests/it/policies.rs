use athenz_crypto::jose::UnverifiedFlattenedJws;
use athenz_crypto::ybase64;
use http::Request;
use serde_json::{Value, json};

use crate::world::{Answer, World};

fn fill(world: &World) {
    world.domain(json!({
        "name": "d", "modified": "2026-08-12T08:30:00.123Z", "roles": [],
        "policies": {"signature": "MEUCIQ-", "keyId": "zms.0", "contents": {"domain": "d", "policies": [
            {"name": "d:policy.readers", "modified": "2026-08-01T10:00:00.000Z", "version": "0", "active": true, "caseSensitive": true,
             "assertions": [
                {"id": 7, "role": "d:role.r", "resource": "d:data.*", "action": "read", "effect": "ALLOW"},
                {"id": 8, "role": "d:role.r", "resource": "d:cond", "action": "read", "effect": "ALLOW",
                 "conditions": {"conditionsList": [{"id": 1, "conditionsMap": {"instances": {"operator": "EQUALS", "value": "h"}}}]}}
             ]},
            {"name": "d:policy.readers", "version": "v2", "active": false,
             "assertions": [{"id": 9, "role": "d:role.r", "resource": "d:x", "action": "erase", "effect": "ALLOW"}]},
            {"name": "d:policy.empty", "modified": "2026-08-01T10:00:00.000Z"}
        ]}}
    }));
}

async fn tagged(world: &World, tag: &str) -> Answer {
    let request = Request::get("/zts/v1/domain/D/signed_policy_data").header("if-none-match", tag);
    world.send("user.dave", request.body(String::new()).unwrap()).await
}

#[tokio::test]
async fn the_classic_form() {
    let world = World::new();
    fill(&world);
    let answer = world.get("user.dave", "/domain/D/signed_policy_data").await;
    assert_eq!(
        (answer.status, answer.headers["etag"].to_str().unwrap()),
        (200, "\"2026-08-12T08:30:00.123Z\"")
    );
    assert_eq!(
        answer.body["signedPolicyData"],
        json!({
            "policyData": {"domain": "d", "policies": [
                {"name": "d:policy.readers", "modified": "2026-08-01T10:00:00.000Z",
                 "assertions": [{"role": "d:role.r", "resource": "d:data.*", "action": "read", "effect": "ALLOW"}]},
                {"name": "d:policy.empty", "modified": "2026-08-01T10:00:00.000Z", "assertions": null}
            ]},
            "zmsSignature": "MEUCIQ-", "zmsKeyId": "zms.0",
            "modified": "2026-08-12T08:30:00.123Z", "expires": "2026-11-08T12:00:00.000Z"
        }),
        "the conditional grant is not among them: readers of this form would grant always"
    );
    let canonical = concat!(
        r#"{"expires":"2026-11-08T12:00:00.000Z","modified":"2026-08-12T08:30:00.123Z","policyData":{"domain":"d","policies":[{"assertions":["#,
        r#"{"action":"read","effect":"ALLOW","resource":"d:data.*","role":"d:role.r"}],"modified":"2026-08-01T10:00:00.000Z","name":"d:policy.readers"},"#,
        r#"{"modified":"2026-08-01T10:00:00.000Z","name":"d:policy.empty"}]},"zmsKeyId":"zms.0","zmsSignature":"MEUCIQ-"}"#,
    );
    let signature = ybase64::decode(answer.body["signature"].as_str().unwrap()).unwrap();
    let signers = world.state.signers();
    assert!(signers.main().key.public_key().verify_sha256(canonical.as_bytes(), &signature).is_ok());
}

#[tokio::test]
async fn a_known_state_is_not_sent_again() {
    let world = World::new();
    fill(&world);
    for (tag, status) in [
        ("\"2026-08-12T08:30:00.123Z\"", 304),
        ("\"2026-08-12T08:30:00.123Z--gzip\"", 304),
        ("2026-08-12T08:30:00.123Z", 200),
        ("W/\"2026-08-12T08:30:00.123Z\"", 200),
        ("\"x\", \"2026-08-12T08:30:00.123Z\"", 200),
        ("*", 200),
        ("", 200),
    ] {
        let answer = tagged(&world, tag).await;
        assert_eq!(answer.status, status, "{tag}");
        assert_eq!(answer.headers["etag"], "\"2026-08-12T08:30:00.123Z\"");
    }
    let answer = world.get("user.dave", "/domain/none/signed_policy_data").await;
    assert_eq!((answer.status, answer.message()), (404, "Domain not found: 'none'"));
}

async fn payload(world: &World, body: &str) -> Value {
    let answer = world.post("user.dave", "/domain/d/policy/signed", body).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    let part = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    let (protected, payload, signature) = (part("protected"), part("payload"), part("signature"));
    assert_eq!(answer.body["header"], json!({"kid": "0"}));
    let signers = world.state.signers();
    let jws = UnverifiedFlattenedJws::new(&protected, &payload, &signature).unwrap();
    let verified = jws.verify_with(|kid| signers.find(kid).cloned()).unwrap();
    serde_json::from_slice(verified.payload()).unwrap()
}

fn versions(payload: &Value) -> Vec<(String, String)> {
    let policies = payload["policyData"]["policies"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    policies.iter().map(|policy| (text(&policy["name"]), text(&policy["version"]))).collect()
}

#[tokio::test]
async fn the_jws_form_gives_the_versions_asked_for() {
    let world = World::new();
    fill(&world);
    let active = [("d:policy.readers", "0"), ("d:policy.empty", "-")];
    let newer = [("d:policy.readers", "v2"), ("d:policy.empty", "-")];
    for (body, expected) in [
        (r#"{"policyVersions":{}}"#, &active[..]),
        (r#"{"policyVersions":null,"signatureP1363Format":true}"#, &active),
        ("{}", &active),
        (r#"{"policyVersions":{"readers":"V2"}}"#, &newer),
        (r#"{"policyVersions":{"D:policy.Readers":"v2"}}"#, &newer),
        (r#"{"policyVersions":{"readers":"v9"}}"#, &active[1..]),
        (r#"{"policyVersions":{"nosuch":"v2"}}"#, &active),
    ] {
        let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(versions(&payload(&world, body).await), expected, "{body}");
    }
    let payload = payload(&world, "{}").await;
    let assertions = &payload["policyData"]["policies"][0]["assertions"];
    assert_eq!(assertions[0]["id"], 7);
    assert_eq!(assertions[1]["conditions"]["conditionsList"][0]["conditionsMap"]["instances"]["value"], "h");
    for (body, words) in [("", "Missing or malformed SignedPolicyRequest"), ("junk", "Invalid Object")] {
        let answer = world.post("user.dave", "/domain/d/policy/signed", body).await;
        assert_eq!(answer.status, 400);
        assert!(answer.message().starts_with(words), "{body}: {}", answer.message());
    }
}

#[tokio::test]
async fn without_details_versions_are_unknown() {
    let world = World::with(|config| config.policies.details = false);
    fill(&world);
    let payload = payload(&world, r#"{"policyVersions":{"readers":"0"}}"#).await;
    assert_eq!(versions(&payload), [("d:policy.empty".to_owned(), "-".to_owned())]);
}

#[tokio::test]
async fn the_width_of_a_raw_signature() {
    let world = World::new();
    fill(&world);
    let answer = world.post("user.dave", "/domain/d/policy/signed", r#"{"signatureP1363Format":true}"#).await;
    assert_eq!(answer.body["signature"].as_str().unwrap().len(), 86, "64 bytes");
}

#[tokio::test]
async fn a_signed_answer_is_used_again_until_something_changes() {
    let world = World::new();
    fill(&world);
    let signature =
        async || world.get("user.dave", "/domain/d/signed_policy_data").await.body["signature"].clone();
    let first = signature().await;
    world.clock.advance_seconds(30);
    assert_eq!(signature().await, first);
    world.clock.advance_seconds(31);
    let second = signature().await;
    assert_ne!(second, first);
    world.domain(json!({"name": "d", "roles": []}));
    assert_ne!(signature().await, second);
}
