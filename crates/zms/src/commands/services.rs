//! Services, their public keys and hosts.

use std::collections::{BTreeMap, BTreeSet};

use athenz_model::ApiError;
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::wire::zms::{PublicKeyEntry, ServiceIdentity};
use athenz_world::{Change, ChangeSet, Domain, Ownership, Service};

use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::keys::is_public_key;
use crate::ownership::{self, Component, Owned, OwnedObject};
use crate::quota::{self, Counted};
use crate::values::{domain_name, simple_name, tags};

/// Feature flag of a domain: service names may hold underscores.
const UNDERSCORES: i32 = 0x01;

/// `PUT /domain/{domain}/service/{service}`.
pub(crate) fn put(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    mut body: ServiceIdentity,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, simple_name(name)?);
    authorize(context, "update", &format!("{domain}:service.{name}"))?;
    let found = context.world.domain(&domain);
    let held = found.and_then(|found| found.services.get(&name)).map(|held| &**held);
    check_name(context, found.map(|found| &**found), &name, held.is_some())?;
    let full = format!("{domain}.{name}");
    if !body.name.as_deref().unwrap_or_default().eq_ignore_ascii_case(&full) {
        return Err(ApiError::bad_request("putServiceIdentity: Inconsistent service/domain names"));
    }
    let given_keys = body.public_keys.as_ref().map_or(0, Vec::len);
    let public_keys = public_keys(body.public_keys.take())?;
    check_endpoint(context, "putServiceIdentity", body.provider_endpoint.as_deref().unwrap_or_default())?;
    let found = context.stored_domain(&domain)?;
    let hosts = hosts(body.hosts.take());
    let none = Service::default();
    let stored = held.unwrap_or(&none);
    let mut present = Vec::new();
    if !public_keys.is_empty() {
        present.push(Component::PublicKeys);
    }
    if !hosts.is_empty() {
        present.push(Component::Hosts);
    }
    let object = OwnedObject { kind: Owned::Service, name: &full, owner: &stored.owner };
    let owner = ownership::replace(context, object, &[Component::PublicKeys, Component::Hosts], &present)?;
    audit::check_domain(context, AuditedKind::Service, &domain)?;
    if held.is_none() {
        quota::check(context, found, Counted::Service, found.services.len() + 1)?;
    }
    quota::check(context, found, Counted::PublicKey, public_keys.len())?;
    quota::check(context, found, Counted::ServiceHost, hosts.len())?;
    // as recorded: an id given twice is refused for a new service; for a known one the last counts
    if held.is_none() && public_keys.len() < given_keys {
        return Err(ApiError::bad_request("Entry already exists"));
    }
    let new_tags = tags("service", body.tags.take())?;
    let service = Service {
        modified: context.stamp,
        description: body.description.unwrap_or_default(),
        executable: body.executable.unwrap_or_default(),
        user: body.user.unwrap_or_default(),
        group: body.group.unwrap_or_default(),
        public_keys,
        hosts,
        tags: new_tags.unwrap_or_else(|| stored.tags.clone()),
        owner: owner.unwrap_or_else(|| stored.owner.clone()),
        // what only system attributes set stays
        ..stored.clone()
    };
    Ok(ChangeSet::loud(domain, vec![Change::PutService { name, service: Box::new(service) }]))
}

/// The owners of a service as a call finds them.
pub(crate) fn owners_before(context: &Context<'_>, domain: &str, name: &str) -> Ownership {
    let found = context.world.domain(&domain.to_lowercase());
    let held = found.and_then(|found| found.services.get(name.to_lowercase().as_str()));
    held.map(|held| held.owner.clone()).unwrap_or_default()
}

fn check_name(
    context: &Context<'_>,
    domain: Option<&Domain>,
    name: &SimpleName,
    exists: bool,
) -> Result<(), ApiError> {
    let config = &context.rules.config;
    let refuse = |what: &str| Err(ApiError::bad_request(format!("putServiceIdentity: {what}")));
    if config.reserved_service_names.iter().any(|reserved| reserved == name.as_str()) {
        return refuse("reserved service name");
    }
    let flagged = domain.is_some_and(|domain| domain.attributes.feature_flags & UNDERSCORES != 0);
    if name.contains('_') && !config.allow_underscore_in_service_names && !flagged && !exists {
        return refuse("service name with underscore not allowed");
    }
    if name.len() < config.service_name_min_length {
        return refuse("service name length too short");
    }
    Ok(())
}

/// Keys by id; of an id given twice the last counts.
fn public_keys(given: Option<Vec<PublicKeyEntry>>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut keys = BTreeMap::new();
    for entry in given.unwrap_or_default() {
        let (Some(id), Some(key)) = (entry.id, entry.key.filter(|key| is_public_key(key))) else {
            return Err(ApiError::bad_request("putServiceIdentity: Provided public key is invalid"));
        };
        keys.insert(id.to_lowercase(), key);
    }
    Ok(keys)
}

/// Hosts in lower case, each once, in the order given.
fn hosts(given: Option<Vec<String>>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut hosts: Vec<String> = Vec::new();
    for host in given.unwrap_or_default() {
        let host = host.to_lowercase();
        if seen.insert(host.clone()) {
            hosts.push(host);
        }
    }
    hosts
}

