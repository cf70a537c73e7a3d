//! Public keys as JSON (RFC 7517, RFC 7518 section 6), with the curve names of the RFC or Athenz's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::is_key_id;
use crate::digest::sha256_base64url;
use crate::keys::{Algorithm, Curve, KeyError, PublicKey};
use crate::ring::KeyRing;

/// Largest key set of another issuer, in bytes.
pub const JWK_SET_BYTES_MAX: usize = 256 * 1024;
/// Most keys of a set; a verifier looks through all of them.
pub const JWK_SET_KEYS_MAX: usize = 128;

/// Which names curves have in a JWK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CurveNames {
    /// `P-256` and so on: what everybody but old Athenz clients expects.
    #[default]
    Rfc,
    /// `prime256v1` and so on: what Athenz writes unless asked for `rfc=true`.
    Athenz,
}

/// Why a JWK cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// The set is too large.
    #[error("the key set is too large")]
    TooLarge,
    /// No JSON of a key or key set.
    #[error("not a JSON web key set")]
    Json,
    /// A member is missing, malformed, or not for signatures.
    #[error("the JSON web key is malformed or not for signatures")]
    Malformed,
    /// The key itself is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A public key as JSON. Members are written in Athenz's order; unknown ones are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Kind of key: `EC` or `RSA`.
    pub kty: String,
    /// Key id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// The algorithm the key is meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// What the key is for: `sig`.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// EC: name of the curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crv: Option<String>,
    /// EC: x, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// EC: y, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// RSA: modulus, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<String>,
    /// RSA: exponent, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<String>,
}

impl Jwk {
    /// The JSON form of a key. Coordinates always have full width.
    pub fn from_public_key(kid: &str, key: &PublicKey, names: CurveNames) -> Self {
        let mut jwk = Self {
            kid: Some(kid.to_owned()),
            alg: Some(key.kind().default_algorithm().as_str().to_owned()),
            usage: Some("sig".to_owned()),
            ..Self::numbers_of(key)
        };
        if let (CurveNames::Athenz, Some((curve, ..))) = (names, key.ec_coordinates()) {
            jwk.crv = Some(curve.athenz_name().to_owned());
        }
        jwk
    }

    fn numbers_of(key: &PublicKey) -> Self {
        let text = |bytes: &[u8]| Some(URL_SAFE_NO_PAD.encode(bytes));
        if let Some((curve, x, y)) = key.ec_coordinates() {
            let crv = Some(curve.rfc_name().to_owned());
            return Self { kty: "EC".to_owned(), crv, x: text(x), y: text(y), ..Self::default() };
        }
        let (n, e) = key.rsa_numbers().unwrap_or_default();
        Self { kty: "RSA".to_owned(), n: text(&n), e: text(&e), ..Self::default() }
    }

    /// The key. Either curve name and coordinates with a sign byte or without their leading zeros
    /// are read: Athenz has written them all.
    ///
    /// # Errors
    /// A member is missing or malformed, the key is not for signatures, or it is refused itself.
    pub fn to_public_key(&self) -> Result<PublicKey, JwkError> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(JwkError::Malformed);
        }
        let key = match self.kty.as_str() {
            "EC" => self.to_ec_key()?,
            "RSA" => PublicKey::from_rsa_numbers(&number(self.n.as_ref())?, &number(self.e.as_ref())?)?,
            _ => return Err(JwkError::Malformed),
        };
        self.algorithm_for(&key)?;
        Ok(key)
    }

    fn to_ec_key(&self) -> Result<PublicKey, JwkError> {
        let curve = self.crv.as_deref().and_then(Curve::from_name).ok_or(JwkError::Malformed)?;
        let mut point = vec![4];
        for coordinate in [number(self.x.as_ref())?, number(self.y.as_ref())?] {
            let zeros = curve.field_bytes().checked_sub(coordinate.len()).ok_or(JwkError::Malformed)?;
            point.resize(point.len() + zeros, 0);
            point.extend_from_slice(&coordinate);
        }
        Ok(PublicKey::from_point(curve, &point)?)
    }

    /// The one algorithm the key is restricted to, if it says so. `ES256` on another curve is what
    /// Athenz writes for any EC key, and restricts nothing.
    fn algorithm_for(&self, key: &PublicKey) -> Result<Option<Algorithm>, JwkError> {
        let Some(text) = &self.alg else { return Ok(None) };
        let algorithm: Algorithm = text.parse().map_err(|_| JwkError::Malformed)?;
        match (algorithm.fits(key.kind()), algorithm) {
            (true, _) => Ok(Some(algorithm)),
            (false, Algorithm::Es256) if !key.kind().is_rsa() => Ok(None),
            _ => Err(JwkError::Malformed),
        }
    }

    /// SHA-256 thumbprint of a key (RFC 7638), base64url.
    pub fn thumbprint(key: &PublicKey) -> String {
        let part = |text: Option<String>| text.unwrap_or_default();
        let jwk = Self::numbers_of(key);
        let canonical = if key.kind().is_rsa() {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, part(jwk.e), part(jwk.n))
        } else {
            let (crv, x, y) = (part(jwk.crv), part(jwk.x), part(jwk.y));
            format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
        };
        sha256_base64url(canonical.as_bytes())
    }
}

