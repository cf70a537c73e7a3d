//! Which roles of a domain does a principal hold? What tokens and role certificates carry.

use std::collections::HashSet;

use athenz_model::Timestamp;

use crate::directory::{Directory, Domain, RoleView};
use crate::membership::{Grant, Membership, Purpose, Who};
use crate::role_pattern::full_name_ends_with;
use crate::semantics::{RequestedRoles, Semantics};

/// Which roles are wanted.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// All that are held.
    All,
    /// Of these short names, those that are held.
    Names(&'a [&'a str]),
}

/// A role that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// Short name.
    pub role: &'a str,
    /// When it ends: of the ways in which it is held, the one that lasts longest; `None` is never.
    pub until: Option<Timestamp>,
    /// How it is held.
    pub through: Grant<'a>,
}

/// The roles of `domain` that a principal holds, in the order of the domain or of the names wanted.
/// A disabled domain has none.
pub fn roles_of<'a>(
    directory: &'a dyn Directory,
    domain: &'a dyn Domain,
    principal: &str,
    wanted: Wanted<'a>,
    now: Timestamp,
    semantics: &Semantics,
) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    if !domain.enabled() {
        return held;
    }
    let who = Who::new(directory, principal);
    let membership = Membership { directory, who, now, semantics, purpose: Purpose::Token };
    let mut test = |role: &'a str, view: RoleView<'a>| {
        let grant = membership.in_role(domain, role, view, None);
        held.extend(grant.map(|through| Held { role, until: through.until, through }));
    };
    match wanted {
        Wanted::Names(names) if semantics.requested_roles == RequestedRoles::Exact => {
            let mut seen = HashSet::new();
            for name in names.iter().filter(|name| seen.insert(**name)) {
                if let Some(view) = domain.role(name) {
                    test(name, view);
                }
            }
        }
        Wanted::Names(names) => domain.for_each_role(&mut |role, view| {
            if names.iter().any(|name| full_name_ends_with(domain.name(), role, name)) {
                test(role, view);
            }
        }),
        Wanted::All => domain.for_each_role(&mut test),
    }
    held
}
