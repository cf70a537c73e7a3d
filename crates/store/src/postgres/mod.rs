//! Rows and log in PostgreSQL, which many processes share. The row of the head is the lock.

mod load;
mod patience;

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use athenz_world::{Head, Sequence, World};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts,
};
use futures_util::future::join_all;
use rustc_hash::FxHashMap;
use tokio::sync::watch;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{NoTls, Socket};

use self::patience::Patience;
use crate::config::StoreConfig;
use crate::error::{CommitError, StoreError};
use crate::faults::{FaultPoint, FaultPoints};
use crate::log::{Batch, HeadRow, StoreId};
use crate::migrations::{self, Migration};
use crate::read::Scope;
use crate::statements::Statement;
use crate::tls::Tls;
use crate::value::{OwnedRow, Value};
use crate::write::{self, Write, writes_of};

/// Keeps two starting processes from making tables at once; any number no one else uses.
const MIGRATION_LOCK: i64 = 0x6174_6865_6e7a_7374;

/// The head, locked until the transaction ends.
const LOCK_HEAD: &str = "SELECT epoch, sequence, stamp, next_id, log_floor, store_id FROM head FOR UPDATE";
/// Tells listeners of the new head; a hint, never the truth.
const NOTIFY: &str = "SELECT pg_notify('athenz_head', $1)";
const LISTEN: &str = "LISTEN athenz_head";

/// A process that holds a lock and says nothing loses it after this time.
const IDLE_WITH_LOCK: Duration = Duration::from_secs(15);
/// How long a connection may be quiet before its other end is asked whether it is there, and how
/// often it is asked in vain.
const KEEPALIVE: Duration = Duration::from_secs(10);
const KEEPALIVES: u32 = 3;
/// How long to wait before a lost listener connects again.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);

/// Why something without effect failed; what lost its connection may be tried on a new one.
#[derive(Debug)]
enum Failure {
    Lost(StoreError),
    Final(StoreError),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        // a server that was demoted keeps its connections; a new one may lead to its successor
        let is_demoted = error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
        if is_lost(&error) || is_demoted { Self::Lost(error.into()) } else { Self::Final(error.into()) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Lost(error) | Failure::Final(error) => error,
        }
    }
}

/// Tries once more when the connection turns out to be lost.
macro_rules! twice {
    ($postgres:expr, $call:expr) => {
        match $call.await {
            Err(Failure::Lost(_)) => {
                $postgres.forget_connections();
                $call.await
            }
            other => other,
        }
        .map_err(StoreError::from)
    };
}

/// Connections to one database.
#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    config: tokio_postgres::Config,
    tls: Option<Tls>,
    wait: Duration,
    patience: Patience,
    faults: FaultPoints,
    /// Whether the database knows LISTEN and NOTIFY, which some that speak its language do not.
    notifies: bool,
}

/// A transaction that holds the head.
pub(crate) struct Locked {
    /// Taken out when the transaction has ended.
    client: Option<Object>,
    patience: Patience,
    faults: FaultPoints,
    notifies: bool,
}

impl Postgres {
    pub(crate) async fn open(url: &str, config: &StoreConfig) -> Result<Self, StoreError> {
        let connection = connection(url, config)?;
        let mut postgres = Self {
            pool: pool(&connection, config)?,
            config: connection,
            tls: config.tls.clone().map(Tls),
            wait: config.wait,
            patience: Patience::new(config.wait),
            faults: config.faults.clone(),
            notifies: false,
        };
        postgres.migrate().await?;
        postgres.notifies =
            postgres.client().await?.batch_execute("LISTEN athenz_head; UNLISTEN athenz_head").await.is_ok();
        Ok(postgres)
    }

