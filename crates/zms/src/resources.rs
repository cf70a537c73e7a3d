//! What a principal may do anywhere: `GET /resource`. By exact names, every version of a policy.

use std::collections::{BTreeSet, HashMap, HashSet};

use athenz_model::Timestamp;
use athenz_model::names::DomainName;
use athenz_model::wire::zms::Assertion;
use athenz_world::{Assertion as Held, CollectionKind, Domain, World};

use crate::views::policies::assertion;

const ASSUME_ROLE: &str = "assume_role";

/// A cloud whose roles assertions may name; what is asked for by its action is told in its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cloud {
    Aws,
    Gcp,
}

impl Cloud {
    fn of(action: &str) -> Option<Self> {
        match action {
            "assume_aws_role" => Some(Self::Aws),
            "assume_gcp_role" | "assume_gcp_service" => Some(Self::Gcp),
            _ => None,
        }
    }

    /// The accounts or projects of a domain.
    fn tenants(self, domain: &Domain) -> impl Iterator<Item = &str> {
        let listed = match self {
            Self::Aws => &domain.attributes.account,
            Self::Gcp => &domain.attributes.gcp_project,
        };
        listed.split(',').filter(|tenant| !tenant.is_empty())
    }

    /// A resource of a domain as the cloud names it.
    fn resource(self, tenant: &str, name: &str) -> String {
        match self {
            Self::Aws => format!("arn:aws:iam::{tenant}:role/{name}"),
            Self::Gcp if ["roles/", "groups/", "services/"].iter().any(|kind| name.starts_with(kind)) => {
                format!("projects/{tenant}/{name}")
            }
            Self::Gcp => format!("projects/{tenant}/roles/{name}"),
        }
    }
}

/// The assertions of every role that a principal has, directly, through a group or by delegation:
/// with an action only those, without all but `assume_role`. With the action of a cloud, in its
/// terms, and only those of one account or project where `filter` names it; `None` where no domain
/// is in that cloud.
pub(crate) fn assertions(
    world: &World,
    principal: &str,
    action: Option<&str>,
    filter: Option<&str>,
    now: Timestamp,
) -> Option<Vec<Assertion>> {
    let cloud = action.and_then(Cloud::of);
    if let Some(cloud) = cloud
        && !world.domains().any(|domain| cloud.tenants(domain).next().is_some())
    {
        return None;
    }
    let mut found = Vec::new();
    let mut assertions = Assertions::new(|held| match action {
        Some(action) => held.action.eq_ignore_ascii_case(action),
        None => !is_assume_role(held),
    });
    for (domain, role) in with_delegated(world, roles_of(world, principal, now)) {
        let Some(domain) = world.domain(&domain) else { continue };
        for held in assertions.of(domain, &role) {
            let assertion = assertion(held, false);
            match cloud {
                Some(cloud) => found.extend(in_cloud(cloud, domain, &assertion, filter)),
                None => found.push(assertion),
            }
        }
    }
    Some(found)
}

/// An assertion once for each account or project of its domain; none of resources elsewhere.
fn in_cloud(cloud: Cloud, domain: &Domain, assertion: &Assertion, filter: Option<&str>) -> Vec<Assertion> {
    let resource = assertion.resource.as_deref().unwrap_or_default();
    let Some((_, name)) = resource.split_once(':').filter(|(owner, _)| *owner == domain.name.as_str()) else {
        return Vec::new();
    };
    let tenants = cloud.tenants(domain).filter(|tenant| filter.is_none_or(|filter| filter == *tenant));
    let told = |tenant: &str| Assertion { resource: Some(cloud.resource(tenant, name)), ..assertion.clone() };
    tenants.map(told).collect()
}

