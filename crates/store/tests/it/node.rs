//! A process that decides and commits, as ZMS does it, and the places where its store may be.

use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_store::testing::{PostgresServer, SqliteFile};
use athenz_store::{
    Batch, CommitError, FaultPoints, LogRecord, LogTail, Reloaded, Store, StoreConfig, StoreUrl,
};
use athenz_world::{ChangeSet, LogEntry, Sequence, World};

/// Where a store is.
#[derive(Debug)]
pub(crate) enum Place {
    Sqlite(SqliteFile),
    Postgres(String),
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(SqliteFile::new())
    }

    pub(crate) async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
        Self::Postgres(server.database().await)
    }

    pub(crate) fn config(&self) -> StoreConfig {
        match self {
            Self::Sqlite(file) => file.config(),
            Self::Postgres(url) => StoreConfig::new(StoreUrl::Postgres(url.clone())),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.config()).await.unwrap()
    }

    pub(crate) async fn open_with(&self, faults: FaultPoints) -> Store {
        Store::open(&StoreConfig { faults, ..self.config() }).await.unwrap()
    }

    /// Changes rows behind the back of the store.
    pub(crate) async fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(file) => {
                rusqlite::Connection::open(file.path()).unwrap().execute_batch(sql).unwrap()
            }
            Self::Postgres(url) => execute(url, sql).await,
        }
    }
}

pub(crate) async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// A store, the world that one process holds of it, and its clock.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) world: World,
    pub(crate) clock: Timestamp,
}

pub(crate) const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// The entries of one commit, decided one after another, and the world after them.
pub(crate) fn entries(
    world: &World,
    clock: Timestamp,
    batch: &str,
    sets: &[ChangeSet],
) -> (Vec<LogEntry>, World) {
    let mut world = world.clone();
    let stamp = world.head.next_stamp(clock);
    let mut entries = Vec::new();
    for changes in sets {
        let entry = entry(&world, stamp, batch, changes.clone()).expect("the change set fits the world");
        world.apply(&entry).unwrap();
        entries.push(entry);
    }
    (entries, world)
}

/// The entry for a change set, unless the world refuses it.
pub(crate) fn entry(world: &World, stamp: Timestamp, batch: &str, changes: ChangeSet) -> Option<LogEntry> {
    let ids = changes.parts.iter().flat_map(|part| &part.changes).filter_map(|change| match change {
        athenz_world::Change::PutAssertion { assertion, .. } => Some(assertion.id + 1),
        _ => None,
    });
    let mut entry = LogEntry {
        format: LogEntry::FORMAT,
        sequence: Sequence(world.head.sequence.0 + 1),
        batch: batch.to_owned(),
        time: stamp,
        stamp,
        next_id: ids.max().unwrap_or_default().max(world.head.next_id),
        actor: "user.tester".to_owned(),
        caller: String::new(),
        operation: "test".to_owned(),
        audit_reference: String::new(),
        before: world.before(&changes),
        changes,
        fingerprints: Default::default(),
    };
    let mut after = world.clone();
    after.apply(&entry).ok()?;
    let fingerprint =
        |name: &athenz_model::names::DomainName| Some((name.clone(), after.domain(name)?.fingerprint));
    entry.fingerprints = entry.changes.loud_domains().filter_map(fingerprint).collect();
    Some(entry)
}

impl Node {
    pub(crate) async fn start(store: Store) -> Self {
        let world = store.load().await.unwrap();
        Self { store, world, clock: START }
    }

    /// Decides under the head and commits what was decided, if anything was.
    pub(crate) async fn decide(
        &mut self,
        batch: &str,
        decide: impl FnOnce(&World) -> Vec<ChangeSet>,
    ) -> Result<Vec<LogEntry>, CommitError> {
        let transaction = self.store.begin().await?;
        self.world = transaction.catch_up(&self.world).await?.world;
        assert_eq!(self.world.head, transaction.head(), "caught up");
        let (entries, world) = entries(&self.world, self.clock, batch, &decide(&self.world));
        let batch = Arc::new(Batch { id: batch.to_owned(), entries });
        let head = transaction.commit(Arc::clone(&batch)).await?;
        assert_eq!(head, world.head, "the store moves the head as the world does");
        self.world = world;
        Ok(batch.entries.clone())
    }

    pub(crate) async fn commit(
        &mut self,
        batch: &str,
        changes: ChangeSet,
    ) -> Result<Vec<LogEntry>, CommitError> {
        self.decide(batch, |_| vec![changes]).await
    }

    pub(crate) async fn catch_up(&mut self) -> Reloaded {
        let caught = self.store.catch_up(&self.world).await.unwrap();
        self.world = caught.world;
        caught.reloaded
    }

    /// The rows, the log from its beginning and this world are the same.
    pub(crate) async fn check(&self) {
        let loaded = self.store.load().await.unwrap();
        assert_eq!(self.world.differences(&loaded), Vec::<String>::new(), "world and rows");
        let mut replayed = World::default();
        for entry in self.log().await {
            replayed.apply(&entry).unwrap();
        }
        assert_eq!(replayed.differences(&loaded), Vec::<String>::new(), "log and rows");
    }

    pub(crate) async fn log(&self) -> Vec<LogEntry> {
        let LogTail::Entries(records) = self.store.entries_after(Sequence(0), 100_000).await.unwrap() else {
            panic!("the log is whole");
        };
        let entry = |record| match record {
            LogRecord::Entry(entry) => *entry,
            LogRecord::Unreadable { sequence, .. } => panic!("entry {sequence:?} is unreadable"),
        };
        records.into_iter().map(entry).collect()
    }
}
