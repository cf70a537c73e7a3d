//! JWS in its compact form (RFC 7515 section 7.1): JSON web tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{ClaimError, Claims, JsonError, JwkSet, is_key_id, parse_object};
use crate::keys::{Algorithm, BadSignature, KeyError, PrivateKey, PublicKey};
use crate::ring::SigningKey;

/// Largest token, in bytes.
pub const COMPACT_BYTES_MAX: usize = 64 * 1024;
/// Largest protected header, in bytes of JSON.
const HEADER_BYTES_MAX: usize = 4096;

/// Why a JWS is refused, or cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// More bytes than any honest token has.
    #[error("the token is too large")]
    TooLarge,
    /// Not three parts.
    #[error("the token does not have three parts")]
    Shape,
    /// A part is not base64url, has padding, or bits behind its last byte.
    #[error("a part of the token is not base64url")]
    NotBase64Url,
    /// Header or claims are no proper JSON object.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// No `alg`, or none that we take.
    #[error("unsupported signature algorithm")]
    Algorithm,
    /// The `kid` is missing where one is needed, or not of the form of a key id.
    #[error("the key id is missing or malformed")]
    KeyId,
    /// A header of the wrong type, or one that must be understood and is not.
    #[error("unsupported header {0}")]
    Header(&'static str),
    /// Nobody knows a key of that id for that algorithm.
    #[error("no key with this id")]
    UnknownKey,
    /// The signature does not fit.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// A claim is missing or wrong.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The claims cannot be written.
    #[error("the claims cannot be written as JSON")]
    Write,
}

/// A protected header, encoded once and used for every token of a key.
#[derive(Clone, Debug)]
pub struct ProtectedHeader {
    algorithm: Algorithm,
    encoded: String,
}

#[derive(Serialize)]
struct HeaderText<'a> {
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    alg: &'a str,
}

impl ProtectedHeader {
    /// The header with `kid`, perhaps `typ`, and `alg`, in this order.
    pub fn new(kid: &str, typ: Option<&str>, algorithm: Algorithm) -> Self {
        let text = HeaderText { kid, typ, alg: algorithm.as_str() };
        // three strings always have a JSON form
        let json = serde_json::to_vec(&text).unwrap_or_default();
        Self { algorithm, encoded: URL_SAFE_NO_PAD.encode(json) }
    }

    /// The header of a key's tokens: its id and its usual algorithm.
    pub fn of_key(key: &SigningKey, typ: Option<&str>) -> Self {
        Self::new(key.id().as_str(), typ, key.algorithm())
    }

    /// The algorithm it names.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The base64url text.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }
}

/// Signs claims with a key of this process.
///
/// # Errors
/// The claims have no JSON form, or the algorithm of the header is none of this key.
pub fn sign_compact(
    key: &PrivateKey,
    header: &ProtectedHeader,
    claims: &impl Serialize,
) -> Result<String, JwsError> {
    let text = signing_input(header, claims)?;
    let signature = key.sign(header.algorithm, text.as_bytes())?;
    Ok(append_signature(text, &signature))
}

/// Signs claims with a key that may be elsewhere.
///
/// # Errors
/// As [`sign_compact`], and the signer fails.
pub async fn sign_compact_with(
    key: &SigningKey,
    header: &ProtectedHeader,
    claims: &impl Serialize,
) -> Result<String, JwsError> {
    let text = signing_input(header, claims)?;
    let signature = key.sign(header.algorithm, text.as_bytes()).await?;
    Ok(append_signature(text, &signature))
}

fn signing_input(header: &ProtectedHeader, claims: &impl Serialize) -> Result<String, JwsError> {
    let json = serde_json::to_vec(claims).map_err(|_| JwsError::Write)?;
    // room for the payload in base64 and the largest usual signature
    let mut text = String::with_capacity(header.encoded.len() + json.len() * 4 / 3 + 360);
    text.push_str(&header.encoded);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(json, &mut text);
    Ok(text)
}

fn append_signature(mut text: String, signature: &[u8]) -> String {
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    text
}

/// The headers that are read; all others are ignored, above all those that bring a key along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwsHeader {
    /// The algorithm, one of ours.
    pub algorithm: Algorithm,
    /// The id of the key, of the form of a key id.
    pub key_id: Option<String>,
    /// The type of the token, as written.
    pub typ: Option<String>,
}

