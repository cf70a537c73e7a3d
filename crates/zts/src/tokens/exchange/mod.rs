//! One token for another (RFC 8693): roles of another domain in the name of the subject, an ID
//! token for another client, an assertion for another server.
//!
//! The tokens that come in are ours: verified with our keys, whatever issuer they claim.

mod access;
mod id;
pub mod jag;

use athenz_model::{ApiError, Timestamp};

use super::answer::TokenAnswer;
use super::assertion::{self, VerifiedAssertion};
use super::form::{TokenForm, WantedToken};
use super::own::{OwnKind, OwnToken};
use crate::caller::Caller;
use crate::index::Index;
use crate::state::State;

/// A subject token that is so many seconds old was just made.
const MOMENTS: i64 = 10;

/// Who answers for a new token.
#[derive(Clone, Copy, Debug)]
pub struct Issuers<'a> {
    /// Issuer of access tokens, as the request chose it.
    pub access: &'a str,
    /// Issuer of ID tokens and of assertions for other servers.
    pub openid: &'a str,
}

/// What is asked, by whom, when.
#[derive(Clone, Copy, Debug)]
struct Request<'a> {
    state: &'a State,
    index: &'a Index,
    caller: Caller<'a>,
    form: &'a TokenForm,
    now: Timestamp,
}

/// A request for an exchange whose tokens are verified. Whether the caller may have it is still open.
#[derive(Debug)]
pub struct Exchange {
    wanted: WantedToken,
    subject: OwnToken,
    actor: Option<Actor>,
    client: Option<VerifiedAssertion>,
}

/// Who acts for the subject, shown by a token of its own.
#[derive(Debug)]
struct Actor {
    name: String,
    /// The token, where the actor itself signed it.
    assertion: Option<VerifiedAssertion>,
}

impl Exchange {
    /// Reads a request and verifies the tokens in it.
    ///
    /// # Errors
    /// 400 in Athenz's words.
    pub fn verify(form: &TokenForm, state: &State, index: &Index, now: Timestamp) -> Result<Self, ApiError> {
        let wanted = form.exchange()?;
        let subject = subject(form, wanted, state, index, now)?;
        form.check_audience()?;
        let actor = match (wanted, &form.unverified_actor_token) {
            (WantedToken::Access, Some(token)) => {
                form.check_actor_type()?;
                Some(Actor::verify(token, state, index, now).map_err(invalid_actor)?)
            }
            _ => None,
        };
        if let Some(actor) = &actor {
            check_may_act(&subject, &actor.name)?;
        }
        let client = match wanted {
            WantedToken::IdJag => assertion::of_form(form, index, &state.config, now)?,
            _ => None,
        };
        Ok(Self { wanted, subject, actor, client })
    }

    /// What shows who asks, where the connection does not.
    pub fn assertion(&self) -> Option<&VerifiedAssertion> {
        self.client.as_ref().or_else(|| self.actor.as_ref()?.assertion.as_ref())
    }

    /// Makes the new token, if the caller may have it.
    ///
    /// # Errors
    /// 400, 403 and 404 in Athenz's words; 500 when the key cannot sign.
    pub async fn issue(
        &self,
        state: &State,
        index: &Index,
        caller: Caller<'_>,
        form: &TokenForm,
        issuers: Issuers<'_>,
        now: Timestamp,
    ) -> Result<TokenAnswer, ApiError> {
        let request = Request { state, index, caller, form, now };
        match self.wanted {
            WantedToken::Access => {
                access::issue(request, &self.subject, self.actor.as_ref(), issuers.access).await
            }
            WantedToken::Id => id::issue(request, &self.subject, issuers.openid).await,
            WantedToken::IdJag => jag::issue(request, &self.subject, issuers.openid).await,
        }
    }
}

