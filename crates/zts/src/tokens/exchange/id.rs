//! ID tokens for another client, for a service that holds one of its user.

use athenz_crypto::random;
use athenz_model::names::Grammar;
use athenz_model::{ApiError, Timestamp};

use super::{Request, not_for_the_requested_role};
use crate::index::DomainEntry;
use crate::tokens::answer::TokenAnswer;
use crate::tokens::form::ID_TOKEN_TYPE;
use crate::tokens::id::{self, IdToken};
use crate::tokens::own::OwnToken;
use crate::tokens::scope::ScopeDomain;
use crate::tokens::{full_role_names, oidc, within_membership};
use crate::{access, messages};

/// Who may exchange a token of a subject, and which roles a subject carries over.
const ACTION: &str = "zts.id_token_exchange";

pub(super) async fn issue(
    request: Request<'_>,
    token: &OwnToken,
    issuer: &str,
) -> Result<TokenAnswer, ApiError> {
    request.check_caller("id token exchange request")?;
    let client = request.form.audience.as_deref().unwrap_or_default();
    messages::check_name("ServiceName", Grammar::CompoundName, client)?;
    let (client_domain, _) =
        client.rsplit_once('.').ok_or_else(|| ApiError::bad_request("Invalid client id"))?;
    let domain =
        request.index.domain(client_domain).ok_or_else(|| messages::no_such_domain(client_domain))?;
    if !request.is_audience(token) {
        return Err(ApiError::bad_request("Invalid subject token audience"));
    }
    let subject = token.text("sub");
    if subject.is_empty() {
        return Err(ApiError::bad_request("Invalid subject token - missing subject"));
    }
    if !request.allowed(request.caller.name, ACTION, &format!("{client_domain}:principal.{subject}")) {
        return Err(ApiError::forbidden("Principal not authorized for id token exchange"));
    }
    let (groups, until) = groups(&request, subject, domain)?;
    let life = within_membership(&request.state.config.tokens, life(&request, subject), until, request.now);
    let life = request.life_from(token, life);
    let auth_time = token.auth_time(request.now);
    let nonce = random::hex::<8>(&*request.state.random);
    let token = IdToken { audience: client, subject, nonce: Some(&nonce), groups: &groups, auth_time };
    let signers = request.state.signers();
    Ok(TokenAnswer {
        id_token: Some(id::sign(signers.main(), &token, issuer, request.now, life.seconds).await?),
        token_type: "Bearer",
        issued_token_type: Some(ID_TOKEN_TYPE),
        expires_in: life.told,
        ..TokenAnswer::default()
    })
}

/// Full names of the subject's roles, each of which the subject may carry over; and when the first
/// membership ends.
fn groups(
    request: &Request<'_>,
    subject: &str,
    client_domain: &DomainEntry,
) -> Result<(Vec<String>, Option<Timestamp>), ApiError> {
    let scope = oidc::id_scope(&request.state.config.tokens, request.form.scope.as_deref())?;
    let own = [ScopeDomain { name: client_domain.name(), ..ScopeDomain::default() }];
    let domains = if scope.domains.is_empty() { &own[..] } else { &scope.domains };
    let (mut names, mut until) = (Vec::new(), None::<Timestamp>);
    for asked in domains {
        let domain = request.index.domain(asked.name).ok_or_else(|| messages::no_such_domain(asked.name))?;
        let semantics = &request.state.semantics;
        let held = access::held_roles(request.index, semantics, domain, subject, &asked.roles, request.now);
        names.extend(full_role_names(domain.name(), held.iter().map(|role| role.name)));
        until = until.into_iter().chain(held.iter().filter_map(|role| role.until)).min();
    }
    if names.is_empty() && domains.iter().any(|domain| !domain.roles.is_empty()) {
        return Err(ApiError::forbidden("principal not included in requested roles"));
    }
    if !names.iter().all(|role| request.allowed(subject, ACTION, role)) {
        return Err(not_for_the_requested_role());
    }
    Ok((names, until))
}

/// Seconds the token lives: for a user that asks, no longer than its own ID tokens.
fn life(request: &Request<'_>, subject: &str) -> i64 {
    let config = &request.state.config.tokens;
    if request.caller.domain != request.state.user_domains.user.as_str() {
        return config.id_max_timeout;
    }
    oidc::user_life(request.state, request.index, subject, None, request.now)
}
