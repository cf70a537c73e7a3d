//! Starting and stopping the program.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use athenz_client::{Egress, HttpClient, HttpOptions, Identity, Trust, ZmsClient};
use athenz_model::SystemClock;
use athenz_model::wire::zms::TopLevelDomain;
use serde_json::Value;

pub(crate) const ATHENZD: &str = env!("CARGO_BIN_EXE_athenzd");

/// A command that came to its end.
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one line of an error, which says what to do.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        let line = self.stderr.strip_suffix('\n').unwrap_or(&self.stderr);
        assert!(!line.contains('\n'), "more than one line: {line}");
        line
    }
}

pub(crate) fn athenzd<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Ended {
    let output = Command::new(ATHENZD).args(arguments).output().unwrap();
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn dev_arguments(home: &Path) -> Vec<String> {
    let home = home.display().to_string();
    ["dev", "--home", &home, "--zms", "127.0.0.1:0", "--zts", "127.0.0.1:0"].map(str::to_owned).to_vec()
}

/// An `athenzd dev` that answers. Ends with the test.
pub(crate) struct Dev {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) home: PathBuf,
    pub(crate) greeting: String,
    pub(crate) ready: Value,
}

impl Dev {
    pub(crate) fn start(home: &Path) -> Self {
        Self::spawn(home, Command::new(ATHENZD).args(dev_arguments(home)))
    }

    /// The same with what it knows in PostgreSQL.
    pub(crate) fn start_on(store: &str, home: &Path) -> Self {
        Self::spawn(home, Command::new(ATHENZD).args(dev_arguments(home)).args(["--store", store]))
    }

    /// The same under a shell that changed something before.
    pub(crate) fn start_after(shell: &str, home: &Path) -> Self {
        let command = format!("{shell}; exec {ATHENZD} {}", dev_arguments(home).join(" "));
        Self::spawn(home, Command::new("sh").arg("-c").arg(command))
    }

    fn spawn(home: &Path, command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("Ctrl-C") {
            assert!(out.read_line(&mut greeting).unwrap() > 0, "it ended without a word: {greeting}");
        }
        let ready = serde_json::from_slice(&std::fs::read(home.join("ready")).unwrap()).unwrap();
        Self { child, out, home: home.to_owned(), greeting, ready }
    }

    pub(crate) fn client(&self, user: &str) -> ZmsClient {
        let pki = |end: &str| self.home.join(format!("pki/{user}.{end}"));
        client(self.ready["zms"].as_str().unwrap(), &self.home.join("pki/ca.crt"), &pki("crt"), &pki("key"))
    }

    pub(crate) async fn make_domain(&self, name: &str) {
        let domain = TopLevelDomain {
            name: Some(name.to_owned()),
            admin_users: Some(vec!["user.admin".to_owned()]),
            ..TopLevelDomain::default()
        };
        self.client("user.admin").create_top_level_domain(&domain).await.unwrap();
    }

    /// Asks whether ZMS is ready until the answer has a status.
    pub(crate) async fn until_ready(&self, status: u16) -> String {
        for _ in 0..200 {
            let (given, body) = self.get("zms", "/readyz").await;
            if given == status {
                return body;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("/readyz never answers {status}");
    }

    pub(crate) async fn get(&self, server: &str, path: &str) -> (u16, String) {
        get(self.ready[server].as_str().unwrap(), &self.home.join("pki/ca.crt"), path).await
    }

    /// SIGTERM, and the end.
    pub(crate) fn stop(mut self) -> Option<i32> {
        terminate(&self.child);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn terminate(child: &Child) {
    assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
}

fn options(url: &str, ca: &Path) -> HttpOptions {
    HttpOptions {
        egress: Egress::nothing().with_server_url(url).unwrap(),
        trust: Trust::from_file(ca).unwrap(),
        ..HttpOptions::default()
    }
}

/// A client of either server with a certificate.
pub(crate) fn http_as(url: &str, ca: &Path, certificate: &Path, key: &Path) -> HttpClient {
    let identity = Identity::from_files(certificate, key, Arc::new(SystemClock)).unwrap();
    HttpClient::new(HttpOptions { identity: Some(identity), ..options(url, ca) }).unwrap()
}

pub(crate) fn client(url: &str, ca: &Path, certificate: &Path, key: &Path) -> ZmsClient {
    ZmsClient::new(http_as(url, ca, certificate, key), url).unwrap()
}

/// An anonymous GET of any path of a server.
pub(crate) async fn get(url: &str, ca: &Path, path: &str) -> (u16, String) {
    get_with(&HttpClient::new(options(url, ca)).unwrap(), url, path).await
}

pub(crate) async fn get_with(http: &HttpClient, url: &str, path: &str) -> (u16, String) {
    let url = format!("{url}{path}").parse().unwrap();
    let answer = http.send(athenz_client::Request::new(http::Method::GET, url)).await.unwrap();
    (answer.status.as_u16(), String::from_utf8(answer.body).unwrap())
}

pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// All files and folders below a folder.
pub(crate) fn everything(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_owned()];
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(everything(&path)) } else { found.push(path) }
    }
    found
}
