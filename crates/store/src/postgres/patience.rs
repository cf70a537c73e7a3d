//! How long a database may be silent before its connection counts as lost: a host that hangs
//! closes nothing.

use std::time::Duration;

use tokio::time::timeout;

use super::Failure;
use crate::error::StoreError;

/// The time for an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    /// Who waits for the head gets an answer of the database after `wait`.
    pub(super) fn new(wait: Duration) -> Self {
        Self(wait * 2)
    }

    /// For a statement that reads a large table before its first row comes.
    pub(super) fn for_tables(self) -> Self {
        Self(self.0 * 10)
    }

    /// The answer, if it comes in time.
    pub(super) async fn answer<T, E>(self, answer: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        Ok(self.hear(answer).await.map_err(Failure::Lost)??)
    }

    /// Whatever the database says, if it says anything in time.
    pub(super) async fn hear<T>(self, answer: impl Future<Output = T>) -> Result<T, StoreError> {
        let silence = |_| StoreError::Unavailable(format!("the database did not answer for {:?}", self.0));
        timeout(self.0, answer).await.map_err(silence)
    }
}
