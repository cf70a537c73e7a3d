//! Rows and log in an SQLite file: one thread that writes, a few connections that read.

pub(crate) mod backup;
mod load;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use athenz_world::{Head, World};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::sync::{OwnedMutexGuard, Semaphore, oneshot};

use crate::config::StoreConfig;
use crate::error::{CommitError, StoreError};
use crate::faults::{FaultPoint, FaultPoints};
use crate::log::{Batch, HeadRow};
use crate::migrations::{self, Migration};
use crate::read::Scope;
use crate::statements::{Statement, for_sqlite};
use crate::value::{OwnedRow, Value};
use crate::write::{self, writes_of};

/// Statements that a connection keeps prepared: all of ours.
const STATEMENTS: usize = 96;

/// An open file. The lock beside it keeps other processes out, so the head need not be read again
/// for each commit.
pub(crate) struct Sqlite {
    shared: Arc<Shared>,
    /// Taken by who decides; what the head was after the last commit, unknown after a failure.
    head: Arc<tokio::sync::Mutex<Option<HeadRow>>>,
}

struct Shared {
    path: PathBuf,
    writer: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    faults: FaultPoints,
    /// Released last, once every connection is closed.
    lock: Option<File>,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The right to decide and commit.
pub(crate) struct Locked {
    shared: Arc<Shared>,
    head: OwnedMutexGuard<Option<HeadRow>>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, config: &StoreConfig) -> Result<Self, StoreError> {
        let (path, connections, faults) = (path.to_owned(), config.connections.max(1), config.faults.clone());
        let shared = blocking(move || Shared::open(path, connections, faults)).await?;
        Ok(Self { shared: Arc::new(shared), head: Arc::default() })
    }

    /// Waits for the right to decide.
    pub(crate) async fn lock(&self) -> Result<(Locked, HeadRow), StoreError> {
        let mut head = Arc::clone(&self.head).lock_owned().await;
        let row = match *head {
            Some(row) => row,
            None => {
                let rows = read(&self.shared, Statement::ReadHead, Vec::new()).await?;
                let row = rows.first().ok_or_else(|| StoreError::Damaged("no head".to_owned()))?;
                *head.insert(HeadRow::of(row)?.0)
            }
        };
        Ok((Locked { shared: Arc::clone(&self.shared), head }, row))
    }

    pub(crate) async fn query(
        &self,
        statement: Statement,
        values: Vec<Value<'static>>,
    ) -> Result<Vec<OwnedRow>, StoreError> {
        read(&self.shared, statement, values).await
    }

    pub(crate) async fn load(&self, scope: Scope) -> Result<World, StoreError> {
        load(&self.shared, scope).await
    }

    /// Runs statements in a transaction of their own; returns how many rows the first changed.
    pub(crate) async fn change(
        &self,
        statements: Vec<(Statement, Vec<Value<'static>>)>,
    ) -> Result<u64, StoreError> {
        let mut head = Arc::clone(&self.head).lock_owned().await;
        let changed = self.shared.write(move |connection| {
            *head = None;
            change(connection, &statements)
        });
        changed.await?
    }

    /// Copies the store into a new file, which is complete or not there.
    pub(crate) async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let path = path.to_owned();
        self.shared.read(move |connection| backup::backup(connection, &path)).await
    }
}

impl Locked {
    pub(crate) async fn query(
        &self,
        statement: Statement,
        values: Vec<Value<'static>>,
    ) -> Result<Vec<OwnedRow>, StoreError> {
        read(&self.shared, statement, values).await
    }

    pub(crate) async fn load(&self, scope: Scope) -> Result<World, StoreError> {
        load(&self.shared, scope).await
    }

    pub(crate) async fn commit(self, batch: Arc<Batch>, before: HeadRow) -> Result<Head, CommitError> {
        let after = HeadRow { head: write::follow(&batch, before.head)?, floor: before.floor };
        let Self { shared, mut head } = self;
        let (path, faults) = (shared.path.clone(), shared.faults.clone());
        // the right to decide goes along: who waits for the answer may give up, the work may not
        let committed = shared.write(move |connection| {
            *head = None;
            let result = commit(connection, &batch, before.head, &faults);
            match &result {
                Ok(()) => *head = Some(after),
                Err(CommitError::Unknown { .. }) => reconnect(connection, &path),
                Err(_) => {}
            }
            result
        });
        committed.await.map_err(CommitError::from)??;
        Ok(after.head)
    }
}

impl Shared {
    fn open(path: PathBuf, connections: usize, faults: FaultPoints) -> Result<Self, StoreError> {
        create_private(&path)?;
        // one file, one lock, by whatever name it was reached
        let path = path.canonicalize().map_err(|error| unavailable(&path, &error))?;
        let lock = lock_beside(&path)?;
        let mut connection = connect(&path)?;
        migrate(&mut connection)?;
        let (writer, jobs) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || jobs.into_iter().for_each(|job| job(&mut connection)))
            .map_err(|error| unavailable(&path, &error))?;
        Ok(Self {
            path,
            writer: Some(writer),
            thread: Some(thread),
            readers: Mutex::default(),
            permits: Arc::new(Semaphore::new(connections)),
            faults,
            lock: Some(lock),
        })
    }

    /// Runs a job on the thread that writes.
    async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // nobody may wait any more; what was done stays done
            let _ = answer.send(job(connection));
        });
        let gone = || StoreError::Unavailable("the thread that writes has ended".to_owned());
        self.writer.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())
    }

    /// Runs a job on a reading connection, off the async threads.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| StoreError::Unavailable("store is closed".to_owned()))?;
        let shared = Arc::clone(self);
        blocking(move || {
            let idle = shared.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&shared.path)?,
            };
            let result = job(&mut connection);
            if result.is_ok() {
                shared.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            }
            drop(permit);
            result
        })
        .await
    }
}

