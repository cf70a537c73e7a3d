//! ID tokens.

use athenz_crypto::jose::sign_compact_with;
use athenz_model::{ApiError, Timestamp};

use super::claims::{IdClaims, VERSION};
use crate::signing::TokenSigner;

/// What an ID token says.
#[derive(Clone, Copy, Debug)]
pub struct IdToken<'a> {
    /// Whom it is for.
    pub audience: &'a str,
    /// Whose it is.
    pub subject: &'a str,
    /// The client's word.
    pub nonce: Option<&'a str>,
    /// Roles or groups.
    pub groups: &'a [String],
    /// When the subject showed who it is.
    pub auth_time: Timestamp,
}

/// Signs an ID token that lives so many seconds.
///
/// # Errors
/// 500: the key cannot sign.
pub async fn sign(
    signer: &TokenSigner,
    token: &IdToken<'_>,
    issuer: &str,
    now: Timestamp,
    life: i64,
) -> Result<String, ApiError> {
    let claims = IdClaims {
        ver: VERSION,
        iss: issuer,
        aud: token.audience,
        sub: token.subject,
        nonce: token.nonce,
        groups: token.groups,
        iat: now.seconds(),
        auth_time: token.auth_time.seconds(),
        exp: now.seconds().saturating_add(life),
    };
    let signed = sign_compact_with(&signer.key, &signer.id_header, &claims).await;
    signed.map_err(|error| super::cannot_sign(&error))
}
