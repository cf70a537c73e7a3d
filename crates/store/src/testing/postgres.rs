//! A private PostgreSQL server for one test binary: on a Unix socket in a folder of its own,
//! without fsync, with an empty database for each test.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that has no server cannot go on")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::NoTls;

use crate::{Store, StoreConfig, StoreUrl};

/// Makes a cluster, starts the server, says where it is, then obeys `stop` and `start`. When its
/// standard input ends, that is, when the test binary ends in whatever way, the server is stopped
/// and the folder deleted.
const SCRIPT: &str = r#"
    set -e
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
    [ -n "$bin" ] || bin=$(dirname "$(command -v postgres)")
    [ -x "$bin/initdb" ] || exit 1
    folder=$(mktemp -d /tmp/athenz-postgres-XXXXXX)
    cd "$folder"
    start() {
        "$bin/postgres" -D "$folder/data" -k "$folder" -h '' -c fsync=off -c synchronous_commit=off \
            -c full_page_writes=off -c max_connections=200 >>"$folder/log" 2>&1 </dev/null &
        server=$!
        until "$bin/pg_isready" -q -h "$folder" -U athenz; do kill -0 $server; sleep 0.05; done
    }
    "$bin/initdb" -D "$folder/data" -A trust -U athenz --no-sync -E UTF8 --locale=C >"$folder/log" 2>&1
    start
    echo "$folder"
    while read -r command; do
        case $command in
            stop) kill -INT $server; wait $server || true ;;
            start) start ;;
        esac
        echo done
    done
    kill -QUIT $server || true
    wait $server || true
    rm -rf "$folder"
"#;

/// A server with its data in a temporary folder, stopped when this is dropped or the process ends.
#[derive(Debug)]
pub struct PostgresServer {
    folder: String,
    databases: AtomicUsize,
    script: Mutex<Script>,
}

#[derive(Debug)]
struct Script {
    process: Child,
    /// Closing it ends the server.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl PostgresServer {
    /// The server that the tests of this binary share, started on first use. Waits for it, so not
    /// for async threads that others need.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// A server of one's own, for a test that stops it.
    ///
    /// # Panics
    /// PostgreSQL is not installed or does not start; the text says what to install.
    pub fn start() -> Self {
        // the server refuses to run as root
        let as_root = std::path::Path::new("/root").read_dir().is_ok();
        let mut command = if as_root { Command::new("runuser") } else { Command::new("sh") };
        if as_root {
            command.args(["-u", "postgres", "--", "sh"]);
        }
        let spawned = command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = spawned.unwrap_or_else(|error| panic!("{INSTALL}: {error}"));
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().expect("standard output is a pipe"));
        let mut folder = String::new();
        output.read_line(&mut folder).expect("the script can be read");
        assert!(!folder.trim().is_empty(), "{INSTALL}, or look at /tmp/athenz-postgres-*/log");
        let script = Mutex::new(Script { process, input, output });
        Self { folder: folder.trim().to_owned(), databases: AtomicUsize::new(0), script }
    }

    /// Makes an empty database and returns its connection string.
    pub async fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let administration = pool_of(&self.url_of("postgres")).get().await.expect("a connection");
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        administration.batch_execute(&create).await.expect("a database can be made");
        self.url_of(&name)
    }

    /// Makes an empty database and opens a store in it.
    pub async fn open(&self) -> Store {
        let url = StoreUrl::Postgres(self.database().await);
        Store::open(&StoreConfig::new(url)).await.expect("the store opens")
    }

    /// Keeps a copy of a database, as a dump of it or a replica that lags would be.
    pub async fn keep(&self, url: &str) {
        let name = database_of(url);
        self.administer(name, &[&format!("CREATE DATABASE {name}_kept TEMPLATE {name}")]).await;
    }

    /// Puts the copy of [`PostgresServer::keep`] in the place of a database.
    pub async fn bring_back(&self, url: &str) {
        let name = database_of(url);
        let change = [
            &format!("ALTER DATABASE {name} RENAME TO {name}_lost"),
            &format!("ALTER DATABASE {name}_kept RENAME TO {name}"),
        ];
        self.administer(name, &change.map(String::as_str)).await;
    }

    /// Changes a database while nobody is connected to it.
    async fn administer(&self, name: &str, statements: &[&str]) {
        let administration = pool_of(&self.url_of("postgres")).get().await.expect("a connection");
        let close = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        let end =
            format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'");
        let open = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        for statement in [close.as_str(), &end].iter().chain(statements).chain(&[open.as_str()]) {
            administration.batch_execute(statement).await.expect("a database can be changed");
        }
    }

    /// Takes the server away; every connection is lost.
    pub fn stop(&self) {
        self.order("stop");
    }

    /// Brings the server back after [`PostgresServer::stop`].
    pub fn resume(&self) {
        self.order("start");
    }

    fn order(&self, order: &str) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        let input = script.input.as_mut().expect("the script runs");
        writeln!(input, "{order}").expect("the script takes orders");
        let mut answer = String::new();
        script.output.read_line(&mut answer).expect("the script can be read");
        assert_eq!(answer.trim(), "done", "PostgreSQL does not {order}; look at {}/log", self.folder);
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=athenz", self.folder)
    }
}

fn database_of(url: &str) -> &str {
    url.split(['/', '?']).nth(3).expect("the URL names a database")
}

const INSTALL: &str = "PostgreSQL did not start; install it (on Debian: apt install postgresql)";

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let script = self.script.get_mut().unwrap_or_else(PoisonError::into_inner);
        script.input = None;
        // what remains is a folder below /tmp
        let _ = script.process.wait();
    }
}

fn pool_of(url: &str) -> Pool {
    let config = url.parse().expect("a connection string");
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, NoTls, recycling)).max_size(8).build().expect("a pool")
}

/// Connections to an empty database of the caller's own.
#[cfg(test)]
pub(crate) async fn empty_database() -> Pool {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.expect("a server");
    pool_of(&server.database().await)
}
