//! Public keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, EcdsaVerificationAlgorithm,
    ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, RsaParameters,
    UnparsedPublicKey,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1};
use der::asn1::{AnyRef, BitStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::{
    Algorithm, BadSignature, Curve, Hash, KeyError, KeyKind, RSA_BITS_LEGACY, RSA_BITS_MAX, RSA_BITS_MIN,
    SignatureForm, ecdsa,
};
use crate::pem::{self, Block};
use crate::ybase64;

const SPKI: &str = "PUBLIC KEY";
const PKCS1: &str = "RSA PUBLIC KEY";
const CERTIFICATE: &str = "CERTIFICATE";

/// The smallest public exponent that [`PublicKey::check_strength`] passes.
const EXPONENT_MIN: u64 = 65_537;

/// A public key. Cloning shares it; two are equal when their `SubjectPublicKeyInfo` is.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    kind: KeyKind,
    /// RSA only; 0 otherwise.
    exponent: u64,
    spki: Vec<u8>,
    /// A point (SEC1, uncompressed) or an `RSAPublicKey` (PKCS#1).
    raw: Vec<u8>,
    /// Ready for the digest that fits the curve, or SHA-256 for RSA.
    parsed: ParsedPublicKey,
}

/// `RSAPublicKey` of RFC 8017 appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    exponent: UintRef<'a>,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`, a PKCS#1 key, or takes the key of a certificate.
    ///
    /// # Errors
    /// No such block, another kind of key, explicit curve parameters, or a size out of bounds.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let block = pem::read_one(text, &[SPKI, PKCS1, CERTIFICATE])?;
        Self::from_block(&block)
    }

    /// Reads the ybase64 form of a PEM text: how ZMS registers keys.
    ///
    /// # Errors
    /// As [`Self::from_pem`].
    pub fn from_ybase64_pem(text: &str) -> Result<Self, KeyError> {
        let bytes = ybase64::decode(text).map_err(|_| KeyError::Malformed)?;
        Self::from_pem(std::str::from_utf8(&bytes).map_err(|_| KeyError::Malformed)?)
    }

    fn from_block(block: &Block) -> Result<Self, KeyError> {
        match block.label() {
            SPKI => Self::from_spki_der(block.contents()),
            PKCS1 => Self::from_pkcs1_der(block.contents()),
            _ => {
                let certificate =
                    x509_cert::Certificate::from_der(block.contents()).map_err(|_| KeyError::Malformed)?;
                let spki = certificate.tbs_certificate.subject_public_key_info;
                Self::from_spki_der(&spki.to_der().map_err(|_| KeyError::Malformed)?)
            }
        }
    }

    /// Reads a `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    ///
    /// # Errors
    /// As [`Self::from_pem`].
    pub fn from_spki_der(contents: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(contents).map_err(|_| KeyError::Malformed)?;
        let raw = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        match info.algorithm.oid {
            ID_EC_PUBLIC_KEY => Self::from_point(named_curve(info.algorithm.parameters)?, raw),
            RSA_ENCRYPTION if info.algorithm.parameters == Some(AnyRef::NULL) => Self::from_pkcs1_der(raw),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Reads an uncompressed point (SEC1 section 2.3.3) on a curve.
    ///
    /// # Errors
    /// The point has another form, or is not on the curve.
    pub fn from_point(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        if point.first() != Some(&4) || point.len() != 1 + 2 * curve.field_bytes() {
            return Err(KeyError::Malformed);
        }
        let parsed =
            ParsedPublicKey::new(verification_algorithm(curve), point).map_err(|_| KeyError::Malformed)?;
        let parameters = curve_oid(curve).to_der().map_err(|_| KeyError::Malformed)?;
        let parameters = AnyRef::from_der(&parameters).map_err(|_| KeyError::Malformed)?;
        let spki = spki(ID_EC_PUBLIC_KEY, parameters, point)?;
        Ok(Self(Arc::new(Inner { kind: KeyKind::Ec(curve), exponent: 0, spki, raw: point.to_vec(), parsed })))
    }

    /// Reads an `RSAPublicKey` of PKCS#1 (RFC 8017 appendix A.1.1).
    ///
    /// # Errors
    /// Not 1024 to 8192 bits, an even modulus or exponent, or an exponent of 1.
    pub fn from_pkcs1_der(contents: &[u8]) -> Result<Self, KeyError> {
        let key = RsaPublicKey::from_der(contents).map_err(|_| KeyError::Malformed)?;
        let (bits, exponent) = rsa_size(key.modulus.as_bytes(), key.exponent.as_bytes())?;
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, contents)
            .map_err(|_| KeyError::Malformed)?;
        let spki = spki(RSA_ENCRYPTION, AnyRef::NULL, contents)?;
        Ok(Self(Arc::new(Inner {
            kind: KeyKind::Rsa { bits },
            exponent,
            spki,
            raw: contents.to_vec(),
            parsed,
        })))
    }

    /// Makes an RSA key of its two numbers (big endian, as a JWK has them).
    ///
    /// # Errors
    /// As [`Self::from_pkcs1_der`].
    pub fn from_rsa_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let number = |bytes| UintRef::new(bytes).map_err(|_| KeyError::Malformed);
        let key = RsaPublicKey { modulus: number(modulus)?, exponent: number(exponent)? };
        Self::from_pkcs1_der(&key.to_der().map_err(|_| KeyError::Malformed)?)
    }

    /// What the key is.
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// The `SubjectPublicKeyInfo` in DER.
    pub fn to_spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// The `SubjectPublicKeyInfo` in PEM.
    pub fn to_spki_pem(&self) -> String {
        std::mem::take(&mut *pem::write(SPKI, &self.0.spki))
    }

    /// The ybase64 form of the PEM text: how ZMS registers keys.
    pub fn to_ybase64_pem(&self) -> String {
        ybase64::encode(self.to_spki_pem().as_bytes())
    }

    /// The bits of the key inside its `SubjectPublicKeyInfo`: what a key identifier is made of.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.0.raw
    }

    /// The coordinates of an EC key, each in full width.
    pub fn ec_coordinates(&self) -> Option<(Curve, &[u8], &[u8])> {
        let KeyKind::Ec(curve) = self.0.kind else { return None };
        let (x, y) = self.0.raw.get(1..)?.split_at_checked(curve.field_bytes())?;
        Some((curve, x, y))
    }

    /// Modulus and exponent of an RSA key, without leading zeros.
    pub fn rsa_numbers(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        if !self.0.kind.is_rsa() {
            return None;
        }
        let key = RsaPublicKey::from_der(&self.0.raw).ok()?;
        Some((key.modulus.as_bytes().to_vec(), key.exponent.as_bytes().to_vec()))
    }

    /// Refuses what nothing new may be built on: RSA below 2048 bits, or with a small exponent.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_strength(&self) -> Result<(), KeyError> {
        match self.0.kind {
            KeyKind::Rsa { bits } if bits < RSA_BITS_MIN => {
                Err(KeyError::Strength("an RSA key needs at least 2048 bits"))
            }
            KeyKind::Rsa { .. } if self.0.exponent < EXPONENT_MIN => {
                Err(KeyError::Strength("an RSA key needs an exponent of at least 65537"))
            }
            _ => Ok(()),
        }
    }

    /// Verifies a JOSE signature (ECDSA in fixed width).
    ///
    /// # Errors
    /// The signature does not fit, or the algorithm is none of this key.
    pub fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        if !algorithm.fits(self.0.kind) {
            return Err(BadSignature);
        }
        self.verify_as(algorithm.hash(), SignatureForm::P1363, data, signature)
    }

    /// Verifies a signature over SHA-256 of the data, ECDSA as DER: Athenz's tokens and documents.
    ///
    /// # Errors
    /// The signature does not fit.
    pub fn verify_sha256(&self, data: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_as(Hash::Sha256, SignatureForm::Der, data, signature)
    }

    /// Verifies with a digest and a form of choice; the form means nothing to RSA.
    ///
    /// # Errors
    /// The signature does not fit.
    pub fn verify_as(
        &self,
        hash: Hash,
        form: SignatureForm,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        match (self.0.kind, form) {
            (KeyKind::Ec(curve), SignatureForm::P1363) => self.verify_ec(curve, hash, data, signature),
            (KeyKind::Ec(curve), SignatureForm::Der) => {
                self.verify_ec(curve, hash, data, &ecdsa::to_fixed(curve, signature)?)
            }
            (KeyKind::Rsa { bits }, _) => self.verify_rsa(bits, hash, data, signature),
        }
    }

    fn verify_ec(&self, curve: Curve, hash: Hash, data: &[u8], fixed: &[u8]) -> Result<(), BadSignature> {
        let digest = ecdsa::digest_for(curve, hash, data).map_err(|_| BadSignature)?;
        self.0.parsed.verify_digest_sig(&digest, fixed).map_err(|_| BadSignature)
    }

    fn verify_rsa(&self, bits: u32, hash: Hash, data: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let parameters: &'static RsaParameters = match hash {
            Hash::Sha256 => return self.0.parsed.verify_sig(data, signature).map_err(|_| BadSignature),
            Hash::Sha384 if bits < RSA_BITS_MIN => return Err(BadSignature),
            Hash::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        };
        UnparsedPublicKey::new(parameters, &self.0.raw).verify(data, signature).map_err(|_| BadSignature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.spki.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.0.kind, crate::digest::sha256_base64url(&self.0.spki))
    }
}

