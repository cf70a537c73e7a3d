//! System attributes: what only system administrators set on domains, roles, groups and services.

use athenz_model::ApiError;
use athenz_model::wire::zms::{DomainMeta, GroupSystemMeta, RoleSystemMeta, ServiceIdentitySystemMeta};
use athenz_world::{Change, ChangeSet, CollectionKind, CollectionSettings, DomainAttributes};

use super::domain_meta;
use crate::access::{authorize, caller_may, caller_may_even_disabled, has_system_right};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::values::{domain_name, entity_name, no_user_authority, simple_name};

/// `PUT /domain/{name}/meta/system/{attribute}`.
pub(crate) fn put_domain_system_meta(
    context: &Context<'_>,
    name: &str,
    attribute: &str,
    mut meta: DomainMeta,
) -> Result<ChangeSet, ApiError> {
    let name = domain_name(name)?;
    let attribute = simple_name(attribute)?;
    domain_meta::check_numbers(&meta)?;
    domain_meta::check_compound_names(&meta)?;
    domain_meta::check_contact_types(context, &meta)?;
    domain_meta::check_environment(context, meta.environment.as_deref())?;
    let right = format!("sys.auth:meta.domain.{attribute}.{name}");
    let by_system = has_system_right(context, "update", &right);
    let by_domain =
        &*attribute == "enabled" && caller_may_even_disabled(context, &name, "update", &format!("{name}:"));
    if !by_system && !by_domain {
        return Err(ApiError::forbidden(format!(
            "unauthorized to update system meta attribute: {attribute}"
        )));
    }
    let domain = context.domain(&name)?;
    check_who_enables(context, &domain.attributes, by_system, &attribute, &meta)?;
    let may_reset = has_system_right(context, "delete", &right);
    if &*attribute == "productid" {
        check_product_id(context, &name, &meta)?;
    }
    if &*attribute != "modified" {
        // whatever attribute is set
        no_user_authority(meta.user_authority_filter.as_deref(), None)?;
        audit::check_domain(context, AuditedKind::Domain, &name)?;
    }
    let mut stored = (*domain.attributes).clone();
    if &*attribute != "modified" {
        domain_meta::with_contacts_and_tags(context, &mut meta, &mut stored)?;
    }
    let enabled = meta.enabled != Some(false);
    let mut attributes = applied(&stored, &attribute, meta, may_reset)?;
    if &*attribute == "enabled" {
        set_enabled(context, &mut attributes, enabled, by_system);
    }
    domain_meta::check_unique(context, &name, &attributes)?;
    Ok(ChangeSet::loud(name, vec![Change::PutDomain { attributes: Box::new(attributes) }]))
}

/// Who may disable a domain may enable it again; a domain's own administrators do not undo what
/// a system administrator did. While a domain is disabled its own rights are void.
fn check_who_enables(
    context: &Context<'_>,
    stored: &DomainAttributes,
    by_system: bool,
    attribute: &str,
    meta: &DomainMeta,
) -> Result<(), ApiError> {
    let enables = attribute == "enabled" && stored.disabled && meta.enabled != Some(false);
    if enables && !by_system && stored.disabled_by != context.caller.name && !stored.disabled_by_domain {
        return Err(ApiError::forbidden(format!(
            "unauthorized to update system meta attribute: {attribute}"
        )));
    }
    Ok(())
}

fn check_product_id(context: &Context<'_>, name: &str, meta: &DomainMeta) -> Result<(), ApiError> {
    let absent =
        meta.ypm_id.unwrap_or_default() == 0 && meta.product_id.as_deref().unwrap_or_default().is_empty();
    if context.rules.config.product_id_support && absent && !name.contains('.') {
        return Err(ApiError::bad_request("Unique Product Id must be specified for top level domain"));
    }
    Ok(())
}

/// A stored value that would change, and may not without the right to delete it.
fn resets(stored: &str, new: &str) -> bool {
    !stored.is_empty() && stored != new
}

