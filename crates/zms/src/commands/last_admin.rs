//! A domain keeps somebody who administers it.

use std::collections::HashSet;

use athenz_model::names::{EntityName, MemberName};
use athenz_model::{ApiError, Timestamp};
use athenz_policy::{Member, PrincipalId};
use athenz_world::{Change, Collection, CollectionKind};

use super::member_target::Target;
use super::standard_names::ADMIN;
use crate::context::Context;

/// The removal of one member by name.
///
/// # Errors
/// 403: nobody would be left.
pub(super) fn check_last_admin(
    context: &Context<'_>,
    target: &Target,
    held: &Collection,
) -> Result<(), ApiError> {
    if target.kind != CollectionKind::Role || &*target.name != ADMIN {
        return Ok(());
    }
    if held.attributes.trust.is_some() {
        let text = "deleteMembership: Cannot delete because the admin role member is null";
        return Err(ApiError::forbidden(text));
    }
    if leaves_no_admin(context, held, &[&target.member]) {
        return Err(ApiError::forbidden("deleteMembership: Cannot delete last member of 'admin' role"));
    }
    Ok(())
}

/// Whether an admin role that has a valid member would have none without those named.
pub(crate) fn leaves_no_admin(context: &Context<'_>, held: &Collection, removed: &[&MemberName]) -> bool {
    let principals = context.world.principals();
    let removed: HashSet<PrincipalId> = removed.iter().filter_map(|name| principals.id(name)).collect();
    leaves_none(context, held, |member| removed.contains(&member.principal))
}

/// Whether an admin role that has a valid member would have none that lasts without those that go.
pub(super) fn leaves_none(context: &Context<'_>, held: &Collection, goes: impl Fn(&Member) -> bool) -> bool {
    if !held.members.iter().any(&goes) {
        return false;
    }
    match Last::of(context, held) {
        Some(last) => {
            let stay = held.members.iter().filter(|member| member.counts_at(context.now) && !goes(member));
            !last.is_followed_by(stay.map(|member| member.expiration))
        }
        // nobody valid is left already: then whoever is there counts
        None => held.members.iter().all(goes),
    }
}

/// How long an admin role has somebody valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    /// The latest end among the valid members; `None` is never.
    pub(super) end: Option<Timestamp>,
    now: Timestamp,
}

/// How long somebody at least stays who administers a domain, whatever one call changes: as long as
/// the strictest expiry days let an administrator stay who is put anew.
const STAYS_DAYS: i64 = 1;
const A_SECOND: i64 = 1000;

impl Last {
    /// `None` where nobody is valid.
    fn of(context: &Context<'_>, held: &Collection) -> Option<Self> {
        let valid = held.members.iter().filter(|member| member.counts_at(context.now));
        let end = valid.map(|member| member.expiration).max_by_key(|end| order(*end))?;
        Some(Self { end, now: context.now })
    }

    /// The same for the admin role alone, whatever the role or group.
    pub(super) fn of_admins(
        context: &Context<'_>,
        kind: CollectionKind,
        name: &EntityName,
        held: &Collection,
    ) -> Option<Self> {
        (kind == CollectionKind::Role && &**name == ADMIN).then(|| Self::of(context, held)).flatten()
    }

    /// Whether among members with these ends one lasts as long as before, or at least for a while.
    pub(super) fn is_followed_by(self, ends: impl Iterator<Item = Option<Timestamp>>) -> bool {
        self.lasts_until(self.now.plus_days(STAYS_DAYS), ends)
    }

    /// The same for what settings do to all members at once: the fewest days are not enough then, for
    /// nobody was named.
    pub(super) fn survives_settings(self, ends: impl Iterator<Item = Option<Timestamp>>) -> bool {
        self.lasts_until(self.now.plus_days(STAYS_DAYS).plus_millis(A_SECOND), ends)
    }

    fn lasts_until(self, enough: Timestamp, mut ends: impl Iterator<Item = Option<Timestamp>>) -> bool {
        ends.any(|end| {
            order(end) >= order(self.end) || end.is_some_and(|end| end.seconds() >= enough.seconds())
        })
    }
}

/// Ends in their order; never is after every moment.
fn order(end: Option<Timestamp>) -> (bool, Option<Timestamp>) {
    (end.is_none(), end)
}

/// What a put or a decision writes leaves an admin role a valid member that lasts, where it has one:
/// a date in the past or the near future, or a list of people who are out already, would end it as
/// a removal does.
///
/// # Errors
/// 403: it would leave none.
pub(crate) fn check_admin_stays(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
    changes: &[Change],
) -> Result<(), ApiError> {
    let Some(last) = Last::of_admins(context, kind, name, held) else { return Ok(()) };
    let mut touched: HashSet<PrincipalId> = HashSet::new();
    let mut ends = Vec::new();
    for change in changes {
        let name = match change {
            Change::PutMember { member, .. } => {
                ends.extend(member.counts_at(context.now).then_some(member.expiration));
                &member.name
            }
            Change::DeleteMember { member, .. } => member,
            _ => continue,
        };
        touched.extend(context.world.principals().id(name));
    }
    let untouched = held.members.iter().filter(|member| !touched.contains(&member.principal));
    let valid = untouched.filter(|member| member.counts_at(context.now));
    if last.is_followed_by(valid.map(|member| member.expiration).chain(ends)) {
        return Ok(());
    }
    let call = context.operation;
    Err(ApiError::forbidden(format!("{call}: Cannot delete last member of 'admin' role")))
}

/// The members that a change of the admin role takes away, all at once.
pub(crate) fn check_admin_left(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
    removed: &[&MemberName],
) -> Result<(), ApiError> {
    if kind == CollectionKind::Role && &**name == ADMIN && leaves_no_admin(context, held, removed) {
        let text = format!("{}: Cannot delete last member of 'admin' role", context.operation);
        return Err(ApiError::forbidden(text));
    }
    Ok(())
}
