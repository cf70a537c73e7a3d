//! What an audit-enabled domain may guard.

use athenz_world::CollectionKind;
use serde::Deserialize;

/// Kinds of objects an audit-enabled domain may guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the kinds are Athenz's")]
pub enum AuditedKind {
    Role,
    Group,
    Policy,
    Service,
    Domain,
    Entity,
    Tenancy,
    Template,
}

impl From<CollectionKind> for AuditedKind {
    fn from(kind: CollectionKind) -> Self {
        match kind {
            CollectionKind::Role => Self::Role,
            CollectionKind::Group => Self::Group,
        }
    }
}
