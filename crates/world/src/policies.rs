//! Policies: names with versions, of which one is active.

use std::collections::BTreeMap;
use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_model::names::SimpleName;
use athenz_model::wire::zms::{AssertionConditionOperator, AssertionEffect};
use serde::{Deserialize, Serialize};

use crate::attributes::{Ownership, is_default};

/// A policy: its versions by name. Exactly one is active.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Versions sorted by name.
    pub versions: BTreeMap<SimpleName, Arc<PolicyVersion>>,
}

impl Policy {
    /// The active version.
    pub fn active(&self) -> Option<(&SimpleName, &Arc<PolicyVersion>)> {
        self.versions.iter().find(|(_, version)| version.attributes.active)
    }
}

/// What a version of a policy is, without its assertions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersionAttributes {
    /// Last change; changes of assertions set it by applying.
    pub modified: Timestamp,
    /// Whether decisions use this version.
    pub active: bool,
    /// The version as it was written, where that is not lower case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spelling: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Tags by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, Vec<String>>,
    /// Infrastructure-as-code owners.
    #[serde(default, skip_serializing_if = "is_default")]
    pub owner: Ownership,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// What it is.
    pub attributes: PolicyVersionAttributes,
    /// Its assertions by id.
    pub assertions: BTreeMap<i64, Assertion>,
}

/// An assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// Number that is never reused.
    pub id: i64,
    /// Full role name, or a pattern of such names within the domain.
    pub role: String,
    /// Pattern of actions.
    pub action: String,
    /// Pattern of resources.
    pub resource: String,
    /// Whether it allows or denies.
    pub effect: AssertionEffect,
    /// Conditions by which clients restrict the grant, in the order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl Assertion {
    /// Whether two assertions say the same, whatever their ids, conditions and letter case.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.role == other.role
            && self.effect == other.effect
            && self.action.eq_ignore_ascii_case(&other.action)
            && self.resource.eq_ignore_ascii_case(&other.resource)
    }

    /// Whether two assertions are written the same, letter case included.
    pub fn is_written_the_same(&self, other: &Self) -> bool {
        self.says_the_same(other) && self.action == other.action && self.resource == other.resource
    }
}

/// A set of keys that must all hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Number within the assertion, from 1.
    pub id: i32,
    /// Key to what it must be.
    pub keys: BTreeMap<String, ConditionValue>,
}

/// What a condition key must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConditionValue {
    /// How it is compared.
    pub operator: AssertionConditionOperator,
    /// With what.
    pub value: String,
}
