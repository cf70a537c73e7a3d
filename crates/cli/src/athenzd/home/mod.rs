//! The folder of `athenzd dev`: made whole at the first start, gone on with at the next.
//!
//! ```text
//! pki/   ca.{crt,key}        development authority
//!        issuer.{crt,key}    authority of ZTS, below it
//!        clients.crt         both, as the servers trust them
//!        zms.{crt,key} zts.{crt,key}   of the servers
//!        user.admin.{crt,key}          and other users
//! keys/  zms-0.key zts-0.key           what the servers sign with
//! conf/  athenz.conf zpu.conf          for Athenz tools
//! data/  zms.db certificates.db
//! logs/  access.log
//! athenz-dev.json   last written of a first start
//! ready             while the servers answer
//! ```

mod documents;
mod pki;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use athenz_agent::files::{self, Readers};
use athenz_crypto::keys::PrivateKey;
use athenz_crypto::ring::SigningKey;
use athenz_model::Clock;
use serde::{Deserialize, Serialize};

pub use documents::Addresses;
pub use pki::{ADMIN, ServerNames, UserFiles, ZTS_SERVICE};

/// The form of homes that this program makes.
const FORMAT: u32 = 1;
const MARKER: &str = "athenz-dev.json";
const LOCK: &str = "lock";
const READY: &str = "ready";
const FOLDERS: [&str; 5] = ["pki", "keys", "conf", "data", "logs"];

/// Id of the first signing key of each server.
pub const KEY_ID: &str = "0";

/// The folder of a development world.
#[derive(Debug)]
pub struct Home {
    root: PathBuf,
}

/// A home that no other process runs.
#[derive(Debug)]
pub struct LockedHome {
    home: Home,
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    format: u32,
    /// Where the store was made: it must be there from then on.
    #[serde(default)]
    store: Option<StoreKind>,
}

/// Where a world keeps what it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In files of the home.
    Embedded,
    /// In PostgreSQL.
    Postgres,
}

/// What a client needs to know of a running world.
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// URL of ZMS, without path.
    pub zms: String,
    /// URL of ZTS, without path.
    pub zts: String,
    /// The process.
    pub pid: u32,
}

/// The file that says that both servers answer; removed when this is dropped.
#[derive(Debug)]
pub struct ReadyFile(PathBuf);

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // nobody is left to be told
        let _ = fs::remove_file(&self.0);
    }
}

impl Home {
    /// A home that a first start has made.
    ///
    /// # Errors
    /// It was never made, or only half.
    pub fn existing(root: &Path) -> anyhow::Result<Self> {
        let home = Self { root: absolute(root)? };
        if home.marker()?.is_none() {
            bail!(
                "there is no development world in {}; make it with `athenzd dev --home {}`",
                root.display(),
                root.display()
            );
        }
        home.check_whole()?;
        Ok(home)
    }

    /// A home whose store may be lost.
    ///
    /// # Errors
    /// It was never made, or keeps what it knows in PostgreSQL.
    pub fn to_restore(root: &Path) -> anyhow::Result<Self> {
        let home = Self { root: absolute(root)? };
        if home.marker()?.is_none() {
            bail!("there is no development world in {}", root.display());
        }
        home.check_store(StoreKind::Embedded)?;
        Ok(home)
    }

    /// Refuses a store of another kind than the world was made with: it would be another world.
    ///
    /// # Errors
    /// The world is in the other one.
    pub fn check_store(&self, kind: StoreKind) -> anyhow::Result<()> {
        let made = self.marker()?.and_then(|marker| marker.store);
        // homes of before the note
        let made = made.or_else(|| self.zms_database().exists().then_some(StoreKind::Embedded));
        let root = self.root.display();
        match made {
            Some(StoreKind::Postgres) if kind == StoreKind::Embedded => bail!(
                "what {root} knows is in PostgreSQL; name it with --store postgres://… (`athenzd dev`) or in a file for --config, and back it up with its own tools, for example pg_dump"
            ),
            Some(StoreKind::Embedded) if kind == StoreKind::Postgres => {
                bail!(
                    "what {root} knows is in files of its own; start it without --store, or choose another --home"
                )
            }
            _ => Ok(()),
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file of `pki/`.
    pub fn pki(&self, name: &str) -> PathBuf {
        self.root.join("pki").join(name)
    }

    /// The database of ZMS.
    pub fn zms_database(&self) -> PathBuf {
        self.root.join("data/zms.db")
    }

    /// The database of certificate records.
    pub fn certificate_database(&self) -> PathBuf {
        self.root.join("data/certificates.db")
    }

    /// The access log of both servers.
    pub fn access_log(&self) -> PathBuf {
        self.root.join("logs/access.log")
    }

    /// The signing key of a server (`zms`, `zts`).
    ///
    /// # Errors
    /// Its file cannot be used.
    pub fn signing_key(&self, server: &str) -> anyhow::Result<SigningKey> {
        let path = self.signing_key_path(server);
        let key = read_key(&path)?;
        Ok(SigningKey::in_process(KEY_ID.parse()?, key))
    }

    fn signing_key_path(&self, server: &str) -> PathBuf {
        self.root.join(format!("keys/{server}-{KEY_ID}.key"))
    }

    fn marker(&self) -> anyhow::Result<Option<Marker>> {
        let path = self.root.join(MARKER);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let marker: Marker = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; remove {} and start anew", path.display(), self.root.display())
        })?;
        if marker.format != FORMAT {
            bail!(
                "{} was made by another version (form {}); use that version, or another --home",
                self.root.display(),
                marker.format
            );
        }
        Ok(Some(marker))
    }

