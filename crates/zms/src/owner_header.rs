//! The header `Athenz-Resource-Owner` as it was understood.

use athenz_model::ApiError;
use athenz_model::names::Grammar;

use crate::grammar::check_grammar;

/// The name of the header.
pub(crate) const OWNER_HEADER: &str = "Athenz-Resource-Owner";
/// Longest owner name, characters.
const MAX_LENGTH: usize = 32;
/// With this value nothing is checked or recorded.
const IGNORE: &str = "ignore";
/// Behind a name: take the object over.
const FORCE: &str = ":force";

/// The header as it was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum OwnerHeader {
    /// No header.
    #[default]
    Absent,
    /// Checks and records nothing.
    Ignore,
    /// The tool that acts.
    Owner {
        /// Its name without the suffix.
        name: String,
        /// Whether it takes over what another owns.
        force: bool,
    },
}

impl OwnerHeader {
    /// Reads the header.
    ///
    /// # Errors
    /// 400: not a name, or too long.
    pub(crate) fn parse(value: Option<&str>) -> Result<Self, ApiError> {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(Self::Absent) };
        check_grammar(value, Grammar::ResourceOwnerName, "ResourceOwnerName")?;
        if value.len() > MAX_LENGTH {
            return Err(ApiError::bad_request(format!(
                "Invalid resource owner: {value} : name length cannot exceed {MAX_LENGTH} characters"
            )));
        }
        if value.eq_ignore_ascii_case(IGNORE) {
            return Ok(Self::Ignore);
        }
        Ok(match value.strip_suffix(FORCE) {
            Some(name) => Self::Owner { name: name.to_owned(), force: true },
            None => Self::Owner { name: value.to_owned(), force: false },
        })
    }

    /// The tool that acts, where one is named.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Owner { name, .. } => Some(name),
            Self::Absent | Self::Ignore => None,
        }
    }
}
