//! A domain that is made again does not get what one of the same name was given before it.

use std::collections::BTreeMap;

use athenz_model::names::DomainName;
use athenz_world::{Change, ChangeSet, CollectionKind, Loudness};

use crate::context::Context;

/// Ends the delegation of every role that still trusts a domain of this name, which is not there:
/// whoever makes it now was never trusted. The role stays, without members; whoever administers it
/// may delegate it anew.
pub(super) fn without_old_trust(context: &Context<'_>, name: &DomainName, changes: ChangeSet) -> ChangeSet {
    let mut ended: BTreeMap<DomainName, Vec<Change>> = BTreeMap::new();
    for (owner, role, held) in context.world.trusting(name) {
        let mut attributes = held.attributes.clone();
        attributes.trust = None;
        attributes.modified = context.stamp;
        let change = Change::PutCollection { kind: CollectionKind::Role, name: role.clone(), attributes };
        ended.entry(owner.name.clone()).or_default().push(change);
    }
    ended.into_iter().fold(changes, |changes, (owner, ended)| changes.and(owner, Loudness::Loud, ended))
}
