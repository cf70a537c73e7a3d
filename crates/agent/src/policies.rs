//! Signed policies, verified and written where a ZPE reads them: the job of ZPU.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use athenz_client::zts::KeysOf;
use athenz_client::{ClientError, Document, Fetched, ZtsClient};
use athenz_model::names::DomainName;
use athenz_model::wire::zts::AthenzJWKConfig;
use athenz_model::{Clock, Timestamp};
use athenz_zpe::core::{PolicyError, UnverifiedPolicies, VerifiedPolicies, Verify};

use crate::files::{self, Readers, WriteError};

/// A file is fetched anew when it ends within this time: two days, as ZPU has it.
pub const REFETCH_BEFORE_SECONDS: i64 = 2880 * 60;

/// The file with the keys that the policies were verified with, in SIA's form of `athenz.conf`.
pub const KEY_FILE: &str = "athenz.conf";

/// Which form of policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyForm {
    /// A JWS: everything is signed.
    #[default]
    Jws,
    /// The classic form, for engines that know no other.
    Classic,
}

/// How policies are fetched.
#[derive(Clone, Debug)]
pub struct PolicyOptions {
    /// Where the files go.
    pub folder: PathBuf,
    /// The form.
    pub form: PolicyForm,
    /// Also when nothing has changed.
    pub force: bool,
    /// Fetch anew when a file ends within this time, in seconds.
    pub refetch_before_seconds: i64,
    /// Whether the signature of ZMS inside the classic form must hold as well.
    pub check_zms_signature: bool,
    /// Versions other than the active ones, by policy; JWS only.
    pub versions: BTreeMap<String, String>,
}

impl PolicyOptions {
    /// JWS files in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            form: PolicyForm::default(),
            force: false,
            refetch_before_seconds: REFETCH_BEFORE_SECONDS,
            check_zms_signature: false,
            versions: BTreeMap::new(),
        }
    }
}

/// What came of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFetch {
    /// The file is new.
    Written {
        /// Until when it may be used.
        expires: Timestamp,
    },
    /// There is nothing newer.
    Unchanged,
}

/// Why the file is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFetchError {
    /// ZTS refuses or does not answer.
    #[error("{0}")]
    Client(#[from] ClientError),
    /// What ZTS gave may not be used.
    #[error("{0}; the file is as it was")]
    Policy(#[from] PolicyError),
    /// There is no file, and ZTS says that nothing has changed.
    #[error("ZTS says that nothing has changed, but was not asked so; is the URL that of an Athenz server?")]
    Nothing,
    /// It is over already.
    #[error("the policies that ZTS gave ended at {0}; compare the clocks")]
    Expired(Timestamp),
    /// Somebody wants to take us back.
    #[error(
        "the policies that ZTS gave ({given}) are older than those at hand ({held}); fetch with --force if ZTS was restored"
    )]
    Older {
        /// Stamp of what came.
        given: Timestamp,
        /// Stamp of what is there.
        held: Timestamp,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Fetches the policies of one domain and writes `<folder>/<domain>.pol`, if there is something
/// new and it verifies.
///
/// # Errors
/// The file is as it was before.
pub async fn fetch(
    zts: &ZtsClient,
    domain: &DomainName,
    options: &PolicyOptions,
    verify: &dyn Verify,
    clock: &dyn Clock,
) -> Result<PolicyFetch, PolicyFetchError> {
    let path = policy_file(&options.folder, domain);
    let held = if options.force { None } else { read_held(&path, domain, options, verify) };
    let now = clock.now();
    let fresh = |held: &&Held| now <= held.policies.expires.plus_seconds(-options.refetch_before_seconds);
    let etag = held.as_ref().filter(fresh).and_then(|held| held.etag.as_deref());
    let fetched = match options.form {
        PolicyForm::Jws => zts.jws_policies(domain, &options.versions, etag).await?,
        PolicyForm::Classic => zts.signed_policies(domain, etag).await?,
    };
    let document = match fetched {
        Fetched::Unchanged { .. } if etag.is_some() => return Ok(PolicyFetch::Unchanged),
        Fetched::Unchanged { .. } => return Err(PolicyFetchError::Nothing),
        Fetched::Changed(document) => document,
    };
    let policies = accept(&document, domain, options, verify, now)?;
    if let Some(held) = held.filter(|held| held.policies.modified > policies.modified) {
        return Err(PolicyFetchError::Older { given: policies.modified, held: held.policies.modified });
    }
    files::write(&path, document.unverified_text.as_bytes(), Readers::All)?;
    Ok(PolicyFetch::Written { expires: policies.expires })
}

/// Where the policies of a domain lie. The grammar of names has no separators.
pub fn policy_file(folder: &Path, domain: &DomainName) -> PathBuf {
    folder.join(format!("{domain}.pol"))
}

struct Held {
    /// What ZTS calls it, where the file is what is asked for now.
    etag: Option<String>,
    policies: VerifiedPolicies,
}

/// What is there, if it is good.
fn read_held(path: &Path, domain: &DomainName, options: &PolicyOptions, verify: &dyn Verify) -> Option<Held> {
    let text = std::fs::read_to_string(path).ok()?;
    let unverified = UnverifiedPolicies::parse(&text).ok()?;
    let etag = is_what_is_asked_for(&unverified, options, verify).then(|| unverified.unverified_etag());
    Some(Held { etag, policies: unverified.verify(domain, verify).ok()? })
}

/// The tag of ZTS tells content by its stamp alone: not the form, nor the versions of policies.
fn is_what_is_asked_for(held: &UnverifiedPolicies, options: &PolicyOptions, verify: &dyn Verify) -> bool {
    held.is_jws() == (options.form == PolicyForm::Jws)
        && options.versions.is_empty()
        && !held.has_other_versions()
        && (!options.check_zms_signature || held.check_zms_signature(verify).is_ok())
}

fn accept(
    document: &Document,
    domain: &DomainName,
    options: &PolicyOptions,
    verify: &dyn Verify,
    now: Timestamp,
) -> Result<VerifiedPolicies, PolicyFetchError> {
    let unverified = UnverifiedPolicies::parse(&document.unverified_text)?;
    if options.check_zms_signature {
        unverified.check_zms_signature(verify)?;
    }
    let policies = unverified.verify(domain, verify)?;
    if policies.expires < now {
        return Err(PolicyFetchError::Expired(policies.expires));
    }
    Ok(policies)
}

/// Writes the public keys of both servers beside the policies, so that a decision needs nobody.
///
/// # Errors
/// ZTS does not answer, or the file cannot be written.
pub async fn write_key_file(
    zts: &ZtsClient,
    folder: &Path,
    clock: &dyn Clock,
) -> Result<PathBuf, PolicyFetchError> {
    let keys = AthenzJWKConfig {
        zms: Some(zts.jwks(KeysOf::Zms).await?),
        zts: Some(zts.jwks(KeysOf::Zts).await?),
        modified: Some(clock.now()),
    };
    let text = serde_json::to_vec_pretty(&keys).unwrap_or_default();
    let path = folder.join(KEY_FILE);
    files::write(&path, &text, Readers::All)?;
    Ok(path)
}
