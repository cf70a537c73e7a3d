//! Roles and groups as a request gives them.

use std::collections::BTreeMap;

use athenz_model::names::Grammar;
use athenz_model::wire::zms::{Group, GroupMeta, Role, RoleMeta, TagValueList};
use athenz_model::{ApiError, Timestamp};
use athenz_world::CollectionSettings;

use super::dates::Dates;
use super::members;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::values::not_negative;

/// A member as a full put gives it.
#[derive(Clone, Debug)]
pub(crate) struct MemberInput {
    pub(crate) name: String,
    pub(crate) dates: Dates,
    pub(crate) inactive: bool,
}

/// The settings of a request, for roles and groups alike; `None` is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsInput {
    pub(super) self_serve: Option<bool>,
    pub(super) review_enabled: Option<bool>,
    pub(super) audit_enabled: Option<bool>,
    pub(super) delete_protection: Option<bool>,
    pub(super) self_renew: Option<bool>,
    pub(super) self_renew_mins: Option<i32>,
    pub(super) max_members: Option<i32>,
    pub(super) member_expiry_days: Option<i32>,
    pub(super) service_expiry_days: Option<i32>,
    pub(super) group_expiry_days: Option<i32>,
    pub(super) member_review_days: Option<i32>,
    pub(super) service_review_days: Option<i32>,
    pub(super) group_review_days: Option<i32>,
    pub(super) token_expiry_mins: Option<i32>,
    pub(super) cert_expiry_mins: Option<i32>,
    pub(super) sign_algorithm: Option<String>,
    pub(super) notify_roles: Option<String>,
    pub(super) notify_details: Option<String>,
    pub(super) user_authority_filter: Option<String>,
    pub(super) user_authority_expiration: Option<String>,
    pub(super) principal_domain_filter: Option<String>,
    pub(super) description: Option<String>,
    pub(super) last_reviewed: Option<Timestamp>,
    pub(super) tags: Option<BTreeMap<String, TagValueList>>,
}

/// A full put, for roles and groups alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct CollectionInput {
    pub(crate) name: String,
    pub(crate) trust: Option<String>,
    /// `members` of a role: the old form.
    pub(crate) plain_members: Option<Vec<String>>,
    pub(crate) members: Option<Vec<MemberInput>>,
    pub(crate) settings: SettingsInput,
}

impl CollectionInput {
    /// The members named, in the old form and the new.
    pub(super) fn all_members(&self) -> Vec<MemberInput> {
        let plain = self.plain_members.iter().flatten().map(|name| MemberInput {
            name: name.clone(),
            dates: Dates::default(),
            inactive: false,
        });
        plain.chain(self.members.iter().flatten().cloned()).collect()
    }
}

macro_rules! settings_of {
    ($body:expr; $($field:ident),*) => {{
        let last_reviewed = $body.last_reviewed_date.take();
        let mut input = SettingsInput { last_reviewed, ..SettingsInput::default() };
        $(input.$field = $body.$field.take();)*
        input
    }};
}

macro_rules! role_settings {
    ($body:expr) => {
        settings_of!($body; self_serve, review_enabled, audit_enabled, delete_protection, self_renew, self_renew_mins,
            max_members, member_expiry_days, service_expiry_days, group_expiry_days, member_review_days,
            service_review_days, group_review_days, token_expiry_mins, cert_expiry_mins, sign_algorithm, notify_roles,
            notify_details, user_authority_filter, user_authority_expiration, principal_domain_filter, description, tags)
    };
}

macro_rules! group_settings {
    ($body:expr) => {
        settings_of!($body; self_serve, review_enabled, audit_enabled, delete_protection, self_renew, self_renew_mins,
            max_members, member_expiry_days, service_expiry_days, notify_roles, notify_details, user_authority_filter,
            user_authority_expiration, principal_domain_filter, tags)
    };
}

impl From<Role> for CollectionInput {
    fn from(mut body: Role) -> Self {
        let members = body.role_members.take().map(|members| {
            let input = |member: athenz_model::wire::zms::RoleMember| MemberInput {
                name: member.member_name.unwrap_or_default(),
                dates: Dates { expiration: member.expiration, review_reminder: member.review_reminder },
                inactive: member.active == Some(false),
            };
            members.into_iter().map(input).collect()
        });
        Self {
            name: body.name.take().unwrap_or_default(),
            trust: body.trust.take().filter(|trust| !trust.is_empty()),
            plain_members: body.members.take(),
            members,
            settings: role_settings!(body),
        }
    }
}

