//! Roles and groups: full put, attributes, deletion. They differ in what may be set and in words;
//! the rules are the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, MemberName};
use athenz_world::{
    Change, ChangeSet, Collection, CollectionAttributes, CollectionKind, CollectionSettings, Domain,
    Ownership,
};

use super::collection_input::{CollectionInput, MemberInput, SettingsInput};
use super::difference::Difference;
use super::expiry;
use super::last_admin::check_admin_stays;
use super::members::{self, MemberRules};
use super::standard_names::ADMIN;
use crate::access::{authorize, caller_may_change};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::ownership::{self, Component, OwnedObject};
use crate::quota::{self, Counted};
use crate::values::{
    check_last_reviewed, check_name_in_body, domain_name, entity_name, member_name, no_user_authority, tags,
};

/// Role or group in the words of a sentence.
const fn title(kind: CollectionKind) -> &'static str {
    match kind {
        CollectionKind::Role => "Role",
        CollectionKind::Group => "Group",
    }
}

/// `PUT /domain/{domain}/role/{role}`, `PUT /domain/{domain}/group/{group}`.
pub(crate) fn put(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    mut input: CollectionInput,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let full_name = kind.full_name(&domain, &name);
    authorize(context, "update", &full_name)?;
    input.settings.check(context)?;
    check_self_renew(kind, input.settings.self_renew, input.settings.self_renew_mins)?;
    check_name_in_body(context.operation, kind, &domain, &name, &input.name)?;
    check_admin(&input, kind, &name)?;
    no_user_authority(
        input.settings.user_authority_filter.as_deref(),
        input.settings.user_authority_expiration.as_deref(),
    )?;
    let found = context.domain(&domain)?;
    let held = found.collection(kind, &name);
    let owner = new_owner(context, kind, &full_name, held.map(|held| &**held), &input)?;
    let trust = check_structure(context, &domain, &input)?;
    let wanted = wanted_members(context, found, kind, &name, &input)?;
    check_audit_flag(kind, found, held.map(|held| &**held), input.settings.audit_enabled)?;
    audit::check_domain(context, kind.into(), &domain)?;
    check_quota(context, found, kind, held.is_none(), wanted.len(), &input.settings)?;
    let given_tags = input.settings.tags.take();
    let mut attributes = attributes(context, held.map(|held| &**held), input, trust, owner)?;
    wanted.iter().try_for_each(|(name, _)| members::check_domain_exists(context, name))?;
    let difference =
        Difference { context, kind, name: &name, held: held.map(|held| &**held), attributes: &attributes };
    let member_changes = difference.changes(wanted)?;
    if let Some(held) = held {
        check_admin_stays(context, kind, &name, held, &member_changes)?;
    }
    if let Some(tags) = tags(kind.as_str(), given_tags)? {
        Arc::make_mut(&mut attributes.settings).tags = tags;
    }
    let mut changes = vec![Change::PutCollection { kind, name: name.clone(), attributes }];
    changes.extend(member_changes);
    Ok(ChangeSet::loud(domain, changes))
}

