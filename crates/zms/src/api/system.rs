//! The server itself: status, schema, what it is, and values other systems would know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use athenz_model::wire::zms::{
    AuthHistoryDependencies, DanglingPolicy, DomainDataCheck, DomainMetaStoreValidValuesList, Info, Status,
    UserAuthorityAttributeMap,
};
use athenz_model::{ApiError, schema};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, json_bytes};
use athenz_world::{CollectionKind, Domain, World};

use super::request::Read;
use crate::state::Zms;

/// Attributes whose values a metadata store would know.
const META_ATTRIBUTES: [&str; 7] = [
    "businessService",
    "awsAccount",
    "azureSubscription",
    "gcpProject",
    "productNumber",
    "productId",
    "onCall",
];

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getStatus", get_status)
        .handle("getRdlSchema", get_rdl_schema)
        .handle("getInfo", get_info)
        .handle("getUserAuthorityAttributeMap", get_user_authority_attribute_map)
        .handle("getDomainMetaStoreValidValuesList", get_meta_store_values)
        .handle("getAuthHistoryDependencies", get_auth_history_dependencies)
        .handle("getDomainDataCheck", get_domain_data_check)
}

async fn get_status(zms: Arc<Zms>, call: Call) -> Answer {
    call.caller_if_any()?;
    if let Err(error) = zms.fresh_world().await {
        tracing::error!(%error, "status");
        return Err(ApiError::not_found("Error - no domains available").into());
    }
    json(&Status { code: Some(200), message: Some("OK".to_owned()) })
}

async fn get_rdl_schema(_: Arc<Zms>, call: Call) -> Answer {
    call.caller_if_any()?;
    Ok(json_bytes(schema::zms()))
}

async fn get_info(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    json(&Info {
        build_jdk_spec: Some(format!("rust {}", env!("CARGO_PKG_RUST_VERSION"))),
        implementation_title: Some("athenz".to_owned()),
        implementation_vendor: Some("athenz".to_owned()),
        implementation_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    })
}

async fn get_user_authority_attribute_map(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    json(&UserAuthorityAttributeMap { attributes: Some(Default::default()) })
}

async fn get_meta_store_values(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    match call.query.first("attribute").filter(|attribute| !attribute.is_empty()) {
        None => Err(ApiError::bad_request("attributeName is mandatory").into()),
        Some(attribute) if !META_ATTRIBUTES.contains(&attribute) => {
            Err(ApiError::bad_request(format!("Invalid attribute: {attribute}")).into())
        }
        Some(_) => json(&DomainMetaStoreValidValuesList { valid_values: Some(Vec::new()) }),
    }
}

async fn get_auth_history_dependencies(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    json(&AuthHistoryDependencies {
        incoming_dependencies: Some(Vec::new()),
        outgoing_dependencies: Some(Vec::new()),
    })
}

async fn get_domain_data_check(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    match read.world.domain(&name) {
        Some(domain) => json(&checked(&read.world, domain)),
        None => Err(ApiError::not_found(format!("getDomainDataCheck: Domain not found: '{name}'")).into()),
    }
}

