//! Both servers together, as their callers meet them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests stand outside of test functions"
)]

mod access_matrix;
mod bad_certificate_requests;
mod bad_credentials;
mod bad_requests;
mod check_order;
mod conformance;
mod contract;
mod escalation;
mod failing_store;
mod freshness;
mod instances;
mod leaving;
mod lesser_rights;
mod names_and_numbers;
mod shared_records;
mod sports;
mod tenants;
