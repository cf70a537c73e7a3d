//! athenzd
fn main() {}
