//! NTokens: what a principal shows in `Athenz-Principal-Auth`, signed by itself or by a server.
//!
//! `v=S1;d=<domain>;n=<name>;h=<host>;a=<salt>;t=<issued>;e=<expires>;k=<key id>;…;s=<signature>`

use athenz_model::Timestamp;
use athenz_model::names::Grammar;

use crate::jose::is_key_id;
use crate::keys::{PrivateKey, PublicKey};
use crate::random::{self, Random};
use crate::ring::SigningKey;
pub use crate::token_text::TokenError;
use crate::token_text::{
    Items, MAX_EXPIRY_SECONDS, OFFSET_SECONDS, TOKEN_BYTES_MAX, TimeRules, Writer, signature, with_signature,
};

/// The service whose key signs tokens of users.
pub const ZMS_SERVICE: &str = "sys.auth.zms";
/// The service whose key signs what ZTS issues.
pub const ZTS_SERVICE: &str = "sys.auth.zts";

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `S1`: a service.
    Service,
    /// `U1`: a user.
    User,
}

impl Version {
    const fn text(self) -> &'static str {
        match self {
            Self::Service => "S1",
            Self::User => "U1",
        }
    }
}

/// How tokens are judged.
#[derive(Clone, Debug)]
pub struct VerifyRules {
    /// Clock difference that is tolerated, in seconds; a negative one counts as 300.
    pub allowed_offset_seconds: i64,
    /// Longest life that is accepted, in seconds.
    pub max_expiry_seconds: i64,
    /// Whether a token without expiry is accepted. Only ever for reading.
    pub never_expires_allowed: bool,
    /// The domain whose tokens are signed by ZMS.
    pub user_domain: String,
}

impl Default for VerifyRules {
    fn default() -> Self {
        Self {
            allowed_offset_seconds: OFFSET_SECONDS,
            max_expiry_seconds: MAX_EXPIRY_SECONDS,
            never_expires_allowed: false,
            user_domain: "user".to_owned(),
        }
    }
}

impl VerifyRules {
    fn times(&self) -> TimeRules {
        let offset = self.allowed_offset_seconds;
        TimeRules {
            offset_seconds: if offset < 0 { OFFSET_SECONDS } else { offset },
            max_expiry_seconds: self.max_expiry_seconds,
            never_expires_allowed: self.never_expires_allowed,
        }
    }
}

/// A token whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedPrincipalToken<'a> {
    token: PrincipalToken,
    services: Vec<String>,
    signature: Vec<u8>,
    second: Option<SecondSignature<'a>>,
}

/// The signature of the authorized service.
#[derive(Clone, Debug)]
struct SecondSignature<'a> {
    signed_text: &'a str,
    key_id: String,
    service: Option<String>,
    signature: Vec<u8>,
}

/// A token whose signatures and times are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalToken {
    /// Whose token it is.
    pub version: Version,
    /// Domain of the principal, lower case.
    pub domain: String,
    /// Name of the principal in its domain, lower case.
    pub name: String,
    /// The service that acts for the principal, if any.
    pub authorized_service: Option<String>,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it expires, if ever.
    pub expires: Option<Timestamp>,
    /// The address it is bound to.
    pub ip: Option<String>,
    /// The host it was made on.
    pub host: Option<String>,
    /// Id of the key that signed it.
    pub key_id: String,
    /// `zms` or `zts`, if one of them signed it for the principal.
    pub key_service: Option<String>,
    /// On whose request it was made.
    pub original_requestor: Option<String>,
    /// The token without its signatures: what the audit log shows.
    pub unsigned: String,
}

impl PrincipalToken {
    /// `domain.name`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.domain, self.name)
    }

    /// The service whose key signed it.
    fn signer(&self, user_domain: &str) -> String {
        match self.key_service.as_deref() {
            Some("zms") => ZMS_SERVICE.to_owned(),
            Some("zts") => ZTS_SERVICE.to_owned(),
            _ if self.domain == user_domain => ZMS_SERVICE.to_owned(),
            _ => self.full_name(),
        }
    }
}

