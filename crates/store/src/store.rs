//! The store: one of two databases behind one contract.

use std::path::Path;
use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_model::names::DomainName;
use athenz_world::{CollectionKind, Head, Sequence, World};
use tokio::sync::watch;

use crate::config::{StoreConfig, StoreUrl};
use crate::error::{CommitError, StoreError};
use crate::log::{
    Batch, CatchUp, HeadRow, LogRecord, LogTail, MemberAuditPage, Outcome, Reloaded, StoreId, audit_of,
};
use crate::postgres::{self, Postgres};
use crate::read::Scope;
use crate::sqlite::{self, Sqlite};
use crate::statements::Statement;
use crate::value::{Columns as _, OwnedRow, Value};

/// The most entries that are read at once when catching up.
const CATCH_UP_PAGE: u32 = 512;
/// Further behind than this, loading anew is quicker and takes less memory.
const CATCH_UP_LIMIT: i64 = 20_000;
/// The most lines of history in a page.
const AUDIT_PAGE: u32 = 1_000;
/// The most log entries that one transaction deletes: others want the head too.
const PRUNE_STEP: i64 = 500;

/// Rows and log of ZMS on disk. Cloning shares the connections.
#[derive(Clone)]
pub struct Store {
    engine: Arc<Engine>,
    id: StoreId,
    heads: watch::Sender<Sequence>,
    /// While somebody holds a receiver, the listener goes on.
    _listening: watch::Receiver<Sequence>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store and brings its tables up to date.
    ///
    /// # Errors
    /// It cannot be reached, is in use by another process (embedded store), or has tables of a
    /// newer version.
    pub async fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let engine = match &config.url {
            StoreUrl::Sqlite(path) => Engine::Sqlite(Sqlite::open(path, config).await?),
            StoreUrl::Postgres(url) => Engine::Postgres(Box::new(Postgres::open(url, config).await?)),
        };
        let (row, id) = postgres::head_and_id(&engine.query(Statement::ReadHead, Vec::new()).await?)?;
        let (heads, listening) = watch::channel(row.head.sequence);
        if let Engine::Postgres(postgres) = &engine {
            postgres.listen(heads.clone());
        }
        Ok(Self { engine: Arc::new(engine), id, heads, _listening: listening })
    }

    /// Whether other processes may write to it at the same time: a process with an embedded store
    /// always knows the newest world.
    pub fn is_shared(&self) -> bool {
        matches!(&*self.engine, Engine::Postgres(_))
    }

    /// Which store this is, for ever.
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// All rows, as one consistent world.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn load(&self) -> Result<World, StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.load(Scope::All).await,
            Engine::Postgres(postgres) => postgres.load(&Scope::All).await,
        }
    }

    /// Takes the head: until the transaction ends, nobody else decides or commits.
    ///
    /// # Errors
    /// The store is unavailable, or another process does not give the head back in time.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let (held, row) = match &*self.engine {
            Engine::Sqlite(sqlite) => {
                let (locked, row) = sqlite.lock().await?;
                (Held::Sqlite(locked), row)
            }
            Engine::Postgres(postgres) => {
                let (locked, row) = postgres.lock().await?;
                (Held::Postgres(Box::new(locked)), row)
            }
        };
        Ok(Transaction { held, row, heads: self.heads.clone() })
    }

    /// The head, by one cheap query.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn head(&self) -> Result<Head, StoreError> {
        Ok(self.head_row().await?.head)
    }

    async fn head_row(&self) -> Result<HeadRow, StoreError> {
        Ok(postgres::head_and_id(&self.engine.query(Statement::ReadHead, Vec::new()).await?)?.0)
    }

    /// At most `limit` entries after a number, in their order.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn entries_after(&self, sequence: Sequence, limit: u32) -> Result<LogTail, StoreError> {
        let records = records(self.engine.query(Statement::ReadLog, log_page(sequence, limit)).await?)?;
        // asked after the entries: what was pruned in between shows as a gap below the floor
        Ok(tail(records, sequence, self.head_row().await?.floor))
    }

    /// Brings a world up to the head without holding it: by the log, and where that does not do,
    /// by the rows of the domains in question.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn catch_up(&self, world: &World) -> Result<CatchUp, StoreError> {
        let row = self.head_row().await?;
        let mut caught = CatchUp { world: world.clone(), applied: Vec::new(), reloaded: Reloaded::Nothing };
        if needs_everything(world, &row) {
            return everything(self.load().await?);
        }
        while caught.world.head.sequence < row.head.sequence {
            let last = Last::of(caught.world.head);
            let rows = self.engine.query(Statement::ReadLog, last.page()).await?;
            let Some(records) = last.followed_by(records(rows)?) else {
                return everything(self.load().await?);
            };
            if records.is_empty() || apply_all(&mut caught, &records).is_err() {
                // the rows must not move while the domains are read
                return self.begin().await?.catch_up(world).await;
            }
        }
        Ok(caught)
    }

    /// The numbers that a batch got, or `None` if it was not committed; waits for a commit that is
    /// still under way.
    ///
    /// # Errors
    /// The store is unavailable: the outcome is still unknown.
    pub async fn outcome_of(&self, batch: &str) -> Result<Option<Outcome>, StoreError> {
        let values = vec![Value::from(batch.to_owned())];
        let rows = match &*self.engine {
            Engine::Sqlite(sqlite) => {
                let (locked, _) = sqlite.lock().await?;
                locked.query(Statement::ReadOutcome, values).await?
            }
            Engine::Postgres(postgres) => postgres.query_settled(Statement::ReadOutcome, &values).await?,
        };
        rows.first().map_or(Ok(None), Outcome::of)
    }

    /// A page of the history of a role or group: the lines after `after` (0 for the first page),
    /// at most `limit`, oldest first.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn member_audit(
        &self,
        domain: &str,
        kind: CollectionKind,
        name: &str,
        after: i64,
        limit: u32,
    ) -> Result<MemberAuditPage, StoreError> {
        let limit = limit.clamp(1, AUDIT_PAGE);
        let values = vec![
            domain.to_owned().into(),
            kind.as_str().into(),
            name.to_owned().into(),
            after.into(),
            i64::from(limit).into(),
        ];
        let rows = self.engine.query(Statement::ReadAudits, values).await?;
        let lines = rows.iter().map(audit_of).collect::<Result<Vec<_>, _>>()?;
        let full = lines.len() >= limit as usize;
        let next = lines.last().filter(|_| full).map(|(id, _)| *id);
        Ok(MemberAuditPage { audits: lines.into_iter().map(|(_, audit)| audit).collect(), next })
    }

    /// Copies the embedded store into a new file while it is in use. The file is complete or not there.
    ///
    /// # Errors
    /// The file is there already or cannot be written; or the store is PostgreSQL, which has tools of its own.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        match &*self.engine {
            Engine::Sqlite(sqlite) => sqlite.backup(path).await,
            Engine::Postgres(_) => Err(StoreError::Unsupported(
                "a store in PostgreSQL is backed up with the tools of PostgreSQL, for example pg_dump"
                    .to_owned(),
            )),
        }
    }

    /// Deletes the log below a number, never the last entry, and returns how many entries that
    /// were. Who is further behind loads anew.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn prune_log(&self, below: Sequence) -> Result<u64, StoreError> {
        let row = self.head_row().await?;
        let target = below.0.min(row.head.sequence.0);
        let (mut floor, mut pruned) = (row.floor.0, 0);
        while floor < target {
            floor = target.min(floor.saturating_add(PRUNE_STEP));
            let statements =
                vec![(Statement::PruneLog, vec![floor.into()]), (Statement::RaiseFloor, vec![floor.into()])];
            pruned += self.engine.change(statements).await?;
        }
        Ok(pruned)
    }

    /// Deletes the entries that were stamped before a moment, never the last, a few at a time, and
    /// returns how many that were. The history of members is kept apart, and stays.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn prune_log_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let floor = self.head_row().await?.floor;
            let values = vec![floor.0.into(), PRUNE_STEP.into(), moment.into()];
            let rows = self.engine.query(Statement::ReadOldLog, values).await?;
            let last = rows.first().map_or(Ok(None), |row| row.optional_integer(0))?;
            let step = match last {
                Some(last) => self.prune_log(Sequence(last.saturating_add(1))).await?,
                None => 0,
            };
            if step == 0 {
                return Ok(pruned);
            }
            pruned += step;
        }
    }

    /// Starts a new epoch, after a restore or import: what others hold of the store is void.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn raise_epoch(&self) -> Result<Head, StoreError> {
        self.engine.change(vec![(Statement::RaiseEpoch, Vec::new())]).await?;
        self.head().await
    }

    /// Hints of new heads, as far as they are heard of: commits of this process, and with
    /// PostgreSQL those of others. Never the truth: ask for [`Store::head`].
    pub fn listen(&self) -> watch::Receiver<Sequence> {
        self.heads.subscribe()
    }
}

