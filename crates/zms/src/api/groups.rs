//! Groups and their members.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    DomainGroupMember, DomainGroupMembers, Group, GroupMember, GroupMembership, GroupMeta, GroupSystemMeta,
    Groups,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, Refusal, json, no_content};
use athenz_world::{CollectionKind, Ownership, World};

use super::request::{Path, Read, change, change_returning, change_with, member_audit};
use super::roles::{expiration_of, member_of, membership_view, put_view};
use crate::commands::collection_input::{CollectionInput, SettingsInput};
use crate::commands::member_target::{MemberPath, MembershipInput};
use crate::commands::{collections, decision, membership};
use crate::commands::{review, system_meta};
use crate::state::Zms;
use crate::views::collections::{
    MemberForm, Shown, group_audit, group_ownership, group_with_members, not_empty, pending_group_member,
    short_group,
};
use crate::views::{has_tag, number};

const KIND: CollectionKind = CollectionKind::Group;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getGroups", get_groups)
        .handle("getGroup", get_group)
        .handle("putGroup", put_group)
        .handle("deleteGroup", delete_group)
        .handle("putGroupMeta", put_group_meta)
        .handle("putGroupSystemMeta", put_group_system_meta)
        .handle("putGroupReview", put_group_review)
        .handle("getGroupMembership", get_group_membership)
        .handle("putGroupMembership", put_group_membership)
        .handle("deleteGroupMembership", delete_group_membership)
        .handle("deletePendingGroupMembership", delete_pending_group_membership)
        .handle("putGroupMembershipDecision", put_group_membership_decision)
        .handle("getDomainGroupMembers", get_domain_group_members)
        .handle("getPrincipalGroups", get_principal_groups)
}

fn member_path(path: &Path) -> MemberPath<'_> {
    MemberPath {
        kind: KIND,
        domain: path.get("domainName"),
        collection: path.get("groupName"),
        member: path.get("memberName"),
    }
}

async fn get_groups(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("Domain not found: '{name}'")).into());
    };
    let (key, value) = (call.query.first("tagKey"), call.query.first("tagValue"));
    let with_members = read.is_set("members");
    let shown = Shown { world: &read.world, users: &zms.rules.users, form: MemberForm::Listed };
    let list = domain
        .groups
        .iter()
        .filter(|(_, held)| has_tag(&held.settings().tags, key, value))
        .map(|(group, held)| match with_members {
            true => group_with_members(shown, &name, group, held),
            false => short_group(&name, group, held),
        })
        .collect();
    json(&Groups { list: Some(list) })
}

async fn get_group(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (audit_log, pending) = (read.is_set("auditLog"), read.is_set("pending"));
    let (domain, name) = (read.name("domainName"), read.name("groupName"));
    json(&group_view(&zms, &read.world, &domain, &name, audit_log, pending).await?)
}

async fn group_view(
    zms: &Zms,
    world: &World,
    domain: &str,
    name: &str,
    audit_log: bool,
    pending: bool,
) -> Result<Group, Refusal> {
    let Some(held) = world.collection(KIND, domain, name) else {
        return Err(ApiError::not_found(format!("getGroup: Group not found: '{domain}:group.{name}'")).into());
    };
    let shown = Shown { world, users: &zms.rules.users, form: MemberForm::Single };
    let mut view = group_with_members(shown, domain, name, held);
    if pending && !held.pending.is_empty() {
        view.group_members.get_or_insert_default().extend(held.pending.iter().map(pending_group_member));
    }
    if audit_log {
        let lines = member_audit(zms, KIND, domain, name).await?;
        view.audit_log = (!lines.is_empty()).then(|| lines.iter().map(group_audit).collect());
    }
    Ok(view)
}

/// The answer of a put: nothing, or the object where it is wanted, with the owners there were
/// before.
async fn put_answer(zms: &Zms, call: &Call, world: &World, before: &Ownership) -> Answer {
    if !call.wants_object() {
        return Ok(no_content());
    }
    let (domain, name) = (call.path("domainName").to_lowercase(), call.path("groupName").to_lowercase());
    let view = group_view(zms, world, &domain, &name, true, true).await?;
    json(&Group { resource_ownership: group_ownership(before), ..view })
}

