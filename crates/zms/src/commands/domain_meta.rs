//! Attributes of domains: at creation and by `PUT /domain/{name}/meta`.

use std::collections::{BTreeMap, BTreeSet};

use athenz_model::ApiError;
use athenz_model::names::{DomainName, Grammar, PrincipalKind};
use athenz_model::wire::zms::DomainMeta;
use athenz_world::{Change, ChangeSet, DomainAttributes, Unique};

use super::expiry;
use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::ownership::{self, Component, Owned, OwnedObject};
use crate::values::{domain_name, no_user_authority, not_negative, tags};

/// Longest list of AWS accounts, characters.
const ACCOUNTS: usize = 512;

/// The attributes of a domain that is being made. `enabled` and what only its own system
/// attribute sets (cost center, external member validator) are not looked at, nor are tags.
pub(crate) fn attributes_of_new(
    context: &Context<'_>,
    meta: DomainMeta,
) -> Result<DomainAttributes, ApiError> {
    check_numbers(&meta)?;
    check_compound_names(&meta)?;
    for (value, of) in [
        (&meta.azure_subscription, "CompoundName"),
        (&meta.azure_tenant, "CompoundName"),
        (&meta.azure_client, "CompoundName"),
        (&meta.gcp_project, "CompoundName"),
        (&meta.gcp_project_number, "CompoundName"),
    ] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            check_grammar(value, Grammar::CompoundName, of)?;
        }
    }
    if let Some(filter) = meta.user_authority_filter.as_deref().filter(|filter| !filter.is_empty()) {
        check_grammar(filter, Grammar::AuthorityKeywords, "AuthorityKeywords")?;
    }
    no_user_authority(meta.user_authority_filter.as_deref(), None)?;
    let account = accounts(meta.account.as_deref())?;
    all_or_none(
        [&meta.azure_subscription, &meta.azure_tenant, &meta.azure_client],
        "invalid azure details for domain, both subscription, tenant and client must be specified",
    )?;
    all_or_none(
        [&meta.gcp_project, &meta.gcp_project_number],
        "invalid gcp project details for domain, both id and number must be specified",
    )?;
    check_contact_types(context, &meta)?;
    let contacts = contacts(context, &BTreeMap::new(), meta.contacts)?.unwrap_or_default();
    check_environment(context, meta.environment.as_deref())?;
    Ok(DomainAttributes {
        description: meta.description.unwrap_or_default(),
        org: meta.org.unwrap_or_default().to_lowercase(),
        audit_enabled: meta.audit_enabled.unwrap_or_default(),
        account,
        aws_account_name: meta.aws_account_name.unwrap_or_default(),
        azure_subscription: meta.azure_subscription.unwrap_or_default(),
        azure_tenant: meta.azure_tenant.unwrap_or_default(),
        azure_client: meta.azure_client.unwrap_or_default(),
        gcp_project: meta.gcp_project.unwrap_or_default(),
        gcp_project_number: meta.gcp_project_number.unwrap_or_default(),
        ypm_id: meta.ypm_id.unwrap_or_default(),
        product_id: meta.product_id.unwrap_or_default(),
        application_id: meta.application_id.unwrap_or_default(),
        cert_dns_domain: meta.cert_dns_domain.unwrap_or_default(),
        member_expiry_days: meta.member_expiry_days.unwrap_or_default(),
        service_expiry_days: meta.service_expiry_days.unwrap_or_default(),
        group_expiry_days: meta.group_expiry_days.unwrap_or_default(),
        member_purge_expiry_days: meta.member_purge_expiry_days.unwrap_or_default(),
        token_expiry_mins: meta.token_expiry_mins.unwrap_or_default(),
        service_cert_expiry_mins: meta.service_cert_expiry_mins.unwrap_or_default(),
        role_cert_expiry_mins: meta.role_cert_expiry_mins.unwrap_or_default(),
        sign_algorithm: meta.sign_algorithm.unwrap_or_default().to_lowercase(),
        business_service: meta.business_service.unwrap_or_default(),
        environment: meta.environment.unwrap_or_default(),
        slack_channel: meta.slack_channel.unwrap_or_default(),
        on_call: meta.on_call.unwrap_or_default(),
        x509_cert_signer_key_id: meta.x509_cert_signer_key_id.unwrap_or_default(),
        ssh_cert_signer_key_id: meta.ssh_cert_signer_key_id.unwrap_or_default(),
        feature_flags: meta.feature_flags.unwrap_or_default(),
        auto_delete_tenant_assume_role_assertions: meta
            .auto_delete_tenant_assume_role_assertions
            .unwrap_or_default(),
        client_id_self_update: meta.client_id_self_update.unwrap_or_default(),
        contacts,
        ..DomainAttributes::default()
    })
}

