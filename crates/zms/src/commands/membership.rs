//! Single memberships of roles and groups: put, delete, and the requests that wait for a decision.

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, Grammar, MemberName};
use athenz_model::wire::zms::{GroupMembership, Membership};
use athenz_policy::{Member, SystemDisabled};
use athenz_world::{
    Change, ChangeSet, Collection, CollectionKind, Domain, MemberAction, MemberAudit, MemberRow, Pending,
    PendingKind, Registration,
};

use super::domains::ADMIN;
use super::expiry::{self, Dates};
use super::members::{self, MemberRules};
use crate::access::{caller_may, caller_may_change};
use crate::audit::{self, AuditedKind};
use crate::context::Context;
use crate::ownership::{self, Component, Owned, OwnedObject};
use crate::quota::{self, Counted};
use crate::values::{check_grammar, domain_name, entity_name, is_name_of, member_name};

/// What a membership call says about the member, for roles and groups alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct MembershipInput {
    pub(crate) member_name: String,
    /// Short name of the role or group, where the body gives it.
    pub(crate) collection_name: Option<String>,
    pub(crate) dates: Dates,
    /// The decision, where one is made.
    pub(crate) approved: bool,
    /// A mark that a decision leaves on the membership: shown, without effect.
    pub(crate) inactive: bool,
}

impl From<Membership> for MembershipInput {
    fn from(body: Membership) -> Self {
        Self {
            member_name: body.member_name.unwrap_or_default(),
            collection_name: body.role_name,
            dates: Dates { expiration: body.expiration, review_reminder: body.review_reminder },
            approved: body.approved.unwrap_or(true),
            inactive: body.active == Some(false),
        }
    }
}

impl From<GroupMembership> for MembershipInput {
    fn from(body: GroupMembership) -> Self {
        Self {
            member_name: body.member_name.unwrap_or_default(),
            collection_name: body.group_name,
            dates: Dates { expiration: body.expiration, review_reminder: None },
            approved: body.approved.unwrap_or(true),
            inactive: body.active == Some(false),
        }
    }
}

/// A role or group with its member, as the path names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberPath<'a> {
    pub(crate) kind: CollectionKind,
    pub(crate) domain: &'a str,
    pub(crate) collection: &'a str,
    pub(crate) member: &'a str,
}

/// The same, parsed.
struct Target {
    kind: CollectionKind,
    domain: DomainName,
    name: EntityName,
    member: MemberName,
    /// `domain:role.name`
    full_name: String,
}

impl Target {
    fn parse(context: &Context<'_>, path: MemberPath<'_>) -> Result<Self, ApiError> {
        check_grammar(path.member, Grammar::MemberName, "MemberName")?;
        let domain = domain_name(path.domain)?;
        let name = entity_name(path.collection)?;
        Ok(Self {
            kind: path.kind,
            full_name: path.kind.full_name(&domain, &name),
            member: member_name(context, path.member)?,
            domain,
            name,
        })
    }

