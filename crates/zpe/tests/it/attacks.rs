//! Tokens and policies that must not be believed.

use athenz_crypto::jose::{ProtectedHeader, sign_compact};
use athenz_crypto::keys::{Algorithm, Curve, PrivateKey, SignatureForm};
use athenz_model::names::Grammar;
use athenz_zpe::core::{
    BindingRules, Credential, PeerCertificate, PolicyError, Question, Staleness, TokenError, TokenRules,
    UnverifiedPolicies, VerifyError,
};
use athenz_zpe::sources::TrustedKeys;
use athenz_zpe::{Engine, EngineOptions, Status};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::signing::{KEY_ID, NOW, Row, Zts, document};

const SHOP: &[Row] = &[("reader", "read", "orders.*", "ALLOW"), ("reader", "read", "orders.secret*", "DENY")];
const READ: Question<'static> = Question { action: "read", resource: "shop:orders.17" };

fn engine(zts: &Zts) -> Engine<TrustedKeys> {
    zts.engine(&[("shop", SHOP)], EngineOptions::default())
}

fn claims(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> Value {
    let mut claims = json!({
        "iss": "zts", "aud": "shop", "scp": ["reader"], "sub": "shop.web", "client_id": "shop.web",
        "iat": NOW.seconds(), "exp": NOW.seconds() + 3600,
    });
    change(claims.as_object_mut().unwrap());
    claims
}

#[test]
fn the_good_token_passes() {
    let zts = Zts::new();
    let answer = engine(&zts).check(Credential::token(&zts.access_token_of(claims(|_| {}))), READ);
    assert!(answer.is_allowed(), "{answer:?}");
}

#[test]
fn claims_that_fail_closed() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let now = NOW.seconds();
    for (case, claims, status) in [
        ("no exp", claims(|c| drop(c.remove("exp"))), Status::DenyRoleTokenInvalid),
        (
            "exp as text",
            claims(|c| drop(c.insert("exp".into(), json!("1900000000")))),
            Status::DenyRoleTokenInvalid,
        ),
        (
            "exp as fraction",
            claims(|c| drop(c.insert("exp".into(), json!(1.9e9)))),
            Status::DenyRoleTokenInvalid,
        ),
        ("expired", claims(|c| drop(c.insert("exp".into(), json!(now - 1)))), Status::DenyRoleTokenExpired),
        ("long expired", claims(|c| drop(c.insert("exp".into(), json!(1)))), Status::DenyRoleTokenExpired),
        ("negative exp", claims(|c| drop(c.insert("exp".into(), json!(-1)))), Status::DenyRoleTokenExpired),
        (
            "iat ahead",
            claims(|c| drop(c.insert("iat".into(), json!(now + 61)))),
            Status::DenyRoleTokenInvalid,
        ),
        (
            "nbf ahead",
            claims(|c| drop(c.insert("nbf".into(), json!(now + 61)))),
            Status::DenyRoleTokenInvalid,
        ),
        ("no aud", claims(|c| drop(c.remove("aud"))), Status::DenyRoleTokenInvalid),
        ("empty aud", claims(|c| drop(c.insert("aud".into(), json!([])))), Status::DenyRoleTokenInvalid),
        ("no scp, as an ID token", claims(|c| drop(c.remove("scp"))), Status::DenyRoleTokenInvalid),
        ("empty scp", claims(|c| drop(c.insert("scp".into(), json!([])))), Status::DenyRoleTokenInvalid),
        (
            "scp as text",
            claims(|c| drop(c.insert("scp".into(), json!("reader")))),
            Status::DenyRoleTokenInvalid,
        ),
        (
            "another domain",
            claims(|c| drop(c.insert("aud".into(), json!("other")))),
            Status::DenyDomainMismatch,
        ),
    ] {
        let answer = engine.check(Credential::token(&zts.access_token_of(claims)), READ);
        assert_eq!(answer.status, status, "{case}: {answer:?}");
    }
}

