//! `athenz`: people, agents and decisions, against any Athenz server.

#[path = "../athenz/mod.rs"]
mod athenz;

use std::process::ExitCode;

fn main() -> ExitCode {
    athenz::run()
}
