//! The rows of a database as a world, streamed over one connection.

use athenz_model::names::DomainName;
use athenz_world::World;
use futures_util::{TryStreamExt as _, pin_mut};
use tokio_postgres::{Client, Row};

use crate::error::StoreError;
use crate::log::HeadRow;
use crate::read::{Loader, MemberReader, Scope, Table};
use crate::statements::Statement;
use crate::value::Value;

use super::{Failure, Patience};

/// Reads rows as the transaction sees them.
pub(super) async fn load(client: &Client, scope: &Scope, patience: Patience) -> Result<World, Failure> {
    let row = patience.answer(client.query_one(Statement::ReadHead.text(), &[])).await?;
    let source = &Source { client, patience: patience.for_tables() };
    let (head, _) = HeadRow::of(&row)?;
    let mut loader = Loader::new(scope);
    for table in Table::BEFORE_MEMBERS {
        read_table(source, scope, *table, &mut loader).await?;
    }
    let mut reader = loader.member_reader();
    let mut take = |row: &Row| reader.row(row);
    match scope {
        Scope::All => {
            let everything = [Value::from(i64::MIN), Value::from(i64::MAX)];
            read(source, &MemberReader::of_range(), &[&everything], &mut take).await?;
        }
        Scope::Domains { names, .. } => {
            read_domains(source, &MemberReader::of_domain(), names, &mut take).await?;
        }
    }
    let gathered = reader.finish()?;
    loader.members(gathered);
    for table in Table::AFTER_MEMBERS {
        read_table(source, scope, *table, &mut loader).await?;
    }
    Ok(loader.finish(head.head))
}

/// A connection, and how long it may be silent.
struct Source<'a> {
    client: &'a Client,
    patience: Patience,
}

async fn read_table(
    source: &Source<'_>,
    scope: &Scope,
    table: Table,
    loader: &mut Loader,
) -> Result<(), Failure> {
    let mut take = |row: &Row| loader.row(table, row);
    match (scope, table.of_domain()) {
        (Scope::Domains { names, .. }, Some(text)) => read_domains(source, &text, names, &mut take).await,
        _ => read(source, &table.of_all(), &[&[]], &mut take).await,
    }
}

async fn read_domains(
    source: &Source<'_>,
    text: &str,
    names: &[DomainName],
    take: impl FnMut(&Row) -> Result<(), StoreError>,
) -> Result<(), Failure> {
    let names: Vec<[Value<'_>; 1]> = names.iter().map(|name| [Value::from(name.as_str())]).collect();
    let values: Vec<&[Value<'_>]> = names.iter().map(|name| name.as_slice()).collect();
    read(source, text, &values, take).await
}

/// Runs a statement once for each set of values.
async fn read(
    source: &Source<'_>,
    text: &str,
    values: &[&[Value<'_>]],
    mut take: impl FnMut(&Row) -> Result<(), StoreError>,
) -> Result<(), Failure> {
    let Source { client, patience } = source;
    let statement = patience.answer(client.prepare(text)).await?;
    for values in values {
        let rows = patience.answer(client.query_raw(&statement, values.iter())).await?;
        pin_mut!(rows);
        while let Some(row) = patience.answer(rows.try_next()).await? {
            take(&row)?;
        }
    }
    Ok(())
}
