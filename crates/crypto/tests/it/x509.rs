use athenz_crypto::PrivateKey;
use athenz_crypto::keys::Curve;
use athenz_crypto::random::{FixedRandom, SystemRandom};
use athenz_crypto::x509::{
    AltName, Authority, Certificate, ExtendedUsage, IssueError, IssueRequest, Subject,
};
use athenz_model::Timestamp;

use crate::support::{NOW, athenz, authority_of, keys, leaf, now_or_never, p256, signing_key};

#[test]
fn a_leaf_says_exactly_what_it_was_given() {
    for ca_key in keys() {
        let authority = authority_of(ca_key.clone(), "CA");
        for key in keys() {
            let certificate = authority.issue(&leaf("ct01.api", &key), &SystemRandom).unwrap();
            assert_eq!(certificate.subject().text(), "CN=ct01.api, O=Athenz, C=US");
            assert_eq!(certificate.issuer().text(), "CN=CA, O=Athenz, C=US");
            assert_eq!(certificate.common_name(), Some("ct01.api"));
            assert_eq!((certificate.not_before(), certificate.not_after()), (NOW, NOW.plus_days(30)));
            assert_eq!(certificate.public_key().unwrap(), *key.public_key());
            assert!(!certificate.is_ca());
            assert_eq!(certificate.alt_names().names(), leaf("", &key).alt_names);
            assert_eq!(certificate.extended_usages(), ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]);
            assert_eq!(certificate.verify_signature(ca_key.public_key()), Ok(()));
            assert!(certificate.verify_signature(p256().public_key()).is_err());
            assert_eq!(Certificate::from_pem(&certificate.to_pem()).unwrap(), certificate);
        }
    }
}

#[test]
fn authorities_vouch_for_themselves_and_for_others() {
    let root = authority_of(p256(), "root");
    assert!(root.certificate().is_ca());
    assert_eq!(root.certificate().verify_signature(root.key().public_key()), Ok(()));

    let key = p256();
    let certificate =
        root.issue_intermediate(&athenz("below"), key.public_key(), NOW, 100, &FixedRandom::new(3)).unwrap();
    assert_eq!(certificate.verify_signature(root.key().public_key()), Ok(()));
    let below = Authority::new(certificate, signing_key("below", key)).unwrap();
    let leaf = now_or_never(below.issue_with(&leaf("a.b", &p256()), &SystemRandom)).unwrap();
    assert_eq!(leaf.issuer(), below.certificate().subject());
    assert_eq!(leaf.verify_signature(below.key().public_key()), Ok(()));
}

#[test]
fn an_authority_needs_its_own_key_and_the_right_certificate() {
    let root = authority_of(p256(), "root");
    let other = Authority::new(root.certificate().clone(), signing_key("x", p256()));
    assert_eq!(other.unwrap_err(), IssueError::OtherKey);
    let key = p256();
    let leaf = root.issue(&leaf("a.b", &key), &SystemRandom).unwrap();
    assert_eq!(Authority::new(leaf, signing_key("x", key)).unwrap_err(), IssueError::NotAuthority);
}

#[test]
fn nothing_outlives_its_authority() {
    let root = authority_of(p256(), "root");
    let request = |from: i64, until: i64| IssueRequest {
        not_before: NOW.plus_days(from),
        not_after: NOW.plus_days(until),
        ..leaf("a.b", &p256())
    };
    let long = root.issue(&request(0, 1000), &SystemRandom).unwrap();
    assert_eq!(long.not_after(), root.certificate().not_after());
    for (from, until) in [(1, 1), (2, 1), (364, 1000), (400, 500)] {
        let refused = root.issue(&request(from, until), &SystemRandom).unwrap_err();
        assert_eq!(refused, IssueError::Validity, "{from} {until}");
    }
}

#[test]
fn the_year_2050_is_written_differently() {
    let key = signing_key("ca", p256());
    let last = Timestamp::parse("2049-12-31T23:59:59Z").unwrap();
    let first = Timestamp::parse("2050-01-01T00:00:00Z").unwrap();
    for (until, tag) in [(last, &b"\x17\x0d491231235959Z"[..]), (first, b"\x18\x0f20500101000000Z")] {
        let from = until.plus_days(-10);
        let authority =
            Authority::self_signed(key.clone(), &athenz("CA"), from, 10, &FixedRandom::new(1)).unwrap();
        let certificate = authority.certificate();
        assert_eq!(certificate.not_after(), until);
        assert!(certificate.der().windows(tag.len()).any(|window| window == tag), "{until}");
    }
}