impl From<Group> for CollectionInput {
    fn from(mut body: Group) -> Self {
        let members = body.group_members.take().map(|members| {
            let input = |member: athenz_model::wire::zms::GroupMember| MemberInput {
                name: member.member_name.unwrap_or_default(),
                dates: Dates { expiration: member.expiration, review_reminder: None },
                inactive: member.active == Some(false),
            };
            members.into_iter().map(input).collect()
        });
        Self {
            name: body.name.take().unwrap_or_default(),
            members,
            settings: group_settings!(body),
            ..Self::default()
        }
    }
}

impl From<RoleMeta> for SettingsInput {
    fn from(mut body: RoleMeta) -> Self {
        role_settings!(body)
    }
}

impl From<GroupMeta> for SettingsInput {
    fn from(mut body: GroupMeta) -> Self {
        group_settings!(body)
    }
}

impl SettingsInput {
    /// Whether each value is one of its kind.
    ///
    /// # Errors
    /// 400: one is not.
    pub(super) fn check(&self, context: &Context<'_>) -> Result<(), ApiError> {
        not_negative(&[
            ("memberExpiryDays", self.member_expiry_days),
            ("serviceExpiryDays", self.service_expiry_days),
            ("groupExpiryDays", self.group_expiry_days),
            ("tokenExpiryMins", self.token_expiry_mins),
            ("certExpiryMins", self.cert_expiry_mins),
            ("memberReviewDays", self.member_review_days),
            ("serviceReviewDays", self.service_review_days),
            ("groupReviewDays", self.group_review_days),
            ("maxMembers", self.max_members),
            ("selfRenewMins", self.self_renew_mins),
        ])?;
        for (value, grammar, of) in [
            (&self.notify_roles, Grammar::ResourceNames, "ResourceNames"),
            (&self.user_authority_filter, Grammar::AuthorityKeywords, "AuthorityKeywords"),
            (&self.user_authority_expiration, Grammar::SimpleName, "AuthorityKeyword"),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                check_grammar(value, grammar, of)?;
            }
        }
        if let Some(filter) = &self.principal_domain_filter {
            members::check_domain_filter(context, filter)?;
        }
        Ok(())
    }

    /// What a full put makes of these: everything is replaced.
    pub(super) fn replaced(self) -> CollectionSettings {
        self.over(&CollectionSettings::default())
    }

    /// What an update makes of these: what is absent stays; the three switches were filled in.
    pub(crate) fn over(self, stored: &CollectionSettings) -> CollectionSettings {
        let text = |given: Option<String>, stored: &String| given.unwrap_or_else(|| stored.clone());
        CollectionSettings {
            self_serve: self.self_serve.unwrap_or(stored.self_serve),
            review_enabled: self.review_enabled.unwrap_or(stored.review_enabled),
            audit_enabled: self.audit_enabled.unwrap_or(stored.audit_enabled),
            delete_protection: self.delete_protection.unwrap_or(stored.delete_protection),
            self_renew: self.self_renew.unwrap_or(stored.self_renew),
            self_renew_mins: self.self_renew_mins.unwrap_or(stored.self_renew_mins),
            max_members: self.max_members.unwrap_or(stored.max_members),
            member_expiry_days: self.member_expiry_days.unwrap_or(stored.member_expiry_days),
            service_expiry_days: self.service_expiry_days.unwrap_or(stored.service_expiry_days),
            group_expiry_days: self.group_expiry_days.unwrap_or(stored.group_expiry_days),
            member_review_days: self.member_review_days.unwrap_or(stored.member_review_days),
            service_review_days: self.service_review_days.unwrap_or(stored.service_review_days),
            group_review_days: self.group_review_days.unwrap_or(stored.group_review_days),
            token_expiry_mins: self.token_expiry_mins.unwrap_or(stored.token_expiry_mins),
            cert_expiry_mins: self.cert_expiry_mins.unwrap_or(stored.cert_expiry_mins),
            sign_algorithm: text(self.sign_algorithm, &stored.sign_algorithm),
            notify_roles: text(self.notify_roles, &stored.notify_roles),
            notify_details: text(self.notify_details, &stored.notify_details),
            user_authority_filter: text(self.user_authority_filter, &stored.user_authority_filter),
            user_authority_expiration: text(
                self.user_authority_expiration,
                &stored.user_authority_expiration,
            ),
            principal_domain_filter: text(self.principal_domain_filter, &stored.principal_domain_filter),
            description: text(self.description, &stored.description),
            last_reviewed: self.last_reviewed.or(stored.last_reviewed),
            tags: stored.tags.clone(),
            owner: stored.owner.clone(),
        }
    }
}
