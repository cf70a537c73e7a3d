//! Signing keys in rotation, and signers that may live outside this process.
//!
//! A key is *next* (published, not used yet), *active* (signs), or *retired* (published until
//! nothing it signed lives). A [`KeyRing`] is a value: each step of a rotation makes a new one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use athenz_model::Timestamp;

use crate::keys::{Algorithm, Hash, KeyError, PrivateKey, PublicKey, SignatureForm};

/// Longest key id, in characters.
pub const KEY_ID_MAX: usize = 64;
/// Most keys of one ring.
pub const RING_KEYS_MAX: usize = 32;

/// A future in a box, as an object-safe trait needs it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The id of one of our own keys: 1 to 64 of `a-z`, `0-9`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = RingError;

    fn from_str(text: &str) -> Result<Self, RingError> {
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if text.is_empty() || text.len() > KEY_ID_MAX || !text.bytes().all(fits) {
            return Err(RingError::KeyId);
        }
        Ok(Self(text.into()))
    }
}

/// What is wrong with a ring, or with a step of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// Not a key id.
    #[error("a key id is 1 to 64 of a-z, 0-9, '_' and '-'")]
    KeyId,
    /// Not exactly one active key.
    #[error("a key ring needs exactly one active key")]
    Active,
    /// More than one next key.
    #[error("a key ring holds at most one next key: activate or withdraw it first")]
    Next,
    /// An id is used twice.
    #[error("a key id is never used twice")]
    Reused,
    /// The active key, or the one to activate, has no private half here.
    #[error("the private half of the key is not available to this process")]
    NoSigner,
    /// A signer has another public key than the ring.
    #[error("the private half does not belong to the public half in the ring")]
    OtherKey,
    /// There is nothing to activate.
    #[error("the key ring has no next key")]
    NoNext,
    /// The next key has not been published long enough.
    #[error("the next key has not been published for its distribution time yet")]
    TooEarly,
    /// The public half is not registered where verifiers look.
    #[error("register the public half of the next key before it is used")]
    NotRegistered,
    /// There are too many keys.
    #[error("a key ring holds at most 32 keys: withdraw retired ones")]
    TooMany,
}

/// Something that signs: a key in this process, a PKCS#11 token, or a key management service.
pub trait Signer: Send + Sync + fmt::Debug {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// Signs the digest of the data; the form means nothing to RSA.
    fn sign<'a>(
        &'a self,
        hash: Hash,
        form: SignatureForm,
        data: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;

    /// The key itself, when it is in this process: signing then needs neither box nor await.
    fn in_process(&self) -> Option<&PrivateKey> {
        None
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        Self::public_key(self)
    }

    fn sign<'a>(
        &'a self,
        hash: Hash,
        form: SignatureForm,
        data: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(std::future::ready(self.sign_as(hash, form, data)))
    }

    fn in_process(&self) -> Option<&PrivateKey> {
        Some(self)
    }
}

/// A signer with the id under which verifiers find its public half. Cloning shares it.
#[derive(Clone, Debug)]
pub struct SigningKey {
    id: KeyId,
    signer: Arc<dyn Signer>,
}

impl SigningKey {
    /// A signer of any kind.
    pub fn new(id: KeyId, signer: Arc<dyn Signer>) -> Self {
        Self { id, signer }
    }

    /// A key in this process.
    pub fn in_process(id: KeyId, key: PrivateKey) -> Self {
        Self::new(id, Arc::new(key))
    }

    /// The id.
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    /// The usual JOSE algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.public_key().kind().default_algorithm()
    }

    /// The private key, when it is in this process.
    pub fn private_key(&self) -> Option<&PrivateKey> {
        self.signer.in_process()
    }

    /// Signs with a JOSE algorithm, wherever the key is.
    ///
    /// # Errors
    /// The algorithm is none of this key, or the signer fails.
    pub async fn sign(&self, algorithm: Algorithm, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        let kind = self.public_key().kind();
        if !algorithm.fits(kind) {
            return Err(KeyError::WrongAlgorithm { algorithm: algorithm.as_str(), kind });
        }
        self.sign_as(algorithm.hash(), SignatureForm::P1363, data).await
    }

    /// Signs with a digest and a form of choice, wherever the key is.
    ///
    /// # Errors
    /// The signer fails.
    pub async fn sign_as(&self, hash: Hash, form: SignatureForm, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self.private_key() {
            Some(key) => key.sign_as(hash, form, data),
            None => self.signer.sign(hash, form, data).await,
        }
    }
}

