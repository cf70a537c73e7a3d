//! Identity assertions for other servers (ID-JAG): made for an ID token, and redeemed, once, for an
//! access token.

use athenz_crypto::jose::sign_compact_with;
use athenz_crypto::random::uuid_v4;
use athenz_model::names::Grammar;
use athenz_model::{ApiError, Timestamp};

use super::{Request, not_for_the_requested_role};
use crate::access::HeldRole;
use crate::caller::Caller;
use crate::index::{DomainEntry, Index};
use crate::messages;
use crate::state::State;
use crate::tokens::access::roles;
use crate::tokens::answer::TokenAnswer;
use crate::tokens::assertion::UsedAssertion;
use crate::tokens::claims::{AccessClaims, Acting, Confirmation, MayAct};
use crate::tokens::form::{ID_JAG_TOKEN_TYPE, TokenForm};
use crate::tokens::lifetime::Wish;
use crate::tokens::own::{OwnKind, OwnToken};
use crate::tokens::scope::Scope;
use crate::tokens::{cannot_sign, full_role_names, life};

/// The longest life of an assertion, in seconds: every one that was redeemed is remembered so long.
const ASSERTION_LIFE_MAX: i64 = 7_200;

pub(super) async fn issue(
    request: Request<'_>,
    token: &OwnToken,
    issuer: &str,
) -> Result<TokenAnswer, ApiError> {
    request.check_caller("jag request")?;
    let subject = token.text("sub");
    if !request.is_audience(token) && !is_own_user_token(&request, token) {
        return Err(ApiError::bad_request("Invalid subject token audience"));
    }
    if subject.is_empty() {
        return Err(ApiError::bad_request("Invalid subject token - missing subject"));
    }
    let scope = request.form.scope.as_deref().unwrap_or_default();
    let (_, asked) = Scope::parse_of_access(scope, None)?;
    if asked.roles.is_empty() {
        return Err(ApiError::bad_request("Scope value does not contain any roles"));
    }
    let domain = request.index.domain(asked.name).ok_or_else(|| messages::no_such_domain(asked.name))?;
    let held = roles(request.state, request.index, domain, subject, &asked, request.now)?;
    let may = |role: &String| request.allowed(request.caller.name, "zts.jag_exchange", role);
    if !full_role_names(domain.name(), asked.roles.iter().copied()).iter().all(may) {
        return Err(not_for_the_requested_role());
    }
    let wish = Wish { max: request.form.expires_in, min: 0 };
    let life = life(&request.state.config.tokens, wish, domain, &held, request.now);
    let life = request.life_from(token, life.min(ASSERTION_LIFE_MAX));
    let names = full_role_names(domain.name(), held.iter().map(|role| role.name));
    let (names, scope) = (names.iter().map(String::as_str).collect::<Vec<_>>(), names.join(" "));
    let jti = uuid_v4(&*request.state.random);
    let claims = AccessClaims {
        aud: request.form.audience.as_deref(),
        client_id: request.caller.name,
        scp: &names,
        scope: &scope,
        resource: request.form.resource.as_deref(),
        auth_time: token.auth_time(request.now).seconds(),
        ..AccessClaims::new(&jti, issuer, subject, request.now, life.seconds)
    };
    let signers = request.state.signers();
    let signer = signers.main();
    let signed = sign_compact_with(&signer.key, &signer.jag_header, &claims).await;
    Ok(TokenAnswer {
        access_token: Some(signed.map_err(|error| cannot_sign(&error))?),
        token_type: "N_A",
        expires_in: life.told,
        scope: Some(scope.clone()),
        issued_token_type: Some(ID_JAG_TOKEN_TYPE),
        ..TokenAnswer::default()
    })
}

/// A user with its own certificate may have its own ID token exchanged, whatever client it was for.
fn is_own_user_token(request: &Request<'_>, token: &OwnToken) -> bool {
    let caller = request.caller;
    caller.thumbprint.is_some()
        && caller.domain == request.state.user_domains.user.as_str()
        && !token.audience().is_empty()
        && token.text("sub") == caller.name
}

