//! Access checks and what a principal may do.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{Access, ResourceAccess, ResourceAccessList};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json};

use super::request::Read;
use crate::access;
use crate::resources;
use crate::state::Zms;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getAccess", get_access)
        .handle("getAccessExt", get_access_ext)
        .handle("getResourceAccessList", get_resource_access_list)
}

async fn get_access(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    decide(&read, call.path("resource"))
}

async fn get_access_ext(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    match call.query.first("resource") {
        Some(resource) => decide(&read, resource),
        None => {
            Err(ApiError::bad_request("getAccessCheck: Missing resource: add ?resource=domain:entity").into())
        }
    }
}

fn decide(read: &Read<'_>, resource: &str) -> Answer {
    let query = |name| read.call.query.first(name);
    let action = read.call.path("action");
    let granted = access::question(&read.context(), action, resource, query("domain"), query("principal"))?;
    json(&Access { granted: Some(granted) })
}

async fn get_resource_access_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let Some(principal) = read.query("principal") else {
        return Err(ApiError::bad_request("principal is required for resource access list").into());
    };
    let principal = zms.rules.users.without_alias(&principal);
    if !read.world.is_registered(&principal) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")).into());
    }
    let action = read.query("action");
    let filter = call.query.first("filter").filter(|filter| !filter.is_empty()).map(str::to_owned);
    let (world, of, now) = (Arc::clone(&read.world), principal.clone(), read.now());
    let work = move || resources::assertions(&world, &of, action.as_deref(), filter.as_deref(), now);
    let found = zms.apart.work_out(work).await?;
    let resources =
        found.map(|assertions| ResourceAccess { principal: Some(principal), assertions: Some(assertions) });
    json(&ResourceAccessList { resources: Some(resources.into_iter().collect()) })
}
