//! Access tokens for the caller's own roles, and for those of somebody it may speak for.

use super::answer::TokenAnswer;
use super::claims::{AccessClaims, Confirmation, MayAct};
use super::form::TokenForm;
use super::lifetime::Wish;
use super::scope::{Scope, ScopeDomain};
use super::{ACCESS_TOKEN_CALL, details, full_role_names, id, life};
use crate::access::{self, HeldRole};
use crate::caller::Caller;
use crate::index::{DomainEntry, Index};
use crate::messages;
use crate::signing::TokenSigner;
use crate::state::State;
use athenz_crypto::jose::sign_compact_with;
use athenz_crypto::random::uuid_v4;
use athenz_model::names::Grammar;
use athenz_model::{ApiError, Timestamp};

/// A request that passed its checks.
struct Granted<'a> {
    domain: &'a DomainEntry,
    /// Whose roles these are.
    subject: &'a str,
    /// Who asked, when it is not the subject.
    proxy: Option<&'a str>,
    roles: Vec<HeldRole<'a>>,
    /// Audience of an ID token.
    service: Option<&'a str>,
    /// Whether the answer says what was granted.
    tell_scope: bool,
}

/// Makes an access token with the roles of a scope.
///
/// # Errors
/// 400, 403 and 404 in Athenz's words; 500 when the key cannot sign.
pub async fn issue(
    state: &State,
    caller: Caller<'_>,
    form: &TokenForm,
    scope: &str,
    issuer: &str,
    now: Timestamp,
) -> Result<TokenAnswer, ApiError> {
    let index = state.index();
    let granted = grant(state, &index, caller, form, scope, now)?;
    let life = life(
        &state.config.tokens,
        Wish { max: form.expires_in, min: 0 },
        granted.domain,
        &granted.roles,
        now,
    );
    let signers = state.signers();
    let signer = signers.main();
    let access_token = sign(state, caller, form, &granted, signer, issuer, now, life).await?;
    let id_token = match granted.service {
        Some(service) => {
            let audience = format!("{}.{service}", granted.domain.name());
            let life = life.min(state.config.tokens.id_max_timeout);
            let request = id::IdToken {
                audience: &audience,
                subject: granted.subject,
                nonce: None,
                groups: &[],
                auth_time: now,
            };
            Some(id::sign(signer, &request, issuer, now, life).await?)
        }
        None => None,
    };
    let scope = granted.tell_scope.then(|| scope_text(&granted, id_token.is_some()));
    Ok(TokenAnswer {
        access_token: Some(access_token),
        token_type: "Bearer",
        expires_in: life,
        scope,
        id_token,
        issued_token_type: None,
    })
}

fn grant<'a>(
    state: &'a State,
    index: &'a Index,
    caller: Caller<'a>,
    form: &'a TokenForm,
    scope: &'a str,
    now: Timestamp,
) -> Result<Granted<'a>, ApiError> {
    if let Some(actor) = &form.actor {
        messages::check_name("ServiceName", Grammar::CompoundName, actor)?;
    }
    check_proxy(state, caller, form)?;
    let config = &state.config.tokens;
    let default_domain = config.scope_role_without_domain.then_some(caller.domain);
    let (scope, asked) = Scope::parse_of_access(scope, default_domain)?;
    let domain = index.domain(asked.name).ok_or_else(|| messages::no_such_domain(asked.name))?;
    if !scope.asks_for_roles() {
        return Err(ApiError::bad_request("No roles in scope: name domain:role.<name> or domain:domain"));
    }
    check_details(state, form, domain, &asked)?;
    if let Some(service_domain) = caller.authorized_service_domain().filter(|other| *other != asked.name) {
        return Err(messages::authorized_service_mismatch(service_domain, asked.name));
    }
    let service = scope.service.filter(|_| scope.openid && config.openid_scope);
    let mut roles = roles(state, index, domain, caller.name, &asked, now)?;
    let mut subject = caller.name;
    if let Some(proxied) = form.proxy_for_principal.as_deref() {
        if service.is_some() {
            return Err(ApiError::bad_request("Proxy Principal cannot request id tokens"));
        }
        roles = both(roles, self::roles(state, index, domain, proxied, &asked, now)?);
        if roles.is_empty() {
            return Err(not_in_role(proxied, &asked));
        }
        subject = proxied;
    }
    if roles.iter().any(|role| !caller.covers_role(asked.name, role.name)) {
        return Err(ApiError::forbidden("Role based Principal does not include all roles"));
    }
    if let Some(service) = service {
        messages::check_name("SimpleName", Grammar::SimpleName, service)?;
    }
    let tell_scope = scope.everything || asked.roles.len() != roles.len();
    let proxy = form.proxy_for_principal.as_ref().map(|_| caller.name);
    Ok(Granted { domain, subject, proxy, roles, service, tell_scope })
}

