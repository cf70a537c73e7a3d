//! Applying a log entry: the only way a world changes.

use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_policy::{Member, SystemDisabled};

use crate::attributes::DomainAttributes;
use crate::change::{Change, ChangeSet, Loudness, Part, PrincipalChange};
use crate::collection::{Collection, CollectionAttributes, CollectionKind, MemberRow, Pending};
use crate::domain::Domain;
use crate::entry::{LogEntry, Sequence};
use crate::policies::{Assertion, PolicyVersion, PolicyVersionAttributes};
use crate::world::{Registration, Unique, World};

/// An entry that does not fit the world it is applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// An entry is missing before this one.
    #[error("log entry {found:?} follows {expected:?}, which is missing")]
    Gap {
        /// The number that was due.
        expected: Sequence,
        /// The number that came.
        found: Sequence,
    },
    /// The entry is written in a way this code does not know.
    #[error("log entry {sequence:?} has format {format}, which this version cannot read")]
    Format {
        /// Its number.
        sequence: Sequence,
        /// Its format.
        format: u32,
    },
    /// The entry changes something that is not there.
    #[error("log entry {sequence:?} changes {what}, which does not exist")]
    Missing {
        /// Its number.
        sequence: Sequence,
        /// What it wanted to change.
        what: String,
    },
    /// A domain is not as the process that decided saw it.
    #[error("domain {domain} differs from what log entry {sequence:?} says")]
    Differs {
        /// The entry's number.
        sequence: Sequence,
        /// The domain.
        domain: DomainName,
    },
}

impl World {
    /// Applies the entry that follows the head.
    ///
    /// # Errors
    /// The entry does not fit; the world may then hold a part of it and must be thrown away.
    pub fn apply(&mut self, entry: &LogEntry) -> Result<(), ApplyError> {
        let expected = Sequence(self.head.sequence.0 + 1);
        if entry.sequence != expected {
            return Err(ApplyError::Gap { expected, found: entry.sequence });
        }
        if !LogEntry::is_readable(entry.format) {
            return Err(ApplyError::Format { sequence: entry.sequence, format: entry.format });
        }
        self.apply_changes(&entry.changes, entry.sequence, entry.stamp)?;
        for (name, fingerprint) in &entry.fingerprints {
            if self.domains.get(name).map(|domain| domain.fingerprint) != Some(*fingerprint) {
                return Err(ApplyError::Differs { sequence: entry.sequence, domain: name.clone() });
            }
        }
        self.head.sequence = entry.sequence;
        self.head.stamp = self.head.stamp.max(entry.stamp);
        self.head.next_id = self.head.next_id.max(entry.next_id);
        Ok(())
    }

    fn apply_changes(
        &mut self,
        changes: &ChangeSet,
        sequence: Sequence,
        stamp: Timestamp,
    ) -> Result<(), ApplyError> {
        for change in &changes.principals {
            self.apply_principal(change);
        }
        for part in &changes.parts {
            self.apply_part(part, sequence, stamp)?;
        }
        Ok(())
    }

    fn apply_principal(&mut self, change: &PrincipalChange) {
        let (name, registration) = match change {
            PrincipalChange::Register { name } => (name, Registration::Registered),
            PrincipalChange::Forget { name } => (name, Registration::Unknown),
            PrincipalChange::Suspend { name, suspended: true } => (name, Registration::Suspended),
            PrincipalChange::Suspend { name, suspended: false } => (name, Registration::Registered),
        };
        self.register(name, registration);
    }

    pub(crate) fn register(&mut self, name: &MemberName, registration: Registration) {
        let index = self.principals.intern(name).index();
        while self.registered.len() <= index {
            self.registered.push_back(Registration::Unknown);
        }
        self.registered.set(index, registration);
    }

