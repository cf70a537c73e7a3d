//! Single assertions and their conditions.

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, SimpleName};
use athenz_model::wire::zms as wire;
use athenz_world::{Assertion, Change, ChangeSet, Condition, Domain, Ownership, Policy, PolicyVersion};

use super::policies::{
    check_assertions_owner, check_condition_limit, check_delete_owner, check_role_domain, check_roles_exist,
    full_name, parse_assertion, parse_conditions, same_conditions, with_owner,
};
use super::standard_names::ADMIN;
use crate::access::{authorize, caller_may_change};
use crate::audit;
use crate::audited_kind::AuditedKind;
use crate::context::Context;
use crate::ownership::Component;
use crate::quota::{self, Counted};
use crate::values::{domain_name, entity_name, simple_name};

/// A policy as a path names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyPath<'a> {
    pub(crate) domain: &'a str,
    pub(crate) policy: &'a str,
    /// The version, where the path has one; else the active one is meant.
    pub(crate) version: Option<&'a str>,
}

struct Target {
    domain: DomainName,
    policy: EntityName,
    version: Option<SimpleName>,
}

impl Target {
    fn parse(path: PolicyPath<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            domain: domain_name(path.domain)?,
            policy: entity_name(path.policy)?,
            version: path.version.map(simple_name).transpose()?,
        })
    }

    fn full(&self) -> String {
        full_name(&self.domain, &self.policy)
    }

    fn find<'w>(&self, context: &Context<'w>) -> Option<(&'w Domain, &'w Policy)> {
        let domain = context.world.domain(&self.domain)?;
        Some((domain, domain.policies.get(&self.policy)?))
    }

    fn not_retrieved(&self) -> ApiError {
        ApiError::not_found(format!("putAssertion: Unable to retrieve policy: {}", self.full()))
    }

    /// The version of the path, or the active one.
    fn version(&self, policy: &Policy) -> Option<SimpleName> {
        match &self.version {
            Some(version) => policy.versions.contains_key(version).then(|| version.clone()),
            None => policy.active().map(|(version, _)| version.clone()),
        }
    }
}

/// What a put of one assertion came to.
#[derive(Debug)]
pub(crate) struct PutAssertion {
    pub(crate) assertion: Assertion,
    pub(crate) is_new: bool,
}

/// `PUT …/assertion`, `PUT …/version/{version}/assertion`.
pub(crate) fn put(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    body: wire::Assertion,
) -> Result<(ChangeSet, PutAssertion), ApiError> {
    let target = Target::parse(path)?;
    let (call, full) = (context.operation, target.full());
    authorize(context, "update", &full)?;
    if &*target.policy == ADMIN {
        return Err(ApiError::bad_request(format!("{call}: admin policy cannot be modified")));
    }
    // as recorded: a version that the path names comes before what the assertion says
    if target.version.is_some() {
        place_of_put(context, &target)?;
    }
    let mut assertion = parse_assertion(body, false)?;
    let (domain, _) = target.find(context).ok_or_else(|| target.not_retrieved())?;
    check_roles_exist(context, domain, std::slice::from_ref(&assertion))?;
    let PlaceOfPut { policy, version, held, owner } = place_of_put(context, &target)?;
    audit::check_domain(context, AuditedKind::Policy, &target.domain)?;
    // as in Athenz, one that is there already needs room too
    quota::check(context, domain, Counted::Assertion, held.assertions.len() + 1)?;
    check_role_domain(&target.domain, &assertion)?;
    let limit = context.rules.config.quota.assertion_conditions;
    check_condition_limit(context, key_count(&assertion.conditions), limit)?;
    let present = held.assertions.values().find(|present| present.says_the_same(&assertion));
    if present.is_none() {
        assertion.id = context.next_id();
    }
    let mut changes = with_owner(policy, &target.policy, owner);
    if let Some(assertion) = to_store(&assertion, present) {
        changes.push(Change::PutAssertion { policy: target.policy, version, assertion });
    }
    let put = PutAssertion { is_new: present.is_none(), assertion };
    Ok((ChangeSet::loud(target.domain, changes), put))
}

/// What a put stores: all of a new assertion; of one that is there the conditions, if it gives
/// others.
fn to_store(given: &Assertion, present: Option<&Assertion>) -> Option<Assertion> {
    match present {
        None => Some(given.clone()),
        Some(_) if given.conditions.is_empty() => None,
        Some(present) if same_conditions(&present.conditions, &given.conditions) => None,
        Some(present) => Some(Assertion { id: present.id, ..given.clone() }),
    }
}

/// Where a put goes.
struct PlaceOfPut<'w> {
    policy: &'w Policy,
    version: SimpleName,
    held: &'w PolicyVersion,
    /// The owners to record, if they change.
    owner: Option<Ownership>,
}

