//! Rows, log and certificate records on disk: SQLite and PostgreSQL behind one contract.
//!
//! ```text
//! begin (takes the head) ─► catch_up ─► decide ─► commit: rows + log + head in one transaction
//! load, entries_after, head, member_audit: without the head
//! ```
//!
//! * The rows are the truth; the log says what happened, so that other processes follow without
//!   reading the rows again. `load(rows)` and `apply(log)` give the same world.
//! * One who holds the head decides alone, in this process and in all others.
//! * A commit is on disk when it is answered. When the answer is lost, [`Store::outcome_of`] tells.
//! * Texts compare byte by byte; all of Unicode is stored, but for NUL, which is refused.
#![warn(missing_docs)]

pub mod certificate_records;
mod config;
mod error;
mod faults;
mod log;
mod migrations;
mod postgres;
mod read;
mod sqlite;
mod statements;
mod store;
mod tls;
mod value;
mod write;

#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use config::{StoreConfig, StoreUrl};
pub use error::{CommitError, StoreError};
pub use faults::{FaultPoint, FaultPoints};
pub use log::{Batch, CatchUp, LogRecord, LogTail, MemberAuditPage, Outcome, Reloaded, StoreId};
pub use sqlite::backup::{Restored, backup_file, restore_file};
pub use store::{Store, Transaction};
