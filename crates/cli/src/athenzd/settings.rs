//! Configuration files of the servers, each alone: `[server]`, `[log]`, and what is each one's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use athenz_crypto::keys::{PrivateKey, PublicKey};
use athenz_crypto::ring::{KeyId, KeyRing, KeyState, RingKey, SigningKey};
use athenz_crypto::tls::{IdentityFiles, ServerIs, TlsIdentity, client_config, read_certificates};
use athenz_model::names::UserDomains;
use athenz_model::{Clock, SystemClock, Timestamp};
use athenz_serve::config::{Config, Period, check_private_key_file};
use athenz_serve::settings::ServerSettings;
use athenz_store::{StoreConfig, StoreUrl};
use serde::Deserialize;

use super::logging::LogTable;
use super::pruning::{LEAST_RETENTION, USUAL_RETENTION};
use super::servers::{ZMS_OPEN_PATHS, ZTS_OPEN_PATHS, ZTS_PROVIDER};

/// The configuration of a ZMS.
#[derive(Debug, Deserialize)]
pub struct ZmsFile {
    /// Listener and limits.
    pub server: ServerSettings,
    /// Where it keeps what it knows.
    pub store: StoreTable,
    /// What it signs with.
    pub keys: Vec<KeyTable>,
    /// The service `sys.auth.zts`, to be registered when it is not there.
    #[serde(default)]
    pub zts_service: Option<ZtsServiceTable>,
    /// Paths that need no credential.
    #[serde(default = "zms_open_paths")]
    pub open_paths: Vec<String>,
    /// The log of the process.
    #[serde(default)]
    pub log: LogTable,
    /// The rules.
    #[serde(default)]
    pub zms: athenz_zms::Config,
}

/// The configuration of a ZTS.
#[derive(Debug, Deserialize)]
pub struct ZtsFile {
    /// Listener and limits.
    pub server: ServerSettings,
    /// The ZMS it follows.
    pub source: SourceTable,
    /// What it signs with.
    pub keys: Vec<KeyTable>,
    /// RSA keys for clients that ask for RSA.
    #[serde(default)]
    pub rsa_keys: Vec<KeyTable>,
    /// What it issues certificates with; it issues none without.
    #[serde(default)]
    pub issuer: Option<IssuerTable>,
    /// What makes a name a user.
    #[serde(default)]
    pub users: UsersTable,
    /// Paths that need no credential.
    #[serde(default = "zts_open_paths")]
    pub open_paths: Vec<String>,
    /// The log of the process.
    #[serde(default)]
    pub log: LogTable,
    /// The rules.
    #[serde(default)]
    pub zts: athenz_zts::Config,
}

fn zms_open_paths() -> Vec<String> {
    ZMS_OPEN_PATHS.map(str::to_owned).to_vec()
}

fn zts_open_paths() -> Vec<String> {
    ZTS_OPEN_PATHS.map(str::to_owned).to_vec()
}

/// A store.
#[derive(Debug, Deserialize)]
pub struct StoreTable {
    /// `sqlite:<path>` or `postgres://…`.
    pub url: String,
    /// The most connections.
    #[serde(default)]
    pub connections: Option<usize>,
    /// Authorities of PostgreSQL's certificate, PEM; without it there is no TLS.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// How long entries of the log are kept: `400d` when absent. The history of members is kept
    /// whatever this says.
    #[serde(default)]
    pub log_retention: Option<Period>,
}

/// A signing key.
#[derive(Debug, Deserialize)]
pub struct KeyTable {
    /// Its id, by which verifiers find it.
    pub id: String,
    /// The private key, PEM; a retired key may have its public half only.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// The public half, PEM.
    #[serde(default)]
    pub public_file: Option<PathBuf>,
    /// Where it stands.
    #[serde(default)]
    pub state: State,
}

/// Where a key stands.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Known to verifiers, signs later.
    Next,
    /// Signs.
    #[default]
    Active,
    /// Signs no more.
    Retired,
}

/// The service of ZTS as ZMS registers it.
#[derive(Debug, Deserialize)]
pub struct ZtsServiceTable {
    /// Id of its key.
    pub key_id: String,
    /// Its public key, PEM.
    pub public_key: PathBuf,
    /// Where its instance provider is called.
    #[serde(default = "zts_provider")]
    pub provider_endpoint: String,
}

