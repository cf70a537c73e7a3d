use serde_json::{Value, json};

use crate::world::{Answer, World};

fn world() -> World {
    let world = World::new();
    world.domain(json!({
        "name": "app",
        "roles": [
            {"name": "app:role.readers", "roleMembers": [{"memberName": "user.bob"}]},
            {"name": "app:role.co-readers", "roleMembers": [{"memberName": "user.carol"}]},
            {"name": "app:role.viagroup", "roleMembers": [{"memberName": "app:group.devs"}]}
        ],
        "groups": [
            {"name": "app:group.devs", "groupMembers": [{"memberName": "user.bob"}]},
            {"name": "app:group.ops", "groupMembers": [{"memberName": "user.bob"}, {"memberName": "user.carol"}]}
        ],
        "services": [{"name": "app.web", "providerEndpoint": "https://app.example/cb"}, {"name": "app.bare"}]
    }));
    world.domain(json!({
        "name": "other",
        "roles": [{"name": "other:role.readers", "roleMembers": [{"memberName": "user.bob"}]}]
    }));
    world
}

async fn ask(world: &World, caller: &str, query: &[(&str, &str)]) -> Answer {
    let mut all = vec![("response_type", "id_token"), ("client_id", "app.web"), ("nonce", "n1")];
    all.retain(|(name, _)| !query.iter().any(|(given, _)| given == name));
    all.extend_from_slice(query);
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(all.iter().filter(|(_, value)| *value != "-"));
    world.get(caller, &format!("/oauth2/auth?{}", text.finish())).await
}

#[tokio::test]
async fn scopes_become_groups() {
    let world = world();
    for (caller, scope, more, groups, aud) in [
        ("user.bob", "openid", vec![], Value::Null, "app.web"),
        ("user.bob", "openid groups", vec![], json!(["app:group.devs", "app:group.ops"]), "app.web"),
        ("user.dave", "openid groups", vec![], Value::Null, "app.web"),
        ("user.bob", "openid roles", vec![], json!(["readers", "viagroup"]), "app.web"),
        ("user.bob", "OPENID GROUPS ROLES", vec![], json!(["app:group.devs", "app:group.ops"]), "app.web"),
        (
            "user.bob",
            "openid roles",
            vec![("fullArn", "true")],
            json!(["app:role.readers", "app:role.viagroup"]),
            "app.web",
        ),
        ("user.carol", "openid app:group.devs app:group.ops", vec![], json!(["app:group.ops"]), "app.web"),
        (
            "user.bob",
            "openid app:role.readers",
            vec![("roleInAudClaim", "true")],
            json!(["readers"]),
            "app.web:readers",
        ),
        ("user.bob", "openid other:role.readers", vec![], json!(["other:role.readers"]), "app.web"),
        (
            "user.bob",
            "openid app:role.readers other:role.readers",
            vec![],
            json!(["app:role.readers", "other:role.readers"]),
            "app.web",
        ),
        ("user.bob", "openid roles other:domain", vec![], json!(["other:role.readers"]), "app.web"),
        ("user.bob", "openid app:domain", vec![], Value::Null, "app.web"),
        ("user.bob", "openid app:domain app:role.readers", vec![], json!(["readers", "viagroup"]), "app.web"),
    ] {
        let mut query = vec![("scope", scope), ("output", "json")];
        query.extend(more);
        let answer = ask(&world, caller, &query).await;
        assert_eq!(answer.status, 200, "{scope}: {}", answer.body);
        let claims = world.claims(answer.body["id_token"].as_str().unwrap()).await;
        assert_eq!(claims.value("groups").cloned().unwrap_or_default(), groups, "{caller} {scope}");
        assert_eq!(claims.value("aud"), Some(&json!(aud)), "{scope}");
        assert_eq!((claims.value("nonce"), claims.value("jti")), (Some(&json!("n1")), None));
    }
}

