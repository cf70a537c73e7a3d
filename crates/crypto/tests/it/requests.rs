//! Certificate requests, honest and hostile.

use athenz_crypto::PrivateKey;
use athenz_crypto::SignatureForm;
use athenz_crypto::keys::{BadSignature, Curve, Hash, KeyError};
use athenz_crypto::x509::{CsrBuilder, CsrError, Subject, UnverifiedCsr};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519::{COMMON_NAME, ORGANIZATIONAL_UNIT_NAME};
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME, ID_KP_SERVER_AUTH,
};
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ID_EXTENSION_REQ, SHA_256_WITH_RSA_ENCRYPTION,
};
use der::asn1::{
    Any, BitString, BmpString, Ia5String, OctetString, SetOfVec, TeletexStringRef, Utf8StringRef,
};
use der::{Decode, Encode};
use x509_cert::attr::{Attribute, AttributeTypeAndValue};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{GeneralName, OtherName};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::support::{athenz, keys, p256};

/// A request of which every part may be odd.
struct Odd {
    subject: Name,
    attributes: Vec<Attribute>,
    algorithm: ObjectIdentifier,
}

impl Odd {
    fn new() -> Self {
        Self {
            subject: name(&[(COMMON_NAME, utf8("sports.api"))]),
            attributes: vec![],
            algorithm: ECDSA_WITH_SHA_256,
        }
    }

    fn named(subject: Name) -> Self {
        Self { subject, ..Self::new() }
    }

    fn extended(extensions: Vec<Extension>) -> Self {
        Self { attributes: vec![request_of(extensions)], ..Self::new() }
    }

    fn with_names(names: Vec<GeneralName>) -> Self {
        Self::extended(vec![extension(ID_CE_SUBJECT_ALT_NAME, false, &names)])
    }

    fn sign(self, key: &PrivateKey) -> UnverifiedCsr {
        self.sign_by(key, key)
    }

    fn sign_by(self, key: &PrivateKey, signer: &PrivateKey) -> UnverifiedCsr {
        let info = CertReqInfo {
            version: Version::V1,
            subject: self.subject,
            public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().to_spki_der()).unwrap(),
            attributes: SetOfVec::try_from(self.attributes).unwrap(),
        };
        let signature = signer.sign_as(Hash::Sha256, SignatureForm::Der, &info.to_der().unwrap()).unwrap();
        let request = CertReq {
            info,
            algorithm: AlgorithmIdentifierOwned { oid: self.algorithm, parameters: None },
            signature: BitString::from_bytes(&signature).unwrap(),
        };
        UnverifiedCsr::from_der(&request.to_der().unwrap()).unwrap()
    }
}

fn utf8(text: &str) -> Any {
    Any::from(Utf8StringRef::new(text).unwrap())
}

fn name(parts: &[(ObjectIdentifier, Any)]) -> Name {
    let set = |(oid, value): &(ObjectIdentifier, Any)| {
        let pair = AttributeTypeAndValue { oid: *oid, value: value.clone() };
        RelativeDistinguishedName(SetOfVec::try_from(vec![pair]).unwrap())
    };
    RdnSequence(parts.iter().map(set).collect())
}

fn extension(oid: ObjectIdentifier, critical: bool, value: &impl Encode) -> Extension {
    Extension { extn_id: oid, critical, extn_value: OctetString::new(value.to_der().unwrap()).unwrap() }
}

fn request_of(extensions: Vec<Extension>) -> Attribute {
    let value = Any::encode_from(&extensions).unwrap();
    Attribute { oid: ID_EXTENSION_REQ, values: SetOfVec::try_from(vec![value]).unwrap() }
}

fn dns(text: &str) -> GeneralName {
    GeneralName::DnsName(Ia5String::new(text).unwrap())
}

fn uri(text: &str) -> GeneralName {
    GeneralName::UniformResourceIdentifier(Ia5String::new(text).unwrap())
}

