//! Deleting domains: their principals leave the memberships of other domains.

use athenz_model::ApiError;
use athenz_model::names::{DomainName, domain_of_principal};
use athenz_world::{Change, ChangeSet, CollectionKind, Domain};

use super::collections::check_group_unused;
use super::leaving::{self, Leavers};
use crate::access::{Asked, authorize, has_system_right, home_of, may};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::ownership::{self, Component};
use crate::values::{domain_name, simple_name};

/// `DELETE /domain/{name}`.
pub(crate) fn top_level(context: &Context<'_>, name: &str) -> Result<ChangeSet, ApiError> {
    let name = domain_name(name)?;
    authorize(context, "delete", "sys.auth:domain")?;
    delete(context, &name)
}

/// `DELETE /userdomain/{name}`.
pub(crate) fn user_domain(context: &Context<'_>, name: &str) -> Result<ChangeSet, ApiError> {
    let name = simple_name(name)?;
    authorize(context, "delete", &format!("user.{name}:domain"))?;
    let full =
        home_of(context, &name).ok_or_else(|| ApiError::not_found(format!("Domain not found: '{name}'")))?;
    delete(context, &full)
}

/// `DELETE /subdomain/{parent}/{name}`: by a right in the domain itself or in its parent.
pub(crate) fn sub_domain(context: &Context<'_>, parent: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let parent = domain_name(parent)?;
    let name = domain_name(name)?;
    let full = domain_name(&format!("{parent}.{name}"))?;
    let Some(found) = context.world.domain(&full) else {
        return Err(ApiError::not_found(format!("Domain not found: {full}")));
    };
    let caller = Asked::Caller(context.caller);
    let in_domain = may(context, found, caller, "delete", &format!("{full}:domain"), None);
    let above = context.world.domain(&parent);
    let in_parent = || {
        above.is_some_and(|above| may(context, above, caller, "delete", &format!("{parent}:domain"), None))
    };
    if !in_domain && (!in_parent() || is_held_by_the_system(context, found)) {
        return Err(ApiError::forbidden(format!("Principal is not authorized to delete domain: {full}")));
    }
    delete(context, &full)
}

/// Whether the system disabled a domain and the caller may not enable it: deleting it and making it
/// again would do that.
fn is_held_by_the_system(context: &Context<'_>, domain: &Domain) -> bool {
    let held = &domain.attributes;
    let right = format!("sys.auth:meta.domain.enabled.{}", domain.name);
    held.disabled && !held.disabled_by_domain && !has_system_right(context, "update", &right)
}

fn delete(context: &Context<'_>, name: &DomainName) -> Result<ChangeSet, ApiError> {
    if context.rules.reserved.contains(name) {
        return Err(ApiError::bad_request("Cannot delete reserved system domain"));
    }
    let below = context.world.subdomains(name).count();
    if below > 0 {
        let call = context.call();
        let text = format!("{call}: Cannot delete domain {name}: {below} subdomains of it exist");
        return Err(ApiError::bad_request(text));
    }
    let Some(domain) = context.world.domain(name) else {
        return Err(ApiError::not_found(format!("Domain not found: '{name}'")));
    };
    ownership::delete(context, &domain.attributes.owner, Component::Object)?;
    for group in domain.groups.keys() {
        check_group_unused(context, &CollectionKind::Group.full_name(name, group), Some(name))?;
    }
    if !domain.dependencies.is_empty() {
        let services = domain.dependencies.iter().cloned().collect::<Vec<_>>().join(", ");
        let text = format!("Remove domain '{name}' dependency from the following service(s):{services}");
        return Err(ApiError::forbidden(text));
    }
    check_attributes(context, domain)?;
    audit::check_domain(context, AuditedKind::Domain, name)?;
    let leavers = Leavers::registered(context, |principal| domain_of_principal(principal) == Some(&**name));
    let is_deleted = |other: &Domain| other.name == *name;
    leaving::check_administrators(context, &leavers, "a principal of the domain is", is_deleted)?;
    let gone = leaving::memberships(context, &leavers, is_deleted);
    let mut changes = ChangeSet::loud(name.clone(), vec![Change::DeleteDomain]);
    changes.principals.extend(leavers.forget());
    Ok(leaving::and_others(changes, gone))
}

fn check_attributes(context: &Context<'_>, domain: &Domain) -> Result<(), ApiError> {
    let held = &domain.attributes;
    for attribute in &context.rules.config.domain_delete_meta_attributes {
        let (what, value) = match attribute.as_str() {
            "account" => ("account", &held.account),
            "gcpproject" => ("gcp-project", &held.gcp_project),
            "azuresubscription" => ("azure-subscription", &held.azure_subscription),
            _ => continue,
        };
        if !value.is_empty() {
            return Err(ApiError::bad_request(format!("Domain has non-empty {what} attribute: {value}")));
        }
    }
    Ok(())
}
