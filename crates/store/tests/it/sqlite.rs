//! What holds for the embedded store alone.

use athenz_store::testing::SqliteFile;
use athenz_store::{FaultPoints, Reloaded, Store, StoreConfig, StoreError, StoreUrl};

use crate::contract::{add, new_domain};
use crate::node::{Node, Place};

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
    std::fs::write(copy.path(), "an older backup").unwrap();
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
    for path in [file.path(), copy] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}
