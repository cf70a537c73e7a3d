//! Signed policies that are kept with the revision of the domain they are of.

use arc_swap::ArcSwapOption;
use athenz_crypto::ring::SigningKey;
use athenz_model::Timestamp;
use bytes::Bytes;

use crate::config::PolicyConfig;

/// Signed answers of one revision of a domain.
#[derive(Debug, Default)]
pub(crate) struct SignedCache {
    pub(crate) classic: ArcSwapOption<Signed>,
    pub(crate) der: ArcSwapOption<Signed>,
    pub(crate) fixed: ArcSwapOption<Signed>,
}

impl Clone for SignedCache {
    /// What was signed is shared.
    fn clone(&self) -> Self {
        let share = |signed: &ArcSwapOption<Signed>| ArcSwapOption::new(signed.load_full());
        Self { classic: share(&self.classic), der: share(&self.der), fixed: share(&self.fixed) }
    }
}

#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) made: Timestamp,
    pub(crate) key_id: String,
    pub(crate) body: Bytes,
}

impl Signed {
    /// Whether it may be given out: made with this key, and not long ago.
    pub(crate) fn is_fresh(&self, key: &SigningKey, now: Timestamp, config: &PolicyConfig) -> bool {
        self.key_id == key.id().as_str() && self.made <= now && now < self.made.plus_seconds(config.reuse)
    }
}
