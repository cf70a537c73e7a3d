//! Why a request of a recording cannot be made.

use crate::authority::AuthorityError;
use crate::keys::KeyError;

/// Why a value of a recording could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// No step before saved this name.
    #[error("no value named {0:?}")]
    Unknown(String),
    /// Something that begins with `now` and is no moment.
    #[error("not a moment: {0:?}")]
    Moment(String),
    /// A function lacks an argument or got one of another kind.
    #[error("${function} needs {what}")]
    Argument {
        /// The function.
        function: &'static str,
        /// What it needs.
        what: &'static str,
    },
    /// A key, certificate or signature could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
}
