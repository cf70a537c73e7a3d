//! `athenzd dev`.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

use athenz_model::wire::zms::TopLevelDomain;
use athenz_store::testing::PostgresServer;

use crate::program::{Dev, athenzd, dev_arguments, everything, mode};

fn top_level_domain(name: &str) -> TopLevelDomain {
    TopLevelDomain {
        name: Some(name.to_owned()),
        admin_users: Some(vec!["user.admin".to_owned()]),
        ..TopLevelDomain::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_start_makes_a_world_and_the_second_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    let dev = Dev::start(&home);
    assert!(dev.greeting.contains("athenz --home") && dev.greeting.contains("zms-cli -z https://localhost:"));
    for (server, path) in [("zms", "/zms/v1/status"), ("zts", "/zts/v1/status"), ("zms", "/readyz")] {
        assert_eq!(dev.get(server, path).await.0, 200, "{server} {path}");
    }
    let (status, metrics) = dev.get("zts", "/metrics").await;
    assert!(status == 200 && metrics.contains("athenz_requests_total"), "{metrics}");
    let conf: serde_json::Value =
        serde_json::from_slice(&fs::read(home.join("conf/athenz.conf")).unwrap()).unwrap();
    assert_eq!(conf["zmsUrl"], format!("{}/", dev.ready["zms"].as_str().unwrap()));
    assert_eq!(conf["ztsPublicKeys"][0]["id"], "0");

    let created = dev.client("user.admin").create_top_level_domain(&top_level_domain("shop")).await.unwrap();
    assert_eq!(created.name.as_deref(), Some("shop"));
    let ca = fs::read(home.join("pki/ca.crt")).unwrap();
    assert_eq!(dev.stop(), Some(0));
    assert!(!home.join("ready").exists(), "nobody answers any more");
    let log = fs::read_to_string(home.join("logs/access.log")).unwrap();
    assert!(log.contains("\"path\":\"/zms/v1/domain\"") && log.contains("user.admin"), "{log}");

    let dev = Dev::start(&home);
    assert_eq!(fs::read(home.join("pki/ca.crt")).unwrap(), ca);
    assert!(
        dev.client("user.admin").domain("shop").await.is_ok(),
        "the world of the first start is still there"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn postgres_holds_everything_when_it_is_asked_to() {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    let dev = Dev::start_on(&url, &home);
    dev.client("user.admin").create_top_level_domain(&top_level_domain("shop")).await.unwrap();
    assert_eq!(fs::read_dir(home.join("data")).unwrap().count(), 0, "no database beside it");
    for what in [&[][..], &["--certificates"]] {
        let arguments = [&["backup", "--home", home.to_str().unwrap(), "out.db"], what].concat();
        assert!(athenzd(&arguments).error().contains("pg_dump"));
    }
    assert_eq!(dev.stop(), Some(0));
    let dev = Dev::start_on(&url, &home);
    assert!(dev.client("user.admin").domain("shop").await.is_ok());
    assert_eq!(dev.stop(), Some(0));
    let ended = athenzd(&dev_arguments(&home));
    assert!(ended.error().contains("is in PostgreSQL; name it with --store"), "{}", ended.stderr);
    let grant = ["admin", "grant", "user.jane", "--home", home.to_str().unwrap()];
    assert!(athenzd(&grant).error().contains("is in PostgreSQL"));
    assert_eq!(fs::read_dir(home.join("data")).unwrap().count(), 0, "no other world was made");
    let absent = url.replace("postgres:///", "postgres:///no_");
    let mut arguments = dev_arguments(&folder.path().join("other"));
    arguments.extend(["--store".to_owned(), absent]);
    assert!(athenzd(&arguments).error().contains("does not exist"));
}

#[test]
fn a_world_in_files_is_not_left_for_another() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Dev::start(folder.path()).stop(), Some(0));
    let mut arguments = dev_arguments(folder.path());
    arguments.extend(["--store", "postgres:///none"].map(str::to_owned));
    let ended = athenzd(&arguments);
    assert!(ended.error().contains("start it without --store"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_use_its_store_is_not_ready() {
    let server = Arc::new(tokio::task::spawn_blocking(PostgresServer::start).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_on(&server.database().await, folder.path());
    assert_eq!(dev.get("zms", "/readyz").await.0, 200);
    let (away, back) = (Arc::clone(&server), Arc::clone(&server));
    tokio::task::spawn_blocking(move || away.stop()).await.unwrap();
    let body = dev.until_ready(503).await;
    assert!(body.contains("store: it cannot be used"), "{body}");
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    dev.until_ready(200).await;
}

#[test]
fn nothing_private_is_open_to_others_whatever_the_umask() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    let dev = Dev::start_after("umask 000", &home);
    for path in everything(&home) {
        // certificates are for everybody, but lie in a folder that is not
        let open = mode(&path) & 0o077;
        let public = path.extension().is_some_and(|end| end == "crt" || end == "lock");
        assert!(open == 0 || (public && path.is_file()), "{} has mode {:o}", path.display(), mode(&path));
    }
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_taken_port_is_told_and_leaves_no_half_home() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap().to_string();
    let mut arguments = dev_arguments(folder.path());
    arguments[6] = place.clone();
    let ended = athenzd(&arguments);
    assert!(ended.error().contains(&format!("{place} is taken")), "{}", ended.stderr);
    assert!(ended.error().contains("--zts HOST:PORT"), "{}", ended.stderr);
    assert_eq!(Dev::start(folder.path()).stop(), Some(0));
}

#[test]
fn a_home_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let ended = athenzd(&dev_arguments(folder.path()));
    let expected = format!("in use by process {}", dev.ready["pid"]);
    assert!(ended.error().contains(&expected), "{}", ended.stderr);
    assert!(folder.path().join("ready").exists(), "the first one is not disturbed");
}

#[test]
fn half_a_home_is_not_gone_on_with() {
    for missing in ["pki/ca.key", "keys/zts-0.key", "data/zms.db"] {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Dev::start(folder.path()).stop(), Some(0));
        fs::remove_file(folder.path().join(missing)).unwrap();
        let ended = athenzd(&dev_arguments(folder.path()));
        assert!(ended.error().contains(missing) && ended.error().contains("half a home"), "{}", ended.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("pki")).unwrap();
    let ended = athenzd(&dev_arguments(folder.path()));
    assert!(ended.error().contains("half a home"), "{}", ended.stderr);
}

#[test]
fn foreign_folders_and_bad_places_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "text").unwrap();
    let ended = athenzd(&dev_arguments(folder.path()));
    assert!(ended.error().contains("thesis.txt"), "{}", ended.stderr);
    let ended = athenzd(&dev_arguments(&folder.path().join("thesis.txt")));
    assert!(ended.error().contains("choose another folder with --home"), "{}", ended.stderr);
    let ended = athenzd(&dev_arguments(std::path::Path::new("/proc/no-such-folder")));
    assert!(ended.error().contains("choose another folder with --home"), "{}", ended.stderr);
    let mut arguments = dev_arguments(&folder.path().join("new"));
    arguments[4] = "4443".to_owned();
    assert!(athenzd(&arguments).error().contains("HOST:PORT"));
    assert!(athenzd(&["dev", "--store", "mysql://x"]).error().contains("postgres://"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn other_users_get_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display().to_string();
    let ended = athenzd(&["dev", "user", "jane", "--home", &home]);
    assert!(ended.error().contains("no development world"), "{}", ended.stderr);
    let dev = Dev::start(folder.path());
    let ended = athenzd(&["dev", "user", "jane", "--home", &home]);
    assert!(ended.status == Some(0) && ended.stdout.contains("user.jane"), "{}", ended.stderr);
    let key = fs::read(folder.path().join("pki/user.jane.key")).unwrap();
    assert_eq!(athenzd(&["dev", "user", "user.jane", "--home", &home]).status, Some(0));
    assert_eq!(fs::read(folder.path().join("pki/user.jane.key")).unwrap(), key, "what is there is kept");
    assert!(dev.client("user.jane").domain("sys.auth").await.is_ok());
    let refused = dev.client("user.jane").create_top_level_domain(&top_level_domain("hers")).await;
    assert_eq!(refused.unwrap_err().code(), Some(403));
    let ended = athenzd(&["dev", "user", "../jane", "--home", &home]);
    assert!(ended.error().contains("no name of a user"), "{}", ended.stderr);
}
