//! Services and their public keys.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    CredsEntry, PublicKeyEntry, ServiceIdentities, ServiceIdentity, ServiceIdentityList,
    ServiceIdentitySystemMeta,
};
use athenz_policy::Glob;
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};
use athenz_world::World;

use super::request::{Read, change, change_returning, change_with};
use crate::commands::{services, system_meta};
use crate::state::Zms;
use crate::views::services::{ownership, public_key, service};
use crate::views::{has_tag, page};

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getServiceIdentityList", get_service_identity_list)
        .handle("getServiceIdentities", get_service_identities)
        .handle("getServiceIdentity", get_service_identity)
        .handle("putServiceIdentity", put_service_identity)
        .handle("deleteServiceIdentity", delete_service_identity)
        .handle("searchServiceIdentities", search_service_identities)
        .handle("getPublicKeyEntry", get_public_key_entry)
        .handle("putPublicKeyEntry", put_public_key_entry)
        .handle("deletePublicKeyEntry", delete_public_key_entry)
        .handle("putServiceCredsEntry", put_service_creds_entry)
        .handle("putServiceIdentitySystemMeta", put_service_identity_system_meta)
}

async fn get_service_identity_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let names = domain.services.keys().map(|service| service.as_str());
    let (names, next) = page(names, call.query.integer("limit")?, read.query("skip").as_deref());
    json(&ServiceIdentityList { names: Some(names), next })
}

async fn get_service_identities(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("getServiceIdentities: Domain not found: '{name}'")).into());
    };
    let (key, value) = (call.query.first("tagKey"), call.query.first("tagValue"));
    let (with_keys, with_hosts) = (read.is_set("publickeys"), read.is_set("hosts"));
    let list = domain
        .services
        .iter()
        .filter(|(_, held)| has_tag(&held.tags, key, value))
        .map(|(short, held)| {
            let view = service(&name, short, held);
            ServiceIdentity {
                public_keys: view.public_keys.filter(|_| with_keys),
                hosts: view.hosts.filter(|_| with_hosts),
                ..view
            }
        })
        .collect();
    json(&ServiceIdentities { list: Some(list), service_match_count: Some(0) })
}

fn find(world: &World, domain: &str, name: &str) -> Result<ServiceIdentity, ApiError> {
    let held = world.domain(domain).and_then(|found| found.services.get(name));
    match held {
        Some(held) => Ok(service(domain, name, held)),
        None => {
            let text = format!("getServiceIdentity: Service not found: '{domain}.{name}'");
            Err(ApiError::not_found(text))
        }
    }
}

async fn get_service_identity(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&find(&read.world, &read.name("domain"), &read.name("service"))?)
}

async fn put_service_identity(zms: Arc<Zms>, call: Call) -> Answer {
    let (world, before) = change_returning(&zms, &call, |context, path, body: ServiceIdentity| {
        let (domain, name) = (path.get("domain"), path.get("service"));
        Ok((services::put(context, domain, name, body)?, services::owners_before(context, domain, name)))
    })
    .await?;
    if !call.wants_object() {
        return Ok(no_content());
    }
    let view = find(&world, &call.path("domain").to_lowercase(), &call.path("service").to_lowercase())?;
    json(&ServiceIdentity { resource_ownership: ownership(&before), ..view })
}

async fn delete_service_identity(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| services::delete(context, path.get("domain"), path.get("service")))
        .await?;
    Ok(no_content())
}

async fn search_service_identities(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let wanted = read.name("serviceName");
    let substring = read.is_set("substringMatch");
    let domain_filter = read.query("domainFilter").unwrap_or_default();
    let part = part_of_name(&wanted);
    let domain_part = part_of_name(&domain_filter);
    let matches = |name: &str| if substring { part.matches(name) } else { name == wanted };
    let found: Vec<String> = read
        .world
        .domains()
        .filter(|domain| domain_part.matches(&domain.name))
        .flat_map(|domain| domain.services.keys().map(move |service| (domain, service)))
        .filter(|(_, service)| matches(service))
        .map(|(domain, service)| format!("{}.{service}", domain.name))
        .collect();
    let limit = zms.rules.config.search_service_limit;
    let count = if found.len() >= limit { i64::try_from(found.len()).unwrap_or(i64::MAX) } else { 0 };
    let named = |name| ServiceIdentity { name: Some(name), ..ServiceIdentity::default() };
    let list = found.into_iter().take(limit).map(named).collect();
    json(&ServiceIdentities { list: Some(list), service_match_count: Some(count) })
}

/// Names that contain a text; as in Athenz, whose database compares, `_` is any character.
fn part_of_name(text: &str) -> Glob {
    Glob::new(&format!("*{}*", text.replace('_', "?")))
}

async fn get_public_key_entry(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (domain, name, id) = (read.name("domain"), read.name("service"), read.name("id"));
    let Some(found) = read.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")).into());
    };
    let Some(held) = found.services.get(name.as_str()) else {
        return Err(ApiError::not_found(format!("unknown service - {domain}.{name}")).into());
    };
    match held.public_keys.get(&id) {
        Some(key) => json(&public_key(&id, key)),
        None => {
            let text = format!("getPublicKeyEntry: PublicKey {id} in service {domain}.{name} not found");
            Err(ApiError::not_found(text).into())
        }
    }
}

async fn put_public_key_entry(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: PublicKeyEntry| {
        services::put_public_key(context, path.get("domain"), path.get("service"), path.get("id"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_public_key_entry(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        services::delete_public_key(context, path.get("domain"), path.get("service"), path.get("id"))
    })
    .await?;
    Ok(no_content())
}

async fn put_service_creds_entry(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, _: CredsEntry| {
        services::put_creds(context, path.get("domain"), path.get("service"))
    })
    .await?;
    Ok(no_content())
}

async fn put_service_identity_system_meta(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: ServiceIdentitySystemMeta| {
        let (domain, service) = (path.get("domain"), path.get("service"));
        system_meta::put_service_system_meta(context, domain, service, path.get("attribute"), body)
    })
    .await?;
    Ok(no_content())
}