/// A provider endpoint: empty, `class://…`, or http(s) on a host of this deployment.
///
/// # Errors
/// 400: it is none.
pub(crate) fn check_endpoint(context: &Context<'_>, call: &str, endpoint: &str) -> Result<(), ApiError> {
    if endpoint.is_empty() || endpoint.starts_with("class://") || is_web_endpoint(context, endpoint) {
        return Ok(());
    }
    let text = format!("{call}: Invalid endpoint: {endpoint} - must be http(s) and in configured domain");
    Err(ApiError::bad_request(text))
}

fn is_web_endpoint(context: &Context<'_>, endpoint: &str) -> bool {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let Some(authority) = rest.and_then(|rest| rest.split(['/', '?', '#']).next()) else { return false };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase();
    let suffixes = &context.rules.config.provider_endpoints;
    !host.is_empty()
        && (host == "localhost"
            || suffixes.is_empty()
            || suffixes.iter().any(|suffix| host.ends_with(suffix.as_str())))
}

/// `DELETE /domain/{domain}/service/{service}`.
pub(crate) fn delete(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, simple_name(name)?);
    authorize(context, "delete", &format!("{domain}:service.{name}"))?;
    let full = format!("{domain}.{name}");
    let dependents: Vec<&str> = context
        .world
        .domains()
        .filter(|dependent| dependent.dependencies.contains(&full))
        .map(|dependent| dependent.name.as_str())
        .collect();
    if !dependents.is_empty() {
        let dependents = dependents.join(", ");
        let text = format!("Remove service '{full}' dependency from the following domain(s):{dependents}");
        return Err(ApiError::forbidden(text));
    }
    let held = context.world.domain(&domain).and_then(|found| found.services.get(&name));
    let Some(held) = held else {
        return Err(ApiError::not_found("Service does not exist"));
    };
    ownership::delete(context, &held.owner, Component::Object)?;
    audit::check_domain(context, AuditedKind::Service, &domain)?;
    Ok(ChangeSet::loud(domain, vec![Change::DeleteService { name }]))
}

/// A service whose keys change.
struct Target<'w> {
    domain: DomainName,
    name: SimpleName,
    found: &'w Domain,
    held: &'w Service,
}

fn find<'w>(context: &Context<'w>, domain: &str, name: &str) -> Result<Target<'w>, ApiError> {
    let (domain, name) = (domain_name(domain)?, simple_name(name)?);
    let found = context.world.domain(&domain).and_then(|found| Some((found, found.services.get(&name)?)));
    match found {
        Some((found, held)) => Ok(Target { domain, name, found, held }),
        None => {
            let call = context.operation;
            Err(ApiError::not_found(format!("{call}: Unable to retrieve service: {domain}.{name}")))
        }
    }
}

/// `PUT …/publickey/{id}`.
pub(crate) fn put_public_key(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    id: &str,
    body: PublicKeyEntry,
) -> Result<ChangeSet, ApiError> {
    authorize_key(context, domain, name)?;
    let id = id.to_lowercase();
    if body.id.unwrap_or_default().to_lowercase() != id {
        return Err(ApiError::bad_request(
            "putPublicKeyEntry: keyId in URI and PublicKeyEntry object do not match",
        ));
    }
    let Some(key) = body.key.filter(|key| is_public_key(key)) else {
        return Err(ApiError::bad_request("putPublicKeyEntry: Invalid public key"));
    };
    let target = find(context, domain, name)?;
    let owner = edit_keys_owner(context, &target)?;
    audit::check_domain(context, AuditedKind::Service, &target.domain)?;
    let mut service = target.held.clone();
    if !service.public_keys.contains_key(&id) {
        quota::check(context, target.found, Counted::PublicKey, service.public_keys.len() + 1)?;
    }
    service.public_keys.insert(id, key);
    Ok(written(context, target, service, owner))
}

fn authorize_key(context: &Context<'_>, domain: &str, name: &str) -> Result<(), ApiError> {
    let (domain, name) = (domain_name(domain)?, simple_name(name)?);
    authorize(context, "update", &format!("{domain}:service.{name}"))
}

fn edit_keys_owner(context: &Context<'_>, target: &Target<'_>) -> Result<Option<Ownership>, ApiError> {
    let full = format!("{}.{}", target.domain, target.name);
    let object = OwnedObject { kind: Owned::Service, name: &full, owner: &target.held.owner };
    ownership::edit(context, object, Component::PublicKeys)
}

fn written(
    context: &Context<'_>,
    target: Target<'_>,
    mut service: Service,
    owner: Option<Ownership>,
) -> ChangeSet {
    service.modified = context.stamp;
    if let Some(owner) = owner {
        service.owner = owner;
    }
    let change = Change::PutService { name: target.name, service: Box::new(service) };
    ChangeSet::loud(target.domain, vec![change])
}

/// `DELETE …/publickey/{id}`.
pub(crate) fn delete_public_key(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    id: &str,
) -> Result<ChangeSet, ApiError> {
    authorize_key(context, domain, name)?;
    let id = id.to_lowercase();
    let target = find(context, domain, name)?;
    edit_keys_owner(context, &target)?;
    audit::check_domain(context, AuditedKind::Service, &target.domain)?;
    let mut service = target.held.clone();
    if service.public_keys.remove(&id).is_none() {
        let (domain, name) = (&target.domain, &target.name);
        return Err(ApiError::not_found(format!(
            "unable to delete public key: {id} in service {domain}.{name}"
        )));
    }
    Ok(written(context, target, service, None))
}

/// `PUT …/creds`: credentials are kept only where the deployment has a key to seal them, and this
/// one has none.
pub(crate) fn put_creds(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    authorize_key(context, domain, name)?;
    Err(ApiError::bad_request("Service Credentials are not supported"))
}
