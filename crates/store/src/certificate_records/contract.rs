//! What both stores promise, tried on both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::testing::PostgresServer;

/// Keeps the folder of an SQLite file as long as the store.
struct Store {
    records: CertificateRecords,
    _folder: Option<tempfile::TempDir>,
}

impl std::ops::Deref for Store {
    type Target = CertificateRecords;
    fn deref(&self) -> &CertificateRecords {
        &self.records
    }
}

fn limits() -> Limits {
    Limits { gather: Duration::ZERO, timeout: Duration::from_secs(60), ..Limits::default() }
}

async fn sqlite() -> Store {
    let folder = tempfile::tempdir().unwrap();
    let records = CertificateRecords::open_sqlite(&folder.path().join("records.db"), limits()).unwrap();
    Store { records, _folder: Some(folder) }
}

async fn postgres() -> Store {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let config = StoreConfig::new(StoreUrl::Postgres(server.database().await));
    Store { records: CertificateRecords::open(&config, limits()).await.unwrap(), _folder: None }
}

macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(super::postgres().await).await;
            })+
        }
    };
}

contract! {
    a_registration_is_read_back,
    keys_are_exact,
    registering_again_starts_anew,
    a_refreshable_instance_stays_so,
    update_wins_once,
    update_after_a_new_registration_loses,
    delete_tells_whether_there_was_one,
    a_token_belongs_to_its_first_key,
    cleaning_takes_old_records_and_tokens,
    an_assertion_is_taken_once,
    one_server_claims,
    many_writers_at_once,
}

pub(super) const T0: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(super) fn key(instance_id: &str) -> RecordKey {
    RecordKey {
        provider: "sys.auth.zts".to_owned(),
        instance_id: instance_id.to_owned(),
        service: "weather.api".to_owned(),
    }
}

pub(super) fn record(instance_id: &str, serial: &str) -> CertificateRecord {
    let issue = Issue { serial: serial.to_owned(), at: T0, ip: "10.1.2.3".to_owned() };
    CertificateRecord {
        key: key(instance_id),
        current: issue.clone(),
        previous: issue,
        superseded: Vec::new(),
        registered_at: T0,
        refreshable: true,
        client_only: false,
        revoked_at: None,
        expires_at: T0.plus_days(30),
        host_name: None,
        data_updated_at: T0,
        agent: None,
        notified: None,
        version: 0,
    }
}

async fn register(store: &Store, record: CertificateRecord) -> RegisterOutcome {
    store.register(Registration { record, token: None }).await.unwrap()
}

async fn stored(store: &Store, instance_id: &str) -> CertificateRecord {
    store.lookup(&key(instance_id)).await.unwrap().expect("a record")
}

async fn a_registration_is_read_back(store: Store) {
    let full = CertificateRecord {
        superseded: vec!["7".to_owned(), "5".to_owned()],
        refreshable: false,
        client_only: true,
        revoked_at: Some(T0.plus_seconds(5)),
        host_name: Some("h1.example".to_owned()),
        agent: Some("FARGATE".to_owned()),
        notified: Some((T0.plus_seconds(9), "zts1".to_owned())),
        ..record("i:1=a", "12345678901234567890123456789012345678")
    };
    register(&store, full.clone()).await;
    assert_eq!(stored(&store, "i:1=a").await, CertificateRecord { version: 1, ..full });
    assert_eq!(store.lookup(&key("i-2")).await.unwrap(), None);
}

async fn keys_are_exact(store: Store) {
    for (serial, id) in ["a", "A", "a ", "ä", "a%", "a_", "..", ""].into_iter().enumerate() {
        register(&store, record(id, &serial.to_string())).await;
    }
    for (serial, id) in ["a", "A", "a ", "ä", "a%", "a_", "..", ""].into_iter().enumerate() {
        assert_eq!(stored(&store, id).await.current.serial, serial.to_string(), "{id:?}");
    }
    assert!(store.delete(&key("a")).await.unwrap());
    assert_eq!(stored(&store, "A").await.current.serial, "1");
}

