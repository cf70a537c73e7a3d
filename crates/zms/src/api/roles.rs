//! Roles and their members.

use std::sync::Arc;

use athenz_model::wire::zms::{
    DomainRoleMember, DomainRoleMembers, MemberRole, Membership, Role, RoleList, RoleMeta, RoleSystemMeta,
    Roles,
};
use athenz_model::{ApiError, Timestamp};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, Refusal, json, no_content};
use athenz_world::{CollectionKind, Ownership, World};

use super::request::{Path, Read, change, change_returning, change_with, member_audit};
use crate::commands::collection_input::{CollectionInput, SettingsInput};
use crate::commands::member_target::{MemberPath, MembershipInput};
use crate::commands::{collections, decision, membership};
use crate::commands::{review, system_meta};
use crate::expansion;
use crate::state::Zms;
use crate::views::collections::{
    MemberForm, MembershipView, Shown, member_role, role, role_audit, role_ownership, role_with_members,
    short_role,
};
use crate::views::{has_tag, page};

const KIND: CollectionKind = CollectionKind::Role;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getRoleList", get_role_list)
        .handle("getRoles", get_roles)
        .handle("getRole", get_role)
        .handle("putRole", put_role)
        .handle("deleteRole", delete_role)
        .handle("putRoleMeta", put_role_meta)
        .handle("putRoleSystemMeta", put_role_system_meta)
        .handle("putRoleReview", put_role_review)
        .handle("getMembership", get_membership)
        .handle("putMembership", put_membership)
        .handle("deleteMembership", delete_membership)
        .handle("deletePendingMembership", delete_pending_membership)
        .handle("putMembershipDecision", put_membership_decision)
        .handle("deleteDomainRoleMember", delete_domain_role_member)
        .handle("getDomainRoleMembers", get_domain_role_members)
        .handle("getOverdueReview", get_overdue_review)
        .handle("getPrincipalRoles", get_principal_roles)
}

fn member_path(path: &Path) -> MemberPath<'_> {
    MemberPath {
        kind: KIND,
        domain: path.get("domainName"),
        collection: path.get("roleName"),
        member: path.get("memberName"),
    }
}

fn shown<'a>(zms: &'a Zms, world: &'a World, form: MemberForm) -> Shown<'a> {
    Shown { world, users: &zms.rules.users, form }
}

async fn get_role_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let names = domain.roles.keys().map(|role| role.as_str());
    let (names, next) = page(names, call.query.integer("limit")?, read.query("skip").as_deref());
    json(&RoleList { names: Some(names), next })
}

async fn get_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("getRoles: Domain not found: '{name}'")).into());
    };
    let (key, value) = (call.query.first("tagKey"), call.query.first("tagValue"));
    let with_members = read.is_set("members");
    let shown = shown(&zms, &read.world, MemberForm::Listed);
    let list = domain
        .roles
        .iter()
        .filter(|(_, held)| has_tag(&held.settings().tags, key, value))
        .map(|(role, held)| match with_members {
            true => role_with_members(shown, &name, role, held),
            false => short_role(&name, role, held),
        })
        .collect();
    json(&Roles { list: Some(list) })
}

/// What of a role is shown besides its attributes.
#[derive(Clone, Copy, Debug, Default)]
struct Extras {
    audit_log: bool,
    expand: bool,
    pending: bool,
}

async fn get_role(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let extras = Extras {
        audit_log: read.is_set("auditLog"),
        expand: read.is_set("expand"),
        pending: read.is_set("pending"),
    };
    let (domain, name) = (read.name("domainName"), read.name("roleName"));
    json(&role_view(&zms, &read.world, &domain, &name, extras).await?)
}

