//! Whether the process lives, and whether it is ready for requests. A process that waits for its
//! store or its first domains lives and is not ready; one that drains is not ready either.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Readiness of a process, part by part.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<RwLock<Parts>>);

#[derive(Debug, Default)]
struct Parts {
    parts: BTreeMap<&'static str, State>,
    draining: bool,
}

/// The state of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Ready,
    /// It does not, for this reason.
    Waiting(String),
}

/// One part's own handle.
#[derive(Clone, Debug)]
pub struct HealthPart {
    health: Health,
    name: &'static str,
}

impl Health {
    /// Nothing to wait for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part, which is not ready until it says so.
    pub fn part(&self, name: &'static str) -> HealthPart {
        let part = HealthPart { health: self.clone(), name };
        part.waiting("starting");
        part
    }

    /// From now on the process takes no new work.
    pub fn drain(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).draining = true;
    }

    /// Whether all parts are ready and nothing drains.
    pub fn is_ready(&self) -> bool {
        self.waiting_for().is_empty()
    }

    /// What is waited for, a line each; empty when ready.
    pub fn waiting_for(&self) -> Vec<String> {
        let inner = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let waiting = inner.parts.iter().filter_map(|(name, state)| match state {
            State::Ready => None,
            State::Waiting(reason) => Some(format!("{name}: {reason}")),
        });
        let draining = inner.draining.then(|| "draining".to_owned());
        draining.into_iter().chain(waiting).collect()
    }
}

impl HealthPart {
    /// The part works.
    pub fn ready(&self) {
        self.set(State::Ready);
    }

    /// The part does not work, for this reason.
    pub fn waiting(&self, reason: impl Into<String>) {
        self.set(State::Waiting(reason.into()));
    }

    fn set(&self, state: State) {
        self.health.0.write().unwrap_or_else(PoisonError::into_inner).parts.insert(self.name, state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_every_part_and_no_drain() {
        let health = Health::new();
        assert!(health.is_ready());
        let store = health.part("store");
        let domains = health.part("domains");
        assert_eq!(health.waiting_for(), ["domains: starting", "store: starting"]);
        store.ready();
        domains.ready();
        assert!(health.is_ready());
        store.waiting("connection refused");
        assert_eq!(health.waiting_for(), ["store: connection refused"]);
        store.ready();
        health.drain();
        assert_eq!(health.waiting_for(), ["draining"]);
    }
}
