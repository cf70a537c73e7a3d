//! The names of a certificate request, as asked for. Nothing here is true until the rules of
//! [`super::csr_rules`] or [`super::role_csr_rules`] have passed; what is issued is then built from
//! what they verified, never from this.

use std::net::IpAddr;

/// The most names of one kind a request may carry.
pub const MAX_NAMES: usize = 100;

/// Subject fields and alternative names of an unverified request or of a caller's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedNames {
    /// Common names of the subject.
    pub common_names: Vec<String>,
    /// Countries (C).
    pub countries: Vec<String>,
    /// Organizations (O).
    pub organizations: Vec<String>,
    /// Organizational units (OU).
    pub organizational_units: Vec<String>,
    /// dNSName entries.
    pub dns: Vec<String>,
    /// iPAddress entries.
    pub ips: Vec<IpAddr>,
    /// rfc822Name entries.
    pub emails: Vec<String>,
    /// uniformResourceIdentifier entries.
    pub uris: Vec<String>,
}

/// Why a request is not looked at any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// Two common names: which one would count depends on the reader.
    #[error("Unable to extract CN from CSR:CSR Subject contains multiple values for the same field.")]
    SeveralCommonNames,
    /// Two SPIFFE ids; the SPIFFE standard allows one.
    #[error("Invalid SPIFFE URI present in CSR")]
    SeveralSpiffeIds,
    /// More names than anybody needs.
    #[error("CSR carries too many names; ask for at most 100 of a kind")]
    TooMany,
}

impl RequestedNames {
    /// Refuses what no request may carry.
    ///
    /// # Errors
    /// [`NamesError`]
    pub fn check_shape(&self) -> Result<(), NamesError> {
        if self.common_names.len() > 1 {
            return Err(NamesError::SeveralCommonNames);
        }
        let counts = [self.dns.len(), self.ips.len(), self.emails.len(), self.uris.len()];
        if counts.into_iter().any(|count| count > MAX_NAMES) {
            return Err(NamesError::TooMany);
        }
        if self.spiffe_ids().count() > 1 {
            return Err(NamesError::SeveralSpiffeIds);
        }
        Ok(())
    }

    /// The common name.
    pub fn common_name(&self) -> Option<&str> {
        self.common_names.first().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The URIs by kind.
    pub fn classified_uris(&self) -> impl Iterator<Item = Uri<'_>> {
        self.uris.iter().map(|uri| Uri::of(uri))
    }

    /// The SPIFFE ids.
    pub fn spiffe_ids(&self) -> impl Iterator<Item = &str> {
        self.classified_uris().filter_map(|uri| if let Uri::Spiffe(id) = uri { Some(id) } else { None })
    }

    /// Instance ids, with the provider where the URI form names one.
    pub fn instance_ids(&self) -> impl Iterator<Item = InstanceId<'_>> {
        let by_uri = self.classified_uris().filter_map(|uri| match uri {
            Uri::InstanceId { provider, id } => Some(InstanceId { provider: Some(provider), id }),
            _ => None,
        });
        by_uri.chain(self.dns_instance_ids().map(|id| InstanceId { provider: None, id }))
    }

    /// Instance ids of the DNS form.
    pub fn dns_instance_ids(&self) -> impl Iterator<Item = &str> {
        self.dns.iter().filter_map(|name| Some(name.split_once(INSTANCE_ID_LABELS)?.0))
    }

    /// The host names of `athenz://hostname/` URIs.
    pub fn host_names(&self) -> impl Iterator<Item = &str> {
        self.classified_uris().filter_map(|uri| if let Uri::HostName(name) = uri { Some(name) } else { None })
    }
}

/// Marks a DNS name as carrier of an instance id: `<id>.instanceid.athenz.<suffix>`.
pub const INSTANCE_ID_LABELS: &str = ".instanceid.athenz.";

