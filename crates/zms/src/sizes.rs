//! How long texts may be. The limits are those of Athenz's columns, in characters; they are
//! checked on what a command decided, so that no call can forget one.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_world::{Change, ChangeSet, CollectionSettings, DomainAttributes, Service};

/// Names, principals, hosts, assertion roles and resources.
const NAME: usize = 512;
/// Short values.
const SHORT: usize = 64;
/// Medium values.
const MEDIUM: usize = 128;
/// Long values.
const LONG: usize = 256;
/// Descriptions.
const DESCRIPTION: usize = 4096;
/// A public key.
const PUBLIC_KEY: usize = 64 * 1024;
/// An entity.
const ENTITY: usize = 16 * 1024 * 1024;

/// Checks every text that would be stored.
///
/// # Errors
/// 400: one is too long, or holds a NUL.
pub(crate) fn check(changes: &ChangeSet) -> Result<(), ApiError> {
    for part in &changes.parts {
        fits(&part.domain, NAME)?;
        for change in &part.changes {
            check_change(change)?;
        }
    }
    Ok(())
}

fn fits(text: &str, most: usize) -> Result<(), ApiError> {
    if text.contains('\0') {
        return Err(ApiError::bad_request("Schema violation - text contains a NUL character"));
    }
    if text.len() > most && text.chars().count() > most {
        return Err(ApiError::bad_request("Schema violation - data too long"));
    }
    Ok(())
}

fn all_fit(texts: &[(&str, usize)]) -> Result<(), ApiError> {
    texts.iter().try_for_each(|(text, most)| fits(text, *most))
}

fn tags_fit(tags: &BTreeMap<String, Vec<String>>) -> Result<(), ApiError> {
    for (key, values) in tags {
        fits(key, SHORT)?;
        values.iter().try_for_each(|value| fits(value, LONG))?;
    }
    Ok(())
}

fn check_change(change: &Change) -> Result<(), ApiError> {
    match change {
        Change::PutDomain { attributes } => domain(attributes),
        Change::PutCollection { name, attributes, .. } => {
            fits(name, NAME)?;
            settings(&attributes.settings)
        }
        Change::PutMember { member, .. } => {
            all_fit(&[(&member.name, NAME), (&member.requester, NAME), (&member.audit_reference, NAME)])
        }
        Change::PutPending { pending, .. } => {
            all_fit(&[(&pending.name, NAME), (&pending.requester, NAME), (&pending.audit_reference, NAME)])
        }
        Change::PutPolicyVersion { policy, version, attributes } => {
            all_fit(&[(policy, NAME), (version, 32), (&attributes.description, DESCRIPTION)])?;
            tags_fit(&attributes.tags)
        }
        Change::PutAssertion { assertion, .. } => {
            all_fit(&[(&assertion.role, NAME), (&assertion.resource, NAME), (&assertion.action, MEDIUM)])?;
            let mut keys = assertion.conditions.iter().flat_map(|condition| &condition.keys);
            keys.try_for_each(|(key, value)| all_fit(&[(key, SHORT), (&value.value, 2048)]))
        }
        Change::PutService { name, service: held } => {
            fits(name, NAME)?;
            service(held)
        }
        Change::PutEntity { name, value } => all_fit(&[(name, LONG), (&value.0, ENTITY)]),
        Change::PutTemplate { template, .. } => fits(template, SHORT),
        Change::PutDependency { service } => fits(service, NAME),
        _ => Ok(()),
    }
}

fn domain(held: &DomainAttributes) -> Result<(), ApiError> {
    all_fit(&[
        (&held.description, DESCRIPTION),
        (&held.org, 1024),
        (&held.account, NAME),
        (&held.aws_account_name, 2048),
        (&held.azure_subscription, MEDIUM),
        (&held.azure_tenant, MEDIUM),
        (&held.azure_client, MEDIUM),
        (&held.gcp_project, MEDIUM),
        (&held.gcp_project_number, SHORT),
        (&held.product_id, MEDIUM),
        (&held.application_id, MEDIUM),
        (&held.cert_dns_domain, LONG),
        (&held.sign_algorithm, SHORT),
        (&held.user_authority_filter, NAME),
        (&held.business_service, LONG),
        (&held.environment, 32),
        (&held.slack_channel, 80),
        (&held.on_call, MEDIUM),
        (&held.x509_cert_signer_key_id, SHORT),
        (&held.ssh_cert_signer_key_id, SHORT),
        (&held.external_member_validator, LONG),
        (&held.cost_center, SHORT),
    ])?;
    for (kind, user) in &held.contacts {
        all_fit(&[(kind, SHORT), (user, NAME)])?;
    }
    tags_fit(&held.tags)
}

fn settings(held: &CollectionSettings) -> Result<(), ApiError> {
    all_fit(&[
        (&held.sign_algorithm, SHORT),
        (&held.notify_roles, NAME),
        (&held.notify_details, NAME),
        (&held.user_authority_filter, NAME),
        (&held.user_authority_expiration, SHORT),
        (&held.principal_domain_filter, 1024),
        (&held.description, DESCRIPTION),
    ])?;
    tags_fit(&held.tags)
}

fn service(held: &Service) -> Result<(), ApiError> {
    all_fit(&[
        (&held.description, DESCRIPTION),
        (&held.executable, LONG),
        (&held.user, LONG),
        (&held.group, LONG),
        (&held.provider_endpoint, NAME),
        (&held.x509_cert_signer_key_id, SHORT),
        (&held.ssh_cert_signer_key_id, SHORT),
        (&held.client_id, LONG),
        (&held.creds, LONG),
    ])?;
    for (id, key) in &held.public_keys {
        all_fit(&[(id, MEDIUM), (key, PUBLIC_KEY)])?;
    }
    held.hosts.iter().try_for_each(|host| fits(host, NAME))?;
    tags_fit(&held.tags)
}