impl JwsHeader {
    pub(super) fn parse(encoded: &str) -> Result<Self, JwsError> {
        if encoded.len() > HEADER_BYTES_MAX {
            return Err(JwsError::TooLarge);
        }
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| JwsError::NotBase64Url)?;
        let map = parse_object(&json)?;
        // nothing that must be understood is understood; b64 (RFC 7797) changes what is signed
        for name in ["crit", "b64"] {
            if map.contains_key(name) {
                return Err(JwsError::Header(name));
            }
        }
        let algorithm = text_of(&map, "alg")?.ok_or(JwsError::Algorithm)?;
        let algorithm = algorithm.parse().map_err(|_| JwsError::Algorithm)?;
        let key_id = text_of(&map, "kid")?.map(str::to_owned);
        if key_id.as_deref().is_some_and(|kid| !is_key_id(kid)) {
            return Err(JwsError::KeyId);
        }
        Ok(Self { algorithm, key_id, typ: text_of(&map, "typ")?.map(str::to_owned) })
    }

    /// Whether `typ` is one of these, without regard to case or a leading `application/`
    /// (RFC 7515 section 4.1.9). An absent `typ` is never one of them.
    pub fn has_type(&self, types: &[&str]) -> bool {
        let Some(typ) = &self.typ else { return false };
        let lower = typ.to_ascii_lowercase();
        let short = lower.strip_prefix("application/").unwrap_or(&lower);
        types.iter().any(|wanted| wanted.eq_ignore_ascii_case(short))
    }
}

fn text_of<'a>(map: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwsError> {
    match map.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwsError::Header(name)),
    }
}

/// A token whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedJws<'a> {
    header: JwsHeader,
    signing_input: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Takes a token apart. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// Its form is not that of a token we could verify.
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        if text.len() > COMPACT_BYTES_MAX {
            return Err(JwsError::TooLarge);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(JwsError::Shape)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::Shape)?;
        if payload.contains('.') {
            return Err(JwsError::Shape);
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::NotBase64Url);
        Ok(Self {
            header: JwsHeader::parse(header)?,
            signing_input,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    }

    /// The header, to find the key by.
    pub const fn unverified_header(&self) -> &JwsHeader {
        &self.header
    }

    /// The claims, only to find out whose key to verify with.
    ///
    /// # Errors
    /// They are no proper JSON object.
    pub fn unverified_claims(&self) -> Result<Claims, JwsError> {
        Ok(Claims::new(parse_object(&self.payload)?))
    }

    /// Verifies with a key.
    ///
    /// # Errors
    /// The algorithm is none of this key, the signature does not fit, or the claims are no proper
    /// JSON object. Times are not checked: [`Claims::check_times`].
    pub fn verify(self, key: &PublicKey) -> Result<VerifiedJws, JwsError> {
        key.verify(self.header.algorithm, self.signing_input.as_bytes(), &self.signature)?;
        Ok(VerifiedJws { claims: Claims::new(parse_object(&self.payload)?), header: self.header })
    }

    /// Verifies with the key that a function finds by the `kid`, which must be there.
    ///
    /// # Errors
    /// As [`Self::verify`]; no `kid`, or no such key.
    pub fn verify_with<K: std::borrow::Borrow<PublicKey>>(
        self,
        find: impl FnOnce(&str) -> Option<K>,
    ) -> Result<VerifiedJws, JwsError> {
        let kid = self.header.key_id.as_deref().ok_or(JwsError::KeyId)?;
        let key = find(kid).ok_or(JwsError::UnknownKey)?;
        self.verify(key.borrow())
    }

    /// Verifies with the key of a set that has the `kid`, which must be there.
    ///
    /// # Errors
    /// As [`Self::verify_with`].
    pub fn verify_with_set(self, keys: &JwkSet) -> Result<VerifiedJws, JwsError> {
        let algorithm = self.header.algorithm;
        self.verify_with(|kid| keys.find(kid, algorithm))
    }
}

/// A token whose signature is good. Times, issuer and audience are the caller's to check.
#[derive(Clone, Debug)]
pub struct VerifiedJws {
    header: JwsHeader,
    claims: Claims,
}

impl VerifiedJws {
    /// The header.
    pub const fn header(&self) -> &JwsHeader {
        &self.header
    }

    /// The claims.
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The claims, owned.
    pub fn into_claims(self) -> Claims {
        self.claims
    }
}
