//! A number that tells whether two processes hold the same domain.
//!
//! It is the wrapping sum of a 64-bit hash of every row, so a change costs what the changed rows
//! cost, whatever the size of the domain. It finds mistakes, not attackers: who can write the log
//! can write anything.

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

/// Memberships are hashed field by field: millions of them are, when a world is loaded.
fn member_hash(kind: CollectionKind, collection: &str, member: &MemberRow) -> u64 {
    let mut hash = Fnv::default();
    hash.text(kind.as_str());
    hash.text(collection);
    hash.text(&member.name);
    hash.text(&member.requester);
    hash.text(&member.audit_reference);
    hash.bytes(&[member.system_disabled, u8::from(member.inactive)]);
    for moment in [member.expiration, member.review_reminder] {
        hash.bytes(&moment.map_or(i64::MIN, athenz_model::Timestamp::millis).to_le_bytes());
    }
    hash.0
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

    /// A text and an end that no text contains.
    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
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