/// An instance id as a request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceId<'a> {
    /// The provider it is an id of; unknown in the DNS form.
    pub provider: Option<&'a str>,
    /// The id.
    pub id: &'a str,
}

/// A URI by its kind. Kinds are told apart without case, as a reader of the certificate might; only
/// an instance id counts in the lower case alone in which Athenz looks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uri<'a> {
    /// The whole `spiffe://…`.
    Spiffe(&'a str),
    /// `athenz://instanceid/<provider>/<id>`; an id may hold slashes, only to be refused later.
    InstanceId {
        /// The provider named.
        provider: &'a str,
        /// The id named.
        id: &'a str,
    },
    /// `athenz://hostname/<name>`
    HostName(&'a str),
    /// `athenz://principal/<name>`
    Principal(&'a str),
    /// `athenz://proxyuser/<name>`
    ProxyUser(&'a str),
    /// Anything else.
    Unknown(&'a str),
}

impl<'a> Uri<'a> {
    fn of(uri: &'a str) -> Self {
        if strip_prefix_ignoring_case(uri, "spiffe://").is_some() {
            return Self::Spiffe(uri);
        }
        if let Some(rest) = uri.strip_prefix("athenz://instanceid/") {
            let (provider, id) = rest.split_once('/').unwrap_or((rest, ""));
            return Self::InstanceId { provider, id };
        }
        let behind = |prefix| strip_prefix_ignoring_case(uri, prefix);
        if let Some(name) = behind("athenz://hostname/") {
            Self::HostName(name)
        } else if let Some(name) = behind("athenz://principal/") {
            Self::Principal(name)
        } else if let Some(name) = behind("athenz://proxyuser/") {
            Self::ProxyUser(name)
        } else {
            Self::Unknown(uri)
        }
    }
}

/// The rest of `text` behind `prefix`, ASCII case ignored.
pub fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Whether a DNS name is one a certificate may carry: labels of letters, digits, `-` and `_`, at
/// most a leading `*` label (RFC 6125, section 6.4.3), no trailing dot, 253 characters.
pub fn is_dns_name(name: &str) -> bool {
    let plain = name.strip_prefix("*.").unwrap_or(name);
    name.len() <= 253
        && !plain.is_empty()
        && plain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// A domain with dashes for dots, as it stands in DNS names.
pub fn dashed(domain: &str) -> String {
    domain.replace('.', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_told_apart_without_case() {
        for (uri, expected) in [
            ("SPIFFE://a/sa/b", Uri::Spiffe("SPIFFE://a/sa/b")),
            ("athenz://instanceid/p.q/i-1", Uri::InstanceId { provider: "p.q", id: "i-1" }),
            ("athenz://instanceid/p.q/a/b", Uri::InstanceId { provider: "p.q", id: "a/b" }),
            ("athenz://instanceid/p.q", Uri::InstanceId { provider: "p.q", id: "" }),
            ("Athenz://instanceid/p.q/i-1", Uri::Unknown("Athenz://instanceid/p.q/i-1")),
            ("athenz://hostname/h1", Uri::HostName("h1")),
            ("Athenz://Principal/user.admin", Uri::Principal("user.admin")),
            ("athenz://proxyuser/u", Uri::ProxyUser("u")),
            ("athenz://instancename/x/y", Uri::Unknown("athenz://instancename/x/y")),
            ("é", Uri::Unknown("é")),
        ] {
            assert_eq!(Uri::of(uri), expected, "{uri}");
        }
    }

    #[test]
    fn dns_names_are_plain_host_names() {
        for name in ["a", "a.b-c.example", "*.a.b", "A_1.x"] {
            assert!(is_dns_name(name), "{name}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for name in ["", ".", "a..b", "a.", ".a", "*", "a.*.b", "*a.b", "a b", "a\0.b", "ä.b", "a/b", &long]
        {
            assert!(!is_dns_name(name), "{name:?}");
        }
    }
}
