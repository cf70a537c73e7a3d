//! Configuration: one TOML file, overlaid by the environment, read into a server's own structs.
//!
//! Structs need no `deny_unknown_fields`: [`Config::read`] sees which keys a struct knows and
//! refuses the others itself, all at once, with the key that was probably meant.

mod files;
mod reader;
mod units;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

pub use files::{FileError, check_private_key_file};
pub use reader::KeyError;
pub use units::{ByteSize, Period, UnitError};

/// Variables that begin so set keys: `ATHENZ_ZMS__PORT=4443` is `zms.port`.
pub const ENVIRONMENT_PREFIX: &str = "ATHENZ_";

/// The most bytes of a configuration file.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// A configuration that is read but not yet given a shape.
#[derive(Clone, Debug, Default)]
pub struct Config(Table);

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {path} cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any configuration.
    #[error("configuration file {0} is larger than {MAX_FILE} bytes")]
    TooLarge(PathBuf),
    /// The text is not TOML.
    #[error("the configuration is not TOML")]
    Syntax(#[from] toml::de::Error),
    /// What is in the file is not TOML.
    #[error("configuration file {path} is not TOML")]
    SyntaxOfFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: toml::de::Error,
    },
    /// An environment variable sets a key inside something that is no table.
    #[error("environment variable {0} sets a key below one that is no table")]
    Environment(String),
    /// Keys that do not exist or have the wrong shape.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Keys(Vec<KeyError>),
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let error = |source| ConfigError::File { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(error)?.len() > MAX_FILE {
            return Err(ConfigError::TooLarge(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(error)?;
        let table = text.parse::<Table>();
        table.map(Self).map_err(|source| ConfigError::SyntaxOfFile { path: path.to_owned(), source })
    }

    /// Reads a text.
    ///
    /// # Errors
    /// It is not TOML.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        Ok(Self(text.parse::<Table>()?))
    }

    /// Sets keys from environment variables: those with [`ENVIRONMENT_PREFIX`] and at least one
    /// `__`, which separates levels. Values are read as TOML, else as text.
    ///
    /// # Errors
    /// A variable sets a key below one that is no table.
    pub fn overlay(&mut self, variables: impl Iterator<Item = (String, String)>) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX).filter(|key| key.contains("__")) else {
                continue;
            };
            let key = key.to_ascii_lowercase();
            let path: Vec<&str> = key.split("__").collect();
            set(&mut self.0, &path, scalar(value)).ok_or(ConfigError::Environment(name))?;
        }
        Ok(())
    }

    /// Gives the configuration its shape.
    ///
    /// # Errors
    /// All unknown keys, or the first value of a wrong shape.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        reader::read(Value::Table(self.0)).map_err(ConfigError::Keys)
    }
}

fn set(table: &mut Table, path: &[&str], value: Value) -> Option<()> {
    match path {
        [] => None,
        [key] => {
            table.insert((*key).to_owned(), value);
            Some(())
        }
        [key, rest @ ..] => {
            let below = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            set(below.as_table_mut()?, rest, value)
        }
    }
}

/// `4443`, `true` and `["a"]` are what they look like; everything else is text.
fn scalar(text: String) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    let parsed = parsed.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    parsed.unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Whole {
        zms: Zms,
        #[serde(default)]
        listeners: Vec<Listener>,
        #[serde(default)]
        providers: BTreeMap<String, Listener>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(default)]
    struct Zms {
        port: u16,
        read_only: bool,
        token_life: Period,
        body: ByteSize,
        names: Vec<String>,
        mode: Mode,
        home: Option<String>,
    }

    impl Default for Zms {
        fn default() -> Self {
            Self {
                port: 4443,
                read_only: false,
                token_life: Period(Duration::from_secs(3600)),
                body: ByteSize(1),
                names: Vec::new(),
                mode: Mode::Soft,
                home: None,
            }
        }
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Soft,
        Hard { limit: u32 },
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Listener {
        address: String,
    }

    fn read(text: &str) -> Result<Whole, String> {
        Config::from_text(text).and_then(Config::read).map_err(|error| error.to_string())
    }

    #[test]
    fn values_get_their_shape() {
        let whole = read(
            "[zms]\nport = 1\ntoken_life = '90s'\nbody = '16 MiB'\nnames = ['a']\nmode = { hard = { limit = 2 } }\nhome = 'x'\n\
             [[listeners]]\naddress = '::'\n[providers.aws]\naddress = 'b'\n",
        )
        .unwrap();
        assert_eq!((whole.zms.port, whole.zms.token_life.0.as_secs(), whole.zms.body.0), (1, 90, 16 << 20));
        assert_eq!((whole.zms.mode, whole.zms.home.as_deref()), (Mode::Hard { limit: 2 }, Some("x")));
        assert_eq!((whole.listeners.len(), whole.providers.len()), (1, 1));
    }

    #[test]
    fn errors_name_the_key_and_what_was_meant() {
        for (text, message) in [
            ("[zms]\nprot = 1", "unknown key `zms.prot`; did you mean `port`?"),
            ("[zsm]\n[zms]", "unknown key `zsm`; did you mean `zms`?"),
            (
                "[zms]\n[[listeners]]\naddress = ''\nadress = ''",
                "unknown key `listeners[0].adress`; did you mean `address`?",
            ),
            ("[zms]\nunlike_any = 1", "unknown key `zms.unlike_any`; known here are"),
            ("[zms]\nport = 'x'", "`zms.port`: invalid type: string \"x\", expected u16"),
            ("[zms]\nport = 70000", "`zms.port`: invalid value: integer `70000`, expected u16"),
            ("[zms]\ntoken_life = '5 parsecs'", "`zms.token_life`: `5 parsecs` is no period of time"),
            ("[zms]\nmode = 'medium'", "`zms.mode`: unknown variant `medium`"),
            ("listeners = []", "missing key `zms`"),
            ("[zms]\n[[listeners]]", "missing key `listeners[0].address`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(message), "{text}\ngives {error}\nwanted {message}");
        }
    }

    #[test]
    fn all_unknown_keys_are_told_at_once() {
        let error = read("[zms]\nprot = 1\nread_onyl = true").unwrap_err();
        assert_eq!(error.lines().count(), 2, "{error}");
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let mut config = Config::from_text("[zms]\nport = 1\nhome = 'x'").unwrap();
        let variables = [
            ("ATHENZ_ZMS__PORT", "2"),
            ("ATHENZ_ZMS__READ_ONLY", "true"),
            ("ATHENZ_ZMS__NAMES", "['a', 'b']"),
            ("ATHENZ_ZMS__HOME", "/var/lib/athenz"),
            ("ATHENZ_CONFIG", "not a key"),
            ("PATH", "/bin"),
        ];
        config.overlay(variables.iter().map(|(name, value)| ((*name).into(), (*value).into()))).unwrap();
        let whole: Whole = config.read().unwrap();
        assert_eq!((whole.zms.port, whole.zms.read_only, whole.zms.names.len()), (2, true, 2));
        assert_eq!(whole.zms.home.as_deref(), Some("/var/lib/athenz"));
        let mut config = Config::from_text("zms = 1").unwrap();
        assert!(config.overlay([("ATHENZ_ZMS__PORT".to_owned(), "2".to_owned())].into_iter()).is_err());
    }
}
