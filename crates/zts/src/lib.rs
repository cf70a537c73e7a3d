//! ZTS: identity certificates, tokens, signed policies and access checks from a replica of ZMS.
//!
//! [`source`] brings domains, [`replica`] takes them into an immutable [`index`], and everything
//! else answers from that: [`access`], [`tokens`], [`policies`], [`signing`] for keys. [`api`] has a
//! handler for each operation, and [`State`] is what they share.
#![warn(missing_docs)]

pub mod access;
pub mod api;
pub mod caller;
pub mod certificates;
pub mod config;
pub mod index;
pub mod messages;
pub mod policies;
pub mod providers;
pub mod replica;
pub mod signing;
pub mod source;
pub mod state;
pub mod tokens;

pub use config::Config;
pub use replica::Replica;
pub use state::State;
