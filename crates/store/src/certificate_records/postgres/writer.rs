//! The task of a server that writes its batches, each in one transaction, and finds out what became
//! of one whose connection was lost.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Client;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::batch::{Change, Job, Outcome, answer, drain};
use super::super::record::RecordKey;
use super::super::{Limits, RecordStoreError};
use super::{Database, Statements, apply};
use crate::faults::{FaultPoint, FaultPoints};
use crate::postgres::{is_conflict, is_lost, is_refusal};

/// How often a batch that was not committed is tried.
const ATTEMPTS: usize = 5;
/// The pause before the outcome of a batch is asked for again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Writes for one server.
pub(in super::super) struct Writer {
    database: Database,
    /// The number of its last batch: see [`super::NOTE_BATCH`].
    batch: i64,
    limits: Limits,
    faults: FaultPoints,
}

/// Why a batch, or one try of it, failed.
enum Failure {
    /// A statement was refused, and with it the whole batch; each write alone may do.
    Refused(RecordStoreError),
    /// Nothing was committed, for a reason that may be gone at the next try.
    NotCommitted(RecordStoreError),
    /// There is no connection.
    Unreachable(RecordStoreError),
    /// The answer to COMMIT never came. If it was committed, these are the outcomes.
    Unknown(Vec<Outcome>, RecordStoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // another server was in the way, or the database is the leader no more
        let passing = |code: &SqlState| is_conflict(code) || *code == SqlState::READ_ONLY_SQL_TRANSACTION;
        if is_lost(&error) || error.code().is_some_and(passing) {
            Self::NotCommitted(error.into())
        } else {
            Self::Refused(error.into())
        }
    }
}

impl From<RecordStoreError> for Failure {
    fn from(error: RecordStoreError) -> Self {
        Self::Unreachable(error)
    }
}

impl Failure {
    fn into_error(self) -> RecordStoreError {
        match self {
            Self::Refused(error)
            | Self::NotCommitted(error)
            | Self::Unreachable(error)
            | Self::Unknown(_, error) => error,
        }
    }
}

impl Writer {
    pub(in super::super) const fn new(database: Database, limits: Limits, faults: FaultPoints) -> Self {
        Self { database, batch: 0, limits, faults }
    }

    /// Writes until the queue is closed.
    pub(in super::super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        while let Some(first) = jobs.recv().await {
            batch.push(first);
            drain(&mut jobs, &mut batch, self.limits.batch);
            if batch.len() < self.limits.batch && !self.limits.gather.is_zero() {
                sleep(self.limits.gather).await;
                drain(&mut jobs, &mut batch, self.limits.batch);
            }
            // whoever waited in vain was told that nothing is known to be written
            batch.retain(|job| !job.reply.is_closed());
            // the same order everywhere, or two servers wait for each other's rows
            batch.sort_by(|a, b| order_of(&a.change).cmp(&order_of(&b.change)));
            if !batch.is_empty() {
                self.write(std::mem::take(&mut batch)).await;
            }
        }
    }

    async fn write(&mut self, batch: Vec<Job>) {
        match self.commit(&batch).await {
            // what one bad write fails must not fail the others of its batch
            Err(Failure::Refused(_)) if batch.len() > 1 => {
                for job in batch {
                    let single = [job];
                    let outcomes = self.commit(&single).await;
                    answer(Vec::from(single), outcomes.map_err(Failure::into_error));
                }
            }
            outcomes => answer(batch, outcomes.map_err(Failure::into_error)),
        }
    }

