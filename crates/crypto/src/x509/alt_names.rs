//! Subject alternative names, and the URIs that Athenz writes into them.

use std::net::IpAddr;

use der::asn1::{Ia5String, OctetString};
use x509_cert::ext::pkix::name::GeneralName;

use super::has_spiffe_scheme;

/// Longest DNS name in text.
const DNS_BYTES_MAX: usize = 253;
/// Longest URI or mail address that we write or take from a request.
const TEXT_BYTES_MAX: usize = 2048;

/// One name of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    /// A DNS name, perhaps with a wildcard label in front.
    Dns(String),
    /// A URI.
    Uri(String),
    /// A mail address.
    Email(String),
    /// An IP address.
    Ip(IpAddr),
}

/// The names of a subject, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubjectAltNames {
    names: Vec<AltName>,
    other_kinds: Vec<&'static str>,
}

impl SubjectAltNames {
    /// Reads the names; `None` when one cannot be text that everybody reads alike.
    pub(super) fn read(names: &[GeneralName]) -> Option<Self> {
        let mut read = Self::default();
        for name in names {
            match name {
                GeneralName::DnsName(text) => read.names.push(AltName::Dns(plain(text)?)),
                GeneralName::UniformResourceIdentifier(text) => read.names.push(AltName::Uri(plain(text)?)),
                GeneralName::Rfc822Name(text) => read.names.push(AltName::Email(plain(text)?)),
                GeneralName::IpAddress(bytes) => read.names.push(AltName::Ip(ip_address(bytes.as_bytes())?)),
                GeneralName::OtherName(_) => read.other_kinds.push("otherName"),
                GeneralName::DirectoryName(_) => read.other_kinds.push("directoryName"),
                GeneralName::EdiPartyName(_) => read.other_kinds.push("ediPartyName"),
                GeneralName::RegisteredId(_) => read.other_kinds.push("registeredID"),
            }
        }
        Some(read)
    }

    /// All names that are DNS names, URIs, mail or IP addresses.
    pub fn names(&self) -> &[AltName] {
        &self.names
    }

    /// The DNS names.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter_map(|name| if let AltName::Dns(text) = name { Some(text.as_str()) } else { None })
    }

    /// The URIs.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter_map(|name| if let AltName::Uri(text) = name { Some(text.as_str()) } else { None })
    }

    /// The mail addresses.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.names
            .iter()
            .filter_map(|name| if let AltName::Email(text) = name { Some(text.as_str()) } else { None })
    }

    /// The IP addresses.
    pub fn ip_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.names
            .iter()
            .filter_map(|name| if let AltName::Ip(address) = name { Some(*address) } else { None })
    }

    /// Kinds of names that are there besides (`otherName`, `directoryName`, …); their contents are
    /// never used.
    pub fn other_kinds(&self) -> &[&'static str] {
        &self.other_kinds
    }

    /// Whether there is no name at all.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty() && self.other_kinds.is_empty()
    }

    /// The URIs that mean to be SPIFFE ids.
    pub fn spiffe_uris(&self) -> impl Iterator<Item = &str> {
        self.uris().filter(|uri| has_spiffe_scheme(uri))
    }

    /// The SPIFFE URI, if there is exactly one.
    pub fn spiffe_uri(&self) -> Option<&str> {
        let mut uris = self.spiffe_uris();
        let first = uris.next()?;
        if uris.next().is_some() { None } else { Some(first) }
    }

    /// What stands behind `athenz://principal/` in the first such URI.
    pub fn principal_uri(&self) -> Option<&str> {
        self.behind("athenz://principal/").next()
    }

    /// Domain and role of the first `athenz://role/<domain>/<role>`.
    pub fn role_uri(&self) -> Option<(&str, &str)> {
        self.role_uris().next()
    }

    /// Domains and roles of all `athenz://role/<domain>/<role>`.
    pub fn role_uris(&self) -> impl Iterator<Item = (&str, &str)> {
        self.behind("athenz://role/").filter_map(|rest| rest.split_once('/'))
    }

    /// Provider and id of all `athenz://instanceid/<provider>/<id>`.
    pub fn instance_id_uris(&self) -> impl Iterator<Item = (&str, &str)> {
        self.behind("athenz://instanceid/").filter_map(|rest| rest.split_once('/'))
    }

    /// Provider and id of the first `athenz://instanceid/<provider>/<id>`.
    pub fn instance_id_uri(&self) -> Option<(&str, &str)> {
        self.instance_id_uris().next()
    }

    /// What stands behind `athenz://hostname/` in the first such URI.
    pub fn hostname_uri(&self) -> Option<&str> {
        self.behind("athenz://hostname/").next()
    }

    /// What stands behind `athenz://proxyuser/` in all such URIs.
    pub fn proxy_user_uris(&self) -> impl Iterator<Item = &str> {
        self.behind("athenz://proxyuser/")
    }

    fn behind(&self, prefix: &'static str) -> impl Iterator<Item = &str> {
        self.uris().filter_map(move |uri| uri.strip_prefix(prefix))
    }

    /// Whether all names have a form that every reader agrees about: what we ask of requests.
    pub(super) fn all_well_formed(&self) -> bool {
        self.names.iter().all(AltName::is_well_formed)
    }
}

