//! Requests that wait, and roles and groups that are due for review.

use std::sync::Arc;

use athenz_model::wire::zms::{
    DomainGroupMember, DomainGroupMembers, DomainGroupMembership, DomainRoleMember, DomainRoleMembers,
    DomainRoleMembership, GroupMember, MemberRole, ReviewObject, ReviewObjects,
};
use athenz_model::{ApiError, Timestamp};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json};
use athenz_world::{Collection, CollectionKind, Domain, Pending, World};

use super::request::Read;
use crate::access::has_system_right;
use crate::commands::standard_names::ADMIN;
use crate::state::Zms;
use crate::views::text;

/// Part of the shortest period after which a review is due, percent.
const DUE_AFTER: i64 = 68;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getPendingDomainRoleMembersList", get_pending_role_members)
        .handle("getPendingDomainGroupMembersList", get_pending_group_members)
        .handle("getRolesForReview", get_roles_for_review)
        .handle("getGroupsForReview", get_groups_for_review)
}

/// Requests by domain, role or group, in the order of names.
fn pending<'w>(
    read: &'w Read<'_>,
    kind: CollectionKind,
) -> Result<Vec<(&'w Domain, &'w str, &'w Pending)>, ApiError> {
    let world = &read.world;
    let (principal, domain) = (read.query("principal"), read.query("domain"));
    let principal = match (principal, &domain) {
        (None, None) => Some(read.caller.name.clone()),
        (principal, _) => principal,
    };
    if let Some(principal) = principal.as_deref().filter(|principal| !world.is_registered(principal)) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")));
    }
    let domain = domain.filter(|domain| domain != "*");
    if let (None, Some(domain)) =
        (&principal, domain.as_deref().filter(|domain| world.domain(domain).is_none()))
    {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")));
    }
    let mut found = Vec::new();
    for owner in world.domains().filter(|owner| domain.as_deref().is_none_or(|d| d == owner.name.as_str())) {
        for (name, held) in owner.collections(kind) {
            let decides =
                principal.as_deref().is_none_or(|principal| may_decide(world, owner, held, principal));
            if takes_requests(held) && decides {
                found.extend(held.pending.iter().map(|request| (&**owner, name.as_str(), request)));
            }
        }
    }
    Ok(found)
}

/// Whether requests are made here; those left over from when they were are not listed.
fn takes_requests(held: &Collection) -> bool {
    held.settings().self_serve || held.needs_approval()
}

/// Whether a principal is among those who decide: audit administrators by organisation or domain
/// where audit is on, direct members of the admin role where anybody may ask or review is on.
fn may_decide(world: &World, owner: &Domain, held: &Collection, principal: &str) -> bool {
    let is_member = |domain: &str, role: &str| {
        let id = world.principals().id(principal);
        let found = world.collection(CollectionKind::Role, domain, role);
        found.zip(id).is_some_and(|(found, id)| found.members.get(id).is_some())
    };
    let settings = held.settings();
    if settings.audit_enabled {
        let org = &owner.attributes.org;
        let audits = is_member("sys.auth.audit.domain", &owner.name)
            || (!org.is_empty() && is_member("sys.auth.audit.org", org));
        if audits {
            return true;
        }
    }
    (settings.self_serve || settings.review_enabled) && is_member(&owner.name, ADMIN)
}

/// The row of each request, with its member: who is asked for twice stands there twice.
type Requests<T> = Vec<(String, T)>;

/// Groups rows that stand together by domain.
fn by_domain<T>(
    rows: Vec<(&Domain, &str, &Pending)>,
    row: impl Fn(&str, &Pending) -> T,
) -> Vec<(String, Requests<T>)> {
    let mut domains: Vec<(String, Requests<T>)> = Vec::new();
    for (domain, name, pending) in rows {
        if domains.last().is_none_or(|(last, _)| *last != *domain.name) {
            domains.push((domain.name.to_string(), Vec::new()));
        }
        if let Some((_, requests)) = domains.last_mut() {
            requests.push((pending.name.to_string(), row(name, pending)));
        }
    }
    domains
}