impl<'a> UnverifiedPrincipalToken<'a> {
    /// Takes a token apart. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// An item is missing, twice, or of the wrong form.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLarge);
        }
        // only what stands before the signature is signed by the principal
        let (unsigned, behind) = text.split_once(";s=").ok_or(TokenError::Item("s"))?;
        let items = Items::split(unsigned)?;
        let (first, second) = match text.rsplit_once(";bs=") {
            None => (behind, None),
            Some((signed_text, last)) => {
                let (first, between) = behind.split_once(';').ok_or(TokenError::Item("bs"))?;
                (first, Some(SecondSignature::parse(signed_text, between, last)?))
            }
        };
        let services =
            items.find("b")?.map_or_else(Vec::new, |list| list.split(',').map(str::to_owned).collect());
        Ok(Self { token: token_of(&items, unsigned)?, services, signature: signature(first, "s")?, second })
    }

    /// The token, only to choose where to look up its key.
    pub const fn unverified_token(&self) -> &PrincipalToken {
        &self.token
    }

    /// Checks times and signatures.
    ///
    /// `find_key` gives the public key of a service (full name) by its id.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub fn verify<K: std::borrow::Borrow<PublicKey>>(
        self,
        now: Timestamp,
        rules: &VerifyRules,
        find_key: impl Fn(&str, &str) -> Option<K>,
    ) -> Result<PrincipalToken, TokenError> {
        let mut token = self.token;
        let expires = token.expires.map_or(0, Timestamp::seconds);
        rules.times().check(token.issued.seconds(), expires, now.seconds())?;
        let check = |service: String, key_id: &str, text: &str, signature: &[u8]| {
            let Some(key) = find_key(&service, key_id) else {
                return Err(TokenError::UnknownKey { service, key_id: key_id.to_owned() });
            };
            Ok(key.borrow().verify_sha256(text.as_bytes(), signature)?)
        };
        check(token.signer(&rules.user_domain), &token.key_id, &token.unsigned, &self.signature)?;
        token.authorized_service = match (self.services.as_slice(), self.second) {
            ([], None) => None,
            ([], Some(_)) | (_, None) => return Err(TokenError::AuthorizedService),
            (services, Some(second)) => {
                let service = second.choose(services)?;
                check(service.clone(), &second.key_id, second.signed_text, &second.signature)?;
                Some(service)
            }
        };
        Ok(token)
    }
}

fn token_of(items: &Items<'_>, unsigned: &str) -> Result<PrincipalToken, TokenError> {
    let name = |key: &'static str| {
        let text = items.required(key)?.to_ascii_lowercase();
        if Grammar::CompoundName.matches(&text) { Ok(text) } else { Err(TokenError::Item(key)) }
    };
    let version = match items.required("v")? {
        "S1" => Version::Service,
        "U1" => Version::User,
        _ => return Err(TokenError::Item("v")),
    };
    let expires = items.seconds("e")?;
    Ok(PrincipalToken {
        version,
        domain: name("d")?,
        name: name("n")?,
        authorized_service: None,
        issued: Timestamp::from_seconds(items.seconds("t")?),
        expires: (expires != 0).then(|| Timestamp::from_seconds(expires)),
        ip: items.text("i")?,
        host: items.text("h")?,
        key_id: key_id(items, "k")?,
        key_service: items.text("z")?,
        original_requestor: items.text("o")?,
        unsigned: unsigned.to_owned(),
    })
}

fn key_id(items: &Items<'_>, key: &'static str) -> Result<String, TokenError> {
    let id = items.find(key)?.unwrap_or("0").to_ascii_lowercase();
    if is_key_id(&id) { Ok(id) } else { Err(TokenError::Item(key)) }
}

