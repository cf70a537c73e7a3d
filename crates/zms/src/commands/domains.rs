//! Making domains: top-level, sub and personal.

use std::collections::{BTreeMap, BTreeSet};

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_model::wire::zms::{
    AssertionEffect, DomainMeta, DomainTemplateList, SubDomain, TagValueList, TopLevelDomain, UserDomain,
};
use athenz_world::{
    Assertion, Change, ChangeSet, Collection, CollectionAttributes, CollectionKind, Domain, DomainAttributes,
    MemberRow, Ownership, PolicyVersionAttributes, Unique,
};

use super::member_log;
use super::members::{self, MemberRules};
use super::membership::system_disabled;
use super::predecessor::without_old_trust;
use super::standard_names::{ADMIN, FIRST_VERSION};
use super::{domain_meta, templates};
use crate::access::{authorize, has_role, home_of, is_system_administrator};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::owner_header::OwnerHeader;
use crate::quota::{self, Counted};
use crate::values::{domain_name, member_name};

/// Calls [`DomainMeta`]'s fields of a body that holds them among others.
macro_rules! meta_of {
    ($body:expr; $($field:ident),*) => { DomainMeta { $($field: $body.$field.take(),)* ..DomainMeta::default() } };
}

macro_rules! domain_meta_of {
    ($body:expr) => {
        meta_of!($body; description, org, audit_enabled, account, aws_account_name, ypm_id, application_id,
            cert_dns_domain, member_expiry_days, token_expiry_mins, service_cert_expiry_mins, role_cert_expiry_mins,
            sign_algorithm, service_expiry_days, group_expiry_days, user_authority_filter, azure_subscription,
            azure_tenant, azure_client, gcp_project, gcp_project_number, business_service,
            member_purge_expiry_days, product_id, feature_flags, contacts, environment, x509_cert_signer_key_id,
            ssh_cert_signer_key_id, slack_channel, on_call, auto_delete_tenant_assume_role_assertions,
            client_id_self_update)
    };
}

/// `POST /domain`.
pub(crate) fn post_top_level_domain(
    context: &Context<'_>,
    mut body: TopLevelDomain,
) -> Result<ChangeSet, ApiError> {
    authorize(context, "create", "sys.auth:domain")?;
    let name = domain_name(body.name.as_deref().unwrap_or_default())?;
    let rules = context.rules;
    if rules.is_reserved_name(&name) {
        return Err(ApiError::bad_request("Domain name is reserved"));
    }
    check_underscore(context, &name)?;
    check_length(context, "Domain", &name)?;
    let templates = known_templates(context, body.templates.take())?;
    check_product_id(context, body.ypm_id, body.product_id.as_deref())?;
    let given_admins = body.admin_users.take();
    let tags = body.tags.take();
    let mut meta = domain_meta_of!(body);
    if !rules.config.product_id_support {
        meta.ypm_id = None;
    }
    let attributes = domain_meta::attributes_of_new(context, meta)?;
    let admins = admins(context, given_admins)?;
    make(context, name, Wanted { attributes, tags, admins, templates })
}

/// `POST /subdomain/{parent}`.
pub(crate) fn post_sub_domain(
    context: &Context<'_>,
    parent: &str,
    mut body: SubDomain,
) -> Result<ChangeSet, ApiError> {
    let parent = domain_name(parent)?;
    authorize(context, "create", &format!("{parent}:domain"))?;
    let name = domain_name(body.name.as_deref().unwrap_or_default())?;
    check_underscore(context, &name)?;
    if !body.parent.as_deref().unwrap_or_default().eq_ignore_ascii_case(&parent) {
        return Err(ApiError::forbidden("postSubDomain: Request and detail parent domains do not match"));
    }
    check_virtual_limit(context, &parent)?;
    let templates = known_templates(context, body.templates.take())?;
    let Some(above) = context.world.domain(&parent) else {
        return Err(ApiError::not_found(format!("Invalid parent domain: {parent}")));
    };
    let full = domain_name(&format!("{parent}.{name}"))?;
    let admins = admins(context, body.admin_users.take())?;
    let tags = body.tags.take();
    let meta = without_system_attributes(domain_meta_of!(body));
    let mut attributes = domain_meta::attributes_of_new(context, meta)?;
    check_length(context, "SubDomain", &full)?;
    attributes.audit_enabled = above.attributes.audit_enabled;
    attributes.org.clone_from(&above.attributes.org);
    attributes.x509_cert_signer_key_id.clone_from(&above.attributes.x509_cert_signer_key_id);
    attributes.ssh_cert_signer_key_id.clone_from(&above.attributes.ssh_cert_signer_key_id);
    make(context, full, Wanted { attributes, tags, admins, templates })
}