impl AltName {
    /// Whether the name has a form that every reader agrees about.
    pub(super) fn is_well_formed(&self) -> bool {
        match self {
            Self::Dns(text) => is_dns_name(text),
            Self::Uri(text) => {
                is_printable(text)
                    && text.len() <= TEXT_BYTES_MAX
                    && text.split_once(':').is_some_and(|(s, _)| is_scheme(s))
            }
            Self::Email(text) => {
                is_printable(text)
                    && text.len() <= TEXT_BYTES_MAX
                    && text.split('@').filter(|part| !part.is_empty()).count() == 2
                    && text.matches('@').count() == 1
            }
            Self::Ip(_) => true,
        }
    }

    pub(super) fn to_general_name(&self) -> Option<GeneralName> {
        if !self.is_well_formed() {
            return None;
        }
        Some(match self {
            Self::Dns(text) => GeneralName::DnsName(Ia5String::new(text).ok()?),
            Self::Uri(text) => GeneralName::UniformResourceIdentifier(Ia5String::new(text).ok()?),
            Self::Email(text) => GeneralName::Rfc822Name(Ia5String::new(text).ok()?),
            Self::Ip(IpAddr::V4(address)) => GeneralName::IpAddress(OctetString::new(address.octets()).ok()?),
            Self::Ip(IpAddr::V6(address)) => GeneralName::IpAddress(OctetString::new(address.octets()).ok()?),
        })
    }
}

/// Letters, digits, `-` and `_` in labels of 1 to 63; a first label may be `*` alone.
fn is_dns_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(fits);
    let rest = text.strip_prefix("*.").unwrap_or(text);
    text.len() <= DNS_BYTES_MAX && rest.split('.').all(label)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn plain(text: &Ia5String) -> Option<String> {
    let text = text.as_str();
    let control = text.bytes().any(|byte| byte.is_ascii_control());
    (!text.is_empty() && !control).then(|| text.to_owned())
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(octets.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_names() {
        let dns = |text: &str| AltName::Dns(text.to_owned());
        let uri = |text: &str| AltName::Uri(text.to_owned());
        let email = |text: &str| AltName::Email(text.to_owned());
        for name in [
            dns("api.weather-prod.athenz.cloud"),
            dns("*.api.x"),
            dns("API_1.x"),
            uri("athenz://instanceid/sys.auth.zts/i-1"),
            uri("spiffe://a/sa/b"),
            email("sports.api@aws.athenz.cloud"),
        ] {
            assert!(name.is_well_formed(), "{name:?}");
        }
        for name in [
            dns(""),
            dns("a..b"),
            dns(".a"),
            dns("a."),
            dns("a.*.b"),
            dns("*a.b"),
            dns("*"),
            dns("a b"),
            dns("a/b"),
            dns("a\0.b"),
            dns(&format!("{}.a", "b".repeat(64))),
            dns(&"a.".repeat(130)),
            uri("a b"),
            uri("no-scheme"),
            uri("://x"),
            uri(&format!("a:{}", "b".repeat(2048))),
            email("a"),
            email("@a"),
            email("a@"),
            email("a@b@c"),
            email("a@b c"),
        ] {
            assert!(!name.is_well_formed(), "{name:?}");
            assert!(name.to_general_name().is_none(), "{name:?}");
        }
    }

    #[test]
    fn uris_of_athenz() {
        let uris = [
            "athenz://instanceid/sys.auth.zts/a/b",
            "athenz://role/sports/readers",
            "athenz://principal/sports.api",
            "athenz://hostname/h1",
            "SPIFFE://a",
        ];
        let names = uris.iter().map(|uri| AltName::Uri((*uri).to_owned())).collect();
        let names = SubjectAltNames { names, other_kinds: vec![] };
        assert_eq!(names.instance_id_uri(), Some(("sys.auth.zts", "a/b")));
        assert_eq!(names.role_uri(), Some(("sports", "readers")));
        assert_eq!(names.principal_uri(), Some("sports.api"));
        assert_eq!(names.hostname_uri(), Some("h1"));
        assert_eq!(names.spiffe_uri(), Some("SPIFFE://a"));
        let both =
            SubjectAltNames { names: [names.names.clone(), names.names].concat(), other_kinds: vec![] };
        assert_eq!(both.spiffe_uri(), None, "one of two is not the one");
    }
}
