//! Names that are in every domain.

/// Name of the role and of the policy that administer a domain.
pub(crate) const ADMIN: &str = "admin";

/// Version of a policy that was made without naming one.
pub(crate) const FIRST_VERSION: &str = "0";
