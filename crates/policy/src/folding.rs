//! How actions and resources lose their case, wherever they are stored or asked for.

use std::borrow::Cow;

/// The text in lower case, of all alphabets (as recorded). What is in lower case already is not
/// copied.
pub fn folded(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        Cow::Owned(text.to_lowercase())
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_alphabets_fold() {
        for (text, lower) in
            [("read", "read"), ("Read:X", "read:x"), ("DÉPÔT", "dépôt"), ("ΑΒΓ", "αβγ"), ("日本", "日本")]
        {
            assert_eq!(folded(text), lower);
        }
        assert!(matches!(folded("sports:data"), Cow::Borrowed(_)));
    }
}
