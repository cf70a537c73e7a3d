//! A world as rows: what a store holds, what would undo a change, and whether two worlds agree.

use std::sync::Arc;

use athenz_model::names::DomainName;

use crate::apply::{collection_rows, domain_row, version_rows};
use crate::change::{Change, ChangeSet, Part, PrincipalChange};
use crate::collection::CollectionKind;
use crate::domain::Domain;
use crate::entry::Sequence;
use crate::world::{Registration, World};

impl World {
    /// Every row of a domain, as the change that puts it there; parents come before children.
    pub fn domain_rows<'a>(&'a self, domain: &'a Domain) -> impl Iterator<Item = Change> + 'a {
        let collections = [CollectionKind::Role, CollectionKind::Group].into_iter().flat_map(move |kind| {
            let held = domain.collections(kind).iter();
            held.flat_map(move |(name, collection)| collection_rows(self, kind, name, collection))
        });
        let policies = domain.policies.iter().flat_map(|(name, policy)| {
            policy.versions.iter().flat_map(move |(version, held)| version_rows(name, version, held))
        });
        let services = domain.services.iter().map(|(name, service)| Change::PutService {
            name: name.clone(),
            service: Box::new((**service).clone()),
        });
        let entities = domain
            .entities
            .iter()
            .map(|(name, value)| Change::PutEntity { name: name.clone(), value: (**value).clone() });
        let templates = domain
            .templates
            .iter()
            .map(|(template, version)| Change::PutTemplate { template: template.clone(), version: *version });
        let quota = domain.quota.iter().map(|quota| Change::PutQuota { quota: (**quota).clone() });
        let dependencies =
            domain.dependencies.iter().map(|service| Change::PutDependency { service: service.clone() });
        std::iter::once(domain_row(&domain.attributes))
            .chain(collections)
            .chain(policies)
            .chain(services)
            .chain(entities)
            .chain(templates)
            .chain(quota)
            .chain(dependencies)
    }

    /// What would undo a change set that has not been applied yet, so far as it is small: of a
    /// deleted domain, role or policy only the row itself.
    pub fn before(&self, changes: &ChangeSet) -> ChangeSet {
        let principals =
            changes.principals.iter().filter_map(|change| self.principal_before(change)).collect();
        let parts = changes
            .parts
            .iter()
            .filter_map(|part| {
                let domain = self.domain(&part.domain);
                let changes: Vec<_> =
                    part.changes.iter().filter_map(|change| self.row_before(domain, change)).collect();
                (!changes.is_empty()).then(|| Part {
                    domain: part.domain.clone(),
                    loudness: part.loudness,
                    changes,
                })
            })
            .collect();
        ChangeSet { principals, parts }
    }

    fn principal_before(&self, change: &PrincipalChange) -> Option<PrincipalChange> {
        let (PrincipalChange::Register { name }
        | PrincipalChange::Forget { name }
        | PrincipalChange::Suspend { name, .. }) = change;
        match self.registration(name) {
            Registration::Unknown => Some(PrincipalChange::Forget { name: name.clone() }),
            Registration::Registered => {
                Some(PrincipalChange::Suspend { name: name.clone(), suspended: false })
            }
            Registration::Suspended => Some(PrincipalChange::Suspend { name: name.clone(), suspended: true }),
        }
    }

    /// The row that a change replaces or deletes, or its deletion where there is none.
    fn row_before(&self, domain: Option<&Arc<Domain>>, change: &Change) -> Option<Change> {
        let Some(domain) = domain else {
            return matches!(change, Change::PutDomain { .. }).then_some(Change::DeleteDomain);
        };
        match change {
            Change::PutDomain { .. } | Change::DeleteDomain => Some(domain_row(&domain.attributes)),
            Change::PutCollection { kind, name, .. } | Change::DeleteCollection { kind, name } => {
                Some(match domain.collection(*kind, name) {
                    Some(held) => Change::PutCollection {
                        kind: *kind,
                        name: name.clone(),
                        attributes: held.attributes.clone(),
                    },
                    None => Change::DeleteCollection { kind: *kind, name: name.clone() },
                })
            }
            Change::PutMember { kind, name, member: row } => {
                self.member_before(domain, *kind, name, &row.name)
            }
            Change::DeleteMember { kind, name, member } => self.member_before(domain, *kind, name, member),
            Change::PutPending { kind, name, pending } => pending_before(domain, *kind, name, &pending.name),
            Change::DeletePending { kind, name, member } => pending_before(domain, *kind, name, member),
            Change::PutPolicyVersion { .. }
            | Change::DeletePolicyVersion { .. }
            | Change::PutAssertion { .. }
            | Change::DeleteAssertion { .. } => policy_before(domain, change),
            Change::AuditMember { .. } => None,
            _ => object_before(domain, change),
        }
    }

    fn member_before(
        &self,
        domain: &Domain,
        kind: CollectionKind,
        name: &athenz_model::names::EntityName,
        member: &athenz_model::names::MemberName,
    ) -> Option<Change> {
        let held = domain.collection(kind, name)?;
        let found = self.principals.id(member).and_then(|id| held.members.get(id));
        Some(match found.and_then(|found| self.member_row(found)) {
            Some(row) => Change::PutMember { kind, name: name.clone(), member: row },
            None => Change::DeleteMember { kind, name: name.clone(), member: member.clone() },
        })
    }

