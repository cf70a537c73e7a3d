//! Assertions that are rules for packet filters: `TCP-IN:1024-65535:4443` on a service.

use athenz_model::wire::zms::{self, AssertionEffect};
use athenz_model::wire::zts::TransportDirection;

/// A rule, before its members are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransportAssertion {
    /// Short name of the service it is for.
    pub service: Box<str>,
    /// Short name of the role whose members are the other side.
    pub role: Box<str>,
    /// Whether the other side calls, or is called.
    pub direction: TransportDirection,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
    /// Ports of the caller, as written.
    pub source_ports: Box<str>,
    /// Port that is called.
    pub port: i32,
}

impl TransportAssertion {
    /// All rules of a domain. Only active policies and ALLOW assertions make any.
    pub(super) fn all(domain: &str, policies: &[zms::Policy]) -> Vec<Self> {
        let active = policies.iter().filter(|policy| policy.active.unwrap_or(true));
        let assertions = active.flat_map(|policy| policy.assertions.iter().flatten());
        let allowed = assertions.filter(|assertion| assertion.effect != Some(AssertionEffect::Deny));
        allowed.filter_map(|assertion| Self::new(domain, assertion)).collect()
    }

    fn new(domain: &str, assertion: &zms::Assertion) -> Option<Self> {
        let service = assertion.resource.as_deref()?.strip_prefix(domain)?.strip_prefix(':')?;
        let role = assertion.role.as_deref()?.strip_prefix(domain)?.strip_prefix(":role.")?;
        let action = assertion.action.as_deref()?;
        let rest =
            ["TCP-", "UDP-"].iter().find_map(|protocol| action.find(protocol).map(|at| (at, *protocol)));
        let (at, protocol) = rest?;
        let (direction, ports) = match action.get(at + protocol.len()..)?.split_once(':')? {
            ("IN", ports) => (TransportDirection::In, ports),
            ("OUT", ports) => (TransportDirection::Out, ports),
            _ => return None,
        };
        let (source, port) = ports.split_once(':')?;
        let (from, to) = source.split_once('-').unwrap_or((source, source));
        if !is_port(from) || !is_port(to) {
            return None;
        }
        let port = port.split(|c: char| !c.is_ascii_digit()).next().filter(|port| is_port(port))?;
        Some(Self {
            service: service.into(),
            role: role.into(),
            direction,
            protocol: if protocol == "TCP-" { "TCP" } else { "UDP" },
            source_ports: source.into(),
            port: port.parse().ok()?,
        })
    }
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_that_are_rules() {
        for (action, expected) in [
            ("TCP-IN:1024-65535:4443", Some((TransportDirection::In, "TCP", "1024-65535", 4443))),
            ("UDP-OUT:53:53", Some((TransportDirection::Out, "UDP", "53", 53))),
            ("x-TCP-OUT:1-2:8080y", Some((TransportDirection::Out, "TCP", "1-2", 8080))),
            ("tcp-in:1024-65535:4443", None),
            ("TCP-IN:1024-:4443", None),
            ("TCP-IN:1:123456", None),
            ("TCP-BOTH:1:2", None),
            ("read", None),
        ] {
            let assertion = zms::Assertion {
                action: Some(action.to_owned()),
                resource: Some("d:api".to_owned()),
                role: Some("d:role.r".to_owned()),
                ..zms::Assertion::default()
            };
            let made = TransportAssertion::new("d", &assertion);
            let made =
                made.as_ref().map(|rule| (rule.direction, rule.protocol, &*rule.source_ports, rule.port));
            assert_eq!(made, expected, "{action}");
        }
    }
}
