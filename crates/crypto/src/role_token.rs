//! Role tokens: a principal's roles in a domain, signed by ZTS, for `Athenz-Role-Auth`.
//!
//! `v=Z1;d=<domain>;r=<roles>[;c=1][;p=<principal>][;h=<host>][;proxy=<user>];a=…;t=…;e=…;k=…[;i=<ip>];s=…`

use athenz_model::Timestamp;
use athenz_model::names::Grammar;

use crate::jose::is_key_id;
use crate::keys::{Hash, PrivateKey, PublicKey, SignatureForm};
use crate::ntoken::ZTS_SERVICE;
use crate::ring::SigningKey;
pub use crate::token_text::TokenError;
use crate::token_text::{
    Items, MAX_EXPIRY_SECONDS, OFFSET_SECONDS, TOKEN_BYTES_MAX, TimeRules, Writer, signature, with_signature,
};

/// How role tokens are judged.
#[derive(Clone, Debug)]
pub struct VerifyRules {
    /// Clock difference that is tolerated, in seconds; a negative one counts as 300.
    pub allowed_offset_seconds: i64,
    /// Longest life that is accepted, in seconds.
    pub max_expiry_seconds: i64,
}

impl Default for VerifyRules {
    fn default() -> Self {
        Self { allowed_offset_seconds: OFFSET_SECONDS, max_expiry_seconds: MAX_EXPIRY_SECONDS }
    }
}

/// The contents of a role token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleToken {
    /// Domain of the roles.
    pub domain: String,
    /// Short names of the roles.
    pub roles: Vec<String>,
    /// Whether these are all roles of the principal in the domain.
    pub complete: bool,
    /// The principal.
    pub principal: Option<String>,
    /// Host of the server that issued it.
    pub host: Option<String>,
    /// Who asked for it on behalf of the principal.
    pub proxy: Option<String>,
    /// What makes the text unique.
    pub salt: String,
    /// When it is issued.
    pub issued: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
    /// Id of the key of ZTS that signs.
    pub key_id: String,
    /// The address it is bound to.
    pub ip: Option<String>,
}

impl RoleToken {
    /// The text that is signed.
    ///
    /// # Errors
    /// A name that is none, or a value that could be read as another item.
    pub fn unsigned(&self) -> Result<String, TokenError> {
        check_names(&self.domain, &self.roles)?;
        Writer::default()
            .item("v", "Z1")?
            .item("d", &self.domain)?
            .list("r", &self.roles)?
            .optional("c", self.complete.then_some("1"))?
            .optional("p", self.principal.as_deref())?
            .optional("h", self.host.as_deref())?
            .optional("proxy", self.proxy.as_deref())?
            .item("a", &self.salt)?
            .item("t", &self.issued.seconds().to_string())?
            .item("e", &self.expires.seconds().to_string())?
            .item("k", &self.key_id)?
            .optional("i", self.ip.as_deref())?
            .finish()
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
        let signature = key.sign_as(Hash::Sha256, SignatureForm::Der, text.as_bytes()).await?;
        Ok(with_signature(text, "s", &signature))
    }
}

fn check_names(domain: &str, roles: &[String]) -> Result<(), TokenError> {
    if !Grammar::CompoundName.matches(domain) {
        return Err(TokenError::Item("d"));
    }
    if roles.is_empty() || !roles.iter().all(|role| Grammar::CompoundName.matches(role)) {
        return Err(TokenError::Item("r"));
    }
    Ok(())
}

/// A role token whose signature has not been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedRoleToken<'a> {
    token: RoleToken,
    unsigned: &'a str,
    signature: Vec<u8>,
}

impl<'a> UnverifiedRoleToken<'a> {
    /// Takes a token apart. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// An item is missing, twice, or of the wrong form.
    pub fn parse(text: &'a str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLarge);
        }
        let (unsigned, last) = text.split_once(";s=").ok_or(TokenError::Item("s"))?;
        Ok(Self { token: token_of(&Items::split(unsigned)?)?, unsigned, signature: signature(last, "s")? })
    }

    /// The token, only to choose where to look up its key.
    pub const fn unverified_token(&self) -> &RoleToken {
        &self.token
    }

    /// Checks times and signature. `find_key` gives the public key of ZTS by its id.
    ///
    /// # Errors
    /// What is wrong with the token.
    pub fn verify<K: std::borrow::Borrow<PublicKey>>(
        self,
        now: Timestamp,
        rules: &VerifyRules,
        find_key: impl FnOnce(&str) -> Option<K>,
    ) -> Result<RoleToken, TokenError> {
        let offset = rules.allowed_offset_seconds;
        let times = TimeRules {
            offset_seconds: if offset < 0 { OFFSET_SECONDS } else { offset },
            max_expiry_seconds: rules.max_expiry_seconds,
            never_expires_allowed: false,
        };
        times.check(self.token.issued.seconds(), self.token.expires.seconds(), now.seconds())?;
        let key_id = &self.token.key_id;
        let key = find_key(key_id).ok_or_else(|| TokenError::UnknownKey {
            service: ZTS_SERVICE.to_owned(),
            key_id: key_id.clone(),
        })?;
        key.borrow().verify_sha256(self.unsigned.as_bytes(), &self.signature)?;
        Ok(self.token)
    }
}