impl Engine {
    async fn query(
        &self,
        statement: Statement,
        values: Vec<Value<'static>>,
    ) -> Result<Vec<OwnedRow>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.query(statement, values).await,
            Self::Postgres(postgres) => postgres.query(statement, &values).await,
        }
    }

    async fn change(&self, statements: Vec<(Statement, Vec<Value<'static>>)>) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.change(statements).await,
            Self::Postgres(postgres) => postgres.change(statements).await,
        }
    }
}

/// The head, held. Dropping it without a commit changes nothing.
pub struct Transaction {
    held: Held,
    row: HeadRow,
    heads: watch::Sender<Sequence>,
}

enum Held {
    Sqlite(sqlite::Locked),
    Postgres(Box<postgres::Locked>),
}

impl std::fmt::Debug for Transaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transaction").field("head", &self.row.head).finish_non_exhaustive()
    }
}

impl Transaction {
    /// The head that is held.
    pub fn head(&self) -> Head {
        self.row.head
    }

    /// At most `limit` entries after a number, in their order.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn entries_after(&self, sequence: Sequence, limit: u32) -> Result<LogTail, StoreError> {
        let rows = self.log(log_page(sequence, limit)).await?;
        Ok(tail(records(rows)?, sequence, self.row.floor))
    }

    async fn log(&self, page: Vec<Value<'static>>) -> Result<Vec<OwnedRow>, StoreError> {
        match &self.held {
            Held::Sqlite(locked) => locked.query(Statement::ReadLog, page).await,
            Held::Postgres(locked) => locked.query(Statement::ReadLog, &page).await,
        }
    }

    /// All rows as they are at the head.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn load(&self) -> Result<World, StoreError> {
        self.read(Scope::All).await
    }

    /// A world in which some domains, and the registry of principals, are as the rows have them.
    /// The rest must be as at the head already; the world is at the head then.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn reload_domains(&self, world: &World, names: Vec<DomainName>) -> Result<World, StoreError> {
        self.read(Scope::Domains { world: Box::new(world.clone()), names }).await
    }

    async fn read(&self, scope: Scope) -> Result<World, StoreError> {
        match &self.held {
            Held::Sqlite(locked) => locked.load(scope).await,
            Held::Postgres(locked) => locked.load(&scope).await,
        }
    }

    /// Brings a world up to the head: by the log, and from the first entry on that does not do,
    /// by the rows of the domains that it and later ones name.
    ///
    /// # Errors
    /// The store is unavailable, or a row is damaged.
    pub async fn catch_up(&self, world: &World) -> Result<CatchUp, StoreError> {
        if needs_everything(world, &self.row) {
            return everything(self.load().await?);
        }
        let mut caught = CatchUp { world: world.clone(), applied: Vec::new(), reloaded: Reloaded::Nothing };
        let mut unusable: Option<Vec<DomainName>> = None;
        let mut last = Last::of(world.head);
        while last.sequence < self.row.head.sequence {
            let Some(records) = last.followed_by(records(self.log(last.page()).await?)?) else {
                return everything(self.load().await?);
            };
            let Some(newest) = records.last() else {
                return everything(self.load().await?);
            };
            last = Last::of_record(newest);
            let rest = match &unusable {
                None => apply_all(&mut caught, &records).err(),
                Some(_) => Some(records.as_slice()),
            };
            if let Some(rest) = rest {
                let names = rest.iter().flat_map(LogRecord::domains).cloned();
                unusable.get_or_insert_default().extend(names);
            }
        }
        if let Some(mut names) = unusable {
            names.sort_unstable();
            names.dedup();
            caught.world = self.reload_domains(&caught.world, names.clone()).await?;
            caught.reloaded = Reloaded::Domains(names);
        }
        Ok(caught)
    }

    /// Writes rows and log and moves the head, all or nothing; a batch without entries writes
    /// nothing. Returns the new head.
    ///
    /// # Errors
    /// [`CommitError`]; only after [`CommitError::Unknown`] something may have been written.
    pub async fn commit(self, batch: Arc<Batch>) -> Result<Head, CommitError> {
        if batch.entries.is_empty() {
            return Ok(self.row.head);
        }
        let after = match self.held {
            Held::Sqlite(locked) => locked.commit(batch, self.row).await?,
            Held::Postgres(locked) => locked.commit(batch, self.row).await?,
        };
        self.heads
            .send_if_modified(|known| std::mem::replace(known, after.sequence.max(*known)) < after.sequence);
        Ok(after)
    }
}

