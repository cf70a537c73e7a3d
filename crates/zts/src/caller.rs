//! Who asks, as far as tokens and certificates care.

use athenz_serve::Principal;
use athenz_serve::caller::Credential;

/// The party a token or certificate is asked by.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// `domain.name`; the domain alone for a role token.
    pub name: &'a str,
    /// The domain part.
    pub domain: &'a str,
    /// Full names of the roles it acts in; empty for a role identity that does not say.
    pub roles: Option<&'a [String]>,
    /// The service through which a user acts.
    pub authorized_service: Option<&'a str>,
    /// Thumbprint of its certificate.
    pub thumbprint: Option<&'a str>,
}

impl<'a> Caller<'a> {
    /// The caller that the transport authenticated.
    pub fn of(principal: &'a Principal) -> Self {
        let is_role = matches!(principal.credential, Credential::RoleCertificate | Credential::RoleToken);
        Self {
            name: &principal.full_name,
            domain: &principal.domain,
            roles: principal.roles.as_deref().or(is_role.then_some(&[])),
            authorized_service: principal.authorized_service.as_deref(),
            thumbprint: principal.certificate_thumbprint.as_deref(),
        }
    }

    /// A caller known by what it signed only.
    pub const fn by_assertion(name: &'a str, domain: &'a str) -> Self {
        Self { name, domain, roles: None, authorized_service: None, thumbprint: None }
    }

    /// Whether it acts in a role and not as itself.
    pub const fn is_role_identity(&self) -> bool {
        self.roles.is_some()
    }

    /// Whether it may hold this role; everybody who acts as itself may.
    pub fn covers_role(&self, domain: &str, role: &str) -> bool {
        let is_it = |full: &String| {
            full.get(..domain.len()).is_some_and(|start| start.eq_ignore_ascii_case(domain))
                && full.get(domain.len()..).and_then(|rest| rest.get(..":role.".len())) == Some(":role.")
                && full
                    .get(domain.len() + ":role.".len()..)
                    .is_some_and(|name| name.eq_ignore_ascii_case(role))
        };
        self.roles.is_none_or(|roles| roles.iter().any(is_it))
    }

    /// The domain of the service through which a user acts.
    pub fn authorized_service_domain(&self) -> Option<&'a str> {
        self.authorized_service.map(|service| service.rsplit_once('.').map_or("", |(domain, _)| domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_identity_covers_its_roles_only() {
        let roles = ["tk:role.readers".to_owned()];
        let caller = Caller { roles: Some(&roles), ..Caller::by_assertion("user.a", "user") };
        for (domain, role, covered) in [
            ("tk", "readers", true),
            ("tk", "writers", false),
            ("tkx", "readers", false),
            ("t", "readers", false),
        ] {
            assert_eq!(caller.covers_role(domain, role), covered, "{domain} {role}");
        }
        let nobody = Caller { roles: Some(&[]), ..caller };
        assert!(nobody.is_role_identity() && !nobody.covers_role("tk", "readers"));
        assert!(Caller::by_assertion("user.a", "user").covers_role("tk", "readers"));
    }
}
