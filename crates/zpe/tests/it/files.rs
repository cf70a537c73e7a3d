//! Policy files and key files on disk.

use std::path::Path;
use std::sync::Arc;

use athenz_crypto::keys::{Curve, PrivateKey, SignatureForm};
use athenz_model::Clock;
use athenz_zpe::core::{Question, Verify};
use athenz_zpe::sources::{KeyFileError, KeyRules, LoadError, LoadReport, PolicyDirectory, TrustedKeys};
use athenz_zpe::{Engine, EngineOptions, Status};
use serde_json::json;

use crate::signing::{KEY_ID, NOW, Row, Zts, document};

const SHOP: &[Row] = &[("reader", "read", "orders.*", "ALLOW")];

struct Fixture {
    zts: Zts,
    folder: tempfile::TempDir,
    directory: PolicyDirectory,
    engine: Engine<TrustedKeys>,
}

impl Fixture {
    fn new() -> Self {
        let zts = Zts::new();
        let folder = tempfile::tempdir().unwrap();
        let directory = PolicyDirectory::new(folder.path());
        let engine =
            Engine::new(zts.keys(), Arc::clone(&zts.clock) as Arc<dyn Clock>, EngineOptions::default());
        Self { zts, folder, directory, engine }
    }

    fn write(&self, name: &str, text: &str) {
        let beside = self.folder.path().join("beside.tmp");
        std::fs::write(&beside, text).unwrap();
        std::fs::rename(beside, self.folder.path().join(name)).unwrap();
    }

    fn reload(&self) -> LoadReport {
        self.directory.reload(&self.engine).unwrap()
    }

    fn status(&self, domain: &str) -> Status {
        self.engine.decide(domain, &["reader"], Question { action: "read", resource: "orders.1" }).status
    }
}

#[test]
fn files_of_both_forms_are_read_once_and_again_when_they_change() {
    let test = Fixture::new();
    test.write("shop.pol", &test.zts.classic_policies("shop", SHOP));
    test.write("store.pol", &test.zts.jws_policies("store", SHOP, SignatureForm::P1363));
    let report = test.reload();
    assert_eq!((report.loaded, report.failed.len()), (2, 0), "{report:?}");
    assert_eq!((test.status("shop"), test.status("store")), (Status::Allow, Status::Allow));
    assert_eq!(test.reload().unchanged, 2);

    test.write("shop.pol", &test.zts.classic_policies("shop", &[("reader", "read", "orders.*", "DENY")]));
    assert_eq!(test.reload().loaded, 1);
    assert_eq!(test.status("shop"), Status::Deny);

    std::fs::remove_file(test.folder.path().join("store.pol")).unwrap();
    test.reload();
    assert_eq!(test.status("store"), Status::DenyDomainNotFound);
}

#[test]
fn a_bad_file_keeps_what_was_held_and_hurts_nobody_else() {
    let test = Fixture::new();
    let good = test.zts.classic_policies("shop", SHOP);
    test.write("shop.pol", &good);
    test.reload();
    test.write("shop.pol", &good.replace("orders.*", "*"));
    test.write("store.pol", &test.zts.classic_policies("store", SHOP));
    let report = test.reload();
    assert_eq!((report.loaded, report.failed.len()), (1, 1), "{report:?}");
    assert_eq!((test.status("shop"), test.status("store")), (Status::Allow, Status::Allow));
}

#[test]
fn an_older_document_does_not_come_back() {
    let test = Fixture::new();
    let old = test.zts.classic_policies("shop", SHOP);
    let mut newer = document("shop", &[("reader", "read", "orders.*", "DENY")]);
    newer["modified"] = json!(NOW.plus_seconds(60).to_string());
    newer["expires"] = json!(NOW.plus_days(8).to_string());
    test.write("shop.pol", &test.zts.sign_document(&newer.to_string(), SignatureForm::P1363));
    test.reload();
    test.write("shop.pol", &old);
    assert!(matches!(test.reload().failed.as_slice(), [(_, LoadError::Older)]));
    assert_eq!(test.status("shop"), Status::Deny);
}