fn log_page(sequence: Sequence, limit: u32) -> Vec<Value<'static>> {
    vec![sequence.0.into(), i64::from(limit).into()]
}

fn records(rows: Vec<OwnedRow>) -> Result<Vec<LogRecord>, StoreError> {
    rows.iter().map(LogRecord::of).collect()
}

fn tail(records: Vec<LogRecord>, after: Sequence, floor: Sequence) -> LogTail {
    let gap = records.first().is_some_and(|first| first.sequence().0 != after.0 + 1);
    if after.0 + 1 < floor.0 || gap { LogTail::BelowFloor { floor } } else { LogTail::Entries(records) }
}

/// The last entry that a world holds. A store that was set back, by a failover to a replica that
/// lagged or by a restored dump, may have another under its number since.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Last {
    sequence: Sequence,
    stamp: Timestamp,
}

impl Last {
    const fn of(head: Head) -> Self {
        Self { sequence: head.sequence, stamp: head.stamp }
    }

    fn of_record(record: &LogRecord) -> Self {
        Self { sequence: record.sequence(), stamp: record.stamp() }
    }

    /// It, and a page of what follows.
    fn page(self) -> Vec<Value<'static>> {
        log_page(Sequence(self.sequence.0.saturating_sub(1)), CATCH_UP_PAGE + 1)
    }

    /// What follows it in such a page; nothing where the page does not have it.
    fn followed_by(self, mut page: Vec<LogRecord>) -> Option<Vec<LogRecord>> {
        // nothing stands before the first entry
        if self.sequence.0 > 0 {
            page.first().filter(|record| Self::of_record(record) == self)?;
            page.remove(0);
        }
        let gap = page.first().is_some_and(|first| first.sequence().0 != self.sequence.0 + 1);
        (!gap).then_some(page)
    }
}

