//! Public keys of ZTS and ZMS: from `athenz.conf` in both its forms, and from the key set of ZTS.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use athenz_client::zts::KeysOf;
use athenz_client::{ClientError, ZtsClient};
use athenz_crypto::digest::sha256;
use athenz_crypto::jose::{Jwk, JwkSet, UnverifiedFlattenedJws};
use athenz_crypto::keys::{Algorithm, PublicKey};
use athenz_model::wire::zts::JWKList;
use athenz_model::{Clock, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::core::{KeyOwner, Scheme, Verify, VerifyError};

/// Largest key file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Most keys of one owner.
const KEYS_MAX: usize = 256;

/// When keys are fetched, and how long they are believed. All in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRules {
    /// The key set is fetched again after this time.
    pub refresh_seconds: i64,
    /// A token with an unknown key makes the set be fetched, but not sooner than this.
    pub unknown_key_seconds: i64,
    /// Fetched keys are not believed longer than this without being fetched again.
    pub stale_seconds: i64,
}

impl Default for KeyRules {
    /// An hour, a minute, a day.
    fn default() -> Self {
        Self { refresh_seconds: 3600, unknown_key_seconds: 60, stale_seconds: 86_400 }
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is no `athenz.conf`.
    #[error("{} holds no keys that can be used; expected an athenz.conf with ztsPublicKeys or zts.keys", path.display())]
    NoKeys {
        /// The file.
        path: PathBuf,
    },
}

/// Why keys are not fresh.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefreshError {
    /// A file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// ZTS.
    #[error("{0}")]
    Server(#[from] ClientError),
    /// ZTS has no key that can be used.
    #[error("the key set of ZTS holds no key that can be used")]
    NoKeys,
}

type KeysById = HashMap<String, PublicKey>;

/// The keys of both servers.
#[derive(Clone, Debug, Default)]
struct Keys {
    zts: KeysById,
    zms: KeysById,
}

impl Keys {
    const fn of(&self, owner: KeyOwner) -> &KeysById {
        match owner {
            KeyOwner::Zts => &self.zts,
            KeyOwner::Zms => &self.zms,
        }
    }

    fn is_empty(&self) -> bool {
        self.zts.is_empty() && self.zms.is_empty()
    }

    fn fingerprint(&self) -> Vec<(bool, String, Vec<u8>)> {
        let list = |zts: bool, keys: &KeysById| -> Vec<_> {
            keys.iter().map(|(id, key)| (zts, id.clone(), key.to_spki_der().to_vec())).collect()
        };
        let mut all = list(true, &self.zts);
        all.extend(list(false, &self.zms));
        all.sort();
        all
    }
}

/// Keys with the time until which they are believed.
#[derive(Debug, Default)]
struct Held {
    files: Keys,
    fetched: Keys,
    fetched_at: Option<Timestamp>,
}

/// The keys that tokens and policies are verified with.
///
/// Keys of files are believed while the file says so; those of the key set only for a time.
#[derive(Debug)]
pub struct TrustedKeys {
    clock: Arc<dyn Clock>,
    rules: KeyRules,
    files: Vec<PathBuf>,
    zts: Option<ZtsClient>,
    held: ArcSwap<Held>,
    generation: AtomicU64,
    /// A key was asked for that is not here.
    missed: AtomicBool,
    attempted_at: AtomicI64,
    /// One refresh at a time.
    refreshing: Mutex<()>,
}

impl TrustedKeys {
    /// No keys yet, no files and no server.
    pub fn new(clock: Arc<dyn Clock>, rules: KeyRules) -> Self {
        Self {
            clock,
            rules,
            files: Vec::new(),
            zts: None,
            held: ArcSwap::default(),
            generation: AtomicU64::new(0),
            missed: AtomicBool::new(false),
            attempted_at: AtomicI64::new(i64::MIN),
            refreshing: Mutex::default(),
        }
    }

    /// Also the keys in an `athenz.conf`, of either form.
    ///
    /// # Errors
    /// The file cannot be read or holds no keys.
    pub fn with_file(mut self, path: &Path) -> Result<Self, KeyFileError> {
        self.files.push(path.to_owned());
        self.reload_files()?;
        Ok(self)
    }

    /// Also the key set of a ZTS, which [`Self::refresh`] fetches.
    #[must_use]
    pub fn with_server(mut self, zts: ZtsClient) -> Self {
        self.zts = Some(zts);
        self
    }

