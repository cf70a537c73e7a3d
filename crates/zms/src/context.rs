//! What a command may look at: the world it decides on, who asks, and the time. Nothing else.

use std::cell::Cell;

use athenz_model::names::UserDomains;
use athenz_model::{ApiError, Timestamp};
use athenz_world::World;

use crate::config::Rules;
use crate::ownership::OwnerHeader;
use crate::templates::Templates;

/// Who asks, as the authorities found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Full name, lower case: `user.jane`, `sports.api`.
    pub name: String,
    /// Domain of the principal; for a role credential the domain of its roles.
    pub domain: String,
    /// Roles of a role token or role certificate, full or short; a credential that has some is
    /// judged by them and not by memberships.
    pub roles: Option<Vec<String>>,
    /// Whether the certificate may authenticate but not authorize.
    pub mtls_restricted: bool,
    /// Whether the authority lets its principals act (a password alone may not).
    pub may_authorize: bool,
    /// The service that acts for the principal.
    pub authorized_service: Option<String>,
    /// Credential as it is logged: subject of the certificate, or the token without signature.
    pub credential: String,
}

impl Caller {
    /// A caller known by name alone.
    pub fn named(name: &str) -> Self {
        let domain = name.rsplit_once('.').map_or("", |(domain, _)| domain);
        Self {
            name: name.to_owned(),
            domain: domain.to_owned(),
            roles: None,
            mtls_restricted: false,
            may_authorize: true,
            authorized_service: None,
            credential: String::new(),
        }
    }
}

/// Everything a decision depends on.
#[derive(Debug)]
pub struct Context<'w> {
    /// The world under the commit lock.
    pub world: &'w World,
    /// Rules of the deployment.
    pub rules: &'w Rules,
    /// Solution templates.
    pub templates: &'w Templates,
    /// Who asks.
    pub caller: &'w Caller,
    /// Name of the call, as in the contract: `putRole`.
    pub operation: &'static str,
    /// The present moment.
    pub now: Timestamp,
    /// `modified` of everything this commit touches.
    pub stamp: Timestamp,
    /// `Y-Audit-Ref`, empty when absent.
    pub audit_reference: &'w str,
    /// `Athenz-Resource-Owner`.
    pub owner: &'w OwnerHeader,
    /// The next free number for an assertion.
    pub ids: &'w Cell<i64>,
    /// A fresh random UUID.
    pub uuid: &'w str,
}

impl Context<'_> {
    /// Name of the call in lower case, as many error texts begin.
    pub fn call(&self) -> String {
        self.operation.to_ascii_lowercase()
    }

    /// The domains that decide what a name is.
    pub fn users(&self) -> &UserDomains {
        &self.rules.users
    }

    /// A number for a new assertion.
    pub fn next_id(&self) -> i64 {
        let id = self.ids.get();
        self.ids.set(id + 1);
        id
    }

    /// A domain that must exist.
    ///
    /// # Errors
    /// 404 in the words of the write calls.
    pub fn domain(&self, name: &str) -> Result<&std::sync::Arc<athenz_world::Domain>, ApiError> {
        self.world.domain(name).ok_or_else(|| ApiError::not_found(format!("No such domain: {name}")))
    }
}
