//! Policies: full put, versions, deletion.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, Grammar, SimpleName};
use athenz_model::wire::zms::{self as wire, AssertionEffect, PolicyOptions};
use athenz_world::{
    Assertion, Change, ChangeSet, CollectionKind, Condition, ConditionValue, Domain, Ownership, Policy,
    PolicyVersion, PolicyVersionAttributes,
};

use super::standard_names::{ADMIN, FIRST_VERSION};
use crate::access::authorize;
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::ownership::{self, Component, Owned, OwnedObject};
use crate::quota::{self, Counted};
use crate::values::{domain_name, entity_name, is_name_of, simple_name, tags};

/// The full name of a policy.
pub(crate) fn full_name(domain: &str, policy: &str) -> String {
    format!("{domain}:policy.{policy}")
}

/// `PUT /domain/{domainName}/policy/{policyName}`.
pub(crate) fn put(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    mut body: wire::Policy,
) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    let full = full_name(&domain, &name);
    authorize(context, "update", &full)?;
    if &*name == ADMIN {
        return Err(ApiError::bad_request("putPolicy: admin policy cannot be modified"));
    }
    let given = body.name.take().unwrap_or_default();
    if !is_name_of(&given, &full, &name) {
        let text = format!("putPolicy: Inconsistent policy names - expected: {full}, actual: {given}");
        return Err(ApiError::bad_request(text));
    }
    let forced_case = body.case_sensitive == Some(true);
    let given = body.assertions.take().unwrap_or_default();
    let given: Vec<Assertion> = given
        .into_iter()
        .map(|assertion| parse_assertion(assertion, forced_case))
        .collect::<Result<_, _>>()?;
    let found = context.stored_domain(&domain)?;
    check_roles_exist(context, found, &given)?;
    let held = found.policies.get(&name);
    let version = body.version.take().filter(|version| !version.is_empty());
    let target = PutTarget::find(&name, held.map(|held| &**held), version.clone(), body.active);
    let owner = || new_owner(context, &full, held.map(|held| &**held), !given.is_empty());
    // a version that is not there yet has no owner to ask before its other faults
    if version.is_none() || matches!(&target, Ok(PutTarget { held: Some(_), .. })) {
        owner()?;
    }
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    quota::check(context, found, Counted::Assertion, given.len())?;
    if !matches!(&target, Ok(PutTarget { held: Some(_), .. })) {
        quota::check(context, found, Counted::Policy, version_count(found) + 1)?;
    }
    let target = target?;
    given.iter().try_for_each(|assertion| check_role_domain(&domain, assertion))?;
    let owner = owner()?;
    let stored_tags = target.held.map(|held| held.attributes.tags.clone()).unwrap_or_default();
    let new_tags = tags("policy", body.tags.take())?;
    let attributes = PolicyVersionAttributes {
        modified: context.stamp,
        active: target.active,
        spelling: target.spelling.clone(),
        // a description is accepted and, as in Athenz, not kept
        description: String::new(),
        tags: new_tags.unwrap_or(stored_tags),
        owner: owner.clone(),
    };
    let mut changes = owner_of_others(held.map(|held| &**held), &name, &target.version, &owner);
    changes.push(Change::PutPolicyVersion {
        policy: name.clone(),
        version: target.version.clone(),
        attributes,
    });
    changes.extend(difference(context, &name, &target, distinct(given)));
    Ok(ChangeSet::loud(domain, changes))
}

/// Each assertion once, the first of those that say the same.
fn distinct(given: Vec<Assertion>) -> Vec<Assertion> {
    let mut wanted: Vec<Assertion> = Vec::new();
    for new in given {
        if !wanted.iter().any(|present| present.says_the_same(&new)) {
            wanted.push(new);
        }
    }
    wanted
}

/// The version a full put writes.
struct PutTarget<'a> {
    version: SimpleName,
    spelling: String,
    held: Option<&'a PolicyVersion>,
    active: bool,
}

