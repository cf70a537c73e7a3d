//! Callers whose service was deleted.

use athenz_model::names::{PrincipalKind, UserDomains};
use athenz_model::{ApiError, DepartedServices};

use super::principal::Principal;

/// Refuses services that were deleted; people pass, whose names may look alike.
///
/// # Errors
/// 401, whatever the credential.
pub fn check_not_departed(
    departed: &DepartedServices,
    users: &UserDomains,
    caller: &Principal,
) -> Result<(), ApiError> {
    if departed.contains(&caller.full_name) && users.kind(&caller.full_name) == PrincipalKind::Service {
        let text = format!("service {} was deleted, and its credentials with it", caller.full_name);
        return Err(ApiError::unauthorized(text));
    }
    Ok(())
}
