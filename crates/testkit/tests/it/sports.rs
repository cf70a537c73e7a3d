//! The small world of these tests: domain `sports`, which `user.jane` administers.

use std::sync::Arc;

use athenz_model::{ManualClock, Timestamp};
use athenz_testkit::{Replication, Shape, StoreKind, TestWorld, WorldSettings};
use serde_json::{Value, json};

/// SQLite and channel.
pub(crate) const SIMPLEST: Shape = Shape { store: StoreKind::Sqlite, replication: Replication::Channel };

/// The simplest shape on a day in 2026, on a clock that the test moves.
pub(crate) fn settings() -> (WorldSettings, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_780_000_000)));
    let settings = WorldSettings { clock: clock.clone(), ..WorldSettings::new(SIMPLEST) };
    (settings, clock)
}

/// The world on such a day.
pub(crate) async fn world() -> TestWorld {
    let world = TestWorld::start_with(settings().0).await;
    furnish(&world).await;
    world
}

/// Makes the domain; ZTS knows it afterwards.
pub(crate) async fn furnish(world: &TestWorld) {
    let domain = json!({"name": "sports", "adminUsers": ["user.jane"]});
    world.admin().post("/zms/v1/domain", &domain).await.expect(200);
    let jane = world.user("jane");
    let key = json!([{"id": "0", "key": "${pubkey:sports-api}"}]);
    let service = world.filled(&json!({"name": "sports.api", "publicKeys": key}));
    for (path, body) in [
        ("role/readers", json!({"name": "readers", "roleMembers": [{"memberName": "user.bob"}]})),
        ("group/team", json!({"name": "team", "groupMembers": [{"memberName": "user.bob"}]})),
        ("service/api", service),
        ("policy/reading", reading()),
    ] {
        jane.put(&format!("/zms/v1/domain/sports/{path}"), &body).await.expect(204);
    }
    world.settle().await;
}

/// The policy of the domain.
pub(crate) fn reading() -> Value {
    let assertion = json!({"role": "sports:role.readers", "action": "read", "resource": "sports:score", "effect": "ALLOW"});
    json!({"name": "sports:policy.reading", "assertions": [assertion]})
}

/// Lets the provider of ZTS launch `sports.api`; ZTS knows it afterwards.
pub(crate) async fn let_launch(world: &TestWorld) {
    let launch = |resource: &str| json!({"role": "sys.auth:role.launch", "action": "launch", "resource": resource, "effect": "ALLOW"});
    let role = json!({"name": "launch", "roleMembers": [{"memberName": "sys.auth.zts"}]});
    let assertions = json!([launch("sys.auth:instance"), launch("sys.auth:dns.zts.athenz.cloud")]);
    let policy = json!({"name": "launch", "assertions": assertions});
    let template = json!({"templateNames": ["zts_instance_launch_provider"],
        "params": [{"name": "service", "value": "api"}]});
    world.admin().put("/zms/v1/domain/sys.auth/role/launch", &role).await.expect(204);
    world.admin().put("/zms/v1/domain/sys.auth/policy/launch", &policy).await.expect(204);
    world.user("jane").put("/zms/v1/domain/sports/template", &template).await.expect(204);
    world.settle().await;
}

/// All that ZMS holds, by its number, and the domain as its administrator reads it.
pub(crate) async fn state(world: &TestWorld) -> Vec<Value> {
    let jane = world.user("jane");
    let mut state = vec![json!(world.zms.zms.world().head.sequence.0)];
    for path in
        ["roles?members=true", "groups?members=true", "policies?assertions=true", "services?publickeys=true"]
    {
        state.push(jane.get(&format!("/zms/v1/domain/sports/{path}")).await.expect(200).json);
    }
    state.push(jane.get("/zms/v1/domain/sports").await.expect(200).json);
    state
}
