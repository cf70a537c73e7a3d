//! Tenancy: a domain uses what a service of another domain provides. The provider's domain holds
//! roles that it delegates to the tenant; the tenant's domain holds policies by which its roles
//! assume them.
//!
//! ```text
//! tenant T                                         provider P, service S
//! role   tenancy.P.S.admin                         role   S.tenant.T.admin             (trust T)
//! policy tenancy.P.S.admin    ──assume_role──►     policy S.tenant.T.admin
//! role   P.S.res_group.G.r                         role   S.tenant.T.res_group.G.r     (trust T)
//! policy tenancy.P.S.res_group.G.r ──assume_role─► policy S.tenant.T.res_group.G.r
//! ```

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, SimpleName};
use athenz_model::wire::zms::{
    ProviderResourceGroupRoles, Tenancy, TenantResourceGroupRoles, TenantRoleAction,
};
use athenz_world::{Change, ChangeSet, CollectionKind, Domain, Loudness};

use super::dependencies::is_provider;
use super::provision::{Grant, Provision, delete_policy};
use super::standard_names::ADMIN;
use crate::access::{Asked, authorize, may};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::values::{domain_name, entity_name, member_name, simple_name};

const ASSUME_ROLE: &str = "assume_role";

/// A tenant and the service that provides for it.
struct Parties {
    tenant: DomainName,
    provider: DomainName,
    service: SimpleName,
}

impl Parties {
    fn parse(tenant: &str, provider: &str, service: &str) -> Result<Self, ApiError> {
        Ok(Self {
            tenant: domain_name(tenant)?,
            provider: domain_name(provider)?,
            service: simple_name(service)?,
        })
    }

    /// From the full name of the service.
    fn of_service(tenant: &str, service: &str) -> Result<Self, ApiError> {
        let (provider, name) = service.rsplit_once('.').ok_or_else(invalid_tenancy)?;
        Self::parse(tenant, provider, name)
    }

    /// `P.S`
    fn full_service(&self) -> String {
        format!("{}.{}", self.provider, self.service)
    }

    /// `S.tenant.T.`: roles and policies of the provider.
    fn provider_prefix(&self) -> String {
        format!("{}.tenant.{}.", self.service, self.tenant)
    }

    /// `S.tenant.T.res_group.G.`
    fn provider_group_prefix(&self, group: &EntityName) -> String {
        format!("{}res_group.{group}.", self.provider_prefix())
    }

    /// `P.S.res_group.G.`: roles of the tenant; its policies have `tenancy.` before it.
    fn tenant_group_prefix(&self, group: &EntityName) -> String {
        format!("{}.res_group.{group}.", self.full_service())
    }

    fn check_different(&self) -> Result<(), ApiError> {
        if self.tenant == self.provider {
            return Err(ApiError::bad_request("Provider and tenant domains cannot be the same"));
        }
        Ok(())
    }

    fn service_exists(&self, context: &Context<'_>) -> bool {
        let provider = context.world.domain(&self.provider);
        provider.is_some_and(|provider| provider.services.contains_key(&self.service))
    }

    /// Whether the caller's token was passed on by the provider, which may act on its own side.
    fn is_chained(&self, context: &Context<'_>) -> bool {
        let full = self.full_service();
        let right = format!("{}:tenant.{}", self.provider, self.service);
        context.caller.authorized_service.as_ref() == Some(&full)
            && context.world.domain(&self.provider).is_some_and(|provider| {
                let enabled = !provider.attributes.disabled;
                enabled && may(context, provider, Asked::Named(&full), "update", &right, None)
            })
    }
}

/// `S.tenant.T.res_group.`: where the roles of all resource groups of a tenant begin.
pub(crate) fn resource_group_prefix(service: &str, tenant: &str) -> String {
    format!("{service}.tenant.{tenant}.res_group.")
}

fn invalid_tenancy() -> ApiError {
    ApiError::bad_request("Invalid tenancy object")
}

/// The body of a tenancy call says what the path says.
fn check_tenancy(parties: &Parties, body: &Tenancy) -> Result<(), ApiError> {
    let says = |given: &Option<String>, name: &str| {
        given.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(name))
    };
    if says(&body.domain, &parties.tenant) && says(&body.service, &parties.full_service()) {
        return Ok(());
    }
    Err(invalid_tenancy())
}