    /// Reads the files again; the keys of before stay if one cannot be used.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn reload_files(&self) -> Result<(), KeyFileError> {
        let mut files = Keys::default();
        for path in &self.files {
            let keys = read_file(path)?;
            files.zts.extend(keys.zts);
            files.zms.extend(keys.zms);
        }
        self.update(|held| Held { files, fetched: held.fetched.clone(), fetched_at: held.fetched_at });
        Ok(())
    }

    /// Uses this key set of ZTS, as if it had been fetched now.
    ///
    /// # Errors
    /// It holds no key that can be used.
    pub fn use_key_set(&self, zts: &JwkSet) -> Result<(), KeyRefreshError> {
        self.use_fetched(Keys { zts: from_jwks(zts.jwks()), zms: KeysById::new() })
    }

    /// Fetches the key set if it is due: after its time, or when an unknown key was seen; the
    /// latter at most once in [`KeyRules::unknown_key_seconds`]. Call it every few seconds, beside
    /// the decisions.
    ///
    /// # Errors
    /// The keys of before stay in use, for as long as they are believed.
    pub async fn refresh(&self) -> Result<(), KeyRefreshError> {
        self.reload_files()?;
        let Some(zts) = &self.zts else { return Ok(()) };
        if !self.is_due() {
            return Ok(());
        }
        let keys = zts.jwks(KeysOf::Zts).await?;
        let zms = zts.jwks(KeysOf::Zms).await.map(|keys| from_list(&keys));
        // no answer withdraws no key
        let zms = zms.unwrap_or_else(|_| self.held.load().fetched.zms.clone());
        self.use_fetched(Keys { zts: from_list(&keys), zms })
    }

    fn is_due(&self) -> bool {
        let now = self.clock.now();
        let since =
            |moment: i64, seconds: i64| now.millis().saturating_sub(moment) >= seconds.saturating_mul(1000);
        let attempted = self.attempted_at.load(Ordering::Relaxed);
        if !since(attempted, self.rules.unknown_key_seconds) {
            return false;
        }
        let fetched = self.held.load().fetched_at.map_or(i64::MIN, Timestamp::millis);
        let due = since(fetched, self.rules.refresh_seconds) || self.missed.load(Ordering::Relaxed);
        if due {
            self.missed.store(false, Ordering::Relaxed);
            self.attempted_at.store(now.millis(), Ordering::Relaxed);
        }
        due
    }

    fn use_fetched(&self, fetched: Keys) -> Result<(), KeyRefreshError> {
        if fetched.zts.is_empty() {
            return Err(KeyRefreshError::NoKeys);
        }
        let now = self.clock.now();
        self.update(|held| Held { files: held.files.clone(), fetched, fetched_at: Some(now) });
        Ok(())
    }

