//! Who is let into a delegated role: the assertions that name it, and the roles they name.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::directory::Domain;
use crate::policies::{ASSUME_ROLE, Effect, Policies, Rule};

/// An assertion that lets roles of its domain assume a role elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation<'a> {
    /// Its place among the assertions of the domain.
    pub place: usize,
    /// The role, as written: a full name or a pattern.
    pub role: &'a str,
    /// The resource, as written.
    pub resource: &'a str,
}

/// The delegations that cover a role elsewhere, given by its full name, each once and in the order
/// of the assertions. A DENY lets nobody in; conditions are not looked at.
pub fn delegations_of<'a>(policies: &'a Policies, full_name: &str) -> Vec<Delegation<'a>> {
    covering(policies, full_name)
        .into_iter()
        .filter_map(|(position, rule)| {
            Some(Delegation {
                place: position as usize,
                role: policies.role(rule)?.as_str(),
                resource: rule.resource().as_str(),
            })
        })
        .collect()
}

/// The roles of a domain that may assume a role elsewhere, by short name: each once, in the order
/// of the assertions that name it first.
pub fn roles_assuming<'a>(domain: &'a dyn Domain, full_name: &str) -> Vec<&'a str> {
    let policies = domain.policies();
    let mut patterns = HashSet::new();
    let mut rules = covering(policies, full_name);
    rules.retain(|(_, rule)| patterns.insert(rule.role));
    if rules.is_empty() {
        return Vec::new();
    }
    // what a pattern has matched is not tried against another
    let mut open = Vec::new();
    domain.for_each_role(&mut |short, _| open.push(short));
    let mut found = Found::default();
    for pattern in rules.iter().filter_map(|(_, rule)| policies.role(rule)) {
        if pattern.is_exact() {
            let named = pattern.exact_in(domain.name()).filter(|short| domain.role(short).is_some());
            named.into_iter().for_each(|short| found.add(short));
        } else if pattern.reaches(domain.name()) {
            open.retain(|short| {
                let matches = pattern.matches(domain.name(), short);
                if matches {
                    found.add(short);
                }
                !matches
            });
        }
    }
    found.names
}

/// The assertions that delegate a role, in their order.
fn covering<'a>(policies: &'a Policies, full_name: &str) -> Vec<(u32, &'a Rule)> {
    let mut positions: Vec<u32> = Vec::new();
    let _ = policies.delegating().candidates(ASSUME_ROLE, full_name, &mut |candidates| {
        positions.extend(candidates);
        ControlFlow::Continue(())
    });
    positions.sort_unstable();
    positions.dedup();
    let rules = positions.into_iter().filter_map(|position| Some((position, policies.rule(position)?)));
    rules.filter(|(_, rule)| rule.effect == Effect::Allow && rule.resource().matches(full_name)).collect()
}

/// Names in the order in which they were found.
#[derive(Default)]
struct Found<'a> {
    names: Vec<&'a str>,
    known: HashSet<&'a str>,
}

impl<'a> Found<'a> {
    fn add(&mut self, name: &'a str) {
        if self.known.insert(name) {
            self.names.push(name);
        }
    }
}
