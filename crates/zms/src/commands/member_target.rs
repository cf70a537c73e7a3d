//! The membership a call is about: what the path and the body say, parsed, and the changes of it.

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, Grammar, MemberName};
use athenz_model::wire::zms::{GroupMembership, Membership};
use athenz_policy::Member;
use athenz_world::{Change, Collection, CollectionKind, Domain, MemberAction, MemberRow};

use super::dates::Dates;
use super::member_log;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::ownership::OwnedObject;
use crate::values::{domain_name, entity_name, member_name};

/// What a membership call says about the member, for roles and groups alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct MembershipInput {
    pub(crate) member_name: String,
    /// Short name of the role or group, where the body gives it.
    pub(crate) collection_name: Option<String>,
    pub(crate) dates: Dates,
    /// The decision, where one is made.
    pub(crate) approved: bool,
    /// A mark that a decision leaves on the membership: shown, without effect.
    pub(crate) inactive: bool,
}

impl From<Membership> for MembershipInput {
    fn from(body: Membership) -> Self {
        Self {
            member_name: body.member_name.unwrap_or_default(),
            collection_name: body.role_name,
            dates: Dates { expiration: body.expiration, review_reminder: body.review_reminder },
            approved: body.approved.unwrap_or(true),
            inactive: body.active == Some(false),
        }
    }
}

impl From<GroupMembership> for MembershipInput {
    fn from(body: GroupMembership) -> Self {
        Self {
            member_name: body.member_name.unwrap_or_default(),
            collection_name: body.group_name,
            dates: Dates { expiration: body.expiration, review_reminder: None },
            approved: body.approved.unwrap_or(true),
            inactive: body.active == Some(false),
        }
    }
}

/// A role or group with its member, as the path names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberPath<'a> {
    pub(crate) kind: CollectionKind,
    pub(crate) domain: &'a str,
    pub(crate) collection: &'a str,
    pub(crate) member: &'a str,
}

/// The same, parsed.
pub(super) struct Target {
    pub(super) kind: CollectionKind,
    pub(super) domain: DomainName,
    pub(super) name: EntityName,
    pub(super) member: MemberName,
    /// `domain:role.name`
    pub(super) full_name: String,
}

impl Target {
    pub(super) fn parse(context: &Context<'_>, path: MemberPath<'_>) -> Result<Self, ApiError> {
        check_grammar(path.member, Grammar::MemberName, "MemberName")?;
        let domain = domain_name(path.domain)?;
        let name = entity_name(path.collection)?;
        Ok(Self {
            kind: path.kind,
            full_name: path.kind.full_name(&domain, &name),
            member: member_name(context, path.member)?,
            domain,
            name,
        })
    }

    pub(super) fn find<'w>(&self, context: &Context<'w>) -> Option<(&'w Domain, &'w Collection)> {
        let domain = context.world.domain(&self.domain)?;
        Some((domain, domain.collection(self.kind, &self.name)?))
    }

    /// The stored membership of the member.
    pub(super) fn stored<'w>(&self, context: &Context<'w>, held: &'w Collection) -> Option<&'w Member> {
        held.members.get(context.world.principals().id(&self.member)?)
    }

    pub(super) fn owned<'a>(&'a self, held: &'a Collection) -> OwnedObject<'a> {
        OwnedObject { kind: self.kind.into(), name: &self.full_name, owner: &held.settings().owner }
    }

    pub(super) fn audited(&self) -> AuditedKind {
        self.kind.into()
    }

    /// How texts about a missing member begin: those of roles name the call.
    pub(super) fn prefix(&self, context: &Context<'_>) -> String {
        match self.kind {
            CollectionKind::Role => format!("{}: ", context.call()),
            CollectionKind::Group => String::new(),
        }
    }

    pub(super) fn put(&self, member: MemberRow) -> Change {
        Change::PutMember { kind: self.kind, name: self.name.clone(), member }
    }

    pub(super) fn delete(&self) -> Change {
        Change::DeleteMember { kind: self.kind, name: self.name.clone(), member: self.member.clone() }
    }

    pub(super) fn delete_pending(&self) -> Change {
        Change::DeletePending { kind: self.kind, name: self.name.clone(), member: self.member.clone() }
    }

    pub(super) fn audit(&self, context: &Context<'_>, action: MemberAction) -> Change {
        member_log::line(context, self.kind, &self.name, &self.member, action)
    }

    pub(super) fn check_body(&self, context: &Context<'_>, body: &MembershipInput) -> Result<(), ApiError> {
        let (of, title) = match self.kind {
            CollectionKind::Role => ("Membership", "Role"),
            CollectionKind::Group => ("GroupMembership", "Group"),
        };
        let call = context.operation;
        if member_name(context, &body.member_name)? != self.member {
            return Err(ApiError::bad_request(format!(
                "{call}: Member name in URI and {of} object do not match"
            )));
        }
        if body.collection_name.as_deref().is_some_and(|given| !given.eq_ignore_ascii_case(&self.name)) {
            return Err(ApiError::bad_request(format!(
                "{call}: {title} name in URI and {of} object do not match"
            )));
        }
        Ok(())
    }
}