impl<'a> PutTarget<'a> {
    fn find(
        name: &EntityName,
        policy: Option<&'a Policy>,
        version: Option<String>,
        active: Option<bool>,
    ) -> Result<Self, ApiError> {
        let active = active.unwrap_or(true);
        let present = match (&version, policy) {
            (Some(version), Some(policy)) => {
                let version = simple_name(version)?;
                policy.versions.get_key_value(&version)
            }
            (None, Some(policy)) => policy.active(),
            (_, None) => None,
        };
        if let Some((version, held)) = present {
            let (active, spelling) = (held.attributes.active, held.attributes.spelling.clone());
            return Ok(Self { version: version.clone(), spelling, held: Some(held), active });
        }
        match (policy.is_some(), version.is_some(), active) {
            (true, true, true) => {
                Err(ApiError::bad_request(format!("Policy {name} already exists with an active version. ")))
            }
            (false, true, false) => {
                Err(ApiError::not_found(format!("Policy {name} doesn't exist, new version must be active ")))
            }
            (exists, _, _) => {
                let written = version.unwrap_or_else(|| FIRST_VERSION.to_owned());
                let version = simple_name(&written)?;
                let spelling = if *written == *version { String::new() } else { written };
                Ok(Self { version, spelling, held: None, active: !exists })
            }
        }
    }
}

/// Every version counts.
fn version_count(domain: &Domain) -> usize {
    domain.policies.values().map(|policy| policy.versions.len()).sum()
}

/// Owners are kept per policy: those of the active version.
fn owner_of(policy: &Policy) -> Ownership {
    policy.active().map(|(_, held)| held.attributes.owner.clone()).unwrap_or_default()
}

/// The owners of a policy as a call finds them.
pub(crate) fn owners_before(context: &Context<'_>, domain: &str, name: &str) -> Ownership {
    let found = context.world.domain(&domain.to_lowercase());
    let held = found.and_then(|found| found.policies.get(name.to_lowercase().as_str()));
    held.map(|held| owner_of(held)).unwrap_or_default()
}

fn new_owner(
    context: &Context<'_>,
    full: &str,
    policy: Option<&Policy>,
    has_assertions: bool,
) -> Result<Ownership, ApiError> {
    let stored = policy.map(owner_of).unwrap_or_default();
    let object = OwnedObject { kind: Owned::Policy, name: full, owner: &stored };
    let present: &[Component] = if has_assertions { &[Component::Assertions] } else { &[] };
    let owner = ownership::replace(context, object, &[Component::Assertions], present)?;
    Ok(owner.unwrap_or(stored))
}

/// The other versions of a policy, with the owner that one of them got.
fn owner_of_others(
    policy: Option<&Policy>,
    name: &EntityName,
    version: &SimpleName,
    owner: &Ownership,
) -> Vec<Change> {
    let others = policy.into_iter().flat_map(|policy| &policy.versions);
    others
        .filter(|(other, held)| *other != version && held.attributes.owner != *owner)
        .map(|(other, held)| Change::PutPolicyVersion {
            policy: name.clone(),
            version: other.clone(),
            attributes: PolicyVersionAttributes { owner: owner.clone(), ..held.attributes.clone() },
        })
        .collect()
}

/// Every version of a policy with a new owner, if it changes.
pub(crate) fn with_owner(policy: &Policy, name: &EntityName, owner: Option<Ownership>) -> Vec<Change> {
    let Some(owner) = owner else { return Vec::new() };
    policy
        .versions
        .iter()
        .map(|(version, held)| Change::PutPolicyVersion {
            policy: name.clone(),
            version: version.clone(),
            attributes: PolicyVersionAttributes { owner: owner.clone(), ..held.attributes.clone() },
        })
        .collect()
}

/// Checks who owns the assertions of a policy; the new owner, if it changes.
pub(crate) fn check_assertions_owner(
    context: &Context<'_>,
    full: &str,
    policy: &Policy,
) -> Result<Option<Ownership>, ApiError> {
    let stored = owner_of(policy);
    let object = OwnedObject { kind: Owned::Policy, name: full, owner: &stored };
    ownership::edit(context, object, Component::Assertions)
}

/// Checks that the caller may delete from a policy what the component covers.
pub(crate) fn check_delete_owner(
    context: &Context<'_>,
    policy: &Policy,
    component: Component,
) -> Result<(), ApiError> {
    ownership::delete(context, &owner_of(policy), component)
}

