//! JWS, JWT and JWK (RFC 7515, 7517, 7518, 7519, 7638) as far as Athenz uses them.
//!
//! What a token says about itself is never followed: `jku`, `x5u`, `jwk` and `x5c` are not even
//! read, `crit` refuses the token, and a key is used only with its own algorithms.

mod claims;
mod compact;
mod flattened;
mod json;
mod jwk;

pub use claims::{ClaimError, Claims};
pub use compact::{
    COMPACT_BYTES_MAX, JwsError, JwsHeader, ProtectedHeader, UnverifiedJws, VerifiedJws, sign_compact,
    sign_compact_with,
};
pub use flattened::{DOCUMENT_BYTES_MAX, FlattenedJws, UnverifiedFlattenedJws, VerifiedDocument};
pub use json::{JsonError, parse_object};
pub use jwk::{CurveNames, JWK_SET_BYTES_MAX, JWK_SET_KEYS_MAX, Jwk, JwkError, JwkSet};

/// Longest `kid` of any issuer, in characters.
pub const KID_MAX: usize = 64;

/// Whether a `kid` may be looked up: 1 to 64 of the characters that key ids are made of in practice
/// (base64 of any kind, UUIDs, Athenz's), and nothing that looks like a way through a file system.
pub fn is_key_id(unverified_kid: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/=:~@".contains(&byte);
    !unverified_kid.is_empty()
        && unverified_kid.len() <= KID_MAX
        && unverified_kid.bytes().all(fits)
        && !unverified_kid.starts_with('/')
        && !unverified_kid.contains("..")
        && !unverified_kid.contains("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_are_checked_before_any_lookup() {
        for kid in ["0", "zts.ec.1", "cc413527-173f-5a05-976e-9c52b1d7b431", "x+y/z=", &"a".repeat(64)] {
            assert!(is_key_id(kid), "{kid}");
        }
        for kid in [
            "",
            "../../etc/passwd",
            "/dev/null",
            "https://evil.example/key",
            "0' OR '1'='1",
            "a b",
            "a\n",
            "a\0",
            "ключ",
            "a%2e",
            "a;b",
            &"a".repeat(65),
        ] {
            assert!(!is_key_id(kid), "{kid}");
        }
    }
}