fn zts_provider() -> String {
    ZTS_PROVIDER.to_owned()
}

/// The ZMS that a ZTS follows.
#[derive(Debug, Deserialize)]
pub struct SourceTable {
    /// Its URL.
    pub url: String,
    /// The certificate to show it, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// The authorities of its certificate, PEM; those of the machine without it.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
}

/// What issues certificates.
#[derive(Debug, Deserialize)]
pub struct IssuerTable {
    /// The certificate of the authority, PEM, and those above it.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Where certificate records are: `sqlite:<path>`, or `postgres://…` for several servers.
    pub records: String,
    /// The most connections to them.
    #[serde(default)]
    pub records_connections: Option<usize>,
    /// Authorities of PostgreSQL's certificate, PEM; without it there is no TLS.
    #[serde(default)]
    pub records_authorities: Option<PathBuf>,
    /// Providers that are services of their own; none are called without it.
    #[serde(default)]
    pub providers: Option<ProvidersTable>,
}

/// Where providers of instances may be called. They see the certificate of `[source]`.
#[derive(Debug, Deserialize)]
pub struct ProvidersTable {
    /// Their hosts, each at one port (`host:port`) or at all of them.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Networks they are in, as in `10.0.0.0/8`.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Authorities of their certificates, PEM. Their common names must be those of the providers.
    pub authorities: PathBuf,
}

/// What makes a name a user; the same as in the `[zms]` table of the ZMS.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub struct UsersTable {
    /// Domain of people.
    pub user_domain: String,
    /// Parent of personal domains; the user domain when absent.
    pub home_domain: Option<String>,
    /// Domain of machine accounts; the user domain when absent.
    pub headless_user_domain: Option<String>,
    /// Another name for the user domain.
    pub user_domain_alias: Option<String>,
    /// Further domains whose members count as users.
    pub addl_user_check_domains: Vec<String>,
}

impl Default for UsersTable {
    fn default() -> Self {
        let zms = athenz_zms::Config::default();
        Self {
            user_domain: zms.user_domain,
            home_domain: zms.home_domain,
            headless_user_domain: zms.headless_user_domain,
            user_domain_alias: zms.user_domain_alias,
            addl_user_check_domains: zms.addl_user_check_domains,
        }
    }
}

impl UsersTable {
    /// The names, checked.
    ///
    /// # Errors
    /// One of them is no domain.
    pub fn domains(&self) -> anyhow::Result<UserDomains> {
        let config = athenz_zms::Config {
            user_domain: self.user_domain.clone(),
            home_domain: self.home_domain.clone(),
            headless_user_domain: self.headless_user_domain.clone(),
            user_domain_alias: self.user_domain_alias.clone(),
            addl_user_check_domains: self.addl_user_check_domains.clone(),
            ..athenz_zms::Config::default()
        };
        match athenz_zms::config::Rules::new(config) {
            Ok(rules) => Ok(rules.users),
            Err(error) => bail!("[users] {}: {}", error.key, error.problem),
        }
    }
}

/// A file of either server.
#[derive(Debug)]
pub enum ServerFile {
    /// Of a ZMS.
    Zms(Box<ZmsFile>),
    /// Of a ZTS.
    Zts(Box<ZtsFile>),
}

/// Reads the file of a ZMS, with the environment over it.
///
/// # Errors
/// It cannot be read, or holds keys that do not exist.
pub fn read_zms(path: &Path) -> anyhow::Result<ZmsFile> {
    read_as(path)
}

/// Reads the file of a ZTS, with the environment over it.
///
/// # Errors
/// It cannot be read, or holds keys that do not exist.
pub fn read_zts(path: &Path) -> anyhow::Result<ZtsFile> {
    read_as(path)
}

/// Reads a file of either server: that of a ZTS says what it follows.
///
/// # Errors
/// It cannot be read, or holds keys that do not exist.
pub fn read(path: &Path) -> anyhow::Result<ServerFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let of_zts = |line: &str| {
        let line = line.trim();
        ["[source", "[zts]", "[zts.", "[issuer", "[users"].iter().any(|table| line.starts_with(table))
    };
    if text.lines().any(of_zts) {
        Ok(ServerFile::Zts(Box::new(read_zts(path)?)))
    } else {
        Ok(ServerFile::Zms(Box::new(read_zms(path)?)))
    }
}

