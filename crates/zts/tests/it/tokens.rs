use athenz_crypto::jose::{ProtectedHeader, sign_compact};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::role_token::UnverifiedRoleToken;
use athenz_model::{Clock, Timestamp};
use serde_json::{Value, json};

use crate::world::{Answer, ISSUER, World};

fn sports(world: &World) {
    world.domain(json!({
        "name": "sports", "enabled": true, "roles": [
            {"name": "sports:role.readers", "roleMembers": [{"memberName": "user.bob"}, {"memberName": "sports.api"}]},
            {"name": "sports:role.writers", "roleMembers": [{"memberName": "sports.api"}]},
            {"name": "sports:role.co-writers", "roleMembers": [{"memberName": "user.carol"}]},
            {"name": "sports:role.brief", "roleMembers": [{"memberName": "user.dave", "expiration": "2026-11-01T12:10:00.000Z"}]},
            {"name": "sports:role.short", "tokenExpiryMins": 30, "roleMembers": [{"memberName": "user.erin"}]}
        ], "services": [], "entities": [
            {"name": "sports:entity.zts.authorization_details_m", "value": {"data": "{\"type\":\"m\",\"roles\":[{\"name\":\"readers\"}],\"fields\":[{\"name\":\"f\"}]}"}}
        ]
    }));
}

async fn ask(world: &World, caller: &str, scope: &str, more: &[(&str, &str)]) -> Answer {
    let mut form = vec![("grant_type", "client_credentials"), ("scope", scope)];
    form.extend_from_slice(more);
    world.form(caller, "/oauth2/token", &form).await
}

#[tokio::test]
async fn an_access_token_says_what_is_held_and_to_whom_it_is_bound() {
    let world = World::new();
    sports(&world);
    let answer = ask(&world, "sports.api", "sports:domain", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["scope"], "sports:role.readers sports:role.writers");
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(7200)));
    let claims = world.claims(answer.body["access_token"].as_str().unwrap()).await;
    let now = world.clock.now().seconds();
    let mut rest = claims.as_map().clone();
    assert_eq!(rest.remove("jti").unwrap().as_str().unwrap().len(), 36);
    assert_eq!(
        Value::Object(rest),
        json!({
            "ver": 1, "iss": ISSUER, "aud": "sports", "sub": "sports.api", "uid": "sports.api",
            "client_id": "sports.api", "iat": now, "auth_time": now, "exp": now + 7200,
            "scp": ["readers", "writers"], "scope": "readers writers",
            "cnf": {"x5t#S256": "thumbprint-of-sports.api"}
        })
    );
}

#[tokio::test]
async fn requested_roles_are_exact_and_the_scope_is_told_when_it_is_not_plain() {
    let world = World::new();
    sports(&world);
    for (caller, scope, scp, told) in [
        ("sports.api", "sports:role.readers", json!(["readers"]), Value::Null),
        ("sports.api", "SPORTS:Role.Readers sports:role.readers", json!(["readers"]), Value::Null),
        (
            "user.bob",
            "sports:role.readers sports:role.writers",
            json!(["readers"]),
            json!("sports:role.readers"),
        ),
        (
            "user.bob",
            "sports:role.readers sports:role.nosuch",
            json!(["readers"]),
            json!("sports:role.readers"),
        ),
        (
            "user.bob",
            "email sports:domain sports:role.readers",
            json!(["readers"]),
            json!("sports:role.readers"),
        ),
    ] {
        let answer = ask(&world, caller, scope, &[]).await;
        assert_eq!((answer.status, &answer.body["scope"]), (200, &told), "{scope}: {}", answer.body);
        let claims = world.claims(answer.body["access_token"].as_str().unwrap()).await;
        assert_eq!(claims.value("scp"), Some(&scp), "{scope}");
    }
    for (caller, scope) in [("user.carol", "sports:role.writers"), ("user.bob", "sports:role.eaders")] {
        let answer = ask(&world, caller, scope, &[]).await;
        let text = format!(
            "postaccesstokenrequest: principal {caller} is not included in the requested role(s) in domain sports"
        );
        assert_eq!((answer.status, answer.message()), (403, text.as_str()), "a suffix twin of {scope}");
    }
}

