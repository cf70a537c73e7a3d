//! Arguments and columns, the same for both databases: numbers, texts, or nothing.

use std::borrow::Cow;

use athenz_model::Timestamp;
use bytes::BytesMut;
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::error::StoreError;

/// An argument of a statement, or a column of a small answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Null,
    Integer(i64),
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// Refuses what PostgreSQL cannot hold and SQLite would cut when it is shown.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Text(text) if memchr::memchr(0, text.as_bytes()).is_some() => {
                let shown: String = text.chars().take(64).collect();
                Err(StoreError::NulInText(format!("{shown:?}")))
            }
            _ => Ok(()),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(moment.millis())
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for Value<'a> {
    fn from(optional: Option<T>) -> Self {
        optional.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(ty, out),
            Self::Text(text) => text.as_ref().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}

/// Reads a row of either database.
pub(crate) trait Columns {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError>;

    fn integer(&self, column: usize) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| damaged(column, "no number"))
    }

    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.optional_text(column)?.ok_or_else(|| damaged(column, "no text"))
    }

    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.integer(column)? != 0)
    }

    fn moment(&self, column: usize) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_millis(self.integer(column)?))
    }

    fn optional_moment(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_millis))
    }
}

fn damaged(column: usize, what: &str) -> StoreError {
    StoreError::Damaged(format!("column {column} holds {what}"))
}

impl Columns for rusqlite::Row<'_> {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Ok(Some(number)),
            Ok(ValueRef::Null) => Ok(None),
            _ => Err(damaged(column, "no number")),
        }
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.get_ref(column) {
            Ok(ValueRef::Text(bytes)) => {
                std::str::from_utf8(bytes).map(Some).map_err(|_| damaged(column, "no UTF-8"))
            }
            Ok(ValueRef::Null) => Ok(None),
            _ => Err(damaged(column, "no text")),
        }
    }
}

impl Columns for tokio_postgres::Row {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(|_| damaged(column, "no number"))
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.try_get(column).map_err(|_| damaged(column, "no text"))
    }
}

/// A row of a small answer, apart from its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedRow(pub(crate) Vec<Value<'static>>);

impl Columns for OwnedRow {
    fn optional_integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(damaged(column, "no number")),
        }
    }

    fn optional_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(damaged(column, "no text")),
        }
    }
}
