//! Bodies and names that no client of good will sends. Each is refused in Athenz's form, and nothing
//! changes. (Slow clients and connections that close halfway are tests of the `serve` crate.)

use athenz_serve::limits::RequestLimits;
use athenz_testkit::{Reply, TestWorld};
use serde_json::json;

use crate::sports::{self, state};

const ROLE: &str = "/zms/v1/domain/sports/role/writers";

/// Refused by the operation, or by the router, which says no more than the status to PUT and DELETE.
#[track_caller]
fn turned_away(reply: &Reply) {
    assert!([400, 404, 405].contains(&reply.status), "{}: {} {}", reply.request, reply.status, reply.json);
    if !reply.json.is_null() {
        reply.refused(reply.status);
    }
}

#[tokio::test]
async fn bodies_that_are_not_what_the_operation_takes() {
    let world = sports::world().await;
    let before = state(&world).await;
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (name, body) in [
        ("cut off", r#"{"name": "writers", "#.to_owned()),
        ("no JSON", "name=writers".to_owned()),
        ("two values", r#"{"name": "writers"} {"name": "writers"}"#.to_owned()),
        ("not UTF-8's text", "{\"name\": \"wri\u{0}ters\"}".to_owned()),
        ("empty", String::new()),
        ("null", "null".to_owned()),
        ("a list", r#"[{"name": "writers"}]"#.to_owned()),
        ("members as text", r#"{"name": "writers", "roleMembers": "user.bob"}"#.to_owned()),
        ("a member as text", r#"{"name": "writers", "roleMembers": ["user.bob"]}"#.to_owned()),
        ("a number of days as object", r#"{"name": "writers", "memberExpiryDays": {}}"#.to_owned()),
        ("a number too large", r#"{"name": "writers", "memberExpiryDays": 99999999999}"#.to_owned()),
        ("deep", deep(100_000)),
        ("deep in a known field", format!(r#"{{"name": "writers", "roleMembers": {}}}"#, deep(100_000))),
        ("deep in an unknown field", format!(r#"{{"name": "writers", "x": {}}}"#, deep(100_000))),
        ("without the name", "{}".to_owned()),
        ("another name", r#"{"name": "readers"}"#.to_owned()),
        ("another domain", r#"{"name": "news:role.writers"}"#.to_owned()),
        ("a name of another kind", r#"{"name": "sports:group.writers"}"#.to_owned()),
        ("a name of another script", r#"{"name": "wrіters"}"#.to_owned()),
    ] {
        let reply = world.user("jane").send("PUT", ROLE, Some(body.into_bytes())).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.json);
        reply.refused(400);
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn a_field_that_no_type_has_is_skipped() {
    let world = sports::world().await;
    let body = json!({"name": "writers", "x": [{"y": [[]]}]});
    world.user("jane").put(ROLE, &body).await.expect(204);
    let role = world.user("jane").get(ROLE).await.expect(200).json;
    assert_eq!(role["name"], "sports:role.writers");
    assert!(role.get("x").is_none(), "{role}");
}

#[tokio::test]
async fn names_that_differ_between_path_and_body() {
    let world = sports::world().await;
    let before = state(&world).await;
    let assertion = json!({"role": "news:role.readers", "action": "read", "resource": "sports:score"});
    for (path, body) in [
        ("group/team", json!({"name": "players"})),
        ("policy/reading", json!({"name": "writing", "assertions": []})),
        ("policy/reading/assertion", assertion),
        ("service/api", json!({"name": "sports.web"})),
        ("service/api", json!({"name": "news.api"})),
        ("service/api/publickey/1", json!({"id": "2", "key": "LS0t"})),
        ("role/readers/member/user.eve", json!({"memberName": "user.mallory"})),
        ("role/readers/member/user.eve", json!({"memberName": "user.eve", "roleName": "admin"})),
        ("group/team/member/user.eve", json!({"memberName": "user.mallory"})),
        ("entity/place", json!({"name": "other", "value": {}})),
    ] {
        let path = format!("/zms/v1/domain/sports/{path}");
        world.user("jane").put(&path, &body).await.refused(400);
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn names_against_the_grammar() {
    let world = sports::world().await;
    let before = state(&world).await;
    for name in [
        "%D1%80%D0%BE%D0%BB%D1%8C", // Cyrillic
        "wr%D1%96ters",             // one Cyrillic letter
        "%EF%BD%97riters",          // full width
        "writers%00",
        "writers%0A",
        "wri%0Aters",
        "wri%1Bters",
        "wri%E2%80%AEters", // right to left
        "wri%20ters",
        "writers%20",
        "writers+x",
        "%2E%2E",
        "writers%252e",
        "wri%2Fters",
        "..%2Fpolicy%2Freading",
        "wri%25ters",
        "wri%C0%AFters", // no UTF-8
        "wri%FFters",
        "-writers",
        ".writers",
        "writers.",
        "wri..ters",
        "wri%27ters",
        "wri%3Bters",
    ] {
        let path = format!("/zms/v1/domain/sports/role/{name}");
        let body = json!({"name": "writers"});
        for reply in [
            world.user("jane").put(&path, &body).await,
            world.user("jane").get(&path).await,
            world.user("jane").delete(&path).await,
        ] {
            turned_away(&reply);
        }
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn dots_in_a_path_lead_nowhere() {
    let world = sports::world().await;
    let before = state(&world).await;
    for path in [
        "/zms/v1/domain/news/../sports/role/readers",
        "/zms/v1/domain/sports/role/../policy/reading",
        "/zms/v1/domain/sports//role/readers",
        "/zms/v1/domain/sports/role/readers/.",
        "/zms/v1/domain/sports;x=1/role/readers",
        "/zms/v1/../../zts/v1/domain/sports/role/readers",
        "/ZMS/V1/domain/sports/role/readers",
    ] {
        let reply = world.user("jane").delete(path).await;
        turned_away(&reply);
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn capitals_are_the_same_name() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let body = json!({"name": "WRITERS", "roleMembers": [{"memberName": "User.BOB"}]});
    jane.put("/zms/v1/domain/SPORTS/role/Writers", &body).await.expect(204);
    let role = jane.get(ROLE).await.expect(200).json;
    assert_eq!(role["name"], "sports:role.writers");
    assert_eq!(role["roleMembers"][0]["memberName"], "user.bob");
    world.settle().await;
    let access = "/zts/v1/access/domain/Sports/role/WRITERS/principal/USER.bob";
    assert_eq!(world.user("bob").get(access).await.expect(200).json["granted"], true);
}

async fn small_world() -> TestWorld {
    let (mut settings, _) = sports::settings();
    settings.limits = RequestLimits { body: 10_000, anonymous_body: 1_000, ..RequestLimits::default() };
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    world
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let world = small_world().await;
    let before = state(&world).await;
    let large = json!({"name": "writers", "description": "x".repeat(10_000)});
    world.user("jane").put(ROLE, &large).await.refused(413);
    // whoever has shown no credential gets less
    let request = json!({"provider": "sys.auth.zts", "domain": "sports", "service": "api", "attestationData": "",
        "csr": "x".repeat(1_000)});
    world.anonymous().post("/zts/v1/instance", &request).await.refused(413);
    world.anonymous().put(ROLE, &large).await.refused(413);
    assert_eq!(state(&world).await, before);
    let fitting = json!({"name": "writers", "description": "x".repeat(1_000)});
    world.user("jane").put(ROLE, &fitting).await.expect(204);
}

#[tokio::test]
async fn forms_of_zts_that_are_not_what_it_takes() {
    let world = sports::world().await;
    let bob = world.user("bob");
    let granted = "grant_type=client_credentials&scope=sports:role.readers";
    bob.post_form("/zts/v1/oauth2/token", granted).await.expect(200);
    for form in [
        "",
        "grant_type",
        "grant_type=client_credentials",
        "grant_type=nothing&scope=sports:domain",
        "grant_type=client_credentials&scope=%D1%81ports:domain",
        "grant_type=client_credentials&scope=sports:role.readers%00",
        "grant_type=client_credentials&scope=sports:role.readers%0Anews:domain",
        "grant_type=client_credentials&scope=sports:role.readers&authorization_details=%7B",
    ] {
        let reply = bob.post_form("/zts/v1/oauth2/token", form).await;
        assert_eq!(reply.status, 400, "{form}: {}", reply.json);
        assert!(
            reply.json["error"].is_string() || reply.json["message"].is_string(),
            "{form}: {}",
            reply.json
        );
    }
}

#[tokio::test]
async fn a_member_of_a_domain_that_does_not_exist() {
    let world = sports::world().await;
    let before = state(&world).await;
    let jane = world.user("jane");
    for (path, body) in [
        ("role/readers/member/nowhere.api", json!({"memberName": "nowhere.api"})),
        ("role/readers/member/nowhere:group.all", json!({"memberName": "nowhere:group.all"})),
        ("group/team/member/nowhere.api", json!({"memberName": "nowhere.api"})),
        ("role/writers", json!({"name": "writers", "roleMembers": [{"memberName": "nowhere.api"}]})),
    ] {
        let reply = jane.put(&format!("/zms/v1/domain/sports/{path}"), &body).await;
        assert!([400, 404].contains(&reply.status), "{path}: {} {}", reply.status, reply.json);
        reply.refused(reply.status);
    }
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn over_quota() {
    let world = sports::world().await;
    let quota = json!({"name": "sports", "subdomain": 0, "role": 2, "roleMember": 1, "policy": 2, "assertion": 2,
        "entity": 0, "service": 1, "serviceHost": 0, "publicKey": 1, "group": 1, "groupMember": 1});
    world.admin().put("/zms/v1/domain/sports/quota", &quota).await.expect(204);
    let before = state(&world).await;
    let jane = world.user("jane");
    let key = |id: &str| json!({"id": id, "key": "${pubkey:sports-api}"});
    for (path, body) in [
        ("role/writers", json!({"name": "writers"})),
        ("role/readers/member/user.eve", json!({"memberName": "user.eve"})),
        ("group/others", json!({"name": "others"})),
        ("group/team/member/user.eve", json!({"memberName": "user.eve"})),
        ("policy/writing", json!({"name": "writing", "assertions": []})),
        ("service/web", json!({"name": "sports.web"})),
        ("service/api/publickey/1", world.filled(&key("1"))),
        ("entity/place", json!({"name": "sports:entity.place", "value": {}})),
    ] {
        let reply = jane.put(&format!("/zms/v1/domain/sports/{path}"), &body).await;
        assert_eq!(reply.status, 429, "{path}: {}", reply.json);
        reply.refused(429);
    }
    let child = json!({"parent": "sports", "name": "east", "adminUsers": ["user.jane"]});
    jane.post("/zms/v1/subdomain/sports", &child).await.refused(429);
    assert_eq!(state(&world).await, before);
}