    fn update(&self, change: impl FnOnce(&Held) -> Held) {
        let _one = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.held.load_full();
        let after = change(&before);
        let fingerprint = |held: &Held| (held.files.fingerprint(), held.fetched.fingerprint());
        let changed = fingerprint(&before) != fingerprint(&after);
        self.held.store(Arc::new(after));
        if changed {
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// The key of this id, while it is believed.
    fn find(&self, owner: KeyOwner, id: &str) -> Option<PublicKey> {
        let held = self.held.load();
        let believed = self.is_believed(&held);
        let key =
            held.files.of(owner).get(id).or_else(|| held.fetched.of(owner).get(id).filter(|_| believed));
        if key.is_none() {
            self.missed.store(true, Ordering::Relaxed);
        }
        key.cloned()
    }

    fn is_believed(&self, held: &Held) -> bool {
        let until = held.fetched_at.map(|at| at.plus_seconds(self.rules.stale_seconds));
        until.is_some_and(|until| self.clock.now() <= until)
    }
}

impl Verify for TrustedKeys {
    fn verify(
        &self,
        owner: KeyOwner,
        unverified_key_id: &str,
        scheme: Scheme<'_>,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let key = self.find(owner, unverified_key_id).ok_or(VerifyError::UnknownKey)?;
        match scheme {
            Scheme::Athenz => key.verify_sha256(data, signature).map_err(|_| VerifyError::BadSignature),
            Scheme::Compact(algorithm) => {
                let algorithm: Algorithm = algorithm.parse().map_err(|_| VerifyError::Algorithm)?;
                if !algorithm.fits(key.kind()) {
                    return Err(VerifyError::Algorithm);
                }
                key.verify(algorithm, data, signature).map_err(|_| VerifyError::BadSignature)
            }
            Scheme::Document(_) => verify_document(&key, data, signature),
        }
    }

    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        sha256(data)
    }

    /// Keys that are no longer believed count as a change, too.
    fn generation(&self) -> u64 {
        let believed = self.is_believed(&self.held.load());
        self.generation.load(Ordering::Acquire) << 1 | u64::from(believed)
    }

    fn key_set(&self) -> Option<u64> {
        let held = self.held.load();
        let usable = held.fetched_at.is_none() || self.is_believed(&held);
        usable.then(|| self.generation.load(Ordering::Acquire))
    }
}

/// The rules for the two forms of an ECDSA signature stand with the flattened JWS.
fn verify_document(key: &PublicKey, data: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
    let text = std::str::from_utf8(data).map_err(|_| VerifyError::BadSignature)?;
    let (protected, payload) = text.split_once('.').ok_or(VerifyError::BadSignature)?;
    let signature = URL_SAFE_NO_PAD.encode(signature);
    let document =
        UnverifiedFlattenedJws::new(protected, payload, &signature).map_err(|_| VerifyError::Algorithm)?;
    document.verify_with(|_| Some(key)).map(|_| ()).map_err(|_| VerifyError::BadSignature)
}

/// Both forms of `athenz.conf`: of `athenz-conf` and of SIA.
#[derive(Deserialize)]
struct AthenzConf {
    #[serde(rename = "ztsPublicKeys", default)]
    zts_public_keys: Vec<KeyEntry>,
    #[serde(rename = "zmsPublicKeys", default)]
    zms_public_keys: Vec<KeyEntry>,
    zts: Option<KeyList>,
    zms: Option<KeyList>,
}

#[derive(Deserialize)]
struct KeyEntry {
    id: Option<String>,
    key: Option<String>,
}

#[derive(Deserialize)]
struct KeyList {
    #[serde(default)]
    keys: Vec<serde_json::Value>,
}

fn read_file(path: &Path) -> Result<Keys, KeyFileError> {
    let unreadable = |error| KeyFileError::Unreadable { path: path.to_owned(), error };
    let no_keys = || KeyFileError::NoKeys { path: path.to_owned() };
    if std::fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
        return Err(no_keys());
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let keys = parse_conf(&text).filter(|keys| !keys.is_empty());
    keys.ok_or_else(no_keys)
}

fn parse_conf(text: &str) -> Option<Keys> {
    let conf: AthenzConf = serde_json::from_str(text).ok()?;
    let mut keys = Keys { zts: from_entries(conf.zts_public_keys), zms: from_entries(conf.zms_public_keys) };
    let jwks = |list: Option<KeyList>| -> Vec<Jwk> {
        let values = list.map(|list| list.keys).unwrap_or_default();
        values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect()
    };
    keys.zts.extend(from_jwks(&jwks(conf.zts)));
    keys.zms.extend(from_jwks(&jwks(conf.zms)));
    Some(keys)
}

/// One entry that cannot be used must not spoil the others.
fn from_entries(entries: Vec<KeyEntry>) -> KeysById {
    let read = |entry: KeyEntry| Some((entry.id?, usable(PublicKey::from_ybase64_pem(&entry.key?).ok()?)?));
    entries.into_iter().take(KEYS_MAX).filter_map(read).collect()
}

fn from_jwks(jwks: &[Jwk]) -> KeysById {
    let read = |jwk: &Jwk| Some((jwk.kid.clone()?, usable(jwk.to_public_key().ok()?)?));
    jwks.iter().take(KEYS_MAX).filter_map(read).collect()
}

fn from_list(list: &JWKList) -> KeysById {
    let keys = list.keys.iter().flatten().map(|key| Jwk {
        kty: key.kty.clone().unwrap_or_default(),
        kid: key.kid.clone(),
        alg: key.alg.clone(),
        usage: key.r#use.clone(),
        crv: key.crv.clone(),
        x: key.x.clone(),
        y: key.y.clone(),
        n: key.n.clone(),
        e: key.e.clone(),
    });
    from_jwks(&keys.collect::<Vec<_>>())
}

/// A key that is too weak is no key.
fn usable(key: PublicKey) -> Option<PublicKey> {
    key.check_strength().is_ok().then_some(key)
}