fn check_proxy(state: &State, caller: Caller<'_>, form: &TokenForm) -> Result<(), ApiError> {
    let Some(proxied) = &form.proxy_for_principal else { return Ok(()) };
    messages::check_name("EntityName", Grammar::CompoundName, proxied)?;
    if state.config.authorized_proxy_users.iter().any(|user| user == caller.name) {
        return Ok(());
    }
    let text = format!("Principal: {} not authorized for proxy access token request", caller.name);
    Err(ApiError::forbidden(text))
}

fn check_details(
    state: &State,
    form: &TokenForm,
    domain: &DomainEntry,
    asked: &ScopeDomain<'_>,
) -> Result<(), ApiError> {
    let Some(text) = &form.authorization_details else { return Ok(()) };
    let config = &state.config.tokens;
    let of_role = match asked.roles.as_slice() {
        [role] => domain.details(role),
        _ => &[],
    };
    details::check(text, config.max_authorization_details, of_role, &config.system_authorization_details)
}

/// The roles of a scope that a principal holds: at least one.
pub(super) fn roles<'a>(
    state: &State,
    index: &'a Index,
    domain: &'a DomainEntry,
    principal: &str,
    asked: &ScopeDomain<'_>,
    now: Timestamp,
) -> Result<Vec<HeldRole<'a>>, ApiError> {
    let held = access::held_roles(index, &state.semantics, domain, principal, &asked.roles, now);
    if held.is_empty() { Err(not_in_role(principal, asked)) } else { Ok(held) }
}

fn not_in_role(principal: &str, asked: &ScopeDomain<'_>) -> ApiError {
    messages::not_in_role(ACCESS_TOKEN_CALL, principal, asked.name, !asked.roles.is_empty())
}

/// Roles that both hold, for as long as both do.
pub(super) fn both<'a>(first: Vec<HeldRole<'a>>, second: Vec<HeldRole<'a>>) -> Vec<HeldRole<'a>> {
    let also = |role: HeldRole<'a>| {
        let other = second.iter().find(|other| other.name == role.name)?;
        let until = role.until.into_iter().chain(other.until).min();
        Some(HeldRole { until, ..role })
    };
    first.into_iter().filter_map(also).collect()
}

#[expect(clippy::too_many_arguments, reason = "everything the claims are made of")]
async fn sign(
    state: &State,
    caller: Caller<'_>,
    form: &TokenForm,
    granted: &Granted<'_>,
    signer: &TokenSigner,
    issuer: &str,
    now: Timestamp,
    life: i64,
) -> Result<String, ApiError> {
    let names: Vec<&str> = granted.roles.iter().map(|role| role.name).collect();
    let scope = names.join(" ");
    let jti = uuid_v4(&*state.random);
    let audience;
    let aud = match names.as_slice() {
        [only] if form.role_in_audience => {
            audience = format!("{}:{only}", granted.domain.name());
            &audience
        }
        _ => granted.domain.name(),
    };
    let claims = AccessClaims {
        aud: Some(aud),
        uid: Some(granted.subject),
        scp: &names,
        scope: &scope,
        cnf: caller.thumbprint.map(|thumbprint| Confirmation { thumbprint, proxies: &form.proxy_principals }),
        proxy: granted.proxy,
        authorization_details: form.authorization_details.as_deref(),
        may_act: form.actor.as_deref().map(|sub| MayAct { sub }),
        ..AccessClaims::new(&jti, issuer, granted.subject, now, life)
    };
    let signed = sign_compact_with(&signer.key, &signer.access_header, &claims).await;
    signed.map_err(|error| super::cannot_sign(&error))
}

fn scope_text(granted: &Granted<'_>, openid: bool) -> String {
    let names = full_role_names(granted.domain.name(), granted.roles.iter().map(|role| role.name));
    let mut text = names.join(" ");
    if openid {
        text.push_str(" openid");
    }
    text
}
