//! Tenants, providers and their resource groups.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{ProviderResourceGroupRoles, Tenancy, TenantResourceGroupRoles};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};

use super::request::{Path, Read, change, change_returning, change_unchecked};
use crate::commands::tenancy::{self, GroupPath};
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("putTenancy", put_tenancy)
        .handle("deleteTenancy", delete_tenancy)
        .handle("putTenant", put_tenant)
        .handle("deleteTenant", delete_tenant)
        .handle("putTenantResourceGroupRoles", put_tenant_resource_group_roles)
        .handle("getTenantResourceGroupRoles", get_tenant_resource_group_roles)
        .handle("deleteTenantResourceGroupRoles", delete_tenant_resource_group_roles)
        .handle("putProviderResourceGroupRoles", put_provider_resource_group_roles)
        .handle("getProviderResourceGroupRoles", get_provider_resource_group_roles)
        .handle("deleteProviderResourceGroupRoles", delete_provider_resource_group_roles)
}

async fn put_tenancy(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<Tenancy>| {
        tenancy::put_tenancy(context, path.get("domain"), path.get("service"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_tenancy(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        tenancy::delete_tenancy(context, path.get("domain"), path.get("service"))
    })
    .await?;
    Ok(no_content())
}

async fn put_tenant(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<Tenancy>| {
        let (domain, service) = (path.get("domain"), path.get("service"));
        tenancy::put_tenant(context, domain, service, path.get("tenantDomain"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_tenant(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        tenancy::delete_tenant(context, path.get("domain"), path.get("service"), path.get("tenantDomain"))
    })
    .await?;
    Ok(no_content())
}

/// A resource group in a path of the provider.
fn at_provider(path: &Path) -> GroupPath<'_> {
    GroupPath {
        tenant: path.get("tenantDomain"),
        provider: path.get("domain"),
        service: path.get("service"),
        group: path.get("resourceGroup"),
    }
}

/// A resource group in a path of the tenant.
fn at_tenant(path: &Path) -> GroupPath<'_> {
    GroupPath {
        tenant: path.get("tenantDomain"),
        provider: path.get("provDomain"),
        service: path.get("provService"),
        group: path.get("resourceGroup"),
    }
}

async fn put_tenant_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let (_, answer) = change_returning(&zms, &call, |context, path, body: TenantResourceGroupRoles| {
        tenancy::put_tenant_group(context, at_provider(path), body)
    })
    .await?;
    json(&answer)
}

async fn get_tenant_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domain");
    let Some(provider) = read.world.domain(&name) else {
        return Err(
            ApiError::not_found(format!("getTenantResourceGroupRoles: No such domain: {name}")).into()
        );
    };
    let roles = tenancy::tenant_group(provider, at_provider(&Path::of(&call)))?;
    json(&TenantResourceGroupRoles {
        domain: Some(name),
        service: Some(read.name("service")),
        tenant: Some(read.name("tenantDomain")),
        roles: Some(roles),
        resource_group: Some(read.name("resourceGroup")),
    })
}

async fn delete_tenant_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| tenancy::delete_tenant_group(context, at_provider(path))).await?;
    Ok(no_content())
}

async fn put_provider_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let (_, answer) = change_returning(&zms, &call, |context, path, body: ProviderResourceGroupRoles| {
        tenancy::put_provider_group(context, at_tenant(path), body)
    })
    .await?;
    json(&answer)
}

async fn get_provider_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("tenantDomain");
    let Some(tenant) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("No such domain: {name}")).into());
    };
    let roles = tenancy::provider_group(tenant, at_tenant(&Path::of(&call)))?;
    json(&ProviderResourceGroupRoles {
        domain: Some(read.name("provDomain")),
        service: Some(read.name("provService")),
        tenant: Some(name),
        roles: Some(roles),
        resource_group: Some(read.name("resourceGroup")),
        ..ProviderResourceGroupRoles::default()
    })
}

async fn delete_provider_resource_group_roles(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| tenancy::delete_provider_group(context, at_tenant(path))).await?;
    Ok(no_content())
}
