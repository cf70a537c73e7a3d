//! What this server holds of ZMS: takes events, publishes indexes, keeps documents on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::{Clock, DepartedServices, Timestamp};
use athenz_policy::Principals;
use athenz_serve::freshness::{Freshness, Revision};
use athenz_serve::metrics::Metrics;
use tokio::sync::Notify;

use crate::index::{DomainEntry, Index};
use crate::source::{Checkpoint, DiskStore, Epoch, Event, TrustedDomain};

/// How long a request that has seen more than this server waits for the rest.
const REVISION_WAIT: Duration = Duration::from_millis(500);

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in the index.
    Taken,
    /// A newer state of the domain is held already.
    Older {
        /// The domain.
        domain: String,
    },
}

/// The domains this server holds.
#[derive(Debug)]
pub struct Replica {
    index: ArcSwap<Index>,
    /// Taken by whoever changes the index; also what each domain was last seen as.
    writer: Mutex<BTreeMap<String, Held>>,
    disk: Option<DiskStore>,
    clock: Arc<dyn Clock>,
    checkpoint_at: AtomicI64,
    epoch: AtomicU64,
    sequence: AtomicU64,
    failures: AtomicU64,
    domain_failures: AtomicU64,
    owed: AtomicU64,
    moved: Notify,
}

/// How far a domain is known; ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    epoch: Epoch,
    modified: Timestamp,
}

/// What is remembered of a domain, also when it is gone.
#[derive(Debug)]
struct Held {
    seen: Seen,
    services: BTreeSet<SimpleName>,
}

/// A domain that is compiled already.
#[derive(Debug)]
pub struct Prepared {
    name: String,
    seen: Seen,
    services: BTreeSet<SimpleName>,
    entry: Option<Arc<DomainEntry>>,
    /// The table of names that the entry was compiled with.
    principals: Arc<Principals>,
}

enum Step {
    Upsert(Prepared, Option<Arc<TrustedDomain>>),
    Delete(String),
    Departed(DepartedServices),
    Checkpoint(Checkpoint),
}

impl Replica {
    /// A replica that holds nothing yet. With a disk store, what it takes is kept there.
    pub fn new(clock: Arc<dyn Clock>, disk: Option<DiskStore>) -> Self {
        Self {
            index: ArcSwap::default(),
            writer: Mutex::default(),
            disk,
            clock,
            checkpoint_at: AtomicI64::new(i64::MIN),
            epoch: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            domain_failures: AtomicU64::new(0),
            owed: AtomicU64::new(0),
            moved: Notify::new(),
        }
    }

    /// Shows how old what is held is, how much that is, and what failed.
    pub fn register(self: &Arc<Self>, metrics: &Metrics) {
        let gauge = |name, help, read: fn(&Self) -> Option<f64>| {
            let replica = Arc::clone(self);
            metrics.read_gauge(name, help, move || read(&replica));
        };
        let counter = |name, help, read: fn(&Self) -> &AtomicU64| {
            let replica = Arc::clone(self);
            metrics.read_counter(name, help, move || read(&replica).load(Ordering::Relaxed));
        };
        gauge("replica_age_seconds", "Time since ZMS last confirmed that everything is held", |replica| {
            Some(seconds(replica.now().millis().saturating_sub(replica.fresh_at()?.millis()).max(0)))
        });
        gauge("replica_domains", "Domains held", |replica| Some(number(replica.index().len() as u64)));
        gauge("replica_domains_owed", "Changed domains that could not be taken yet", |replica| {
            Some(number(replica.owed.load(Ordering::Relaxed)))
        });
        gauge("replica_sequence", "Sequence of ZMS that is held, where the source tells it", |replica| {
            Some(number(replica.checkpoint().sequence)).filter(|sequence| *sequence > 0.0)
        });
        counter("replication_failures", "Looks for changes that failed", |replica| &replica.failures);
        counter("replication_domain_failures", "Domains that could not be fetched or verified", |replica| {
            &replica.domain_failures
        });
    }

