//! An SQLite file in a folder of its own.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::{Store, StoreConfig, StoreUrl};

/// A place for an embedded store; the folder goes when this is dropped.
#[derive(Debug)]
pub struct SqliteFile {
    folder: TempDir,
}

impl SqliteFile {
    /// A new folder without a file.
    #[expect(clippy::expect_used, reason = "a test that has no folder cannot go on")]
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// The file, which the first store that is opened makes.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("zms.db")
    }

    /// A configuration for the file.
    pub fn config(&self) -> StoreConfig {
        StoreConfig::new(StoreUrl::Sqlite(self.path()))
    }

    /// Opens the store.
    #[expect(clippy::expect_used, reason = "a test that has no store cannot go on")]
    pub async fn open(&self) -> Store {
        Store::open(&self.config()).await.expect("the store opens")
    }
}

impl Default for SqliteFile {
    fn default() -> Self {
        Self::new()
    }
}
