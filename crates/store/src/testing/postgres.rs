//! A private PostgreSQL server for one test binary: on a Unix socket in a folder of its own,
//! without fsync, with an empty database for each test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;

/// Makes a cluster, starts the server, prints its folder, and stops it and deletes the folder when
/// standard input ends, that is, when the test binary ends in whatever way.
const SCRIPT: &str = r#"
    set -e
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(dirname "$(command -v postgres)")
    folder=$(mktemp -d /tmp/athenz-postgres-XXXXXX)
    cd "$folder"
    "$bin/initdb" -D "$folder/data" -A trust -U athenz --no-sync -E UTF8 --locale=C >"$folder/log" 2>&1
    "$bin/postgres" -D "$folder/data" -k "$folder" -h '' -c fsync=off -c synchronous_commit=off \
        -c full_page_writes=off -c max_connections=200 >>"$folder/log" 2>&1 &
    server=$!
    until "$bin/pg_isready" -q -h "$folder" -U athenz; do kill -0 $server; sleep 0.05; done
    echo "$folder"
    read -r _ || true
    kill -QUIT $server
    wait $server || true
    rm -rf "$folder"
"#;

struct Server {
    folder: String,
    /// Held, since its standard input is what keeps the server running.
    _process: Child,
}

static SERVER: Mutex<Option<Server>> = Mutex::new(None);
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// Folder of the socket of the one server, which is started on first use.
fn folder() -> String {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    server.get_or_insert_with(start).folder.clone()
}

fn start() -> Server {
    // the server refuses to run as root
    let as_root = std::path::Path::new("/root").read_dir().is_ok();
    let mut command = if as_root { Command::new("runuser") } else { Command::new("sh") };
    if as_root {
        command.args(["-u", "postgres", "--", "sh"]);
    }
    let mut process = command
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("PostgreSQL is installed");
    let mut folder = String::new();
    let output = process.stdout.take().expect("standard output is a pipe");
    BufReader::new(output).read_line(&mut folder).expect("the server starts");
    assert!(
        !folder.trim().is_empty(),
        "PostgreSQL did not start; install postgresql, or look at /tmp/athenz-postgres-*"
    );
    Server { folder: folder.trim().to_owned(), _process: process }
}

fn pool_of(folder: &str, database: &str) -> Pool {
    let mut config = tokio_postgres::Config::new();
    config.host_path(folder).user("athenz").dbname(database);
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, NoTls, recycling)).max_size(8).build().expect("a pool")
}

/// Connections to an empty database of the caller's own.
pub(crate) async fn empty_database() -> Pool {
    let folder = tokio::task::spawn_blocking(folder).await.expect("a server");
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let administration = pool_of(&folder, "postgres").get().await.expect("a connection");
    administration
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
        .await
        .expect("a database");
    pool_of(&folder, &name)
}
