//! Callers with a token of Athenz's own: NTokens and role tokens.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use athenz_crypto::PublicKey;
use athenz_crypto::ntoken::{self, PrincipalToken, UnverifiedPrincipalToken, ZTS_SERVICE};
use athenz_crypto::role_token::{self, RoleToken, UnverifiedRoleToken};
use athenz_model::Timestamp;

use super::authority::{Authority, RequestFacts};
use super::principal::{Credential, Outcome, Principal};

/// The registered public keys of services.
pub trait PublicKeys: Send + Sync + fmt::Debug {
    /// The key of a service (full name, lower case) by its id.
    fn public_key(&self, service: &str, key_id: &str) -> Option<PublicKey>;
}

/// When a user's token must come from the address it was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressCheck {
    /// On every request.
    All,
    /// When something is written, unless a service acts for the user.
    #[default]
    Writes,
    /// Never.
    None,
}

/// How tokens are judged.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The header they come in, or `Cookie.name`.
    pub header: String,
    /// Clock difference that is tolerated, in seconds.
    pub allowed_offset_seconds: i64,
    /// Longest life that is accepted, in seconds.
    pub max_expiry_seconds: i64,
    /// Whether a token without expiry may read.
    pub never_expires_allowed: bool,
    /// The domain of people.
    pub user_domain: String,
    /// When addresses are compared.
    pub address_check: AddressCheck,
}

impl TokenSettings {
    fn new(header: &str) -> Self {
        let rules = ntoken::VerifyRules::default();
        Self {
            header: header.to_owned(),
            allowed_offset_seconds: rules.allowed_offset_seconds,
            max_expiry_seconds: rules.max_expiry_seconds,
            never_expires_allowed: false,
            user_domain: rules.user_domain,
            address_check: AddressCheck::default(),
        }
    }

    /// The settings of the reference for NTokens.
    pub fn principal() -> Self {
        Self::new("Athenz-Principal-Auth")
    }

    /// The settings of the reference for role tokens.
    pub fn role() -> Self {
        Self::new("Athenz-Role-Auth")
    }

    /// Whether the request comes from where the token was made for, as far as that matters.
    fn address_fits(
        &self,
        bound_to: Option<&str>,
        acts_through_service: bool,
        request: &RequestFacts<'_>,
    ) -> bool {
        let matters = match self.address_check {
            AddressCheck::All => true,
            AddressCheck::Writes => request.is_write() && !acts_through_service,
            AddressCheck::None => false,
        };
        let bound_to =
            bound_to.and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical());
        !matters || bound_to == Some(request.remote)
    }
}

/// Knows callers by an NToken.
#[derive(Debug)]
pub struct PrincipalTokenAuthority {
    settings: TokenSettings,
    keys: Arc<dyn PublicKeys>,
}

impl PrincipalTokenAuthority {
    /// An authority with these settings, which finds keys there.
    pub fn new(settings: TokenSettings, keys: Arc<dyn PublicKeys>) -> Self {
        Self { settings, keys }
    }

    fn verify(
        &self,
        text: &str,
        request: &RequestFacts<'_>,
        now: Timestamp,
    ) -> Result<PrincipalToken, String> {
        let rules = ntoken::VerifyRules {
            allowed_offset_seconds: self.settings.allowed_offset_seconds,
            max_expiry_seconds: self.settings.max_expiry_seconds,
            never_expires_allowed: self.settings.never_expires_allowed && !request.is_write(),
            user_domain: self.settings.user_domain.clone(),
        };
        let unverified = UnverifiedPrincipalToken::parse(text).map_err(|error| error.to_string())?;
        let token = unverified
            .verify(now, &rules, |service, id| self.keys.public_key(service, id))
            .map_err(|error| error.to_string())?;
        let is_user = token.domain == self.settings.user_domain;
        let has_service = token.authorized_service.is_some();
        if is_user && !self.settings.address_fits(token.ip.as_deref(), has_service, request) {
            return Err("the token is bound to another address".to_owned());
        }
        Ok(token)
    }
}

impl Authority for PrincipalTokenAuthority {
    fn id(&self) -> &'static str {
        "Auth-NTOKEN"
    }

    fn challenge(&self) -> Option<&str> {
        Some("AthenzPrincipalToken realm=\"athenz\"")
    }

    fn authenticate(&self, request: &RequestFacts<'_>, now: Timestamp) -> Outcome {
        let Some(text) = request.credential(&self.settings.header) else { return Outcome::NotPresent };
        match self.verify(text, request, now) {
            Ok(token) => Outcome::Principal(Arc::new(principal(token, self.id(), request))),
            Err(note) => Outcome::Refused(note),
        }
    }
}

