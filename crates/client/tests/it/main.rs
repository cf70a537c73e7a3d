//! The clients against a server of the test, over real TLS on 127.0.0.1.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod calls;
mod guards;
mod identities;
mod server;
mod tokens;
