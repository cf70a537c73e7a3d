//! Backups, and the way back in.

use athenz_store::{Store, StoreConfig, StoreUrl};

use crate::config::examples;
use crate::program::{Dev, athenzd};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_is_taken_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    let dev = Dev::start(&home);
    for (more, name) in [(None, "zms.db"), (Some("--certificates"), "certificates.db")] {
        let out = folder.path().join(name).display().to_string();
        let mut arguments = vec!["backup", "--home", home.to_str().unwrap(), &out];
        arguments.extend(more);
        let ended = athenzd(&arguments);
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    }
    let config = StoreConfig::new(StoreUrl::Sqlite(folder.path().join("zms.db")));
    let world = Store::open(&config).await.unwrap().load().await.unwrap();
    assert!(world.domain("sys.auth").is_some_and(|domain| !domain.services.is_empty()));
    assert_eq!(dev.stop(), Some(0));
    let ended = athenzd(&["backup", "--home", home.to_str().unwrap(), "/no/such/folder/out.db"]);
    assert!(ended.error().contains("/no/such/folder/out.db"), "{}", ended.stderr);
    let store = home.join("data/zms.db").display().to_string();
    let ended = athenzd(&["backup", "--home", home.to_str().unwrap(), &store]);
    assert!(ended.error().contains("is there already"), "{}", ended.stderr);
    assert_eq!(Dev::start(&home).stop(), Some(0), "the store is as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_backup_comes_back_as_another_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    let backup = folder.path().join("backup.db").display().to_string();
    let there = home.to_str().unwrap().to_owned();
    let restore = || athenzd(&["restore", "--home", &there, &backup]);
    let dev = Dev::start(&home);
    assert_eq!(athenzd(&["backup", "--home", &there, &backup]).status, Some(0));
    dev.make_domain("lost").await;
    let refused = restore();
    assert!(refused.error().contains("stop the server first"), "{}", refused.stderr);
    assert_eq!(dev.stop(), Some(0));
    let none = athenzd(&["restore", "--home", &there, "/no/such/backup.db"]);
    assert!(none.error().contains("/no/such/backup.db"), "{}", none.stderr);

    let restored = restore();
    assert!(restored.status == Some(0) && restored.stdout.contains("as epoch 1"), "{}", restored.stderr);
    let kept = home.join("data/zms.db.before-epoch-1");
    assert!(restored.stdout.contains(kept.to_str().unwrap()) && kept.exists(), "{}", restored.stdout);
    for _ in 0..2 {
        let dev = Dev::start(&home);
        let answer = dev.client("user.admin").get("/domain/sys.auth", None).await.unwrap();
        let revision = answer.headers.get("athenz-revision").unwrap().to_str().unwrap();
        assert!(revision.starts_with("1."), "after each start: {revision}");
        assert!(dev.client("user.admin").domain("lost").await.is_err());
        assert_eq!(dev.stop(), Some(0));
    }
    std::fs::remove_file(home.join("data/zms.db")).unwrap();
    assert_eq!(restore().status, Some(0), "a store that is lost");
    assert_eq!(Dev::start(&home).stop(), Some(0));
}

#[test]
fn an_administrator_of_nothing_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    assert_eq!(Dev::start(&home).stop(), Some(0));
    let (zms, _) = examples(&home, folder.path());
    let file = folder.path().join("zms.toml");
    std::fs::write(&file, &zms).unwrap();
    let grant = || athenzd(&["admin", "grant", "user.jane", "--config", file.to_str().unwrap()]);
    let refused = grant();
    assert!(refused.error().contains("there is no store"), "{}", refused.stderr);
    let store = folder.path().join("zms.db");
    assert!(!store.exists());
    std::fs::write(&store, "").unwrap();
    let refused = grant();
    assert!(refused.error().contains("the store is empty"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_administrator_is_made_while_the_server_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let dev = Dev::start(folder.path());
    let grant = |user: &str| athenzd(&["admin", "grant", user, "--home", &home]);
    let refused = grant("user.jane");
    assert!(refused.error().contains("in use by another process"), "{}", refused.stderr);
    assert_eq!(athenzd(&["dev", "user", "jane", "--home", &home]).status, Some(0));
    assert_eq!(dev.stop(), Some(0));

    for bad in ["jane", "shop.api", "user.*", "user.a b"] {
        assert!(grant(bad).error().contains("cannot be made an administrator"), "{bad}");
    }
    let granted = grant("user.jane");
    assert_eq!(granted.status, Some(0), "{}", granted.stderr);
    let dev = Dev::start(folder.path());
    let role = dev.client("user.jane").role("sys.auth", "admin", false).await.unwrap();
    let names: Vec<_> =
        role.role_members.unwrap().into_iter().filter_map(|member| member.member_name).collect();
    assert!(names.contains(&"user.admin".to_owned()) && names.contains(&"user.jane".to_owned()), "{names:?}");
    let info = dev.client("user.jane").get("/sys/info", None).await.unwrap();
    assert_eq!(info.status.as_u16(), 200, "an operation that only administrators may");
}
