//! Token introspection (RFC 7662), for resource servers that cannot verify themselves.

use athenz_crypto::jose::Claims;
use athenz_model::wire::zts::IntrospectResponse;
use athenz_model::{ApiError, Timestamp};

use super::own::{OwnKind, OwnToken};
use crate::access;
use crate::state::State;

/// The token of a form body: the first part named `token`, as it stands.
///
/// # Errors
/// 400: none.
pub fn token_of(body: &str) -> Result<&str, ApiError> {
    let parts = body.split('&').filter_map(|part| part.split_once('='));
    let token = parts.filter(|(name, _)| *name == "token").map(|(_, token)| token).next();
    token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| ApiError::bad_request("postIntrospectRequest: No token provided"))
}

/// What a token says, if it is one of ours, holds, and the caller may ask about its audience.
pub fn introspect(state: &State, caller: &str, unverified: &str, now: Timestamp) -> IntrospectResponse {
    active(state, caller, unverified, now).unwrap_or_else(|| IntrospectResponse {
        active: Some(false),
        ver: Some(0),
        ..IntrospectResponse::default()
    })
}

fn active(state: &State, caller: &str, unverified: &str, now: Timestamp) -> Option<IntrospectResponse> {
    let index = state.index();
    let token = OwnToken::verify(unverified, state, &index, now).ok()?;
    // an ID token is no answer to what a bearer may do
    if token.kind != OwnKind::Access {
        return None;
    }
    let resource = format!("{}:token", token.audience().to_ascii_lowercase());
    let may = access::allowed(&index, &state.semantics, caller, "introspect", &resource, None, now);
    may.is_ok_and(|granted| granted).then(|| response(&token.claims))
}

fn response(claims: &Claims) -> IntrospectResponse {
    let text = |name| claims.text(name).ok().flatten().map(str::to_owned);
    let moment = |name| claims.moment(name).ok().flatten().map(Timestamp::seconds);
    IntrospectResponse {
        active: Some(true),
        ver: claims.value("ver").and_then(|ver| ver.as_i64()).and_then(|ver| ver.try_into().ok()),
        exp: moment("exp"),
        iat: moment("iat"),
        auth_time: moment("auth_time"),
        aud: claims.audience().ok().and_then(|list| list.first().map(|text| (*text).to_owned())),
        iss: text("iss"),
        jti: text("jti"),
        sub: text("sub"),
        scope: text("scope"),
        client_id: text("client_id"),
        uid: text("uid"),
        proxy: text("proxy"),
        authorization_details: text("authorization_details"),
    }
}