async fn put_group(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, before) = change_returning(&zms, &call, |context, path, body: Group| {
        let (domain, group) = (path.get("domainName"), path.get("groupName"));
        let before = collections::owners_before(context, KIND, domain, group);
        Ok((collections::put(context, KIND, domain, group, CollectionInput::from(body))?, before))
    })
    .await?;
    put_answer(&zms, &call, &world, &before).await
}

async fn delete_group(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        collections::delete_group(context, path.get("domainName"), path.get("groupName"))
    })
    .await?;
    Ok(no_content())
}

async fn put_group_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: GroupMeta| {
        let input = SettingsInput::from(body);
        collections::put_meta(context, KIND, path.get("domainName"), path.get("groupName"), input)
    })
    .await?;
    Ok(no_content())
}

async fn put_group_system_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: GroupSystemMeta| {
        let (domain, group) = (path.get("domainName"), path.get("groupName"));
        system_meta::put_group_system_meta(context, domain, group, path.get("attribute"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_group_review(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, before) = change_returning(&zms, &call, |context, path, body: Group| {
        let (domain, group) = (path.get("domainName"), path.get("groupName"));
        let before = collections::owners_before(context, KIND, domain, group);
        Ok((review::put(context, KIND, domain, group, CollectionInput::from(body))?, before))
    })
    .await?;
    put_answer(&zms, &call, &world, &before).await
}

async fn get_group_membership(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (domain, name) = (read.name("domainName"), read.name("groupName"));
    let member = member_of(&zms, &call);
    let view =
        membership_view(&read.world, KIND, &domain, &name, &member, expiration_of(&call), Some(read.now()))?;
    json(&view.into_group())
}

async fn put_group_membership(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, requested) = change_returning(&zms, &call, |context, path, body: GroupMembership| {
        let changes = membership::put(context, member_path(path), &MembershipInput::from(body))?;
        let requested = membership::is_request(&changes);
        Ok((changes, requested))
    })
    .await?;
    if !call.wants_object() {
        return Ok(no_content());
    }
    let (domain, name) = (call.path("domainName").to_lowercase(), call.path("groupName").to_lowercase());
    json(&put_view(&world, KIND, &domain, &name, &member_of(&zms, &call), requested)?.into_group())
}

async fn delete_group_membership(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| membership::delete(context, member_path(path))).await?;
    Ok(no_content())
}

async fn delete_pending_group_membership(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| decision::delete_pending(context, member_path(path))).await?;
    Ok(no_content())
}

async fn put_group_membership_decision(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: GroupMembership| {
        decision::decide(context, member_path(path), &MembershipInput::from(body))
    })
    .await?;
    Ok(no_content())
}

async fn get_domain_group_members(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let mut by_member: std::collections::BTreeMap<String, Vec<GroupMember>> = Default::default();
    for (group, held) in &domain.groups {
        for member in held.members.iter() {
            let row = member_group(group, member);
            by_member.entry(read.world.name_of(member.principal).to_string()).or_default().push(row);
        }
    }
    let members: Vec<DomainGroupMember> = by_member
        .into_iter()
        .map(|(name, groups)| DomainGroupMember { member_name: Some(name), member_groups: Some(groups) })
        .collect();
    json(&DomainGroupMembers { domain_name: Some(name), members: not_empty(members) })
}

/// A membership in a list of memberships: the group by its short name.
fn member_group(group: &str, member: &athenz_policy::Member) -> GroupMember {
    GroupMember {
        group_name: Some(group.to_owned()),
        expiration: member.expiration,
        system_disabled: number(member.system_disabled.bits().into()),
        ..GroupMember::default()
    }
}

async fn get_principal_groups(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let principal = read.query("principal").unwrap_or_else(|| read.caller.name.clone());
    let domain = read.query("domain");
    if let Some(domain) = domain.as_deref().filter(|domain| read.world.domain(domain).is_none()) {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")).into());
    }
    if !read.world.is_registered(&principal) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")).into());
    }
    let groups = read
        .world
        .memberships(KIND, &principal)
        .filter(|(owner, ..)| domain.as_deref().is_none_or(|domain| domain == owner.name.as_str()))
        .map(|(owner, group, _, member)| GroupMember {
            domain_name: Some(owner.name.to_string()),
            ..member_group(group, member)
        })
        .collect();
    json(&DomainGroupMember { member_name: Some(principal), member_groups: Some(groups) })
}
