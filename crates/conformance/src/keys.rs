//! Keys of every kind that scenarios need, the weak and the odd included.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::signature::{SignatureEncoding, Signer};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::common::getrandom::SysRng;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sha2::{Digest, Sha256};

use crate::der::{self, Der};

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// RSA with a modulus of so many bits.
    Rsa(usize),
}

impl KeyKind {
    /// The kind that the end of a key's name picks.
    pub fn of_name(name: &str) -> Self {
        match name.rsplit('-').next() {
            Some("rsa") => Self::Rsa(2048),
            Some("rsa1024") => Self::Rsa(1024),
            Some("p384") => Self::P384,
            _ => Self::P256,
        }
    }
}

/// A key cannot be made, read or used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("key: {0}")]
pub struct KeyError(String);

/// A private key of a test. Every kind signs with SHA-256.
#[derive(Debug)]
pub struct TestKey(Inner);

#[derive(Debug)]
enum Inner {
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Rsa(Box<rsa::PrivateKey>),
}

impl TestKey {
    /// A new key. An RSA key takes about a second.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let key = match kind {
            KeyKind::P256 => Inner::P256(p256::SecretKey::try_generate().map_err(key_error)?),
            KeyKind::P384 => Inner::P384(p384::SecretKey::try_generate().map_err(key_error)?),
            KeyKind::Rsa(size) => {
                Inner::Rsa(Box::new(rsa::PrivateKey::new(&mut SysRng, size).map_err(key_error)?))
            }
        };
        Ok(Self(key))
    }

    /// Reads a PKCS#8 key.
    ///
    /// # Errors
    /// When the text is not a P-256, P-384 or RSA key in that form.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if let Ok(key) = p256::SecretKey::from_pkcs8_pem(pem) {
            return Ok(Self(Inner::P256(key)));
        }
        if let Ok(key) = p384::SecretKey::from_pkcs8_pem(pem) {
            return Ok(Self(Inner::P384(key)));
        }
        let key = rsa::PrivateKey::from_pkcs8_pem(pem).map_err(key_error)?;
        Ok(Self(Inner::Rsa(Box::new(key))))
    }

    /// The private key as PKCS#8 PEM.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn private_pem(&self) -> Result<String, KeyError> {
        let pem = match &self.0 {
            Inner::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            Inner::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
            Inner::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        Ok(pem.map_err(key_error)?.to_string())
    }

    /// The public key as PEM.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        match &self.0 {
            Inner::P256(key) => key.public_key().to_public_key_pem(LineEnding::LF),
            Inner::P384(key) => key.public_key().to_public_key_pem(LineEnding::LF),
            Inner::Rsa(key) => key.to_public_key().to_public_key_pem(LineEnding::LF),
        }
        .map_err(key_error)
    }

    /// The public key as `SubjectPublicKeyInfo`.
    pub(crate) fn public_der(&self) -> Result<Der, KeyError> {
        let document = match &self.0 {
            Inner::P256(key) => key.public_key().to_public_key_der(),
            Inner::P384(key) => key.public_key().to_public_key_der(),
            Inner::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        Ok(document.map_err(key_error)?.as_bytes().to_vec())
    }

    /// Whether this is an RSA key.
    pub const fn is_rsa(&self) -> bool {
        matches!(self.0, Inner::Rsa(_))
    }

    /// The signature as certificates and Athenz tokens carry it: DER, or PKCS#1 v1.5 of an RSA key.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Inner::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::SigningKey::from(key.clone()).try_sign(data).map_err(key_error)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Inner::P384(key) => {
                let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key.clone())
                    .sign_prehash(&Sha256::digest(data))
                    .map_err(key_error)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Inner::Rsa(key) => {
                let signer = rsa::pkcs1v15::SigningKey::<Sha256>::new(key.as_ref().clone());
                Ok(signer.try_sign(data).map_err(key_error)?.to_vec())
            }
        }
    }

    /// The signature as a JWT carries it: ES256, or RS256 of an RSA key.
    ///
    /// # Errors
    /// When the key is of a kind for which there is no such JWT.
    pub fn sign_jwt(&self, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.0 {
            Inner::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    p256::ecdsa::SigningKey::from(key.clone()).try_sign(data).map_err(key_error)?;
                Ok(signature.to_vec())
            }
            Inner::P384(_) => Err(KeyError("a P-384 key signs no ES256 token".to_owned())),
            Inner::Rsa(_) => self.sign(data),
        }
    }

    /// The identifier of the algorithm of [`TestKey::sign`].
    pub(crate) fn signature_algorithm(&self) -> Der {
        if self.is_rsa() {
            der::sequence([der::oid("1.2.840.113549.1.1.11"), der::null()])
        } else {
            der::sequence([der::oid("1.2.840.10045.4.3.2")])
        }
    }
}

/// Fresh random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    <[u8; N]>::try_generate().map_err(key_error)
}

fn key_error(error: impl std::fmt::Display) -> KeyError {
    KeyError(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_picks_the_kind() {
        for (name, kind) in [
            ("api", KeyKind::P256),
            ("api-rsa", KeyKind::Rsa(2048)),
            ("api-rsa1024", KeyKind::Rsa(1024)),
            ("api-p384", KeyKind::P384),
            ("rsa-api", KeyKind::P256),
        ] {
            assert_eq!(KeyKind::of_name(name), kind, "{name}");
        }
    }

    #[test]
    fn a_key_survives_its_pem_and_signs_in_both_forms() {
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa(1024)] {
            let key = TestKey::generate(kind).unwrap();
            let again = TestKey::from_pem(&key.private_pem().unwrap()).unwrap();
            assert_eq!(again.public_pem().unwrap(), key.public_pem().unwrap(), "{kind:?}");
            assert!(!key.sign(b"data").unwrap().is_empty());
        }
        assert_eq!(TestKey::generate(KeyKind::P256).unwrap().sign_jwt(b"data").unwrap().len(), 64);
        assert!(TestKey::generate(KeyKind::P384).unwrap().sign_jwt(b"data").is_err());
    }
}
