//! Domains on the wire.

use athenz_model::wire::zms::{Domain, ResourceDomainOwnership};
use athenz_world::{DomainAttributes, Ownership};

use super::{number, tags, text};

/// A domain as `GET /domain/{domain}` gives it.
pub(crate) fn domain(name: &str, held: &DomainAttributes) -> Domain {
    Domain {
        description: text(&held.description),
        org: text(&held.org),
        enabled: Some(!held.disabled),
        audit_enabled: Some(held.audit_enabled),
        account: text(&held.account),
        aws_account_name: text(&held.aws_account_name),
        ypm_id: Some(held.ypm_id),
        application_id: text(&held.application_id),
        cert_dns_domain: text(&held.cert_dns_domain),
        member_expiry_days: number(held.member_expiry_days),
        token_expiry_mins: number(held.token_expiry_mins),
        service_cert_expiry_mins: number(held.service_cert_expiry_mins),
        role_cert_expiry_mins: number(held.role_cert_expiry_mins),
        sign_algorithm: text(&held.sign_algorithm),
        service_expiry_days: number(held.service_expiry_days),
        group_expiry_days: number(held.group_expiry_days),
        user_authority_filter: text(&held.user_authority_filter),
        azure_subscription: text(&held.azure_subscription),
        azure_tenant: text(&held.azure_tenant),
        azure_client: text(&held.azure_client),
        gcp_project: text(&held.gcp_project),
        gcp_project_number: text(&held.gcp_project_number),
        tags: tags(&held.tags),
        business_service: text(&held.business_service),
        member_purge_expiry_days: number(held.member_purge_expiry_days),
        product_id: text(&held.product_id),
        feature_flags: number(held.feature_flags),
        contacts: (!held.contacts.is_empty()).then(|| held.contacts.clone()),
        environment: text(&held.environment),
        resource_ownership: ownership(&held.owner),
        x509_cert_signer_key_id: text(&held.x509_cert_signer_key_id),
        ssh_cert_signer_key_id: text(&held.ssh_cert_signer_key_id),
        slack_channel: text(&held.slack_channel),
        on_call: text(&held.on_call),
        auto_delete_tenant_assume_role_assertions: Some(held.auto_delete_tenant_assume_role_assertions),
        client_id_self_update: Some(held.client_id_self_update),
        external_member_validator: text(&held.external_member_validator),
        cost_center: text(&held.cost_center),
        name: Some(name.to_owned()),
        modified: Some(held.modified),
        id: text(&held.id),
    }
}

/// The owners of a domain, where there are any.
pub(crate) fn ownership(owner: &Ownership) -> Option<ResourceDomainOwnership> {
    (*owner != Ownership::default())
        .then(|| ResourceDomainOwnership { meta_owner: text(&owner.meta), object_owner: text(&owner.object) })
}
