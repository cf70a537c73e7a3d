//! What the crate promises, tried from outside.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod jose;
mod keys;
mod openssl;
mod requests;
mod rubbish;
mod support;
mod tls;
mod x509;