    fn apply_part(&mut self, part: &Part, sequence: Sequence, stamp: Timestamp) -> Result<(), ApplyError> {
        if part.changes.contains(&Change::DeleteDomain) {
            return self.delete_domain(&part.domain, sequence);
        }
        let known = self.domains.get(&part.domain).cloned();
        let creates = part.changes.iter().any(|change| matches!(change, Change::PutDomain { .. }));
        if known.is_none() && !creates {
            return Err(ApplyError::Missing { sequence, what: format!("domain {}", part.domain) });
        }
        let domain = match &known {
            Some(known) => Domain::clone(known),
            None => Domain::new(part.domain.clone()),
        };
        let mut edit = Edit { world: self, domain, sequence, stamp };
        if known.is_some() {
            edit.forget_attributes();
        }
        for change in &part.changes {
            edit.apply(change)?;
        }
        let domain = edit.finish(part.loudness);
        self.tombstones.remove(&part.domain);
        self.note_departures(part);
        self.note_trust(part, known.as_deref(), &domain);
        self.reindex(&domain.name, known.as_ref().map(|known| &*known.attributes), Some(&domain.attributes));
        self.domains.insert(part.domain.clone(), Arc::new(domain));
        Ok(())
    }

    fn delete_domain(&mut self, name: &DomainName, sequence: Sequence) -> Result<(), ApplyError> {
        let Some(domain) = self.domains.remove(name) else {
            return Err(ApplyError::Missing { sequence, what: format!("domain {name}") });
        };
        self.reindex(name, Some(&domain.attributes), None);
        self.forget_trust(&domain);
        self.tombstones.insert(name.clone(), sequence);
        for service in domain.services.keys() {
            self.departed.leave(name, service.clone());
        }
        Ok(())
    }

    fn note_departures(&mut self, part: &Part) {
        for change in &part.changes {
            match change {
                Change::PutService { name, .. } => self.departed.come_back(&part.domain, name),
                Change::DeleteService { name } => self.departed.leave(&part.domain, name.clone()),
                _ => false,
            };
        }
    }

    fn note_trust(&mut self, part: &Part, before: Option<&Domain>, after: &Domain) {
        let kind = CollectionKind::Role;
        for change in &part.changes {
            let name = match change {
                Change::PutCollection { kind: of, name, .. } if *of == kind => name,
                Change::DeleteCollection { kind: of, name } if *of == kind => name,
                _ => continue,
            };
            self.trusting.note(
                &part.domain,
                name,
                before.and_then(|before| before.trust_of(name)),
                after.trust_of(name),
            );
        }
    }

    /// Takes the delegated roles of a domain that is read in whole into the index.
    pub(crate) fn note_all_trust(&mut self, domain: &Domain) {
        for (name, role) in &domain.roles {
            self.trusting.note(&domain.name, name, None, role.attributes.trust.as_ref());
        }
    }

    pub(crate) fn forget_trust(&mut self, domain: &Domain) {
        for (name, role) in &domain.roles {
            self.trusting.note(&domain.name, name, role.attributes.trust.as_ref(), None);
        }
    }

    pub(crate) fn reindex(
        &mut self,
        name: &DomainName,
        before: Option<&DomainAttributes>,
        after: Option<&DomainAttributes>,
    ) {
        let keys = |attributes: Option<&DomainAttributes>| {
            attributes.map(|a| Unique::all_of(name, a)).unwrap_or_default()
        };
        let (before, after) = (keys(before), keys(after));
        if before == after {
            return;
        }
        for key in before {
            if self.unique.get(&key) == Some(name) {
                self.unique.remove(&key);
            }
        }
        for key in after {
            self.unique.insert(key, name.clone());
        }
    }
}

/// A domain while it is changed; its fingerprint follows each row.
struct Edit<'a> {
    world: &'a World,
    domain: Domain,
    sequence: Sequence,
    stamp: Timestamp,
}

