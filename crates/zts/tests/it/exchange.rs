//! One token for another: what is carried over, what is refused, how long it lasts.

use athenz_crypto::jose::{ProtectedHeader, sign_compact};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_model::Clock;
use serde_json::{Value, json};

use crate::world::{Answer, ISSUER, World};

const EXCHANGE: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
const JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

fn policy(domain: &str, assertions: &[(&str, &str, &str)]) -> Value {
    let assertions: Vec<_> = assertions
        .iter()
        .map(|(role, action, resource)| {
            json!({"role": format!("{domain}:role.{role}"), "action": action, "resource": resource, "effect": "ALLOW"})
        })
        .collect();
    let policies = json!([{"name": format!("{domain}:policy.p"), "assertions": assertions}]);
    json!({"contents": {"domain": domain, "policies": policies}, "signature": "s", "keyId": "0"})
}

/// Bob reads and writes in `src` and reads in `dst`; the gate and the agents of `src` may exchange.
fn world() -> (World, PrivateKey) {
    world_with(|_| {})
}

fn world_with(change: impl FnOnce(&mut athenz_zts::Config)) -> (World, PrivateKey) {
    let (world, key) = (World::with(change), PrivateKey::generate_ec(Curve::P256).unwrap());
    let role = |domain: &str, name: &str, members: &[&str]| {
        let members: Vec<_> = members.iter().map(|name| json!({"memberName": name})).collect();
        json!({"name": format!("{domain}:role.{name}"), "roleMembers": members})
    };
    world.domain(json!({
        "name": "src",
        "roles": [
            role("src", "readers", &["user.bob", "src.agent1"]),
            role("src", "writers", &["user.bob"]),
            role("src", "exchangers", &["src.gate"]),
        ],
        "policies": policy("src", &[
            ("exchangers", "zts.token_source_exchange", "src:dst"),
            ("exchangers", "zts.jag_exchange", "src:role.readers"),
        ]),
        "services": [
            {"name": "src.gate", "clientId": "registered-client"},
            {"name": "src.agent1", "publicKeys": [{"id": "k1", "key": key.public_key().to_ybase64_pem()}]}
        ]
    }));
    world.domain(json!({
        "name": "dst",
        "roles": [
            role("dst", "readers", &["user.bob"]),
            role("dst", "writers", &["user.bob"]),
            role("dst", "exchangers", &["src.gate", "src.agent1", "src.agent2"]),
        ],
        "policies": policy("dst", &[
            ("exchangers", "zts.token_target_exchange", "dst:src:role.readers"),
            ("exchangers", "zts.token_target_exchange", "dst:dst:role.*"),
            ("exchangers", "zts.id_token_exchange", "dst:principal.user.bob"),
            ("readers", "zts.id_token_exchange", "dst:role.readers"),
            ("exchangers", "zts.jag_exchange", "dst:role.readers"),
        ]),
        "services": [{"name": "dst.app"}]
    }));
    (world, key)
}

