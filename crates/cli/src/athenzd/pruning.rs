//! Forgetting old entries of the log of ZMS's store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use athenz_crypto::random::SystemRandom;
use athenz_model::Clock;
use athenz_serve::metrics::Metrics;
use athenz_serve::schedule::Schedule;
use athenz_store::Store;
use tokio_util::sync::CancellationToken;

/// Time between two prunings. Of the processes of a shared store each looks, and deletes under the
/// head lock; who comes second finds nothing.
const PERIOD_SECONDS: i64 = 3_600;

/// How long entries are kept unless configured otherwise: they tell who did what and why, which
/// is asked for long after every process has caught up.
pub(super) const USUAL_RETENTION: Duration = Duration::from_secs(400 * 86_400);
/// The least retention: outcomes of commits are looked up in the log.
pub(super) const LEAST_RETENTION: Duration = Duration::from_secs(3_600);

/// Prunes when it is time.
#[derive(Debug)]
pub(super) struct Pruning {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    retention: Duration,
    schedule: Schedule,
    pruned: Arc<AtomicU64>,
}

impl Pruning {
    /// Keeps entries for `retention`.
    pub(super) fn new(store: Arc<Store>, clock: Arc<dyn Clock>, retention: Duration) -> Self {
        let schedule = Schedule::new(PERIOD_SECONDS, clock.now(), &SystemRandom);
        Self { store, clock, retention, schedule, pruned: Arc::default() }
    }

    /// Shows how many entries were forgotten.
    pub(super) fn register(&self, metrics: &Metrics) {
        let pruned = Arc::clone(&self.pruned);
        let help = "Entries of the store's log forgotten because of their age";
        metrics.read_counter("log_entries_removed", help, move || pruned.load(Ordering::Relaxed));
    }

    /// Prunes every now and then until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        while let Some(pause) = stop.run_until_cancelled(self.step()).await {
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Prunes if it is time; says how long it is until the next time.
    pub(super) async fn step(&mut self) -> Duration {
        let now = self.clock.now();
        if self.schedule.is_due(now) {
            let kept = i64::try_from(self.retention.as_secs()).unwrap_or(i64::MAX);
            match self.store.prune_log_before(now.plus_seconds(kept.saturating_neg())).await {
                Ok(pruned) => drop(self.pruned.fetch_add(pruned, Ordering::Relaxed)),
                Err(error) => tracing::warn!(%error, "the log of the store cannot be pruned"),
            }
            self.schedule.done(now, &SystemRandom);
        }
        self.schedule.pause(now)
    }
}

#[cfg(test)]
mod tests {
    use athenz_model::{ManualClock, Timestamp};
    use athenz_store::{LogTail, StoreConfig, StoreUrl};
    use athenz_world::Sequence;

    use super::super::servers::{Surroundings, ZmsSettings, start_zms, system_service};
    use super::*;

    #[tokio::test]
    async fn what_is_older_than_the_retention_goes() {
        let folder = tempfile::tempdir().unwrap();
        let url = StoreUrl::Sqlite(folder.path().join("zms.db"));
        let store = Arc::new(Store::open(&StoreConfig::new(url)).await.unwrap());
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000)));
        let key = athenz_crypto::PrivateKey::generate_ec(athenz_crypto::keys::Curve::P256).unwrap();
        let key = athenz_crypto::ring::SigningKey::in_process("0".parse().unwrap(), key);
        // the first objects are the first entry
        let zts = system_service("zts", "0", key.public_key(), "");
        let running = start_zms(ZmsSettings {
            config: athenz_zms::Config {
                domain_admin: vec!["user.admin".to_owned()],
                ..athenz_zms::Config::default()
            },
            store: Arc::clone(&store),
            key,
            services: vec![zts],
            open_paths: Vec::new(),
            surroundings: Surroundings::new(clock.clone()),
        });
        let zms = running.await.unwrap().zms;
        let mut pruning = Pruning::new(Arc::clone(&store), clock.clone(), USUAL_RETENTION);
        let metrics = Metrics::new();
        pruning.register(&metrics);
        let entries = async || store.entries_after(Sequence(0), 10).await.unwrap();

        clock.advance_seconds(400 * 86_400 - 60);
        zms.appoint_administrator("user.jane").await.unwrap();
        pruning.step().await;
        assert!(matches!(entries().await, LogTail::Entries(found) if found.len() > 1));
        clock.advance_seconds(7_200);
        let pause = pruning.step().await;
        assert!(pause >= Duration::from_secs(3_240), "{pause:?}");
        assert!(matches!(entries().await, LogTail::BelowFloor { .. }));
        assert!(!metrics.text().contains("athenz_log_entries_removed_total 0"), "{}", metrics.text());
        let loaded = store.load().await.unwrap();
        assert_eq!(loaded.differences(&zms.world()), Vec::<String>::new());
    }
}