impl Edit<'_> {
    fn missing(&self, what: impl Into<String>) -> ApplyError {
        ApplyError::Missing { sequence: self.sequence, what: what.into() }
    }

    fn forget_attributes(&mut self) {
        let row = domain_row(&self.domain.attributes);
        self.domain.fingerprint.remove(&row);
    }

    fn finish(mut self, loudness: Loudness) -> Domain {
        if loudness == Loudness::Loud {
            self.domain.revision = self.sequence;
            Arc::make_mut(&mut self.domain.attributes).modified = self.stamp;
        }
        let row = domain_row(&self.domain.attributes);
        self.domain.fingerprint.add(&row);
        self.domain
    }

    fn apply(&mut self, change: &Change) -> Result<(), ApplyError> {
        match change {
            Change::PutDomain { attributes } => self.domain.attributes = Arc::new((**attributes).clone()),
            // handled for the whole part
            Change::DeleteDomain => {}
            Change::PutCollection { kind, name, attributes } => self.put_collection(*kind, name, attributes),
            Change::DeleteCollection { kind, name } => self.delete_collection(*kind, name)?,
            Change::PutMember { kind, name, member } => self.put_member(*kind, name, member)?,
            Change::DeleteMember { kind, name, member } => self.delete_member(*kind, name, member)?,
            Change::PutPending { kind, name, pending } => self.put_pending(*kind, name, pending)?,
            Change::DeletePending { kind, name, member } => self.delete_pending(*kind, name, member)?,
            Change::PutPolicyVersion { policy, version, attributes } => {
                self.put_version(policy, version, attributes)
            }
            Change::DeletePolicyVersion { policy, version } => self.delete_version(policy, version)?,
            Change::PutAssertion { policy, version, assertion } => {
                self.put_assertion(policy, version, assertion)?
            }
            Change::DeleteAssertion { policy, version, id } => self.delete_assertion(policy, version, *id)?,
            Change::PutService { .. } | Change::DeleteService { .. } => self.service(change)?,
            Change::PutEntity { .. } | Change::DeleteEntity { .. } => self.entity(change)?,
            Change::PutTemplate { .. } | Change::DeleteTemplate { .. } => self.template(change),
            Change::PutQuota { .. } | Change::DeleteQuota => self.quota(change),
            Change::PutDependency { .. } | Change::DeleteDependency { .. } => self.dependency(change),
            // history lives in the store alone
            Change::AuditMember { .. } => {}
        }
        Ok(())
    }

    fn put_collection(&mut self, kind: CollectionKind, name: &EntityName, attributes: &CollectionAttributes) {
        let row = |attributes: &CollectionAttributes| Change::PutCollection {
            kind,
            name: name.clone(),
            attributes: attributes.clone(),
        };
        let collections = self.domain.collections_mut(kind);
        match collections.get_mut(name) {
            Some(present) => {
                let old = row(&present.attributes);
                Arc::make_mut(present).attributes = attributes.clone();
                self.domain.fingerprint.remove(&old);
            }
            None => {
                collections.insert(name.clone(), Arc::new(Collection::new(attributes.clone())));
            }
        }
        self.domain.fingerprint.add(&row(attributes));
    }

    fn delete_collection(&mut self, kind: CollectionKind, name: &EntityName) -> Result<(), ApplyError> {
        let Some(gone) = self.domain.collections_mut(kind).remove(name) else {
            return Err(self.missing(kind.full_name(&self.domain.name, name)));
        };
        for row in collection_rows(self.world, kind, name, &gone) {
            self.domain.fingerprint.remove(&row);
        }
        Ok(())
    }

    /// Changes a collection and marks it as modified.
    fn touch<T>(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        change: impl FnOnce(&World, &mut Collection) -> T,
    ) -> Result<T, ApplyError> {
        let (world, stamp) = (self.world, self.stamp);
        let Some(present) = self.domain.collections_mut(kind).get_mut(name) else {
            return Err(self.missing(kind.full_name(&self.domain.name, name)));
        };
        let collection = Arc::make_mut(present);
        let row = |attributes: &CollectionAttributes| Change::PutCollection {
            kind,
            name: name.clone(),
            attributes: attributes.clone(),
        };
        let old = row(&collection.attributes);
        collection.attributes.modified = stamp;
        let result = change(world, collection);
        let new = row(&collection.attributes);
        if old != new {
            self.domain.fingerprint.remove(&old);
            self.domain.fingerprint.add(&new);
        }
        Ok(result)
    }

    fn put_member(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        member: &MemberRow,
    ) -> Result<(), ApplyError> {
        let row = |member: MemberRow| Change::PutMember { kind, name: name.clone(), member };
        let old = self.touch(kind, name, |world, collection| {
            let old = collection.members.insert(world.member(member), &world.principals);
            old.and_then(|old| world.member_row(&old))
        })?;
        if let Some(old) = old {
            self.domain.fingerprint.remove(&row(old));
        }
        self.domain.fingerprint.add(&row(member.clone()));
        Ok(())
    }

    fn delete_member(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        member: &MemberName,
    ) -> Result<(), ApplyError> {
        let old = self.touch(kind, name, |world, collection| {
            let old = collection.members.remove(world.principals.id(member)?);
            old.and_then(|old| world.member_row(&old))
        })?;
        let Some(member) = old else {
            return Err(
                self.missing(format!("member {member} of {}", kind.full_name(&self.domain.name, name)))
            );
        };
        self.domain.fingerprint.remove(&Change::PutMember { kind, name: name.clone(), member });
        Ok(())
    }

    fn put_pending(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        pending: &Pending,
    ) -> Result<(), ApplyError> {
        self.take_pending(kind, name, &pending.name)?;
        let Some(present) = self.domain.collections_mut(kind).get_mut(name) else {
            return Err(self.missing(kind.full_name(&self.domain.name, name)));
        };
        let requests = Arc::make_mut(&mut Arc::make_mut(present).pending);
        let place = requests.partition_point(|other| other.name < pending.name);
        requests.insert(place, pending.clone());
        let row = Change::PutPending { kind, name: name.clone(), pending: pending.clone() };
        self.domain.fingerprint.add(&row);
        Ok(())
    }

    fn delete_pending(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        member: &MemberName,
    ) -> Result<(), ApplyError> {
        match self.take_pending(kind, name, member)? {
            true => Ok(()),
            false => Err(self
                .missing(format!("request about {member} in {}", kind.full_name(&self.domain.name, name)))),
        }
    }

    fn take_pending(
        &mut self,
        kind: CollectionKind,
        name: &EntityName,
        member: &MemberName,
    ) -> Result<bool, ApplyError> {
        let Some(present) = self.domain.collections_mut(kind).get_mut(name) else {
            return Err(self.missing(kind.full_name(&self.domain.name, name)));
        };
        let Some(place) = present.pending.iter().position(|other| other.name == *member) else {
            return Ok(false);
        };
        let pending = Arc::make_mut(&mut Arc::make_mut(present).pending).remove(place);
        self.domain.fingerprint.remove(&Change::PutPending { kind, name: name.clone(), pending });
        Ok(true)
    }

    fn put_version(&mut self, name: &EntityName, version: &SimpleName, attributes: &PolicyVersionAttributes) {
        self.domain.forget_compiled_policies();
        let row = |attributes: &PolicyVersionAttributes| Change::PutPolicyVersion {
            policy: name.clone(),
            version: version.clone(),
            attributes: attributes.clone(),
        };
        if !self.domain.policies.contains_key(name) {
            self.domain.policies.insert(name.clone(), Arc::default());
        }
        if let Some(policy) = self.domain.policies.get_mut(name) {
            let versions = &mut Arc::make_mut(policy).versions;
            match versions.get_mut(version) {
                Some(present) => {
                    self.domain.fingerprint.remove(&row(&present.attributes));
                    Arc::make_mut(present).attributes = attributes.clone();
                }
                None => {
                    let new =
                        PolicyVersion { attributes: attributes.clone(), assertions: Default::default() };
                    versions.insert(version.clone(), Arc::new(new));
                }
            }
        }
        self.domain.fingerprint.add(&row(attributes));
    }

    fn delete_version(&mut self, name: &EntityName, version: &SimpleName) -> Result<(), ApplyError> {
        self.domain.forget_compiled_policies();
        let gone = self.domain.policies.get_mut(name).and_then(|policy| {
            let versions = &mut Arc::make_mut(policy).versions;
            let gone = versions.remove(version)?;
            Some((gone, versions.is_empty()))
        });
        let Some((gone, last)) = gone else {
            return Err(self.missing(format!("version {version} of {}:policy.{name}", self.domain.name)));
        };
        if last {
            self.domain.policies.remove(name);
        }
        for row in version_rows(name, version, &gone) {
            self.domain.fingerprint.remove(&row);
        }
        Ok(())
    }

    /// Changes the assertions of a version and marks it as modified.
    fn touch_version<T>(
        &mut self,
        name: &EntityName,
        version: &SimpleName,
        change: impl FnOnce(&mut PolicyVersion) -> T,
    ) -> Result<T, ApplyError> {
        self.domain.forget_compiled_policies();
        let found = self.domain.policies.get_mut(name);
        let Some(present) = found.and_then(|policy| Arc::make_mut(policy).versions.get_mut(version)) else {
            return Err(self.missing(format!("version {version} of {}:policy.{name}", self.domain.name)));
        };
        let present = Arc::make_mut(present);
        let row = |attributes: &PolicyVersionAttributes| Change::PutPolicyVersion {
            policy: name.clone(),
            version: version.clone(),
            attributes: attributes.clone(),
        };
        self.domain.fingerprint.remove(&row(&present.attributes));
        present.attributes.modified = self.stamp;
        self.domain.fingerprint.add(&row(&present.attributes));
        Ok(change(present))
    }

    fn put_assertion(
        &mut self,
        name: &EntityName,
        version: &SimpleName,
        assertion: &Assertion,
    ) -> Result<(), ApplyError> {
        let row = |assertion: Assertion| Change::PutAssertion {
            policy: name.clone(),
            version: version.clone(),
            assertion,
        };
        let old =
            self.touch_version(name, version, |v| v.assertions.insert(assertion.id, assertion.clone()))?;
        if let Some(old) = old {
            self.domain.fingerprint.remove(&row(old));
        }
        self.domain.fingerprint.add(&row(assertion.clone()));
        Ok(())
    }

    fn delete_assertion(
        &mut self,
        name: &EntityName,
        version: &SimpleName,
        id: i64,
    ) -> Result<(), ApplyError> {
        let Some(assertion) = self.touch_version(name, version, |v| v.assertions.remove(&id))? else {
            return Err(self.missing(format!("assertion {id} of {}:policy.{name}", self.domain.name)));
        };
        let row = Change::PutAssertion { policy: name.clone(), version: version.clone(), assertion };
        self.domain.fingerprint.remove(&row);
        Ok(())
    }

    fn service(&mut self, change: &Change) -> Result<(), ApplyError> {
        let (name, old) = match change {
            Change::PutService { name, service } => {
                self.domain.fingerprint.add(change);
                (name, self.domain.services.insert(name.clone(), Arc::new((**service).clone())))
            }
            Change::DeleteService { name } => match self.domain.services.remove(name) {
                Some(old) => (name, Some(old)),
                None => return Err(self.missing(format!("service {}.{name}", self.domain.name))),
            },
            _ => return Ok(()),
        };
        if let Some(old) = old {
            let row = Change::PutService { name: name.clone(), service: Box::new((*old).clone()) };
            self.domain.fingerprint.remove(&row);
        }
        Ok(())
    }

    fn entity(&mut self, change: &Change) -> Result<(), ApplyError> {
        let (name, old) = match change {
            Change::PutEntity { name, value } => {
                self.domain.fingerprint.add(change);
                (name, self.domain.entities.insert(name.clone(), Arc::new(value.clone())))
            }
            Change::DeleteEntity { name } => match self.domain.entities.remove(name) {
                Some(old) => (name, Some(old)),
                None => return Err(self.missing(format!("entity {}:entity.{name}", self.domain.name))),
            },
            _ => return Ok(()),
        };
        if let Some(old) = old {
            self.domain.fingerprint.remove(&Change::PutEntity { name: name.clone(), value: (*old).clone() });
        }
        Ok(())
    }

    fn template(&mut self, change: &Change) {
        let templates = Arc::make_mut(&mut self.domain.templates);
        let (template, old) = match change {
            Change::PutTemplate { template, version } => {
                self.domain.fingerprint.add(change);
                (template, templates.insert(template.clone(), *version))
            }
            Change::DeleteTemplate { template } => (template, templates.remove(template)),
            _ => return,
        };
        if let Some(version) = old {
            self.domain.fingerprint.remove(&Change::PutTemplate { template: template.clone(), version });
        }
    }

    fn quota(&mut self, change: &Change) {
        let new = match change {
            Change::PutQuota { quota } => {
                self.domain.fingerprint.add(change);
                Some(Arc::new(quota.clone()))
            }
            _ => None,
        };
        if let Some(old) = std::mem::replace(&mut self.domain.quota, new) {
            self.domain.fingerprint.remove(&Change::PutQuota { quota: (*old).clone() });
        }
    }

    fn dependency(&mut self, change: &Change) {
        let dependencies = Arc::make_mut(&mut self.domain.dependencies);
        match change {
            Change::PutDependency { service } if dependencies.insert(service.clone()) => {
                self.domain.fingerprint.add(change);
            }
            Change::DeleteDependency { service } if dependencies.remove(service) => {
                self.domain.fingerprint.remove(&Change::PutDependency { service: service.clone() });
            }
            _ => {}
        }
    }
}