/// An assertion that came back and was found to be ours.
#[derive(Debug)]
pub struct Redeemed(OwnToken);

impl Redeemed {
    /// Verifies an assertion.
    ///
    /// # Errors
    /// 400 in Athenz's words.
    pub fn verify(text: &str, state: &State, index: &Index, now: Timestamp) -> Result<Self, ApiError> {
        let invalid = |why: &dyn std::fmt::Display| {
            ApiError::bad_request(format!("Invalid assertion token: Unable to parse token: {why}"))
        };
        let token = OwnToken::verify(text, state, index, now).map_err(|error| invalid(&error))?;
        match token.kind {
            OwnKind::IdJag => Ok(Self(token)),
            OwnKind::Access | OwnKind::Id => Err(invalid(&"no identity assertion")),
        }
    }

    /// Makes the access token that the assertion promises.
    ///
    /// # Errors
    /// 400, 403 and 404 in Athenz's words; 500 when the key cannot sign.
    pub async fn issue(
        &self,
        state: &State,
        index: &Index,
        caller: Caller<'_>,
        form: &TokenForm,
        issuer: &str,
        now: Timestamp,
    ) -> Result<TokenAnswer, ApiError> {
        let request = Request { state, index, caller, form, now };
        self.check(&request)?;
        let scope = self.scope(form)?;
        let subject = self.0.text("sub");
        let subject_domain = subject.rsplit_once('.').map_or("", |(domain, _)| domain);
        let own_domain = state.config.tokens.scope_role_without_domain.then_some(subject_domain);
        let (_, asked) = Scope::parse_of_access(scope, own_domain)?;
        let domain = index.domain(asked.name).ok_or_else(|| messages::no_such_domain(asked.name))?;
        let roles = roles(state, index, domain, subject, &asked, now)?;
        let is_user = subject_domain == state.user_domains.user.as_str();
        let max = match is_user {
            true => state.config.tokens.jag_user_max_timeout,
            false => state.config.tokens.jag_service_max_timeout,
        };
        let life = life(&state.config.tokens, Wish { max, min: 0 }, domain, &roles, now);
        let names = Names::new(form, index, domain, &roles)?;
        self.take_once(&request).await?;
        let access_token = self.sign(&request, &names, issuer, life).await?;
        let tell = asked.roles.len() != roles.len();
        let scope = || full_role_names(domain.name(), roles.iter().map(|role| role.name)).join(" ");
        Ok(TokenAnswer {
            access_token: Some(access_token),
            token_type: "Bearer",
            expires_in: life,
            scope: tell.then(scope),
            ..TokenAnswer::default()
        })
    }

    fn check(&self, request: &Request<'_>) -> Result<(), ApiError> {
        request.check_caller("jag token exchange")?;
        if !request.state.config.accepts_issuer(self.0.audience()) {
            return Err(ApiError::bad_request("Unknown jag assertion audience"));
        }
        let client = self.0.text("client_id");
        let registered =
            request.index.service(request.caller.name).and_then(|service| service.client_id.as_deref());
        if client.is_empty() || (client != request.caller.name && registered != Some(client)) {
            return Err(ApiError::bad_request("Invalid jag assertion client_id"));
        }
        if let Some(actor) = &request.form.actor {
            messages::check_name("ServiceName", Grammar::CompoundName, actor)?;
            if request.caller.thumbprint.is_none() {
                return Err(ApiError::forbidden("Actor parameter requires X.509 authenticated principal"));
            }
        }
        if self.0.text("sub").is_empty() {
            return Err(ApiError::bad_request("Invalid jag assertion - missing subject"));
        }
        Ok(())
    }

    /// The scope of the assertion, or the part of it that the request names.
    fn scope<'a>(&'a self, form: &'a TokenForm) -> Result<&'a str, ApiError> {
        let promised = self.0.text("scope");
        if promised.trim().is_empty() {
            return Err(ApiError::bad_request("Invalid jag assertion - missing scope"));
        }
        let Some(wanted) = form.scope.as_deref().filter(|scope| !scope.trim().is_empty()) else {
            return Ok(promised);
        };
        let has = |item: &str| promised.split(' ').any(|promised| promised == item);
        if wanted.split(' ').filter(|item| !item.is_empty()).all(has) {
            return Ok(wanted);
        }
        Err(ApiError::bad_request("Invalid request: requested scope is not a subset of assertion scope"))
    }

