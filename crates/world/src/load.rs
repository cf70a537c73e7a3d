//! Building a world from rows, table by table.

use std::sync::Arc;

use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_policy::{InternId, Interner, Member, Members, PrincipalId, TextId, stands_for_others};

use crate::apply::domain_row;
use crate::attributes::{DomainAttributes, Quota};
use crate::change::Change;
use crate::collection::{Collection, CollectionAttributes, CollectionKind, Pending};
use crate::domain::Domain;
use crate::entry::{Head, Sequence};
use crate::fingerprint::{CollectionHash, Fingerprint, MemberTexts, TextHash};
use crate::policies::{Assertion, PolicyVersion, PolicyVersionAttributes};
use crate::services::{Entity, Service};
use crate::world::{Registration, World};

/// A domain that is being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DomainKey(usize);

/// A role or group that is being loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectionKey {
    domain: usize,
    kind: CollectionKind,
    place: usize,
}

/// Takes rows in any order that has parents before children.
#[derive(Debug, Default)]
pub struct WorldBuilder {
    world: World,
    domains: Vec<DomainInParts>,
}

#[derive(Debug)]
struct DomainInParts {
    domain: Domain,
    roles: Vec<(EntityName, Collection)>,
    groups: Vec<(EntityName, Collection)>,
}

impl DomainInParts {
    fn collections(&mut self, kind: CollectionKind) -> &mut Vec<(EntityName, Collection)> {
        match kind {
            CollectionKind::Role => &mut self.roles,
            CollectionKind::Group => &mut self.groups,
        }
    }
}

impl WorldBuilder {
    /// Starts with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts with a world of which some parts are replaced.
    pub fn on(world: World) -> Self {
        Self { world, ..Self::default() }
    }

    /// Leaves out a domain of the world this started with, and what is known of its deletion.
    pub fn forget(&mut self, name: &DomainName) {
        self.world.tombstones.remove(name);
        self.world.departed.forget(name);
        if let Some(domain) = self.world.domains.remove(name) {
            self.world.reindex(name, Some(&domain.attributes), None);
            self.world.forget_trust(&domain);
        }
    }

    /// A principal that rows refer to.
    pub fn principal(&mut self, name: &MemberName, registration: Registration) -> PrincipalId {
        self.world.register(name, registration);
        self.world.principals.intern(name)
    }

    /// The id of a name that members refer to, as requester, without registering it.
    pub fn requester(&mut self, name: &str) -> PrincipalId {
        self.world.principals.intern(name)
    }

    /// A domain.
    pub fn domain(
        &mut self,
        name: DomainName,
        revision: Sequence,
        attributes: DomainAttributes,
    ) -> DomainKey {
        let mut domain = Domain::new(name);
        domain.revision = revision;
        domain.fingerprint.add(&domain_row(&attributes));
        domain.attributes = Arc::new(attributes);
        self.domains.push(DomainInParts { domain, roles: Vec::new(), groups: Vec::new() });
        DomainKey(self.domains.len() - 1)
    }

    /// A role or group. Settings that are equal are shared.
    pub fn collection(
        &mut self,
        domain: DomainKey,
        kind: CollectionKind,
        name: EntityName,
        attributes: CollectionAttributes,
    ) -> Option<CollectionKey> {
        let parts = self.domains.get_mut(domain.0)?;
        let row = Change::PutCollection { kind, name: name.clone(), attributes };
        parts.domain.fingerprint.add(&row);
        let Change::PutCollection { attributes, .. } = row else { return None };
        let collections = parts.collections(kind);
        collections.push((name, Collection::new(attributes)));
        Some(CollectionKey { domain: domain.0, kind, place: collections.len() - 1 })
    }

