//! Domains older than the deployment allows.

use athenz_zts::source::{Checkpoint, Event};
use serde_json::json;

use crate::world::World;

const ALLOWED: i64 = 300;

fn world() -> World {
    let world = World::with(|config| config.replication.max_age = Some(ALLOWED));
    let member = json!([{"memberName": "user.bob"}]);
    world.domain(json!({"name": "sports", "enabled": true, "roles": [
        {"name": "sports:role.readers", "roleMembers": member}
    ]}));
    world
}

const DECIDED: [&str; 5] = [
    "/access/domain/sports/role/readers/principal/user.bob",
    "/access/read/sports:score",
    "/domain/sports/token?role=readers",
    "/domain/sports/signed_policy_data",
    "/status",
];

async fn token(world: &World) -> u16 {
    let form = [("grant_type", "client_credentials"), ("scope", "sports:role.readers")];
    world.form("user.bob", "/oauth2/token", &form).await.status
}

#[tokio::test]
async fn nothing_is_issued_or_decided_on_domains_that_are_too_old() {
    let world = world();
    let confirmed = || world.state.replica.apply(vec![Event::Checkpoint(Checkpoint::default())]);
    for (advanced, good) in [(0, false), (0, true), (ALLOWED, true), (1, false), (0, true)] {
        world.clock.advance_seconds(advanced);
        if good && advanced == 0 {
            confirmed();
        }
        assert_eq!(world.state.staleness().is_none(), good, "readiness");
        let status = if good { 200 } else { 503 };
        for path in DECIDED {
            let answer = world.get("user.bob", path).await;
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            if !good {
                assert_eq!(answer.body["code"], 503);
                assert!(
                    answer.message().ends_with("; retry later, or ask another server"),
                    "{}",
                    answer.body
                );
            }
        }
        assert_eq!(token(&world).await, status);
        // with these, what was issued before is verified
        for path in ["/oauth2/keys", "/.well-known/openid-configuration", "/schema"] {
            assert_eq!(world.get("user.bob", path).await.status, 200, "{path}");
        }
    }
}

#[tokio::test]
async fn without_a_limit_the_last_good_domains_stay_in_use() {
    let world = World::new();
    assert_eq!(world.get("user.bob", "/status").await.status, 200);
    world.clock.advance_seconds(100 * 86_400);
    assert_eq!(world.get("user.bob", "/status").await.status, 200);
}