#[test]
fn honest_requests_of_every_key() {
    for key in keys() {
        let builder = CsrBuilder::new(Subject {
            organizational_units: vec!["sys.auth.zts".to_owned()],
            ..athenz("ct01.api")
        });
        let pem = builder
            .dns("api.ct01.zts.athenz.cloud")
            .uri("spiffe://ct01/sa/api")
            .uri("athenz://instanceid/sys.auth.zts/i-1")
            .email("ct01.api@zts.athenz.cloud")
            .sign(&key)
            .unwrap();
        for pem in [pem.clone(), pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")] {
            let csr = UnverifiedCsr::parse_pem(&pem).unwrap().verify().unwrap();
            assert_eq!(csr.common_name(), Some("ct01.api"));
            assert_eq!(csr.subject().organizations(), ["Athenz"]);
            assert_eq!(csr.subject().organizational_units(), ["sys.auth.zts"]);
            assert_eq!(csr.subject().countries(), ["US"]);
            assert_eq!(csr.public_key(), key.public_key());
            let names = csr.alt_names();
            assert_eq!(names.dns_names().collect::<Vec<_>>(), ["api.ct01.zts.athenz.cloud"]);
            assert_eq!(names.instance_id_uri(), Some(("sys.auth.zts", "i-1")));
            assert_eq!(names.spiffe_uri(), Some("spiffe://ct01/sa/api"));
            assert_eq!(names.emails().collect::<Vec<_>>(), ["ct01.api@zts.athenz.cloud"]);
            assert!(!csr.asks_for_ca());
        }
    }
    let bare = CsrBuilder::default().uri("spiffe://a/sa/b").sign(&p256()).unwrap();
    let csr = UnverifiedCsr::parse_pem(&bare).unwrap().verify().unwrap();
    assert_eq!(csr.common_name(), None);
}

/// C1: names beyond DNS, URI, mail and IP are facts, and never more.
#[test]
fn odd_kinds_of_names_are_reported() {
    let key = p256();
    let other = OtherName { type_id: COMMON_NAME, value: utf8("x") };
    let names = vec![
        GeneralName::OtherName(other),
        GeneralName::DirectoryName(name(&[(COMMON_NAME, utf8("x"))])),
        GeneralName::RegisteredId(COMMON_NAME),
        dns("a.b"),
    ];
    let csr = Odd::with_names(names).sign(&key).verify().unwrap();
    assert_eq!(csr.alt_names().other_kinds(), ["otherName", "directoryName", "registeredID"]);
    assert_eq!(csr.alt_names().names().len(), 1);
}

/// C1: an extension is asked for once, in one place, and is known if it must be.
#[test]
fn extensions_are_asked_for_once() {
    let key = p256();
    let names = || extension(ID_CE_SUBJECT_ALT_NAME, false, &vec![dns("a.b")]);
    let more = || extension(ID_CE_SUBJECT_ALT_NAME, false, &vec![dns("c.d")]);
    assert_eq!(Odd::extended(vec![names(), more()]).sign(&key).verify().unwrap_err(), CsrError::Twice);
    let two = Odd { attributes: vec![request_of(vec![names()]), request_of(vec![more()])], ..Odd::new() };
    assert_eq!(two.sign(&key).verify().unwrap_err(), CsrError::Twice);
    let values = [names(), more()].map(|extension| Any::encode_from(&vec![extension]).unwrap());
    let values = SetOfVec::try_from(values.to_vec()).unwrap();
    let two = Odd { attributes: vec![Attribute { oid: ID_EXTENSION_REQ, values }], ..Odd::new() };
    assert_eq!(two.sign(&key).verify().unwrap_err(), CsrError::Twice);

    let constraints = |critical| extension(ID_CE_NAME_CONSTRAINTS, critical, &Vec::<Any>::new());
    let unknown = Odd::extended(vec![constraints(true)]).sign(&key).verify().unwrap_err();
    assert_eq!(unknown, CsrError::UnknownCritical(ID_CE_NAME_CONSTRAINTS));
    let csr = Odd::extended(vec![constraints(false), names()]).sign(&key).verify().unwrap();
    assert_eq!(csr.extensions().len(), 2, "reported");
}