pub(crate) fn check_numbers(meta: &DomainMeta) -> Result<(), ApiError> {
    not_negative(&[
        ("serviceCertExpiryMins", meta.service_cert_expiry_mins),
        ("memberExpiryDays", meta.member_expiry_days),
        ("roleCertExpiryMins", meta.role_cert_expiry_mins),
        ("serviceExpiryDays", meta.service_expiry_days),
        ("groupExpiryDays", meta.group_expiry_days),
        ("tokenExpiryMins", meta.token_expiry_mins),
        ("featureFlags", meta.feature_flags),
        ("ypmId", meta.ypm_id),
    ])
}

/// Names among the attributes, those included that a call does not take from the body.
///
/// # Errors
/// 400: one is none.
pub(crate) fn check_compound_names(meta: &DomainMeta) -> Result<(), ApiError> {
    for value in [&meta.application_id, &meta.x509_cert_signer_key_id, &meta.ssh_cert_signer_key_id] {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            check_grammar(value, Grammar::CompoundName, "CompoundName")?;
        }
    }
    accounts(meta.account.as_deref())?;
    Ok(())
}

pub(crate) fn check_environment(context: &Context<'_>, environment: Option<&str>) -> Result<(), ApiError> {
    let known = &context.rules.config.domain_environments;
    match environment.filter(|environment| !environment.is_empty()) {
        Some(environment) if !known.iter().any(|known| known == environment) => {
            Err(ApiError::bad_request("invalid environment for domain"))
        }
        _ => Ok(()),
    }
}

/// A comma list of AWS accounts: trimmed, each once.
pub(crate) fn accounts(given: Option<&str>) -> Result<String, ApiError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(String::new()) };
    if given.chars().count() > ACCOUNTS {
        return Err(ApiError::bad_request(format!("aws account value exceeds maximum length of {ACCOUNTS}")));
    }
    let mut accounts: Vec<&str> = Vec::new();
    for account in given.split(',').map(str::trim).filter(|account| !account.is_empty()) {
        check_grammar(account, Grammar::CompoundName, "CompoundName")?;
        if !accounts.contains(&account) {
            accounts.push(account);
        }
    }
    if accounts.is_empty() {
        return Err(ApiError::bad_request("aws account value must contain at least one account"));
    }
    Ok(accounts.join(","))
}

/// Whether two lists hold the same accounts, in whatever order.
pub(crate) fn same_accounts(one: &str, other: &str) -> bool {
    let set = |list: &str| list.split(',').map(str::to_owned).collect::<BTreeSet<_>>();
    set(one) == set(other)
}

/// Fields that are given together or not at all.
pub(crate) fn all_or_none<const N: usize>(
    fields: [&Option<String>; N],
    refusal: &str,
) -> Result<(), ApiError> {
    let given = fields.iter().filter(|field| field.as_deref().is_some_and(|text| !text.is_empty())).count();
    if given == 0 || given == N { Ok(()) } else { Err(ApiError::bad_request(refusal)) }
}

/// What is said of a request before its domain is looked at.
pub(crate) fn check_contact_types(context: &Context<'_>, meta: &DomainMeta) -> Result<(), ApiError> {
    let known = &context.rules.config.domain_contact_types;
    match meta.contacts.iter().flatten().find(|(kind, _)| !known.contains(kind)) {
        Some((kind, _)) => Err(ApiError::bad_request(format!("invalid domain contact type: {kind}"))),
        None => Ok(()),
    }
}

/// The contacts and tags of a request that are to be stored; each system attribute brings them along.
pub(crate) fn with_contacts_and_tags(
    context: &Context<'_>,
    meta: &mut DomainMeta,
    attributes: &mut DomainAttributes,
) -> Result<(), ApiError> {
    if let Some(contacts) = contacts(context, &attributes.contacts, meta.contacts.take())? {
        attributes.contacts = contacts;
    }
    if let Some(tags) = tags("domain", meta.tags.take())? {
        attributes.tags = tags;
    }
    Ok(())
}

/// The contacts of a request: the whole new set, or `None` to leave those that are stored.
fn contacts(
    context: &Context<'_>,
    stored: &BTreeMap<String, String>,
    given: Option<BTreeMap<String, String>>,
) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    for (kind, user) in &given {
        let new = !user.is_empty() && stored.get(kind) != Some(user);
        if new && context.users().kind(&user.to_ascii_lowercase()) != PrincipalKind::User {
            return Err(ApiError::bad_request(format!("invalid domain contact: {user}")));
        }
    }
    Ok(Some(given.into_iter().filter(|(_, user)| !user.is_empty()).collect()))
}