/// Where a key of a ring stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, so that verifiers know it before it signs.
    Next,
    /// Signs.
    Active,
    /// Signs no more; published until nothing it signed lives.
    Retired,
}

/// One key of a ring.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// Its id.
    pub id: KeyId,
    /// Its public half.
    pub public: PublicKey,
    /// Where it stands.
    pub state: KeyState,
    /// When it was published.
    pub published: Timestamp,
    /// When it came into its present state.
    pub since: Timestamp,
    /// Its signer, where this process has one.
    pub signer: Option<SigningKey>,
}

impl RingKey {
    /// A key in some state since `now`.
    pub fn new(key: SigningKey, state: KeyState, now: Timestamp) -> Self {
        Self {
            id: key.id().clone(),
            public: key.public_key().clone(),
            state,
            published: now,
            since: now,
            signer: Some(key),
        }
    }
}

/// The keys of one purpose, with exactly one that signs.
#[derive(Clone, Debug)]
pub struct KeyRing {
    keys: Vec<RingKey>,
    active: SigningKey,
}

impl KeyRing {
    /// A ring of these keys.
    ///
    /// # Errors
    /// Not exactly one active key with a signer, more than one next key, an id twice, a signer of
    /// another key, or too many keys.
    pub fn new(keys: Vec<RingKey>) -> Result<Self, RingError> {
        if keys.len() > RING_KEYS_MAX {
            return Err(RingError::TooMany);
        }
        let mut ids: Vec<&KeyId> = keys.iter().map(|key| &key.id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(RingError::Reused);
        }
        let other = |key: &RingKey| {
            key.signer
                .as_ref()
                .is_some_and(|signer| *signer.id() != key.id || *signer.public_key() != key.public)
        };
        if keys.iter().any(other) {
            return Err(RingError::OtherKey);
        }
        if keys.iter().filter(|key| key.state == KeyState::Next).count() > 1 {
            return Err(RingError::Next);
        }
        let mut active = keys.iter().filter(|key| key.state == KeyState::Active);
        let (Some(only), None) = (active.next(), active.next()) else { return Err(RingError::Active) };
        let active = only.signer.clone().ok_or(RingError::NoSigner)?;
        Ok(Self { keys, active })
    }

    /// A ring of one active key.
    pub fn single(key: SigningKey, now: Timestamp) -> Self {
        Self { keys: vec![RingKey::new(key.clone(), KeyState::Active, now)], active: key }
    }

    /// The key that signs.
    pub const fn active(&self) -> &SigningKey {
        &self.active
    }

    /// All keys, whose public halves all verifiers should know.
    pub fn published(&self) -> &[RingKey] {
        &self.keys
    }

