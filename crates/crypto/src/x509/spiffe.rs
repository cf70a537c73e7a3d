//! SPIFFE ids, strictly as their specification has them.

use std::fmt;

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 2048;
/// Longest trust domain, in bytes.
const TRUST_DOMAIN_BYTES_MAX: usize = 255;
const SCHEME: &str = "spiffe://";

/// The text is no SPIFFE id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SPIFFE id: spiffe://<trust domain>/<path>, without port, query, fragment or empty segments")]
pub struct NotSpiffe;

/// Whether a URI means to be a SPIFFE id, in any case.
pub fn has_spiffe_scheme(uri: &str) -> bool {
    uri.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// A SPIFFE id: `spiffe://`, a trust domain in lower case, and a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    text: String,
    path_at: usize,
}

impl SpiffeId {
    /// Reads an id.
    ///
    /// # Errors
    /// Another scheme or one in upper case, user, port, query, fragment, percent-encoding, an empty
    /// or dotted path segment, or characters that the specification does not allow.
    pub fn parse(text: &str) -> Result<Self, NotSpiffe> {
        let rest = text.strip_prefix(SCHEME).filter(|_| text.len() <= ID_BYTES_MAX).ok_or(NotSpiffe)?;
        let (domain, path) = rest.split_once('/').map_or((rest, None), |(domain, path)| (domain, Some(path)));
        let in_domain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
        };
        if domain.is_empty() || domain.len() > TRUST_DOMAIN_BYTES_MAX || !domain.bytes().all(in_domain) {
            return Err(NotSpiffe);
        }
        let in_path = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let segment = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(in_path);
        if !path.is_none_or(|path| path.split('/').all(segment)) {
            return Err(NotSpiffe);
        }
        Ok(Self { text: text.to_owned(), path_at: SCHEME.len() + domain.len() })
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        self.text.get(SCHEME.len()..self.path_at).unwrap_or_default()
    }

    /// The path with its leading slash, or nothing.
    pub fn path(&self) -> &str {
        self.text.get(self.path_at..).unwrap_or_default()
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_athenz() {
        for (text, domain, path) in [
            (
                "spiffe://athenz.io/ns/default/sa/weather.prod.api",
                "athenz.io",
                "/ns/default/sa/weather.prod.api",
            ),
            ("spiffe://weather.prod/sa/api", "weather.prod", "/sa/api"),
            ("spiffe://sports/ra/Readers_1", "sports", "/ra/Readers_1"),
            ("spiffe://athenz.io", "athenz.io", ""),
        ] {
            let id = SpiffeId::parse(text).unwrap();
            assert_eq!((id.as_str(), id.trust_domain(), id.path()), (text, domain, path));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "spiffe://",
            "spiffe:///sa/api",
            "SPIFFE://a/sa/api",
            "spiffe:/a/sa/api",
            "https://a/sa/api",
            "spiffe://A/sa/api",
            "spiffe://a:443/sa/api",
            "spiffe://user@a/sa/api",
            "spiffe://a/sa/../api",
            "spiffe://a/sa/./api",
            "spiffe://a/sa//api",
            "spiffe://a/sa/api/",
            "spiffe://a/",
            "spiffe://a/sa/%2e%2e",
            "spiffe://a/sa/api?x=1",
            "spiffe://a/sa/api#x",
            "spiffe://a/sa/a b",
            "spiffe://a/sa/ä",
            "spiffe://a/sa/api\0",
        ] {
            assert_eq!(SpiffeId::parse(text), Err(NotSpiffe), "{text}");
        }
        assert!(SpiffeId::parse(&format!("spiffe://a/{}", "b".repeat(2048))).is_err());
        assert!(
            has_spiffe_scheme("SPIFFE://a") && !has_spiffe_scheme("spiff") && !has_spiffe_scheme("https://é")
        );
    }
}
