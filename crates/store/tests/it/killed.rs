//! A process with the embedded store that is killed (SIGKILL) in the middle of its work.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use athenz_store::testing::SqliteFile;
use athenz_store::{FaultPoint, FaultPoints, Store, StoreConfig, StoreUrl};

use crate::contract::{add, new_domain};
use crate::node::Node;

const FILE: &str = "ATHENZ_STORE_TEST_FILE";
const POINT: &str = "ATHENZ_STORE_TEST_POINT";

/// The work of the process that is killed: it says what was acknowledged, and where it stops.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the tests below, in a process of its own"]
async fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let point = std::env::var(POINT).unwrap_or_default();
    let faults = FaultPoints::new(move |reached| {
        if format!("{reached:?}") == point && is_armed() {
            say("reached");
            loop {
                std::thread::park();
            }
        }
        Ok(())
    });
    let config = StoreConfig { faults, ..StoreConfig::new(StoreUrl::Sqlite(file.into())) };
    let mut node = Node::start(Store::open(&config).await.unwrap()).await;
    node.commit("0", new_domain("sports")).await.unwrap();
    for number in 1.. {
        ARMED.store(number >= 4, std::sync::atomic::Ordering::SeqCst);
        node.commit(&number.to_string(), add("sports", &format!("user.u{number}"))).await.unwrap();
        say(&format!("acknowledged {number}"));
    }
}

static ARMED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn is_armed() -> bool {
    ARMED.load(std::sync::atomic::Ordering::SeqCst)
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}

fn start(file: &Path, point: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(POINT, point)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the process work until `enough` says so, kills it, and returns the last number it
/// acknowledged.
fn kill_when(mut child: Child, enough: impl Fn(&str) -> bool) -> i64 {
    let mut acknowledged = 0;
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut note = |line: &str| {
        if let Some(number) = line.strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
        }
    };
    for line in lines.by_ref() {
        let line = line.unwrap();
        note(&line);
        if enough(&line) {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // what it still said before it died counts too
    lines.map_while(Result::ok).for_each(|line| note(&line));
    acknowledged
}

#[tokio::test]
async fn at_each_point_of_a_commit() {
    let written = [
        (FaultPoint::BeforeStatements, false),
        (FaultPoint::BeforeCommit, false),
        (FaultPoint::AfterCommit, true),
    ];
    for (point, written) in written {
        let file = SqliteFile::new();
        let acknowledged = kill_when(start(&file.path(), &format!("{point:?}")), |line| line == "reached");
        assert_eq!(acknowledged, 3, "{point:?}");
        let mut node = Node::start(file.open().await).await;
        assert_eq!(node.store.outcome_of("3").await.unwrap().map(|outcome| outcome.last.0), Some(4));
        assert_eq!(node.store.outcome_of("4").await.unwrap().is_some(), written, "{point:?}");
        if !written {
            node.commit("4", add("sports", "user.u4")).await.unwrap();
        }
        node.check().await;
        assert_eq!(node.log().await.len(), 5, "{point:?}: once, not twice");
    }
}

#[tokio::test]
async fn at_any_moment() {
    for round in [7, 20, 45] {
        let file = SqliteFile::new();
        let acknowledged = kill_when(start(&file.path(), ""), |line| line == format!("acknowledged {round}"));
        let node = Node::start(file.open().await).await;
        node.check().await;
        let last = node.world.head.sequence.0 - 1;
        assert!(
            last == acknowledged || last == acknowledged + 1,
            "{last} written, {acknowledged} acknowledged"
        );
    }
}