    async fn take_once(&self, request: &Request<'_>) -> Result<(), ApiError> {
        let id = self.0.text("jti");
        if id.is_empty() {
            return Err(ApiError::bad_request("Invalid jag assertion - missing jti"));
        }
        let used = UsedAssertion { signer: "", id, quota: request.caller.domain, expires: self.0.expires };
        match request.state.take_assertion(&used, request.now).await? {
            true => Ok(()),
            false => Err(ApiError::bad_request("Invalid assertion token: the token was used before")),
        }
    }

    async fn sign(
        &self,
        request: &Request<'_>,
        names: &Names<'_>,
        issuer: &str,
        life: i64,
    ) -> Result<String, ApiError> {
        let (caller, subject) = (request.caller, self.0.text("sub"));
        let actor = request.form.actor.as_deref();
        let names_in_token: Vec<&str> = names.roles.iter().map(String::as_str).collect();
        let scope = names_in_token.join(" ");
        let jti = uuid_v4(&*request.state.random);
        let claims = AccessClaims {
            aud: names.audience.as_deref(),
            uid: Some(subject),
            client_id: caller.name,
            scp: &names_in_token,
            scope: &scope,
            cnf: caller.thumbprint.map(|thumbprint| Confirmation { thumbprint, proxies: &[] }),
            may_act: actor.map(|sub| MayAct { sub }),
            act: actor.map(|_| Acting { sub: caller.name, act: None }),
            auth_time: self.0.auth_time(request.now).seconds(),
            ..AccessClaims::new(&jti, issuer, subject, request.now, life)
        };
        let signers = request.state.signers();
        let signer = signers.main();
        let signed = sign_compact_with(&signer.key, &signer.access_header, &claims).await;
        signed.map_err(|error| cannot_sign(&error))
    }
}

/// Roles and audience as the token has them: short names for the domain, or full names for a
/// service of any domain.
struct Names<'a> {
    roles: Vec<String>,
    audience: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> Names<'a> {
    /// # Errors
    /// 400: a role shall join an audience that is no service, or the audience is of another domain.
    fn new(
        form: &'a TokenForm,
        index: &Index,
        domain: &'a DomainEntry,
        roles: &[HeldRole<'_>],
    ) -> Result<Self, ApiError> {
        let short = roles.iter().map(|role| role.name);
        if !form.full_names {
            let roles = short.map(str::to_owned).collect();
            return Ok(Self { roles, audience: Some(domain.name().into()) });
        }
        let roles = full_role_names(domain.name(), short);
        let audience = form.audience.as_deref();
        let audience = match roles.as_slice() {
            [only] if form.role_in_audience => {
                let service = audience.unwrap_or_default();
                messages::check_name("ServiceName", Grammar::CompoundName, service)?;
                Some(format!("{service}:{only}").into())
            }
            _ => audience.map(Into::into),
        };
        if let Some(audience) = audience.as_deref()
            && !cannot_mislead(audience, index, domain.name())
        {
            let text = format!("Invalid audience: {audience} is not of the domain of the roles");
            return Err(ApiError::bad_request(text));
        }
        Ok(Self { roles, audience })
    }
}

/// Whether nobody who reads the audience as the domain of the roles, up to a `:` if there is one,
/// takes them for roles of another domain: it is this domain, a service of it, or a URI.
fn cannot_mislead(audience: &str, index: &Index, domain: &str) -> bool {
    let audience = audience.to_ascii_lowercase();
    let name = audience.split(':').next().unwrap_or_default().trim();
    if name == domain {
        return true;
    }
    let service_of_domain = name.rsplit_once('.').is_some_and(|(owner, _)| owner == domain);
    let uri = audience.contains("://") || audience.starts_with("urn:");
    (service_of_domain || uri) && index.domain(name).is_none()
}
