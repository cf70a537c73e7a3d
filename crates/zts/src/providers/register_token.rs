//! Register tokens: an administrator gets one for an instance, the instance registers with it.

use athenz_crypto::jose::{Claims, JwsError, ProtectedHeader, UnverifiedJws, sign_compact_with};
use athenz_crypto::random;
use athenz_model::Timestamp;
use serde::Serialize;

use super::Purpose;
use crate::certificates::Workload;
use crate::state::State;

/// Issuer and audience of register tokens, and the only provider that has them.
pub const ISSUER: &str = "sys.auth.zts";

/// `typ` of a register token. Other tokens of this server have another or none, so none of them
/// can be used as one.
const TYPE: &str = "jwt";

/// Clock difference that is tolerated, in seconds.
const SKEW_SECONDS: i64 = 300;

#[derive(Serialize)]
struct NewClaims<'a> {
    jti: String,
    sub: String,
    iat: i64,
    iss: &'a str,
    aud: &'a str,
    provider: &'a str,
    domain: &'a str,
    service: &'a str,
    instance_id: &'a str,
    client_id: &'a str,
}

/// Signs a register token for an instance on behalf of `caller`.
///
/// # Errors
/// Signing fails.
pub async fn sign(
    state: &State,
    workload: &Workload,
    instance_id: &str,
    caller: &str,
    now: Timestamp,
) -> Result<String, JwsError> {
    let claims = NewClaims {
        jti: random::uuid_v4(&*state.random),
        sub: workload.full_name(),
        iat: now.seconds(),
        iss: ISSUER,
        aud: ISSUER,
        provider: &workload.provider,
        domain: &workload.domain,
        service: &workload.service,
        instance_id,
        client_id: caller,
    };
    let key = state.signers().main().key.clone();
    sign_compact_with(&key, &ProtectedHeader::of_key(&key, Some(TYPE)), &claims).await
}

/// A register token that is good for the instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterToken {
    /// Its id.
    pub id: String,
    /// When it can no longer be used to register.
    pub expires_at: Timestamp,
}

/// Why a register token is no proof; for the log.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No token of ours.
    #[error("not a token of this server: {0}")]
    Jws(#[from] JwsError),
    /// Another kind of token.
    #[error("the token is not a register token")]
    Kind,
    /// A claim is missing, or of another instance.
    #[error("claim {0} is missing or does not fit")]
    Claim(&'static str),
    /// Too old to register with.
    #[error("the token was issued too long ago, or in the future")]
    Age,
}

/// Verifies a register token for an instance. Its age counts at registration only.
///
/// # Errors
/// [`TokenError`]
pub fn verify(
    state: &State,
    unverified: &str,
    workload: &Workload,
    instance_id: &str,
    purpose: Purpose,
    life_minutes: i64,
    now: Timestamp,
) -> Result<RegisterToken, TokenError> {
    let signers = state.signers();
    let jws = UnverifiedJws::parse(unverified.trim())?;
    let verified = jws.verify_with(|key_id| signers.find(key_id))?;
    if !verified.header().has_type(&[TYPE]) {
        return Err(TokenError::Kind);
    }
    let claims = verified.claims();
    for (name, expected) in [
        ("iss", ISSUER),
        ("provider", workload.provider.as_str()),
        ("domain", workload.domain.as_str()),
        ("service", workload.service.as_str()),
        ("instance_id", instance_id),
    ] {
        if text(claims, name)? != expected {
            return Err(TokenError::Claim(name));
        }
    }
    if !claims.audience().is_ok_and(|audience| audience == [ISSUER]) {
        return Err(TokenError::Claim("aud"));
    }
    let issued = claims.issued().ok().flatten().ok_or(TokenError::Claim("iat"))?;
    let expires_at = issued.plus_minutes(life_minutes);
    let in_time = now < expires_at && issued <= now.plus_seconds(SKEW_SECONDS);
    if purpose == Purpose::Register && !in_time {
        return Err(TokenError::Age);
    }
    Ok(RegisterToken { id: text(claims, "jti")?.to_owned(), expires_at })
}

fn text<'a>(claims: &'a Claims, name: &'static str) -> Result<&'a str, TokenError> {
    claims.required_text(name).map_err(|_| TokenError::Claim(name))
}
