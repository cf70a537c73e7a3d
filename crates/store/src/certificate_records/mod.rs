//! Certificate records: which certificate of an instance was issued last and which before it, the
//! basis of theft detection and revocation.
//!
//! A store of its own, never behind the head lock of the ZMS tables, so that ZTS runs without
//! ZMS's database: an SQLite file of its own, or tables of its own in PostgreSQL. Writes of many
//! requests share one durable commit (group commit); an answer is given only after it. In
//! PostgreSQL a commit whose answer was lost is looked up, so that nothing is written twice.

mod batch;
#[cfg(test)]
mod contract;
mod postgres;
mod record;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use athenz_model::Timestamp;
pub use record::{CertificateRecord, Issue, RecordKey, Registration, TokenUse};

use batch::{Change, Outcome, Queue};

use crate::postgres::{connection, pool};
use crate::{StoreConfig, StoreError, StoreUrl};

/// Why a record could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RecordStoreError {
    /// The database refused or cannot be reached. A write may or may not have happened.
    #[error("certificate record store is unavailable: {0}")]
    Unavailable(String),
    /// The database did not answer within the limit of the store.
    #[error("certificate record store did not answer in time")]
    TimedOut,
    /// What is configured cannot be used.
    #[error("{0}")]
    Configuration(String),
    /// A row holds what this store never writes.
    #[error("certificate record store holds a damaged record: {0}")]
    Damaged(&'static str),
}

impl From<StoreError> for RecordStoreError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Configuration(text) => Self::Configuration(text),
            StoreError::Unavailable(text) => Self::Unavailable(text),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// The record is stored.
    Registered {
        /// The record it replaces was revoked: worth a line in the security log.
        was_revoked: bool,
    },
    /// The register token was used with another public key before; nothing was stored.
    TokenOfAnotherKey,
}

/// How a store gathers writes, and how long a caller waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long the first write of a batch waits for others.
    pub gather: Duration,
    /// The most writes in one commit.
    pub batch: usize,
    /// The most writes waiting; more callers wait before they are queued.
    pub queue: usize,
    /// How long a caller waits for an answer.
    pub timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { gather: Duration::from_millis(1), batch: 256, queue: 4096, timeout: Duration::from_secs(10) }
    }
}

/// The certificate records of a deployment. Clones share the store.
#[derive(Clone, Debug)]
pub struct CertificateRecords {
    queue: Queue,
    reader: Reader,
    timeout: Duration,
}

#[derive(Clone, Debug)]
enum Reader {
    Sqlite(sqlite::Reader),
    Postgres(postgres::Database),
}

impl CertificateRecords {
    /// Opens the SQLite file at `path`, creating it when absent.
    ///
    /// # Errors
    /// The file cannot be opened, or is of a newer version of this store.
    pub fn open_sqlite(path: &Path, limits: Limits) -> Result<Self, RecordStoreError> {
        let (queue, jobs) = Queue::new(limits);
        sqlite::start_writer(path, limits, jobs)?;
        Ok(Self { queue, reader: Reader::Sqlite(sqlite::Reader::open(path)?), timeout: limits.timeout })
    }

    /// Opens the records of `config`, creating file or tables when absent. Records in PostgreSQL may
    /// share a database with anything, and need not be reachable yet; must be called within a tokio
    /// runtime, on which their writer then runs.
    ///
    /// # Errors
    /// The file or database cannot be used, or is of a newer version of this store.
    pub async fn open(config: &StoreConfig, limits: Limits) -> Result<Self, RecordStoreError> {
        match &config.url {
            StoreUrl::Sqlite(path) => Self::open_sqlite(path, limits),
            StoreUrl::Postgres(url) => Self::open_postgres(url, config, limits).await,
        }
    }

    async fn open_postgres(
        url: &str,
        config: &StoreConfig,
        limits: Limits,
    ) -> Result<Self, RecordStoreError> {
        let pool = pool(&connection(url, config)?, config)?;
        let database = postgres::Database::open(pool).await?;
        let writer = postgres::Writer::new(database.clone(), limits, config.faults.clone());
        let (queue, jobs) = Queue::new(limits);
        tokio::spawn(writer.run(jobs));
        Ok(Self { queue, reader: Reader::Postgres(database), timeout: limits.timeout })
    }

