//! What a command decides: changes by name, in parts, one a domain.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use serde::{Deserialize, Serialize};

use crate::attributes::{DomainAttributes, Quota};
use crate::collection::{CollectionAttributes, CollectionKind, MemberRow, Pending};
use crate::policies::{Assertion, PolicyVersionAttributes};
use crate::services::{Entity, Service};

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(
    missing_docs,
    reason = "each variant names the row, each field a column of its key or the row itself"
)]
pub enum Change {
    /// Makes the domain or replaces its attributes (`modified` is set by applying).
    PutDomain {
        attributes: Box<DomainAttributes>,
    },
    /// Deletes the domain and all it owns.
    DeleteDomain,
    /// Makes a role or group or replaces its attributes; members stay.
    PutCollection {
        kind: CollectionKind,
        name: EntityName,
        attributes: CollectionAttributes,
    },
    /// Deletes a role or group with its members and requests.
    DeleteCollection {
        kind: CollectionKind,
        name: EntityName,
    },
    /// Adds or replaces a membership; its collection is modified too.
    PutMember {
        kind: CollectionKind,
        name: EntityName,
        member: MemberRow,
    },
    /// Ends a membership; its collection is modified too.
    DeleteMember {
        kind: CollectionKind,
        name: EntityName,
        member: MemberName,
    },
    /// Adds or replaces a request.
    PutPending {
        kind: CollectionKind,
        name: EntityName,
        pending: Pending,
    },
    /// Takes a request away.
    DeletePending {
        kind: CollectionKind,
        name: EntityName,
        member: MemberName,
    },
    /// Makes a version of a policy or replaces its attributes; assertions stay.
    PutPolicyVersion {
        policy: EntityName,
        version: SimpleName,
        attributes: PolicyVersionAttributes,
    },
    /// Deletes a version with its assertions; the policy goes with its last version.
    DeletePolicyVersion {
        policy: EntityName,
        version: SimpleName,
    },
    /// Adds or replaces an assertion; its version is modified too.
    PutAssertion {
        policy: EntityName,
        version: SimpleName,
        assertion: Assertion,
    },
    /// Deletes an assertion; its version is modified too.
    DeleteAssertion {
        policy: EntityName,
        version: SimpleName,
        id: i64,
    },
    PutService {
        name: SimpleName,
        service: Box<Service>,
    },
    DeleteService {
        name: SimpleName,
    },
    PutEntity {
        name: EntityName,
        value: Entity,
    },
    DeleteEntity {
        name: EntityName,
    },
    /// Records that a solution template was applied.
    PutTemplate {
        template: String,
        version: i32,
    },
    DeleteTemplate {
        template: String,
    },
    PutQuota {
        quota: Quota,
    },
    DeleteQuota,
    /// Records that a service provider depends on the domain.
    PutDependency {
        service: String,
    },
    DeleteDependency {
        service: String,
    },
    /// History only: a line of the audit log of a role or group.
    AuditMember {
        kind: CollectionKind,
        name: EntityName,
        audit: MemberAudit,
    },
}

/// What happened to a membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the actions are Athenz's")]
pub enum MemberAction {
    Add,
    Update,
    Delete,
    Request,
    Approve,
    Reject,
    Enable,
    Disable,
}

impl MemberAction {
    /// As `auditLog` of a role shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Request => "REQUEST",
            Self::Approve => "APPROVE",
            Self::Reject => "REJECT",
            Self::Enable => "ENABLE",
            Self::Disable => "DISABLE",
        }
    }
}

/// A line of the audit log of a role or group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAudit {
    /// About whom.
    pub member: MemberName,
    /// Who did it.
    pub admin: String,
    /// What.
    pub action: MemberAction,
    /// When.
    pub created: Timestamp,
    /// The audit reference given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit_reference: String,
}

/// Whether a part moves the domain's revision and `modified`, and stands in the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Loudness {
    /// Replicated content changes.
    Loud,
    /// Only logged: quota, dependencies, notification times.
    Quiet,
}

/// The changes of one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The domain.
    pub domain: DomainName,
    /// Loud or quiet.
    pub loudness: Loudness,
    /// In the order in which they apply.
    pub changes: Vec<Change>,
}

/// A change of the registry of principals. A principal is registered when it is first named as a
/// member, and stays until it is deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the field is the principal")]
pub enum PrincipalChange {
    Register {
        name: MemberName,
    },
    Forget {
        name: MemberName,
    },
    /// Suspended by an administrator, or no longer.
    Suspend {
        name: MemberName,
        suspended: bool,
    },
}

/// All that one command changes: applied whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeSet {
    /// Changes of the registry, applied first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<PrincipalChange>,
    /// Changes by domain, in the order in which they apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl ChangeSet {
    /// A change set of one loud part.
    pub fn loud(domain: DomainName, changes: Vec<Change>) -> Self {
        Self::default().and(domain, Loudness::Loud, changes)
    }

    /// A change set of one quiet part.
    pub fn quiet(domain: DomainName, changes: Vec<Change>) -> Self {
        Self::default().and(domain, Loudness::Quiet, changes)
    }

    /// With one more part. A part without changes but loud still moves `modified`.
    #[must_use]
    pub fn and(mut self, domain: DomainName, loudness: Loudness, changes: Vec<Change>) -> Self {
        self.parts.push(Part { domain, loudness, changes });
        self
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.parts.is_empty()
    }

    /// The domains in the feed.
    pub fn loud_domains(&self) -> impl Iterator<Item = &DomainName> {
        self.parts.iter().filter(|part| part.loudness == Loudness::Loud).map(|part| &part.domain)
    }

    /// Registers every member that is named and not yet known; to be called once a command has
    /// decided, so that no command can forget it.
    pub fn register_members(&mut self, known: impl Fn(&str) -> bool) {
        let mut new = BTreeMap::new();
        for change in self.parts.iter().flat_map(|part| &part.changes) {
            let name = match change {
                Change::PutMember { member, .. } => &member.name,
                Change::PutPending { pending, .. } => &pending.name,
                _ => continue,
            };
            if !known(name) {
                new.insert(name.clone(), ());
            }
        }
        self.principals.extend(new.into_keys().map(|name| PrincipalChange::Register { name }));
    }
}