#[tokio::test]
async fn refusals() {
    let world = world();
    for (caller, query, status, words) in [
        (
            "user.carol",
            vec![("scope", "openid app:group.devs")],
            403,
            "principal not included in requested groups",
        ),
        (
            "user.carol",
            vec![("scope", "openid app:role.readers")],
            403,
            "principal not included in requested roles",
        ),
        (
            "user.bob",
            vec![("scope", "openid app:role.group")],
            403,
            "principal not included in requested roles",
        ),
        (
            "user.carol",
            vec![("scope", "openid app:group.devs app:group.ops"), ("allScopePresent", "true")],
            403,
            "principal not included in all requested groups",
        ),
        ("user.bob", vec![("scope", "groups")], 400, "openid scope not specified"),
        ("user.bob", vec![("scope", "")], 400, "no scope provided"),
        ("user.bob", vec![("scope", "openid"), ("response_type", "code")], 400, "invalid response type"),
        ("user.bob", vec![("scope", "openid"), ("nonce", "-")], 400, "Missing or malformed EntityName"),
        ("user.bob", vec![("scope", "openid"), ("nonce", "a b")], 400, "Invalid EntityName error"),
        ("user.bob", vec![("scope", "openid"), ("state", "a b")], 400, "Invalid EntityName error"),
        ("user.bob", vec![("scope", "openid"), ("client_id", "web")], 400, "Invalid client id"),
        ("user.bob", vec![("scope", "openid"), ("client_id", "none.web")], 404, "No such domain: none"),
        (
            "user.bob",
            vec![("scope", "openid"), ("client_id", "app.none")],
            400,
            "Invalid client id: service app.none is not registered",
        ),
        (
            "user.bob",
            vec![("scope", "openid"), ("redirect_uri", "https://evil.example")],
            400,
            "invalid redirect uri",
        ),
        ("user.bob", vec![("scope", "openid APP:role.readers")], 404, "No such domain: APP"),
        ("app.web", vec![("scope", "openid"), ("expiryTime", "-1")], 400, "Invalid expiryTime"),
        (
            "app:role.readers=user.bob",
            vec![("scope", "openid")],
            403,
            "Role Identity not authorized for request",
        ),
        ("", vec![("scope", "openid")], 401, "Invalid credentials"),
    ] {
        let mut query = query;
        query.push(("output", "json"));
        let answer = ask(&world, caller, &query).await;
        assert_eq!(answer.status, status, "{query:?}: {}", answer.body);
        assert!(answer.message().starts_with(words), "{query:?}: {}", answer.message());
    }
}

#[tokio::test]
async fn the_token_goes_to_the_registered_address_only() {
    let world = world();
    let answer = ask(
        &world,
        "user.bob",
        &[("scope", "openid"), ("redirect_uri", "https://APP.example/cb"), ("state", "s1")],
    )
    .await;
    assert_eq!((answer.status, answer.body), (302, Value::Null));
    let location = answer.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("https://APP.example/cb#id_token=ey") && location.ends_with("&state=s1"),
        "{location}"
    );
    for (client, uri) in [
        ("app.web", "https://evil.example"),
        ("app.web", ""),
        ("app.bare", "https://app.example/cb"),
        ("app.none", "https://app.example/cb"),
    ] {
        let answer =
            ask(&world, "user.bob", &[("scope", "openid"), ("client_id", client), ("redirect_uri", uri)])
                .await;
        assert_eq!((answer.status, answer.message()), (400, "invalid redirect uri"), "{client} {uri}");
    }
}

#[tokio::test]
async fn lifetimes_of_users_and_services() {
    let world = world();
    let seconds = async |caller: &str, wish: &str| {
        let answer =
            ask(&world, caller, &[("scope", "openid"), ("output", "json"), ("expiryTime", wish)]).await;
        let claims = world.claims(answer.body["id_token"].as_str().unwrap()).await;
        let (exp, iat) = (claims.expires().unwrap().seconds(), claims.issued().unwrap().unwrap().seconds());
        assert_eq!(answer.body["expiration_time"], exp);
        exp - iat
    };
    for (caller, wish, expected) in [
        ("user.bob", "", 3_600),
        ("user.bob", "600", 600),
        ("user.bob", "7200", 3_600),
        ("user.bob", "-1", 3_600),
        ("app.web", "", 43_200),
        ("app.web", "600", 600),
        ("app.web", "86400", 43_200),
    ] {
        assert_eq!(seconds(caller, wish).await, expected, "{caller} {wish}");
    }
    world.domain(json!({
        "name": "user",
        "roles": [{"name": "user:role.long", "roleMembers": [{"memberName": "user.bob"}], "tags": {"zts.UserTokenTimeout": {"list": ["7200"]}}}]
    }));
    assert_eq!(seconds("user.bob", "").await, 7_200);
    assert_eq!(seconds("user.carol", "").await, 3_600);
}
