//! Names that leave the memberships of all domains, so that nobody comes back through a name that is
//! made again.

use std::collections::BTreeMap;

use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_world::{Change, ChangeSet, Collection, CollectionKind, Domain, Loudness, Part};

use super::last_admin::leaves_no_admin;
use super::member_log;
use super::standard_names::ADMIN;
use crate::context::Context;

/// Changes of other domains that go with those of one's own.
pub(super) type Gone = BTreeMap<DomainName, Vec<Change>>;

/// The registered names that a condition holds for.
pub(super) fn registered(context: &Context<'_>, leaves: impl Fn(&str) -> bool) -> Vec<MemberName> {
    context
        .world
        .registered_principals()
        .map(|(id, _)| context.world.name_of(id))
        .filter(|name| leaves(name))
        .filter_map(|name| MemberName::parse(&name).ok())
        .collect()
}

/// Memberships of the names and requests about them, as deletions, in all domains but those that
/// are deleted themselves.
pub(super) fn memberships(
    context: &Context<'_>,
    names: &[MemberName],
    is_deleted: impl Fn(&Domain) -> bool,
) -> Gone {
    let mut gone = Gone::new();
    for domain in context.world.domains().filter(|domain| !is_deleted(domain)) {
        let mut changes = Vec::new();
        for kind in [CollectionKind::Role, CollectionKind::Group] {
            for (collection, held) in domain.collections(kind) {
                changes.extend(out_of(context, kind, collection, held, names));
            }
        }
        if !changes.is_empty() {
            gone.insert(domain.name.clone(), changes);
        }
    }
    gone
}

/// The domains that the names are the last administrators of.
pub(super) fn without_admin<'w>(
    context: &'w Context<'_>,
    names: &[MemberName],
) -> impl Iterator<Item = &'w DomainName> {
    let names: Vec<&MemberName> = names.iter().collect();
    context
        .world
        .domains()
        .filter(move |domain| {
            domain.roles.get(ADMIN).is_some_and(|held| leaves_no_admin(context, held, &names))
        })
        .map(|domain| &domain.name)
}

/// Takes services that are made again out of every role and group their name is left in: whoever
/// trusted the service that was deleted decides anew. The last administrator of a domain stays:
/// nobody could take its place. To be called once a command has decided, so that none can forget it.
pub(crate) fn readmit(context: &Context<'_>, changes: &mut ChangeSet) {
    let names: Vec<MemberName> =
        changes.parts.iter().flat_map(|part| services_again(context, part)).collect();
    if names.is_empty() || context.rules.config.services_regain_memberships {
        return;
    }
    let mut gone = memberships(context, &names, |domain| deletes(changes, domain));
    for administered in without_admin(context, &names) {
        if let Some(removed) = gone.get_mut(administered) {
            removed.retain(|change| place(change) != Some((CollectionKind::Role, ADMIN)));
        }
    }
    for (domain, removed) in gone {
        match changes.parts.iter_mut().find(|part| part.domain == domain) {
            Some(part) => go_first(part, removed),
            None if removed.is_empty() => {}
            None => changes.parts.push(Part { domain, loudness: Loudness::Loud, changes: removed }),
        }
    }
}

fn services_again(context: &Context<'_>, part: &Part) -> impl Iterator<Item = MemberName> {
    let full = |change: &Change| match change {
        Change::PutService { name, .. } => Some(format!("{}.{name}", part.domain)),
        _ => None,
    };
    let departed = |name: &String| context.world.departed().contains(name);
    part.changes.iter().filter_map(full).filter(departed).filter_map(|name| MemberName::parse(&name).ok())
}

fn deletes(changes: &ChangeSet, domain: &Domain) -> bool {
    changes
        .parts
        .iter()
        .any(|part| part.domain == domain.name && part.changes.contains(&Change::DeleteDomain))
}

/// Puts removals before what the command decided, which may admit the service again, and leaves out
/// what goes anyway.
fn go_first(part: &mut Part, mut removed: Vec<Change>) {
    removed.retain(|change| !part.changes.contains(change) && !deletes_place(part, change));
    if !removed.is_empty() {
        part.loudness = Loudness::Loud;
        part.changes.splice(0..0, removed);
    }
}

fn deletes_place(part: &Part, removed: &Change) -> bool {
    part.changes.iter().any(|change| {
        matches!(change, Change::DeleteCollection { kind, name } if place(removed) == Some((*kind, &**name)))
    })
}

/// A change set with changes of other domains.
pub(super) fn and_others(changes: ChangeSet, gone: Gone) -> ChangeSet {
    gone.into_iter()
        .filter(|(_, removed)| !removed.is_empty())
        .fold(changes, |changes, (domain, removed)| changes.and(domain, Loudness::Loud, removed))
}

/// The role or group that a change takes a member out of.
fn place(change: &Change) -> Option<(CollectionKind, &str)> {
    match change {
        Change::DeleteMember { kind, name, .. }
        | Change::DeletePending { kind, name, .. }
        | Change::AuditMember { kind, name, .. } => Some((*kind, name)),
        _ => None,
    }
}

fn out_of(
    context: &Context<'_>,
    kind: CollectionKind,
    collection: &EntityName,
    held: &Collection,
    names: &[MemberName],
) -> Vec<Change> {
    let mut changes = Vec::new();
    for name in names {
        let id = context.world.principals().id(name);
        if id.is_some_and(|id| held.members.get(id).is_some()) {
            changes.extend(member_log::remove(context, kind, collection, name));
        }
        if held.pending_about(name).is_some() {
            changes.push(Change::DeletePending { kind, name: collection.clone(), member: name.clone() });
        }
    }
    changes
}