impl World {
    /// A membership in memory.
    pub(crate) fn member(&self, row: &MemberRow) -> Member {
        let requester = (!row.requester.is_empty()).then(|| self.principals.intern(&row.requester));
        let audit_reference =
            (!row.audit_reference.is_empty()).then(|| self.texts.intern(&row.audit_reference));
        Member {
            principal: self.principals.intern(&row.name),
            requester,
            audit_reference,
            system_disabled: SystemDisabled::from_bits(row.system_disabled),
            active: !row.inactive,
            expiration: row.expiration,
            review_reminder: row.review_reminder,
        }
    }
}

/// The row of a domain's attributes.
pub(crate) fn domain_row(attributes: &DomainAttributes) -> Change {
    Change::PutDomain { attributes: Box::new(attributes.clone()) }
}

/// All rows of a role or group.
pub(crate) fn collection_rows<'a>(
    world: &'a World,
    kind: CollectionKind,
    name: &'a EntityName,
    collection: &'a Collection,
) -> impl Iterator<Item = Change> + 'a {
    let attributes =
        Change::PutCollection { kind, name: name.clone(), attributes: collection.attributes.clone() };
    let members = collection.members.iter().filter_map(move |member| {
        Some(Change::PutMember { kind, name: name.clone(), member: world.member_row(member)? })
    });
    let pending = collection.pending.iter().map(move |pending| Change::PutPending {
        kind,
        name: name.clone(),
        pending: pending.clone(),
    });
    std::iter::once(attributes).chain(members).chain(pending)
}

/// All rows of a version of a policy.
pub(crate) fn version_rows<'a>(
    policy: &'a EntityName,
    version: &'a SimpleName,
    held: &'a PolicyVersion,
) -> impl Iterator<Item = Change> + 'a {
    let attributes = Change::PutPolicyVersion {
        policy: policy.clone(),
        version: version.clone(),
        attributes: held.attributes.clone(),
    };
    let assertions = held.assertions.values().map(move |assertion| Change::PutAssertion {
        policy: policy.clone(),
        version: version.clone(),
        assertion: assertion.clone(),
    });
    std::iter::once(attributes).chain(assertions)
}
