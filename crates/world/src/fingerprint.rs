//! A number that tells whether two processes hold the same domain.
//!
//! It is the wrapping sum of a 64-bit hash of every row, so a change costs what the changed rows
//! cost, whatever the size of the domain. It finds mistakes, not attackers: who can write the log
//! can write anything.

use athenz_model::Timestamp;
use athenz_policy::Member;
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::collection::{CollectionKind, MemberRow};

/// Sum of the row hashes of a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Fingerprint(u64);

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Fingerprint {
    /// With a row, given as the change that puts it there.
    pub(crate) fn add(&mut self, row: &Change) {
        self.0 = self.0.wrapping_add(row_hash(row));
    }

    /// With a membership, of which the texts are hashed already.
    pub(crate) fn add_member(&mut self, collection: CollectionHash, texts: MemberTexts, facts: MemberFacts) {
        self.0 = self.0.wrapping_add(collection.member(texts, facts));
    }

    /// With the rows of another sum.
    pub(crate) fn join(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Without a row.
    pub(crate) fn remove(&mut self, row: &Change) {
        self.0 = self.0.wrapping_sub(row_hash(row));
    }
}

/// FNV-1a over the JSON of the row: stable across versions of the compiler and of this code.
fn row_hash(row: &Change) -> u64 {
    if let Change::PutMember { kind, name, member } = row {
        return member_hash(*kind, name, member);
    }
    let mut hash = Fnv::default();
    // writing to Fnv cannot fail, and every row is plain data
    let written = serde_json::to_writer(&mut hash, row);
    debug_assert!(written.is_ok());
    hash.0
}

fn member_hash(kind: CollectionKind, collection: &str, member: &MemberRow) -> u64 {
    let texts = MemberTexts {
        name: TextHash::of(&member.name),
        requester: TextHash::of(&member.requester),
        audit_reference: TextHash::of(&member.audit_reference),
    };
    let facts = MemberFacts {
        system_disabled: member.system_disabled,
        inactive: member.inactive,
        expiration: member.expiration,
        review_reminder: member.review_reminder,
    };
    CollectionHash::of(kind, collection).member(texts, facts)
}

/// Hash of a text that many rows name, so that each text is read once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextHash(u64);

impl TextHash {
    pub(crate) fn of(text: &str) -> Self {
        let mut hash = Fnv::default();
        hash.bytes(text.as_bytes());
        Self(hash.0)
    }
}

/// The texts of a membership, hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberTexts {
    pub(crate) name: TextHash,
    pub(crate) requester: TextHash,
    pub(crate) audit_reference: TextHash,
}

/// The rest of a membership.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberFacts {
    pub(crate) system_disabled: u8,
    pub(crate) inactive: bool,
    pub(crate) expiration: Option<Timestamp>,
    pub(crate) review_reminder: Option<Timestamp>,
}

impl From<&Member> for MemberFacts {
    fn from(member: &Member) -> Self {
        Self {
            system_disabled: member.system_disabled.bits(),
            inactive: !member.active,
            expiration: member.expiration,
            review_reminder: member.review_reminder,
        }
    }
}

/// Hash of a role or group, from which those of its memberships go on: millions of them are made
/// when a world is loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CollectionHash(Mix);

impl CollectionHash {
    pub(crate) fn of(kind: CollectionKind, name: &str) -> Self {
        Self(Mix::default().word(TextHash::of(kind.as_str()).0).word(TextHash::of(name).0))
    }

    fn member(self, texts: MemberTexts, facts: MemberFacts) -> u64 {
        let moment = |moment: Option<Timestamp>| moment.map_or(i64::MIN, Timestamp::millis).cast_unsigned();
        self.0
            .word(texts.name.0)
            .word(texts.requester.0)
            .word(texts.audit_reference.0)
            .word(u64::from(facts.system_disabled) << 1 | u64::from(facts.inactive))
            .word(moment(facts.expiration))
            .word(moment(facts.review_reminder))
            .0
    }
}

/// A hash of words, each at a fixed place.
#[derive(Clone, Copy, Debug, Default)]
struct Mix(u64);

impl Mix {
    /// Multiplying carries upwards only, so the upper half is folded down.
    fn word(self, word: u64) -> Self {
        let product = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(product ^ product >> 32)
    }
}

struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

impl std::io::Write for Fnv {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