fn subject(
    form: &TokenForm,
    wanted: WantedToken,
    state: &State,
    index: &Index,
    now: Timestamp,
) -> Result<OwnToken, ApiError> {
    let invalid = |why: &dyn std::fmt::Display| {
        ApiError::bad_request(format!("Invalid subject token: Unable to parse token: {why}"))
    };
    let token = form.unverified_subject_token.as_deref().unwrap_or_default();
    let subject = OwnToken::verify(token, state, index, now).map_err(|error| invalid(&error))?;
    match (wanted, subject.kind) {
        // a token that opens a service says nothing about who sits before the screen
        (WantedToken::Id | WantedToken::IdJag, OwnKind::Access) => Err(invalid(&"an ID token is required")),
        (_, OwnKind::IdJag) => Err(invalid(&"an assertion for another server cannot be exchanged")),
        _ => Ok(subject),
    }
}

impl Actor {
    fn verify(token: &str, state: &State, index: &Index, now: Timestamp) -> Result<Self, String> {
        if assertion::names_issuer(token, &state.config) {
            let own = OwnToken::verify(token, state, index, now).map_err(|error| error.to_string())?;
            if own.kind == OwnKind::IdJag {
                return Err("an assertion for another server shows nobody here".to_owned());
            }
            return match own.text("sub") {
                "" => Err("missing subject".to_owned()),
                name => Ok(Self { name: name.to_owned(), assertion: None }),
            };
        }
        let own = assertion::check(token, index, &state.config, now)?;
        Ok(Self { name: own.service.clone(), assertion: Some(own) })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid_actor(why: String) -> ApiError {
    ApiError::bad_request(format!("Invalid actor token: Unable to parse token: {why}"))
}

/// Whether the subject token lets the actor act (RFC 8693 §4.4).
fn check_may_act(subject: &OwnToken, actor: &str) -> Result<(), ApiError> {
    let may_act = subject.claims.object("may_act").ok().flatten();
    let may_act =
        may_act.ok_or_else(|| ApiError::bad_request("Invalid subject token: missing may_act claim"))?;
    if may_act.get("sub").and_then(|sub| sub.as_str()) != Some(actor) {
        let text = "Invalid subject token: may_act sub does not match actor token subject";
        return Err(ApiError::bad_request(text));
    }
    Ok(())
}

/// How long a token made from another one lives.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// Seconds from now until it ends.
    seconds: i64,
    /// What the answer says, where the moments since the subject token was made do not count.
    told: i64,
}

impl Request<'_> {
    /// So many seconds, but no token outlives the one it came from, unless the operator wants it so.
    fn life_from(&self, subject: &OwnToken, seconds: i64) -> Life {
        if self.state.config.tokens.outlive_subject {
            return Life { seconds, told: seconds };
        }
        let until = |start: i64| seconds.min(subject.expires.seconds() - start).max(1);
        let now = self.now.seconds();
        let made = subject.claims.moment("iat").ok().flatten().map_or(now, Timestamp::seconds);
        let just_made = (now - MOMENTS..=now).contains(&made);
        Life { seconds: until(now), told: until(if just_made { made } else { now }) }
    }

    /// Refuses callers that act through a service, and those that act in a role: what a credential
    /// is narrowed to does not include to speak for others.
    fn check_caller(&self, call: &str) -> Result<(), ApiError> {
        if self.caller.authorized_service.is_some() {
            return Err(ApiError::forbidden(format!("Authorized service principal forbidden for {call}")));
        }
        if self.caller.is_role_identity() {
            return Err(crate::messages::role_identity());
        }
        Ok(())
    }

    /// Whether somebody may do something; a resource of an unknown domain is nobody's.
    fn allowed(&self, principal: &str, action: &str, resource: &str) -> bool {
        let semantics = &self.state.semantics;
        crate::access::allowed(self.index, semantics, principal, action, resource, None, self.now)
            .is_ok_and(|granted| granted)
    }

    /// Whether a token was made for the caller: it names the caller, or the client id that the
    /// caller's service is registered with.
    fn is_audience(&self, token: &OwnToken) -> bool {
        let audience = token.audience();
        let registered =
            self.index.service(self.caller.name).and_then(|service| service.client_id.as_deref());
        !audience.is_empty() && (audience == self.caller.name || registered == Some(audience))
    }
}

fn not_for_the_requested_role() -> ApiError {
    ApiError::forbidden("Principal not authorized for token exchange for the requested role")
}