fn needs_everything(world: &World, row: &HeadRow) -> bool {
    let behind = row.head.sequence.0 - world.head.sequence.0;
    let is_another = behind == 0 && world.head.stamp != row.head.stamp;
    world.head.epoch != row.head.epoch || is_another || !(0..=CATCH_UP_LIMIT).contains(&behind)
}

fn everything(world: World) -> Result<CatchUp, StoreError> {
    Ok(CatchUp { world, applied: Vec::new(), reloaded: Reloaded::Everything })
}

/// Applies records until one cannot be; those from it on are the error.
fn apply_all<'a>(caught: &mut CatchUp, records: &'a [LogRecord]) -> Result<(), &'a [LogRecord]> {
    for (place, record) in records.iter().enumerate() {
        let rest = records.get(place..).unwrap_or_default();
        let LogRecord::Entry(entry) = record else {
            tracing::info!(
                sequence = record.sequence().0,
                "log entry of another version: domains are read anew"
            );
            return Err(rest);
        };
        // an entry that does not fit may leave a part of itself behind
        let mut next = caught.world.clone();
        if let Err(error) = next.apply(entry) {
            tracing::warn!(%error, "log entry does not fit: domains are read anew");
            return Err(rest);
        }
        caught.world = next;
        caught.applied.push((**entry).clone());
    }
    Ok(())
}
