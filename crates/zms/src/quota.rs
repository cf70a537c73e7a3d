//! Whether one more fits into a domain.

use athenz_model::ApiError;
use athenz_world::{Domain, Quota};

use crate::context::Context;
use crate::limits::Limits;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Role,
    RoleMember,
    Policy,
    Assertion,
    Service,
    ServiceHost,
    PublicKey,
    Entity,
    Subdomain,
    Group,
    GroupMember,
}

impl Counted {
    const fn noun(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::RoleMember => "role member",
            Self::Policy => "policy",
            Self::Assertion => "policy assertion",
            Self::Service => "service",
            Self::ServiceHost => "service host",
            Self::PublicKey => "service public key",
            Self::Entity => "entity",
            Self::Subdomain => "subdomain",
            Self::Group => "group",
            Self::GroupMember => "group member",
        }
    }

    const fn of(self, quota: &Quota) -> i32 {
        match self {
            Self::Role => quota.role,
            Self::RoleMember => quota.role_member,
            Self::Policy => quota.policy,
            Self::Assertion => quota.assertion,
            Self::Service => quota.service,
            Self::ServiceHost => quota.service_host,
            Self::PublicKey => quota.public_key,
            Self::Entity => quota.entity,
            Self::Subdomain => quota.subdomain,
            Self::Group => quota.group,
            Self::GroupMember => quota.group_member,
        }
    }
}

/// The limits of the deployment in the form a domain's own have.
pub(crate) fn default_quota(limits: &Limits, modified: athenz_model::Timestamp) -> Quota {
    Quota {
        modified,
        subdomain: limits.subdomain,
        role: limits.role,
        role_member: limits.role_member,
        policy: limits.policy,
        assertion: limits.assertion,
        entity: limits.entity,
        service: limits.service,
        service_host: limits.service_host,
        public_key: limits.public_key,
        group: limits.group,
        group_member: limits.group_member,
    }
}

/// The limit of a domain.
pub(crate) fn limit(context: &Context<'_>, domain: &Domain, counted: Counted) -> i32 {
    let defaults = &context.rules.config.quota;
    match &domain.quota {
        Some(own) => counted.of(own),
        None => counted.of(&default_quota(defaults, context.now)),
    }
}

/// Refuses what would hold more than the limit.
///
/// # Errors
/// 429 with the limit and the count.
pub(crate) fn check(
    context: &Context<'_>,
    domain: &Domain,
    counted: Counted,
    actual: usize,
) -> Result<(), ApiError> {
    let limit = limit(context, domain, counted);
    if context.rules.config.quota.check && i32::try_from(actual).unwrap_or(i32::MAX) > limit {
        let noun = counted.noun();
        return Err(ApiError::too_many_requests(format!(
            "{noun} quota exceeded - limit: {limit} actual: {actual}"
        )));
    }
    Ok(())
}

/// Refuses one more where the limit is reached; the text tells the present count.
///
/// # Errors
/// 429 with the limit and the count.
pub(crate) fn check_one_more(
    context: &Context<'_>,
    domain: &Domain,
    counted: Counted,
    present: usize,
) -> Result<(), ApiError> {
    let limit = limit(context, domain, counted);
    if context.rules.config.quota.check && i32::try_from(present).unwrap_or(i32::MAX) >= limit {
        let noun = counted.noun();
        return Err(ApiError::too_many_requests(format!(
            "{noun} quota exceeded - limit: {limit} actual: {present}"
        )));
    }
    Ok(())
}
