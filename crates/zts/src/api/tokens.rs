//! Access, ID and role tokens, and introspection.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_model::wire::zts::OIDCResponse;
use athenz_serve::caller::Principal;
use athenz_serve::router::RouteOptions;
use athenz_serve::wire::{Body, BodyForm, Refusal, json};
use athenz_serve::{Answer, Call, Mount, Response};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};

use super::{given, host, lower, text};
use crate::caller::Caller;
use crate::messages;
use crate::state::State;
use crate::tokens::assertion::{self, VerifiedAssertion};
use crate::tokens::exchange::jag::Redeemed;
use crate::tokens::exchange::{Exchange, Issuers};
use crate::tokens::form::{GrantType, ID_TOKEN_TYPE, TokenForm};
use crate::tokens::lifetime::Wish;
use crate::tokens::oidc::{self, OidcAnswer, OidcRequest};
use crate::tokens::role::{self, RoleTokenRequest};
use crate::tokens::{access, introspect};

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    let form = RouteOptions { body: BodyForm::Form, reads_body: true, ..RouteOptions::default() };
    mount
        .handle_with("postAccessTokenRequest", form, access_token)
        .handle_with("postIntrospectRequest", form, introspection)
        .handle("getOIDCResponse", id_token)
        .handle("getRoleToken", role_token)
}

async fn access_token(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller_if_any()?.map(|caller| &**caller);
    let form = TokenForm::parse(text(&call)?, state.config.tokens.max_proxy_principals)?;
    let issuers = issuers(&state, &call, &form);
    let (assertion, scope) = match form.grant_type()? {
        GrantType::ClientCredentials => {
            let scope = form.required_scope()?.to_owned();
            (assertion::of_form(&form, &state.index(), &state.config, call.now)?, scope)
        }
        GrantType::JwtBearer => match &form.unverified_assertion {
            Some(text) if assertion::is_id_jag(text) => {
                return redeem(&state, &call, caller, &form, text, issuers.access).await;
            }
            _ => jwt_bearer(&state, &call, &form)?,
        },
        GrantType::TokenExchange => return exchange(&state, &call, caller, &form, issuers).await,
    };
    let caller = requester(&state, &call, caller, assertion.as_ref()).await?;
    json(&access::issue(&state, caller, &form, &scope, issuers.access, call.now).await?)
}

/// The issuers of this request: that of the host it came to, or the configured ones.
fn issuers<'a>(state: &'a State, call: &Call, form: &TokenForm) -> Issuers<'a> {
    let (mapped, openid) = (state.config.mapped_issuer(host(call)), state.config.openid_issuer());
    let usual = if form.openid_issuer { openid } else { state.config.oauth_issuer() };
    Issuers { access: mapped.unwrap_or(usual), openid: mapped.unwrap_or(openid) }
}

/// A token for a token (RFC 8693).
async fn exchange(
    state: &State,
    call: &Call,
    caller: Option<&Principal>,
    form: &TokenForm,
    issuers: Issuers<'_>,
) -> Answer {
    let index = state.index();
    let exchange = Exchange::verify(form, state, &index, call.now)?;
    let caller = requester(state, call, caller, exchange.assertion()).await?;
    json(&exchange.issue(state, &index, caller, form, issuers, call.now).await?)
}

/// An access token for an identity assertion of this server: only for a caller that the connection
/// shows.
async fn redeem(
    state: &State,
    call: &Call,
    caller: Option<&Principal>,
    form: &TokenForm,
    unverified: &str,
    issuer: &str,
) -> Answer {
    let index = state.index();
    let assertion = Redeemed::verify(unverified, state, &index, call.now)?;
    let caller = requester(state, call, caller, None).await?;
    json(&assertion.issue(state, &index, caller, form, issuer, call.now).await?)
}

