//! Policies are written when they verify, and only then.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use athenz_agent::policies::{PolicyFetch, PolicyFetchError, PolicyForm, PolicyOptions, fetch};
use athenz_model::names::DomainName;

use crate::zts::{NOW, Zts};

const PATH: &str = "/domain/shop/policy/signed";

struct Fixture {
    zts: Zts,
    folder: tempfile::TempDir,
    domain: DomainName,
}

impl Fixture {
    async fn new() -> Self {
        let (zts, folder) = (Zts::start().await, tempfile::tempdir().unwrap());
        Self { zts, folder, domain: DomainName::parse("shop").unwrap() }
    }

    async fn fetch(&self, force: bool) -> Result<PolicyFetch, PolicyFetchError> {
        let options = PolicyOptions { force, ..PolicyOptions::new(self.folder.path()) };
        let keys = self.zts.keys();
        fetch(&self.zts.client, &self.domain, &options, &keys, &*self.zts.clock).await
    }

    fn file(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("shop.pol")).ok()
    }
}

#[tokio::test]
async fn a_file_is_written_once_and_again_before_it_ends() {
    let test = Fixture::new().await;
    let text = test.zts.policies("shop", NOW, NOW.plus_days(7));
    test.zts.answer(PATH, 200, &text, &format!("\"{NOW}\""));
    assert!(matches!(test.fetch(false).await.unwrap(), PolicyFetch::Written { .. }));
    assert_eq!(test.file().as_deref(), Some(text.as_str()), "byte for byte what was verified");
    let mode = fs::metadata(test.folder.path().join("shop.pol")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(test.fetch(false).await.unwrap(), PolicyFetch::Unchanged);
    assert!(matches!(test.fetch(true).await.unwrap(), PolicyFetch::Written { .. }));
    test.zts.clock.advance_seconds(5 * 86_400 + 1);
    assert!(
        matches!(test.fetch(false).await.unwrap(), PolicyFetch::Written { .. }),
        "two days before its end"
    );
}

#[tokio::test]
async fn only_what_is_asked_for_counts_as_held() {
    let test = Fixture::new().await;
    let text = test.zts.policies("shop", NOW, NOW.plus_days(7));
    test.zts.answer(PATH, 200, &text, &format!("\"{NOW}\""));
    test.zts.answer("/domain/shop/signed_policy_data", 200, "{}", &format!("\"{NOW}\""));
    test.fetch(false).await.unwrap();
    let plain = PolicyOptions::new(test.folder.path());
    let classic = PolicyOptions { form: PolicyForm::Classic, ..plain.clone() };
    let versions = [("p".to_owned(), "1".to_owned())].into();
    let versions = PolicyOptions { versions, ..plain.clone() };
    for (case, options, unchanged) in
        [("the same", plain, true), ("another form", classic, false), ("versions", versions, false)]
    {
        let keys = test.zts.keys();
        let fetched = fetch(&test.zts.client, &test.domain, &options, &keys, &*test.zts.clock).await;
        assert_eq!(matches!(fetched, Ok(PolicyFetch::Unchanged)), unchanged, "{case}: {fetched:?}");
    }

    let other = serde_json::json!({
        "policyData": {"domain": "shop", "policies": [
            {"name": "shop:policy.p", "version": "1", "active": false, "assertions": []}
        ]},
        "modified": NOW.to_string(), "expires": NOW.plus_days(7).to_string(),
    });
    fs::write(test.folder.path().join("shop.pol"), test.zts.sign(&other)).unwrap();
    assert!(matches!(test.fetch(false).await.unwrap(), PolicyFetch::Written { .. }), "another version");
    assert_eq!(test.file().as_deref(), Some(text.as_str()));
}

#[tokio::test]
async fn what_does_not_verify_leaves_the_file_as_it_was() {
    let test = Fixture::new().await;
    let good = test.zts.policies("shop", NOW, NOW.plus_days(7));
    test.zts.answer(PATH, 200, &good, "\"1\"");
    test.fetch(false).await.unwrap();
    let other = Zts::start().await;
    for (case, text) in [
        ("of another server", other.policies("shop", NOW.plus_seconds(1), NOW.plus_days(8))),
        ("of another domain", test.zts.policies("store", NOW.plus_seconds(1), NOW.plus_days(8))),
        ("over already", test.zts.policies("shop", NOW.plus_seconds(1), NOW.plus_seconds(-1))),
        ("older", test.zts.policies("shop", NOW.plus_seconds(-1), NOW.plus_days(8))),
        ("nonsense", "{}".to_owned()),
    ] {
        test.zts.answer(PATH, 200, &text, "\"2\"");
        assert!(test.fetch(false).await.is_err(), "{case}");
        assert_eq!(test.file().as_deref(), Some(good.as_str()), "{case}");
    }
    test.zts.answer(PATH, 500, "", "\"3\"");
    assert!(test.fetch(false).await.is_err());
    assert_eq!(test.file().as_deref(), Some(good.as_str()));
}

#[tokio::test]
async fn a_damaged_file_is_repaired() {
    let test = Fixture::new().await;
    let good = test.zts.policies("shop", NOW, NOW.plus_days(7));
    test.zts.answer(PATH, 200, &good, &format!("\"{NOW}\""));
    test.fetch(false).await.unwrap();
    for damaged in [good.replacen("eyJ", "eyK", 1), String::new(), "{".to_owned()] {
        fs::write(test.folder.path().join("shop.pol"), damaged).unwrap();
        assert!(matches!(test.fetch(false).await.unwrap(), PolicyFetch::Written { .. }));
        assert_eq!(test.file().as_deref(), Some(good.as_str()));
    }
}
