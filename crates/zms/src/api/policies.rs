//! Policies, assertions, conditions, versions.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zms::{
    Assertion, AssertionCondition, AssertionConditions, Policies, Policy, PolicyList, PolicyOptions,
};
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, json, no_content};
use athenz_world::{Ownership, World};

use super::request::{Path, Read, change, change_returning, change_with};
use crate::commands::assertions::{self, PolicyPath};
use crate::commands::policies::{self, full_name};
use crate::state::Zms;
use crate::views::policies::{PolicyForm, assertion, condition, conditions, ownership, policy, spelling};
use crate::views::{has_tag, page};

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount
        .handle("getPolicyList", get_policy_list)
        .handle("getPolicies", get_policies)
        .handle("getPolicy", get_policy)
        .handle("putPolicy", put_policy)
        .handle("deletePolicy", delete_policy)
        .handle("getAssertion", get_assertion)
        .handle("putAssertion", put_assertion)
        .handle("putAssertionPolicyVersion", put_assertion)
        .handle("deleteAssertion", delete_assertion)
        .handle("deleteAssertionPolicyVersion", delete_assertion)
        .handle("putAssertionConditions", put_assertion_conditions)
        .handle("putAssertionCondition", put_assertion_condition)
        .handle("deleteAssertionConditions", delete_assertion_conditions)
        .handle("deleteAssertionCondition", delete_assertion_condition)
        .handle("getPolicyVersionList", get_policy_version_list)
        .handle("getPolicyVersion", get_policy_version)
        .handle("putPolicyVersion", put_policy_version)
        .handle("setActivePolicyVersion", set_active_policy_version)
        .handle("deletePolicyVersion", delete_policy_version)
}

async fn get_policy_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        return Err(ApiError::not_found(format!("unknown domain - {name}")).into());
    };
    let names = domain.policies.keys().map(|policy| policy.as_str());
    let (names, next) = page(names, call.query.integer("limit")?, read.query("skip").as_deref());
    json(&PolicyList { names: Some(names), next })
}

async fn get_policies(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let name = read.name("domainName");
    let Some(domain) = read.world.domain(&name) else {
        let text = format!("{}: Domain not found: '{name}'", call.operation.id.to_lowercase());
        return Err(ApiError::not_found(text).into());
    };
    let (key, value) = (call.query.first("tagKey"), call.query.first("tagValue"));
    let (with_assertions, inactive) = (read.is_set("assertions"), read.is_set("includeNonActive"));
    let form = if with_assertions { PolicyForm::Listed } else { PolicyForm::Short };
    let versions = domain
        .policies
        .iter()
        .flat_map(|(policy, held)| held.versions.iter().map(move |(version, held)| (policy, version, held)));
    let list = versions
        .filter(|(_, _, held)| inactive || held.attributes.active)
        .filter(|(_, _, held)| has_tag(&held.attributes.tags, key, value))
        .map(|(name_of, version, held)| policy(&name, name_of, version, held, form))
        .collect();
    json(&Policies { list: Some(list) })
}

/// A version of a policy, or the active one.
fn find(call: &Call, world: &World, version: Option<&str>) -> Result<Policy, ApiError> {
    let (domain, name) = (call.path("domainName").to_lowercase(), call.path("policyName").to_lowercase());
    let held = world.domain(&domain).and_then(|found| found.policies.get(name.as_str()));
    let found = match version {
        Some(version) => held.and_then(|held| held.versions.get_key_value(version)),
        None => held.and_then(|held| held.active()),
    };
    let Some((found, held)) = found else {
        let called = call.operation.id.to_lowercase();
        let full = full_name(&domain, &name);
        let with = version.map(|version| format!(" with version: {version}")).unwrap_or_default();
        return Err(ApiError::not_found(format!("{called}: Policy not found: '{full}'{with}")));
    };
    Ok(policy(&domain, &name, found, held, PolicyForm::Full))
}

async fn get_policy(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&find(&call, &read.world, None)?)
}

async fn get_policy_version(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    json(&find(&call, &read.world, Some(&read.name("version")))?)
}

async fn get_policy_version_list(zms: Arc<Zms>, call: Call) -> Answer {
    let read = Read::begin(&zms, &call).await?;
    let (domain, name) = (read.name("domainName"), read.name("policyName"));
    let Some(found) = read.world.domain(&domain) else {
        return Err(ApiError::not_found(format!("unknown domain - {domain}")).into());
    };
    let Some(held) = found.policies.get(name.as_str()) else {
        return Err(ApiError::not_found(format!("unknown policy - {}", full_name(&domain, &name))).into());
    };
    let names = held.versions.iter().map(|(version, held)| spelling(version, held).to_owned()).collect();
    json(&PolicyList { names: Some(names), next: None })
}

