//! The DNS names a built-in provider vouches for: those that name the service and its domain.

use crate::certificates::names::{INSTANCE_ID_LABELS, dashed};

/// What a provider vouches for by its configuration.
#[derive(Clone, Debug, Default)]
pub struct DnsRules {
    /// Suffixes without leading dot.
    pub suffixes: Vec<String>,
    /// Clusters: `<service>.<domain>.<cluster>.<suffix>` is accepted.
    pub clusters: Vec<String>,
}

impl DnsRules {
    /// Whether the provider vouches for all of `names`, of which at most one is an instance id and at
    /// least one is not.
    pub fn accept(&self, names: &[String], domain: &str, service: &str) -> bool {
        let domain = dashed(domain);
        let (mut hosts, mut instances) = (0, 0);
        for name in names {
            if let Some((_, suffix)) = name.split_once(INSTANCE_ID_LABELS) {
                instances += 1;
                if instances > 1 || !self.suffixes.iter().any(|known| known == suffix) {
                    return false;
                }
            } else if self.is_of_cluster(name, &domain, service) || self.is_of_service(name, &domain, service)
            {
                hosts += 1;
            } else {
                return false;
            }
        }
        hosts > 0
    }

    fn is_of_cluster(&self, name: &str, domain: &str, service: &str) -> bool {
        self.clusters.iter().any(|cluster| {
            self.suffixes.iter().any(|suffix| *name == format!("{service}.{domain}.{cluster}.{suffix}"))
        })
    }

    /// Ends with `.<domain>.<suffix>`, and one label before is the service.
    fn is_of_service(&self, name: &str, domain: &str, service: &str) -> bool {
        self.suffixes.iter().any(|suffix| {
            name.strip_suffix(suffix.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .and_then(|rest| rest.strip_suffix(domain))
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|labels| labels.split('.').any(|label| label == service))
        })
    }
}
