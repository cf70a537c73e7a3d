//! Backups, and the way back in.

use athenz_store::{Store, StoreConfig, StoreUrl};

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
