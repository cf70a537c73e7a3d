//! Role tokens, the legacy form of access tokens.

use std::net::IpAddr;

use athenz_crypto::{random, role_token};
use athenz_model::names::Grammar;
use athenz_model::wire::zts::RoleToken;
use athenz_model::{ApiError, Timestamp};

use super::life;
use super::lifetime::Wish;
use crate::access::{self, HeldRole};
use crate::caller::Caller;
use crate::index::{DomainEntry, Index};
use crate::messages;
use crate::state::State;

/// Name of the call in error texts.
const CALL: &str = "getRoleToken";

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct RoleTokenRequest<'a> {
    /// Domain of the roles.
    pub domain: &'a str,
    /// Short names, separated by commas; all roles when absent.
    pub roles: Option<&'a str>,
    /// Shortest and longest life.
    pub wish: Wish,
    /// For whom, when not for the caller.
    pub proxied: Option<&'a str>,
    /// Where the caller is.
    pub address: IpAddr,
}

/// Makes a role token.
///
/// # Errors
/// 400, 403 and 404 in Athenz's words; 500 when the key cannot sign.
pub async fn issue(
    state: &State,
    caller: Caller<'_>,
    request: RoleTokenRequest<'_>,
    now: Timestamp,
) -> Result<RoleToken, ApiError> {
    let index = state.index();
    let asked: Vec<&str> = request.roles.map(|roles| roles.split(',').collect()).unwrap_or_default();
    if asked.is_empty() && state.config.tokens.role_token_needs_role {
        let text = format!("{CALL}: Client must specify a roleName to request a token for");
        return Err(ApiError::bad_request(text));
    }
    let (domain, roles) = grant(state, &index, caller, request, &asked, now)?;
    let life = life(&state.config.tokens, request.wish, domain, &roles, now);
    let complete = asked.is_empty() && state.config.tokens.role_token_complete_flag;
    let token = role_token::RoleToken {
        domain: domain.name().to_owned(),
        roles: roles.iter().map(|role| role.name.to_owned()).collect(),
        complete,
        principal: Some(request.proxied.unwrap_or(caller.name).to_owned()),
        host: Some(state.config.hostname.clone()),
        proxy: request.proxied.map(|_| caller.name.to_owned()),
        salt: random::salt(&*state.random),
        issued: now,
        expires: now.plus_seconds(life),
        key_id: String::new(),
        ip: Some(request.address.to_string()),
    };
    let signed =
        token.sign_with(&state.signers().main().key).await.map_err(|error| super::cannot_sign(&error))?;
    Ok(RoleToken { token: Some(signed), expiry_time: Some(token.expires.seconds()) })
}

fn grant<'a>(
    state: &State,
    index: &'a Index,
    caller: Caller<'_>,
    request: RoleTokenRequest<'_>,
    asked: &[&str],
    now: Timestamp,
) -> Result<(&'a DomainEntry, Vec<HeldRole<'a>>), ApiError> {
    if let Some(proxied) = request.proxied {
        messages::check_name("EntityName", Grammar::CompoundName, proxied)?;
        if !state.config.authorized_proxy_users.iter().any(|user| user == caller.name) {
            let text =
                format!("{CALL}: Principal: {} not authorized for proxy role token request", caller.name);
            return Err(ApiError::forbidden(text));
        }
    }
    let name = request.domain;
    let domain =
        index.domain(name).ok_or_else(|| ApiError::not_found(format!("{CALL}: No such domain: {name}")))?;
    if let Some(service_domain) = caller.authorized_service_domain().filter(|other| *other != name) {
        return Err(messages::authorized_service_mismatch(service_domain, name));
    }
    let held = |principal: &str| {
        let held = access::held_roles(index, &state.semantics, domain, principal, asked, now);
        if held.is_empty() { Err(not_in_role(principal, name, asked)) } else { Ok(held) }
    };
    let mut roles = held(caller.name)?;
    if let Some(proxied) = request.proxied {
        roles = super::access::both(roles, held(proxied)?);
        if roles.is_empty() {
            return Err(not_in_role(proxied, name, asked));
        }
    }
    if roles.iter().any(|role| !caller.covers_role(name, role.name)) {
        return Err(ApiError::forbidden(format!("{CALL}: Role based Principal does not include all roles")));
    }
    Ok((domain, roles))
}

fn not_in_role(principal: &str, domain: &str, asked: &[&str]) -> ApiError {
    messages::not_in_role(&CALL.to_ascii_lowercase(), principal, domain, !asked.is_empty())
}
