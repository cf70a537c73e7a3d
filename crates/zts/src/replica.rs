//! What this server holds of ZMS: takes events, publishes indexes, keeps documents on disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use athenz_model::{Clock, Timestamp};

use crate::index::{DomainEntry, Index};
use crate::source::{Checkpoint, DiskStore, Epoch, Event, TrustedDomain};

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
    writer: Mutex<BTreeMap<String, Seen>>,
    disk: Option<DiskStore>,
    clock: Arc<dyn Clock>,
    checkpoint_at: AtomicI64,
    epoch: AtomicU64,
    sequence: AtomicU64,
}

/// How far a domain is known; ordered by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    epoch: Epoch,
    modified: Timestamp,
}

/// A domain that is compiled already.
#[derive(Debug)]
pub struct Prepared {
    name: String,
    seen: Seen,
    entry: Option<Arc<DomainEntry>>,
}

enum Step {
    Upsert(Prepared, Option<Arc<TrustedDomain>>),
    Delete(String),
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
        }
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

    /// The point the source has reached.
    pub fn checkpoint(&self) -> Checkpoint {
        let epoch = Epoch(self.epoch.load(Ordering::Acquire));
        Checkpoint { epoch, sequence: self.sequence.load(Ordering::Acquire) }
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
        Prepared { name: domain.name().to_owned(), seen, entry: self.index().compile(domain) }
    }

    /// Takes domains that came from disk, and need not be written there.
    pub fn load(&self, domains: Vec<Prepared>) -> Vec<Applied> {
        self.take(domains.into_iter().map(|domain| Step::Upsert(domain, None)).collect())
    }

    fn step(&self, event: Event) -> Step {
        match event {
            Event::Upsert(domain) => Step::Upsert(self.prepare(&domain), Some(domain)),
            Event::Delete(name) => Step::Delete(name),
            Event::Checkpoint(checkpoint) => Step::Checkpoint(checkpoint),
        }
    }

    fn take(&self, steps: Vec<Step>) -> Vec<Applied> {
        let mut seen = self.writer();
        let mut index = Index::clone(&self.index.load());
        let mut reached = None;
        let mut results = Vec::with_capacity(steps.len());
        for step in steps {
            results.push(match step {
                Step::Upsert(domain, original) => {
                    self.upsert(&mut index, &mut seen, domain, original.as_deref())
                }
                Step::Delete(name) => self.delete(&mut index, &name),
                Step::Checkpoint(checkpoint) => {
                    reached = Some(checkpoint);
                    Applied::Taken
                }
            });
        }
        self.index.store(Arc::new(index));
        if let Some(checkpoint) = reached {
            self.epoch.store(checkpoint.epoch.0, Ordering::Release);
            self.sequence.store(checkpoint.sequence, Ordering::Release);
            self.checkpoint_at.store(self.clock.now().millis(), Ordering::Release);
        }
        results
    }

    fn upsert(
        &self,
        index: &mut Index,
        seen: &mut BTreeMap<String, Seen>,
        domain: Prepared,
        original: Option<&TrustedDomain>,
    ) -> Applied {
        let Prepared { name, seen: state, entry } = domain;
        if seen.get(&name).is_some_and(|held| state < *held) {
            tracing::warn!(domain = name, modified = %state.modified, "an older state of a domain is refused");
            return Applied::Older { domain: name };
        }
        index.replace(&name, entry);
        original.into_iter().for_each(|domain| self.keep(domain));
        seen.insert(name, state);
        Applied::Taken
    }

    /// What the domain was last seen as stays known: a re-created domain is newer, a replayed one is not.
    fn delete(&self, index: &mut Index, name: &str) -> Applied {
        index.replace(name, None);
        if let Some(Err(error)) = self.disk.as_ref().map(|disk| disk.remove(name)) {
            tracing::warn!(domain = name, %error, "the file of a deleted domain cannot be removed");
        }
        Applied::Taken
    }

    /// A domain of our own process has no document that could be verified again; it is not kept.
    fn keep(&self, domain: &TrustedDomain) {
        if let (Some(disk), Some((form, text))) = (&self.disk, domain.original())
            && let Err(error) = disk.save(domain.name(), form, text, self.clock.now())
        {
            tracing::warn!(domain = domain.name(), %error, "a domain cannot be kept on disk");
        }
    }

    fn writer(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
