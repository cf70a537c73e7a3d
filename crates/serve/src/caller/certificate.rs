//! Callers with a client certificate. The TLS layer has verified the chain; here the leaf is read.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use athenz_model::Timestamp;

use super::authority::{Authority, RequestFacts};
use super::principal::{Credential, Outcome, Principal};
use crate::peer::Leaf;

const PRINCIPAL_URI: &str = "athenz://principal/";
const ROLE_URI: &str = "athenz://role/";

/// Which certificates are taken.
#[derive(Clone, Debug, Default)]
pub struct CertificateRules {
    /// Issuers (distinguished name, RFC 2253) whose certificates count; others are passed over
    /// without an error. `None`: all that the TLS layer trusts.
    pub issuers: Option<HashSet<String>>,
    /// Refuse certificates for roles.
    pub exclude_role_certificates: bool,
    /// Principals that are refused.
    pub excluded_principals: HashSet<String>,
    /// Organizational units, with `*` for any text, that mark a certificate as restricted to TLS;
    /// `*:restricted` always does.
    pub restricted_units: Vec<String>,
}

/// Knows callers by their client certificate.
#[derive(Debug)]
pub struct CertificateAuthority {
    rules: CertificateRules,
    number: u64,
}

impl CertificateAuthority {
    /// An authority with these rules.
    pub fn new(rules: CertificateRules) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { rules, number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    fn identify(&self, leaf: &Leaf, request: &RequestFacts<'_>) -> Outcome {
        if self.rules.issuers.as_ref().is_some_and(|issuers| !issuers.contains(&leaf.issuer)) {
            return Outcome::NotPresent;
        }
        match self.principal(leaf, request) {
            Ok(principal) => Outcome::Principal(Arc::new(principal)),
            Err(note) => Outcome::Refused(note.to_owned()),
        }
    }

    fn principal(&self, leaf: &Leaf, request: &RequestFacts<'_>) -> Result<Principal, &'static str> {
        let [common_name] = leaf.common_names.as_slice() else {
            return Err("the certificate has no common name or several");
        };
        let is_role = common_name.contains(":role.");
        if is_role && self.rules.exclude_role_certificates {
            return Err("role certificates are not accepted");
        }
        let name = if is_role { role_principal(leaf)? } else { common_name.as_str() }.to_ascii_lowercase();
        if self.rules.excluded_principals.contains(&name) {
            return Err("the principal is excluded by configuration");
        }
        let (domain, service) = match name.rsplit_once('.') {
            Some((domain, service)) if !domain.is_empty() && !service.is_empty() => (domain, service),
            _ => return Err("the principal has no domain or no name"),
        };
        let is_for_role = is_role || leaf.uris.iter().any(|uri| uri.starts_with(ROLE_URI));
        Ok(Principal {
            domain: domain.into(),
            name: Some(service.into()),
            full_name: name.as_str().into(),
            credential: if is_for_role { Credential::RoleCertificate } else { Credential::Certificate },
            authority: self.id(),
            roles: is_role.then(|| vec![common_name.clone()]),
            role_principal: None,
            mtls_restricted: self.is_restricted(leaf),
            authorized_service: None,
            may_authorize: true,
            issued: Some(leaf.not_before),
            expires: Some(leaf.not_after),
            certificate_thumbprint: Some(Arc::clone(&leaf.thumbprint)),
            audit_text: leaf.subject.clone(),
            key_id: None,
            ip: request.remote,
        })
    }

    fn is_restricted(&self, leaf: &Leaf) -> bool {
        leaf.organizational_units.iter().any(|unit| {
            unit.ends_with(":restricted")
                || self.rules.restricted_units.iter().any(|pattern| matches(pattern, unit))
        })
    }
}

impl Authority for CertificateAuthority {
    fn id(&self) -> &'static str {
        "Auth-X509"
    }

    fn challenge(&self) -> Option<&str> {
        Some("AthenzX509Certificate realm=\"athenz\"")
    }

    fn authenticate(&self, request: &RequestFacts<'_>, now: Timestamp) -> Outcome {
        let peer = request.peer;
        let Some(leaf) = &peer.leaf else {
            return if peer.certificates.is_empty() {
                Outcome::NotPresent
            } else {
                Outcome::Refused("the certificate cannot be read".to_owned())
            };
        };
        // a connection may outlive the certificate it was made with
        if now.truncated_to_seconds() > leaf.not_after {
            return Outcome::Refused("the certificate has expired".to_owned());
        }
        if let Some(outcome) = peer.cached_identity(self.number) {
            return with_address(outcome, request);
        }
        let outcome = self.identify(leaf, request);
        peer.cache_identity(self.number, outcome.clone());
        outcome
    }
}

/// The cached caller, as calling from the address of this request.
fn with_address(outcome: &Outcome, request: &RequestFacts<'_>) -> Outcome {
    match outcome {
        Outcome::Principal(principal) if principal.ip != request.remote => {
            Outcome::Principal(Arc::new(Principal { ip: request.remote, ..Principal::clone(principal) }))
        }
        other => other.clone(),
    }
}

/// Who holds a role certificate: its principal URI, else its only e-mail's local part.
fn role_principal(leaf: &Leaf) -> Result<&str, &'static str> {
    let from_uri = leaf.uris.iter().find_map(|uri| uri.strip_prefix(PRINCIPAL_URI));
    let from_email = || match leaf.emails.as_slice() {
        [email] => email.split_once('@').map(|(local, _)| local),
        _ => None,
    };
    from_uri.or_else(from_email).filter(|name| !name.is_empty()).ok_or("Invalid role cert, no role principal")
}