    /// Starts to gather members, once all principals, roles and groups are in.
    pub fn gather_members(&self) -> MemberGathering<'_> {
        MemberGathering { builder: self, digests: Digests::default() }
    }

    /// Members of a role or group, in place of those it had.
    pub fn members(&mut self, gathered: GatheredMembers) {
        let Some(parts) = self.domains.get_mut(gathered.collection.domain) else { return };
        let Some((_, held)) = parts.collections(gathered.collection.kind).get_mut(gathered.collection.place)
        else {
            return;
        };
        held.members = gathered.members;
        parts.domain.fingerprint.join(gathered.fingerprint);
    }

    /// A pending request.
    pub fn pending(&mut self, collection: CollectionKey, pending: Pending) {
        let Some(parts) = self.domains.get_mut(collection.domain) else { return };
        let collections = parts.collections(collection.kind);
        let Some((name, held)) = collections.get_mut(collection.place) else { return };
        let (kind, name) = (collection.kind, name.clone());
        let row = Change::PutPending { kind, name, pending: pending.clone() };
        let requests = Arc::make_mut(&mut held.pending);
        let place = requests.partition_point(|other| other.name < pending.name);
        requests.insert(place, pending);
        parts.domain.fingerprint.add(&row);
    }

    /// A version of a policy.
    pub fn policy_version(
        &mut self,
        domain: DomainKey,
        policy: EntityName,
        version: SimpleName,
        attributes: PolicyVersionAttributes,
    ) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        let row = Change::PutPolicyVersion { policy, version, attributes };
        parts.domain.fingerprint.add(&row);
        let Change::PutPolicyVersion { policy, version, attributes } = row else { return };
        let held = parts.domain.policies.entry(policy).or_default();
        let new = PolicyVersion { attributes, assertions: Default::default() };
        Arc::make_mut(held).versions.insert(version, Arc::new(new));
    }

    /// An assertion of a version that is there already.
    pub fn assertion(
        &mut self,
        domain: DomainKey,
        policy: &EntityName,
        version: &SimpleName,
        assertion: Assertion,
    ) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        let held = parts.domain.policies.get_mut(policy).map(Arc::make_mut);
        let Some(held) = held.and_then(|held| held.versions.get_mut(version)).map(Arc::make_mut) else {
            return;
        };
        parts.domain.fingerprint.add(&Change::PutAssertion {
            policy: policy.clone(),
            version: version.clone(),
            assertion: assertion.clone(),
        });
        held.assertions.insert(assertion.id, assertion);
    }

    /// A service.
    pub fn service(&mut self, domain: DomainKey, name: SimpleName, service: Service) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        let row = Change::PutService { name: name.clone(), service: Box::new(service.clone()) };
        parts.domain.fingerprint.add(&row);
        parts.domain.services.insert(name, Arc::new(service));
    }

    /// An entity.
    pub fn entity(&mut self, domain: DomainKey, name: EntityName, value: Entity) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        parts.domain.fingerprint.add(&Change::PutEntity { name: name.clone(), value: value.clone() });
        parts.domain.entities.insert(name, Arc::new(value));
    }

    /// An applied template.
    pub fn template(&mut self, domain: DomainKey, template: String, version: i32) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        parts.domain.fingerprint.add(&Change::PutTemplate { template: template.clone(), version });
        Arc::make_mut(&mut parts.domain.templates).insert(template, version);
    }

    /// Limits of a domain.
    pub fn quota(&mut self, domain: DomainKey, quota: Quota) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        parts.domain.fingerprint.add(&Change::PutQuota { quota: quota.clone() });
        parts.domain.quota = Some(Arc::new(quota));
    }

    /// A service provider that depends on a domain.
    pub fn dependency(&mut self, domain: DomainKey, service: String) {
        let Some(parts) = self.domains.get_mut(domain.0) else { return };
        parts.domain.fingerprint.add(&Change::PutDependency { service: service.clone() });
        Arc::make_mut(&mut parts.domain.dependencies).insert(service);
    }

    /// A deleted service.
    pub fn departed(&mut self, domain: &DomainName, service: SimpleName) {
        self.world.departed.leave(domain, service);
    }

    /// A deleted domain.
    pub fn tombstone(&mut self, name: DomainName, revision: Sequence) {
        self.world.tombstones.insert(name, revision);
    }

    fn name(&self, collection: CollectionKey) -> Option<&EntityName> {
        let parts = self.domains.get(collection.domain)?;
        let collections = match collection.kind {
            CollectionKind::Role => &parts.roles,
            CollectionKind::Group => &parts.groups,
        };
        collections.get(collection.place).map(|(name, _)| name)
    }

    /// The world that the rows make.
    pub fn finish(mut self, head: Head) -> World {
        for parts in self.domains {
            let mut domain = parts.domain;
            let shared = |(name, collection)| (name, Arc::new(collection));
            domain.roles = parts.roles.into_iter().map(shared).collect();
            domain.groups = parts.groups.into_iter().map(shared).collect();
            self.world.reindex(&domain.name.clone(), None, Some(&Arc::clone(&domain.attributes)));
            self.world.note_all_trust(&domain);
            self.world.domains.insert(domain.name.clone(), Arc::new(domain));
        }
        self.world.head = head;
        self.world
    }
}

