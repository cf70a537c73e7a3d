//! Admission: from the text in a header to a token that may be trusted.

use athenz_model::Timestamp;

use super::token::{AdmittedToken, TOKEN_BYTES_MAX, TokenError, TokenRules};
use super::verify::Verify;
use super::{access_token, role_token};

/// What a role token begins with.
const ROLE_TOKEN_START: &str = "v=Z1;";

/// How an `Authorization` header introduces an access token.
const BEARER: &str = "Bearer ";

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
            access_token::admit(text, verify, now, rules)?
        };
        token.check_alive(now)?;
        Ok(token)
    }
}

/// The token of a header value.
pub(super) fn strip_bearer(text: &str) -> &str {
    match text.split_at_checked(BEARER.len()) {
        Some((start, token)) if start.eq_ignore_ascii_case(BEARER) => token.trim(),
        _ => text.trim(),
    }
}
