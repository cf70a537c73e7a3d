use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use athenz_crypto::keys::{Curve, Hash, PrivateKey, SignatureForm};
use athenz_crypto::ybase64;
use athenz_model::wire::canonical;
use athenz_model::{Clock, ManualClock, Timestamp};
use athenz_serve::metrics::Metrics;
use athenz_zts::Replica;
use athenz_zts::config::{DocumentForm, ReplicationConfig};
use athenz_zts::source::{DiskStore, HttpAnswer, Poller, TrustAnchors, ZmsClient, ZmsError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A ZMS that answers as Athenz does.
#[derive(Clone)]
struct FakeZms(Arc<Mutex<Inner>>);

struct Inner {
    key: PrivateKey,
    domains: BTreeMap<String, Value>,
    broken: Vec<String>,
    away: bool,
    /// Paths that answer 503.
    failing: Vec<&'static str>,
    epoch: Option<u64>,
    asked: Vec<String>,
}

impl FakeZms {
    fn new(key: &PrivateKey) -> Self {
        let inner = Inner {
            key: key.clone(),
            domains: BTreeMap::new(),
            broken: vec![],
            away: false,
            failing: vec![],
            epoch: None,
            asked: vec![],
        };
        let zms = Self(Arc::new(Mutex::new(inner)));
        zms.put("sys.auth", 1);
        zms
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    fn put(&self, name: &str, second: i64) {
        let modified = Timestamp::from_seconds(second).to_string();
        let document = json!({"name": name, "modified": modified, "enabled": true, "ypmId": 0, "roles": [
            {"name": format!("{name}:role.r"), "roleMembers": [{"memberName": "user.bob"}]}
        ], "services": [], "groups": [], "entities": []});
        self.with(|inner| inner.domains.insert(name.to_owned(), document));
    }

    fn fetches(&self) -> usize {
        let is_fetch = |path: &&String| path.contains("domain=") || path.ends_with("/signed");
        self.with(|inner| std::mem::take(&mut inner.asked).iter().filter(is_fetch).count())
    }
}

impl Inner {
    fn answer(&mut self, path: &str, tag: Option<&str>) -> HttpAnswer {
        self.asked.push(path.to_owned());
        if self.failing.contains(&path) || tag.is_none() && self.failing.contains(&"all") {
            return HttpAnswer { status: 503, ..HttpAnswer::default() };
        }
        if path == "/domain" {
            let names: Vec<&String> = self.domains.keys().collect();
            return ok(json!({"names": names}).to_string());
        }
        if let Some(name) = path.strip_prefix("/domain/").and_then(|rest| rest.strip_suffix("/signed")) {
            return self
                .domains
                .get(name)
                .map_or(HttpAnswer { status: 404, ..HttpAnswer::default() }, |document| {
                    ok(self.jws(name, document))
                });
        }
        if let Some(rest) = path.strip_prefix("/sys/modified_domains?domain=") {
            let name = rest.split('&').next().unwrap();
            let found: Vec<String> =
                self.domains.get(name).map(|document| self.signed(name, document)).into_iter().collect();
            return ok(format!("{{\"domains\":[{}]}}", found.join(",")));
        }
        self.changes(tag)
    }

    fn changes(&self, tag: Option<&str>) -> HttpAnswer {
        let since = tag.map(|tag| tag.trim_matches('"').to_owned()).unwrap_or_default();
        let newest = self.domains.values().map(|d| d["modified"].as_str().unwrap()).max().unwrap();
        let changed = self.domains.values().filter(|d| d["modified"].as_str().unwrap() > since.as_str());
        let list: Vec<Value> = changed
            .map(|d| json!({"domain": {"name": d["name"], "modified": d["modified"], "enabled": true, "roles": null}}))
            .collect();
        let status = if list.is_empty() { 304 } else { 200 };
        let body = json!({"domains": list}).to_string();
        HttpAnswer { status, etag: Some(format!("\"{newest}\"")), epoch: self.epoch, body }
    }

    fn signed(&self, name: &str, document: &Value) -> String {
        let data = serde_json::from_value(document.clone()).unwrap();
        let mut text = canonical::domain(&data).unwrap();
        if self.broken.iter().any(|broken| broken == name) {
            text.push('x');
        }
        let signature = ybase64::encode(&self.key.sign_sha256(text.as_bytes()).unwrap());
        json!({"domain": document, "signature": signature, "keyId": "0"}).to_string()
    }

    fn jws(&self, name: &str, document: &Value) -> String {
        let protected = URL_SAFE_NO_PAD.encode(r#"{"kid":"0","alg":"ES256"}"#);
        let payload = URL_SAFE_NO_PAD.encode(document.to_string());
        let input = if self.broken.iter().any(|broken| broken == name) { "x" } else { "" };
        let input = format!("{protected}.{payload}{input}");
        let signature = self.key.sign_as(Hash::Sha256, SignatureForm::Der, input.as_bytes()).unwrap();
        json!({"payload": payload, "protected": protected, "header": {"kid": "0"}, "signature": URL_SAFE_NO_PAD.encode(signature)}).to_string()
    }
}

fn ok(body: String) -> HttpAnswer {
    HttpAnswer { status: 200, body, ..HttpAnswer::default() }
}

impl ZmsClient for FakeZms {
    async fn get(&self, path: &str, tag: Option<&str>) -> Result<HttpAnswer, ZmsError> {
        self.with(
            |inner| {
                if inner.away { Err(ZmsError("away".to_owned())) } else { Ok(inner.answer(path, tag)) }
            },
        )
    }
}

struct Site {
    zms: FakeZms,
    key: PrivateKey,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
    form: DocumentForm,
}

impl Site {
    fn new(form: DocumentForm) -> Self {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(1_000_000)));
        Self { zms: FakeZms::new(&key), key, clock, folder: tempfile::tempdir().unwrap(), form }
    }

    fn start(&self) -> (Poller<FakeZms>, Arc<Replica>) {
        let disk = DiskStore::open(self.folder.path()).unwrap();
        let replica = Arc::new(Replica::new(self.clock.clone(), Some(disk)));
        let anchors = TrustAnchors::new([("0".to_owned(), self.key.public_key().clone())]);
        let config = ReplicationConfig { form: self.form, ..ReplicationConfig::default() };
        (Poller::new(self.zms.clone(), anchors, config, replica.clone()), replica)
    }
}

fn names(replica: &Replica) -> Vec<String> {
    let mut names: Vec<String> = replica.index().domain_names().map(str::to_owned).collect();
    names.sort();
    names
}

#[tokio::test]
async fn changes_deletions_and_bad_documents() {
    for form in [DocumentForm::Signed, DocumentForm::Jws] {
        let site = Site::new(form);
        site.zms.put("a", 2);
        site.zms.put("b", 3);
        site.zms.with(|zms| zms.broken.push("b".to_owned()));
        let (mut poller, replica) = site.start();
        poller.step().await.unwrap();
        assert_eq!(names(&replica), ["a", "sys.auth"], "{form:?}: a bad document stops nobody else");

        site.zms.with(|zms| zms.broken.clear());
        poller.step().await.unwrap();
        assert_eq!(names(&replica), ["a", "b", "sys.auth"], "{form:?}: what is owed is tried again");
        site.zms.fetches();
        poller.step().await.unwrap();
        assert_eq!(site.zms.fetches(), 0, "{form:?}: nothing changed");

        site.zms.put("a", 4);
        poller.step().await.unwrap();
        assert_eq!(site.zms.fetches(), 1, "{form:?}: one domain changed");
        assert_eq!(replica.index().domain("a").unwrap().modified().seconds(), 4);

        site.zms.with(|zms| zms.domains.remove("b"));
        site.clock.advance_seconds(60);
        poller.step().await.unwrap();
        assert_eq!(names(&replica), ["a", "sys.auth"], "{form:?}: deleted");
        assert_eq!(replica.fresh_at(), Some(site.clock.now()));
    }
}

#[tokio::test]
async fn it_starts_from_disk_while_zms_is_away() {
    let site = Site::new(DocumentForm::Jws);
    site.zms.put("a", 2);
    let (mut poller, _) = site.start();
    poller.step().await.unwrap();
    drop(poller);
    let left = site.clock.now();

    site.zms.with(|zms| zms.away = true);
    site.clock.advance_seconds(100);
    let (mut poller, replica) = site.start();
    assert_eq!(names(&replica), ["a", "sys.auth"]);
    assert!(poller.step().await.is_err());
    let known = (names(&replica).len(), replica.fresh_at());
    assert_eq!(known, (2, Some(left)), "it serves, and says since when it is not fresh");
    assert_eq!(replica.too_old(100), None);
    let told = replica.too_old(99).unwrap();
    assert!(told.contains("100 seconds ago") && told.contains("the 99 allowed"), "{told}");

    site.zms.with(|zms| zms.away = false);
    site.zms.fetches();
    poller.step().await.unwrap();
    assert_eq!(site.zms.fetches(), 0, "what is held is not fetched again");
}

#[tokio::test]
async fn age_and_failures_are_shown() {
    let site = Site::new(DocumentForm::Jws);
    let (mut poller, replica) = site.start();
    let metrics = Metrics::new();
    replica.register(&metrics);
    let shows = |lines: &[&str]| {
        let text = metrics.text();
        for line in lines {
            assert!(text.contains(&format!("\nathenz_{line}\n")), "{line} is not in\n{text}");
        }
    };
    shows(&["replica_domains 0.0", "replication_failures_total 0"]);
    assert!(!metrics.text().contains("athenz_replica_age_seconds "), "never told, so of no age");
    assert!(replica.too_old(i64::MAX).is_some(), "never told, so never good");

    site.zms.put("a", 2);
    site.zms.put("b", 3);
    site.zms.with(|zms| zms.broken.push("b".to_owned()));
    poller.step().await.unwrap();
    site.clock.advance_millis(2_500);
    shows(&["replica_age_seconds 2.5", "replica_domains 2.0", "replica_domains_owed 1.0"]);
    shows(&["replication_domain_failures_total 1", "replication_failures_total 0"]);
    site.zms.with(|zms| zms.away = true);
    site.clock.advance_seconds(60);
    assert!(poller.step().await.is_err());
    shows(&["replica_age_seconds 62.5", "replication_failures_total 1"]);
}

#[tokio::test]
async fn only_a_whole_look_confirms() {
    let site = Site::new(DocumentForm::Jws);
    let (mut poller, replica) = site.start();
    poller.step().await.unwrap();
    let confirmed = replica.fresh_at();
    for failing in ["/domain", "all"] {
        site.zms.with(|zms| zms.failing = vec![failing]);
        site.clock.advance_seconds(600);
        assert!(poller.step().await.is_err(), "{failing}");
        assert!(poller.step().await.is_err(), "{failing}: it stays due");
        assert_eq!(replica.fresh_at(), confirmed, "{failing}");
    }
    site.zms.with(|zms| zms.failing.clear());
    poller.step().await.unwrap();
    assert_eq!(replica.fresh_at(), Some(site.clock.now()));
}

#[tokio::test]
async fn a_domain_owed_for_long_confirms_nothing() {
    let site = Site::new(DocumentForm::Jws);
    site.zms.put("a", 2);
    site.zms.with(|zms| zms.broken.push("a".to_owned()));
    let (mut poller, replica) = site.start();
    poller.step().await.unwrap();
    site.clock.advance_seconds(900);
    poller.step().await.unwrap();
    let confirmed = site.clock.now();
    site.clock.advance_seconds(1);
    let refused = poller.step().await.unwrap_err();
    assert!(refused.to_string().contains("the domain a could not be taken"), "{refused}");
    assert_eq!(replica.fresh_at(), Some(confirmed));
    site.zms.with(|zms| zms.broken.clear());
    poller.step().await.unwrap();
    assert_eq!(replica.fresh_at(), Some(site.clock.now()));
}

#[tokio::test]
async fn an_older_state_is_owed_until_the_store_has_another_life() {
    let site = Site::new(DocumentForm::Jws);
    site.zms.put("a", 5);
    site.zms.put("b", 6);
    site.zms.with(|zms| zms.epoch = Some(7));
    let (mut poller, replica) = site.start();
    let metrics = Metrics::new();
    replica.register(&metrics);
    let owes = |count: &str| metrics.text().contains(&format!("\nathenz_replica_domains_owed {count}\n"));
    poller.step().await.unwrap();
    let held = |replica: &Replica| replica.index().domain("a").unwrap().modified().seconds();
    site.zms.put("a", 3);
    site.clock.advance_seconds(600);
    poller.step().await.unwrap();
    assert_eq!((held(&replica), owes("1.0")), (5, true), "what is older could be a replay");

    site.zms.with(|zms| zms.epoch = Some(8));
    poller.step().await.unwrap();
    assert_eq!((held(&replica), owes("0.0")), (3, true), "the store of ZMS was restored");
    site.zms.fetches();
    poller.step().await.unwrap();
    assert_eq!(site.zms.fetches(), 0);
    // a process that lags behind still tells of the old life, and takes nobody back
    for epoch in [7, 8] {
        site.zms.with(|zms| zms.epoch = Some(epoch));
        poller.step().await.unwrap();
        assert_eq!(site.zms.fetches(), 0, "epoch {epoch}");
    }
    drop(poller);

    // what was seen of another life is known after a restart
    site.zms.put("a", 2);
    site.zms.with(|zms| zms.epoch = Some(9));
    let (mut poller, replica) = site.start();
    assert_eq!(held(&replica), 3);
    poller.step().await.unwrap();
    assert_eq!(held(&replica), 2);
    drop(poller);
    site.zms.put("a", 1);
    let (mut poller, replica) = site.start();
    poller.step().await.unwrap();
    assert_eq!(held(&replica), 2, "of this life the newest");
}

#[tokio::test]
async fn what_is_on_disk_is_verified_again() {
    let site = Site::new(DocumentForm::Signed);
    site.zms.put("a", 2);
    let (mut poller, _) = site.start();
    poller.step().await.unwrap();
    let file = site.folder.path().join("a.json");
    let changed = std::fs::read_to_string(&file).unwrap().replace("user.bob", "user.eve");
    std::fs::write(&file, changed).unwrap();
    let (mut poller, replica) = site.start();
    assert_eq!(names(&replica), ["sys.auth"]);
    assert_eq!(replica.fresh_at(), None, "what was confirmed is no longer held");
    poller.step().await.unwrap();
    assert_eq!(names(&replica), ["a", "sys.auth"], "it is fetched anew");
}

#[tokio::test]
async fn a_list_of_names_without_the_system_domain_deletes_nothing() {
    let site = Site::new(DocumentForm::Jws);
    site.zms.put("a", 2);
    let (mut poller, replica) = site.start();
    poller.step().await.unwrap();
    site.zms.with(|zms| {
        zms.domains.remove("a");
        zms.domains.remove("sys.auth");
        zms.domains.insert(
            "z".to_owned(),
            json!({"name": "z", "modified": "1970-01-01T00:00:00.500Z", "roles": [], "services": []}),
        );
    });
    site.clock.advance_seconds(60);
    assert!(poller.step().await.is_err());
    assert_eq!(names(&replica).len(), 2, "a broken list is no reason to forget");
}

#[tokio::test]
async fn deleted_services_are_remembered_across_a_restart() {
    let site = Site::new(DocumentForm::Jws);
    let with = |second: i64, services: &[&str]| {
        let services: Vec<_> = services.iter().map(|name| json!({"name": format!("a.{name}")})).collect();
        let modified = Timestamp::from_seconds(second).to_string();
        let domain = json!({"name": "a", "modified": modified, "roles": [], "services": services});
        site.zms.with(|zms| zms.domains.insert("a".to_owned(), domain));
    };
    let gone = |replica: &Replica| {
        let index = replica.index();
        ["api", "web", "new"].map(|name| index.departed().contains(&format!("a.{name}")))
    };
    with(2, &["api", "web"]);
    let (mut poller, replica) = site.start();
    poller.step().await.unwrap();
    assert_eq!(gone(&replica), [false, false, false], "who never was is not gone");
    with(3, &["web"]);
    poller.step().await.unwrap();
    assert_eq!(gone(&replica), [true, false, false]);
    drop(poller);

    // it is told of nothing while it is down, and compares with what it held
    with(4, &["new"]);
    let (mut poller, replica) = site.start();
    assert_eq!(gone(&replica), [true, false, false]);
    poller.step().await.unwrap();
    assert_eq!(gone(&replica), [true, true, false]);
    site.zms.with(|zms| zms.domains.remove("a"));
    site.clock.advance_seconds(60);
    poller.step().await.unwrap();
    assert_eq!(gone(&replica), [true, true, true], "with the domain");
    with(70, &["api"]);
    poller.step().await.unwrap();
    let (_, restarted) = site.start();
    for replica in [replica, restarted] {
        assert_eq!(gone(&replica), [false, true, true], "one is made again");
    }
}
