//! Following any Athenz ZMS over HTTPS.
//!
//! A domain that cannot be fetched or verified is owed and tried again at every step; it holds up
//! nobody else. What was held before stays in use meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use athenz_model::Timestamp;
use athenz_model::wire::zms::{DomainList, SignedDomains};
use tokio::task::JoinSet;

use super::disk::{DiskStore, SourceState};
use super::document::{DocumentError, TrustAnchors, TrustedDomain, UnverifiedDocument};
use super::{Checkpoint, Epoch, Event};
use crate::config::{DocumentForm, ReplicationConfig};
use crate::replica::{Applied, Prepared, Replica};

/// Domains fetched at the same time.
const PARALLEL: usize = 8;

/// Documents taken into the index at once; the rest is not held in memory meanwhile.
const TOGETHER: usize = 64;

/// Every ZMS has it; a list of names without it is none.
const ALWAYS_THERE: &str = "sys.auth";

/// Seconds a domain may be owed before what is held no longer counts as confirmed.
const OWED_MAX: i64 = 900;

/// The header of our own ZMS that says which life of its store an answer is of.
const REVISION: &str = "athenz-revision";

/// Metadata of all domains.
const CHANGES: &str = "/sys/modified_domains?metaonly=true&master=true&conditions=true";

/// An answer of ZMS.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// The `ETag` header as it came, with its quotes.
    pub etag: Option<String>,
    /// The life of the store the answer is of, where the server tells it (`Athenz-Revision`).
    pub epoch: Option<u64>,
    /// The body.
    pub body: String,
}

/// ZMS cannot be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("ZMS cannot be reached: {0}")]
pub struct ZmsError(pub String);

/// Asks a ZMS, as a service it knows. [`athenz_client::ZmsClient`] does it over HTTPS.
pub trait ZmsClient: Send + Sync + 'static {
    /// GETs a path below `/zms/v1`, with `If-None-Match` when there is a tag.
    ///
    /// # Errors
    /// No answer at all; an answer of any status is none.
    fn get(&self, path: &str, tag: Option<&str>)
    -> impl Future<Output = Result<HttpAnswer, ZmsError>> + Send;
}

impl ZmsClient for athenz_client::ZmsClient {
    async fn get(&self, path: &str, tag: Option<&str>) -> Result<HttpAnswer, ZmsError> {
        let answer = Self::get(self, path, tag).await.map_err(|error| ZmsError(error.to_string()))?;
        let etag = answer.etag().map(str::to_owned);
        let epoch = answer.headers.get(REVISION).and_then(|revision| epoch_of(revision.to_str().ok()?));
        let body = String::from_utf8(answer.body).map_err(|error| ZmsError(error.to_string()))?;
        Ok(HttpAnswer { status: answer.status.as_u16(), etag, epoch, body })
    }
}

/// The life of a store in a revision `<epoch>.<sequence>`.
fn epoch_of(revision: &str) -> Option<u64> {
    revision.split_once('.')?.0.parse().ok()
}

