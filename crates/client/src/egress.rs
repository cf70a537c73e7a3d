//! Where outgoing calls may go.
//!
//! A URL often comes from a configuration that a tenant may write: a provider's endpoint, an
//! issuer's keys. So a name is resolved here, its addresses are judged, and the connection is made
//! to the very address that was judged.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::tls::SetupError;
use crate::url::server_url;

/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 64;

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Neither `https` nor an admitted `http`.
    #[error("calls go over https only, not `{0}`")]
    Scheme(String),
    /// No host, or a user name or password in the URL.
    #[error("the URL needs a host, and must not hold a user name or password")]
    Form,
    /// A host that the rules do not name.
    #[error("calls to `{0}` are not allowed; add the host to the egress rules if they should be")]
    Host(String),
    /// An address that the rules do not admit.
    #[error("`{host}` is at {address}, {kind}, which the egress rules do not admit")]
    Address {
        /// The host of the URL.
        host: String,
        /// An address of it.
        address: IpAddr,
        /// What the address is.
        kind: AddressKind,
    },
    /// The name has no address.
    #[error("`{0}` has no address; check the name")]
    NoAddress(String),
}

/// What an address is, as far as the rules care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// Reachable from everywhere.
    Public,
    /// Loopback, private or shared networks: reached when the host is named in the rules.
    Internal,
    /// Link-local, cloud metadata, multicast, reserved: reached only by naming the network.
    Special,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Internal => "a loopback or private address",
            Self::Special => "a link-local, metadata or reserved address",
        })
    }
}

impl AddressKind {
    /// The kind of an address; an IPv4 address inside an IPv6 one counts as what it is.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => kind_of_v4(address),
            IpAddr::V6(address) => kind_of_v6(address),
        }
    }
}

/// The rules: which hosts, and which addresses.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    any_public_host: bool,
    plain_http: bool,
    hosts: Vec<HostRule>,
    networks: Vec<Network>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct HostRule {
    host: String,
    port: Option<u16>,
}

impl Egress {
    /// Nothing at all; the `with_…` methods add to it.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Every host at a public address.
    pub fn public() -> Self {
        Self { any_public_host: true, ..Self::default() }
    }

    /// The host of a server that the operator named: its port, at a public or internal address.
    #[must_use]
    pub fn with_server(self, url: &Url) -> Self {
        let Some(host) = url.host_str() else { return self };
        let port = url.port_or_known_default();
        let rules = self.with_host(host, port);
        if url.scheme() == "http" { rules.with_plain_http() } else { rules }
    }

    /// As [`Self::with_server`], for a URL in text.
    ///
    /// # Errors
    /// Not the URL of a server.
    pub fn with_server_url(self, url: &str) -> Result<Self, SetupError> {
        Ok(self.with_server(&server_url(url, "")?))
    }

    /// A host by name or address, at a public or internal address; without a port at every port.
    #[must_use]
    pub fn with_host(mut self, host: &str, port: Option<u16>) -> Self {
        self.hosts.push(HostRule { host: folded(host), port });
        self
    }

    /// Addresses that are admitted whatever their kind.
    #[must_use]
    pub fn with_network(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// Also `http` without TLS.
    #[must_use]
    pub fn with_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Whether a call to this URL may be tried; names are judged again when they are resolved.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn check(&self, url: &Url) -> Result<(), EgressError> {
        if url.scheme() != "https" && !(self.plain_http && url.scheme() == "http") {
            return Err(EgressError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressError::Form);
        }
        let host = folded(url.host_str().ok_or(EgressError::Form)?);
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let named = self.names(&host, url.port_or_known_default());
        match literal {
            Ok(address) => self.check_address(&host, address, named),
            Err(_) if named || self.any_public_host || !self.networks.is_empty() => Ok(()),
            Err(_) => Err(EgressError::Host(host)),
        }
    }

    /// Whether a rule names the host of this URL at its port.
    pub(crate) fn names_server_of(&self, url: &Url) -> bool {
        url.host_str().is_some_and(|host| self.names(&folded(host), url.port_or_known_default()))
    }

    fn names(&self, host: &str, port: Option<u16>) -> bool {
        self.hosts.iter().any(|rule| rule.host == host && (rule.port.is_none() || rule.port == port))
    }

    fn check_address(&self, host: &str, address: IpAddr, named: bool) -> Result<(), EgressError> {
        let kind = AddressKind::of(address);
        let admitted = match kind {
            AddressKind::Public => named || self.any_public_host,
            AddressKind::Internal => named,
            AddressKind::Special => false,
        };
        if admitted || self.networks.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        Err(EgressError::Address { host: host.to_owned(), address, kind })
    }

    /// The addresses of a host that may be connected to; `named`: a rule names it at that port.
    fn admitted(
        &self,
        host: &str,
        addresses: impl Iterator<Item = SocketAddr>,
        named: bool,
    ) -> Result<Vec<SocketAddr>, EgressError> {
        let host = folded(host);
        let mut refused = EgressError::NoAddress(host.clone());
        let mut admitted = Vec::new();
        for address in addresses.take(ADDRESSES_MAX) {
            match self.check_address(&host, address.ip(), named) {
                Ok(()) => admitted.push(address),
                Err(error) => refused = error,
            }
        }
        if admitted.is_empty() { Err(refused) } else { Ok(admitted) }
    }
}

/// A network in the form `10.0.0.0/8` or `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
}

/// A text that is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network; write it as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork(String);

