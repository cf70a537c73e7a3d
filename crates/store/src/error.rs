//! What can go wrong, for the operator; [`StoreError::to_api`] says what the client sees of it.

use std::path::PathBuf;

use athenz_model::ApiError;

/// Why a store could not do what it was asked. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The configuration names no store.
    #[error("{0}")]
    Configuration(String),
    /// Another process has the embedded store open.
    #[error(
        "{} is in use by another process; stop that process, or move to PostgreSQL to run several", path.display()
    )]
    InUse {
        /// The file of the store.
        path: PathBuf,
    },
    /// The tables were written by a newer version, or by none of ours.
    #[error("{0}")]
    Schema(String),
    /// The database cannot be reached or does not answer now.
    #[error("store is unavailable: {0}")]
    Unavailable(String),
    /// The database takes no writes now.
    #[error("store is read-only: {0}")]
    ReadOnly(String),
    /// There is no room for what was to be written.
    #[error("store is full: {0}; make room on its disk")]
    Full(String),
    /// Another transaction came between; the same again may succeed.
    #[error("store had a conflict: {0}")]
    Conflict(String),
    /// A text with a NUL character, which databases cannot hold.
    #[error("a text to be stored contains a NUL character: {0}")]
    NulInText(String),
    /// Rows hold what this store never writes, or refused what fits the log.
    #[error("store is damaged or not ours: {0}")]
    Damaged(String),
    /// The store cannot do this.
    #[error("{0}")]
    Unsupported(String),
}

impl StoreError {
    /// What a client sees: never the text of the database.
    pub fn to_api(&self) -> ApiError {
        match self {
            Self::NulInText(_) => {
                ApiError::bad_request("text contains a NUL character, which cannot be stored")
            }
            Self::ReadOnly(_) => {
                ApiError { code: 410, message: "store is read-only now, retry later".to_owned() }
            }
            Self::Full(_) => ApiError::unavailable("store has no room for changes"),
            Self::Conflict(_) => ApiError::conflict("store had conflicting changes, retry the request"),
            Self::Unavailable(_) | Self::InUse { .. } => {
                ApiError::unavailable("store is unavailable now, retry later")
            }
            Self::Configuration(_) | Self::Schema(_) | Self::Damaged(_) | Self::Unsupported(_) => {
                ApiError::internal("store failed, see the log of the server")
            }
        }
    }
}

/// Why a commit did not succeed, or is not known to have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The answer to COMMIT never came: ask [`crate::Store::outcome_of`] before answering anyone.
    #[error("outcome of batch {batch} is unknown: {cause}")]
    Unknown {
        /// The id of the batch.
        batch: String,
        /// What happened.
        cause: String,
    },
    /// Another transaction came between: repeat the whole batch, from begin on.
    #[error("store had a conflict: {0}")]
    Conflict(String),
    /// A row to be changed was not there: the world that decided differs from the rows. Load it
    /// anew and repeat the batch.
    #[error("rows differ from the world that decided: {0}")]
    Diverged(String),
    /// The batch does not follow the head.
    #[error("batch does not follow the head: {0}")]
    Invalid(String),
    /// The database cannot be reached; nothing was changed.
    #[error("store is unavailable: {0}")]
    Unavailable(String),
    /// There is no room; nothing was changed.
    #[error("store is full: {0}; make room on its disk")]
    Full(String),
    /// Any other refusal; nothing was changed.
    #[error(transparent)]
    Refused(StoreError),
}

impl CommitError {
    /// What a client sees: never the text of the database.
    pub fn to_api(&self) -> ApiError {
        match self {
            Self::Unknown { .. } => {
                ApiError::unavailable("outcome of the change is not known yet, retry later")
            }
            Self::Conflict(text) => StoreError::Conflict(text.clone()).to_api(),
            Self::Unavailable(text) => StoreError::Unavailable(text.clone()).to_api(),
            Self::Full(text) => StoreError::Full(text.clone()).to_api(),
            Self::Diverged(text) | Self::Invalid(text) => StoreError::Damaged(text.clone()).to_api(),
            Self::Refused(error) => error.to_api(),
        }
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(text) => Self::Conflict(text),
            StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Full(text) => Self::Full(text),
            other => Self::Refused(other),
        }
    }
}
