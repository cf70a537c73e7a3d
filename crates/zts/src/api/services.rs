//! Services, public keys and hosts.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zts::{HostServices, PublicKeyEntry, ServiceIdentityList};
use athenz_serve::wire::json;
use athenz_serve::{Answer, Call, Mount};

use super::{begin, lower};
use crate::messages;
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("getServiceIdentity", service)
        .handle("getServiceIdentityList", service_list)
        .handle("getPublicKeyEntry", public_key)
        .handle("getHostServices", host_services)
}

async fn service(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let (domain, service) = (lower(&call, "domainName"), lower(&call, "serviceName"));
    let entry = index.domain(&domain).ok_or_else(|| messages::domain_not_found(&domain))?;
    let found = entry.service(&service);
    let found =
        found.ok_or_else(|| ApiError::not_found(format!("Service not found: '{domain}.{service}'")))?;
    json(&found.to_wire())
}

async fn service_list(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let domain = lower(&call, "domainName");
    let entry = index.domain(&domain).ok_or_else(|| messages::domain_not_found(&domain))?;
    let names = entry.services().map(|services| services.map(|(name, _)| name.to_owned()).collect());
    json(&ServiceIdentityList { names })
}

async fn public_key(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let (domain, service, id) =
        (lower(&call, "domainName"), lower(&call, "serviceName"), lower(&call, "keyId"));
    let key =
        index.domain(&domain).and_then(|entry| entry.service(&service)).and_then(|found| found.key(&id));
    let key = key.ok_or_else(|| ApiError::not_found("Public Key not found"))?;
    json(&PublicKeyEntry { key: Some(key.text().to_owned()), id: Some(id) })
}

async fn host_services(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let host = lower(&call, "host");
    let names = index.services_of_host(&host).map(|names| names.iter().map(ToString::to_string).collect());
    json(&HostServices { host: Some(host), names })
}