impl Drop for Shared {
    /// The file can be opened again as soon as this returns.
    fn drop(&mut self) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.writer = None;
        if let Some(thread) = self.thread.take() {
            // a panic of the thread was reported where it happened
            let _ = thread.join();
        }
        self.lock = None;
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let joined = tokio::task::spawn_blocking(job).await;
    joined.unwrap_or_else(|error| Err(StoreError::Unavailable(format!("reading stopped: {error}"))))
}

async fn load(shared: &Arc<Shared>, scope: Scope) -> Result<World, StoreError> {
    let path = shared.path.clone();
    shared.read(move |connection| load::load(connection, &path, &scope)).await
}

async fn read(
    shared: &Arc<Shared>,
    statement: Statement,
    values: Vec<Value<'static>>,
) -> Result<Vec<OwnedRow>, StoreError> {
    shared.read(move |connection| Ok(query(connection, statement, &values)?)).await
}

fn unavailable(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("{}: {error}", path.display()))
}

/// A lock that ends with the process, whatever way it ends.
fn lock_beside(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = private().create(true).open(PathBuf::from(name));
    let lock = lock.map_err(|error| unavailable(path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unavailable(path, &error)),
    }
}

/// The file holds encrypted secrets and who may do what: for its owner alone.
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    private().create(true).open(path).map(drop).map_err(|error| unavailable(path, &error))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    // no creation: a file that was taken away is not replaced by an empty one
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // what was answered is on disk, whatever happens to the machine
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A connection that failed while it committed finds out anew what the file holds.
fn reconnect(connection: &mut Connection, path: &Path) {
    if let Ok(new) = connect(path) {
        *connection = new;
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(migrations::TABLE)?;
    let applied = applied_steps(&transaction)?;
    for migration in migrations::outstanding(migrations::SQLITE, &applied)? {
        let Migration { version, name, text } = migration;
        transaction.execute_batch(text)?;
        transaction.execute(&for_sqlite(migrations::RECORD), (version, name, migration.checksum()))?;
    }
    Ok(transaction.commit()?)
}

fn applied_steps(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    connection.prepare(migrations::APPLIED)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn query(
    connection: &Connection,
    statement: Statement,
    values: &[Value<'_>],
) -> rusqlite::Result<Vec<OwnedRow>> {
    let mut prepared = connection.prepare_cached(statement.sqlite_text())?;
    let columns = prepared.column_count();
    let rows = prepared.query_map(rusqlite::params_from_iter(values), |row| {
        let value = |column| {
            Ok(match row.get_ref(column)? {
                rusqlite::types::ValueRef::Integer(number) => Value::Integer(number),
                rusqlite::types::ValueRef::Text(_) => row.get::<_, String>(column)?.into(),
                _ => Value::Null,
            })
        };
        (0..columns).map(value).collect::<rusqlite::Result<Vec<_>>>().map(OwnedRow)
    })?;
    rows.collect()
}

fn commit(
    connection: &mut Connection,
    batch: &Batch,
    head: Head,
    faults: &FaultPoints,
) -> Result<(), CommitError> {
    let writes = writes_of(batch, head)?;
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
    faults.reach(FaultPoint::BeforeStatements)?;
    for write in &writes {
        let mut prepared =
            transaction.prepare_cached(write.statement.sqlite_text()).map_err(StoreError::from)?;
        let changed = prepared
            .execute(rusqlite::params_from_iter(&write.values))
            .map_err(|error| refused(error, &write.describe()))?;
        write.check(changed as u64)?;
    }
    faults.reach(FaultPoint::BeforeCommit)?;
    transaction.commit().map_err(|error| failed_commit(error, batch))?;
    faults
        .reach(FaultPoint::AfterCommit)
        .map_err(|error| CommitError::Unknown { batch: batch.id.clone(), cause: error.to_string() })
}

/// A constraint that fails says that a parent row is missing.
fn refused(error: rusqlite::Error, what: &str) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => CommitError::Diverged(format!("{what}: {error}")),
        _ => StoreError::from(error).into(),
    }
}

/// Only a disk that fails while it writes leaves open what it has written.
fn failed_commit(error: rusqlite::Error, batch: &Batch) -> CommitError {
    match error.sqlite_error_code() {
        Some(ErrorCode::SystemIoFailure) => {
            CommitError::Unknown { batch: batch.id.clone(), cause: error.to_string() }
        }
        _ => StoreError::from(error).into(),
    }
}

fn change(
    connection: &mut Connection,
    statements: &[(Statement, Vec<Value<'static>>)],
) -> Result<u64, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut first = None;
    for (statement, values) in statements {
        let changed = transaction
            .prepare_cached(statement.sqlite_text())?
            .execute(rusqlite::params_from_iter(values))?;
        first.get_or_insert(changed as u64);
    }
    transaction.commit()?;
    Ok(first.unwrap_or_default())
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            Some(ErrorCode::ConstraintViolation) => Self::Conflict(text),
            _ => Self::Unavailable(text),
        }
    }
}
