//! The one place where writes are decided and committed.
//!
//! Commands queue here. The writer takes the head lock, catches up with what other processes have
//! committed, decides one command after another, each on the result of the one before, commits
//! them together, publishes the new world, and only then answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use athenz_crypto::random::{SystemRandom, uuid_v4};
use athenz_model::{ApiError, Clock};
use athenz_store::{Batch, CommitError, Reloaded, Store};
use athenz_world::{ChangeSet, Head, LogEntry, Sequence, World};
use tokio::sync::{mpsc, oneshot, watch};

use crate::access;
use crate::commands::leaving;
use crate::config::Rules;
use crate::context::{Caller, Context};
use crate::owner_header::OwnerHeader;
use crate::sizes;
use crate::templates::Templates;
use crate::trimmed;

/// Most commands decided under one lock.
const BATCH: usize = 64;
/// Most commands that wait.
const QUEUE: usize = 1024;
/// How often a batch is repeated when the database refuses to serialise it.
const REPEATS: usize = 5;

/// Decides one command; boxed, since each command is its own closure.
type Decide = Box<dyn FnMut(&Context<'_>) -> Result<ChangeSet, ApiError> + Send>;

/// What a write is besides its decision.
#[derive(Clone, Debug)]
pub(crate) struct WriteFacts {
    pub(crate) operation: &'static str,
    pub(crate) caller: Arc<Caller>,
    pub(crate) audit_reference: String,
    pub(crate) owner: OwnerHeader,
    /// What the contract demands of the caller.
    pub(crate) right: Option<Right>,
}

/// An action on a resource.
#[derive(Clone, Debug)]
pub(crate) struct Right {
    pub(crate) action: &'static str,
    pub(crate) resource: String,
}

struct Job {
    facts: WriteFacts,
    decide: Decide,
    answer: oneshot::Sender<Result<Arc<World>, ApiError>>,
}

/// Everything the writer needs.
pub(crate) struct WriterParts {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) templates: Arc<Templates>,
    pub(crate) world: Arc<ArcSwap<World>>,
    pub(crate) heads: watch::Sender<Head>,
}

/// Hands commands to the writer.
#[derive(Clone, Debug)]
pub(crate) struct WriterHandle(mpsc::Sender<Job>);

