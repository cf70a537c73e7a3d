//! Whatever comes in, no parser panics, and what is changed is not accepted.

use athenz_crypto::PrivateKey;
use athenz_crypto::jose::{JwkSet, ProtectedHeader, UnverifiedJws, sign_compact};
use athenz_crypto::ntoken::{NewPrincipalToken, UnverifiedPrincipalToken, VerifyRules};
use athenz_crypto::random::{FixedRandom, SystemRandom};
use athenz_crypto::role_token::UnverifiedRoleToken;
use athenz_crypto::x509::{Certificate, CsrBuilder, UnverifiedCsr};
use athenz_crypto::{Algorithm, PublicKey, pem};
use proptest::prelude::*;
use std::sync::LazyLock;

use crate::support::{NOW, athenz, authority_of, leaf, p256};

static KEY: LazyLock<PrivateKey> = LazyLock::new(p256);
static CSR: LazyLock<Vec<u8>> = LazyLock::new(|| {
    CsrBuilder::new(athenz("a.b")).dns("b.a.x").uri("spiffe://a/sa/b").sign_der(&KEY).unwrap()
});
static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    authority_of(p256(), "CA").issue(&leaf("a.b", &KEY), &SystemRandom).unwrap().der().to_vec()
});
static JWT: LazyLock<String> = LazyLock::new(|| {
    let header = ProtectedHeader::new("k", Some("at+jwt"), Algorithm::Es256);
    sign_compact(&KEY, &header, &serde_json::json!({"aud": "sports", "exp": 1_800_000_000})).unwrap()
});
static NTOKEN: LazyLock<String> = LazyLock::new(|| {
    NewPrincipalToken::service("sports", "api", "0", NOW, 60, &FixedRandom::new(1)).sign(&KEY).unwrap()
});

/// One byte replaced, removed or added.
fn changed(original: &[u8], at: prop::sample::Index, byte: u8, how: u8) -> Vec<u8> {
    let mut bytes = original.to_vec();
    let at = at.index(bytes.len());
    match how {
        0 => bytes[at] = byte,
        1 => drop(bytes.remove(at)),
        _ => bytes.insert(at, byte),
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parsers_survive_anything(bytes in prop::collection::vec(any::<u8>(), 0..400), text in "\\PC{0,200}") {
        let _ = Certificate::from_der(&bytes);
        let _ = PublicKey::from_spki_der(&bytes);
        let _ = PublicKey::from_pkcs1_der(&bytes);
        let _ = PrivateKey::from_pkcs8_der(&bytes);
        let _ = UnverifiedCsr::from_der(&bytes).and_then(|csr| csr.verify());
        let _ = JwkSet::parse(&bytes);
        let _ = pem::read(&text);
        prop_assert!(UnverifiedJws::parse(&text).is_err());
        prop_assert!(UnverifiedPrincipalToken::parse(&text).is_err());
        prop_assert!(UnverifiedRoleToken::parse(&text).is_err());
    }

    #[test]
    fn changed_requests_are_refused(at: prop::sample::Index, byte: u8, how in 0..3_u8) {
        let bytes = changed(&CSR, at, byte, how);
        let accepted = UnverifiedCsr::from_der(&bytes).and_then(|csr| csr.verify()).is_ok();
        prop_assert_eq!(accepted, bytes == *CSR);
    }

    #[test]
    fn changed_certificates_do_not_panic(at: prop::sample::Index, byte: u8, how in 0..3_u8) {
        if let Ok(certificate) = Certificate::from_der(&changed(&CERTIFICATE, at, byte, how)) {
            let _ = (certificate.subject().text(), certificate.public_key(), certificate.serial_decimal());
            let _ = certificate.verify_signature(KEY.public_key());
        }
    }

    #[test]
    fn changed_tokens_are_refused(at: prop::sample::Index, byte in 0..128_u8, how in 0..3_u8) {
        let text = String::from_utf8(changed(JWT.as_bytes(), at, byte, how)).unwrap();
        let accepted = UnverifiedJws::parse(&text).and_then(|jws| jws.verify(KEY.public_key())).is_ok();
        prop_assert_eq!(accepted, text == *JWT);

        let text = String::from_utf8(changed(NTOKEN.as_bytes(), at, byte, how)).unwrap();
        let verified = UnverifiedPrincipalToken::parse(&text)
            .and_then(|token| token.verify(NOW, &VerifyRules::default(), |_, _| Some(KEY.public_key())));
        prop_assert_eq!(verified.is_ok(), text == *NTOKEN);
    }
}