/// `POST /userdomain/{name}`: the caller becomes the administrator of its own domain.
pub(crate) fn post_user_domain(
    context: &Context<'_>,
    name: &str,
    mut body: UserDomain,
) -> Result<ChangeSet, ApiError> {
    let name = crate::values::simple_name(name)?;
    authorize(context, "create", &format!("user.{name}:domain"))?;
    if !context.rules.config.allow_user_domains {
        return Err(ApiError::bad_request("User domains are not allowed"));
    }
    check_underscore(context, body.name.as_deref().unwrap_or_default())?;
    if !body.name.as_deref().unwrap_or_default().eq_ignore_ascii_case(&name) {
        return Err(ApiError::forbidden("postUserDomain: Request and detail domain names do not match"));
    }
    let templates = known_templates(context, body.templates.take())?;
    let full =
        home_of(context, &name).ok_or_else(|| ApiError::bad_request("User domains are not allowed"))?;
    let audit_enabled = body.audit_enabled;
    let tags = body.tags.take();
    let meta = without_system_attributes(domain_meta_of!(body));
    let mut attributes = domain_meta::attributes_of_new(context, meta)?;
    attributes.audit_enabled = audit_enabled.unwrap_or_default();
    check_length(context, "Domain", &full)?;
    let admin = member_name(context, &context.caller.name)?;
    make(context, full, Wanted { attributes, tags, admins: vec![admin], templates })
}

/// What only system administrators may set.
fn without_system_attributes(meta: DomainMeta) -> DomainMeta {
    DomainMeta {
        org: None,
        audit_enabled: None,
        account: None,
        aws_account_name: None,
        ypm_id: None,
        product_id: None,
        cert_dns_domain: None,
        azure_subscription: None,
        azure_tenant: None,
        azure_client: None,
        gcp_project: None,
        gcp_project_number: None,
        feature_flags: None,
        user_authority_filter: None,
        x509_cert_signer_key_id: None,
        ssh_cert_signer_key_id: None,
        ..meta
    }
}

fn check_underscore(context: &Context<'_>, name: &str) -> Result<(), ApiError> {
    if name.contains('_') && !is_system_administrator(context) {
        return Err(ApiError::bad_request("Domain name cannot contain underscores"));
    }
    Ok(())
}

fn check_length(context: &Context<'_>, kind: &str, name: &str) -> Result<(), ApiError> {
    let most = context.rules.config.domain_name_max_len;
    if name.len() > most {
        return Err(ApiError::bad_request(format!(
            "Invalid {kind} name: {name} : name length cannot exceed: {most}"
        )));
    }
    Ok(())
}

fn check_product_id(
    context: &Context<'_>,
    ypm_id: Option<i32>,
    product_id: Option<&str>,
) -> Result<(), ApiError> {
    if !context.rules.config.product_id_support {
        return Ok(());
    }
    match (ypm_id, product_id) {
        (None, None) => Err(ApiError::bad_request("Product Id is required when creating top level domain")),
        (Some(id), _) if id <= 0 => Err(ApiError::bad_request("Product Id must be a positive integer")),
        _ => Ok(()),
    }
}

/// A personal domain has few domains below it, at whatever depth.
fn check_virtual_limit(context: &Context<'_>, parent: &DomainName) -> Result<(), ApiError> {
    let limit = context.rules.config.virtual_domain_limit;
    let home = &context.users().home;
    let Some(below) = parent.strip_prefix(home.as_str()).and_then(|rest| rest.strip_prefix('.')) else {
        return Ok(());
    };
    let owner = below.split('.').next().unwrap_or(below);
    let personal = format!("{home}.{owner}");
    if limit != 0 && context.world.subdomains(&personal).count() >= limit {
        return Err(ApiError::forbidden(
            "postSubDomain: Exceeding the configured number of virtual subdomains",
        ));
    }
    Ok(())
}

fn known_templates(
    context: &Context<'_>,
    given: Option<DomainTemplateList>,
) -> Result<Vec<String>, ApiError> {
    let names = given.and_then(|given| given.template_names).unwrap_or_default();
    templates::known(context, names)
}

/// The administrators of a new domain: valid, each once. Whether their domains are there is seen
/// when they become members.
fn admins(context: &Context<'_>, given: Option<Vec<String>>) -> Result<Vec<MemberName>, ApiError> {
    let mut seen = BTreeSet::new();
    let mut admins: Vec<MemberName> = Vec::new();
    for text in given.unwrap_or_default() {
        let name = member_name(context, &text)?;
        if seen.insert(name.clone()) {
            admins.push(name);
        }
    }
    let rules = MemberRules::of_new_admin_role();
    admins.iter().try_for_each(|name| members::check_kind(context, &rules, name))?;
    Ok(admins)
}

