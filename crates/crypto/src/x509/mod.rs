//! Certificates (RFC 5280), certificate requests (RFC 2986), and the authority that issues.
//!
//! A certificate is built from checked values only; nothing of a request is copied into it.

mod alt_names;
mod authority;
mod certificate;
mod csr;
mod csr_builder;
mod name;
mod signed;
mod spiffe;

pub use alt_names::{AltName, SubjectAltNames};
pub use authority::{Authority, ExtendedUsage, IssueError, IssueRequest, PreparedCertificate};
pub use certificate::{Certificate, CertificateError};
pub use csr::{CSR_BYTES_MAX, Csr, CsrError, RequestedExtension, UnverifiedCsr};
pub use csr_builder::{CsrBuildError, CsrBuilder};
pub use name::{DistinguishedName, Subject};
pub use spiffe::{NotSpiffe, SpiffeId, has_spiffe_scheme};
