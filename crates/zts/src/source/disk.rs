//! Accepted documents on our own disk, so that ZTS starts while ZMS is away.
//!
//! One file a domain, written beside and renamed, with the document as it came: what is loaded is
//! verified again. The folder is for its owner only.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use athenz_model::names::DomainName;
use athenz_model::{DepartedServices, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::document::UnverifiedDocument;
use crate::config::DocumentForm;

/// What [`Envelope::format`] says of files this module writes.
const FORMAT: u32 = 1;

/// Ending of document files.
const ENDING: &str = ".json";

/// Where the state of the source stands; no domain name begins with a dot.
const STATE: &str = ".source.json";

/// Where deleted services are remembered.
const DEPARTED: &str = ".departed.json";

/// A folder of documents.
#[derive(Debug)]
pub struct DiskStore {
    folder: PathBuf,
}

/// A document from disk.
#[derive(Clone, Debug)]
pub struct StoredDocument {
    /// When it was fetched.
    pub fetched: Timestamp,
    /// The document.
    pub document: UnverifiedDocument,
}

/// How far the source has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// The last tag of the list of changes.
    pub tag: Option<String>,
    /// When everything told before was held.
    #[serde(default)]
    pub fresh_at: Option<Timestamp>,
    /// The life of the store of ZMS that everything held is of, where ZMS tells it.
    #[serde(default)]
    pub epoch: Option<u64>,
    /// How often that has changed.
    #[serde(default)]
    pub life: u64,
}

#[derive(Deserialize)]
struct Envelope {
    format: u32,
    form: DocumentForm,
    fetched: Timestamp,
    document: Box<RawValue>,
}

impl DiskStore {
    /// Opens a folder, and makes it where there is none.
    ///
    /// # Errors
    /// It cannot be made, or is no folder.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        fs::create_dir_all(&folder)?;
        restrict(&folder, 0o700)?;
        Ok(Self { folder })
    }

    /// Names of the domains that have a file, in order.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(domain_of(&entry?.path()));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Reads the document of a domain.
    ///
    /// # Errors
    /// It is not there, or not in the form this version writes.
    pub fn read(&self, domain: &str) -> io::Result<StoredDocument> {
        let envelope: Envelope = serde_json::from_slice(&fs::read(self.path(domain))?)?;
        if envelope.format != FORMAT {
            return Err(io::Error::other("written by another version"));
        }
        let document = UnverifiedDocument::new(envelope.form, envelope.document.get());
        Ok(StoredDocument { fetched: envelope.fetched, document })
    }

    /// Writes a document.
    ///
    /// # Errors
    /// It cannot be written; the one before it stays.
    pub fn save(&self, domain: &str, form: DocumentForm, text: &str, fetched: Timestamp) -> io::Result<()> {
        let form = match form {
            DocumentForm::Signed => "signed",
            DocumentForm::Jws => "jws",
        };
        let envelope =
            format!(r#"{{"format":{FORMAT},"form":"{form}","fetched":"{fetched}","document":{text}}}"#);
        self.write(&format!("{domain}{ENDING}"), envelope.as_bytes())
    }

    /// Removes a document; none there is fine.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn remove(&self, domain: &str) -> io::Result<()> {
        match fs::remove_file(self.path(domain)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// How far the source had come; the beginning where nothing readable is stored.
    pub fn state(&self) -> SourceState {
        let text = fs::read(self.folder.join(STATE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes how far the source has come.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save_state(&self, state: &SourceState) -> io::Result<()> {
        self.write(STATE, &serde_json::to_vec(state)?)
    }

    /// Services that were deleted; none where nothing readable is stored.
    pub fn departed(&self) -> DepartedServices {
        let text = fs::read(self.folder.join(DEPARTED)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes which services were deleted.
    ///
    /// # Errors
    /// It cannot be written; what was written before stays.
    pub fn save_departed(&self, departed: &DepartedServices) -> io::Result<()> {
        self.write(DEPARTED, &serde_json::to_vec(departed)?)
    }

    fn path(&self, domain: &str) -> PathBuf {
        self.folder.join(format!("{domain}{ENDING}"))
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let beside = self.folder.join(format!(".{name}.new"));
        let mut file = fs::File::create(&beside)?;
        restrict(&beside, 0o600)?;
        file.write_all(content)?;
        file.sync_data()?;
        fs::rename(beside, self.folder.join(name))
    }
}

fn domain_of(path: &Path) -> Option<String> {
    let domain = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    DomainName::parse(domain).ok().filter(|name| name.as_str() == domain).map(|name| name.to_string())
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path().join("zts")).unwrap();
        store.save("b.c", DocumentForm::Jws, r#"{"payload": "p"}"#, Timestamp::from_seconds(7)).unwrap();
        store.save("a", DocumentForm::Signed, r#"{"domain":1}"#, Timestamp::from_seconds(8)).unwrap();
        store.save("a", DocumentForm::Signed, r#"{"domain":2}"#, Timestamp::from_seconds(9)).unwrap();
        assert_eq!(store.names().unwrap(), ["a", "b.c"]);
        assert_eq!(store.read("a").unwrap().fetched.seconds(), 9);
        store.remove("a").unwrap();
        store.remove("a").unwrap();
        assert_eq!(store.names().unwrap(), ["b.c"]);
    }

    #[test]
    fn a_broken_file_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        store.save("good", DocumentForm::Jws, "{}", Timestamp::EPOCH).unwrap();
        let later = r#"{"format":9,"form":"jws","fetched":"1970-01-01T00:00:00Z","document":{}}"#;
        for (name, content) in [("bad", r#"{"format":1,"form":"jws","fet"#), ("later", later), ("A b", "{}")]
        {
            fs::write(folder.path().join(format!("{name}.json")), content).unwrap();
        }
        assert_eq!(store.names().unwrap(), ["bad", "good", "later"]);
        let readable: Vec<bool> =
            ["bad", "good", "later"].iter().map(|name| store.read(name).is_ok()).collect();
        assert_eq!(readable, [false, true, false]);
    }

    #[test]
    fn the_state_starts_empty_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        assert_eq!(store.state(), SourceState::default());
        let tag = Some("\"2026-08-01T10:00:00.000Z\"".to_owned());
        let fresh_at = Some(Timestamp::from_seconds(9));
        let state = SourceState { tag, fresh_at, epoch: Some(3), life: 1 };
        store.save_state(&state).unwrap();
        assert_eq!(store.state(), state);
        assert!(store.names().unwrap().is_empty());
    }
}