fn place_of_put<'w>(context: &Context<'w>, target: &Target) -> Result<PlaceOfPut<'w>, ApiError> {
    let unknown = || target.not_retrieved();
    let (_, policy) = target.find(context).ok_or_else(unknown)?;
    let version = target.version(policy).ok_or_else(unknown)?;
    let held = policy.versions.get(&version).ok_or_else(unknown)?;
    let owner = check_assertions_owner(context, &target.full(), policy)?;
    Ok(PlaceOfPut { policy, version, held, owner })
}

/// `DELETE …/assertion/{assertionId}`, `DELETE …/version/{version}/assertion/{assertionId}`.
pub(crate) fn delete(context: &Context<'_>, path: PolicyPath<'_>, id: i64) -> Result<ChangeSet, ApiError> {
    let target = Target::parse(path)?;
    let call = context.operation;
    if &*target.policy == ADMIN {
        return Err(ApiError::bad_request(format!("{call}: admin policy cannot be modified")));
    }
    let found = target.find(context);
    let forbidden = |noun: &str| {
        ApiError::forbidden(format!("deleteAssertion: principal is not authorized to delete {noun}"))
    };
    if target.version.is_some()
        && !context.world.domain(&target.domain).is_some_and(|d| may_delete(context, d, &target, id))
    {
        return Err(match context.world.domain(&target.domain) {
            Some(_) => forbidden("assertions"),
            None => ApiError::not_found("Policy does not exist"),
        });
    }
    let Some((domain, policy)) = found else {
        return Err(ApiError::not_found(match target.version {
            Some(_) => "Policy does not exist",
            None => "Invalid policy name specified",
        }));
    };
    if !may_delete(context, domain, &target, id) {
        return Err(forbidden("assertion"));
    }
    let version = target.version(policy);
    let held = version.as_ref().and_then(|version| policy.versions.get(version));
    let (Some(version), Some(held)) = (&version, held) else {
        return Err(ApiError::not_found("Policy does not exist"));
    };
    check_delete_owner(context, policy, Component::Assertions)?;
    audit::check_domain(context, AuditedKind::Policy, &target.domain)?;
    if !held.assertions.contains_key(&id) {
        let (call, policy) = (context.call(), &target.policy);
        let version = target.version.as_deref().unwrap_or("active version");
        let text = format!("{call}: unable to read assertion: {id} from policy: {policy} version: {version}");
        return Err(ApiError::not_found(text));
    }
    let change = Change::DeleteAssertion { policy: target.policy.clone(), version: version.clone(), id };
    Ok(ChangeSet::loud(target.domain, vec![change]))
}

fn may_delete(context: &Context<'_>, domain: &Domain, target: &Target, id: i64) -> bool {
    let full = target.full();
    caller_may_change(context, domain, "update", &full)
        || caller_may_change(context, domain, "delete", &format!("{full}.assertion.{id}"))
}

/// An assertion of the policy a path names, in whichever version it stands: an id of another
/// policy or domain is not found here.
struct Located<'w> {
    policy: &'w Policy,
    version: SimpleName,
    assertion: &'w Assertion,
}

fn locate<'w>(context: &Context<'w>, target: &Target, id: i64) -> Result<Located<'w>, ApiError> {
    let full = target.full();
    let Some((_, policy)) = target.find(context) else {
        return Err(ApiError::not_found(format!("unknown policy - {full}")));
    };
    policy
        .versions
        .iter()
        .find_map(|(version, held)| Some((version.clone(), held.assertions.get(&id)?)))
        .map(|(version, assertion)| Located { policy, version, assertion })
        .ok_or_else(|| {
            let call = context.call();
            ApiError::not_found(format!("{call}: Assertion not found: '{full}' Assertion: '{id}'"))
        })
}

/// What every call about conditions checks first.
fn begin(context: &Context<'_>, path: PolicyPath<'_>, refusal: &str) -> Result<Target, ApiError> {
    let target = Target::parse(path)?;
    authorize(context, "update", &target.full())?;
    if &*target.policy == ADMIN {
        return Err(ApiError::bad_request(format!("{}: {refusal}", context.operation)));
    }
    Ok(target)
}

/// The same and who owns the policy, before the assertion is looked for.
fn begin_put(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    refusal: &str,
) -> Result<(Target, Option<Ownership>), ApiError> {
    let target = begin(context, path, refusal)?;
    let owner = match target.find(context) {
        Some((_, policy)) => check_assertions_owner(context, &target.full(), policy)?,
        None => None,
    };
    audit::check_domain(context, AuditedKind::Policy, &target.domain)?;
    Ok((target, owner))
}

/// The same with the assertion whose conditions are deleted.
fn begin_delete<'w>(
    context: &Context<'w>,
    path: PolicyPath<'_>,
    id: i64,
) -> Result<(Target, Located<'w>), ApiError> {
    let target = begin(context, path, "admin policy cannot be modified")?;
    let located = locate(context, &target, id)?;
    audit::check_domain(context, AuditedKind::Policy, &target.domain)?;
    check_delete_owner(context, located.policy, Component::Assertions)?;
    Ok((target, located))
}