fn principal(token: PrincipalToken, authority: &'static str, request: &RequestFacts<'_>) -> Principal {
    Principal {
        full_name: token.full_name().into(),
        domain: token.domain.into(),
        name: Some(token.name.into()),
        credential: Credential::PrincipalToken,
        authority,
        roles: None,
        role_principal: None,
        mtls_restricted: false,
        authorized_service: token.authorized_service,
        may_authorize: true,
        issued: Some(token.issued),
        expires: token.expires,
        certificate_thumbprint: None,
        audit_text: token.unsigned,
        key_id: Some(token.key_id),
        ip: request.remote,
    }
}

/// Knows callers by a role token, which ZTS signed.
#[derive(Debug)]
pub struct RoleTokenAuthority {
    settings: TokenSettings,
    keys: Arc<dyn PublicKeys>,
}

impl RoleTokenAuthority {
    /// An authority with these settings, which finds the keys of ZTS there.
    pub fn new(settings: TokenSettings, keys: Arc<dyn PublicKeys>) -> Self {
        Self { settings, keys }
    }

    fn verify(&self, text: &str, request: &RequestFacts<'_>, now: Timestamp) -> Result<RoleToken, String> {
        let rules = role_token::VerifyRules {
            allowed_offset_seconds: self.settings.allowed_offset_seconds,
            max_expiry_seconds: self.settings.max_expiry_seconds,
        };
        let unverified = UnverifiedRoleToken::parse(text).map_err(|error| error.to_string())?;
        let token = unverified
            .verify(now, &rules, |id| self.keys.public_key(ZTS_SERVICE, id))
            .map_err(|error| error.to_string())?;
        let holder =
            token.principal.as_deref().and_then(|name| name.strip_prefix(&self.settings.user_domain));
        let is_user = holder.is_some_and(|rest| rest.starts_with('.'));
        if is_user && !self.settings.address_fits(token.ip.as_deref(), false, request) {
            return Err("the role token is bound to another address".to_owned());
        }
        Ok(token)
    }
}

impl Authority for RoleTokenAuthority {
    fn id(&self) -> &'static str {
        "Auth-ROLE"
    }

    fn challenge(&self) -> Option<&str> {
        Some("AthenzRoleToken realm=\"athenz\"")
    }

    fn authenticate(&self, request: &RequestFacts<'_>, now: Timestamp) -> Outcome {
        let Some(text) = request.credential(&self.settings.header) else { return Outcome::NotPresent };
        match self.verify(text, request, now) {
            Ok(token) => Outcome::Principal(Arc::new(role_principal(token, text, self.id(), request))),
            Err(note) => Outcome::Refused(note),
        }
    }
}

