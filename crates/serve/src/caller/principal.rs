//! Callers, and what an authority makes of a credential.

use std::net::IpAddr;
use std::sync::Arc;

use athenz_model::Timestamp;

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
