//! The error form of the wire.

use serde::{Deserialize, Serialize};

/// `{"code": <status>, "message": "<text>"}`: what a client gets instead of an answer.
///
/// The message is for the client. What only an operator may see is logged where the error is
/// handled and never put here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} {message}")]
pub struct ApiError {
    /// The HTTP status, repeated in the body.
    pub code: u16,
    /// What is wrong, and where it helps, what to do next.
    pub message: String,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(message: impl Into<String>) -> Self {
            Self { code: $code, message: message.into() }
        }
    )*};
}

impl ApiError {
    constructors! {
        /// 400: the request is malformed or breaks a rule.
        bad_request = 400;
        /// 401: no credentials, or none that hold.
        unauthorized = 401;
        /// 403: the caller may not.
        forbidden = 403;
        /// 404: there is no such thing.
        not_found = 404;
        /// 405: the path knows no such method.
        method_not_allowed = 405;
        /// 406: the answer cannot be given in a form the client accepts.
        not_acceptable = 406;
        /// 409: somebody else's resource, or a conflicting change.
        conflict = 409;
        /// 413: the body is larger than the server takes.
        payload_too_large = 413;
        /// 415: the body is not in a form the server reads.
        unsupported_media_type = 415;
        /// 429: over a quota or a rate.
        too_many_requests = 429;
        /// 500: our fault.
        internal = 500;
        /// 502: another system we depend on answered with an error.
        bad_gateway = 502;
        /// 503: the store or another system cannot be reached now.
        unavailable = 503;
        /// 504: another system we depend on did not answer in time.
        gateway_timeout = 504;
    }
}