    async fn client(&self) -> Result<Object, StoreError> {
        connected(&self.pool).await
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let encoding: String = client.query_one("SHOW server_encoding", &[]).await?.try_get(0)?;
        if encoding != "UTF8" {
            return Err(StoreError::Schema(format!(
                "the database has the encoding {encoding}; create one with ENCODING 'UTF8'"
            )));
        }
        let transaction = client.transaction().await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
        // a role that may use tables need not be one that may make them
        let is_there = "SELECT to_regclass('store_migration') IS NOT NULL";
        if !transaction.query_one(is_there, &[]).await?.try_get::<_, bool>(0)? {
            transaction.batch_execute(migrations::TABLE).await?;
        }
        let rows = transaction.query(migrations::APPLIED, &[]).await?;
        let applied = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<Vec<(i64, String)>, tokio_postgres::Error>>()?;
        for migration in migrations::outstanding(migrations::POSTGRES, &applied)? {
            let Migration { version, name, text } = migration;
            transaction.batch_execute(text).await?;
            transaction.execute(migrations::RECORD, &[version, name, &migration.checksum()]).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Begins a transaction and waits for the head.
    pub(crate) async fn lock(&self) -> Result<(Locked, HeadRow), StoreError> {
        twice!(self, self.try_lock())
    }

    async fn try_lock(&self) -> Result<(Locked, HeadRow), Failure> {
        let client = self.client().await?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {}",
            self.wait.as_millis()
        );
        let mut locked = Locked {
            client: Some(client),
            patience: self.patience,
            faults: self.faults.clone(),
            notifies: self.notifies,
        };
        match self.patience.answer(lock_head(locked.client()?, &begin)).await {
            Ok(head) => Ok((locked, head)),
            Err(failure) => {
                if matches!(failure, Failure::Lost(_)) {
                    locked.give_up();
                }
                Err(failure)
            }
        }
    }

    pub(crate) async fn query(
        &self,
        statement: Statement,
        values: &[Value<'static>],
    ) -> Result<Vec<OwnedRow>, StoreError> {
        twice!(self, self.try_query(statement, values))
    }

    async fn try_query(
        &self,
        statement: Statement,
        values: &[Value<'static>],
    ) -> Result<Vec<OwnedRow>, Failure> {
        let client = self.client().await?;
        let answer = self.patience.answer(query(&client, statement, values)).await;
        if let Err(Failure::Lost(_)) = &answer {
            drop(Object::take(client));
        }
        answer
    }

    /// The same, once every commit that may still be under way has ended.
    pub(crate) async fn query_settled(
        &self,
        statement: Statement,
        values: &[Value<'static>],
    ) -> Result<Vec<OwnedRow>, StoreError> {
        let (locked, _) = self.lock().await?;
        locked.query(statement, values).await
    }

    pub(crate) async fn load(&self, scope: &Scope) -> Result<World, StoreError> {
        twice!(self, self.try_load(scope))
    }

    async fn try_load(&self, scope: &Scope) -> Result<World, Failure> {
        let mut client = self.client().await?;
        let loaded = load_snapshot(&mut client, scope, self.patience).await;
        if let Err(Failure::Lost(_)) = &loaded {
            drop(Object::take(client));
        }
        loaded
    }

    /// After a restart of the database every idle connection is a dead one.
    fn forget_connections(&self) {
        self.pool.retain(|_, _| false);
    }

    /// Runs statements in a transaction that holds the head; returns how many rows the first changed.
    pub(crate) async fn change(
        &self,
        statements: Vec<(Statement, Vec<Value<'static>>)>,
    ) -> Result<u64, StoreError> {
        let (mut locked, _) = self.lock().await?;
        let changed = self.patience.answer(change(locked.client()?, &statements)).await?;
        locked.client = None;
        Ok(changed)
    }

    /// Sends the numbers of new heads, as far as they are heard of, until nobody listens any more.
    pub(crate) fn listen(&self, heads: watch::Sender<Sequence>) {
        if !self.notifies {
            return;
        }
        let (config, tls) = (self.config.clone(), self.tls.clone());
        tokio::spawn(async move {
            while !heads.is_closed() {
                let followed = match &tls {
                    Some(tls) => follow_heads(&config, tls.clone(), &heads).await,
                    None => follow_heads(&config, NoTls, &heads).await,
                };
                if let Err(error) = followed {
                    tracing::debug!(%error, "listening for new heads of the store was interrupted");
                }
                tokio::select! {
                    () = heads.closed() => return,
                    () = tokio::time::sleep(LISTEN_AGAIN) => {}
                }
            }
        });
    }
}

impl Locked {
    fn client(&self) -> Result<&Object, StoreError> {
        self.client.as_ref().ok_or_else(|| StoreError::Unavailable("transaction has ended".to_owned()))
    }

    pub(crate) async fn query(
        &self,
        statement: Statement,
        values: &[Value<'static>],
    ) -> Result<Vec<OwnedRow>, StoreError> {
        Ok(self.patience.answer(query(self.client()?, statement, values)).await?)
    }

    /// Nothing changes while the head is held, so that one statement after another sees the same.
    pub(crate) async fn load(&self, scope: &Scope) -> Result<World, StoreError> {
        Ok(load::load(self.client()?, scope, self.patience).await?)
    }

    pub(crate) async fn commit(mut self, batch: Arc<Batch>, before: HeadRow) -> Result<Head, CommitError> {
        let after = write::follow(&batch, before.head)?;
        let writes = writes_of(&batch, before.head)?;
        self.faults.reach(FaultPoint::BeforeStatements)?;
        match self.patience.hear(self.run(&writes, after.sequence)).await {
            Ok(written) => written?,
            Err(silence) => {
                self.give_up();
                return Err(silence.into());
            }
        }
        self.faults.reach(FaultPoint::BeforeCommit)?;
        let unknown = |cause: String| CommitError::Unknown { batch: batch.id.clone(), cause };
        match self.patience.hear(self.client()?.batch_execute("COMMIT")).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if is_refusal(&error) => return Err(StoreError::from(error).into()),
            Ok(Err(error)) => return Err(unknown(describe(&error))),
            Err(silence) => {
                self.give_up();
                return Err(unknown(silence.to_string()));
            }
        }
        self.client = None;
        self.faults.reach(FaultPoint::AfterCommit).map_err(|error| unknown(error.to_string()))?;
        Ok(after)
    }

    /// Closes a connection that is of no more use; the database rolls back by itself.
    fn give_up(&mut self) {
        self.client.take().map(Object::take);
    }

    /// Sends all statements without waiting in between, and the hint of the new head.
    async fn run(&self, writes: &[Write<'_>], sequence: Sequence) -> Result<(), CommitError> {
        let client = self.client()?;
        let mut prepared = FxHashMap::default();
        for write in writes {
            if let Entry::Vacant(place) = prepared.entry(write.statement) {
                let statement =
                    client.prepare_cached(write.statement.text()).await.map_err(StoreError::from)?;
                place.insert(statement);
            }
        }
        let results = join_all(writes.iter().filter_map(|write| {
            let statement = prepared.get(&write.statement)?;
            Some(client.execute_raw(statement, write.values.iter()))
        }));
        let (results, told) = tokio::join!(results, self.tell(sequence));
        for (write, result) in writes.iter().zip(results) {
            write.check(result.map_err(|error| refused(error, write))?)?;
        }
        Ok(told?)
    }

    async fn tell(&self, sequence: Sequence) -> Result<(), StoreError> {
        if self.notifies {
            let client = self.client()?;
            let notify = client.prepare_cached(NOTIFY).await?;
            client.execute(&notify, &[&sequence.0.to_string()]).await?;
        }
        Ok(())
    }
}

impl Drop for Locked {
    /// Gives the head back at once; the connection returns to the pool when that is done.
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let patience = self.patience;
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if patience.answer(client.batch_execute("ROLLBACK")).await.is_err() {
                        drop(Object::take(client));
                    }
                });
            }
            // without a connection the database rolls back by itself
            Err(_) => drop(Object::take(client)),
        }
    }
}

/// How to connect to a database.
pub(crate) fn connection(url: &str, config: &StoreConfig) -> Result<tokio_postgres::Config, StoreError> {
    let mut connection: tokio_postgres::Config = url
        .parse()
        .map_err(|error| StoreError::Configuration(format!("connection string of the store: {error}")))?;
    if connection.get_connect_timeout().is_none() {
        connection.connect_timeout(config.wait);
    }
    connection.application_name("athenz");
    notice_dead_hosts(&mut connection, config.wait);
    secure(&mut connection, config);
    Ok(connection)
}

/// A host that is gone closes no connection. What the connection string says about it stays.
fn notice_dead_hosts(connection: &mut tokio_postgres::Config, wait: Duration) {
    if connection.get_keepalives_idle() == tokio_postgres::Config::new().get_keepalives_idle() {
        connection.keepalives_idle(KEEPALIVE);
    }
    if connection.get_keepalives_interval().is_none() {
        connection.keepalives_interval(KEEPALIVE);
    }
    if connection.get_keepalives_retries().is_none() {
        connection.keepalives_retries(KEEPALIVES);
    }
    if connection.get_tcp_user_timeout().is_none() {
        connection.tcp_user_timeout(wait * 2);
    }
}

/// Whoever gives a TLS configuration gets no connection without it.
fn secure(connection: &mut tokio_postgres::Config, config: &StoreConfig) {
    let over_network = |host: &Host| matches!(host, Host::Tcp(_));
    if !connection.get_hosts().iter().any(over_network) {
        return;
    }
    if config.tls.is_some() {
        connection.ssl_mode(SslMode::Require);
    } else {
        tracing::warn!("connections to the store are not secured: no TLS is configured for it");
    }
}

/// Connections to a database, made when they are needed.
pub(crate) fn pool(connection: &tokio_postgres::Config, config: &StoreConfig) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match config.tls.clone() {
        Some(tls) => Manager::from_config(connection.clone(), Tls(tls), recycling),
        None => Manager::from_config(connection.clone(), NoTls, recycling),
    };
    let (wait, longest) = (Some(config.wait), config.wait);
    // texts and times come in one form, whatever the database is set to
    let settings = format!(
        "SET client_encoding = 'UTF8'; SET statement_timeout = 0; \
         SET idle_in_transaction_session_timeout = {}",
        IDLE_WITH_LOCK.as_millis()
    );
    Pool::builder(manager)
        .max_size(config.connections.max(2))
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts { wait, create: wait, recycle: wait })
        .post_create(Hook::async_fn(move |client, _| {
            let settings = settings.clone();
            Box::pin(async move {
                let set = tokio::time::timeout(longest, client.batch_execute(&settings)).await;
                set.map_err(|_| HookError::message("the database did not answer"))?
                    .map_err(HookError::Backend)
            })
        }))
        .build()
        .map_err(|error| StoreError::Configuration(error.to_string()))
}