#[test]
fn only_regular_files_with_the_name_of_their_domain() {
    let test = Fixture::new();
    let shop = test.zts.classic_policies("shop", SHOP);
    test.write("store.pol", &shop);
    test.write("Shop.pol", &shop);
    test.write("shop.pol.tmp", &shop);
    test.write("..pol", &shop);
    std::fs::write(test.folder.path().join("target"), &shop).unwrap();
    std::os::unix::fs::symlink("target", test.folder.path().join("shop.pol")).unwrap();
    std::fs::create_dir(test.folder.path().join("dir.pol")).unwrap();
    let report = test.reload();
    let failed: Vec<_> =
        report.failed.iter().map(|(path, error)| (path.file_name().unwrap(), error)).collect();
    assert!(
        matches!(
            failed.as_slice(),
            [(_, LoadError::NotAFile), (_, LoadError::NotAFile), (_, LoadError::Policy(_)),]
        ),
        "{failed:?}"
    );
    assert_eq!((report.loaded, test.engine.policies().len()), (0, 0));
}

#[test]
fn files_are_verified_again_when_keys_change() {
    let test = Fixture::new();
    test.write("shop.pol", &test.zts.classic_policies("shop", SHOP));
    test.reload();
    test.engine.verifier().use_key_set(&Zts::new().key_set()).unwrap();
    let report = test.reload();
    assert!(matches!(report.failed.as_slice(), [(_, LoadError::Withdrawn(_))]), "{report:?}");
    assert_eq!(test.status("shop"), Status::DenyDomainNotFound, "its key was withdrawn");
    assert_eq!(test.reload().failed.len(), 1, "and stays so");
    test.engine.verifier().use_key_set(&test.zts.key_set()).unwrap();
    assert_eq!(test.reload().loaded, 1);
    assert_eq!(test.status("shop"), Status::Allow);
}

#[test]
fn keys_that_are_only_old_withdraw_nothing() {
    let test = Fixture::new();
    test.write("shop.pol", &test.zts.classic_policies("shop", SHOP));
    test.reload();
    test.zts.clock.advance_seconds(30 * 86_400 + 1);
    let report = test.reload();
    assert!(matches!(report.failed.as_slice(), [(_, LoadError::Policy(_))]), "{report:?}");
    assert_eq!(test.engine.policies().len(), 1);
}

#[test]
fn a_file_that_changed_with_the_keys_keeps_what_was_held() {
    let test = Fixture::new();
    test.write("shop.pol", &test.zts.classic_policies("shop", SHOP));
    test.reload();
    let other = Zts::new();
    test.write("shop.pol", &other.classic_policies("shop", SHOP));
    test.engine.verifier().use_key_set(&Zts::new().key_set()).unwrap();
    assert!(matches!(test.reload().failed.as_slice(), [(_, LoadError::Policy(_))]));
    assert_eq!(test.engine.policies().len(), 1);
}

fn keys_of(path: &Path) -> Result<TrustedKeys, KeyFileError> {
    TrustedKeys::new(Arc::clone(&Zts::new().clock) as Arc<dyn Clock>, KeyRules::default()).with_file(path)
}

#[test]
fn both_forms_of_athenz_conf_give_keys() {
    let zts = Zts::new();
    let zms = PrivateKey::generate_ec(Curve::P384).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("athenz.conf");
    let entry = |id: &str, key: &PrivateKey| json!({"id": id, "key": key.public_key().to_ybase64_pem()});
    let classic = json!({
        "zmsUrl": "https://zms/", "ztsUrl": "https://zts/", "zmsPublicKeys": [entry("zms.0", &zms)],
        "ztsPublicKeys": [{"id": "broken", "key": "x"}, {"key": "x"}, entry(KEY_ID, &zts.key)],
    });
    let sia = json!({
        "zms": {"keys": []}, "zts": {"keys": [{"kty": "odd"}, zts.key_set().jwks()[0].clone()]},
        "modified": NOW.to_string(),
    });
    let token = zts.role_token("shop", &["reader"]);
    let (signed, signature) = token.split_once(";s=").unwrap();
    let signature = athenz_crypto::ybase64::decode(signature).unwrap();
    for conf in [classic, sia] {
        std::fs::write(&path, conf.to_string()).unwrap();
        let keys = keys_of(&path).unwrap();
        let check = |id: &str| {
            let owner = athenz_zpe::core::KeyOwner::Zts;
            keys.verify(owner, id, athenz_zpe::core::Scheme::Athenz, signed.as_bytes(), &signature)
        };
        assert_eq!(check(KEY_ID), Ok(()), "{conf}");
        assert!(check("zms.0").is_err(), "a key of ZMS signs nothing of ZTS");
    }
    for text in ["", "{}", "[]", r#"{"ztsPublicKeys":[]}"#] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(keys_of(&path), Err(KeyFileError::NoKeys { .. })), "{text}");
    }
    assert!(matches!(keys_of(&folder.path().join("absent")), Err(KeyFileError::Unreadable { .. })));
}
