//! Places where a test makes a commit fail, stop or meet a lost connection.

use std::fmt;
use std::sync::Arc;

use crate::error::StoreError;

/// A moment of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultPoint {
    /// The head is locked, nothing is written.
    BeforeStatements,
    /// Rows and log are written but not committed.
    BeforeCommit,
    /// The database has committed, the caller does not know it.
    AfterCommit,
}

type Hook = dyn Fn(FaultPoint) -> Result<(), StoreError> + Send + Sync;

/// What happens at each [`FaultPoint`]: nothing, unless a test says otherwise.
#[derive(Clone, Default)]
pub struct FaultPoints(Option<Arc<Hook>>);

impl FaultPoints {
    /// Calls `hook` at each point of each commit; its error becomes that of the commit, after
    /// [`FaultPoint::AfterCommit`] an unknown outcome.
    #[cfg(any(test, feature = "testing"))]
    pub fn new(hook: impl Fn(FaultPoint) -> Result<(), StoreError> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    pub(crate) fn reach(&self, point: FaultPoint) -> Result<(), StoreError> {
        self.0.as_ref().map_or(Ok(()), |hook| hook(point))
    }
}

impl fmt::Debug for FaultPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "FaultPoints(set)" } else { "FaultPoints(none)" })
    }
}