/// C1: a wish to be an authority is a fact for the caller.
#[test]
fn wishes_to_issue_are_reported() {
    let key = p256();
    let constraints =
        |ca| extension(ID_CE_BASIC_CONSTRAINTS, true, &BasicConstraints { ca, path_len_constraint: None });
    let usage = |usage: KeyUsages| extension(ID_CE_KEY_USAGE, true, &KeyUsage(usage.into()));
    let wide = extension(ID_CE_EXT_KEY_USAGE, false, &ExtendedKeyUsage(vec![ID_KP_SERVER_AUTH]));
    for (extensions, asks) in [
        (vec![constraints(true)], true),
        (vec![constraints(false)], false),
        (vec![usage(KeyUsages::KeyCertSign)], true),
        (vec![usage(KeyUsages::CRLSign)], true),
        (vec![usage(KeyUsages::DigitalSignature)], false),
        (vec![wide], false),
    ] {
        assert_eq!(Odd::extended(extensions).sign(&key).verify().unwrap().asks_for_ca(), asks);
    }
}

/// C2: names that readers disagree about are no names.
#[test]
fn name_tricks_are_refused() {
    let key = p256();
    let bmp = Any::encode_from(&BmpString::from_utf8("sports.api").unwrap()).unwrap();
    let teletex = Any::from(TeletexStringRef::new("sports.api").unwrap());
    for (oid, value) in [
        (COMMON_NAME, bmp.clone()),
        (COMMON_NAME, teletex),
        (COMMON_NAME, utf8("sports.api\0.evil")),
        (COMMON_NAME, utf8("sports.api\n")),
        (COMMON_NAME, utf8(" sports.api")),
        (COMMON_NAME, utf8("")),
        (ORGANIZATIONAL_UNIT_NAME, bmp),
    ] {
        let refused = Odd::named(name(&[(oid, value.clone())])).sign(&key).verify().unwrap_err();
        assert_eq!(refused, CsrError::Name, "{value:?}");
    }
    let two = name(&[(COMMON_NAME, utf8("sports.api")), (COMMON_NAME, utf8("sports.api"))]);
    assert_eq!(Odd::named(two).sign(&key).verify().unwrap_err(), CsrError::SeveralCommonNames);
    let hidden = name(&[
        (COMMON_NAME, utf8("sports.api")),
        (COMMON_NAME, Any::from(TeletexStringRef::new("x").unwrap())),
    ]);
    assert!(Odd::named(hidden).sign(&key).verify().is_err(), "a second name in another string type");

    for names in [
        vec![dns("a\0.b")],
        vec![dns("a.b.")],
        vec![dns("")],
        vec![dns("a b")],
        vec![dns("a.*.b")],
        vec![uri("athenz://principal/a\r\nb")],
        vec![uri("no-scheme")],
        vec![GeneralName::Rfc822Name(Ia5String::new("a@b@c").unwrap())],
        vec![GeneralName::IpAddress(OctetString::new([1, 2, 3]).unwrap())],
        vec![GeneralName::IpAddress(OctetString::new([0; 8]).unwrap())],
    ] {
        assert_eq!(
            Odd::with_names(names.clone()).sign(&key).verify().unwrap_err(),
            CsrError::Name,
            "{names:?}"
        );
    }
    let long = Odd::named(name(&[(COMMON_NAME, utf8(&"a".repeat(100)))])).sign(&key).verify().unwrap();
    assert_eq!(long.common_name().unwrap().len(), 100, "longer than 64 is fine");
    assert_eq!(Odd::named(name(&[])).sign(&key).verify().unwrap().common_name(), None);
}

