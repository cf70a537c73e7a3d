//! ID tokens by `GET /oauth2/auth`: the implicit flow of OpenID Connect.

use athenz_model::names::Grammar;
use athenz_model::{ApiError, Timestamp};

use super::id::{self, IdToken};
use super::scope::{Grammars, Scope, ScopeDomain};
use super::within_membership;
use crate::access;
use crate::caller::Caller;
use crate::config::TokenConfig;
use crate::index::{DomainEntry, Index};
use crate::messages;
use crate::state::State;

/// Tag of a role of the user domain: how long its members' ID tokens live, in seconds.
const USER_TIMEOUT: &str = "zts.UserTokenTimeout";

/// The query of a request, as it came.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "the fields are the query parameters, with their names")]
pub struct OidcRequest<'a> {
    pub response_type: Option<&'a str>,
    pub client_id: Option<&'a str>,
    pub redirect_uri: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub state: Option<&'a str>,
    pub nonce: Option<&'a str>,
    pub key_type: Option<&'a str>,
    pub full_names: bool,
    pub expiry_time: Option<i32>,
    pub json: bool,
    pub role_in_audience: bool,
    pub all_present: bool,
}

/// An ID token on its way to the client.
#[derive(Clone, Debug)]
pub struct OidcAnswer {
    /// The token.
    pub token: String,
    /// When it expires, seconds since the epoch.
    pub expires: i64,
    /// Where the client wants to have it.
    pub location: Option<String>,
}

struct Groups {
    names: Vec<String>,
    until: Option<Timestamp>,
}

/// Makes an ID token.
///
/// # Errors
/// 400, 403 and 404 in Athenz's words; 500 when the key cannot sign.
pub async fn issue(
    state: &State,
    caller: Caller<'_>,
    request: OidcRequest<'_>,
    issuer: &str,
    now: Timestamp,
) -> Result<OidcAnswer, ApiError> {
    let index = state.index();
    let nonce = messages::require_name("EntityName", Grammar::CompoundName, request.nonce)?;
    let client = messages::require_name("ServiceName", Grammar::CompoundName, request.client_id)?;
    let client = client.to_ascii_lowercase();
    let echo = request.state.filter(|state| !state.is_empty());
    if let Some(echo) = echo {
        messages::check_name("EntityName", Grammar::CompoundName, echo)?;
    }
    if let Some(kind) = request.key_type.filter(|kind| !kind.is_empty()) {
        messages::check_name("SimpleName", Grammar::SimpleName, kind)?;
    }
    let (client_domain, service) =
        client.rsplit_once('.').ok_or_else(|| ApiError::bad_request("Invalid client id"))?;
    let domain = index.domain(client_domain).ok_or_else(|| messages::no_such_domain(client_domain))?;
    let redirect = check_redirect(state, &request, domain, service)?;
    let groups = groups(state, &index, caller, &request, domain, now)?;
    let life = life(state, &index, caller, &request, now)?;
    let life = within_membership(&state.config.tokens, life, groups.until, now);
    let audience = match groups.names.as_slice() {
        [only] if request.role_in_audience => format!("{client}:{only}"),
        _ => client.clone(),
    };
    let signers = state.signers();
    let token = IdToken {
        audience: &audience,
        subject: caller.name,
        nonce: Some(nonce),
        groups: &groups.names,
        auth_time: now,
    };
    let token = id::sign(signers.of_type(request.key_type), &token, issuer, now, life).await?;
    let location = redirect.map(|uri| {
        let echo = echo.map(|echo| format!("&state={echo}")).unwrap_or_default();
        format!("{uri}#id_token={token}{echo}")
    });
    Ok(OidcAnswer { expires: now.seconds().saturating_add(life), location, token })
}