/// Changes of several domains; those without any are left alone.
fn change_set(parts: Vec<(DomainName, Loudness, Vec<Change>)>) -> ChangeSet {
    parts
        .into_iter()
        .filter(|(_, _, changes)| !changes.is_empty())
        .fold(ChangeSet::default(), |set, (domain, loudness, changes)| set.and(domain, loudness, changes))
}

/// `PUT /domain/{domain}/tenancy/{service}`: the tenant's side.
pub(crate) fn put_tenancy(
    context: &Context<'_>,
    domain: &str,
    service: &str,
    body: Option<Tenancy>,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    authorize(context, "update", &format!("{domain}:tenancy"))?;
    let parties = Parties::of_service(&domain, service)?;
    let body = body.ok_or_else(invalid_tenancy)?;
    check_tenancy(&parties, &body)?;
    parties.check_different()?;
    let service = parties.full_service();
    if !parties.service_exists(context) {
        return Err(ApiError::not_found(format!("Unable to retrieve service={service}")));
    }
    if let Some(acting) = context.caller.authorized_service.as_ref().filter(|acting| **acting != service) {
        let text = format!("Authorized service provider mismatch: {service}/{acting}");
        return Err(ApiError::bad_request(text));
    }
    let tenant = context.domain(&domain)?;
    audit::check_domain(context, AuditedKind::Tenancy, &domain)?;
    let mut parts = Vec::new();
    if body.create_admin_role != Some(false) {
        let mut wanted = Provision::default();
        want_tenant_admin(&parties, tenant, &mut wanted)?;
        parts.push((domain, Loudness::Loud, wanted.changes(context, tenant)?));
    }
    if parties.is_chained(context) {
        let mut wanted = Provision::default();
        want_provider_admin(&parties, "", &mut wanted)?;
        parts.extend(provider_part(context, &parties, wanted)?);
        parts.extend(dependency(context, &parties));
    }
    Ok(change_set(parts))
}

/// The tenant's administrators, and whoever gets the role for it, assume the provider's role. A
/// policy that is there stays as it is.
fn want_tenant_admin(parties: &Parties, tenant: &Domain, wanted: &mut Provision) -> Result<(), ApiError> {
    let full_service = parties.full_service();
    let name = format!("tenancy.{full_service}.{ADMIN}");
    if !tenant.roles.contains_key(name.as_str()) {
        wanted.role(&name, None)?;
    }
    if tenant.policies.contains_key(name.as_str()) {
        return Ok(());
    }
    let role = |short: &str| CollectionKind::Role.full_name(&parties.tenant, short);
    let assumed =
        CollectionKind::Role.full_name(&parties.provider, &format!("{}{ADMIN}", parties.provider_prefix()));
    wanted.grant(&name, Grant::new(role(ADMIN), ASSUME_ROLE, &assumed))?;
    wanted.grant(&name, Grant::new(role(&name), ASSUME_ROLE, &assumed))?;
    let resource = format!("{}:tenancy.{full_service}", parties.tenant);
    wanted.grant(&name, Grant::new(role(&name), "update", resource))
}

/// The role that the tenant's administrators assume, for everything of the tenant, or only for
/// what is below a group (`res_group.`).
fn want_provider_admin(parties: &Parties, below: &str, wanted: &mut Provision) -> Result<(), ApiError> {
    let prefix = parties.provider_prefix();
    let name = format!("{prefix}{ADMIN}");
    wanted.delegated(&name, &parties.tenant)?;
    let role = CollectionKind::Role.full_name(&parties.provider, &name);
    wanted.grant(&name, Grant::new(role, "*", format!("{}:service.{prefix}{below}*", parties.provider)))
}

fn provider_part(
    context: &Context<'_>,
    parties: &Parties,
    wanted: Provision,
) -> Result<Option<(DomainName, Loudness, Vec<Change>)>, ApiError> {
    let provider = context.domain(&parties.provider)?;
    audit::check_domain(context, AuditedKind::Tenancy, &parties.provider)?;
    Ok(Some((parties.provider.clone(), Loudness::Loud, wanted.changes(context, provider)?)))
}

