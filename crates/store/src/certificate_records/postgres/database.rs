//! The database of records: its tables, made at the first use, so that a server starts while it is
//! away.

use std::sync::Arc;

use deadpool_postgres::{Client, Pool, PoolError};
use tokio::sync::OnceCell;
use tokio_postgres::Error;

use super::super::RecordStoreError;
use crate::postgres::{connected, describe};

/// Version of the tables below.
const SCHEMA_VERSION: i32 = 2;

/// Keeps two starting servers from creating tables at once; any number no one else uses.
const SCHEMA_LOCK: i64 = 0x6174_6865_6e7a_6372;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS certificate_record_schema (version integer NOT NULL);
    INSERT INTO certificate_record_schema (version)
        SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM certificate_record_schema);
    CREATE TABLE IF NOT EXISTS certificate_record (
        provider text COLLATE \"C\" NOT NULL,
        instance_id text COLLATE \"C\" NOT NULL,
        service text COLLATE \"C\" NOT NULL,
        current_serial text NOT NULL,
        issued_at bigint NOT NULL,
        current_ip text NOT NULL,
        previous_serial text NOT NULL,
        previous_issued_at bigint NOT NULL,
        previous_ip text NOT NULL,
        superseded text NOT NULL,
        registered_at bigint NOT NULL,
        refreshable boolean NOT NULL,
        client_only boolean NOT NULL,
        revoked_at bigint,
        expires_at bigint NOT NULL,
        host_name text,
        data_updated_at bigint NOT NULL,
        agent text,
        notified_at bigint,
        notified_by text,
        version bigint NOT NULL,
        PRIMARY KEY (provider, instance_id, service)
    );
    CREATE TABLE IF NOT EXISTS register_token (
        token_id text COLLATE \"C\" NOT NULL PRIMARY KEY,
        public_key bytea NOT NULL,
        expires_at bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS certificate_record_writer (
        writer text COLLATE \"C\" NOT NULL PRIMARY KEY,
        batch bigint NOT NULL,
        written_at timestamptz NOT NULL DEFAULT now()
    );";

/// What version 2 adds.
const SCHEMA_2: &str = "
    CREATE TABLE IF NOT EXISTS used_assertion (
        digest bytea NOT NULL PRIMARY KEY,
        expires_at bigint NOT NULL
    );
    CREATE INDEX IF NOT EXISTS used_assertion_expires_at ON used_assertion (expires_at);
    UPDATE certificate_record_schema SET version = 2;";

/// Connections to the records.
#[derive(Clone, Debug)]
pub(in super::super) struct Database {
    pool: Pool,
    /// An id for a writer of this process; there once the tables are.
    writer: Arc<OnceCell<String>>,
}

impl Database {
    /// Makes the tables if the database can be reached, else at the first use.
    pub(in super::super) async fn open(pool: Pool) -> Result<Self, RecordStoreError> {
        let database = Self { pool, writer: Arc::default() };
        match database.writer().await {
            Err(error @ RecordStoreError::Configuration(_)) => Err(error),
            Err(error) => {
                tracing::error!(%error, "certificate records cannot be reached yet; nothing that needs them is done until then");
                Ok(database)
            }
            Ok(_) => Ok(database),
        }
    }

    /// A connection to a database with tables.
    pub(super) async fn client(&self) -> Result<Client, RecordStoreError> {
        self.writer().await?;
        Ok(connected(&self.pool).await?)
    }

    /// The id of the writer of this process.
    pub(super) async fn writer(&self) -> Result<&str, RecordStoreError> {
        Ok(self.writer.get_or_try_init(|| prepare(&self.pool)).await?)
    }

    /// After a restart of the database every idle connection is a dead one.
    pub(super) fn forget_connections(&self) {
        self.pool.retain(|_, _| false);
    }
}

/// Makes the tables where they are not there. Returns an id for a writer.
async fn prepare(pool: &Pool) -> Result<String, RecordStoreError> {
    let mut client = pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => unprepared(error),
        other => RecordStoreError::Unavailable(other.to_string()),
    })?;
    prepare_with(&mut client).await.map_err(unprepared)?.ok_or_else(|| {
        let text = "the tables of certificate records were written by a newer version; use that version";
        RecordStoreError::Configuration(text.to_owned())
    })
}

/// `None`: the tables are newer than this program.
async fn prepare_with(client: &mut Client) -> Result<Option<String>, Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&SCHEMA_LOCK]).await?;
    // a role that may use tables need not be one that may make them
    let is_there = "SELECT to_regclass('certificate_record_schema') IS NOT NULL";
    if !transaction.query_one(is_there, &[]).await?.try_get::<_, bool>(0)? {
        transaction.batch_execute(SCHEMA).await?;
    }
    let row = transaction.query_one("SELECT max(version) FROM certificate_record_schema", &[]).await?;
    match row.try_get::<_, i32>(0)? {
        SCHEMA_VERSION => {}
        newer if newer > SCHEMA_VERSION => return Ok(None),
        _ => transaction.batch_execute(SCHEMA_2).await?,
    }
    let writer = transaction.query_one("SELECT gen_random_uuid()::text", &[]).await?.try_get(0)?;
    transaction.commit().await?;
    Ok(Some(writer))
}

/// What a database that is up refuses will not go away by waiting: no such database, a wrong
/// password, a right that is missing.
fn unprepared(error: Error) -> RecordStoreError {
    // connection (08), transaction (40), resources (53), operator (57), system (58)
    let passing = |code: &str| ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class));
    match error.code() {
        Some(code) if !passing(code.code()) => RecordStoreError::Configuration(describe(&error)),
        _ => error.into(),
    }
}
