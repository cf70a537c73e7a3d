//! What this server holds of ZMS: takes events, publishes indexes, keeps documents on disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use athenz_model::{Clock, Timestamp};

use crate::index::Index;
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

#[derive(Clone, Copy, Debug)]
struct Seen {
    epoch: Epoch,
    modified: Timestamp,
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
        self.take(events, true)
    }

    /// As [`Self::apply`], for documents that came from disk and need not be written there.
    pub fn load(&self, events: Vec<Event>) -> Vec<Applied> {
        self.take(events, false)
    }

    fn take(&self, events: Vec<Event>, keep: bool) -> Vec<Applied> {
        let mut seen = self.writer();
        let mut index = Index::clone(&self.index.load());
        let mut reached = None;
        let results = events
            .into_iter()
            .map(|event| match event {
                Event::Upsert(domain) => self.upsert(&mut index, &mut seen, &domain, keep),
                Event::Delete(name) => self.delete(&mut index, &name),
                Event::Checkpoint(checkpoint) => {
                    reached = Some(checkpoint);
                    Applied::Taken
                }
            })
            .collect();
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
        domain: &TrustedDomain,
        keep: bool,
    ) -> Applied {
        let name = domain.name();
        let state = Seen { epoch: domain.epoch(), modified: domain.modified() };
        let older = |held: &Seen| (state.epoch, state.modified) < (held.epoch, held.modified);
        if seen.get(name).is_some_and(older) {
            tracing::warn!(domain = name, modified = %state.modified, "an older state of a domain is refused");
            return Applied::Older { domain: name.to_owned() };
        }
        seen.insert(name.to_owned(), state);
        *index = index.with(domain);
        if keep {
            self.keep(domain);
        }
        Applied::Taken
    }

    /// What the domain was last seen as stays known: a re-created domain is newer, a replayed one is not.
    fn delete(&self, index: &mut Index, name: &str) -> Applied {
        *index = index.without(name);
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
