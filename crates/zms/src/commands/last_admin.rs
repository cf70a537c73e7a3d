//! A domain keeps somebody who administers it.

use athenz_model::ApiError;
use athenz_model::names::{EntityName, MemberName};
use athenz_policy::Member;
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
    let valid = |member: &&Member| member.counts_at(context.now);
    let goes = |member: &Member| {
        let name = context.world.name_of(member.principal);
        removed.iter().any(|removed| removed.as_str() == &*name)
    };
    let counted: Vec<&Member> = match held.members.iter().any(|member| member.counts_at(context.now)) {
        true => held.members.iter().filter(valid).collect(),
        // nobody valid is left already: then whoever is there counts
        false => held.members.iter().collect(),
    };
    !counted.is_empty()
        && counted.iter().any(|member| goes(member))
        && counted.iter().all(|member| goes(member))
}

/// What a put or a decision writes leaves an admin role a valid member, where it has one: a date in
/// the past, or a list of people who are out already, would end it as a removal does.
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
    let is_admin = kind == CollectionKind::Role && &**name == ADMIN;
    if !is_admin || !held.members.iter().any(|member| member.counts_at(context.now)) {
        return Ok(());
    }
    let mut touched: Vec<&MemberName> = Vec::new();
    let mut stays = false;
    for change in changes {
        match change {
            Change::PutMember { member, .. } => {
                stays |= member.counts_at(context.now);
                touched.push(&member.name);
            }
            Change::DeleteMember { member, .. } => touched.push(member),
            _ => {}
        }
    }
    let untouched = |member: &&Member| {
        let name = context.world.name_of(member.principal);
        !touched.iter().any(|touched| touched.as_str() == &*name)
    };
    let mut others = held.members.iter().filter(untouched);
    if stays || others.any(|member| member.counts_at(context.now)) {
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