/// The caller of the transport; without one, whoever signed the assertion.
async fn requester<'a>(
    state: &State,
    call: &Call,
    caller: Option<&'a Principal>,
    assertion: Option<&'a VerifiedAssertion>,
) -> Result<Caller<'a>, ApiError> {
    match (caller, assertion) {
        (Some(principal), _) => Ok(Caller::of(principal)),
        (None, Some(assertion)) => {
            if !state.take_assertion(&assertion.used(), call.now).await? {
                return Err(ApiError::bad_request("Invalid client assertion: the token was used before"));
            }
            Ok(Caller::by_assertion(&assertion.service, &assertion.domain))
        }
        (None, None) => Err(ApiError::unauthorized("Unauthenticated request")),
    }
}

/// A token for an assertion (RFC 7523): the scope of the request, else that of the assertion.
fn jwt_bearer(
    state: &State,
    call: &Call,
    form: &TokenForm,
) -> Result<(Option<VerifiedAssertion>, String), ApiError> {
    let text = form.unverified_assertion.as_deref().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::bad_request("Invalid request: no assertion provided"))?;
    let verified = assertion::verify(text, &state.index(), &state.config, call.now)?;
    let scope = form.scope.clone().filter(|scope| !scope.is_empty());
    let scope = scope.or_else(|| verified.scope.as_deref().map(str::to_ascii_lowercase));
    let scope = scope.ok_or_else(|| {
        ApiError::bad_request("Invalid client assertion: Invalid assertion: no scope claim provided")
    })?;
    Ok((Some(verified), scope))
}

async fn introspection(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    if !state.config.tokens.introspection {
        return Err(ApiError::bad_request("postIntrospectRequest: Introspection is not supported").into());
    }
    let token = introspect::token_of(text(&call)?)?;
    json(&introspect::introspect(&state, &caller.full_name, token, call.now))
}

async fn id_token(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    let flag = |name| call.query.boolean(name).unwrap_or(false);
    let request = OidcRequest {
        response_type: call.query.first("response_type"),
        client_id: call.query.first("client_id"),
        redirect_uri: call.query.first("redirect_uri"),
        scope: call.query.first("scope"),
        state: call.query.first("state"),
        nonce: call.query.first("nonce"),
        key_type: call.query.first("keyType"),
        full_names: flag("fullArn"),
        expiry_time: call.query.integer("expiryTime")?,
        json: given(&call, "output").is_some_and(|output| output.eq_ignore_ascii_case("json")),
        role_in_audience: flag("roleInAudClaim"),
        all_present: flag("allScopePresent"),
    };
    let issuer = state.config.mapped_issuer(host(&call)).unwrap_or_else(|| state.config.openid_issuer());
    let answer = oidc::issue(&state, Caller::of(caller), request, issuer, call.now).await?;
    id_token_response(answer, request.json)
}

fn id_token_response(answer: OidcAnswer, in_body: bool) -> Answer {
    let mut response = if in_body {
        json(&OIDCResponse {
            version: Some(1),
            id_token: Some(answer.token),
            token_type: Some(ID_TOKEN_TYPE.to_owned()),
            success: Some(true),
            expiration_time: Some(answer.expires),
        })?
    } else {
        let mut redirect = Response::new(Body::empty());
        *redirect.status_mut() = StatusCode::FOUND;
        redirect
    };
    if let Some(location) = answer.location {
        let location = HeaderValue::try_from(location)
            .map_err(|_| Refusal::from(ApiError::bad_request("invalid redirect uri")))?;
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

async fn role_token(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    messages::check_name("DomainName", Grammar::CompoundName, call.path("domainName"))?;
    let (roles, proxied) = (given(&call, "role"), given(&call, "proxyForPrincipal"));
    if let Some(roles) = roles {
        messages::check_name("EntityList", Grammar::EntityList, roles)?;
    }
    let roles = roles.map(str::to_ascii_lowercase);
    let proxied = proxied.map(|name| state.user_domains.without_alias(&name.to_ascii_lowercase()));
    let domain = lower(&call, "domainName");
    let number = |name| call.query.integer(name).map(|number| number.map_or(0, i64::from));
    let request = RoleTokenRequest {
        domain: &domain,
        roles: roles.as_deref(),
        wish: Wish { max: number("maxExpiryTime")?, min: number("minExpiryTime")? },
        proxied: proxied.as_deref(),
        address: call.remote,
    };
    json(&role::issue(&state, Caller::of(caller), request, call.now).await?)
}