/// Makes members ready for their places. It leaves the builder as it is, so that several threads
/// can gather at once: memberships are most of a world.
#[derive(Debug)]
pub struct MemberGathering<'a> {
    builder: &'a WorldBuilder,
    digests: Digests,
}

/// All members of a role or group, ready for their place.
#[derive(Debug)]
pub struct GatheredMembers {
    collection: CollectionKey,
    members: Members,
    fingerprint: Fingerprint,
}

impl MemberGathering<'_> {
    /// The id of an audit reference.
    pub fn text(&self, text: &str) -> TextId {
        self.builder.world.texts.intern(text)
    }

    /// All members of a role or group, in any order; `None` for one of another builder.
    pub fn gather(&mut self, collection: CollectionKey, mut members: Vec<Member>) -> Option<GatheredMembers> {
        members.sort_unstable_by_key(|member| member.principal);
        let (world, digests) = (&self.builder.world, &mut self.digests);
        let members = Members::from_sorted_knowing(members, &world.principals, |entry| {
            digests.principal(world, entry).stands_for_others
        });
        let hash = CollectionHash::of(collection.kind, self.builder.name(collection)?);
        let mut fingerprint = Fingerprint::default();
        for member in members.iter() {
            fingerprint.add_member(hash, digests.texts(world, member), member.into());
        }
        Some(GatheredMembers { collection, members, fingerprint })
    }
}

/// What loading needs to know of interned texts, worked out once for each: the texts themselves lie
/// all over the memory, and memberships name them in no order.
#[derive(Debug, Default)]
struct Digests {
    principals: Vec<Option<Digest>>,
    audit_references: Vec<Option<Digest>>,
}

#[derive(Clone, Copy, Debug)]
struct Digest {
    hash: TextHash,
    stands_for_others: bool,
}

impl Digest {
    fn of(text: &str) -> Self {
        Self { hash: TextHash::of(text), stands_for_others: stands_for_others(text) }
    }
}

impl Digests {
    fn principal(&mut self, world: &World, id: PrincipalId) -> Digest {
        digest(&mut self.principals, id, &world.principals)
    }

    fn texts(&mut self, world: &World, member: &Member) -> MemberTexts {
        MemberTexts {
            name: self.principal(world, member.principal).hash,
            requester: member.requester.map_or(TextHash::of(""), |id| self.principal(world, id).hash),
            audit_reference: member
                .audit_reference
                .map_or(TextHash::of(""), |id| digest(&mut self.audit_references, id, &world.texts).hash),
        }
    }
}

fn digest<Id: InternId>(known: &mut Vec<Option<Digest>>, id: Id, table: &Interner<Id>) -> Digest {
    let place = id.index();
    if place >= known.len() {
        known.resize(table.len().max(place + 1), None);
    }
    match known.get_mut(place) {
        Some(known) => *known.get_or_insert_with(|| Digest::of(table.text(id))),
        None => Digest::of(table.text(id)),
    }
}
