//! Requests that wait: taken back, approved, rejected.

use athenz_model::ApiError;
use athenz_world::{
    Change, ChangeSet, Collection, CollectionKind, Domain, MemberAction, MemberRow, Pending, PendingKind,
};

use super::expiry;
use super::last_admin::{check_admin_stays, check_last_admin};
use super::member_target::{MemberPath, MembershipInput, Target};
use super::members::{self, MemberRules};
use super::membership::{check_has_members, check_room, may_update_members, system_disabled};
use crate::access::caller_may;
use crate::audit;
use crate::context::Context;

/// `DELETE …/pendingmember/{member}`.
pub(crate) fn delete_pending(context: &Context<'_>, path: MemberPath<'_>) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    let Some(domain) = context.world.domain(&target.domain) else {
        return Err(ApiError::not_found(format!("Domain not found: {}", target.domain)));
    };
    let noun = target.kind.as_str();
    let held = domain.collection(target.kind, &target.name);
    let pending = held.and_then(|held| held.pending_about(&target.member));
    let requested =
        context.caller.may_act() && pending.is_some_and(|pending| pending.requester == context.caller.name);
    if !requested && !may_update_members(context, domain, &target.full_name) {
        if held.is_none() {
            return Err(ApiError::not_found(format!("unknown {noun} - {}", target.full_name)));
        }
        let text = format!("{}: principal is not authorized to delete pending members", context.operation);
        return Err(ApiError::forbidden(text));
    }
    audit::check_domain(context, target.audited(), &target.domain)?;
    if held.is_none() {
        return Err(ApiError::not_found(format!("unknown {noun} - {}", target.full_name)));
    }
    if pending.is_none() {
        if !context.world.is_registered(&target.member) {
            return Err(ApiError::not_found(format!("unknown principal - {}", target.member)));
        }
        let (prefix, member, name) = (target.prefix(context), &target.member, &target.name);
        let text = format!("{prefix}unable to delete pending {noun} member: {member} from {noun}: {name}");
        return Err(ApiError::not_found(text));
    }
    let changes = vec![target.delete_pending(), target.audit(context, MemberAction::Reject)];
    Ok(ChangeSet::loud(target.domain, changes))
}

/// `PUT …/member/{member}/decision`.
pub(crate) fn decide(
    context: &Context<'_>,
    path: MemberPath<'_>,
    body: &MembershipInput,
) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    target.check_body(context, body)?;
    let Some((domain, held)) = target.find(context) else {
        return Err(ApiError::bad_request(match target.kind {
            CollectionKind::Role => "Invalid rolename specified",
            CollectionKind::Group => "Invalid groupname specified",
        }));
    };
    check_decides(context, domain, &target, held)?;
    let noun = target.kind.as_str();
    let pending = held.pending_about(&target.member);
    let kind = context.users().kind(&target.member);
    let dates = expiry::dates(context, &domain.attributes, held.settings(), kind, body.dates);
    if body.approved {
        let rules = MemberRules::of(target.kind, &target.name, held.settings());
        members::check_kind(context, &rules, &target.member)?;
    }
    let Some(pending) = pending else {
        return Err(ApiError::not_found(format!("Pending {noun} member {} not found", target.member)));
    };
    audit::check_object(context, held.settings().audit_enabled, &target.full_name)?;
    let changes = match (body.approved, pending.kind) {
        (false, _) => vec![target.delete_pending(), target.audit(context, MemberAction::Reject)],
        (true, PendingKind::Add) => {
            check_has_members(context, &target, held)?;
            members::check_domain_exists(context, &target.member)?;
            let added = approve_add(context, domain, &target, held, pending)?;
            let row = MemberRow {
                inactive: body.inactive,
                expiration: dates.expiration,
                review_reminder: dates.review_reminder,
                ..added
            };
            vec![target.delete_pending(), target.put(row), target.audit(context, MemberAction::Approve)]
        }
        (true, PendingKind::Delete) => approve_delete(context, &target, held)?,
    };
    check_admin_stays(context, target.kind, &target.name, held, &changes)?;
    Ok(ChangeSet::loud(target.domain.clone(), changes))
}

/// Who decides: audit administrators for audit-enabled objects, else whoever may change members;
/// never about oneself or on one's own request.
fn check_decides(
    context: &Context<'_>,
    domain: &Domain,
    target: &Target,
    held: &Collection,
) -> Result<(), ApiError> {
    let caller = &context.caller.name;
    let allowed = if held.settings().audit_enabled {
        let by_domain = format!("sys.auth.audit.domain:audit.{}", target.domain);
        let by_org = format!("sys.auth.audit.org:audit.{}", domain.attributes.org);
        !domain.attributes.disabled
            && (caller_may(context, "sys.auth.audit.domain", "update", &by_domain)
                || caller_may(context, "sys.auth.audit.org", "update", &by_org))
    } else {
        may_update_members(context, domain, &target.full_name)
    };
    if !allowed {
        let text = format!("principal {caller} is not authorized to approve / reject members");
        return Err(ApiError::forbidden(text));
    }
    let pending = held.pending_about(&target.member);
    // a request that outlives review still came from somebody
    let outlives = pending.is_some() && !held.settings().self_serve;
    let guarded = held.needs_approval() || outlives;
    if guarded && caller == target.member.as_str() {
        let text = format!("principal {caller} cannot approve / reject own membership");
        return Err(ApiError::forbidden(text));
    }
    if guarded && pending.is_some_and(|pending| pending.requester.eq_ignore_ascii_case(caller)) {
        let text = format!("principal {caller} cannot approve / reject own request");
        return Err(ApiError::forbidden(text));
    }
    Ok(())
}

/// The membership that was asked for, without its dates: those of the decision count.
fn approve_add(
    context: &Context<'_>,
    domain: &Domain,
    target: &Target,
    held: &Collection,
    pending: &Pending,
) -> Result<MemberRow, ApiError> {
    let stored = target.stored(context, held);
    if stored.is_none() {
        check_room(context, domain, target.kind, held, 1)?;
    }
    let requester = match target.kind {
        CollectionKind::Role => pending.requester.clone(),
        CollectionKind::Group => context.caller.name.clone(),
    };
    Ok(MemberRow {
        audit_reference: context.audit_reference.to_owned(),
        system_disabled: system_disabled(context, &target.member, stored),
        ..MemberRow::new(target.member.clone(), requester)
    })
}

/// A request to remove somebody who is gone meanwhile is simply done with.
fn approve_delete(
    context: &Context<'_>,
    target: &Target,
    held: &Collection,
) -> Result<Vec<Change>, ApiError> {
    check_last_admin(context, target, held)?;
    let mut changes = vec![target.delete_pending()];
    if target.stored(context, held).is_some() {
        changes.push(target.delete());
    }
    changes.push(target.audit(context, MemberAction::Delete));
    Ok(changes)
}
