//! From a ZMS elsewhere to our ZTS: polling, over HTTPS or in a test by any other way.

use std::sync::Arc;

use athenz_crypto::keys::PublicKey;
use athenz_zts::Replica;
use athenz_zts::config::ReplicationConfig;
use athenz_zts::source::{Poller, TrustAnchors, ZmsClient};

/// A poller that trusts these keys of ZMS. What is on disk is loaded at once.
pub fn poller<C: ZmsClient>(
    client: C,
    zms_keys: &[(String, PublicKey)],
    config: &ReplicationConfig,
    replica: &Arc<Replica>,
) -> Poller<C> {
    let anchors = TrustAnchors::new(zms_keys.iter().cloned());
    Poller::new(client, anchors, config.clone(), Arc::clone(replica))
}
