//! Role certificates: the subject names a domain and one role of it.

use super::status::Status;

/// What separates domain and role in the common name.
const SEPARATOR: &str = ":role.";

/// What a decision needs of a role certificate; its chain and dates are the TLS layer's to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleCertificate {
    /// The issuer's name, as text (RFC 4514).
    pub issuer: String,
    /// Common name of the subject.
    pub common_name: Option<String>,
}

impl RoleCertificate {
    /// The domain and the role, if the issuer is one of these; an empty list means any.
    pub(super) fn role(&self, issuers: &[DistinguishedName]) -> Result<(&str, &str), Status> {
        if !issuers.is_empty() {
            let issuer = DistinguishedName::parse(&self.issuer);
            if !issuer.is_some_and(|issuer| issuers.contains(&issuer)) {
                return Err(Status::DenyCertMismatchIssuer);
            }
        }
        let name = self.common_name.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or(Status::DenyCertMissingSubject)?;
        match name.split_once(SEPARATOR) {
            None | Some((_, "")) => Err(Status::DenyCertMissingRoleName),
            Some(("", _)) => Err(Status::DenyCertMissingDomain),
            Some(parts) => Ok(parts),
        }
    }
}

/// A distinguished name; the order of its parts does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName(Vec<(String, String)>);

impl DistinguishedName {
    /// Reads `C=US, O=Athenz, CN=name`, with `\` before a comma that belongs to a value.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        for part in split_unescaped(text) {
            let (kind, value) = part.split_once('=')?;
            let (kind, value) = (kind.trim(), value.trim());
            if kind.is_empty() || value.is_empty() {
                return None;
            }
            parts.push((kind.to_ascii_uppercase(), value.to_owned()));
        }
        parts.sort();
        (!parts.is_empty()).then_some(Self(parts))
    }
}

fn split_unescaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        match (c, parts.last_mut()) {
            (',', _) if !escaped => parts.push(String::new()),
            ('\\', _) if !escaped => {
                escaped = true;
                continue;
            }
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
        escaped = false;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_part_by_part() {
        let name = |text| DistinguishedName::parse(text);
        let athenz = name("C=US, ST=CA, O=Athenz, OU=Testing Domain, CN=angler:role.public");
        assert!(athenz.is_some());
        assert_eq!(athenz, name("CN=angler:role.public,OU=Testing Domain,O=Athenz,ST=CA,c=US"));
        for other in [
            "C=US, ST=CA, O=Athenz, OU=Testing Domain",
            "C=US, ST=CA, O=Athenz, OU=Testing Domain, CN=angler:role.public, L=x",
            "C=US, ST=CA, O=Athenz, OU=Other, CN=angler:role.public",
        ] {
            assert_ne!(athenz, name(other), "{other}");
        }
        assert_eq!(name("O=a\\, b"), Some(DistinguishedName(vec![("O".to_owned(), "a, b".to_owned())])));
        for text in ["", "nonsense", "O=", "=x", "O=a,"] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