#[test]
fn headers_that_are_refused() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let good = zts.access_token_of(claims(|_| {}));
    let (_, rest) = good.split_once('.').unwrap();
    let payload = rest.split_once('.').unwrap().0;
    let with_header =
        |header: &str, signature: &str| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
    for algorithm in
        ["none", "None", "nOnE", "", "HS256", "HS512", "PS256", "EdDSA", "RS256", "ES384", "es256"]
    {
        let header = json!({"alg": algorithm, "kid": KEY_ID, "typ": "at+jwt"}).to_string();
        for signature in ["", "AAAA"] {
            let answer = engine.check(Credential::token(&with_header(&header, signature)), READ);
            assert_eq!(answer.status, Status::DenyRoleTokenInvalid, "{algorithm}");
        }
    }
    let own = PrivateKey::generate_ec(Curve::P256).unwrap();
    for kid in [KEY_ID, "other", "../../etc/passwd", "", "a\u{0}b"] {
        let header = ProtectedHeader::new(kid, Some("at+jwt"), Algorithm::Es256);
        let token = sign_compact(&own, &header, &claims(|_| {})).unwrap();
        assert_eq!(
            engine.check(Credential::token(&token), READ).status,
            Status::DenyRoleTokenInvalid,
            "{kid}"
        );
    }
    for typ in ["oauth-id-jag+jwt", "id+jwt", "x"] {
        let header = ProtectedHeader::new(KEY_ID, Some(typ), Algorithm::Es256);
        let token = sign_compact(&zts.key, &header, &claims(|_| {})).unwrap();
        assert_eq!(engine.admit(&token).unwrap_err(), TokenError::OtherType, "{typ}");
    }
}

#[test]
fn texts_that_are_no_tokens() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let good = zts.access_token_of(claims(|_| {}));
    let role = zts.role_token("shop", &["reader"]);
    let long = format!("{good}{}", "A".repeat(20_000));
    let texts = [
        String::new(),
        "Bearer".to_owned(),
        "a.b".to_owned(),
        "a.b.c.d".to_owned(),
        good[..good.len() - 2].to_owned(),
        format!("{good}="),
        format!("{good}.x"),
        long,
        "v=Z1;".to_owned(),
        role.replace("r=reader", "r=admin"),
        role.replace(";s=", ";x=;s="),
        format!("{role}-"),
        zts.sign_role_token("v=Z1;d=shop"),
    ];
    for text in &texts {
        assert_eq!(
            engine.check(Credential::token(text), READ).status,
            Status::DenyRoleTokenInvalid,
            "{text}"
        );
    }
    assert!(engine.check(Credential::token(&role), READ).is_allowed());
}

#[test]
fn role_tokens_that_are_refused_though_signed() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let now = NOW.seconds();
    let (soon, late) = (now + 100, now + 31 * 86_400);
    for (unsigned, status) in [
        (format!("v=Z1;d=shop;r=reader;t={now};e={soon};k={KEY_ID}"), Status::Allow),
        (format!("v=Z1;d=shop;r=reader;t={now};e={};k={KEY_ID}", now - 1), Status::DenyRoleTokenExpired),
        (format!("v=Z1;d=shop;r=reader;t={now};e=0;k={KEY_ID}"), Status::DenyRoleTokenExpired),
        (format!("v=Z1;d=shop;r=reader;t={};e={soon};k={KEY_ID}", now + 301), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=reader;t={now};e={late};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=reader;t={now};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;r=reader;t={now};e={soon};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=;t={now};e={soon};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=other;r=reader;t={now};e={soon};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=reader;t=x;e={soon};k={KEY_ID}"), Status::DenyRoleTokenInvalid),
        (format!("v=Z1;d=shop;r=reader;t={now};e={soon}"), Status::DenyRoleTokenInvalid),
    ] {
        let answer = engine.check(Credential::token(&zts.sign_role_token(&unsigned)), READ);
        assert_eq!(answer.status, status, "{unsigned}: {answer:?}");
    }
}