impl Network {
    /// Whether the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        as_number(address) & self.mask == self.base
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let wrong = || NotANetwork(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        let offset = if address.is_ipv4() { 96 } else { 0 };
        let bits = prefix.checked_add(offset).filter(|bits| *bits <= 128).ok_or_else(wrong)?;
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        Ok(Self { base: as_number(address) & mask, mask })
    }
}

/// Resolves names, and gives only addresses that the rules admit.
#[derive(Clone, Debug)]
pub(crate) struct GuardedResolver {
    pub(crate) rules: Arc<Egress>,
    /// Whether a rule names the hosts at the ports that are asked for.
    pub(crate) named: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (rules, named) = (Arc::clone(&self.rules), self.named);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let admitted = rules.admitted(name.as_str(), found, named)?;
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn folded(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn as_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        // Alibaba's metadata service lies in the shared address space
        [100, 100, 100, 200] => AddressKind::Special,
        [10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => AddressKind::Internal,
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => AddressKind::Special,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => AddressKind::Special,
        _ => AddressKind::Public,
    }
}

fn kind_of_v6(address: Ipv6Addr) -> AddressKind {
    if let Some(inner) = inner_v4(address) {
        return kind_of_v4(inner);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Internal,
        // metadata services of AWS and Google
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, ..] => AddressKind::Special,
        [0xfc00..=0xfdff, ..] => AddressKind::Internal,
        // Teredo and the rest of 2001::/23, and documentation
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Special,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Special,
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 (RFC 6052), 6to4.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(from(high, low))
        }
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn kinds_of_addresses() {
        for (text, kind) in [
            ("8.8.8.8", AddressKind::Public),
            ("2606:4700::1111", AddressKind::Public),
            ("127.0.0.1", AddressKind::Internal),
            ("10.1.2.3", AddressKind::Internal),
            ("172.31.0.1", AddressKind::Internal),
            ("172.32.0.1", AddressKind::Public),
            ("::1", AddressKind::Internal),
            ("fd12::1", AddressKind::Internal),
            ("169.254.169.254", AddressKind::Special),
            ("100.100.100.200", AddressKind::Special),
            ("0.0.0.0", AddressKind::Special),
            ("::", AddressKind::Special),
            ("fe80::1", AddressKind::Special),
            ("fd00:ec2::254", AddressKind::Special),
            ("255.255.255.255", AddressKind::Special),
            ("::ffff:127.0.0.1", AddressKind::Internal),
            ("::ffff:169.254.169.254", AddressKind::Special),
            ("::127.0.0.1", AddressKind::Internal),
            ("64:ff9b::a9fe:a9fe", AddressKind::Special),
            ("2002:7f00:1::", AddressKind::Internal),
            ("2001::1", AddressKind::Special),
        ] {
            assert_eq!(AddressKind::of(text.parse().unwrap()), kind, "{text}");
        }
    }

    #[test]
    fn a_public_rule_refuses_what_is_inside() {
        let rules = Egress::public();
        assert_eq!(rules.check(&url("https://example.com/keys")), Ok(()));
        for text in [
            "http://example.com/",
            "file:///etc/passwd",
            "https://user:secret@example.com/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://017700000001/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest/meta-data",
        ] {
            assert!(rules.check(&url(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_named_server_is_reached_at_its_port_only() {
        let rules = Egress::nothing().with_server(&url("https://localhost:4443/zms/v1"));
        assert_eq!(rules.check(&url("https://LOCALHOST.:4443/x")), Ok(()));
        assert!(rules.check(&url("https://localhost:22/")).is_err());
        assert!(rules.check(&url("https://example.com:4443/")).is_err());
        assert!(rules.check(&url("http://localhost:4443/")).is_err());
    }

    #[test]
    fn a_name_that_moves_to_a_forbidden_address_is_refused() {
        let addresses = |text: &str| [SocketAddr::new(text.parse().unwrap(), 0)].into_iter();
        let named = Egress::nothing().with_host("zts.example.com", None);
        assert!(named.admitted("zts.example.com", addresses("10.0.0.1"), true).is_ok());
        assert!(named.admitted("zts.example.com", addresses("169.254.169.254"), true).is_err());
        let public = Egress::public();
        assert!(public.admitted("evil.example.com", addresses("127.0.0.1"), false).is_err());
        let mixed = ["127.0.0.1", "8.8.8.8"].map(|text| SocketAddr::new(text.parse().unwrap(), 0));
        assert_eq!(public.admitted("a.example.com", mixed.into_iter(), false).unwrap(), [mixed[1]]);
        let network = Egress::nothing().with_network("169.254.0.0/16".parse().unwrap());
        assert!(network.admitted("m", addresses("169.254.169.254"), false).is_ok());
        assert!(network.admitted("m", addresses("8.8.8.8"), false).is_err());
    }

    #[test]
    fn a_name_counts_at_its_port_only_whatever_else_is_allowed() {
        let rules =
            Egress::nothing().with_host("p.internal", Some(443)).with_network("10.1.0.0/16".parse().unwrap());
        let inside = || [SocketAddr::new("10.2.0.1".parse().unwrap(), 0)].into_iter();
        for (text, reached) in [("https://p.internal/", true), ("https://p.internal:8443/", false)] {
            let url = url(text);
            // another port may be tried, for what the name may resolve to
            assert_eq!(rules.check(&url), Ok(()), "{text}");
            let named = rules.names_server_of(&url);
            assert_eq!(rules.admitted("p.internal", inside(), named).is_ok(), reached, "{text}");
        }
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.0.0.0", "10.0.0.0/33", "fd00::/129", "x/8", "10.0.0.0/-1"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("9.9.9.9".parse().unwrap()));
        assert!(!all.contains("fe80::1".parse().unwrap()));
    }
}
