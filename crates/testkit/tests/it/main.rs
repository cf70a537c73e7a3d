//! Both servers together.

mod conformance;