/// Stored assertions that are not wanted go, wanted ones that are not stored come, the others
/// keep their numbers and take the conditions given.
fn difference(
    context: &Context<'_>,
    name: &EntityName,
    target: &PutTarget<'_>,
    wanted: Vec<Assertion>,
) -> Vec<Change> {
    let (policy, version) = (name.clone(), target.version.clone());
    let stored: Vec<&Assertion> = target.held.into_iter().flat_map(|held| held.assertions.values()).collect();
    let mut changes = Vec::new();
    for present in &stored {
        if !wanted.iter().any(|new| new.is_written_the_same(present)) {
            let (policy, version) = (policy.clone(), version.clone());
            changes.push(Change::DeleteAssertion { policy, version, id: present.id });
        }
    }
    for mut new in wanted {
        match stored.iter().find(|present| present.is_written_the_same(&new)) {
            None => new.id = context.next_id(),
            Some(present) if same_conditions(&present.conditions, &new.conditions) => continue,
            Some(present) => new.id = present.id,
        }
        changes.push(Change::PutAssertion {
            policy: policy.clone(),
            version: version.clone(),
            assertion: new,
        });
    }
    changes
}

/// Whether two lists of conditions ask the same, whatever their numbers and order.
pub(crate) fn same_conditions(one: &[Condition], other: &[Condition]) -> bool {
    let sorted = |list: &[Condition]| {
        let mut keys: Vec<_> = list.iter().map(|condition| condition.keys.clone()).collect();
        keys.sort();
        keys
    };
    one.len() == other.len() && sorted(one) == sorted(other)
}

/// An assertion of a request: valid, in canonical form, without a number. Whether its role is of
/// the domain is asked later, by [`check_role_domain`].
///
/// # Errors
/// 400 with what is wrong with it.
pub(crate) fn parse_assertion(given: wire::Assertion, forced_case: bool) -> Result<Assertion, ApiError> {
    let resource = given.resource.unwrap_or_default();
    let action = given.action.unwrap_or_default();
    let role = given.role.unwrap_or_default().to_lowercase();
    let Some((owner, rest)) = resource.split_once(':') else {
        return Err(ApiError::bad_request(format!(
            "Missing domain name from assertion resource: {resource}"
        )));
    };
    if owner != "*" {
        check_grammar(owner, Grammar::CompoundName, "DomainName")?;
    }
    if resource.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!(
            "Assertion resource contains control characters: {resource}"
        )));
    }
    if action.is_empty() {
        return Err(ApiError::bad_request("Assertion action cannot be empty"));
    }
    if action.chars().any(char::is_control) {
        return Err(ApiError::bad_request(format!(
            "Assertion action contains control characters: {resource}"
        )));
    }
    let sensitive = forced_case || given.case_sensitive == Some(true);
    let (action, resource) = if sensitive {
        (action, format!("{}:{rest}", owner.to_lowercase()))
    } else {
        // whoever asks folds the same way: ZTS, and clients that decide on their own
        (action.to_lowercase(), resource.to_lowercase())
    };
    let conditions = match given.conditions {
        None => Vec::new(),
        Some(given) => parse_conditions(given.conditions_list.unwrap_or_default(), 1, str::to_owned)?,
    };
    let effect = given.effect.unwrap_or(AssertionEffect::Allow);
    Ok(Assertion { id: 0, role, action, resource, effect, conditions })
}

/// The role of an assertion is one of the policy's own domain. Athenz looks when it stores.
///
/// # Errors
/// 400: it is not.
pub(crate) fn check_role_domain(domain: &DomainName, assertion: &Assertion) -> Result<(), ApiError> {
    let role = &assertion.role;
    if role.strip_prefix(domain.as_str()).is_some_and(|rest| rest.starts_with(":role.")) {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("domain name mismatch: {domain} assertion role name: {role}")))
}

/// Refuses more condition keys on one assertion than allowed.
pub(crate) fn check_condition_limit(context: &Context<'_>, keys: usize, limit: i32) -> Result<(), ApiError> {
    if context.rules.config.quota.check && i32::try_from(keys).unwrap_or(i32::MAX) > limit {
        let text = format!("assertion conditions quota exceeded - limit: {limit} actual: {keys}");
        return Err(ApiError::too_many_requests(text));
    }
    Ok(())
}

