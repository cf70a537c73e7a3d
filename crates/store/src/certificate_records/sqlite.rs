//! Records in an SQLite file: one writing thread, a few reading connections.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use athenz_model::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tokio::sync::mpsc;

use super::batch::{Change, Job, Outcome, answer, drain};
use super::record::{
    CertificateRecord, Issue, RecordKey, Registration, TokenUse, join_serials, split_serials,
};
use super::{Limits, RecordStoreError, UnrefreshedClaim};
use crate::sqlite::create_private;

/// Version of the tables below, in `PRAGMA user_version`.
const SCHEMA_VERSION: i64 = 2;

/// Reading connections; reads are a few microseconds each.
const READERS: usize = 2;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS certificate_record (
        provider TEXT NOT NULL,
        instance_id TEXT NOT NULL,
        service TEXT NOT NULL,
        current_serial TEXT NOT NULL,
        issued_at INTEGER NOT NULL,
        current_ip TEXT NOT NULL,
        previous_serial TEXT NOT NULL,
        previous_issued_at INTEGER NOT NULL,
        previous_ip TEXT NOT NULL,
        superseded TEXT NOT NULL,
        registered_at INTEGER NOT NULL,
        refreshable INTEGER NOT NULL,
        client_only INTEGER NOT NULL,
        revoked_at INTEGER,
        expires_at INTEGER NOT NULL,
        host_name TEXT,
        data_updated_at INTEGER NOT NULL,
        agent TEXT,
        notified_at INTEGER,
        notified_by TEXT,
        version INTEGER NOT NULL,
        PRIMARY KEY (provider, instance_id, service)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS register_token (
        token_id TEXT NOT NULL PRIMARY KEY,
        public_key BLOB NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS used_assertion (
        digest BLOB NOT NULL PRIMARY KEY,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS used_assertion_expires_at ON used_assertion (expires_at);";

const COLUMNS: &str = "provider, instance_id, service, current_serial, issued_at, current_ip, \
    previous_serial, previous_issued_at, previous_ip, superseded, registered_at, refreshable, client_only, \
    revoked_at, expires_at, host_name, data_updated_at, agent, notified_at, notified_by, version";

const OF_KEY: &str = "provider = ?1 AND instance_id = ?2 AND service = ?3";

/// Starts the thread that writes. It ends when the queue is closed.
pub(super) fn start_writer(
    path: &Path,
    limits: Limits,
    jobs: mpsc::Receiver<Job>,
) -> Result<(), RecordStoreError> {
    // who got which certificate is for its owner alone
    create_private(path)?;
    let connection = open(path)?;
    connection.execute_batch(SCHEMA)?;
    connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    std::thread::Builder::new()
        .name("certificate-records".to_owned())
        .spawn(move || write(connection, limits, jobs))
        .map_err(|error| RecordStoreError::Unavailable(error.to_string()))?;
    Ok(())
}

fn open(path: &Path) -> Result<Connection, RecordStoreError> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // a certificate that was handed out must be on record whatever happens to the machine
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > SCHEMA_VERSION {
        let text = format!("{} was written by a newer version; use that version", path.display());
        return Err(RecordStoreError::Unavailable(text));
    }
    Ok(connection)
}

fn write(mut connection: Connection, limits: Limits, mut jobs: mpsc::Receiver<Job>) {
    let mut batch = Vec::new();
    while let Some(first) = jobs.blocking_recv() {
        batch.push(first);
        drain(&mut jobs, &mut batch, limits.batch);
        if batch.len() < limits.batch && !limits.gather.is_zero() {
            std::thread::sleep(limits.gather);
            drain(&mut jobs, &mut batch, limits.batch);
        }
        let outcomes = commit(&mut connection, &batch);
        answer(std::mem::take(&mut batch), outcomes);
    }
}

fn commit(connection: &mut Connection, batch: &[Job]) -> Result<Vec<Outcome>, RecordStoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let outcomes = batch.iter().map(|job| apply(&transaction, &job.change)).collect::<Result<Vec<_>, _>>()?;
    transaction.commit()?;
    Ok(outcomes)
}

fn apply(connection: &Connection, change: &Change) -> Result<Outcome, RecordStoreError> {
    match change {
        Change::Register(registration) => register(connection, registration),
        Change::Update { record, expected_serial } => update(connection, record, expected_serial),
        Change::Delete(key) => delete(connection, key),
        Change::Clean { now, issued_before, limit } => clean(connection, *now, *issued_before, *limit),
        Change::Claim(claim) => claim_unrefreshed(connection, claim),
        Change::TakeAssertion { digest, expires_at } => take_assertion(connection, digest, *expires_at),
    }
}

fn register(connection: &Connection, registration: &Registration) -> Result<Outcome, RecordStoreError> {
    if let Some(token) = &registration.token
        && !remember_token(connection, token)?
    {
        return Ok(Outcome::TokenOfAnotherKey);
    }
    let record = &registration.record;
    let key = &record.key;
    let revoked: Option<Option<i64>> = connection
        .prepare_cached(&format!("SELECT revoked_at FROM certificate_record WHERE {OF_KEY}"))?
        .query_row(params![key.provider, key.instance_id, key.service], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO certificate_record ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, 1)
             ON CONFLICT DO UPDATE SET
                current_serial = excluded.current_serial, issued_at = excluded.issued_at,
                current_ip = excluded.current_ip, previous_serial = excluded.previous_serial,
                previous_issued_at = excluded.previous_issued_at, previous_ip = excluded.previous_ip,
                superseded = excluded.superseded, registered_at = excluded.registered_at,
                refreshable = max(refreshable, excluded.refreshable), client_only = excluded.client_only,
                revoked_at = excluded.revoked_at, expires_at = excluded.expires_at, host_name = excluded.host_name,
                data_updated_at = excluded.data_updated_at, agent = excluded.agent,
                notified_at = excluded.notified_at, notified_by = excluded.notified_by, version = version + 1
             WHERE excluded.refreshable OR NOT refreshable OR revoked_at IS NOT NULL"
        ))?
        .execute(params![
            key.provider,
            key.instance_id,
            key.service,
            record.current.serial,
            record.current.at.millis(),
            record.current.ip,
            record.previous.serial,
            record.previous.at.millis(),
            record.previous.ip,
            join_serials(&record.superseded),
            record.registered_at.millis(),
            record.refreshable,
            record.client_only,
            record.revoked_at.map(Timestamp::millis),
            record.expires_at.millis(),
            record.host_name,
            record.data_updated_at.millis(),
            record.agent,
            record.notified.as_ref().map(|(at, _)| at.millis()),
            record.notified.as_ref().map(|(_, by)| by),
        ])?;
    Ok(Outcome::Registered { was_revoked: revoked.flatten().is_some() })
}

