//! Services and entities on the wire.

use athenz_model::wire::zms::{Entity, PublicKeyEntry, ResourceServiceIdentityOwnership, ServiceIdentity};
use athenz_world::{Ownership, Service};
use serde_json::value::RawValue;

use super::{number, tags, text};

/// A service; its credentials are never shown.
pub(crate) fn service(domain: &str, name: &str, held: &Service) -> ServiceIdentity {
    let keys: Vec<_> = held.public_keys.iter().map(|(id, key)| public_key(id, key)).collect();
    ServiceIdentity {
        name: Some(format!("{domain}.{name}")),
        description: text(&held.description),
        public_keys: (!keys.is_empty()).then_some(keys),
        provider_endpoint: text(&held.provider_endpoint),
        modified: Some(held.modified),
        executable: text(&held.executable),
        hosts: (!held.hosts.is_empty()).then(|| held.hosts.clone()),
        user: text(&held.user),
        group: text(&held.group),
        tags: tags(&held.tags),
        resource_ownership: ownership(&held.owner),
        x509_cert_signer_key_id: text(&held.x509_cert_signer_key_id),
        ssh_cert_signer_key_id: text(&held.ssh_cert_signer_key_id),
        client_id: text(&held.client_id),
        feature_flags: number(held.feature_flags),
        ..ServiceIdentity::default()
    }
}

/// A public key.
pub(crate) fn public_key(id: &str, key: &str) -> PublicKeyEntry {
    PublicKeyEntry { key: Some(key.to_owned()), id: Some(id.to_owned()) }
}

/// The owners of a service, where there are any.
pub(crate) fn ownership(owner: &Ownership) -> Option<ResourceServiceIdentityOwnership> {
    (*owner != Ownership::default()).then(|| ResourceServiceIdentityOwnership {
        public_keys_owner: text(&owner.public_keys),
        hosts_owner: text(&owner.hosts),
        object_owner: text(&owner.object),
    })
}

/// An entity.
pub(crate) fn entity(domain: &str, name: &str, held: &athenz_world::Entity) -> Entity {
    Entity {
        name: Some(format!("{domain}:entity.{name}")),
        // what is stored was JSON when it was taken
        value: RawValue::from_string(held.0.clone()).ok(),
    }
}
