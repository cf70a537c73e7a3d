//! User tokens: a password is traded for a token that a web page hands to a service which acts
//! for the user. Called by browsers from another origin (CORS).

use std::sync::Arc;

use athenz_crypto::ntoken::{NewPrincipalToken, Version};
use athenz_crypto::random::SystemRandom;
use athenz_model::ApiError;
use athenz_model::wire::zms::UserToken;
use athenz_serve::router::{Call, Mount};
use athenz_serve::wire::{Answer, Refusal, Response, json, no_content};

use super::request::Read;
use crate::state::Zms;

/// In place of the caller's own name.
const SELF: &str = "_self_";
/// How long a browser may remember what it is allowed, seconds.
const MAX_AGE: &str = "2592000";
/// The header a user token is sent in.
const HEADER: &str = "Athenz-Principal-Auth";

pub(super) fn routes(mount: Mount<Zms>) -> Mount<Zms> {
    mount.handle("getUserToken", get_user_token).handle("optionsUserToken", options_user_token)
}

async fn get_user_token(zms: Arc<Zms>, call: Call) -> Answer {
    Read::begin(&zms, &call).await?;
    let principal = call.caller()?;
    let user = principal.name.as_deref().unwrap_or_default();
    let asked = call.path("userName").to_lowercase();
    // a certificate or a token needs no other
    let trades = !principal.may_authorize && *principal.domain == *zms.rules.users.user.as_str();
    if !trades || (asked != SELF && asked != user) {
        let text = "getUserToken: Invalid request - missing User credentials or userName mismatch";
        return Err(ApiError::unauthorized(text).into());
    }
    let services = services(&call);
    if let Some(service) = services.iter().find(|service| !zms.authorized_services.knows(service)) {
        let text = format!("getUserToken: Service {service} is not authorized in ZMS");
        return Err(ApiError::unauthorized(text).into());
    }
    let cross_origin = !services.is_empty();
    let token = token(&zms, &call, user, services).await?;
    let header = call.query.boolean("header").unwrap_or_default().then(|| HEADER.to_owned());
    let mut response = json(&UserToken { token: Some(token), header })?;
    if cross_origin {
        allow_origin(&zms, &call, &mut response);
    }
    Ok(response)
}

async fn token(zms: &Zms, call: &Call, user: &str, services: Vec<String>) -> Result<String, Refusal> {
    let life = zms.rules.config.user_token_timeout;
    let domain = zms.rules.users.user.as_str();
    let new = NewPrincipalToken {
        version: Version::User,
        ip: Some(call.remote.to_string()),
        authorized_services: services,
        ..NewPrincipalToken::service(domain, user, "", call.now, life, &SystemRandom)
    };
    new.sign_with(&zms.key).await.map_err(|error| {
        tracing::error!(%error, "cannot sign a user token");
        ApiError::internal("internal server error").into()
    })
}

async fn options_user_token(zms: Arc<Zms>, call: Call) -> Answer {
    call.check_parameters()?;
    let services = services(&call);
    if services.is_empty() {
        let text = "optionsUserToken: No authorized services specified in the request";
        return Err(ApiError::bad_request(text).into());
    }
    if let Some(service) = services.iter().find(|service| !zms.authorized_services.knows(service)) {
        let text = format!("optionsUserToken: Service {service} is not authorized in ZMS");
        return Err(ApiError::bad_request(text).into());
    }
    let mut response = no_content();
    allow_origin(&zms, &call, &mut response);
    set(&mut response, "access-control-allow-methods", "GET");
    set(&mut response, "access-control-max-age", MAX_AGE);
    Ok(response)
}

/// The services that the token is meant for.
fn services(call: &Call) -> Vec<String> {
    let named = call.query.first("services").unwrap_or_default();
    named.split(',').filter(|service| !service.is_empty()).map(str::to_owned).collect()
}

/// Lets the page of an allowed origin use the answer, with the headers it asks for.
fn allow_origin(zms: &Zms, call: &Call, response: &mut Response) {
    let config = &zms.rules.config;
    if let Some(origin) = call.header("Origin").filter(|origin| is_allowed(origin, &config.cors_origin_list))
    {
        set(response, "access-control-allow-origin", &origin);
    }
    set(response, "access-control-allow-credentials", "true");
    if let Some(asked) = call.header("Access-Control-Request-Headers") {
        let known = |name: &str| config.cors_header_list.iter().any(|known| known.eq_ignore_ascii_case(name));
        if asked.split(',').all(|name| known(name.trim())) {
            set(response, "access-control-allow-headers", &asked);
        }
    }
}

fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

/// A listed origin; without a list whatever is an origin of the web.
fn is_allowed(origin: &str, listed: &[String]) -> bool {
    if !listed.is_empty() {
        return listed.iter().any(|listed| listed == origin);
    }
    let Some(authority) = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) else {
        return false;
    };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_host =
        !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn origins() {
        for (origin, allowed) in [
            ("https://ui.example:4443", true),
            ("http://localhost", true),
            ("ftp://ui.example", false),
            ("https://ui.example/path", false),
            ("https://ui.example?query", false),
            ("https://ui.example:65536", false),
            ("https://user@ui.example", false),
            ("https://", false),
            ("null", false),
        ] {
            assert_eq!(is_allowed(origin, &[]), allowed, "{origin}");
        }
        let listed = ["https://ui.example".to_owned()];
        assert!(is_allowed("https://ui.example", &listed));
        assert!(!is_allowed("https://ui.example:4443", &listed), "only what is listed");
    }
}
