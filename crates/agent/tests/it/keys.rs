//! How often the key set of ZTS is fetched, and how long it is believed.

use std::sync::Arc;

use athenz_agent::policies::write_key_file;
use athenz_model::Clock;
use athenz_zpe::core::{KeyOwner, Scheme, Verify, VerifyError};
use athenz_zpe::sources::{KeyRules, TrustedKeys};

use crate::zts::Zts;

const PATH: &str = "/oauth2/keys";

fn keys(zts: &Zts) -> TrustedKeys {
    let clock = Arc::clone(&zts.clock) as Arc<dyn Clock>;
    TrustedKeys::new(clock, KeyRules::default()).with_server(zts.client.clone())
}

/// Whether the key is known; the signature itself never fits.
fn knows(keys: &TrustedKeys, id: &str) -> bool {
    keys.verify(KeyOwner::Zts, id, Scheme::Athenz, b"data", b"signature") != Err(VerifyError::UnknownKey)
}

#[tokio::test]
async fn a_storm_of_unknown_keys_is_one_fetch_a_minute() {
    let zts = Zts::start().await;
    zts.answer(PATH, 200, &zts.key_set(), "");
    let keys = keys(&zts);
    let fetched = async || {
        let before = zts.requests().len();
        keys.refresh().await.unwrap();
        zts.requests().len() - before
    };
    // one for each server
    assert_eq!(fetched().await, 2);
    assert!(knows(&keys, "zts_0"));
    assert_eq!(fetched().await, 0);
    for number in 0..100_000 {
        assert!(!knows(&keys, &format!("unknown{number}")));
        if number % 1000 == 0 {
            assert_eq!(fetched().await, 0, "{number}");
        }
    }
    zts.clock.advance_seconds(60);
    assert_eq!(fetched().await, 2, "an unknown key was seen");
    zts.clock.advance_seconds(60);
    assert_eq!(fetched().await, 0, "none since");
    zts.clock.advance_seconds(3600);
    assert_eq!(fetched().await, 2, "its time had come");
}

#[tokio::test]
async fn keys_outlive_an_outage_but_not_for_ever() {
    let zts = Zts::start().await;
    zts.answer(PATH, 200, &zts.key_set(), "");
    let keys = keys(&zts);
    keys.refresh().await.unwrap();
    zts.answer(PATH, 503, "", "");
    zts.clock.advance_seconds(86_400);
    assert!(keys.refresh().await.is_err());
    assert!(knows(&keys, "zts_0"));
    zts.clock.advance_seconds(1);
    assert!(!knows(&keys, "zts_0"), "a day without ZTS");
}

#[tokio::test]
async fn the_key_file_is_enough_without_zts() {
    let zts = Zts::start().await;
    zts.answer(PATH, 200, &zts.key_set(), "");
    let folder = tempfile::tempdir().unwrap();
    let path = write_key_file(&zts.client, folder.path(), &*zts.clock).await.unwrap();
    let clock = Arc::clone(&zts.clock) as Arc<dyn Clock>;
    let keys = TrustedKeys::new(clock, KeyRules::default()).with_file(&path).unwrap();
    assert!(knows(&keys, "zts_0"));
}
