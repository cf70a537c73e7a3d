//! Change sets at random, the same ones each time, over every kind of change.

use athenz_model::Timestamp;
use athenz_model::names::{DomainName, EntityName, MemberName, SimpleName};
use athenz_model::wire::zms::{AssertionConditionOperator, AssertionEffect};
use athenz_world::{
    Assertion, Change, ChangeSet, CollectionAttributes, CollectionKind, CollectionSettings, Condition,
    ConditionValue, DomainAttributes, Entity, Loudness, MemberAction, MemberAudit, MemberRow, Ownership,
    Pending, PendingKind, PolicyVersionAttributes, PrincipalChange, Quota, Service, World,
};

use crate::node::START;

/// Texts that are close to one another in some collation, or hard for some encoding.
pub(crate) const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "a ",
    "ä",
    "a\u{308}",
    "\u{1d4d0}",
    "\u{10ffff}",
    "%_'\"\\",
    "\n\t",
    "İ",
    "ſ",
    "ß",
    "$1?1",
];
const NAMES: &[&str] = &["a", "b", "a.b", "a_b", "a-b", "ab"];

/// A small generator of numbers.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn number(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.number(100) < percent
    }

    fn of<'a>(&mut self, texts: &[&'a str]) -> &'a str {
        texts[self.number(texts.len())]
    }

    fn text(&mut self) -> String {
        self.of(TEXTS).to_owned()
    }

    fn moment(&mut self) -> Timestamp {
        START.plus_millis(i64::try_from(self.number(100_000)).unwrap())
    }

    fn optional_moment(&mut self) -> Option<Timestamp> {
        self.chance(50).then(|| self.moment())
    }

    fn kind(&mut self) -> CollectionKind {
        if self.chance(50) { CollectionKind::Role } else { CollectionKind::Group }
    }

    fn entity(&mut self) -> EntityName {
        EntityName::parse(self.of(NAMES)).unwrap()
    }

    fn simple(&mut self) -> SimpleName {
        SimpleName::parse(self.of(&["a", "b", "0"])).unwrap()
    }

    fn member(&mut self) -> MemberName {
        MemberName::parse(self.of(&["user.a", "user.b", "user.*", "a.b", "a:group.b", "*"])).unwrap()
    }

    pub(crate) fn domain(&mut self) -> DomainName {
        DomainName::parse(self.of(&["a", "b", "a.b", "a-b"])).unwrap()
    }

    fn tags(&mut self) -> std::collections::BTreeMap<String, Vec<String>> {
        if self.chance(50) {
            Default::default()
        } else {
            [("k".to_owned(), vec![self.text(), self.text()])].into()
        }
    }

    fn owner(&mut self) -> Ownership {
        if self.chance(70) {
            Ownership::default()
        } else {
            Ownership { object: self.text(), ..Default::default() }
        }
    }

    fn domain_attributes(&mut self) -> DomainAttributes {
        DomainAttributes {
            id: "id".to_owned(),
            created: self.moment(),
            modified: self.moment(),
            description: self.text(),
            account: self.of(&["", "1", "2", "1,2"]).to_owned(),
            ypm_id: i32::from(self.chance(20)) * 7,
            disabled: self.chance(10),
            tags: self.tags(),
            owner: self.owner(),
            ..DomainAttributes::default()
        }
    }

    fn collection_attributes(&mut self) -> CollectionAttributes {
        let mut attributes = CollectionAttributes::new(self.moment());
        attributes.modified = self.moment();
        attributes.trust = self.chance(20).then(|| self.domain());
        let settings = CollectionSettings {
            description: self.text(),
            self_serve: self.chance(30),
            last_reviewed: self.optional_moment(),
            tags: self.tags(),
            ..CollectionSettings::default()
        };
        attributes.with_settings(settings)
    }

    fn member_row(&mut self) -> MemberRow {
        MemberRow {
            name: self.member(),
            requester: self.of(&["", "user.a", "User.A", "sys.auth.zms"]).to_owned(),
            audit_reference: self.text(),
            system_disabled: u8::try_from(self.number(8)).unwrap(),
            inactive: self.chance(10),
            expiration: self.optional_moment(),
            review_reminder: self.optional_moment(),
        }
    }

    fn pending(&mut self) -> Pending {
        Pending {
            name: self.member(),
            kind: if self.chance(50) { PendingKind::Add } else { PendingKind::Delete },
            requester: self.text(),
            requested: self.moment(),
            audit_reference: self.text(),
            expiration: self.optional_moment(),
            review_reminder: self.optional_moment(),
        }
    }

    fn version_attributes(&mut self) -> PolicyVersionAttributes {
        PolicyVersionAttributes {
            modified: self.moment(),
            active: self.chance(50),
            spelling: self.text(),
            description: self.text(),
            tags: self.tags(),
            owner: self.owner(),
        }
    }

    /// An assertion with a number of its own, or one that is there already.
    fn assertion(
        &mut self,
        world: &World,
        domain: &str,
        policy: &str,
        version: &str,
        fresh: i64,
    ) -> Assertion {
        let held = world.domain(domain).and_then(|d| d.policies.get(policy)?.versions.get(version).cloned());
        let known = held.and_then(|held| held.assertions.keys().next().copied());
        let value = ConditionValue { operator: AssertionConditionOperator::Equals, value: self.text() };
        Assertion {
            id: known.filter(|_| self.chance(50)).unwrap_or(fresh),
            role: self.text(),
            action: self.text(),
            resource: self.text(),
            effect: if self.chance(50) { AssertionEffect::Allow } else { AssertionEffect::Deny },
            conditions: if self.chance(70) {
                Vec::new()
            } else {
                vec![Condition { id: 1, keys: [("k".to_owned(), value)].into() }]
            },
        }
    }

    fn service(&mut self) -> Service {
        Service {
            modified: self.moment(),
            description: self.text(),
            public_keys: [("0".to_owned(), self.text())].into(),
            hosts: vec![self.text(), self.text()],
            tags: self.tags(),
            ..Service::default()
        }
    }

    fn quota(&mut self) -> Quota {
        let limit = i32::try_from(self.number(9)).unwrap();
        Quota {
            modified: self.moment(),
            subdomain: limit,
            role: 1,
            role_member: 2,
            policy: 3,
            assertion: 4,
            entity: 5,
            service: 6,
            service_host: 7,
            public_key: 8,
            group: 9,
            group_member: limit,
        }
    }

    fn audit(&mut self) -> MemberAudit {
        MemberAudit {
            member: self.member(),
            admin: self.text(),
            action: if self.chance(50) { MemberAction::Add } else { MemberAction::Reject },
            created: self.moment(),
            audit_reference: self.text(),
        }
    }

    fn change(&mut self, world: &World, domain: &str, fresh: i64) -> Change {
        let (kind, name) = (self.kind(), self.entity());
        match self.number(26) {
            0 => Change::PutDomain { attributes: Box::new(self.domain_attributes()) },
            1 if self.chance(20) => Change::DeleteDomain,
            1..=3 => Change::PutCollection { kind, name, attributes: self.collection_attributes() },
            4 => Change::DeleteCollection { kind, name },
            5..=8 => Change::PutMember { kind, name, member: self.member_row() },
            9 => Change::DeleteMember { kind, name, member: self.member() },
            10 => Change::PutPending { kind, name, pending: self.pending() },
            11 => Change::DeletePending { kind, name, member: self.member() },
            12 | 13 => Change::PutPolicyVersion {
                policy: name,
                version: self.simple(),
                attributes: self.version_attributes(),
            },
            14 => Change::DeletePolicyVersion { policy: name, version: self.simple() },
            15 | 16 => {
                let version = self.simple();
                let assertion = self.assertion(world, domain, &name, &version, fresh);
                Change::PutAssertion { policy: name, version, assertion }
            }
            17 => {
                let version = self.simple();
                let id = self.assertion(world, domain, &name, &version, fresh).id;
                Change::DeleteAssertion { policy: name, version, id }
            }
            18 => Change::PutService { name: self.simple(), service: Box::new(self.service()) },
            19 => Change::DeleteService { name: self.simple() },
            20 => Change::PutEntity { name, value: Entity(format!("{{\"k\": \"{}\"}}", self.number(9))) },
            21 => Change::DeleteEntity { name },
            22 if self.chance(50) => Change::PutTemplate { template: self.text(), version: 3 },
            22 => Change::DeleteTemplate { template: self.text() },
            23 if self.chance(60) => Change::PutQuota { quota: self.quota() },
            23 => Change::DeleteQuota,
            24 if self.chance(50) => Change::PutDependency { service: self.text() },
            24 => Change::DeleteDependency { service: self.text() },
            _ => Change::AuditMember { kind, name, audit: self.audit() },
        }
    }

    fn principal(&mut self) -> PrincipalChange {
        let name = self.member();
        match self.number(4) {
            0 => PrincipalChange::Forget { name },
            1 => PrincipalChange::Suspend { name, suspended: self.chance(50) },
            _ => PrincipalChange::Register { name },
        }
    }

    /// A change set that may or may not fit the world.
    pub(crate) fn change_set(&mut self, world: &World) -> ChangeSet {
        let mut set = ChangeSet::default();
        let mut fresh = world.head.next_id;
        if self.chance(30) {
            set.principals.push(self.principal());
        }
        for _ in 0..self.number(3) {
            let domain = self.domain();
            let mut changes = Vec::new();
            if world.domain(&domain).is_none() {
                changes.push(Change::PutDomain { attributes: Box::new(self.domain_attributes()) });
            }
            for _ in 0..=self.number(4) {
                changes.push(self.change(world, &domain, fresh));
                fresh += 1;
            }
            let loudness = if self.chance(80) { Loudness::Loud } else { Loudness::Quiet };
            set = set.and(domain, loudness, changes);
        }
        set
    }
}
