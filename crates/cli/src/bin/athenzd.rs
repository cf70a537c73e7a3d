//! `athenzd`: the servers of Athenz in one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    athenz_cli::athenzd::run()
}