async fn role_view(
    zms: &Zms,
    world: &Arc<World>,
    domain: &str,
    name: &str,
    extras: Extras,
) -> Result<Role, Refusal> {
    let Some(found) = world.domain(domain) else {
        return Err(ApiError::not_found(format!("getRole: Role not found: '{domain}:role.{name}'")).into());
    };
    let Some(held) = found.roles.get(name) else {
        return Err(ApiError::not_found(format!("getRole: Role not found: '{domain}:role.{name}'")).into());
    };
    let shown = shown(zms, world, MemberForm::Single);
    let members = match (extras.expand, &held.attributes.trust) {
        (true, Some(trust)) => {
            let (rules, world, trust) = (Arc::clone(&zms.rules), Arc::clone(world), trust.clone());
            let full_name = KIND.full_name(domain, name);
            let work = move || expansion::delegated_members(&rules.users, &world, &full_name, &trust);
            zms.apart.work_out(work).await?
        }
        (true, None) => expansion::expanded_members(shown, held, extras.pending),
        (false, Some(_)) => Vec::new(),
        (false, None) => expansion::with_requests(shown, held, extras.pending),
    };
    let audit_log = match extras.audit_log && held.attributes.trust.is_none() {
        true => member_audit(zms, KIND, domain, name).await?.iter().map(role_audit).collect(),
        false => Vec::new(),
    };
    Ok(Role {
        role_members: (!members.is_empty()).then_some(members),
        audit_log: (!audit_log.is_empty()).then_some(audit_log),
        ..role(domain, name, held)
    })
}

/// The answer of a put: nothing, or the object where it is wanted, with the owners there were
/// before.
async fn put_answer(zms: &Zms, call: &Call, world: &Arc<World>, before: &Ownership) -> Answer {
    if !call.wants_object() {
        return Ok(no_content());
    }
    let (domain, name) = (call.path("domainName").to_lowercase(), call.path("roleName").to_lowercase());
    let extras = Extras { audit_log: true, expand: false, pending: true };
    let view = role_view(zms, world, &domain, &name, extras).await?;
    json(&Role { resource_ownership: role_ownership(before), ..view })
}

async fn put_role(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, before) = change_returning(&zms, &call, |context, path, body: Role| {
        let (domain, role) = (path.get("domainName"), path.get("roleName"));
        let before = collections::owners_before(context, KIND, domain, role);
        Ok((collections::put(context, KIND, domain, role, CollectionInput::from(body))?, before))
    })
    .await?;
    put_answer(&zms, &call, &world, &before).await
}

async fn delete_role(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        collections::delete_role(context, path.get("domainName"), path.get("roleName"))
    })
    .await?;
    Ok(no_content())
}

async fn put_role_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: RoleMeta| {
        let input = SettingsInput::from(body);
        collections::put_meta(context, KIND, path.get("domainName"), path.get("roleName"), input)
    })
    .await?;
    Ok(no_content())
}

async fn put_role_system_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: RoleSystemMeta| {
        let (domain, role) = (path.get("domainName"), path.get("roleName"));
        system_meta::put_role_system_meta(context, domain, role, path.get("attribute"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_role_review(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, before) = change_returning(&zms, &call, |context, path, body: Role| {
        let (domain, role) = (path.get("domainName"), path.get("roleName"));
        let before = collections::owners_before(context, KIND, domain, role);
        Ok((review::put(context, KIND, domain, role, CollectionInput::from(body))?, before))
    })
    .await?;
    put_answer(&zms, &call, &world, &before).await
}

/// A membership as stored, pending, or not there.
pub(super) fn membership_view(
    world: &World,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    member: &str,
    expiration: Option<Timestamp>,
    now: Option<Timestamp>,
) -> Result<MembershipView, ApiError> {
    let noun = kind.as_str();
    let full_name = kind.full_name(domain, name);
    let found = world.domain(domain);
    let Some(held) = found.and_then(|found| found.collection(kind, name)) else {
        return Err(match (found, kind) {
            (None, CollectionKind::Role) => ApiError::not_found(format!("unknown domain - {domain}")),
            _ => ApiError::not_found(format!("unknown {noun} - {full_name}")),
        });
    };
    let asked = |date: Option<Timestamp>| expiration.is_none_or(|wanted| date == Some(wanted));
    let stored = world.principals().id(member).and_then(|id| held.members.get(id));
    if let Some(stored) = stored.filter(|stored| asked(stored.expiration)) {
        return Ok(MembershipView::stored(world, &full_name, member, stored, now));
    }
    Ok(match held.pending_about(member).filter(|pending| asked(pending.expiration)) {
        Some(pending) => MembershipView::pending(&full_name, pending, now),
        None => MembershipView::none(&full_name, member),
    })
}

/// What a put of a member has made: the request where it made one, else the membership.
pub(super) fn put_view(
    world: &World,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    member: &str,
    requested: bool,
) -> Result<MembershipView, ApiError> {
    let held = world.collection(kind, domain, name);
    let pending = held.and_then(|held| held.pending_about(member)).filter(|_| requested);
    match pending {
        Some(pending) => Ok(MembershipView::pending(&kind.full_name(domain, name), pending, None)),
        None => membership_view(world, kind, domain, name, member, None, None),
    }
}

/// `expiration` of a query: RFC 3339 in whole seconds, as it is stored; quotes stripped,
/// unreadable is absent.
pub(super) fn expiration_of(call: &Call) -> Option<Timestamp> {
    Timestamp::parse(call.query.first("expiration")?.trim_matches(['"', '\'']))
        .map(Timestamp::truncated_to_seconds)
}

/// A member of the path: canonical, the alias replaced.
pub(super) fn member_of(zms: &Zms, call: &Call) -> String {
    zms.rules.users.without_alias(&call.path("memberName").to_lowercase())
}

async fn get_membership(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (domain, name) = (read.name("domainName"), read.name("roleName"));
    let member = member_of(&zms, &call);
    let view =
        membership_view(&read.world, KIND, &domain, &name, &member, expiration_of(&call), Some(read.now()))?;
    json(&view.into_role())
}

async fn put_membership(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, requested) = change_returning(&zms, &call, |context, path, body: Membership| {
        let changes = membership::put(context, member_path(path), &MembershipInput::from(body))?;
        let requested = membership::is_request(&changes);
        Ok((changes, requested))
    })
    .await?;
    if !call.wants_object() {
        return Ok(no_content());
    }
    let (domain, name) = (call.path("domainName").to_lowercase(), call.path("roleName").to_lowercase());
    json(&put_view(&world, KIND, &domain, &name, &member_of(&zms, &call), requested)?.into_role())
}

async fn delete_membership(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| membership::delete(context, member_path(path))).await?;
    Ok(no_content())
}