/// Conditions of a request, numbered from `first`. The condition calls lower their case, a full
/// put keeps it.
///
/// # Errors
/// 400: one has no keys.
pub(crate) fn parse_conditions(
    given: Vec<wire::AssertionCondition>,
    first: i32,
    canonical: fn(&str) -> String,
) -> Result<Vec<Condition>, ApiError> {
    given
        .into_iter()
        .zip(first..)
        .map(|(condition, id)| {
            let keys: BTreeMap<String, ConditionValue> = condition
                .conditions_map
                .unwrap_or_default()
                .into_iter()
                .filter_map(|(key, data)| {
                    let value = ConditionValue { operator: data.operator?, value: canonical(&data.value?) };
                    Some((canonical(&key), value))
                })
                .collect();
            if keys.is_empty() {
                return Err(ApiError::bad_request("a condition has no keys"));
            }
            Ok(Condition { id, keys })
        })
        .collect()
}

/// Where the deployment wants it, the role of an assertion must exist.
pub(crate) fn check_roles_exist(
    context: &Context<'_>,
    domain: &Domain,
    assertions: &[Assertion],
) -> Result<(), ApiError> {
    if !context.rules.config.validate_policy_assertion_roles {
        return Ok(());
    }
    let prefix = CollectionKind::Role.full_name(&domain.name, "");
    for assertion in assertions {
        let short = assertion.role.strip_prefix(&prefix).unwrap_or(&assertion.role);
        if !short.contains(['*', '?']) && !domain.roles.contains_key(short) {
            let role = &assertion.role;
            let text = format!("The role: {role} that associated to an assertion does not exist");
            return Err(ApiError::bad_request(text));
        }
    }
    Ok(())
}

/// `DELETE /domain/{domainName}/policy/{policyName}`: all versions.
pub(crate) fn delete(context: &Context<'_>, domain: &str, name: &str) -> Result<ChangeSet, ApiError> {
    let (domain, name) = (domain_name(domain)?, entity_name(name)?);
    authorize(context, "delete", &full_name(&domain, &name))?;
    if &*name == ADMIN {
        return Err(ApiError::bad_request("deletePolicy: admin policy cannot be deleted"));
    }
    let held = context.world.domain(&domain).and_then(|found| found.policies.get(&name));
    let Some(held) = held else {
        return Err(ApiError::not_found("Policy does not exist"));
    };
    check_delete_owner(context, held, Component::Object)?;
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    let gone = held
        .versions
        .keys()
        .map(|version| Change::DeletePolicyVersion { policy: name.clone(), version: version.clone() })
        .collect();
    Ok(ChangeSet::loud(domain, gone))
}

/// The version that a call names, of a policy that may be changed.
struct VersionTarget {
    domain: DomainName,
    name: EntityName,
    full: String,
    version: SimpleName,
}

impl VersionTarget {
    fn parse(
        context: &Context<'_>,
        domain: &str,
        name: &str,
        version: Option<String>,
    ) -> Result<Self, ApiError> {
        let (domain, name) = (domain_name(domain)?, entity_name(name)?);
        let full = full_name(&domain, &name);
        authorize(context, "update", &full)?;
        if &*name == ADMIN {
            return Err(ApiError::bad_request(format!(
                "{}: admin policy cannot be modified",
                context.call()
            )));
        }
        let version = simple_name(&version.unwrap_or_default())?;
        Ok(Self { domain, name, full, version })
    }
}

/// `PUT …/policy/{policyName}/version/create`: a copy that is not active.
pub(crate) fn create_version(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    options: PolicyOptions,
) -> Result<ChangeSet, ApiError> {
    let VersionTarget { domain, name, full, version } =
        VersionTarget::parse(context, domain, name, options.version)?;
    let found = context.domain(&domain)?;
    let Some(held) = found.policies.get(&name) else {
        return Err(ApiError::not_found(format!("unknown policy - {full}")));
    };
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    check_version_limit(context, &name, &version, held)?;
    let from =
        options.from_version.filter(|from| !from.is_empty()).map(|from| simple_name(&from)).transpose()?;
    let source = match &from {
        Some(from) => held.versions.get(from),
        None => held.active().map(|(_, held)| held),
    };
    let Some(source) = source else {
        let from = from.map(|from| from.to_string()).unwrap_or_default();
        return Err(ApiError::not_found(format!("unable to fetch policy version: {from}")));
    };
    quota::check(context, found, Counted::Assertion, source.assertions.len())?;
    quota::check(context, found, Counted::Policy, version_count(found) + 1)?;
    if held.versions.contains_key(&version) {
        return Err(ApiError::bad_request("Entry already exists"));
    }
    // the new version is the policy's: its owner is asked, once all else is right
    let stored = owner_of(held);
    let object = OwnedObject { kind: Owned::Policy, name: &full, owner: &stored };
    let owner = ownership::replace(context, object, &[Component::Assertions], &[Component::Assertions])?;
    let mut changes = with_owner(held, &name, owner.clone());
    let attributes = PolicyVersionAttributes {
        modified: context.stamp,
        active: false,
        spelling: String::new(),
        owner: owner.unwrap_or(stored),
        ..source.attributes.clone()
    };
    changes.push(Change::PutPolicyVersion { policy: name.clone(), version: version.clone(), attributes });
    for assertion in source.assertions.values() {
        let copied = copy(context, assertion);
        changes.push(Change::PutAssertion {
            policy: name.clone(),
            version: version.clone(),
            assertion: copied,
        });
    }
    Ok(ChangeSet::loud(domain, changes))
}

