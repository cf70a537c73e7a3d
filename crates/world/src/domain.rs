//! A domain: the tenant that owns everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use athenz_model::names::{DomainName, EntityName, SimpleName};
use athenz_policy::{Effect, Members, Policies, RoleView};
use imbl::OrdMap;

use crate::attributes::{DomainAttributes, Quota};
use crate::collection::{Collection, CollectionKind};
use crate::entry::Sequence;
use crate::fingerprint::Fingerprint;
use crate::policies::Policy;
use crate::services::{Entity, Service};

/// A domain with all it owns. Cloning shares everything.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its name.
    pub name: DomainName,
    /// Number of the last change of its replicated content. Never repeats, not even after the
    /// domain was deleted and made again.
    pub revision: Sequence,
    /// Attributes.
    pub attributes: Arc<DomainAttributes>,
    /// Roles by short name.
    pub roles: OrdMap<EntityName, Arc<Collection>>,
    /// Groups by short name.
    pub groups: OrdMap<EntityName, Arc<Collection>>,
    /// Policies by short name.
    pub policies: OrdMap<EntityName, Arc<Policy>>,
    /// Services by short name.
    pub services: OrdMap<SimpleName, Arc<Service>>,
    /// Entities by short name.
    pub entities: OrdMap<EntityName, Arc<Entity>>,
    /// Applied solution templates and the version that was applied.
    pub templates: Arc<BTreeMap<String, i32>>,
    /// Limits of its own.
    pub quota: Option<Arc<Quota>>,
    /// Service providers that depend on it.
    pub dependencies: Arc<BTreeSet<String>>,
    /// Sum over its rows; see [`crate::fingerprint`].
    pub fingerprint: Fingerprint,
    /// The active policies ready for decisions, made when first asked for.
    compiled: Arc<OnceLock<Policies>>,
}

impl Domain {
    /// A domain that owns nothing yet.
    pub fn new(name: DomainName) -> Self {
        Self {
            name,
            revision: Sequence::default(),
            attributes: Arc::default(),
            roles: OrdMap::new(),
            groups: OrdMap::new(),
            policies: OrdMap::new(),
            services: OrdMap::new(),
            entities: OrdMap::new(),
            templates: Arc::default(),
            quota: None,
            dependencies: Arc::default(),
            fingerprint: Fingerprint::default(),
            compiled: Arc::default(),
        }
    }

    /// Roles or groups.
    pub fn collections(&self, kind: CollectionKind) -> &OrdMap<EntityName, Arc<Collection>> {
        match kind {
            CollectionKind::Role => &self.roles,
            CollectionKind::Group => &self.groups,
        }
    }

    pub(crate) fn collections_mut(
        &mut self,
        kind: CollectionKind,
    ) -> &mut OrdMap<EntityName, Arc<Collection>> {
        match kind {
            CollectionKind::Role => &mut self.roles,
            CollectionKind::Group => &mut self.groups,
        }
    }

    /// A role or group by short name.
    pub fn collection(&self, kind: CollectionKind, name: &str) -> Option<&Arc<Collection>> {
        self.collections(kind).get(name)
    }

    /// The domain that a role is delegated to.
    pub(crate) fn trust_of(&self, role: &str) -> Option<&DomainName> {
        self.roles.get(role)?.attributes.trust.as_ref()
    }

    /// The active policies, compiled.
    pub fn compiled_policies(&self) -> &Policies {
        self.compiled.get_or_init(|| Policies::compile(self.active_assertions()))
    }

    /// To be called whenever a policy changes.
    pub(crate) fn forget_compiled_policies(&mut self) {
        self.compiled = Arc::default();
    }

    fn active_assertions(&self) -> impl Iterator<Item = athenz_policy::Assertion<'_>> {
        self.policies.iter().filter_map(|(name, policy)| Some((name, policy.active()?.1))).flat_map(
            |(name, version)| {
                version.assertions.values().map(move |assertion| athenz_policy::Assertion {
                    policy: name.as_str(),
                    id: assertion.id,
                    role: &assertion.role,
                    action: &assertion.action,
                    resource: &assertion.resource,
                    effect: match assertion.effect {
                        athenz_model::wire::zms::AssertionEffect::Allow => Effect::Allow,
                        athenz_model::wire::zms::AssertionEffect::Deny => Effect::Deny,
                    },
                    conditional: !assertion.conditions.is_empty(),
                })
            },
        )
    }
}

impl athenz_policy::Domain for Domain {
    fn name(&self) -> &str {
        &self.name
    }

    fn enabled(&self) -> bool {
        !self.attributes.disabled
    }

    fn policies(&self) -> &Policies {
        self.compiled_policies()
    }

    fn role(&self, short_name: &str) -> Option<RoleView<'_>> {
        self.roles.get(short_name).map(|role| view(role))
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>)) {
        for (name, role) in &self.roles {
            visit(name, view(role));
        }
    }

    fn group(&self, short_name: &str) -> Option<&Members> {
        self.groups.get(short_name).map(|group| &group.members)
    }
}

fn view(role: &Collection) -> RoleView<'_> {
    RoleView { members: &role.members, trust: role.attributes.trust.as_deref() }
}
