//! Workloads and rules for packet filters.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use athenz_model::wire::zts::{TransportDirection, TransportRule, TransportRules, Workload, Workloads};
use athenz_model::{ApiError, Timestamp};
use athenz_policy::{Directory, Members};
use athenz_serve::wire::json;
use athenz_serve::{Answer, Call, Mount};

use super::{begin, lower};
use crate::index::transport::TransportAssertion;
use crate::index::{DomainEntry, Index};
use crate::messages;
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("getWorkloadsByService", workloads_of_service)
        .handle("getWorkloadsByIP", workloads_at_address)
        .handle("getTransportRules", transport_rules)
}

/// The hosts a service is registered with.
async fn workloads_of_service(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let domain = index.domain(&lower(&call, "domainName"));
    let domain = domain.ok_or_else(|| ApiError::bad_request("Domain data not found. Invalid domain."))?;
    let service = domain.service(&lower(&call, "serviceName"));
    let hosts = service.and_then(|service| service.hosts.as_deref()).unwrap_or_default();
    let list = hosts.iter().map(|host| static_workload(host, call.now)).collect();
    json(&Workloads { workload_list: Some(list) })
}

fn static_workload(host: &str, now: Timestamp) -> Workload {
    Workload {
        uuid: Some(host.to_owned()),
        ip_addresses: Some(vec![host.to_owned()]),
        provider: Some("Static".to_owned()),
        update_time: Some(now),
        ..Workload::default()
    }
}

/// Registered hosts are names, so nothing is known by address.
async fn workloads_at_address(_: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    if call.path("ip").parse::<IpAddr>().is_err() {
        return Err(ApiError::bad_request("Invalid IP address").into());
    }
    json(&Workloads { workload_list: Some(Vec::new()) })
}

async fn transport_rules(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let (name, service) = (lower(&call, "domainName"), call.path("serviceName"));
    let domain = index.domain(&name).ok_or_else(|| messages::domain_not_found(&name))?;
    let (mut ingress, mut egress) = (Vec::new(), Vec::new());
    for assertion in domain.transport_assertions().iter().filter(|assertion| &*assertion.service == service) {
        let rules = match assertion.direction {
            TransportDirection::In => &mut ingress,
            TransportDirection::Out => &mut egress,
        };
        rules.extend(
            hosts(&index, domain, &assertion.role, call.now).iter().map(|host| rule(assertion, host)),
        );
    }
    json(&TransportRules { ingress_rules: Some(ingress), egress_rules: Some(egress) })
}

fn rule(assertion: &TransportAssertion, host: &str) -> TransportRule {
    TransportRule {
        end_point: Some(host.to_owned()),
        source_port_range: Some(assertion.source_ports.to_string()),
        port: Some(assertion.port),
        protocol: Some(assertion.protocol.to_owned()),
        direction: Some(assertion.direction),
    }
}

/// Hosts of the services that are in a role, directly or by a group.
fn hosts<'a>(index: &'a Index, domain: &'a DomainEntry, role: &str, now: Timestamp) -> BTreeSet<&'a str> {
    let mut hosts = BTreeSet::new();
    let Some(role) = domain.role_entry(role) else { return hosts };
    add_hosts(index, &role.members, now, &mut hosts);
    for (_, group) in role.members.groups().filter(|(entry, _)| entry.counts_at(now)) {
        let group = group.split_once(":group.");
        let members = group.and_then(|(domain, name)| Directory::domain(index, domain)?.group(name));
        members.into_iter().for_each(|members| add_hosts(index, members, now, &mut hosts));
    }
    hosts
}

fn add_hosts<'a>(index: &'a Index, members: &Members, now: Timestamp, hosts: &mut BTreeSet<&'a str>) {
    for member in members.iter().filter(|member| member.counts_at(now)) {
        let service = index.service(index.principals().text(member.principal));
        let of_service = service.and_then(|service| service.hosts.as_deref()).unwrap_or_default();
        hosts.extend(of_service.iter().map(|host| &**host));
    }
}
