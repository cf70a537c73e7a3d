//! Certificates are written when they are what was asked for, and only then.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use athenz_agent::identity::{
    AgentError, Attestation, IdentityAgent, IdentityPaths, Instance, InstanceState, Rotation, SpiffeForm,
};
use athenz_crypto::keys::{Curve, PrivateKey};
use athenz_crypto::ntoken::{UnverifiedPrincipalToken, VerifyRules};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::x509::{Certificate, UnverifiedCsr};
use athenz_model::names::{DomainName, SimpleName};
use serde_json::json;

use crate::zts::{NOW, Zts, requested_key};

const REFRESH: &str = "/instance/sys.auth.zts/shop.stock/web/i1";

fn instance() -> Instance {
    Instance {
        domain: DomainName::parse("shop.stock").unwrap(),
        service: SimpleName::parse("web").unwrap(),
        provider: "sys.auth.zts".to_owned(),
        id: "i1".to_owned(),
        dns_suffix: Some("zts.athenz.cloud".to_owned()),
        spiffe: SpiffeForm::Basic,
        organization: None,
        organizational_unit: None,
        expiry_minutes: Some(60),
    }
}

fn paths(folder: &Path) -> IdentityPaths {
    IdentityPaths::in_folder(folder, &instance().domain, &instance().service)
}

fn agent(zts: &Zts) -> IdentityAgent<'_> {
    IdentityAgent { zts: &zts.client, clock: &*zts.clock, random: &SystemRandom }
}

fn service_token() -> Attestation {
    Attestation::ServiceToken { key_id: "v0".to_owned() }
}

fn put_key(path: &Path) -> PrivateKey {
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    fs::write(path, key.to_pkcs8_pem().unwrap().as_bytes()).unwrap();
    key
}

fn answer_with(zts: &Zts, path: &str, certificate: &str) {
    let body = json!({
        "provider": "sys.auth.zts", "name": "shop.stock.web", "instanceId": "i1", "x509Certificate": certificate,
        "x509CertificateSigner": zts.authority.certificate().to_pem(),
    });
    zts.answer(path, 201, &body.to_string(), "");
}

#[test]
fn the_request_has_the_names_of_the_instance() {
    let key = PrivateKey::generate_ec(Curve::P256).unwrap();
    let csr =
        UnverifiedCsr::parse_pem(&instance().certificate_request(&key).unwrap()).unwrap().verify().unwrap();
    assert_eq!(csr.common_name(), Some("shop.stock.web"));
    assert_eq!(csr.alt_names().dns_names().collect::<Vec<_>>(), ["web.shop-stock.zts.athenz.cloud"]);
    let uris: Vec<_> = csr.alt_names().uris().collect();
    assert_eq!(uris, ["spiffe://shop.stock/sa/web", "athenz://instanceid/sys.auth.zts/i1"]);
}

#[tokio::test]
async fn a_service_registers_with_its_own_key() {
    let (zts, folder) = (Zts::start().await, tempfile::tempdir().unwrap());
    let paths = paths(folder.path());
    let error = agent(&zts).register(&instance(), &service_token(), &paths).await.unwrap_err();
    assert!(matches!(error, AgentError::NoKey { .. }), "{error}");

    let key = put_key(&paths.key);
    answer_with(&zts, "/instance", &zts.certificate("shop.stock.web", key.public_key()));
    agent(&zts).register(&instance(), &service_token(), &paths).await.unwrap();
    let request = &zts.requests()[0];
    assert_eq!(requested_key(request), *key.public_key());
    assert_eq!((&request["provider"], &request["expiryTime"]), (&json!("sys.auth.zts"), &json!(60)));
    let token = UnverifiedPrincipalToken::parse(request["attestationData"].as_str().unwrap()).unwrap();
    let token =
        token.verify(NOW, &VerifyRules::default(), |_, id| (id == "v0").then(|| key.public_key().clone()));
    assert_eq!(token.unwrap().full_name(), "shop.stock.web");

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&paths.certificate), 0o644);
    assert_eq!(mode(&paths.state()), 0o600);
    assert!(fs::read_to_string(paths.authorities.as_ref().unwrap()).unwrap().contains("CERTIFICATE"));
    let state = InstanceState::read(&paths.state()).unwrap().unwrap();
    assert_eq!((state.id.as_str(), state.key_id.as_deref()), ("i1", Some("v0")));
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_not_written() {
    let (zts, folder) = (Zts::start().await, tempfile::tempdir().unwrap());
    let paths = paths(folder.path());
    let key = put_key(&paths.key);
    let other = PrivateKey::generate_ec(Curve::P256).unwrap();
    for certificate in [
        zts.certificate("shop.stock.web", other.public_key()),
        zts.certificate("shop.stock.api", key.public_key()),
        "nonsense".to_owned(),
    ] {
        answer_with(&zts, "/instance", &certificate);
        assert!(agent(&zts).register(&instance(), &service_token(), &paths).await.is_err());
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["shop.stock.web.key.pem"], "nothing but the key that was there");
    }
}

#[tokio::test]
async fn a_refresh_changes_the_certificate_and_keeps_a_registered_key() {
    let (zts, folder) = (Zts::start().await, tempfile::tempdir().unwrap());
    let paths = paths(folder.path());
    let key = put_key(&paths.key);
    fs::write(&paths.certificate, "old").unwrap();
    answer_with(&zts, REFRESH, &zts.certificate("shop.stock.web", key.public_key()));
    agent(&zts).refresh(&instance(), &service_token(), Rotation::KeepKey, &paths).await.unwrap();
    let text = fs::read_to_string(&paths.certificate).unwrap();
    assert_eq!(Certificate::from_pem(&text).unwrap().spki_der(), key.public_key().to_spki_der());

    // a refusal leaves everything as it is
    zts.answer(REFRESH, 403, r#"{"code":403,"message":"revoked"}"#, "");
    let data = Attestation::Data("token".to_owned());
    let error = agent(&zts).refresh(&instance(), &data, Rotation::NewKey, &paths).await.unwrap_err();
    assert!(error.to_string().contains("revoked"), "{error}");
    assert_eq!(fs::read_to_string(&paths.certificate).unwrap(), text);
    let request = zts.requests().pop().unwrap();
    assert_ne!(requested_key(&request), *key.public_key(), "a new key was asked for");
    let held = PrivateKey::from_pem(&fs::read_to_string(&paths.key).unwrap()).unwrap();
    assert_eq!(held.public_key(), key.public_key());
}