/// Where the token goes: nowhere but into the answer for a client that asks for JSON only.
fn check_redirect<'a>(
    state: &State,
    request: &OidcRequest<'a>,
    domain: &DomainEntry,
    service: &str,
) -> Result<Option<&'a str>, ApiError> {
    let registered = domain.service(service);
    let Some(uri) = request.redirect_uri.filter(|uri| !uri.is_empty()) else {
        if !request.json {
            return Err(ApiError::bad_request("invalid redirect uri"));
        }
        if registered.is_none() && !state.config.tokens.id_for_unregistered_clients {
            let text = format!("Invalid client id: service {}.{service} is not registered", domain.name());
            return Err(ApiError::bad_request(text));
        }
        return Ok(None);
    };
    let registered = registered.ok_or_else(|| ApiError::bad_request("invalid redirect uri"))?;
    let fits = |allowed: &str| allowed.eq_ignore_ascii_case(uri);
    let derived = || {
        let suffix =
            state.config.tokens.redirect_uri_suffix.as_deref().filter(|suffix| suffix.starts_with('.'))?;
        Some(format!("https://{service}.{}{suffix}", domain.name().replace('.', "-")))
    };
    if registered.provider_endpoint.as_deref().is_some_and(fits) || derived().as_deref().is_some_and(fits) {
        return Ok(Some(uri));
    }
    Err(ApiError::bad_request("invalid redirect uri"))
}

fn groups(
    state: &State,
    index: &Index,
    caller: Caller<'_>,
    request: &OidcRequest<'_>,
    client_domain: &DomainEntry,
    now: Timestamp,
) -> Result<Groups, ApiError> {
    if request.response_type != Some("id_token") {
        return Err(ApiError::bad_request("invalid response type"));
    }
    let scope = id_scope(&state.config.tokens, request.scope)?;
    if let Some(other) = caller.authorized_service_domain().filter(|other| *other != client_domain.name()) {
        return Err(messages::authorized_service_mismatch(other, client_domain.name()));
    }
    if caller.is_role_identity() {
        return Err(messages::role_identity());
    }
    Resolver { state, index, caller, request, client_domain, now }.resolve(&scope)
}

/// The scope of a request for an ID token.
pub(super) fn id_scope<'a>(config: &'a TokenConfig, text: Option<&'a str>) -> Result<Scope<'a>, ApiError> {
    let text = text.filter(|scope| !scope.is_empty());
    let text = text.ok_or_else(|| ApiError::bad_request("no scope provided"))?;
    let grammars = Grammars {
        max_domains: config.id_max_domains,
        default_domain: None,
        uncounted_roles: &config.id_allowed_roles,
    };
    let scope = Scope::parse(text, grammars)?;
    if scope.openid { Ok(scope) } else { Err(ApiError::bad_request("openid scope not specified")) }
}

struct Resolver<'a> {
    state: &'a State,
    index: &'a Index,
    caller: Caller<'a>,
    request: &'a OidcRequest<'a>,
    client_domain: &'a DomainEntry,
    now: Timestamp,
}