    /// Commits a batch once, however often it must be tried.
    async fn commit(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, Failure> {
        self.batch += 1;
        let give_up = Instant::now() + self.limits.timeout;
        let mut unknown: Option<Vec<Outcome>> = None;
        let mut attempt = 1;
        loop {
            let failure = match (self.attempt(batch).await, &mut unknown) {
                (Ok(Some(outcomes)), _) => return Ok(outcomes),
                (Ok(None), Some(outcomes)) => return Ok(std::mem::take(outcomes)),
                (Ok(None), None) => {
                    return Err(Failure::Refused(RecordStoreError::Damaged("a writer's number came back")));
                }
                (Err(failure), _) => failure,
            };
            if !matches!(failure, Failure::Refused(_)) {
                self.database.forget_connections();
            }
            match failure {
                // that this try came as far as COMMIT says that none before it was committed
                Failure::Unknown(outcomes, _) if Instant::now() < give_up => unknown = Some(outcomes),
                _ if unknown.is_some() && Instant::now() < give_up => sleep(ASK_AGAIN).await,
                Failure::NotCommitted(_) if unknown.is_none() && attempt < ATTEMPTS => attempt += 1,
                failure => return Err(failure),
            }
        }
    }

    /// One try. `None`: a try before this one was committed.
    async fn attempt(&self, batch: &[Job]) -> Result<Option<Vec<Outcome>>, Failure> {
        let mut client = self.database.client().await?;
        let committed = self.transact(&mut client, batch).await;
        if let Err(Failure::NotCommitted(_) | Failure::Unknown(..)) = &committed {
            // nobody shall wait for an answer on this connection
            drop(Client::take(client));
        }
        committed
    }

    async fn transact(&self, client: &mut Client, batch: &[Job]) -> Result<Option<Vec<Outcome>>, Failure> {
        let limit = self.limits.timeout / 2;
        let late = || RecordStoreError::TimedOut;
        let statements = timeout(limit, Statements::prepare(client)).await;
        let statements = statements.map_err(|_| Failure::NotCommitted(late()))??;
        let transaction = client.transaction().await?;
        self.faults.reach(FaultPoint::BeforeStatements).map_err(lost)?;
        let applying = batch.iter().map(|job| {
            let applied: Pin<Box<dyn Future<Output = Result<Outcome, Error>> + Send + '_>> =
                Box::pin(apply(&transaction, &statements, &job.change));
            applied
        });
        let writer = self.database.writer().await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&writer, &self.batch];
        let noting = transaction.execute(&statements.note_batch, &parameters);
        let sent = async { tokio::join!(noting, all(applying.collect())) };
        let (noted, outcomes) = timeout(limit, sent).await.map_err(|_| Failure::NotCommitted(late()))?;
        if noted? == 0 {
            return Ok(None);
        }
        let outcomes = outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.faults.reach(FaultPoint::BeforeCommit).map_err(lost)?;
        let committed = timeout(limit, transaction.commit()).await;
        match committed {
            Ok(Ok(())) => {}
            Ok(Err(error)) if is_refusal(&error) => return Err(error.into()),
            Ok(Err(error)) => return Err(Failure::Unknown(outcomes, error.into())),
            Err(_) => return Err(Failure::Unknown(outcomes, late())),
        }
        match self.faults.reach(FaultPoint::AfterCommit) {
            Ok(()) => Ok(Some(outcomes)),
            Err(error) => Err(Failure::Unknown(outcomes, error.into())),
        }
    }
}

fn lost(error: crate::StoreError) -> Failure {
    Failure::NotCommitted(error.into())
}

/// Where a change stands in its batch.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order<'a> {
    Assertion(&'a [u8; 32]),
    Record(&'a RecordKey),
    /// Changes of many records come last.
    Many,
}

fn order_of(change: &Change) -> Order<'_> {
    match change {
        Change::TakeAssertion { digest, .. } => Order::Assertion(digest),
        Change::Register(registration) => Order::Record(&registration.record.key),
        Change::Update { record, .. } => Order::Record(&record.key),
        Change::Delete(key) => Order::Record(key),
        Change::Clean { .. } | Change::Claim(_) => Order::Many,
    }
}

/// Drives all futures at once, in their order, so that their statements go out together.
async fn all<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send + '_>>>) -> Vec<T> {
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    results.into_iter().flatten().collect()
}