/// The answer of a put: nothing, or the version where it is wanted, with the owners there were
/// before.
fn put_answer(call: &Call, world: &World, version: Option<String>, before: &Ownership) -> Answer {
    if !call.wants_object() {
        return Ok(no_content());
    }
    let view = find(call, world, version.map(|version| version.to_lowercase()).as_deref())?;
    json(&Policy { resource_ownership: ownership(before), ..view })
}

async fn put_policy(zms: Arc<Zms>, call: Call) -> Answer {
    let version = call.input::<Policy>()?.unchecked().and_then(|body| body.version).filter(|v| !v.is_empty());
    let (world, before) = change_returning(&zms, &call, |context, path, body: Policy| {
        let (domain, policy) = (path.get("domainName"), path.get("policyName"));
        let before = policies::owners_before(context, domain, policy);
        Ok((policies::put(context, domain, policy, body)?, before))
    })
    .await?;
    put_answer(&call, &world, version, &before)
}

async fn delete_policy(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        policies::delete(context, path.get("domainName"), path.get("policyName"))
    })
    .await?;
    Ok(no_content())
}

fn policy_path(path: &Path) -> PolicyPath<'_> {
    PolicyPath {
        domain: path.get("domainName"),
        policy: path.get("policyName"),
        version: Some(path.get("version")).filter(|version| !version.is_empty()),
    }
}

async fn get_assertion(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    let read = Read::begin(&zms, &call).await?;
    let (domain, name) = (read.name("domainName"), read.name("policyName"));
    let held = read.world.domain(&domain).and_then(|found| found.policies.get(name.as_str()));
    let mut versions = held.into_iter().flat_map(|held| held.versions.values());
    match versions.find_map(|version| version.assertions.get(&id)) {
        Some(held) => json(&assertion(held, false)),
        None => {
            let full = full_name(&domain, &name);
            let text = format!("getAssertion: Assertion not found: '{full}' Assertion: '{id}'");
            Err(ApiError::not_found(text).into())
        }
    }
}

async fn put_assertion(zms: Arc<Zms>, call: Call) -> Answer {
    let sent = call.input::<Assertion>()?.unchecked().unwrap_or_default();
    let (_, stored) = change_returning(&zms, &call, |context, path, body: Assertion| {
        assertions::put(context, policy_path(path), body)
    })
    .await?;
    let view = assertion(&stored.assertion, false);
    json(&Assertion {
        // of one that was there already the number sent comes back, as in Athenz
        id: if stored.is_new { view.id } else { sent.id },
        case_sensitive: sent.case_sensitive,
        conditions: sent.conditions,
        ..view
    })
}

async fn delete_assertion(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    change(&zms, &call, move |context, path| assertions::delete(context, policy_path(path), id)).await?;
    Ok(no_content())
}

async fn put_assertion_conditions(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    let (_, added) = change_returning(&zms, &call, move |context, path, body: AssertionConditions| {
        assertions::put_conditions(context, policy_path(path), id, body)
    })
    .await?;
    json(&conditions(&added))
}

async fn put_assertion_condition(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    let (_, stored) = change_returning(&zms, &call, move |context, path, body: AssertionCondition| {
        assertions::put_condition(context, policy_path(path), id, body)
    })
    .await?;
    json(&condition(&stored))
}

async fn delete_assertion_conditions(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    change(&zms, &call, move |context, path| assertions::delete_conditions(context, policy_path(path), id))
        .await?;
    Ok(no_content())
}

async fn delete_assertion_condition(zms: Arc<Zms>, call: Call) -> Answer {
    let id = call.path_number("assertionId")?;
    let condition = i32::try_from(call.path_number("conditionId")?).unwrap_or_default();
    change(&zms, &call, move |context, path| {
        assertions::delete_condition(context, policy_path(path), id, condition)
    })
    .await?;
    Ok(no_content())
}

async fn put_policy_version(zms: Arc<Zms>, call: Call) -> Answer {
    let version = call.input::<PolicyOptions>()?.unchecked().and_then(|body| body.version);
    let world = change_with(&zms, &call, |context, path, body: PolicyOptions| {
        policies::create_version(context, path.get("domainName"), path.get("policyName"), body)
    })
    .await?;
    put_answer(&call, &world, version, &Ownership::default())
}

async fn set_active_policy_version(zms: Arc<Zms>, call: Call) -> Answer {
    change_with(&zms, &call, |context, path, body: PolicyOptions| {
        policies::activate_version(context, path.get("domainName"), path.get("policyName"), body)
    })
    .await?;
    Ok(no_content())
}

async fn delete_policy_version(zms: Arc<Zms>, call: Call) -> Answer {
    change(&zms, &call, |context, path| {
        policies::delete_version(context, path.get("domainName"), path.get("policyName"), path.get("version"))
    })
    .await?;
    Ok(no_content())
}
