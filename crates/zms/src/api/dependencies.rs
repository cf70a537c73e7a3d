//! Domains that depend on service providers.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    DependentService, DependentServiceResourceGroup, DependentServiceResourceGroupList, DomainList,
    ServiceIdentityList,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};
use athenz_world::World;

use super::request::{Read, change, change_unchecked};
use crate::commands::{dependencies, tenancy};
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("putDomainDependency", put_domain_dependency)
        .handle("deleteDomainDependency", delete_domain_dependency)
        .handle("getDependentServiceList", get_dependent_service_list)
        .handle("getDependentServiceResourceGroupList", get_dependent_service_resource_group_list)
        .handle("getDependentDomainList", get_dependent_domain_list)
}

async fn put_domain_dependency(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<DependentService>| {
        dependencies::put(context, path.get("domainName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_domain_dependency(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        dependencies::delete(context, path.get("domainName"), path.get("service"))
    })
    .await?;
    Ok(no_content())
}

async fn get_dependent_service_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    match read.world.domain(&name) {
        Some(domain) => {
            let names = domain.dependencies.iter().cloned().collect();
            json(&ServiceIdentityList { names: Some(names), next: None })
        }
        None => Err(ApiError::not_found(format!("No such domain: {name}")).into()),
    }
}

async fn get_dependent_service_resource_group_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let services = read.world.domain(&name).map(|domain| Arc::clone(&domain.dependencies));
    let rows =
        services.iter().flat_map(|services| services.iter()).map(|service| DependentServiceResourceGroup {
            service: Some(service.clone()),
            domain: Some(name.clone()),
            resource_groups: Some(resource_groups(&read.world, service, &name)),
        });
    json(&DependentServiceResourceGroupList { service_and_resource_groups: Some(rows.collect()) })
}

/// The roles that a provider has for resource groups of a tenant.
fn resource_groups(world: &World, provider: &str, tenant: &str) -> Vec<String> {
    let Some((domain, service)) = provider.rsplit_once('.') else { return Vec::new() };
    let prefix = tenancy::resource_group_prefix(service, tenant);
    let roles = world.domain(domain).into_iter().flat_map(|domain| domain.roles.keys());
    roles.filter(|role| role.starts_with(&prefix)).map(ToString::to_string).collect()
}

async fn get_dependent_domain_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let service = read.name("service");
    if !dependencies::is_provider(&read.context(), &service) {
        return Err(ApiError::bad_request(format!("{service} is not a registered service provider")).into());
    }
    let depends = read.world.domains().filter(|domain| domain.dependencies.contains(&service));
    json(&DomainList { names: Some(depends.map(|domain| domain.name.to_string()).collect()), next: None })
}
