//! What certificates and requests have in common: something, an algorithm, a signature.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, SHA_256_WITH_RSA_ENCRYPTION,
    SHA_384_WITH_RSA_ENCRYPTION, SHA_512_WITH_RSA_ENCRYPTION,
};
use der::asn1::{Any, AnyRef, BitStringRef};
use der::{Decode, Encode, Sequence};
use x509_cert::spki::{AlgorithmIdentifierOwned, AlgorithmIdentifierRef};

use crate::keys::{BadSignature, Hash, KeyKind, PublicKey, SignatureForm};

/// `SIGNED{…}` of RFC 5280 section 4.1, with the signed part as it came.
#[derive(Sequence)]
pub(super) struct Signed<'a> {
    contents: AnyRef<'a>,
    algorithm: AlgorithmIdentifierRef<'a>,
    signature: BitStringRef<'a>,
}

impl<'a> Signed<'a> {
    pub(super) fn parse(der: &'a [u8]) -> der::Result<Self> {
        Self::from_der(der)
    }

    /// The DER of what is signed.
    pub(super) fn contents(&self) -> der::Result<Vec<u8>> {
        self.contents.to_der()
    }

    /// Verifies with SHA-256, SHA-384 or SHA-512; anything older is no signature.
    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), BadSignature> {
        let (hash, rsa) = hash_of(self.algorithm.oid).ok_or(BadSignature)?;
        if rsa != key.kind().is_rsa() {
            return Err(BadSignature);
        }
        let contents = self.contents().map_err(|_| BadSignature)?;
        let signature = self.signature.as_bytes().ok_or(BadSignature)?;
        key.verify_as(hash, SignatureForm::Der, &contents, signature)
    }
}

fn hash_of(oid: ObjectIdentifier) -> Option<(Hash, bool)> {
    match oid {
        ECDSA_WITH_SHA_256 => Some((Hash::Sha256, false)),
        ECDSA_WITH_SHA_384 => Some((Hash::Sha384, false)),
        ECDSA_WITH_SHA_512 => Some((Hash::Sha512, false)),
        SHA_256_WITH_RSA_ENCRYPTION => Some((Hash::Sha256, true)),
        SHA_384_WITH_RSA_ENCRYPTION => Some((Hash::Sha384, true)),
        SHA_512_WITH_RSA_ENCRYPTION => Some((Hash::Sha512, true)),
        _ => None,
    }
}

/// The algorithm that a key of this kind signs certificates and requests with.
pub(super) fn algorithm_of(kind: KeyKind) -> (Hash, AlgorithmIdentifierOwned) {
    let (hash, oid, parameters) = match kind {
        KeyKind::Rsa { .. } => (Hash::Sha256, SHA_256_WITH_RSA_ENCRYPTION, Some(Any::null())),
        KeyKind::Ec(curve) => {
            let oid = match curve.hash() {
                Hash::Sha256 => ECDSA_WITH_SHA_256,
                Hash::Sha384 => ECDSA_WITH_SHA_384,
                Hash::Sha512 => ECDSA_WITH_SHA_512,
            };
            (curve.hash(), oid, None)
        }
    };
    (hash, AlgorithmIdentifierOwned { oid, parameters })
}

/// The DER of a signed thing, put together.
pub(super) fn assemble(
    contents: &[u8],
    algorithm: &AlgorithmIdentifierOwned,
    signature: &[u8],
) -> der::Result<Vec<u8>> {
    let algorithm = algorithm.to_der()?;
    let signed = Signed {
        contents: AnyRef::from_der(contents)?,
        algorithm: AlgorithmIdentifierRef::from_der(&algorithm)?,
        signature: BitStringRef::from_bytes(signature)?,
    };
    signed.to_der()
}