#[test]
fn a_remembered_token_still_expires() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let token = zts.access_token_of(claims(|_| {}));
    assert!(engine.check(Credential::token(&token), READ).is_allowed());
    zts.clock.advance_seconds(3600);
    assert!(engine.check(Credential::token(&token), READ).is_allowed());
    zts.clock.advance_seconds(1);
    assert_eq!(engine.check(Credential::token(&token), READ).status, Status::DenyRoleTokenExpired);
    zts.clock.advance_seconds(-2);
    assert!(engine.check(Credential::token(&token), READ).is_allowed());
}

#[test]
fn a_key_that_is_taken_back_ends_remembered_tokens() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let token = zts.access_token_of(claims(|_| {}));
    assert!(engine.check(Credential::token(&token), READ).is_allowed());
    engine.verifier().use_key_set(&Zts::new().key_set()).unwrap();
    assert_eq!(engine.check(Credential::token(&token), READ).status, Status::DenyRoleTokenInvalid);
}

#[test]
fn fetched_keys_are_not_believed_for_ever() {
    let zts = Zts::new();
    let engine = engine(&zts);
    let long =
        zts.access_token_of(claims(|c| drop(c.insert("exp".into(), json!(NOW.seconds() + 90 * 86_400)))));
    assert!(engine.admit(&long).is_ok());
    zts.clock.advance_seconds(30 * 86_400 + 1);
    assert_eq!(engine.admit(&long).unwrap_err(), TokenError::Signature(VerifyError::UnknownKey));
}

#[test]
fn only_trusted_issuers_where_they_are_named() {
    let zts = Zts::new();
    let rules = TokenRules { issuers: vec!["https://zts".to_owned()], ..TokenRules::default() };
    let engine = zts.engine(&[("shop", SHOP)], EngineOptions { tokens: rules, ..EngineOptions::default() });
    let of = |issuer: &str| zts.access_token_of(claims(|c| drop(c.insert("iss".into(), json!(issuer)))));
    assert!(engine.admit(&of("https://zts")).is_ok());
    assert_eq!(engine.admit(&of("https://zts/")).unwrap_err(), TokenError::Issuer);
    let without = zts.access_token_of(claims(|c| drop(c.remove("iss"))));
    assert_eq!(engine.admit(&without).unwrap_err(), TokenError::Issuer);
}

#[test]
fn a_bound_token_needs_its_certificate() {
    let zts = Zts::new();
    let options = EngineOptions {
        binding: BindingRules { required: true, ..BindingRules::default() },
        ..EngineOptions::default()
    };
    let engine = zts.engine(&[("shop", SHOP)], options);
    let thumbprint = engine.thumbprint(b"certificate");
    let token =
        zts.access_token_of(claims(|c| drop(c.insert("cnf".into(), json!({"x5t#S256": thumbprint})))));
    let check = |der: Option<&[u8]>| {
        let certificate = der
            .map(|der| PeerCertificate { thumbprint: engine.thumbprint(der), ..PeerCertificate::default() });
        let credential = Credential { certificate: certificate.as_ref(), ..Credential::token(&token) };
        engine.check(credential, READ).status
    };
    assert_eq!(check(Some(b"certificate")), Status::Allow);
    assert_eq!(check(Some(b"stolen")), Status::DenyCertHashMismatch);
    assert_eq!(check(None), Status::DenyCertHashMismatch, "a remembered token is checked again");
}

