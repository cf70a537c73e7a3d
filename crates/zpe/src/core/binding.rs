//! Whether the holder of a certificate may use a token that is bound to one (RFC 8705).

use std::collections::BTreeSet;

use athenz_model::Timestamp;

use super::token::AdmittedToken;

/// Some signers of Athenz set the start of a certificate back by this, in seconds; others, ours and
/// the built-in one of Athenz among them, do not at all.
const BACKDATED_SECONDS: i64 = 3600;

/// The client certificate of a connection, verified by the TLS layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerCertificate {
    /// SHA-256 of the certificate in DER, as base64url without padding.
    pub thumbprint: String,
    /// Common name of the subject.
    pub common_name: Option<String>,
    /// The SPIFFE id, if there is exactly one.
    pub spiffe_id: Option<String>,
    /// Start of its validity.
    pub not_before: Option<Timestamp>,
}

/// What a certificate other than the bound one may do if it is of the same principal: the
/// principal may have got a new certificate since the token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewedCertificate {
    /// Nothing.
    Refuse,
    /// Use the token if it was issued at most so many seconds after the token, whether its start
    /// is the moment of issue or an hour before.
    Within(i64),
    /// Use the token, whenever it was issued. Athenz's default.
    Any,
}

/// How bindings are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingRules {
    /// What a renewed certificate may do.
    pub renewed: RenewedCertificate,
    /// Principals that end TLS for others and tell whose certificate it was. Empty means nobody.
    pub proxies: BTreeSet<String>,
    /// Whether access tokens without binding, or without a certificate at hand, are refused.
    pub required: bool,
}

impl Default for BindingRules {
    /// One hour for renewed certificates, no proxies, a binding judged only where there is a
    /// certificate.
    fn default() -> Self {
        Self { renewed: RenewedCertificate::Within(3600), proxies: BTreeSet::new(), required: false }
    }
}

/// The token is bound to another certificate, or to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// There is a certificate, but the token names none.
    #[error("the token is not bound to a certificate; get a new one over mutual TLS")]
    Unbound,
    /// A binding is required and no certificate is at hand.
    #[error("the token is bound to a certificate, and none was shown")]
    NoCertificate,
    /// Another certificate.
    #[error("the token is bound to another certificate; get a new token with this one")]
    OtherCertificate,
}

impl BindingRules {
    /// Whether the token may be used over a connection with this certificate. `forwarded` is the
    /// thumbprint that a proxy tells, believed only of those in [`Self::proxies`].
    ///
    /// # Errors
    /// It may not.
    pub fn check(
        &self,
        token: &AdmittedToken,
        certificate: Option<&PeerCertificate>,
        forwarded: Option<&str>,
    ) -> Result<(), BindingError> {
        let Some(certificate) = certificate else {
            return if self.required { Err(BindingError::NoCertificate) } else { Ok(()) };
        };
        let bound_to = token.bound_to.as_deref().ok_or(BindingError::Unbound)?;
        let holds = certificate.thumbprint == bound_to
            || self.is_renewed(token, certificate)
            || is_named_proxy(token, certificate)
            || (self.is_proxy(certificate) && forwarded == Some(bound_to));
        if holds { Ok(()) } else { Err(BindingError::OtherCertificate) }
    }

    fn is_renewed(&self, token: &AdmittedToken, certificate: &PeerCertificate) -> bool {
        let same = certificate.common_name.is_some() && certificate.common_name == token.client;
        let seconds = match self.renewed {
            RenewedCertificate::Refuse => return false,
            RenewedCertificate::Any => return same,
            RenewedCertificate::Within(seconds) => seconds,
        };
        let (Some(start), Some(issued)) = (certificate.not_before, token.issued) else { return false };
        let in_time = |made: Timestamp| (issued..=issued.plus_seconds(seconds)).contains(&made);
        same && (in_time(start) || in_time(start.plus_seconds(BACKDATED_SECONDS)))
    }

    fn is_proxy(&self, certificate: &PeerCertificate) -> bool {
        certificate.common_name.as_ref().is_some_and(|name| self.proxies.contains(name))
    }
}

fn is_named_proxy(token: &AdmittedToken, certificate: &PeerCertificate) -> bool {
    certificate
        .spiffe_id
        .as_ref()
        .is_some_and(|id| token.proxy_spiffe_ids.iter().any(|allowed| allowed.eq_ignore_ascii_case(id)))
}

