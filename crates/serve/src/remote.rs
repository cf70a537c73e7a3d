//! The address a request comes from.
//!
//! The socket's, unless a proxy named in the configuration says otherwise. The reference believes
//! `X-Forwarded-For` of any caller on 127.0.0.1; here nobody is believed who is not configured.

use std::net::IpAddr;
use std::str::FromStr;

use http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The most hops of a forwarding chain that are looked at.
const MAX_HOPS: usize = 16;

/// An address or a block of addresses: `10.0.0.0/8`, `::1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
    is_v4: bool,
}

/// A text that is no address block.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address or block of addresses; write 10.0.0.1 or 10.0.0.0/8")]
pub struct NetworkError(String);

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| error())?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| error())?;
        let (width, value) = number(address);
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(error());
        }
        let mask = u128::MAX.checked_shl(width - bits).unwrap_or(0);
        Ok(Self { base: value & mask, mask, is_v4: address.is_ipv4() })
    }
}

impl Network {
    /// Whether the address lies in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4 && number(address).1 & self.mask == self.base
    }
}

fn number(address: IpAddr) -> (u32, u128) {
    match address {
        IpAddr::V4(v4) => (32, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (128, u128::from(v6)),
    }
}

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// The proxies in these blocks.
    pub const fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Where a request comes from: the last forwarded address that is not itself a trusted proxy,
    /// if the socket's other end is one; else the socket's other end.
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.0.is_empty() || !self.trusts(socket) {
            return socket;
        }
        let mut client = socket;
        let hops = headers.get_all(&X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
        for hop in hops.into_iter().rev().take(MAX_HOPS) {
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn only_configured_proxies_are_believed() {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        for (socket, forwarded, client) in [
            ("192.0.2.1", Some("198.51.100.7"), "192.0.2.1"),
            ("127.0.0.1", Some("198.51.100.7"), "127.0.0.1"),
            ("10.1.2.3", None, "10.1.2.3"),
            ("10.1.2.3", Some("198.51.100.7"), "198.51.100.7"),
            ("::1", Some("198.51.100.7"), "198.51.100.7"),
            ("10.1.2.3", Some("1.1.1.1, 198.51.100.7, 10.9.9.9"), "198.51.100.7"),
            ("10.1.2.3", Some("nonsense"), "10.1.2.3"),
            ("10.1.2.3", Some("198.51.100.7, nonsense"), "10.1.2.3"),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(value) = forwarded {
                headers.insert(X_FORWARDED_FOR, HeaderValue::from_static(value));
            }
            let found = proxies.client(socket.parse().unwrap(), &headers);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{socket} {forwarded:?}");
        }
    }

    #[test]
    fn blocks() {
        for (text, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("fd00::/8", "fd12::1", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
        ] {
            assert_eq!(
                text.parse::<Network>().unwrap().contains(address.parse().unwrap()),
                inside,
                "{text} {address}"
            );
        }
        for bad in ["", "10.0.0.0/33", "example.org", "10.0.0.0/x"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }
}
