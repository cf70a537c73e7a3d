//! What the reference servers answered, in all four shapes.

use std::sync::Arc;

use athenz_conformance::{Allowed, Recording, Report, Strictness, play_all};
use athenz_testkit::{Replication, Shape, StoreKind, TestWorld};

async fn plays(store: StoreKind, replication: Replication) {
    let world = Arc::new(TestWorld::start(Shape { store, replication }).await);
    let player = Arc::new(world.player());
    let played = play_all(&player, Recording::load_core().unwrap(), 8).await;
    let report = Report::new(&played, &Allowed::load_core().unwrap(), Strictness::Lenient);
    assert!(report.passes(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_and_channel() {
    plays(StoreKind::Sqlite, Replication::Channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_and_polling() {
    plays(StoreKind::Sqlite, Replication::Polling).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_channel() {
    plays(StoreKind::Postgres, Replication::Channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_polling() {
    plays(StoreKind::Postgres, Replication::Polling).await;
}
