//! Services that were deleted: what was issued to them counts no more, however long it would last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::names::{DomainName, SimpleName};

/// Services that were deleted and not made again, by domain, which may be deleted itself. Cloning
/// shares everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartedServices(Arc<BTreeMap<DomainName, BTreeSet<SimpleName>>>);

impl DepartedServices {
    /// A service was deleted.
    pub fn leave(&mut self, domain: &DomainName, service: SimpleName) {
        Arc::make_mut(&mut self.0).entry(domain.clone()).or_default().insert(service);
    }

    /// A service was made, perhaps again.
    pub fn come_back(&mut self, domain: &DomainName, service: &SimpleName) {
        if !self.of(domain).any(|departed| departed == service) {
            return;
        }
        let all = Arc::make_mut(&mut self.0);
        if let Some(services) = all.get_mut(domain) {
            services.remove(service);
            if services.is_empty() {
                all.remove(domain);
            }
        }
    }

    /// Nothing more is known of the services of a domain.
    pub fn forget(&mut self, domain: &DomainName) {
        if self.0.contains_key(domain) {
            Arc::make_mut(&mut self.0).remove(domain);
        }
    }

    /// Whether a principal, by its full name, is a service that was deleted.
    pub fn contains(&self, principal: &str) -> bool {
        let Some((domain, service)) = principal.rsplit_once('.') else { return false };
        self.0.get(domain).is_some_and(|services| services.contains(service))
    }

    /// The deleted services of a domain.
    pub fn of(&self, domain: &str) -> impl Iterator<Item = &SimpleName> {
        self.0.get(domain).into_iter().flatten()
    }

    /// All deleted services with their domains, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&DomainName, &SimpleName)> {
        self.0.iter().flat_map(|(domain, services)| services.iter().map(move |service| (domain, service)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_gone_until_it_is_made_again() {
        let domain = |name| DomainName::parse(name).unwrap();
        let service = |name| SimpleName::parse(name).unwrap();
        let mut departed = DepartedServices::default();
        departed.leave(&domain("sports"), service("api"));
        departed.leave(&domain("sports.live"), service("api"));
        let before = departed.clone();
        for (principal, gone) in [
            ("sports.api", true),
            ("sports.live.api", true),
            ("sports.live", false),
            ("sports", false),
            ("api", false),
            ("sports.API", false),
        ] {
            assert_eq!(departed.contains(principal), gone, "{principal}");
        }
        departed.come_back(&domain("sports"), &service("web"));
        assert_eq!(departed, before);
        departed.come_back(&domain("sports"), &service("api"));
        assert!(!departed.contains("sports.api"));
        departed.forget(&domain("sports.live"));
        assert_eq!(departed, DepartedServices::default());
        assert!(before.contains("sports.api"), "a clone is of its moment");
    }
}
