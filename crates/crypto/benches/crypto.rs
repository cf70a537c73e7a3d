//! What the hot paths cost: `cargo bench -p athenz-crypto`.
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has nothing to measure")]

use athenz_crypto::jose::{ProtectedHeader, UnverifiedJws, sign_compact};
use athenz_crypto::keys::Curve;
use athenz_crypto::random::{SystemRandom, uuid_v4};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::x509::{
    AltName, Authority, Certificate, CsrBuilder, ExtendedUsage, IssueRequest, Subject, UnverifiedCsr,
};
use athenz_crypto::{Algorithm, PrivateKey};
use athenz_model::Timestamp;
use divan::{Bencher, black_box};
use serde_json::json;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn main() {
    divan::main();
}

fn key() -> PrivateKey {
    PrivateKey::generate_ec(Curve::P256).expect("a key")
}

fn claims() -> serde_json::Value {
    json!({
        "ver": 1, "jti": "3f0c2a52-3a0e-4b8a-9c57-0f3c5a1d7e11", "iss": "https://zts.example.com:4443/zts/v1",
        "aud": "sports", "sub": "weather.frontend", "uid": "weather.frontend", "client_id": "weather.frontend",
        "iat": 1_800_000_000, "auth_time": 1_800_000_000, "exp": 1_800_007_200,
        "scp": ["readers", "writers"], "scope": "readers writers",
        "cnf": {"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"},
    })
}

#[divan::bench]
fn es256_raw_sign(bencher: Bencher<'_, '_>) {
    let (key, data) = (key(), [7_u8; 600]);
    bencher.bench(|| key.sign(Algorithm::Es256, black_box(&data)));
}

#[divan::bench]
fn es256_raw_verify(bencher: Bencher<'_, '_>) {
    let (key, data) = (key(), [7_u8; 600]);
    let signature = key.sign(Algorithm::Es256, &data).expect("a signature");
    bencher.bench(|| key.public_key().verify(Algorithm::Es256, black_box(&data), &signature));
}

#[divan::bench]
fn access_token_sign(bencher: Bencher<'_, '_>) {
    let (key, claims) = (key(), claims());
    let header = ProtectedHeader::new("0", Some("at+jwt"), Algorithm::Es256);
    bencher.bench(|| sign_compact(&key, &header, black_box(&claims)));
}

#[divan::bench]
fn access_token_verify(bencher: Bencher<'_, '_>) {
    let key = key();
    let header = ProtectedHeader::new("0", Some("at+jwt"), Algorithm::Es256);
    let token = sign_compact(&key, &header, &claims()).expect("a token");
    bencher.bench(|| UnverifiedJws::parse(black_box(&token)).and_then(|jws| jws.verify(key.public_key())));
}

#[divan::bench]
fn uuid() -> String {
    uuid_v4(&SystemRandom)
}

fn request_pem() -> String {
    let subject = Subject { organization: Some("Athenz".to_owned()), ..Subject::common_name("sports.api") };
    let builder = CsrBuilder::new(subject)
        .dns("api.sports.zts.athenz.cloud")
        .uri("spiffe://athenz.io/ns/default/sa/sports.api")
        .uri("athenz://instanceid/sys.auth.zts/i-1");
    builder.sign(&key()).expect("a request")
}

#[divan::bench]
fn csr_verify(bencher: Bencher<'_, '_>) {
    let pem = request_pem();
    bencher.bench(|| UnverifiedCsr::parse_pem(black_box(&pem)).and_then(|csr| csr.verify()));
}

fn authority() -> Authority {
    let key = SigningKey::in_process("ca".parse().expect("a key id"), key());
    Authority::self_signed(key, &Subject::common_name("CA"), NOW, 365, &SystemRandom).expect("an authority")
}

fn issue_request() -> IssueRequest {
    IssueRequest {
        subject: Subject { organization: Some("Athenz".to_owned()), ..Subject::common_name("sports.api") },
        alt_names: vec![
            AltName::Dns("api.sports.zts.athenz.cloud".to_owned()),
            AltName::Uri("spiffe://athenz.io/ns/default/sa/sports.api".to_owned()),
            AltName::Uri("athenz://instanceid/sys.auth.zts/i-1".to_owned()),
        ],
        not_before: NOW,
        not_after: NOW.plus_days(30),
        usages: vec![ExtendedUsage::Client, ExtendedUsage::Server],
        public_key: key().public_key().clone(),
    }
}

#[divan::bench]
fn certificate_issue(bencher: Bencher<'_, '_>) {
    let (authority, request) = (authority(), issue_request());
    bencher.bench(|| authority.issue(black_box(&request), &SystemRandom));
}

#[divan::bench]
fn certificate_parse(bencher: Bencher<'_, '_>) {
    let certificate = authority().issue(&issue_request(), &SystemRandom).expect("a certificate");
    bencher.bench(|| Certificate::from_der(black_box(certificate.der())));
}
