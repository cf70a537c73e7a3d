//! The authorities of a server: asked in order, the first that knows the caller wins.

use std::fmt;
use std::sync::Arc;

use athenz_model::names::Grammar;
use athenz_model::operation::Authentication;
use athenz_model::{ApiError, Timestamp};
use http::header::WWW_AUTHENTICATE;

use super::authority::{Authority, RequestFacts};
use super::open_paths::OpenPaths;
use super::principal::{Outcome, Principal};
use crate::wire::{Refusal, check_name};

/// Whether a caller with a good credential may come in.
pub type CallerCheck = Arc<dyn Fn(&Principal) -> Result<(), ApiError> + Send + Sync>;

/// The authorities of a server, in order.
#[derive(Default)]
pub struct Authenticator {
    authorities: Vec<Arc<dyn Authority>>,
    open_paths: OpenPaths,
    join_challenges: bool,
    refuse_restricted: bool,
    check: Option<CallerCheck>,
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authenticator")
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Asks these authorities, in this order.
    pub fn new(authorities: Vec<Arc<dyn Authority>>) -> Self {
        Self { authorities, ..Self::default() }
    }

    /// The paths that may be called without any credential.
    #[must_use]
    pub fn with_open_paths(mut self, open_paths: OpenPaths) -> Self {
        self.open_paths = open_paths;
        self
    }

    /// Sends all challenges in one header, not in one each.
    #[must_use]
    pub const fn with_joined_challenges(mut self) -> Self {
        self.join_challenges = true;
        self
    }

    /// Refuses mTLS-restricted certificates before anything else ([`Self::check_restricted`]), as
    /// ZTS does; ZMS refuses them where it authorizes.
    #[must_use]
    pub const fn refusing_restricted(mut self) -> Self {
        self.refuse_restricted = true;
        self
    }

    /// Asks this of each authenticated caller.
    #[must_use]
    pub fn with_check(mut self, check: CallerCheck) -> Self {
        self.check = Some(check);
        self
    }

    /// Finds the caller of a request: `None` where a path is open and no credential was shown.
    ///
    /// # Errors
    /// 401 with the challenges, or what the check of callers says; 500 without any authority.
    pub fn authenticate(
        &self,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<Principal>>, Refusal> {
        if self.authorities.is_empty() {
            return Err(ApiError::internal("No authorities configured").into());
        }
        let mut notes = String::new();
        for authority in &self.authorities {
            match authority.authenticate(request, now) {
                Outcome::NotPresent => {}
                Outcome::Principal(principal) => return self.admit(principal).map(Some),
                Outcome::Refused(note) => add_note(&mut notes, authority.id(), &note),
                Outcome::RefusedFinally(note) => {
                    add_note(&mut notes, authority.id(), &note);
                    break;
                }
            }
        }
        if notes.is_empty() && self.open_paths.contains(request.path) {
            return Ok(None);
        }
        Err(self.refusal(&notes))
    }

    fn admit(&self, principal: Arc<Principal>) -> Result<Arc<Principal>, Refusal> {
        if let Err(error) = check_name(principal.log_name(), Grammar::PrincipalName, "PrincipalName") {
            return Err(Refusal::from(error).noted("the caller's name is no principal name"));
        }
        if let Some(check) = &self.check {
            check(&principal)?;
        }
        Ok(principal)
    }

    /// Whether a caller may come to an operation at all, whatever its rights.
    ///
    /// # Errors
    /// 401 for a certificate that is for TLS only; the operations that name a right refuse it
    /// themselves.
    pub fn check_restricted(&self, caller: &Principal, asks: Authentication) -> Result<(), Refusal> {
        let names_right = matches!(asks, Authentication::Authorize { .. });
        if self.refuse_restricted && caller.mtls_restricted && !names_right {
            return Err(ApiError::unauthorized("certificate is mTLS restricted").into());
        }
        Ok(())
    }

    fn refusal(&self, notes: &str) -> Refusal {
        let mut refusal = Refusal::from(ApiError::unauthorized("Invalid credentials"));
        let challenges = self.challenges();
        if self.join_challenges {
            refusal = refusal.with_header(WWW_AUTHENTICATE, &challenges.join(", "));
        } else {
            for challenge in challenges {
                refusal = refusal.with_header(WWW_AUTHENTICATE, challenge);
            }
        }
        if notes.is_empty() { refusal.noted("no credential") } else { refusal.noted(notes) }
    }

    /// The 401 of a caller that showed nothing where something is needed.
    pub fn missing(&self) -> Refusal {
        self.refusal("")
    }

    fn challenges(&self) -> Vec<&str> {
        let mut challenges: Vec<&str> = Vec::new();
        for challenge in self.authorities.iter().filter_map(|authority| authority.challenge()) {
            if !challenges.contains(&challenge) {
                challenges.push(challenge);
            }
        }
        challenges
    }
}

fn add_note(notes: &mut String, id: &str, note: &str) {
    if !notes.is_empty() {
        notes.push_str("; ");
    }
    notes.push_str(id);
    notes.push_str(": ");
    notes.push_str(note);
}
