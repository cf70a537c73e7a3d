//! Services that were deleted: what was issued to them counts no more, however long it would last.

use std::collections::{BTreeMap, BTreeSet};

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::{DomainName, SimpleName};

/// Services that were deleted and not made again, by domain, which may be deleted itself. Cloning
/// shares everything, and a change copies little: anybody who administers a domain can make many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepartedServices(OrdMap<DomainName, OrdSet<SimpleName>>);

impl Serialize for DepartedServices {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let services = |services: &OrdSet<SimpleName>| services.iter().cloned().collect::<BTreeSet<_>>();
        serializer.collect_map(self.0.iter().map(|(domain, of_domain)| (domain, services(of_domain))))
    }
}

impl<'de> Deserialize<'de> for DepartedServices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<DomainName, BTreeSet<SimpleName>>::deserialize(deserializer)?;
        let shared = |(domain, services): (_, BTreeSet<_>)| (domain, OrdSet::from_iter(services));
        Ok(Self(all.into_iter().map(shared).collect()))
    }
}

impl DepartedServices {
    /// A service was deleted. Returns whether that is news.
    pub fn leave(&mut self, domain: &DomainName, service: SimpleName) -> bool {
        self.0.entry(domain.clone()).or_default().insert(service).is_none()
    }

    /// A service was made, perhaps again. Returns whether it was gone.
    pub fn come_back(&mut self, domain: &DomainName, service: &SimpleName) -> bool {
        if !self.0.get(domain).is_some_and(|services| services.contains(service)) {
            return false;
        }
        let services = self.0.entry(domain.clone()).or_default();
        services.remove(service);
        if services.is_empty() {
            self.0.remove(domain);
        }
        true
    }

    /// Nothing more is known of the services of a domain.
    pub fn forget(&mut self, domain: &DomainName) {
        self.0.remove(domain);
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
        assert!(!departed.leave(&domain("sports"), service("api")), "no news");
        assert!(!departed.come_back(&domain("sports"), &service("web")));
        assert_eq!(departed, before);
        let written = serde_json::to_string(&departed).unwrap();
        assert_eq!(written, r#"{"sports":["api"],"sports.live":["api"]}"#);
        assert_eq!(serde_json::from_str::<DepartedServices>(&written).unwrap(), departed);
        assert!(departed.come_back(&domain("sports"), &service("api")));
        assert!(!departed.contains("sports.api"));
        departed.forget(&domain("sports.live"));
        assert_eq!(departed, DepartedServices::default());
        assert!(before.contains("sports.api"), "a clone is of its moment");
    }
}