#[tokio::test]
async fn an_unknown_role_is_refused_as_one_that_others_hold() {
    let world = World::new();
    sports(&world);
    let mut answers = Vec::new();
    for role in ["writers", "nosuch"] {
        let token = ask(&world, "user.zoe", &format!("sports:role.{role}"), &[]).await;
        let older = world.get("user.zoe", &format!("/domain/sports/token?role={role}")).await;
        answers.push((token.status, token.body, older.status, older.body));
    }
    assert_eq!(answers[0], answers[1], "nobody learns which roles there are");
    assert_eq!((answers[0].0, answers[0].2), (403, 403));
}

#[tokio::test]
async fn refusals_in_the_words_clients_know() {
    let world = World::new();
    sports(&world);
    for (caller, scope, more, status, words) in [
        (
            "user.zoe",
            "sports:domain",
            vec![],
            403,
            "postaccesstokenrequest: principal user.zoe is not included in any role in domain sports",
        ),
        ("user.bob", "nosuch:domain", vec![], 404, "No such domain: nosuch"),
        ("user.bob", " ", vec![], 400, "No domains in scope"),
        ("user.bob", "sports:group.g", vec![], 400, "No roles in scope"),
        ("user.bob", "openid sports:role.readers", vec![], 400, "No audience service name for openid scope"),
        ("user.bob", "sports:domain sys.auth:domain", vec![], 400, "Multiple domains in scope"),
        (
            "user.bob",
            "sports:role.readers",
            vec![("proxy_for_principal", "user.carol")],
            403,
            "Principal: user.bob not authorized for proxy access token request",
        ),
        (
            "user.bob",
            "sports:role.readers",
            vec![("proxy_for_principal", "user carol")],
            400,
            "Invalid EntityName error",
        ),
        ("user.bob", "sports:role.readers", vec![("actor", "a b")], 400, "Invalid ServiceName error"),
        (
            "user.bob",
            "sports:role.readers",
            vec![("authorization_details", "[{\"type\":\"m\",\"g\":1}]")],
            400,
            "Authorization Details configuration mismatch",
        ),
        (
            "sports.api",
            "sports:role.writers",
            vec![("authorization_details", "[]")],
            400,
            "Authorization Details not valid for this request",
        ),
        ("sports:role.readers=user.bob", "sports:domain", vec![], 200, ""),
        (
            "sports:role.writers=sports.api",
            "sports:domain",
            vec![],
            403,
            "Role based Principal does not include all roles",
        ),
        ("", "sports:domain", vec![], 401, "Unauthenticated request"),
        (
            "user.bob",
            "sports:domain",
            vec![
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token", "a.b.c"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ],
            400,
            "Invalid subject token: Unable to parse token: ",
        ),
    ] {
        let answer = ask(&world, caller, scope, &more).await;
        assert_eq!(answer.status, status, "{caller} {scope} {more:?}: {}", answer.body);
        assert!(answer.message().starts_with(words), "{caller} {scope}: {}", answer.message());
    }
    let answer = world.raw_form("user.bob", "/oauth2/token", String::new()).await;
    assert_eq!((answer.status, answer.message()), (400, "Empty request body"));
    assert_eq!(world.post("user.bob", "/oauth2/token", "{}").await.status, 415);
}

#[tokio::test]
async fn a_token_ends_with_the_limits_and_the_membership() {
    let world = World::new();
    sports(&world);
    for (caller, scope, wish, seconds) in [
        ("user.bob", "sports:role.readers", "60", 60),
        ("user.bob", "sports:role.readers", "-5", 7_200),
        ("user.bob", "sports:role.readers", "99999999", 2_592_000),
        ("user.erin", "sports:domain", "", 1_800),
        ("user.dave", "sports:domain", "", 600),
    ] {
        let answer = ask(&world, caller, scope, &[("expires_in", wish)]).await;
        assert_eq!(answer.body["expires_in"], seconds, "{caller} {wish}");
    }
    world.clock.advance_seconds(601);
    assert_eq!(ask(&world, "user.dave", "sports:domain", &[]).await.status, 403);

    let lasting = World::with(|config| config.tokens.outlive_membership = true);
    sports(&lasting);
    assert_eq!(ask(&lasting, "user.dave", "sports:domain", &[]).await.body["expires_in"], 7_200);
}

#[tokio::test]
async fn options_of_a_request_go_into_the_token() {
    let world = World::with(|config| config.authorized_proxy_users = vec!["sports.api".to_owned()]);
    sports(&world);
    let more = [
        ("proxy_for_principal", "user.bob"),
        ("role_in_aud_claim", "true"),
        ("actor", "sports.next"),
        ("proxy_principal_spiffe_uris", "spiffe://edge/sa/gw"),
        ("authorization_details", "[{\"type\":\"m\",\"F\":1}]"),
    ];
    let answer = ask(&world, "sports.api", "sports:role.readers", &more).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let claims = world.claims(answer.body["access_token"].as_str().unwrap()).await;
    for (claim, value) in [
        ("sub", json!("user.bob")),
        ("client_id", json!("user.bob")),
        ("proxy", json!("sports.api")),
        ("aud", json!("sports:readers")),
        ("may_act", json!({"sub": "sports.next"})),
        ("authorization_details", json!("[{\"type\":\"m\",\"F\":1}]")),
        (
            "cnf",
            json!({"x5t#S256": "thumbprint-of-sports.api", "proxy-principals#spiffe": ["spiffe://edge/sa/gw"]}),
        ),
    ] {
        assert_eq!(claims.value(claim), Some(&value), "{claim}");
    }
    let both = ask(&world, "sports.api", "sports:role.writers", &[("proxy_for_principal", "user.bob")]).await;
    assert_eq!(
        (both.status, both.message().contains("principal user.bob")),
        (403, true),
        "only what both hold"
    );
}

#[tokio::test]
async fn an_id_token_beside_the_access_token_only_where_it_is_switched_on() {
    let scope = "openid sports:service.api sports:role.readers";
    let world = World::new();
    sports(&world);
    assert_eq!(ask(&world, "user.bob", scope, &[]).await.body["id_token"], Value::Null);
    let world = World::with(|config| config.tokens.openid_scope = true);
    sports(&world);
    let answer = ask(&world, "user.bob", scope, &[]).await;
    let claims = world.claims(answer.body["id_token"].as_str().unwrap()).await;
    assert_eq!(
        (claims.value("aud"), claims.value("sub")),
        (Some(&json!("sports.api")), Some(&json!("user.bob")))
    );
}

fn assertion(world: &World, key: &PrivateKey, change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": "svc.client", "sub": "svc.client", "aud": ISSUER, "scope": "svc:role.users",
        "exp": world.clock.now().seconds() + 600
    });
    change(&mut claims);
    sign_compact(key, &ProtectedHeader::new("k1", None, key.default_algorithm()), &claims).unwrap()
}

