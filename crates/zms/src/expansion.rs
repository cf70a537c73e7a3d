//! Memberships that are not written down: through groups and through delegation.

use std::collections::BTreeSet;

use athenz_model::ApiError;
use athenz_model::names::PrincipalKind;
use athenz_model::wire::zms::{MemberRole, RoleMember};
use athenz_policy::Glob;
use athenz_world::collection::parse_full_name;
use athenz_world::{Collection, CollectionKind, Domain, World};

use crate::access::{caller_may, has_system_right};
use crate::context::Context;
use crate::state::Zms;
use crate::views::collections::{MemberForm, Shown, member_role, pending_role_member};

/// The members of a role with each group replaced by its members: a name once for each way in.
/// With requests, of the role and of the groups, where they are wanted.
pub(crate) fn expanded_members(shown: Shown<'_>, held: &Collection, pending: bool) -> Vec<RoleMember> {
    let mut members: Vec<RoleMember> = Vec::new();
    for member in with_requests(shown, held, pending) {
        let name = member.member_name.clone().unwrap_or_default();
        let Some((CollectionKind::Group, domain, group)) = parse_full_name(&name) else {
            members.push(member);
            continue;
        };
        let Some(group) = shown.world.collection(CollectionKind::Group, domain, &group) else { continue };
        for inner in with_requests(shown, group, pending) {
            let expiration = match (member.expiration, inner.expiration) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            members.push(RoleMember {
                member_name: inner.member_name,
                expiration,
                active: inner.active,
                approved: inner.approved,
                audit_ref: inner.audit_ref,
                system_disabled: inner.system_disabled,
                request_time: inner.request_time,
                ..RoleMember::default()
            });
        }
    }
    members
}

/// The members written down, and requests behind them.
pub(crate) fn with_requests(shown: Shown<'_>, held: &Collection, pending: bool) -> Vec<RoleMember> {
    let mut members = shown.role_members(held);
    if pending {
        members.extend(held.pending.iter().map(pending_role_member));
    }
    members
}

/// Who has a delegated role: the members of the roles that the trusted domain lets assume it.
pub(crate) fn delegated_members(
    zms: &Zms,
    world: &World,
    domain: &Domain,
    role: &str,
    trust: &str,
) -> Vec<RoleMember> {
    let Some(trusted) = world.domain(trust).filter(|trusted| !trusted.attributes.disabled) else {
        return Vec::new();
    };
    let full_name = CollectionKind::Role.full_name(&domain.name, role);
    let shown = Shown { world, users: &zms.rules.users, form: MemberForm::Listed };
    let mut names = BTreeSet::new();
    let mut members = Vec::new();
    for held in assuming_roles(trusted, &full_name) {
        for member in shown.role_members(held) {
            if names.insert(member.member_name.clone()) {
                members.push(member);
            }
        }
    }
    members
}

/// The roles of a domain that its active policies let assume a role elsewhere.
fn assuming_roles<'d>(trusted: &'d Domain, full_name: &str) -> Vec<&'d Collection> {
    let mut found = Vec::new();
    for assertion in assume_role_assertions(trusted) {
        if !Glob::new(&assertion.resource).matches(full_name) {
            continue;
        }
        for (name, held) in &trusted.roles {
            if Glob::new(&assertion.role).matches(&CollectionKind::Role.full_name(&trusted.name, name)) {
                found.push(&**held);
            }
        }
    }
    found
}

/// The assertions by which a domain's roles assume roles elsewhere; a DENY assumes nothing.
fn assume_role_assertions(domain: &Domain) -> impl Iterator<Item = &athenz_world::Assertion> {
    domain
        .policies
        .values()
        .filter_map(|policy| policy.active())
        .flat_map(|(_, version)| version.assertions.values())
        .filter(|assertion| assertion.action.eq_ignore_ascii_case("assume_role"))
        .filter(|assertion| assertion.effect == athenz_model::wire::zms::AssertionEffect::Allow)
}