async fn delete_pending_membership(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| decision::delete_pending(context, member_path(path))).await?;
    Ok(no_content())
}

async fn put_membership_decision(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: Membership| {
        decision::decide(context, member_path(path), &MembershipInput::from(body))
    })
    .await?;
    Ok(no_content())
}

async fn delete_domain_role_member(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        membership::delete_from_domain(context, path.get("domainName"), path.get("memberName"))
    })
    .await?;
    Ok(no_content())
}

async fn get_domain_role_members(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&members_of_domain(&read, |_| true)?)
}

async fn get_overdue_review(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let now = read.now();
    json(&members_of_domain(&read, |member| member.review_reminder.is_some_and(|due| due < now))?)
}

fn members_of_domain(
    read: &Read<'_>,
    shown: impl Fn(&athenz_policy::Member) -> bool,
) -> Result<DomainRoleMembers, ApiError> {
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")));
    };
    let mut by_member: std::collections::BTreeMap<String, Vec<MemberRole>> = Default::default();
    for (role, held) in &domain.roles {
        for member in held.members.iter().filter(|member| shown(member)) {
            let row = member_role(&read.world, role, member);
            by_member.entry(read.world.name_of(member.principal).to_string()).or_default().push(row);
        }
    }
    let members: Vec<_> = by_member
        .into_iter()
        .map(|(name, roles)| DomainRoleMember { member_name: Some(name), member_roles: Some(roles) })
        .collect();
    Ok(DomainRoleMembers { domain_name: Some(name), members: (!members.is_empty()).then_some(members) })
}

async fn get_principal_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let principal = read.query("principal").unwrap_or_else(|| read.caller.name.clone());
    let domain = read.query("domain");
    let expand = read.is_set("expand");
    if expand {
        expansion::check_may_expand(&read.context(), &principal, domain.as_deref())?;
    }
    if !read.world.is_registered(&principal) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")).into());
    }
    // indirect roles are filtered by any name, as they may come from anywhere
    if let Some(domain) = domain.as_deref().filter(|domain| !expand && read.world.domain(domain).is_none()) {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")).into());
    }
    let mut roles = expansion::direct_roles(&read.world, &principal);
    if expand {
        let (world, principal) = (Arc::clone(&read.world), principal.clone());
        let work = move || expansion::with_indirect_roles(&world, &principal, roles);
        roles = zms.apart.work_out(work).await?;
    }
    roles.retain(|role| domain.is_none() || role.domain_name == domain);
    json(&DomainRoleMember { member_name: Some(principal), member_roles: Some(roles) })
}
