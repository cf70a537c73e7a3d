//! ZMS and ZTS clients, identities with reload, a token cache.
//!
//! * [`http`]: the one guarded HTTP client that every outgoing call goes through.
//! * [`egress`]: where that client may connect to.
//! * [`identity`]: certificate and key of the caller, read again when the files change.
//! * [`ZmsClient`], [`ZtsClient`]: the operations of the two servers.
//! * [`tokens`]: access tokens, asked for once and kept until they near their end.
#![warn(missing_docs)]

mod api;
pub mod egress;
pub mod http;
pub mod identity;
mod tls;
pub mod tokens;
mod url;
pub mod zms;
pub mod zts;

pub use athenz_crypto::tls::ServerIs;
pub use reqwest::Url;

pub use api::{ClientError, Document, Fetched};
pub use egress::Egress;
pub use http::{Answer, HttpClient, HttpError, HttpOptions, Limits, Request};
pub use identity::{Identity, IdentityError};
pub use tls::{SetupError, Trust};
pub use zms::ZmsClient;
pub use zts::ZtsClient;
