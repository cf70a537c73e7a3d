//! Providers: who says whether an instance is what it claims to be. Found by the endpoint that ZMS
//! knows for the provider's service; built-in ones have stable ids, and Athenz's class names are
//! accepted for them.

pub mod register_token;
pub mod san_dns;
pub mod zts;

use std::collections::BTreeMap;
use std::net::IpAddr;

use athenz_crypto::keys::PublicKey;
use athenz_model::Timestamp;
use athenz_store::certificate_records::TokenUse;

use crate::certificates::Workload;
use crate::certificates::lifetime::Usage;
use crate::index::Index;

/// A kind of provider that is part of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Service tokens and register tokens: [`zts`].
    Zts,
}

/// The names of built-in providers: stable id and Athenz class.
const BUILT_IN: [(&str, BuiltIn); 2] =
    [("zts", BuiltIn::Zts), ("com.yahoo.athenz.instance.provider.impl.InstanceZTSProvider", BuiltIn::Zts)];

/// Finds the provider of a service.
///
/// # Errors
/// There is none that this server knows.
pub fn resolve(index: &Index, provider: &str) -> Result<BuiltIn, UnknownProvider> {
    let endpoint = index.service(provider).and_then(|service| service.provider_endpoint.as_deref());
    let name = endpoint.and_then(|endpoint| endpoint.strip_prefix("class://")).ok_or(UnknownProvider)?;
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind).ok_or(UnknownProvider)
}

/// The provider has no endpoint, or one that this server cannot use: only built-in providers exist
/// today, those behind HTTPS do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider has no endpoint of a built-in kind")]
pub struct UnknownProvider;

/// Why a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new instance.
    Register,
    /// A new certificate for a known one.
    Refresh,
}

/// What a provider is asked to confirm.
#[derive(Clone, Copy, Debug)]
pub struct Confirmation<'a> {
    /// Why.
    pub purpose: Purpose,
    /// Whose instance it is.
    pub workload: &'a Workload,
    /// The proof, whose form only the provider knows.
    pub unverified_attestation: &'a str,
    /// Id of the instance.
    pub instance_id: &'a str,
    /// Address of the client.
    pub client_ip: IpAddr,
    /// DNS names to vouch for.
    pub dns_names: &'a [String],
    /// Addresses to vouch for.
    pub ips: &'a [IpAddr],
    /// Host name given with the request.
    pub host_name: Option<&'a str>,
    /// The key of the request.
    pub public_key: &'a PublicKey,
    /// The moment.
    pub now: Timestamp,
}

/// What a provider confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// What the certificate may be used for.
    pub usage: Usage,
    /// Longest life in minutes; 0 is no opinion.
    pub expiry_minutes: i64,
    /// Whether the instance may be refreshed on the strength of its record.
    pub refreshable: bool,
    /// An organizational unit it vouches for.
    pub organizational_unit: Option<String>,
    /// What is handed on to the client.
    pub attributes: BTreeMap<String, String>,
    /// The register token that was the proof.
    pub token: Option<TokenUse>,
}

/// A provider says no. The text goes to the client, what it rests on goes to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// What clients know.
    pub text: &'static str,
    /// Why, for the operator.
    pub note: String,
}

impl Refused {
    /// A refusal.
    pub fn new(text: &'static str, note: impl ToString) -> Self {
        Self { text, note: note.to_string() }
    }
}