/// What only one domain may hold.
///
/// # Errors
/// 400: another domain holds it.
pub(crate) fn check_unique(
    context: &Context<'_>,
    name: &DomainName,
    attributes: &DomainAttributes,
) -> Result<(), ApiError> {
    let config = &context.rules.config;
    let mut wanted: Vec<(&str, String, Unique)> = Vec::new();
    if config.enforce_unique_product_ids {
        if attributes.ypm_id != 0 {
            wanted.push(("Product Id", attributes.ypm_id.to_string(), Unique::YpmId(attributes.ypm_id)));
        }
        wanted.push((
            "Product Id",
            attributes.product_id.clone(),
            Unique::ProductId(attributes.product_id.clone()),
        ));
    }
    if config.enforce_unique_aws_accounts && !config.allow_multiple_aws_accounts {
        for account in attributes.account.split(',') {
            wanted.push(("Account Id", account.to_owned(), Unique::Account(account.to_owned())));
        }
    }
    if config.enforce_unique_azure_subscriptions {
        let subscription = attributes.azure_subscription.clone();
        wanted.push(("Subscription Id", subscription.clone(), Unique::AzureSubscription(subscription)));
    }
    if config.enforce_unique_gcp_projects {
        wanted.push((
            "Project",
            attributes.gcp_project.clone(),
            Unique::GcpProject(attributes.gcp_project.clone()),
        ));
    }
    for (what, value, unique) in wanted.into_iter().filter(|(_, value, _)| !value.is_empty()) {
        if let Some(holder) = holder_but(context, name, &unique) {
            return Err(ApiError::bad_request(format!(
                "{what}: {value} is already assigned to domain: {holder}"
            )));
        }
    }
    Ok(())
}

/// Another domain that holds the value, in whatever case it is written there.
fn holder_but<'w>(context: &Context<'w>, name: &DomainName, unique: &Unique) -> Option<&'w DomainName> {
    let exact = context.world.holder(unique).filter(|holder| *holder != name);
    exact.or_else(|| {
        let holds = |held: &DomainAttributes| match unique {
            Unique::Account(value) => held.account.split(',').any(|held| held.eq_ignore_ascii_case(value)),
            Unique::AzureSubscription(value) => held.azure_subscription.eq_ignore_ascii_case(value),
            Unique::GcpProject(value) => held.gcp_project.eq_ignore_ascii_case(value),
            Unique::ProductId(value) => held.product_id.eq_ignore_ascii_case(value),
            Unique::YpmId(_) | Unique::DnsName(_) => false,
        };
        let mut others = context.world.domains().filter(|domain| domain.name != *name);
        others.find(|domain| holds(&domain.attributes)).map(|domain| &domain.name)
    })
}

/// `PUT /domain/{name}/meta`.
pub(crate) fn put_domain_meta(
    context: &Context<'_>,
    name: &str,
    mut meta: DomainMeta,
) -> Result<ChangeSet, ApiError> {
    let name = domain_name(name)?;
    authorize(context, "update", &format!("{name}:"))?;
    check_numbers(&meta)?;
    check_compound_names(&meta)?;
    check_contact_types(context, &meta)?;
    check_environment(context, meta.environment.as_deref())?;
    let domain = context.domain(&name)?;
    let object = OwnedObject { kind: Owned::Domain, name: &name, owner: &domain.attributes.owner };
    let owner = ownership::edit(context, object, Component::Meta)?;
    let stored = &domain.attributes;
    let mut attributes = (**stored).clone();
    with_contacts_and_tags(context, &mut meta, &mut attributes)?;
    audit::check_domain(context, AuditedKind::Domain, &name)?;
    attributes = applied(&attributes, meta);
    if let Some(owner) = owner {
        attributes.owner = owner;
    }
    let shortened = expiry::of_stricter_domain(context, domain, stored, &attributes);
    let mut changes = vec![Change::PutDomain { attributes: Box::new(attributes) }];
    changes.extend(shortened);
    Ok(ChangeSet::loud(name, changes))
}

/// The description and the application id are always replaced; numbers and texts where given;
/// the two switches always, since defaults were filled in.
fn applied(stored: &DomainAttributes, meta: DomainMeta) -> DomainAttributes {
    let number = |given: Option<i32>, stored: i32| given.unwrap_or(stored);
    let text = |given: Option<String>, stored: &String| given.unwrap_or_else(|| stored.clone());
    DomainAttributes {
        description: meta.description.unwrap_or_default(),
        application_id: meta.application_id.unwrap_or_default(),
        member_expiry_days: number(meta.member_expiry_days, stored.member_expiry_days),
        service_expiry_days: number(meta.service_expiry_days, stored.service_expiry_days),
        group_expiry_days: number(meta.group_expiry_days, stored.group_expiry_days),
        role_cert_expiry_mins: number(meta.role_cert_expiry_mins, stored.role_cert_expiry_mins),
        service_cert_expiry_mins: number(meta.service_cert_expiry_mins, stored.service_cert_expiry_mins),
        token_expiry_mins: number(meta.token_expiry_mins, stored.token_expiry_mins),
        member_purge_expiry_days: number(meta.member_purge_expiry_days, stored.member_purge_expiry_days),
        sign_algorithm: text(meta.sign_algorithm, &stored.sign_algorithm).to_lowercase(),
        business_service: text(meta.business_service, &stored.business_service),
        environment: text(meta.environment, &stored.environment),
        slack_channel: text(meta.slack_channel, &stored.slack_channel),
        on_call: text(meta.on_call, &stored.on_call),
        auto_delete_tenant_assume_role_assertions: meta
            .auto_delete_tenant_assume_role_assertions
            .unwrap_or_default(),
        client_id_self_update: meta.client_id_self_update.unwrap_or_default(),
        ..stored.clone()
    }
}
