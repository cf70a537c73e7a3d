//! The policies of a domain as they are given to ZPE: kept small, in the order of ZMS.

use athenz_model::Timestamp;
use athenz_model::wire::zms::{self, AssertionConditions, AssertionEffect};

/// One version of a policy.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// `domain:policy.name`
    pub name: Box<str>,
    /// Absent in legacy documents.
    pub version: Option<Box<str>>,
    /// Absent in legacy documents, which hold active versions only.
    pub active: Option<bool>,
    /// Whether case counts.
    pub case_sensitive: Option<bool>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Absent when there are none.
    pub assertions: Option<Vec<AssertionText>>,
}

/// An assertion of a policy.
#[derive(Clone, Debug)]
pub struct AssertionText {
    /// `domain:role.name`, perhaps with wildcards.
    pub role: Box<str>,
    /// `domain:…`
    pub resource: Box<str>,
    /// What may be done.
    pub action: Box<str>,
    /// Whether it is allowed or denied.
    pub effect: AssertionEffect,
    /// Number within the store.
    pub id: Option<i64>,
    /// Whether case counts.
    pub case_sensitive: Option<bool>,
    /// When it holds; always, when absent.
    pub conditions: Option<Box<AssertionConditions>>,
}

impl PolicyText {
    /// Whether this is the version in force.
    pub fn is_active(&self) -> bool {
        self.active.unwrap_or(true)
    }
}

/// The policies of a domain in the order of ZMS, which its signature over them depends on.
pub(super) fn texts(policies: &[zms::Policy]) -> Vec<PolicyText> {
    policies.iter().filter_map(policy).collect()
}

fn policy(policy: &zms::Policy) -> Option<PolicyText> {
    let assertions = policy.assertions.as_deref().filter(|assertions| !assertions.is_empty());
    Some(PolicyText {
        name: policy.name.as_deref()?.into(),
        version: policy.version.as_deref().map(Into::into),
        active: policy.active,
        case_sensitive: policy.case_sensitive,
        modified: policy.modified,
        assertions: assertions.map(|list| list.iter().filter_map(assertion).collect()),
    })
}

fn assertion(assertion: &zms::Assertion) -> Option<AssertionText> {
    Some(AssertionText {
        role: assertion.role.as_deref()?.into(),
        resource: assertion.resource.as_deref()?.into(),
        action: assertion.action.as_deref()?.into(),
        effect: assertion.effect.unwrap_or(AssertionEffect::Allow),
        id: assertion.id,
        case_sensitive: assertion.case_sensitive,
        conditions: assertion.conditions.as_ref().filter(|held| has_conditions(held)).cloned().map(Box::new),
    })
}

/// Whether there is any condition; an empty list holds none.
pub(super) fn has_conditions(conditions: &AssertionConditions) -> bool {
    conditions.conditions_list.as_ref().is_some_and(|list| !list.is_empty())
}
