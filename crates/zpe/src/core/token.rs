//! Admission of tokens: from the text in a header to roles that may be trusted.

use athenz_model::Timestamp;
use serde::Deserialize;

use super::encoding::{from_base64url, is_key_id};
use super::role_token;
use super::verify::{KeyOwner, Scheme, Verify, VerifyError};

/// Largest token, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Most roles of a token.
const TOKEN_ROLES_MAX: usize = 4096;

/// What a role token begins with.
const ROLE_TOKEN_START: &str = "v=Z1;";

/// How an `Authorization` header introduces an access token.
const BEARER: &str = "Bearer ";

/// Types of a JWS that are access tokens; older servers write none.
const ACCESS_TOKEN_TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// Which kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A JWS of type `at+jwt` (RFC 9068).
    Access,
    /// Athenz's own `v=Z1` form.
    Role,
}

/// What tokens must fulfil.
#[derive(Clone, Debug)]
pub struct TokenRules {
    /// Difference of clocks that is tolerated for the start of an access token, in seconds.
    pub access_skew_seconds: i64,
    /// The same for role tokens.
    pub role_skew_seconds: i64,
    /// The longest life of a role token, in seconds.
    pub role_life_max_seconds: i64,
    /// Issuers (`iss`) of access tokens; empty means that the key alone decides.
    pub issuers: Vec<String>,
}

impl Default for TokenRules {
    /// 60 s for access tokens, 300 s and 30 days for role tokens, as Athenz's libraries have it.
    fn default() -> Self {
        Self {
            access_skew_seconds: 60,
            role_skew_seconds: 300,
            role_life_max_seconds: 30 * 24 * 60 * 60,
            issuers: Vec::new(),
        }
    }
}

/// Why a token is not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Larger than any honest token.
    #[error("the token is larger than {TOKEN_BYTES_MAX} bytes")]
    TooLarge,
    /// Not of the form of a token.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The signature does not hold.
    #[error("{0}")]
    Signature(#[from] VerifyError),
    /// Good, but its time is over.
    #[error("the token expired at {0}; get a new one")]
    Expired(Timestamp),
    /// It begins in the future.
    #[error("the token is not valid yet; compare the clocks")]
    NotYetValid,
    /// It lives longer than such tokens may.
    #[error("the token would live longer than such a token may")]
    LifeTooLong,
    /// It is another kind of token.
    #[error("this is no access token but another kind of token")]
    OtherType,
    /// Somebody else issued it.
    #[error("the token is of another issuer than those that are trusted")]
    Issuer,
}

/// A token whose signature holds, with what a decision needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmittedToken {
    /// Which kind it is.
    pub kind: TokenKind,
    /// The domain whose roles it carries.
    pub domain: String,
    /// Short names of the roles.
    pub roles: Vec<String>,
    /// Whose token it is, where it says so.
    pub principal: Option<String>,
    /// Who asked for it (`client_id`).
    pub client: Option<String>,
    /// When it was issued, where it says so.
    pub issued: Option<Timestamp>,
    /// When it expires.
    pub expires: Timestamp,
    /// SHA-256 of the certificate it is bound to, as base64url (`cnf.x5t#S256`).
    pub bound_to: Option<String>,
    /// SPIFFE ids of proxies that may present it.
    pub proxy_spiffe_ids: Vec<String>,
}

impl AdmittedToken {
    /// Takes apart and verifies a token of either kind, with or without `Bearer`.
    ///
    /// # Errors
    /// It is not to be trusted, or its time is over.
    pub fn admit(
        unverified: &str,
        verify: &dyn Verify,
        now: Timestamp,
        rules: &TokenRules,
    ) -> Result<Self, TokenError> {
        let text = strip_bearer(unverified);
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLarge);
        }
        let token = if text.starts_with(ROLE_TOKEN_START) {
            role_token::admit(text, verify, now, rules)?
        } else {
            admit_access_token(text, verify, now, rules)?
        };
        token.check_alive(now)?;
        Ok(token)
    }

    /// Whether its time is not over.
    ///
    /// # Errors
    /// It is.
    pub fn check_alive(&self, now: Timestamp) -> Result<(), TokenError> {
        if self.expires < now { Err(TokenError::Expired(self.expires)) } else { Ok(()) }
    }
}

