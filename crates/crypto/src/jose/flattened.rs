//! JWS in its flattened JSON form (RFC 7515 section 7.2.2): signed domains and signed policies.
//!
//! Athenz signs these with SHA-256 whatever the curve, says `ES256` for every EC key, and writes
//! the signature as DER unless a client asks for the standard's fixed width.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{JwsError, JwsHeader, ProtectedHeader};
use crate::keys::{Algorithm, BadSignature, Hash, KeyKind, PublicKey, SignatureForm};
use crate::ring::SigningKey;

/// Largest document, in bytes of base64url.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A signed document, all parts in base64url without padding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlattenedJws {
    /// The document.
    pub payload: String,
    /// The protected header.
    pub protected: String,
    /// The unprotected header: the key id once more.
    pub header: FlattenedHeader,
    /// The signature.
    pub signature: String,
}

/// The unprotected header of a flattened JWS. Verifiers never look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlattenedHeader {
    /// The id of the key.
    #[serde(default)]
    pub kid: String,
}

impl FlattenedJws {
    /// Signs a document.
    ///
    /// # Errors
    /// The signer fails.
    pub async fn sign(key: &SigningKey, payload: &[u8], form: SignatureForm) -> Result<Self, JwsError> {
        let (unsigned, hash) = Self::prepare(key, payload, form);
        let signature = key.sign_as(hash, form, unsigned.signing_input().as_bytes()).await?;
        Ok(unsigned.with_signature(&signature))
    }

    /// Signs a document with a key of this process.
    ///
    /// # Errors
    /// The key is elsewhere, or the library refuses.
    pub fn sign_in_process(key: &SigningKey, payload: &[u8], form: SignatureForm) -> Result<Self, JwsError> {
        let private = key.private_key().ok_or(JwsError::UnknownKey)?;
        let (unsigned, hash) = Self::prepare(key, payload, form);
        let signature = private.sign_as(hash, form, unsigned.signing_input().as_bytes())?;
        Ok(unsigned.with_signature(&signature))
    }

    fn prepare(key: &SigningKey, payload: &[u8], form: SignatureForm) -> (Self, Hash) {
        let algorithm = match (key.public_key().kind(), form) {
            (KeyKind::Rsa { .. }, _) => Algorithm::Rs256,
            // readers of the DER form know no other algorithm
            (KeyKind::Ec(_), SignatureForm::Der) => Algorithm::Es256,
            (KeyKind::Ec(_), SignatureForm::P1363) => key.algorithm(),
        };
        let unsigned = Self {
            payload: URL_SAFE_NO_PAD.encode(payload),
            protected: ProtectedHeader::new(key.id().as_str(), None, algorithm).encoded().to_owned(),
            header: FlattenedHeader { kid: key.id().to_string() },
            signature: String::new(),
        };
        (unsigned, algorithm.hash())
    }

    fn signing_input(&self) -> String {
        signing_input(&self.protected, &self.payload)
    }

    fn with_signature(self, signature: &[u8]) -> Self {
        Self { signature: URL_SAFE_NO_PAD.encode(signature), ..self }
    }
}

/// A document whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedFlattenedJws<'a> {
    header: JwsHeader,
    protected: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedFlattenedJws<'a> {
    /// Takes the parts of a document. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// The form is not that of a document we could verify.
    pub fn new(protected: &'a str, payload: &'a str, signature: &str) -> Result<Self, JwsError> {
        if payload.len() > DOCUMENT_BYTES_MAX {
            return Err(JwsError::TooLarge);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::NotBase64Url)?;
        Ok(Self { header: JwsHeader::parse(protected)?, protected, payload, signature })
    }

    /// The header, to find the key by.
    pub const fn unverified_header(&self) -> &JwsHeader {
        &self.header
    }

    /// Verifies with the key that a function finds by the protected `kid`, and gives the document.
    ///
    /// # Errors
    /// No `kid`, no such key, or the signature fits in neither form.
    pub fn verify_with<K: std::borrow::Borrow<PublicKey>>(
        self,
        find: impl FnOnce(&str) -> Option<K>,
    ) -> Result<VerifiedDocument, JwsError> {
        let key_id = self.header.key_id.clone().ok_or(JwsError::KeyId)?;
        let key = find(&key_id).ok_or(JwsError::UnknownKey)?;
        self.check(key.borrow())?;
        let payload = URL_SAFE_NO_PAD.decode(self.payload).map_err(|_| JwsError::NotBase64Url)?;
        Ok(VerifiedDocument { payload, key_id })
    }

    fn check(&self, key: &PublicKey) -> Result<(), BadSignature> {
        let algorithm = self.header.algorithm;
        let input = signing_input(self.protected, self.payload);
        let KeyKind::Ec(curve) = key.kind() else {
            return key.verify(algorithm, input.as_bytes(), &self.signature);
        };
        let legacy = algorithm == Algorithm::Es256;
        if !legacy && !algorithm.fits(key.kind()) {
            return Err(BadSignature);
        }
        // a DER signature is a few bytes longer than the fixed one, or shorter, never as long and valid as both
        let form = if self.signature.len() == 2 * curve.field_bytes() {
            SignatureForm::P1363
        } else {
            SignatureForm::Der
        };
        key.verify_as(algorithm.hash(), form, input.as_bytes(), &self.signature).or_else(|bad| match form {
            SignatureForm::P1363 => {
                key.verify_as(algorithm.hash(), SignatureForm::Der, input.as_bytes(), &self.signature)
            }
            SignatureForm::Der => Err(bad),
        })
    }
}

fn signing_input(protected: &str, payload: &str) -> String {
    let mut input = String::with_capacity(protected.len() + 1 + payload.len());
    input.push_str(protected);
    input.push('.');
    input.push_str(payload);
    input
}

/// A document whose signature is good.
#[derive(Clone, Debug)]
pub struct VerifiedDocument {
    payload: Vec<u8>,
    key_id: String,
}

impl VerifiedDocument {
    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The bytes that were signed, owned.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The id of the key that signed.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }
}
