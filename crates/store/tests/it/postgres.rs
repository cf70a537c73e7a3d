//! What holds for PostgreSQL alone: connections that are lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use athenz_store::testing::PostgresServer;
use athenz_store::{CommitError, FaultPoint, FaultPoints, StoreConfig, StoreError, StoreUrl};

use crate::contract::{add, new_domain};
use crate::node::{Node, Place, execute};

/// Ends every other connection to the database.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Runs a future to its end on a thread of its own, as a fault point must.
fn wait_for(future: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime.block_on(future)).join().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_during_commit_loses_and_doubles_nothing() {
    for point in [FaultPoint::BeforeStatements, FaultPoint::BeforeCommit, FaultPoint::AfterCommit] {
        let place = Place::postgres().await;
        let Place::Postgres(url) = &place else { unreachable!("it is PostgreSQL") };
        let (url, armed) = (url.clone(), Arc::new(AtomicBool::new(false)));
        let faults = {
            let armed = Arc::clone(&armed);
            FaultPoints::new(move |reached| {
                if reached == point && armed.swap(false, Ordering::SeqCst) {
                    let url = url.clone();
                    wait_for(async move { execute(&url, TERMINATE).await });
                    if point == FaultPoint::AfterCommit {
                        return Err(StoreError::Unavailable("connection lost".to_owned()));
                    }
                }
                Ok(())
            })
        };
        let mut node = Node::start(place.open_with(faults).await).await;
        node.commit("1", new_domain("sports")).await.unwrap();
        armed.store(true, Ordering::SeqCst);
        let error = node.commit("2", add("sports", "user.jane")).await.unwrap_err();
        match point {
            FaultPoint::BeforeStatements => {
                assert!(matches!(error, CommitError::Unavailable(_)), "{error:?}")
            }
            _ => assert!(matches!(error, CommitError::Unknown { .. }), "{point:?}: {error:?}"),
        }
        let outcome = node.store.outcome_of("2").await.unwrap();
        assert_eq!(outcome.is_some(), point == FaultPoint::AfterCommit, "{point:?}");
        if outcome.is_none() {
            node.commit("2", add("sports", "user.jane")).await.unwrap();
        }
        node.catch_up().await;
        node.check().await;
        assert_eq!(node.log().await.len(), 2, "{point:?}: once, not twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_comes_back() {
    let server = tokio::task::spawn_blocking(PostgresServer::start).await.unwrap();
    let mut node = Node::start(server.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let transaction = node.store.begin().await.unwrap();
    let server = tokio::task::spawn_blocking(|| {
        server.stop();
        server
    });
    let server = server.await.unwrap();
    drop(transaction);
    let error = node.commit("2", add("sports", "user.jane")).await.unwrap_err();
    assert!(matches!(error, CommitError::Unavailable(_)), "{error:?}");
    let api = error.to_api();
    assert_eq!(api.code, 503);
    for error in [
        node.store.head().await.unwrap_err(),
        node.store.load().await.unwrap_err(),
        node.store.outcome_of("2").await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    let server = tokio::task::spawn_blocking(|| {
        server.resume();
        server
    });
    let server = server.await.unwrap();
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    node.check().await;
    tokio::task::spawn_blocking(|| drop(server)).await.unwrap();
}

/// Processes of a server that do nothing until this is dropped, as on a host that hangs.
struct Hung(Vec<i32>);

impl Hung {
    /// Those that serve a database.
    async fn of(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let others =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let rows = client.query(others, &[]).await.unwrap();
        let hung = Self(rows.iter().map(|row| row.get(0)).collect());
        hung.signal("-STOP");
        hung
    }

    fn signal(&self, signal: &str) {
        let pids = self.0.iter().map(ToString::to_string);
        assert!(std::process::Command::new("kill").arg(signal).args(pids).status().unwrap().success());
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_holds_nobody_up() {
    let place = Place::postgres().await;
    let Place::Postgres(url) = &place else { unreachable!("it is PostgreSQL") };
    let hung = Arc::new(Mutex::new(None));
    let armed = Arc::new(AtomicBool::new(false));
    let faults = {
        let (url, hung, armed) = (url.clone(), Arc::clone(&hung), Arc::clone(&armed));
        FaultPoints::new(move |reached| {
            if reached == FaultPoint::BeforeCommit && armed.swap(false, Ordering::SeqCst) {
                let (url, hung) = (url.clone(), Arc::clone(&hung));
                wait_for(async move { *hung.lock().unwrap() = Some(Hung::of(&url).await) });
            }
            Ok(())
        })
    };
    let mut config = place.config();
    (config.faults, config.wait) = (faults, std::time::Duration::from_secs(1));
    let mut node = Node::start(athenz_store::Store::open(&config).await.unwrap()).await;
    node.commit("1", new_domain("sports")).await.unwrap();

    let idle = Hung::of(url).await;
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    drop(idle);

    armed.store(true, Ordering::SeqCst);
    let error = node.commit("3", add("sports", "user.joe")).await.unwrap_err();
    assert!(matches!(error, CommitError::Unknown { .. }), "{error:?}");
    let error = node.store.outcome_of("3").await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    // it finds COMMIT when it wakes up
    drop(hung.lock().unwrap().take());
    assert!(node.store.outcome_of("3").await.unwrap().is_some());
    node.catch_up().await;
    node.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_demoted_server_are_left() {
    let place = Place::postgres().await;
    let Place::Postgres(url) = &place else { unreachable!("it is PostgreSQL") };
    let mut node = Node::start(place.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let database = url.split(['/', '?']).nth(3).unwrap();
    let elsewhere = url.replace(database, "postgres");
    let for_all = |change: &str| format!("ALTER DATABASE {database} {change} default_transaction_read_only");
    execute(&elsewhere, &format!("{} = on", for_all("SET"))).await;
    execute(url, TERMINATE).await;
    node.store.head().await.unwrap();
    let error = node.commit("2", add("sports", "user.jane")).await.unwrap_err();
    assert!(matches!(error, CommitError::Refused(StoreError::ReadOnly(_))), "{error:?}");
    execute(&elsewhere, &for_all("RESET")).await;
    // the connections that are there remain as they are
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    node.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_make_no_tables_uses_those_that_are_there() {
    let place = Place::postgres().await;
    let Place::Postgres(url) = &place else { unreachable!("it is PostgreSQL") };
    execute(url, "CREATE ROLE modest LOGIN").await;
    let modest = StoreUrl::Postgres(url.replace("user=athenz", "user=modest"));
    let open = || async { athenz_store::Store::open(&StoreConfig::new(modest.clone())).await };
    let refused = |error| match error {
        StoreError::Configuration(text) => assert!(text.contains("grant the role"), "{text}"),
        other => panic!("{other:?}"),
    };
    refused(open().await.unwrap_err());
    drop(place.open().await);
    refused(open().await.unwrap_err());
    execute(url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO modest").await;
    let mut node = Node::start(open().await.unwrap()).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    node.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_holds_the_head_makes_others_wait() {
    let place = Place::postgres().await;
    let one = place.open().await;
    let mut config = place.config();
    config.wait = std::time::Duration::from_millis(50);
    let two = athenz_store::Store::open(&config).await.unwrap();
    let held = one.begin().await.unwrap();
    let error = two.begin().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(two.head().await.is_ok(), "reading needs no head");
    drop(held);
    let mut waited = two.begin().await;
    for _ in 0..100 {
        if waited.is_ok() {
            break;
        }
        waited = two.begin().await;
    }
    waited.unwrap();
}