    /// Every file that a first start makes is there.
    fn check_whole(&self) -> anyhow::Result<()> {
        let marker = self.marker()?;
        let mut wanted = pki::files(self);
        wanted.extend(["zms", "zts"].map(|server| self.signing_key_path(server)));
        if marker.is_some_and(|marker| marker.store == Some(StoreKind::Embedded)) {
            wanted.push(self.zms_database());
        }
        match wanted.iter().find(|path| !path.exists()) {
            None => Ok(()),
            Some(missing) => bail!(
                "{} is half a home: {} is missing; put it back, or remove the folder to start anew",
                self.root.display(),
                missing.display()
            ),
        }
    }

    /// Makes the certificate of another user, or tells where it is.
    ///
    /// # Errors
    /// The name is none of a user, or files cannot be read or written.
    pub fn user(&self, name: &str, clock: &dyn Clock) -> anyhow::Result<UserFiles> {
        pki::user(self, name, clock)
    }
}

impl LockedHome {
    /// Takes a home for this process; the folder is made when it is not there.
    ///
    /// # Errors
    /// Another process has it, or the folder cannot be written.
    pub fn lock(root: &Path) -> anyhow::Result<Self> {
        let root = absolute(root)?;
        let unwritable = || format!("cannot write in {}; choose another folder with --home", root.display());
        if !root.exists() {
            make_folder(&root).with_context(unwritable)?;
        }
        refuse_foreign_folder(&root)?;
        let path = root.join(LOCK);
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let mut lock = options.open(&path).with_context(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!(
                "{} is in use by {}; stop it, or choose another folder with --home",
                root.display(),
                holder(&mut lock)
            ),
            Err(TryLockError::Error(error)) => return Err(error).with_context(unwritable),
        }
        lock.set_len(0)
            .and_then(|()| lock.write_all(std::process::id().to_string().as_bytes()))
            .with_context(unwritable)?;
        // what a process that was killed left behind
        let _ = fs::remove_file(root.join(READY));
        Ok(Self { home: Home { root }, _lock: lock })
    }

    /// Makes everything at the first start; later checks that it is whole, and makes anew what
    /// nears its end or lacks a name.
    ///
    /// # Errors
    /// It is half made, or files cannot be read or written.
    pub fn prepare(&self, names: &ServerNames, clock: &dyn Clock) -> anyhow::Result<()> {
        if self.marker()?.is_some() {
            self.check_whole()?;
            return pki::renew(&self.home, names, clock);
        }
        if let Some(rest) = FOLDERS.iter().map(|name| self.root.join(name)).find(|path| path.exists()) {
            bail!(
                "{} is half a home: a first start did not finish, or {} is not ours; remove it and start again",
                self.root.display(),
                rest.display()
            );
        }
        for name in FOLDERS {
            make_folder(&self.root.join(name))?;
        }
        pki::make(&self.home, names, clock)?;
        for server in ["zms", "zts"] {
            self.write_key(&self.signing_key_path(server), &pki::new_key()?)?;
        }
        self.write_marker(&Marker { format: FORMAT, store: None })
    }

    /// Notes where the store is: a later start without it is an error, not a new world.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn keeps_store(&self, kind: StoreKind) -> anyhow::Result<()> {
        match self.marker()? {
            Some(marker) if marker.store == Some(kind) => Ok(()),
            _ => self.write_marker(&Marker { format: FORMAT, store: Some(kind) }),
        }
    }

    /// Makes a file for its owner alone, where it is not there yet, for somebody else to open.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn private_file(&self, path: PathBuf) -> anyhow::Result<PathBuf> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Writes the files that Athenz tools read.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write_documents(&self, addresses: &Addresses) -> anyhow::Result<()> {
        documents::write(&self.home, addresses)
    }

    /// Says that both servers answer.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_ready(&self, ready: &Ready) -> anyhow::Result<ReadyFile> {
        let path = self.root.join(READY);
        self.write(&path, serde_json::to_string(ready)?.as_bytes())?;
        Ok(ReadyFile(path))
    }

    fn write_marker(&self, marker: &Marker) -> anyhow::Result<()> {
        self.write(&self.root.join(MARKER), serde_json::to_string(marker)?.as_bytes())
    }
}

impl std::ops::Deref for LockedHome {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Home {
    /// Everything in a home is for its owner alone.
    fn write(&self, path: &Path, contents: &[u8]) -> anyhow::Result<()> {
        Ok(files::write(path, contents, Readers::Owner)?)
    }

    fn write_key(&self, path: &Path, key: &PrivateKey) -> anyhow::Result<()> {
        self.write(path, key.to_pkcs8_pem()?.as_bytes())
    }
}

/// A folder for its owner alone, whatever the umask.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// A folder with other things in it is none of ours: nothing is written there.
fn refuse_foreign_folder(root: &Path) -> anyhow::Result<()> {
    let entries = fs::read_dir(root)
        .with_context(|| format!("cannot use {}; choose another folder with --home", root.display()))?;
    if root.join(MARKER).exists() {
        return Ok(());
    }
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if name != LOCK && name != READY && !FOLDERS.contains(&&*name) {
            bail!(
                "{} holds other things ({name}) and no development world; choose another folder with --home",
                root.display()
            );
        }
    }
    Ok(())
}

fn holder(lock: &mut File) -> String {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.take(32).read_to_string(&mut text));
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(id)) => format!("process {id}"),
        _ => "another process".to_owned(),
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot use the folder {}", path.display()))
}

fn read_key(path: &Path) -> anyhow::Result<PrivateKey> {
    let text = zeroize_text(path)?;
    PrivateKey::from_pem(&text).with_context(|| format!("cannot use the key {}", path.display()))
}

fn zeroize_text(path: &Path) -> anyhow::Result<zeroize::Zeroizing<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(zeroize::Zeroizing::new(text))
}
