//! Records in PostgreSQL, shared by many servers: one writing task a server, statements of a batch
//! sent without waiting for one another.

mod database;
#[cfg(test)]
mod tests;
mod writer;

use athenz_model::Timestamp;
use deadpool_postgres::{Client, Transaction};
use tokio_postgres::{Error, Row, Statement};

use super::batch::{Change, Outcome};
use super::record::{CertificateRecord, Issue, RecordKey, Registration, join_serials, split_serials};
use super::{RecordStoreError, UnrefreshedClaim};
use crate::postgres::{describe, is_lost};

pub(super) use database::Database;
pub(super) use writer::Writer;

const COLUMNS: &str = "provider, instance_id, service, current_serial, issued_at, current_ip, \
    previous_serial, previous_issued_at, previous_ip, superseded, registered_at, refreshable, client_only, \
    revoked_at, expires_at, host_name, data_updated_at, agent, notified_at, notified_by, version";

const OF_KEY: &str = "provider = $1 AND instance_id = $2 AND service = $3";

/// One statement, so that a batch needs no waiting in between: the token is tied to its first key,
/// and the record written only when the key is that one. Without a token `$21` is null.
const REGISTER: &str = "
    WITH token AS (
        INSERT INTO register_token AS known (token_id, public_key, expires_at)
        SELECT $21::text, $22::bytea, $23::bigint WHERE $21::text IS NOT NULL
        ON CONFLICT (token_id) DO UPDATE SET expires_at = known.expires_at
        RETURNING public_key = $22::bytea AS ours
    ), allowed AS (
        SELECT $21::text IS NULL OR coalesce((SELECT ours FROM token), false) AS yes
    ), old AS (
        SELECT revoked_at IS NOT NULL AS revoked FROM certificate_record
        WHERE provider = $1 AND instance_id = $2 AND service = $3
    ), written AS (
        INSERT INTO certificate_record AS kept (provider, instance_id, service, current_serial, issued_at,
            current_ip, previous_serial, previous_issued_at, previous_ip, superseded, registered_at, refreshable,
            client_only, revoked_at, expires_at, host_name, data_updated_at, agent, notified_at, notified_by, version)
        SELECT $1::text, $2::text, $3::text, $4::text, $5::bigint, $6::text, $7::text, $8::bigint, $9::text,
            $10::text, $11::bigint, $12::boolean, $13::boolean, $14::bigint, $15::bigint, $16::text, $17::bigint,
            $18::text, $19::bigint, $20::text, 1
        FROM allowed WHERE yes
        ON CONFLICT (provider, instance_id, service) DO UPDATE SET
            current_serial = excluded.current_serial, issued_at = excluded.issued_at,
            current_ip = excluded.current_ip, previous_serial = excluded.previous_serial,
            previous_issued_at = excluded.previous_issued_at, previous_ip = excluded.previous_ip,
            superseded = excluded.superseded, registered_at = excluded.registered_at,
            refreshable = kept.refreshable OR excluded.refreshable, client_only = excluded.client_only,
            revoked_at = excluded.revoked_at, expires_at = excluded.expires_at, host_name = excluded.host_name,
            data_updated_at = excluded.data_updated_at, agent = excluded.agent,
            notified_at = excluded.notified_at, notified_by = excluded.notified_by, version = kept.version + 1
        WHERE excluded.refreshable OR NOT kept.refreshable OR kept.revoked_at IS NOT NULL
        RETURNING 1
    )
    SELECT (SELECT yes FROM allowed), coalesce((SELECT revoked FROM old), false)";

const TAKE_ASSERTION: &str =
    "INSERT INTO used_assertion (digest, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// Notes the number of a batch in its own transaction. Numbers of a writer rise, so a batch that is
/// tried again finds no row to change when the try before it was committed, and waits for the end
/// of one that is still under way.
const NOTE_BATCH: &str = "
    INSERT INTO certificate_record_writer AS known (writer, batch) VALUES ($1, $2)
    ON CONFLICT (writer) DO UPDATE SET batch = excluded.batch, written_at = now()
    WHERE known.batch < excluded.batch";

