//! Access checks and role look-ups.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_model::wire::zts::{Access, RoleAccess, TenantDomains};
use athenz_serve::wire::{json, json_bytes};
use athenz_serve::{Answer, Call, Mount};

use super::{begin, given, lower};
use crate::access;
use crate::messages;
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("getResourceAccess", resource_access)
        .handle("getResourceAccessExt", resource_access)
        .handle("getAccess", access)
        .handle("getRoleAccess", role_access)
        .handle("getRolesRequireRoleCert", roles_that_need_certificates)
        .handle("getTenantDomains", tenant_domains)
}

/// Only what is asked about is held to its grammar: any text may be asked about as principal.
async fn resource_access(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    messages::check_name("CompoundName", Grammar::CompoundName, call.path("action"))?;
    let resource = match call.path("resource") {
        "" => call
            .query
            .first("resource")
            .ok_or_else(|| ApiError::bad_request("Missing or malformed resource"))?,
        in_path => {
            messages::check_name("ResourceName", Grammar::ResourceName, in_path)?;
            in_path
        }
    };
    let asked = call.query.first("principal");
    let asked = asked.map(|name| access::principal_of_query(name, &state.user_domains)).transpose()?;
    if asked.is_none() && !caller.may_authorize {
        return Ok(granted(false));
    }
    let principal = asked.as_deref().unwrap_or(&caller.full_name);
    let index = state.index();
    let action = call.path("action");
    let trust = call.query.first("domain");
    let answer = access::allowed(&index, &state.semantics, principal, action, resource, trust, call.now)?;
    Ok(granted(answer))
}

fn granted(yes: bool) -> athenz_serve::Response {
    json_bytes(if yes { &br#"{"granted":true}"#[..] } else { &br#"{"granted":false}"#[..] })
}

async fn access(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let domain = known_domain(&index, &lower(&call, "domainName"), "getAccess")?;
    let (role, principal) = (lower(&call, "roleName"), principal_of_path(&state, &call, "principal"));
    let held = access::roles_of_name(&index, &state.semantics, domain, &principal, &[&role], call.now);
    json(&Access { granted: Some(!held.is_empty()) })
}

async fn role_access(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let domain = known_domain(&index, &lower(&call, "domainName"), "getRoleAccess")?;
    let principal = principal_of_path(&state, &call, "principal");
    let held = access::roles_of_name(&index, &state.semantics, domain, &principal, &[], call.now);
    json(&RoleAccess { roles: Some(held.into_iter().map(|role| role.name.to_owned()).collect()) })
}

fn known_domain<'a>(
    index: &'a crate::index::Index,
    name: &str,
    api: &str,
) -> Result<&'a crate::index::DomainEntry, ApiError> {
    let found = index.domain(name).map(|entry| &**entry);
    found.ok_or_else(|| ApiError::not_found(format!("{api}: No such domain: {name}")))
}

fn principal_of_path(state: &State, call: &Call, name: &str) -> String {
    state.user_domains.without_alias(&lower(call, name))
}

async fn roles_that_need_certificates(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    // any principal, though the contract speaks of an entity
    let principal = given(&call, "principal").unwrap_or(&caller.full_name);
    messages::check_name("PrincipalName", Grammar::PrincipalName, principal)?;
    let principal = principal.to_ascii_lowercase();
    let index = state.index();
    let mut roles = Vec::new();
    for domain in index.certificate_domains() {
        let names: Vec<&str> = domain.certificate_roles().iter().map(|name| &**name).collect();
        let held =
            access::roles_held_directly(&index, &state.semantics, domain, &principal, &names, call.now);
        roles.extend(held.into_iter().map(|role| format!("{}:role.{role}", domain.name())));
    }
    json(&RoleAccess { roles: Some(roles) })
}

async fn tenant_domains(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let provider = lower(&call, "providerDomainName");
    let domain = index.domain(&provider).ok_or_else(|| {
        ApiError::not_found(format!("getTenantDomains: No such provider domain: {provider}"))
    })?;
    let user = access::principal_of_query(call.path("userName"), &state.user_domains)?;
    let (service, wanted) = (given(&call, "serviceName"), given(&call, "roleName"));
    let (service, wanted) = (service.map(str::to_ascii_lowercase), wanted.map(str::to_ascii_lowercase));
    let held = access::held_roles(&index, &state.semantics, domain, &user, &[], call.now);
    let roles = held.iter().map(|role| role.name);
    let roles = roles.filter(|role| wanted.as_deref().is_none_or(|wanted| ends_with_any(role, wanted)));
    let names = access::tenant_domains(&index, roles, service.as_deref());
    json(&TenantDomains { tenant_domain_names: Some(names) })
}

/// Whether a role's name, or its last parts, are among names separated by commas.
fn ends_with_any(role: &str, wanted: &str) -> bool {
    let mut names = wanted.split(',');
    names.any(|name| role.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}
