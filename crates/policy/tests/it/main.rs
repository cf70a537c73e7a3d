//! The engine against plain definitions of its rules, worked examples and golden vectors.
#![expect(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

mod allocations;
mod cases;
mod delegations;
mod examples;
mod globs;
mod member_lists;
mod plain;
mod vectors;
mod world;