/// Ties a token to its first public key. False when it belongs to another one.
fn remember_token(connection: &Connection, token: &TokenUse) -> Result<bool, RecordStoreError> {
    let known: Option<Vec<u8>> = connection
        .prepare_cached("SELECT public_key FROM register_token WHERE token_id = ?1")?
        .query_row([&token.token_id], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known == token.public_key);
    }
    connection
        .prepare_cached("INSERT INTO register_token (token_id, public_key, expires_at) VALUES (?1, ?2, ?3)")?
        .execute(params![token.token_id, token.public_key, token.expires_at.millis()])?;
    Ok(true)
}

fn update(
    connection: &Connection,
    record: &CertificateRecord,
    expected_serial: &str,
) -> Result<Outcome, RecordStoreError> {
    let key = &record.key;
    let rows = connection
        .prepare_cached(&format!(
            "UPDATE certificate_record SET
                current_serial = ?4, issued_at = ?5, current_ip = ?6, previous_serial = ?7,
                previous_issued_at = ?8, previous_ip = ?9, superseded = ?10, client_only = ?11, revoked_at = ?12,
                expires_at = ?13, host_name = ?14, data_updated_at = ?15, agent = ?16, version = version + 1
             WHERE {OF_KEY} AND version = ?17 AND current_serial = ?18"
        ))?
        .execute(params![
            key.provider,
            key.instance_id,
            key.service,
            record.current.serial,
            record.current.at.millis(),
            record.current.ip,
            record.previous.serial,
            record.previous.at.millis(),
            record.previous.ip,
            join_serials(&record.superseded),
            record.client_only,
            record.revoked_at.map(Timestamp::millis),
            record.expires_at.millis(),
            record.host_name,
            record.data_updated_at.millis(),
            record.agent,
            record.version,
            expected_serial,
        ])?;
    Ok(Outcome::Rows(rows as u64))
}

