//! The state of ZMS in memory, and how it changes. No IO, no clock.
//!
//! ```text
//! command ─► ChangeSet ─► LogEntry (sequence, stamp) ─► World::apply
//!                             │                            ▲
//!                             └──────► store (rows + log) ─┘ load, catch up
//! ```
//!
//! * [`World`] is a snapshot: cloning shares everything, [`World::apply`] copies only what changes.
//! * The rows in the store are the truth and the world is a cache of them: applying the log to an
//!   old world gives what loading the rows gives. A fingerprint of each domain in each log entry
//!   finds a process that has gone astray ([`fingerprint`]).
//! * A [`ChangeSet`] speaks of names, never of row numbers, so that every process and every store
//!   reads it alike.
#![warn(missing_docs)]

pub mod attributes;
pub mod change;
pub mod collection;
pub mod domain;
pub mod entry;
pub mod fingerprint;
pub mod load;
pub mod policies;
pub mod services;

mod apply;
mod rows;
mod trusting;
mod world;

pub use apply::ApplyError;
pub use attributes::{CollectionSettings, DomainAttributes, Ownership, Quota};
pub use change::{Change, ChangeSet, Loudness, MemberAction, MemberAudit, Part, PrincipalChange};
pub use collection::{Collection, CollectionAttributes, CollectionKind, MemberRow, Pending, PendingKind};
pub use domain::Domain;
pub use entry::{Epoch, Head, LogEntry, Sequence};
pub use load::WorldBuilder;
pub use policies::{Assertion, Condition, ConditionValue, Policy, PolicyVersion, PolicyVersionAttributes};
pub use services::{Entity, Service};
pub use world::{Registration, Unique, World};
