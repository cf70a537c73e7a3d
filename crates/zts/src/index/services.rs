//! Services of a domain, with their public keys and hosts.

use std::sync::OnceLock;

use athenz_crypto::keys::PublicKey;
use athenz_model::Timestamp;
use athenz_model::wire::{zms, zts};

/// A service as ZTS knows it. Credentials never come this far.
#[derive(Clone, Debug)]
pub struct Service {
    /// `domain.service`
    pub full_name: Box<str>,
    /// Where its users come back to, or its provider answers.
    pub provider_endpoint: Option<Box<str>>,
    /// Hosts it runs on, as given.
    pub hosts: Option<Vec<Box<str>>>,
    /// Key of the signer for its certificates.
    pub x509_signer_key_id: Option<Box<str>>,
    /// Key of the signer for its SSH certificates.
    pub ssh_signer_key_id: Option<Box<str>>,
    /// Its name at an external issuer.
    pub client_id: Option<Box<str>>,
    keys: Vec<ServiceKey>,
    modified: Option<Timestamp>,
    executable: Option<Box<str>>,
    user: Option<Box<str>>,
    group: Option<Box<str>>,
}

/// A registered public key; parsed when it is first needed.
#[derive(Clone, Debug)]
pub struct ServiceKey {
    id: Box<str>,
    text: Box<str>,
    parsed: OnceLock<Option<PublicKey>>,
}

impl ServiceKey {
    /// The key id as registered.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// ybase64 of the PEM text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The key; `None` when the text is none.
    pub fn key(&self) -> Option<&PublicKey> {
        self.parsed.get_or_init(|| PublicKey::from_ybase64_pem(&self.text).ok()).as_ref()
    }
}

impl Service {
    pub(super) fn new(domain: &str, service: &zms::ServiceIdentity) -> Option<(Box<str>, Self)> {
        let full_name = service.name.as_deref()?;
        let short = full_name.strip_prefix(domain)?.strip_prefix('.')?;
        let boxed =
            |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Box::<str>::from);
        let made = Self {
            full_name: full_name.into(),
            provider_endpoint: boxed(&service.provider_endpoint),
            hosts: service
                .hosts
                .as_ref()
                .map(|hosts| hosts.iter().map(|host| host.as_str().into()).collect()),
            x509_signer_key_id: boxed(&service.x509_cert_signer_key_id),
            ssh_signer_key_id: boxed(&service.ssh_cert_signer_key_id),
            client_id: boxed(&service.client_id),
            keys: service.public_keys.iter().flatten().filter_map(service_key).collect(),
            modified: service.modified,
            executable: boxed(&service.executable),
            user: boxed(&service.user),
            group: boxed(&service.group),
        };
        Some((short.into(), made))
    }

    /// The key of this id; case does not count.
    pub fn key(&self, id: &str) -> Option<&ServiceKey> {
        self.keys.iter().find(|key| key.id.eq_ignore_ascii_case(id))
    }

    /// All keys.
    pub fn keys(&self) -> &[ServiceKey] {
        &self.keys
    }

    /// When the service was last changed.
    pub const fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    /// The service as clients see it.
    pub fn to_wire(&self) -> zts::ServiceIdentity {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let keys = self
            .keys
            .iter()
            .map(|key| zts::PublicKeyEntry { key: Some(key.text.to_string()), id: Some(key.id.to_string()) });
        zts::ServiceIdentity {
            name: Some(self.full_name.to_string()),
            public_keys: Some(keys.collect()),
            provider_endpoint: text(&self.provider_endpoint),
            modified: self.modified,
            executable: text(&self.executable),
            hosts: self.hosts.as_ref().map(|hosts| hosts.iter().map(ToString::to_string).collect()),
            user: text(&self.user),
            group: text(&self.group),
        }
    }
}

fn service_key(entry: &zms::PublicKeyEntry) -> Option<ServiceKey> {
    let (id, text) = (entry.id.as_deref()?, entry.key.as_deref()?);
    Some(ServiceKey { id: id.into(), text: text.into(), parsed: OnceLock::new() })
}
