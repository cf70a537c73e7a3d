//! ZTS without sockets: a small world, callers with certificates, and every kind of answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stand outside of test functions"
)]

mod access;
mod confusion;
mod discovery;
mod exchange;
mod freshness;
mod oidc;
mod policies;
mod poll;
mod replica;
mod stale;
mod tokens;
mod world;
