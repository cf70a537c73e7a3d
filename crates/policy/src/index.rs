//! Which assertions can match a question: each is filed under the one of its features that fewest
//! others have, and a question looks up every feature it has itself.
//!
//! Features are: action and resource in full; the resource in full; the action in full; and short
//! pieces (n-grams) of the literal text of a pattern, the ends of the text included. Whatever
//! matches a pattern has all features of the pattern, so nothing is missed; what is found must
//! still be matched.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::ControlFlow;
use std::sync::OnceLock;

use rustc_hash::{FxBuildHasher, FxHasher};

use crate::glob::Glob;

/// Bytes that no UTF-8 text holds stand for its two ends.
const START: u8 = 0xFE;
const END: u8 = 0xFF;

/// Lengths of the pieces, and the bits of each within a window of eight bytes.
const PIECES: [u64; 3] = [0xFF_FFFF, 0xFF_FFFF_FFFF, u64::MAX];

/// Kinds of features, to keep apart what looks alike.
const PAIR: u64 = 0x51;
const RESOURCE: u64 = 0x52;
const ACTION: u64 = 0x53;
const RESOURCE_PIECE: [u64; 3] = [0x0331 << 48, 0x0532 << 48, 0x0833 << 48];
const ACTION_PIECE: [u64; 3] = [0x1331 << 48, 0x1532 << 48, 0x1833 << 48];

/// An assertion to be filed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// What the index gives back.
    pub(crate) position: u32,
    pub(crate) role: u32,
    pub(crate) action: &'a Glob,
    pub(crate) resource: &'a Glob,
}

/// Assertions by their rarest feature.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    keys: Keys,
    /// A set bit for each feature in use: most lookups end here.
    filter: Box<[u64]>,
    /// Open addressing by hash; a free slot has no postings.
    slots: Box<[Slot]>,
    /// Positions, sorted by role within each feature.
    postings: Box<[u32]>,
    /// Those without any feature.
    always: Box<[u32]>,
    uses: Uses,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    start: u32,
    len: u32,
}

/// Which kinds of features are in use at all.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    pair: bool,
    resource: bool,
    action: bool,
    resource_pieces: [bool; 3],
    action_pieces: [bool; 3],
}

impl Index {
    pub(crate) fn build(entries: Vec<Entry<'_>>) -> Self {
        if entries.is_empty() {
            return Self::default();
        }
        let keys = Keys::random();
        let counts = count(&entries, keys);
        let mut uses = Uses::default();
        let mut filed: Vec<(u64, u32, u32)> = Vec::with_capacity(entries.len());
        let mut always: Vec<(u32, u32)> = Vec::new();
        for entry in &entries {
            match rarest(entry, keys, &counts) {
                Some(feature) => {
                    uses.note(feature.kind);
                    filed.push((feature.hash, entry.role, entry.position));
                }
                None => always.push((entry.role, entry.position)),
            }
        }
        filed.sort_unstable();
        always.sort_unstable();
        let postings = filed.iter().map(|(_, _, position)| *position).collect();
        let always = always.into_iter().map(|(_, position)| position).collect();
        let (slots, filter) = tables(&filed);
        Self { keys, filter, slots, postings, always, uses }
    }

    pub(crate) fn unindexed(&self) -> usize {
        self.always.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.postings.is_empty() && self.always.is_empty()
    }

