//! Documents of domains, from the text on the wire to content that may be used.

use std::collections::BTreeMap;
use std::sync::Arc;

use athenz_crypto::jose::{JwsError, UnverifiedFlattenedJws};
use athenz_crypto::keys::{BadSignature, PublicKey};
use athenz_crypto::ybase64;
use athenz_model::Timestamp;
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::wire::zms::{DomainData, JWSDomain, SignedDomain};

use super::Epoch;
use crate::config::DocumentForm;
use athenz_model::wire::canonical;

/// The key id of a legacy document that names none.
const DEFAULT_KEY_ID: &str = "0";

/// The longest key id that is looked up.
const KEY_ID_MAX: usize = 64;

/// Why a document is not used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON of the form expected.
    #[error("the document cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A part is not base64url, or is missing.
    #[error("the document lacks its {0}, or it is malformed")]
    Part(&'static str),
    /// Nobody we trust has this key.
    #[error("signed with key `{0}`, which is none of the ZMS keys; add it to the trusted keys if it is new")]
    UnknownKey(String),
    /// The signature does not fit the content.
    #[error(transparent)]
    BadSignature(#[from] BadSignature),
    /// The JWS is malformed, or its signature does not fit.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The legacy text is not unique.
    #[error(transparent)]
    Ambiguous(#[from] canonical::Ambiguous),
    /// The document is of another domain.
    #[error("the document is of domain `{found}`, not of `{wanted}`")]
    OtherDomain {
        /// What was asked for.
        wanted: String,
        /// What came.
        found: String,
    },
}

/// Public keys of ZMS by key id: what every replicated domain must be signed with.
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors(BTreeMap<String, PublicKey>);

impl TrustAnchors {
    /// These keys and no others.
    pub fn new(keys: impl IntoIterator<Item = (String, PublicKey)>) -> Self {
        Self(keys.into_iter().collect())
    }

    fn key(&self, id: &str) -> Result<&PublicKey, DocumentError> {
        let shown = || id.chars().take(KEY_ID_MAX).collect();
        self.0.get(id).ok_or_else(|| DocumentError::UnknownKey(shown()))
    }
}

/// A document as it came.
#[derive(Clone, Debug)]
pub struct UnverifiedDocument {
    form: DocumentForm,
    text: Arc<str>,
}

impl UnverifiedDocument {
    /// A document of this form.
    pub fn new(form: DocumentForm, text: impl Into<Arc<str>>) -> Self {
        Self { form, text: text.into() }
    }

    /// Checks the signature, and that the document is of the domain that was asked for.
    ///
    /// # Errors
    /// It may not be used, and why.
    pub fn verify(self, domain: &str, anchors: &TrustAnchors) -> Result<TrustedDomain, DocumentError> {
        let data = match self.form {
            DocumentForm::Signed => verify_signed(&self.text, anchors)?,
            DocumentForm::Jws => verify_jws(&self.text, anchors)?,
        };
        let trusted = TrustedDomain { data: Arc::new(data), original: Some(self), epoch: Epoch::default() };
        if trusted.name() != domain {
            let found = trusted.name().to_owned();
            return Err(DocumentError::OtherDomain { wanted: domain.to_owned(), found });
        }
        Ok(trusted)
    }
}

fn verify_signed(text: &str, anchors: &TrustAnchors) -> Result<DomainData, DocumentError> {
    let document: SignedDomain = serde_json::from_str(text)?;
    let data = document.domain.ok_or(DocumentError::Part("domain"))?;
    let key = anchors.key(document.key_id.as_deref().unwrap_or(DEFAULT_KEY_ID))?;
    let signature = document.signature.ok_or(DocumentError::Part("signature"))?;
    let signature = ybase64::decode(&signature).map_err(|_| DocumentError::Part("signature"))?;
    key.verify_sha256(canonical::domain(&data)?.as_bytes(), &signature)?;
    Ok(data)
}

fn verify_jws(text: &str, anchors: &TrustAnchors) -> Result<DomainData, DocumentError> {
    let document: JWSDomain = serde_json::from_str(text)?;
    let protected = document.protected.ok_or(DocumentError::Part("protected header"))?;
    let payload = document.payload.ok_or(DocumentError::Part("payload"))?;
    let signature = document.signature.ok_or(DocumentError::Part("signature"))?;
    let unverified = UnverifiedFlattenedJws::new(&protected, &payload, &signature)?;
    let verified = match &unverified.unverified_header().key_id {
        Some(id) => {
            let key = anchors.key(id)?.clone();
            unverified.verify_with(|_| Some(key))?
        }
        None => return Err(DocumentError::Part("key id")),
    };
    Ok(serde_json::from_slice(verified.payload())?)
}

/// A domain that may be used: verified, or from our own process.
#[derive(Clone, Debug)]
pub struct TrustedDomain {
    data: Arc<DomainData>,
    original: Option<UnverifiedDocument>,
    epoch: Epoch,
}

impl TrustedDomain {
    /// A domain of the ZMS in this process.
    ///
    /// # Errors
    /// It has no valid name.
    pub fn from_process(data: Arc<DomainData>, epoch: Epoch) -> Result<Self, DocumentError> {
        let name = data.name.as_deref().unwrap_or_default();
        if DomainName::parse(name).is_err() {
            return Err(DocumentError::Part("name"));
        }
        Ok(Self { data, original: None, epoch })
    }

    /// Name of the domain.
    pub fn name(&self) -> &str {
        self.data.name.as_deref().unwrap_or_default()
    }

    /// When it was last changed.
    pub fn modified(&self) -> Timestamp {
        self.data.modified.unwrap_or_default()
    }

    /// Whether it may be used at all; absent means yes.
    pub fn enabled(&self) -> bool {
        self.data.enabled.unwrap_or(true)
    }

    /// Short names of its services.
    pub fn services(&self) -> impl Iterator<Item = SimpleName> {
        let of_domain = |full: &str| full.strip_prefix(self.name())?.strip_prefix('.').map(str::to_owned);
        let names = self.data.services.iter().flatten().filter_map(|service| service.name.as_deref());
        names.filter_map(of_domain).filter_map(|name| SimpleName::parse(&name).ok())
    }

    /// Life of the store it comes from.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The same, of this life of its store.
    #[must_use]
    pub(super) const fn in_life(mut self, epoch: Epoch) -> Self {
        self.epoch = epoch;
        self
    }

    /// The content.
    pub fn data(&self) -> &DomainData {
        &self.data
    }

    /// Form and text as it came, with its signature; `None` from our own process.
    pub fn original(&self) -> Option<(DocumentForm, &str)> {
        self.original.as_ref().map(|document| (document.form, &*document.text))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use athenz_crypto::keys::{Curve, Hash, PrivateKey, SignatureForm};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    pub(crate) fn anchors(key: &PrivateKey) -> TrustAnchors {
        TrustAnchors::new([("0".to_owned(), key.public_key().clone())])
    }

    pub(crate) fn signed(key: &PrivateKey, domain: &str) -> String {
        let data: DomainData = serde_json::from_str(domain).unwrap();
        let signature = key.sign_sha256(canonical::domain(&data).unwrap().as_bytes()).unwrap();
        format!(r#"{{"domain":{domain},"signature":"{}","keyId":"0"}}"#, ybase64::encode(&signature))
    }

    pub(crate) fn jws(key: &PrivateKey, domain: &str, form: SignatureForm) -> String {
        let protected = URL_SAFE_NO_PAD.encode(r#"{"kid":"0","alg":"ES256"}"#);
        let payload = URL_SAFE_NO_PAD.encode(domain);
        let signature = key.sign_as(Hash::Sha256, form, format!("{protected}.{payload}").as_bytes()).unwrap();
        let signature = URL_SAFE_NO_PAD.encode(signature);
        format!(
            r#"{{"payload":"{payload}","protected":"{protected}","header":{{"kid":"0"}},"signature":"{signature}"}}"#
        )
    }

    const DOMAIN: &str =
        r#"{"name":"d","modified":"2026-08-01T10:00:00.000Z","enabled":true,"description":"x"}"#;

    #[test]
    fn both_forms_and_both_signatures_are_read() {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        for (form, text) in [
            (DocumentForm::Signed, signed(&key, DOMAIN)),
            (DocumentForm::Jws, jws(&key, DOMAIN, SignatureForm::Der)),
            (DocumentForm::Jws, jws(&key, DOMAIN, SignatureForm::P1363)),
        ] {
            let trusted = UnverifiedDocument::new(form, text.as_str()).verify("d", &anchors(&key)).unwrap();
            assert_eq!(
                (trusted.name(), trusted.modified().to_string().as_str()),
                ("d", "2026-08-01T10:00:00.000Z")
            );
            assert_eq!(trusted.original(), Some((form, text.as_str())));
        }
    }

    #[test]
    fn nothing_else_is_trusted() {
        let key = PrivateKey::generate_ec(Curve::P256).unwrap();
        let other = PrivateKey::generate_ec(Curve::P256).unwrap();
        let changed = signed(&key, DOMAIN).replace("10:00", "11:00");
        for (why, form, text, domain, anchors) in [
            ("another key", DocumentForm::Signed, signed(&other, DOMAIN), "d", anchors(&key)),
            ("another key", DocumentForm::Jws, jws(&other, DOMAIN, SignatureForm::Der), "d", anchors(&key)),
            (
                "no key",
                DocumentForm::Jws,
                jws(&key, DOMAIN, SignatureForm::Der),
                "d",
                TrustAnchors::default(),
            ),
            ("another domain", DocumentForm::Jws, jws(&key, DOMAIN, SignatureForm::Der), "e", anchors(&key)),
            ("changed", DocumentForm::Signed, changed, "d", anchors(&key)),
            ("no JSON", DocumentForm::Signed, "{".to_owned(), "d", anchors(&key)),
            ("the other form", DocumentForm::Jws, signed(&key, DOMAIN), "d", anchors(&key)),
            (
                "no alg",
                DocumentForm::Jws,
                {
                    let none = URL_SAFE_NO_PAD.encode(r#"{"kid":"0","alg":"none"}"#);
                    let good = URL_SAFE_NO_PAD.encode(r#"{"kid":"0","alg":"ES256"}"#);
                    jws(&key, DOMAIN, SignatureForm::Der).replace(&good, &none)
                },
                "d",
                anchors(&key),
            ),
        ] {
            assert!(UnverifiedDocument::new(form, text).verify(domain, &anchors).is_err(), "{why}");
        }
    }
}