    /// The present index. Holding it is cheap and stops nobody.
    pub fn index(&self) -> Guard<Arc<Index>> {
        self.index.load()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where documents are kept.
    pub const fn disk(&self) -> Option<&DiskStore> {
        self.disk.as_ref()
    }

    /// When the source last said that everything has been told.
    pub fn fresh_at(&self) -> Option<Timestamp> {
        let at = self.checkpoint_at.load(Ordering::Acquire);
        (at != i64::MIN).then(|| Timestamp::from_millis(at))
    }

    /// Everything told before `at` is held: said by the source, or known from before a restart.
    pub fn confirm(&self, at: Timestamp) {
        self.checkpoint_at.store(at.millis(), Ordering::Release);
    }

    /// Why what is held may not be used, when nobody has confirmed it for longer than `max_age`
    /// seconds.
    pub fn too_old(&self, max_age: i64) -> Option<String> {
        let Some(fresh_at) = self.fresh_at() else {
            return Some("ZMS has not confirmed the domains of this server yet".to_owned());
        };
        let age = self.now().millis().saturating_sub(fresh_at.millis()) / 1_000;
        (age > max_age).then(|| {
            format!("domains were confirmed {age} seconds ago, which is more than the {max_age} allowed")
        })
    }

    /// The source could not be asked for changes.
    pub fn count_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// A domain could not be had; what is held of it stays.
    pub fn count_domain_failure(&self) {
        self.domain_failures.fetch_add(1, Ordering::Relaxed);
    }

    /// So many domains have changed and are not held yet.
    pub fn owe(&self, domains: usize) {
        self.owed.store(domains as u64, Ordering::Relaxed);
    }

    /// The point the source has reached.
    pub fn checkpoint(&self) -> Checkpoint {
        let epoch = Epoch(self.epoch.load(Ordering::Acquire));
        Checkpoint { epoch, sequence: self.sequence.load(Ordering::Acquire) }
    }

    /// Waits until the source has reached a point.
    async fn wait_for(&self, wanted: Revision) {
        loop {
            let moved = self.moved.notified();
            if self.revision().is_some_and(|at| at.covers(wanted)) {
                return;
            }
            moved.await;
        }
    }

    /// Takes events in order and publishes one new index with all of them.
    pub fn apply(&self, events: Vec<Event>) -> Vec<Applied> {
        // compiling is the long part, and needs no lock
        let steps: Vec<Step> = events.into_iter().map(|event| self.step(event)).collect();
        self.take(steps)
    }

    /// A domain made ready for [`Self::load`].
    pub fn prepare(&self, domain: &TrustedDomain) -> Prepared {
        let seen = Seen { epoch: domain.epoch(), modified: domain.modified() };
        let (name, services) = (domain.name().to_owned(), domain.services().collect());
        let index = self.index();
        let principals = Arc::clone(index.shared_principals());
        Prepared { name, seen, services, entry: index.compile(domain), principals }
    }

    /// Takes what came from disk, and need not be written there.
    pub fn load(&self, departed: DepartedServices, domains: Vec<Prepared>) -> Vec<Applied> {
        let domains = domains.into_iter().map(|domain| Step::Upsert(domain, None));
        self.take(std::iter::once(Step::Departed(departed)).chain(domains).collect())
    }

    fn step(&self, event: Event) -> Step {
        match event {
            Event::Upsert(domain) => Step::Upsert(self.prepare(&domain), Some(domain)),
            Event::Delete(name) => Step::Delete(name),
            Event::Departed(services) => Step::Departed(services),
            Event::Checkpoint(checkpoint) => Step::Checkpoint(checkpoint),
        }
    }

    fn take(&self, steps: Vec<Step>) -> Vec<Applied> {
        let mut held = self.writer();
        let mut index = Index::clone(&self.index.load());
        let mut reached = None;
        let mut results = Vec::with_capacity(steps.len());
        for step in steps {
            results.push(match step {
                Step::Upsert(domain, original) => {
                    self.upsert(&mut index, &mut held, domain, original.as_deref())
                }
                Step::Delete(name) => self.delete(&mut index, &mut held, &name),
                Step::Departed(services) => {
                    *index.departed_mut() = services;
                    Applied::Taken
                }
                Step::Checkpoint(checkpoint) => {
                    reached = Some(checkpoint);
                    Applied::Taken
                }
            });
        }
        index.forget_names();
        self.index.store(Arc::new(index));
        if let Some(checkpoint) = reached {
            self.epoch.store(checkpoint.epoch.0, Ordering::Release);
            self.sequence.store(checkpoint.sequence, Ordering::Release);
            self.confirm(self.clock.now());
            self.moved.notify_waiters();
        }
        results
    }

    fn upsert(
        &self,
        index: &mut Index,
        held: &mut BTreeMap<String, Held>,
        domain: Prepared,
        original: Option<&TrustedDomain>,
    ) -> Applied {
        let Prepared { name, seen, services, entry, principals } = domain;
        if held.get(&name).is_some_and(|held| seen < held.seen) {
            tracing::warn!(domain = name, modified = %seen.modified, "an older state of a domain is refused");
            return Applied::Older { domain: name };
        }
        self.note_departures(index, &name, held.get(&name), &services);
        let entry = entry.map(|entry| index.adopt(entry, &principals));
        index.replace(&name, entry);
        original.into_iter().for_each(|domain| self.keep(domain));
        held.insert(name, Held { seen, services });
        Applied::Taken
    }

    /// What the domain was last seen as stays known: a re-created domain is newer, a replayed one is not.
    fn delete(&self, index: &mut Index, held: &mut BTreeMap<String, Held>, name: &str) -> Applied {
        self.note_departures(index, name, held.get(name), &BTreeSet::new());
        if let Some(held) = held.get_mut(name) {
            held.services.clear();
        }
        index.replace(name, None);
        if let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.remove(name)) {
            tracing::warn!(domain = name, %error, "the file of a deleted domain cannot be removed");
        }
        Applied::Taken
    }

