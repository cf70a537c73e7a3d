//! `cargo xtask <chore>`.
#![allow(clippy::print_stdout, reason = "a command talks to its user")]

mod contract;
mod tidy;

use anyhow::{Result, bail};

const USAGE: &str = "cargo xtask contract          write crates/model/src/wire/*.rs from contract/*.json
cargo xtask contract --check  say whether they are as they would be written
cargo xtask tidy              check the rules of the house";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["contract"] => contract::write(),
        ["contract", "--check"] => contract::check(),
        ["tidy"] => tidy::check(),
        _ => bail!("usage:\n{USAGE}"),
    }
}
