//! Roles and policies that must be there, whatever else there is: what several calls make besides
//! what stands there already.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_model::wire::zms::AssertionEffect;
use athenz_world::{
    Assertion, Change, Collection, CollectionAttributes, CollectionKind, Domain, MemberAction, MemberRow,
    Ownership, Pending, PendingKind, PolicyVersionAttributes,
};

use super::member_log;
use super::standard_names::FIRST_VERSION;
use crate::context::Context;
use crate::values::{entity_name, simple_name};

/// What must be there in one domain.
#[derive(Debug, Default)]
pub(crate) struct Provision {
    roles: BTreeMap<EntityName, WantedRole>,
    policies: BTreeMap<EntityName, WantedPolicy>,
}

#[derive(Debug, Default)]
struct WantedPolicy {
    grants: Vec<Grant>,
    /// Whether it grants nothing else.
    alone: bool,
}

#[derive(Debug)]
enum WantedRole {
    Plain { member: Option<MemberName> },
    Delegated { trust: DomainName },
}

/// An assertion that allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Full name of a role of the domain.
    pub(crate) role: String,
    pub(crate) action: String,
    pub(crate) resource: String,
}

impl Grant {
    pub(crate) fn new(role: impl Into<String>, action: &str, resource: impl Into<String>) -> Self {
        Self { role: role.into(), action: action.to_owned(), resource: resource.into() }
    }

    fn assertion(&self, id: i64) -> Assertion {
        Assertion {
            id,
            role: self.role.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            effect: AssertionEffect::Allow,
            conditions: Vec::new(),
        }
    }
}

impl Provision {
    /// A role with members of its own, perhaps one more.
    pub(crate) fn role(&mut self, name: &str, member: Option<MemberName>) -> Result<(), ApiError> {
        self.roles.insert(entity_name(name)?, WantedRole::Plain { member });
        Ok(())
    }

    /// A role whose members another domain decides.
    pub(crate) fn delegated(&mut self, name: &str, trust: &DomainName) -> Result<(), ApiError> {
        self.roles.insert(entity_name(name)?, WantedRole::Delegated { trust: trust.clone() });
        Ok(())
    }

    /// A policy that grants this too.
    pub(crate) fn grant(&mut self, policy: &str, grant: Grant) -> Result<(), ApiError> {
        let grants = &mut self.policies.entry(entity_name(policy)?).or_default().grants;
        if !grants.contains(&grant) {
            grants.push(grant);
        }
        Ok(())
    }

    /// A policy that grants this and nothing else.
    pub(crate) fn grant_alone(&mut self, policy: &str, grant: Grant) -> Result<(), ApiError> {
        let wanted = WantedPolicy { grants: vec![grant], alone: true };
        self.policies.insert(entity_name(policy)?, wanted);
        Ok(())
    }

    /// What makes it so.
    pub(crate) fn changes(self, context: &Context<'_>, domain: &Domain) -> Result<Vec<Change>, ApiError> {
        let mut changes = Vec::new();
        for (name, wanted) in self.roles {
            changes.extend(role_changes(context, domain, name, wanted));
        }
        for (name, wanted) in self.policies {
            changes.extend(policy_changes(context, domain, &name, &wanted)?);
        }
        Ok(changes)
    }
}

/// A role that is found keeps its attributes and members; only one that becomes delegated loses
/// the members nobody would ask about any more.
fn role_changes(context: &Context<'_>, domain: &Domain, name: EntityName, wanted: WantedRole) -> Vec<Change> {
    let kind = CollectionKind::Role;
    let held = domain.roles.get(&name).map(|held| &**held);
    let (trust, member) = match wanted {
        WantedRole::Plain { member } => (None, member),
        WantedRole::Delegated { trust } => (Some(trust), None),
    };
    let mut changes = Vec::new();
    if held.is_none_or(|held| held.attributes.trust != trust) {
        let mut attributes = match held {
            Some(held) => held.attributes.clone(),
            None => CollectionAttributes::new(context.now),
        };
        attributes.modified = context.stamp;
        attributes.trust.clone_from(&trust);
        changes.push(Change::PutCollection { kind, name: name.clone(), attributes });
    }
    if trust.is_some() {
        for member in held.into_iter().flat_map(|held| held.members.iter()) {
            let Ok(member) = MemberName::parse(&context.world.name_of(member.principal)) else { continue };
            changes.extend(member_log::remove(context, kind, &name, &member));
        }
    }
    if let Some(member) = member {
        let needs_approval = held.is_some_and(Collection::needs_approval);
        changes.extend(admit(context, kind, &name, held, needs_approval, member));
    }
    changes
}

