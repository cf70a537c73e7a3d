//! Operations whose flows are not built: each answers clearly that it does nothing.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::Answer;

use super::request::Read;
use crate::state::Zms;

/// Tenancy, service providers.
const UNBUILT: [&str; 15] = [
    "putTenancy",
    "deleteTenancy",
    "putTenant",
    "deleteTenant",
    "putTenantResourceGroupRoles",
    "getTenantResourceGroupRoles",
    "deleteTenantResourceGroupRoles",
    "putProviderResourceGroupRoles",
    "getProviderResourceGroupRoles",
    "deleteProviderResourceGroupRoles",
    "putDomainDependency",
    "deleteDomainDependency",
    "getDependentServiceList",
    "getDependentServiceResourceGroupList",
    "getDependentDomainList",
];

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    UNBUILT.into_iter().fold(mount, |mount, id| mount.handle(id, refuse))
}

async fn refuse(zms: Arc<Zms>, call: Call) -> Answer {
    if call.operation.authentication != athenz_model::operation::Authentication::None {
        Read::begin(&zms, &call).await?;
    }
    let id = call.operation.id;
    Err(ApiError::bad_request(format!("{id} is not supported by this server; nothing was changed")).into())
}
