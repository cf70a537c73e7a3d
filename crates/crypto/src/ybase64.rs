//! Athenz's base64: ordinary base64 with `.`, `_` and `-` for `+`, `/` and `=`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Why a text is no ybase64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not ybase64: expected letters, digits, '.' and '_' in groups of four, padded with '-'")]
pub struct NotYBase64;

/// The text form of the bytes.
pub fn encode(bytes: &[u8]) -> String {
    // base64url shares the digit for 63; its digit for 62 is our padding, so the order matters
    let mut text = URL_SAFE_NO_PAD.encode(bytes).replace('-', ".");
    while !text.len().is_multiple_of(4) {
        text.push('-');
    }
    text
}

/// The bytes of the text.
///
/// # Errors
/// A length that is no multiple of four, another character, padding elsewhere than at the end, or
/// bits behind the last byte: one value has one text.
pub fn decode(text: &str) -> Result<Vec<u8>, NotYBase64> {
    if !text.len().is_multiple_of(4) {
        return Err(NotYBase64);
    }
    let digits = text.trim_end_matches('-');
    if text.len() - digits.len() > 2 || digits.contains('-') {
        return Err(NotYBase64);
    }
    URL_SAFE_NO_PAD.decode(digits.replace('.', "-")).map_err(|_| NotYBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg--"),
            (b"fo", "Zm8-"),
            (b"foo", "Zm9v"),
            // 111110 111111 111111 111110: 62, 63, 63, 62
            (&[0xfb, 0xff, 0xfe], ".__."),
            (&[0xff, 0xff, 0xff], "____"),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "Z", "Zg", "Zg-", "Zg==", "Zm9v-", "----", "Z---", "-Zg-", "Zh--", "Zm9-", "Zm9+", "Zm9/",
            "Zg-\n",
        ] {
            assert_eq!(decode(text), Err(NotYBase64), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            proptest::prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }
    }
}
