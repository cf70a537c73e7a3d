//! Providers: who says whether an instance is what it claims to be. Found by the endpoint that ZMS
//! knows for the provider's service: `class://` names a built-in one, by its stable id or the name
//! Athenz has for it; `https://` is a service of its own.

pub mod register_token;
pub mod remote;
pub mod san_dns;
pub mod zts;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use athenz_client::Url;
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

/// Where a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// In this server.
    BuiltIn(BuiltIn),
    /// Behind HTTPS: [`remote`].
    Remote(Url),
}

/// Finds the provider of a service.
///
/// # Errors
/// There is none that this server knows.
pub fn resolve(index: &Index, provider: &str) -> Result<Provider, UnknownProvider> {
    let service = index.service(provider).ok_or(UnknownProvider::NoEndpoint)?;
    let endpoint = service.provider_endpoint.as_deref().ok_or(UnknownProvider::NoEndpoint)?;
    if let Some(name) = endpoint.strip_prefix("class://") {
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        return found.map(|(_, kind)| Provider::BuiltIn(*kind)).ok_or(UnknownProvider::Class);
    }
    match Url::parse(endpoint) {
        Ok(url) if url.scheme() == "https" && url.has_host() => Ok(Provider::Remote(url)),
        _ => Err(UnknownProvider::Scheme),
    }
}

/// Why a provider cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownProvider {
    /// There is no such service, or it has no endpoint.
    #[error("the provider has no endpoint")]
    NoEndpoint,
    /// A class that is not part of this server.
    #[error("the provider's endpoint names a class that this server does not have")]
    Class,
    /// Neither built in nor behind HTTPS.
    #[error("the provider's endpoint is neither class:// nor https://")]
    Scheme,
    /// Behind HTTPS, and this server calls nobody.
    #[error("this server calls no providers, configure [issuer.providers]")]
    NotCalled,
}

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
    /// URIs of the request.
    pub uris: &'a [String],
    /// Host name given with the request.
    pub host_name: Option<&'a str>,
    /// Host name in the certificate that is refreshed.
    pub held_host_name: Option<&'a str>,
    /// Who asks, where the connection shows it.
    pub principal: Option<&'a str>,
    /// The cloud it says it is in.
    pub cloud: Option<&'a str>,
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
    /// Status that the client gets.
    pub status: u16,
    /// Status that the provider gave.
    pub provider_status: u16,
    /// What clients know.
    pub text: Cow<'static, str>,
    /// Why, for the operator.
    pub note: String,
}

impl Refused {
    /// A refusal.
    pub fn new(text: &'static str, note: impl ToString) -> Self {
        Self { status: 403, provider_status: 403, text: text.into(), note: note.to_string() }
    }

    /// What a provider of its own answered instead of a confirmation.
    pub fn by_provider(status: u16, text: String) -> Self {
        let own = if status < 500 { 403 } else { 502 };
        let note = format!("the provider answered {status}");
        Self { status: own, provider_status: status, text: text.into(), note }
    }

    /// An answer of the provider that cannot be used.
    pub fn trouble(text: &'static str, note: impl ToString) -> Self {
        Self { status: 502, provider_status: 502, ..Self::new(text, note) }
    }

    /// The provider did not answer.
    pub fn away(text: &'static str, note: impl ToString) -> Self {
        Self { status: 504, provider_status: 504, ..Self::new(text, note) }
    }
}
