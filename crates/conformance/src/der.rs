//! Just enough DER writing (X.690) to make certificates, requests and signatures of any shape.

use x509_cert::der::asn1::ObjectIdentifier;

use athenz_model::Timestamp;

/// Encoded bytes of one value.
pub(crate) type Der = Vec<u8>;

pub(crate) fn tagged(tag: u8, content: &[u8]) -> Der {
    let mut out = vec![tag];
    let length = content.len().to_be_bytes();
    let used = length.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<_>>();
    match used.as_slice() {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

pub(crate) fn sequence<const N: usize>(parts: [Der; N]) -> Der {
    tagged(0x30, &parts.concat())
}

pub(crate) fn sequence_of(parts: &[Der]) -> Der {
    tagged(0x30, &parts.concat())
}

pub(crate) fn set(mut parts: Vec<Der>) -> Der {
    parts.sort();
    tagged(0x31, &parts.concat())
}

/// `[number] EXPLICIT`, or implicit when the value is constructed.
pub(crate) fn context(number: u8, content: &[u8]) -> Der {
    tagged(0xa0 | number, content)
}

/// `[number] IMPLICIT` of a primitive value.
pub(crate) fn implicit(number: u8, content: &[u8]) -> Der {
    tagged(0x80 | number, content)
}

/// A number that is not negative, from big-endian bytes.
pub(crate) fn integer(bytes: &[u8]) -> Der {
    let mut content: Vec<u8> = bytes.iter().skip_while(|byte| **byte == 0).copied().collect();
    if content.first().is_none_or(|byte| *byte >= 0x80) {
        content.insert(0, 0);
    }
    tagged(0x02, &content)
}

pub(crate) fn oid(identifier: &str) -> Der {
    tagged(0x06, ObjectIdentifier::new_unwrap(identifier).as_bytes())
}

pub(crate) fn null() -> Der {
    tagged(0x05, &[])
}

pub(crate) fn boolean(value: bool) -> Der {
    tagged(0x01, &[if value { 0xff } else { 0 }])
}

pub(crate) fn octets(content: &[u8]) -> Der {
    tagged(0x04, content)
}

/// A bit string of whole bytes.
pub(crate) fn bits(content: &[u8]) -> Der {
    tagged(0x03, &[&[0], content].concat())
}

pub(crate) fn utf8(text: &str) -> Der {
    tagged(0x0c, text.as_bytes())
}

pub(crate) fn printable(text: &str) -> Der {
    tagged(0x13, text.as_bytes())
}

/// A moment to the second: `UTCTime` before 2050, `GeneralizedTime` from then on (RFC 5280 §4.1.2.5).
pub(crate) fn time(moment: Timestamp) -> Der {
    let digits: String = moment.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    match digits.strip_prefix("20") {
        Some(short) if *short < *"50" => tagged(0x17, format!("{short}Z").as_bytes()),
        _ => tagged(0x18, format!("{digits}Z").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_numbers_and_times_have_their_shortest_form() {
        assert_eq!(octets(&[]), [4, 0]);
        assert_eq!(octets(&[7; 127])[..2], [4, 127]);
        assert_eq!(octets(&[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(octets(&[7; 300])[..4], [4, 0x82, 1, 44]);
        assert_eq!(integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0]), [2, 1, 0]);
        assert_eq!(time(Timestamp::from_seconds(1_700_000_000)), b"\x17\x0d231114221320Z");
        assert_eq!(time(Timestamp::from_seconds(2_600_000_000)), b"\x18\x0f20520522141320Z".to_vec());
    }
}
