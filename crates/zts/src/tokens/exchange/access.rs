//! Access tokens of a subject in another domain: by a caller that both domains trust with it, or by
//! an actor whom the subject lets act.

use athenz_crypto::jose::sign_compact_with;
use athenz_crypto::random::uuid_v4;
use athenz_model::ApiError;
use athenz_model::names::Grammar;
use serde_json::Value;

use super::{Actor, Request, not_for_the_requested_role};
use crate::access::{self, HeldRole};
use crate::index::DomainEntry;
use crate::messages;
use crate::tokens::answer::TokenAnswer;
use crate::tokens::claims::{AccessClaims, Acting, Confirmation, MayAct};
use crate::tokens::lifetime::Wish;
use crate::tokens::own::OwnToken;
use crate::tokens::scope::Scope;
use crate::tokens::{ACCESS_TOKEN_CALL, cannot_sign, full_role_names, life};

/// Actors that one token may name, the present one included.
const MOST_ACTORS: usize = 16;

struct Granted<'a> {
    target: &'a DomainEntry,
    roles: Vec<HeldRole<'a>>,
}

pub(super) async fn issue(
    request: Request<'_>,
    subject: &OwnToken,
    actor: Option<&Actor>,
    issuer: &str,
) -> Result<TokenAnswer, ApiError> {
    request.check_caller("token exchange")?;
    check_actor(&request, actor)?;
    let granted = grant(&request, subject, actor)?;
    let wish = Wish { max: request.form.expires_in, min: 0 };
    let life = life(&request.state.config.tokens, wish, granted.target, &granted.roles, request.now);
    let life = request.life_from(subject, life);
    let names: Vec<&str> = granted.roles.iter().map(|role| role.name).collect();
    let act = actor.map(|_| acting(&request, subject)).transpose()?;
    let jti = uuid_v4(&*request.state.random);
    let claims = AccessClaims {
        aud: Some(granted.target.name()),
        uid: Some(request.caller.name),
        client_id: request.caller.name,
        cnf: request
            .caller
            .thumbprint
            .map(|thumbprint| Confirmation { thumbprint, proxies: &request.form.proxy_principals }),
        auth_time: subject.auth_time(request.now).seconds(),
        act,
        may_act: request.form.actor.as_deref().filter(|_| actor.is_some()).map(|sub| MayAct { sub }),
        ..AccessClaims::new(&jti, issuer, subject.text("sub"), request.now, life.seconds)
    };
    let scope = names.join(" ");
    let claims = AccessClaims { scp: &names, scope: &scope, ..claims };
    let signers = request.state.signers();
    let signer = signers.main();
    let token = sign_compact_with(&signer.key, &signer.access_header, &claims).await;
    Ok(TokenAnswer {
        access_token: Some(token.map_err(|error| cannot_sign(&error))?),
        token_type: "Bearer",
        expires_in: life.told,
        scope: Some(full_role_names(granted.target.name(), &names).join(" ")),
        ..TokenAnswer::default()
    })
}

fn check_actor(request: &Request<'_>, actor: Option<&Actor>) -> Result<(), ApiError> {
    let Some(actor) = actor else { return Ok(()) };
    if let Some(next) = &request.form.actor {
        messages::check_name("ServiceName", Grammar::CompoundName, next)?;
    }
    if actor.name != request.caller.name {
        return Err(ApiError::forbidden("Request principal does not match actor token principal"));
    }
    Ok(())
}

fn grant<'a>(
    request: &Request<'a>,
    subject: &OwnToken,
    actor: Option<&Actor>,
) -> Result<Granted<'a>, ApiError> {
    let audience = request.form.audience.as_deref().unwrap_or_default();
    messages::check_name("DomainName", Grammar::CompoundName, audience)?;
    let target = request
        .index
        .domain(audience)
        .ok_or_else(|| ApiError::not_found(format!("No such target domain: {audience}")))?;
    let source = subject.audience();
    if request.index.domain(source).is_none() {
        return Err(ApiError::not_found(format!("No such source domain: {source}")));
    }
    let asked = roles_asked(request.form.scope.as_deref(), subject.text("scope"), target.name())?;
    let (principal, semantics) = (subject.text("sub"), &request.state.semantics);
    let roles = access::held_roles(request.index, semantics, target, principal, &asked, request.now);
    if roles.is_empty() {
        return Err(messages::not_in_role(ACCESS_TOKEN_CALL, principal, target.name(), true));
    }
    let may = |action, resource: &str| request.allowed(request.caller.name, action, resource);
    if actor.is_none() && !may("zts.token_source_exchange", &format!("{source}:{}", target.name())) {
        return Err(ApiError::forbidden(
            "Principal not authorized for token impersonation from source domain",
        ));
    }
    let resource = |role: &HeldRole<'_>| format!("{}:{source}:role.{}", target.name(), role.name);
    if !roles.iter().all(|role| may("zts.token_target_exchange", &resource(role))) {
        return Err(not_for_the_requested_role());
    }
    Ok(Granted { target, roles })
}

/// The roles of the subject token, or those of them that the request names.
fn roles_asked<'a>(wanted: Option<&'a str>, held: &'a str, target: &str) -> Result<Vec<&'a str>, ApiError> {
    let refused = || ApiError::bad_request("Invalid scope for token exchange");
    let held: Vec<&str> = held.split(' ').filter(|role| !role.is_empty()).collect();
    if held.is_empty() {
        return Err(refused());
    }
    let Some(wanted) = wanted.filter(|scope| !scope.is_empty()) else { return Ok(held) };
    let (_, domain) = Scope::parse_of_access(wanted, None)?;
    let within = domain.roles.iter().all(|role| held.contains(role));
    if domain.name != target || !within {
        return Err(refused());
    }
    if domain.roles.is_empty() { Ok(held) } else { Ok(domain.roles) }
}

/// The caller as actor, before those of the subject token.
fn acting<'a>(request: &Request<'a>, subject: &'a OwnToken) -> Result<Acting<'a>, ApiError> {
    let before = subject.claims.value("act");
    let (mut actors, mut at) = (1, before);
    while let Some(actor) = at {
        actors += 1;
        if !actor.is_object() || actors > MOST_ACTORS {
            let text = format!("Invalid subject token: act must name at most {MOST_ACTORS} actors");
            return Err(ApiError::bad_request(text));
        }
        at = actor.get("act");
    }
    Ok(Acting { sub: request.caller.name, act: before.filter(|act| *act != &Value::Null) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_only_narrow_the_roles() {
        let refused = || Err("Invalid scope for token exchange");
        for (wanted, held, answer) in [
            (None, "a b", Ok(vec!["a", "b"])),
            (Some(""), "a b", Ok(vec!["a", "b"])),
            (Some("t:domain"), "a b", Ok(vec!["a", "b"])),
            (Some("t:role.b"), "a b", Ok(vec!["b"])),
            (Some("t:role.b t:role.c"), "a b", refused()),
            (Some("t:role.co-b"), "b", refused()),
            (Some("s:role.b"), "a b", refused()),
            (Some("t:role.a"), "", refused()),
            (Some("t:role.a s:role.b"), "a b", Err("Multiple domains in scope")),
            (Some("openid"), "a b", Err("No domains in scope")),
            (Some("openid t:role.a"), "a b", Err("No audience service name for openid scope")),
        ] {
            let given = roles_asked(wanted, held, "t");
            assert_eq!(
                given.as_ref().map_err(|error| error.message.as_str()),
                answer.as_ref().map_err(|text| *text),
                "{wanted:?} of {held:?}"
            );
        }
    }
}