fn token_of(items: &Items<'_>) -> Result<RoleToken, TokenError> {
    if items.required("v")? != "Z1" {
        return Err(TokenError::Item("v"));
    }
    let key_id = items.find("k")?.unwrap_or("0").to_ascii_lowercase();
    if !is_key_id(&key_id) {
        return Err(TokenError::Item("k"));
    }
    let domain = items.required("d")?.to_ascii_lowercase();
    let roles: Vec<String> = items.required("r")?.split(',').map(str::to_owned).collect();
    check_names(&domain, &roles)?;
    Ok(RoleToken {
        domain,
        roles,
        complete: items.find("c")? == Some("1"),
        principal: items.text("p")?,
        host: items.text("h")?,
        proxy: items.text("proxy")?,
        salt: items.text("a")?.unwrap_or_default(),
        issued: Timestamp::from_seconds(items.seconds("t")?),
        expires: Timestamp::from_seconds(items.seconds("e")?),
        key_id,
        ip: items.text("i")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Curve;

    const NOW: Timestamp = Timestamp::from_seconds(1_755_000_000);

    fn token() -> RoleToken {
        RoleToken {
            domain: "sports".to_owned(),
            roles: vec!["readers".to_owned(), "writers".to_owned()],
            complete: true,
            principal: Some("weather.frontend".to_owned()),
            host: Some("zts1.example.com".to_owned()),
            proxy: None,
            salt: "9c3f1b2a77d01e4f".to_owned(),
            issued: NOW,
            expires: NOW.plus_seconds(7200),
            key_id: "zts.ec.1".to_owned(),
            ip: Some("10.1.2.3".to_owned()),
        }
    }

    fn verify(text: &str, now: Timestamp, key: &PrivateKey) -> Result<RoleToken, TokenError> {
        UnverifiedRoleToken::parse(text)?
            .verify(now, &VerifyRules::default(), |id| (id == "zts.ec.1").then(|| key.public_key().clone()))
    }

    #[test]
    fn text_and_round_trip() {
        assert_eq!(
            token().unsigned().unwrap(),
            "v=Z1;d=sports;r=readers,writers;c=1;p=weather.frontend;h=zts1.example.com;a=9c3f1b2a77d01e4f;\
             t=1755000000;e=1755007200;k=zts.ec.1;i=10.1.2.3"
        );
        for key in [PrivateKey::generate_ec(Curve::P384).unwrap(), PrivateKey::generate_rsa(2048).unwrap()] {
            let text = token().sign(&key).unwrap();
            assert_eq!(verify(&text, NOW, &key).unwrap(), token());
        }
    }

    #[test]
    fn names_cannot_smuggle_items() {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        for name in ["a;d=sys.auth", "a=b", "a,b", "", "a b", "a:b", "*", "a\n"] {
            let domain = RoleToken { domain: name.to_owned(), ..token() };
            assert_eq!(domain.sign(&key), Err(TokenError::Item("d")), "{name}");
            let roles = RoleToken { roles: vec!["r".to_owned(), name.to_owned()], ..token() };
            assert_eq!(roles.sign(&key), Err(TokenError::Item("r")), "{name}");
        }
        for name in ["a;i=1", "a=b", "", "a b", "a\0"] {
            let principal = RoleToken { principal: Some(name.to_owned()), ..token() };
            assert_eq!(principal.sign(&key), Err(TokenError::Item("p")), "{name}");
        }
        let none = RoleToken { roles: vec![], ..token() };
        assert_eq!(none.sign(&key), Err(TokenError::Item("r")));
    }

    #[test]
    fn refuses_what_is_not_signed_or_not_now() {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let other = PrivateKey::generate_ec(Curve::P256).unwrap();
        let text = token().sign(&key).unwrap();
        let bad = TokenError::Signature(crate::keys::BadSignature);
        assert_eq!(verify(&text, NOW.plus_seconds(7201), &key), Err(TokenError::Expired));
        assert_eq!(verify(&text, NOW.plus_seconds(-301), &key), Err(TokenError::Future));
        assert_eq!(verify(&text, NOW, &other), Err(bad.clone()));
        assert_eq!(verify(&text.replace("readers", "admins"), NOW, &key), Err(bad));
        assert_eq!(verify(&text.replace(";d=", ";d=a;d="), NOW, &key), Err(TokenError::Twice("d")));
        assert_eq!(verify(&format!("{text};r=admins"), NOW, &key), Err(TokenError::Item("s")));
        assert_eq!(verify(&text.replace("v=Z1", "v=S1"), NOW, &key), Err(TokenError::Item("v")));
        let never = RoleToken { expires: Timestamp::EPOCH, ..token() }.sign(&key).unwrap();
        assert_eq!(verify(&never, NOW, &key), Err(TokenError::TooLong));
    }
}
