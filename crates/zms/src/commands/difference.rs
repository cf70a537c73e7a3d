//! What a full put of a role or group changes among its members.

use std::collections::BTreeSet;

use athenz_model::ApiError;
use athenz_model::names::{EntityName, MemberName};
use athenz_world::{
    Change, Collection, CollectionAttributes, CollectionKind, MemberAction, MemberRow, Pending, PendingKind,
};

use super::collection_input::MemberInput;
use super::dates::Dates;
use super::member_log;
use super::membership::system_disabled;
use crate::context::Context;

/// What a full put changes among the members.
pub(super) struct Difference<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) kind: CollectionKind,
    pub(super) name: &'a EntityName,
    pub(super) held: Option<&'a Collection>,
    /// The attributes the put gives: its flags decide, not those stored.
    pub(super) attributes: &'a CollectionAttributes,
}

impl Difference<'_> {
    /// Members that are wanted and not there come, others go; where the put asks for approval,
    /// as requests.
    pub(super) fn changes(&self, wanted: Vec<(MemberName, MemberInput)>) -> Result<Vec<Change>, ApiError> {
        let settings = &self.attributes.settings;
        let approval = settings.review_enabled || settings.audit_enabled;
        let mut changes = Vec::new();
        let mut kept = BTreeSet::new();
        for (name, member) in wanted {
            let stored = self.stored(&name);
            kept.insert(name.clone());
            // as recorded: dates make a membership another one, `active` does not
            if stored.as_ref().is_some_and(|row| Dates::of(row) == member.dates) {
                continue;
            }
            if approval {
                changes.extend(self.request(&name, PendingKind::Add, member.dates.in_whole_seconds())?);
            } else {
                changes.extend(self.write(name, &member, stored.as_ref()));
            }
        }
        let gone: Vec<MemberName> = self.stored_names().filter(|name| !kept.contains(name)).collect();
        for name in gone {
            if approval && settings.delete_protection {
                let dates = self.stored(&name).as_ref().map(Dates::of).unwrap_or_default();
                changes.extend(self.request(&name, PendingKind::Delete, dates)?);
            } else {
                changes.extend(member_log::remove(self.context, self.kind, self.name, &name));
            }
        }
        Ok(changes)
    }

    fn stored_names(&self) -> impl Iterator<Item = MemberName> {
        self.held
            .into_iter()
            .flat_map(|held| held.members.iter())
            .filter_map(|member| MemberName::parse(&self.context.world.name_of(member.principal)).ok())
    }

    fn stored(&self, name: &MemberName) -> Option<MemberRow> {
        let member = self.held?.members.get(self.context.world.principals().id(name)?)?;
        self.context.world.member_row(member)
    }

    fn write(&self, name: MemberName, member: &MemberInput, stored: Option<&MemberRow>) -> [Change; 2] {
        let action = if stored.is_some() { MemberAction::Update } else { MemberAction::Add };
        let kept = stored.map_or(0, |row| row.system_disabled);
        let dates = member.dates.in_whole_seconds();
        let row = MemberRow {
            audit_reference: self.context.audit_reference.to_owned(),
            system_disabled: kept | system_disabled(self.context, &name, None),
            inactive: member.inactive,
            expiration: dates.expiration,
            review_reminder: dates.review_reminder,
            ..MemberRow::new(name.clone(), self.requester())
        };
        [
            Change::PutMember { kind: self.kind, name: self.name.clone(), member: row },
            self.line(&name, action),
        ]
    }

    /// As recorded: a group and a new role say who asked, a known role does not; the log knows for
    /// every change.
    fn requester(&self) -> &str {
        match (self.kind, self.held) {
            (CollectionKind::Role, Some(_)) => "",
            _ => &self.context.caller.name,
        }
    }

    fn request(&self, name: &MemberName, kind: PendingKind, dates: Dates) -> Result<[Change; 2], ApiError> {
        let present = self.held.and_then(|held| held.pending_about(name));
        if present.is_some_and(|present| present.kind != kind) {
            let text = format!("The user {name} already has a pending request in a different state");
            return Err(ApiError::bad_request(text));
        }
        let caller = &self.context.caller.name;
        let pending = Pending {
            name: name.clone(),
            kind,
            requester: present.map_or_else(|| caller.clone(), |present| present.requester.clone()),
            requested: self.context.now,
            audit_reference: self.context.audit_reference.to_owned(),
            expiration: dates.expiration,
            review_reminder: dates.review_reminder,
        };
        let put = Change::PutPending { kind: self.kind, name: self.name.clone(), pending };
        Ok([put, self.line(name, MemberAction::Request)])
    }

    fn line(&self, member: &MemberName, action: MemberAction) -> Change {
        member_log::line(self.context, self.kind, self.name, member, action)
    }
}
