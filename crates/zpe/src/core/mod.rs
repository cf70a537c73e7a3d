//! Tokens in, decisions out: everything that needs neither files nor network.

mod access_token;
mod admission;
mod binding;
mod cache;
mod encoding;
mod engine;
mod policies;
mod policy_document;
mod role_certificate;
mod role_token;
mod status;
mod token;
mod verify;

pub use binding::{BindingError, BindingRules, PeerCertificate, RenewedCertificate};
pub use engine::{Answer, Credential, Engine, EngineOptions, Question, Staleness};
pub use policies::{DomainPolicies, PolicySet};
pub use policy_document::{PolicyError, UnverifiedPolicies, VerifiedPolicies};
pub use role_certificate::{DistinguishedName, RoleCertificate};
pub use status::Status;
pub use token::{AdmittedToken, TokenError, TokenKind, TokenRules};
pub use verify::{KeyOwner, Scheme, Verify, VerifyError};
