//! How much a domain and an object may hold, unless told otherwise.

use serde::Deserialize;

/// Most tag values on one object.
pub(crate) const TAGS: usize = 25;

/// Limits of a domain that has none of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "each field is the limit it names")]
pub struct Limits {
    /// Whether limits hold at all.
    pub check: bool,
    pub role: i32,
    pub role_member: i32,
    pub policy: i32,
    pub assertion: i32,
    pub service: i32,
    pub service_host: i32,
    pub public_key: i32,
    pub entity: i32,
    pub subdomain: i32,
    pub group: i32,
    pub group_member: i32,
    pub assertion_conditions: i32,
    /// Versions of one policy.
    pub policy_versions: i32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            check: true,
            role: 1000,
            role_member: 100,
            policy: 1000,
            assertion: 100,
            service: 250,
            service_host: 10,
            public_key: 100,
            entity: 100,
            subdomain: 100,
            group: 100,
            group_member: 100,
            assertion_conditions: 10,
            policy_versions: 3,
        }
    }
}