/// What hangs in the air in a domain: assertions on roles that are not there, roles that no
/// assertion names, delegation that the other side does not answer.
fn checked(world: &World, domain: &Domain) -> DomainDataCheck {
    let prefix = CollectionKind::Role.full_name(&domain.name, "");
    let active = || domain.policies.iter().filter_map(|(name, policy)| Some((name, policy.active()?.1)));
    let assertions =
        || active().flat_map(|(name, version)| version.assertions.values().map(move |a| (name, a)));
    // as recorded: what assumes roles outside of tenancy policies names no role
    let naming = || {
        assertions().filter(|(policy, assertion)| {
            policy.contains("tenancy.") || !assertion.action.eq_ignore_ascii_case("assume_role")
        })
    };
    let role_of = |role: &str| role.strip_prefix(&prefix).unwrap_or(role).to_owned();
    let dangling_policies: Vec<DanglingPolicy> = naming()
        .filter(|(_, assertion)| !domain.roles.contains_key(role_of(&assertion.role).as_str()))
        .map(|(policy, assertion)| DanglingPolicy {
            policy_name: Some(policy.to_string()),
            role_name: Some(role_of(&assertion.role)),
        })
        .collect();
    let named: BTreeSet<String> = naming().map(|(_, a)| role_of(&a.role)).collect();
    let dangling_roles: Vec<String> =
        domain.roles.keys().filter(|role| !named.contains(role.as_str())).map(ToString::to_string).collect();
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    // as recorded: once a role hangs in the air, only such roles count as taken up by their tenants
    let taken_up = |role: &str| match dangling_roles.is_empty() {
        true => domain.roles.contains_key(role),
        false => dangling_roles.iter().any(|dangling| dangling == role),
    };
    let tenants_without_assume_role = some(tenants_without_assume_role(world, domain, taken_up));
    let count = |count: usize| Some(i32::try_from(count).unwrap_or(i32::MAX));
    DomainDataCheck {
        policy_count: count(domain.policies.values().map(|policy| policy.versions.len()).sum()),
        assertion_count: count(assertions().count()),
        // as recorded: roles with a wildcard are told among the dangling policies and not counted
        role_wild_card_count: count(0),
        tenants_without_assume_role,
        dangling_roles: some(dangling_roles),
        dangling_policies: (!dangling_policies.is_empty()).then_some(dangling_policies),
        providers_without_trust: some(providers_without_trust(world, domain)),
    }
}

/// Providers that tenancy policies speak of and that delegate less to this domain than these assume.
fn providers_without_trust(world: &World, domain: &Domain) -> Vec<String> {
    let mut assumed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, policy) in &domain.policies {
        let provider =
            name.split_once("tenancy.").and_then(|(_, rest)| rest.rsplit_once('.')).map(|(p, _)| p);
        let (Some(provider), Some((_, version))) = (provider, policy.active()) else { continue };
        for assertion in version.assertions.values().filter(|a| a.action.eq_ignore_ascii_case("assume_role"))
        {
            assumed.entry(provider).or_default().insert(&assertion.resource);
        }
    }
    let answered = |provider: &str, roles: &BTreeSet<&str>| {
        let service = provider.split_once(".res_group.").map_or(provider, |(service, _)| service);
        let owner = service.rsplit_once('.').and_then(|(owner, _)| world.domain(owner));
        owner.is_some_and(|owner| {
            let delegated =
                owner.roles.iter().filter(|(_, role)| role.attributes.trust.as_ref() == Some(&domain.name));
            let named =
                |role: &str| roles.contains(CollectionKind::Role.full_name(&owner.name, role).as_str());
            delegated.filter(|(name, _)| named(name)).count() == roles.len()
        })
    };
    let lacking = assumed.into_iter().filter(|(provider, roles)| !answered(provider, roles));
    lacking.map(|(provider, _)| provider.to_owned()).collect()
}

/// Trusted domains whose assume_role assertions on roles that are taken up are fewer than the roles
/// delegated to them.
fn tenants_without_assume_role(
    world: &World,
    domain: &Domain,
    taken_up: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut delegated: BTreeMap<&str, usize> = Default::default();
    for trust in domain.roles.values().filter_map(|role| role.attributes.trust.as_deref()) {
        *delegated.entry(trust).or_default() += 1;
    }
    let prefix = CollectionKind::Role.full_name(&domain.name, "");
    let lacks = |tenant: &str, roles: usize| {
        let Some(found) = world.domain(tenant) else { return true };
        let active = found.policies.values().filter_map(|policy| policy.active());
        let assumed = active
            .flat_map(|(_, version)| version.assertions.values())
            .filter(|a| a.action.eq_ignore_ascii_case("assume_role"))
            .filter(|a| a.resource.strip_prefix(&prefix).is_some_and(&taken_up))
            .count();
        assumed < roles
    };
    let lacking = delegated.into_iter().filter(|(tenant, roles)| lacks(tenant, *roles));
    lacking.map(|(tenant, _)| tenant.to_owned()).collect()
}
