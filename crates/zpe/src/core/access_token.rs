//! Access tokens: signed JWTs of type `at+jwt` (RFC 9068).

use athenz_model::Timestamp;
use serde::Deserialize;

use super::encoding::{from_base64url, is_key_id};
use super::token::{AdmittedToken, TokenError, TokenKind, TokenRules, checked_roles};
use super::verify::{KeyOwner, Scheme, Verify};

/// Types of a JWS that are access tokens; older servers write none.
const ACCESS_TOKEN_TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

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

pub(super) fn admit(
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
