//! Roles and groups with their members on the wire.

use athenz_model::names::UserDomains;
use athenz_model::wire::zms::{
    Group, GroupAuditLog, GroupMember, GroupMembership, MemberRole, Membership, ResourceGroupOwnership,
    ResourceRoleOwnership, Role, RoleAuditLog, RoleMember,
};
use athenz_policy::Member;
use athenz_world::{Collection, CollectionKind, MemberAudit, Ownership, Pending, World};

use super::{number, switch, tags, text};

/// Whose member list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberForm {
    /// One role or group: approved, with the audit reference and the mark of being inactive.
    Single,
    /// Lists and signed documents: with the kind of principal.
    Listed,
}

/// What names and times a member is shown with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) world: &'a World,
    pub(crate) users: &'a UserDomains,
    pub(crate) form: MemberForm,
}

impl Shown<'_> {
    /// Members sorted by name.
    fn sorted<'m>(&self, held: &'m Collection) -> Vec<(std::sync::Arc<str>, &'m Member)> {
        self.sorted_if(held, |_| true)
    }

    /// Those that a condition holds for, sorted by name.
    fn sorted_if<'m>(
        &self,
        held: &'m Collection,
        mut wanted: impl FnMut(&Member) -> bool,
    ) -> Vec<(std::sync::Arc<str>, &'m Member)> {
        let mut members: Vec<_> = held
            .members
            .iter()
            .filter(|member| wanted(member))
            .map(|member| (self.world.name_of(member.principal), member))
            .collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members
    }

    pub(crate) fn role_members(&self, held: &Collection) -> Vec<RoleMember> {
        self.role_members_if(held, |_| true)
    }

    /// Those that a condition holds for.
    pub(crate) fn role_members_if(
        &self,
        held: &Collection,
        wanted: impl FnMut(&Member) -> bool,
    ) -> Vec<RoleMember> {
        let members = self.sorted_if(held, wanted).into_iter();
        members.map(|(name, member)| self.role_member(&name, member)).collect()
    }

    pub(crate) fn role_member(&self, name: &str, member: &Member) -> RoleMember {
        let single = self.form == MemberForm::Single;
        RoleMember {
            member_name: Some(name.to_owned()),
            expiration: member.expiration,
            review_reminder: member.review_reminder,
            active: (single && !member.active).then_some(false),
            approved: single.then_some(true),
            audit_ref: member
                .audit_reference
                .filter(|_| single)
                .map(|id| self.world.texts().name(id).to_string()),
            request_principal: member.requester.map(|id| self.world.name_of(id).to_string()),
            system_disabled: number(member.system_disabled.bits().into()),
            principal_type: (!single).then(|| self.users.kind(name) as i32),
            ..RoleMember::default()
        }
    }

    fn group_members(&self, full_name: &str, held: &Collection) -> Vec<GroupMember> {
        let single = self.form == MemberForm::Single;
        let member = |(name, member): (std::sync::Arc<str>, &Member)| GroupMember {
            member_name: Some(name.to_string()),
            group_name: (!single).then(|| full_name.to_owned()),
            expiration: member.expiration,
            active: (single && !member.active).then_some(false),
            approved: single.then_some(true),
            audit_ref: member
                .audit_reference
                .filter(|_| single)
                .map(|id| self.world.texts().name(id).to_string()),
            system_disabled: number(member.system_disabled.bits().into()),
            ..GroupMember::default()
        };
        self.sorted(held).into_iter().map(member).collect()
    }
}

/// A request in the list of members.
pub(crate) fn pending_role_member(pending: &Pending) -> RoleMember {
    RoleMember {
        member_name: Some(pending.name.to_string()),
        expiration: pending.expiration,
        review_reminder: pending.review_reminder,
        active: Some(false),
        approved: Some(false),
        audit_ref: text(&pending.audit_reference),
        request_time: Some(pending.requested),
        pending_state: Some(pending.kind.as_str().to_owned()),
        ..RoleMember::default()
    }
}

/// A request in the list of members.
pub(crate) fn pending_group_member(pending: &Pending) -> GroupMember {
    GroupMember {
        member_name: Some(pending.name.to_string()),
        expiration: pending.expiration,
        active: Some(false),
        approved: Some(false),
        audit_ref: text(&pending.audit_reference),
        request_time: Some(pending.requested),
        pending_state: Some(pending.kind.as_str().to_owned()),
        ..GroupMember::default()
    }
}

