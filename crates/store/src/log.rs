//! Batches, and the log as others read it.

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, MemberName};
use athenz_world::{Epoch, Head, LogEntry, MemberAction, MemberAudit, Sequence, World};

use crate::error::StoreError;
use crate::value::{Columns, OwnedRow};

/// What is committed at once: the entries follow the head, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Random id, which every entry carries: tells whether a commit of unknown outcome happened.
    pub id: String,
    /// The entries; none is no commit.
    pub entries: Vec<LogEntry>,
}

/// Which store this is, for ever: a random number in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreId(pub(crate) String);

impl StoreId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StoreId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The row of the head, with what the world does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeadRow {
    pub(crate) head: Head,
    /// The lowest number that the log still holds.
    pub(crate) floor: Sequence,
}

impl HeadRow {
    pub(crate) fn of(row: &impl Columns) -> Result<(Self, StoreId), StoreError> {
        let head = Head {
            epoch: Epoch(row.integer(0)?),
            sequence: Sequence(row.integer(1)?),
            stamp: row.moment(2)?,
            next_id: row.integer(3)?,
        };
        Ok((Self { head, floor: Sequence(row.integer(4)?) }, StoreId(row.text(5)?.to_owned())))
    }
}

/// An entry of the log, as far as this process can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogRecord {
    /// An entry.
    Entry(Box<LogEntry>),
    /// An entry in a format of another version: the domains are to be read from the rows.
    Unreadable {
        /// Its number.
        sequence: Sequence,
        /// Its stamp.
        stamp: Timestamp,
        /// The domains it changed.
        domains: Vec<DomainName>,
    },
}

impl LogRecord {
    /// Its number.
    pub fn sequence(&self) -> Sequence {
        match self {
            Self::Entry(entry) => entry.sequence,
            Self::Unreadable { sequence, .. } => *sequence,
        }
    }

    /// Its stamp.
    pub fn stamp(&self) -> Timestamp {
        match self {
            Self::Entry(entry) => entry.stamp,
            Self::Unreadable { stamp, .. } => *stamp,
        }
    }

    /// The domains it changed; one may be named twice.
    pub fn domains(&self) -> impl Iterator<Item = &DomainName> {
        let (entry, unreadable) = match self {
            Self::Entry(entry) => (Some(entry), None),
            Self::Unreadable { domains, .. } => (None, Some(domains)),
        };
        let of_entry =
            entry.into_iter().flat_map(|entry| entry.changes.parts.iter().map(|part| &part.domain));
        of_entry.chain(unreadable.into_iter().flatten())
    }

    pub(crate) fn of(row: &impl Columns) -> Result<Self, StoreError> {
        let sequence = Sequence(row.integer(0)?);
        if u32::try_from(row.integer(1)?).is_ok_and(LogEntry::is_readable)
            && let Ok(entry) = serde_json::from_str::<LogEntry>(row.text(5)?)
        {
            return Ok(Self::Entry(Box::new(entry)));
        }
        let domains = serde_json::from_str(row.text(4)?)
            .map_err(|error| StoreError::Damaged(format!("domains of log entry {}: {error}", sequence.0)))?;
        Ok(Self::Unreadable { sequence, stamp: row.moment(2)?, domains })
    }
}

/// What follows a number in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTail {
    /// The entries, in their order, at most as many as asked for.
    Entries(Vec<LogRecord>),
    /// The log does not reach back so far: load the world anew.
    BelowFloor {
        /// The lowest number it holds.
        floor: Sequence,
    },
}

/// The numbers a batch got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Number of its first entry.
    pub first: Sequence,
    /// Number of its last entry.
    pub last: Sequence,
}

impl Outcome {
    pub(crate) fn of(row: &OwnedRow) -> Result<Option<Self>, StoreError> {
        let (first, last) = (row.optional_integer(0)?, row.optional_integer(1)?);
        Ok(first.zip(last).map(|(first, last)| Self { first: Sequence(first), last: Sequence(last) }))
    }
}

/// A page of the history of a role or group, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberAuditPage {
    /// The lines.
    pub audits: Vec<MemberAudit>,
    /// Where the next page starts, if there may be one.
    pub next: Option<i64>,
}

/// A line of history with its number.
pub(crate) fn audit_of(row: &impl Columns) -> Result<(i64, MemberAudit), StoreError> {
    let member = MemberName::parse(row.text(1)?).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let audit = MemberAudit {
        member,
        admin: row.text(2)?.to_owned(),
        action: action_of(row.text(3)?)?,
        created: row.moment(4)?,
        audit_reference: row.optional_text(5)?.unwrap_or_default().to_owned(),
    };
    Ok((row.integer(0)?, audit))
}

fn action_of(text: &str) -> Result<MemberAction, StoreError> {
    use MemberAction as A;
    let all = [A::Add, A::Update, A::Delete, A::Request, A::Approve, A::Reject, A::Enable, A::Disable];
    let found = all.into_iter().find(|action| action.as_str() == text);
    found.ok_or_else(|| StoreError::Damaged(format!("history with the action {text}")))
}

/// How a world was brought up to the head.
#[derive(Clone, Debug)]
pub struct CatchUp {
    /// The world at the head.
    pub world: World,
    /// The entries that were applied one by one.
    pub applied: Vec<LogEntry>,
    /// What was read from the rows instead.
    pub reloaded: Reloaded,
}

/// What a catch-up read from the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// The entries sufficed.
    Nothing,
    /// These domains, since an entry about them was unreadable or did not fit.
    Domains(Vec<DomainName>),
    /// Everything: another epoch, or further behind than the log reaches.
    Everything,
}
