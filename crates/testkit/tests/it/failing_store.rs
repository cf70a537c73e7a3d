//! A database that goes away, and a disk without room.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use athenz_store::testing::PostgresServer;
use athenz_store::{FaultPoint, FaultPoints, StoreError, StoreUrl};
use athenz_testkit::{Replication, Shape, StoreKind, TestWorld, WorldSettings};
use serde_json::json;

use crate::sports::{self, state};

const ROLE: &str = "/zms/v1/domain/sports/role/writers";

type Fault = Arc<Mutex<Option<(FaultPoint, StoreError)>>>;

async fn world_with_faults() -> (TestWorld, Fault) {
    let fault = Fault::default();
    let chosen = fault.clone();
    let (mut settings, _) = sports::settings();
    settings.faults = FaultPoints::new(move |point| match &*chosen.lock().unwrap() {
        Some((at, error)) if *at == point => Err(error.clone()),
        _ => Ok(()),
    });
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    (world, fault)
}

#[tokio::test]
async fn a_commit_that_fails_leaves_nothing() {
    let full = StoreError::Full("no room".into());
    let lost = StoreError::Unavailable("connection lost".into());
    for (point, error) in [
        (FaultPoint::BeforeStatements, full.clone()),
        (FaultPoint::BeforeCommit, full),
        (FaultPoint::BeforeStatements, lost.clone()),
        (FaultPoint::BeforeCommit, lost),
    ] {
        let (world, fault) = world_with_faults().await;
        let before = state(&world).await;
        *fault.lock().unwrap() = Some((point, error.clone()));
        let jane = world.user("jane");
        let reply = jane.put(ROLE, &json!({"name": "writers"})).await;
        let message = reply.refused(503);
        assert!(message.starts_with("store "), "the text of the database stays inside: {message}");
        jane.delete("/zms/v1/domain/sports/role/readers").await.refused(503);
        jane.get(ROLE).await.refused(404);
        assert_eq!(state(&world).await, before, "{point:?} {error}");
        world.settle().await;
        world.user("bob").get("/zts/v1/access/domain/sports/role/writers/principal/user.bob").await;

        *fault.lock().unwrap() = None;
        jane.put(ROLE, &json!({"name": "writers"})).await.expect(204);
        jane.get(ROLE).await.expect(200);
    }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_looked_up() {
    let (world, fault) = world_with_faults().await;
    *fault.lock().unwrap() =
        Some((FaultPoint::AfterCommit, StoreError::Unavailable("connection lost".into())));
    let jane = world.user("jane");
    jane.put(ROLE, &json!({"name": "writers"})).await.expect(204);
    *fault.lock().unwrap() = None;
    jane.get(ROLE).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_cannot_be_looked_up_is_told_as_unknown() {
    let server = Arc::new(tokio::task::spawn_blocking(PostgresServer::start).await.unwrap());
    let armed = Arc::new(AtomicBool::new(false));
    let faults = {
        let (server, armed) = (Arc::clone(&server), Arc::clone(&armed));
        FaultPoints::new(move |point| {
            if point == FaultPoint::AfterCommit && armed.swap(false, Ordering::SeqCst) {
                server.stop();
                return Err(StoreError::Unavailable("connection lost".into()));
            }
            Ok(())
        })
    };
    let shape = Shape { store: StoreKind::Postgres, replication: Replication::Channel };
    let store = Some(StoreUrl::Postgres(server.database().await));
    let world = TestWorld::start_with(WorldSettings { store, faults, ..WorldSettings::new(shape) }).await;
    sports::furnish(&world).await;
    let jane = world.user("jane");
    armed.store(true, Ordering::SeqCst);
    let reply = jane.put(ROLE, &json!({"name": "writers"})).await;
    assert_eq!(reply.refused(503), "outcome of the change is not known yet, retry later");
    let back = Arc::clone(&server);
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    jane.get(ROLE).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_goes_and_comes_back() {
    let server = tokio::task::spawn_blocking(PostgresServer::start).await.unwrap();
    let shape = Shape { store: StoreKind::Postgres, replication: Replication::Polling };
    let store = Some(StoreUrl::Postgres(server.database().await));
    let world = TestWorld::start_with(WorldSettings { store, ..WorldSettings::new(shape) }).await;
    sports::furnish(&world).await;
    let before = state(&world).await;
    let jane = world.user("jane");
    let access = "/zts/v1/access/domain/sports/role/readers/principal/user.bob";

    let server = tokio::task::spawn_blocking(move || {
        server.stop();
        server
    });
    let server = server.await.unwrap();
    jane.put(ROLE, &json!({"name": "writers"})).await.refused(503);
    // ZTS needs no database of ZMS
    assert_eq!(world.user("bob").get(access).await.expect(200).json["granted"], true);

    let _server = tokio::task::spawn_blocking(move || {
        server.resume();
        server
    })
    .await
    .unwrap();
    assert_eq!(state(&world).await, before);
    jane.put(ROLE, &json!({"name": "writers"})).await.expect(204);
    jane.get(ROLE).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_agree_on_a_store_that_was_set_back() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    let start = || async {
        let shape = Shape { store: StoreKind::Postgres, replication: Replication::Channel };
        let store = Some(StoreUrl::Postgres(url.clone()));
        TestWorld::start_with(WorldSettings { store, ..WorldSettings::new(shape) }).await
    };
    let one = start().await;
    sports::furnish(&one).await;
    let two = start().await;
    let lost = "/zms/v1/domain/sports/role/lost";
    server.keep(&url).await;
    for name in ["writers", "lost"] {
        let path = format!("/zms/v1/domain/sports/role/{name}");
        one.user("jane").put(&path, &json!({"name": name})).await.expect(204);
        two.user("jane").get(&path).await.expect(200);
    }
    server.bring_back(&url).await;
    for world in [&one, &two] {
        world.user("jane").get(lost).await.refused(404);
        assert_eq!(world.zms.zms.world().head, world.store.head().await.unwrap(), "it is held from now on");
    }
    // numbers of what was lost are given to something else
    let member = json!({"name": "writers", "roleMembers": [{"memberName": "user.joe"}]});
    two.user("jane").put(ROLE, &member).await.expect(204);
    let role = one.user("jane").get(ROLE).await.expect(200).json;
    assert_eq!(role["roleMembers"][0]["memberName"], "user.joe");
    let differences = one.zms.zms.world().differences(&two.zms.zms.world());
    assert_eq!(differences, Vec::<String>::new());
}