#[cfg(test)]
mod tests {
    use super::super::token::TokenKind;
    use super::*;

    const ISSUED: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn token() -> AdmittedToken {
        AdmittedToken {
            kind: TokenKind::Access,
            domain: "shop".to_owned(),
            roles: vec!["reader".to_owned()],
            principal: Some("shop.web".to_owned()),
            client: Some("shop.web".to_owned()),
            issued: Some(ISSUED),
            expires: ISSUED.plus_seconds(7200),
            bound_to: Some("bound".to_owned()),
            proxy_spiffe_ids: vec!["spiffe://edge/sa/proxy".to_owned()],
        }
    }

    fn certificate(thumbprint: &str, name: &str, start_after_issue: i64) -> PeerCertificate {
        PeerCertificate {
            thumbprint: thumbprint.to_owned(),
            common_name: Some(name.to_owned()),
            spiffe_id: None,
            not_before: Some(ISSUED.plus_seconds(start_after_issue)),
        }
    }

    #[test]
    fn who_may_use_a_bound_token() {
        let ours = BindingRules { proxies: ["edge.proxy".to_owned()].into(), ..BindingRules::default() };
        let strict = BindingRules { renewed: RenewedCertificate::Refuse, ..BindingRules::default() };
        let athenz = BindingRules { renewed: RenewedCertificate::Any, ..BindingRules::default() };
        let short = BindingRules { renewed: RenewedCertificate::Within(60), ..BindingRules::default() };
        let spiffe = |id: &str| PeerCertificate {
            spiffe_id: Some(id.to_owned()),
            ..certificate("x", "edge.other", 0)
        };
        for (case, rules, certificate, forwarded, holds) in [
            ("the bound one", &strict, certificate("bound", "shop.web", 0), None, true),
            ("the bound one of any name", &strict, certificate("bound", "x", 0), None, true),
            ("stolen", &ours, certificate("x", "shop.thief", 0), None, false),
            ("renewed with the token", &ours, certificate("x", "shop.web", 0), None, true),
            ("renewed in time", &ours, certificate("x", "shop.web", 3600), None, true),
            ("renewed later", &ours, certificate("x", "shop.web", 3601), None, false),
            ("backdated with the token", &ours, certificate("x", "shop.web", -3600), None, true),
            ("older than the token", &ours, certificate("x", "shop.web", -3601), None, false),
            ("a short time", &short, certificate("x", "shop.web", 60), None, true),
            ("after a short time", &short, certificate("x", "shop.web", 61), None, false),
            ("backdated in a short time", &short, certificate("x", "shop.web", 60 - 3600), None, true),
            ("backdated after a short time", &short, certificate("x", "shop.web", 61 - 3600), None, false),
            ("shortly before the token", &short, certificate("x", "shop.web", -1), None, false),
            ("renewed, refused", &strict, certificate("x", "shop.web", 10), None, false),
            ("renewed long after, Athenz", &athenz, certificate("x", "shop.web", 999_999), None, true),
            ("listed proxy", &ours, certificate("x", "edge.proxy", 0), Some("bound"), true),
            ("listed proxy, other hash", &ours, certificate("x", "edge.proxy", 0), Some("y"), false),
            ("unlisted proxy", &ours, certificate("x", "edge.other", 0), Some("bound"), false),
            ("no list means nobody", &athenz, certificate("x", "edge.proxy", 0), Some("bound"), false),
            ("proxy named in the token", &ours, spiffe("SPIFFE://edge/sa/proxy"), None, true),
            ("other SPIFFE id", &ours, spiffe("spiffe://edge/sa/other"), None, false),
        ] {
            assert_eq!(rules.check(&token(), Some(&certificate), forwarded).is_ok(), holds, "{case}");
        }
    }

    #[test]
    fn a_certificate_makes_the_binding_mandatory() {
        let unbound = AdmittedToken { bound_to: None, ..token() };
        let shown = certificate("bound", "shop.web", 0);
        let rules = BindingRules::default();
        assert_eq!(rules.check(&unbound, Some(&shown), None), Err(BindingError::Unbound));
        assert_eq!(rules.check(&unbound, None, None), Ok(()));
        let required = BindingRules { required: true, ..rules };
        assert_eq!(required.check(&token(), None, None), Err(BindingError::NoCertificate));
    }
}
