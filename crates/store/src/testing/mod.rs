//! Fixtures for tests of this crate and of those that use it.

pub(crate) mod postgres;
mod sqlite;

pub use postgres::PostgresServer;
pub use sqlite::SqliteFile;