    /// Remembers on disk which services are gone, before the document that no longer has them.
    fn note_departures(
        &self,
        index: &mut Index,
        domain: &str,
        before: Option<&Held>,
        now: &BTreeSet<SimpleName>,
    ) {
        let Ok(domain) = DomainName::parse(domain) else { return };
        let departed = index.departed_mut();
        let mut is_news = false;
        for service in before.into_iter().flat_map(|before| before.services.difference(now)) {
            is_news |= departed.leave(&domain, service.clone());
        }
        for service in now {
            is_news |= departed.come_back(&domain, service);
        }
        if is_news && let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.save_departed(departed)) {
            tracing::warn!(%domain, %error, "deleted services cannot be kept on disk");
        }
    }

    /// A domain of our own process has no document that could be verified again; it is not kept.
    fn keep(&self, domain: &TrustedDomain) {
        if let (Some(disk), Some((form, text))) = (&self.disk, domain.original())
            && let Err(error) = disk.save(domain.name(), form, text, self.clock.now())
        {
            tracing::warn!(domain = domain.name(), %error, "a domain cannot be kept on disk");
        }
    }

    fn writer(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Freshness for Replica {
    fn revision(&self) -> Option<Revision> {
        let Checkpoint { epoch, sequence } = self.checkpoint();
        (sequence > 0).then_some(Revision { epoch: epoch.0, sequence })
    }

    fn makes_changes(&self) -> bool {
        false
    }

    fn reach(&self, wanted: Revision) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            // past it, the answer says how old it is
            let _ = tokio::time::timeout(REVISION_WAIT, self.wait_for(wanted)).await;
        })
    }

    fn age(&self) -> Option<i64> {
        Some((self.now().millis() - self.fresh_at()?.millis()).max(0) / 1_000)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a metric need not be exact beyond 2^53")]
const fn number(value: u64) -> f64 {
    value as f64
}

#[expect(clippy::cast_precision_loss, reason = "a metric need not be exact beyond 2^53")]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}
