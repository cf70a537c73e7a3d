//! The outcomes of Athenz's access check: names, order and texts are what callers depend on.

use std::fmt;

/// Outcome of a check. The numbers are those of Athenz's `AccessCheckStatus`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// An assertion allows, and none denies.
    Allow = 0,
    /// An assertion denies.
    Deny = 1,
    /// No assertion applies.
    #[default]
    DenyNoMatch = 2,
    /// The token has expired.
    DenyRoleTokenExpired = 3,
    /// The token cannot be read, or its signature does not hold.
    DenyRoleTokenInvalid = 4,
    /// The resource belongs to another domain than the token.
    DenyDomainMismatch = 5,
    /// There are no policies for the domain of the token.
    DenyDomainNotFound = 6,
    /// The policies are older than may be trusted.
    DenyDomainExpired = 7,
    /// The policies of the domain hold no assertion.
    DenyDomainEmpty = 8,
    /// Action or resource is empty or too long.
    DenyInvalidParameters = 9,
    /// A role certificate of another issuer than those that are trusted.
    DenyCertMismatchIssuer = 10,
    /// A role certificate without subject.
    DenyCertMissingSubject = 11,
    /// A role certificate whose subject names no domain.
    DenyCertMissingDomain = 12,
    /// A role certificate whose subject names no role.
    DenyCertMissingRoleName = 13,
    /// The access token is bound to another certificate.
    DenyCertHashMismatch = 14,
}

impl Status {
    /// All outcomes, in the order of their numbers.
    pub const ALL: [Self; 15] = [
        Self::Allow,
        Self::Deny,
        Self::DenyNoMatch,
        Self::DenyRoleTokenExpired,
        Self::DenyRoleTokenInvalid,
        Self::DenyDomainMismatch,
        Self::DenyDomainNotFound,
        Self::DenyDomainExpired,
        Self::DenyDomainEmpty,
        Self::DenyInvalidParameters,
        Self::DenyCertMismatchIssuer,
        Self::DenyCertMissingSubject,
        Self::DenyCertMissingDomain,
        Self::DenyCertMissingRoleName,
        Self::DenyCertHashMismatch,
    ];

    /// Whether access is granted.
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allow)
    }

    /// The name that Athenz's libraries have for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
            Self::DenyNoMatch => "DENY_NO_MATCH",
            Self::DenyRoleTokenExpired => "DENY_ROLETOKEN_EXPIRED",
            Self::DenyRoleTokenInvalid => "DENY_ROLETOKEN_INVALID",
            Self::DenyDomainMismatch => "DENY_DOMAIN_MISMATCH",
            Self::DenyDomainNotFound => "DENY_DOMAIN_NOT_FOUND",
            Self::DenyDomainExpired => "DENY_DOMAIN_EXPIRED",
            Self::DenyDomainEmpty => "DENY_DOMAIN_EMPTY",
            Self::DenyInvalidParameters => "DENY_INVALID_PARAMETERS",
            Self::DenyCertMismatchIssuer => "DENY_CERT_MISMATCH_ISSUER",
            Self::DenyCertMissingSubject => "DENY_CERT_MISSING_SUBJECT",
            Self::DenyCertMissingDomain => "DENY_CERT_MISSING_DOMAIN",
            Self::DenyCertMissingRoleName => "DENY_CERT_MISSING_ROLE_NAME",
            Self::DenyCertHashMismatch => "DENY_CERT_HASH_MISMATCH",
        }
    }

    /// The text that Athenz's libraries have for it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Allow => "Access Check was explicitly allowed",
            Self::Deny => "Access Check was explicitly denied",
            Self::DenyNoMatch => {
                "Access denied due to no match to any of the assertions defined in domain policy file"
            }
            Self::DenyRoleTokenExpired => "Access denied due to expired Token",
            Self::DenyRoleTokenInvalid => "Access denied due to invalid Token",
            Self::DenyDomainMismatch => "Access denied due to domain mismatch between Resource and Token",
            Self::DenyDomainNotFound => "Access denied due to domain not found in library cache",
            Self::DenyDomainExpired => "Access denied due to expired domain policy file",
            Self::DenyDomainEmpty => "Access denied due to no policies in the domain file",
            Self::DenyInvalidParameters => "Access denied due to invalid/empty action/resource values",
            Self::DenyCertMismatchIssuer => "Access denied due to certificate mismatch in issuer",
            Self::DenyCertMissingSubject => "Access denied due to missing subject in certificate",
            Self::DenyCertMissingDomain => "Access denied due to missing domain name in certificate",
            Self::DenyCertMissingRoleName => "Access denied due to missing role name in certificate",
            Self::DenyCertHashMismatch => "Access denied due to access token certificate hash mismatch",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_order() {
        for (number, status) in Status::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, number, "{}", status.name());
        }
    }
}
