use http::Request;
use serde_json::{Value, json};

use crate::world::{ISSUER, World};

#[tokio::test]
async fn keys_and_documents_are_for_anybody() {
    let world = World::new();
    let keys = world.get("", "/oauth2/keys").await;
    let key = &keys.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["kid"], &key["alg"], &key["crv"]),
        (&json!("EC"), &json!("0"), &json!("ES256"), &json!("prime256v1"))
    );
    let rfc = world.get("", "/oauth2/keys?rfc=true").await;
    assert_eq!(rfc.body["keys"][0]["crv"], "P-256");
    assert_eq!(world.get("", "/oauth2/keys?service=zms").await.body, json!({"keys": []}));
    let openid = world.get("", "/.well-known/openid-configuration").await;
    assert_eq!(openid.body["issuer"], ISSUER);
    assert_eq!(openid.body["jwks_uri"], format!("{ISSUER}/oauth2/keys?rfc=true"));
    assert_eq!(openid.body["id_token_signing_alg_values_supported"], json!(["ES256"]));
    let oauth = world.get("", "/.well-known/oauth-authorization-server").await;
    assert!(oauth.body.as_object().unwrap().contains_key("introspection_endpoint"));
    assert_eq!(oauth.body["introspection_endpoint"], Value::Null);
    assert_eq!(oauth.body["grant_types_supported"], json!(["client_credentials"]));
}

#[tokio::test]
async fn a_mapped_host_has_its_own_issuer_and_no_other_host_has() {
    let east = "https://east.example/zts/v1";
    let world = World::with(|config| {
        config.host_issuers.insert("east.example".to_owned(), east.to_owned());
    });
    for (host, issuer) in [("EAST.example:4443", east), ("evil.example", ISSUER)] {
        let request = Request::get("/zts/v1/.well-known/openid-configuration").header("host", host);
        let answer = world.send("", request.body(String::new()).unwrap()).await;
        assert_eq!(answer.body["issuer"], issuer, "{host}");
    }
}

#[tokio::test]
async fn status_info_and_schema() {
    let world = World::new();
    world.domain(json!({
        "name": "sys.auth",
        "roles": [{"name": "sys.auth:role.admin", "roleMembers": [{"memberName": "user.admin"}]}],
        "policies": {"contents": {"domain": "sys.auth", "policies": [{"name": "sys.auth:policy.admin", "assertions": [
            {"role": "sys.auth:role.admin", "resource": "sys.auth:*", "action": "*", "effect": "ALLOW"}
        ]}]}, "signature": "s", "keyId": "0"}
    }));
    assert_eq!(world.get("", "/status").await.body, json!({"code": 200, "message": "OK"}));
    assert_eq!(world.get("user.admin", "/sys/info").await.body["implementationTitle"], "athenz-zts");
    assert_eq!(
        (world.get("user.bob", "/sys/info").await.status, world.get("", "/sys/info").await.status),
        (403, 401)
    );
    assert_eq!(world.get("user.bob", "/schema").await.body["name"], "ZTS");
    assert_eq!(world.get("user.bob", "/oauth2/userinfo").await.status, 404);
    let gone = World::with(|config| config.health_check_path = Some("/nonexistent/healthy".into()));
    let answer = gone.get("", "/status").await;
    assert_eq!((answer.status, answer.message()), (404, "Error - no status available"));
}

#[tokio::test]
async fn what_is_not_offered_says_so() {
    let world = World::new();
    world.domain(
        json!({"name": "d", "roles": [{"name": "d:role.r", "roleMembers": [{"memberName": "user.bob"}]}]}),
    );
    let answer = world.get("user.bob", "/domain/d/role/deployer/creds").await;
    assert_eq!((answer.status, answer.message()), (400, "AWS support is not available"));
    for (path, body, status, words) in [
        (
            "/external/azure/domain/d/creds",
            r#"{"clientId":"d.s","attributes":{}}"#,
            400,
            "Invalid external credentials provider: azure",
        ),
        ("/external/gcp/domain/d/creds", r#"{"clientId":"d.s"}"#, 400, "Missing credentials attributes"),
        (
            "/external/gcp/domain/d/creds",
            r#"{"clientId":"s","attributes":{"athenzRoleName":"r"}}"#,
            400,
            "Invalid client id",
        ),
        (
            "/external/gcp/domain/d/creds",
            r#"{"clientId":"d.s","attributes":{"athenzRoleName":"x"}}"#,
            403,
            "principal not included in requested roles",
        ),
        (
            "/external/gcp/domain/d/creds",
            r#"{"clientId":"d.s","attributes":{"athenzRoleName":"r"}}"#,
            403,
            "gcp project id not configured for domain",
        ),
        ("/usercert", "{}", 400, "User authority configuration is not set"),
        ("/extmembercert", "{}", 400, "External member certificate configuration is not set"),
    ] {
        let answer = world.post("user.bob", path, body).await;
        assert_eq!((answer.status, answer.message()), (status, words), "{path} {body}");
    }
}
