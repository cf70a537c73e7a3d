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
        granted: bool = "granted", Required, Any, None;
    }
    /// `Assertion` of `Policy.tdl`.
    Assertion {
        role: String = "role", Required, Any, None;
        resource: String = "resource", Required, Any, None;
        action: String = "action", Required, Any, None;
        effect: AssertionEffect = "effect", Optional, Any, Some(AssertionEffect::Allow);
        id: i64 = "id", Optional, Any, None;
        case_sensitive: bool = "caseSensitive", Optional, Any, None;
        conditions: AssertionConditions = "conditions", Optional, Any, None;
    }
    /// `AssertionCondition` of `Policy.tdl`.
    AssertionCondition {
        id: i32 = "id", Optional, Any, None;
        conditions_map: BTreeMap<String, AssertionConditionData> = "conditionsMap", Required, AssertionConditionKey, None;
    }
    /// `AssertionConditionData` of `Policy.tdl`.
    AssertionConditionData {
        operator: AssertionConditionOperator = "operator", Required, Any, None;
        value: String = "value", Required, AssertionConditionValue, None;
    }
    /// `AssertionConditions` of `Policy.tdl`.
    AssertionConditions {
        conditions_list: Vec<AssertionCondition> = "conditionsList", Required, Any, None;
    }
    /// `AuthHistory` of `Domain.rdli`.
    AuthHistory {
        uri_domain: String = "uriDomain", Optional, CompoundName, None;
        principal_domain: String = "principalDomain", Optional, CompoundName, None;
        principal_name: String = "principalName", Optional, SimpleName, None;
        timestamp: Timestamp = "timestamp", Optional, Any, None;
        endpoint: String = "endpoint", Optional, Any, None;
        ttl: i64 = "ttl", Required, Any, None;
    }
    /// `AuthHistoryDependencies` of `Domain.rdli`.
    AuthHistoryDependencies {
        incoming_dependencies: Vec<AuthHistory> = "incomingDependencies", Required, Any, None;
        outgoing_dependencies: Vec<AuthHistory> = "outgoingDependencies", Required, Any, None;
    }
    /// `CredsEntry` of `ServiceIdentity.tdl`.
    CredsEntry {
        value: String = "value", MayBeEmpty, Any, None;
    }
    /// `DanglingPolicy` of `DomainDataCheck.rdli`.
    DanglingPolicy {
        policy_name: String = "policyName", Required, CompoundName, None;
        role_name: String = "roleName", Required, CompoundName, None;
    }
    /// `DefaultAdmins` of `Role.tdl`.
    DefaultAdmins {
        admins: Vec<String> = "admins", Required, ResourceName, None;
    }
    /// `DependentService` of `Dependency.tdl`.
    DependentService {
        service: String = "service", Required, CompoundName, None;
    }
    /// `DependentServiceResourceGroup` of `Dependency.tdl`.
    DependentServiceResourceGroup {
        service: String = "service", Required, CompoundName, None;
        domain: String = "domain", Required, CompoundName, None;
        resource_groups: Vec<String> = "resourceGroups", Optional, CompoundName, None;
    }
    /// `DependentServiceResourceGroupList` of `Dependency.tdl`.
    DependentServiceResourceGroupList {
        service_and_resource_groups: Vec<DependentServiceResourceGroup> = "serviceAndResourceGroups", Required, Any, None;
    }
    /// `Domain` of `Domain.tdl`.
    Domain {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
        name: String = "name", Required, CompoundName, None;
        modified: Timestamp = "modified", Optional, Any, None;
        id: String = "id", Optional, Any, None;
    }
    /// `DomainAttributes` of `Domain.tdl`.
    DomainAttributes {
        fetch_time: i64 = "fetchTime", Required, Any, None;
    }
    /// `DomainData` of `SignedDomains.rdli`.
    DomainData {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
        name: String = "name", Required, CompoundName, None;
        roles: Vec<Role> = "roles", Required, Any, None;
        policies: SignedPolicies = "policies", Required, Any, None;
        services: Vec<ServiceIdentity> = "services", Required, Any, None;
        entities: Vec<Entity> = "entities", Required, Any, None;
        groups: Vec<Group> = "groups", Required, Any, None;
        modified: Timestamp = "modified", Required, Any, None;
    }
    /// `DomainDataCheck` of `DomainDataCheck.rdli`.
    DomainDataCheck {
        dangling_roles: Vec<String> = "danglingRoles", Optional, CompoundName, None;
        dangling_policies: Vec<DanglingPolicy> = "danglingPolicies", Optional, Any, None;
        policy_count: i32 = "policyCount", Required, Any, None;
        assertion_count: i32 = "assertionCount", Required, Any, None;
        role_wild_card_count: i32 = "roleWildCardCount", Required, Any, None;
        providers_without_trust: Vec<String> = "providersWithoutTrust", Optional, CompoundName, None;
        tenants_without_assume_role: Vec<String> = "tenantsWithoutAssumeRole", Optional, CompoundName, None;
    }
    /// `DomainGroupMember` of `Group.tdl`.
    DomainGroupMember {
        member_name: String = "memberName", Required, GroupMemberName, None;
        member_groups: Vec<GroupMember> = "memberGroups", Required, Any, None;
    }
    /// `DomainGroupMembers` of `Group.tdl`.
    DomainGroupMembers {
        domain_name: String = "domainName", Required, CompoundName, None;
        members: Vec<DomainGroupMember> = "members", Required, Any, None;
    }
    /// `DomainGroupMembership` of `Group.tdl`.
    DomainGroupMembership {
        domain_group_members_list: Vec<DomainGroupMembers> = "domainGroupMembersList", Required, Any, None;
    }
    /// `DomainList` of `Domain.tdl`.
    DomainList {
        names: Vec<String> = "names", Required, CompoundName, None;
        next: String = "next", Optional, Any, None;
    }
    /// `DomainMeta` of `Domain.tdl`.
    DomainMeta {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
    }
    /// `DomainMetaList` of `Domain.tdl`.
    DomainMetaList {
        domains: Vec<Domain> = "domains", Required, Any, None;
    }
    /// `DomainMetaStoreValidValuesList` of `Domain.rdli`.
    DomainMetaStoreValidValuesList {
        valid_values: Vec<String> = "validValues", Required, Any, None;
    }
    /// `DomainOptions` of `Domain.tdl`.
    DomainOptions {
        enforce_unique_product_ids: bool = "enforceUniqueProductIds", Required, Any, None;
        enforce_unique_aws_accounts: bool = "enforceUniqueAWSAccounts", Required, Any, None;
        enforce_unique_azure_subscriptions: bool = "enforceUniqueAzureSubscriptions", Required, Any, None;
        enforce_unique_gcp_projects: bool = "enforceUniqueGCPProjects", Required, Any, None;
        allow_multiple_aws_accounts: bool = "allowMultipleAWSAccounts", Required, Any, None;
    }
    /// `DomainPolicies` of `SignedDomains.rdli`.
    DomainPolicies {
        domain: String = "domain", Required, CompoundName, None;
        policies: Vec<Policy> = "policies", Required, Any, None;
    }
    /// `DomainRoleMember` of `Role.tdl`.
    DomainRoleMember {
        member_name: String = "memberName", Required, MemberName, None;
        member_roles: Vec<MemberRole> = "memberRoles", Required, Any, None;
    }
    /// `DomainRoleMembers` of `Role.tdl`.
    DomainRoleMembers {
        domain_name: String = "domainName", Required, CompoundName, None;
        members: Vec<DomainRoleMember> = "members", Required, Any, None;
    }
    /// `DomainRoleMembership` of `DomainRoleMembership.tdl`.
    DomainRoleMembership {
        domain_role_members_list: Vec<DomainRoleMembers> = "domainRoleMembersList", Required, Any, None;
    }
    /// `DomainTemplate` of `Template.tdl`.
    DomainTemplate {
        template_names: Vec<String> = "templateNames", Required, SimpleName, None;
        params: Vec<TemplateParam> = "params", Optional, Any, None;
    }
    /// `DomainTemplateDetailsList` of `Template.tdl`.
    DomainTemplateDetailsList {
        meta_data: Vec<TemplateMetaData> = "metaData", Required, Any, None;
    }
    /// `DomainTemplateList` of `Template.tdl`.
    DomainTemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName, None;
    }
    /// `Entity` of `Entity.tdl`.
    Entity {
        name: String = "name", Required, ResourceName, None;
        value: Struct = "value", Required, Any, None;
    }
    /// `EntityList` of `Entity.tdl`.
    EntityList {
        names: Vec<String> = "names", Required, CompoundName, None;
    }
    /// `ExpiredMembers` of `Domain.rdli`.
    ExpiredMembers {
        expired_role_members: Vec<ExpiryMember> = "expiredRoleMembers", Required, Any, None;
        expired_group_members: Vec<ExpiryMember> = "expiredGroupMembers", Required, Any, None;
    }
    /// `ExpiryMember` of `Domain.rdli`.
    ExpiryMember {
        domain_name: String = "domainName", Required, CompoundName, None;
        collection_name: String = "collectionName", Required, CompoundName, None;
        principal_name: String = "principalName", Required, ResourceName, None;
        expiration: Timestamp = "expiration", Required, Any, None;
    }
    /// `Group` of `Group.tdl`.
    Group {
        self_serve: bool = "selfServe", Optional, Any, Some(false);
        review_enabled: bool = "reviewEnabled", Optional, Any, Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any, None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any, None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any, Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any, None;
        self_renew: bool = "selfRenew", Optional, Any, None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any, None;
        max_members: i32 = "maxMembers", Optional, Any, None;
        resource_ownership: ResourceGroupOwnership = "resourceOwnership", Optional, Any, None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any, None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any, None;
        name: String = "name", Required, ResourceName, None;
        modified: Timestamp = "modified", Optional, Any, None;
        group_members: Vec<GroupMember> = "groupMembers", Optional, Any, None;
        audit_log: Vec<GroupAuditLog> = "auditLog", Optional, Any, None;
    }
    /// `GroupAuditLog` of `Group.tdl`.
    GroupAuditLog {
        member: String = "member", Required, GroupMemberName, None;
        admin: String = "admin", Required, ResourceName, None;
        created: Timestamp = "created", Required, Any, None;
        action: String = "action", Required, Any, None;
        audit_ref: String = "auditRef", Optional, Any, None;
    }
    /// `GroupMember` of `Group.tdl`.
    GroupMember {
        member_name: String = "memberName", Optional, GroupMemberName, None;
        group_name: String = "groupName", Optional, ResourceName, None;
        domain_name: String = "domainName", Optional, CompoundName, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
        active: bool = "active", Optional, Any, Some(true);
        approved: bool = "approved", Optional, Any, Some(true);
        audit_ref: String = "auditRef", Optional, Any, None;
        request_time: Timestamp = "requestTime", Optional, Any, None;
        last_notified_time: Timestamp = "lastNotifiedTime", Optional, Any, None;
        request_principal: String = "requestPrincipal", Optional, ResourceName, None;
        review_last_notified_time: Timestamp = "reviewLastNotifiedTime", Optional, Any, None;
        system_disabled: i32 = "systemDisabled", Optional, Any, None;
        principal_type: i32 = "principalType", Optional, Any, None;
        pending_state: String = "pendingState", Optional, Any, None;
        notify_roles: String = "notifyRoles", Optional, Any, None;
        notify_details: String = "notifyDetails", Optional, Any, None;
    }
    /// `GroupMembership` of `Group.tdl`.
    GroupMembership {
        member_name: String = "memberName", Required, GroupMemberName, None;
        is_member: bool = "isMember", Optional, Any, Some(true);
        group_name: String = "groupName", Optional, ResourceName, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
        active: bool = "active", Optional, Any, Some(true);
        approved: bool = "approved", Optional, Any, Some(true);
        audit_ref: String = "auditRef", Optional, Any, None;
        request_principal: String = "requestPrincipal", Optional, ResourceName, None;
        system_disabled: i32 = "systemDisabled", Optional, Any, None;
        pending_state: String = "pendingState", Optional, Any, None;
    }
    /// `GroupMeta` of `Group.tdl`.
    GroupMeta {
        self_serve: bool = "selfServe", Optional, Any, Some(false);
        review_enabled: bool = "reviewEnabled", Optional, Any, Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any, None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any, None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any, Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any, None;
        self_renew: bool = "selfRenew", Optional, Any, None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any, None;
        max_members: i32 = "maxMembers", Optional, Any, None;
        resource_ownership: ResourceGroupOwnership = "resourceOwnership", Optional, Any, None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any, None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any, None;
    }
    /// `GroupSystemMeta` of `Group.tdl`.
    GroupSystemMeta {
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
    }
    /// `Groups` of `Group.tdl`.
    Groups {
        list: Vec<Group> = "list", Required, Any, None;
    }
    /// `Info` of `Info.rdli`.
    Info {
        build_jdk_spec: String = "buildJdkSpec", Optional, Any, None;
        implementation_title: String = "implementationTitle", Optional, Any, None;
        implementation_version: String = "implementationVersion", Optional, Any, None;
        implementation_vendor: String = "implementationVendor", Optional, Any, None;
    }
    /// `JWSDomain` of `SignedDomains.rdli`.
    JWSDomain {
        payload: String = "payload", Required, Any, None;
        protected: String = "protected", Required, Any, None;
        header: BTreeMap<String, String> = "header", Required, Any, None;
        signature: String = "signature", Required, Any, None;
    }
    /// `MemberRole` of `Role.tdl`.
    MemberRole {
        role_name: String = "roleName", Required, ResourceName, None;
        domain_name: String = "domainName", Optional, CompoundName, None;
        member_name: String = "memberName", Optional, MemberName, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any, None;
        active: bool = "active", Optional, Any, Some(true);
        audit_ref: String = "auditRef", Optional, Any, None;
        request_principal: String = "requestPrincipal", Optional, CompoundName, None;
        request_time: Timestamp = "requestTime", Optional, Any, None;
        system_disabled: i32 = "systemDisabled", Optional, Any, None;
        pending_state: String = "pendingState", Optional, Any, None;
        trust_role_name: String = "trustRoleName", Optional, ResourceName, None;
        notify_roles: String = "notifyRoles", Optional, Any, None;
        notify_details: String = "notifyDetails", Optional, Any, None;
    }
    /// `Membership` of `Role.tdl`.
    Membership {
        member_name: String = "memberName", Required, MemberName, None;
        is_member: bool = "isMember", Optional, Any, Some(true);
        role_name: String = "roleName", Optional, ResourceName, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any, None;
        active: bool = "active", Optional, Any, Some(true);
        approved: bool = "approved", Optional, Any, Some(true);
        audit_ref: String = "auditRef", Optional, Any, None;
        request_principal: String = "requestPrincipal", Optional, ResourceName, None;
        system_disabled: i32 = "systemDisabled", Optional, Any, None;
        pending_state: String = "pendingState", Optional, Any, None;
    }
    /// `Policies` of `Policy.tdl`.
    Policies {
        list: Vec<Policy> = "list", Required, Any, None;
    }
    /// `Policy` of `Policy.tdl`.
    Policy {
        name: String = "name", Required, ResourceName, None;
        modified: Timestamp = "modified", Optional, Any, None;
        assertions: Vec<Assertion> = "assertions", Required, Any, None;
        case_sensitive: bool = "caseSensitive", Optional, Any, None;
        version: String = "version", Optional, SimpleName, None;
        active: bool = "active", Optional, Any, None;
        description: String = "description", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        resource_ownership: ResourcePolicyOwnership = "resourceOwnership", Optional, Any, None;
    }
    /// `PolicyList` of `Policy.rdli`.
    PolicyList {
        names: Vec<String> = "names", Required, CompoundName, None;
        next: String = "next", Optional, Any, None;
    }
    /// `PolicyOptions` of `Policy.tdl`.
    PolicyOptions {
        version: String = "version", Required, SimpleName, None;
        from_version: String = "fromVersion", Optional, SimpleName, None;
    }
    /// `PrincipalMember` of `PrincipalMember.rdli`.
    PrincipalMember {
        principal_name: String = "principalName", Required, MemberName, None;
        suspended_state: i32 = "suspendedState", Required, Any, None;
    }
    /// `PrincipalState` of `PrincipalMember.rdli`.
    PrincipalState {
        suspended: bool = "suspended", Required, Any, None;
    }
    /// `ProviderResourceGroupRoles` of `Tenancy.rdli`.
    ProviderResourceGroupRoles {
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, SimpleName, None;
        tenant: String = "tenant", Required, CompoundName, None;
        roles: Vec<TenantRoleAction> = "roles", Required, Any, None;
        resource_group: String = "resourceGroup", Required, CompoundName, None;
        create_admin_role: bool = "createAdminRole", Optional, Any, Some(true);
        skip_principal_member: bool = "skipPrincipalMember", Optional, Any, Some(false);
    }
    /// `PublicKeyEntry` of `ServiceIdentity.tdl`.
    PublicKeyEntry {
        key: String = "key", Required, Any, None;
        id: String = "id", Required, Any, None;
    }
    /// `Quota` of `Quota.rdli`.
    Quota {
        name: String = "name", Required, CompoundName, None;
        subdomain: i32 = "subdomain", Required, Any, None;
        role: i32 = "role", Required, Any, None;
        role_member: i32 = "roleMember", Required, Any, None;
        policy: i32 = "policy", Required, Any, None;
        assertion: i32 = "assertion", Required, Any, None;
        entity: i32 = "entity", Required, Any, None;
        service: i32 = "service", Required, Any, None;
        service_host: i32 = "serviceHost", Required, Any, None;
        public_key: i32 = "publicKey", Required, Any, None;
        group: i32 = "group", Required, Any, None;
        group_member: i32 = "groupMember", Required, Any, None;
        modified: Timestamp = "modified", Optional, Any, None;
    }
    /// `ResourceAccess` of `Access.rdli`.
    ResourceAccess {
        principal: String = "principal", Required, ResourceName, None;
        assertions: Vec<Assertion> = "assertions", Required, Any, None;
    }
    /// `ResourceAccessList` of `Access.rdli`.
    ResourceAccessList {
        resources: Vec<ResourceAccess> = "resources", Required, Any, None;
    }
    /// `ResourceDomainOwnership` of `Domain.tdl`.
    ResourceDomainOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName, None;
        object_owner: String = "objectOwner", Optional, SimpleName, None;
    }
    /// `ResourceGroupOwnership` of `Group.tdl`.
    ResourceGroupOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName, None;
        members_owner: String = "membersOwner", Optional, SimpleName, None;
        object_owner: String = "objectOwner", Optional, SimpleName, None;
    }
    /// `ResourcePolicyOwnership` of `Policy.tdl`.
    ResourcePolicyOwnership {
        assertions_owner: String = "assertionsOwner", Optional, SimpleName, None;
        object_owner: String = "objectOwner", Optional, SimpleName, None;
    }
    /// `ResourceRoleOwnership` of `Role.tdl`.
    ResourceRoleOwnership {
        meta_owner: String = "metaOwner", Optional, SimpleName, None;
        members_owner: String = "membersOwner", Optional, SimpleName, None;
        object_owner: String = "objectOwner", Optional, SimpleName, None;
    }
    /// `ResourceServiceIdentityOwnership` of `ServiceIdentity.tdl`.
    ResourceServiceIdentityOwnership {
        public_keys_owner: String = "publicKeysOwner", Optional, SimpleName, None;
        hosts_owner: String = "hostsOwner", Optional, SimpleName, None;
        object_owner: String = "objectOwner", Optional, SimpleName, None;
    }
    /// `ReviewObject` of `Review.rdli`.
    ReviewObject {
        domain_name: String = "domainName", Required, CompoundName, None;
        name: String = "name", Required, CompoundName, None;
        member_expiry_days: i32 = "memberExpiryDays", Required, Any, None;
        member_review_days: i32 = "memberReviewDays", Required, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Required, Any, None;
        service_review_days: i32 = "serviceReviewDays", Required, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Required, Any, None;
        group_review_days: i32 = "groupReviewDays", Required, Any, None;
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any, None;
        created: Timestamp = "created", Required, Any, None;
    }
    /// `ReviewObjects` of `Review.rdli`.
    ReviewObjects {
        list: Vec<ReviewObject> = "list", Required, Any, None;
    }
    /// `Role` of `Role.tdl`.
    Role {
        self_serve: bool = "selfServe", Optional, Any, Some(false);
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        cert_expiry_mins: i32 = "certExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        member_review_days: i32 = "memberReviewDays", Optional, Any, None;
        service_review_days: i32 = "serviceReviewDays", Optional, Any, None;
        review_enabled: bool = "reviewEnabled", Optional, Any, Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any, None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any, None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        group_review_days: i32 = "groupReviewDays", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        description: String = "description", MayBeEmpty, Any, None;
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any, Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any, None;
        self_renew: bool = "selfRenew", Optional, Any, None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any, None;
        max_members: i32 = "maxMembers", Optional, Any, None;
        resource_ownership: ResourceRoleOwnership = "resourceOwnership", Optional, Any, None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any, None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any, None;
        name: String = "name", Required, ResourceName, None;
        modified: Timestamp = "modified", Optional, Any, None;
        members: Vec<String> = "members", Optional, MemberName, None;
        role_members: Vec<RoleMember> = "roleMembers", Optional, Any, None;
        trust: String = "trust", Optional, CompoundName, None;
        audit_log: Vec<RoleAuditLog> = "auditLog", Optional, Any, None;
    }
    /// `RoleAuditLog` of `Role.tdl`.
    RoleAuditLog {
        member: String = "member", Required, MemberName, None;
        admin: String = "admin", Required, ResourceName, None;
        created: Timestamp = "created", Required, Any, None;
        action: String = "action", Required, Any, None;
        audit_ref: String = "auditRef", Optional, Any, None;
    }
    /// `RoleList` of `Role.tdl`.
    RoleList {
        names: Vec<String> = "names", Required, CompoundName, None;
        next: String = "next", Optional, Any, None;
    }
    /// `RoleMember` of `Role.tdl`.
    RoleMember {
        member_name: String = "memberName", Required, MemberName, None;
        expiration: Timestamp = "expiration", Optional, Any, None;
        review_reminder: Timestamp = "reviewReminder", Optional, Any, None;
        active: bool = "active", Optional, Any, Some(true);
        approved: bool = "approved", Optional, Any, Some(true);
        audit_ref: String = "auditRef", Optional, Any, None;
        request_time: Timestamp = "requestTime", Optional, Any, None;
        last_notified_time: Timestamp = "lastNotifiedTime", Optional, Any, None;
        request_principal: String = "requestPrincipal", Optional, ResourceName, None;
        review_last_notified_time: Timestamp = "reviewLastNotifiedTime", Optional, Any, None;
        system_disabled: i32 = "systemDisabled", Optional, Any, None;
        principal_type: i32 = "principalType", Optional, Any, None;
        pending_state: String = "pendingState", Optional, Any, None;
    }
    /// `RoleMeta` of `Role.tdl`.
    RoleMeta {
        self_serve: bool = "selfServe", Optional, Any, Some(false);
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        cert_expiry_mins: i32 = "certExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        member_review_days: i32 = "memberReviewDays", Optional, Any, None;
        service_review_days: i32 = "serviceReviewDays", Optional, Any, None;
        review_enabled: bool = "reviewEnabled", Optional, Any, Some(false);
        notify_roles: String = "notifyRoles", MayBeEmpty, Any, None;
        user_authority_filter: String = "userAuthorityFilter", MayBeEmpty, Any, None;
        user_authority_expiration: String = "userAuthorityExpiration", MayBeEmpty, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        group_review_days: i32 = "groupReviewDays", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        description: String = "description", MayBeEmpty, Any, None;
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        delete_protection: bool = "deleteProtection", Optional, Any, Some(false);
        last_reviewed_date: Timestamp = "lastReviewedDate", Optional, Any, None;
        self_renew: bool = "selfRenew", Optional, Any, None;
        self_renew_mins: i32 = "selfRenewMins", Optional, Any, None;
        max_members: i32 = "maxMembers", Optional, Any, None;
        resource_ownership: ResourceRoleOwnership = "resourceOwnership", Optional, Any, None;
        principal_domain_filter: String = "principalDomainFilter", MayBeEmpty, Any, None;
        notify_details: String = "notifyDetails", MayBeEmpty, Any, None;
    }
    /// `RoleSystemMeta` of `Role.tdl`.
    RoleSystemMeta {
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
    }
    /// `Roles` of `Role.tdl`.
    Roles {
        list: Vec<Role> = "list", Required, Any, None;
    }
    /// `ServerTemplateList` of `Template.tdl`.
    ServerTemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName, None;
    }
    /// `ServiceIdentities` of `ServiceIdentity.tdl`.
    ServiceIdentities {
        list: Vec<ServiceIdentity> = "list", Required, Any, None;
        service_match_count: i64 = "serviceMatchCount", Required, Any, None;
    }
    /// `ServiceIdentity` of `ServiceIdentity.tdl`.
    ServiceIdentity {
        name: String = "name", Required, CompoundName, None;
        description: String = "description", Optional, Any, None;
        public_keys: Vec<PublicKeyEntry> = "publicKeys", Optional, Any, None;
        provider_endpoint: String = "providerEndpoint", Optional, Any, None;
        modified: Timestamp = "modified", Optional, Any, None;
        executable: String = "executable", Optional, Any, None;
        hosts: Vec<String> = "hosts", Optional, Any, None;
        user: String = "user", Optional, Any, None;
        group: String = "group", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        resource_ownership: ResourceServiceIdentityOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        creds: String = "creds", Optional, Any, None;
        client_id: String = "clientId", MayBeEmpty, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
    }
    /// `ServiceIdentityList` of `ServiceIdentity.tdl`.
    ServiceIdentityList {
        names: Vec<String> = "names", Required, CompoundName, None;
        next: String = "next", Optional, Any, None;
    }
    /// `ServiceIdentitySystemMeta` of `ServiceIdentity.tdl`.
    ServiceIdentitySystemMeta {
        provider_endpoint: String = "providerEndpoint", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        client_id: String = "clientId", MayBeEmpty, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
    }
    /// `ServicePrincipal` of `Token.rdli`.
    ServicePrincipal {
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, CompoundName, None;
        token: String = "token", Required, SignedToken, None;
    }
    /// `SignedDomain` of `SignedDomains.rdli`.
    SignedDomain {
        domain: DomainData = "domain", Required, Any, None;
        signature: String = "signature", Optional, Any, None;
        key_id: String = "keyId", Optional, Any, None;
    }
    /// `SignedDomains` of `SignedDomains.rdli`.
    SignedDomains {
        domains: Vec<SignedDomain> = "domains", Required, Any, None;
    }
    /// `SignedPolicies` of `SignedDomains.rdli`.
    SignedPolicies {
        contents: DomainPolicies = "contents", Required, Any, None;
        signature: String = "signature", Required, Any, None;
        key_id: String = "keyId", Required, Any, None;
    }
    /// `Stats` of `Stats.rdli`.
    Stats {
        name: String = "name", Optional, CompoundName, None;
        subdomain: i32 = "subdomain", Required, Any, None;
        role: i32 = "role", Required, Any, None;
        role_member: i32 = "roleMember", Required, Any, None;
        policy: i32 = "policy", Required, Any, None;
        assertion: i32 = "assertion", Required, Any, None;
        entity: i32 = "entity", Required, Any, None;
        service: i32 = "service", Required, Any, None;
        service_host: i32 = "serviceHost", Required, Any, None;
        public_key: i32 = "publicKey", Required, Any, None;
        group: i32 = "group", Required, Any, None;
        group_member: i32 = "groupMember", Required, Any, None;
    }
    /// `Status` of `Status.rdli`.
    Status {
        code: i32 = "code", Required, Any, None;
        message: String = "message", Required, Any, None;
    }
    /// `SubDomain` of `Domain.rdli`.
    SubDomain {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
        name: String = "name", Required, SimpleName, None;
        admin_users: Vec<String> = "adminUsers", Required, ResourceName, None;
        templates: DomainTemplateList = "templates", Optional, Any, None;
        parent: String = "parent", Required, CompoundName, None;
    }
    /// `TagValueList` of `Names.tdl`.
    TagValueList {
        list: Vec<String> = "list", Required, TagCompoundValue, None;
    }
    /// `Template` of `Template.tdl`.
    Template {
        roles: Vec<Role> = "roles", Required, Any, None;
        policies: Vec<Policy> = "policies", Required, Any, None;
        groups: Vec<Group> = "groups", Optional, Any, None;
        services: Vec<ServiceIdentity> = "services", Optional, Any, None;
        metadata: TemplateMetaData = "metadata", Optional, Any, None;
    }
    /// `TemplateList` of `Template.tdl`.
    TemplateList {
        template_names: Vec<String> = "templateNames", Required, SimpleName, None;
    }
    /// `TemplateMetaData` of `Template.tdl`.
    TemplateMetaData {
        template_name: String = "templateName", Optional, Any, None;
        description: String = "description", Optional, Any, None;
        current_version: i32 = "currentVersion", Optional, Any, None;
        latest_version: i32 = "latestVersion", Optional, Any, None;
        keywords_to_replace: String = "keywordsToReplace", Optional, Any, None;
        timestamp: Timestamp = "timestamp", Optional, Any, None;
        auto_update: bool = "autoUpdate", Optional, Any, None;
    }
    /// `TemplateParam` of `Template.tdl`.
    TemplateParam {
        name: String = "name", Required, SimpleName, None;
        value: String = "value", Required, Any, None;
    }
    /// `Tenancy` of `Tenancy.rdli`.
    Tenancy {
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, CompoundName, None;
        resource_groups: Vec<String> = "resourceGroups", Optional, CompoundName, None;
        create_admin_role: bool = "createAdminRole", Optional, Any, Some(true);
    }
    /// `TenantResourceGroupRoles` of `Tenancy.rdli`.
    TenantResourceGroupRoles {
        domain: String = "domain", Required, CompoundName, None;
        service: String = "service", Required, SimpleName, None;
        tenant: String = "tenant", Required, CompoundName, None;
        roles: Vec<TenantRoleAction> = "roles", Required, Any, None;
        resource_group: String = "resourceGroup", Required, CompoundName, None;
    }
    /// `TenantRoleAction` of `Tenancy.rdli`.
    TenantRoleAction {
        role: String = "role", Required, SimpleName, None;
        action: String = "action", Required, Any, None;
    }
    /// `TopLevelDomain` of `Domain.rdli`.
    TopLevelDomain {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
        name: String = "name", Required, SimpleName, None;
        admin_users: Vec<String> = "adminUsers", Required, ResourceName, None;
        templates: DomainTemplateList = "templates", Optional, Any, None;
    }
    /// `User` of `User.rdli`.
    User {
        name: String = "name", Required, SimpleName, None;
    }
    /// `UserAuthorityAttributeMap` of `Authority.rdli`.
    UserAuthorityAttributeMap {
        attributes: BTreeMap<String, UserAuthorityAttributes> = "attributes", Required, SimpleName, None;
    }
    /// `UserAuthorityAttributes` of `Authority.rdli`.
    UserAuthorityAttributes {
    }
    /// `UserDomain` of `Domain.rdli`.
    UserDomain {
        description: String = "description", Optional, Any, None;
        org: String = "org", Optional, ResourceName, None;
        enabled: bool = "enabled", Optional, Any, Some(true);
        audit_enabled: bool = "auditEnabled", Optional, Any, Some(false);
        account: String = "account", Optional, Any, None;
        aws_account_name: String = "awsAccountName", Optional, Any, None;
        ypm_id: i32 = "ypmId", Optional, Any, None;
        application_id: String = "applicationId", Optional, Any, None;
        cert_dns_domain: String = "certDnsDomain", Optional, Any, None;
        member_expiry_days: i32 = "memberExpiryDays", Optional, Any, None;
        token_expiry_mins: i32 = "tokenExpiryMins", Optional, Any, None;
        service_cert_expiry_mins: i32 = "serviceCertExpiryMins", Optional, Any, None;
        role_cert_expiry_mins: i32 = "roleCertExpiryMins", Optional, Any, None;
        sign_algorithm: String = "signAlgorithm", MayBeEmpty, Any, None;
        service_expiry_days: i32 = "serviceExpiryDays", Optional, Any, None;
        group_expiry_days: i32 = "groupExpiryDays", Optional, Any, None;
        user_authority_filter: String = "userAuthorityFilter", Optional, Any, None;
        azure_subscription: String = "azureSubscription", Optional, Any, None;
        azure_tenant: String = "azureTenant", Optional, Any, None;
        azure_client: String = "azureClient", Optional, Any, None;
        gcp_project: String = "gcpProject", Optional, Any, None;
        gcp_project_number: String = "gcpProjectNumber", Optional, Any, None;
        tags: BTreeMap<String, TagValueList> = "tags", Optional, TagKey, None;
        business_service: String = "businessService", MayBeEmpty, Any, None;
        member_purge_expiry_days: i32 = "memberPurgeExpiryDays", Optional, Any, None;
        product_id: String = "productId", Optional, Any, None;
        feature_flags: i32 = "featureFlags", Optional, Any, None;
        contacts: BTreeMap<String, String> = "contacts", Optional, SimpleName, None;
        environment: String = "environment", MayBeEmpty, Any, None;
        resource_ownership: ResourceDomainOwnership = "resourceOwnership", Optional, Any, None;
        x509_cert_signer_key_id: String = "x509CertSignerKeyId", MayBeEmpty, Any, None;
        ssh_cert_signer_key_id: String = "sshCertSignerKeyId", MayBeEmpty, Any, None;
        slack_channel: String = "slackChannel", MayBeEmpty, Any, None;
        on_call: String = "onCall", MayBeEmpty, Any, None;
        auto_delete_tenant_assume_role_assertions: bool = "autoDeleteTenantAssumeRoleAssertions", Optional, Any, Some(false);
        client_id_self_update: bool = "clientIdSelfUpdate", Optional, Any, Some(false);
        external_member_validator: String = "externalMemberValidator", MayBeEmpty, Any, None;
        cost_center: String = "costCenter", MayBeEmpty, Any, None;
        name: String = "name", Required, SimpleName, None;
        templates: DomainTemplateList = "templates", Optional, Any, None;
    }
    /// `UserList` of `User.rdli`.
    UserList {
        names: Vec<String> = "names", Required, SimpleName, None;
    }
    /// `UserToken` of `Token.rdli`.
    UserToken {
        token: String = "token", Required, SignedToken, None;
        header: String = "header", Optional, Any, None;
    }
}
