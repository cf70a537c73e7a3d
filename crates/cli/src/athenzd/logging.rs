//! The log of the process, on standard error.

use athenz_serve::panics;
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

/// Begins to log, panics without their text. A second call changes nothing.
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
    panics::log_places_only();
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "athenzd::logging::tests::a_process_that_panics";

    #[test]
    fn a_panic_is_logged_by_its_place_only() {
        let test = std::env::current_exe().unwrap();
        let child = Command::new(test).args(["--exact", CHILD, "--ignored", "--nocapture"]).output().unwrap();
        let said =
            format!("{}{}", String::from_utf8_lossy(&child.stdout), String::from_utf8_lossy(&child.stderr));
        assert!(child.status.success() && said.contains("1 passed"), "{said}");
        assert!(said.contains("panic") && said.contains("logging.rs:"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }

    #[test]
    #[ignore = "a process of the test above"]
    fn a_process_that_panics() {
        start(LogTable::default());
        let ended = std::thread::spawn(|| panic!("canary of a client")).join();
        assert!(ended.is_err());
    }
}