async fn registering_again_starts_anew(store: Store) {
    assert_eq!(register(&store, record("i", "1")).await, RegisterOutcome::Registered { was_revoked: false });
    let revoked = CertificateRecord { revoked_at: Some(T0), ..stored(&store, "i").await };
    assert!(store.update(revoked, "1".to_owned()).await.unwrap());
    assert_eq!(stored(&store, "i").await.revoked_at, Some(T0));
    assert_eq!(register(&store, record("i", "2")).await, RegisterOutcome::Registered { was_revoked: true });
    let fresh = stored(&store, "i").await;
    assert_eq!((fresh.revoked_at, fresh.current.serial.as_str(), fresh.version), (None, "2", 3));
}

async fn a_refreshable_instance_stays_so(store: Store) {
    let by_service_token = |serial| CertificateRecord { refreshable: false, ..record("i", serial) };
    register(&store, by_service_token("1")).await;
    register(&store, by_service_token("2")).await;
    let first = stored(&store, "i").await;
    assert_eq!((first.refreshable, first.current.serial.as_str()), (false, "2"));
    register(&store, record("i", "3")).await;
    register(&store, by_service_token("4")).await;
    let second = stored(&store, "i").await;
    assert_eq!((second.refreshable, second.current.serial.as_str()), (true, "3"), "left alone");
    let revoked = CertificateRecord { revoked_at: Some(T0), ..second };
    assert!(store.update(revoked, "3".to_owned()).await.unwrap());
    assert_eq!(
        register(&store, by_service_token("5")).await,
        RegisterOutcome::Registered { was_revoked: true }
    );
    let third = stored(&store, "i").await;
    assert_eq!((third.refreshable, third.current.serial.as_str(), third.revoked_at), (true, "5", None));
}

async fn update_wins_once(store: Store) {
    register(&store, record("i", "1")).await;
    let seen = stored(&store, "i").await;
    let next = |serial: &str| CertificateRecord {
        current: Issue { serial: serial.to_owned(), ..seen.current.clone() },
        ..seen.clone()
    };
    let (a, b) =
        tokio::join!(store.update(next("2"), "1".to_owned()), store.update(next("3"), "1".to_owned()));
    assert_eq!(u8::from(a.unwrap()) + u8::from(b.unwrap()), 1, "two refreshes made from one state both won");
    assert!(!store.update(next("4"), "1".to_owned()).await.unwrap());
    assert_eq!(stored(&store, "i").await.version, 2);
}

async fn update_after_a_new_registration_loses(store: Store) {
    register(&store, record("i", "1")).await;
    let seen = stored(&store, "i").await;
    store.delete(&key("i")).await.unwrap();
    register(&store, record("i", "2")).await;
    assert!(!store.update(seen, "1".to_owned()).await.unwrap(), "same version number, other certificate");
}

async fn delete_tells_whether_there_was_one(store: Store) {
    register(&store, record("i", "1")).await;
    assert!(store.delete(&key("i")).await.unwrap());
    assert!(!store.delete(&key("i")).await.unwrap());
    assert_eq!(store.lookup(&key("i")).await.unwrap(), None);
}

async fn a_token_belongs_to_its_first_key(store: Store) {
    let with = |serial: &str, token_id: &str, public_key: u8| Registration {
        record: record("i", serial),
        token: Some(TokenUse {
            token_id: token_id.to_owned(),
            public_key: [public_key; 32],
            expires_at: T0.plus_minutes(30),
        }),
    };
    let fine = RegisterOutcome::Registered { was_revoked: false };
    assert_eq!(store.register(with("1", "t1", 1)).await.unwrap(), fine);
    assert_eq!(store.register(with("2", "t1", 1)).await.unwrap(), fine, "a retry with the same key");
    assert_eq!(store.register(with("3", "t1", 2)).await.unwrap(), RegisterOutcome::TokenOfAnotherKey);
    assert_eq!(stored(&store, "i").await.current.serial, "2", "a refused registration leaves nothing behind");
    assert_eq!(store.register(with("4", "t2", 2)).await.unwrap(), fine, "another token, another key");
    store.delete(&key("i")).await.unwrap();
    assert_eq!(store.register(with("5", "t1", 2)).await.unwrap(), RegisterOutcome::TokenOfAnotherKey);
    assert_eq!(store.lookup(&key("i")).await.unwrap(), None);
}

