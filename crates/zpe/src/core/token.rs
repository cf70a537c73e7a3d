//! What a token of either kind is once it is admitted, and why one is not.

use athenz_model::Timestamp;
use athenz_model::names::Grammar;

use super::verify::VerifyError;

/// Largest token, in bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Most roles of a token.
const TOKEN_ROLES_MAX: usize = 4096;

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
    /// Whether its time is not over.
    ///
    /// # Errors
    /// It is.
    pub fn check_alive(&self, now: Timestamp) -> Result<(), TokenError> {
        if self.expires < now { Err(TokenError::Expired(self.expires)) } else { Ok(()) }
    }
}

/// Roles of a token: at least one, not without end, and short names, so that none reads as a role of
/// another domain.
pub(super) fn checked_roles(roles: Vec<String>) -> Result<Vec<String>, TokenError> {
    match roles.len() {
        0 => Err(TokenError::Malformed("it carries no role")),
        1..=TOKEN_ROLES_MAX if roles.iter().all(|role| Grammar::CompoundName.matches(role)) => Ok(roles),
        _ => Err(TokenError::Malformed("it carries too many roles, or one that is no role name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_short_names() {
        for (roles, good) in [
            (&["reader"][..], true),
            (&["Reader_1", "a.b-c"], true),
            (&[], false),
            (&[""], false),
            (&["reader", ""], false),
            (&["shop:role.reader"], false),
            (&["reader", "user.evil:role.x"], false),
            (&["reader "], false),
            (&["*"], false),
            (&["a/b"], false),
        ] {
            let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
            assert_eq!(checked_roles(roles.clone()).is_ok(), good, "{roles:?}");
        }
    }
}
