//! Attributes of domains, roles and groups. Unset is the default value of each field, as in
//! Athenz's own store: 0, false, the empty text; rows and log entries hold only what is set.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether a field is unset.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a struct of which every field may be unset and is then not written.
macro_rules! attributes {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* pub $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$field_doc])* #[serde(skip_serializing_if = "crate::attributes::is_default")] pub $field: $ty,)*
        }
    )*};
}
pub(crate) use attributes;

attributes! {
    /// Who owns the components of an object managed by infrastructure-as-code tools
    /// (`Athenz-Resource-Owner`); each kind of object uses those it has.
    pub struct Ownership {
        /// Owner of the object as a whole.
        pub object: String,
        /// Owner of its attributes (domain, role, group).
        pub meta: String,
        /// Owner of its members (role, group).
        pub members: String,
        /// Owner of its assertions (policy).
        pub assertions: String,
        /// Owner of its public keys (service).
        pub public_keys: String,
        /// Owner of its hosts (service).
        pub hosts: String,
    }

    /// Attributes of a domain.
    pub struct DomainAttributes {
        /// UUID given at creation.
        pub id: String,
        /// When the domain was made.
        pub created: Timestamp,
        /// Last change of anything in the domain; set by applying.
        pub modified: Timestamp,
        /// Free text.
        pub description: String,
        /// Organisation: selects audit approvers.
        pub org: String,
        /// Every authorization in a disabled domain fails.
        pub disabled: bool,
        /// Who disabled it.
        pub disabled_by: String,
        /// Whether that was a right of the domain itself and not of the system.
        pub disabled_by_domain: bool,
        /// Roles and groups may be audit-enabled; changes need an audit reference.
        pub audit_enabled: bool,
        /// Comma list of AWS accounts.
        pub account: String,
        /// Display names of the AWS accounts.
        pub aws_account_name: String,
        /// Azure subscription.
        pub azure_subscription: String,
        /// Azure tenant.
        pub azure_tenant: String,
        /// Azure client.
        pub azure_client: String,
        /// GCP project.
        pub gcp_project: String,
        /// GCP project number.
        pub gcp_project_number: String,
        /// Numeric product id.
        pub ypm_id: i32,
        /// Textual product id.
        pub product_id: String,
        /// Informational.
        pub application_id: String,
        /// DNS suffix allowed in service certificates.
        pub cert_dns_domain: String,
        /// Default expiry of users as members, days.
        pub member_expiry_days: i32,
        /// Default expiry of services as members, days.
        pub service_expiry_days: i32,
        /// Default expiry of groups as members, days.
        pub group_expiry_days: i32,
        /// Days after which expired members are purged; negative is never.
        pub member_purge_expiry_days: i32,
        /// Longest life of tokens, minutes.
        pub token_expiry_mins: i32,
        /// Longest life of service certificates, minutes.
        pub service_cert_expiry_mins: i32,
        /// Longest life of role certificates, minutes.
        pub role_cert_expiry_mins: i32,
        /// `rsa` or `ec`: key type for tokens of the domain.
        pub sign_algorithm: String,
        /// Keywords every human member must satisfy.
        pub user_authority_filter: String,
        /// Validated by the deployment's metadata.
        pub business_service: String,
        /// Contact type to user.
        pub contacts: BTreeMap<String, String>,
        /// One of the configured environments.
        pub environment: String,
        /// Notification target.
        pub slack_channel: String,
        /// Notification target.
        pub on_call: String,
        /// Which authority key signs X.509 certificates of the domain.
        pub x509_cert_signer_key_id: String,
        /// Which authority key signs SSH certificates of the domain.
        pub ssh_cert_signer_key_id: String,
        /// 1: underscores in service names; 2: no boot-time check of instances.
        pub feature_flags: i32,
        /// Trust roles take their tenants' assume_role assertions with them.
        pub auto_delete_tenant_assume_role_assertions: bool,
        /// Services may set their own client id.
        pub client_id_self_update: bool,
        /// Validator of external members.
        pub external_member_validator: String,
        /// Informational.
        pub cost_center: String,
        /// Tags by key.
        pub tags: BTreeMap<String, Vec<String>>,
        /// Infrastructure-as-code owners.
        pub owner: Ownership,
    }

    /// Settings of a role or group. Those that only roles have stay unset on groups.
    pub struct CollectionSettings {
        /// Anyone may request membership.
        pub self_serve: bool,
        /// Additions by an administrator need another one's approval.
        pub review_enabled: bool,
        /// Additions are approved by audit administrators.
        pub audit_enabled: bool,
        /// Removals need approval too.
        pub delete_protection: bool,
        /// Members may extend themselves.
        pub self_renew: bool,
        /// By how much, minutes.
        pub self_renew_mins: i32,
        /// Most members; 0 is no limit.
        pub max_members: i32,
        /// Expiry of users as members, days.
        pub member_expiry_days: i32,
        /// Expiry of services as members, days.
        pub service_expiry_days: i32,
        /// Expiry of groups as members, days.
        pub group_expiry_days: i32,
        /// Review reminder of users, days.
        pub member_review_days: i32,
        /// Review reminder of services, days.
        pub service_review_days: i32,
        /// Review reminder of groups, days.
        pub group_review_days: i32,
        /// Longest life of tokens for the role, minutes.
        pub token_expiry_mins: i32,
        /// Longest life of role certificates, minutes.
        pub cert_expiry_mins: i32,
        /// `rsa` or `ec`.
        pub sign_algorithm: String,
        /// Roles whose members hear of pending requests.
        pub notify_roles: String,
        /// Text added to those notices.
        pub notify_details: String,
        /// Keywords every human member must satisfy.
        pub user_authority_filter: String,
        /// Date attribute of the user that bounds a membership.
        pub user_authority_expiration: String,
        /// Which domains members may come from.
        pub principal_domain_filter: String,
        /// Free text.
        pub description: String,
        /// When the members were last reviewed.
        pub last_reviewed: Option<Timestamp>,
        /// Tags by key.
        pub tags: BTreeMap<String, Vec<String>>,
        /// Infrastructure-as-code owners.
        pub owner: Ownership,
    }
}

/// Limits of one domain; a row replaces all defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each field is the limit it names")]
pub struct Quota {
    pub modified: Timestamp,
    pub subdomain: i32,
    pub role: i32,
    pub role_member: i32,
    pub policy: i32,
    pub assertion: i32,
    pub entity: i32,
    pub service: i32,
    pub service_host: i32,
    pub public_key: i32,
    pub group: i32,
    pub group_member: i32,
}
