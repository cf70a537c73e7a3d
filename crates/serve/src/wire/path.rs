//! Texts of a path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A segment of the path with its percent signs decoded, once. `None` where a percent sign is not
/// followed by two hexadecimal digits, the result is no UTF-8, or it holds a control character.
pub fn decode_segment(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    if !has_whole_escapes(segment.as_bytes()) {
        return None;
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

fn has_whole_escapes(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            (b'%', _) => return false,
            _ => tail,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once() {
        for (segment, decoded) in [
            ("plain", Some("plain")),
            ("user.%2A", Some("user.*")),
            ("a%252Fb", Some("a%2Fb")),
            ("a%2fb", Some("a/b")),
            ("%C3%A4", Some("ä")),
            ("a+b", Some("a+b")),
            ("%", None),
            ("%2", None),
            ("%zz", None),
            ("%ff", None),
            ("a%00", None),
            ("a%0Ab", None),
        ] {
            assert_eq!(decode_segment(segment).as_deref(), decoded, "{segment}");
        }
    }
}
