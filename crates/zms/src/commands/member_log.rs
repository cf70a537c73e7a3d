//! What a change of a membership leaves in the audit log of its role or group.

use athenz_model::names::{EntityName, MemberName};
use athenz_world::{Change, CollectionKind, MemberAction, MemberAudit, MemberRow};

use crate::context::Context;

/// The line: who did what to whose membership, and why.
pub(super) fn line(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    member: &MemberName,
    action: MemberAction,
) -> Change {
    let audit = MemberAudit {
        member: member.clone(),
        admin: context.caller.name.clone(),
        action,
        created: context.now,
        audit_reference: context.audit_reference.to_owned(),
    };
    Change::AuditMember { kind, name: name.clone(), audit }
}

/// A new membership and its line.
pub(super) fn add(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    member: MemberRow,
) -> [Change; 2] {
    put(context, kind, name, member, MemberAction::Add)
}

/// A membership written anew and its line.
pub(super) fn update(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    member: MemberRow,
) -> [Change; 2] {
    put(context, kind, name, member, MemberAction::Update)
}

fn put(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    mut member: MemberRow,
    action: MemberAction,
) -> [Change; 2] {
    context.audit_reference.clone_into(&mut member.audit_reference);
    let line = line(context, kind, name, &member.name, action);
    [Change::PutMember { kind, name: name.clone(), member }, line]
}

/// The end of a membership and its line.
pub(super) fn remove(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    member: &MemberName,
) -> [Change; 2] {
    let line = line(context, kind, name, member, MemberAction::Delete);
    [Change::DeleteMember { kind, name: name.clone(), member: member.clone() }, line]
}
