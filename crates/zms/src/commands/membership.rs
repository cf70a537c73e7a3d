//! Single memberships of roles and groups: put and delete.

use athenz_model::ApiError;
use athenz_model::names::MemberName;
use athenz_policy::{Member, SystemDisabled};
use athenz_world::{
    Change, ChangeSet, Collection, CollectionKind, Domain, MemberAction, MemberRow, Pending, PendingKind,
    Registration,
};

use super::dates::Dates;
use super::expiry;
use super::last_admin::{check_admin_stays, check_last_admin, leaves_no_admin};
use super::member_target::{MemberPath, MembershipInput, Target};
use super::members::{self, MemberRules};
use super::standard_names::ADMIN;
use crate::access::caller_may_change;
use crate::audit;
use crate::context::Context;
use crate::ownership::{self, Component};
use crate::quota::{self, Counted};
use crate::values::{domain_name, member_name};

/// Whether the caller may change members: `update` or `update_members` on the role or group.
pub(crate) fn may_update_members(context: &Context<'_>, domain: &Domain, full_name: &str) -> bool {
    ["update", "update_members"].iter().any(|action| caller_may_change(context, domain, action, full_name))
}

/// `PUT …/member/{member}`.
pub(crate) fn put(
    context: &Context<'_>,
    path: MemberPath<'_>,
    body: &MembershipInput,
) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    target.check_body(context, body)?;
    let Some((domain, held)) = target.find(context) else {
        return Err(ApiError::bad_request(match target.kind {
            CollectionKind::Role => "Invalid role name specified",
            CollectionKind::Group => "Invalid groupname specified",
        }));
    };
    let owner = match held.settings().self_serve {
        true => None,
        false => ownership::edit(context, target.owned(held), Component::Members)?,
    };
    let kind = context.users().kind(&target.member);
    let mut dates = expiry::dates(context, &domain.attributes, held.settings(), kind, body.dates);
    let rules = MemberRules::of(target.kind, &target.name, held.settings());
    members::check_kind(context, &rules, &target.member)?;
    let way = way_in(context, domain, &target, held).ok_or_else(|| {
        ApiError::forbidden(format!("{}: principal is not authorized to add members", context.operation))
    })?;
    if let WayIn::SelfRenew { until } = way {
        dates.expiration = Some(dates.expiration.map_or(until, |date| date.min(until)));
    }
    audit::check_domain(context, target.audited(), &target.domain)?;
    audit::check_object(context, held.settings().audit_enabled, &target.full_name)?;
    check_has_members(context, &target, held)?;
    check_member_quota(context, domain, &target, held)?;
    members::check_domain_exists(context, &target.member)?;
    let mut changes = Vec::new();
    if let Some(owner) = owner {
        changes.push(with_owner(context, &target, held, owner));
    }
    if way == WayIn::SelfServe || held.needs_approval() {
        changes.extend(request(context, &target, held, PendingKind::Add, dates)?);
    } else {
        changes.extend(write(context, &target, held, dates));
    }
    check_admin_stays(context, target.kind, &target.name, held, &changes)?;
    Ok(ChangeSet::loud(target.domain, changes))
}

/// A delegated role has no members of its own.
///
/// # Errors
/// 400: it is one.
pub(super) fn check_has_members(
    context: &Context<'_>,
    target: &Target,
    held: &Collection,
) -> Result<(), ApiError> {
    if held.attributes.trust.is_some() {
        let text = format!("{}: {} is a delegated role", context.call(), target.name);
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

/// Whether what a put decided waits for approval.
pub(crate) fn is_request(changes: &ChangeSet) -> bool {
    let mut decided = changes.parts.iter().flat_map(|part| &part.changes);
    decided.any(|change| matches!(change, Change::PutPending { .. }))
}

/// Makes somebody a member whom nobody else could let in: by the operator of the machine, offline.
/// What the role demands of its members still counts; a membership that is there loses its end.
pub(crate) fn appoint(context: &Context<'_>, path: MemberPath<'_>) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    let Some((_, held)) = target.find(context) else {
        return Err(ApiError::not_found(format!("there is no {}", target.full_name)));
    };
    members::check_kind(
        context,
        &MemberRules::of(target.kind, &target.name, held.settings()),
        &target.member,
    )?;
    members::check_domain_exists(context, &target.member)?;
    if held.attributes.trust.is_some() {
        return Err(ApiError::bad_request(format!("{} is a delegated role", target.full_name)));
    }
    let changes = write(context, &target, held, Dates::default());
    Ok(ChangeSet::loud(target.domain, changes.into()))
}

/// By what right somebody becomes a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WayIn {
    /// The caller administers the members.
    Privileged,
    /// A member extends itself, at most to this moment.
    SelfRenew { until: athenz_model::Timestamp },
    /// Anyone may ask.
    SelfServe,
}

