//! Which provider may launch which service, and which names it may vouch for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use athenz_model::names::UserDomains;
use athenz_model::wire::zms::AssertionEffect;
use athenz_model::{ApiError, Timestamp};
use athenz_policy::{Glob, Semantics};

use super::Workload;
use super::authority::NameAuthority;
use crate::access;
use crate::index::{DomainEntry, Index};

/// The domain that says what providers may do.
const SYSTEM_DOMAIN: &str = "sys.auth";
const LAUNCH: &str = "launch";

/// The most providers whose names are remembered; more start anew.
const REMEMBERED: usize = 256;

/// Checks that the system and the domain both let the provider launch the service.
///
/// # Errors
/// 403
pub fn authorize(
    semantics: &Semantics,
    users: &UserDomains,
    index: &Index,
    workload: &Workload,
    now: Timestamp,
) -> Result<(), ApiError> {
    let provider = match workload.provider.contains('.') {
        true => workload.provider.clone(),
        // a name without domain is a user, who is no provider
        false => format!("{}.{}", users.user, workload.provider),
    };
    let may = |resource: &str| {
        // a domain that is not held grants nothing
        access::allowed(index, semantics, &provider, LAUNCH, resource, None, now).unwrap_or(false)
    };
    if !may("sys.auth:instance") {
        return Err(ApiError::forbidden(format!(
            "provider '{provider}' not authorized to launch instances in Athenz"
        )));
    }
    let (domain, service) = (&workload.domain, &workload.service);
    if !may(&format!("{domain}:service.{service}")) {
        return Err(ApiError::forbidden(format!(
            "provider '{provider}' not authorized to launch {domain}.{service} instances"
        )));
    }
    Ok(())
}

/// Names that providers may vouch for, worked out once for each state of the index.
#[derive(Debug, Default)]
pub struct NameAuthorities(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// The index they are of.
    index: Weak<Index>,
    by_provider: HashMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    authority: Arc<NameAuthority>,
    /// When a membership it rests on ends.
    valid_until: Option<Timestamp>,
}

impl NameAuthorities {
    /// The names of a provider.
    pub fn of(
        &self,
        semantics: &Semantics,
        index: &Arc<Index>,
        provider: &str,
        now: Timestamp,
    ) -> Arc<NameAuthority> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(remembered.index.as_ptr(), Arc::as_ptr(index))
            || remembered.by_provider.len() >= REMEMBERED
        {
            *remembered = Remembered { index: Arc::downgrade(index), by_provider: HashMap::new() };
        }
        if let Some(entry) = remembered.by_provider.get(provider)
            && entry.valid_until.is_none_or(|until| now < until)
        {
            return entry.authority.clone();
        }
        let entry = work_out(semantics, index, provider, now);
        remembered.by_provider.insert(provider.to_owned(), entry.clone());
        entry.authority
    }
}

fn work_out(semantics: &Semantics, index: &Index, provider: &str, now: Timestamp) -> Entry {
    let mut authority = NameAuthority::default();
    let mut valid_until: Option<Timestamp> = None;
    if let Some(system) = index.domain(SYSTEM_DOMAIN) {
        for held in access::held_roles(index, semantics, system, provider, &[], now) {
            let of_role = add_assertions_of(&mut authority, system, held.name);
            if of_role && let Some(until) = held.until {
                valid_until = Some(valid_until.map_or(until, |earlier| earlier.min(until)));
            }
        }
    }
    Entry { authority: Arc::new(authority), valid_until }
}

/// Takes up what the policies say about names for a role. False when they say nothing.
fn add_assertions_of(authority: &mut NameAuthority, system: &DomainEntry, role: &str) -> bool {
    let full_name = format!("{SYSTEM_DOMAIN}:role.{role}");
    let mut found = false;
    let policies = system.policy_texts().iter().filter(|policy| policy.is_active());
    for assertion in policies.flat_map(|policy| policy.assertions.iter().flatten()) {
        if assertion.action.eq_ignore_ascii_case(LAUNCH)
            && NameAuthority::concerns(&assertion.resource)
            && Glob::new(&assertion.role).matches(&full_name)
        {
            found = true;
            // a condition that nobody judges grants nothing, but denies
            let allow = assertion.effect != AssertionEffect::Deny;
            if !allow || assertion.conditions.is_none() {
                authority.add(&assertion.resource, allow);
            }
        }
    }
    found
}
