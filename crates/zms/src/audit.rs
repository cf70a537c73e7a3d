//! When a change needs an audit reference (`Y-Audit-Ref`).

use athenz_model::ApiError;

use crate::audited_kind::AuditedKind;
use crate::context::Context;

/// The rule of the domain: a guarded kind of object in an audit-enabled domain.
///
/// # Errors
/// 404 for an unknown domain, 400 where the reference is missing.
pub(crate) fn check_domain(context: &Context<'_>, kind: AuditedKind, domain: &str) -> Result<(), ApiError> {
    if !context.rules.config.audit_ref_check_objects.contains(&kind) {
        return Ok(());
    }
    let call = context.call();
    let Some(found) = context.world.domain(domain) else {
        return Err(ApiError::not_found(format!("{call}: Unknown domain: {domain}")));
    };
    if found.attributes.audit_enabled && context.audit_reference.is_empty() {
        return Err(ApiError::bad_request(format!("{call}: Audit reference required for domain: {domain}")));
    }
    Ok(())
}

/// The rule of the object: an audit-enabled role or group.
///
/// # Errors
/// 400 where the reference is missing.
pub(crate) fn check_object(
    context: &Context<'_>,
    audit_enabled: bool,
    full_name: &str,
) -> Result<(), ApiError> {
    if audit_enabled && context.audit_reference.is_empty() {
        let call = context.call();
        return Err(ApiError::bad_request(format!(
            "{call}: Audit reference required for object: {full_name}"
        )));
    }
    Ok(())
}

/// Calls that always need a reference.
///
/// # Errors
/// 400 where it is missing.
pub(crate) fn check_always(context: &Context<'_>) -> Result<(), ApiError> {
    if context.audit_reference.is_empty() {
        return Err(ApiError::bad_request("Audit reference is required for this operation"));
    }
    Ok(())
}
