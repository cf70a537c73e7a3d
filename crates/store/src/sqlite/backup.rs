//! Copies of an SQLite file that is in use, and the way back from one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use athenz_model::Timestamp;
use athenz_world::Head;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{applied_steps, blocking, lock_beside, private, query, unavailable};
use crate::error::StoreError;
use crate::log::HeadRow;
use crate::migrations;
use crate::statements::Statement;

/// Pages a backup copies before it looks whether it was given up.
const STEP: i32 = 1024;

/// Copies an SQLite file, which another process may have open, into a new one, which is complete or
/// not there.
///
/// # Errors
/// The file is not there, the other is there already, or the copy cannot be written.
pub async fn backup_file(from: &Path, to: &Path) -> Result<(), StoreError> {
    let (from, to) = (from.to_owned(), to.to_owned());
    blocking(move || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&from, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        backup(&mut connection, &to)
    })
    .await
}

pub(super) fn backup(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if path.symlink_metadata().is_ok() {
        return Err(is_there(path));
    }
    let part = Part::beside(path)?;
    copy(connection, &part.0)?;
    let kept = sync(&part.0).and_then(|()| name_anew(&part.0, path)).and_then(|()| sync(folder_of(path)));
    kept.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => is_there(path),
        _ => unavailable(path, &error),
    })
}

fn is_there(path: &Path) -> StoreError {
    let text = format!("{} is there already, and a backup replaces nothing; name a new file", path.display());
    StoreError::Unsupported(text)
}

/// A file that is still being written, under a name of its own; it goes when this is dropped.
struct Part(PathBuf);

impl Part {
    fn beside(path: &Path) -> Result<Self, StoreError> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        private().create_new(true).open(&part).map_err(|error| unavailable(&part, &error))?;
        Ok(Self(part))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // it has its other name by now, or is of no use
        let _ = std::fs::remove_file(&self.0);
    }
}

fn copy(connection: &mut Connection, to: &Path) -> Result<(), StoreError> {
    // one snapshot, so that commits in between do not make the backup start over
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    transaction.pragma_query_value(None, "schema_version", |_| Ok(()))?;
    let mut copy = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    rusqlite::backup::Backup::new(&transaction, &mut copy)?.run_to_completion(
        STEP,
        std::time::Duration::ZERO,
        None,
    )?;
    // a copy is one file, without a journal beside it
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(())
}

/// Gives a file another name, which must be free.
fn name_anew(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::hard_link(from, to) {
        // some file systems know one name a file
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && to.symlink_metadata().is_err() => {
            std::fs::rename(from, to)
        }
        linked => linked,
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A store that was brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where what was there before is kept.
    pub kept: Option<PathBuf>,
    /// The head of the store now, of a new epoch.
    pub head: Head,
}

/// Puts a copy of a backup in the place of a store that nobody has open. What was there is kept
/// beside it. The epoch is a new one: what others hold of the store is void.
///
/// # Errors
/// The store is in use, the backup is no store of ours or damaged, or files cannot be written.
pub async fn restore_file(backup: &Path, store: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let (backup, store) = (backup.to_owned(), store.to_owned());
    blocking(move || restore(&backup, &real_path(&store)?, now)).await
}

fn restore(backup: &Path, store: &Path, now: Timestamp) -> Result<Restored, StoreError> {
    let _lock = lock_beside(store)?;
    let mut source = open_existing(backup)?;
    let head = checked_head(&source, backup)?;
    let part = Part::beside(store)?;
    copy(&mut source, &part.0)?;
    // a store that is lost or damaged does not say how many lives it had: the clock has no equal
    let epoch = match last_epoch(store) {
        Some(before) => before.max(head.epoch.0).saturating_add(1),
        None => now.seconds().max(head.epoch.0.saturating_add(1)),
    };
    let head = begin_epoch(&part.0, epoch)?;
    let kept = keep(store, epoch).map_err(|error| unavailable(store, &error))?;
    let placed = sync(&part.0).and_then(|()| std::fs::rename(&part.0, store));
    placed.and_then(|()| sync(folder_of(store))).map_err(|error| unavailable(store, &error))?;
    Ok(Restored { kept, head })
}

/// The file itself rather than a link to it; it need not be there.
fn real_path(path: &Path) -> Result<PathBuf, StoreError> {
    let real = path.canonicalize().or_else(|_| {
        let folder = folder_of(path).canonicalize()?;
        Ok(folder.join(path.file_name().unwrap_or_default()))
    });
    real.map_err(|error: io::Error| unavailable(path, &error))
}

fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(|error| unavailable(path, &error))
}

/// The head of a file with whole tables of ours.
fn checked_head(connection: &Connection, path: &Path) -> Result<Head, StoreError> {
    let not_ours = |error: &dyn std::fmt::Display| {
        StoreError::Damaged(format!("{} is no backup of a store: {error}", path.display()))
    };
    let said: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| not_ours(&error))?;
    if said != "ok" {
        return Err(not_ours(&said));
    }
    let applied = applied_steps(connection).map_err(|error| not_ours(&error))?;
    migrations::outstanding(migrations::SQLITE, &applied)?;
    head_of(connection).map_err(|error| not_ours(&error))
}

fn head_of(connection: &Connection) -> Result<Head, StoreError> {
    let rows = query(connection, Statement::ReadHead, &[])?;
    let row = rows.first().ok_or_else(|| StoreError::Damaged("no head".to_owned()))?;
    Ok(HeadRow::of(row)?.0.head)
}

/// The epoch of the store that is replaced. Opening and closing it takes what stands in the journal
/// beside it into the file.
fn last_epoch(store: &Path) -> Option<i64> {
    let connection = open_existing(store).ok()?;
    let epoch = head_of(&connection).ok()?.epoch.0;
    connection.close().ok().map(|()| epoch)
}

fn begin_epoch(path: &Path, epoch: i64) -> Result<Head, StoreError> {
    let connection = open_existing(path)?;
    connection.execute("UPDATE head SET epoch = ?1", [epoch])?;
    head_of(&connection)
}

/// Gives what was there a second name, with its journal if it could not be taken in.
fn keep(store: &Path, epoch: i64) -> io::Result<Option<PathBuf>> {
    if !store.exists() {
        return Ok(None);
    }
    let named = |base: &Path, end: &str| {
        let mut name = base.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let kept = named(store, &format!(".before-epoch-{epoch}"));
    if std::fs::hard_link(store, &kept).is_err() {
        // some file systems know one name a file
        std::fs::copy(store, &kept)?;
        sync(&kept)?;
    }
    // a journal left behind would be read into the file that comes
    for end in ["-wal", "-shm", "-journal"] {
        match std::fs::rename(named(store, end), named(&kept, end)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync(folder_of(store))?;
    Ok(Some(kept))
}