/// Writers that have ended, most likely; one that has not notes its next batch all the same.
const FORGET_WRITERS: &str =
    "DELETE FROM certificate_record_writer WHERE written_at < now() - interval '1 day'";

/// The record of an instance.
pub(super) async fn lookup(
    database: &Database,
    key: &RecordKey,
) -> Result<Option<CertificateRecord>, RecordStoreError> {
    let row = match read(&database.client().await?, key).await {
        Err(error) if is_lost(&error) => {
            database.forget_connections();
            read(&database.client().await?, key).await
        }
        read => read,
    };
    Ok(row?.as_ref().map(record_of).transpose()?)
}

async fn read(client: &Client, key: &RecordKey) -> Result<Option<Row>, Error> {
    let statement =
        client.prepare_cached(&format!("SELECT {COLUMNS} FROM certificate_record WHERE {OF_KEY}")).await?;
    client.query_opt(&statement, &[&key.provider, &key.instance_id, &key.service]).await
}

struct Statements {
    register: Statement,
    update: Statement,
    delete: Statement,
    take_assertion: Statement,
    note_batch: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, Error> {
        Ok(Self {
            register: client.prepare_cached(REGISTER).await?,
            update: client
                .prepare_cached(&format!(
                    "UPDATE certificate_record SET
                        current_serial = $4, issued_at = $5, current_ip = $6, previous_serial = $7,
                        previous_issued_at = $8, previous_ip = $9, superseded = $10, client_only = $11, revoked_at = $12,
                        expires_at = $13, host_name = $14, data_updated_at = $15, agent = $16, version = version + 1
                     WHERE {OF_KEY} AND version = $17 AND current_serial = $18"
                ))
                .await?,
            delete: client.prepare_cached(&format!("DELETE FROM certificate_record WHERE {OF_KEY}")).await?,
            take_assertion: client.prepare_cached(TAKE_ASSERTION).await?,
            note_batch: client.prepare_cached(NOTE_BATCH).await?,
        })
    }
}

async fn apply(
    transaction: &Transaction<'_>,
    statements: &Statements,
    change: &Change,
) -> Result<Outcome, Error> {
    match change {
        Change::Register(registration) => register(transaction, &statements.register, registration).await,
        Change::Update { record, expected_serial } => {
            update(transaction, &statements.update, record, expected_serial).await
        }
        Change::Delete(key) => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&key.provider, &key.instance_id, &key.service];
            Ok(Outcome::Rows(transaction.execute(&statements.delete, &parameters).await?))
        }
        Change::Clean { now, issued_before, limit } => clean(transaction, *now, *issued_before, *limit).await,
        Change::Claim(claim) => claim_unrefreshed(transaction, claim).await,
        Change::TakeAssertion { digest, expires_at } => {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
                [&digest.as_slice(), &expires_at.millis()];
            Ok(Outcome::Rows(transaction.execute(&statements.take_assertion, &parameters).await?))
        }
    }
}

async fn register(
    transaction: &Transaction<'_>,
    statement: &Statement,
    registration: &Registration,
) -> Result<Outcome, Error> {
    let record = &registration.record;
    let token = registration.token.as_ref();
    let row = transaction
        .query_one(
            statement,
            &[
                &record.key.provider,
                &record.key.instance_id,
                &record.key.service,
                &record.current.serial,
                &record.current.at.millis(),
                &record.current.ip,
                &record.previous.serial,
                &record.previous.at.millis(),
                &record.previous.ip,
                &join_serials(&record.superseded),
                &record.registered_at.millis(),
                &record.refreshable,
                &record.client_only,
                &record.revoked_at.map(Timestamp::millis),
                &record.expires_at.millis(),
                &record.host_name,
                &record.data_updated_at.millis(),
                &record.agent,
                &record.notified.as_ref().map(|(at, _)| at.millis()),
                &record.notified.as_ref().map(|(_, by)| by),
                &token.map(|token| &token.token_id),
                &token.map(|token| token.public_key.as_slice()),
                &token.map(|token| token.expires_at.millis()),
            ],
        )
        .await?;
    if row.try_get(0)? {
        Ok(Outcome::Registered { was_revoked: row.try_get(1)? })
    } else {
        Ok(Outcome::TokenOfAnotherKey)
    }
}