fn applied(
    stored: &DomainAttributes,
    attribute: &str,
    meta: DomainMeta,
    may_reset: bool,
) -> Result<DomainAttributes, ApiError> {
    let mut new = stored.clone();
    let mut reset = false;
    let mut set = |place: &mut String, value: Option<String>| {
        let value = value.unwrap_or_default();
        reset |= resets(place, &value);
        *place = value;
    };
    match attribute {
        "account" => {
            let account = domain_meta::accounts(meta.account.as_deref())?;
            reset = !stored.account.is_empty() && !domain_meta::same_accounts(&stored.account, &account);
            // the name goes with the account, and stays with one
            if account.is_empty() {
                new.aws_account_name.clear();
            } else if let Some(name) = meta.aws_account_name.filter(|name| !name.is_empty()) {
                new.aws_account_name = name;
            }
            new.account = account;
        }
        "azuresubscription" => {
            domain_meta::all_or_none(
                [&meta.azure_subscription, &meta.azure_tenant, &meta.azure_client],
                "invalid azure details for domain, all of subscription, tenant and client must be specified",
            )?;
            set(&mut new.azure_subscription, meta.azure_subscription);
            new.azure_tenant = meta.azure_tenant.unwrap_or_default();
            new.azure_client = meta.azure_client.unwrap_or_default();
        }
        "gcpproject" => {
            domain_meta::all_or_none(
                [&meta.gcp_project, &meta.gcp_project_number],
                "invalid gcp project details for domain, both id and number must be specified",
            )?;
            set(&mut new.gcp_project, meta.gcp_project);
            new.gcp_project_number = meta.gcp_project_number.unwrap_or_default();
        }
        "productid" => {
            set(&mut new.product_id, meta.product_id);
            let ypm_id = meta.ypm_id.unwrap_or_default();
            reset |= stored.ypm_id != 0 && stored.ypm_id != ypm_id;
            new.ypm_id = ypm_id;
        }
        "certdnsdomain" => {
            set(&mut new.cert_dns_domain, meta.cert_dns_domain.map(|text| text.to_lowercase()))
        }
        "org" => set(&mut new.org, meta.org.map(|text| text.to_lowercase())),
        "x509certsignerkeyid" => set(&mut new.x509_cert_signer_key_id, meta.x509_cert_signer_key_id),
        "sshcertsignerkeyid" => set(&mut new.ssh_cert_signer_key_id, meta.ssh_cert_signer_key_id),
        "externalmembervalidator" => set(&mut new.external_member_validator, meta.external_member_validator),
        "costcenter" => set(&mut new.cost_center, meta.cost_center),
        "auditenabled" => new.audit_enabled = meta.audit_enabled.unwrap_or_default(),
        "userauthorityfilter" => new.user_authority_filter = meta.user_authority_filter.unwrap_or_default(),
        "businessservice" => new.business_service = meta.business_service.unwrap_or_default(),
        "featureflags" => new.feature_flags = meta.feature_flags.unwrap_or_default(),
        // time alone, or set by whoever knows by which right
        "modified" | "enabled" => {}
        _ => return Err(ApiError::bad_request(format!("unknown system meta attribute: {attribute}"))),
    }
    if reset && !may_reset {
        return Err(ApiError::forbidden(format!("unauthorized to reset system meta attribute: {attribute}")));
    }
    Ok(new)
}

/// A system right disables over what the domain's own administrators did, so that they cannot undo
/// it; their disabling leaves a system administrator's as it is.
fn set_enabled(context: &Context<'_>, new: &mut DomainAttributes, enabled: bool, by_system: bool) {
    if enabled {
        new.disabled = false;
        new.disabled_by.clear();
        new.disabled_by_domain = false;
    } else if !new.disabled || (by_system && new.disabled_by_domain) {
        new.disabled = true;
        new.disabled_by.clone_from(&context.caller.name);
        new.disabled_by_domain = !by_system;
    }
}

/// `PUT …/role/{name}/meta/system/{attribute}`.
pub(crate) fn put_role_system_meta(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    attribute: &str,
    meta: RoleSystemMeta,
) -> Result<ChangeSet, ApiError> {
    put_audit_enabled(
        context,
        CollectionKind::Role,
        domain,
        name,
        attribute,
        meta.audit_enabled.unwrap_or_default(),
    )
}

/// `PUT …/group/{name}/meta/system/{attribute}`.
pub(crate) fn put_group_system_meta(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    attribute: &str,
    meta: GroupSystemMeta,
) -> Result<ChangeSet, ApiError> {
    put_audit_enabled(
        context,
        CollectionKind::Group,
        domain,
        name,
        attribute,
        meta.audit_enabled.unwrap_or_default(),
    )
}