    /// The public half with this id, in any state. Takes the text of a token as it came.
    pub fn find(&self, unverified_id: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.id.as_str() == unverified_id).map(|key| &key.public)
    }

    /// The ring with one more key, published from now on.
    ///
    /// # Errors
    /// The id is in use, there is a next key already, or the ring is full.
    pub fn with_next(&self, key: SigningKey, now: Timestamp) -> Result<Self, RingError> {
        let mut keys = self.keys.clone();
        keys.push(RingKey::new(key, KeyState::Next, now));
        Self::new(keys)
    }

    /// The ring in which the next key signs and the active one is retired.
    ///
    /// `distribution_seconds` is how long verifiers may cache what is published; `registered` says
    /// that the public half is where verifiers look.
    ///
    /// # Errors
    /// No next key, too early, not registered, or no private half here.
    pub fn activate_next(
        &self,
        now: Timestamp,
        distribution_seconds: i64,
        registered: bool,
    ) -> Result<Self, RingError> {
        let next = self.keys.iter().find(|key| key.state == KeyState::Next).ok_or(RingError::NoNext)?;
        if next.published.plus_seconds(distribution_seconds) > now {
            return Err(RingError::TooEarly);
        }
        if !registered {
            return Err(RingError::NotRegistered);
        }
        let step = |key: &RingKey| {
            let state = match key.state {
                KeyState::Next => KeyState::Active,
                KeyState::Active | KeyState::Retired => KeyState::Retired,
            };
            let since = if state == key.state { key.since } else { now };
            RingKey { state, since, ..key.clone() }
        };
        Self::new(self.keys.iter().map(step).collect())
    }

    /// The ring without the keys that were retired before anything still alive was signed.
    #[must_use]
    pub fn without_outlived(&self, now: Timestamp, longest_life_seconds: i64) -> Self {
        let keep = |key: &&RingKey| {
            key.state != KeyState::Retired || key.since.plus_seconds(longest_life_seconds) > now
        };
        Self { keys: self.keys.iter().filter(keep).cloned().collect(), active: self.active.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Curve;

    const DAY: i64 = 86_400;

    fn key(id: &str) -> SigningKey {
        SigningKey::in_process(id.parse().unwrap(), PrivateKey::generate_ec(Curve::P256).unwrap())
    }

    #[test]
    fn key_ids_have_one_form() {
        for id in ["0", "zts-ec_1", &"a".repeat(64)] {
            assert_eq!(id.parse::<KeyId>().unwrap().as_str(), id);
        }
        for id in ["", "A", "a.b", "a b", "../a", "a/b", "a\0", "é", &"a".repeat(65)] {
            assert_eq!(id.parse::<KeyId>(), Err(RingError::KeyId), "{id}");
        }
    }

    #[test]
    fn rotation() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let ring = KeyRing::single(key("a"), start);
        assert_eq!(ring.activate_next(start, 0, true).unwrap_err(), RingError::NoNext);
        assert_eq!(ring.with_next(key("a"), start).unwrap_err(), RingError::Reused);

        let ring = ring.with_next(key("b"), start).unwrap();
        assert_eq!(ring.with_next(key("c"), start).unwrap_err(), RingError::Next);
        assert_eq!(ring.active().id().as_str(), "a");
        assert!(ring.find("b").is_some(), "the next key is published before it signs");

        assert_eq!(ring.activate_next(start, DAY, true).unwrap_err(), RingError::TooEarly);
        let later = start.plus_days(1);
        assert_eq!(ring.activate_next(later, DAY, false).unwrap_err(), RingError::NotRegistered);
        let ring = ring.activate_next(later, DAY, true).unwrap();
        assert_eq!(ring.active().id().as_str(), "b");
        assert!(ring.find("a").is_some(), "a retired key still verifies");

        let ring = ring.without_outlived(later.plus_days(29), 30 * DAY);
        assert!(ring.find("a").is_some());
        let ring = ring.without_outlived(later.plus_days(30), 30 * DAY);
        assert!(ring.find("a").is_none());
        assert_eq!(ring.published().len(), 1);
    }

    #[test]
    fn a_ring_needs_one_active_key_of_its_own() {
        let now = Timestamp::EPOCH;
        let entry = |id, state| RingKey::new(key(id), state, now);
        assert_eq!(KeyRing::new(vec![]).unwrap_err(), RingError::Active);
        let two = vec![entry("a", KeyState::Active), entry("b", KeyState::Active)];
        assert_eq!(KeyRing::new(two).unwrap_err(), RingError::Active);
        let public_only = RingKey { signer: None, ..entry("a", KeyState::Active) };
        assert_eq!(KeyRing::new(vec![public_only]).unwrap_err(), RingError::NoSigner);
        let swapped = RingKey { signer: Some(key("a")), ..entry("a", KeyState::Active) };
        assert_eq!(KeyRing::new(vec![swapped]).unwrap_err(), RingError::OtherKey);
    }
}
