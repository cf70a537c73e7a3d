//! The engine: a token, an action and a resource in, an answer with its reason out.

use std::borrow::Cow;
use std::sync::Arc;

use arc_swap::ArcSwap;
use athenz_model::{Clock, Timestamp};
use athenz_policy::{Decision, Outcome, Semantics, decide_with_roles, folded};

use super::admission::strip_bearer;
use super::binding::{BindingError, BindingRules, PeerCertificate};
use super::cache::TokenCache;
use super::encoding::to_base64url;
use super::policies::{DomainPolicies, PolicySet};
use super::role_certificate::{DistinguishedName, RoleCertificate};
use super::status::Status;
use super::token::{AdmittedToken, TokenError, TokenKind, TokenRules};
use super::verify::Verify;

/// Longest action, in bytes.
const ACTION_BYTES_MAX: usize = 1024;

/// Longest resource, in bytes.
const RESOURCE_BYTES_MAX: usize = 16 * 1024;

/// What is done with policies whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staleness {
    /// Nothing is granted by them so many seconds after their end.
    DenyAfter(i64),
    /// They stay in use; [`Answer::stale`] says so. As Athenz's libraries do.
    Ignore,
}

/// How an engine decides.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// What tokens must fulfil.
    pub tokens: TokenRules,
    /// How bindings to certificates are judged.
    pub binding: BindingRules,
    /// What is done with policies whose time is over.
    pub staleness: Staleness,
    /// Issuers of role certificates; empty means any that the TLS layer trusts.
    pub role_certificate_issuers: Vec<DistinguishedName>,
    /// Tokens that are remembered; 0 remembers none.
    pub token_cache_entries: usize,
    /// The rules of matching.
    pub semantics: Semantics,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            tokens: TokenRules::default(),
            binding: BindingRules::default(),
            staleness: Staleness::DenyAfter(0),
            role_certificate_issuers: Vec::new(),
            token_cache_entries: 10_240,
            semantics: Semantics::ours(),
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The action; case does not matter.
    pub action: &'a str,
    /// The resource, with or without its domain; case does not matter.
    pub resource: &'a str,
}

/// What a caller shows.
#[derive(Clone, Copy, Debug)]
pub struct Credential<'a> {
    /// An access or role token, with or without `Bearer`.
    pub token: &'a str,
    /// The certificate of the connection, if there is one.
    pub certificate: Option<&'a PeerCertificate>,
    /// The thumbprint of the caller's certificate, as a proxy tells it.
    pub forwarded_thumbprint: Option<&'a str>,
}

impl<'a> Credential<'a> {
    /// A token without a certificate.
    pub const fn token(token: &'a str) -> Self {
        Self { token, certificate: None, forwarded_thumbprint: None }
    }
}

/// A decision with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub status: Status,
    /// The role that decided, or the pattern that it matched, as Athenz's libraries report it.
    pub role: Option<String>,
    /// The policy whose assertion decided.
    pub policy: Option<String>,
    /// The number of that assertion, where the policies have numbers.
    pub assertion: Option<i64>,
    /// What was wrong, in words, where the status alone does not say it.
    pub detail: Option<String>,
    /// The domain that was decided in.
    pub domain: Option<String>,
    /// Whose token it was.
    pub principal: Option<String>,
    /// Whether the policies are past their time.
    pub stale: bool,
}

impl Answer {
    /// Whether access is granted.
    pub const fn is_allowed(&self) -> bool {
        self.status.is_allowed()
    }

    fn of(status: Status) -> Self {
        Self { status, ..Self::default() }
    }

    fn with_detail(status: Status, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::of(status) }
    }
}

/// Why there is no decision by an assertion.
#[derive(Debug)]
struct Refusal {
    status: Status,
    detail: Option<String>,
    stale: bool,
}

impl Refusal {
    const fn of(status: Status) -> Self {
        Self { status, detail: None, stale: false }
    }