/// C3: no request with a weak or odd key.
#[test]
fn keys_of_requests_must_be_strong() {
    let weak = UnverifiedCsr::parse_pem(include_str!("data/rsa1024.csr.pem")).unwrap();
    assert!(matches!(weak.verify().unwrap_err(), CsrError::Key(KeyError::Strength(_))));
    for pem in [
        include_str!("data/p224.csr.pem"),
        include_str!("data/ed25519.csr.pem"),
        include_str!("data/explicit.csr.pem"),
    ] {
        let refused = UnverifiedCsr::parse_pem(pem).unwrap().verify().unwrap_err();
        assert_eq!(refused, CsrError::Key(KeyError::Unsupported));
    }
}

/// C4: whoever asks has the key.
#[test]
fn possession_is_proved() {
    let (key, other) = (p256(), p256());
    let bad = CsrError::Signature(BadSignature);
    assert_eq!(Odd::new().sign_by(&key, &other).verify().unwrap_err(), bad);
    for algorithm in [ECDSA_WITH_SHA_384, SHA_256_WITH_RSA_ENCRYPTION, ID_EXTENSION_REQ] {
        let odd = Odd { algorithm, ..Odd::new() };
        assert_eq!(odd.sign(&key).verify().unwrap_err(), bad, "{algorithm}");
    }
    let sha1 = UnverifiedCsr::parse_pem(include_str!("data/sha1.csr.pem")).unwrap();
    assert_eq!(sha1.verify().unwrap_err(), bad);
    let der =
        CsrBuilder::new(athenz("a.b")).sign_der(&PrivateKey::generate_ec(Curve::P384).unwrap()).unwrap();
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 1;
        assert!(UnverifiedCsr::from_der(&changed).unwrap().verify().is_err(), "byte {at}");
    }
}

/// C6: one SPIFFE URI at most, and a proper one.
#[test]
fn spiffe_uris_are_strict() {
    let key = p256();
    for uris in [
        &["spiffe://a/sa/b", "spiffe://a/sa/b"][..],
        &["spiffe://a/sa/b", "SPIFFE://a/sa/c"],
        &["SPIFFE://a/sa/b"],
        &["spiffe://a/sa/../b"],
        &["spiffe://a/sa/%2e%2e"],
        &["spiffe://a/sa/b?x"],
        &["spiffe://a/sa/b#x"],
        &["spiffe://a:1/sa/b"],
        &["spiffe://A/sa/b"],
        &["spiffe://a//b"],
    ] {
        let names = uris.iter().map(|text| uri(text)).collect();
        assert_eq!(Odd::with_names(names).sign(&key).verify().unwrap_err(), CsrError::Spiffe, "{uris:?}");
    }
}

/// C11: bounded and strict before anything else.
#[test]
fn bombs_and_rubbish_are_refused() {
    assert_eq!(UnverifiedCsr::from_der(&vec![0x30; 70_000]).unwrap_err(), CsrError::TooLarge);
    assert_eq!(UnverifiedCsr::parse_pem(&"A".repeat(70_000)).unwrap_err(), CsrError::TooLarge);
    assert!(matches!(UnverifiedCsr::parse_pem("Invalid csr provided").unwrap_err(), CsrError::Pem(_)));
    let good = CsrBuilder::new(athenz("a.b")).sign_der(&p256()).unwrap();
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&good[4..]);
    indefinite.extend_from_slice(&[0, 0]);
    let nested: Vec<u8> = [0x30, 0x80].repeat(30_000);
    let huge = vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff];
    let trailing = [&good[..], &[0]].concat();
    for der in [indefinite, nested, huge, trailing, vec![], good[..good.len() - 1].to_vec()] {
        assert_eq!(UnverifiedCsr::from_der(&der).unwrap().verify().unwrap_err(), CsrError::Malformed);
    }
    let many = (0..101).map(|number| dns(&format!("n{number}.a"))).collect();
    assert_eq!(Odd::with_names(many).sign(&p256()).verify().unwrap_err(), CsrError::TooLarge);
}