/// Who may ask for the expanded roles of a principal: itself, and whoever was given that right.
///
/// # Errors
/// 403: the caller may not.
pub(crate) fn check_may_expand(
    context: &Context<'_>,
    principal: &str,
    domain: Option<&str>,
) -> Result<(), ApiError> {
    let by_domain = domain
        .is_some_and(|domain| caller_may(context, domain, "access", &format!("{domain}:meta.role.lookup")));
    let by_owner = || {
        let user = context.users().kind(principal) == PrincipalKind::User;
        let owner = principal.rsplit_once('.').filter(|_| !user);
        owner.is_some_and(|(owner, service)| {
            caller_may(context, owner, "update", &format!("{owner}:service.{service}"))
        })
    };
    let allowed = context.caller.name == principal
        || by_domain
        || has_system_right(context, "access", "sys.auth:meta.role.lookup")
        || by_owner();
    if allowed {
        return Ok(());
    }
    Err(ApiError::forbidden("principal is not authorized to request expanded role lookup"))
}

/// Roles that have the principal itself as a member, expired ones included.
pub(crate) fn direct_roles(world: &World, principal: &str) -> Vec<MemberRole> {
    world
        .memberships(CollectionKind::Role, principal)
        .map(|(domain, role, _, member)| MemberRole {
            domain_name: Some(domain.name.to_string()),
            request_principal: None,
            ..member_role(world, role, member)
        })
        .collect()
}

/// Roles through groups, and roles that those found may assume elsewhere.
pub(crate) fn add_indirect_roles(world: &World, principal: &str, roles: &mut Vec<MemberRole>) {
    let mut through_groups = Vec::new();
    for (domain, group, ..) in world.memberships(CollectionKind::Group, principal) {
        let full_name = CollectionKind::Group.full_name(&domain.name, group);
        for (owner, role, _, of_group) in world.memberships(CollectionKind::Role, &full_name) {
            through_groups.push(MemberRole {
                domain_name: Some(owner.name.to_string()),
                member_name: Some(full_name.clone()),
                request_principal: None,
                ..member_role(world, role, of_group)
            });
        }
    }
    roles.extend(through_groups);
    let delegated: Vec<MemberRole> = roles.iter().flat_map(|role| delegated_to(world, role)).collect();
    roles.extend(delegated);
}

/// The domains whose roles a resource may mean: one, or all by `*:role.…`.
fn domains_of_resource<'w>(world: &'w World, resource: &str) -> Vec<&'w Domain> {
    match resource.split_once(':') {
        Some(("*", rest)) if rest.starts_with("role.") => world.domains().map(|domain| &**domain).collect(),
        Some((domain, _)) => world.domain(domain).map(|domain| &**domain).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The delegated roles that a role may assume, for who has it so: with its end, and through the
/// group it is held by. An assertion names the role itself here, not a pattern of roles.
fn delegated_to(world: &World, role: &MemberRole) -> Vec<MemberRole> {
    let mut roles = Vec::new();
    let (Some(domain), Some(name)) = (role.domain_name.as_deref(), role.role_name.as_deref()) else {
        return roles;
    };
    let Some(trusted) = world.domain(domain) else { return roles };
    let full_name = CollectionKind::Role.full_name(domain, name);
    for assertion in assume_role_assertions(trusted).filter(|assertion| assertion.role == full_name) {
        for owner in domains_of_resource(world, &assertion.resource) {
            for (name, held) in &owner.roles {
                let trusts = held.attributes.trust.as_deref() == Some(domain);
                let target = CollectionKind::Role.full_name(&owner.name, name);
                if trusts && Glob::new(&assertion.resource).matches(&target) {
                    roles.push(MemberRole {
                        role_name: Some(name.to_string()),
                        domain_name: Some(owner.name.to_string()),
                        trust_role_name: Some(full_name.clone()),
                        member_name: role.member_name.clone(),
                        expiration: role.expiration,
                        ..MemberRole::default()
                    });
                }
            }
        }
    }
    roles
}
