//! Owners of objects.

use std::sync::Arc;

use athenz_model::wire::zms::{
    ResourceDomainOwnership, ResourceGroupOwnership, ResourcePolicyOwnership, ResourceRoleOwnership,
    ResourceServiceIdentityOwnership,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, no_content};

use super::request::change_unchecked;
use crate::commands::owners;
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("putResourceDomainOwnership", put_domain)
        .handle("putResourceRoleOwnership", put_role)
        .handle("putResourceGroupOwnership", put_group)
        .handle("putResourcePolicyOwnership", put_policy)
        .handle("putResourceServiceIdentityOwnership", put_service)
}

async fn put_domain(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<ResourceDomainOwnership>| {
        owners::put_domain(context, path.get("domainName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_role(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<ResourceRoleOwnership>| {
        owners::put_role(context, path.get("domainName"), path.get("roleName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_group(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<ResourceGroupOwnership>| {
        owners::put_group(context, path.get("domainName"), path.get("groupName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_policy(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<ResourcePolicyOwnership>| {
        owners::put_policy(context, path.get("domainName"), path.get("policyName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn put_service(zms: Arc<Zms>, call: Call) -> Answer {
    change_unchecked(&zms, &call, |context, path, body: Option<ResourceServiceIdentityOwnership>| {
        owners::put_service(context, path.get("domainName"), path.get("service"), body)
    })
    .await?;
    Ok(no_content())
}