/// What a new domain is made with.
struct Wanted {
    attributes: DomainAttributes,
    tags: Option<BTreeMap<String, TagValueList>>,
    admins: Vec<MemberName>,
    templates: Vec<String>,
}

/// A domain with what every domain has: the admin role, the admin policy, the templates asked for.
fn make(context: &Context<'_>, name: DomainName, wanted: Wanted) -> Result<ChangeSet, ApiError> {
    let Wanted { mut attributes, tags, admins, templates: wanted_templates } = wanted;
    if admins.is_empty() {
        return Err(ApiError::bad_request("validatedAdminUsers: Missing adminUsers"));
    }
    check_subdomain_quota(context, &name)?;
    quota::check(context, &Domain::new(name.clone()), Counted::RoleMember, admins.len())?;
    if let Some(holder) = context.world.holder(&Unique::dns_name(&name)) {
        return Err(ApiError::bad_request(format!("Domain name conflict: {holder}")));
    }
    domain_meta::check_unique(context, &name, &attributes)?;
    attributes.tags = crate::values::tags("domain", tags)?.unwrap_or_default();
    admins.iter().try_for_each(|name| members::check_domain_exists(context, name))?;
    if let OwnerHeader::Owner { name, .. } = context.owner {
        attributes.owner = Ownership { object: name.clone(), meta: name.clone(), ..Ownership::default() };
    }
    let mut changes = new_domain(context, &name, attributes, &admins);
    for template in &wanted_templates {
        changes.extend(templates::apply_to_new(context, &name, template)?);
    }
    let made = ChangeSet::loud(name.clone(), changes);
    Ok(without_old_trust(context, &name, made))
}

/// The sub-domain limit is that of the top-level domain and counts every domain below it.
fn check_subdomain_quota(context: &Context<'_>, name: &DomainName) -> Result<(), ApiError> {
    let Some((top, _)) = name.split_once('.') else { return Ok(()) };
    let Some(top_domain) = context.world.domain(top) else { return Ok(()) };
    quota::check(context, top_domain, Counted::Subdomain, context.world.subdomains(top).count() + 1)
}

/// The rows of a new domain.
pub(crate) fn new_domain(
    context: &Context<'_>,
    name: &DomainName,
    mut attributes: DomainAttributes,
    admins: &[MemberName],
) -> Vec<Change> {
    context.uuid.clone_into(&mut attributes.id);
    attributes.created = context.now;
    let mut changes = vec![Change::PutDomain { attributes: Box::new(attributes) }];
    changes.extend(admin_role(context, admins));
    changes.extend(admin_policy(context, name));
    changes
}

/// The admin role with its members.
pub(crate) fn admin_role(context: &Context<'_>, admins: &[MemberName]) -> Vec<Change> {
    let Ok(role) = EntityName::parse(ADMIN) else { return Vec::new() };
    let kind = CollectionKind::Role;
    let attributes = CollectionAttributes::new(context.stamp);
    let mut changes = vec![Change::PutCollection { kind, name: role.clone(), attributes }];
    for admin in admins {
        changes.extend(member_log::add(
            context,
            kind,
            &role,
            MemberRow::new(admin.clone(), &context.caller.name),
        ));
    }
    changes
}

/// The admin policy: the admin role may do everything in the domain.
pub(crate) fn admin_policy(context: &Context<'_>, domain: &DomainName) -> Vec<Change> {
    let (Ok(policy), Ok(version)) = (EntityName::parse(ADMIN), SimpleName::parse(FIRST_VERSION)) else {
        return Vec::new();
    };
    let attributes = PolicyVersionAttributes {
        modified: context.stamp,
        active: true,
        spelling: String::new(),
        description: String::new(),
        tags: Default::default(),
        owner: Ownership::default(),
    };
    let assertion = admin_assertion(context.next_id(), domain);
    vec![
        Change::PutPolicyVersion { policy: policy.clone(), version: version.clone(), attributes },
        Change::PutAssertion { policy, version, assertion },
    ]
}

/// What the admin policy says.
pub(crate) fn admin_assertion(id: i64, domain: &DomainName) -> Assertion {
    Assertion {
        id,
        role: CollectionKind::Role.full_name(domain, ADMIN),
        action: "*".to_owned(),
        resource: format!("{domain}:*"),
        effect: AssertionEffect::Allow,
        conditions: Vec::new(),
    }
}