    const fn with_detail(status: Status, detail: String) -> Self {
        Self { status, detail: Some(detail), stale: false }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { detail: refusal.detail, stale: refusal.stale, ..Self::of(refusal.status) }
    }
}

/// Decides for one set of keys and policies. Shared between threads; never blocks on the network.
#[derive(Debug)]
pub struct Engine<V> {
    verify: V,
    clock: Arc<dyn Clock>,
    options: EngineOptions,
    policies: ArcSwap<PolicySet>,
    tokens: TokenCache,
}

impl<V: Verify> Engine<V> {
    /// An engine without policies.
    pub fn new(verify: V, clock: Arc<dyn Clock>, options: EngineOptions) -> Self {
        let tokens = TokenCache::new(options.token_cache_entries);
        Self { verify, clock, options, policies: ArcSwap::default(), tokens }
    }

    /// The keys.
    pub const fn verifier(&self) -> &V {
        &self.verify
    }

    /// The policies in use.
    pub fn policies(&self) -> Arc<PolicySet> {
        self.policies.load_full()
    }

    /// Uses other policies from now on, all at once.
    pub fn replace_policies(&self, policies: PolicySet) {
        self.policies.store(Arc::new(policies));
    }

    /// Verifies a token, or remembers that it did.
    ///
    /// # Errors
    /// The token is not to be trusted, or its time is over.
    pub fn admit(&self, unverified_token: &str) -> Result<Arc<AdmittedToken>, TokenError> {
        let text = strip_bearer(unverified_token);
        let now = self.clock.now();
        let generation = self.verify.generation();
        let hash = self.verify.sha256(text.as_bytes());
        if let Some(token) = self.tokens.find(&hash, generation) {
            return token.check_alive(now).map(|()| token);
        }
        let token = Arc::new(AdmittedToken::admit(text, &self.verify, now, &self.options.tokens)?);
        self.tokens.insert(hash, Arc::clone(&token), generation, now);
        Ok(token)
    }

    /// Whether the bearer of a token may do this.
    pub fn check(&self, credential: Credential<'_>, question: Question<'_>) -> Answer {
        let token = match self.admit(credential.token) {
            Ok(token) => token,
            Err(error @ TokenError::Expired(_)) => {
                return Answer::with_detail(Status::DenyRoleTokenExpired, error);
            }
            Err(error) => return Answer::with_detail(Status::DenyRoleTokenInvalid, error),
        };
        let mut answer = match self.check_binding(&token, credential) {
            Ok(()) => self.decide(&token.domain, &token.roles, question),
            Err(error) => Answer::with_detail(Status::DenyCertHashMismatch, error),
        };
        answer.principal.clone_from(&token.principal);
        answer
    }

