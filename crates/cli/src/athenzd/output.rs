//! What is told to whoever started the program.

use std::io::Write;

use anyhow::Context;

/// Prints a text that ends its line.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to standard output")
}
