//! Accepted documents on our own disk, so that ZTS starts while ZMS is away.
//!
//! One file a domain, written beside and renamed, with the document as it came: what is loaded is
//! verified again. The folder is for its owner only.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use athenz_model::Timestamp;
use athenz_model::names::DomainName;
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

/// A folder of documents.
#[derive(Debug)]
pub struct DiskStore {
    folder: PathBuf,
}

/// A document from disk.
#[derive(Clone, Debug)]
pub struct StoredDocument {
    /// The domain its file is named after.
    pub domain: String,
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

    /// Every document that can be read; the others are logged and left where they are, to be
    /// written over when they are fetched again.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn load(&self) -> io::Result<Vec<StoredDocument>> {
        let mut documents = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some(domain) = domain_of(&path) else { continue };
            match read_document(&path, &domain) {
                Ok(document) => documents.push(document),
                Err(error) => tracing::warn!(%domain, %error, "a stored domain cannot be read"),
            }
        }
        documents.sort_by(|a, b| a.domain.cmp(&b.domain));
        Ok(documents)
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
        match fs::remove_file(self.folder.join(format!("{domain}{ENDING}"))) {
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

fn read_document(path: &Path, domain: &str) -> io::Result<StoredDocument> {
    let envelope: Envelope = serde_json::from_slice(&fs::read(path)?)?;
    if envelope.format != FORMAT {
        return Err(io::Error::other("written by another version"));
    }
    let document = UnverifiedDocument::new(envelope.form, envelope.document.get());
    Ok(StoredDocument { domain: domain.to_owned(), fetched: envelope.fetched, document })
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
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path().join("zts")).unwrap();
        store.save("b.c", DocumentForm::Jws, r#"{"payload": "p"}"#, Timestamp::from_seconds(7)).unwrap();
        store.save("a", DocumentForm::Signed, r#"{"domain":1}"#, Timestamp::from_seconds(8)).unwrap();
        store.save("a", DocumentForm::Signed, r#"{"domain":2}"#, Timestamp::from_seconds(9)).unwrap();
        let loaded: Vec<_> =
            store.load().unwrap().into_iter().map(|d| (d.domain, d.fetched.seconds())).collect();
        assert_eq!(loaded, [("a".to_owned(), 9), ("b.c".to_owned(), 7)]);
        store.remove("a").unwrap();
        store.remove("a").unwrap();
        assert_eq!(store.load().unwrap().len(), 1);
    }

    #[test]
    fn a_broken_file_does_not_hide_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        store.save("good", DocumentForm::Jws, "{}", Timestamp::EPOCH).unwrap();
        fs::write(folder.path().join("bad.json"), r#"{"format":1,"form":"jws","fet"#).unwrap();
        fs::write(
            folder.path().join("later.json"),
            r#"{"format":9,"form":"jws","fetched":"1970-01-01T00:00:00Z","document":{}}"#,
        )
        .unwrap();
        fs::write(folder.path().join("A b.json"), "{}").unwrap();
        let loaded: Vec<_> = store.load().unwrap().into_iter().map(|d| d.domain).collect();
        assert_eq!(loaded, ["good"]);
    }

    #[test]
    fn the_state_starts_empty_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        assert_eq!(store.state(), SourceState::default());
        let state = SourceState { tag: Some("\"2026-08-01T10:00:00.000Z\"".to_owned()) };
        store.save_state(&state).unwrap();
        assert_eq!(store.state(), state);
        assert!(store.load().unwrap().is_empty());
    }
}