#[test]
fn validity_includes_its_last_second() {
    let certificate = authority_of(p256(), "CA").issue(&leaf("a.b", &p256()), &SystemRandom).unwrap();
    let until = NOW.plus_days(30);
    for (moment, valid) in [
        (NOW.plus_millis(-1), false),
        (NOW, true),
        (until, true),
        (until.plus_millis(999), true),
        (until.plus_seconds(1), false),
    ] {
        assert_eq!(certificate.is_valid_at(moment), valid, "{moment}");
    }
}

#[test]
fn serials_are_random_and_positive() {
    let authority = authority_of(p256(), "CA");
    let request = leaf("a.b", &p256());
    let mut serials: Vec<_> =
        (0..200).map(|_| authority.issue(&request, &SystemRandom).unwrap().serial_hex()).collect();
    assert!(
        serials.iter().all(|serial| serial.len() <= 32 && serial.as_str() < "80"),
        "127 bits, never negative"
    );
    serials.sort_unstable();
    serials.dedup();
    assert_eq!(serials.len(), 200);
    let again = || authority.issue(&request, &FixedRandom::new(9)).unwrap().serial_decimal();
    assert_eq!(again(), again());
}

#[test]
fn what_cannot_be_certified() {
    let authority = authority_of(p256(), "CA");
    let base = || leaf("a.b", &p256());
    let with = |name: AltName| IssueRequest { alt_names: vec![name], ..base() };
    for (request, why) in [
        (IssueRequest { subject: Subject::default(), alt_names: vec![], ..base() }, "no name at all"),
        (IssueRequest { subject: Subject::common_name("a\0b"), ..base() }, "NUL in the subject"),
        (with(AltName::Dns("a\0.b".to_owned())), "NUL in a DNS name"),
        (with(AltName::Dns("münchen".to_owned())), "not ASCII"),
        (with(AltName::Uri("no scheme".to_owned())), "no URI"),
    ] {
        assert_eq!(authority.issue(&request, &SystemRandom).unwrap_err(), IssueError::Name, "{why}");
    }
    let weak = athenz_crypto::PublicKey::from_pem(include_str!("data/rsa1024.pub.pem")).unwrap();
    let weak = IssueRequest { public_key: weak, ..base() };
    assert!(matches!(authority.issue(&weak, &SystemRandom), Err(IssueError::Key(_))));
}

#[test]
fn names_are_critical_when_there_is_no_subject() {
    let authority = authority_of(p256(), "CA");
    let request = IssueRequest {
        subject: Subject::default(),
        alt_names: vec![AltName::Uri("spiffe://a/sa/b".to_owned()), AltName::Ip("10.0.0.1".parse().unwrap())],
        usages: vec![ExtendedUsage::CodeSigning, ExtendedUsage::TimeStamping],
        ..leaf("", &PrivateKey::generate_ec(Curve::P384).unwrap())
    };
    let certificate = authority.issue(&request, &SystemRandom).unwrap();
    assert!(certificate.subject().is_empty());
    assert_eq!(certificate.alt_names().spiffe_uri(), Some("spiffe://a/sa/b"));
    // 2.5.29.17, TRUE
    let critical = [0x06, 0x03, 0x55, 0x1d, 0x11, 0x01, 0x01, 0xff];
    assert!(certificate.der().windows(critical.len()).any(|window| window == critical));
    assert_eq!(certificate.extended_usages(), ["1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8"]);
}

#[test]
fn bundles_and_thumbprints() {
    let authority = authority_of(p256(), "CA");
    let certificate = authority.issue(&leaf("a.b", &p256()), &SystemRandom).unwrap();
    let bundle = format!("# ours\n{}\n{}", certificate.to_pem(), authority.certificate().to_pem());
    assert_eq!(
        Certificate::from_pem_bundle(&bundle).unwrap(),
        [certificate.clone(), authority.certificate().clone()]
    );
    assert_eq!(Certificate::from_pem_bundle("").unwrap(), []);
    assert_eq!(certificate.thumbprint().len(), 43);
    assert!(Certificate::from_pem("").is_err());
    assert!(Certificate::from_der(&certificate.der()[1..]).is_err());
    assert!(
        Certificate::from_der(&[certificate.der(), &[0]].concat()).is_err(),
        "bytes behind the certificate"
    );
}
