//! The command line of `athenzd`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use athenz_model::SystemClock;
use clap::{ArgGroup, Args, Parser, Subcommand};

use super::admin::{self, Place};
use super::dev::{self, DevOptions};
use super::home::{Home, UserFiles};
use super::output::say;
use super::settings::{self, ServerFile};
use super::standalone;

const DEFAULT_HOME: &str = "./athenz-dev";

/// The servers of Athenz: who you are, and what you may do.
#[derive(Debug, Parser)]
#[command(
    name = "athenzd",
    version,
    propagate_version = true,
    after_help = "Examples:\n  athenzd dev\n  athenzd dev user jane\n  athenzd zms --config /etc/athenz/zms.toml"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run ZMS and ZTS on this machine, with everything they need made at the first start
    #[command(
        after_help = "Examples:\n  athenzd dev\n  athenzd dev --home /tmp/world --zms 127.0.0.1:14443 --zts 127.0.0.1:18443\n  \
            athenzd dev --store postgres://athenz@localhost/athenz\n  athenzd dev user jane"
    )]
    Dev(DevArguments),
    /// Run ZMS alone
    #[command(after_help = "Example:\n  athenzd zms --config /etc/athenz/zms.toml")]
    Zms(ConfigArgument),
    /// Run ZTS alone, replicating from a ZMS over HTTPS
    #[command(after_help = "Example:\n  athenzd zts --config /etc/athenz/zts.toml")]
    Zts(ConfigArgument),
    /// Check a configuration file and the files it names
    #[command(after_help = "Example:\n  athenzd check-config /etc/athenz/zms.toml")]
    CheckConfig {
        /// The file
        file: PathBuf,
    },
    /// Copy an embedded store into a file while it is in use
    #[command(after_help = "Examples:\n  athenzd backup --home ./athenz-dev zms-backup.db\n  \
            athenzd backup --config /etc/athenz/zms.toml zms-backup.db")]
    Backup {
        #[command(flatten)]
        place: PlaceArguments,
        /// Copy the certificate records of a home instead of what ZMS holds
        #[arg(long, conflicts_with = "config")]
        certificates: bool,
        /// Where to: a new file, which is complete or not there
        out: PathBuf,
    },
    /// Bring an embedded store back from a backup while the server is stopped; what is there is kept beside it
    #[command(after_help = "Examples:\n  athenzd restore --home ./athenz-dev zms-backup.db\n  \
            athenzd restore --config /etc/athenz/zms.toml zms-backup.db")]
    Restore {
        #[command(flatten)]
        place: PlaceArguments,
        /// A file that `athenzd backup` has made
        backup: PathBuf,
    },
    /// Repairs while the server is stopped
    #[command(subcommand)]
    Admin(AdminCommand),
}

#[derive(Args, Debug)]
struct DevArguments {
    /// Folder of the world
    #[arg(long, global = true, value_name = "DIR", default_value = DEFAULT_HOME)]
    home: PathBuf,
    /// Where ZMS listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4443")]
    zms: String,
    /// Where ZTS listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8443")]
    zts: String,
    /// Where what ZMS knows and certificate records are kept: sqlite, or postgres://…
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    store: String,
    #[command(subcommand)]
    command: Option<DevCommand>,
}

#[derive(Debug, Subcommand)]
enum DevCommand {
    /// Make the certificate of another user
    #[command(after_help = "Example:\n  athenzd dev user jane")]
    User {
        /// Name of the user, with or without `user.`
        name: String,
    },
}

#[derive(Args, Debug)]
struct ConfigArgument {
    /// The configuration file, TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("place").required(true).args(["home", "config"]))]
struct PlaceArguments {
    /// Folder of an `athenzd dev`
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Configuration file of a server
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make somebody a system administrator, for when nobody is left who could
    #[command(after_help = "Example:\n  athenzd admin grant user.jane --home ./athenz-dev")]
    Grant {
        /// Full name, such as user.jane
        user: String,
        #[command(flatten)]
        place: PlaceArguments,
    },
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    athenz_crypto::tls::install_default_provider();
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // one line, whatever the causes
            let text = format!("{error:#}").replace('\n', "; ");
            // there is nobody else to tell
            let _ = writeln!(std::io::stderr(), "athenzd: {text}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(arguments) => match arguments.command {
            Some(DevCommand::User { name }) => make_user(&arguments.home, &name),
            None => on_runtime(dev::run(DevOptions {
                home: arguments.home,
                zms: arguments.zms,
                zts: arguments.zts,
                store: arguments.store,
            })),
        },
        Command::Zms(ConfigArgument { config }) => on_runtime(standalone::zms(settings::read_zms(&config)?)),
        Command::Zts(ConfigArgument { config }) => on_runtime(standalone::zts(settings::read_zts(&config)?)),
        Command::CheckConfig { file } => check_config(&file),
        Command::Backup { place, certificates, out } => {
            on_runtime(admin::backup(place.place()?, certificates, out))
        }
        Command::Restore { place, backup } => on_runtime(admin::restore(place.lost_or_not()?, backup)),
        Command::Admin(AdminCommand::Grant { user, place }) => on_runtime(admin::grant(place.place()?, user)),
    }
}

impl PlaceArguments {
    /// The same where the store may be lost.
    fn lost_or_not(self) -> anyhow::Result<Place> {
        match &self.home {
            Some(home) => Ok(Place::Home(Home::to_restore(home)?)),
            None => self.place(),
        }
    }

    fn place(self) -> anyhow::Result<Place> {
        match (self.home, self.config) {
            (Some(home), _) => Ok(Place::Home(Home::existing(&home)?)),
            (None, Some(config)) => Ok(Place::Server(settings::read(&config)?)),
            (None, None) => anyhow::bail!("name a folder with --home, or a file with --config"),
        }
    }
}

fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start threads")?.block_on(work)
}

fn make_user(home: &Path, name: &str) -> anyhow::Result<()> {
    let UserFiles { name, certificate, key } = Home::existing(home)?.user(name, &SystemClock)?;
    say(&format!("{name}\n  certificate  {}\n  key          {}\n", certificate.display(), key.display()))
}

fn check_config(file: &Path) -> anyhow::Result<()> {
    let read = settings::read(file)?;
    let server = match &read {
        ServerFile::Zms(_) => "ZMS",
        ServerFile::Zts(_) => "ZTS",
    };
    standalone::check(&read).with_context(|| file.display().to_string())?;
    say(&format!("{}: a {server} can start with this\n", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
