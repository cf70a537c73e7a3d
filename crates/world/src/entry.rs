//! The log: numbered, stamped change sets.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use athenz_model::names::DomainName;
use serde::{Deserialize, Serialize};

use crate::change::ChangeSet;
use crate::fingerprint::Fingerprint;

/// Number of a committed change in the store's single sequence; 0 before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub i64);

/// Raised by restore and import: caches, cursors and freshness tokens of another epoch are void.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub i64);

/// The one row that is locked to decide and commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Epoch of the store.
    pub epoch: Epoch,
    /// Number of the last committed change.
    pub sequence: Sequence,
    /// Stamp of the last commit: the `modified` of all it touched.
    pub stamp: Timestamp,
    /// The next number for an assertion.
    pub next_id: i64,
}

impl Head {
    /// The stamp of a commit at `now`: later than every stamp before, whatever the clock says.
    pub fn next_stamp(&self, now: Timestamp) -> Timestamp {
        now.max(self.stamp.plus_millis(1))
    }
}

/// A committed change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// How it is written. A process that finds a format it does not know reloads the domains.
    pub format: u32,
    /// Its number.
    pub sequence: Sequence,
    /// Random id of the commit it was part of: tells whether a commit of unknown outcome happened.
    pub batch: String,
    /// When it was decided, by the clock of the process that decided.
    pub time: Timestamp,
    /// `modified` of all it touched.
    pub stamp: Timestamp,
    /// The first assertion number that is free after it.
    pub next_id: i64,
    /// Full name of who asked.
    pub actor: String,
    /// Credential of who asked: subject of the certificate, or the token without its signature.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub caller: String,
    /// Name of the call.
    pub operation: String,
    /// The audit reference given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit_reference: String,
    /// What changed.
    pub changes: ChangeSet,
    /// What would undo it, where that is small: what was there before.
    #[serde(default, skip_serializing_if = "ChangeSet::is_empty")]
    pub before: ChangeSet,
    /// Fingerprint of each loud domain after the change; absent for a deleted one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fingerprints: BTreeMap<DomainName, Fingerprint>,
}

impl LogEntry {
    /// The format this code writes.
    pub const FORMAT: u32 = 1;
    /// The oldest format this code reads.
    pub const FORMAT_FLOOR: u32 = 1;

    /// Whether this code can apply the entry.
    pub const fn is_readable(format: u32) -> bool {
        format >= Self::FORMAT_FLOOR && format <= Self::FORMAT
    }
}
