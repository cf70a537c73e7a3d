//! Where keys and policies come from on a real machine.
//!
//! Nothing here is called while a decision is made: [`TrustedKeys::refresh`] and
//! [`PolicyDirectory::reload`] run beside it, and a decision sees what they left.

mod directory;
mod keys;
mod peer;

pub use directory::{LoadError, LoadReport, PolicyDirectory};
pub use keys::{KeyFileError, KeyRefreshError, KeyRules, TrustedKeys};
pub use peer::{peer_certificate, role_certificate};
