//! Rows, log and certificate records on disk: SQLite and PostgreSQL behind one contract.
