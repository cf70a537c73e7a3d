//! A domain that is made again does not get what one of the same name was given before it.

use athenz_model::names::DomainName;
use athenz_world::{Change, ChangeSet, CollectionKind, Loudness};

use crate::context::Context;

/// Ends the delegation of every role that still trusts a domain of this name, which is not there:
/// whoever makes it now was never trusted. The role stays, without members; whoever administers it
/// may delegate it anew.
pub(super) fn without_old_trust(context: &Context<'_>, name: &DomainName, changes: ChangeSet) -> ChangeSet {
    let kind = CollectionKind::Role;
    context.world.domains().fold(changes, |changes, domain| {
        let trusting = domain.roles.iter().filter(|(_, role)| role.attributes.trust.as_ref() == Some(name));
        let ended: Vec<Change> = trusting
            .map(|(role, held)| {
                let mut attributes = held.attributes.clone();
                attributes.trust = None;
                attributes.modified = context.stamp;
                Change::PutCollection { kind, name: role.clone(), attributes }
            })
            .collect();
        if ended.is_empty() { changes } else { changes.and(domain.name.clone(), Loudness::Loud, ended) }
    })
}