/// Roles with a valid membership of the principal itself, or of a group that has one.
fn roles_of(world: &World, principal: &str, now: Timestamp) -> BTreeSet<(String, String)> {
    let valid = |name: &str| -> Vec<(String, String)> {
        world
            .memberships(CollectionKind::Role, name)
            .filter(|(.., member)| member.counts_at(now))
            .map(|(domain, role, ..)| (domain.name.to_string(), role.to_owned()))
            .collect()
    };
    let mut roles: BTreeSet<_> = valid(principal).into_iter().collect();
    for (domain, group, _, member) in world.memberships(CollectionKind::Group, principal) {
        if member.counts_at(now) {
            roles.extend(valid(&CollectionKind::Group.full_name(&domain.name, group)));
        }
    }
    roles
}

/// With the roles elsewhere that the given ones may assume, by exact names.
fn with_delegated(world: &World, mut roles: BTreeSet<(String, String)>) -> BTreeSet<(String, String)> {
    let mut delegated = BTreeSet::new();
    let mut assertions = Assertions::new(is_assume_role);
    let mut trusting = HashMap::new();
    let mut known = HashSet::new();
    for (domain, role) in &roles {
        let Some(found) = world.domain(domain) else { continue };
        let trusting = trusting.entry(domain.as_str()).or_insert_with(|| trusting_by_name(world, domain));
        for assumed in
            assertions.of(found, role).iter().filter(|assumed| known.insert((domain, &assumed.resource)))
        {
            let Some((owner, name)) = assumed.resource.split_once(":role.") else { continue };
            let owners = trusting.get(name).into_iter().flatten();
            let meant = owners.filter(|meant| matches!(owner, "*") || owner == meant.as_str());
            delegated.extend(meant.map(|owner| (owner.to_string(), name.to_owned())));
        }
    }
    roles.extend(delegated);
    roles
}

/// The owners of the roles that are delegated to a domain, by the names of these roles.
fn trusting_by_name<'w>(world: &'w World, domain: &str) -> HashMap<&'w str, Vec<&'w DomainName>> {
    let mut owners: HashMap<&str, Vec<&DomainName>> = HashMap::new();
    for (owner, role, _) in world.trusting(domain) {
        owners.entry(role.as_str()).or_default().push(&owner.name);
    }
    owners
}

fn is_assume_role(assertion: &Held) -> bool {
    assertion.action.eq_ignore_ascii_case(ASSUME_ROLE)
}

/// Some assertions of domains by the role they name, whatever the version: each domain is read once.
struct Assertions<'w, F> {
    wanted: F,
    of_domains: HashMap<&'w str, HashMap<&'w str, Vec<&'w Held>>>,
}

impl<'w, F: Fn(&Held) -> bool> Assertions<'w, F> {
    fn new(wanted: F) -> Self {
        Self { wanted, of_domains: HashMap::new() }
    }

    /// Those of a role by its short name, in the order of the policies.
    fn of(&mut self, domain: &'w Domain, role: &str) -> &[&'w Held] {
        let full_name = CollectionKind::Role.full_name(&domain.name, role);
        let wanted = &self.wanted;
        let by_role = self.of_domains.entry(&domain.name).or_insert_with(|| {
            let mut by_role: HashMap<&str, Vec<&Held>> = HashMap::new();
            for held in all_assertions(domain).filter(|held| wanted(held)) {
                by_role.entry(&held.role).or_default().push(held);
            }
            by_role
        });
        by_role.get(full_name.as_str()).map_or(&[], Vec::as_slice)
    }
}

fn all_assertions(domain: &Domain) -> impl Iterator<Item = &Held> {
    domain
        .policies
        .values()
        .flat_map(|policy| policy.versions.values())
        .flat_map(|version| version.assertions.values())
}

#[cfg(test)]
mod tests {
    use super::Cloud;

    #[test]
    fn resources_in_the_terms_of_a_cloud() {
        for (cloud, name, resource) in [
            (Cloud::Aws, "power.role", "arn:aws:iam::t:role/power.role"),
            (Cloud::Gcp, "viewer", "projects/t/roles/viewer"),
            (Cloud::Gcp, "roles/owner", "projects/t/roles/owner"),
            (Cloud::Gcp, "groups/g", "projects/t/groups/g"),
            (Cloud::Gcp, "services/s", "projects/t/services/s"),
        ] {
            assert_eq!(cloud.resource("t", name), resource);
        }
    }
}
