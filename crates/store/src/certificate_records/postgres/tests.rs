//! A database that other servers share, and that goes and comes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::contract::{self, T0};
use super::super::*;
use crate::testing::PostgresServer;
use crate::{FaultPoint, FaultPoints, StoreConfig, StoreError, StoreUrl};

const INSTANCE: &str = "i-1";

fn record(serial: &str) -> CertificateRecord {
    contract::record(INSTANCE, serial)
}

fn key() -> RecordKey {
    contract::key(INSTANCE)
}

fn registration(serial: &str) -> Registration {
    let token = TokenUse { token_id: "t".to_owned(), public_key: [7; 32], expires_at: T0.plus_days(1) };
    Registration { record: record(serial), token: Some(token) }
}

/// What a test does at a moment of a commit.
type Act = Box<dyn Fn() -> Result<(), StoreError> + Send>;

/// Records whose next commit that comes to `point` does `act` there, once.
async fn open(url: &str, point: FaultPoint, act: Act) -> CertificateRecords {
    let act = Mutex::new(Some(act));
    let faults = FaultPoints::new(move |at| {
        let act = if at == point { act.lock().unwrap().take() } else { None };
        act.map_or(Ok(()), |act| act())
    });
    let config = StoreConfig { faults, ..StoreConfig::new(StoreUrl::Postgres(url.to_owned())) };
    let limits = Limits { gather: Duration::ZERO, timeout: Duration::from_secs(60), ..Limits::default() };
    CertificateRecords::open(&config, limits).await.unwrap()
}

async fn plain(url: &str) -> CertificateRecords {
    open(url, FaultPoint::BeforeStatements, Box::new(|| Ok(()))).await
}

async fn server_of_its_own() -> Arc<PostgresServer> {
    Arc::new(tokio::task::spawn_blocking(PostgresServer::start).await.unwrap())
}

