//! ZMS and ZTS as processes of their own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use athenz_client::HttpClient;
use athenz_model::wire::zms::TopLevelDomain;
use athenz_store::testing::PostgresServer;

use crate::config::examples;
use crate::program::{ATHENZD, Dev, athenzd, client, get_with, http_as, terminate};

/// A server that answers.
struct Alone {
    child: Child,
    url: String,
}

impl Alone {
    fn start(server: &str, config: &Path) -> Self {
        let mut command = Command::new(ATHENZD);
        command.arg(server).arg("--config").arg(config).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        let url = loop {
            let start = text.len();
            assert!(log.read_line(&mut text).unwrap() > 0, "it ended: {text}");
            let line: serde_json::Value = serde_json::from_str(&text[start..]).unwrap_or_default();
            if line["fields"]["message"] == "answering" {
                break line["fields"]["url"].as_str().unwrap().to_owned();
            }
        };
        // the pipe must not fill up
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, url }
    }

    fn stop(mut self) -> Option<i32> {
        terminate(&self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until the answer is there.
async fn until_found(http: &HttpClient, url: &str, path: &str) {
    for _ in 0..100 {
        if get_with(http, url, path).await.0 == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{path} is never found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn keys_are_known_before_they_sign() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    assert_eq!(Dev::start(&home).stop(), Some(0));
    let file = folder.path().join("zms.toml");
    let (text, _) = examples(&home, folder.path());
    let next =
        format!("[[keys]]\nid = \"1\"\nstate = \"next\"\nfile = \"{}/keys/zts-0.key\"\n", home.display());
    let text = text
        .replace("[::]:4443", "127.0.0.1:0")
        .replace("operator_address", "# operator_address")
        .replace("[zts_service]", &format!("{next}\n[zts_service]"));
    fs::write(&file, &text).unwrap();
    let zms = Alone::start("zms", &file);
    let pki = |name: &str| home.join("pki").join(name);
    let admin = http_as(&zms.url, &pki("ca.crt"), &pki("user.admin.crt"), &pki("user.admin.key"));
    let (status, service) = get_with(&admin, &zms.url, "/zms/v1/domain/sys.auth/service/zms").await;
    let service: serde_json::Value = serde_json::from_str(&service).unwrap();
    let ids: Vec<&str> =
        service["publicKeys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect();
    assert_eq!((status, ids), (200, vec!["0", "1"]));
    assert_eq!(zms.stop(), Some(0));

    // what is registered as `1` is another key
    fs::write(&file, text.replace("id = \"1\"", "id = \"0\"").replacen("id = \"0\"", "id = \"1\"", 1))
        .unwrap();
    let ended = athenzd(&["zms", "--config", file.to_str().unwrap()]);
    let last = ended.stderr.lines().last().unwrap();
    assert!(
        ended.status == Some(1) && last.contains("of sys.auth.zms is registered as another one"),
        "{last}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_zts_alone_follows_a_zms_alone_and_starts_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("world");
    assert_eq!(Dev::start(&home).stop(), Some(0));
    let (zms_text, zts_text) = examples(&home, folder.path());
    let (zms_file, zts_file) = (folder.path().join("zms.toml"), folder.path().join("zts.toml"));
    let any_port = |text: String| {
        text.replace("[::]:4443", "127.0.0.1:0")
            .replace("[::]:8443", "127.0.0.1:0")
            .replace("operator_address", "# operator_address")
    };
    fs::write(&zms_file, any_port(zms_text)).unwrap();
    let zms = Alone::start("zms", &zms_file);

    let conf: serde_json::Value =
        serde_json::from_slice(&fs::read(home.join("conf/athenz.conf")).unwrap()).unwrap();
    let key = athenz_crypto::PublicKey::from_ybase64_pem(conf["zmsPublicKeys"][0]["key"].as_str().unwrap())
        .unwrap();
    let (before, rest) = zts_text.split_once("-----BEGIN PUBLIC KEY-----").unwrap();
    let (_, after) = rest.split_once("-----END PUBLIC KEY-----\n").unwrap();
    let zts_text = format!("{before}{}{after}", key.to_spki_pem());
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    let url = server.database().await;
    let records = format!("sqlite:{}/certificates.db", folder.path().display());
    assert!(zts_text.contains(&records), "{zts_text}");
    let zts_text = zts_text
        .replace(&records, &url)
        .replace("https://zms.example.com:4443", &zms.url)
        .replace("update_interval = 10", "update_interval = 1");
    fs::write(&zts_file, any_port(zts_text)).unwrap();
    let zts = Alone::start("zts", &zts_file);

    let pki = |name: &str| home.join("pki").join(name);
    let admin = client(&zms.url, &pki("ca.crt"), &pki("user.admin.crt"), &pki("user.admin.key"));
    let domain = TopLevelDomain {
        name: Some("shop".to_owned()),
        admin_users: Some(vec!["user.admin".to_owned()]),
        ..TopLevelDomain::default()
    };
    admin.create_top_level_domain(&domain).await.unwrap();
    let path = "/zts/v1/domain/shop/service";
    let as_admin = |url: &str| http_as(url, &pki("ca.crt"), &pki("user.admin.crt"), &pki("user.admin.key"));
    until_found(&as_admin(&zts.url), &zts.url, path).await;

    assert_eq!(zms.stop(), Some(0));
    assert_eq!(zts.stop(), Some(0));
    let zts = Alone::start("zts", &zts_file);
    let (status, body) = get_with(&as_admin(&zts.url), &zts.url, path).await;
    assert_eq!(status, 200, "served from disk while ZMS is away: {body}");
    assert!(!folder.path().join("certificates.db").exists(), "records are in PostgreSQL");

    let elsewhere = fs::read_to_string(&zts_file).unwrap().replace("postgres:///", "postgres:///no_");
    fs::write(&zts_file, elsewhere).unwrap();
    let ended = athenzd(&["zts", "--config", zts_file.to_str().unwrap()]);
    let last = ended.stderr.lines().last().unwrap();
    assert!(ended.status == Some(1) && last.contains("[issuer]: cannot open the records"), "{last}");
    assert!(last.contains("does not exist"), "{last}");
}
