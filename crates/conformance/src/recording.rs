//! The form of a recording: what was asked of the reference servers, and what they answered.

use std::path::Path;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::json::{Json, Object};

/// One scenario: exchanges in their order, each with what is expected back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The name, equal to the name of its file without `.json`.
    pub name: String,
    /// What the scenario is about.
    #[serde(default)]
    pub about: String,
    /// The exchanges.
    pub steps: Vec<Step>,
}

/// One exchange.
#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    /// What the step is for.
    #[serde(default, rename = "do")]
    pub purpose: Option<String>,
    /// Who asks.
    #[serde(default, rename = "as")]
    pub caller: Caller,
    /// Which server is asked.
    #[serde(default)]
    pub to: Server,
    /// The HTTP method.
    pub method: String,
    /// Path, and possibly query, below the server's base address.
    pub path: String,
    /// Query parameters; they replace a query in the path.
    #[serde(default)]
    pub query: Option<Object>,
    /// Request headers.
    #[serde(default)]
    pub headers: Object,
    /// A JSON body.
    #[serde(default, deserialize_with = "present")]
    pub body: Option<Json>,
    /// Form fields.
    #[serde(default)]
    pub form: Option<Object>,
    /// A body as it is.
    #[serde(default)]
    pub raw: Option<Json>,
    /// Repeat the request until the answer is like this.
    #[serde(default)]
    pub until: Option<Until>,
    /// For how many seconds to repeat it at most.
    #[serde(default = "twenty_seconds")]
    pub within: f64,
    /// Values made once, before the request.
    #[serde(default, rename = "let")]
    pub given: Object,
    /// Values taken from the answer: `body:a.b.0` or `header:etag`.
    #[serde(default)]
    pub save: Object,
    /// Whether the answer is compared.
    #[serde(default = "yes")]
    pub compare: bool,
    /// Names whose values are not compared, wherever they stand in the answer.
    #[serde(default)]
    pub varies: Vec<String>,
    /// What came back.
    pub expect: Observed,
    /// Keys without a value are commentary; any other unknown key is a mistake.
    #[serde(flatten)]
    _commentary: Commentary,
}

/// An answer in comparable form.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The HTTP status.
    pub status: u16,
    /// The headers that are looked at, names in lower case.
    pub headers: Object,
    /// The body: JSON, or a string when it is not JSON, or null when it is empty.
    pub body: Json,
}

/// The condition that ends a repeated request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// The status to wait for.
    #[serde(default)]
    pub status: Option<u16>,
    /// Members of the body to wait for.
    #[serde(default)]
    pub body: Option<Object>,
}

/// Who asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Caller {
    /// A principal with a client certificate of the test authority, or `anonymous`.
    Principal(String),
    /// The holder of a certificate that the server issued in an earlier step.
    Issued {
        /// The certificate, usually a saved value.
        cert: String,
        /// The name of its key.
        key: String,
    },
    /// The holder of a certificate of another shape from the test authority.
    Mint {
        /// The shape.
        mint: Mint,
    },
}

impl Default for Caller {
    fn default() -> Self {
        Self::Principal("user.admin".to_owned())
    }
}

/// The shape of a client certificate.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Mint {
    /// Common name.
    pub cn: String,
    /// Alternative names: `dns=a;uri=b;email=c;ip=d`.
    #[serde(default)]
    pub san: String,
    /// Organizational unit.
    #[serde(default)]
    pub ou: Option<String>,
}

/// The two servers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// The management server.
    #[default]
    Zms,
    /// The token server.
    Zts,
}

impl Server {
    /// `zms` or `zts`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zms => "zms",
            Self::Zts => "zts",
        }
    }
}

/// Why recordings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file or folder cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a recording.
    #[error("{path} is not a recording: {source}")]
    Malformed {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
}

impl Recording {
    /// Reads one recording.
    ///
    /// # Errors
    /// When the file cannot be read or is not a recording.
    pub fn load(path: &Path) -> Result<Self, RecordingError> {
        let bytes = std::fs::read(path).map_err(|source| unreadable(path, source))?;
        serde_json::from_slice(&bytes)
            .map_err(|source| RecordingError::Malformed { path: path.display().to_string(), source })
    }

    /// Reads every `.json` file of a folder, by name.
    ///
    /// # Errors
    /// When the folder or a file cannot be read, or a file is not a recording.
    pub fn load_all(folder: &Path) -> Result<Vec<Self>, RecordingError> {
        let entries = std::fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| unreadable(folder, source))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::load(path)).collect()
    }

    /// The recordings of this workspace, by name.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn load_own() -> Result<Vec<Self>, RecordingError> {
        Self::load_all(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/recordings")))
    }
}

fn unreadable(path: &Path, source: std::io::Error) -> RecordingError {
    RecordingError::Unreadable { path: path.display().to_string(), source }
}

const fn yes() -> bool {
    true
}

const fn twenty_seconds() -> f64 {
    20.0
}

/// A body that is null is a body.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug)]
struct Commentary;

impl<'de> Deserialize<'de> for Commentary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stray = Object::deserialize(deserializer)?;
        match stray.iter().find(|(_, value)| **value != Json::Null) {
            Some((name, _)) => Err(D::Error::custom(format!("unknown key {name:?} in a step"))),
            None => Ok(Self),
        }
    }
}
