use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use athenz_crypto::PrivateKey;
use athenz_crypto::keys::Curve;
use athenz_crypto::random::FixedRandom;
use athenz_crypto::ring::SigningKey;
use athenz_crypto::x509::{AltName, Authority, ExtendedUsage, IssueRequest, Subject};
use athenz_model::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(crate) fn p256() -> PrivateKey {
    PrivateKey::generate_ec(Curve::P256).unwrap()
}

pub(crate) fn signing_key(id: &str, key: PrivateKey) -> SigningKey {
    SigningKey::in_process(id.parse().unwrap(), key)
}

/// One key of each kind.
pub(crate) fn keys() -> Vec<PrivateKey> {
    vec![
        p256(),
        PrivateKey::generate_ec(Curve::P384).unwrap(),
        PrivateKey::generate_ec(Curve::P521).unwrap(),
        PrivateKey::generate_rsa(2048).unwrap(),
    ]
}

pub(crate) fn athenz(common_name: &str) -> Subject {
    Subject {
        country: Some("US".to_owned()),
        organization: Some("Athenz".to_owned()),
        ..Subject::common_name(common_name)
    }
}

pub(crate) fn authority_of(key: PrivateKey, name: &str) -> Authority {
    let key = signing_key("ca", key);
    Authority::self_signed(key, &athenz(name), NOW.plus_days(-1), 365, &FixedRandom::new(1)).unwrap()
}

pub(crate) fn leaf(common_name: &str, key: &PrivateKey) -> IssueRequest {
    IssueRequest {
        subject: athenz(common_name),
        alt_names: vec![
            AltName::Dns("localhost".to_owned()),
            AltName::Uri("athenz://instanceid/sys.auth.zts/i-1".to_owned()),
        ],
        not_before: NOW,
        not_after: NOW.plus_days(30),
        usages: vec![ExtendedUsage::Client, ExtendedUsage::Server],
        public_key: key.public_key().clone(),
    }
}

/// Runs a future that never waits.
pub(crate) fn now_or_never<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}
