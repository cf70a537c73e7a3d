//! The agent against a ZTS of the test.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first surprise")]

mod identity;
mod keys;
mod policies;
mod zts;
