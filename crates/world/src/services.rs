//! Services and entities.

use std::collections::BTreeMap;

use athenz_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attributes::{Ownership, attributes};

attributes! {
    /// A service: an identity with public keys.
    pub struct Service {
        /// Last change.
        pub modified: Timestamp,
        /// Free text.
        pub description: String,
        /// Path of the executable.
        pub executable: String,
        /// User it runs as.
        pub user: String,
        /// Group it runs as.
        pub group: String,
        /// Where an instance provider is called.
        pub provider_endpoint: String,
        /// Public keys (ybase64 of PEM) by key id.
        pub public_keys: BTreeMap<String, String>,
        /// Hosts, in the order given.
        pub hosts: Vec<String>,
        /// Which authority key signs its X.509 certificates.
        pub x509_cert_signer_key_id: String,
        /// Which authority key signs its SSH certificates.
        pub ssh_cert_signer_key_id: String,
        /// OAuth2 client id.
        pub client_id: String,
        /// Bits for ZTS.
        pub feature_flags: i32,
        /// Encrypted secret.
        pub creds: String,
        /// Tags by key.
        pub tags: BTreeMap<String, Vec<String>>,
        /// Infrastructure-as-code owners.
        pub owner: Ownership,
    }
}

/// An arbitrary JSON object under a name, kept as its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Entity(pub String);
