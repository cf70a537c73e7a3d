//! Forgetting records of certificates that have ended.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use athenz_serve::schedule::Schedule;

use crate::state::State;

/// Time between two cleanings.
const PERIOD_SECONDS: i64 = 3_600;
/// The most records forgotten in one write; others get their turn in between.
const TOGETHER: u32 = 1_000;

/// Cleans when it is time.
#[derive(Debug)]
pub struct Cleaning {
    state: Arc<State>,
    schedule: Schedule,
}

impl Cleaning {
    /// The first cleaning is some part of a period from now.
    pub fn new(state: Arc<State>) -> Self {
        Self { schedule: Schedule::new(PERIOD_SECONDS, state.now(), &*state.random), state }
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
        if self.schedule.is_due(now) {
            self.clean().await;
            self.schedule.done(now, &*self.state.random);
        }
        self.schedule.pause(now)
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
