// Written by `cargo xtask contract` from contract/*.json; do not edit.
//! The types of the ZMS contract.

use std::collections::BTreeMap;

use super::fields::{Struct, wire, wire_enum};
use crate::Timestamp;

wire_enum! {
    /// `AssertionConditionOperator` of `Policy.tdl`.
    AssertionConditionOperator {
        Equals = "EQUALS",
    }
    /// `AssertionEffect` of `Policy.tdl`.
    AssertionEffect {
        Allow = "ALLOW",
        Deny = "DENY",
    }
}

wire! {
    /// `Access` of `Access.rdli`.
    Access {
        granted: bool = "granted", Required, Any of "Bool", None;
    }
    /// `Assertion` of `Policy.tdl`.
    Assertion {
        role: String = "role", Required, Any of "String", None;
        resource: String = "resource", Required, Any of "String", None;
        action: String = "action", Required, Any of "String", None;
        effect: AssertionEffect = "effect", Optional, Any of "AssertionEffect", Some(AssertionEffect::Allow);
        id: i64 = "id", Optional, Any of "Int64", None;
        case_sensitive: bool = "caseSensitive", Optional, Any of "Bool", None;
        conditions: AssertionConditions = "conditions", Optional, Any of "AssertionConditions", None;
    }
    /// `AssertionCondition` of `Policy.tdl`.
    AssertionCondition {
        id: i32 = "id", Optional, Any of "Int32", None;
        conditions_map: BTreeMap<String, AssertionConditionData> = "conditionsMap", Required, AssertionConditionKey of "AssertionConditionKey", None;
    }
    /// `AssertionConditionData` of `Policy.tdl`.
    AssertionConditionData {
        operator: AssertionConditionOperator = "operator", Required, Any of "AssertionConditionOperator", None;
        value: String = "value", Required, AssertionConditionValue of "AssertionConditionValue", None;
    }
    /// `AssertionConditions` of `Policy.tdl`.
    AssertionConditions {
        conditions_list: Vec<AssertionCondition> = "conditionsList", Required, Any of "AssertionCondition", None;
    }
    /// `AuthHistory` of `Domain.rdli`.
    AuthHistory {
        uri_domain: String = "uriDomain", Optional, CompoundName of "DomainName", None;
        principal_domain: String = "principalDomain", Optional, CompoundName of "DomainName", None;
        principal_name: String = "principalName", Optional, SimpleName of "SimpleName", None;
        timestamp: Timestamp = "timestamp", Optional, Any of "Timestamp", None;
        endpoint: String = "endpoint", Optional, Any of "String", None;
        ttl: i64 = "ttl", Required, Any of "Int64", None;
    }
    /// `AuthHistoryDependencies` of `Domain.rdli`.
    AuthHistoryDependencies {
        incoming_dependencies: Vec<AuthHistory> = "incomingDependencies", Required, Any of "AuthHistory", None;
        outgoing_dependencies: Vec<AuthHistory> = "outgoingDependencies", Required, Any of "AuthHistory", None;
    }
    /// `CredsEntry` of `ServiceIdentity.tdl`.
    CredsEntry {
        value: String = "value", MayBeEmpty, Any of "String", None;
    }
    /// `DanglingPolicy` of `DomainDataCheck.rdli`.
    DanglingPolicy {
        policy_name: String = "policyName", Required, CompoundName of "EntityName", None;
        role_name: String = "roleName", Required, CompoundName of "EntityName", None;
    }
    /// `DefaultAdmins` of `Role.tdl`.
    DefaultAdmins {
        admins: Vec<String> = "admins", Required, ResourceName of "ResourceName", None;
    }
    /// `DependentService` of `Dependency.tdl`.
    DependentService {
        service: String = "service", Required, CompoundName of "ServiceName", None;
    }
    /// `DependentServiceResourceGroup` of `Dependency.tdl`.
    DependentServiceResourceGroup {
        service: String = "service", Required, CompoundName of "ServiceName", None;
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        resource_groups: Vec<String> = "resourceGroups", Optional, CompoundName of "EntityName", None;
    }
    /// `DependentServiceResourceGroupList` of `Dependency.tdl`.
    DependentServiceResourceGroupList {
        service_and_resource_groups: Vec<DependentServiceResourceGroup> = "serviceAndResourceGroups", Required, Any of "DependentServiceResourceGroup", None;
    }
    /// `Domain` of `Domain.tdl`.
    Domain {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, CompoundName of "DomainName", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        id: String = "id", Optional, Any of "UUID", None;
    }
    /// `DomainAttributes` of `Domain.tdl`.
    DomainAttributes {
        fetch_time: i64 = "fetchTime", Required, Any of "Int64", None;
    }
    /// `DomainData` of `SignedDomains.rdli`.
    DomainData {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, CompoundName of "DomainName", None;
        roles: Vec<Role> = "roles", Required, Any of "Role", None;
        policies: SignedPolicies = "policies", Required, Any of "SignedPolicies", None;
        services: Vec<ServiceIdentity> = "services", Required, Any of "ServiceIdentity", None;
        entities: Vec<Entity> = "entities", Required, Any of "Entity", None;
        groups: Vec<Group> = "groups", Required, Any of "Group", None;
        modified: Timestamp = "modified", Required, Any of "Timestamp", None;
    }
    /// `DomainDataCheck` of `DomainDataCheck.rdli`.
    DomainDataCheck {
        dangling_roles: Vec<String> = "danglingRoles", Optional, CompoundName of "EntityName", None;
        dangling_policies: Vec<DanglingPolicy> = "danglingPolicies", Optional, Any of "DanglingPolicy", None;
        policy_count: i32 = "policyCount", Required, Any of "Int32", None;
        assertion_count: i32 = "assertionCount", Required, Any of "Int32", None;
        role_wild_card_count: i32 = "roleWildCardCount", Required, Any of "Int32", None;
        providers_without_trust: Vec<String> = "providersWithoutTrust", Optional, CompoundName of "ServiceName", None;
        tenants_without_assume_role: Vec<String> = "tenantsWithoutAssumeRole", Optional, CompoundName of "DomainName", None;
    }
    /// `DomainGroupMember` of `Group.tdl`.
    DomainGroupMember {
        member_name: String = "memberName", Required, GroupMemberName of "GroupMemberName", None;
        member_groups: Vec<GroupMember> = "memberGroups", Required, Any of "GroupMember", None;
    }
    /// `DomainGroupMembers` of `Group.tdl`.
    DomainGroupMembers {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        members: Vec<DomainGroupMember> = "members", Required, Any of "DomainGroupMember", None;
    }
    /// `DomainGroupMembership` of `Group.tdl`.
    DomainGroupMembership {
        domain_group_members_list: Vec<DomainGroupMembers> = "domainGroupMembersList", Required, Any of "DomainGroupMembers", None;
    }
    /// `DomainList` of `Domain.tdl`.
    DomainList {
        names: Vec<String> = "names", Required, CompoundName of "DomainName", None;
        next: String = "next", Optional, Any of "String", None;
    }
    /// `DomainMeta` of `Domain.tdl`.
    DomainMeta {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
    }
    /// `DomainMetaList` of `Domain.tdl`.
    DomainMetaList {
        domains: Vec<Domain> = "domains", Required, Any of "Domain", None;
    }
    /// `DomainMetaStoreValidValuesList` of `Domain.rdli`.
    DomainMetaStoreValidValuesList {
        valid_values: Vec<String> = "validValues", Required, Any of "String", None;
    }
    /// `DomainOptions` of `Domain.tdl`.
    DomainOptions {
        enforce_unique_product_ids: bool = "enforceUniqueProductIds", Required, Any of "Bool", None;
        enforce_unique_aws_accounts: bool = "enforceUniqueAWSAccounts", Required, Any of "Bool", None;
        enforce_unique_azure_subscriptions: bool = "enforceUniqueAzureSubscriptions", Required, Any of "Bool", None;
        enforce_unique_gcp_projects: bool = "enforceUniqueGCPProjects", Required, Any of "Bool", None;
        allow_multiple_aws_accounts: bool = "allowMultipleAWSAccounts", Required, Any of "Bool", None;
    }
    /// `DomainPolicies` of `SignedDomains.rdli`.
    DomainPolicies {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        policies: Vec<Policy> = "policies", Required, Any of "Policy", None;
    }
    /// `DomainRoleMember` of `Role.tdl`.
    DomainRoleMember {
        member_name: String = "memberName", Required, MemberName of "MemberName", None;
        member_roles: Vec<MemberRole> = "memberRoles", Required, Any of "MemberRole", None;
    }
    /// `DomainRoleMembers` of `Role.tdl`.
    DomainRoleMembers {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        members: Vec<DomainRoleMember> = "members", Required, Any of "DomainRoleMember", None;
    }
    /// `DomainRoleMembership` of `DomainRoleMembership.tdl`.
    DomainRoleMembership {
        domain_role_members_list: Vec<DomainRoleMembers> = "domainRoleMembersList", Required, Any of "DomainRoleMembers", None;
    }
    /// `DomainTemplate` of `Template.tdl`.
    DomainTemplate {
        template_names: Vec<String> = "templateNames", Required, SimpleName of "SimpleName", None;
        params: Vec<TemplateParam> = "params", Optional, Any of "TemplateParam", None;
    }
    /// `DomainTemplateDetailsList` of `Template.tdl`.
    DomainTemplateDetailsList {
        meta_data: Vec<TemplateMetaData> = "metaData", Required, Any of "TemplateMetaData", None;
    }
    /// `DomainTemplateList` of `Template.tdl`.
    DomainTemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName of "SimpleName", None;
    }
    /// `Entity` of `Entity.tdl`.
    Entity {
        name: String = "name", Required, ResourceName of "ResourceName", None;
        value: Struct = "value", Required, Any of "Struct", None;
    }
    /// `EntityList` of `Entity.tdl`.
    EntityList {
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
    }
    /// `ExpiredMembers` of `Domain.rdli`.
    ExpiredMembers {
        expired_role_members: Vec<ExpiryMember> = "expiredRoleMembers", Required, Any of "ExpiryMember", None;
        expired_group_members: Vec<ExpiryMember> = "expiredGroupMembers", Required, Any of "ExpiryMember", None;
    }
    /// `ExpiryMember` of `Domain.rdli`.
    ExpiryMember {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        collection_name: String = "collectionName", Required, CompoundName of "EntityName", None;
        principal_name: String = "principalName", Required, ResourceName of "ResourceName", None;
        expiration: Timestamp = "expiration", Required, Any of "Timestamp", None;
    }
    /// `Group` of `Group.tdl`.
    Group {
        self_serve: bool = "selfServe", Optional, Any of "Bool", Some(false);
        review_enabled: bool = "reviewEnabled", Optional, Any of "Bool", Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any of "String", None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any of "String", None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any of "Bool", Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any of "Timestamp", None;
        self_renew: bool = "selfRenew", Optional, Any of "Bool", None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any of "Int32", None;
        max_members: i32 = "maxMembers", Optional, Any of "Int32", None;
        resource_ownership: ResourceGroupOwnership = "resourceOwnership", Optional, Any of "ResourceGroupOwnership", None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any of "String", None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, ResourceName of "ResourceName", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        group_members: Vec<GroupMember> = "groupMembers", Optional, Any of "GroupMember", None;
        audit_log: Vec<GroupAuditLog> = "auditLog", Optional, Any of "GroupAuditLog", None;
    }
    /// `GroupAuditLog` of `Group.tdl`.
    GroupAuditLog {
        member: String = "member", Required, GroupMemberName of "GroupMemberName", None;
        admin: String = "admin", Required, ResourceName of "ResourceName", None;
        created: Timestamp = "created", Required, Any of "Timestamp", None;
        action: String = "action", Required, Any of "String", None;
        audit_ref: String = "auditRef", Optional, Any of "String", None;
    }
    /// `GroupMember` of `Group.tdl`.
    GroupMember {
        member_name: String = "memberName", Optional, GroupMemberName of "GroupMemberName", None;
        group_name: String = "groupName", Optional, ResourceName of "ResourceName", None;
        domain_name: String = "domainName", Optional, CompoundName of "DomainName", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
        active: bool = "active", Optional, Any of "Bool", Some(true);
        approved: bool = "approved", Optional, Any of "Bool", Some(true);
        audit_ref: String = "auditRef", Optional, Any of "String", None;
        request_time: Timestamp = "requestTime", Optional, Any of "Timestamp", None;
        last_notified_time: Timestamp = "lastNotifiedTime", Optional, Any of "Timestamp", None;
        request_principal: String = "requestPrincipal", Optional, ResourceName of "ResourceName", None;
        review_last_notified_time: Timestamp = "reviewLastNotifiedTime", Optional, Any of "Timestamp", None;
        system_disabled: i32 = "systemDisabled", Optional, Any of "Int32", None;
        principal_type: i32 = "principalType", Optional, Any of "Int32", None;
        pending_state: String = "pendingState", Optional, Any of "String", None;
        notify_roles: String = "notifyRoles", Optional, Any of "String", None;
        notify_details: String = "notifyDetails", Optional, Any of "String", None;
    }
    /// `GroupMembership` of `Group.tdl`.
    GroupMembership {
        member_name: String = "memberName", Required, GroupMemberName of "GroupMemberName", None;
        is_member: bool = "isMember", Optional, Any of "Bool", Some(true);
        group_name: String = "groupName", Optional, ResourceName of "ResourceName", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
        active: bool = "active", Optional, Any of "Bool", Some(true);
        approved: bool = "approved", Optional, Any of "Bool", Some(true);
        audit_ref: String = "auditRef", Optional, Any of "String", None;
        request_principal: String = "requestPrincipal", Optional, ResourceName of "ResourceName", None;
        system_disabled: i32 = "systemDisabled", Optional, Any of "Int32", None;
        pending_state: String = "pendingState", Optional, Any of "String", None;
    }
    /// `GroupMeta` of `Group.tdl`.
    GroupMeta {
        self_serve: bool = "selfServe", Optional, Any of "Bool", Some(false);
        review_enabled: bool = "reviewEnabled", Optional, Any of "Bool", Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any of "String", None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any of "String", None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any of "Bool", Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any of "Timestamp", None;
        self_renew: bool = "selfRenew", Optional, Any of "Bool", None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any of "Int32", None;
        max_members: i32 = "maxMembers", Optional, Any of "Int32", None;
        resource_ownership: ResourceGroupOwnership = "resourceOwnership", Optional, Any of "ResourceGroupOwnership", None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any of "String", None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any of "String", None;
    }
    /// `GroupSystemMeta` of `Group.tdl`.
    GroupSystemMeta {
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
    }
    /// `Groups` of `Group.tdl`.
    Groups {
        list: Vec<Group> = "list", Required, Any of "Group", None;
    }
    /// `Info` of `Info.rdli`.
    Info {
        build_jdk_spec: String = "buildJdkSpec", Optional, Any of "String", None;
        implementation_title: String = "implementationTitle", Optional, Any of "String", None;
        implementation_version: String = "implementationVersion", Optional, Any of "String", None;
        implementation_vendor: String = "implementationVendor", Optional, Any of "String", None;
    }
    /// `JWSDomain` of `SignedDomains.rdli`.
    JWSDomain {
        payload: String = "payload", Required, Any of "String", None;
        protected: String = "protected", Required, Any of "String", None;
        header: BTreeMap<String, String> = "header", Required, Any of "String", None;
        signature: String = "signature", Required, Any of "String", None;
    }
    /// `MemberRole` of `Role.tdl`.
    MemberRole {
        role_name: String = "roleName", Required, ResourceName of "ResourceName", None;
        domain_name: String = "domainName", Optional, CompoundName of "DomainName", None;
        member_name: String = "memberName", Optional, MemberName of "MemberName", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any of "Timestamp", None;
        active: bool = "active", Optional, Any of "Bool", Some(true);
        audit_ref: String = "auditRef", Optional, Any of "String", None;
        request_principal: String = "requestPrincipal", Optional, CompoundName of "EntityName", None;
        request_time: Timestamp = "requestTime", Optional, Any of "Timestamp", None;
        system_disabled: i32 = "systemDisabled", Optional, Any of "Int32", None;
        pending_state: String = "pendingState", Optional, Any of "String", None;
        trust_role_name: String = "trustRoleName", Optional, ResourceName of "ResourceName", None;
        notify_roles: String = "notifyRoles", Optional, Any of "String", None;
        notify_details: String = "notifyDetails", Optional, Any of "String", None;
    }
    /// `Membership` of `Role.tdl`.
    Membership {
        member_name: String = "memberName", Required, MemberName of "MemberName", None;
        is_member: bool = "isMember", Optional, Any of "Bool", Some(true);
        role_name: String = "roleName", Optional, ResourceName of "ResourceName", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any of "Timestamp", None;
        active: bool = "active", Optional, Any of "Bool", Some(true);
        approved: bool = "approved", Optional, Any of "Bool", Some(true);
        audit_ref: String = "auditRef", Optional, Any of "String", None;
        request_principal: String = "requestPrincipal", Optional, ResourceName of "ResourceName", None;
        system_disabled: i32 = "systemDisabled", Optional, Any of "Int32", None;
        pending_state: String = "pendingState", Optional, Any of "String", None;
    }
    /// `Policies` of `Policy.tdl`.
    Policies {
        list: Vec<Policy> = "list", Required, Any of "Policy", None;
    }
    /// `Policy` of `Policy.tdl`.
    Policy {
        name: String = "name", Required, ResourceName of "ResourceName", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        assertions: Vec<Assertion> = "assertions", Required, Any of "Assertion", None;
        case_sensitive: bool = "caseSensitive", Optional, Any of "Bool", None;
        version: String = "version", Optional, SimpleName of "SimpleName", None;
        active: bool = "active", Optional, Any of "Bool", None;
        description: String = "description", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        resource_ownership: ResourcePolicyOwnership = "resourceOwnership", Optional, Any of "ResourcePolicyOwnership", None;
    }
    /// `PolicyList` of `Policy.rdli`.
    PolicyList {
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
        next: String = "next", Optional, Any of "String", None;
    }
    /// `PolicyOptions` of `Policy.tdl`.
    PolicyOptions {
        version: String = "version", Required, SimpleName of "SimpleName", None;
        from_version: String = "fromVersion", Optional, SimpleName of "SimpleName", None;
    }
    /// `PrincipalMember` of `PrincipalMember.rdli`.
    PrincipalMember {
        principal_name: String = "principalName", Required, MemberName of "MemberName", None;
        suspended_state: i32 = "suspendedState", Required, Any of "Int32", None;
    }
    /// `PrincipalState` of `PrincipalMember.rdli`.
    PrincipalState {
        suspended: bool = "suspended", Required, Any of "Bool", None;
    }
    /// `ProviderResourceGroupRoles` of `Tenancy.rdli`.
    ProviderResourceGroupRoles {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, SimpleName of "SimpleName", None;
        tenant: String = "tenant", Required, CompoundName of "DomainName", None;
        roles: Vec<TenantRoleAction> = "roles", Required, Any of "TenantRoleAction", None;
        resource_group: String = "resourceGroup", Required, CompoundName of "EntityName", None;
        create_admin_role: bool = "createAdminRole", Optional, Any of "Bool", Some(true);
        skip_principal_member: bool = "skipPrincipalMember", Optional, Any of "Bool", Some(false);
    }
    /// `PublicKeyEntry` of `ServiceIdentity.tdl`.
    PublicKeyEntry {
        key: String = "key", Required, Any of "String", None;
        id: String = "id", Required, Any of "String", None;
    }
    /// `Quota` of `Quota.rdli`.
    Quota {
        name: String = "name", Required, CompoundName of "DomainName", None;
        subdomain: i32 = "subdomain", Required, Any of "Int32", None;
        role: i32 = "role", Required, Any of "Int32", None;
        role_member: i32 = "roleMember", Required, Any of "Int32", None;
        policy: i32 = "policy", Required, Any of "Int32", None;
        assertion: i32 = "assertion", Required, Any of "Int32", None;
        entity: i32 = "entity", Required, Any of "Int32", None;
        service: i32 = "service", Required, Any of "Int32", None;
        service_host: i32 = "serviceHost", Required, Any of "Int32", None;
        public_key: i32 = "publicKey", Required, Any of "Int32", None;
        group: i32 = "group", Required, Any of "Int32", None;
        group_member: i32 = "groupMember", Required, Any of "Int32", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
    }
    /// `ResourceAccess` of `Access.rdli`.
    ResourceAccess {
        principal: String = "principal", Required, ResourceName of "ResourceName", None;
        assertions: Vec<Assertion> = "assertions", Required, Any of "Assertion", None;
    }
    /// `ResourceAccessList` of `Access.rdli`.
    ResourceAccessList {
        resources: Vec<ResourceAccess> = "resources", Required, Any of "ResourceAccess", None;
    }
    /// `ResourceDomainOwnership` of `Domain.tdl`.
    ResourceDomainOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName of "SimpleName", None;
        object_owner: String = "objectOwner", Optional, SimpleName of "SimpleName", None;
    }
    /// `ResourceGroupOwnership` of `Group.tdl`.
    ResourceGroupOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName of "SimpleName", None;
        members_owner: String = "membersOwner", Optional, SimpleName of "SimpleName", None;
        object_owner: String = "objectOwner", Optional, SimpleName of "SimpleName", None;
    }
    /// `ResourcePolicyOwnership` of `Policy.tdl`.
    ResourcePolicyOwnership {
        assertions_owner: String = "assertionsOwner", Optional, SimpleName of "SimpleName", None;
        object_owner: String = "objectOwner", Optional, SimpleName of "SimpleName", None;
    }
    /// `ResourceRoleOwnership` of `Role.tdl`.
    ResourceRoleOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName of "SimpleName", None;
        members_owner: String = "membersOwner", Optional, SimpleName of "SimpleName", None;
        object_owner: String = "objectOwner", Optional, SimpleName of "SimpleName", None;
    }
    /// `ResourceServiceIdentityOwnership` of `ServiceIdentity.tdl`.
    ResourceServiceIdentityOwnership {
        public_keys_owner: String = "publicKeysOwner", Optional, SimpleName of "SimpleName", None;
        hosts_owner: String = "hostsOwner", Optional, SimpleName of "SimpleName", None;
        object_owner: String = "objectOwner", Optional, SimpleName of "SimpleName", None;
    }
    /// `ReviewObject` of `Review.rdli`.
    ReviewObject {
        domain_name: String = "domainName", Required, CompoundName of "DomainName", None;
        name: String = "name", Required, CompoundName of "EntityName", None;
        member_expiry_days: i32 = "memberExpiryDays", Required, Any of "Int32", None;
        member_review_days: i32 = "memberReviewDays", Required, Any of "Int32", None;
        service_expiry_days: i32 = "serviceExpiryDays", Required, Any of "Int32", None;
        service_review_days: i32 = "serviceReviewDays", Required, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Required, Any of "Int32", None;
        group_review_days: i32 = "groupReviewDays", Required, Any of "Int32", None;
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any of "Timestamp", None;
        created: Timestamp = "created", Required, Any of "Timestamp", None;
    }
    /// `ReviewObjects` of `Review.rdli`.
    ReviewObjects {
        list: Vec<ReviewObject> = "list", Required, Any of "ReviewObject", None;
    }
    /// `Role` of `Role.tdl`.
    Role {
        self_serve: bool = "selfServe", Optional, Any of "Bool", Some(false);
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        cert_expiry_mins: i32 = "certExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        member_review_days: i32 = "memberReviewDays", Optional, Any of "Int32", None;
        service_review_days: i32 = "serviceReviewDays", Optional, Any of "Int32", None;
        review_enabled: bool = "reviewEnabled", Optional, Any of "Bool", Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any of "String", None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any of "String", None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any of "String", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        group_review_days: i32 = "groupReviewDays", Optional, Any of "Int32", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        description: String = "description", MayBeEmpty, Any of "String", None;
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any of "Bool", Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any of "Timestamp", None;
        self_renew: bool = "selfRenew", Optional, Any of "Bool", None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any of "Int32", None;
        max_members: i32 = "maxMembers", Optional, Any of "Int32", None;
        resource_ownership: ResourceRoleOwnership = "resourceOwnership", Optional, Any of "ResourceRoleOwnership", None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any of "String", None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, ResourceName of "ResourceName", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        members: Vec<String> = "members", Optional, MemberName of "MemberName", None;
        role_members: Vec<RoleMember> = "roleMembers", Optional, Any of "RoleMember", None;
        trust: String = "trust", Optional, CompoundName of "DomainName", None;
        audit_log: Vec<RoleAuditLog> = "auditLog", Optional, Any of "RoleAuditLog", None;
    }
    /// `RoleAuditLog` of `Role.tdl`.
    RoleAuditLog {
        member: String = "member", Required, MemberName of "MemberName", None;
        admin: String = "admin", Required, ResourceName of "ResourceName", None;
        created: Timestamp = "created", Required, Any of "Timestamp", None;
        action: String = "action", Required, Any of "String", None;
        audit_ref: String = "auditRef", Optional, Any of "String", None;
    }
    /// `RoleList` of `Role.tdl`.
    RoleList {
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
        next: String = "next", Optional, Any of "String", None;
    }
    /// `RoleMember` of `Role.tdl`.
    RoleMember {
        member_name: String = "memberName", Required, MemberName of "MemberName", None;
        expiration: Timestamp = "expiration", Optional, Any of "Timestamp", None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any of "Timestamp", None;
        active: bool = "active", Optional, Any of "Bool", Some(true);
        approved: bool = "approved", Optional, Any of "Bool", Some(true);
        audit_ref: String = "auditRef", Optional, Any of "String", None;
        request_time: Timestamp = "requestTime", Optional, Any of "Timestamp", None;
        last_notified_time: Timestamp = "lastNotifiedTime", Optional, Any of "Timestamp", None;
        request_principal: String = "requestPrincipal", Optional, ResourceName of "ResourceName", None;
        review_last_notified_time: Timestamp = "reviewLastNotifiedTime", Optional, Any of "Timestamp", None;
        system_disabled: i32 = "systemDisabled", Optional, Any of "Int32", None;
        principal_type: i32 = "principalType", Optional, Any of "Int32", None;
        pending_state: String = "pendingState", Optional, Any of "String", None;
    }
    /// `RoleMeta` of `Role.tdl`.
    RoleMeta {
        self_serve: bool = "selfServe", Optional, Any of "Bool", Some(false);
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        cert_expiry_mins: i32 = "certExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        member_review_days: i32 = "memberReviewDays", Optional, Any of "Int32", None;
        service_review_days: i32 = "serviceReviewDays", Optional, Any of "Int32", None;
        review_enabled: bool = "reviewEnabled", Optional, Any of "Bool", Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any of "String", None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any of "String", None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any of "String", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        group_review_days: i32 = "groupReviewDays", Optional, Any of "Int32", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        description: String = "description", MayBeEmpty, Any of "String", None;
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any of "Bool", Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any of "Timestamp", None;
        self_renew: bool = "selfRenew", Optional, Any of "Bool", None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any of "Int32", None;
        max_members: i32 = "maxMembers", Optional, Any of "Int32", None;
        resource_ownership: ResourceRoleOwnership = "resourceOwnership", Optional, Any of "ResourceRoleOwnership", None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any of "String", None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any of "String", None;
    }
    /// `RoleSystemMeta` of `Role.tdl`.
    RoleSystemMeta {
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
    }
    /// `Roles` of `Role.tdl`.
    Roles {
        list: Vec<Role> = "list", Required, Any of "Role", None;
    }
    /// `ServerTemplateList` of `Template.tdl`.
    ServerTemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName of "SimpleName", None;
    }
    /// `ServiceIdentities` of `ServiceIdentity.tdl`.
    ServiceIdentities {
        list: Vec<ServiceIdentity> = "list", Required, Any of "ServiceIdentity", None;
        service_match_count: i64 = "serviceMatchCount", Required, Any of "Int64", None;
    }
    /// `ServiceIdentity` of `ServiceIdentity.tdl`.
    ServiceIdentity {
        name: String = "name", Required, CompoundName of "ServiceName", None;
        description: String = "description", Optional, Any of "String", None;
        public_keys: Vec<PublicKeyEntry> = "publicKeys", Optional, Any of "PublicKeyEntry", None;
        provider_endpoint: String = "providerEndpoint", Optional, Any of "String", None;
        modified: Timestamp = "modified", Optional, Any of "Timestamp", None;
        executable: String = "executable", Optional, Any of "String", None;
        hosts: Vec<String> = "hosts", Optional, Any of "String", None;
        user: String = "user", Optional, Any of "String", None;
        group: String = "group", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        resource_ownership: ResourceServiceIdentityOwnership = "resourceOwnership", Optional, Any of "ResourceServiceIdentityOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        creds: String = "creds", Optional, Any of "String", None;
        client_id: String = "clientId", MayBeEmpty, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
    }
    /// `ServiceIdentityList` of `ServiceIdentity.tdl`.
    ServiceIdentityList {
        names: Vec<String> = "names", Required, CompoundName of "EntityName", None;
        next: String = "next", Optional, Any of "String", None;
    }
    /// `ServiceIdentitySystemMeta` of `ServiceIdentity.tdl`.
    ServiceIdentitySystemMeta {
        provider_endpoint: String = "providerEndpoint", Optional, Any of "String", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        client_id: String = "clientId", MayBeEmpty, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
    }
    /// `ServicePrincipal` of `Token.rdli`.
    ServicePrincipal {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, CompoundName of "EntityName", None;
        token: String = "token", Required, SignedToken of "SignedToken", None;
    }
    /// `SignedDomain` of `SignedDomains.rdli`.
    SignedDomain {
        domain: DomainData = "domain", Required, Any of "DomainData", None;
        signature: String = "signature", Optional, Any of "String", None;
        key_id: String = "keyId", Optional, Any of "String", None;
    }
    /// `SignedDomains` of `SignedDomains.rdli`.
    SignedDomains {
        domains: Vec<SignedDomain> = "domains", Required, Any of "SignedDomain", None;
    }
    /// `SignedPolicies` of `SignedDomains.rdli`.
    SignedPolicies {
        contents: DomainPolicies = "contents", Required, Any of "DomainPolicies", None;
        signature: String = "signature", Required, Any of "String", None;
        key_id: String = "keyId", Required, Any of "String", None;
    }
    /// `Stats` of `Stats.rdli`.
    Stats {
        name: String = "name", Optional, CompoundName of "DomainName", None;
        subdomain: i32 = "subdomain", Required, Any of "Int32", None;
        role: i32 = "role", Required, Any of "Int32", None;
        role_member: i32 = "roleMember", Required, Any of "Int32", None;
        policy: i32 = "policy", Required, Any of "Int32", None;
        assertion: i32 = "assertion", Required, Any of "Int32", None;
        entity: i32 = "entity", Required, Any of "Int32", None;
        service: i32 = "service", Required, Any of "Int32", None;
        service_host: i32 = "serviceHost", Required, Any of "Int32", None;
        public_key: i32 = "publicKey", Required, Any of "Int32", None;
        group: i32 = "group", Required, Any of "Int32", None;
        group_member: i32 = "groupMember", Required, Any of "Int32", None;
    }
    /// `Status` of `Status.rdli`.
    Status {
        code: i32 = "code", Required, Any of "Int32", None;
        message: String = "message", Required, Any of "String", None;
    }
    /// `SubDomain` of `Domain.rdli`.
    SubDomain {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, SimpleName of "SimpleName", None;
        admin_users: Vec<String> = "adminUsers", Required, ResourceName of "ResourceName", None;
        templates: DomainTemplateList = "templates", Optional, Any of "DomainTemplateList", None;
        parent: String = "parent", Required, CompoundName of "DomainName", None;
    }
    /// `TagValueList` of `Names.tdl`.
    TagValueList {
        list: Vec<Option<String>> = "list", Required, TagCompoundValue of "TagCompoundValue", None;
    }
    /// `Template` of `Template.tdl`.
    Template {
        roles: Vec<Role> = "roles", Required, Any of "Role", None;
        policies: Vec<Policy> = "policies", Required, Any of "Policy", None;
        groups: Vec<Group> = "groups", Optional, Any of "Group", None;
        services: Vec<ServiceIdentity> = "services", Optional, Any of "ServiceIdentity", None;
        metadata: TemplateMetaData = "metadata", Optional, Any of "TemplateMetaData", None;
    }
    /// `TemplateList` of `Template.tdl`.
    TemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName of "SimpleName", None;
    }
    /// `TemplateMetaData` of `Template.tdl`.
    TemplateMetaData {
        template_name: String = "templateName", Optional, Any of "String", None;
        description: String = "description", Optional, Any of "String", None;
        current_version: i32 = "currentVersion", Optional, Any of "Int32", None;
        latest_version: i32 = "latestVersion", Optional, Any of "Int32", None;
        keywords_to_replace: String = "keywordsToReplace", Optional, Any of "String", None;
        timestamp: Timestamp = "timestamp", Optional, Any of "Timestamp", None;
        auto_update: bool = "autoUpdate", Optional, Any of "Bool", None;
    }
    /// `TemplateParam` of `Template.tdl`.
    TemplateParam {
        name: String = "name", Required, SimpleName of "SimpleName", None;
        value: String = "value", Required, Any of "String", None;
    }
    /// `Tenancy` of `Tenancy.rdli`.
    Tenancy {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, CompoundName of "ServiceName", None;
        resource_groups: Vec<String> = "resourceGroups", Optional, CompoundName of "EntityName", None;
        create_admin_role: bool = "createAdminRole", Optional, Any of "Bool", Some(true);
    }
    /// `TenantResourceGroupRoles` of `Tenancy.rdli`.
    TenantResourceGroupRoles {
        domain: String = "domain", Required, CompoundName of "DomainName", None;
        service: String = "service", Required, SimpleName of "SimpleName", None;
        tenant: String = "tenant", Required, CompoundName of "DomainName", None;
        roles: Vec<TenantRoleAction> = "roles", Required, Any of "TenantRoleAction", None;
        resource_group: String = "resourceGroup", Required, CompoundName of "EntityName", None;
    }
    /// `TenantRoleAction` of `Tenancy.rdli`.
    TenantRoleAction {
        role: String = "role", Required, SimpleName of "SimpleName", None;
        action: String = "action", Required, Any of "String", None;
    }
    /// `TopLevelDomain` of `Domain.rdli`.
    TopLevelDomain {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, SimpleName of "SimpleName", None;
        admin_users: Vec<String> = "adminUsers", Required, ResourceName of "ResourceName", None;
        templates: DomainTemplateList = "templates", Optional, Any of "DomainTemplateList", None;
    }
    /// `User` of `User.rdli`.
    User {
        name: String = "name", Required, SimpleName of "SimpleName", None;
    }
    /// `UserAuthorityAttributeMap` of `Authority.rdli`.
    UserAuthorityAttributeMap {
        attributes: BTreeMap<String, UserAuthorityAttributes> = "attributes", Required, SimpleName of "SimpleName", None;
    }
    /// `UserAuthorityAttributes` of `Authority.rdli`.
    UserAuthorityAttributes {
    }
    /// `UserDomain` of `Domain.rdli`.
    UserDomain {
        description: String = "description", Optional, Any of "String", None;
        org: String = "org", Optional, ResourceName of "ResourceName", None;
        enabled: bool = "enabled", Optional, Any of "Bool", Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any of "Bool", Some(false);
        account: String = "account", Optional, Any of "String", None;
        aws_account_name: String = "awsAccountName", Optional, Any of "String", None;
        ypm_id: i32 = "ypmId", Optional, Any of "Int32", None;
        application_id: String = "applicationId", Optional, Any of "String", None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any of "String", None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any of "Int32", None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any of "Int32", None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any of "Int32", None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any of "Int32", None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any of "String", None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any of "Int32", None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any of "Int32", None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any of "String", None;
        azure_subscription: String = "azureSubscription", Optional, Any of "String", None;
        azure_tenant: String = "azureTenant", Optional, Any of "String", None;
        azure_client: String = "azureClient", Optional, Any of "String", None;
        gcp_project: String = "gcpProject", Optional, Any of "String", None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any of "String", None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey of "TagKey", None;
        business_service: String = "businessService", MayBeEmpty, Any of "String", None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any of "Int32", None;
        product_id: String = "productId", Optional, Any of "String", None;
        feature_flags: i32 = "featureFlags", Optional, Any of "Int32", None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName of "SimpleName", None;
        environment: String = "environment", MayBeEmpty, Any of "String", None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any of "ResourceDomainOwnership", None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any of "String", None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any of "String", None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any of "String", None;
        on_call: String = "onCall", MayBeEmpty, Any of "String", None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any of "Bool", Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any of "Bool", Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any of "String", None;
        cost_center: String = "costCenter", MayBeEmpty, Any of "String", None;
        name: String = "name", Required, SimpleName of "SimpleName", None;
        templates: DomainTemplateList = "templates", Optional, Any of "DomainTemplateList", None;
    }
    /// `UserList` of `User.rdli`.
    UserList {
        names: Vec<String> = "names", Required, SimpleName of "SimpleName", None;
    }
    /// `UserToken` of `Token.rdli`.
    UserToken {
        token: String = "token", Required, SignedToken of "SignedToken", None;
        header: String = "header", Optional, Any of "String", None;
    }
}