#[test]
fn stale_policies_do_what_is_configured() {
    let zts = Zts::new();
    for (staleness, after, status) in [
        (Staleness::DenyAfter(0), 7 * 86_400, Status::Allow),
        (Staleness::DenyAfter(0), 7 * 86_400 + 1, Status::DenyDomainExpired),
        (Staleness::DenyAfter(3600), 7 * 86_400 + 3600, Status::Allow),
        (Staleness::Ignore, 29 * 86_400, Status::Allow),
    ] {
        let options = EngineOptions { staleness, ..EngineOptions::default() };
        let engine = zts.engine(&[("shop", SHOP)], options);
        zts.clock.advance_seconds(after);
        let answer = engine.decide("shop", &["reader"], READ);
        assert_eq!(answer.status, status, "{staleness:?}");
        assert_eq!(answer.stale, after > 7 * 86_400, "{staleness:?}");
        zts.clock.advance_seconds(-after);
    }
}

#[test]
fn a_denial_crosses_line_ends() {
    let zts = Zts::new();
    let engine = engine(&zts);
    for end in ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"] {
        let resource = format!("shop:orders.secret{end}x");
        let answer = engine.decide("shop", &["reader"], Question { action: "read", resource: &resource });
        assert_eq!(answer.status, Status::Deny, "{end:?}");
    }
}

#[test]
fn a_condition_does_not_grant() {
    let zts = Zts::new();
    let mut document = document("shop", SHOP);
    let assertion = &mut document["policyData"]["policies"][0]["assertions"][0];
    assertion["conditions"] = json!({"conditionsList": [{"id": 1, "conditionsMap": {}}]});
    let text = zts.sign_document(&document.to_string(), SignatureForm::P1363);
    let engine = engine(&zts);
    let verified = UnverifiedPolicies::parse(&text).unwrap().verify("shop", engine.verifier()).unwrap();
    let compiled = athenz_zpe::core::DomainPolicies::compile(&verified);
    engine.replace_policies([std::sync::Arc::new(compiled)].into_iter().collect());
    assert_eq!(engine.decide("shop", &["reader"], READ).status, Status::DenyNoMatch);
}

#[test]
fn policies_that_are_refused() {
    let zts = Zts::new();
    let keys = zts.keys();
    let verify =
        |text: &str| UnverifiedPolicies::parse(text).and_then(|policies| policies.verify("shop", &keys));
    let classic = zts.classic_policies("shop", SHOP);
    let jws = zts.jws_policies("shop", SHOP, SignatureForm::P1363);
    let jws_der = zts.jws_policies("shop", SHOP, SignatureForm::Der);
    for text in [&classic, &jws, &jws_der] {
        assert!(verify(text).is_ok(), "{text}: {:?}", verify(text));
    }
    assert!(
        UnverifiedPolicies::parse(&classic).unwrap().check_zms_signature(&keys).is_err(),
        "no ZMS key is trusted"
    );
    for (case, text) in [
        ("an assertion changed", classic.replace("orders.secret", "orders.public")),
        ("a later end", classic.replace(&NOW.plus_days(7).to_string(), &NOW.plus_days(70).to_string())),
        ("another key", classic.replace(KEY_ID, "zts_1")),
        ("of another server", Zts::new().classic_policies("shop", SHOP)),
        ("JWS of another server", Zts::new().jws_policies("shop", SHOP, SignatureForm::P1363)),
    ] {
        assert!(matches!(verify(&text), Err(PolicyError::Signature { .. })), "{case}: {:?}", verify(&text));
    }
    let foreign = zts.classic_policies("shop2", SHOP);
    assert!(matches!(verify(&foreign), Err(PolicyError::OtherDomain { .. })));
    let quote = zts.classic_policies("shop", &[("reader", "read", "a\\\"b", "ALLOW")]);
    assert_eq!(verify(&quote).unwrap_err(), PolicyError::Ambiguous);
    let effect = zts.sign_document(
        &document("shop", &[("reader", "read", "a", "MAYBE")]).to_string(),
        SignatureForm::P1363,
    );
    assert!(matches!(verify(&effect), Err(PolicyError::Malformed(_))));
    assert!(Grammar::CompoundName.matches("shop"));
}
