//! Questions to the replica: who is in which role, and who may do what.

use athenz_model::names::{Grammar, PrincipalKind, UserDomains};
use athenz_model::{ApiError, Timestamp};
use athenz_policy::{
    Domain, Held, Members, Policies, Question, RoleView, Semantics, Subject, Wanted, check, folded, roles_of,
};

use crate::index::{DomainEntry, Index};

/// A role or group that a principal is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldRole<'a> {
    /// Short name.
    pub name: &'a str,
    /// When the membership ends.
    pub until: Option<Timestamp>,
}

/// The roles of a domain that a principal holds: of these short names, or all when none is named.
pub fn held_roles<'a>(
    index: &'a Index,
    semantics: &Semantics,
    domain: &'a DomainEntry,
    principal: &str,
    names: &[&str],
    now: Timestamp,
) -> Vec<HeldRole<'a>> {
    let held = roles_of(index, domain, principal, wanted(names), now, semantics);
    let own = |held: Held<'_>| Some(HeldRole { name: domain.role_name(held.role)?, until: held.until });
    held.into_iter().filter_map(own).collect()
}

/// The roles that a look-up of a name finds: of a group those it is a member of itself, beside those
/// that everybody holds.
pub fn roles_of_name<'a>(
    index: &'a Index,
    semantics: &Semantics,
    domain: &'a DomainEntry,
    name: &str,
    wanted: &[&str],
    now: Timestamp,
) -> Vec<HeldRole<'a>> {
    let mut found = held_roles(index, semantics, domain, name, wanted, now);
    if !name.contains(":group.") {
        return found;
    }
    for (role, entry) in domain.roles().filter(|(role, _)| wanted.is_empty() || wanted.contains(role)) {
        let membership =
            entry.members.groups().find(|(member, group)| *group == name && member.counts_at(now));
        if let Some((member, _)) = membership
            && !found.iter().any(|held| held.name == role)
        {
            found.push(HeldRole { name: role, until: member.expiration });
        }
    }
    found
}

/// Of these roles of a domain, those that name the principal, or a pattern it fits: neither a group
/// nor another domain stands between.
pub fn roles_held_directly<'a>(
    index: &'a Index,
    semantics: &Semantics,
    domain: &'a DomainEntry,
    principal: &str,
    names: &[&str],
    now: Timestamp,
) -> Vec<&'a str> {
    let held = roles_of(index, domain, principal, Wanted::Names(names), now, semantics);
    let direct = |held: &Held<'_>| held.through.group_entry.is_none() && held.through.trusted.is_none();
    held.into_iter().filter(direct).filter_map(|held| domain.role_name(held.role)).collect()
}

/// The groups of a domain that a principal is in: of these short names, or all when none is named.
pub fn held_groups<'a>(
    index: &'a Index,
    domain: &'a DomainEntry,
    principal: &str,
    names: &[&str],
    now: Timestamp,
) -> Vec<HeldRole<'a>> {
    let groups = Groups(domain);
    let held = roles_of(index, &groups, principal, wanted(names), now, &Semantics::ours());
    let own = |held: Held<'_>| Some(HeldRole { name: domain.group_name(held.role)?, until: held.until });
    held.into_iter().filter_map(own).collect()
}

fn wanted<'a>(names: &'a [&'a str]) -> Wanted<'a> {
    if names.is_empty() { Wanted::All } else { Wanted::Names(names) }
}

/// Groups have the members that roles have, so the engine may take them for roles.
struct Groups<'a>(&'a DomainEntry);

impl Domain for Groups<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn enabled(&self) -> bool {
        true
    }

    fn policies(&self) -> &Policies {
        self.0.policies()
    }

    fn role(&self, short_name: &str) -> Option<RoleView<'_>> {
        self.0.group(short_name).map(|members| RoleView { members, trust: None })
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>)) {
        for (name, members) in self.0.groups() {
            visit(name, RoleView { members, trust: None });
        }
    }

    fn group(&self, _: &str) -> Option<&Members> {
        None
    }
}

/// Whether a principal may do something. All names are taken without case.
///
/// # Errors
/// 404: the resource names no domain that is held.
pub fn allowed(
    index: &Index,
    semantics: &Semantics,
    principal: &str,
    action: &str,
    resource: &str,
    trust_domain: Option<&str>,
    now: Timestamp,
) -> Result<bool, ApiError> {
    let (action, resource) = (folded(action), folded(resource));
    let trust_domain = trust_domain.map(str::to_ascii_lowercase);
    let deciding = match &trust_domain {
        Some(trust) if action == "assume_role" => Some(trust.as_str()),
        _ => resource.split_once(':').map(|(domain, _)| domain),
    };
    let domain = deciding.and_then(|name| index.domain(name));
    let domain = domain.ok_or_else(|| ApiError::not_found("Domain not found"))?;
    let question = Question {
        subject: Subject::Principal(principal),
        action: &action,
        resource: &resource,
        trust_domain: trust_domain.as_deref(),
        now,
    };
    Ok(check(index, &**domain, &question, semantics).is_allowed())
}

/// The principal that a query means: a name without domain is a user, an alias is resolved.
///
/// # Errors
/// 400: a group.
pub fn principal_of_query(text: &str, users: &UserDomains) -> Result<String, ApiError> {
    let lower = text.to_ascii_lowercase();
    let name = match users.kind(&lower) {
        PrincipalKind::External => return Ok(lower),
        PrincipalKind::Group => {
            return Err(ApiError::bad_request(format!("Invalid principal name: {text}")));
        }
        _ if !lower.contains('.') && Grammar::CompoundName.matches(&lower) => {
            format!("{}.{lower}", users.user)
        }
        _ => lower,
    };
    Ok(users.without_alias(&name))
}

/// Domains whose names stand in tenant roles of a provider: `<service>.tenant.<domain>[.<group>].<action>`.
pub fn tenant_domains<'a>(
    index: &Index,
    roles: impl IntoIterator<Item = &'a str>,
    service: Option<&str>,
) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for role in roles {
        if let Some(domain) = tenant_of_role(index, role, service)
            && !found.contains(&domain)
        {
            found.push(domain);
        }
    }
    found
}

fn tenant_of_role(index: &Index, role: &str, service: Option<&str>) -> Option<String> {
    let (first, rest) = role.split_once(".tenant.")?;
    if first.contains('.') || service.is_some_and(|wanted| wanted != first) {
        return None;
    }
    let (tenant, _action) = rest.rsplit_once('.')?;
    let known = |name: &str| index.domain(name).is_some().then(|| name.to_owned());
    known(tenant).or_else(|| known(tenant.rsplit_once('.')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_means_by_a_principal() {
        let users = UserDomains {
            alias: Some(athenz_model::names::DomainName::parse("person").unwrap()),
            ..UserDomains::default()
        };
        for (text, meant) in [
            ("bob", "user.bob"),
            ("USER.Bob", "user.bob"),
            ("person.bob", "user.bob"),
            ("a.b.c", "a.b.c"),
            ("a:ext.X@y", "a:ext.x@y"),
        ] {
            assert_eq!(principal_of_query(text, &users).unwrap(), meant, "{text}");
        }
        let error = principal_of_query("a:group.g", &users).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (400, "Invalid principal name: a:group.g"));
    }
}
