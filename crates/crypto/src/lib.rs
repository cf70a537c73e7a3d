//! Keys, signatures, tokens, certificates and TLS settings: the only crate with the crypto library.
//!
//! * [`keys`]: private and public keys, the algorithms each may use, signatures in both ECDSA forms.
//! * [`ring`]: signing keys with their states, and signers that may live elsewhere.
//! * [`jose`]: compact and flattened JWS, JWK sets, claims.
//! * [`ntoken`], [`role_token`]: the semicolon tokens of Athenz.
//! * [`x509`]: certificates, certificate requests, and the authority that issues.
//! * [`tls`]: settings of servers and clients, reloaded without restart.
//! * [`random`], [`digest`], [`secret`], [`pem`], [`ybase64`]: small tools of the above.
//!
//! What comes from outside is named `Unverified…` and turns into a verified type only through the
//! function that checks the signature.
#![warn(missing_docs)]

pub mod digest;
pub mod jose;
pub mod keys;
pub mod ntoken;
pub mod pem;
pub mod random;
pub mod ring;
pub mod role_token;
pub mod secret;
pub mod tls;
mod token_text;
pub mod x509;
pub mod ybase64;

pub use keys::{Algorithm, PrivateKey, PublicKey, SignatureForm};
pub use ring::{KeyId, KeyRing};
pub use secret::Secret;