fn way_in(context: &Context<'_>, domain: &Domain, target: &Target, held: &Collection) -> Option<WayIn> {
    if may_update_members(context, domain, &target.full_name) {
        return Some(WayIn::Privileged);
    }
    if domain.attributes.disabled || !context.caller.may_act() {
        return None;
    }
    let settings = held.settings();
    let renews = settings.self_renew && settings.self_renew_mins > 0;
    if renews && context.caller.name == target.member.as_str() && target.stored(context, held).is_some() {
        let until = context.now.plus_minutes(settings.self_renew_mins.into()).truncated_to_seconds();
        return Some(WayIn::SelfRenew { until });
    }
    settings.self_serve.then_some(WayIn::SelfServe)
}

/// The collection with other owners.
fn with_owner(
    context: &Context<'_>,
    target: &Target,
    held: &Collection,
    owner: athenz_world::Ownership,
) -> Change {
    let mut settings = held.settings().clone();
    settings.owner = owner;
    let mut attributes = held.attributes.clone().with_settings(settings);
    attributes.modified = context.stamp;
    Change::PutCollection { kind: target.kind, name: target.name.clone(), attributes }
}

/// So many may wait for each member that there may be.
const REQUESTS_A_MEMBER: usize = 10;

/// The quota and the collection's own limit, for one more member.
fn check_member_quota(
    context: &Context<'_>,
    domain: &Domain,
    target: &Target,
    held: &Collection,
) -> Result<(), ApiError> {
    if target.stored(context, held).is_some() || held.pending_about(&target.member).is_some() {
        return Ok(());
    }
    // as recorded, requests are no members; but strangers may ask, and do not fill the store
    let requests = held.pending.len() / REQUESTS_A_MEMBER;
    quota::check_one_more(context, domain, counted_members(target.kind), requests)?;
    check_room(context, domain, target.kind, held, 1)
}

const fn counted_members(kind: CollectionKind) -> Counted {
    match kind {
        CollectionKind::Role => Counted::RoleMember,
        CollectionKind::Group => Counted::GroupMember,
    }
}

/// Whether so many more members fit.
///
/// # Errors
/// 429: they do not.
pub(crate) fn check_room(
    context: &Context<'_>,
    domain: &Domain,
    kind: CollectionKind,
    held: &Collection,
    more: usize,
) -> Result<(), ApiError> {
    let present = held.members.len();
    quota::check_one_more(context, domain, counted_members(kind), present + more - 1)?;
    let most = held.settings().max_members;
    if most > 0 && present + more > usize::try_from(most).unwrap_or(usize::MAX) {
        let noun = kind.as_str();
        let text = format!("{noun} max members exceeded - limit: {most} actual: {present}");
        return Err(ApiError::too_many_requests(text));
    }
    Ok(())
}

/// The membership itself, with its line in the audit log. Suspension follows the principal.
fn write(context: &Context<'_>, target: &Target, held: &Collection, dates: Dates) -> [Change; 2] {
    let stored = target.stored(context, held);
    let action = if stored.is_some() { MemberAction::Update } else { MemberAction::Add };
    let row = MemberRow {
        audit_reference: context.audit_reference.to_owned(),
        system_disabled: system_disabled(context, &target.member, stored),
        expiration: dates.expiration,
        review_reminder: dates.review_reminder,
        ..MemberRow::new(target.member.clone(), &context.caller.name)
    };
    [target.put(row), target.audit(context, action)]
}

/// The disabled bits of a membership that is written: those it has, and the principal's.
pub(crate) fn system_disabled(context: &Context<'_>, name: &MemberName, stored: Option<&Member>) -> u8 {
    let kept = stored.map_or(0, |member| member.system_disabled.bits());
    match context.world.registration(name) {
        Registration::Suspended => kept | SystemDisabled::ADMINISTRATOR.bits(),
        Registration::Registered | Registration::Unknown => kept,
    }
}

