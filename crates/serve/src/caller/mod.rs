//! Who is calling.

mod authenticator;
mod authority;
mod certificate;
mod departed;
mod open_paths;
pub(crate) mod principal;
mod tokens;

pub use authenticator::{Authenticator, CallerCheck};
pub use authority::{Authority, RequestFacts};
pub use certificate::{CertificateAuthority, CertificateRules};
pub use departed::check_not_departed;
pub use open_paths::{OpenPathError, OpenPaths};
pub use principal::{Credential, Outcome, Principal};
pub use tokens::{AddressCheck, PrincipalTokenAuthority, PublicKeys, RoleTokenAuthority, TokenSettings};