async fn get_pending_role_members(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let row = |name: &str, pending: &Pending| MemberRole {
        role_name: Some(name.to_owned()),
        expiration: pending.expiration,
        review_reminder: pending.review_reminder,
        active: Some(false),
        audit_ref: text(&pending.audit_reference),
        request_principal: text(&pending.requester),
        request_time: Some(pending.requested),
        pending_state: Some(pending.kind.as_str().to_owned()),
        ..MemberRole::default()
    };
    let domains = by_domain(pending(&read, CollectionKind::Role)?, row);
    let member = |(name, role)| DomainRoleMember { member_name: Some(name), member_roles: Some(vec![role]) };
    let list = domains
        .into_iter()
        .map(|(domain, members)| DomainRoleMembers {
            domain_name: Some(domain),
            members: Some(members.into_iter().map(member).collect()),
        })
        .collect();
    json(&DomainRoleMembership { domain_role_members_list: Some(list) })
}

async fn get_pending_group_members(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let row = |name: &str, pending: &Pending| GroupMember {
        group_name: Some(name.to_owned()),
        expiration: pending.expiration,
        active: Some(false),
        audit_ref: text(&pending.audit_reference),
        request_principal: text(&pending.requester),
        request_time: Some(pending.requested),
        pending_state: Some(pending.kind.as_str().to_owned()),
        ..GroupMember::default()
    };
    let domains = by_domain(pending(&read, CollectionKind::Group)?, row);
    let member =
        |(name, group)| DomainGroupMember { member_name: Some(name), member_groups: Some(vec![group]) };
    let list = domains
        .into_iter()
        .map(|(domain, members)| DomainGroupMembers {
            domain_name: Some(domain),
            members: Some(members.into_iter().map(member).collect()),
        })
        .collect();
    json(&DomainGroupMembership { domain_group_members_list: Some(list) })
}

async fn get_roles_for_review(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&due_for_review(&read, CollectionKind::Role)?)
}

async fn get_groups_for_review(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&due_for_review(&read, CollectionKind::Group)?)
}

fn due_for_review(read: &Read<'_>, kind: CollectionKind) -> Result<ReviewObjects, ApiError> {
    let principal = read.query("principal").unwrap_or_else(|| read.caller.name.clone());
    let own = principal == read.caller.name;
    if !own && !has_system_right(&read.context(), "access", "sys.auth:meta.review.lookup") {
        let noun = kind.as_str();
        return Err(ApiError::forbidden(format!(
            "principal is not authorized to request {noun} review list"
        )));
    }
    let world = &read.world;
    if !world.is_registered(&principal) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")));
    }
    let list = world
        .memberships(CollectionKind::Role, &principal)
        .filter(|(_, role, ..)| *role == ADMIN)
        .flat_map(|(domain, ..)| {
            domain.collections(kind).iter().map(move |(name, held)| (domain, name, held))
        })
        .filter(|(_, _, held)| held.attributes.trust.is_none() && !held.members.is_empty())
        .filter(|(_, _, held)| is_due(held, read.now()))
        .map(|(domain, name, held)| review_object(domain, name, held))
        .collect();
    Ok(ReviewObjects { list: Some(list) })
}

/// Whether so much of the shortest period has gone by since the last review.
fn is_due(held: &Collection, now: Timestamp) -> bool {
    let settings = held.settings();
    let periods = [
        settings.member_expiry_days,
        settings.service_expiry_days,
        settings.group_expiry_days,
        settings.member_review_days,
        settings.service_review_days,
        settings.group_review_days,
    ];
    let Some(shortest) = periods.into_iter().filter(|days| *days > 0).min() else { return false };
    let since = settings.last_reviewed.unwrap_or(held.attributes.created);
    let minutes = i64::from(shortest) * 24 * 60 * DUE_AFTER / 100;
    since.plus_minutes(minutes) <= now
}

fn review_object(domain: &Domain, name: &str, held: &Collection) -> ReviewObject {
    let settings = held.settings();
    ReviewObject {
        domain_name: Some(domain.name.to_string()),
        name: Some(name.to_owned()),
        member_expiry_days: Some(settings.member_expiry_days),
        member_review_days: Some(settings.member_review_days),
        service_expiry_days: Some(settings.service_expiry_days),
        service_review_days: Some(settings.service_review_days),
        group_expiry_days: Some(settings.group_expiry_days),
        group_review_days: Some(settings.group_review_days),
        last_reviewed_date: settings.last_reviewed,
        created: Some(held.attributes.created),
    }
}