/// The tenant depends on a provider that the deployment trusts.
fn dependency(context: &Context<'_>, parties: &Parties) -> Option<(DomainName, Loudness, Vec<Change>)> {
    let service = parties.full_service();
    let recorded = context.world.domain(&parties.tenant)?.dependencies.contains(&service);
    (!recorded && is_provider(context, &service))
        .then(|| (parties.tenant.clone(), Loudness::Quiet, vec![Change::PutDependency { service }]))
}

/// `DELETE /domain/{domain}/tenancy/{service}`: the tenant's side.
pub(crate) fn delete_tenancy(
    context: &Context<'_>,
    domain: &str,
    service: &str,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    authorize(context, "delete", &format!("{domain}:tenancy"))?;
    let parties = Parties::of_service(&domain, service)?;
    let full_service = parties.full_service();
    if !parties.service_exists(context) {
        return Err(ApiError::not_found(format!("Unable to retrieve service: {full_service}")));
    }
    let tenant = context.domain(&domain)?;
    audit::check_domain(context, AuditedKind::Tenancy, &domain)?;
    let mut parts = vec![(domain, Loudness::Loud, without_tenancy(tenant, &format!("{full_service}.")))];
    if parties.is_chained(context) {
        parts.extend(provider_gone(context, &parties)?);
    }
    Ok(change_set(parts))
}

/// Takes the tenant's policies `tenancy.<prefix><name>` away, and the roles `<prefix><name>` that no
/// other policy needs.
fn without_tenancy(tenant: &Domain, prefix: &str) -> Vec<Change> {
    let policy_prefix = format!("tenancy.{prefix}");
    let gone: Vec<&EntityName> =
        tenant.policies.keys().filter(|name| is_one_below(name, &policy_prefix)).collect();
    let needed = |role: &EntityName| {
        let full = CollectionKind::Role.full_name(&tenant.name, role);
        let others = tenant.policies.iter().filter(|(name, _)| !gone.contains(name));
        let mut assertions = others
            .flat_map(|(_, policy)| policy.versions.values())
            .flat_map(|version| version.assertions.values());
        assertions.any(|assertion| assertion.role == full)
    };
    let roles = tenant.roles.keys().filter(|role| is_one_below(role, prefix) && !needed(role));
    let mut changes: Vec<Change> = gone.iter().flat_map(|name| delete_policy(tenant, name)).collect();
    changes.extend(roles.map(delete_role));
    changes
}

fn delete_role(name: &EntityName) -> Change {
    Change::DeleteCollection { kind: CollectionKind::Role, name: name.clone() }
}

/// Whether a name is the prefix and one part more.
fn is_one_below(name: &EntityName, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('.'))
}

/// `PUT /domain/{domain}/service/{service}/tenant/{tenantDomain}`: the provider's side.
pub(crate) fn put_tenant(
    context: &Context<'_>,
    domain: &str,
    service: &str,
    tenant: &str,
    body: Option<Tenancy>,
) -> Result<ChangeSet, ApiError> {
    let parties = Parties::parse(tenant, domain, service)?;
    authorize(context, "update", &format!("{}:tenant.{}", parties.provider, parties.service))?;
    let body = body.ok_or_else(invalid_tenancy)?;
    check_tenancy(&parties, &body)?;
    parties.check_different()?;
    check_service(context, &parties)?;
    check_tenant(context, &parties)?;
    let mut wanted = Provision::default();
    want_provider_admin(&parties, "", &mut wanted)?;
    let parts = provider_part(context, &parties, wanted)?.into_iter().chain(dependency(context, &parties));
    Ok(change_set(parts.collect()))
}

fn check_service(context: &Context<'_>, parties: &Parties) -> Result<(), ApiError> {
    if parties.service_exists(context) {
        return Ok(());
    }
    Err(ApiError::not_found(format!("Unable to retrieve service={}", parties.service)))
}

fn check_tenant(context: &Context<'_>, parties: &Parties) -> Result<(), ApiError> {
    if context.world.domain(&parties.tenant).is_some() {
        return Ok(());
    }
    let (call, tenant) = (context.call(), &parties.tenant);
    Err(ApiError::not_found(format!("{call}: Unknown tenant domain: {tenant}")))
}

