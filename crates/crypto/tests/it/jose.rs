use athenz_crypto::jose::{
    Claims, CurveNames, FlattenedJws, Jwk, JwkSet, JwsError, ProtectedHeader, UnverifiedFlattenedJws,
    UnverifiedJws, VerifiedJws, sign_compact, sign_compact_with,
};
use athenz_crypto::keys::{BadSignature, Curve, KeyError};
use athenz_crypto::ring::KeyRing;
use athenz_crypto::{Algorithm, PrivateKey, PublicKey, SignatureForm};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::support::{NOW, keys, now_or_never, p256, signing_key};

const CLAIMS: &str = r#"{"iss":"https://zts","aud":"sports","exp":1800000100}"#;

fn b64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// A token with any header, signed properly.
fn token(key: &PrivateKey, header: &str) -> String {
    let input = format!("{}.{}", b64(header), b64(CLAIMS));
    let signature = key.sign(key.default_algorithm(), input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn verify(text: &str, key: &PublicKey) -> Result<VerifiedJws, JwsError> {
    UnverifiedJws::parse(text)?.verify(key)
}

#[test]
fn round_trip_with_every_key() {
    for key in keys() {
        let header = ProtectedHeader::new("k1", Some("at+jwt"), key.default_algorithm());
        let text = sign_compact(&key, &header, &json!({"aud": "sports", "exp": 1})).unwrap();
        let jws = UnverifiedJws::parse(&text).unwrap();
        assert_eq!(jws.unverified_claims().unwrap().required_text("aud"), Ok("sports"));
        let verified = jws.verify_with(|kid| (kid == "k1").then(|| key.public_key().clone())).unwrap();
        assert_eq!(verified.claims().audience(), Ok(vec!["sports"]));
        assert!(verified.header().has_type(&["at+jwt"]) && !verified.header().has_type(&["jwt"]));

        let elsewhere = signing_key("k1", key.clone());
        let other = now_or_never(sign_compact_with(&elsewhere, &header, &json!({"aud": "sports"}))).unwrap();
        assert!(verify(&other, key.public_key()).is_ok());
    }
}

#[test]
fn the_header_is_written_as_athenz_writes_it() {
    let decode = |header: ProtectedHeader| {
        String::from_utf8(URL_SAFE_NO_PAD.decode(header.encoded()).unwrap()).unwrap()
    };
    let access = ProtectedHeader::new("zts.ec.1", Some("at+jwt"), Algorithm::Es256);
    assert_eq!(decode(access), r#"{"kid":"zts.ec.1","typ":"at+jwt","alg":"ES256"}"#);
    let id = ProtectedHeader::of_key(&signing_key("0", p256()), None);
    assert_eq!(decode(id), r#"{"kid":"0","alg":"ES256"}"#);
}

/// T1: nothing but our six names, and only with a key of that kind.
#[test]
fn algorithms_are_a_closed_list() {
    for key in keys() {
        for alg in [
            "none", "None", "nOnE", "NONE", "", "HS256", "HS384", "HS512", "PS256", "EdDSA", "ES256K",
            "es256", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "RS1", "dir",
        ] {
            let text = token(&key, &json!({"alg": alg, "kid": "k"}).to_string());
            let proper = alg == key.default_algorithm().as_str();
            assert_eq!(verify(&text, key.public_key()).is_ok(), proper, "{alg} with {}", key.kind());
            let unsigned = format!("{}.", text.rsplit_once('.').unwrap().0);
            assert!(verify(&unsigned, key.public_key()).is_err(), "{alg} without signature");
        }
        for header in [r#"{"kid":"k"}"#, r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#, r#"{"alg":1}"#] {
            assert!(verify(&token(&key, header), key.public_key()).is_err(), "{header}");
        }
    }
}

/// T2: the public key is no secret to sign with.
#[test]
fn a_public_key_is_never_an_hmac_secret() {
    for key in keys() {
        let public = key.public_key();
        let jwk = serde_json::to_vec(&Jwk::from_public_key("k", public, CurveNames::Rfc)).unwrap();
        let pem = public.to_spki_pem().into_bytes();
        for secret in [pem.clone(), pem.trim_ascii_end().to_vec(), public.to_spki_der().to_vec(), jwk] {
            for (alg, hash) in
                [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512), ("RS256", hmac::HMAC_SHA256)]
            {
                let input = format!("{}.{}", b64(&json!({"alg": alg, "kid": "k"}).to_string()), b64(CLAIMS));
                let tag = hmac::sign(&hmac::Key::new(hash, &secret), input.as_bytes());
                let text = format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag));
                assert!(verify(&text, public).is_err(), "{alg} with {}", key.kind());
            }
        }
    }
}

/// T3: a kid is looked at before it is looked up.
#[test]
fn odd_key_ids_are_never_looked_up() {
    let key = p256();
    let long = "a".repeat(65);
    for kid in
        ["../../etc/passwd", "/dev/null", "0' OR 1=1", "http://x/", "a\u{0}", "a\nb", "ключ", "", &long]
    {
        let text = token(&key, &json!({"alg": "ES256", "kid": kid}).to_string());
        let result = UnverifiedJws::parse(&text)
            .and_then(|jws| jws.verify_with(|_| -> Option<PublicKey> { panic!("looked up {kid}") }));
        assert_eq!(result.unwrap_err(), JwsError::KeyId, "{kid}");
    }
    for (header, error) in [
        (r#"{"alg":"ES256","kid":1}"#, JwsError::Header("kid")),
        (r#"{"alg":"ES256"}"#, JwsError::KeyId),
        (r#"{"alg":"ES256","kid":"other"}"#, JwsError::UnknownKey),
    ] {
        let text = token(&key, header);
        let find = |kid: &str| (kid == "k").then(|| key.public_key().clone());
        assert_eq!(
            UnverifiedJws::parse(&text).and_then(|jws| jws.verify_with(find)).unwrap_err(),
            error,
            "{header}"
        );
    }
}

/// T4: a token does not bring its key along.
#[test]
fn keys_in_headers_are_ignored() {
    let (ours, attacker) = (p256(), p256());
    let jwk = Jwk::from_public_key("k", attacker.public_key(), CurveNames::Rfc);
    for extra in [
        json!({"jwk": jwk}),
        json!({"jku": "https://evil.example/keys"}),
        json!({"x5u": "https://evil.example/cert"}),
        json!({"x5c": ["MIIB"]}),
    ] {
        let mut header = json!({"alg": "ES256", "kid": "k"});
        header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let forged = token(&attacker, &header.to_string());
        assert_eq!(
            verify(&forged, ours.public_key()).unwrap_err(),
            JwsError::Signature(BadSignature),
            "{header}"
        );
    }
    for header in [r#"{"alg":"ES256","crit":["x"],"x":1}"#, r#"{"alg":"ES256","b64":false}"#] {
        assert!(
            matches!(verify(&token(&ours, header), ours.public_key()), Err(JwsError::Header(_))),
            "{header}"
        );
    }
}

/// T5: types are told apart by `typ`.
#[test]
fn types_do_not_depend_on_case_but_are_never_guessed() {
    let key = p256();
    for (header, fits) in [
        (r#"{"alg":"ES256","typ":"at+jwt"}"#, true),
        (r#"{"alg":"ES256","typ":"AT+JWT"}"#, true),
        (r#"{"alg":"ES256","typ":"application/at+jwt"}"#, true),
        (r#"{"alg":"ES256","typ":"jwt"}"#, false),
        (r#"{"alg":"ES256","typ":"oauth-id-jag+jwt"}"#, false),
        (r#"{"alg":"ES256","typ":""}"#, false),
        (r#"{"alg":"ES256"}"#, false),
    ] {
        let verified = verify(&token(&key, header), key.public_key()).unwrap();
        assert_eq!(verified.header().has_type(&["at+jwt"]), fits, "{header}");
    }
    assert!(verify(&token(&key, r#"{"alg":"ES256","typ":1}"#), key.public_key()).is_err());
}

/// T7, T12: one token has one text.
#[test]
fn other_texts_of_the_same_token_are_refused() {
    let key = p256();
    let text = token(&key, r#"{"alg":"ES256"}"#);
    assert!(verify(&text, key.public_key()).is_ok());
    let (input, signature) = text.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    // the last digit of 64 bytes carries four unused bits
    let (most, last) = signature.split_at(signature.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).unwrap();
    for slack in 1..16 {
        let digit = alphabet.as_bytes()[at + slack] as char;
        assert_eq!(
            verify(&format!("{input}.{most}{digit}"), key.public_key()).unwrap_err(),
            JwsError::NotBase64Url
        );
    }
    for changed in [
        format!("{text}="),
        format!("{text}=="),
        format!("{text} "),
        format!("{text}\n"),
        format!(" {text}"),
        format!("{text}."),
        format!("{text}.x"),
        format!(".{text}"),
        text.replacen('.', "=.", 1),
        text.replacen('.', "..", 1),
        format!("{input}.{}", URL_SAFE_NO_PAD.encode([&raw[..], &[0]].concat())),
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(&raw[..63])),
        "..".to_owned(),
        "a.b".to_owned(),
        String::new(),
        format!("{}.{}.{}", b64(r#"{"alg":"ES256"}"#), "A".repeat(70_000), signature),
    ] {
        assert!(verify(&changed, key.public_key()).is_err(), "{changed}");
    }
}

/// T7: what readers understand differently is not understood at all.
#[test]
fn claims_must_be_one_plain_object() {
    let key = p256();
    let signed = |claims: &str| {
        let input = format!("{}.{}", b64(r#"{"alg":"ES256"}"#), b64(claims));
        let signature = key.sign(Algorithm::Es256, input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    for claims in [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"cnf":{"x":1,"x":2}}"#,
        r#"{"exp":NaN}"#,
        r#"{"exp":1e999}"#,
        "[]",
        "null",
        "",
        r#"{"a":1} "#,
    ] {
        let refused = verify(&signed(claims), key.public_key()).is_err();
        assert_eq!(refused, claims != "{\"a\":1} ", "{claims}");
    }
    let text = signed(r#"{"exp":"1800000100"}"#);
    let claims = verify(&text, key.public_key()).unwrap().into_claims();
    assert!(claims.check_times(NOW, 0).is_err(), "a mistyped exp is not an absent one");
    let text = token(&key, r#"{"alg":"ES256","alg":"none"}"#);
    assert!(matches!(verify(&text, key.public_key()), Err(JwsError::Json(_))));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let key = p256();
    let text = token(&key, r#"{"alg":"ES256","kid":"k"}"#);
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(verify(&changed, key.public_key()).is_err(), "byte {at}");
    }
}

#[test]
fn flattened_documents_in_both_forms() {
    for key in keys() {
        let public = key.public_key().clone();
        let key = signing_key("zts-1", key);
        for form in [SignatureForm::Der, SignatureForm::P1363] {
            let jws = FlattenedJws::sign_in_process(&key, b"{\"domain\":\"sports\"}", form).unwrap();
            let again = now_or_never(FlattenedJws::sign(&key, b"{\"domain\":\"sports\"}", form)).unwrap();
            for jws in [&jws, &again] {
                let unverified =
                    UnverifiedFlattenedJws::new(&jws.protected, &jws.payload, &jws.signature).unwrap();
                let document = unverified.verify_with(|kid| (kid == "zts-1").then_some(&public)).unwrap();
                assert_eq!(document.payload(), b"{\"domain\":\"sports\"}");
            }
            let text = serde_json::to_string(&jws).unwrap();
            assert!(text.contains(r#""header":{"kid":"zts-1"}"#), "{text}");
            assert_eq!(serde_json::from_str::<FlattenedJws>(&text).unwrap(), jws);
        }
    }
}

#[test]
fn flattened_documents_say_es256_in_the_der_form() {
    let protected = |key: PrivateKey, form| {
        let jws = FlattenedJws::sign_in_process(&signing_key("0", key), b"{}", form).unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(jws.protected).unwrap()).unwrap()
    };
    let p384 = PrivateKey::generate_ec(Curve::P384).unwrap();
    assert_eq!(protected(p256(), SignatureForm::Der), r#"{"kid":"0","alg":"ES256"}"#);
    assert_eq!(protected(p256(), SignatureForm::P1363), r#"{"kid":"0","alg":"ES256"}"#);
    assert_eq!(protected(p384.clone(), SignatureForm::Der), r#"{"kid":"0","alg":"ES256"}"#);
    assert_eq!(protected(p384, SignatureForm::P1363), r#"{"kid":"0","alg":"ES384"}"#);
}

#[test]
fn flattened_documents_are_not_believed_blindly() {
    let key = signing_key("0", p256());
    let jws = FlattenedJws::sign_in_process(&key, b"{}", SignatureForm::Der).unwrap();
    let check = |protected: &str, payload: &str, signature: &str, key: &PublicKey| {
        UnverifiedFlattenedJws::new(protected, payload, signature)
            .and_then(|jws| jws.verify_with(|_| Some(key)))
            .err()
    };
    let bad = Some(JwsError::Signature(BadSignature));
    let public = key.public_key();
    assert_eq!(check(&jws.protected, &jws.payload, &jws.signature, public), None);
    assert_eq!(check(&jws.protected, &b64("{ }"), &jws.signature, public), bad);
    assert_eq!(check(&jws.protected, &jws.payload, &jws.signature, p256().public_key()), bad);
    let other = b64(r#"{"kid":"1","alg":"ES256"}"#);
    assert_eq!(check(&other, &jws.payload, &jws.signature, public), bad);
    let none = b64(r#"{"kid":"0","alg":"none"}"#);
    assert_eq!(check(&none, &jws.payload, "", public), Some(JwsError::Algorithm));
    let rsa = PrivateKey::generate_rsa(2048).unwrap();
    assert_eq!(check(&jws.protected, &jws.payload, &jws.signature, rsa.public_key()), bad);
}

#[test]
fn keys_survive_json_with_either_curve_name() {
    for key in keys() {
        for names in [CurveNames::Rfc, CurveNames::Athenz] {
            let jwk = Jwk::from_public_key("0", key.public_key(), names);
            assert_eq!(jwk.to_public_key().unwrap(), *key.public_key());
            let text = serde_json::to_string(&jwk).unwrap();
            assert_eq!(serde_json::from_str::<Jwk>(&text).unwrap(), jwk);
        }
    }
    let jwk = |names| serde_json::to_value(Jwk::from_public_key("0", p256().public_key(), names)).unwrap();
    assert_eq!(jwk(CurveNames::Athenz)["crv"], "prime256v1");
    let rfc = jwk(CurveNames::Rfc);
    assert_eq!(
        (rfc["crv"].as_str(), rfc["alg"].as_str(), rfc["use"].as_str()),
        (Some("P-256"), Some("ES256"), Some("sig"))
    );
    assert_eq!(rfc["x"].as_str().unwrap().len(), 43, "full width");
}

/// Athenz writes coordinates as signed numbers: with a zero byte in front, or without leading zeros.
#[test]
fn coordinates_of_other_widths_are_read() {
    let mut seen = 0;
    while seen < 2 {
        let key = p256();
        let (_, x, _) = key.public_key().ec_coordinates().unwrap();
        let mut jwk = Jwk::from_public_key("0", key.public_key(), CurveNames::Rfc);
        if x[0] == 0 {
            jwk.x = Some(URL_SAFE_NO_PAD.encode(&x[1..]));
            seen += 1;
        } else if seen == 0 {
            jwk.x = Some(URL_SAFE_NO_PAD.encode([&[0], x].concat()));
            seen += 1;
        }
        assert_eq!(jwk.to_public_key().unwrap(), *key.public_key());
    }
}

#[test]
fn thumbprint_of_the_rfc_example() {
    // RFC 7638 section 3.1
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF\
             V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7\
             d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44\
             -csFCur-kEgU8awapJzKnqDKgw";
    let key = PublicKey::from_rsa_numbers(&URL_SAFE_NO_PAD.decode(n).unwrap(), &[1, 0, 1]).unwrap();
    assert_eq!(Jwk::thumbprint(&key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn key_sets_leave_out_what_cannot_be_used() {
    let (good, other) = (p256(), p256());
    let jwk = |kid: &str| Jwk::from_public_key(kid, good.public_key(), CurveNames::Rfc);
    let weak = PublicKey::from_pem(include_str!("data/rsa1024.pub.pem")).unwrap();
    let set = json!({"keys": [
        {"kty": "oct", "kid": "k", "k": "AAAA"},
        {"kty": "EC", "kid": "k", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        Jwk { usage: Some("enc".to_owned()), ..jwk("k") },
        Jwk { alg: Some("HS256".to_owned()), ..jwk("k") },
        Jwk { kid: None, ..jwk("k") },
        Jwk { kid: Some("../k".to_owned()), ..jwk("k") },
        Jwk::from_public_key("k", &weak, CurveNames::Rfc),
        {"kid": "no kty"},
        7,
        jwk("k"),
        Jwk::from_public_key("other", other.public_key(), CurveNames::Athenz),
    ]});
    let set = JwkSet::parse(set.to_string().as_bytes()).unwrap();
    assert_eq!(set.usable(), 2);
    assert_eq!(set.find("k", Algorithm::Es256), Some(good.public_key()));
    assert_eq!(set.find("k", Algorithm::Rs256), None);
    assert_eq!(set.find("x", Algorithm::Es256), None);

    let text = token(&other, r#"{"alg":"ES256","kid":"other"}"#);
    assert!(UnverifiedJws::parse(&text).unwrap().verify_with_set(&set).is_ok());
    let text = token(&other, r#"{"alg":"ES256","kid":"k"}"#);
    assert!(
        UnverifiedJws::parse(&text).unwrap().verify_with_set(&set).is_err(),
        "another key of the same set"
    );

    assert!(JwkSet::parse(b"[]").is_err());
    assert!(JwkSet::parse(&vec![b' '; 300_000]).is_err());
    let many = json!({"keys": vec![json!({}); 129]});
    assert!(JwkSet::parse(many.to_string().as_bytes()).is_err());
}

#[test]
fn a_ring_publishes_all_its_keys() {
    let ring =
        KeyRing::single(signing_key("a", p256()), NOW).with_next(signing_key("b", p256()), NOW).unwrap();
    let set = JwkSet::from_ring(&ring, CurveNames::Rfc);
    let text = serde_json::to_value(&set).unwrap();
    let kids: Vec<_> =
        text["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids, ["a", "b"]);
    let header = ProtectedHeader::of_key(ring.active(), Some("at+jwt"));
    let token = sign_compact(ring.active().private_key().unwrap(), &header, &json!({"exp": 1})).unwrap();
    assert!(UnverifiedJws::parse(&token).unwrap().verify_with_set(&set).is_ok());
}

#[test]
fn a_key_does_not_sign_under_another_name() {
    let header = ProtectedHeader::new("0", None, Algorithm::Rs256);
    let error = sign_compact(&p256(), &header, &json!({})).unwrap_err();
    assert!(matches!(error, JwsError::Key(KeyError::WrongAlgorithm { .. })));
}

#[test]
fn claims_become_types_of_the_caller() {
    #[derive(Debug, serde::Deserialize)]
    struct Typed {
        exp: i64,
    }
    let claims = |text: &str| Claims::new(athenz_crypto::jose::parse_object(text.as_bytes()).unwrap());
    assert_eq!(claims(r#"{"exp":5}"#).deserialize::<Typed>().unwrap().exp, 5);
    assert!(claims(r#"{"exp":"5"}"#).deserialize::<Typed>().is_err());
}
