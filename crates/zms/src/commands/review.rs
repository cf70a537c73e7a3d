//! `PUT …/review`: members confirmed or let go.

use std::collections::BTreeSet;

use athenz_model::ApiError;
use athenz_model::names::MemberName;
use athenz_world::{
    Change, ChangeSet, Collection, CollectionKind, Domain, MemberAction, MemberRow, Pending, PendingKind,
};

use super::collection_input::{CollectionInput, MemberInput};
use super::dates::Dates;
use super::expiry;
use super::last_admin::{check_admin_left, check_admin_stays};
use super::member_log;
use super::members::{self, MemberRules};
use super::membership::may_update_members;
use crate::audit;
use crate::context::Context;
use crate::ownership::{self, Component, OwnedObject};
use crate::values::{check_name_in_body, domain_name, entity_name, member_name};

/// `PUT /domain/{domain}/role/{role}/review`, `PUT /domain/{domain}/group/{group}/review`.
pub(crate) fn put(
    context: &Context<'_>,
    kind: CollectionKind,
    domain: &str,
    name: &str,
    input: CollectionInput,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let (call, noun) = (context.call(), kind.as_str());
    check_name_in_body(&call, kind, &domain, &name, &input.name)?;
    let found = context.domain(&domain)?;
    let full_name = kind.full_name(&domain, &name);
    let Some(held) = found.collection(kind, &name) else {
        return Err(ApiError::not_found(format!("No such {noun}: {name}")));
    };
    if !may_update_members(context, found, &full_name) {
        return Err(ApiError::forbidden(format!("principal is not authorized to review {noun} members")));
    }
    let owner = match held.settings().self_serve {
        true => None,
        false => {
            let object = OwnedObject { kind: kind.into(), name: &full_name, owner: &held.settings().owner };
            ownership::edit(context, object, Component::Members)?
        }
    };
    let review = Review { context, kind, name: &name, domain: found, held };
    let (leaving, staying) = review.reviewed(input.all_members())?;
    audit::check_domain(context, kind.into(), &domain)?;
    if held.attributes.trust.is_some() {
        let text = format!("{call}: role {name} is delegated. Review should happen on the trusted role.");
        return Err(ApiError::bad_request(text));
    }
    check_admin_left(context, kind, &name, held, &leaving.iter().map(|row| &row.name).collect::<Vec<_>>())?;
    let mut settings = held.settings().clone();
    settings.last_reviewed = Some(context.stamp);
    settings.owner = owner.unwrap_or(settings.owner);
    let mut attributes = held.attributes.clone().with_settings(settings);
    attributes.modified = context.stamp;
    let mut changes = vec![Change::PutCollection { kind, name: name.clone(), attributes }];
    for row in &leaving {
        changes.push(Change::DeleteMember { kind, name: name.clone(), member: row.name.clone() });
        changes.push(review.audit(&row.name, MemberAction::Delete));
    }
    for (row, member) in staying {
        changes.extend(review.extended(row, &member)?);
    }
    check_admin_stays(context, kind, &name, held, &changes)?;
    Ok(ChangeSet::loud(domain, changes))
}

struct Review<'a> {
    context: &'a Context<'a>,
    kind: CollectionKind,
    name: &'a athenz_model::names::EntityName,
    domain: &'a Domain,
    held: &'a Collection,
}

impl Review<'_> {
    /// The members named that are members, those to leave and those to stay. Whoever is named must
    /// be such as may stay, a member or not; the first mention counts.
    #[expect(clippy::type_complexity, reason = "two lists of one kind each, used in one place")]
    fn reviewed(
        &self,
        given: Vec<MemberInput>,
    ) -> Result<(Vec<MemberRow>, Vec<(MemberRow, MemberInput)>), ApiError> {
        let rules = MemberRules::of(self.kind, self.name, self.held.settings());
        let (mut leaving, mut staying) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for member in given {
            let name = member_name(self.context, &member.name)?;
            if !seen.insert(name.clone()) {
                continue;
            }
            members::check_kind(self.context, &rules, &name)?;
            let id = self.context.world.principals().id(&name);
            let stored = id.and_then(|id| self.held.members.get(id));
            let Some(row) = stored.and_then(|stored| self.context.world.member_row(stored)) else { continue };
            if member.inactive {
                leaving.push(row);
            } else {
                staying.push((row, member));
            }
        }
        Ok((leaving, staying))
    }

    fn extended(&self, row: MemberRow, member: &MemberInput) -> Result<Vec<Change>, ApiError> {
        let kind = self.context.users().kind(&row.name);
        let (domain, settings) = (&self.domain.attributes, self.held.settings());
        let stored = Dates::of(&row);
        let dates = expiry::reviewed_dates(self.context, domain, settings, kind, member.dates, stored);
        let member = row.name.clone();
        if self.held.needs_approval() {
            return self.request(&member, dates);
        }
        let requester = match self.kind {
            CollectionKind::Role => row.requester.clone(),
            CollectionKind::Group => self.context.caller.name.clone(),
        };
        let new = MemberRow {
            requester,
            inactive: false,
            audit_reference: self.context.audit_reference.to_owned(),
            expiration: dates.expiration,
            review_reminder: dates.review_reminder,
            ..row
        };
        Ok(vec![
            Change::PutMember { kind: self.kind, name: self.name.clone(), member: new },
            self.audit(&member, MemberAction::Update),
        ])
    }

    fn request(&self, member: &MemberName, dates: Dates) -> Result<Vec<Change>, ApiError> {
        let present = self.held.pending_about(member);
        if present.is_some_and(|present| present.kind == PendingKind::Delete) {
            let text = format!("The user {member} already has a pending request in a different state");
            return Err(ApiError::bad_request(text));
        }
        let caller = &self.context.caller.name;
        let pending = Pending {
            name: member.clone(),
            kind: PendingKind::Add,
            requester: present.map_or_else(|| caller.clone(), |present| present.requester.clone()),
            requested: self.context.now,
            audit_reference: self.context.audit_reference.to_owned(),
            expiration: dates.expiration,
            review_reminder: dates.review_reminder,
        };
        Ok(vec![
            Change::PutPending { kind: self.kind, name: self.name.clone(), pending },
            self.audit(member, MemberAction::Request),
        ])
    }

    fn audit(&self, member: &MemberName, action: MemberAction) -> Change {
        member_log::line(self.context, self.kind, self.name, member, action)
    }
}