/// `DELETE /domain/{domain}/service/{service}/tenant/{tenantDomain}`: the provider's side.
pub(crate) fn delete_tenant(
    context: &Context<'_>,
    domain: &str,
    service: &str,
    tenant: &str,
) -> Result<ChangeSet, ApiError> {
    let parties = Parties::parse(tenant, domain, service)?;
    authorize(context, "delete", &format!("{}:tenant.{}", parties.provider, parties.service))?;
    check_service(context, &parties)?;
    Ok(change_set(provider_gone(context, &parties)?))
}

/// The provider's roles for the tenant with their policies, but for those of resource groups; and
/// the dependency, once no resource group is left.
fn provider_gone(
    context: &Context<'_>,
    parties: &Parties,
) -> Result<Vec<(DomainName, Loudness, Vec<Change>)>, ApiError> {
    let provider = context.domain(&parties.provider)?;
    audit::check_domain(context, AuditedKind::Tenancy, &parties.provider)?;
    let prefix = parties.provider_prefix();
    let goes = |rest: &str| match rest.split('.').collect::<Vec<_>>().as_slice() {
        [_] => true,
        // else it is a role for a domain below the tenant
        [below, _] => context.world.domain(&format!("{}.{below}", parties.tenant)).is_none(),
        _ => false,
    };
    let delegated = provider
        .roles
        .iter()
        .filter(|(_, held)| held.attributes.trust.as_ref() == Some(&parties.tenant))
        .map(|(name, _)| name);
    let gone = delegated.filter(|name| name.strip_prefix(prefix.as_str()).is_some_and(goes));
    let changes = gone.flat_map(|name| with_policy(provider, name)).collect();
    let mut parts = vec![(parties.provider.clone(), Loudness::Loud, changes)];
    let service = parties.full_service();
    let group_prefix = resource_group_prefix(&parties.service, &parties.tenant);
    let has_groups = provider.roles.keys().any(|name| name.starts_with(&group_prefix));
    let depends =
        context.world.domain(&parties.tenant).is_some_and(|tenant| tenant.dependencies.contains(&service));
    if depends && !has_groups {
        let changes = vec![Change::DeleteDependency { service }];
        parts.push((parties.tenant.clone(), Loudness::Quiet, changes));
    }
    Ok(parts)
}

/// Deletes a role and the policy of the same name.
fn with_policy(domain: &Domain, name: &EntityName) -> Vec<Change> {
    let mut changes = delete_policy(domain, name);
    changes.push(delete_role(name));
    changes
}

/// A role of a resource group and what it may do, in lower case.
fn role_actions(given: Option<Vec<TenantRoleAction>>) -> Vec<(String, String)> {
    let lower = |text: Option<String>| text.unwrap_or_default().to_lowercase();
    given.unwrap_or_default().into_iter().map(|given| (lower(given.role), lower(given.action))).collect()
}

fn answer(roles: &[(String, String)]) -> Vec<TenantRoleAction> {
    let row = |(role, action): &(String, String)| TenantRoleAction {
        role: Some(role.clone()),
        action: Some(action.clone()),
    };
    roles.iter().map(row).collect()
}

/// `PUT /domain/{domain}/service/{service}/tenant/{tenantDomain}/resourceGroup/{resourceGroup}`:
/// the provider's side, with the answer.
pub(crate) fn put_tenant_group(
    context: &Context<'_>,
    path: GroupPath<'_>,
    body: TenantResourceGroupRoles,
) -> Result<(ChangeSet, TenantResourceGroupRoles), ApiError> {
    let (parties, group) = path.parse()?;
    authorize(context, "update", &format!("{}:tenant.{}", parties.provider, parties.service))?;
    let roles = role_actions(body.roles);
    let says = [body.domain, body.service, body.tenant, body.resource_group];
    if roles.is_empty() || !path.is_said_by(says) {
        return Err(ApiError::bad_request("Invalid tenant resource group role object"));
    }
    parties.check_different()?;
    check_tenant(context, &parties)?;
    let mut wanted = Provision::default();
    want_provider_group(&parties, &group, &roles, &mut wanted)?;
    let parts = provider_part(context, &parties, wanted)?.into_iter().chain(dependency(context, &parties));
    let answer = TenantResourceGroupRoles {
        domain: Some(parties.provider.to_string()),
        service: Some(parties.service.to_string()),
        tenant: Some(parties.tenant.to_string()),
        roles: Some(answer(&roles)),
        resource_group: Some(group.to_string()),
    };
    Ok((change_set(parts.collect()), answer))
}