/// Size and exponent, after the checks that cost nothing: a hostile key must not buy CPU time.
fn rsa_size(modulus: &[u8], exponent: &[u8]) -> Result<(u32, u64), KeyError> {
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len()).unwrap_or(u32::MAX).saturating_mul(8).saturating_sub(leading);
    if !(RSA_BITS_LEGACY..=RSA_BITS_MAX).contains(&bits) {
        return Err(KeyError::Strength("an RSA key needs 1024 to 8192 bits"));
    }
    if exponent.len() > 4 {
        return Err(KeyError::Strength("the exponent of the RSA key is too large"));
    }
    let exponent = exponent.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let odd = |byte: Option<&u8>| byte.is_some_and(|byte| byte & 1 == 1);
    if !odd(modulus.last()) || exponent & 1 == 0 || exponent < 3 {
        return Err(KeyError::Malformed);
    }
    Ok((bits, exponent))
}

fn named_curve(parameters: Option<AnyRef<'_>>) -> Result<Curve, KeyError> {
    let oid: ObjectIdentifier =
        parameters.and_then(|any| any.decode_as().ok()).ok_or(KeyError::Unsupported)?;
    [Curve::P256, Curve::P384, Curve::P521]
        .into_iter()
        .find(|curve| curve_oid(*curve) == oid)
        .ok_or(KeyError::Unsupported)
}

const fn curve_oid(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => SECP_256_R_1,
        Curve::P384 => SECP_384_R_1,
        Curve::P521 => SECP_521_R_1,
    }
}

const fn verification_algorithm(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED,
    }
}

fn spki(oid: ObjectIdentifier, parameters: AnyRef<'_>, raw: &[u8]) -> Result<Vec<u8>, KeyError> {
    let info = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters: Some(parameters) },
        subject_public_key: BitStringRef::from_bytes(raw).map_err(|_| KeyError::Malformed)?,
    };
    info.to_der().map_err(|_| KeyError::Malformed)
}
