//! Access checks and what a principal may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{Access, Assertion, ResourceAccess, ResourceAccessList};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json};
use athenz_world::{CollectionKind, Domain, World};

use super::request::Read;
use crate::access;
use crate::state::Zms;
use crate::views::policies::assertion;

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getAccess", get_access)
        .handle("getAccessExt", get_access_ext)
        .handle("getResourceAccessList", get_resource_access_list)
}

async fn get_access(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    decide(&read, call.path("resource"))
}

async fn get_access_ext(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    match call.query.first("resource") {
        Some(resource) => decide(&read, resource),
        None => {
            Err(ApiError::bad_request("getAccessCheck: Missing resource: add ?resource=domain:entity").into())
        }
    }
}

fn decide(read: &Read<'_>, resource: &str) -> Answer {
    let query = |name| read.call.query.first(name);
    let action = read.call.path("action");
    let granted = access::question(&read.context(), action, resource, query("domain"), query("principal"))?;
    json(&Access { granted: Some(granted) })
}

async fn get_resource_access_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let Some(principal) = read.query("principal") else {
        return Err(ApiError::bad_request("principal is required for resource access list").into());
    };
    let principal = zms.rules.users.without_alias(&principal);
    let action = read.query("action");
    if !read.world.is_registered(&principal) {
        return Err(ApiError::not_found(format!("unknown principal - {principal}")).into());
    }
    let roles = with_delegated(&read.world, roles_of(&read, &principal));
    let mut assertions = Vec::new();
    for (domain, role) in roles {
        let Some(domain) = read.world.domain(&domain) else { continue };
        let full_name = CollectionKind::Role.full_name(&domain.name, &role);
        assertions.extend(assertions_of(domain, &full_name, action.as_deref()));
    }
    let access = ResourceAccess { principal: Some(principal), assertions: Some(assertions) };
    json(&ResourceAccessList { resources: Some(vec![access]) })
}

/// Roles with a valid membership of the principal itself, or of a group that has one.
fn roles_of(read: &Read<'_>, principal: &str) -> BTreeSet<(String, String)> {
    let (world, now) = (&read.world, read.now());
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
    let mut delegated = Vec::new();
    for (domain, role) in &roles {
        let Some(found) = world.domain(domain) else { continue };
        let full_name = CollectionKind::Role.full_name(domain, role);
        for assumed in assertions_of(found, &full_name, Some("assume_role")) {
            let resource = assumed.resource.unwrap_or_default();
            let Some((owner, name)) = resource.split_once(":role.") else { continue };
            let owners: Vec<&Arc<Domain>> = match owner {
                "*" => world.domains().collect(),
                _ => world.domain(owner).into_iter().collect(),
            };
            let has = |owner: &&Arc<Domain>| {
                owner
                    .roles
                    .get(name)
                    .is_some_and(|held| held.attributes.trust.as_deref() == Some(domain.as_str()))
            };
            delegated.extend(
                owners.into_iter().filter(has).map(|owner| (owner.name.to_string(), name.to_owned())),
            );
        }
    }
    roles.extend(delegated);
    roles
}

/// The assertions of a role: with an action only those, without all but assume_role.
fn assertions_of(domain: &Domain, role: &str, action: Option<&str>) -> Vec<Assertion> {
    domain
        .policies
        .values()
        .flat_map(|policy| policy.versions.values())
        .flat_map(|version| version.assertions.values())
        .filter(|held| held.role == role)
        .filter(|held| match action {
            Some(action) => held.action == action,
            None => held.action != "assume_role",
        })
        .map(|held| assertion(held, false))
        .collect()
}
