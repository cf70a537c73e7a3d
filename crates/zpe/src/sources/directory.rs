//! A folder with `<domain>.pol` files, as ZPU and the agent write them.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use athenz_model::names::DomainName;

use crate::core::{
    DomainPolicies, Engine, PolicyError, PolicySet, UnverifiedPolicies, VerifiedPolicies, Verify,
};

/// End of the name of a policy file.
const SUFFIX: &str = ".pol";

/// Largest policy file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Most policy files of a folder.
const FILES_MAX: usize = 100_000;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refuses.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A link, a device, a folder.
    #[error("it is no regular file")]
    NotAFile,
    /// Larger than any honest one.
    #[error("it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// Its content may not be used.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// It is older than what is in use.
    #[error("it is older than the policies in use")]
    Older,
    /// It was in use until the key that signed it was withdrawn.
    #[error("its policies are in use no more: {0}")]
    Withdrawn(PolicyError),
}

/// What a reload has found.
#[derive(Debug, Default)]
pub struct LoadReport {
    /// Files whose content is new.
    pub loaded: usize,
    /// Files that have not changed.
    pub unchanged: usize,
    /// Files that are not used, and why; what was held of their domain stays in use, unless the key
    /// that signed it was withdrawn.
    pub failed: Vec<(PathBuf, LoadError)>,
}

/// The folder, with what was read of it.
#[derive(Debug)]
pub struct PolicyDirectory {
    path: PathBuf,
    check_zms_signature: bool,
    held: Mutex<HashMap<String, Held>>,
}

#[derive(Debug)]
struct Held {
    stamp: Stamp,
    key_set: Option<u64>,
    policies: Arc<DomainPolicies>,
}

/// What tells one content from the next without reading it, and the keys it was verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    file: u64,
    keys: u64,
}

impl PolicyDirectory {
    /// The folder at this path. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), check_zms_signature: false, held: Mutex::default() }
    }

    /// Whether the signature of ZMS inside classic files must hold as well.
    #[must_use]
    pub fn check_zms_signature(mut self, check: bool) -> Self {
        self.check_zms_signature = check;
        self
    }

    /// Reads what has changed, and gives all of it to the engine at once.
    ///
    /// A file that cannot be used leaves what was held of its domain in use. A file that is gone
    /// takes its domain with it, and so does an unchanged one whose signature holds no more since
    /// the keys were read anew.
    ///
    /// # Errors
    /// The folder cannot be read: everything stays as it was.
    pub fn reload<V: Verify>(&self, engine: &Engine<V>) -> std::io::Result<LoadReport> {
        let domains = self.domains()?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|domain, _| domains.binary_search_by(|found| found.as_str().cmp(domain)).is_ok());
        let mut report = LoadReport::default();
        for domain in &domains {
            match self.load(domain, held.get(domain.as_str()), engine.verifier()) {
                Ok(None) => report.unchanged += 1,
                Ok(Some(new)) => {
                    report.loaded += 1;
                    held.insert(domain.to_string(), new);
                }
                Err(error) => {
                    if matches!(error, LoadError::Withdrawn(_)) {
                        held.remove(domain.as_str());
                    }
                    report.failed.push((self.file(domain), error));
                }
            }
        }
        engine.replace_policies(held.values().map(|held| Arc::clone(&held.policies)).collect::<PolicySet>());
        Ok(report)
    }

    /// The domains that have a file. What is no name of a domain is no policy file.
    fn domains(&self) -> std::io::Result<Vec<DomainName>> {
        let mut domains = Vec::new();
        for entry in std::fs::read_dir(&self.path)?.take(FILES_MAX) {
            let name = entry?.file_name();
            let domain = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            let Some(domain) = domain.filter(|domain| *domain == domain.to_ascii_lowercase()) else {
                continue;
            };
            domains.extend(DomainName::parse(domain).ok());
        }
        domains.sort();
        Ok(domains)
    }

    /// A name that passed the grammar of domains holds no separator and cannot leave the folder.
    fn file(&self, domain: &DomainName) -> PathBuf {
        self.path.join(format!("{domain}{SUFFIX}"))
    }

    fn load(
        &self,
        domain: &DomainName,
        held: Option<&Held>,
        verify: &dyn Verify,
    ) -> Result<Option<Held>, LoadError> {
        let keys = verify.generation();
        let (file, metadata) = open(&self.file(domain))?;
        let stamp = stamp(&metadata, keys);
        if held.is_some_and(|held| held.stamp == stamp) {
            return Ok(None);
        }
        let mut text = String::new();
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        let key_set = verify.key_set();
        let policies = match self.verify(&text, domain, verify) {
            Err(error @ PolicyError::Signature { .. })
                if held.is_some_and(|held| held.is_withdrawn(&stamp, key_set)) =>
            {
                return Err(LoadError::Withdrawn(error));
            }
            verified => Arc::new(DomainPolicies::compile(&verified?)),
        };
        match held {
            Some(held) if !policies.supersedes(&held.policies) => Err(LoadError::Older),
            _ => Ok(Some(Held { stamp, key_set, policies })),
        }
    }

    fn verify(
        &self,
        text: &str,
        domain: &DomainName,
        verify: &dyn Verify,
    ) -> Result<VerifiedPolicies, PolicyError> {
        let unverified = UnverifiedPolicies::parse(text)?;
        if self.check_zms_signature {
            unverified.check_zms_signature(verify)?;
        }
        unverified.verify(domain, verify)
    }
}

impl Held {
    /// Whether it was the keys that changed, not the file, and they are another set than before.
    fn is_withdrawn(&self, now: &Stamp, key_set: Option<u64>) -> bool {
        let same_file = Stamp { keys: now.keys, ..self.stamp.clone() } == *now;
        same_file && key_set.is_some() && key_set != self.key_set
    }
}

/// Opens a regular file: a link could lead anywhere, and a pipe would never end.
fn open(path: &Path) -> Result<(File, Metadata), LoadError> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Err(LoadError::NotAFile);
    }
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    match metadata.len() {
        _ if !metadata.is_file() => Err(LoadError::NotAFile),
        length if length > FILE_BYTES_MAX => Err(LoadError::TooLarge),
        _ => Ok((file, metadata)),
    }
}

fn stamp(metadata: &Metadata, keys: u64) -> Stamp {
    Stamp { length: metadata.len(), modified: metadata.modified().ok(), file: file_number(metadata), keys }
}

#[cfg(unix)]
fn file_number(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file_number(_: &Metadata) -> u64 {
    0
}