impl WriterHandle {
    /// Starts the writer; it ends when the last handle is dropped.
    pub(crate) fn start(parts: WriterParts) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        tokio::spawn(Writer { parts }.run(queue));
        Self(sender)
    }

    /// Decides and commits; answers with the world after the commit.
    ///
    /// # Errors
    /// What the command refuses; 503 where the store cannot be reached.
    pub(crate) async fn write(
        &self,
        facts: WriteFacts,
        decide: impl FnMut(&Context<'_>) -> Result<ChangeSet, ApiError> + Send + 'static,
    ) -> Result<Arc<World>, ApiError> {
        let (answer, answered) = oneshot::channel();
        let job = Job { facts, decide: Box::new(decide), answer };
        self.0.send(job).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

fn stopped() -> ApiError {
    ApiError::unavailable("the server is stopping, please retry")
}

struct Writer {
    parts: WriterParts,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            self.batch(std::mem::take(&mut jobs)).await;
        }
    }

    async fn batch(&mut self, mut jobs: Vec<Job>) {
        for _ in 0..REPEATS {
            match self.attempt(jobs).await {
                Attempt::Done => return,
                Attempt::Again(repeated) => jobs = repeated,
            }
        }
        for job in jobs {
            let text = "Concurrent update conflict, please retry your operation later.";
            let _ = job.answer.send(Err(ApiError::conflict(text)));
        }
    }

    async fn attempt(&mut self, mut jobs: Vec<Job>) -> Attempt {
        let transaction = match self.parts.store.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return refuse_all(jobs, &logged(&error).to_api()),
        };
        let caught = match transaction.catch_up(&self.parts.world.load()).await {
            Ok(caught) => caught,
            Err(error) => return refuse_all(jobs, &logged(&error).to_api()),
        };
        if caught.reloaded != Reloaded::Nothing {
            tracing::warn!(reloaded = ?caught.reloaded, "read domains anew from the rows");
        }
        let mut world = caught.world;
        let batch_id = uuid_v4(&SystemRandom);
        let (entries, outcomes) = self.decide_all(&mut world, &mut jobs, &batch_id);
        let world = Arc::new(world);
        if entries.is_empty() {
            drop(transaction);
            self.publish(Arc::clone(&world));
            answer_all(jobs, outcomes, &world);
            return Attempt::Done;
        }
        let batch = Arc::new(Batch { id: batch_id.clone(), entries });
        match transaction.commit(batch).await {
            Ok(_) => {}
            Err(CommitError::Conflict(_)) => return Attempt::Again(jobs),
            Err(CommitError::Diverged(cause)) => return self.reload(jobs, &cause).await,
            Err(CommitError::Unknown { cause, .. }) => {
                tracing::warn!(%cause, "outcome of a commit was lost, looking it up");
                match self.parts.store.outcome_of(&batch_id).await {
                    Ok(Some(_)) => {}
                    Ok(None) => return Attempt::Again(jobs),
                    Err(error) => {
                        logged(&error);
                        // the change may have been made: nobody is told that it was not
                        let unknown = CommitError::Unknown { batch: batch_id, cause };
                        return refuse_all(jobs, &unknown.to_api());
                    }
                }
            }
            Err(error) => return refuse_all(jobs, &logged(&error).to_api()),
        }
        self.publish(Arc::clone(&world));
        answer_all(jobs, outcomes, &world);
        Attempt::Done
    }

    /// The rows are the truth: the world is read anew, and the batch decided again.
    async fn reload(&self, jobs: Vec<Job>, cause: &str) -> Attempt {
        tracing::error!(%cause, "this process held a world that differs from the rows, reading it anew");
        match self.parts.store.load().await {
            Ok(world) => {
                self.publish(Arc::new(world));
                Attempt::Again(jobs)
            }
            Err(error) => refuse_all(jobs, &logged(&error).to_api()),
        }
    }

    fn publish(&self, world: Arc<World>) {
        let head = world.head;
        self.parts.world.store(world);
        self.parts.heads.send_if_modified(|present| std::mem::replace(present, head) != head);
    }

    /// Decides each command on the world that the ones before have made.
    fn decide_all(
        &self,
        world: &mut World,
        jobs: &mut [Job],
        batch: &str,
    ) -> (Vec<LogEntry>, Vec<Result<(), ApiError>>) {
        let now = self.parts.clock.now();
        let stamp = world.head.next_stamp(now);
        let mut entries = Vec::new();
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs {
            if job.answer.is_closed() {
                outcomes.push(Err(stopped()));
                continue;
            }
            match self.decide(world, job, now, stamp, batch) {
                Ok(None) => outcomes.push(Ok(())),
                Ok(Some((entry, after))) => {
                    *world = after;
                    entries.push(entry);
                    outcomes.push(Ok(()));
                }
                Err(error) => outcomes.push(Err(error)),
            }
        }
        (entries, outcomes)
    }

    fn decide(
        &self,
        world: &World,
        job: &mut Job,
        now: athenz_model::Timestamp,
        stamp: athenz_model::Timestamp,
        batch: &str,
    ) -> Result<Option<(LogEntry, World)>, ApiError> {
        let ids = AtomicI64::new(world.head.next_id);
        let uuid = uuid_v4(&SystemRandom);
        let context = Context {
            world,
            rules: &self.parts.rules,
            templates: &self.parts.templates,
            caller: &job.facts.caller,
            operation: job.facts.operation,
            now,
            stamp,
            audit_reference: &job.facts.audit_reference,
            owner: &job.facts.owner,
            ids: &ids,
            uuid: &uuid,
        };
        // once more: it may have been taken away while the command waited
        if let Some(right) = &job.facts.right {
            access::authorize(&context, right.action, &right.resource)?;
        }
        let mut changes = (job.decide)(&context)?;
        trimmed::trim(&mut changes);
        sizes::check(&changes)?;
        leaving::readmit(&context, &mut changes);
        changes.register_members(|name| world.is_registered(name));
        if changes.is_empty() {
            return Ok(None);
        }
        let before = world.before(&changes);
        let mut entry = LogEntry {
            format: LogEntry::FORMAT,
            sequence: Sequence(world.head.sequence.0 + 1),
            batch: batch.to_owned(),
            time: now,
            stamp,
            next_id: ids.load(Ordering::Relaxed),
            actor: job.facts.caller.name.clone(),
            caller: job.facts.caller.credential.clone(),
            operation: job.facts.operation.to_owned(),
            audit_reference: job.facts.audit_reference.clone(),
            changes,
            before,
            fingerprints: BTreeMap::new(),
        };
        let mut after = world.clone();
        after.apply(&entry).map_err(|error| {
            tracing::error!(%error, operation = job.facts.operation, "a command decided what cannot be applied");
            ApiError::internal("internal server error")
        })?;
        for domain in entry.changes.loud_domains() {
            if let Some(found) = after.domain(domain) {
                entry.fingerprints.insert(domain.clone(), found.fingerprint);
            }
        }
        Ok(Some((entry, after)))
    }
}

/// Writes an error to the log, once, where it is handled.
fn logged<E: std::fmt::Display>(error: &E) -> &E {
    tracing::error!(%error, "store");
    error
}

enum Attempt {
    Done,
    Again(Vec<Job>),
}

fn answer_all(jobs: Vec<Job>, outcomes: Vec<Result<(), ApiError>>, world: &Arc<World>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        let _ = job.answer.send(outcome.map(|()| Arc::clone(world)));
    }
}

fn refuse_all(jobs: Vec<Job>, error: &ApiError) -> Attempt {
    for job in jobs {
        let _ = job.answer.send(Err(error.clone()));
    }
    Attempt::Done
}