/// A number of a JWK, without leading zeros.
fn number(text: Option<&String>) -> Result<Vec<u8>, JwkError> {
    let text = text.filter(|text| text.len() < 2048).ok_or(JwkError::Malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError::Malformed)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// Keys by their ids, ready to verify with.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    jwks: Vec<Jwk>,
    keys: Vec<SetKey>,
}

#[derive(Clone, Debug)]
struct SetKey {
    kid: String,
    algorithm: Option<Algorithm>,
    public: PublicKey,
}

#[derive(Deserialize)]
struct SetText {
    keys: Vec<serde_json::Value>,
}

#[derive(Serialize)]
struct SetRef<'a> {
    keys: &'a [Jwk],
}

impl JwkSet {
    /// A set of keys with their ids.
    pub fn from_public_keys<'a>(
        keys: impl IntoIterator<Item = (&'a str, &'a PublicKey)>,
        names: CurveNames,
    ) -> Self {
        let jwks = keys.into_iter().map(|(kid, key)| Jwk::from_public_key(kid, key, names)).collect();
        Self::from_jwks(jwks)
    }

    /// The set of all published keys of a ring.
    pub fn from_ring(ring: &KeyRing, names: CurveNames) -> Self {
        Self::from_public_keys(ring.published().iter().map(|key| (key.id.as_str(), &key.public)), names)
    }

    /// Reads the key set of another issuer. Keys that we cannot use, or that are too weak, are left
    /// out: one odd key must not spoil the others.
    ///
    /// # Errors
    /// Too large, or no key set at all.
    pub fn parse(text: &[u8]) -> Result<Self, JwkError> {
        if text.len() > JWK_SET_BYTES_MAX {
            return Err(JwkError::TooLarge);
        }
        let set: SetText = serde_json::from_slice(text).map_err(|_| JwkError::Json)?;
        if set.keys.len() > JWK_SET_KEYS_MAX {
            return Err(JwkError::TooLarge);
        }
        Ok(Self::from_jwks(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect()))
    }

    fn from_jwks(jwks: Vec<Jwk>) -> Self {
        let keys = jwks.iter().filter_map(SetKey::of).collect();
        Self { jwks, keys }
    }

    /// The key of this id that may be used with the algorithm.
    pub fn find(&self, unverified_kid: &str, algorithm: Algorithm) -> Option<&PublicKey> {
        let fits = |key: &&SetKey| {
            key.kid == unverified_kid
                && algorithm.fits(key.public.kind())
                && key.algorithm.is_none_or(|only| only == algorithm)
        };
        self.keys.iter().find(fits).map(|key| &key.public)
    }

    /// The keys as they are written.
    pub fn jwks(&self) -> &[Jwk] {
        &self.jwks
    }

    /// Number of keys that can be used.
    pub const fn usable(&self) -> usize {
        self.keys.len()
    }
}

impl SetKey {
    fn of(jwk: &Jwk) -> Option<Self> {
        let kid = jwk.kid.clone().filter(|kid| is_key_id(kid))?;
        let public = jwk.to_public_key().ok()?;
        public.check_strength().ok()?;
        let algorithm = jwk.algorithm_for(&public).ok()?;
        Some(Self { kid, algorithm, public })
    }
}

impl Serialize for JwkSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SetRef { keys: &self.jwks }.serialize(serializer)
    }
}
