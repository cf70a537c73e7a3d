//! Which roles are delegated to a domain, so that nobody need look through all roles for them.

use athenz_model::names::{DomainName, EntityName};
use imbl::{HashMap, OrdSet};

/// Delegated roles by the domain they trust, there or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TrustingRoles(HashMap<DomainName, OrdSet<(DomainName, EntityName)>>);

impl TrustingRoles {
    /// Owner and short name of each, sorted.
    pub(crate) fn of<'a>(
        &'a self,
        trusted: &str,
    ) -> impl Iterator<Item = &'a (DomainName, EntityName)> + use<'a> {
        self.0.get(trusted).into_iter().flatten()
    }

    /// Notes what a role trusts now, and what it trusted before.
    pub(crate) fn note(
        &mut self,
        owner: &DomainName,
        role: &EntityName,
        before: Option<&DomainName>,
        after: Option<&DomainName>,
    ) {
        if before == after {
            return;
        }
        let key = (owner.clone(), role.clone());
        if let Some(roles) = before.and_then(|before| self.0.get_mut(before)) {
            roles.remove(&key);
        }
        if let Some(before) = before.filter(|before| self.0.get(*before).is_some_and(OrdSet::is_empty)) {
            self.0.remove(before);
        }
        if let Some(after) = after {
            self.0.entry(after.clone()).or_default().insert(key);
        }
    }
}
