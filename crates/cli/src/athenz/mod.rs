//! The command `athenz`: what it takes, and where each command is carried out.

mod access;
mod check;
mod domain;
mod failure;
mod identity;
mod options;
mod output;
mod policies;
mod policy;
mod provider;
mod role;
mod service;
mod settings;
mod status;
mod token;
mod token_store;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use options::{Cli, Command};
use output::Output;
use settings::Settings;

/// How a command ended, if it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Done, or allowed.
    Done,
    /// The answer is no.
    Denied,
    /// What was found is printed already, and is not well.
    Failed,
}

/// Exit status of a command that failed, and of a decision that could not be made.
const FAILED: u8 = 2;

/// Parses the arguments and carries out the command.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    log_warnings();
    match carry_out(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Denied) => ExitCode::FAILURE,
        Ok(Outcome::Failed) => ExitCode::from(FAILED),
        Err(error) => {
            // nobody reads standard error, and there is no other place to say it
            let _ = writeln!(std::io::stderr(), "athenz: {}", failure::describe(&error));
            ExitCode::from(FAILED)
        }
    }
}

fn log_warnings() {
    let writer = std::io::stderr;
    tracing_subscriber::fmt().with_writer(writer).with_max_level(tracing::Level::WARN).without_time().init();
}

fn carry_out(cli: Cli) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = Settings::resolve(cli.global)?;
    let mut output = Output::new(settings.format());
    runtime.block_on(dispatch(cli.command, &settings, &mut output))
}

async fn dispatch(command: Command, settings: &Settings, output: &mut Output) -> anyhow::Result<Outcome> {
    match command {
        Command::Status => status::run(settings, output).await,
        Command::Domain(command) => domain::run(command, settings, output).await,
        Command::Role(command) => role::run(command, settings, output).await,
        Command::Policy(command) => policy::run(command, settings, output).await,
        Command::Service(command) => service::run(command, settings, output).await,
        Command::Provider(command) => provider::run(command, settings, output).await,
        Command::Access(arguments) => access::run(arguments, settings, output).await,
        Command::Identity(command) => identity::run(command, settings, output).await,
        Command::Token(arguments) => token::run(arguments, settings, output).await,
        Command::Policies(command) => policies::run(command, settings, output).await,
        Command::Check(arguments) => check::run(&arguments, settings, output).await,
    }
}