fn client_world(key: &PrivateKey) -> World {
    let world = World::new();
    world.domain(json!({
        "name": "svc",
        "roles": [{"name": "svc:role.users", "roleMembers": [{"memberName": "svc.client"}]}],
        "services": [{"name": "svc.client", "publicKeys": [{"id": "k1", "key": key.public_key().to_ybase64_pem()}]}]
    }));
    world
}

async fn by_assertion(world: &World, caller: &str, text: &str) -> Answer {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let more = [("client_assertion_type", kind), ("client_assertion", text)];
    ask(world, caller, "svc:role.users", &more).await
}

#[tokio::test]
async fn a_client_assertion_counts_once_and_only_when_it_holds() {
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    let world = client_world(&key);
    let good = assertion(&world, &key, |_| {});
    let answer = by_assertion(&world, "", &good).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let own = answer.body["access_token"].as_str().unwrap().to_owned();
    let claims = world.claims(&own).await;
    assert_eq!((claims.value("sub"), claims.value("cnf")), (Some(&json!("svc.client")), None));
    assert!(by_assertion(&world, "", &good).await.message().contains("used before"), "a replay");
    assert_eq!(
        by_assertion(&world, "svc.client", &good).await.status,
        200,
        "the certificate shows who it is"
    );

    let other = PrivateKey::generate_ec(Curve::P256).unwrap();
    for (why, text, words) in [
        ("our own token", own, "a token of this server is no client assertion"),
        ("no expiry", assertion(&world, &key, |claims| claims["exp"] = Value::Null), "exp"),
        ("too long", assertion(&world, &key, |claims| claims["exp"] = json!(2_000_000_000)), "too long"),
        ("expired", assertion(&world, &key, |claims| claims["exp"] = json!(1_700_000_000)), "Expired JWT"),
        (
            "audience",
            assertion(&world, &key, |claims| claims["aud"] = json!("https://x")),
            "mismatched audience",
        ),
        ("issuer", assertion(&world, &key, |claims| claims["iss"] = json!("svc.other")), "mismatched issuer"),
        ("another key", assertion(&world, &other, |_| {}), "Unable to verify token signature"),
        ("junk", "junk".to_owned(), "Missing part delimiters"),
    ] {
        let answer = by_assertion(&world, "svc.client", &text).await;
        assert_eq!(answer.status, 400, "{why}");
        let full = answer.message();
        assert!(full.starts_with("Invalid client assertion: Unable to parse token: "), "{why}: {full}");
        assert!(full.contains(words), "{why}: {full}");
    }
}

