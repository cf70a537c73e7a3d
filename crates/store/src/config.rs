//! Where a store is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::error::StoreError;
use crate::faults::FaultPoints;

/// `sqlite:<path>` or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of this process alone.
    Sqlite(PathBuf),
    /// A PostgreSQL database that many processes share; the text is a connection string.
    Postgres(String),
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::Configuration(
                    "a store `sqlite:` needs the path of a file".to_owned(),
                ));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreError::Configuration("a store is `sqlite:<path>` or `postgres://…`".to_owned()))
    }
}

impl fmt::Debug for StoreUrl {
    /// Without the password of a connection string.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(text) => {
                // parameters may hold a password with any character in it
                let address = text.split('?').next().unwrap_or_default();
                let place = address.rsplit_once('@').map_or("…", |(_, place)| place);
                write!(f, "postgres://…@{place}")
            }
        }
    }
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Where it is.
    pub url: StoreUrl,
    /// The most connections to PostgreSQL, and the most readers of an SQLite file.
    pub connections: usize,
    /// How long to wait for a connection, and for another process to give the head back. PostgreSQL
    /// that says nothing for twice as long counts as gone.
    pub wait: Duration,
    /// How connections to PostgreSQL are secured; without it only a local socket or a trusted
    /// network will do.
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// Places where tests make the store fail.
    pub faults: FaultPoints,
}

impl StoreConfig {
    /// A store with the usual limits.
    pub fn new(url: StoreUrl) -> Self {
        Self { url, connections: 8, wait: Duration::from_secs(10), tls: None, faults: FaultPoints::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_which_store() {
        for (text, shown) in [
            ("sqlite:/var/lib/athenz/zms.db", "sqlite:/var/lib/athenz/zms.db"),
            ("sqlite:zms.db", "sqlite:zms.db"),
            ("sqlite:///tmp/zms.db", "sqlite:/tmp/zms.db"),
            ("postgres://zms:secret@db.internal/zms?password=secret", "postgres://…@db.internal/zms"),
            ("postgresql:///zms?password=secret", "postgres://…@…"),
            ("postgres://app:s3cret@h/nope?password=p@ssSECRET", "postgres://…@h/nope"),
        ] {
            assert_eq!(format!("{:?}", text.parse::<StoreUrl>().unwrap()), shown, "{text}");
        }
        for text in ["", "sqlite:", "mysql://x", "/tmp/zms.db"] {
            assert!(text.parse::<StoreUrl>().is_err(), "{text}");
        }
    }
}