fn finish(
    target: Target,
    located: &Located<'_>,
    owner: Option<Ownership>,
    conditions: Vec<Condition>,
) -> ChangeSet {
    let assertion = Assertion { conditions, ..located.assertion.clone() };
    let mut changes = with_owner(located.policy, &target.policy, owner);
    changes.push(Change::PutAssertion { policy: target.policy, version: located.version.clone(), assertion });
    ChangeSet::loud(target.domain, changes)
}

fn next_number(conditions: &[Condition]) -> i32 {
    conditions.iter().map(|condition| condition.id).max().unwrap_or_default() + 1
}

fn key_count(conditions: &[Condition]) -> usize {
    conditions.iter().map(|condition| condition.keys.len()).sum()
}

/// In the words of the reference, with the cause behind them.
fn not_inserted(context: &Context<'_>, target: &Target, id: i64, cause: &ApiError) -> ApiError {
    let (call, policy, cause) = (context.call(), &target.policy, &cause.message);
    ApiError::bad_request(format!(
        "{call}: unable to insert assertion conditions for policy={policy} assertionId={id}: {cause}"
    ))
}

/// `PUT …/assertion/{assertionId}/conditions`: adds; the answer is what was added.
pub(crate) fn put_conditions(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    id: i64,
    body: wire::AssertionConditions,
) -> Result<(ChangeSet, Vec<Condition>), ApiError> {
    let (target, owner) = begin_put(context, path, "admin policy cannot have conditions")?;
    let mut added = parse_conditions(body.conditions_list.unwrap_or_default(), 1, str::to_lowercase)
        .map_err(|error| not_inserted(context, &target, id, &error))?;
    let located = locate(context, &target, id)?;
    let mut conditions = located.assertion.conditions.clone();
    for (condition, number) in added.iter_mut().zip(next_number(&conditions)..) {
        condition.id = number;
    }
    conditions.extend(added.iter().cloned());
    check_condition_limit(context, key_count(&conditions), context.rules.config.quota.assertion_conditions)?;
    Ok((finish(target, &located, owner, conditions), added))
}

/// `PUT …/assertion/{assertionId}/condition`: adds, or replaces the one with the id given.
pub(crate) fn put_condition(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    id: i64,
    body: wire::AssertionCondition,
) -> Result<(ChangeSet, Condition), ApiError> {
    let (target, owner) = begin_put(context, path, "admin policy cannot be modified")?;
    let replaced = body.id;
    let parsed = parse_conditions(vec![body], 1, str::to_lowercase)
        .map_err(|error| not_inserted(context, &target, id, &error));
    if replaced.is_none()
        && let Err(error) = &parsed
    {
        return Err(error.clone());
    }
    let located = locate(context, &target, id)?;
    let mut conditions = located.assertion.conditions.clone();
    if let Some(wanted) = replaced {
        let before = conditions.len();
        conditions.retain(|condition| condition.id != wanted);
        if conditions.len() == before {
            let (call, policy) = (context.call(), &target.policy);
            return Err(ApiError::not_found(format!(
                "{call}: unable to delete assertion condition during putAssertionCondition for policy={policy} assertionId={id} conditionId={wanted}"
            )));
        }
    }
    let Some(new) = parsed?.pop() else {
        return Err(ApiError::internal("internal server error"));
    };
    let new = Condition { id: replaced.unwrap_or_else(|| next_number(&conditions)), ..new };
    conditions.push(new.clone());
    conditions.sort_by_key(|condition| condition.id);
    check_condition_limit(context, key_count(&conditions), context.rules.config.quota.assertion_conditions)?;
    Ok((finish(target, &located, owner, conditions), new))
}

/// `DELETE …/assertion/{assertionId}/conditions`.
pub(crate) fn delete_conditions(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    id: i64,
) -> Result<ChangeSet, ApiError> {
    let (target, located) = begin_delete(context, path, id)?;
    if located.assertion.conditions.is_empty() {
        let (call, policy) = (context.call(), &target.policy);
        let text =
            format!("{call}: unable to delete assertion conditions for policy={policy} assertionId={id}");
        return Err(ApiError::not_found(text));
    }
    Ok(finish(target, &located, None, Vec::new()))
}

/// `DELETE …/assertion/{assertionId}/condition/{conditionId}`.
pub(crate) fn delete_condition(
    context: &Context<'_>,
    path: PolicyPath<'_>,
    id: i64,
    condition: i32,
) -> Result<ChangeSet, ApiError> {
    let (target, located) = begin_delete(context, path, id)?;
    let mut conditions = located.assertion.conditions.clone();
    conditions.retain(|held| held.id != condition);
    if conditions.len() == located.assertion.conditions.len() {
        let (call, policy) = (context.call(), &target.policy);
        return Err(ApiError::not_found(format!(
            "{call}: unable to read assertion condition for policy={policy} assertionId={id} conditionId={condition}"
        )));
    }
    Ok(finish(target, &located, None, conditions))
}