fn read_as<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let mut config = Config::from_file(path)?;
    config.overlay(std::env::vars())?;
    config.read().with_context(|| path.display().to_string())
}

impl StoreTable {
    /// How the store is opened.
    ///
    /// # Errors
    /// The URL is none, or the authorities cannot be used.
    pub fn config(&self) -> anyhow::Result<StoreConfig> {
        let config = store_config(self.store_url()?, self.connections, self.authorities.as_deref());
        config.context("[store] authorities")
    }

    /// How long entries of the log are kept.
    ///
    /// # Errors
    /// It is so short that outcomes of commits could be lost.
    pub fn log_retention(&self) -> anyhow::Result<Duration> {
        let retention = self.log_retention.map_or(USUAL_RETENTION, |period| period.0);
        if retention < LEAST_RETENTION {
            bail!("[store] log_retention: keep the log for an hour at least, as in `400d`");
        }
        Ok(retention)
    }

    /// Where it is.
    ///
    /// # Errors
    /// The URL is none.
    pub fn store_url(&self) -> anyhow::Result<StoreUrl> {
        self.url.parse().context("[store] url")
    }
}

impl IssuerTable {
    /// How certificate records are opened.
    ///
    /// # Errors
    /// The URL is none, or the authorities cannot be used.
    pub fn records_config(&self) -> anyhow::Result<StoreConfig> {
        let authorities = self.records_authorities.as_deref();
        let config = store_config(self.records_url()?, self.records_connections, authorities);
        config.context("records_authorities")
    }

    /// Where certificate records are.
    ///
    /// # Errors
    /// The URL is none.
    pub fn records_url(&self) -> anyhow::Result<StoreUrl> {
        self.records.parse().context("records")
    }
}

fn store_config(
    url: StoreUrl,
    connections: Option<usize>,
    authorities: Option<&Path>,
) -> anyhow::Result<StoreConfig> {
    let mut config = StoreConfig::new(url);
    config.connections = connections.unwrap_or(config.connections);
    if let Some(path) = authorities {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        config.tls = Some(Arc::new(client_config(&read_certificates(path)?, &ServerIs::Host, None, &clock)?));
    }
    Ok(config)
}

impl KeyTable {
    fn ring_key(&self, now: Timestamp) -> anyhow::Result<RingKey> {
        let id: KeyId = self.id.parse()?;
        let state = match self.state {
            State::Next => KeyState::Next,
            State::Active => KeyState::Active,
            State::Retired => KeyState::Retired,
        };
        match (&self.file, &self.public_file) {
            (Some(path), None) => {
                Ok(RingKey::new(SigningKey::in_process(id, read_private_key(path)?), state, now))
            }
            (None, Some(path)) => {
                let public = read_public_key(path)?;
                Ok(RingKey { id, public, state, published: now, since: now, signer: None })
            }
            _ => bail!("key `{}` needs `file`, or `public_file` if its private half is gone", self.id),
        }
    }
}

/// The ring of a list of keys.
///
/// # Errors
/// A file cannot be used, or there is not exactly one active key.
pub fn key_ring(keys: &[KeyTable], now: Timestamp) -> anyhow::Result<KeyRing> {
    let keys: anyhow::Result<Vec<RingKey>> = keys.iter().map(|key| key.ring_key(now)).collect();
    keys.and_then(|keys| Ok(KeyRing::new(keys)?)).context("keys")
}

/// Reads a private key that only its owner can read.
///
/// # Errors
/// It cannot be read, is open to others, or is no key.
pub fn read_private_key(path: &Path) -> anyhow::Result<PrivateKey> {
    check_private_key_file(path)?;
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = zeroize::Zeroizing::new(text);
    PrivateKey::from_pem(&text).with_context(|| format!("cannot use the key {}", path.display()))
}

/// Reads a public key.
///
/// # Errors
/// It cannot be read, or is no key.
pub fn read_public_key(path: &Path) -> anyhow::Result<PublicKey> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    PublicKey::from_pem(&text).with_context(|| format!("cannot use the public key {}", path.display()))
}

/// Reads a certificate with its key, to see that they belong together.
///
/// # Errors
/// They cannot be read or do not belong together.
pub fn check_identity(certificate: &Path, key: &Path) -> anyhow::Result<()> {
    check_private_key_file(key)?;
    TlsIdentity::read(&IdentityFiles { certificate: certificate.to_owned(), key: key.to_owned() })?;
    Ok(())
}