fn connection_lost() -> Result<(), StoreError> {
    Err(StoreError::Unavailable("connection lost".to_owned()))
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_happens_once() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    for point in [FaultPoint::BeforeStatements, FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        let url = server.database().await;
        let records = open(&url, point, Box::new(connection_lost)).await;
        let registered = records.register(registration("a")).await.unwrap();
        assert_eq!(registered, RegisterOutcome::Registered { was_revoked: false }, "{point:?}");
        let stored = records.lookup(&key()).await.unwrap().unwrap();
        assert_eq!(stored, CertificateRecord { version: 1, ..record("a") }, "{point:?}");

        // an update compares and sets: done twice, it would find itself overtaken
        let records = open(&url, point, Box::new(connection_lost)).await;
        let next = CertificateRecord { current: record("b").current, ..stored };
        assert!(records.update(next, "a".to_owned()).await.unwrap(), "{point:?}");
        let stored = records.lookup(&key()).await.unwrap().unwrap();
        assert_eq!((stored.current.serial.as_str(), stored.version), ("b", 2), "{point:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_dies_with_the_database_is_made_again() {
    let server = server_of_its_own().await;
    let url = server.database().await;
    let restarted = Arc::clone(&server);
    let restart: Act = Box::new(move || {
        restarted.stop();
        restarted.resume();
        Ok(())
    });
    // COMMIT goes out on a connection that is gone
    let records = open(&url, FaultPoint::BeforeCommit, restart).await;
    records.register(registration("a")).await.unwrap();
    assert_eq!(records.lookup(&key()).await.unwrap(), Some(CertificateRecord { version: 1, ..record("a") }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_is_found_out_when_the_database_is_back() {
    let server = server_of_its_own().await;
    let url = server.database().await;
    let stopped = Arc::clone(&server);
    let (gone, mut is_gone) = tokio::sync::mpsc::unbounded_channel();
    let stop: Act = Box::new(move || {
        stopped.stop();
        gone.send(()).unwrap();
        connection_lost()
    });
    let records = open(&url, FaultPoint::AfterCommit, stop).await;
    let registering = tokio::spawn({
        let records = records.clone();
        async move { records.register(registration("a")).await }
    });
    is_gone.recv().await.unwrap();
    assert!(records.lookup(&key()).await.is_err(), "the database is away");
    let back = Arc::clone(&server);
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    let registered = registering.await.unwrap().unwrap();
    assert_eq!(registered, RegisterOutcome::Registered { was_revoked: false });
    assert_eq!(records.lookup(&key()).await.unwrap().unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_nothing_is_written() {
    let server = server_of_its_own().await;
    let records = plain(&server.database().await).await;
    records.register(registration("a")).await.unwrap();
    let away = Arc::clone(&server);
    tokio::task::spawn_blocking(move || away.stop()).await.unwrap();
    for _ in 0..2 {
        let refused = records.register(registration("b")).await;
        assert!(matches!(refused, Err(RecordStoreError::Unavailable(_))), "{refused:?}");
        assert!(matches!(records.lookup(&key()).await, Err(RecordStoreError::Unavailable(_))));
    }
    let back = Arc::clone(&server);
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    assert_eq!(records.lookup(&key()).await.unwrap().unwrap().current.serial, "a");
    records.register(registration("c")).await.unwrap();
    assert_eq!(records.lookup(&key()).await.unwrap().unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_while_the_database_is_away() {
    let server = server_of_its_own().await;
    let url = server.database().await;
    let away = Arc::clone(&server);
    tokio::task::spawn_blocking(move || away.stop()).await.unwrap();
    let records = plain(&url).await;
    assert!(matches!(records.lookup(&key()).await, Err(RecordStoreError::Unavailable(_))));
    let refused = records.register(registration("a")).await;
    assert!(matches!(refused, Err(RecordStoreError::Unavailable(_))), "{refused:?}");
    let back = Arc::clone(&server);
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    assert_eq!(records.lookup(&key()).await.unwrap(), None);
    records.register(registration("b")).await.unwrap();
    assert_eq!(records.lookup(&key()).await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    plain(&url).await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("UPDATE certificate_record_schema SET version = 99").await.unwrap();
    let config = StoreConfig::new(StoreUrl::Postgres(url));
    let error = CertificateRecords::open(&config, Limits::default()).await.unwrap_err().to_string();
    assert!(error.contains("newer version"), "{error}");
}

#[tokio::test]
async fn tables_of_the_first_version_learn_of_assertions() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    plain(&url).await;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let back = "DROP TABLE used_assertion; UPDATE certificate_record_schema SET version = 1";
    client.batch_execute(back).await.unwrap();
    let (a, b) = tokio::join!(plain(&url), plain(&url));
    assert!(a.take_assertion([1; 32], T0).await.unwrap());
    assert!(!b.take_assertion([1; 32], T0).await.unwrap(), "used at the other server");
}

#[tokio::test]
async fn two_servers_share_records_and_tokens() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    let (a, b) = tokio::join!(plain(&url), plain(&url));
    a.register(registration("a")).await.unwrap();
    let seen = b.lookup(&key()).await.unwrap().unwrap();
    let next = CertificateRecord { current: record("b").current, ..seen.clone() };
    assert!(b.update(next.clone(), "a".to_owned()).await.unwrap());
    assert!(!a.update(next, "a".to_owned()).await.unwrap(), "the other server was faster");
    let mut stolen = registration("c");
    stolen.token.as_mut().unwrap().public_key = [8; 32];
    assert_eq!(b.register(stolen).await.unwrap(), RegisterOutcome::TokenOfAnotherKey);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await.replace("postgres:///", "postgres:///no_");
    let config = StoreConfig::new(StoreUrl::Postgres(url));
    let error = CertificateRecords::open(&config, Limits::default()).await.unwrap_err().to_string();
    assert!(error.contains("does not exist"), "{error}");
}