async fn cleaning_takes_old_records_and_tokens(store: Store) {
    let token = |public_key: u8| {
        Some(TokenUse {
            token_id: "t".to_owned(),
            public_key: [public_key; 32],
            expires_at: T0.plus_minutes(30),
        })
    };
    for (instance_id, age) in [("old1", 31), ("old2", 32), ("young", 29)] {
        let mut aged = record(instance_id, instance_id);
        aged.current.at = T0.plus_days(-age);
        store.register(Registration { record: aged, token: token(1) }).await.unwrap();
    }
    assert_eq!(store.clean(T0, T0.plus_days(-30), 1).await.unwrap(), 1, "no more than asked for");
    assert_eq!(store.clean(T0, T0.plus_days(-30), 10).await.unwrap(), 1);
    assert_eq!(stored(&store, "young").await.current.serial, "young");
    let again = |public_key| Registration { record: record("young", "x"), token: token(public_key) };
    assert_eq!(
        store.register(again(2)).await.unwrap(),
        RegisterOutcome::TokenOfAnotherKey,
        "not expired yet"
    );
    store.clean(T0.plus_minutes(30), T0.plus_days(-30), 10).await.unwrap();
    assert_ne!(store.register(again(2)).await.unwrap(), RegisterOutcome::TokenOfAnotherKey);
}

async fn an_assertion_is_taken_once(store: Store) {
    let (digest, expires) = ([7; 32], T0.plus_minutes(5));
    assert!(store.take_assertion(digest, expires).await.unwrap());
    assert!(!store.take_assertion(digest, expires).await.unwrap());
    assert!(store.take_assertion([8; 32], expires).await.unwrap(), "another one");
    let (a, b) = tokio::join!(store.take_assertion([9; 32], expires), store.take_assertion([9; 32], expires));
    assert!(a.unwrap() != b.unwrap(), "taken together");
    store.clean(T0.plus_minutes(4), T0.plus_days(-30), 10).await.unwrap();
    assert!(!store.take_assertion(digest, expires).await.unwrap(), "not expired yet");
    store.clean(expires, T0.plus_days(-30), 10).await.unwrap();
    assert!(store.take_assertion(digest, expires).await.unwrap(), "forgotten when it had expired");
}

async fn one_server_claims(store: Store) {
    register(&store, record("i", "1")).await;
    let claim = |server: &str, now: Timestamp| UnrefreshedClaim {
        provider: "sys.auth.zts".to_owned(),
        server: server.to_owned(),
        now,
        issued_before: now.plus_days(-14),
        notified_before: now.plus_days(-1),
        limit: 10,
    };
    let now = T0.plus_days(15);
    assert!(
        store.claim_unrefreshed(claim("a", T0.plus_days(13))).await.unwrap().is_empty(),
        "not overdue yet"
    );
    let claimed = store.claim_unrefreshed(claim("a", now)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed.first().and_then(|record| record.notified.clone()), Some((now, "a".to_owned())));
    assert!(store.claim_unrefreshed(claim("b", now.plus_minutes(5))).await.unwrap().is_empty());
    assert_eq!(store.claim_unrefreshed(claim("b", now.plus_days(2))).await.unwrap().len(), 1);
}

async fn many_writers_at_once(store: Store) {
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                // every instance twice
                let record = record(&format!("i-{}", number % 100), &number.to_string());
                store.register(Registration { record, token: None }).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut versions = BTreeSet::new();
    for number in 0..100 {
        versions.insert(stored(&store, &format!("i-{number}")).await.version);
    }
    assert_eq!(versions, BTreeSet::from([2]), "each write counted once");
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = CertificateRecords::open_sqlite(&path, limits()).unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn a_file_of_the_first_version_learns_of_assertions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    drop(CertificateRecords::open_sqlite(&path, limits()).unwrap());
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("DROP TABLE used_assertion; PRAGMA user_version = 1").unwrap();
    let first = CertificateRecords::open_sqlite(&path, limits()).unwrap();
    assert!(first.take_assertion([1; 32], T0).await.unwrap());
    drop(first);
    let second = CertificateRecords::open_sqlite(&path, limits()).unwrap();
    assert!(!second.take_assertion([1; 32], T0).await.unwrap(), "remembered over a restart");
}

#[tokio::test]
async fn records_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("records.db");
    let first = CertificateRecords::open_sqlite(&path, limits()).unwrap();
    first.register(Registration { record: record("i", "1"), token: None }).await.unwrap();
    drop(first);
    let second = CertificateRecords::open_sqlite(&path, limits()).unwrap();
    assert_eq!(second.lookup(&key("i")).await.unwrap().unwrap().current.serial, "1");
}
