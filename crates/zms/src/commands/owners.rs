//! The calls that set the owners of an object outright: `PUT …/ownership`.

use athenz_model::ApiError;
use athenz_model::names::DomainName;
use athenz_model::wire::zms::{
    ResourceDomainOwnership, ResourceGroupOwnership, ResourcePolicyOwnership, ResourceRoleOwnership,
    ResourceServiceIdentityOwnership,
};
use athenz_world::{Change, ChangeSet, CollectionKind, Ownership, Service};

use super::policies;
use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::owner_header::OwnerHeader;
use crate::values::{domain_name, entity_name, simple_name};

/// An owner as given, read like the header: a name, or nothing, which clears it.
fn owner(given: Option<String>) -> Result<String, ApiError> {
    Ok(match OwnerHeader::parse(given.as_deref())? {
        OwnerHeader::Owner { name, .. } => name,
        OwnerHeader::Absent | OwnerHeader::Ignore => String::new(),
    })
}

/// The body of a call, which must be there.
fn given<T>(kind: &str, body: Option<T>) -> Result<T, ApiError> {
    body.ok_or_else(|| ApiError::bad_request(format!("Invalid resource {kind} ownership: null")))
}

/// A domain that is there, as every one of these calls wants it.
fn target(context: &Context<'_>, kind: &str, domain: &str, name: &str) -> Result<DomainName, ApiError> {
    let domain = domain_name(domain)?;
    let resource = match kind {
        "domain" => format!("{domain}:meta.domain.ownership"),
        _ => format!("{domain}:meta.{kind}.ownership.{}", name.to_lowercase()),
    };
    authorize(context, "update", &resource)?;
    Ok(domain)
}

/// `PUT /domain/{domainName}/ownership`.
pub(crate) fn put_domain(
    context: &Context<'_>,
    domain: &str,
    body: Option<ResourceDomainOwnership>,
) -> Result<ChangeSet, ApiError> {
    let domain = target(context, "domain", domain, "")?;
    let body = given("domain", body)?;
    let owners = Ownership {
        object: owner(body.object_owner)?,
        meta: owner(body.meta_owner)?,
        ..Ownership::default()
    };
    audit::check_domain(context, AuditedKind::Domain, &domain)?;
    let Some(found) = context.world.domain(&domain) else {
        let text = format!("unable to put resource domain ownership for domain: {domain}");
        return Err(ApiError::bad_request(text));
    };
    let mut attributes = (*found.attributes).clone();
    attributes.owner = owners;
    Ok(ChangeSet::loud(domain, vec![Change::PutDomain { attributes: Box::new(attributes) }]))
}

/// `PUT /domain/{domainName}/role/{roleName}/ownership`.
pub(crate) fn put_role(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    body: Option<ResourceRoleOwnership>,
) -> Result<ChangeSet, ApiError> {
    let owners = body.map(|body| [body.object_owner, body.meta_owner, body.members_owner]);
    put_collection(context, CollectionKind::Role, domain, name, owners)
}

/// `PUT /domain/{domainName}/group/{groupName}/ownership`.
pub(crate) fn put_group(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    body: Option<ResourceGroupOwnership>,
) -> Result<ChangeSet, ApiError> {
    let owners = body.map(|body| [body.object_owner, body.meta_owner, body.members_owner]);
    put_collection(context, CollectionKind::Group, domain, name, owners)
}

fn put_collection(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    owners: Option<[Option<String>; 3]>,
) -> Result<ChangeSet, ApiError> {
    let domain = target(context, kind.as_str(), domain, name)?;
    let [object, meta, members] = given(kind.as_str(), owners)?;
    let name = entity_name(name)?;
    let (object, meta, members) = (owner(object)?, owner(meta)?, owner(members)?);
    let Some(held) = context.world.collection(kind, &domain, &name) else {
        let noun = kind.as_str();
        return Err(ApiError::bad_request(format!("Invalid {noun} name specified")));
    };
    audit::check_domain(context, kind.into(), &domain)?;
    let mut settings = held.settings().clone();
    // nobody owns the members of a self-serve object
    let members = if settings.self_serve { String::new() } else { members };
    settings.owner = Ownership { object, meta, members, ..Ownership::default() };
    let mut attributes = held.attributes.clone().with_settings(settings);
    attributes.modified = context.stamp;
    Ok(ChangeSet::loud(domain, vec![Change::PutCollection { kind, name, attributes }]))
}

/// `PUT /domain/{domainName}/policy/{policyName}/ownership`: of every version.
pub(crate) fn put_policy(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    body: Option<ResourcePolicyOwnership>,
) -> Result<ChangeSet, ApiError> {
    let domain = target(context, "policy", domain, name)?;
    let body = given("policy", body)?;
    let name = entity_name(name)?;
    let owners = Ownership {
        object: owner(body.object_owner)?,
        assertions: owner(body.assertions_owner)?,
        ..Ownership::default()
    };
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    match context.stored_domain(&domain)?.policies.get(&name) {
        Some(held) => Ok(ChangeSet::loud(domain, policies::with_owner(held, &name, Some(owners)))),
        None => Err(failed("policy", &name, &domain)),
    }
}

/// `PUT /domain/{domainName}/service/{service}/ownership`.
pub(crate) fn put_service(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    body: Option<ResourceServiceIdentityOwnership>,
) -> Result<ChangeSet, ApiError> {
    let domain = target(context, "service", domain, name)?;
    let body = given("service", body)?;
    let name = simple_name(name)?;
    let owners = Ownership {
        object: owner(body.object_owner)?,
        public_keys: owner(body.public_keys_owner)?,
        hosts: owner(body.hosts_owner)?,
        ..Ownership::default()
    };
    audit::check_domain(context, AuditedKind::Service, &domain)?;
    match context.stored_domain(&domain)?.services.get(&name) {
        Some(held) => {
            let service = Service { modified: context.stamp, owner: owners, ..(**held).clone() };
            Ok(ChangeSet::loud(domain, vec![Change::PutService { name, service: Box::new(service) }]))
        }
        None => Err(failed("service", &name, &domain)),
    }
}

fn failed(kind: &str, name: &str, domain: &str) -> ApiError {
    ApiError::bad_request(format!(
        "unable to put resource {kind} ownership for {kind}: {name} in domain: {domain}"
    ))
}