fn role_principal(
    token: RoleToken,
    text: &str,
    authority: &'static str,
    request: &RequestFacts<'_>,
) -> Principal {
    Principal {
        full_name: token.domain.as_str().into(),
        domain: token.domain.into(),
        name: None,
        credential: Credential::RoleToken,
        authority,
        roles: Some(token.roles),
        role_principal: token.principal,
        mtls_restricted: false,
        authorized_service: None,
        may_authorize: true,
        issued: Some(token.issued),
        expires: Some(token.expires),
        certificate_thumbprint: None,
        audit_text: text.split(";s=").next().unwrap_or_default().to_owned(),
        key_id: Some(token.key_id),
        ip: request.remote,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Peer;
    use athenz_crypto::PrivateKey;
    use athenz_crypto::keys::Curve;
    use athenz_crypto::ntoken::{NewPrincipalToken, Version, ZMS_SERVICE, sign_for_authorized_service};
    use athenz_crypto::random::FixedRandom;
    use http::{HeaderMap, HeaderName, Method};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    #[derive(Debug)]
    struct Keys(PrivateKey);

    impl Keys {
        fn new() -> Arc<Self> {
            Arc::new(Self(PrivateKey::generate_ec(Curve::P256).unwrap()))
        }
    }

    impl PublicKeys for Keys {
        fn public_key(&self, service: &str, key_id: &str) -> Option<PublicKey> {
            let known = ["sports.api", "athenz.ui", ZMS_SERVICE, ZTS_SERVICE];
            (known.contains(&service) && key_id == "v1").then(|| self.0.public_key().clone())
        }
    }

    fn new_token(domain: &str, name: &str) -> NewPrincipalToken {
        let version = if domain == "user" { Version::User } else { Version::Service };
        let token = NewPrincipalToken::service(domain, name, "v1", NOW, 3600, &FixedRandom::default());
        NewPrincipalToken { version, ..token }
    }

    fn ask(authority: &dyn Authority, header: &str, token: &str, method: &Method, now: Timestamp) -> String {
        let peer = Peer::anonymous(([192, 0, 2, 1], 1).into());
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_bytes(header.as_bytes()).unwrap(), token.parse().unwrap());
        let facts = RequestFacts { method, path: "/", headers: &headers, peer: &peer, remote: peer.ip() };
        match authority.authenticate(&facts, now) {
            Outcome::Principal(principal) => {
                assert!(!principal.audit_text.contains(";s="), "the audit log gets no signature");
                let service = principal.authorized_service.as_deref().unwrap_or("-");
                format!("{} {} {service}", principal.full_name, principal.log_name())
            }
            Outcome::Refused(_) => "refused".to_owned(),
            other => format!("{other:?}"),
        }
    }

    fn ask_principal(settings: TokenSettings, keys: &Arc<Keys>, token: &str, method: &Method) -> String {
        let authority = PrincipalTokenAuthority::new(settings, Arc::clone(keys) as _);
        ask(&authority, "Athenz-Principal-Auth", token, method, NOW)
    }

    #[test]
    fn a_service_is_known_by_its_token() {
        let keys = Keys::new();
        let token = new_token("sports", "api").sign(&keys.0).unwrap();
        let authority = PrincipalTokenAuthority::new(TokenSettings::principal(), Arc::clone(&keys) as _);
        let header = "athenz-principal-auth";
        assert_eq!(ask(&authority, header, &token, &Method::PUT, NOW), "sports.api sports.api -");
        assert_eq!(ask(&authority, header, &token, &Method::PUT, NOW.plus_seconds(4000)), "refused");
        assert_eq!(ask(&authority, "other", &token, &Method::PUT, NOW), "NotPresent");
        let forged = new_token("sports", "api").sign(&Keys::new().0).unwrap();
        assert_eq!(ask(&authority, header, &forged, &Method::GET, NOW), "refused");
        let stranger = new_token("sports", "web").sign(&keys.0).unwrap();
        assert_eq!(ask(&authority, header, &stranger, &Method::GET, NOW), "refused");
    }

    #[test]
    fn a_users_token_is_bound_to_an_address_when_it_writes() {
        let keys = Keys::new();
        let (here, elsewhere) = (Some("192.0.2.1"), Some("192.0.2.2"));
        let (user, refused) = ("user.jane user.jane -", "refused");
        for (ip, check, method, expected) in [
            (here, AddressCheck::All, Method::GET, user),
            (here, AddressCheck::Writes, Method::PUT, user),
            (elsewhere, AddressCheck::All, Method::GET, refused),
            (elsewhere, AddressCheck::Writes, Method::GET, user),
            (elsewhere, AddressCheck::Writes, Method::DELETE, refused),
            (elsewhere, AddressCheck::None, Method::DELETE, user),
            (None, AddressCheck::Writes, Method::POST, refused),
            (None, AddressCheck::Writes, Method::GET, user),
        ] {
            let token = NewPrincipalToken { ip: ip.map(str::to_owned), ..new_token("user", "jane") };
            let token = token.sign(&keys.0).unwrap();
            let settings = TokenSettings { address_check: check, ..TokenSettings::principal() };
            assert_eq!(
                ask_principal(settings, &keys, &token, &method),
                expected,
                "{ip:?} {check:?} {method}"
            );
        }
    }

    #[test]
    fn a_service_that_acts_for_a_user_is_named() {
        let keys = Keys::new();
        let listed = vec!["athenz.ui".to_owned()];
        let token = NewPrincipalToken { authorized_services: listed, ..new_token("user", "jane") };
        let token = token.sign(&keys.0).unwrap();
        assert_eq!(ask_principal(TokenSettings::principal(), &keys, &token, &Method::GET), "refused");
        let token = sign_for_authorized_service(&token, None, "v1", &keys.0).unwrap();
        let expected = "user.jane user.jane athenz.ui";
        assert_eq!(ask_principal(TokenSettings::principal(), &keys, &token, &Method::PUT), expected);
    }

    #[test]
    fn a_role_token_is_its_domain() {
        let keys = Keys::new();
        let authority = RoleTokenAuthority::new(TokenSettings::role(), Arc::clone(&keys) as _);
        for (holder, method, expected) in [
            ("sports.api", Method::PUT, "weather sports.api -"),
            ("user.jane", Method::GET, "weather user.jane -"),
            ("user.jane", Method::PUT, "refused"),
            ("users.jane", Method::PUT, "weather users.jane -"),
        ] {
            let token = RoleToken {
                domain: "weather".into(),
                roles: vec!["readers".into()],
                complete: false,
                principal: Some(holder.into()),
                host: None,
                proxy: None,
                salt: "a".into(),
                issued: NOW,
                expires: NOW.plus_seconds(60),
                key_id: "v1".into(),
                ip: None,
            };
            let token = token.sign(&keys.0).unwrap();
            assert_eq!(
                ask(&authority, "Athenz-Role-Auth", &token, &method, NOW),
                expected,
                "{holder} {method}"
            );
        }
    }
}
