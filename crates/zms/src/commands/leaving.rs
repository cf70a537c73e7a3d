//! Names that leave the memberships of all domains, so that nobody comes back through a name that is
//! made again.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_policy::{Member, Members, PrincipalId};
use athenz_world::{Change, ChangeSet, Collection, CollectionKind, Domain, Loudness, Part, PrincipalChange};

use super::last_admin::leaves_none;
use super::member_log;
use super::standard_names::ADMIN;
use crate::context::Context;

/// Changes of other domains that go with those of one's own.
pub(super) type Gone = BTreeMap<DomainName, Vec<Change>>;

/// Names that leave together.
#[derive(Debug)]
pub(super) struct Leavers {
    names: Vec<MemberName>,
    ids: Ids,
}

impl Leavers {
    fn of(context: &Context<'_>, names: Vec<MemberName>) -> Self {
        let principals = context.world.principals();
        let ids = Ids::of(names.iter().filter_map(|name| principals.id(name)));
        Self { names, ids }
    }

    /// The registered names that a condition holds for.
    pub(super) fn registered(context: &Context<'_>, leaves: impl Fn(&str) -> bool) -> Self {
        let names = context
            .world
            .registered_principals()
            .map(|(id, _)| context.world.name_of(id))
            .filter(|name| leaves(name))
            .filter_map(|name| MemberName::parse(&name).ok());
        Self::of(context, names.collect())
    }

    /// The names are forgotten.
    pub(super) fn forget(self) -> impl Iterator<Item = PrincipalChange> {
        self.names.into_iter().map(|name| PrincipalChange::Forget { name })
    }

    /// Their entries among the members, by the shorter way.
    fn among<'m>(&self, members: &'m Members) -> Vec<&'m Member> {
        match self.ids.listed.len() < members.len() / FEW {
            true => self.ids.listed.iter().filter_map(|id| members.get(*id)).collect(),
            false => members.iter().filter(|member| self.ids.has(member.principal)).collect(),
        }
    }
}

/// Looking somebody up costs as much as passing so many members.
const FEW: usize = 8;

/// A set of principals, asked as often as there are memberships.
#[derive(Debug, Default)]
struct Ids {
    /// Sorted.
    listed: Vec<PrincipalId>,
    marked: Vec<bool>,
}

impl Ids {
    fn of(ids: impl Iterator<Item = PrincipalId>) -> Self {
        let mut listed: Vec<PrincipalId> = ids.collect();
        listed.sort_unstable();
        listed.dedup();
        let mut marked = vec![false; listed.last().map_or(0, |last| last.index() + 1)];
        for id in &listed {
            if let Some(mark) = marked.get_mut(id.index()) {
                *mark = true;
            }
        }
        Self { listed, marked }
    }

    fn has(&self, id: PrincipalId) -> bool {
        self.marked.get(id.index()).copied().unwrap_or_default()
    }
}

/// Memberships of the names and requests about them, as deletions, in all domains but those that
/// are deleted themselves.
pub(super) fn memberships(
    context: &Context<'_>,
    leavers: &Leavers,
    is_deleted: impl Fn(&Domain) -> bool,
) -> Gone {
    let mut gone = Gone::new();
    for domain in context.world.domains().filter(|domain| !is_deleted(domain)) {
        let mut changes = Vec::new();
        for kind in [CollectionKind::Role, CollectionKind::Group] {
            for (collection, held) in domain.collections(kind) {
                changes.extend(out_of(context, kind, collection, held, leavers));
            }
        }
        if !changes.is_empty() {
            gone.insert(domain.name.clone(), changes);
        }
    }
    gone
}

/// Those whom other domains depend on as their last administrators cannot go yet.
///
/// # Errors
/// 403: names the domains, of those that are not deleted themselves.
pub(super) fn check_administrators(
    context: &Context<'_>,
    leavers: &Leavers,
    who: &str,
    is_deleted: impl Fn(&Domain) -> bool,
) -> Result<(), ApiError> {
    let domains: Vec<&str> = without_admin(context, leavers)
        .filter(|domain| !is_deleted(domain))
        .map(|domain| domain.name.as_str())
        .collect();
    if domains.is_empty() {
        return Ok(());
    }
    let domains = domains.join(", ");
    Err(ApiError::forbidden(format!(
        "{who} the last administrator of: {domains}; give these domains another administrator first (PUT /domain/{{name}}/admins)"
    )))
}

/// The domains that the names are the last administrators of.
fn without_admin<'w>(context: &'w Context<'_>, leavers: &'w Leavers) -> impl Iterator<Item = &'w Domain> {
    let goes = |member: &Member| leavers.ids.has(member.principal);
    let loses =
        move |domain: &&Domain| domain.roles.get(ADMIN).is_some_and(|held| leaves_none(context, held, goes));
    context.world.domains().map(|domain| &**domain).filter(loses)
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
    let leavers = Leavers::of(context, names);
    let mut gone = memberships(context, &leavers, |domain| deletes(changes, domain));
    for administered in without_admin(context, &leavers) {
        if let Some(removed) = gone.get_mut(&administered.name) {
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
    leavers: &Leavers,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for member in leavers.among(&held.members) {
        if let Ok(name) = MemberName::parse(&context.world.name_of(member.principal)) {
            changes.extend(member_log::remove(context, kind, collection, &name));
        }
    }
    for pending in held.pending.iter() {
        if context.world.principals().id(&pending.name).is_some_and(|id| leavers.ids.has(id)) {
            let (name, member) = (collection.clone(), pending.name.clone());
            changes.push(Change::DeletePending { kind, name, member });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use athenz_policy::{Member, Members, PrincipalId, Principals};

    use super::{Ids, Leavers};

    fn lists(count: usize, length: usize) -> Vec<Members> {
        let principals = Principals::new();
        let list = |list: usize| {
            let ids = (0..length).filter_map(|place| PrincipalId::from_index(list * length + place));
            Members::from_sorted(ids.map(Member::of).collect(), &principals)
        };
        (0..count).map(list).collect()
    }

    fn leavers(ids: impl Iterator<Item = usize>) -> Leavers {
        Leavers { names: Vec::new(), ids: Ids::of(ids.filter_map(PrincipalId::from_index)) }
    }

    #[test]
    fn few_and_many_leavers_are_found_alike() {
        let lists = lists(1, 100);
        for ids in [vec![], vec![7], vec![99, 3, 3], (0..50).collect(), (90..200).collect::<Vec<_>>()] {
            let found: Vec<usize> =
                leavers(ids.iter().copied()).among(&lists[0]).iter().map(|m| m.principal.index()).collect();
            let expected: Vec<usize> = (0..100).filter(|id| ids.contains(id)).collect();
            assert_eq!(found, expected, "{ids:?}");
        }
    }

    // each name looked up in each list would be ten thousand million steps.
    #[test]
    fn a_hundred_thousand_leave_a_hundred_thousand_lists() {
        let all = leavers(0..100_000);
        let found: usize = lists(100_000, 2).iter().map(|list| all.among(list).len()).sum();
        assert_eq!(found, 100_000);
    }
}
