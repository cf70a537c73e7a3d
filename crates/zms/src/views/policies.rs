//! Policies on the wire.

use athenz_model::wire::zms::{
    Assertion, AssertionCondition, AssertionConditionData, AssertionConditions, Policy,
    ResourcePolicyOwnership,
};
use athenz_world::{Condition, Ownership, PolicyVersion};

use super::{tags, text};
use crate::commands::policies::full_name;

/// What of a policy is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyForm {
    /// With assertions, their ids and conditions.
    Full,
    /// The same in lists and documents: without an empty list of assertions.
    Listed,
    /// Without assertions and owners.
    Short,
}

/// A version of a policy.
pub(crate) fn policy(
    domain: &str,
    name: &str,
    version: &str,
    held: &PolicyVersion,
    form: PolicyForm,
) -> Policy {
    let full = form != PolicyForm::Short;
    let shown = full && (form == PolicyForm::Full || !held.assertions.is_empty());
    Policy {
        name: Some(full_name(domain, name)),
        modified: Some(held.attributes.modified),
        assertions: shown
            .then(|| held.assertions.values().map(|assertion| self::assertion(assertion, true)).collect()),
        version: Some(spelling(version, held).to_owned()),
        active: Some(held.attributes.active),
        description: text(&held.attributes.description),
        tags: tags(&held.attributes.tags),
        resource_ownership: ownership(&held.attributes.owner).filter(|_| full),
        ..Policy::default()
    }
}

/// A version as it was written.
pub(crate) fn spelling<'a>(version: &'a str, held: &'a PolicyVersion) -> &'a str {
    match held.attributes.spelling.as_str() {
        "" => version,
        spelling => spelling,
    }
}

/// An assertion.
pub(crate) fn assertion(held: &athenz_world::Assertion, with_conditions: bool) -> Assertion {
    Assertion {
        role: Some(held.role.clone()),
        resource: Some(held.resource.clone()),
        action: Some(held.action.clone()),
        effect: Some(held.effect),
        id: Some(held.id),
        conditions: (with_conditions && !held.conditions.is_empty()).then(|| conditions(&held.conditions)),
        ..Assertion::default()
    }
}

/// Conditions.
pub(crate) fn conditions(held: &[Condition]) -> AssertionConditions {
    AssertionConditions { conditions_list: Some(held.iter().map(condition).collect()) }
}

/// A condition.
pub(crate) fn condition(held: &Condition) -> AssertionCondition {
    let data = |value: &athenz_world::ConditionValue| AssertionConditionData {
        operator: Some(value.operator),
        value: Some(value.value.clone()),
    };
    AssertionCondition {
        id: Some(held.id),
        conditions_map: Some(held.keys.iter().map(|(key, value)| (key.clone(), data(value))).collect()),
    }
}

/// The owners of a policy, where there are any.
pub(crate) fn ownership(owner: &Ownership) -> Option<ResourcePolicyOwnership> {
    (*owner != Ownership::default()).then(|| ResourcePolicyOwnership {
        assertions_owner: text(&owner.assertions),
        object_owner: text(&owner.object),
    })
}