fn put_audit_enabled(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    attribute: &str,
    audit_enabled: bool,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let name = entity_name(name)?;
    let attribute = simple_name(attribute)?;
    let (call, noun) = (context.call(), kind.as_str());
    authorize(context, "update", &format!("sys.auth:meta.{noun}.{attribute}.{domain}"))?;
    let Some(found) = context.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("{call}: Unknown domain: {domain}")));
    };
    audit::check_domain(context, kind.into(), &domain)?;
    if !found.attributes.audit_enabled {
        let text = format!("auditEnabled flag not set for domain: {domain} to add it on the {noun}: {name}");
        return Err(ApiError::bad_request(match kind {
            CollectionKind::Role => format!("{call}: {text}"),
            CollectionKind::Group => text,
        }));
    }
    let Some(held) = found.collection(kind, &name) else {
        let full = kind.full_name(&domain, &name);
        return Err(ApiError::not_found(format!("{call}: Unknown {noun}: {full}")));
    };
    if &*attribute != "auditenabled" {
        return Err(ApiError::bad_request(format!("unknown {noun} system meta attribute: {attribute}")));
    }
    if audit_enabled {
        check_groups_are_audited(context, held)?;
    }
    let settings = CollectionSettings { audit_enabled, ..without_what_the_flag_drops(kind, held.settings()) };
    let mut attributes = held.attributes.clone().with_settings(settings);
    attributes.modified = context.stamp;
    Ok(ChangeSet::loud(domain, vec![Change::PutCollection { kind, name, attributes }]))
}

/// As recorded: the call writes the object anew and leaves some of its attributes out.
fn without_what_the_flag_drops(kind: CollectionKind, held: &CollectionSettings) -> CollectionSettings {
    let mut settings = held.clone();
    settings.principal_domain_filter.clear();
    if kind == CollectionKind::Role {
        settings.description.clear();
        settings.user_authority_filter.clear();
        settings.user_authority_expiration.clear();
    }
    settings
}

fn check_groups_are_audited(context: &Context<'_>, held: &athenz_world::Collection) -> Result<(), ApiError> {
    for member in held.members.iter() {
        let name = context.world.name_of(member.principal);
        let Some((CollectionKind::Group, domain, group)) = athenz_world::collection::parse_full_name(&name)
        else {
            continue;
        };
        match context.world.collection(CollectionKind::Group, domain, &group) {
            None => return Err(ApiError::bad_request(format!("role has invalid group member: {name}"))),
            Some(found) if !found.settings().audit_enabled => {
                return Err(ApiError::bad_request(format!(
                    "role member: {name} must have audit flag enabled"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// `PUT …/service/{name}/meta/system/{attribute}`.
pub(crate) fn put_service_system_meta(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    attribute: &str,
    meta: ServiceIdentitySystemMeta,
) -> Result<ChangeSet, ApiError> {
    let domain = domain_name(domain)?;
    let name = simple_name(name)?;
    let attribute = simple_name(attribute)?;
    let by_system =
        has_system_right(context, "update", &format!("sys.auth:meta.service.{attribute}.{domain}"));
    let by_itself =
        &*attribute == "clientid" && sets_own_client_id(context, &domain, &name, meta.client_id.as_deref());
    if !by_system && !by_itself {
        return Err(ApiError::forbidden(
            "putServiceIdentitySystemMeta: Unauthorized update for service system meta attribute",
        ));
    }
    let Some(found) = context.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("putservicesystemmeta: Unknown domain: {domain}")));
    };
    let Some(held) = found.services.get(&name) else {
        return Err(ApiError::not_found(format!("putservicesystemmeta: Unknown service: {name}")));
    };
    audit::check_domain(context, AuditedKind::Service, &domain)?;
    let mut service = (**held).clone();
    match &*attribute {
        "providerendpoint" => {
            let endpoint = meta.provider_endpoint.unwrap_or_default();
            super::services::check_endpoint(context, "putServiceIdentitySystemMeta", &endpoint)?;
            service.provider_endpoint = endpoint;
        }
        "x509certsignerkeyid" => {
            service.x509_cert_signer_key_id = meta.x509_cert_signer_key_id.unwrap_or_default()
        }
        "sshcertsignerkeyid" => {
            service.ssh_cert_signer_key_id = meta.ssh_cert_signer_key_id.unwrap_or_default()
        }
        "clientid" => service.client_id = meta.client_id.unwrap_or_default(),
        "featureflags" => service.feature_flags = meta.feature_flags.unwrap_or_default(),
        _ => {
            return Err(ApiError::bad_request(format!("unknown service system meta attribute: {attribute}")));
        }
    }
    service.modified = context.stamp;
    Ok(ChangeSet::loud(domain, vec![Change::PutService { name, service: Box::new(service) }]))
}

fn sets_own_client_id(context: &Context<'_>, domain: &str, name: &str, client_id: Option<&str>) -> bool {
    let allowed = context.rules.config.client_id_self_update
        && context.world.domain(domain).is_some_and(|found| found.attributes.client_id_self_update);
    let id = client_id.unwrap_or_default().to_lowercase();
    allowed
        && context.caller.name == format!("{domain}.{name}")
        && caller_may(context, domain, "update", &format!("{domain}:service.{name}.clientid.{id}"))
}
