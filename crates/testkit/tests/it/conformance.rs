//! What the reference servers answered, in all four shapes.

use std::sync::Arc;

use athenz_conformance::{Allowed, Recording, Report, Strictness, play_all};
use athenz_testkit::{Replication, Shape, StoreKind, TestWorld, WorldSettings};
use athenz_zts::config::DocumentForm;

/// They deny or withdraw what all scenarios of their kind rest on, or ask whether nothing changes.
const ALONE: [&str; 2] = ["zts-cert-26-rights-withdrawn", "zms-domain-19-modified-domains"];

/// Waits half a minute for a membership to end, which nothing here can hurry. Who is out when is
/// tested on a clock of its own.
const WAITS: &str = "zts-token-27-pending-and-passing-members";

async fn plays(store: StoreKind, replication: Replication) {
    plays_in(WorldSettings::new(Shape { store, replication })).await;
}

async fn plays_in(settings: WorldSettings) {
    let world = Arc::new(TestWorld::start_with(settings).await);
    let player = Arc::new(world.player());
    let mut recordings = Recording::load_own().unwrap();
    recordings.retain(|recording| recording.name != WAITS);
    let (alone, together): (Vec<_>, Vec<_>) =
        recordings.into_iter().partition(|recording| ALONE.contains(&&*recording.name));
    let mut played = play_all(&player, together, 8).await;
    played.extend(play_all(&player, alone, 1).await);
    let report = Report::new(&played, &Allowed::load_own().unwrap(), Strictness::Lenient);
    assert!(report.passes(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_and_channel() {
    plays(StoreKind::Sqlite, Replication::Channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_and_polling() {
    let shape = Shape { store: StoreKind::Sqlite, replication: Replication::Polling };
    let mut settings = WorldSettings::new(shape);
    // the older form of documents, as the reference had it; the other shape has the newer one
    settings.zts.replication.form = DocumentForm::Signed;
    plays_in(settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_channel() {
    plays(StoreKind::Postgres, Replication::Channel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_and_polling() {
    plays(StoreKind::Postgres, Replication::Polling).await;
}
