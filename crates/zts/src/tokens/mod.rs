//! Tokens: what a request says, what the caller holds, how long it lasts, and the signature.

pub mod access;
pub mod answer;
pub mod assertion;
pub mod claims;
pub mod details;
pub mod exchange;
pub mod form;
pub mod id;
pub mod introspect;
pub mod lifetime;
pub mod oidc;
mod own;
pub mod role;
pub mod scope;
pub(crate) mod seen;

use athenz_model::{ApiError, Timestamp};

use crate::access::HeldRole;
use crate::config::TokenConfig;
use crate::index::DomainEntry;

/// Name of the access token call in error texts.
pub(crate) const ACCESS_TOKEN_CALL: &str = "postaccesstokenrequest";

/// Seconds that a token of these roles of a domain lives from now on.
fn life(
    config: &TokenConfig,
    wish: lifetime::Wish,
    domain: &DomainEntry,
    roles: &[HeldRole<'_>],
    now: Timestamp,
) -> i64 {
    let limits = lifetime::Limits { default: config.default_timeout, max: config.max_timeout };
    let of_role =
        |role: &HeldRole<'_>| domain.role_entry(role.name).and_then(|entry| entry.token_expiry_mins);
    let seconds =
        lifetime::seconds(limits, wish, roles.iter().map(of_role), domain.settings().token_expiry_mins);
    within_membership(config, seconds, roles.iter().filter_map(|role| role.until), now)
}

/// No token outlives the membership it stands on, unless the operator wants it so.
fn within_membership(
    config: &TokenConfig,
    seconds: i64,
    ends: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
) -> i64 {
    let end = ends.into_iter().min().filter(|_| !config.outlive_membership);
    end.map_or(seconds, |end| seconds.min((end.millis() - now.millis()) / 1000).max(1))
}

/// `domain:role.name` of short names.
fn full_role_names<N: AsRef<str>>(domain: &str, names: impl IntoIterator<Item = N>) -> Vec<String> {
    names.into_iter().map(|name| format!("{domain}:role.{}", name.as_ref())).collect()
}

fn cannot_sign(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "a token cannot be signed");
    ApiError::internal("Unable to sign token")
}
