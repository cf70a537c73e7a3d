//! What stands for something else in a request.

use athenz_conformance::{Json, KeyKind, Mint, Scope, Style, TestAuthority, TestKey, Values};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::DecodePublicKey;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

use crate::mock::{Stage, now, public_key_of_request};

fn expanded(stage: &Stage, scope: &mut Scope, value: &str) -> Result<Json, String> {
    let value = Json::parse(value.as_bytes()).unwrap();
    Values { authority: &stage.authority, clock: stage.clock.as_ref(), scope }
        .expand(&value)
        .map_err(|error| error.to_string())
}

fn text(stage: &Stage, value: &str) -> String {
    expanded(stage, &mut Scope::default(), value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn names_and_functions_are_filled_in() {
    let stage = Stage::new();
    let mut scope = Scope::default();
    scope.set("tag", "abc".into());
    scope.set("id", 7.into());
    for (value, expected) in [
        (r#""x ${tag} ${id}""#, r#""x abc 7""#),
        (r#""${id}""#, "7"),
        (r#"{"a": ["${tag}", true, 1.5]}"#, r#"{"a": ["abc", true, 1.5]}"#),
        (r#""a ${ b""#, r#""a ${ b""#),
        (r#""${now+1d}""#, r#""2027-01-16T08:00:00.000Z""#),
        (r#""${sec:now-1h}""#, r#""2027-01-15T07:00:00Z""#),
        (r#""${zone:now}""#, r#""2027-01-15T10:00:00.000+02:00""#),
        (r#""${epoch:now+5m}""#, "1800000300"),
        (r#"{"$repeat": {"text": "ab", "times": 3}}"#, r#""ababab""#),
        (r#"{"$list": {"count": 2, "item": {"n": "m{i}"}}}"#, r#"[{"n": "m0"}, {"n": "m1"}]"#),
        (r#"{"$json": {"b": "${tag}", "a": [1, 2]}}"#, r#""{\"b\":\"abc\",\"a\":[1,2]}""#),
        (r#"{"$base64": "${tag}"}"#, r#""YWJj""#),
        (r#"{"$unknown": "${tag}"}"#, r#"{"$unknown": "abc"}"#),
        (
            r#"{"$repeat": {"text": "x", "times": 2}, "more": 1}"#,
            r#"{"$repeat": {"text": "x", "times": 2}, "more": 1}"#,
        ),
    ] {
        let found = expanded(&stage, &mut scope, value).unwrap().write(Style::Spaced);
        assert_eq!(found, expected, "{value}");
    }
}

#[test]
fn what_cannot_be_filled_in_says_why() {
    let stage = Stage::new();
    for (value, expected) in [
        (r#""${nothing}""#, "no value named \"nothing\""),
        (r#""${now+3w}""#, "not a moment: \"now+3w\""),
        (r#"{"$repeat": {"text": "x"}}"#, "$repeat needs times"),
        (r#"{"$csr": {"cn": "x"}}"#, "$csr needs key"),
        (r#"{"$pkcs7": {"key": "k", "text": "t"}}"#, "$pkcs7 needs an RSA key"),
        (r#"{"$jwt": {"key": "k-p384", "claims": {}}}"#, "key: a P-384 key signs no ES256 token"),
    ] {
        assert_eq!(expanded(&stage, &mut Scope::default(), value).unwrap_err(), expected);
    }
}

#[test]
fn a_uuid_is_new_each_time() {
    let stage = Stage::new();
    let (one, other) = (text(&stage, r#""${uuid}""#), text(&stage, r#""${uuid}""#));
    assert_ne!(one, other);
    let groups: Vec<_> = one.split('-').collect();
    assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    assert!(groups[2].starts_with('4'), "{one} is not of version 4");
}

#[test]
fn a_request_for_a_certificate_is_signed_by_its_key() {
    let stage = Stage::new();
    let pem = text(
        &stage,
        r#"{"$csr": {"key": "k", "cn": "a.b", "san": "dns=x.y;uri=spiffe://z;ip=10.0.0.1", "ou": "U"}}"#,
    );
    let (request, key) = public_key_of_request(&pem);
    assert_eq!(request.info.subject.to_string(), "CN=a.b,OU=U,O=Athenz,C=US");
    assert_eq!(request.info.attributes.len(), 1);
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(&key).unwrap();
    let signature = p256::ecdsa::Signature::from_der(request.signature.as_bytes().unwrap()).unwrap();
    key.verify(&request.info.to_der().unwrap(), &signature).unwrap();

    let bare = text(&stage, r#"{"$csr": {"key": "k", "o": ""}}"#);
    let (request, _) = public_key_of_request(&bare);
    assert_eq!((request.info.subject.to_string(), request.info.attributes.len()), ("C=US".to_owned(), 0));
}

#[test]
fn a_service_token_is_signed_once_or_twice() {
    let stage = Stage::new();
    let token = text(
        &stage,
        r#"{"$ntoken": {"domain": "d", "name": "n", "key": "k", "age": 60, "extra": {"k": "7", "b": "s.x"},
            "by": {"key": "k2", "keyid": "1", "name": "x"}}}"#,
    );
    let (signed, signature) = token.split_once(";s=").unwrap();
    assert_eq!(signed, "v=S1;d=d;n=n;h=localhost;a=9f2a3c;t=1799999940;e=1800003540;k=7;b=s.x");
    let (signature, _) = signature.split_once(";bk=1;bn=x;bs=").unwrap();
    let signature = signature.replace('.', "+").replace('_', "/").replace('-', "=");
    let signature = p256::ecdsa::Signature::from_der(&STANDARD.decode(signature).unwrap()).unwrap();
    verifying_key(&stage.authority, "k").verify(signed.as_bytes(), &signature).unwrap();
}

#[test]
fn a_jwt_is_signed_spoiled_or_bare() {
    let stage = Stage::new();
    let good = text(&stage, r#"{"$jwt": {"key": "k", "header": {"kid": "0"}, "claims": {"iss": "x"}}}"#);
    let spoiled = text(&stage, r#"{"$jwt": {"key": "k", "spoil": true, "claims": {"iss": "x"}}}"#);
    let bare = text(&stage, r#"{"$jwt": {"key": "k", "header": {"alg": "none"}, "claims": {}}}"#);
    let key = verifying_key(&stage.authority, "k");
    for (token, valid) in [(&good, true), (&spoiled, false)] {
        let (body, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verified = p256::ecdsa::Signature::from_slice(&signature)
            .is_ok_and(|signature| key.verify(body.as_bytes(), &signature).is_ok());
        assert_eq!(verified, valid);
    }
    assert!(bare.ends_with('.'));
    let header = URL_SAFE_NO_PAD.decode(good.split('.').next().unwrap()).unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), r#"{"alg": "ES256", "typ": "JWT", "kid": "0"}"#);
}

#[test]
fn a_detached_signature_is_a_signed_document_without_content() {
    let stage = Stage::new();
    let signature = text(&stage, r#"{"$pkcs7": {"key": "doc-rsa1024", "text": "hello"}}"#);
    let der = STANDARD.decode(signature).unwrap();
    let signed_data = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    assert!(der.windows(signed_data.len()).any(|window| window == signed_data));
}

#[test]
fn client_certificates_name_their_principal() {
    let stage = Stage::new();
    for (principal, names) in
        [("user.alice", None), ("plain", None), ("a.b.api", Some("api.a-b.athenz.cloud"))]
    {
        let client = stage.authority.client(principal).unwrap();
        assert_eq!(client, stage.authority.client(principal).unwrap(), "it is kept");
        let certificate = Certificate::from_pem(&client.chain_pem).unwrap();
        let body = &certificate.tbs_certificate;
        assert_eq!(body.subject.to_string(), format!("CN={principal},O=Athenz,C=US"));
        let from = i64::try_from(body.validity.not_before.to_unix_duration().as_secs()).unwrap();
        assert_eq!(from, now(&stage).plus_minutes(-60).seconds());
        let text = String::from_utf8_lossy(&certificate.to_der().unwrap()).into_owned();
        assert_eq!(names.is_some_and(|name| text.contains(name)), names.is_some());
        let authority = Certificate::from_pem(stage.authority.certificate_pem()).unwrap();
        assert_eq!(body.issuer, authority.tbs_certificate.subject);
        TestKey::from_pem(&client.key_pem).unwrap();
    }
    let shape = Mint { cn: "r".to_owned(), san: "uri=u:v".to_owned(), ou: Some("Athenz:x".to_owned()) };
    let minted = Certificate::from_pem(stage.authority.mint(&shape).unwrap().chain_pem).unwrap();
    assert_eq!(minted.tbs_certificate.subject.to_string(), "CN=r,OU=Athenz:x,O=Athenz,C=US");
    let odd = Mint { san: "host=x".to_owned(), ..shape };
    assert!(stage.authority.mint(&odd).is_err());
}

#[test]
fn an_authority_is_read_from_its_files() {
    let stage = Stage::new();
    let (certificate, key) = (stage.authority.certificate_pem(), stage.authority.key_pem().unwrap());
    let again = TestAuthority::from_pem(certificate, &key, stage.clock.clone()).unwrap();
    let client = Certificate::from_pem(again.client("user.a").unwrap().chain_pem).unwrap();
    let authority = Certificate::from_pem(certificate).unwrap();
    assert_eq!(client.tbs_certificate.issuer, authority.tbs_certificate.subject);
    let public = authority.tbs_certificate.subject_public_key_info.to_der().unwrap();
    let verifier = p256::ecdsa::VerifyingKey::from_public_key_der(&public).unwrap();
    let signature = p256::ecdsa::Signature::from_der(client.signature.as_bytes().unwrap()).unwrap();
    verifier.verify(&client.tbs_certificate.to_der().unwrap(), &signature).unwrap();
    assert!(TestAuthority::from_pem(certificate, "no key", stage.clock.clone()).is_err());
}

#[test]
fn weak_and_odd_keys_can_be_had() {
    let stage = Stage::new();
    for name in ["w-rsa1024", "o-p384"] {
        let pem = text(&stage, &format!(r#"{{"$csr": {{"key": "{name}", "cn": "a"}}}}"#));
        let (request, key) = public_key_of_request(&pem);
        let expected = if KeyKind::of_name(name) == KeyKind::P384 { 120 } else { 162 };
        assert_eq!(key.len(), expected, "{name}");
        assert_eq!(request.info.subject.to_string(), "CN=a,O=Athenz,C=US");
    }
}

fn verifying_key(authority: &TestAuthority, name: &str) -> p256::ecdsa::VerifyingKey {
    let pem = authority.key(name).unwrap().public_pem().unwrap();
    p256::ecdsa::VerifyingKey::from_public_key_pem(&pem).unwrap()
}