/// The token of a header value.
pub(super) fn strip_bearer(text: &str) -> &str {
    match text.split_at_checked(BEARER.len()) {
        Some((start, token)) if start.eq_ignore_ascii_case(BEARER) => token.trim(),
        _ => text.trim(),
    }
}

/// The headers that are read. A name that occurs twice is an error.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

/// The claims that are read, each of exactly one type. A name that occurs twice is an error.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Audience,
    scp: Vec<String>,
    sub: Option<String>,
    client_id: Option<String>,
    iat: Option<i64>,
    nbf: Option<i64>,
    exp: i64,
    cnf: Option<Confirmation>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn into_first(self) -> Option<String> {
        match self {
            Self::One(name) => Some(name),
            Self::Many(names) => names.into_iter().next(),
        }
    }
}

#[derive(Deserialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: Option<String>,
    #[serde(rename = "proxy-principals#spiffe", default)]
    proxy_spiffe_ids: Vec<String>,
}

fn admit_access_token(
    text: &str,
    verify: &dyn Verify,
    now: Timestamp,
    rules: &TokenRules,
) -> Result<AdmittedToken, TokenError> {
    let malformed = TokenError::Malformed;
    let (signed, signature) = text.rsplit_once('.').ok_or(malformed("it does not have three parts"))?;
    let (header, payload) = signed.split_once('.').ok_or(malformed("it does not have three parts"))?;
    let decode = |part| from_base64url(part).ok_or(malformed("a part is not base64url"));
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| malformed("its header lacks alg or kid"))?;
    if header.crit.is_some() || !is_key_id(&header.kid) {
        return Err(malformed("its header cannot be used"));
    }
    let signature = decode(signature)?;
    verify.verify(KeyOwner::Zts, &header.kid, Scheme::Compact(&header.alg), signed.as_bytes(), &signature)?;
    check_type(header.typ.as_deref())?;
    let claims = serde_json::from_slice(&decode(payload)?)
        .map_err(|_| malformed("it lacks aud, scp or exp, or a claim has the wrong type"))?;
    read_claims(claims, now, rules)
}

fn check_type(typ: Option<&str>) -> Result<(), TokenError> {
    match typ {
        None => Ok(()),
        Some(typ) if ACCESS_TOKEN_TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)) => Ok(()),
        Some(_) => Err(TokenError::OtherType),
    }
}

fn read_claims(claims: Claims, now: Timestamp, rules: &TokenRules) -> Result<AdmittedToken, TokenError> {
    let latest_start = now.plus_seconds(rules.access_skew_seconds);
    let starts = [claims.nbf, claims.iat].into_iter().flatten().map(Timestamp::from_seconds).max();
    if starts.is_some_and(|start| start > latest_start) {
        return Err(TokenError::NotYetValid);
    }
    if !rules.issuers.is_empty() && !claims.iss.is_some_and(|issuer| rules.issuers.contains(&issuer)) {
        return Err(TokenError::Issuer);
    }
    let domain = claims.aud.into_first().filter(|domain| !domain.is_empty());
    let (bound_to, proxy_spiffe_ids) =
        claims.cnf.map_or((None, Vec::new()), |cnf| (cnf.thumbprint, cnf.proxy_spiffe_ids));
    Ok(AdmittedToken {
        kind: TokenKind::Access,
        domain: domain.ok_or(TokenError::Malformed("it names no domain (aud)"))?,
        roles: checked_roles(claims.scp)?,
        principal: claims.sub,
        client: claims.client_id,
        issued: claims.iat.map(Timestamp::from_seconds),
        expires: Timestamp::from_seconds(claims.exp),
        bound_to,
        proxy_spiffe_ids,
    })
}

/// Roles of a token: at least one, and not without end.
pub(super) fn checked_roles(roles: Vec<String>) -> Result<Vec<String>, TokenError> {
    match roles.len() {
        0 => Err(TokenError::Malformed("it carries no role")),
        1..=TOKEN_ROLES_MAX if roles.iter().all(|role| !role.is_empty()) => Ok(roles),
        _ => Err(TokenError::Malformed("it carries too many roles, or an empty one")),
    }
}
