//! The public keys of ZMS and ZTS as agents keep them (`athenzJWK`).

use std::sync::{Mutex, PoisonError};

use athenz_crypto::jose::{CurveNames, JwkSet};
use athenz_crypto::keys::PublicKey;
use athenz_crypto::ntoken::{ZMS_SERVICE, ZTS_SERVICE};
use athenz_model::Timestamp;
use athenz_model::wire::zts::{AthenzJWKConfig, JWKList};

use crate::index::Index;
use crate::signing::{Signers, wire_jwks};

/// The keys as they were last given, and since when they are these.
#[derive(Debug, Default)]
pub struct KeyConfigs(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Both lists as text, to see whether they changed.
    text: String,
    since: Timestamp,
}

impl KeyConfigs {
    /// The keys, unless the client has them already: its copy is as new as ours.
    pub fn for_client(
        &self,
        keys: KeyLists,
        client_copy: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<AthenzJWKConfig> {
        let KeyLists { zms, zts } = keys;
        let mut config = AthenzJWKConfig { zms: Some(zms), zts: Some(zts), modified: None };
        let since = self.since(&config, now);
        config.modified = Some(since);
        client_copy.is_none_or(|copy| copy < since).then_some(config)
    }

    fn since(&self, config: &AthenzJWKConfig, now: Timestamp) -> Timestamp {
        // lists of texts always have a JSON form
        let text = serde_json::to_string(config).unwrap_or_default();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.text != text {
            *kept = Kept { text, since: now };
        }
        kept.since
    }
}

/// The keys of ZMS and ZTS as they are now.
#[derive(Clone, Debug)]
pub struct KeyLists {
    zms: JWKList,
    zts: JWKList,
}

impl KeyLists {
    /// The keys that are configured for ZMS or else registered, and those that we sign with.
    pub fn new(configured: &[(String, PublicKey)], signers: &Signers, index: &Index) -> Self {
        let zms: Vec<_> = match configured {
            [] => registered(index, ZMS_SERVICE),
            keys => keys.iter().map(|(id, key)| (id.as_str(), key)).collect(),
        };
        Self {
            zms: wire_jwks(&JwkSet::from_public_keys(zms, CurveNames::Rfc)),
            zts: wire_jwks(&signers.jwks(registered(index, ZTS_SERVICE), CurveNames::Rfc)),
        }
    }
}

fn registered<'a>(index: &'a Index, service: &str) -> Vec<(&'a str, &'a PublicKey)> {
    let keys = index.service(service).map(|service| service.keys()).unwrap_or_default();
    keys.iter().filter_map(|key| Some((key.id(), key.key()?))).collect()
}