    fn find<'w>(&self, context: &Context<'w>) -> Option<(&'w Domain, &'w Collection)> {
        let domain = context.world.domain(&self.domain)?;
        Some((domain, domain.collection(self.kind, &self.name)?))
    }

    /// The stored membership of the member.
    fn stored<'w>(&self, context: &Context<'w>, held: &'w Collection) -> Option<&'w Member> {
        held.members.get(context.world.principals().id(&self.member)?)
    }

    fn owned<'a>(&'a self, held: &'a Collection) -> OwnedObject<'a> {
        let kind = match self.kind {
            CollectionKind::Role => Owned::Role,
            CollectionKind::Group => Owned::Group,
        };
        OwnedObject { kind, name: &self.full_name, owner: &held.settings().owner }
    }

    fn audited(&self) -> AuditedKind {
        match self.kind {
            CollectionKind::Role => AuditedKind::Role,
            CollectionKind::Group => AuditedKind::Group,
        }
    }

    /// How texts about a missing member begin: those of roles name the call.
    fn prefix(&self, context: &Context<'_>) -> String {
        match self.kind {
            CollectionKind::Role => format!("{}: ", context.call()),
            CollectionKind::Group => String::new(),
        }
    }

    fn put(&self, member: MemberRow) -> Change {
        Change::PutMember { kind: self.kind, name: self.name.clone(), member }
    }

    fn delete(&self) -> Change {
        Change::DeleteMember { kind: self.kind, name: self.name.clone(), member: self.member.clone() }
    }

    fn delete_pending(&self) -> Change {
        Change::DeletePending { kind: self.kind, name: self.name.clone(), member: self.member.clone() }
    }

    fn audit(&self, context: &Context<'_>, action: MemberAction) -> Change {
        let audit = MemberAudit {
            member: self.member.clone(),
            admin: context.caller.name.clone(),
            action,
            created: context.now,
            audit_reference: context.audit_reference.to_owned(),
        };
        Change::AuditMember { kind: self.kind, name: self.name.clone(), audit }
    }

    fn check_body(&self, context: &Context<'_>, body: &MembershipInput) -> Result<(), ApiError> {
        let (of, title) = match self.kind {
            CollectionKind::Role => ("Membership", "Role"),
            CollectionKind::Group => ("GroupMembership", "Group"),
        };
        let call = context.operation;
        if member_name(context, &body.member_name)? != self.member {
            return Err(ApiError::bad_request(format!(
                "{call}: Member name in URI and {of} object do not match"
            )));
        }
        if body.collection_name.as_deref().is_some_and(|given| !given.eq_ignore_ascii_case(&self.name)) {
            return Err(ApiError::bad_request(format!(
                "{call}: {title} name in URI and {of} object do not match"
            )));
        }
        Ok(())
    }
}

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
    members::check_domain_exists(context, &target.member)?;
    audit::check_domain(context, target.audited(), &target.domain)?;
    audit::check_object(context, held.settings().audit_enabled, &target.full_name)?;
    if held.attributes.trust.is_some() {
        let text = format!("{}: {} is a delegated role", context.call(), target.name);
        return Err(ApiError::bad_request(text));
    }
    check_member_quota(context, domain, &target, held)?;
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
    if domain.attributes.disabled || context.caller.mtls_restricted {
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
    check_room(context, domain, target.kind, held, 1)
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
    let counted = match kind {
        CollectionKind::Role => Counted::RoleMember,
        CollectionKind::Group => Counted::GroupMember,
    };
    quota::check_one_more(context, domain, counted, present + more - 1)?;
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
    if domain.attributes.disabled {
        return false;
    }
    let requested = stored
        .and_then(|member| member.requester)
        .is_some_and(|requester| *context.world.name_of(requester) == *context.caller.name);
    context.caller.name == target.member.as_str()
        || (target.kind == CollectionKind::Role && held.settings().self_serve && requested)
}

fn check_last_admin(context: &Context<'_>, target: &Target, held: &Collection) -> Result<(), ApiError> {
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
    let counts = |row: &MemberRow| {
        let over = row.expiration.is_some_and(|end| athenz_policy::is_past(end, context.now));
        row.system_disabled == 0 && !over
    };
    let mut touched: Vec<&MemberName> = Vec::new();
    let mut stays = false;
    for change in changes {
        match change {
            Change::PutMember { member, .. } => {
                stays |= counts(member);
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

/// `DELETE …/pendingmember/{member}`.
pub(crate) fn delete_pending(context: &Context<'_>, path: MemberPath<'_>) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(context, path)?;
    let Some(domain) = context.world.domain(&target.domain) else {
        return Err(ApiError::not_found(format!("Domain not found: {}", target.domain)));
    };
    let noun = target.kind.as_str();
    let held = domain.collection(target.kind, &target.name);
    let pending = held.and_then(|held| held.pending_about(&target.member));
    let requested = pending.is_some_and(|pending| pending.requester == context.caller.name);
    if !requested && !may_update_members(context, domain, &target.full_name) {
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
    if body.approved && pending.is_none_or(|pending| pending.kind == PendingKind::Add) {
        let rules = MemberRules::of(target.kind, &target.name, held.settings());
        members::check(context, &rules, &target.member)?;
    }
    audit::check_object(context, held.settings().audit_enabled, &target.full_name)?;
    let Some(pending) = pending else {
        return Err(ApiError::not_found(format!("Pending {noun} member {} not found", target.member)));
    };
    let changes = match (body.approved, pending.kind) {
        (false, _) => vec![target.delete_pending(), target.audit(context, MemberAction::Reject)],
        (true, PendingKind::Add) => {
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
    let guarded = held.needs_approval() || !held.settings().self_serve;
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

/// The name in the body of a role or group call must be that of the path.
///
/// # Errors
/// 400: it is another.
pub(crate) fn check_name_in_body(
    prefix: &str,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    given: &str,
) -> Result<(), ApiError> {
    let full = kind.full_name(domain, name);
    if is_name_of(given, &full, name) {
        return Ok(());
    }
    let noun = kind.as_str();
    let text = format!("{prefix}: Inconsistent {noun} names - expected: {full}, actual: {given}");
    Err(ApiError::bad_request(text))
}
