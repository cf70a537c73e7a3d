//! Decisions through the whole path: tokens and policies signed here, files on disk, real keys.

#![allow(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod attacks;
mod files;
mod golden;
mod signing;
