//! What the engine needs to know about keys: one trait, so that it runs on any crypto library.

use std::fmt::Debug;

/// Whose key signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// ZTS: tokens and policies.
    Zts,
    /// ZMS: the signature inside a classic policy document.
    Zms,
}

/// What was signed, and how the signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// SHA-256, with RSA PKCS#1 v1.5 or ECDSA as DER: role tokens, classic policies.
    Athenz,
    /// A compact JWS with this unverified `alg`, ECDSA in fixed width (RFC 7518).
    Compact(&'a str),
    /// A policy document as JWS with this unverified `alg`, ECDSA in either form.
    Document(&'a str),
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Nobody we trust has a key with this id.
    #[error("signed with a key that is not among the trusted keys")]
    UnknownKey,
    /// The algorithm is unknown, or does not belong to the key.
    #[error("signed with an algorithm that does not fit the key")]
    Algorithm,
    /// The signature does not fit.
    #[error("the signature does not fit")]
    BadSignature,
}

/// Verifies signatures with keys it trusts. Called on the path of decisions: it must neither
/// block nor go to the network.
pub trait Verify: Send + Sync + Debug {
    /// Whether the key `unverified_key_id` of the owner signed the data.
    ///
    /// # Errors
    /// It did not, or there is no such key.
    fn verify(
        &self,
        owner: KeyOwner,
        unverified_key_id: &str,
        scheme: Scheme<'_>,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError>;

    /// SHA-256 of the data.
    fn sha256(&self, data: &[u8]) -> [u8; 32];

    /// A number that changes with the set of trusted keys; what was verified before is then
    /// verified again.
    fn generation(&self) -> u64 {
        0
    }

    /// A number for each set of keys that was read or fetched; none while the last one is so old
    /// that it is no longer believed. A key that another set lacks was withdrawn.
    fn key_set(&self) -> Option<u64> {
        Some(self.generation())
    }
}

impl<V: Verify + ?Sized> Verify for std::sync::Arc<V> {
    fn verify(
        &self,
        owner: KeyOwner,
        unverified_key_id: &str,
        scheme: Scheme<'_>,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        (**self).verify(owner, unverified_key_id, scheme, data, signature)
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        (**self).sha256(data)
    }

    fn generation(&self) -> u64 {
        (**self).generation()
    }

    fn key_set(&self) -> Option<u64> {
        (**self).key_set()
    }
}
