//! Limits of single domains.

use athenz_model::ApiError;
use athenz_model::wire::zms as wire;
use athenz_world::{Change, ChangeSet, Quota};

use crate::access::authorize;
use crate::context::Context;
use crate::values::{domain_name, not_negative};

/// `PUT /domain/{name}/quota`. A limit that is left out is 0: nothing allowed.
pub(crate) fn put(
    context: &Context<'_>,
    name: &str,
    body: Option<wire::Quota>,
) -> Result<ChangeSet, ApiError> {
    let name = domain_name(name)?;
    authorize(context, "update", "sys.auth:quota")?;
    let Some(body) = body else {
        return Err(ApiError::bad_request("Missing or malformed Quota"));
    };
    if !body.name.as_deref().unwrap_or_default().eq_ignore_ascii_case(&name) {
        return Err(ApiError::bad_request("putQuota: Domain name in URI and Quota object do not match"));
    }
    not_negative(&[
        ("subdomain", body.subdomain),
        ("role", body.role),
        ("roleMember", body.role_member),
        ("policy", body.policy),
        ("assertion", body.assertion),
        ("entity", body.entity),
        ("service", body.service),
        ("serviceHost", body.service_host),
        ("publicKey", body.public_key),
        ("group", body.group),
        ("groupMember", body.group_member),
    ])?;
    if context.world.domain(&name).is_none() {
        return Err(ApiError::not_found(format!("unknown domain - {name}")));
    }
    let quota = Quota {
        modified: context.stamp,
        subdomain: body.subdomain.unwrap_or_default(),
        role: body.role.unwrap_or_default(),
        role_member: body.role_member.unwrap_or_default(),
        policy: body.policy.unwrap_or_default(),
        assertion: body.assertion.unwrap_or_default(),
        entity: body.entity.unwrap_or_default(),
        service: body.service.unwrap_or_default(),
        service_host: body.service_host.unwrap_or_default(),
        public_key: body.public_key.unwrap_or_default(),
        group: body.group.unwrap_or_default(),
        group_member: body.group_member.unwrap_or_default(),
    };
    Ok(ChangeSet::quiet(name, vec![Change::PutQuota { quota }]))
}

/// `DELETE /domain/{name}/quota`: the deployment's limits hold again.
pub(crate) fn delete(context: &Context<'_>, name: &str) -> Result<ChangeSet, ApiError> {
    let name = domain_name(name)?;
    authorize(context, "update", "sys.auth:quota")?;
    match context.world.domain(&name) {
        None => Err(ApiError::not_found(format!("unknown domain - {name}"))),
        Some(domain) if domain.quota.is_none() => {
            let call = context.call();
            Err(ApiError::not_found(format!("{call}: unable to delete quota: {name}")))
        }
        Some(_) => Ok(ChangeSet::quiet(name, vec![Change::DeleteQuota])),
    }
}
