//! Who is calling: authorities are asked in order, the first that knows the caller wins.

mod certificate;
mod open_paths;
mod tokens;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use athenz_model::names::Grammar;
use athenz_model::operation::Authentication;
use athenz_model::{ApiError, Timestamp};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Method};

pub use certificate::{CertificateAuthority, CertificateRules};
pub use open_paths::{OpenPathError, OpenPaths};
pub use tokens::{AddressCheck, PrincipalTokenAuthority, PublicKeys, RoleTokenAuthority, TokenSettings};

use crate::peer::Peer;
use crate::wire::{Refusal, check_name};

/// How a caller has shown who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// An identity certificate.
    Certificate,
    /// A certificate for a role.
    RoleCertificate,
    /// An NToken.
    PrincipalToken,
    /// A role token.
    RoleToken,
    /// What an authority outside this crate takes: a password, an ID token.
    Other(&'static str),
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Principal {
    /// `domain.name`; the domain alone for a role token.
    pub full_name: Arc<str>,
    /// The domain part.
    pub domain: Arc<str>,
    /// The last part; none for a role token.
    pub name: Option<Arc<str>>,
    /// How it has shown who it is.
    pub credential: Credential,
    /// Id of the authority that knows it, as in the access log.
    pub authority: &'static str,
    /// Roles it acts in; `None` for an ordinary identity.
    pub roles: Option<Vec<String>>,
    /// Who holds the role token, where it says so.
    pub role_principal: Option<String>,
    /// A certificate that may only be used for TLS: it may authorize nothing.
    pub mtls_restricted: bool,
    /// The service through which a user acts, from a chained token.
    pub authorized_service: Option<String>,
    /// Whether anything may be authorized for it; not for a password.
    pub may_authorize: bool,
    /// When the credential was issued.
    pub issued: Option<Timestamp>,
    /// When the credential stops counting.
    pub expires: Option<Timestamp>,
    /// Thumbprint of the client certificate that authenticated it, for `cnf` of bound tokens.
    pub certificate_thumbprint: Option<Arc<str>>,
    /// The credential for the audit log: the subject of a certificate, a token without signature.
    pub audit_text: String,
    /// Id of the key that signed its token.
    pub key_id: Option<String>,
    /// The address it calls from.
    pub ip: IpAddr,
}

impl Principal {
    /// The name that logs and the name check use: who holds a role token, else the full name.
    pub fn log_name(&self) -> &str {
        self.role_principal.as_deref().unwrap_or(&self.full_name)
    }
}

/// What an authority sees of a request.
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as received.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The connection.
    pub peer: &'a Peer,
    /// The address it comes from, forwarding considered.
    pub remote: IpAddr,
}

/// Headers may hold secrets: they are not shown.
impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestFacts")
            .field("method", self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl RequestFacts<'_> {
    /// Whether the method writes: PUT, POST and DELETE.
    pub fn is_write(&self) -> bool {
        matches!(*self.method, Method::PUT | Method::POST | Method::DELETE)
    }

    /// The value of a header that authorities read, or of a cookie if the name is `Cookie.name`.
    pub fn credential(&self, header: &str) -> Option<&str> {
        if let Some(cookie) = header.strip_prefix("Cookie.") {
            return self.cookie(cookie);
        }
        self.headers.get(header)?.to_str().ok().filter(|value| !value.is_empty())
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let values =
            self.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// What an authority says of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The request holds no credential of this kind.
    NotPresent,
    /// This is the caller.
    Principal(Arc<Principal>),
    /// A credential is there and does not hold; another authority may still know the caller.
    /// The text is for the log and holds no secret.
    Refused(String),
    /// A credential is there and does not hold, and no other may stand in for it: a front end whose
    /// user's token is bad must not act as itself.
    RefusedFinally(String),
}

/// Knows one kind of credential.
pub trait Authority: Send + Sync + fmt::Debug {
    /// The id that stands in logs: `Auth-X509`.
    fn id(&self) -> &'static str;

    /// The `WWW-Authenticate` challenge, if there is one.
    fn challenge(&self) -> Option<&str>;

    /// Looks at a request.
    fn authenticate(&self, request: &RequestFacts<'_>, now: Timestamp) -> Outcome;
}

/// Whether an authenticated user is still one.
pub type UserCheck = Arc<dyn Fn(&Principal) -> bool + Send + Sync>;

/// The authorities of a server, in order.
#[derive(Default)]
pub struct Authenticator {
    authorities: Vec<Arc<dyn Authority>>,
    open_paths: OpenPaths,
    join_challenges: bool,
    refuse_restricted: bool,
    user_check: Option<UserCheck>,
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

    /// Asks of each authenticated caller whether it is still active.
    #[must_use]
    pub fn with_user_check(mut self, check: UserCheck) -> Self {
        self.user_check = Some(check);
        self
    }

    /// Finds the caller of a request: `None` where a path is open and no credential was shown.
    ///
    /// # Errors
    /// 401 with the challenges; 500 without any authority.
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
        if self.user_check.as_ref().is_some_and(|is_active| !is_active(&principal)) {
            return Err(ApiError::unauthorized("user is not valid").into());
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