impl<'a> SecondSignature<'a> {
    fn parse(signed_text: &'a str, between: &str, last: &str) -> Result<Self, TokenError> {
        let items = Items::split(between.split_once("bs=").map_or("", |(items, _)| items))?;
        Ok(Self {
            signed_text,
            key_id: key_id(&items, "bk")?,
            service: items.text("bn")?,
            signature: signature(last, "bs")?,
        })
    }

    /// The service that says it signed; it must be one the principal listed.
    fn choose(&self, services: &[String]) -> Result<String, TokenError> {
        let chosen = match (&self.service, services) {
            (Some(service), services) if services.contains(service) => service,
            (None, [only]) => only,
            _ => return Err(TokenError::AuthorizedService),
        };
        Ok(chosen.to_ascii_lowercase())
    }
}

/// A token to be signed.
#[derive(Clone, Debug)]
pub struct NewPrincipalToken {
    /// Whose token it is.
    pub version: Version,
    /// Domain of the principal.
    pub domain: String,
    /// Name of the principal in its domain.
    pub name: String,
    /// The host it is made on.
    pub host: Option<String>,
    /// What makes the text unique.
    pub salt: String,
    /// When it is issued.
    pub issued: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Id of the key that signs.
    pub key_id: String,
    /// `zms` or `zts` when one of them signs for the principal.
    pub key_service: Option<String>,
    /// On whose request it is made.
    pub original_requestor: Option<String>,
    /// The address it is bound to.
    pub ip: Option<String>,
    /// Services (full names) that may act for the principal.
    pub authorized_services: Vec<String>,
}

impl NewPrincipalToken {
    /// The token of a service that signs for itself.
    pub fn service(
        domain: &str,
        name: &str,
        key_id: &str,
        now: Timestamp,
        life_seconds: i64,
        random: &dyn Random,
    ) -> Self {
        Self {
            version: Version::Service,
            domain: domain.to_owned(),
            name: name.to_owned(),
            host: None,
            salt: random::salt(random),
            issued: now,
            expires: now.plus_seconds(life_seconds),
            key_id: key_id.to_owned(),
            key_service: None,
            original_requestor: None,
            ip: None,
            authorized_services: Vec::new(),
        }
    }

    /// The text that is signed.
    ///
    /// # Errors
    /// A value that could be read as another item.
    pub fn unsigned(&self) -> Result<String, TokenError> {
        let writer = Writer::default()
            .item("v", self.version.text())?
            .item("d", &self.domain)?
            .item("n", &self.name)?
            .optional("h", self.host.as_deref())?
            .item("a", &self.salt)?
            .item("t", &self.issued.seconds().to_string())?
            .item("e", &self.expires.seconds().to_string())?
            .item("k", &self.key_id)?
            .optional("z", self.key_service.as_deref())?
            .optional("o", self.original_requestor.as_deref())?
            .optional("i", self.ip.as_deref())?;
        if self.authorized_services.is_empty() {
            return writer.finish();
        }
        writer.list("b", &self.authorized_services)?.finish()
    }

    /// The signed token.
    ///
    /// # Errors
    /// As [`Self::unsigned`], and the library refuses.
    pub fn sign(&self, key: &PrivateKey) -> Result<String, TokenError> {
        let text = self.unsigned()?;
        let signature = key.sign_sha256(text.as_bytes())?;
        Ok(with_signature(text, "s", &signature))
    }

    /// The signed token, by a key that may be elsewhere. The key id is that of the key.
    ///
    /// # Errors
    /// As [`Self::unsigned`], and the signer fails.
    pub async fn sign_with(&self, key: &SigningKey) -> Result<String, TokenError> {
        let text = Self { key_id: key.id().to_string(), ..self.clone() }.unsigned()?;
        let signature =
            key.sign_as(crate::keys::Hash::Sha256, crate::SignatureForm::Der, text.as_bytes()).await?;
        Ok(with_signature(text, "s", &signature))
    }
}

