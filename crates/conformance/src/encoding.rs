//! The base64 alphabets of tokens, keys and signatures.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// As in JWT: URL-safe, no padding.
pub(crate) fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// Reads what [`base64url`] writes; nothing if it is not that.
pub(crate) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

/// As in Athenz tokens and public keys: `.`, `_` and `-` for `+`, `/` and `=`.
pub(crate) fn ybase64(data: &[u8]) -> String {
    base64(data).replace('+', ".").replace('/', "_").replace('=', "-")
}