/// Why a step failed, or a domain is owed.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// ZMS did not answer.
    #[error(transparent)]
    Zms(#[from] ZmsError),
    /// ZMS answered with an error.
    #[error("ZMS answered {0}")]
    Status(u16),
    /// The answer cannot be read.
    #[error("the answer of ZMS cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The answer lacks something.
    #[error("the answer of ZMS lacks {0}")]
    Lacks(&'static str),
    /// A domain could not be taken for too long.
    #[error("the domain {0} could not be taken for longer than {OWED_MAX} seconds")]
    Owed(String),
    /// The document may not be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The stored document cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
}

/// Follows one ZMS.
#[derive(Debug)]
pub struct Poller<C> {
    client: Arc<C>,
    anchors: Arc<TrustAnchors>,
    config: ReplicationConfig,
    replica: Arc<Replica>,
    state: SourceState,
    /// Domains that are to be fetched, and since when.
    owed: BTreeMap<String, Timestamp>,
    /// The life of the store of ZMS, as its last answer told.
    epoch: Option<u64>,
    /// How often that has changed.
    life: Epoch,
    fetched: BTreeMap<String, Timestamp>,
    deletes_at: Timestamp,
    check_at: Timestamp,
}

struct Listed {
    name: String,
    modified: Option<Timestamp>,
    enabled: bool,
}

impl<C: ZmsClient> Poller<C> {
    /// A poller that has loaded what is on disk: documents verified again, and the tag they
    /// belong to.
    pub fn new(client: C, anchors: TrustAnchors, config: ReplicationConfig, replica: Arc<Replica>) -> Self {
        let mut poller = Self {
            client: Arc::new(client),
            anchors: Arc::new(anchors),
            config,
            replica,
            state: SourceState::default(),
            owed: BTreeMap::new(),
            epoch: None,
            life: Epoch::default(),
            fetched: BTreeMap::new(),
            deletes_at: Timestamp::EPOCH,
            check_at: Timestamp::EPOCH,
        };
        poller.load();
        poller
    }

    /// Follows ZMS until `stop` ends.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let period = u64::try_from(self.config.update_interval).unwrap_or(60).max(1);
        let mut stop = std::pin::pin!(stop);
        loop {
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "replication from ZMS failed; serving what is held");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(std::time::Duration::from_secs(period)) => {}
            }
        }
    }

    /// Looks for changes once, and for deletions and drift when their time has come.
    ///
    /// # Errors
    /// A list cannot be had, or a domain could not be taken for too long: nothing is confirmed. What
    /// single domains do before is logged and tried again.
    pub async fn step(&mut self) -> Result<(), PollError> {
        let looked = self.look().await;
        if looked.is_err() {
            self.replica.count_failure();
        }
        looked
    }

    async fn look(&mut self) -> Result<(), PollError> {
        let now = self.replica.now();
        let changed = self.changes().await?;
        self.owe(changed, now);
        let compared = self.compare_if_due(now).await;
        let deleted = self.delete_if_due(now).await;
        self.fetch_owed(now).await;
        self.replica.owe(self.owed.len());
        compared.and(deleted).and(self.check_owed(now))?;
        if self.owed.is_empty() {
            (self.state.epoch, self.state.life) = (self.epoch, self.life.0);
        }
        apply(&self.replica, vec![Event::Checkpoint(Checkpoint::default())]).await;
        // what changed while domains were fetched is for the next look
        self.replica.confirm(now);
        self.state.fresh_at = Some(now);
        self.save_state();
        Ok(())
    }

    fn owe(&mut self, names: impl IntoIterator<Item = String>, now: Timestamp) {
        for name in names {
            self.owed.entry(name).or_insert(now);
        }
    }

    fn check_owed(&self, now: Timestamp) -> Result<(), PollError> {
        let latest = now.plus_seconds(-OWED_MAX);
        match self.owed.iter().find(|(_, since)| **since < latest) {
            Some((name, _)) => Err(PollError::Owed(name.clone())),
            None => Ok(()),
        }
    }

    async fn compare_if_due(&mut self, now: Timestamp) -> Result<(), PollError> {
        if now >= self.check_at {
            self.compare(now).await?;
            self.check_at = now.plus_seconds(self.config.check_interval.max(self.config.update_interval));
        }
        Ok(())
    }

    async fn delete_if_due(&mut self, now: Timestamp) -> Result<(), PollError> {
        if now >= self.deletes_at {
            self.delete_gone().await?;
            self.deletes_at = now.plus_seconds(self.config.delete_interval.max(self.config.update_interval));
        }
        Ok(())
    }

    fn load(&mut self) {
        let Some(disk) = self.replica.disk() else { return };
        let names = match disk.names() {
            Ok(names) => names,
            Err(error) => {
                tracing::warn!(%error, "stored domains cannot be read");
                return;
            }
        };
        self.state = disk.state();
        (self.epoch, self.life) = (self.state.epoch, Epoch(self.state.life));
        let mut ready = Vec::with_capacity(names.len());
        for (name, loaded) in load_all(&self.replica, disk, &self.anchors, self.life, &names) {
            match loaded {
                Ok((domain, fetched)) => {
                    self.fetched.insert(name, fetched);
                    ready.push(domain);
                }
                Err(error) => {
                    tracing::warn!(domain = %name, %error, "a stored domain is not used");
                    self.owed.insert(name, self.replica.now());
                }
            }
        }
        // what was confirmed is no longer held when one of them cannot be used
        if let Some(at) = self.state.fresh_at.filter(|_| self.owed.is_empty()) {
            self.replica.confirm(at);
        }
        tracing::info!(domains = ready.len(), "domains loaded from disk");
        self.replica.load(disk.departed(), ready);
    }

    async fn changes(&mut self) -> Result<Vec<String>, PollError> {
        let mut answer = self.client.get(CHANGES, self.state.tag.as_deref()).await?;
        if self.begins_another_life(&answer) {
            answer = self.client.get(CHANGES, None).await?;
        }
        let names = match answer.status {
            200 => listed(&answer.body)?.into_iter().map(|domain| domain.name).collect(),
            304 => Vec::new(),
            status => return Err(PollError::Status(status)),
        };
        self.state.tag = Some(answer.etag.ok_or(PollError::Lacks("its tag"))?);
        Ok(names)
    }

    /// A store that was restored has other documents under older stamps: all are fetched anew, and
    /// count as newer than those of the life before.
    fn begins_another_life(&mut self, answer: &HttpAnswer) -> bool {
        // epochs only rise: a process of ZMS that lags behind, or an old answer, begins none
        if answer.epoch <= self.epoch {
            return false;
        }
        let before = std::mem::replace(&mut self.epoch, answer.epoch);
        let (Some(_), Some(epoch)) = (before, answer.epoch) else { return false };
        tracing::warn!(epoch, "the store of ZMS was replaced; every domain is fetched anew");
        self.life = Epoch(self.life.0.saturating_add(1));
        (self.check_at, self.deletes_at) = (Timestamp::EPOCH, Timestamp::EPOCH);
        self.state.tag = None;
        true
    }

    /// Finds domains that were missed: a step that failed halfway, or a tag that came too early; and
    /// those that ZMS has in an older state, which is taken only in another life of its store.
    async fn compare(&mut self, now: Timestamp) -> Result<(), PollError> {
        let answer = self.client.get(CHANGES, None).await?;
        let all = match answer.status {
            200 => listed(&answer.body)?,
            status => return Err(PollError::Status(status)),
        };
        let index = self.replica.index();
        let missed = all.into_iter().filter(|listed| match index.domain(&listed.name) {
            Some(held) => {
                !listed.enabled || listed.modified.is_some_and(|modified| modified != held.modified())
            }
            None => listed.enabled,
        });
        let missed: Vec<_> = missed.map(|listed| listed.name).collect();
        drop(index);
        self.owe(missed, now);
        self.refetch_old(now);
        Ok(())
    }

    /// Old documents are fetched again, so that their signatures outlive a change of keys.
    fn refetch_old(&mut self, now: Timestamp) {
        let oldest = now.plus_seconds(-self.config.refetch_age);
        let mut old: Vec<_> = self.fetched.iter().filter(|(_, fetched)| **fetched < oldest).collect();
        old.sort_by_key(|(_, fetched)| **fetched);
        let names = old.into_iter().take(self.config.refetch_count).map(|(name, _)| name.clone());
        self.owe(names.collect::<Vec<_>>(), now);
    }

    async fn delete_gone(&mut self) -> Result<(), PollError> {
        let names = domain_names(self.client.get("/domain", None).await?)?;
        let index = self.replica.index();
        let gone = index.domain_names().filter(|held| !names.contains(*held)).map(str::to_owned);
        let gone: Vec<String> =
            gone.chain(self.fetched.keys().filter(|held| !names.contains(*held)).cloned()).collect();
        self.owed.retain(|name, _| names.contains(name));
        self.fetched.retain(|name, _| names.contains(name));
        drop(index);
        apply(&self.replica, gone.into_iter().map(Event::Delete).collect()).await;
        Ok(())
    }

    async fn fetch_owed(&mut self, now: Timestamp) {
        let mut waiting: Vec<String> = self.owed.keys().cloned().collect();
        waiting.reverse();
        let mut running = JoinSet::new();
        let mut events = Vec::new();
        let since = self.owed.clone();
        loop {
            while running.len() < PARALLEL
                && let Some(name) = waiting.pop()
            {
                let (client, anchors, form) = (self.client.clone(), self.anchors.clone(), self.config.form);
                running.spawn(async move {
                    let fetched = fetch(&*client, &anchors, form, &name).await;
                    (name, fetched)
                });
            }
            let Some(done) = running.join_next().await else { break };
            let Ok((name, fetched)) = done else { continue };
            match fetched {
                Ok(Some(trusted)) => {
                    self.owed.remove(&name);
                    self.fetched.insert(name, now);
                    events.push(Event::Upsert(Arc::new(trusted.in_life(self.life))));
                    if events.len() >= TOGETHER {
                        self.take(std::mem::take(&mut events), &since).await;
                    }
                }
                Ok(None) => {
                    self.owed.remove(&name);
                }
                Err(error) => {
                    self.replica.count_domain_failure();
                    tracing::warn!(domain = %name, %error, "a domain is not taken; what is held stays");
                }
            }
        }
        self.take(events, &since).await;
    }

    /// A domain that is held in a newer state stays owed: this server and ZMS do not agree.
    async fn take(&mut self, events: Vec<Event>, since: &BTreeMap<String, Timestamp>) {
        for applied in apply(&self.replica, events).await {
            if let Applied::Older { domain } = applied
                && let Some(since) = since.get(&domain)
            {
                self.owed.insert(domain, *since);
            }
        }
    }

    fn save_state(&self) {
        if let Some(disk) = self.replica.disk()
            && let Err(error) = disk.save_state(&self.state)
        {
            tracing::warn!(%error, "the state of replication cannot be written");
        }
    }
}

