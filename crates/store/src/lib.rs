//! Rows, log and certificate records on disk: SQLite and PostgreSQL behind one contract.

pub mod certificate_records;

#[cfg(test)]
mod testing;
