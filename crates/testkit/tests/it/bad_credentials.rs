//! Tokens and certificates that prove nothing.

use athenz_conformance::Mint;
use athenz_testkit::TestWorld;
use serde_json::{Value, json};

use crate::sports::{self, state};

fn token(world: &TestWorld, given: &Value) -> String {
    let mut token = json!({"domain": "sports", "name": "api", "key": "sports-api"});
    if let (Some(token), Some(given)) = (token.as_object_mut(), given.as_object()) {
        token.extend(given.clone());
    }
    world.filled(&json!({"$ntoken": token})).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn service_tokens() {
    let world = sports::world().await;
    let member = json!({"memberName": "sports.api"});
    world.user("jane").put("/zms/v1/domain/sports/role/admin/member/sports.api", &member).await.expect(204);
    let before = state(&world).await;
    let changes = ("/zms/v1/domain/sports/role/writers", json!({"name": "writers"}));
    let good = token(&world, &json!({}));
    let spoilt = format!("{}A", good.strip_suffix('-').unwrap_or(&good));
    for (name, token) in [
        ("signed by a foreign key", token(&world, &json!({"key": "foreign"}))),
        ("signed by a key that is not registered", token(&world, &json!({"keyid": "7"}))),
        ("expired", token(&world, &json!({"age": 7200, "expires": 3600}))),
        ("from the future", token(&world, &json!({"age": -90_000, "expires": 3600}))),
        ("good for too long", token(&world, &json!({"expires": 86_400 * 400}))),
        ("of another service", token(&world, &json!({"name": "web"}))),
        ("of another domain", token(&world, &json!({"domain": "news"}))),
        ("of a user", token(&world, &json!({"domain": "user", "name": "jane"}))),
        ("with a changed name", good.replace("n=api", "n=ap1")),
        ("without its signature", good.split(";s=").next().unwrap().to_owned()),
        ("with a longer signature", spoilt),
        ("of nothing", ";;;=;".to_owned()),
    ] {
        let caller = world.anonymous().with_header("athenz-principal-auth", &token);
        let reply = caller.put(changes.0, &changes.1).await;
        assert_eq!(reply.status, 401, "{name}: {}", reply.json);
        reply.refused(401);
        world
            .anonymous()
            .with_header("athenz-principal-auth", &token)
            .get("/zts/v1/role/cert")
            .await
            .refused(401);
    }
    assert_eq!(state(&world).await, before);
    let good = world.anonymous().with_header("athenz-principal-auth", &good);
    good.put(changes.0, &changes.1).await.expect(204);
}

#[tokio::test]
async fn a_token_ends_while_the_clock_goes_on() {
    let (settings, clock) = sports::settings();
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    let caller =
        world.anonymous().with_header("athenz-principal-auth", &token(&world, &json!({"expires": 600})));
    caller.get("/zms/v1/domain/sports").await.expect(200);
    clock.advance_seconds(599);
    caller.get("/zms/v1/domain/sports").await.expect(200);
    clock.advance_seconds(3_600);
    caller.get("/zms/v1/domain/sports").await.refused(401);
}

#[tokio::test]
async fn access_tokens_are_no_credentials_of_zms() {
    let world = sports::world().await;
    let form = "grant_type=client_credentials&scope=sports:role.readers";
    let answer = world.user("bob").post_form("/zts/v1/oauth2/token", form).await.expect(200).json;
    let token = answer["access_token"].as_str().unwrap();
    let before = state(&world).await;
    let caller = world.anonymous().with_header("authorization", &format!("Bearer {token}"));
    caller.put("/zms/v1/domain/sports/role/writers", &json!({"name": "writers"})).await.refused(401);
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn certificates_that_name_nobody() {
    let world = sports::world().await;
    let before = state(&world).await;
    for (cn, san) in [
        ("", ""),
        ("jane", ""),
        ("user.", ""),
        ("user.jane smith", ""),
        ("usеr.jane", ""), // a Cyrillic letter
        ("*", ""),
        ("sports:role.admin", ""),
    ] {
        let caller = world.minted(&Mint { cn: cn.into(), san: san.into(), ou: None });
        let reply = caller.put("/zms/v1/domain/sports/role/writers", &json!({"name": "writers"})).await;
        assert!([400, 401, 403].contains(&reply.status), "{cn}: {} {}", reply.status, reply.json);
        reply.refused(reply.status);
    }
    assert_eq!(state(&world).await, before);
}
