//! Both servers together, as their callers meet them.

mod access_matrix;
mod bad_certificate_requests;
mod bad_credentials;
mod bad_requests;
mod conformance;
mod contract;
mod failing_store;
mod sports;
