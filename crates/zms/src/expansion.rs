//! Memberships that are not written down: through groups and through delegation.

use std::collections::{HashMap, HashSet};

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, PrincipalKind, UserDomains};
use athenz_model::wire::zms::{MemberRole, RoleMember};
use athenz_policy::{delegations_of, roles_assuming};
use athenz_world::collection::parse_full_name;
use athenz_world::{Collection, CollectionKind, World};

use crate::access::{caller_may, has_system_right};
use crate::context::Context;
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
    users: &UserDomains,
    world: &World,
    full_name: &str,
    trust: &str,
) -> Vec<RoleMember> {
    let Some(trusted) = world.domain(trust).filter(|trusted| !trusted.attributes.disabled) else {
        return Vec::new();
    };
    let shown = Shown { world, users, form: MemberForm::Listed };
    let mut known = HashSet::new();
    let mut members = Vec::new();
    let assuming = roles_assuming(&**trusted, full_name);
    for held in assuming.into_iter().filter_map(|assuming| trusted.roles.get(assuming)) {
        members.extend(shown.role_members_if(held, |member| known.insert(member.principal)));
    }
    members
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

/// With roles through groups, and roles that those found may assume elsewhere.
pub(crate) fn with_indirect_roles(
    world: &World,
    principal: &str,
    mut roles: Vec<MemberRole>,
) -> Vec<MemberRole> {
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
    let mut delegations = Delegations { world, of_domains: HashMap::new() };
    let delegated: Vec<MemberRole> = roles.iter().flat_map(|role| delegations.reached_by(role)).collect();
    roles.extend(delegated);
    roles
}

/// Delegated roles that the roles of a domain may assume, worked out once for each domain.
struct Delegations<'w> {
    world: &'w World,
    of_domains: HashMap<String, HashMap<&'w str, Vec<Delegated<'w>>>>,
}

/// A delegated role, and the place of the assertion by which it is reached.
#[derive(Clone, Copy)]
struct Delegated<'w> {
    place: usize,
    owner: &'w DomainName,
    role: &'w EntityName,
}

impl<'w> Delegations<'w> {
    /// The delegated roles that a role may assume, for who has it so: with its end, and through the
    /// group it is held by.
    fn reached_by(&mut self, role: &MemberRole) -> Vec<MemberRole> {
        let (Some(domain), Some(name)) = (role.domain_name.as_deref(), role.role_name.as_deref()) else {
            return Vec::new();
        };
        let full_name = CollectionKind::Role.full_name(domain, name);
        let reached = self.of(domain).get(full_name.as_str()).into_iter().flatten();
        reached
            .map(|delegated| MemberRole {
                role_name: Some(delegated.role.to_string()),
                domain_name: Some(delegated.owner.to_string()),
                trust_role_name: Some(full_name.clone()),
                member_name: role.member_name.clone(),
                expiration: role.expiration,
                ..MemberRole::default()
            })
            .collect()
    }

    fn of(&mut self, domain: &str) -> &HashMap<&'w str, Vec<Delegated<'w>>> {
        let world = self.world;
        self.of_domains.entry(domain.to_owned()).or_insert_with(|| reached_from(world, domain))
    }
}

/// What each role of a domain may assume elsewhere, by its full name: in the order of the
/// assertions, each once. An assertion names the role itself here, not a pattern of roles.
fn reached_from<'w>(world: &'w World, domain: &str) -> HashMap<&'w str, Vec<Delegated<'w>>> {
    let mut reached: HashMap<&str, Vec<Delegated<'_>>> = HashMap::new();
    let Some(trusted) = world.domain(domain) else { return reached };
    for (owner, role, _) in world.trusting(domain) {
        let target = CollectionKind::Role.full_name(&owner.name, role);
        let mut known = HashSet::new();
        for delegation in delegations_of(trusted.compiled_policies(), &target) {
            if means_domain(delegation.resource, &owner.name) && known.insert(delegation.role) {
                let delegated = Delegated { place: delegation.place, owner: &owner.name, role };
                reached.entry(delegation.role).or_default().push(delegated);
            }
        }
    }
    for delegated in reached.values_mut() {
        delegated.sort_by_key(|delegated| delegated.place);
    }
    reached
}

