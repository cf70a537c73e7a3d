//! Who may: the questions that calls ask of the decision engine. Matching and membership are the
//! engine's; here are only which domain is asked, and what the answers are called on the wire.

use athenz_model::ApiError;
use athenz_model::names::{DomainName, Grammar, domain_of_principal};
use athenz_policy::{Conditions, Question, Semantics, Subject, Wanted, check, folded, roles_of};
use athenz_world::Domain;

use crate::context::{Caller, Context};

/// The domain whose policies grant system rights.
pub(crate) const SYSTEM: &str = "sys.auth";

/// The engine's rules as ZMS applies them: conditions restrict what clients do with a grant and
/// are not judged here (as recorded).
pub(crate) fn semantics() -> Semantics {
    Semantics { conditions: Conditions::Ignored, ..Semantics::default() }
}

/// A principal of which something is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// The caller with what its credential says.
    Caller(&'a Caller),
    /// Somebody by full name.
    Named(&'a str),
}

/// Whether somebody may do `action` on `resource` (both lower case) by the policies of `domain`.
pub(crate) fn may(
    context: &Context<'_>,
    domain: &Domain,
    asked: Asked<'_>,
    action: &str,
    resource: &str,
    trust_domain: Option<&str>,
) -> bool {
    let roles: Vec<&str>;
    let subject = match asked {
        Asked::Named(name) => Subject::Principal(name),
        Asked::Caller(caller) if !caller.may_act() => return false,
        Asked::Caller(caller) => match &caller.roles {
            Some(held) => {
                roles = held.iter().map(String::as_str).collect();
                Subject::Roles { credential: &caller.name, roles: &roles }
            }
            None => Subject::Principal(&caller.name),
        },
    };
    let question = Question { subject, action, resource, trust_domain, now: context.now };
    check(context.world, domain, &question, &semantics()).is_allowed()
}

/// Whether the caller may by the policies of a domain; no if there is no such domain.
pub(crate) fn caller_may(context: &Context<'_>, domain: &str, action: &str, resource: &str) -> bool {
    context
        .world
        .domain(domain)
        .is_some_and(|domain| may(context, domain, Asked::Caller(context.caller), action, resource, None))
}

/// Like [`caller_may`] inside a domain that is enabled: a disabled domain refuses every change.
pub(crate) fn caller_may_change(
    context: &Context<'_>,
    domain: &Domain,
    action: &str,
    resource: &str,
) -> bool {
    !domain.attributes.disabled && may(context, domain, Asked::Caller(context.caller), action, resource, None)
}

/// A domain that is asked as if it were not disabled: whether its own administrators may enable it.
struct AsEnabled<'a>(&'a Domain);

impl athenz_policy::Domain for AsEnabled<'_> {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn enabled(&self) -> bool {
        true
    }

    fn policies(&self) -> &athenz_policy::Policies {
        self.0.compiled_policies()
    }

    fn role(&self, short_name: &str) -> Option<athenz_policy::RoleView<'_>> {
        athenz_policy::Domain::role(self.0, short_name)
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, athenz_policy::RoleView<'a>)) {
        athenz_policy::Domain::for_each_role(self.0, visit);
    }

    fn group(&self, short_name: &str) -> Option<&athenz_policy::Members> {
        athenz_policy::Domain::group(self.0, short_name)
    }
}

/// Like [`caller_may`], asked of the domain as if it were enabled.
pub(crate) fn caller_may_even_disabled(
    context: &Context<'_>,
    domain: &str,
    action: &str,
    resource: &str,
) -> bool {
    let caller = context.caller;
    let Some(domain) = context.world.domain(domain).filter(|_| caller.may_act() && caller.roles.is_none())
    else {
        return false;
    };
    let subject = Subject::Principal(&caller.name);
    let question = Question { subject, action, resource, trust_domain: None, now: context.now };
    check(context.world, &AsEnabled(domain), &question, &semantics()).is_allowed()
}

/// Whether somebody has a role of a domain, directly or through a group, disabled as it may be.
pub(crate) fn has_role(context: &Context<'_>, domain: &Domain, role: &str, name: &str) -> bool {
    let wanted = Wanted::Names(&[role]);
    !roles_of(context.world, &AsEnabled(domain), name, wanted, context.now, &semantics()).is_empty()
}

/// Whether the caller has a system right.
pub(crate) fn has_system_right(context: &Context<'_>, action: &str, resource: &str) -> bool {
    caller_may(context, SYSTEM, action, resource)
}

/// Whether the caller is a system administrator: a user who may create top-level domains.
pub(crate) fn is_system_administrator(context: &Context<'_>) -> bool {
    context.caller.domain == context.users().user.as_str()
        && has_system_right(context, "create", "sys.auth:domain")
}