/// A request. Asking again changes its dates; the first requester stays.
fn request(
    context: &Context<'_>,
    target: &Target,
    held: &Collection,
    kind: PendingKind,
    dates: Dates,
) -> Result<[Change; 2], ApiError> {
    let present = held.pending_about(&target.member);
    if present.is_some_and(|present| present.kind != kind) {
        let text = format!("The user {} already has a pending request in a different state", target.member);
        return Err(ApiError::bad_request(text));
    }
    let pending = Pending {
        name: target.member.clone(),
        kind,
        requester: present.map_or_else(|| context.caller.name.clone(), |present| present.requester.clone()),
        requested: context.now,
        audit_reference: context.audit_reference.to_owned(),
        expiration: dates.expiration,
        review_reminder: dates.review_reminder,
    };
    let put = Change::PutPending { kind: target.kind, name: target.name.clone(), pending };
    Ok([put, target.audit(context, MemberAction::Request)])
}

/// `DELETE …/member/{member}`.
pub(crate) fn delete(context: &Context<'_>, path: MemberPath<'_>) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    let Some((domain, held)) = target.find(context) else {
        return Err(ApiError::not_found(match target.kind {
            CollectionKind::Role => "Invalid domain/role name specified",
            CollectionKind::Group => "Invalid domain/group name specified",
        }));
    };
    let stored = target.stored(context, held);
    if !may_delete(context, domain, &target, held, stored) {
        let text = format!("{}: principal is not authorized to delete members", context.operation);
        return Err(ApiError::forbidden(text));
    }
    check_last_admin(context, &target, held)?;
    if !held.settings().self_serve {
        ownership::delete(context, &held.settings().owner, Component::Members)?;
    }
    audit::check_domain(context, target.audited(), &target.domain)?;
    if stored.is_none() {
        return Err(no_member(context, &target));
    }
    let changes = if held.settings().delete_protection && held.needs_approval() {
        request(context, &target, held, PendingKind::Delete, Dates::default())?
    } else {
        [target.delete(), target.audit(context, MemberAction::Delete)]
    };
    Ok(ChangeSet::loud(target.domain.clone(), changes.into()))
}

fn no_member(context: &Context<'_>, target: &Target) -> ApiError {
    if !context.world.is_registered(&target.member) {
        return ApiError::not_found(format!("unknown principal - {}", target.member));
    }
    let (noun, prefix) = (target.kind.as_str(), target.prefix(context));
    let (member, name) = (&target.member, &target.name);
    ApiError::not_found(format!("{prefix}unable to delete {noun} member: {member} from {noun}: {name}"))
}

/// A member may leave; the requester of a self-serve membership may take it back.
fn may_delete(
    context: &Context<'_>,
    domain: &Domain,
    target: &Target,
    held: &Collection,
    stored: Option<&Member>,
) -> bool {
    if may_update_members(context, domain, &target.full_name) {
        return true;
    }
    if domain.attributes.disabled || !context.caller.may_act() {
        return false;
    }
    let requested = stored
        .and_then(|member| member.requester)
        .is_some_and(|requester| *context.world.name_of(requester) == *context.caller.name);
    context.caller.name == target.member.as_str()
        || (target.kind == CollectionKind::Role && held.settings().self_serve && requested)
}

/// `DELETE /domain/{domainName}/member/{memberName}`: out of every role of the domain.
pub(crate) fn delete_from_domain(
    context: &Context<'_>,
    domain: &str,
    member: &str,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    crate::access::authorize(context, "update", &format!("{domain}:"))?;
    let member = member_name(context, member)?;
    let found = context.world.domain(&domain);
    let Some((found, admin)) = found.and_then(|found| Some((found, found.roles.get(ADMIN)?))) else {
        return Err(ApiError::not_found("Invalid domain name specified"));
    };
    if leaves_no_admin(context, admin, &[&member]) {
        return Err(ApiError::forbidden("deleteDomainRoleMember: Cannot delete last member of 'admin' role"));
    }
    let Some(id) = context.world.principals().id(&member).filter(|_| context.world.is_registered(&member))
    else {
        return Err(ApiError::not_found(format!("unknown principal - {member}")));
    };
    let mut changes = Vec::new();
    for (name, _) in found.roles.iter().filter(|(_, held)| held.members.get(id).is_some()) {
        let full_name = CollectionKind::Role.full_name(&domain, name);
        let target = Target {
            kind: CollectionKind::Role,
            domain: domain.clone(),
            name: name.clone(),
            member: member.clone(),
            full_name,
        };
        changes.extend([target.delete(), target.audit(context, MemberAction::Delete)]);
    }
    if changes.is_empty() {
        return Ok(ChangeSet::default());
    }
    Ok(ChangeSet::loud(domain, changes))
}