    /// Visits the positions of all assertions that can match, list by list; each list is sorted by
    /// role. Now and then a list comes twice.
    pub(crate) fn candidates(
        &self,
        action: &str,
        resource: &str,
        visit: &mut impl FnMut(&[u32]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !self.always.is_empty() {
            visit(&self.always)?;
        }
        if self.uses.pair {
            self.look_up(self.keys.pair(action, resource), visit)?;
        }
        if self.uses.resource {
            self.look_up(self.keys.text(RESOURCE, resource), visit)?;
        }
        if self.uses.action {
            self.look_up(self.keys.text(ACTION, action), visit)?;
        }
        self.pieces(resource, RESOURCE_PIECE, self.uses.resource_pieces, visit)?;
        self.pieces(action, ACTION_PIECE, self.uses.action_pieces, visit)
    }

    fn look_up(&self, hash: u64, visit: &mut impl FnMut(&[u32]) -> ControlFlow<()>) -> ControlFlow<()> {
        match self.slot(hash).and_then(|slot| self.listed(slot)) {
            Some(list) => visit(list),
            None => ControlFlow::Continue(()),
        }
    }

    /// Looks up every piece of a text. A text that repeats itself finds the same list again and
    /// again, so the lists of late are remembered: more of them for long texts.
    fn pieces(
        &self,
        text: &str,
        kinds: [u64; 3],
        used: [bool; 3],
        visit: &mut impl FnMut(&[u32]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if used == [false; 3] {
            return ControlFlow::Continue(());
        }
        match text.len() {
            0..256 => self.pieces_once(text, kinds, used, &mut Seen([0; 64]), visit),
            _ => self.pieces_once(text, kinds, used, &mut Seen([0; 4096]), visit),
        }
    }

    fn pieces_once<const N: usize>(
        &self,
        text: &str,
        kinds: [u64; 3],
        used: [bool; 3],
        seen: &mut Seen<N>,
        visit: &mut impl FnMut(&[u32]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut window = u64::from(START);
        for byte in text.bytes().chain([END]) {
            window = (window << 8) | u64::from(byte);
            for ((mask, kind), used) in PIECES.iter().zip(kinds).zip(used) {
                if !used {
                    continue;
                }
                let hash = self.keys.piece(kind, window & mask);
                let Some(slot) = self.slot(hash) else { continue };
                if seen.is_new(slot.start)
                    && let Some(list) = self.listed(slot)
                {
                    visit(list)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn slot(&self, hash: u64) -> Option<&Slot> {
        let word = self.filter.get(place(hash, self.filter.len()))?;
        if word & (1 << (hash & 63)) == 0 {
            return None;
        }
        let mut at = place(hash, self.slots.len());
        loop {
            let slot = self.slots.get(at)?;
            if slot.len == 0 {
                return None;
            }
            if slot.hash == hash {
                return Some(slot);
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    fn listed(&self, slot: &Slot) -> Option<&[u32]> {
        let start = slot.start as usize;
        self.postings.get(start..start + slot.len as usize)
    }
}

impl Uses {
    fn note(&mut self, kind: Kind) {
        match kind {
            Kind::Pair => self.pair = true,
            Kind::Resource => self.resource = true,
            Kind::Action => self.action = true,
            Kind::ResourcePiece(length) => note(&mut self.resource_pieces, length),
            Kind::ActionPiece(length) => note(&mut self.action_pieces, length),
        }
    }
}

fn note(lengths: &mut [bool; 3], length: usize) {
    if let Some(used) = lengths.get_mut(length) {
        *used = true;
    }
}

/// Lists visited of late, by where they start.
struct Seen<const N: usize>([u32; N]);

impl<const N: usize> Seen<N> {
    fn is_new(&mut self, start: u32) -> bool {
        match self.0.get_mut(start as usize % N) {
            // zero is a free place
            Some(place) => std::mem::replace(place, start + 1) != start + 1,
            None => true,
        }
    }
}

/// Secret numbers of this process: whoever writes policies cannot make features collide.
#[derive(Clone, Copy, Debug, Default)]
struct Keys {
    odd: u64,
    seed: u64,
}

impl Keys {
    fn random() -> Self {
        static KEYS: OnceLock<Keys> = OnceLock::new();
        *KEYS.get_or_init(|| {
            let random = RandomState::new();
            Self { odd: random.hash_one(1) | 1, seed: random.hash_one(2) }
        })
    }

    fn piece(self, kind: u64, piece: u64) -> u64 {
        let mixed = (piece ^ self.seed ^ kind).wrapping_mul(self.odd);
        mixed ^ (mixed >> 29)
    }

    fn text(self, kind: u64, text: &str) -> u64 {
        self.hash(kind, |hasher| hasher.write(text.as_bytes()))
    }

    fn pair(self, action: &str, resource: &str) -> u64 {
        self.hash(PAIR, |hasher| {
            hasher.write(action.as_bytes());
            hasher.write_usize(action.len());
            hasher.write(resource.as_bytes());
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits of the seed do")]
    fn hash(self, kind: u64, write: impl FnOnce(&mut FxHasher)) -> u64 {
        let mut hasher = FxHasher::with_seed((self.seed ^ kind) as usize);
        write(&mut hasher);
        self.piece(kind, hasher.finish())
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Pair,
    Resource,
    Action,
    /// Position of the length in [`PIECES`].
    ResourcePiece(usize),
    ActionPiece(usize),
}

#[derive(Clone, Copy, Debug)]
struct Feature {
    hash: u64,
    kind: Kind,
}

/// All features of an assertion.
fn features(entry: &Entry<'_>, keys: Keys, visit: &mut impl FnMut(Feature)) {
    match (entry.action.exact(), entry.resource.exact()) {
        (Some(action), Some(resource)) => {
            // nothing is rarer
            return visit(Feature { hash: keys.pair(action, resource), kind: Kind::Pair });
        }
        (None, Some(resource)) => {
            visit(Feature { hash: keys.text(RESOURCE, resource), kind: Kind::Resource });
        }
        (Some(action), None) => visit(Feature { hash: keys.text(ACTION, action), kind: Kind::Action }),
        (None, None) => {}
    }
    if entry.resource.exact().is_none() {
        pattern_pieces(entry.resource, |length, piece| {
            let hash = keys.piece(RESOURCE_PIECE.get(length).copied().unwrap_or_default(), piece);
            visit(Feature { hash, kind: Kind::ResourcePiece(length) });
        });
    }
    if entry.action.exact().is_none() {
        pattern_pieces(entry.action, |length, piece| {
            let hash = keys.piece(ACTION_PIECE.get(length).copied().unwrap_or_default(), piece);
            visit(Feature { hash, kind: Kind::ActionPiece(length) });
        });
    }
}

/// The pieces of the literal text between wildcards; the ends of the text count as text.
fn pattern_pieces(glob: &Glob, mut visit: impl FnMut(usize, u64)) {
    let last = glob.as_str().split(['*', '?']).count() - 1;
    for (at, literal) in glob.as_str().split(['*', '?']).enumerate() {
        let start = (at == 0).then_some(START);
        let end = (at == last).then_some(END);
        let (mut window, mut len) = (0, 0);
        for byte in start.into_iter().chain(literal.bytes()).chain(end) {
            window = (window << 8) | u64::from(byte);
            len += 1;
            for (position, (mask, length)) in PIECES.iter().zip([3, 5, 8]).enumerate() {
                if len >= length {
                    visit(position, window & mask);
                }
            }
        }
    }
}

type Counts = HashMap<u64, u32, FxBuildHasher>;

/// How many assertions have each feature (one that has it twice counts twice).
fn count(entries: &[Entry<'_>], keys: Keys) -> Counts {
    let mut counts = Counts::default();
    for entry in entries {
        features(entry, keys, &mut |feature| *counts.entry(feature.hash).or_default() += 1);
    }
    counts
}

/// The feature that fewest others share; of equals, the longest, for a question has it seldom.
fn rarest(entry: &Entry<'_>, keys: Keys, counts: &Counts) -> Option<Feature> {
    let mut best: Option<(u32, usize, Feature)> = None;
    features(entry, keys, &mut |feature| {
        let count = counts.get(&feature.hash).copied().unwrap_or(u32::MAX);
        let shortness = match feature.kind {
            Kind::Pair | Kind::Resource => 0,
            Kind::ResourcePiece(length) | Kind::ActionPiece(length) => 3 - length,
            // many questions have the same action
            Kind::Action => 4,
        };
        if best.is_none_or(|(least, shortest, _)| (count, shortness) < (least, shortest)) {
            best = Some((count, shortness, feature));
        }
    });
    best.map(|(_, _, feature)| feature)
}

/// Slots and filter for postings sorted by hash.
fn tables(filed: &[(u64, u32, u32)]) -> (Box<[Slot]>, Box<[u64]>) {
    let lists = filed.chunk_by(|a, b| a.0 == b.0);
    let count = lists.clone().count();
    let mut slots = vec![Slot::default(); (count * 2).next_power_of_two()];
    let mut filter = vec![0; (count / 4).next_power_of_two()];
    let mut start = 0;
    for list in lists {
        let hash = list.first().map_or(0, |first| first.0);
        let len = u32::try_from(list.len()).unwrap_or(u32::MAX);
        let word = place(hash, filter.len());
        if let Some(word) = filter.get_mut(word) {
            *word |= 1 << (hash & 63);
        }
        let mut at = place(hash, slots.len());
        while slots.get(at).is_some_and(|slot| slot.len != 0) {
            at = if at + 1 == slots.len() { 0 } else { at + 1 };
        }
        if let Some(slot) = slots.get_mut(at) {
            *slot = Slot { hash, start, len };
        }
        start += len;
    }
    (slots.into(), filter.into())
}

/// A place among so many, a power of two, by the high bits of a hash.
#[expect(clippy::cast_possible_truncation, reason = "less than a length, which is a usize")]
const fn place(hash: u64, places: usize) -> usize {
    ((hash as u128 * places as u128) >> 64) as usize
}
