//! Forgetting records of certificates that have ended.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use athenz_model::Timestamp;

use crate::state::State;

/// Time between two cleanings, more or less a tenth, so that servers do not clean together.
const PERIOD_SECONDS: i64 = 3_600;
/// The most records forgotten in one write; others get their turn in between.
const TOGETHER: u32 = 1_000;

/// Cleans when it is time.
#[derive(Debug)]
pub struct Cleaning {
    state: Arc<State>,
    due: Timestamp,
}

impl Cleaning {
    /// The first cleaning is some part of a period from now.
    pub fn new(state: Arc<State>) -> Self {
        let first = PERIOD_SECONDS.saturating_mul(random_permille(&state)) / 1_000;
        Self { due: state.now().plus_seconds(first), state }
    }

    /// Cleans every now and then until `stop` ends.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let pause = tokio::select! {
                () = &mut stop => return,
                pause = self.step() => pause,
            };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Cleans if it is time; says how long it is until the next time.
    pub async fn step(&mut self) -> Duration {
        let now = self.state.now();
        if now >= self.due {
            self.clean().await;
            let jitter = PERIOD_SECONDS.saturating_mul(random_permille(&self.state) - 500) / 5_000;
            self.due = now.plus_seconds(PERIOD_SECONDS + jitter);
        }
        let millis = self.due.millis().saturating_sub(now.millis()).clamp(1_000, PERIOD_SECONDS * 1_000);
        Duration::from_millis(millis.unsigned_abs())
    }

    async fn clean(&self) {
        let Ok(certificates) = self.state.certificates() else { return };
        loop {
            match certificates.clean(self.state.now(), TOGETHER).await {
                Ok(cleaned) if cleaned >= u64::from(TOGETHER) => {}
                Ok(_) => return,
                Err(error) => return tracing::warn!(%error, "certificate records cannot be cleaned"),
            }
        }
    }
}

/// 0 to 999.
fn random_permille(state: &State) -> i64 {
    let mut bytes = [0; 2];
    state.random.fill(&mut bytes);
    i64::from(u16::from_le_bytes(bytes)) % 1_000
}