    /// Whether the bearer of several tokens may do this: any of them may allow, but an explicit
    /// denial of one stands.
    pub fn check_any(&self, credentials: &[Credential<'_>], question: Question<'_>) -> Answer {
        let mut allowed = None;
        let mut last = Answer::of(Status::DenyNoMatch);
        for credential in credentials {
            let answer = self.check(*credential, question);
            match answer.status {
                Status::Deny => return answer,
                Status::Allow if allowed.is_none() => allowed = Some(answer),
                Status::Allow => {}
                _ => last = answer,
            }
        }
        allowed.unwrap_or(last)
    }

    /// Whether the holder of a role certificate may do this.
    pub fn check_role_certificate(&self, certificate: &RoleCertificate, question: Question<'_>) -> Answer {
        match certificate.role(&self.options.role_certificate_issuers) {
            Ok((domain, role)) => self.decide(domain, &[role], question),
            Err(status) => Answer::of(status),
        }
    }

    /// Whether whoever has these roles of a domain may do this.
    pub fn decide<R: AsRef<str>>(&self, domain: &str, roles: &[R], question: Question<'_>) -> Answer {
        let mut answer = self.decide_in(domain, roles, question).unwrap_or_else(Answer::from);
        answer.domain = Some(domain.to_owned());
        answer
    }

    fn decide_in<R: AsRef<str>>(
        &self,
        domain: &str,
        roles: &[R],
        question: Question<'_>,
    ) -> Result<Answer, Refusal> {
        if roles.is_empty() || domain.is_empty() {
            return Err(Refusal::of(Status::DenyRoleTokenInvalid));
        }
        let (action, resource) = canonical(domain, question)?;
        let policies = self.policies.load();
        let policies = policies.domain(domain).ok_or(Refusal::of(Status::DenyDomainNotFound))?;
        let stale = self.is_stale(policies)?;
        if policies.compiled().is_empty() {
            return Err(Refusal { stale, ..Refusal::of(Status::DenyDomainEmpty) });
        }
        let roles: Vec<&str> = roles.iter().map(AsRef::as_ref).collect();
        let semantics = &self.options.semantics;
        let decision = decide_with_roles(policies.compiled(), domain, &roles, &action, &resource, semantics);
        Ok(Answer { stale, ..answer_of(domain, &decision) })
    }

    /// Whether the policies are past their time; an error where that ends them.
    fn is_stale(&self, policies: &DomainPolicies) -> Result<bool, Refusal> {
        let now: Timestamp = self.clock.now();
        let over = |grace: i64| policies.expires().plus_seconds(grace) < now;
        match self.options.staleness {
            Staleness::DenyAfter(grace) if over(grace) => {
                let detail = format!("they expired at {}; fetch them again", policies.expires());
                Err(Refusal { stale: true, ..Refusal::with_detail(Status::DenyDomainExpired, detail) })
            }
            _ => Ok(over(0)),
        }
    }

    fn check_binding(&self, token: &AdmittedToken, credential: Credential<'_>) -> Result<(), BindingError> {
        match token.kind {
            // role tokens know no binding
            TokenKind::Role => Ok(()),
            TokenKind::Access => {
                self.options.binding.check(token, credential.certificate, credential.forwarded_thumbprint)
            }
        }
    }

    /// The thumbprint of a certificate in DER, as tokens are bound to it.
    pub fn thumbprint(&self, certificate_der: &[u8]) -> String {
        to_base64url(&self.verify.sha256(certificate_der))
    }
}

/// Action and resource in lower case, the resource with its domain.
fn canonical<'a>(domain: &str, question: Question<'a>) -> Result<(Cow<'a, str>, Cow<'a, str>), Refusal> {
    let invalid = |detail: &str| Err(Refusal::with_detail(Status::DenyInvalidParameters, detail.to_owned()));
    if question.action.is_empty() || question.resource.is_empty() {
        return invalid("action and resource must not be empty");
    }
    if question.action.len() > ACTION_BYTES_MAX || question.resource.len() > RESOURCE_BYTES_MAX {
        return invalid("action or resource is too long");
    }
    let resource = folded(question.resource);
    let resource = match resource.split_once(':') {
        None => Cow::Owned(format!("{domain}:{resource}")),
        Some((prefix, _)) if prefix == domain => resource,
        Some((prefix, _)) => {
            let detail = format!("the resource is of domain {}, the token of {domain}", printable(prefix));
            return Err(Refusal::with_detail(Status::DenyDomainMismatch, detail));
        }
    };
    Ok((folded(question.action), resource))
}

fn answer_of(domain: &str, decision: &Decision<'_>) -> Answer {
    let status = match decision.outcome {
        Outcome::Allowed => Status::Allow,
        Outcome::Denied => Status::Deny,
        _ => Status::DenyNoMatch,
    };
    let Some(grounds) = &decision.by else { return Answer::of(status) };
    let pattern = || {
        let rest = grounds.assertion_role.strip_prefix(domain).and_then(|rest| rest.strip_prefix(":role."));
        rest.unwrap_or(grounds.assertion_role)
    };
    Answer {
        role: Some(grounds.role.unwrap_or_else(pattern).to_owned()),
        policy: Some(grounds.policy.to_owned()),
        assertion: (grounds.assertion != 0).then_some(grounds.assertion),
        ..Answer::of(status)
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(128).collect()
}