fn check_self_renew(
    kind: CollectionKind,
    self_renew: Option<bool>,
    mins: Option<i32>,
) -> Result<(), ApiError> {
    if self_renew == Some(true) && mins.unwrap_or_default() <= 0 {
        let title = title(kind);
        let text = format!("{title} cannot enable self-renew without a positive selfRenewMins value");
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

/// The admin role keeps members, and stays the domain's own: nobody could administer it otherwise.
fn check_admin(input: &CollectionInput, kind: CollectionKind, name: &EntityName) -> Result<(), ApiError> {
    if kind != CollectionKind::Role || &**name != ADMIN {
        return Ok(());
    }
    if input.trust.is_some() {
        return Err(ApiError::bad_request(
            "putRole: the admin role cannot be delegated: nobody could administer the domain",
        ));
    }
    let some = input.members.as_ref().is_some_and(|members| !members.is_empty());
    let plain = input.plain_members.as_ref().is_some_and(|members| !members.is_empty());
    if !some && !plain {
        return Err(ApiError::bad_request("putRole: Admin role must have at least one member"));
    }
    Ok(())
}

/// Members or trust, not both; trust in another domain that exists.
fn check_structure(
    context: &Context<'_>,
    domain: &DomainName,
    input: &CollectionInput,
) -> Result<Option<DomainName>, ApiError> {
    let refuse = |text: &str| Err(ApiError::bad_request(text));
    let plain = input.plain_members.as_ref().is_some_and(|members| !members.is_empty());
    let some = input.members.as_ref().is_some_and(|members| !members.is_empty());
    if plain && some {
        return refuse("validateRoleMembers: Role cannot have both members and roleMembers set");
    }
    let Some(trust) = &input.trust else { return Ok(None) };
    if some {
        return refuse("validateRoleMembers: Role cannot have both roleMembers and delegated domain set");
    }
    if plain {
        return refuse("validateRoleMembers: Role cannot have both members and delegated domain set");
    }
    let trust = domain_name(trust)?;
    if trust == *domain {
        return refuse("validateRoleMembers: Role cannot be delegated to itself");
    }
    if context.world.domain(&trust).is_none() {
        return refuse("Delegated role assigned to non existing domain");
    }
    Ok(Some(trust))
}

/// The owners of a role or group as a call finds them.
pub(crate) fn owners_before(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
) -> Ownership {
    let held = context.world.collection(kind, &domain.to_lowercase(), &name.to_lowercase());
    held.map(|held| held.settings().owner.clone()).unwrap_or_default()
}

fn new_owner(
    context: &Context<'_>,
    kind: CollectionKind,
    full_name: &str,
    held: Option<&Collection>,
    input: &CollectionInput,
) -> Result<Ownership, ApiError> {
    let none = Ownership::default();
    let stored = held.map_or(&none, |held| &held.settings().owner);
    let self_serve = input.settings.self_serve == Some(true);
    let components: &[Component] =
        if self_serve { &[Component::Meta] } else { &[Component::Meta, Component::Members] };
    let some = input.members.as_ref().is_some_and(|members| !members.is_empty());
    let present: &[Component] =
        if some && !self_serve { &[Component::Meta, Component::Members] } else { &[Component::Meta] };
    let object = OwnedObject { kind: kind.into(), name: full_name, owner: stored };
    Ok(ownership::replace(context, object, components, present)?.unwrap_or_else(|| stored.clone()))
}

/// The members of a full put: of a kind that may be in it, each once, with the dates the settings of the request leave.
fn wanted_members(
    context: &Context<'_>,
    domain: &Domain,
    kind: CollectionKind,
    name: &EntityName,
    input: &CollectionInput,
) -> Result<Vec<(MemberName, MemberInput)>, ApiError> {
    let settings = input.settings.clone().replaced();
    let rules = MemberRules::of(kind, name, &settings);
    let mut wanted: Vec<(MemberName, MemberInput)> = Vec::new();
    let mut seen = BTreeSet::new();
    for mut member in input.all_members() {
        if member.name.is_empty() {
            return Err(ApiError::bad_request(format!(
                "Invalid {} error: Missing required field: memberName",
                title(kind)
            )));
        }
        let member_name = member_name(context, &member.name)?;
        if seen.insert(member_name.clone()) {
            let principal_kind = context.users().kind(&member_name);
            member.dates =
                expiry::exact_dates(context, &domain.attributes, &settings, principal_kind, member.dates);
            wanted.push((member_name, member));
        }
    }
    wanted.iter().try_for_each(|(name, _)| members::check_kind(context, &rules, name))?;
    Ok(wanted)
}

/// The audit flag is taken away by system administrators only, and given only where it can hold.
fn check_audit_flag(
    kind: CollectionKind,
    domain: &Domain,
    held: Option<&Collection>,
    wanted: Option<bool>,
) -> Result<(), ApiError> {
    let (noun, title) = (kind.as_str(), title(kind));
    let was = held.is_some_and(|held| held.settings().audit_enabled);
    let wanted = wanted.unwrap_or_default();
    if was && !wanted {
        let text = format!("Only system admins can remove the audit-enabled flag from a {noun}");
        return Err(ApiError::bad_request(text));
    }
    if wanted && !domain.attributes.audit_enabled {
        let text = format!("{title} cannot be set as audit-enabled if the domain is not audit-enabled");
        return Err(ApiError::bad_request(text));
    }
    if wanted && !was && held.is_some_and(|held| !held.members.is_empty()) {
        let text = format!("Only system admins can set the {noun} as audit-enabled if it has members");
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

fn check_quota(
    context: &Context<'_>,
    domain: &Domain,
    kind: CollectionKind,
    is_new: bool,
    members: usize,
    settings: &SettingsInput,
) -> Result<(), ApiError> {
    let (own, of_members) = match kind {
        CollectionKind::Role => (Counted::Role, Counted::RoleMember),
        CollectionKind::Group => (Counted::Group, Counted::GroupMember),
    };
    if is_new {
        quota::check(context, domain, own, domain.collections(kind).len() + 1)?;
    }
    quota::check(context, domain, of_members, members)?;
    let most = settings.max_members.unwrap_or_default();
    if most > 0 && members > usize::try_from(most).unwrap_or(usize::MAX) {
        let noun = kind.as_str();
        let text = format!("{noun} max members exceeded - limit: {most} actual: {members}");
        return Err(ApiError::too_many_requests(text));
    }
    Ok(())
}

fn attributes(
    context: &Context<'_>,
    held: Option<&Collection>,
    input: CollectionInput,
    trust: Option<DomainName>,
    owner: Ownership,
) -> Result<CollectionAttributes, ApiError> {
    let none = CollectionSettings::default();
    let stored = held.map_or(&none, Collection::settings);
    let last_reviewed =
        check_last_reviewed(context, held.is_none(), stored.last_reviewed, input.settings.last_reviewed)?;
    let settings =
        CollectionSettings { last_reviewed, tags: stored.tags.clone(), owner, ..input.settings.replaced() };
    let created = held.map_or(context.now, |held| held.attributes.created);
    let mut attributes = CollectionAttributes::new(created).with_settings(settings);
    attributes.modified = context.stamp;
    attributes.trust = trust;
    Ok(attributes)
}

/// `PUT …/role/{role}/meta`, `PUT …/group/{group}/meta`.
pub(crate) fn put_meta(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    mut input: SettingsInput,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let full_name = kind.full_name(&domain, &name);
    if kind == CollectionKind::Group {
        authorize(context, "update", &full_name)?;
    }
    input.check(context)?;
    no_user_authority(input.user_authority_filter.as_deref(), input.user_authority_expiration.as_deref())?;
    let noun = kind.as_str();
    let found = context.world.domain(&domain).and_then(|found| Some((found, found.collection(kind, &name)?)));
    let Some((found, held)) = found else {
        return Err(ApiError::not_found(format!("Invalid domain/{noun} name specified")));
    };
    check_audit_flag_of_meta(kind, found, held, input.audit_enabled)?;
    let stored = held.settings();
    check_self_renew(
        kind,
        Some(input.self_renew.unwrap_or(stored.self_renew)),
        Some(input.self_renew_mins.unwrap_or(stored.self_renew_mins)),
    )?;
    let may = |action| caller_may_change(context, found, action, &full_name);
    if kind == CollectionKind::Role && !may("update") && !may("update_meta") {
        return Err(ApiError::forbidden("putRoleMeta: principal is not authorized to update metadata"));
    }
    let object = OwnedObject { kind: kind.into(), name: &full_name, owner: &stored.owner };
    let owner = ownership::edit(context, object, Component::Meta)?;
    audit::check_object(context, stored.audit_enabled, &full_name)?;
    let new_tags = tags(noun, input.tags.take())?;
    let last_reviewed = check_last_reviewed(context, false, stored.last_reviewed, input.last_reviewed)?;
    // the flag is never taken away here
    input.audit_enabled = Some(stored.audit_enabled || input.audit_enabled == Some(true));
    // in lower case what is given; what a full put stored in another case stays as it is
    input.notify_roles = input.notify_roles.map(|given| given.to_lowercase());
    input.sign_algorithm = input.sign_algorithm.map(|given| given.to_lowercase());
    let mut settings = input.over(stored);
    settings.last_reviewed = last_reviewed;
    settings.owner = owner.unwrap_or_else(|| stored.owner.clone());
    settings.tags = new_tags.unwrap_or_else(|| stored.tags.clone());
    let shortened = expiry::of_stricter_settings(context, kind, &name, held, &settings);
    let mut attributes = held.attributes.clone().with_settings(settings);
    attributes.modified = context.stamp;
    let mut changes = vec![Change::PutCollection { kind, name, attributes }];
    changes.extend(shortened);
    Ok(ChangeSet::loud(domain, changes))
}

fn check_audit_flag_of_meta(
    kind: CollectionKind,
    domain: &Domain,
    held: &Collection,
    wanted: Option<bool>,
) -> Result<(), ApiError> {
    if wanted != Some(true) {
        return Ok(());
    }
    let (noun, title) = (kind.as_str(), title(kind));
    if !domain.attributes.audit_enabled {
        let text = format!("{title} cannot be set as audit-enabled if the domain is not audit-enabled");
        return Err(ApiError::bad_request(text));
    }
    if !held.settings().audit_enabled && !held.members.is_empty() {
        let text =
            format!("Only system admins can set the {noun} as audit-enabled if it already has members");
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

/// `DELETE /domain/{domain}/role/{role}`.
pub(crate) fn delete_role(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let kind = CollectionKind::Role;
    let full_name = kind.full_name(&domain, &name);
    authorize(context, "delete", &full_name)?;
    if &*name == ADMIN {
        return Err(ApiError::bad_request("deleteRole: admin role cannot be deleted"));
    }
    let held = context.world.domain(&domain).and_then(|found| Some((found, found.roles.get(&name)?)));
    if let Some((found, _)) = held
        && context.rules.config.validate_policy_assertion_roles
        && let Some(policy) = policy_that_names(found, &full_name)
    {
        let text =
            format!("deleteRole: the role: {name} associated to policy: {policy}, it cannot be deleted");
        return Err(ApiError::bad_request(text));
    }
    let Some((_, held)) = held else {
        return Err(ApiError::not_found("Role does not exist"));
    };
    ownership::delete(context, &held.settings().owner, Component::Object)?;
    audit::check_domain(context, AuditedKind::Role, &domain)?;
    let changes = ChangeSet::loud(domain.clone(), vec![Change::DeleteCollection { kind, name }]);
    Ok(with_tenant_assertions(context, changes, held, &full_name))
}

fn policy_that_names(domain: &Domain, role: &str) -> Option<EntityName> {
    let names = |policy: &athenz_world::Policy| {
        policy
            .versions
            .values()
            .any(|version| version.assertions.values().any(|assertion| assertion.role == role))
    };
    domain.policies.iter().find(|(_, policy)| names(policy)).map(|(name, _)| name.clone())
}

/// The tenant's assume_role assertions on a trust role go with it where both sides want that.
fn with_tenant_assertions(
    context: &Context<'_>,
    changes: ChangeSet,
    held: &Collection,
    full_name: &str,
) -> ChangeSet {
    let tenant = held.attributes.trust.as_ref().and_then(|trust| context.world.domain(trust));
    let Some(tenant) = tenant.filter(|tenant| {
        context.rules.config.auto_delete_tenant_assume_role_assertions
            && tenant.attributes.auto_delete_tenant_assume_role_assertions
    }) else {
        return changes;
    };
    let mut gone = Vec::new();
    for (policy, versions) in &tenant.policies {
        for (version, held) in &versions.versions {
            let named = held
                .assertions
                .values()
                .filter(|held| held.action.eq_ignore_ascii_case("assume_role") && held.resource == full_name);
            gone.extend(named.map(|assertion| Change::DeleteAssertion {
                policy: policy.clone(),
                version: version.clone(),
                id: assertion.id,
            }));
        }
    }
    if gone.is_empty() {
        changes
    } else {
        changes.and(tenant.name.clone(), athenz_world::Loudness::Loud, gone)
    }
}

/// `DELETE /domain/{domain}/group/{group}`.
pub(crate) fn delete_group(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let kind = CollectionKind::Group;
    let full_name = kind.full_name(&domain, &name);
    authorize(context, "delete", &full_name)?;
    check_group_unused(context, &full_name, None)?;
    let held = context.world.collection(kind, &domain, &name);
    let Some(held) = held else {
        return Err(ApiError::not_found("Group does not exist"));
    };
    ownership::delete(context, &held.settings().owner, Component::Object)?;
    audit::check_domain(context, AuditedKind::Group, &domain)?;
    Ok(ChangeSet::loud(domain, vec![Change::DeleteCollection { kind, name }]))
}

/// A group that is a member of a role stays; roles of `but` do not count.
///
/// # Errors
/// 400 with the roles.
pub(crate) fn check_group_unused(
    context: &Context<'_>,
    group: &str,
    but: Option<&str>,
) -> Result<(), ApiError> {
    let roles: Vec<String> = context
        .world
        .memberships(CollectionKind::Role, group)
        .filter(|(domain, ..)| but != Some(&*domain.name))
        .map(|(domain, role, ..)| CollectionKind::Role.full_name(&domain.name, role))
        .collect();
    if roles.is_empty() {
        return Ok(());
    }
    let roles = roles.join(" ");
    Err(ApiError::bad_request(format!(
        "Remove group '{group}' membership from the following role(s): {roles}"
    )))
}