/// A list, where there is something in it.
pub(crate) fn not_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// A role with all its attributes, without members.
pub(crate) fn role(domain: &str, name: &str, held: &Collection) -> Role {
    let settings = held.settings();
    Role {
        notify_roles: text(&settings.notify_roles),
        notify_details: text(&settings.notify_details),
        user_authority_filter: text(&settings.user_authority_filter),
        user_authority_expiration: text(&settings.user_authority_expiration),
        self_renew: switch(settings.self_renew),
        self_renew_mins: number(settings.self_renew_mins),
        max_members: number(settings.max_members),
        principal_domain_filter: text(&settings.principal_domain_filter),
        resource_ownership: role_ownership(&settings.owner),
        ..short_role(domain, name, held)
    }
}

/// A role with the attributes that lists without members show.
pub(crate) fn short_role(domain: &str, name: &str, held: &Collection) -> Role {
    let settings = held.settings();
    Role {
        name: Some(CollectionKind::Role.full_name(domain, name)),
        modified: Some(held.attributes.modified),
        trust: held.attributes.trust.as_ref().map(ToString::to_string),
        self_serve: switch(settings.self_serve),
        review_enabled: switch(settings.review_enabled),
        audit_enabled: switch(settings.audit_enabled),
        delete_protection: switch(settings.delete_protection),
        member_expiry_days: number(settings.member_expiry_days),
        service_expiry_days: number(settings.service_expiry_days),
        group_expiry_days: number(settings.group_expiry_days),
        member_review_days: number(settings.member_review_days),
        service_review_days: number(settings.service_review_days),
        group_review_days: number(settings.group_review_days),
        token_expiry_mins: number(settings.token_expiry_mins),
        cert_expiry_mins: number(settings.cert_expiry_mins),
        sign_algorithm: text(&settings.sign_algorithm),
        description: text(&settings.description),
        last_reviewed_date: settings.last_reviewed,
        tags: tags(&settings.tags),
        ..Role::default()
    }
}

/// A role with its members.
pub(crate) fn role_with_members(shown: Shown<'_>, domain: &str, name: &str, held: &Collection) -> Role {
    Role { role_members: not_empty(shown.role_members(held)), ..role(domain, name, held) }
}

/// A group with all its attributes, without members.
pub(crate) fn group(domain: &str, name: &str, held: &Collection) -> Group {
    let settings = held.settings();
    Group {
        notify_roles: text(&settings.notify_roles),
        notify_details: text(&settings.notify_details),
        user_authority_filter: text(&settings.user_authority_filter),
        user_authority_expiration: text(&settings.user_authority_expiration),
        delete_protection: switch(settings.delete_protection),
        self_renew: switch(settings.self_renew),
        self_renew_mins: number(settings.self_renew_mins),
        max_members: number(settings.max_members),
        principal_domain_filter: text(&settings.principal_domain_filter),
        resource_ownership: group_ownership(&settings.owner),
        ..short_group(domain, name, held)
    }
}

/// A group with the attributes that lists without members show.
pub(crate) fn short_group(domain: &str, name: &str, held: &Collection) -> Group {
    let settings = held.settings();
    Group {
        name: Some(CollectionKind::Group.full_name(domain, name)),
        modified: Some(held.attributes.modified),
        self_serve: switch(settings.self_serve),
        review_enabled: switch(settings.review_enabled),
        audit_enabled: switch(settings.audit_enabled),
        member_expiry_days: number(settings.member_expiry_days),
        service_expiry_days: number(settings.service_expiry_days),
        last_reviewed_date: settings.last_reviewed,
        tags: tags(&settings.tags),
        ..Group::default()
    }
}

/// A group with its members.
pub(crate) fn group_with_members(shown: Shown<'_>, domain: &str, name: &str, held: &Collection) -> Group {
    let full_name = CollectionKind::Group.full_name(domain, name);
    Group { group_members: not_empty(shown.group_members(&full_name, held)), ..group(domain, name, held) }
}

/// The owners of a role, where there are any.
pub(crate) fn role_ownership(owner: &Ownership) -> Option<ResourceRoleOwnership> {
    (*owner != Ownership::default()).then(|| ResourceRoleOwnership {
        meta_owner: text(&owner.meta),
        members_owner: text(&owner.members),
        object_owner: text(&owner.object),
    })
}