/// Adds the signature of an authorized service. `service` is named when the token lists several.
///
/// # Errors
/// A value that could be read as another item, or the library refuses.
pub fn sign_for_authorized_service(
    token: &str,
    service: Option<&str>,
    key_id: &str,
    key: &PrivateKey,
) -> Result<String, TokenError> {
    let items = Writer::default().item("bk", key_id)?.optional("bn", service)?.finish()?;
    let text = format!("{token};{items}");
    let signature = key.sign_sha256(text.as_bytes())?;
    Ok(with_signature(text, "bs", &signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Curve;
    use crate::random::FixedRandom;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    struct Keys {
        service: PrivateKey,
        zms: PrivateKey,
        front: PrivateKey,
    }

    impl Keys {
        fn new() -> Self {
            let key = || PrivateKey::generate_ec(Curve::P256).unwrap();
            Self { service: key(), zms: key(), front: key() }
        }

        fn find(&self, service: &str, key_id: &str) -> Option<PublicKey> {
            match (service, key_id) {
                ("sports.api", "v1") => Some(self.service.public_key().clone()),
                (ZMS_SERVICE, "0") => Some(self.zms.public_key().clone()),
                ("media.front" | "media.other", "7") => Some(self.front.public_key().clone()),
                _ => None,
            }
        }

        fn verify(&self, text: &str) -> Result<PrincipalToken, TokenError> {
            self.verify_at(text, NOW, &VerifyRules::default())
        }

        fn verify_at(
            &self,
            text: &str,
            now: Timestamp,
            rules: &VerifyRules,
        ) -> Result<PrincipalToken, TokenError> {
            UnverifiedPrincipalToken::parse(text)?.verify(now, rules, |service, id| self.find(service, id))
        }
    }

    fn service_token() -> NewPrincipalToken {
        NewPrincipalToken {
            host: Some("localhost".to_owned()),
            ip: Some("::1".to_owned()),
            ..NewPrincipalToken::service("sports", "api", "v1", NOW, 3600, &FixedRandom::new(1))
        }
    }

    fn user_token(services: &[&str]) -> NewPrincipalToken {
        NewPrincipalToken {
            version: Version::User,
            key_id: "0".to_owned(),
            authorized_services: services.iter().map(|service| (*service).to_owned()).collect(),
            ..NewPrincipalToken::service("user", "alice", "0", NOW, 3600, &FixedRandom::new(1))
        }
    }

    #[test]
    fn a_service_signs_for_itself() {
        let keys = Keys::new();
        let text = service_token().sign(&keys.service).unwrap();
        assert!(text.starts_with("v=S1;d=sports;n=api;h=localhost;a="), "{text}");
        assert!(text.contains(";t=1800000000;e=1800003600;k=v1;i=::1;s="), "{text}");
        let token = keys.verify(&text).unwrap();
        assert_eq!((token.full_name().as_str(), token.ip.as_deref()), ("sports.api", Some("::1")));
        assert_eq!(token.unsigned, text.split(";s=").next().unwrap());
    }

    #[test]
    fn order_and_case_of_items_do_not_matter() {
        let keys = Keys::new();
        let text = "v=S1;d=Sports;n=API;k=v1;h=x;unknown=1;junk;a=1;t=1800000000;e=1800000100";
        let signature = keys.service.sign_sha256(text.as_bytes()).unwrap();
        let token = keys.verify(&with_signature(text.to_owned(), "s", &signature)).unwrap();
        assert_eq!(token.full_name(), "sports.api");
    }

    #[test]
    fn times() {
        let keys = Keys::new();
        let rules = VerifyRules::default();
        let text = service_token().sign(&keys.service).unwrap();
        for (seconds, expected) in
            [(-301, Some(TokenError::Future)), (-300, None), (3600, None), (3601, Some(TokenError::Expired))]
        {
            let got = keys.verify_at(&text, NOW.plus_seconds(seconds), &rules).err();
            assert_eq!(got, expected, "{seconds}");
        }
        let long =
            NewPrincipalToken { expires: NOW.plus_seconds(MAX_EXPIRY_SECONDS + 301), ..service_token() };
        assert_eq!(keys.verify(&long.sign(&keys.service).unwrap()), Err(TokenError::TooLong));
        let never = NewPrincipalToken { expires: Timestamp::EPOCH, ..service_token() };
        let never = never.sign(&keys.service).unwrap();
        assert_eq!(keys.verify(&never), Err(TokenError::TooLong));
        let reading = VerifyRules { never_expires_allowed: true, ..rules };
        assert_eq!(keys.verify_at(&never, NOW, &reading).unwrap().expires, None);
    }

    #[test]
    fn users_are_signed_for_by_zms() {
        let keys = Keys::new();
        let text = user_token(&[]).sign(&keys.zms).unwrap();
        assert_eq!(keys.verify(&text).unwrap().full_name(), "user.alice");
        let own = user_token(&[]).sign(&keys.service).unwrap();
        assert_eq!(keys.verify(&own), Err(TokenError::Signature(crate::keys::BadSignature)));
    }

    #[test]
    fn authorized_services_sign_too() {
        let keys = Keys::new();
        let one = user_token(&["media.front"]).sign(&keys.zms).unwrap();
        let two = user_token(&["media.front", "media.other"]).sign(&keys.zms).unwrap();
        let by = |token: &str, name| sign_for_authorized_service(token, name, "7", &keys.front).unwrap();
        for (text, expected) in [
            (by(&one, None), Ok("media.front")),
            (by(&one, Some("media.front")), Ok("media.front")),
            (by(&two, Some("media.other")), Ok("media.other")),
            (by(&two, None), Err(TokenError::AuthorizedService)),
            (by(&one, Some("media.other")), Err(TokenError::AuthorizedService)),
            (one.clone(), Err(TokenError::AuthorizedService)),
            (by(&user_token(&[]).sign(&keys.zms).unwrap(), None), Err(TokenError::AuthorizedService)),
            (
                sign_for_authorized_service(&one, None, "7", &keys.service).unwrap(),
                Err(TokenError::Signature(crate::keys::BadSignature)),
            ),
        ] {
            let got = keys.verify(&text);
            let got = got.as_ref().map(|token| token.authorized_service.as_deref().unwrap());
            assert_eq!(got, expected.as_ref().map(|service| *service), "{text}");
        }
    }

    #[test]
    fn nothing_outside_the_signature_counts() {
        let keys = Keys::new();
        let text = service_token().sign(&keys.service).unwrap();
        let user = user_token(&["media.front"]).sign(&keys.zms).unwrap();
        let injected = format!("{user};n=admin");
        let injected = sign_for_authorized_service(&injected, None, "7", &keys.front).unwrap();
        assert_eq!(keys.verify(&injected).unwrap().name, "alice");
        for changed in [
            format!("{text};n=web"),
            format!("{text}-"),
            format!("n=web;{text}"),
            text.replace("n=api", "n=web"),
            text.replace(";s=", ";n=web;s="),
            text.replace(";s=", ";s=;s="),
            text.replace("v=S1", "v=Z1"),
            text.replace("k=v1", "k=../v1"),
            text.replace("e=1", "e=+1"),
            text.replace("e=1", "e=99991"),
            text.split(";s=").next().unwrap().to_owned(),
            String::new(),
            "v=S1;d=sports;n=api;".repeat(2000),
        ] {
            assert!(keys.verify(&changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn nothing_is_signed_that_reads_differently() {
        let keys = Keys::new();
        for name in ["a;d=sys.auth", "a=b", "", "a b", "a\n", "ä"] {
            let token = NewPrincipalToken { name: name.to_owned(), ..service_token() };
            assert_eq!(token.sign(&keys.service), Err(TokenError::Item("n")), "{name}");
        }
    }
}
