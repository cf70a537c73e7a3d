//! May the bearer of these roles do this? What a ZPE asks: no members, only policies.

use std::ops::ControlFlow;

use crate::decide::{Decision, Grounds, Outcome};
use crate::policies::{Effect, Policies};
use crate::role_pattern::{short_name, with_full_name};
use crate::semantics::Semantics;

/// Decides for a list of roles of one domain, given by short name.
///
/// Action and resource are in lower case; the resource is compared with the assertions as it is,
/// so both have the domain, or neither has. Roles are compared with case. Of several assertions
/// that apply, the reason names the first in Athenz's order: roles without pattern in the order
/// given, then by pattern, then by position of the assertion.
pub fn decide_with_roles<'a>(
    policies: &'a Policies,
    domain_name: &str,
    roles: &[&str],
    action: &str,
    resource: &str,
    semantics: &Semantics,
) -> Decision<'a> {
    let search = Search { policies, domain_name, roles, action, resource, semantics };
    for (effect, outcome) in [(Effect::Deny, Outcome::Denied), (Effect::Allow, Outcome::Allowed)] {
        if let Some(found) = search.best(effect) {
            return Decision { outcome, by: search.grounds(found), valid_until: None };
        }
    }
    Decision::without_grounds(Outcome::NoMatch)
}

/// An assertion that applies, in Athenz's order: by kind of role, place in the list of roles,
/// number of the pattern, place among the assertions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    by_pattern: bool,
    place: usize,
    role: u32,
    position: u32,
}

struct Search<'a, 'q> {
    policies: &'a Policies,
    domain_name: &'q str,
    roles: &'q [&'q str],
    action: &'q str,
    resource: &'q str,
    semantics: &'q Semantics,
}

/// Lists longer than this are entered by role instead of read through.
const LONG: usize = 16;

impl<'a> Search<'a, '_> {
    fn best(&self, effect: Effect) -> Option<Found> {
        let mut best: Option<Found> = None;
        let _ = self.policies.index(effect).candidates(self.action, self.resource, &mut |positions| {
            let found = match positions.len() > LONG {
                true => self.best_by_role(positions),
                false => self.best_of(positions),
            };
            best = best.into_iter().chain(found).min();
            ControlFlow::Continue(())
        });
        best
    }

    fn best_of(&self, positions: &[u32]) -> Option<Found> {
        positions.iter().filter_map(|position| self.applies(*position)).min()
    }

    /// The same for a long list, which is sorted by role, patterns before full names: all patterns
    /// are read, but only the full names that are asked for.
    fn best_by_role(&self, positions: &[u32]) -> Option<Found> {
        let role_of = |position: &u32| self.policies.rule(*position).map_or(0, |rule| rule.role);
        let patterns_end = self.policies.patterns_end();
        let patterns = positions.partition_point(|position| (role_of(position) as usize) < patterns_end);
        let (patterns, exact) = positions.split_at_checked(patterns)?;
        let of_role = |role: &&str| {
            let number = with_full_name(self.domain_name, role, |full| self.policies.exact_role(full))?;
            let start = exact.partition_point(|position| role_of(position) < number);
            let end = exact.partition_point(|position| role_of(position) <= number);
            self.best_of(exact.get(start..end)?)
        };
        self.roles.iter().filter_map(of_role).chain(self.best_of(patterns)).min()
    }

    fn applies(&self, position: u32) -> Option<Found> {
        let rule = self.policies.rule(position)?;
        let pattern = self.policies.role(rule)?;
        let place = self.roles.iter().position(|role| pattern.matches(self.domain_name, role))?;
        let applies = !rule.is_withheld(self.semantics)
            && self.policies.covers(rule, self.action, self.resource, self.semantics);
        applies.then_some(Found { by_pattern: !pattern.is_exact(), place, role: rule.role, position })
    }

    fn grounds(&self, found: Found) -> Option<Grounds<'a>> {
        let rule = self.policies.rule(found.position)?;
        let assertion_role = self.policies.role_at(found.role)?.as_str();
        Some(Grounds {
            policy: &rule.policy,
            assertion: rule.id,
            assertion_role,
            role: short_name(assertion_role, self.domain_name).filter(|_| !found.by_pattern),
            grant: None,
        })
    }
}