type Loaded = Result<(Prepared, Timestamp), PollError>;

/// Reads, verifies and compiles stored domains on all processors, one document at a time on each.
fn load_all(
    replica: &Replica,
    disk: &DiskStore,
    anchors: &TrustAnchors,
    life: Epoch,
    names: &[String],
) -> Vec<(String, Loaded)> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = names.len().div_ceil(workers).max(1);
    let load = |name: &String| (name.clone(), load_one(replica, disk, anchors, life, name));
    std::thread::scope(|scope| {
        let parts: Vec<_> = names
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(load).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

fn load_one(replica: &Replica, disk: &DiskStore, anchors: &TrustAnchors, life: Epoch, name: &str) -> Loaded {
    let stored = disk.read(name)?;
    let trusted = stored.document.verify(name, anchors)?.in_life(life);
    Ok((replica.prepare(&trusted), stored.fetched))
}

/// Compiling and writing files is work for a thread that may block.
async fn apply(replica: &Arc<Replica>, events: Vec<Event>) -> Vec<Applied> {
    if events.is_empty() {
        return Vec::new();
    }
    let replica = Arc::clone(replica);
    tokio::task::spawn_blocking(move || replica.apply(events)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "domains could not be taken");
        Vec::new()
    })
}

/// Fetches a domain; `None` when ZMS no longer has it.
async fn fetch<C: ZmsClient>(
    client: &C,
    anchors: &TrustAnchors,
    form: DocumentForm,
    name: &str,
) -> Result<Option<TrustedDomain>, PollError> {
    let path = match form {
        DocumentForm::Signed => format!("/sys/modified_domains?domain={name}&master=true&conditions=true"),
        DocumentForm::Jws => format!("/domain/{name}/signed"),
    };
    let answer = client.get(&path, None).await?;
    let text = match (answer.status, form) {
        (200, DocumentForm::Jws) => answer.body,
        (200, DocumentForm::Signed) => match only_domain(&answer.body)? {
            Some(text) => text,
            None => return Ok(None),
        },
        (404, _) => return Ok(None),
        (status, _) => return Err(PollError::Status(status)),
    };
    Ok(Some(UnverifiedDocument::new(form, text).verify(name, anchors)?))
}

