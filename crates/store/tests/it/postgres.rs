//! What holds for PostgreSQL alone: connections that are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use athenz_store::testing::PostgresServer;
use athenz_store::{CommitError, FaultPoint, FaultPoints, StoreError};

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
