//! The rows of a file as a world, read on as many processors as there are.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use athenz_model::names::DomainName;
use athenz_world::load::GatheredMembers;
use athenz_world::{Head, World};
use rusqlite::{Connection, Params, Row, TransactionBehavior};

use crate::error::StoreError;
use crate::log::HeadRow;
use crate::read::{Loader, MemberReader, Scope, Table};
use crate::statements::{Statement, for_sqlite};

use super::{connect, query};

/// Roles and groups that a thread takes at a time.
const PART: usize = 64;
/// The most threads that read: more wait for memory.
const READERS: usize = 8;

/// Reads rows as they are at one moment.
pub(super) fn load(connection: &mut Connection, path: &Path, scope: &Scope) -> Result<World, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let head = head(&transaction)?;
    let mut loader = Loader::new(scope);
    for table in Table::BEFORE_MEMBERS {
        read_table(&transaction, scope, *table, &mut loader)?;
    }
    let gathered = match scope {
        Scope::All => all_members(&transaction, path, head, &loader)?,
        Scope::Domains { names, .. } => {
            let mut reader = loader.member_reader();
            read(&transaction, &MemberReader::of_domain(), each(names), |row| reader.row(row))?;
            reader.finish()?
        }
    };
    loader.members(gathered);
    for table in Table::AFTER_MEMBERS {
        read_table(&transaction, scope, *table, &mut loader)?;
    }
    Ok(loader.finish(head))
}

fn head(connection: &Connection) -> Result<Head, StoreError> {
    let rows = query(connection, Statement::ReadHead, &[])?;
    let row = rows.first().ok_or_else(|| StoreError::Damaged("no head".to_owned()))?;
    Ok(HeadRow::of(row)?.0.head)
}

fn read_table(
    connection: &Connection,
    scope: &Scope,
    table: Table,
    loader: &mut Loader,
) -> Result<(), StoreError> {
    let take = |row: &Row<'_>| loader.row(table, row);
    match (scope, table.of_domain()) {
        (Scope::Domains { names, .. }, Some(text)) => read(connection, &text, each(names), take),
        _ => read(connection, &table.of_all(), [()], take),
    }
}

fn each(names: &[DomainName]) -> impl Iterator<Item = [&str; 1]> {
    names.iter().map(|name| [name.as_str()])
}

/// Runs a statement once for each set of values.
fn read<Values: Params>(
    connection: &Connection,
    text: &str,
    values: impl IntoIterator<Item = Values>,
    mut take: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut prepared = connection.prepare(&for_sqlite(text))?;
    for values in values {
        let mut rows = prepared.query(values)?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
    }
    Ok(())
}

/// Each thread takes the next part until none is left: roles and groups differ much in size.
fn all_members(
    own: &Connection,
    path: &Path,
    head: Head,
    loader: &Loader,
) -> Result<Vec<GatheredMembers>, StoreError> {
    let ranges = loader.collection_ranges(PART);
    let next = AtomicUsize::new(0);
    let read_parts = |connection: &Connection| -> Result<Vec<GatheredMembers>, StoreError> {
        let mut reader = loader.member_reader();
        let parts = std::iter::from_fn(|| ranges.get(next.fetch_add(1, Ordering::Relaxed)).copied());
        read(connection, &MemberReader::of_range(), parts, |row| reader.row(row))?;
        reader.finish()
    };
    thread::scope(|scope| {
        let read_parts = &read_parts;
        let helpers: Vec<_> = helpers(path, head, ranges.len())
            .into_iter()
            .map(|connection| scope.spawn(move || read_parts(&connection)))
            .collect();
        let mut gathered = read_parts(own)?;
        for helper in helpers {
            let stopped = |_| StoreError::Unavailable("a thread that read stopped".to_owned());
            gathered.extend(helper.join().map_err(stopped)??);
        }
        Ok(gathered)
    })
}

/// Connections that see what the first one sees. There are fewer, or none, when something was
/// committed since the first began or no more can be opened: then loading takes longer.
fn helpers(path: &Path, head: Head, parts: usize) -> Vec<Connection> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted = processors.min(READERS).min(parts).saturating_sub(1);
    (0..wanted).map_while(|_| helper(path, head).ok().flatten()).collect()
}

fn helper(path: &Path, expected: Head) -> Result<Option<Connection>, StoreError> {
    let connection = connect(path)?;
    connection.execute_batch("BEGIN")?;
    Ok((head(&connection)? == expected).then_some(connection))
}