    /// The record of an instance.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn lookup(&self, key: &RecordKey) -> Result<Option<CertificateRecord>, RecordStoreError> {
        let found = async {
            match &self.reader {
                Reader::Sqlite(reader) => reader.lookup(key.clone()).await,
                Reader::Postgres(database) => postgres::lookup(database, key).await,
            }
        };
        tokio::time::timeout(self.timeout, found).await.map_err(|_| RecordStoreError::TimedOut)?
    }

    /// Stores the record of a registration over the record the instance had; a revocation ends with
    /// it, and a refreshable instance stays refreshable. A record that nothing can be refreshed by
    /// leaves one that something can be refreshed by alone, unless that is revoked. A register
    /// token belongs to the first public key it comes with: see [`TokenUse`].
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn register(&self, registration: Registration) -> Result<RegisterOutcome, RecordStoreError> {
        match self.write(Change::Register(Box::new(registration))).await? {
            Outcome::Registered { was_revoked } => Ok(RegisterOutcome::Registered { was_revoked }),
            _ => Ok(RegisterOutcome::TokenOfAnotherKey),
        }
    }

    /// Stores `record` if the stored one is still the one that `record` was made from (same version
    /// and `expected_serial`): compare and set. False when somebody else was faster.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn update(
        &self,
        record: CertificateRecord,
        expected_serial: String,
    ) -> Result<bool, RecordStoreError> {
        let outcome = self.write(Change::Update { record: Box::new(record), expected_serial }).await?;
        Ok(outcome.rows() == 1)
    }

    /// Deletes the record of an instance. False when there was none.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn delete(&self, key: &RecordKey) -> Result<bool, RecordStoreError> {
        Ok(self.write(Change::Delete(key.clone())).await?.rows() > 0)
    }

    /// Remembers an assertion that was used, by its digest, until it expires. False when it was
    /// used before, at this server or another one of the store.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn take_assertion(
        &self,
        digest: [u8; 32],
        expires_at: Timestamp,
    ) -> Result<bool, RecordStoreError> {
        Ok(self.write(Change::TakeAssertion { digest, expires_at }).await?.rows() == 1)
    }

    /// Deletes at most `limit` records last issued before `issued_before`, and the register tokens
    /// and used assertions that have expired at `now`. Returns the number of records.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn clean(
        &self,
        now: Timestamp,
        issued_before: Timestamp,
        limit: u32,
    ) -> Result<u64, RecordStoreError> {
        Ok(self.write(Change::Clean { now, issued_before, limit }).await?.rows())
    }

    /// Claims for `server` at most `limit` records of `provider` that were not refreshed since
    /// `issued_before` and not claimed since `notified_before`, so that of many servers one
    /// notifies. Returns them.
    ///
    /// # Errors
    /// [`RecordStoreError`]
    pub async fn claim_unrefreshed(
        &self,
        claim: UnrefreshedClaim,
    ) -> Result<Vec<CertificateRecord>, RecordStoreError> {
        match self.write(Change::Claim(Box::new(claim))).await? {
            Outcome::Claimed(records) => Ok(records),
            _ => Ok(Vec::new()),
        }
    }

    async fn write(&self, change: Change) -> Result<Outcome, RecordStoreError> {
        tokio::time::timeout(self.timeout, self.queue.submit(change))
            .await
            .map_err(|_| RecordStoreError::TimedOut)?
    }
}

/// Which records to claim for a notice; see [`CertificateRecords::claim_unrefreshed`].
#[derive(Clone, Debug)]
pub struct UnrefreshedClaim {
    /// The provider whose records are meant.
    pub provider: String,
    /// Name of the server that claims.
    pub server: String,
    /// The moment of the claim.
    pub now: Timestamp,
    /// Records issued before this are overdue.
    pub issued_before: Timestamp,
    /// Records claimed since this are left alone.
    pub notified_before: Timestamp,
    /// The most records of one claim.
    pub limit: u32,
}
