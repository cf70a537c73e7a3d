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
    watched: Vec<Watched>,
    draining: bool,
}

/// A part that is asked rather than told of.
struct Watched {
    name: &'static str,
    problem: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").field("name", &self.name).finish_non_exhaustive()
    }
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

    /// Adds a part that is ready while `problem` names none.
    pub fn watch(&self, name: &'static str, problem: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let watched = Watched { name, problem: Box::new(problem) };
        self.0.write().unwrap_or_else(PoisonError::into_inner).watched.push(watched);
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
        let watched = inner.watched.iter().filter_map(|Watched { name, problem }| {
            let problem = problem()?;
            Some(format!("{name}: {problem}"))
        });
        draining.into_iter().chain(waiting).chain(watched).collect()
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
    use std::sync::atomic::{AtomicBool, Ordering};

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
        let stale = Arc::new(AtomicBool::new(true));
        let asked = stale.clone();
        health.watch("replica", move || asked.load(Ordering::Relaxed).then(|| "too old".to_owned()));
        assert_eq!(health.waiting_for(), ["replica: too old"]);
        stale.store(false, Ordering::Relaxed);
        assert!(health.is_ready());
        health.drain();
        assert_eq!(health.waiting_for(), ["draining"]);
    }
}
