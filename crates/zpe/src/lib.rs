//! Local decisions from a token and signed policies, without the network.
//!
//! * [`core`]: admission of tokens, verification of policies, decisions. No files, no network, no
//!   crypto library, no clock of its own; builds for wasm32.
//! * [`sources`] (a feature): real signatures, policy files as ZPU writes them, keys from
//!   `athenz.conf` and from the key set of ZTS.
#![warn(missing_docs)]

pub mod core;
#[cfg(feature = "sources")]
pub mod sources;

pub use crate::core::{Answer, Engine, EngineOptions, Status};