    /// Where two worlds differ: `apply(log)` must equal `load(rows)`. Empty when they agree.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.head != other.head {
            found.push(format!("head: {:?} and {:?}", self.head, other.head));
        }
        let names =
            |world: &Self| -> Vec<DomainName> { world.domains().map(|domain| domain.name.clone()).collect() };
        if names(self) != names(other) {
            found.push(format!("domains: {:?} and {:?}", names(self), names(other)));
        }
        for (ours, theirs) in self.domains().filter_map(|ours| Some((ours, other.domain(&ours.name)?))) {
            self.domain_differences(ours, other, theirs, &mut found);
        }
        let registered = |world: &Self| {
            let mut all: Vec<_> = world
                .registered_principals()
                .map(|(id, registration)| (world.name_of(id), registration as u8))
                .collect();
            all.sort();
            all
        };
        if registered(self) != registered(other) {
            found.push("registered principals".to_owned());
        }
        let tombstones = |world: &Self| -> Vec<(DomainName, Sequence)> {
            world.tombstones().map(|(name, revision)| (name.clone(), revision)).collect()
        };
        if tombstones(self) != tombstones(other) {
            found.push(format!("tombstones: {:?} and {:?}", tombstones(self), tombstones(other)));
        }
        if self.departed != other.departed {
            found.push(format!("departed services: {:?} and {:?}", self.departed, other.departed));
        }
        if self.trusting != other.trusting {
            found.push(format!("delegated roles: {:?} and {:?}", self.trusting, other.trusting));
        }
        found
    }

    fn domain_differences(&self, ours: &Domain, other: &Self, theirs: &Domain, found: &mut Vec<String>) {
        if (ours.revision, ours.fingerprint) != (theirs.revision, theirs.fingerprint) {
            found.push(format!(
                "domain {}: revision {:?} and {:?}, fingerprint {:?} and {:?}",
                ours.name, ours.revision, theirs.revision, ours.fingerprint, theirs.fingerprint
            ));
        }
        let rows = |world: &Self, domain: &Domain| -> std::collections::BTreeSet<String> {
            world.domain_rows(domain).map(|row| format!("{row:?}")).collect()
        };
        let (ours_rows, theirs_rows) = (rows(self, ours), rows(other, theirs));
        for row in ours_rows.symmetric_difference(&theirs_rows) {
            found.push(format!("domain {}: only one has {row}", ours.name));
        }
    }
}

fn pending_before(
    domain: &Domain,
    kind: CollectionKind,
    name: &athenz_model::names::EntityName,
    member: &athenz_model::names::MemberName,
) -> Option<Change> {
    let held = domain.collection(kind, name)?;
    Some(match held.pending_about(member) {
        Some(pending) => Change::PutPending { kind, name: name.clone(), pending: pending.clone() },
        None => Change::DeletePending { kind, name: name.clone(), member: member.clone() },
    })
}

fn policy_before(domain: &Domain, change: &Change) -> Option<Change> {
    let held = |policy: &str, version: &str| domain.policies.get(policy)?.versions.get(version);
    match change {
        Change::PutPolicyVersion { policy, version, .. }
        | Change::DeletePolicyVersion { policy, version } => Some(match held(policy, version) {
            Some(held) => Change::PutPolicyVersion {
                policy: policy.clone(),
                version: version.clone(),
                attributes: held.attributes.clone(),
            },
            None => Change::DeletePolicyVersion { policy: policy.clone(), version: version.clone() },
        }),
        Change::PutAssertion { policy, version, assertion } => {
            assertion_before(held(policy, version), policy, version, assertion.id)
        }
        Change::DeleteAssertion { policy, version, id } => {
            assertion_before(held(policy, version), policy, version, *id)
        }
        _ => None,
    }
}

fn assertion_before(
    held: Option<&Arc<crate::policies::PolicyVersion>>,
    policy: &athenz_model::names::EntityName,
    version: &athenz_model::names::SimpleName,
    id: i64,
) -> Option<Change> {
    let (policy, version) = (policy.clone(), version.clone());
    Some(match held.and_then(|held| held.assertions.get(&id)) {
        Some(assertion) => Change::PutAssertion { policy, version, assertion: assertion.clone() },
        None => Change::DeleteAssertion { policy, version, id },
    })
}

fn object_before(domain: &Domain, change: &Change) -> Option<Change> {
    Some(match change {
        Change::PutService { name, .. } | Change::DeleteService { name } => match domain.services.get(name) {
            Some(held) => Change::PutService { name: name.clone(), service: Box::new((**held).clone()) },
            None => Change::DeleteService { name: name.clone() },
        },
        Change::PutEntity { name, .. } | Change::DeleteEntity { name } => match domain.entities.get(name) {
            Some(held) => Change::PutEntity { name: name.clone(), value: (**held).clone() },
            None => Change::DeleteEntity { name: name.clone() },
        },
        Change::PutTemplate { template, .. } | Change::DeleteTemplate { template } => {
            match domain.templates.get(template) {
                Some(version) => Change::PutTemplate { template: template.clone(), version: *version },
                None => Change::DeleteTemplate { template: template.clone() },
            }
        }
        Change::PutQuota { .. } | Change::DeleteQuota => match &domain.quota {
            Some(held) => Change::PutQuota { quota: (**held).clone() },
            None => Change::DeleteQuota,
        },
        Change::PutDependency { service } | Change::DeleteDependency { service } => {
            match domain.dependencies.contains(service) {
                true => Change::PutDependency { service: service.clone() },
                false => Change::DeleteDependency { service: service.clone() },
            }
        }
        _ => return None,
    })
}
