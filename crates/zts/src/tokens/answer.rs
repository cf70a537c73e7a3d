//! The answer of the token endpoint.

use serde::Serialize;

/// The answer to a token request (RFC 6749 §5.1, RFC 8693 §2.2.1).
#[derive(Debug, Default, Serialize)]
pub struct TokenAnswer {
    /// The token; absent where only an ID token was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// `Bearer`, or `N_A` for a token that opens nothing by itself.
    pub token_type: &'static str,
    /// Seconds it lives.
    pub expires_in: i64,
    /// What was granted, when that is not plainly what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// An ID token, when one was asked for too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What a token exchange gave, when that is no access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}
