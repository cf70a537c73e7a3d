//! What every store must do, tried on each of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails stops"
)]

mod contract;
mod killed;
mod node;
mod postgres;
mod random;
mod sqlite;