/// The owners of a group, where there are any.
pub(crate) fn group_ownership(owner: &Ownership) -> Option<ResourceGroupOwnership> {
    (*owner != Ownership::default()).then(|| ResourceGroupOwnership {
        meta_owner: text(&owner.meta),
        members_owner: text(&owner.members),
        object_owner: text(&owner.object),
    })
}

/// A line of the audit log of a role.
pub(crate) fn role_audit(audit: &MemberAudit) -> RoleAuditLog {
    RoleAuditLog {
        member: Some(audit.member.to_string()),
        admin: Some(audit.admin.clone()),
        created: Some(audit.created),
        action: Some(audit.action.as_str().to_owned()),
        audit_ref: text(&audit.audit_reference),
    }
}

/// A line of the audit log of a group.
pub(crate) fn group_audit(audit: &MemberAudit) -> GroupAuditLog {
    GroupAuditLog {
        member: Some(audit.member.to_string()),
        admin: Some(audit.admin.clone()),
        created: Some(audit.created),
        action: Some(audit.action.as_str().to_owned()),
        audit_ref: text(&audit.audit_reference),
    }
}

/// Whether a membership has not ended; where no moment is given, none has.
fn is_current(end: Option<athenz_model::Timestamp>, now: Option<athenz_model::Timestamp>) -> bool {
    now.is_none_or(|now| end.is_none_or(|end| end >= now))
}

/// A membership as a call about one member answers it, whatever the collection.
#[derive(Clone, Debug, Default)]
pub(crate) struct MembershipView(Membership);

impl MembershipView {
    /// No row of that member.
    pub(crate) fn none(full_name: &str, member: &str) -> Self {
        Self(Membership {
            member_name: Some(member.to_owned()),
            role_name: Some(full_name.to_owned()),
            is_member: Some(false),
            ..Membership::default()
        })
    }

    /// A membership; one that has expired is none. What a put has just stored is one, whatever
    /// its dates.
    pub(crate) fn stored(
        world: &World,
        full_name: &str,
        name: &str,
        member: &Member,
        now: Option<athenz_model::Timestamp>,
    ) -> Self {
        Self(Membership {
            member_name: Some(name.to_owned()),
            role_name: Some(full_name.to_owned()),
            is_member: Some(is_current(member.expiration, now)),
            approved: Some(true),
            expiration: member.expiration,
            review_reminder: member.review_reminder,
            request_principal: member.requester.map(|id| world.name_of(id).to_string()),
            system_disabled: number(member.system_disabled.bits().into()),
            ..Membership::default()
        })
    }

    /// A request; one for a membership that would have ended is none.
    pub(crate) fn pending(full_name: &str, pending: &Pending, now: Option<athenz_model::Timestamp>) -> Self {
        Self(Membership {
            member_name: Some(pending.name.to_string()),
            role_name: Some(full_name.to_owned()),
            is_member: Some(is_current(pending.expiration, now)),
            approved: Some(false),
            expiration: pending.expiration,
            review_reminder: pending.review_reminder,
            request_principal: text(&pending.requester),
            pending_state: Some(pending.kind.as_str().to_owned()),
            ..Membership::default()
        })
    }

    pub(crate) fn into_role(self) -> Membership {
        self.0
    }

    pub(crate) fn into_group(self) -> GroupMembership {
        let view = self.0;
        GroupMembership {
            member_name: view.member_name,
            is_member: view.is_member,
            group_name: view.role_name,
            expiration: view.expiration,
            active: view.active,
            approved: view.approved,
            audit_ref: view.audit_ref,
            request_principal: view.request_principal,
            system_disabled: view.system_disabled,
            pending_state: view.pending_state,
        }
    }
}

/// A membership in a list of memberships: the role by its short name.
pub(crate) fn member_role(world: &World, role: &str, member: &Member) -> MemberRole {
    MemberRole {
        role_name: Some(role.to_owned()),
        expiration: member.expiration,
        review_reminder: member.review_reminder,
        request_principal: member.requester.map(|id| world.name_of(id).to_string()),
        system_disabled: number(member.system_disabled.bits().into()),
        ..MemberRole::default()
    }
}
