//! Group commit: writes queue up, one writer takes what is there and commits it at once.

use athenz_model::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::record::{CertificateRecord, RecordKey, Registration};
use super::{Limits, RecordStoreError, UnrefreshedClaim};

/// A write.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Register(Box<Registration>),
    Update { record: Box<CertificateRecord>, expected_serial: String },
    Delete(RecordKey),
    Clean { now: Timestamp, issued_before: Timestamp, limit: u32 },
    Claim(Box<UnrefreshedClaim>),
    TakeAssertion { digest: [u8; 32], expires_at: Timestamp },
}

/// What a write did.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Registered { was_revoked: bool },
    TokenOfAnotherKey,
    Rows(u64),
    Claimed(Vec<CertificateRecord>),
}

impl Outcome {
    pub(super) fn rows(&self) -> u64 {
        if let Self::Rows(rows) = self { *rows } else { 0 }
    }
}

/// A write and who waits for it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<Outcome, RecordStoreError>>,
}

/// Where writes wait.
#[derive(Clone, Debug)]
pub(super) struct Queue(mpsc::Sender<Job>);

impl Queue {
    pub(super) fn new(limits: Limits) -> (Self, mpsc::Receiver<Job>) {
        let (sender, receiver) = mpsc::channel(limits.queue.max(1));
        (Self(sender), receiver)
    }

    /// Queues a write and waits until it is durable.
    pub(super) async fn submit(&self, change: Change) -> Result<Outcome, RecordStoreError> {
        let stopped = || RecordStoreError::Unavailable("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        self.0.send(Job { change, reply }).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// Takes what is queued, up to a full batch.
pub(super) fn drain(jobs: &mut mpsc::Receiver<Job>, batch: &mut Vec<Job>, limit: usize) {
    while batch.len() < limit {
        match jobs.try_recv() {
            Ok(job) => batch.push(job),
            Err(_) => return,
        }
    }
}

/// Answers every job of a batch.
pub(super) fn answer(batch: Vec<Job>, outcomes: Result<Vec<Outcome>, RecordStoreError>) {
    match outcomes {
        Ok(outcomes) => {
            for (job, outcome) in batch.into_iter().zip(outcomes) {
                // whoever stopped waiting has had an answer already
                let _ = job.reply.send(Ok(outcome));
            }
        }
        Err(error) => {
            for job in batch {
                let _ = job.reply.send(Err(error.clone()));
            }
        }
    }
}