/// Makes somebody a member who is none; where additions need approval a request is made.
pub(crate) fn admit(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: Option<&Collection>,
    needs_approval: bool,
    member: MemberName,
) -> Vec<Change> {
    let id = context.world.principals().id(&member);
    if held.zip(id).is_some_and(|(held, id)| held.members.get(id).is_some()) {
        return Vec::new();
    }
    if !needs_approval {
        let row = MemberRow {
            system_disabled: super::membership::system_disabled(context, &member, None),
            ..MemberRow::new(member, &context.caller.name)
        };
        return member_log::add(context, kind, name, row).into();
    }
    if held.is_some_and(|held| held.pending_about(&member).is_some()) {
        return Vec::new();
    }
    let line = member_log::line(context, kind, name, &member, MemberAction::Request);
    let pending = Pending {
        name: member,
        kind: PendingKind::Add,
        requester: context.caller.name.clone(),
        requested: context.now,
        audit_reference: context.audit_reference.to_owned(),
        expiration: None,
        review_reminder: None,
    };
    vec![Change::PutPending { kind, name: name.clone(), pending }, line]
}

/// New: version 0, active. Found: what is missing is added to the active version, and what is not
/// wanted leaves it where the policy is to grant nothing else.
fn policy_changes(
    context: &Context<'_>,
    domain: &Domain,
    name: &EntityName,
    wanted: &WantedPolicy,
) -> Result<Vec<Change>, ApiError> {
    let held = domain.policies.get(name).and_then(|held| held.active());
    let mut changes = Vec::new();
    let version = match held {
        Some((version, _)) => version.clone(),
        None => {
            let version = simple_name(FIRST_VERSION)?;
            changes.push(new_version(context, name, &version));
            version
        }
    };
    for grant in &wanted.grants {
        let assertion = grant.assertion(0);
        let present =
            held.is_some_and(|(_, held)| held.assertions.values().any(|held| held.says_the_same(&assertion)));
        if !present {
            let assertion = Assertion { id: context.next_id(), ..assertion };
            changes.push(Change::PutAssertion { policy: name.clone(), version: version.clone(), assertion });
        }
    }
    let others = held.into_iter().flat_map(|(_, held)| held.assertions.values()).filter(|held| {
        wanted.alone && !wanted.grants.iter().any(|grant| held.says_the_same(&grant.assertion(0)))
    });
    changes.extend(others.map(|other| Change::DeleteAssertion {
        policy: name.clone(),
        version: version.clone(),
        id: other.id,
    }));
    Ok(changes)
}

fn new_version(context: &Context<'_>, policy: &EntityName, version: &SimpleName) -> Change {
    let attributes = PolicyVersionAttributes {
        modified: context.stamp,
        active: true,
        spelling: String::new(),
        description: String::new(),
        tags: BTreeMap::new(),
        owner: Ownership::default(),
    };
    Change::PutPolicyVersion { policy: policy.clone(), version: version.clone(), attributes }
}

/// Deletes a policy with all its versions.
pub(crate) fn delete_policy(domain: &Domain, name: &EntityName) -> Vec<Change> {
    let versions = domain.policies.get(name).into_iter().flat_map(|held| held.versions.keys());
    let gone =
        |version: &SimpleName| Change::DeletePolicyVersion { policy: name.clone(), version: version.clone() };
    versions.map(gone).collect()
}
