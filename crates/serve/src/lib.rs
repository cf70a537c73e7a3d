//! What every Athenz server needs: listener, authorities, limits, access log, errors on the wire,
//! metrics, configuration.
//!
//! The way of a request: [`listener`] takes the connection and makes a [`peer::Peer`] of it,
//! [`router`] finds the operation, reads the body, asks the mount's [`caller::Authenticator`] who
//! is calling and hands a [`router::Call`] to the handler; the answer is a [`wire::Answer`].
//! [`metrics`] and [`access_log`] see every request on its way out.
#![warn(missing_docs)]

pub mod access_log;
pub mod caller;
pub mod config;
pub mod freshness;
pub mod health;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod operations;
pub mod panics;
pub mod peer;
pub mod remote;
pub mod router;
pub mod schedule;
pub mod settings;
pub mod shutdown;
pub mod wire;

pub use caller::{Authenticator, Principal};
pub use listener::Server;
pub use peer::Peer;
pub use router::{Call, Mount, Router};
pub use wire::{Answer, Body, Refusal, Response};
