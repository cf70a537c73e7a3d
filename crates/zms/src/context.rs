//! What a command may look at: the world it decides on, who asks, and the time. Nothing else.

use std::sync::atomic::{AtomicI64, Ordering};

use athenz_model::names::UserDomains;
use athenz_model::{ApiError, Timestamp};
use athenz_world::World;

use crate::config::Rules;
use crate::owner_header::OwnerHeader;
use crate::templates::Templates;

/// Who asks, as the authorities found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Full name, lower case: `user.jane`, `sports.api`.
    pub(crate) name: String,
    /// Domain of the principal; for a role credential the domain of its roles.
    pub(crate) domain: String,
    /// Roles of a role token or role certificate, full or short; a credential that has some is
    /// judged by them and not by memberships.
    pub(crate) roles: Option<Vec<String>>,
    /// Whether the certificate may authenticate but not authorize.
    pub(crate) mtls_restricted: bool,
    /// Whether the authority lets its principals act (a password alone may not).
    pub(crate) may_authorize: bool,
    /// The service that acts for the principal.
    pub(crate) authorized_service: Option<String>,
    /// Credential as it is logged: subject of the certificate, or the token without signature.
    pub(crate) credential: String,
}

impl Caller {
    /// Whether the credential does more than tell who somebody is: without that a caller has
    /// neither rights nor what comes with being oneself.
    pub(crate) fn may_act(&self) -> bool {
        !self.mtls_restricted && self.may_authorize
    }

    /// A caller known by name alone.
    pub(crate) fn named(name: &str) -> Self {
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
pub(crate) struct Context<'w> {
    /// The world under the commit lock.
    pub(crate) world: &'w World,
    /// Rules of the deployment.
    pub(crate) rules: &'w Rules,
    /// Solution templates.
    pub(crate) templates: &'w Templates,
    /// Who asks.
    pub(crate) caller: &'w Caller,
    /// Name of the call, as in the contract: `putRole`.
    pub(crate) operation: &'static str,
    /// The present moment.
    pub(crate) now: Timestamp,
    /// `modified` of everything this commit touches.
    pub(crate) stamp: Timestamp,
    /// `Y-Audit-Ref`, empty when absent.
    pub(crate) audit_reference: &'w str,
    /// `Athenz-Resource-Owner`.
    pub(crate) owner: &'w OwnerHeader,
    /// The next free number for an assertion.
    pub(crate) ids: &'w AtomicI64,
    /// A fresh random UUID.
    pub(crate) uuid: &'w str,
}

impl Context<'_> {
    /// Name of the call in lower case, as many error texts begin.
    pub(crate) fn call(&self) -> String {
        self.operation.to_ascii_lowercase()
    }

    /// The domains that decide what a name is.
    pub(crate) fn users(&self) -> &UserDomains {
        &self.rules.users
    }

    /// A number for a new assertion.
    pub(crate) fn next_id(&self) -> i64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// A domain that must exist, for policies, services and entities.
    ///
    /// # Errors
    /// 404 in the words of the store.
    pub(crate) fn stored_domain(
        &self,
        name: &str,
    ) -> Result<&std::sync::Arc<athenz_world::Domain>, ApiError> {
        self.world.domain(name).ok_or_else(|| ApiError::not_found(format!("unknown domain - {name}")))
    }

    /// A domain that must exist.
    ///
    /// # Errors
    /// 404 in the words of the write calls.
    pub(crate) fn domain(&self, name: &str) -> Result<&std::sync::Arc<athenz_world::Domain>, ApiError> {
        self.world.domain(name).ok_or_else(|| ApiError::not_found(format!("No such domain: {name}")))
    }
}
