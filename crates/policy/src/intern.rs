//! Stored names as small numbers: append-only, shared, read without waiting.
//!
//! Only names that are stored are interned, never names of a request: a table that outsiders can
//! fill would grow without end.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// A number that stands for an interned text; four bytes, also when optional.
pub trait InternId: Copy + Eq + fmt::Debug {
    /// The id at a position, counted from zero; `None` past the last possible one.
    fn from_index(index: usize) -> Option<Self>;
    /// The position, counted from zero in order of first interning.
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id at a position, counted from zero; `None` past the last possible one.
            pub fn from_index(index: usize) -> Option<Self> {
                u32::try_from(index).ok()?.checked_add(1).and_then(NonZeroU32::new).map(Self)
            }

            /// The position, counted from zero in order of first interning.
            pub fn index(self) -> usize {
                (self.0.get() - 1) as usize
            }
        }

        impl InternId for $name {
            fn from_index(index: usize) -> Option<Self> {
                Self::from_index(index)
            }

            fn index(self) -> usize {
                self.index()
            }
        }
    )*};
}

ids! {
    /// A principal or member name; ordered by first use, as the reference orders members.
    PrincipalId;
    /// An audit reference.
    TextId;
}

/// Names of principals and members, wildcards and groups among them.
pub type Principals = Interner<PrincipalId>;
/// Audit references.
pub type Texts = Interner<TextId>;

/// Locks by hash of the text, so that readers seldom meet a writer.
const SHARDS: usize = 16;

/// An append-only table of texts. Ids are dense and never change their meaning.
pub struct Interner<Id> {
    hasher: RandomState,
    shards: [RwLock<HashMap<Arc<str>, Id>>; SHARDS],
    texts: Slots,
    next: AtomicUsize,
}

impl<Id: InternId> Interner<Id> {
    /// An empty table.
    pub fn new() -> Self {
        let hasher = RandomState::new();
        let shards = std::array::from_fn(|_| RwLock::new(HashMap::with_hasher(hasher.clone())));
        Self { hasher, shards, texts: Slots::new(), next: AtomicUsize::new(0) }
    }

    /// The id of a text that was interned before.
    pub fn id(&self, text: &str) -> Option<Id> {
        self.shard(text).read().unwrap_or_else(PoisonError::into_inner).get(text).copied()
    }

    /// The id of a text, which is added if it is new.
    pub fn intern(&self, text: &str) -> Id {
        if let Some(id) = self.id(text) {
            return id;
        }
        let mut shard = self.shard(text).write().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = shard.get(text) {
            return *id;
        }
        let text: Arc<str> = Arc::from(text);
        let id = self.append(&text);
        shard.insert(text, id);
        id
    }

    /// The text of an id; empty for an id of another table.
    pub fn name(&self, id: Id) -> Arc<str> {
        self.texts.get(id.index()).cloned().unwrap_or_else(|| Arc::from(""))
    }

    /// The text of an id, borrowed; empty for an id of another table.
    pub fn text(&self, id: Id) -> &str {
        self.texts.get(id.index()).map_or("", |text| text)
    }

    /// How many texts were interned.
    pub fn len(&self) -> usize {
        self.next.load(Ordering::Acquire)
    }

    /// Whether nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[expect(clippy::expect_used, reason = "memory ends long before four billion stored names")]
    fn append(&self, text: &Arc<str>) -> Id {
        let index = self.next.fetch_add(1, Ordering::AcqRel);
        let id = Id::from_index(index).expect("fewer than 2^32 - 1 stored names");
        self.texts.set(index, Arc::clone(text));
        id
    }

    #[expect(clippy::indexing_slicing, reason = "the index is reduced modulo the number of shards")]
    fn shard(&self, text: &str) -> &RwLock<HashMap<Arc<str>, Id>> {
        &self.shards[(self.hasher.hash_one(text) >> 40) as usize % SHARDS]
    }
}

impl<Id: InternId> Default for Interner<Id> {
    fn default() -> Self {
        Self::new()
    }
}

impl<Id> fmt::Debug for Interner<Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interner({} texts)", self.next.load(Ordering::Relaxed))
    }
}

/// Slots of the first block; each further block doubles.
const FIRST: usize = 64;
const BLOCKS: usize = 28;

/// A text, once it is there.
type Slot = OnceLock<Arc<str>>;

/// A vector that grows without moving, so that reading needs no lock.
struct Slots([OnceLock<Box<[Slot]>>; BLOCKS]);

impl Slots {
    fn new() -> Self {
        Self(std::array::from_fn(|_| OnceLock::new()))
    }

    /// Block, size of the block and place in it.
    fn place(index: usize) -> (usize, usize, usize) {
        let shifted = index.saturating_add(FIRST);
        let block = (shifted.ilog2() - FIRST.ilog2()) as usize;
        let size = FIRST << block;
        (block, size, shifted - size)
    }

    fn get(&self, index: usize) -> Option<&Arc<str>> {
        let (block, _, place) = Self::place(index);
        self.0.get(block)?.get()?.get(place)?.get()
    }

    fn set(&self, index: usize, text: Arc<str>) {
        let (block, size, place) = Self::place(index);
        let Some(block) = self.0.get(block) else { return };
        let slots = block.get_or_init(|| (0..size).map(|_| OnceLock::new()).collect());
        if let Some(slot) = slots.get(place) {
            // each index is given out once, so the slot is free
            let _ = slot.set(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_dense_stable_and_ordered_by_first_use() {
        let principals = Principals::new();
        let ids: Vec<_> = (0..1000).map(|n| principals.intern(&format!("user.u{n}"))).collect();
        assert!(ids.is_sorted());
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(id.index(), n);
            assert_eq!(principals.text(*id), format!("user.u{n}"));
            assert_eq!(principals.id(&format!("user.u{n}")), Some(*id));
            assert_eq!(principals.intern(&format!("user.u{n}")), *id);
        }
        assert_eq!(principals.len(), 1000);
        assert_eq!(principals.id("user.other"), None, "asking does not intern");
        assert_eq!(principals.len(), 1000);
    }

    #[test]
    fn an_id_of_another_table_names_nothing() {
        let texts = Texts::new();
        assert_eq!(&*texts.name(TextId::from_index(70_000).unwrap()), "");
    }

    #[test]
    fn threads_that_intern_the_same_names_agree() {
        let principals = Principals::new();
        let all: Vec<Vec<PrincipalId>> = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..500).map(|n| principals.intern(&format!("n{n}"))).collect()))
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect()
        });
        assert!(all.iter().all(|ids: &Vec<_>| *ids == all[0]));
        assert_eq!(principals.len(), 500);
    }
}