#[tokio::test]
async fn a_jwt_grant_brings_its_scope() {
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    let world = client_world(&key);
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let text = assertion(&world, &key, |_| {});
    let answer = world.form("", "/oauth2/token", &[grant, ("assertion", &text)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let bare = assertion(&world, &key, |claims| claims["scope"] = Value::Null);
    let answer = world.form("svc.client", "/oauth2/token", &[grant, ("assertion", &bare)]).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
}

#[tokio::test]
async fn role_tokens() {
    let world = World::new();
    sports(&world);
    let answer = world.get("sports.api", "/domain/Sports/token?maxExpiryTime=1200").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let now = world.clock.now();
    assert_eq!(answer.body["expiryTime"], now.seconds() + 1200);
    let text = answer.body["token"].as_str().unwrap();
    let salt = text.split(";a=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let (unsigned, _) = text.split_once(";s=").unwrap();
    assert_eq!(
        unsigned,
        format!(
            "v=Z1;d=sports;r=readers,writers;c=1;p=sports.api;h=zts.example;a={salt};t={};e={};k=0;i=192.0.2.7",
            now.seconds(),
            now.seconds() + 1200
        )
    );
    assert!(UnverifiedRoleToken::parse(text).is_ok());
    let named = world.get("sports.api", "/domain/sports/token?role=readers,nosuch").await;
    assert!(
        named.body["token"].as_str().unwrap().contains(";r=readers;p="),
        "no complete flag, no other role"
    );
    for (caller, query, status, words) in [
        (
            "user.zoe",
            "",
            403,
            "getroletoken: principal user.zoe is not included in any role in domain sports",
        ),
        (
            "user.carol",
            "?role=writers",
            403,
            "getroletoken: principal user.carol is not included in the requested role(s) in domain sports",
        ),
        (
            "user.bob",
            "?proxyForPrincipal=user.carol",
            403,
            "getRoleToken: Principal: user.bob not authorized for proxy role token request",
        ),
        (
            "sports:role.writers=sports.api",
            "",
            403,
            "getRoleToken: Role based Principal does not include all roles",
        ),
        ("user.bob", "?maxExpiryTime=abc", 404, "Not Found"),
    ] {
        let answer = world.get(caller, &format!("/domain/sports/token{query}")).await;
        assert_eq!((answer.status, answer.message()), (status, words), "{caller} {query}");
    }
    let answer = world.get("user.bob", "/domain/nosuch/token").await;
    assert_eq!((answer.status, answer.message()), (404, "getRoleToken: No such domain: nosuch"));
}

#[tokio::test]
async fn introspection_answers_only_those_who_may_ask() {
    let world = World::with(|config| config.tokens.introspection = true);
    world.domain(json!({
        "name": "sports",
        "roles": [
            {"name": "sports:role.readers", "roleMembers": [{"memberName": "user.bob"}]},
            {"name": "sports:role.judges", "roleMembers": [{"memberName": "sports.api"}]}
        ],
        "policies": {"contents": {"domain": "sports", "policies": [{"name": "sports:policy.p", "assertions": [
            {"role": "sports:role.judges", "resource": "sports:token", "action": "introspect", "effect": "ALLOW"}
        ]}]}, "signature": "s", "keyId": "0"}
    }));
    let token =
        ask(&world, "user.bob", "sports:domain", &[]).await.body["access_token"].as_str().unwrap().to_owned();
    let answer = world.form("sports.api", "/oauth2/introspect", &[("token", &token)]).await;
    assert_eq!(
        (&answer.body["active"], &answer.body["sub"]),
        (&json!(true), &json!("user.bob")),
        "{}",
        answer.body
    );
    let inactive = json!({"active": false, "ver": 0});
    assert_eq!(world.form("user.bob", "/oauth2/introspect", &[("token", &token)]).await.body, inactive);
    world.clock.advance_seconds(7_200);
    assert_eq!(world.form("sports.api", "/oauth2/introspect", &[("token", &token)]).await.body, inactive);
    let off = World::new();
    let answer = off.form("user.bob", "/oauth2/introspect", &[("token", "x")]).await;
    assert_eq!(
        (answer.status, answer.message()),
        (400, "postIntrospectRequest: Introspection is not supported")
    );
    assert!(world.clock.now() > Timestamp::EPOCH);
}
