//! Log entries as statements. Rows change exactly as `World::apply` changes a world, so that
//! loading the rows and applying the log give the same.

use athenz_model::Timestamp;
use athenz_model::wire::zms::AssertionEffect;
use athenz_world::{
    Assertion, Change, CollectionAttributes, CollectionKind, Head, LogEntry, Loudness, MemberAudit,
    MemberRow, Part, Pending, PolicyVersionAttributes, PrincipalChange, Sequence,
};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::error::{CommitError, StoreError};
use crate::log::Batch;
use crate::statements::Statement;
use crate::value::Value;

/// What a statement must have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It does not matter.
    Any,
    /// One row: otherwise the world that decided differs from the rows.
    One,
}

/// A statement with its arguments.
#[derive(Debug)]
pub(crate) struct Write<'a> {
    pub(crate) statement: Statement,
    pub(crate) values: Vec<Value<'a>>,
    pub(crate) changed: Changed,
}

impl Write<'_> {
    /// Compares how many rows were changed with what was expected.
    pub(crate) fn check(&self, changed: u64) -> Result<(), CommitError> {
        match (self.changed, self.statement) {
            (Changed::Any, _) => Ok(()),
            (Changed::One, _) if changed == 1 => Ok(()),
            (Changed::One, Statement::MoveHead) => {
                Err(CommitError::Conflict("the head has moved".to_owned()))
            }
            (Changed::One, _) => Err(CommitError::Diverged(self.describe())),
        }
    }

    /// The statement and the names it is about, for the log of the server.
    pub(crate) fn describe(&self) -> String {
        let names: Vec<&Value<'_>> = self.values.iter().take(4).collect();
        format!("{:?} {names:?}", self.statement)
    }
}

/// All statements of a commit after `head`, in their order; the head itself comes last.
pub(crate) fn writes_of(batch: &Batch, head: Head) -> Result<Vec<Write<'_>>, CommitError> {
    let after = follow(batch, head)?;
    let mut writer = Writer::default();
    for entry in &batch.entries {
        writer.entry(entry)?;
    }
    writer.one(
        Statement::MoveHead,
        [
            after.sequence.0.into(),
            after.stamp.into(),
            after.next_id.into(),
            head.epoch.0.into(),
            head.sequence.0.into(),
        ],
    );
    for write in &writer.writes {
        for value in &write.values {
            value.check()?;
        }
    }
    Ok(writer.writes)
}

/// The head after a batch that follows `head`.
pub(crate) fn follow(batch: &Batch, head: Head) -> Result<Head, CommitError> {
    let mut after = head;
    for entry in &batch.entries {
        let due = Sequence(after.sequence.0 + 1);
        if entry.sequence != due {
            return Err(CommitError::Invalid(format!("entry {:?} where {due:?} was due", entry.sequence)));
        }
        // a commit has one stamp, later than that of every commit before
        let first = batch.entries.first().map_or(entry.stamp, |first| first.stamp);
        if entry.stamp <= head.stamp || entry.stamp != first {
            return Err(CommitError::Invalid(format!("stamp of entry {due:?} is not that of a new commit")));
        }
        if entry.batch != batch.id {
            return Err(CommitError::Invalid(format!("entry {due:?} is of batch {}", entry.batch)));
        }
        after.sequence = entry.sequence;
        after.stamp = entry.stamp;
        after.next_id = after.next_id.max(entry.next_id);
    }
    Ok(after)
}

/// Gathers the statements of a batch; what an earlier one of the batch did is not done again.
#[derive(Default)]
struct Writer<'a> {
    writes: Vec<Write<'a>>,
    /// Names that have a row in `principal`.
    known: FxHashSet<&'a str>,
    /// Roles and groups whose `modified` is that of the part at hand.
    touched: FxHashSet<(CollectionKind, &'a str)>,
    /// The same of policy versions.
    touched_versions: FxHashSet<(&'a str, &'a str)>,
}

/// The domain and stamp that changes of a part need.
#[derive(Clone, Copy)]
struct Place<'a> {
    domain: &'a str,
    stamp: Timestamp,
}