/// Repairs the administration of a domain: `PUT /domain/{domainName}/admins`.
pub(crate) fn put_default_admins(
    context: &Context<'_>,
    domain: &str,
    admins: Option<Vec<String>>,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    authorize(context, "update", "sys.auth:domain")?;
    let Some(found) = context.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("putDefaultAdmins: Domain not found: '{domain}'")));
    };
    let Some(given) = admins else {
        return Err(ApiError::bad_request("Missing or malformed DefaultAdmins"));
    };
    audit::check_domain(context, AuditedKind::Role, &domain)?;
    let names: Vec<Result<MemberName, String>> = given
        .into_iter()
        .map(|text| {
            MemberName::parse(&context.users().without_alias(&text.to_ascii_lowercase())).map_err(|_| text)
        })
        .collect();
    let rules = MemberRules::of_new_admin_role();
    names.iter().flatten().try_for_each(|name| members::check_kind(context, &rules, name))?;
    let mut wanted: Vec<MemberName> = Vec::new();
    for name in names {
        let name = name.map_err(|text| ApiError::not_found(format!("unknown domain - {text}")))?;
        members::check_domain_exists(context, &name)?;
        if !wanted.contains(&name) {
            wanted.push(name);
        }
    }
    let changes = repair(context, found, &wanted)?;
    Ok(ChangeSet::loud(domain, changes))
}

fn repair(context: &Context<'_>, domain: &Domain, wanted: &[MemberName]) -> Result<Vec<Change>, ApiError> {
    let Ok(admin) = EntityName::parse(ADMIN) else {
        return Ok(Vec::new());
    };
    let mut changes = Vec::new();
    match domain.roles.get(&admin) {
        None => changes.extend(admin_role(context, wanted)),
        Some(role) if role.attributes.trust.is_some() => {
            return Err(ApiError::bad_request("putdefaultadmins: admin is a delegated role"));
        }
        Some(role) => {
            for name in wanted {
                if !has_role(context, domain, ADMIN, name) {
                    changes.extend(admitted(context, &admin, role, name));
                }
            }
        }
    }
    let assertion = admin_assertion(0, &domain.name);
    match domain.policies.get(&admin).and_then(|policy| policy.active()) {
        None => changes.extend(admin_policy(context, &domain.name)),
        Some((version, held)) => {
            if !held.assertions.values().any(|present| present.says_the_same(&assertion)) {
                let assertion = Assertion { id: context.next_id(), ..assertion };
                changes.push(Change::PutAssertion { policy: admin, version: version.clone(), assertion });
            }
        }
    }
    changes.extend(without_denials(context, domain, wanted));
    Ok(changes)
}

/// An administrator without end; one whose membership has ended gets it anew.
fn admitted(context: &Context<'_>, admin: &EntityName, role: &Collection, name: &MemberName) -> [Change; 2] {
    let stored = context.world.principals().id(name).and_then(|id| role.members.get(id));
    let row = MemberRow {
        system_disabled: system_disabled(context, name, stored),
        ..MemberRow::new(name.clone(), &context.caller.name)
    };
    match stored {
        None => member_log::add(context, CollectionKind::Role, admin, row),
        Some(_) => member_log::update(context, CollectionKind::Role, admin, row),
    }
}

/// DENY assertions on the admin role go, and the administrators leave roles that are denied.
fn without_denials(context: &Context<'_>, domain: &Domain, wanted: &[MemberName]) -> Vec<Change> {
    let admin_role = CollectionKind::Role.full_name(&domain.name, ADMIN);
    let mut changes = Vec::new();
    let mut left = BTreeSet::new();
    for (policy, held) in &domain.policies {
        for (version, held) in &held.versions {
            for assertion in held.assertions.values().filter(|held| held.effect == AssertionEffect::Deny) {
                if assertion.role == admin_role {
                    let (policy, version) = (policy.clone(), version.clone());
                    changes.push(Change::DeleteAssertion { policy, version, id: assertion.id });
                } else if let Some((_, _, role)) = athenz_world::collection::parse_full_name(&assertion.role)
                {
                    left.insert(role);
                }
            }
        }
    }
    for role in left {
        let Some(held) = domain.roles.get(&role) else { continue };
        for name in wanted {
            let id = context.world.principals().id(name);
            if id.is_some_and(|id| held.members.get(id).is_some()) {
                let kind = CollectionKind::Role;
                changes.extend(member_log::remove(context, kind, &role, name));
            }
        }
    }
    changes
}