fn want_provider_group(
    parties: &Parties,
    group: &EntityName,
    roles: &[(String, String)],
    wanted: &mut Provision,
) -> Result<(), ApiError> {
    want_provider_admin(parties, "res_group.", wanted)?;
    let prefix = parties.provider_group_prefix(group);
    for (role, action) in roles {
        let name = format!("{prefix}{role}");
        wanted.delegated(&name, &parties.tenant)?;
        let full = CollectionKind::Role.full_name(&parties.provider, &name);
        let resource = format!("{}:service.{prefix}*", parties.provider);
        // the last one of a name counts
        wanted.grant_alone(&name, Grant::new(full, action, resource))?;
    }
    Ok(())
}

/// `DELETE …/tenant/{tenantDomain}/resourceGroup/{resourceGroup}`: the provider's side.
pub(crate) fn delete_tenant_group(context: &Context<'_>, path: GroupPath<'_>) -> Result<ChangeSet, ApiError> {
    let (parties, group) = path.parse()?;
    authorize(context, "update", &format!("{}:tenant.{}", parties.provider, parties.service))?;
    Ok(change_set(vec![provider_group_gone(context, &parties, &group)?]))
}

fn provider_group_gone(
    context: &Context<'_>,
    parties: &Parties,
    group: &EntityName,
) -> Result<(DomainName, Loudness, Vec<Change>), ApiError> {
    let provider = context.domain(&parties.provider)?;
    audit::check_domain(context, AuditedKind::Tenancy, &parties.provider)?;
    let prefix = parties.provider_group_prefix(group);
    let gone = provider.roles.keys().filter(|name| is_one_below(name, &prefix));
    let changes = gone.flat_map(|name| with_policy(provider, name)).collect();
    Ok((parties.provider.clone(), Loudness::Loud, changes))
}

/// `PUT /domain/{tenantDomain}/provDomain/{provDomain}/provService/{provService}/resourceGroup/{resourceGroup}`:
/// the tenant's side, with the answer.
pub(crate) fn put_provider_group(
    context: &Context<'_>,
    path: GroupPath<'_>,
    body: ProviderResourceGroupRoles,
) -> Result<(ChangeSet, ProviderResourceGroupRoles), ApiError> {
    let (parties, group) = path.parse()?;
    authorize(context, "update", &format!("{}:tenancy.{}", parties.tenant, parties.full_service()))?;
    let roles = role_actions(body.roles);
    let says = [body.domain, body.service, body.tenant, body.resource_group];
    if roles.is_empty() || !path.is_said_by(says) {
        return Err(ApiError::bad_request("Invalid provider resource group role object"));
    }
    parties.check_different()?;
    let tenant = context.domain(&parties.tenant)?;
    audit::check_domain(context, AuditedKind::Tenancy, &parties.tenant)?;
    let mut wanted = Provision::default();
    if body.create_admin_role != Some(false) {
        want_tenant_admin(&parties, tenant, &mut wanted)?;
    }
    let joins = body.skip_principal_member != Some(true);
    want_tenant_group(context, &parties, &group, &roles, joins, &mut wanted)?;
    let mut parts = vec![(parties.tenant.clone(), Loudness::Loud, wanted.changes(context, tenant)?)];
    if parties.is_chained(context) {
        let mut wanted = Provision::default();
        want_provider_group(&parties, &group, &roles, &mut wanted)?;
        parts.extend(provider_part(context, &parties, wanted)?);
        parts.extend(dependency(context, &parties));
    }
    let answer = ProviderResourceGroupRoles {
        domain: Some(parties.provider.to_string()),
        service: Some(parties.service.to_string()),
        tenant: Some(parties.tenant.to_string()),
        roles: Some(answer(&roles)),
        resource_group: Some(group.to_string()),
        create_admin_role: body.create_admin_role,
        skip_principal_member: body.skip_principal_member,
    };
    Ok((change_set(parts), answer))
}