impl<'a> Writer<'a> {
    fn push<const N: usize>(&mut self, statement: Statement, changed: Changed, values: [Value<'a>; N]) {
        self.writes.push(Write { statement, values: Vec::from(values), changed });
    }

    fn any<const N: usize>(&mut self, statement: Statement, values: [Value<'a>; N]) {
        self.push(statement, Changed::Any, values);
    }

    fn one<const N: usize>(&mut self, statement: Statement, values: [Value<'a>; N]) {
        self.push(statement, Changed::One, values);
    }

    fn entry(&mut self, entry: &'a LogEntry) -> Result<(), StoreError> {
        for change in &entry.changes.principals {
            self.principal(change);
        }
        for part in &entry.changes.parts {
            self.part(part, entry)?;
        }
        let mut domains: Vec<&str> = entry.changes.parts.iter().map(|part| part.domain.as_str()).collect();
        domains.sort_unstable();
        domains.dedup();
        self.one(
            Statement::AppendLog,
            [
                entry.sequence.0.into(),
                i64::from(entry.format).into(),
                entry.batch.as_str().into(),
                entry.time.into(),
                entry.stamp.into(),
                entry.next_id.into(),
                json(&domains)?,
                json(entry)?,
            ],
        );
        Ok(())
    }

    fn principal(&mut self, change: &'a PrincipalChange) {
        let (name, registration) = match change {
            PrincipalChange::Register { name } => (name, REGISTERED),
            PrincipalChange::Forget { name } => (name, UNKNOWN),
            PrincipalChange::Suspend { name, suspended: true } => (name, SUSPENDED),
            PrincipalChange::Suspend { name, suspended: false } => (name, REGISTERED),
        };
        self.known.insert(name);
        self.one(Statement::RegisterPrincipal, [name.as_str().into(), registration.into()]);
    }

    fn ensure_principal(&mut self, name: &'a str) {
        if !name.is_empty() && self.known.insert(name) {
            self.any(Statement::EnsurePrincipal, [name.into()]);
        }
    }

    fn part(&mut self, part: &'a Part, entry: &'a LogEntry) -> Result<(), StoreError> {
        self.touched.clear();
        self.touched_versions.clear();
        let place = Place { domain: &part.domain, stamp: entry.stamp };
        if part.changes.contains(&Change::DeleteDomain) {
            self.any(Statement::ServicesLeave, [place.domain.into()]);
            self.one(Statement::DeleteDomain, [place.domain.into()]);
            self.any(Statement::PutTombstone, [place.domain.into(), entry.sequence.0.into()]);
            return Ok(());
        }
        // the row of the domain comes before what refers to it
        for change in &part.changes {
            if let Change::PutDomain { attributes } = change {
                self.any(Statement::DeleteTombstone, [place.domain.into()]);
                // `modified` has a column of its own, which moves without the rest
                let mut without_modified = (**attributes).clone();
                without_modified.modified = Timestamp::default();
                let values = [place.domain.into(), attributes.modified.into(), json(&without_modified)?];
                self.one(Statement::PutDomain, values);
            }
        }
        for change in &part.changes {
            self.change(place, change)?;
        }
        if part.loudness == Loudness::Loud {
            self.one(
                Statement::TouchDomain,
                [place.domain.into(), entry.sequence.0.into(), entry.stamp.into()],
            );
        }
        Ok(())
    }

    fn change(&mut self, place: Place<'a>, change: &'a Change) -> Result<(), StoreError> {
        match change {
            // both handled for the whole part
            Change::PutDomain { .. } | Change::DeleteDomain => {}
            Change::PutCollection { kind, name, attributes } => {
                self.put_collection(place, *kind, name, attributes)?
            }
            Change::DeleteCollection { kind, name } => self.delete_collection(place, *kind, name),
            Change::PutMember { kind, name, member } => self.put_member(place, *kind, name, member),
            Change::DeleteMember { kind, name, member } => self.delete_member(place, *kind, name, member),
            Change::PutPending { kind, name, pending } => self.put_pending(place, *kind, name, pending),
            Change::DeletePending { kind, name, member } => {
                let values =
                    [place.domain.into(), kind.as_str().into(), name.as_str().into(), member.as_str().into()];
                self.one(Statement::DeletePending, values);
            }
            Change::PutPolicyVersion { policy, version, attributes } => {
                self.put_version(place, policy, version, attributes)?;
            }
            Change::DeletePolicyVersion { policy, version } => {
                self.touched_versions.remove(&(policy.as_str(), version.as_str()));
                let values = [place.domain.into(), policy.as_str().into(), version.as_str().into()];
                self.one(Statement::DeleteVersion, values);
            }
            Change::PutAssertion { policy, version, assertion } => {
                self.put_assertion(place, policy, version, assertion)?;
            }
            Change::DeleteAssertion { policy, version, id } => {
                self.delete_assertion(place, policy, version, *id)
            }
            Change::AuditMember { kind, name, audit } => self.audit(place, *kind, name, audit),
            _ => self.object(place, change)?,
        }
        Ok(())
    }

    fn put_collection(
        &mut self,
        place: Place<'a>,
        kind: CollectionKind,
        name: &'a str,
        attributes: &'a CollectionAttributes,
    ) -> Result<(), StoreError> {
        let CollectionAttributes { created, modified, trust, settings } = attributes;
        self.touched.remove(&(kind, name));
        self.one(
            Statement::PutCollection,
            [
                place.domain.into(),
                kind.as_str().into(),
                name.into(),
                (*created).into(),
                (*modified).into(),
                trust.as_deref().into(),
                json_if_set(settings.as_ref())?,
            ],
        );
        Ok(())
    }

    fn delete_collection(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str) {
        self.touched.remove(&(kind, name));
        let values = || [place.domain.into(), kind.as_str().into(), name.into()];
        self.one(Statement::DeleteCollection, values());
        self.any(Statement::DeleteAudits, values());
    }

    fn touch(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str) {
        if self.touched.insert((kind, name)) {
            let values = [place.domain.into(), kind.as_str().into(), name.into(), place.stamp.into()];
            self.one(Statement::TouchCollection, values);
        }
    }

    fn put_member(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str, member: &'a MemberRow) {
        let MemberRow { name: member_name, requester, audit_reference, .. } = member;
        self.touch(place, kind, name);
        self.ensure_principal(requester);
        self.ensure_principal(member_name);
        self.one(
            Statement::PutMember,
            [
                place.domain.into(),
                kind.as_str().into(),
                name.into(),
                member_name.as_str().into(),
                requester.as_str().into(),
                if_set(audit_reference),
                i64::from(member.system_disabled).into(),
                member.inactive.into(),
                member.expiration.into(),
                member.review_reminder.into(),
            ],
        );
    }

    fn delete_member(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str, member: &'a str) {
        self.touch(place, kind, name);
        let values = [place.domain.into(), kind.as_str().into(), name.into(), member.into()];
        self.one(Statement::DeleteMember, values);
    }

    fn put_pending(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str, pending: &'a Pending) {
        let Pending {
            name: member,
            kind: asked,
            requester,
            requested,
            audit_reference,
            expiration,
            review_reminder,
        } = pending;
        self.one(
            Statement::PutPending,
            [
                place.domain.into(),
                kind.as_str().into(),
                name.into(),
                member.as_str().into(),
                asked.as_str().into(),
                requester.as_str().into(),
                (*requested).into(),
                if_set(audit_reference),
                (*expiration).into(),
                (*review_reminder).into(),
            ],
        );
    }

    fn put_version(
        &mut self,
        place: Place<'a>,
        policy: &'a str,
        version: &'a str,
        attributes: &'a PolicyVersionAttributes,
    ) -> Result<(), StoreError> {
        let PolicyVersionAttributes { modified, active, spelling, description, tags, owner } = attributes;
        self.touched_versions.remove(&(policy, version));
        self.one(
            Statement::PutVersion,
            [
                place.domain.into(),
                policy.into(),
                version.into(),
                (*active).into(),
                (*modified).into(),
                if_set(description),
                json_if_set(tags)?,
                json_if_set(owner)?,
                if_set(spelling),
            ],
        );
        Ok(())
    }

    fn touch_version(&mut self, place: Place<'a>, policy: &'a str, version: &'a str) {
        if self.touched_versions.insert((policy, version)) {
            let values = [place.domain.into(), policy.into(), version.into(), place.stamp.into()];
            self.one(Statement::TouchVersion, values);
        }
    }

    fn put_assertion(
        &mut self,
        place: Place<'a>,
        policy: &'a str,
        version: &'a str,
        assertion: &'a Assertion,
    ) -> Result<(), StoreError> {
        let Assertion { id, role, action, resource, effect, conditions } = assertion;
        self.touch_version(place, policy, version);
        self.one(
            Statement::PutAssertion,
            [
                place.domain.into(),
                policy.into(),
                version.into(),
                (*id).into(),
                role.as_str().into(),
                action.as_str().into(),
                resource.as_str().into(),
                effect_text(*effect).into(),
                json_if_set(conditions)?,
            ],
        );
        Ok(())
    }

    fn delete_assertion(&mut self, place: Place<'a>, policy: &'a str, version: &'a str, id: i64) {
        self.touch_version(place, policy, version);
        let values = [place.domain.into(), policy.into(), version.into(), id.into()];
        self.one(Statement::DeleteAssertion, values);
    }

    fn object(&mut self, place: Place<'a>, change: &'a Change) -> Result<(), StoreError> {
        let domain: Value<'a> = place.domain.into();
        match change {
            Change::PutService { name, service } => {
                self.any(Statement::ServiceComesBack, [domain.clone(), name.as_str().into()]);
                self.one(Statement::PutService, [domain, name.as_str().into(), json(service)?]);
            }
            Change::DeleteService { name } => {
                self.any(Statement::ServiceLeaves, [domain.clone(), name.as_str().into()]);
                self.one(Statement::DeleteService, [domain, name.as_str().into()]);
            }
            Change::PutEntity { name, value } => {
                self.one(Statement::PutEntity, [domain, name.as_str().into(), value.0.as_str().into()]);
            }
            Change::DeleteEntity { name } => {
                self.one(Statement::DeleteEntity, [domain, name.as_str().into()])
            }
            Change::PutTemplate { template, version } => {
                let values = [domain, template.as_str().into(), i64::from(*version).into()];
                self.one(Statement::PutTemplate, values);
            }
            Change::DeleteTemplate { template } => {
                self.any(Statement::DeleteTemplate, [domain, template.as_str().into()]);
            }
            Change::PutQuota { quota } => self.one(Statement::PutQuota, [domain, json(quota)?]),
            Change::DeleteQuota => self.any(Statement::DeleteQuota, [domain]),
            Change::PutDependency { service } => {
                self.any(Statement::PutDependency, [domain, service.as_str().into()]);
            }
            Change::DeleteDependency { service } => {
                self.any(Statement::DeleteDependency, [domain, service.as_str().into()]);
            }
            other => return Err(StoreError::Unsupported(format!("store has no rows for {other:?}"))),
        }
        Ok(())
    }

    fn audit(&mut self, place: Place<'a>, kind: CollectionKind, name: &'a str, audit: &'a MemberAudit) {
        let MemberAudit { member, admin, action, created, audit_reference } = audit;
        self.one(
            Statement::AuditMember,
            [
                place.domain.into(),
                kind.as_str().into(),
                name.into(),
                member.as_str().into(),
                admin.as_str().into(),
                action.as_str().into(),
                (*created).into(),
                if_set(audit_reference),
            ],
        );
    }
}

/// `registration` of a name that is only referred to.
pub(crate) const UNKNOWN: i64 = 0;
/// `registration` of a principal.
pub(crate) const REGISTERED: i64 = 1;
/// `registration` of a suspended principal.
pub(crate) const SUSPENDED: i64 = 2;

/// An effect as rows have it.
pub(crate) const fn effect_text(effect: AssertionEffect) -> &'static str {
    match effect {
        AssertionEffect::Allow => "ALLOW",
        AssertionEffect::Deny => "DENY",
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<Value<'static>, StoreError> {
    let text = serde_json::to_string(value);
    text.map(Value::from).map_err(|error| StoreError::Damaged(format!("cannot be written as JSON: {error}")))
}

fn json_if_set<T: Serialize + Default + PartialEq>(value: &T) -> Result<Value<'static>, StoreError> {
    if *value == T::default() { Ok(Value::Null) } else { json(value) }
}

fn if_set(text: &str) -> Value<'_> {
    if text.is_empty() { Value::Null } else { text.into() }
}
