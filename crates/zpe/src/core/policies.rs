//! The policies of all domains at hand, compiled: one snapshot, swapped whole.

use std::collections::HashMap;
use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_policy::{Assertion, Policies};

use super::policy_document::VerifiedPolicies;

/// The policies of a domain, compiled.
#[derive(Clone, Debug)]
pub struct DomainPolicies {
    domain: String,
    modified: Timestamp,
    expires: Timestamp,
    compiled: Policies,
}

impl DomainPolicies {
    /// Compiles verified policies.
    pub fn compile(verified: &VerifiedPolicies) -> Self {
        let prefix = format!("{}:", verified.domain);
        let resources: Vec<String> =
            verified.assertions.iter().map(|assertion| with_domain(&prefix, &assertion.resource)).collect();
        let assertions = verified.assertions.iter().zip(&resources).map(|(assertion, resource)| Assertion {
            policy: &assertion.policy,
            id: assertion.id,
            role: &assertion.role,
            action: &assertion.action,
            resource,
            effect: assertion.effect,
            conditional: assertion.conditional,
        });
        Self {
            domain: verified.domain.clone(),
            modified: verified.modified,
            expires: verified.expires,
            compiled: Policies::compile(assertions),
        }
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// When the policies were last changed.
    pub const fn modified(&self) -> Timestamp {
        self.modified
    }

    /// Until when they may be used.
    pub const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// How many assertions there are.
    pub fn assertions(&self) -> usize {
        self.compiled.len()
    }

    pub(super) const fn compiled(&self) -> &Policies {
        &self.compiled
    }

    /// Whether these replace what was held: a document that was made before and changed before
    /// takes nobody back in time.
    pub fn supersedes(&self, held: &Self) -> bool {
        self.modified >= held.modified || self.expires > held.expires
    }
}

/// A resource of an assertion is compared in full; one without domain is of the policy's.
fn with_domain(prefix: &str, resource: &str) -> String {
    if resource.contains(':') { resource.to_owned() } else { format!("{prefix}{resource}") }
}

/// The policies of several domains.
#[derive(Clone, Debug, Default)]
pub struct PolicySet(HashMap<String, Arc<DomainPolicies>>);

impl PolicySet {
    /// The policies of one domain.
    pub fn domain(&self, name: &str) -> Option<&Arc<DomainPolicies>> {
        self.0.get(name)
    }

    /// The policies of all domains, in no order.
    pub fn domains(&self) -> impl Iterator<Item = &Arc<DomainPolicies>> {
        self.0.values()
    }

    /// Adds those of a domain, or replaces them.
    pub fn insert(&mut self, policies: Arc<DomainPolicies>) {
        self.0.insert(policies.domain.clone(), policies);
    }

    /// How many domains there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Arc<DomainPolicies>> for PolicySet {
    fn from_iter<I: IntoIterator<Item = Arc<DomainPolicies>>>(policies: I) -> Self {
        let mut set = Self::default();
        policies.into_iter().for_each(|policies| set.insert(policies));
        set
    }
}
