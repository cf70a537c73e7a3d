//! Tokens that this server signed and that come back: to be exchanged, or to be looked into.

use athenz_crypto::jose::{ClaimError, Claims, JwsError, UnverifiedJws};
use athenz_model::Timestamp;

use crate::index::Index;
use crate::signing::{ACCESS_TOKEN_TYPE, ID_JAG_TYPE};
use crate::state::State;

/// A token may begin so many seconds from now: clocks of servers of one name differ a little. None
/// lives longer for it.
const SKEW: i64 = 60;

/// What a token of ours is, by its `typ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnKind {
    /// `at+jwt`
    Access,
    /// No `typ`, or `JWT`.
    Id,
    /// `oauth-id-jag+jwt`
    IdJag,
}

/// A token whose signature, times and issuer were found good.
#[derive(Clone, Debug)]
pub(super) struct OwnToken {
    pub(super) kind: OwnKind,
    pub(super) claims: Claims,
    pub(super) expires: Timestamp,
}

/// Why a token is none of ours, in the words clients know.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOurs {
    #[error("Invalid JWT serialization: Missing dot delimiter(s)")]
    NoToken,
    #[error("JOSE header typ (type) {0} not allowed")]
    Type(String),
    #[error("Signed JWT rejected: Another algorithm expected, or no matching key(s) found")]
    Key,
    #[error("Signed JWT rejected: Invalid signature")]
    Signature,
    #[error("Expired JWT")]
    Expired,
    #[error("JWT before use time")]
    NotYet,
    #[error("Signed JWT rejected: the issuer is not this server")]
    Issuer,
    #[error("{0}")]
    Malformed(#[from] JwsError),
}

impl OwnToken {
    /// Verifies a token with our keys alone: whoever else signs tokens does not speak for us.
    pub(super) fn verify(
        unverified: &str,
        state: &State,
        index: &Index,
        now: Timestamp,
    ) -> Result<Self, NotOurs> {
        if !unverified.contains('.') {
            return Err(NotOurs::NoToken);
        }
        let jws = UnverifiedJws::parse(unverified)?;
        let kind = kind(&jws)?;
        let signers = state.signers();
        let id = jws.unverified_header().key_id.clone().ok_or(NotOurs::Key)?;
        let key = signers.find(&id).or_else(|| index.public_key("sys.auth.zts", &id)).ok_or(NotOurs::Key)?;
        let claims = jws.verify(key).map_err(signature)?.into_claims();
        let expires = claims.check_times(now, SKEW).map_err(|error| match error {
            ClaimError::Expired => NotOurs::Expired,
            ClaimError::NotYetValid => NotOurs::NotYet,
            other => NotOurs::Malformed(other.into()),
        })?;
        if expires <= now {
            return Err(NotOurs::Expired);
        }
        if !claims.required_text("iss").is_ok_and(|issuer| state.config.accepts_issuer(issuer)) {
            return Err(NotOurs::Issuer);
        }
        Ok(Self { kind, claims, expires })
    }

    /// A claim that is a text, empty when it is absent or none.
    pub(super) fn text(&self, name: &'static str) -> &str {
        self.claims.text(name).ok().flatten().unwrap_or_default()
    }

    /// When the subject showed who it is: what a token made from this one says too.
    pub(super) fn auth_time(&self, now: Timestamp) -> Timestamp {
        let moment = |name| self.claims.moment(name).ok().flatten();
        moment("auth_time").or_else(|| moment("iat")).unwrap_or(now).min(now)
    }

    /// The first audience, empty when there is none.
    pub(super) fn audience(&self) -> &str {
        self.claims.audience().ok().and_then(|list| list.first().copied()).unwrap_or_default()
    }
}

fn kind(jws: &UnverifiedJws<'_>) -> Result<OwnKind, NotOurs> {
    let header = jws.unverified_header();
    match &header.typ {
        None => Ok(OwnKind::Id),
        Some(_) if header.has_type(&["jwt"]) => Ok(OwnKind::Id),
        Some(_) if header.has_type(&[ACCESS_TOKEN_TYPE]) => Ok(OwnKind::Access),
        Some(_) if header.has_type(&[ID_JAG_TYPE]) => Ok(OwnKind::IdJag),
        Some(other) => Err(NotOurs::Type(other.clone())),
    }
}

fn signature(error: JwsError) -> NotOurs {
    match error {
        JwsError::Signature(_) => NotOurs::Signature,
        other => NotOurs::Malformed(other),
    }
}
