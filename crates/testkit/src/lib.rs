//! In-process ZMS and ZTS, a test authority, callers and fault points for the tests.