async fn access_token(world: &World, caller: &str, more: &[(&str, &str)]) -> String {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend_from_slice(more);
    let answer = world.form(caller, "/oauth2/token", &form).await;
    answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

async fn id_token(world: &World, caller: &str, client: &str) -> String {
    let path = format!(
        "/oauth2/auth?response_type=id_token&client_id={client}&scope=openid&nonce=n&output=json&redirect_uri="
    );
    let answer = world.get(caller, &path).await;
    answer.body["id_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

async fn exchange(world: &World, caller: &str, token: &str, more: &[(&str, &str)]) -> Answer {
    let mut form =
        vec![EXCHANGE, ("subject_token", token), ("subject_token_type", ACCESS), ("audience", "dst")];
    form.extend_from_slice(more);
    world.form(caller, "/oauth2/token", &form).await
}

async fn claims(world: &World, answer: &Answer, name: &str) -> Value {
    let token = answer.body[name].as_str().unwrap_or_else(|| panic!("{}", answer.body));
    Value::Object(world.claims(token).await.as_map().clone())
}

#[tokio::test]
async fn a_service_takes_its_callers_roles_to_another_domain() {
    let (world, _) = world();
    let token = access_token(&world, "user.bob", &[("scope", "src:role.readers")]).await;
    let answer =
        exchange(&world, "src.gate", &token, &[("proxy_principal_spiffe_uris", "spiffe://edge/gw")]).await;
    let mut new = claims(&world, &answer, "access_token").await;
    let now = world.clock.now().seconds();
    assert!(new.as_object_mut().unwrap().remove("jti").is_some());
    assert_eq!(
        new,
        json!({
            "ver": 1, "iss": ISSUER, "aud": "dst", "sub": "user.bob", "uid": "src.gate", "client_id": "src.gate",
            "iat": now, "auth_time": now, "exp": now + 7200, "scp": ["readers"], "scope": "readers",
            "cnf": {"x5t#S256": "thumbprint-of-src.gate", "proxy-principals#spiffe": ["spiffe://edge/gw"]}
        })
    );
    assert_eq!(
        (&answer.body["scope"], &answer.body["expires_in"]),
        (&json!("dst:role.readers"), &json!(7200))
    );
}

#[tokio::test]
async fn an_exchanged_token_ends_with_the_one_it_came_from() {
    let (world, _) = world();
    let token =
        access_token(&world, "user.bob", &[("scope", "src:role.readers"), ("expires_in", "300")]).await;
    world.clock.advance_seconds(5);
    let answer = exchange(&world, "src.gate", &token, &[]).await;
    assert_eq!(answer.body["expires_in"], 300, "just made: {}", answer.body);
    let ends = world.clock.now().seconds() + 295;
    assert_eq!(claims(&world, &answer, "access_token").await["exp"], ends, "but no second longer");
    world.clock.advance_seconds(195);
    let answer = exchange(&world, "src.gate", &token, &[]).await;
    assert_eq!(answer.body["expires_in"], 100, "what is left: {}", answer.body);
    let exchanged = claims(&world, &answer, "access_token").await;
    assert_eq!((&exchanged["exp"], &exchanged["auth_time"]), (&json!(ends), &json!(ends - 300)));
    world.clock.advance_seconds(100);
    let late = exchange(&world, "src.gate", &token, &[]).await;
    assert_eq!(
        (late.status, late.message()),
        (400, "Invalid subject token: Unable to parse token: Expired JWT")
    );
}

#[tokio::test]
async fn what_an_id_token_is_exchanged_for_ends_with_it() {
    let (world, _) = world();
    let (made, token) = (world.clock.now().seconds(), id_token(&world, "user.bob", "src.gate").await);
    let ask = async |kind, audience, scope| {
        let form = [
            EXCHANGE,
            ("requested_token_type", kind),
            ("subject_token", &*token),
            ("subject_token_type", ID),
            ("audience", audience),
            ("scope", scope),
        ];
        world.form("src.gate", "/oauth2/token", &form).await
    };
    world.clock.advance_seconds(3_000);
    for (kind, audience, scope, name) in [
        (ID, "dst.app", "openid dst:role.readers", "id_token"),
        (JAG, ISSUER, "dst:role.readers", "access_token"),
    ] {
        let answer = ask(kind, audience, scope).await;
        assert_eq!(answer.body["expires_in"], 600, "{}", answer.body);
        let new = claims(&world, &answer, name).await;
        assert_eq!((&new["exp"], &new["auth_time"]), (&json!(made + 3_600), &json!(made)), "{kind}");
    }
    world.clock.advance_seconds(600);
    for (kind, audience, scope) in [(ID, "dst.app", "openid"), (JAG, ISSUER, "dst:role.readers")] {
        let late = ask(kind, audience, scope).await;
        assert_eq!(late.message(), "Invalid subject token: Unable to parse token: Expired JWT", "{kind}");
    }
}

#[tokio::test]
async fn an_operator_may_let_exchanged_tokens_live_longer() {
    let (world, _) = world_with(|config| config.tokens.outlive_subject = true);
    let token =
        access_token(&world, "user.bob", &[("scope", "src:role.readers"), ("expires_in", "60")]).await;
    let answer = exchange(&world, "src.gate", &token, &[]).await;
    assert_eq!(answer.body["expires_in"], 7_200, "{}", answer.body);
}

#[tokio::test]
async fn an_identity_assertion_lives_two_hours_at_most() {
    let (world, _) = world();
    let token = id_token(&world, "src.agent1", "src.gate").await;
    let form = [
        EXCHANGE,
        ("requested_token_type", JAG),
        ("subject_token", &*token),
        ("subject_token_type", ID),
        ("audience", ISSUER),
        ("scope", "src:role.readers"),
        ("expires_in", "2592000"),
    ];
    let answer = world.form("src.gate", "/oauth2/token", &form).await;
    assert_eq!(answer.body["expires_in"], 7_200, "{}", answer.body);
}

#[tokio::test]
async fn the_audience_of_full_names_misleads_nobody() {
    let (world, _) = world();
    world.domain(json!({"name": "dst.sub"}));
    world.domain(json!({"name": "https"}));
    let token = id_token(&world, "user.bob", "src.gate").await;
    for (audience, in_audience, good) in [
        ("dst", "false", true),
        ("dst.app", "false", true),
        ("dst.app", "true", true),
        ("spiffe://example", "false", true),
        ("urn:example:api", "false", true),
        ("src", "false", false),
        ("SRC", "false", false),
        ("src:role.readers", "false", false),
        ("src.gate", "false", false),
        ("src.gate", "true", false),
        ("src", "true", false),
        ("dst.sub", "false", false),
        ("dst.sub.app", "false", false),
        ("nowhere", "false", false),
        ("far.api", "false", false),
        ("https://rs.example", "false", false),
    ] {
        let form = [
            EXCHANGE,
            ("requested_token_type", JAG),
            ("subject_token", &*token),
            ("subject_token_type", ID),
            ("audience", ISSUER),
            ("scope", "dst:role.readers"),
        ];
        let jag = world.form("src.gate", "/oauth2/token", &form).await;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", jag.body["access_token"].as_str().unwrap()),
            ("full_arn", "true"),
            ("audience", audience),
            ("role_in_aud_claim", in_audience),
        ];
        let answer = world.form("src.gate", "/oauth2/token", &form).await;
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{audience}: {}", answer.body);
        assert!(good || answer.message().starts_with("Invalid audience: "), "{audience}: {}", answer.body);
    }
}

#[tokio::test]
async fn refusals_of_an_exchange() {
    let (world, key) = world();
    let both = access_token(&world, "user.bob", &[("scope", "src:domain")]).await;
    let id = id_token(&world, "user.bob", "src.gate").await;
    let foreign = |issuer: &str| {
        let claims = json!({"iss": issuer, "sub": "user.bob", "aud": "src", "scope": "readers",
            "exp": world.clock.now().seconds() + 600});
        sign_compact(&key, &ProtectedHeader::new("0", Some("at+jwt"), key.default_algorithm()), &claims)
            .unwrap()
    };
    let unknown_key = sign_compact(
        &key,
        &ProtectedHeader::new("k1", Some("at+jwt"), key.default_algorithm()),
        &json!({"iss": ISSUER, "sub": "user.bob", "aud": "src", "scope": "readers", "exp": 2_000_000_000}),
    )
    .unwrap();
    for (why, caller, token, more, status, words) in [
        (
            "a role not held",
            "src.gate",
            &both,
            &[("scope", "dst:role.owners")][..],
            400,
            "Invalid scope for token exchange",
        ),
        (
            "a foreign scope",
            "src.gate",
            &both,
            &[("scope", "src:role.readers")],
            400,
            "Invalid scope for token exchange",
        ),
        (
            "no right at the target",
            "src.gate",
            &both,
            &[("scope", "dst:role.writers")],
            403,
            "for the requested role",
        ),
        ("no right at the source", "user.carol", &both, &[], 403, "token impersonation from source domain"),
        ("the subject itself", "user.bob", &both, &[], 403, "token impersonation from source domain"),
        ("a role identity", "src:role.exchangers=src.gate", &both, &[], 403, "Role Identity not authorized"),
        ("an unknown target", "src.gate", &both, &[("audience", "none")], 404, "No such target domain: none"),
        ("no target", "src.gate", &both, &[("audience", "")], 400, "no audience provided"),
        ("an ID token has no roles", "src.gate", &id, &[], 404, "No such source domain: src.gate"),
        ("another signer", "src.gate", &foreign(ISSUER), &[], 400, "Signed JWT rejected: Invalid signature"),
        ("a key of a service", "src.gate", &unknown_key, &[], 400, "no matching key(s) found"),
        ("nobody", "", &both, &[], 401, "Unauthenticated request"),
    ] {
        let answer = exchange(&world, caller, token, more).await;
        assert_eq!(answer.status, status, "{why}: {}", answer.body);
        assert!(answer.message().contains(words), "{why}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_actor_acts_while_the_token_before_lets_it() {
    let (world, key) = world();
    let actor_type = ("actor_token_type", ACCESS);
    let subject =
        access_token(&world, "user.bob", &[("scope", "src:role.readers"), ("actor", "src.agent1")]).await;
    let own = access_token(&world, "src.agent1", &[("scope", "src:role.readers")]).await;
    let first = exchange(
        &world,
        "src.agent1",
        &subject,
        &[("actor_token", &own), actor_type, ("actor", "src.agent2")],
    )
    .await;
    let hop = claims(&world, &first, "access_token").await;
    assert_eq!((&hop["sub"], &hop["client_id"]), (&json!("user.bob"), &json!("src.agent1")));
    assert_eq!(
        (&hop["act"], &hop["may_act"]),
        (&json!({"sub": "src.agent1"}), &json!({"sub": "src.agent2"}))
    );
    assert_eq!(hop["cnf"]["x5t#S256"], "thumbprint-of-src.agent1", "bound to who holds it");

    let hop = first.body["access_token"].as_str().unwrap();
    let agent2 = access_token(&world, "src.gate", &[("scope", "src:role.exchangers")]).await;
    let wrong = exchange(&world, "src.agent2", hop, &[("actor_token", &agent2), actor_type]).await;
    assert_eq!(wrong.message(), "Invalid subject token: may_act sub does not match actor token subject");

    let signed = |change: &dyn Fn(&mut Value)| {
        let mut claims = json!({"iss": "src.agent1", "sub": "src.agent1", "aud": ISSUER,
            "exp": world.clock.now().seconds() + 600});
        change(&mut claims);
        sign_compact(&key, &ProtectedHeader::new("k1", None, key.default_algorithm()), &claims).unwrap()
    };
    let good = signed(&|_| {});
    let by_own_signature =
        exchange(&world, "src.agent1", &subject, &[("actor_token", &good), actor_type]).await;
    assert_eq!(by_own_signature.status, 200, "{}", by_own_signature.body);
    let by_token_alone = exchange(&world, "", &subject, &[("actor_token", &good), actor_type]).await;
    let bearer = claims(&world, &by_token_alone, "access_token").await;
    assert_eq!((&bearer["client_id"], bearer.get("cnf")), (&json!("src.agent1"), None));
    let again = exchange(&world, "", &subject, &[("actor_token", &good), actor_type]).await;
    assert!(again.message().contains("used before"), "{}", again.body);

    for (why, caller, actor, words) in [
        ("somebody else", "src.gate", own.as_str(), "Request principal does not match actor token principal"),
        ("our token shows nobody", "", &own, "Unauthenticated request"),
        ("no expiry", "src.agent1", &signed(&|claims| claims["exp"] = Value::Null), "Invalid actor token: "),
        (
            "for another server",
            "src.agent1",
            &signed(&|claims| claims["aud"] = json!("x")),
            "mismatched audience",
        ),
    ] {
        let answer = exchange(&world, caller, &subject, &[("actor_token", actor), actor_type]).await;
        assert!(answer.message().contains(words), "{why}: {}", answer.body);
    }
    let plain = access_token(&world, "user.bob", &[("scope", "src:role.readers")]).await;
    let answer = exchange(&world, "src.agent1", &plain, &[("actor_token", &own), actor_type]).await;
    assert_eq!(answer.message(), "Invalid subject token: missing may_act claim");
    let untyped = exchange(&world, "src.agent1", &subject, &[("actor_token", &own)]).await;
    assert_eq!(untyped.message(), "Invalid actor token type: null");
}

#[tokio::test]
async fn an_id_token_for_another_client() {
    let (world, _) = world();
    let token = id_token(&world, "user.bob", "src.gate").await;
    let access = access_token(&world, "user.bob", &[("scope", "src:role.readers")]).await;
    let ask = |caller, token, scope| {
        let form = [
            EXCHANGE,
            ("requested_token_type", ID),
            ("subject_token", token),
            ("subject_token_type", ID),
            ("audience", "dst.app"),
            ("scope", scope),
        ];
        let world = &world;
        async move { world.form(caller, "/oauth2/token", &form).await }
    };
    let answer = ask("src.gate", &token, "openid dst:role.readers").await;
    let new = claims(&world, &answer, "id_token").await;
    assert_eq!((&new["sub"], &new["aud"]), (&json!("user.bob"), &json!("dst.app")));
    assert_eq!((&new["groups"], answer.body.get("access_token")), (&json!(["dst:role.readers"]), None));
    assert_eq!(new["nonce"].as_str().unwrap().len(), 16);
    assert_eq!((&answer.body["expires_in"], &answer.body["issued_token_type"]), (&json!(3_600), &json!(ID)));
    for (why, caller, token, scope, words) in [
        ("a role not carried over", "src.gate", &token, "openid dst:role.writers", "for the requested role"),
        ("all roles, one not carried over", "src.gate", &token, "openid", "for the requested role"),
        (
            "a role not held",
            "src.gate",
            &token,
            "openid dst:role.exchangers",
            "not included in requested roles",
        ),
        ("not its audience", "src.agent1", &token, "openid", "Invalid subject token audience"),
        ("an access token", "src.gate", &access, "openid", "an ID token is required"),
        ("no openid", "src.gate", &token, "dst:role.readers", "openid scope not specified"),
        ("no scope", "src.gate", &token, "", "no scope provided"),
    ] {
        let answer = ask(caller, token.as_str(), scope).await;
        assert!(answer.message().contains(words), "{why}: {}", answer.body);
    }
}

#[tokio::test]
async fn an_identity_assertion_is_redeemed_once_by_its_client() {
    let (world, _) = world();
    let token = id_token(&world, "user.bob", "src.gate").await;
    let ask = |audience, scope| {
        let form = [
            EXCHANGE,
            ("requested_token_type", JAG),
            ("subject_token", &*token),
            ("subject_token_type", ID),
            ("audience", audience),
            ("scope", scope),
            ("resource", "https://api.example"),
        ];
        let world = &world;
        async move { world.form("src.gate", "/oauth2/token", &form).await }
    };
    let refused = ask(ISSUER, "dst:role.writers").await;
    assert_eq!((refused.status, refused.message().contains("for the requested role")), (403, true));
    assert_eq!(ask(ISSUER, "dst:domain").await.message(), "Scope value does not contain any roles");

    let answer = ask(ISSUER, "dst:role.readers").await;
    let jag = claims(&world, &answer, "access_token").await;
    assert_eq!((&answer.body["token_type"], &answer.body["issued_token_type"]), (&json!("N_A"), &json!(JAG)));
    assert_eq!(
        (&jag["aud"], &jag["client_id"], &jag["sub"]),
        (&json!(ISSUER), &json!("src.gate"), &json!("user.bob"))
    );
    assert_eq!(
        (&jag["scp"], &jag["resource"]),
        (&json!(["dst:role.readers"]), &json!("https://api.example"))
    );
    assert_eq!((jag.get("uid"), jag.get("cnf")), (None, None));

    let text = answer.body["access_token"].as_str().unwrap();
    let redeem = |caller, text, more: &[(&'static str, &'static str)]| {
        let mut form =
            vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", text)];
        form.extend_from_slice(more);
        let world = &world;
        async move { world.form(caller, "/oauth2/token", &form).await }
    };
    for (why, caller, more, words) in [
        ("another client", "src.agent1", &[][..], "Invalid jag assertion client_id"),
        ("nobody", "", &[], "Unauthenticated request"),
        ("more than it says", "src.gate", &[("scope", "dst:role.readers dst:role.writers")], "not a subset"),
    ] {
        let answer = redeem(caller, text, more).await;
        assert!(answer.message().contains(words), "{why}: {}", answer.body);
    }
    let answer = redeem("src.gate", text, &[]).await;
    let new = claims(&world, &answer, "access_token").await;
    assert_eq!(
        (&new["sub"], &new["uid"], &new["aud"]),
        (&json!("user.bob"), &json!("user.bob"), &json!("dst"))
    );
    assert_eq!((&new["scp"], &new["client_id"]), (&json!(["readers"]), &json!("src.gate")));
    assert_eq!(answer.body["expires_in"], 3600, "a user's: {}", answer.body);
    assert_eq!(new["cnf"]["x5t#S256"], "thumbprint-of-src.gate");
    let again = redeem("src.gate", text, &[]).await;
    assert_eq!(again.message(), "Invalid assertion token: the token was used before");

    let other = ask("https://elsewhere.example", "dst:role.readers").await;
    let answer = redeem("src.gate", other.body["access_token"].as_str().unwrap(), &[]).await;
    assert_eq!(answer.message(), "Unknown jag assertion audience");
    let access = access_token(&world, "user.bob", &[("scope", "src:role.readers")]).await;
    let answer = redeem("src.gate", &access, &[]).await;
    assert_eq!(answer.status, 400, "an access token is no assertion: {}", answer.body);
    let full = ask(ISSUER, "dst:role.readers").await;
    let options =
        [("full_arn", "true"), ("role_in_aud_claim", "true"), ("audience", "dst.app"), ("actor", "far.bot")];
    let answer = redeem("src.gate", full.body["access_token"].as_str().unwrap(), &options).await;
    let new = claims(&world, &answer, "access_token").await;
    assert_eq!(
        (&new["aud"], &new["scp"]),
        (&json!("dst.app:dst:role.readers"), &json!(["dst:role.readers"]))
    );
    assert_eq!((&new["act"], &new["may_act"]), (&json!({"sub": "src.gate"}), &json!({"sub": "far.bot"})));
}
