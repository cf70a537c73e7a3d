//! Fixtures of the contract tests.

pub(crate) mod postgres;
