//! `athenz access`: a server decides.

use serde::Serialize;

use super::Outcome;
use super::options::{AccessArguments, Server};
use super::output::Output;
use super::settings::Settings;

#[derive(Serialize)]
struct Access {
    granted: bool,
}

pub(super) async fn run(
    arguments: AccessArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let AccessArguments { action, resource, principal, server } = arguments;
    let principal = principal.as_deref();
    let granted = match server {
        Server::Zms => settings.zms()?.access(&action, &resource, principal, None).await?.granted,
        Server::Zts => settings.zts()?.access(&action, &resource, principal).await?.granted,
    };
    // an answer without the word is no permission
    let access = Access { granted: granted == Some(true) };
    output.show(&access, |access| if access.granted { "granted" } else { "denied" }.to_owned())?;
    Ok(if access.granted { Outcome::Done } else { Outcome::Denied })
}
