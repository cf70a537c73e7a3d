//! A handler for each operation of ZTS. They translate; what is decided is decided elsewhere.

mod access;
mod discovery;
mod instance;
mod network;
mod policies;
mod role_certificate;
mod services;
mod system;
mod tokens;
mod unsupported;

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::operations::ZTS;
use athenz_serve::caller::Authenticator;
use athenz_serve::wire::Refusal;
use athenz_serve::{Call, Mount, Principal};

use crate::messages;
use crate::state::State;

/// Where the operations of ZTS are.
pub const PREFIX: &str = "/zts/v1";

/// Operations that answer however old the domains are: keys and descriptions, with which what was
/// issued before is verified.
const OF_NO_DOMAIN: [&str; 5] =
    ["getJWKList", "getOpenIDConfig", "getOAuthConfig", "getCertificateAuthorityBundle", "getRdlSchema"];

/// All operations, with callers known by these authorities.
pub fn mount(state: Arc<State>, authenticator: Arc<Authenticator>) -> Mount<State> {
    let replica = state.replica.clone();
    let mount = Mount::new(PREFIX, ZTS, state)
        .authenticator(authenticator)
        .freshness(replica)
        .invalid_object(messages::INVALID_OBJECT)
        .refuse_while(refuse_when_stale, &OF_NO_DOMAIN)
        .refuse_trace_and_options();
    let mount = access::add(mount);
    let mount = discovery::add(mount);
    let mount = instance::add(mount);
    let mount = network::add(mount);
    let mount = policies::add(mount);
    let mount = role_certificate::add(mount);
    let mount = services::add(mount);
    let mount = system::add(mount);
    let mount = tokens::add(mount);
    unsupported::add(mount)
}

fn refuse_when_stale(state: &State) -> Option<Refusal> {
    let problem = state.staleness()?;
    Some(ApiError::unavailable(format!("{problem}; retry later, or ask another server")).into())
}

/// The beginning of every call: who asks, then the names in path and query.
fn begin(call: &Call) -> Result<&Arc<Principal>, Refusal> {
    let caller = call.caller()?;
    call.check_parameters()?;
    Ok(caller)
}

/// A path parameter in its canonical form.
fn lower(call: &Call, name: &str) -> String {
    call.path(name).to_ascii_lowercase()
}

/// The host that the client thinks it talks to.
fn host(call: &Call) -> Option<&str> {
    let header = call.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| call.uri.host())
}

/// A query value, absent when empty.
fn given<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.query.first(name).filter(|value| !value.is_empty())
}

/// A body as text; anything else is no form.
fn text(call: &Call) -> Result<&str, ApiError> {
    std::str::from_utf8(&call.body).map_err(|_| ApiError::bad_request("the request body is not UTF-8"))
}
