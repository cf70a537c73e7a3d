//! The built `athenzd`, as its users meet it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests stand outside of test functions"
)]

mod admin;
mod alone;
mod config;
mod dev;
mod program;
mod tutorial;
