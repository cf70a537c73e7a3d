//! The two base64 forms of tokens, each with one text for one value.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// The longest key id.
const KEY_ID_MAX: usize = 64;

/// base64url without padding.
pub(super) fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// base64url without padding.
pub(super) fn to_base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// Athenz's base64, with `._-` for `+/=`.
pub(super) fn from_ybase64(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return None;
    }
    STANDARD.decode(text.replace('.', "+").replace('_', "/").replace('-', "=")).ok()
}

/// Whether a text may be looked up as the id of a key.
pub(super) fn is_key_id(unverified: &str) -> bool {
    (1..=KEY_ID_MAX).contains(&unverified.len())
        && unverified.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+/=:~@".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_value() {
        assert_eq!(from_ybase64(".__."), Some(vec![0xfb, 0xff, 0xfe]));
        assert_eq!(from_ybase64("Zm8-"), Some(b"fo".to_vec()));
        for text in ["Zm8=", "Zm8", "Zm9-", "+//+", "Zm8-\n"] {
            assert_eq!(from_ybase64(text), None, "{text}");
        }
        for text in ["Zm8=", "Zm9", "Z g"] {
            assert_eq!(from_base64url(text), None, "{text}");
        }
    }
}