/// Whether a text matches a pattern in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.split_once(part) {
            Some((_, rest)) => text = rest,
            None => return false,
        }
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Peer;
    use http::{HeaderMap, Method};

    fn leaf(common_name: &str) -> Leaf {
        Leaf {
            subject: format!("CN={common_name}"),
            issuer: "CN=ca".into(),
            common_names: vec![common_name.into()],
            not_after: Timestamp::from_seconds(1000),
            thumbprint: "t".into(),
            ..Leaf::default()
        }
    }

    fn outcome_at(rules: CertificateRules, leaf: Leaf, now: i64) -> Outcome {
        let remote = ([192, 0, 2, 1], 1).into();
        let peer = Peer::with_leaf(remote, leaf);
        let headers = HeaderMap::new();
        let facts = RequestFacts {
            method: &Method::GET,
            path: "/",
            headers: &headers,
            peer: &peer,
            remote: peer.ip(),
        };
        let authority = CertificateAuthority::new(rules);
        let first = authority.authenticate(&facts, Timestamp::from_seconds(now));
        let second = authority.authenticate(&facts, Timestamp::from_seconds(now));
        assert_eq!(format!("{first:?}"), format!("{second:?}"), "the cached outcome is the same");
        first
    }

    fn name(rules: CertificateRules, leaf: Leaf) -> String {
        match outcome_at(rules, leaf, 0) {
            Outcome::Principal(principal) => principal.full_name.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_common_name_is_the_principal() {
        for (common_name, expected) in [
            ("Sports.API", "sports.api"),
            ("a.b.c", "a.b.c"),
            ("nodot", "Refused(\"the principal has no domain or no name\")"),
            (".api", "Refused(\"the principal has no domain or no name\")"),
            ("sports.", "Refused(\"the principal has no domain or no name\")"),
        ] {
            assert_eq!(name(CertificateRules::default(), leaf(common_name)), expected);
        }
        let several = Leaf { common_names: vec!["a.b".into(), "c.d".into()], ..leaf("a.b") };
        assert!(name(CertificateRules::default(), several).starts_with("Refused"));
    }

    #[test]
    fn a_role_certificate_stands_for_its_principal() {
        let by_uri = Leaf {
            uris: vec!["spiffe://x/y".into(), "athenz://principal/sports.api".into()],
            ..leaf("weather:role.readers")
        };
        let Outcome::Principal(principal) = outcome_at(CertificateRules::default(), by_uri.clone(), 0) else {
            panic!()
        };
        assert_eq!(&*principal.full_name, "sports.api");
        assert_eq!(principal.roles.as_deref(), Some(&["weather:role.readers".to_owned()][..]));
        assert_eq!(principal.credential, Credential::RoleCertificate);
        let by_email = Leaf { emails: vec!["sports.api@aws".into()], ..leaf("weather:role.readers") };
        assert_eq!(name(CertificateRules::default(), by_email), "sports.api");
        assert!(
            name(CertificateRules::default(), leaf("weather:role.readers")).contains("no role principal")
        );
        let rules = CertificateRules { exclude_role_certificates: true, ..CertificateRules::default() };
        assert!(name(rules, by_uri).starts_with("Refused"));
    }

    #[test]
    fn a_role_certificate_in_the_newer_form_is_known_as_one() {
        let newer = Leaf { uris: vec!["athenz://role/weather/readers".into()], ..leaf("sports.api") };
        let Outcome::Principal(principal) = outcome_at(CertificateRules::default(), newer, 0) else {
            panic!()
        };
        assert_eq!((principal.credential, principal.roles.is_none()), (Credential::RoleCertificate, true));
    }

    #[test]
    fn rules_are_kept() {
        let rules =
            CertificateRules { issuers: Some(["CN=other".to_owned()].into()), ..CertificateRules::default() };
        assert_eq!(name(rules, leaf("a.b")), "NotPresent");
        let rules = CertificateRules {
            excluded_principals: ["a.b".to_owned()].into(),
            ..CertificateRules::default()
        };
        assert!(name(rules, leaf("A.B")).starts_with("Refused"));
        assert!(matches!(outcome_at(CertificateRules::default(), leaf("a.b"), 1001), Outcome::Refused(_)));
    }

    #[test]
    fn restricted_units() {
        let rules =
            CertificateRules { restricted_units: vec!["tls-*-only".into()], ..CertificateRules::default() };
        for (unit, restricted) in
            [("x:restricted", true), ("tls-x-only", true), ("tls-only", false), ("restricted", false)]
        {
            let leaf = Leaf { organizational_units: vec![unit.into()], ..leaf("a.b") };
            let Outcome::Principal(principal) = outcome_at(rules.clone(), leaf, 0) else { panic!() };
            assert_eq!(principal.mtls_restricted, restricted, "{unit}");
        }
    }

    #[test]
    fn stars() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axc", false),
            ("ab*ba", "aba", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
