//! Operations that this server does not offer. What is wrong with a request is still told, in
//! Athenz's words, before the refusal.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::names::Grammar;
use athenz_model::wire::zts::{
    ExternalCredentialsRequest, ExternalMemberCertificateRequest, UserCertificateRequest,
};
use athenz_serve::{Answer, Call, Mount};

use super::{begin, lower};
use crate::access;
use crate::caller::Caller;
use crate::messages;
use crate::state::State;
use crate::tokens::scope::{Grammars, Scope};

/// The only provider that Athenz knows without further configuration.
const GOOGLE: &str = "gcp";

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("getAWSTemporaryCredentials", aws_credentials)
        .handle("postExternalCredentialsRequest", external_credentials)
        .handle("postUserCertificateRequest", user_certificate)
        .handle("postExternalMemberCertificateRequest", external_member_certificate)
}

async fn aws_credentials(_: Arc<State>, call: Call) -> Answer {
    let caller = Caller::of(begin(&call)?);
    if caller.authorized_service.is_some() {
        return Err(ApiError::forbidden("Authorized Service Principals not allowed").into());
    }
    if caller.is_role_identity() {
        return Err(messages::role_identity().into());
    }
    Err(ApiError::bad_request("AWS support is not available").into())
}

async fn user_certificate(_: Arc<State>, call: Call) -> Answer {
    call.input::<UserCertificateRequest>()?;
    Err(ApiError::bad_request("User authority configuration is not set").into())
}

async fn external_member_certificate(_: Arc<State>, call: Call) -> Answer {
    call.input::<ExternalMemberCertificateRequest>()?;
    Err(ApiError::bad_request("External member certificate configuration is not set").into())
}

async fn external_credentials(state: Arc<State>, call: Call) -> Answer {
    let body = call.input::<ExternalCredentialsRequest>()?.unchecked();
    let caller = Caller::of(begin(&call)?);
    let mut body = body.ok_or_else(|| messages::missing("ExternalCredentialsRequest"))?;
    messages::check_body(&mut body)?;
    Err(refuse_credentials(&state, &call, caller, &body).into())
}

fn refuse_credentials(
    state: &State,
    call: &Call,
    caller: Caller<'_>,
    body: &ExternalCredentialsRequest,
) -> ApiError {
    match check_credentials(state, call, caller, body) {
        Err(error) => error,
        Ok(()) => ApiError::bad_request("external credentials are not supported by this server"),
    }
}

fn check_credentials(
    state: &State,
    call: &Call,
    caller: Caller<'_>,
    body: &ExternalCredentialsRequest,
) -> Result<(), ApiError> {
    let bad = |text: &str| Err(ApiError::bad_request(text));
    let (provider, name) = (lower(call, "provider"), lower(call, "domainName"));
    if provider != GOOGLE {
        return bad(&format!("Invalid external credentials provider: {provider}"));
    }
    let Some(attributes) = &body.attributes else { return bad("Missing credentials attributes") };
    let attribute = |name: &str| attributes.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let scope = match (attribute("athenzRoleName"), attribute("athenzScope")) {
        (Some(role), _) => {
            messages::check_name("EntityName", Grammar::CompoundName, role)?;
            format!("openid {name}:role.{}", role.to_ascii_lowercase())
        }
        (None, Some(scope)) => scope.to_owned(),
        (None, None) => return bad("Either athenzRoleName or athenzScope must be specified"),
    };
    let client = body.client_id.as_deref().unwrap_or_default().to_ascii_lowercase();
    let Some((client_domain, _)) = client.rsplit_once('.') else { return bad("Invalid client id") };
    let index = state.index();
    let known = |name: &str| index.domain(name).ok_or_else(|| messages::no_such_domain(name));
    known(client_domain)?;
    let domain = known(&name)?;
    if let Some(other) = caller.authorized_service_domain().filter(|other| *other != client_domain) {
        return Err(messages::authorized_service_mismatch(other, client_domain));
    }
    if caller.is_role_identity() {
        return Err(messages::role_identity());
    }
    let grammars = Grammars { max_domains: 1, default_domain: None, uncounted_roles: &[] };
    let scope = Scope::parse(&scope, grammars)?;
    let asked = scope.domains.first().ok_or_else(|| ApiError::bad_request("No domains in scope"))?;
    let asked_domain = known(asked.name)?;
    let held =
        access::held_roles(&index, &state.semantics, asked_domain, caller.name, &asked.roles, call.now);
    if held.is_empty() && !asked.roles.is_empty() {
        return Err(ApiError::forbidden("principal not included in requested roles"));
    }
    if domain.settings().gcp_project.is_none() {
        return Err(ApiError::forbidden("gcp project id not configured for domain"));
    }
    Ok(())
}