/// Whether a resource may mean roles of a domain here: one of its own, or `*:role.…`.
fn means_domain(resource: &str, domain: &str) -> bool {
    match resource.split_once(':') {
        Some(("*", rest)) if rest.starts_with("role.") => true,
        Some((owner, _)) => owner == domain,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use athenz_model::Timestamp;
    use athenz_model::names::{MemberName, SimpleName};
    use athenz_model::wire::zms::AssertionEffect;
    use athenz_world::{
        Assertion, Change, ChangeSet, CollectionAttributes, DomainAttributes, LogEntry, Loudness, MemberRow,
        Ownership, PolicyVersionAttributes, Sequence,
    };

    use super::*;

    const ROLES: usize = 300;
    const MEMBERS: usize = 20;
    const ASSERTIONS: usize = 20_000;
    const TARGETS: usize = 100;

    fn role(name: &str, trust: Option<&str>) -> Change {
        let mut attributes = CollectionAttributes::new(Timestamp::EPOCH);
        attributes.trust = trust.map(|trust| DomainName::parse(trust).unwrap());
        Change::PutCollection {
            kind: CollectionKind::Role,
            name: EntityName::parse(name).unwrap(),
            attributes,
        }
    }

    fn member(role: &str, name: &str) -> Change {
        let member = MemberRow::new(MemberName::parse(name).unwrap(), "");
        Change::PutMember { kind: CollectionKind::Role, name: EntityName::parse(role).unwrap(), member }
    }

    fn policy(assertions: impl Iterator<Item = Assertion>) -> Vec<Change> {
        let (policy, version) = (EntityName::parse("p").unwrap(), SimpleName::parse("0").unwrap());
        let attributes = PolicyVersionAttributes {
            modified: Timestamp::EPOCH,
            active: true,
            spelling: String::new(),
            description: String::new(),
            tags: BTreeMap::new(),
            owner: Ownership::default(),
        };
        let made = Change::PutPolicyVersion { policy: policy.clone(), version: version.clone(), attributes };
        let assertions = assertions.map(|assertion| Change::PutAssertion {
            policy: policy.clone(),
            version: version.clone(),
            assertion,
        });
        std::iter::once(made).chain(assertions).collect()
    }

    fn assume(id: i64, role: String, resource: &str) -> Assertion {
        Assertion {
            id,
            role,
            action: "assume_role".into(),
            resource: resource.into(),
            effect: AssertionEffect::Allow,
            conditions: Vec::new(),
        }
    }

    /// Domain `t` delegates roles to `d`, which has `roles` and lets them in by `assertions`.
    fn delegating(roles: Vec<Change>, assertions: impl Iterator<Item = Assertion>) -> World {
        let made = Change::PutDomain { attributes: Box::new(DomainAttributes::default()) };
        let mut trusted = vec![made.clone()];
        trusted.extend(roles);
        trusted.extend(policy(assertions));
        let mut trusting = vec![made];
        trusting.extend((0..TARGETS).map(|number| role(&format!("t{number:02}"), Some("d"))));
        let domain = |name| DomainName::parse(name).unwrap();
        let changes = ChangeSet::default().and(domain("d"), Loudness::Loud, trusted).and(
            domain("t"),
            Loudness::Loud,
            trusting,
        );
        let mut world = World::default();
        let entry = LogEntry {
            format: LogEntry::FORMAT,
            sequence: Sequence(1),
            batch: String::new(),
            time: Timestamp::EPOCH,
            stamp: Timestamp::EPOCH,
            next_id: 1,
            actor: String::new(),
            caller: String::new(),
            operation: String::new(),
            audit_reference: String::new(),
            changes,
            before: ChangeSet::default(),
            fingerprints: BTreeMap::new(),
        };
        world.apply(&entry).unwrap();
        world
    }

    // each assertion for each role with each member would be a hundred million steps
    #[test]
    fn members_of_a_delegated_role_are_gathered_once() {
        let mut roles = Vec::new();
        for number in 0..ROLES {
            let name = format!("r{number}");
            roles.push(role(&name, None));
            roles.extend((0..MEMBERS).map(|place| member(&name, &format!("user.m{}", number + place))));
        }
        let patterns = (0..ASSERTIONS).map(|place| format!("d:role.r{}", "*".repeat(1 + place % 40)));
        let assertions = patterns.zip(0..).map(|(pattern, id)| assume(id, pattern, "*:role.*"));
        let world = delegating(roles, assertions);
        let users = UserDomains::default();
        let members = delegated_members(&users, &world, "t:role.t07", "d");
        let names: HashSet<_> = members.iter().filter_map(|member| member.member_name.as_deref()).collect();
        assert_eq!(names.len(), ROLES + MEMBERS - 1);
        assert_eq!(members.len(), names.len(), "each member once");
    }

    #[test]
    fn a_role_reaches_each_delegated_role_once_in_the_order_of_its_assertions() {
        let mut roles = Vec::new();
        for number in 0..ROLES {
            let name = format!("r{number}");
            roles.extend([role(&name, None), member(&name, "user.jane")]);
        }
        let assertions = (0..ASSERTIONS).zip(0..).map(|(place, id)| {
            let resource = match place / ROLES {
                0 => "t:role.t07",
                1 => "T:role.*",
                2 => "*",
                _ => "*:role.t0?",
            };
            assume(id, format!("d:role.r{}", place % ROLES), resource)
        });
        let world = delegating(roles, assertions);
        let all = with_indirect_roles(&world, "user.jane", direct_roles(&world, "user.jane"));
        assert_eq!(all.len(), ROLES + ROLES * 10);
        let of_first = all.iter().filter(|role| role.trust_role_name.as_deref() == Some("d:role.r0"));
        let names: Vec<_> = of_first.filter_map(|role| role.role_name.as_deref()).collect();
        assert_eq!(names, ["t07", "t00", "t01", "t02", "t03", "t04", "t05", "t06", "t08", "t09"]);
    }
}
