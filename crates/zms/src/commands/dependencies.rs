//! Service providers and the domains that depend on them. A provider records itself, so that a
//! domain is not deleted while the provider holds something for it.

use athenz_model::ApiError;
use athenz_model::names::DomainName;
use athenz_model::wire::zms::DependentService;
use athenz_policy::{Wanted, roles_of};
use athenz_world::{Change, ChangeSet, Domain};

use crate::access::{has_system_right, semantics};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::values::domain_name;

/// Whether a service is among the providers that the deployment trusts.
pub(crate) fn is_provider(context: &Context<'_>, service: &str) -> bool {
    let config = &context.rules.config;
    let Some(domain) = context.world.domain(&config.service_provider_manager_domain) else { return false };
    let role = [config.service_provider_manager_role.as_str()];
    let wanted = Wanted::Names(&role);
    !roles_of(context.world, &**domain, service, wanted, context.now, &semantics()).is_empty()
}

/// The service that is recorded: a system administrator names it, everybody else is it.
fn provider(context: &Context<'_>, named: Option<String>) -> Result<String, ApiError> {
    let service = if has_system_right(context, "create", "sys.auth:domain") {
        let named = named.filter(|service| !service.is_empty());
        named.ok_or_else(|| ApiError::bad_request("service is mandatory"))?.to_lowercase()
    } else {
        context.caller.name.clone()
    };
    if context.caller.may_act() && is_provider(context, &service) {
        return Ok(service);
    }
    Err(ApiError::unauthorized(format!("{service} is not an authorized service provider")))
}

fn known<'w>(context: &Context<'w>, name: &DomainName) -> Result<&'w Domain, ApiError> {
    let found = context.world.domain(name).map(|found| &**found);
    let call = context.call();
    found.ok_or_else(|| ApiError::not_found(format!("{call}: Unknown domain: {name}")))
}

/// `PUT /dependency/domain/{domainName}`.
pub(crate) fn put(
    context: &Context<'_>,
    domain: &str,
    body: Option<DependentService>,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let service = provider(context, body.and_then(|body| body.service))?;
    let found = known(context, &domain)?;
    audit::check_domain(context, AuditedKind::Domain, &domain)?;
    if found.dependencies.contains(&service) {
        return Err(ApiError::bad_request("Entry already exists"));
    }
    Ok(ChangeSet::quiet(domain, vec![Change::PutDependency { service }]))
}

/// `DELETE /dependency/domain/{domainName}/service/{service}`.
pub(crate) fn delete(context: &Context<'_>, domain: &str, service: &str) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let service = provider(context, Some(service.to_owned()))?;
    let found = known(context, &domain)?;
    audit::check_domain(context, AuditedKind::Domain, &domain)?;
    if !found.dependencies.contains(&service) {
        let text = format!("unable to delete dependency on domain {domain} for service {service}");
        return Err(ApiError::bad_request(text));
    }
    Ok(ChangeSet::quiet(domain, vec![Change::DeleteDependency { service }]))
}