fn delete(connection: &Connection, key: &RecordKey) -> Result<Outcome, RecordStoreError> {
    let rows = connection
        .prepare_cached(&format!("DELETE FROM certificate_record WHERE {OF_KEY}"))?
        .execute(params![key.provider, key.instance_id, key.service])?;
    Ok(Outcome::Rows(rows as u64))
}

fn clean(
    connection: &Connection,
    now: Timestamp,
    issued_before: Timestamp,
    limit: u32,
) -> Result<Outcome, RecordStoreError> {
    connection.execute("DELETE FROM register_token WHERE expires_at <= ?1", [now.millis()])?;
    connection.execute("DELETE FROM used_assertion WHERE expires_at <= ?1", [now.millis()])?;
    let rows = connection.execute(
        "DELETE FROM certificate_record WHERE (provider, instance_id, service) IN (
            SELECT provider, instance_id, service FROM certificate_record WHERE issued_at < ?1 LIMIT ?2)",
        params![issued_before.millis(), limit],
    )?;
    Ok(Outcome::Rows(rows as u64))
}

fn take_assertion(
    connection: &Connection,
    digest: &[u8; 32],
    expires_at: Timestamp,
) -> Result<Outcome, RecordStoreError> {
    let rows = connection
        .prepare_cached(
            "INSERT INTO used_assertion (digest, expires_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![digest, expires_at.millis()])?;
    Ok(Outcome::Rows(rows as u64))
}

fn claim_unrefreshed(connection: &Connection, claim: &UnrefreshedClaim) -> Result<Outcome, RecordStoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "UPDATE certificate_record SET notified_at = ?1, notified_by = ?2
         WHERE (provider, instance_id, service) IN (
            SELECT provider, instance_id, service FROM certificate_record
            WHERE provider = ?3 AND refreshable AND issued_at < ?4 AND (notified_at IS NULL OR notified_at < ?5) LIMIT ?6)
         RETURNING {COLUMNS}"
    ))?;
    let rows = statement.query_map(
        params![
            claim.now.millis(),
            claim.server,
            claim.provider,
            claim.issued_before.millis(),
            claim.notified_before.millis(),
            claim.limit,
        ],
        record_of,
    )?;
    Ok(Outcome::Claimed(rows.collect::<Result<_, _>>()?))
}

/// Connections that only read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    connections: Arc<[Mutex<Connection>]>,
    next: Arc<AtomicUsize>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, RecordStoreError> {
        let connections = (0..READERS).map(|_| open(path).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: Arc::default() })
    }

    pub(super) async fn lookup(&self, key: RecordKey) -> Result<Option<CertificateRecord>, RecordStoreError> {
        let reader = self.clone();
        tokio::task::spawn_blocking(move || reader.lookup_now(&key))
            .await
            .map_err(|error| RecordStoreError::Unavailable(error.to_string()))?
    }

    fn lookup_now(&self, key: &RecordKey) -> Result<Option<CertificateRecord>, RecordStoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % READERS;
        let connection =
            self.connections.get(turn).ok_or(RecordStoreError::Damaged("no reading connection"))?;
        // a panic of another reader leaves its connection as good as it was
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM certificate_record WHERE {OF_KEY}"))?;
        Ok(statement.query_row(params![key.provider, key.instance_id, key.service], record_of).optional()?)
    }
}

fn record_of(row: &Row<'_>) -> rusqlite::Result<CertificateRecord> {
    let moment = |index: usize| row.get(index).map(Timestamp::from_millis);
    let notified_at: Option<i64> = row.get(18)?;
    let notified_by: Option<String> = row.get(19)?;
    let superseded: String = row.get(9)?;
    Ok(CertificateRecord {
        key: RecordKey { provider: row.get(0)?, instance_id: row.get(1)?, service: row.get(2)? },
        current: Issue { serial: row.get(3)?, at: moment(4)?, ip: row.get(5)? },
        previous: Issue { serial: row.get(6)?, at: moment(7)?, ip: row.get(8)? },
        superseded: split_serials(&superseded),
        registered_at: moment(10)?,
        refreshable: row.get(11)?,
        client_only: row.get(12)?,
        revoked_at: row.get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        expires_at: moment(14)?,
        host_name: row.get(15)?,
        data_updated_at: moment(16)?,
        agent: row.get(17)?,
        notified: notified_at.map(Timestamp::from_millis).zip(notified_by),
        version: row.get(20)?,
    })
}

impl From<rusqlite::Error> for RecordStoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
