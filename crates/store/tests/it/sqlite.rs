//! What holds for the embedded store alone.

use athenz_store::certificate_records::{CertificateRecords, Limits};
use athenz_store::testing::SqliteFile;
use athenz_store::{
    FaultPoints, Reloaded, Store, StoreConfig, StoreError, StoreUrl, backup_file, restore_file,
};

use crate::contract::{add, new_domain};
use crate::node::{Node, Place, START};

#[tokio::test]
async fn a_second_process_is_refused() {
    let file = SqliteFile::new();
    let store = file.open().await;
    let error = Store::open(&file.config()).await.unwrap_err();
    assert_eq!(error, StoreError::InUse { path: file.path() });
    let text = error.to_string();
    assert!(text.contains(file.path().to_str().unwrap()), "{text}");
    assert!(text.contains("stop that process"), "{text}");
    drop(store);
    file.open().await;
}

#[tokio::test]
async fn a_backup_is_a_store() {
    let place = Place::sqlite();
    let mut node = Node::start(place.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let copy = SqliteFile::new();
    node.store.backup(&copy.path()).await.unwrap();
    node.commit("2", add("sports", "user.jane")).await.unwrap();

    let mut restored = Node::start(copy.open().await).await;
    restored.check().await;
    assert_eq!(restored.store.id(), node.store.id());
    assert_eq!(restored.world.head.sequence.0, 1);
    restored.store.raise_epoch().await.unwrap();
    // who saw the future that was lost loads anew
    restored.world = node.world.clone();
    assert_eq!(restored.catch_up().await, Reloaded::Everything);
    assert_eq!(restored.world.head.sequence.0, 1);
    let rest: Vec<_> =
        std::fs::read_dir(copy.path().parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(rest.iter().all(|name| !name.to_str().unwrap().ends_with(".part")), "{rest:?}");
}

#[tokio::test]
async fn a_backup_replaces_nothing() {
    let file = SqliteFile::new();
    let mut node = Node::start(file.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let older = file.path().with_file_name("older.db");
    std::fs::write(&older, "an older backup").unwrap();
    let link = file.path().with_file_name("link.db");
    std::os::unix::fs::symlink(file.path(), &link).unwrap();
    for taken in [file.path(), older.clone(), link] {
        for refused in [node.store.backup(&taken).await, backup_file(&file.path(), &taken).await] {
            let text = refused.unwrap_err().to_string();
            assert!(text.contains("is there already") && text.contains(taken.to_str().unwrap()), "{text}");
        }
    }
    assert_eq!(std::fs::read(older).unwrap(), b"an older backup");
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    node.check().await;
}

#[tokio::test]
async fn a_backup_comes_back_in_a_new_epoch_and_nothing_is_lost() {
    let file = SqliteFile::new();
    let mut node = Node::start(file.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    let copy = file.path().with_file_name("copy.db");
    node.store.backup(&copy).await.unwrap();
    node.commit("2", add("sports", "user.jane")).await.unwrap();
    let refused = restore_file(&copy, &file.path(), START).await.unwrap_err();
    assert_eq!(refused, StoreError::InUse { path: file.path() });
    let future = node.world.clone();
    drop(node);
    for (epoch, sequence) in [(1, 2), (2, 1)] {
        let restored = restore_file(&copy, &file.path(), START).await.unwrap();
        assert_eq!((restored.head.epoch.0, restored.head.sequence.0), (epoch, 1));
        let kept = restored.kept.unwrap();
        let old = Store::open(&StoreConfig::new(StoreUrl::Sqlite(kept))).await.unwrap();
        assert_eq!(old.head().await.unwrap().sequence.0, sequence, "what was there is kept");
    }
    let mut node = Node::start(file.open().await).await;
    assert_eq!((node.world.head.epoch.0, node.world.head.sequence.0), (2, 1));
    node.world = future;
    assert_eq!(node.catch_up().await, Reloaded::Everything);
    drop(node);

    std::fs::write(file.path(), "damaged".repeat(1000)).unwrap();
    let restored = restore_file(&copy, &file.path(), START).await.unwrap();
    assert_eq!(restored.head.epoch.0, START.seconds(), "no life of the store had this number");
    std::fs::remove_file(file.path()).unwrap();
    assert_eq!(restore_file(&copy, &file.path(), START).await.unwrap().kept, None);
    assert!(file.open().await.load().await.unwrap().domain("sports").is_some());
}

#[tokio::test]
async fn what_is_no_store_is_not_brought_back() {
    let file = SqliteFile::new();
    let mut node = Node::start(file.open().await).await;
    node.commit("1", new_domain("sports")).await.unwrap();
    drop(node);
    let text = file.path().with_file_name("text.db");
    std::fs::write(&text, "these are not the tables you are looking for".repeat(100)).unwrap();
    let other = file.path().with_file_name("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for bad in [text, other, file.path().with_file_name("none.db")] {
        let error = restore_file(&bad, &file.path(), START).await.unwrap_err().to_string();
        assert!(error.contains(bad.to_str().unwrap()), "{error}");
    }
    Node::start(file.open().await).await.check().await;
}

#[tokio::test]
async fn a_store_is_one_by_whatever_name() {
    let file = SqliteFile::new();
    let _store = file.open().await;
    let link = file.path().with_file_name("link.db");
    std::os::unix::fs::symlink(file.path(), &link).unwrap();
    let error = Store::open(&StoreConfig::new(StoreUrl::Sqlite(link))).await.unwrap_err();
    assert_eq!(error, StoreError::InUse { path: file.path() });
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused() {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "these are not the tables you are looking for".repeat(100)).unwrap();
    let error = Store::open(&file.config()).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
    let missing = StoreConfig {
        faults: FaultPoints::default(),
        ..StoreConfig::new(StoreUrl::Sqlite(file.path().join("no such folder/zms.db")))
    };
    let error = Store::open(&missing).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(text) if text.contains("no such folder")), "{error:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let file = SqliteFile::new();
    let store = file.open().await;
    let copy = file.path().with_file_name("copy.db");
    store.backup(&copy).await.unwrap();
    let lock = file.path().with_file_name("zms.db.lock");
    let records = file.path().with_file_name("certificates.db");
    let _records = CertificateRecords::open_sqlite(&records, Limits::default()).unwrap();
    for path in [file.path(), copy, lock, records] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}
