//! The active policies of a domain for the decision engine.

use athenz_model::wire::zms::{self, AssertionEffect};
use athenz_policy::{Assertion, Effect, Policies};

/// Compiles what is in force.
pub(super) fn policies(policies: &[zms::Policy]) -> Policies {
    let active = policies.iter().filter(|policy| policy.active.unwrap_or(true));
    Policies::compile(active.flat_map(|policy| {
        let name = policy.name.as_deref().unwrap_or_default();
        policy.assertions.iter().flatten().filter_map(move |assertion| self::assertion(name, assertion))
    }))
}

fn assertion<'a>(policy: &'a str, assertion: &'a zms::Assertion) -> Option<Assertion<'a>> {
    Some(Assertion {
        policy,
        id: assertion.id.unwrap_or_default(),
        role: assertion.role.as_deref()?,
        action: assertion.action.as_deref()?,
        resource: assertion.resource.as_deref()?,
        effect: match assertion.effect {
            Some(AssertionEffect::Deny) => Effect::Deny,
            Some(AssertionEffect::Allow) | None => Effect::Allow,
        },
        conditional: assertion.conditions.as_ref().is_some_and(super::policies::has_conditions),
    })
}
