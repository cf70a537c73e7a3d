//! The log of the process, on standard error.

use serde::Deserialize;
use tracing::level_filters::LevelFilter;

/// The `[log]` table of a configuration file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct LogTable {
    /// What is worth a line.
    pub level: Level,
    /// How a line looks.
    pub format: Format,
}

/// What is worth a line.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// What went wrong.
    Error,
    /// What may go wrong.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// How it happens.
    Debug,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Begins to log. A second call changes nothing.
pub(super) fn start(log: LogTable) {
    let level = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    // an error says that there is a log already
    let _ = match log.format {
        Format::Json => builder.json().try_init(),
        Format::Text => builder.with_ansi(false).try_init(),
    };
}