/// Begins a transaction that holds the head.
async fn lock_head(client: &Object, begin: &str) -> Result<HeadRow, Failure> {
    let statement = client.prepare_cached(LOCK_HEAD).await?;
    // both sent at once, answered in order
    let (begun, row) = tokio::join!(client.batch_execute(begin), client.query_one(&statement, &[]));
    begun?;
    Ok(HeadRow::of(&row?)?.0)
}

async fn load_snapshot(client: &mut Object, scope: &Scope, patience: Patience) -> Result<World, Failure> {
    let snapshot = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true)
        .start();
    let snapshot = patience.answer(snapshot).await?;
    let world = load::load(snapshot.client(), scope, patience).await?;
    patience.answer(snapshot.commit()).await?;
    Ok(world)
}

/// Runs statements and commits them; how many rows the first changed.
async fn change(client: &Object, statements: &[(Statement, Vec<Value<'static>>)]) -> Result<u64, Failure> {
    let mut first = None;
    for (statement, values) in statements {
        let prepared = client.prepare_cached(statement.text()).await?;
        let changed = client.execute_raw(&prepared, values.iter()).await?;
        first.get_or_insert(changed);
    }
    client.batch_execute("COMMIT").await?;
    Ok(first.unwrap_or_default())
}

async fn query(
    client: &Object,
    statement: Statement,
    values: &[Value<'static>],
) -> Result<Vec<OwnedRow>, Failure> {
    let prepared = client.prepare_cached(statement.text()).await?;
    let arguments: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
    let rows = client.query(&prepared, &arguments).await?;
    Ok(rows.iter().map(owned).collect::<Result<_, _>>()?)
}

fn owned(row: &tokio_postgres::Row) -> Result<OwnedRow, tokio_postgres::Error> {
    let value = |(place, column): (usize, &tokio_postgres::Column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(place)?.into(),
            _ => row.try_get::<_, Option<String>>(place)?.into(),
        })
    };
    row.columns().iter().enumerate().map(value).collect::<Result<Vec<_>, _>>().map(OwnedRow)
}

async fn follow_heads<T: MakeTlsConnect<Socket>>(
    config: &tokio_postgres::Config,
    tls: T,
    heads: &watch::Sender<Sequence>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(tls).await?;
    let listening = client.batch_execute(LISTEN);
    tokio::pin!(listening);
    let mut asked = false;
    loop {
        tokio::select! {
            () = heads.closed() => return Ok(()),
            answer = &mut listening, if !asked => {
                answer?;
                asked = true;
            }
            message = std::future::poll_fn(|context| connection.poll_message(context)) => match message {
                Some(message) => tell(&message?, heads),
                None => return Ok(()),
            },
        }
    }
}

fn tell(message: &tokio_postgres::AsyncMessage, heads: &watch::Sender<Sequence>) {
    if let tokio_postgres::AsyncMessage::Notification(notification) = message
        && let Ok(sequence) = notification.payload().parse()
    {
        heads.send_if_modified(|known| {
            let newer = Sequence(sequence) > *known;
            if newer {
                *known = Sequence(sequence);
            }
            newer
        });
    }
}

/// A connection out of a pool.
pub(crate) async fn connected(pool: &Pool) -> Result<Object, StoreError> {
    pool.get().await.map_err(|error| {
        StoreError::Unavailable(match error {
            PoolError::Backend(error) => describe(&error),
            other => other.to_string(),
        })
    })
}

/// Whether the connection is gone, and no statement was refused.
pub(crate) fn is_lost(error: &tokio_postgres::Error) -> bool {
    // 57P: the administrator, a crash or a restart ended the session
    let ended = error.code().is_some_and(|code| code.code().starts_with("57P"));
    error.is_closed()
        || ended
        || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether an answer to COMMIT says that nothing was committed. Errors that end the session, or say
/// that the outcome is not known, do not.
pub(crate) fn is_refusal(error: &tokio_postgres::Error) -> bool {
    let ambiguous = [SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN, SqlState::TRANSACTION_RESOLUTION_UNKNOWN];
    error.as_db_error().is_some_and(|error| {
        error.parsed_severity() == Some(Severity::Error) && !ambiguous.contains(error.code())
    })
}

pub(crate) fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// A constraint that fails says that a parent row is missing.
fn refused(error: tokio_postgres::Error, write: &Write<'_>) -> CommitError {
    let missing = [SqlState::NOT_NULL_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION, SqlState::UNIQUE_VIOLATION];
    if error.code().is_some_and(|code| missing.contains(code)) {
        return CommitError::Diverged(format!("{}: {}", write.describe(), describe(&error)));
    }
    StoreError::from(error).into()
}

/// The text of the database rather than "db error", and why there is no connection.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = describe(&error);
        match error.code() {
            Some(code) if is_conflict(code) => Self::Conflict(text),
            Some(code) if [SqlState::DISK_FULL, SqlState::OUT_OF_MEMORY].contains(code) => Self::Full(text),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Self::ReadOnly(text),
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Self::Configuration(format!("{text}; {GRANTS}")),
            Some(code) if code.code().starts_with("42") => Self::Damaged(text),
            _ => Self::Unavailable(text),
        }
    }
}

/// What a role needs.
const GRANTS: &str = "grant the role of the store SELECT, INSERT, UPDATE and DELETE on its tables, and for \
    the first start and that of a newer version CREATE on the schema and the ownership of its tables";

/// The number and id of the store.
pub(crate) fn head_and_id(rows: &[OwnedRow]) -> Result<(HeadRow, StoreId), StoreError> {
    HeadRow::of(rows.first().ok_or_else(|| StoreError::Damaged("no head".to_owned()))?)
}