/// The authorization that the contract declares for a call.
///
/// # Errors
/// 404 `Domain not found`; 403 `mTLS Restricted`, `Disabled Domain` or `Forbidden`.
pub(crate) fn authorize(context: &Context<'_>, action: &str, resource: &str) -> Result<(), ApiError> {
    let caller = context.caller;
    if caller.mtls_restricted {
        return Err(ApiError::forbidden("mTLS Restricted"));
    }
    if !caller.may_authorize {
        return Err(ApiError::forbidden("Forbidden"));
    }
    let resource = in_home_domain(context, resource.to_ascii_lowercase());
    let Some((name, _)) = resource.split_once(':') else {
        return Err(ApiError::not_found("Domain not found"));
    };
    let Some(domain) = context.world.domain(name) else {
        return if is_virtual_home(context, name) {
            Ok(())
        } else {
            Err(ApiError::not_found("Domain not found"))
        };
    };
    if domain.attributes.disabled {
        return Err(ApiError::forbidden("Disabled Domain"));
    }
    if may(context, domain, Asked::Caller(caller), action, &resource, None) {
        Ok(())
    } else {
        Err(ApiError::forbidden("Forbidden"))
    }
}

/// `user.jane:domain` is asked in the home domain of Jane.
fn in_home_domain(context: &Context<'_>, resource: String) -> String {
    let users = context.users();
    match resource.strip_prefix(users.user.as_str()) {
        Some(rest) if rest.starts_with('.') && users.home != users.user => format!("{}{rest}", users.home),
        _ => match resource.strip_prefix("user.") {
            // the contract says `user.` whatever the user domain is called
            Some(rest) if users.user.as_str() != "user" => format!("{}.{rest}", users.home),
            _ => resource,
        },
    }
}

/// Whether this is the personal domain of the caller, which it may make and until then owns.
fn is_virtual_home(context: &Context<'_>, domain: &str) -> bool {
    let users = context.users();
    let own = context.caller.name.strip_prefix(users.user.as_str()).and_then(|rest| rest.strip_prefix('.'));
    context.rules.config.virtual_domain_support
        && context.caller.roles.is_none()
        && context.caller.domain == users.user.as_str()
        && own.is_some_and(|own| {
            domain.strip_prefix(users.home.as_str()).and_then(|d| d.strip_prefix('.')) == Some(own)
        })
}

/// `GET /access`: any authenticated caller may ask about anybody.
///
/// # Errors
/// 404: the resource names no domain, or one that is not there; 403: a disabled one; 400: the
/// principal is none.
pub(crate) fn question(
    context: &Context<'_>,
    action: &str,
    resource: &str,
    trust_domain: Option<&str>,
    principal: Option<&str>,
) -> Result<bool, ApiError> {
    // resources fold as they are stored; names have letters of ASCII only
    let (action, resource) = (folded(action), folded(resource));
    let trust_domain = trust_domain.map(str::to_ascii_lowercase);
    let principal = principal.map(str::to_ascii_lowercase);
    let owner = match trust_domain.as_deref().filter(|_| action == "assume_role") {
        Some(domain) => domain,
        None => resource
            .split_once(':')
            .map(|(domain, _)| domain)
            .ok_or_else(|| ApiError::not_found("getAccessCheck: Unable to extract resource domain"))?,
    };
    let Some(domain) = context.world.domain(owner) else {
        if is_virtual_home(context, owner) {
            let principal = principal.map(|name| checked_principal(context, &name)).transpose()?;
            let own = principal.as_ref().is_none_or(|name| *name == context.caller.name);
            // its one policy speaks of what is in the domain; a role elsewhere is not
            let within = resource.split_once(':').is_some_and(|(domain, _)| domain == owner);
            return Ok(own && within && context.caller.may_act());
        }
        return Err(ApiError::not_found(format!("getAccessCheck: Resource Domain not found: '{owner}'")));
    };
    if domain.attributes.disabled {
        return Err(ApiError::forbidden(format!("getAccessCheck: Disabled domain: '{owner}'")));
    }
    let principal = principal.map(|name| checked_principal(context, &name)).transpose()?;
    let asked = principal.as_deref().map_or(Asked::Caller(context.caller), Asked::Named);
    Ok(may(context, domain, asked, &action, &resource, trust_domain.as_deref()))
}

/// The full name of a principal that is asked about; a name without domain is a user.
fn checked_principal(context: &Context<'_>, name: &str) -> Result<String, ApiError> {
    if Grammar::GroupName.matches(name)
        || name.split_once(':').is_some_and(|(_, rest)| rest.starts_with("group."))
    {
        return Err(ApiError::bad_request("getAccessCheck: Invalid check principal value specified"));
    }
    if domain_of_principal(name).is_none() {
        return Ok(format!("{}.{name}", context.users().user));
    }
    Ok(context.users().without_alias(name))
}

/// The personal domain of a user.
pub(crate) fn home_of(context: &Context<'_>, user: &str) -> Option<DomainName> {
    DomainName::parse(&format!("{}.{user}", context.users().home)).ok()
}
