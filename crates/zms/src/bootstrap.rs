//! What every store holds from the beginning: the system domains, their administrators, and the
//! server's own service. Made in one commit, and made whole again object by object at each start.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, MemberName, SimpleName};
use athenz_world::{Change, ChangeSet, DomainAttributes, Loudness, Service};

use crate::commands::domains::new_domain;
use crate::config::SYSTEM_DOMAINS;
use crate::context::Context;

/// Who makes the first objects.
pub(crate) const SETUP_ACTOR: &str = "sys.auth.zms";
/// Their audit reference.
pub(crate) const SETUP_REFERENCE: &str = "System Setup";

/// A service of the system with its public key.
#[derive(Clone, Debug)]
pub struct SystemService {
    /// Name below `sys.auth`: `zms`, `zts`.
    pub name: &'static str,
    /// Id of its key.
    pub key_id: String,
    /// The public key, ybase64 of PEM.
    pub key: String,
    /// Where an instance provider is called; empty for none.
    pub provider_endpoint: String,
}

/// What is missing of the first objects.
pub(crate) fn set_up(context: &Context<'_>, services: &[SystemService]) -> Result<ChangeSet, ApiError> {
    let admins = admins(context)?;
    let mut changes = ChangeSet::default();
    for (name, description) in domains(context) {
        if context.world.domain(&name).is_some() {
            continue;
        }
        if admins.is_empty() {
            return Err(ApiError::bad_request(
                "[zms] domain_admin: name at least one system administrator, such as \"user.admin\"",
            ));
        }
        let attributes =
            DomainAttributes { description: description.to_owned(), ..DomainAttributes::default() };
        let mut made = new_domain(context, &name, attributes, &admins);
        for change in &mut made {
            if let Change::PutDomain { attributes } = change {
                // one commit makes several domains: each needs an id of its own
                attributes.id = athenz_crypto::random::uuid_v4(&athenz_crypto::random::SystemRandom);
            }
        }
        changes = changes.and(name, Loudness::Loud, made);
    }
    let missing = missing_services(context, services)?;
    if !missing.is_empty()
        && let Ok(domain) = DomainName::parse("sys.auth")
    {
        changes = changes.and(domain, Loudness::Loud, missing);
    }
    Ok(changes)
}

fn admins(context: &Context<'_>) -> Result<Vec<MemberName>, ApiError> {
    let users = context.users();
    let mut admins = Vec::new();
    for text in &context.rules.config.domain_admin {
        let name = text.trim();
        if !name.strip_prefix(users.user.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            let user = &users.user;
            let text =
                format!("[zms] domain_admin: bad domain user name ({name}), must begin with ({user}.)");
            return Err(ApiError::bad_request(text));
        }
        admins.push(crate::values::member_name(context, name)?);
    }
    Ok(admins)
}

fn domains(context: &Context<'_>) -> Vec<(DomainName, &'static str)> {
    const OF_USERS: &str = "The reserved domain for user authentication";
    let users = context.users();
    let mut domains = vec![(users.user.clone(), OF_USERS)];
    let mut add = |name: Result<DomainName, athenz_model::names::NameError>, description| {
        if let Ok(name) = name
            && !domains.iter().any(|(present, _)| *present == name)
        {
            domains.push((name, description));
        }
    };
    add(DomainName::parse("user"), OF_USERS);
    add(Ok(users.home.clone()), "The reserved domain for personal user domains");
    add(Ok(users.headless.clone()), "The reserved domain for headless users");
    let descriptions = [
        "The reserved domain for system related information",
        "The Athenz domain",
        "The Athenz audit domain",
        "The Athenz audit domain based on org name",
        "The Athenz audit domain based on domain name",
    ];
    for (name, description) in SYSTEM_DOMAINS.into_iter().zip(descriptions) {
        add(DomainName::parse(name), description);
    }
    domains
}

/// Services that are not there, or lack a key. One service may be wanted with several keys.
fn missing_services(context: &Context<'_>, services: &[SystemService]) -> Result<Vec<Change>, ApiError> {
    let system = context.world.domain("sys.auth");
    let mut missing: BTreeMap<SimpleName, Service> = BTreeMap::new();
    for wanted in services {
        let Ok(name) = SimpleName::parse(wanted.name) else { continue };
        let held = system.and_then(|system| system.services.get(&name));
        let known = missing.get(&name).or(held.map(|held| &**held));
        match known.and_then(|service| service.public_keys.get(&wanted.key_id)) {
            Some(registered) if *registered == wanted.key => continue,
            Some(_) => return Err(another_key(wanted)),
            None => {}
        }
        let mut service = known.cloned().unwrap_or_default();
        if held.is_none() {
            service.provider_endpoint.clone_from(&wanted.provider_endpoint);
        }
        service.public_keys.insert(wanted.key_id.clone(), wanted.key.clone());
        service.modified = context.stamp;
        missing.insert(name, service);
    }
    let put = |(name, service)| Change::PutService { name, service: Box::new(service) };
    Ok(missing.into_iter().map(put).collect())
}

/// What was signed with the registered key must stay what it was.
fn another_key(wanted: &SystemService) -> ApiError {
    let SystemService { name, key_id, .. } = wanted;
    ApiError::bad_request(format!(
        "the key `{key_id}` of sys.auth.{name} is registered as another one; use that key, or give this one another id"
    ))
}
