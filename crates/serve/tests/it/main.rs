//! The router in process, and the listener over real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod listener;
mod router;