async fn update(
    transaction: &Transaction<'_>,
    statement: &Statement,
    record: &CertificateRecord,
    expected_serial: &str,
) -> Result<Outcome, Error> {
    let rows = transaction
        .execute(
            statement,
            &[
                &record.key.provider,
                &record.key.instance_id,
                &record.key.service,
                &record.current.serial,
                &record.current.at.millis(),
                &record.current.ip,
                &record.previous.serial,
                &record.previous.at.millis(),
                &record.previous.ip,
                &join_serials(&record.superseded),
                &record.client_only,
                &record.revoked_at.map(Timestamp::millis),
                &record.expires_at.millis(),
                &record.host_name,
                &record.data_updated_at.millis(),
                &record.agent,
                &record.version,
                &expected_serial,
            ],
        )
        .await?;
    Ok(Outcome::Rows(rows))
}

async fn clean(
    transaction: &Transaction<'_>,
    now: Timestamp,
    issued_before: Timestamp,
    limit: u32,
) -> Result<Outcome, Error> {
    transaction.execute("DELETE FROM register_token WHERE expires_at <= $1", &[&now.millis()]).await?;
    transaction.execute("DELETE FROM used_assertion WHERE expires_at <= $1", &[&now.millis()]).await?;
    transaction.execute(FORGET_WRITERS, &[]).await?;
    let rows = transaction
        .execute(
            "DELETE FROM certificate_record WHERE (provider, instance_id, service) IN (
                SELECT provider, instance_id, service FROM certificate_record
                WHERE issued_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
            &[&issued_before.millis(), &i64::from(limit)],
        )
        .await?;
    Ok(Outcome::Rows(rows))
}

async fn claim_unrefreshed(
    transaction: &Transaction<'_>,
    claim: &UnrefreshedClaim,
) -> Result<Outcome, Error> {
    let rows = transaction
        .query(
            &format!(
                "UPDATE certificate_record SET notified_at = $1, notified_by = $2
                 WHERE (provider, instance_id, service) IN (
                    SELECT provider, instance_id, service FROM certificate_record
                    WHERE provider = $3 AND refreshable AND issued_at < $4 AND (notified_at IS NULL OR notified_at < $5)
                    LIMIT $6 FOR UPDATE SKIP LOCKED)
                 RETURNING {COLUMNS}"
            ),
            &[
                &claim.now.millis(),
                &claim.server,
                &claim.provider,
                &claim.issued_before.millis(),
                &claim.notified_before.millis(),
                &i64::from(claim.limit),
            ],
        )
        .await?;
    Ok(Outcome::Claimed(rows.iter().map(record_of).collect::<Result<_, _>>()?))
}

fn record_of(row: &Row) -> Result<CertificateRecord, Error> {
    let moment = |index: usize| row.try_get(index).map(Timestamp::from_millis);
    let superseded: &str = row.try_get(9)?;
    let notified_at: Option<i64> = row.try_get(18)?;
    Ok(CertificateRecord {
        key: RecordKey { provider: row.try_get(0)?, instance_id: row.try_get(1)?, service: row.try_get(2)? },
        current: Issue { serial: row.try_get(3)?, at: moment(4)?, ip: row.try_get(5)? },
        previous: Issue { serial: row.try_get(6)?, at: moment(7)?, ip: row.try_get(8)? },
        superseded: split_serials(superseded),
        registered_at: moment(10)?,
        refreshable: row.try_get(11)?,
        client_only: row.try_get(12)?,
        revoked_at: row.try_get::<_, Option<i64>>(13)?.map(Timestamp::from_millis),
        expires_at: moment(14)?,
        host_name: row.try_get(15)?,
        data_updated_at: moment(16)?,
        agent: row.try_get(17)?,
        notified: notified_at.map(Timestamp::from_millis).zip(row.try_get(19)?),
        version: row.try_get(20)?,
    })
}

impl From<Error> for RecordStoreError {
    fn from(error: Error) -> Self {
        Self::Unavailable(describe(&error))
    }
}
