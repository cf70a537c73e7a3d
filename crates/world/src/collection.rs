//! Roles and groups: the two collections of members.

use std::sync::{Arc, LazyLock};

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_policy::{Members, SystemDisabled, entry_counts};
use serde::{Deserialize, Serialize};

use crate::attributes::{CollectionSettings, is_default};

/// A role or a group: they differ in what may be set on them and in who may be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CollectionKind {
    /// `domain:role.name`
    Role,
    /// `domain:group.name`
    Group,
}

impl CollectionKind {
    /// `role` or `group`, as names and texts have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Group => "group",
        }
    }

    /// The full name: `domain:role.name`.
    pub fn full_name(self, domain: &str, name: &str) -> String {
        format!("{domain}:{}.{name}", self.as_str())
    }
}

/// What a role or group is, without its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionAttributes {
    /// When it was made.
    pub created: Timestamp,
    /// Last change of its attributes or members; changes of members set it by applying.
    pub modified: Timestamp,
    /// The domain that decides who has this role; only on delegated roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<DomainName>,
    /// Settings; shared, since most roles have none.
    #[serde(default = "CollectionAttributes::unset", skip_serializing_if = "CollectionAttributes::is_unset")]
    pub settings: Arc<CollectionSettings>,
}

static UNSET: LazyLock<Arc<CollectionSettings>> = LazyLock::new(Arc::default);

impl CollectionAttributes {
    /// Attributes of a new role or group without settings.
    pub fn new(created: Timestamp) -> Self {
        Self { created, modified: created, trust: None, settings: Self::unset() }
    }

    /// The settings object that all collections without settings share.
    pub fn unset() -> Arc<CollectionSettings> {
        Arc::clone(&UNSET)
    }

    fn is_unset(settings: &Arc<CollectionSettings>) -> bool {
        **settings == CollectionSettings::default()
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: CollectionSettings) -> Self {
        self.settings =
            if settings == CollectionSettings::default() { Self::unset() } else { Arc::new(settings) };
        self
    }
}

/// A membership as rows and log entries hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    /// Who.
    pub name: MemberName,
    /// Who asked for the last change.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub requester: String,
    /// Audit reference of the last change.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit_reference: String,
    /// 1: authority filter, 2: suspended by the user authority, 4: by an administrator.
    #[serde(default, skip_serializing_if = "is_default")]
    pub system_disabled: u8,
    /// Stored and shown, without effect on access.
    #[serde(default, skip_serializing_if = "is_default")]
    pub inactive: bool,
    /// End of the membership, in whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    /// When it is due for review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reminder: Option<Timestamp>,
}

impl MemberRow {
    /// A plain membership.
    pub fn new(name: MemberName, requester: impl Into<String>) -> Self {
        Self {
            name,
            requester: requester.into(),
            audit_reference: String::new(),
            system_disabled: 0,
            inactive: false,
            expiration: None,
            review_reminder: None,
        }
    }

    /// Whether this membership would count at `now`.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        entry_counts(SystemDisabled::from_bits(self.system_disabled), self.expiration, now)
    }
}

/// What a pending request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PendingKind {
    /// Become a member, or have other dates.
    Add,
    /// Be a member no more.
    Delete,
}

impl PendingKind {
    /// `ADD` or `DELETE`: `pendingState` on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Delete => "DELETE",
        }
    }
}

/// A request that waits for a decision. It never counts in any decision of access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// About whom.
    pub name: MemberName,
    /// What is asked for.
    pub kind: PendingKind,
    /// Who asked first; nobody approves what they asked for.
    pub requester: String,
    /// When.
    pub requested: Timestamp,
    /// Audit reference of the request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audit_reference: String,
    /// Expiration asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    /// Review reminder asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reminder: Option<Timestamp>,
}

/// A role or group with its members.
#[derive(Clone, Debug)]
pub struct Collection {
    /// What it is.
    pub attributes: CollectionAttributes,
    /// Its members, sorted by principal id.
    pub members: Members,
    /// Requests, sorted by name.
    pub pending: Arc<Vec<Pending>>,
}

impl Collection {
    /// A collection without members.
    pub fn new(attributes: CollectionAttributes) -> Self {
        Self { attributes, members: Members::new(), pending: Arc::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &CollectionSettings {
        &self.attributes.settings
    }

    /// The pending request about a member.
    pub fn pending_about(&self, name: &str) -> Option<&Pending> {
        self.pending.iter().find(|pending| pending.name.as_str() == name)
    }

    /// Whether changes of members wait for approval (review or audit).
    pub fn needs_approval(&self) -> bool {
        self.settings().review_enabled || self.settings().audit_enabled
    }
}

/// The name of a role or group within a domain, with its kind: `domain:role.name` taken apart.
pub fn parse_full_name(full: &str) -> Option<(CollectionKind, &str, EntityName)> {
    let (domain, rest) = full.split_once(':')?;
    let (kind, name) = match (rest.strip_prefix("role."), rest.strip_prefix("group.")) {
        (Some(name), _) => (CollectionKind::Role, name),
        (None, Some(name)) => (CollectionKind::Group, name),
        (None, None) => return None,
    };
    Some((kind, domain, EntityName::parse(name).ok()?))
}