fn only_domain(body: &str) -> Result<Option<String>, PollError> {
    #[derive(serde::Deserialize)]
    struct One<'a> {
        #[serde(borrow)]
        domains: Vec<&'a serde_json::value::RawValue>,
    }
    let one: One<'_> = serde_json::from_str(body)?;
    match one.domains.as_slice() {
        [] => Ok(None),
        [domain] => Ok(Some(domain.get().to_owned())),
        _ => Err(PollError::Lacks("a single domain")),
    }
}

fn listed(body: &str) -> Result<Vec<Listed>, PollError> {
    let list: SignedDomains = serde_json::from_str(body)?;
    let domains = list.domains.ok_or(PollError::Lacks("its domains"))?;
    let data = domains.into_iter().filter_map(|signed| signed.domain);
    let listed = data.filter_map(|data| {
        let name = data.name.filter(|name| athenz_model::names::Grammar::CompoundName.matches(name))?;
        Some(Listed {
            name: name.to_ascii_lowercase(),
            modified: data.modified,
            enabled: data.enabled.unwrap_or(true),
        })
    });
    Ok(listed.collect())
}

fn domain_names(answer: HttpAnswer) -> Result<BTreeSet<String>, PollError> {
    if answer.status != 200 {
        return Err(PollError::Status(answer.status));
    }
    let list: DomainList = serde_json::from_str(&answer.body)?;
    let names: BTreeSet<String> = list.names.unwrap_or_default().into_iter().collect();
    if names.contains(ALWAYS_THERE) { Ok(names) } else { Err(PollError::Lacks(ALWAYS_THERE)) }
}