impl Resolver<'_> {
    /// The `groups` claim: groups before roles, in the domains named, else in the client's.
    fn resolve(&self, scope: &Scope<'_>) -> Result<Groups, ApiError> {
        let own = [ScopeDomain { name: self.client_domain.name(), ..ScopeDomain::default() }];
        let domains = if scope.domains.is_empty() { &own[..] } else { &scope.domains };
        let mut found = Groups { names: Vec::new(), until: None };
        if !scope.groups && !scope.roles {
            for domain in domains {
                self.domain(domain.name)?;
            }
            return Ok(found);
        }
        let named = !scope.everything && domains.iter().any(|d| !d.roles.is_empty() || !d.groups.is_empty());
        let full_names = self.full_names(domains);
        for asked in domains {
            let (domain, before) = (self.domain(asked.name)?, found.names.len());
            let wanted = if scope.groups { &asked.groups } else { &asked.roles };
            if named && wanted.is_empty() {
                continue;
            }
            if scope.groups {
                self.add_groups(&mut found, domain, wanted);
            } else {
                self.add_roles(&mut found, domain, wanted, full_names);
            }
            if self.request.all_present && !wanted.is_empty() && found.names.len() - before != wanted.len() {
                return Err(refused("all requested", scope.groups));
            }
        }
        if named && found.names.is_empty() {
            return Err(refused("requested", scope.groups));
        }
        Ok(found)
    }

    fn domain(&self, name: &str) -> Result<&DomainEntry, ApiError> {
        self.index.domain(name).map(|entry| &**entry).ok_or_else(|| messages::no_such_domain(name))
    }

    /// A short role name is enough only where the client's domain is the only one.
    fn full_names(&self, domains: &[ScopeDomain<'_>]) -> bool {
        let other = |domain: &ScopeDomain<'_>| domain.name != self.client_domain.name();
        self.request.full_names || domains.len() > 1 || domains.iter().any(other)
    }

    fn add_groups(&self, found: &mut Groups, domain: &DomainEntry, wanted: &[&str]) {
        let held = access::held_groups(self.index, domain, self.caller.name, wanted, self.now);
        for group in held {
            found.names.push(format!("{}:group.{}", domain.name(), group.name));
            found.until = found.until.into_iter().chain(group.until).min();
        }
    }

    fn add_roles(&self, found: &mut Groups, domain: &DomainEntry, wanted: &[&str], full_names: bool) {
        let held =
            access::held_roles(self.index, &self.state.semantics, domain, self.caller.name, wanted, self.now);
        for role in held {
            let full = || format!("{}:role.{}", domain.name(), role.name);
            found.names.push(if full_names { full() } else { role.name.to_owned() });
            found.until = found.until.into_iter().chain(role.until).min();
        }
    }
}

fn refused(what: &str, groups: bool) -> ApiError {
    let kind = if groups { "groups" } else { "roles" };
    ApiError::forbidden(format!("principal not included in {what} {kind}"))
}

/// Seconds the token lives. A user's wish can only shorten; a service may have up to the maximum.
fn life(
    state: &State,
    index: &Index,
    caller: Caller<'_>,
    request: &OidcRequest<'_>,
    now: Timestamp,
) -> Result<i64, ApiError> {
    let config = &state.config.tokens;
    let max = config.id_max_timeout.max(config.id_default_timeout);
    let wish = request.expiry_time.map(i64::from).filter(|wish| *wish != 0);
    if caller.domain != state.user_domains.user.as_str() {
        return match wish {
            Some(wish) if wish < 0 => {
                Err(ApiError::bad_request("Invalid expiryTime: give a positive number of seconds"))
            }
            wish => Ok(wish.unwrap_or(max).min(max)),
        };
    }
    Ok(user_life(state, index, caller.name, wish, now))
}

/// Seconds the token of a user lives: its roles in the user domain may give it more than usual.
pub(super) fn user_life(state: &State, index: &Index, user: &str, wish: Option<i64>, now: Timestamp) -> i64 {
    let config = &state.config.tokens;
    let max = config.id_max_timeout.max(config.id_default_timeout);
    let base = user_timeout(state, index, user, now).unwrap_or(config.id_default_timeout);
    wish.filter(|wish| *wish > 0).map_or(base, |wish| wish.min(base)).min(max)
}

/// The longest time that a role of the user domain gives the user.
fn user_timeout(state: &State, index: &Index, user: &str, now: Timestamp) -> Option<i64> {
    let domain = index.domain(state.user_domains.user.as_str())?;
    let tagged: Vec<(&str, i64)> =
        domain.roles().filter_map(|(name, role)| Some((name, role.tag_number(USER_TIMEOUT)?))).collect();
    if tagged.is_empty() {
        return None;
    }
    let names: Vec<&str> = tagged.iter().map(|(name, _)| *name).collect();
    let held = access::held_roles(index, &state.semantics, domain, user, &names, now);
    tagged
        .into_iter()
        .filter(|(name, _)| held.iter().any(|role| role.name == *name))
        .map(|(_, time)| time)
        .max()
}
