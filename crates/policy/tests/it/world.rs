//! A world made of plain lists, and the same world as the engine sees it.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use athenz_policy::{
    Assertion, Directory, Domain, Effect, Member, Members, Policies, PrincipalId, Principals, RoleView,
    SystemDisabled,
};

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) disabled: u8,
    pub(crate) active: bool,
    /// Milliseconds.
    pub(crate) expiration: Option<i64>,
}

impl Entry {
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.to_owned(), disabled: 0, active: true, expiration: None }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PlainRole {
    pub(crate) entries: Vec<Entry>,
    pub(crate) trust: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct PlainAssertion {
    pub(crate) role: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) effect: Effect,
    pub(crate) conditional: bool,
}

impl PlainAssertion {
    pub(crate) fn new(effect: Effect, role: &str, action: &str, resource: &str) -> Self {
        Self {
            role: role.into(),
            action: action.into(),
            resource: resource.into(),
            effect,
            conditional: false,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct PlainDomain {
    pub(crate) disabled: bool,
    pub(crate) roles: BTreeMap<String, PlainRole>,
    pub(crate) groups: BTreeMap<String, Vec<Entry>>,
    pub(crate) assertions: Vec<PlainAssertion>,
}

/// Domains by name, and all names in the order in which they were first stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlainWorld {
    pub(crate) names: Vec<String>,
    pub(crate) domains: BTreeMap<String, PlainDomain>,
}

pub(crate) struct World {
    principals: Principals,
    domains: BTreeMap<String, WorldDomain>,
}

struct WorldDomain {
    name: String,
    enabled: bool,
    policies: Policies,
    roles: BTreeMap<String, (Members, Option<String>)>,
    groups: BTreeMap<String, Members>,
}

pub(crate) fn compile(assertions: &[PlainAssertion]) -> Policies {
    Policies::compile(assertions.iter().enumerate().map(|(place, assertion)| Assertion {
        policy: "policy",
        id: place as i64,
        role: &assertion.role,
        action: &assertion.action,
        resource: &assertion.resource,
        effect: assertion.effect,
        conditional: assertion.conditional,
    }))
}

impl World {
    pub(crate) fn of(plain: &PlainWorld) -> Self {
        let principals = Principals::new();
        for name in &plain.names {
            principals.intern(name);
        }
        let domains = plain
            .domains
            .iter()
            .map(|(name, domain)| (name.clone(), WorldDomain::of(name, domain, &principals)))
            .collect();
        Self { principals, domains }
    }

    pub(crate) fn get(&self, domain: &str) -> &dyn Domain {
        &self.domains[domain]
    }

    pub(crate) fn id(&self, name: &str) -> Option<PrincipalId> {
        self.principals.id(name)
    }
}

impl WorldDomain {
    fn of(name: &str, plain: &PlainDomain, principals: &Principals) -> Self {
        let members = |entries: &[Entry]| {
            let mut members = Members::new();
            for entry in entries {
                members.insert(
                    Member {
                        system_disabled: SystemDisabled::from_bits(entry.disabled),
                        active: entry.active,
                        expiration: entry.expiration.map(Timestamp::from_millis),
                        ..Member::of(principals.intern(&entry.name))
                    },
                    principals,
                );
            }
            members
        };
        Self {
            name: name.to_owned(),
            enabled: !plain.disabled,
            policies: compile(&plain.assertions),
            roles: plain
                .roles
                .iter()
                .map(|(name, role)| (name.clone(), (members(&role.entries), role.trust.clone())))
                .collect(),
            groups: plain.groups.iter().map(|(name, entries)| (name.clone(), members(entries))).collect(),
        }
    }
}

impl Directory for World {
    fn domain(&self, name: &str) -> Option<&dyn Domain> {
        self.domains.get(name).map(|domain| domain as &dyn Domain)
    }

    fn principals(&self) -> &Principals {
        &self.principals
    }
}

impl Domain for WorldDomain {
    fn name(&self) -> &str {
        &self.name
    }

    fn enabled(&self) -> bool {
        self.enabled
    }

    fn policies(&self) -> &Policies {
        &self.policies
    }

    fn role(&self, short_name: &str) -> Option<RoleView<'_>> {
        self.roles.get(short_name).map(|(members, trust)| RoleView { members, trust: trust.as_deref() })
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>)) {
        for (name, (members, trust)) in &self.roles {
            visit(name, RoleView { members, trust: trust.as_deref() });
        }
    }

    fn group(&self, short_name: &str) -> Option<&Members> {
        self.groups.get(short_name)
    }
}