fn want_tenant_group(
    context: &Context<'_>,
    parties: &Parties,
    group: &EntityName,
    roles: &[(String, String)],
    joins: bool,
    wanted: &mut Provision,
) -> Result<(), ApiError> {
    let (here, there) = (parties.tenant_group_prefix(group), parties.provider_group_prefix(group));
    for (role, _) in roles {
        let name = format!("{here}{role}");
        let member = joins.then(|| member_name(context, &context.caller.name)).transpose()?;
        wanted.role(&name, member)?;
        let assumed = CollectionKind::Role.full_name(&parties.provider, &format!("{there}{role}"));
        let own = CollectionKind::Role.full_name(&parties.tenant, &name);
        wanted.grant(&format!("tenancy.{name}"), Grant::new(own, ASSUME_ROLE, assumed))?;
    }
    Ok(())
}

/// `DELETE …/provService/{provService}/resourceGroup/{resourceGroup}`: the tenant's side.
pub(crate) fn delete_provider_group(
    context: &Context<'_>,
    path: GroupPath<'_>,
) -> Result<ChangeSet, ApiError> {
    let (parties, group) = path.parse()?;
    authorize(context, "update", &format!("{}:tenancy.{}", parties.tenant, parties.full_service()))?;
    let tenant = context.domain(&parties.tenant)?;
    audit::check_domain(context, AuditedKind::Tenancy, &parties.tenant)?;
    let gone = without_tenancy(tenant, &parties.tenant_group_prefix(&group));
    let mut parts = vec![(parties.tenant.clone(), Loudness::Loud, gone)];
    if parties.is_chained(context) {
        parts.push(provider_group_gone(context, &parties, &group)?);
    }
    Ok(change_set(parts))
}

/// A resource group as the path of a call names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupPath<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) service: &'a str,
    pub(crate) group: &'a str,
}

impl GroupPath<'_> {
    fn parse(self) -> Result<(Parties, EntityName), ApiError> {
        Ok((Parties::parse(self.tenant, self.provider, self.service)?, entity_name(self.group)?))
    }

    /// Whether a body with domain, service, tenant and group says the same.
    fn is_said_by(self, given: [Option<String>; 4]) -> bool {
        let path = [self.provider, self.service, self.tenant, self.group];
        given
            .iter()
            .zip(path)
            .all(|(given, path)| given.as_deref().is_some_and(|given| given.eq_ignore_ascii_case(path)))
    }
}

/// The roles of a resource group at the provider, each with what it may do.
pub(crate) fn tenant_group(
    provider: &Domain,
    path: GroupPath<'_>,
) -> Result<Vec<TenantRoleAction>, ApiError> {
    let (parties, group) = path.parse()?;
    let prefix = parties.provider_group_prefix(&group);
    let delegated = provider.roles.iter().filter(|(name, held)| {
        is_one_below(name, &prefix) && held.attributes.trust.as_ref() == Some(&parties.tenant)
    });
    let row = |name: &EntityName| {
        let full = CollectionKind::Role.full_name(&provider.name, name);
        let policy = provider.policies.get(name).and_then(|held| held.active());
        let action = policy
            .and_then(|(_, held)| held.assertions.values().find(|assertion| assertion.role == full))
            .map(|assertion| assertion.action.clone());
        action.map(|action| (name.strip_prefix(&prefix).unwrap_or_default().to_owned(), action))
    };
    let found: Vec<(String, String)> = delegated.filter_map(|(name, _)| row(name)).collect();
    Ok(answer(&found))
}

/// The roles of a resource group at the tenant; what they may do only the provider knows.
pub(crate) fn provider_group(
    tenant: &Domain,
    path: GroupPath<'_>,
) -> Result<Vec<TenantRoleAction>, ApiError> {
    let (parties, group) = path.parse()?;
    let prefix = parties.tenant_group_prefix(&group);
    let roles = tenant.roles.keys().filter(|name| is_one_below(name, &prefix));
    let short = |name: &EntityName| name.strip_prefix(&prefix).unwrap_or_default().to_owned();
    let found: Vec<(String, String)> = roles.map(|name| (short(name), "n/a".to_owned())).collect();
    Ok(answer(&found))
}
