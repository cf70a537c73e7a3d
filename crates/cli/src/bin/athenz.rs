//! athenz
fn main() {}