/// The same with a number of its own and conditions numbered anew.
fn copy(context: &Context<'_>, assertion: &Assertion) -> Assertion {
    let conditions = assertion
        .conditions
        .iter()
        .zip(1..)
        .map(|(condition, id)| Condition { id, keys: condition.keys.clone() })
        .collect();
    Assertion { id: context.next_id(), conditions, ..assertion.clone() }
}

fn check_version_limit(
    context: &Context<'_>,
    name: &EntityName,
    version: &SimpleName,
    held: &Policy,
) -> Result<(), ApiError> {
    let most = context.rules.config.quota.policy_versions;
    if i32::try_from(held.versions.len()).unwrap_or(i32::MAX) >= most {
        let text = format!(
            "unable to put policy: {name}, version: {version}, max number of versions reached ({most})"
        );
        return Err(ApiError::too_many_requests(text));
    }
    Ok(())
}

/// `PUT …/policy/{policyName}/version/active`.
pub(crate) fn activate_version(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    options: PolicyOptions,
) -> Result<ChangeSet, ApiError> {
    let VersionTarget { domain, name, full, version } =
        VersionTarget::parse(context, domain, name, options.version)?;
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    let Some(held) = context.domain(&domain)?.policies.get(&name) else {
        return Err(ApiError::not_found(format!("unknown policy: {name}")));
    };
    if !held.versions.contains_key(&version) {
        return Err(ApiError::not_found(format!("unknown policy version: {version}")));
    }
    let owner = check_assertions_owner(context, &full, held)?;
    let mut changes = with_owner(held, &name, owner.clone());
    for (other, held) in &held.versions {
        let active = *other == version;
        if held.attributes.active != active {
            let attributes = PolicyVersionAttributes {
                modified: context.stamp,
                active,
                owner: owner.clone().unwrap_or_else(|| held.attributes.owner.clone()),
                ..held.attributes.clone()
            };
            changes.push(Change::PutPolicyVersion {
                policy: name.clone(),
                version: other.clone(),
                attributes,
            });
        }
    }
    Ok(ChangeSet::loud(domain, changes))
}

/// `DELETE …/policy/{policyName}/version/{version}`.
pub(crate) fn delete_version(
    context: &Context<'_>,
    domain: &str,
    name: &str,
    version: &str,
) -> Result<ChangeSet, ApiError> {
    let (domain, name, version) = (domain_name(domain)?, entity_name(name)?, simple_name(version)?);
    authorize(context, "delete", &full_name(&domain, &name))?;
    let call = context.call();
    if &*name == ADMIN {
        return Err(ApiError::bad_request(format!("{call}: admin policy version cannot be deleted")));
    }
    let held = context.world.domain(&domain).and_then(|found| found.policies.get(&name));
    let Some((held, gone)) = held.and_then(|held| Some((held, held.versions.get(&version)?))) else {
        return Err(ApiError::not_found("Policy does not exist"));
    };
    check_delete_owner(context, held, Component::Object)?;
    audit::check_domain(context, AuditedKind::Policy, &domain)?;
    if gone.attributes.active {
        let text =
            format!("{call}: unable to delete active policy version. Policy: {name}, version: {version}");
        return Err(ApiError::bad_request(text));
    }
    Ok(ChangeSet::loud(domain, vec![Change::DeletePolicyVersion { policy: name, version }]))
}
