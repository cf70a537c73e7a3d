//! `athenz status`

use athenz_client::ClientError;
use serde::Serialize;

use super::output::{Output, columns};
use super::settings::Settings;
use super::{Outcome, failure};

#[derive(Serialize)]
struct ServerStatus {
    name: &'static str,
    url: Option<String>,
    ok: bool,
    message: String,
}

pub(super) async fn run(settings: &Settings, output: &mut Output) -> anyhow::Result<Outcome> {
    let servers = [zms(settings).await, zts(settings).await];
    let all_well = servers.iter().all(|server| server.ok);
    output.show(&servers, |servers| {
        let row = |server: &ServerStatus| {
            (server.name.to_owned(), format!("{} {}", server.url.as_deref().unwrap_or("-"), server.message))
        };
        columns(&servers.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(if all_well { Outcome::Done } else { Outcome::Failed })
}

async fn zms(settings: &Settings) -> ServerStatus {
    match settings.zms() {
        Ok(client) => {
            of("ZMS", Some(client.url().to_string()), client.status().await.map(|status| status.message))
        }
        Err(error) => unknown("ZMS", &error),
    }
}

async fn zts(settings: &Settings) -> ServerStatus {
    match settings.zts() {
        Ok(client) => {
            of("ZTS", Some(client.url().to_string()), client.status().await.map(|status| status.message))
        }
        Err(error) => unknown("ZTS", &error),
    }
}

fn of(name: &'static str, url: Option<String>, answer: Result<Option<String>, ClientError>) -> ServerStatus {
    let ok = answer.is_ok();
    let message = match answer {
        Ok(message) => message.unwrap_or_else(|| "OK".to_owned()),
        Err(error) => failure::describe(&error.into()),
    };
    ServerStatus { name, url, ok, message }
}

fn unknown(name: &'static str, error: &anyhow::Error) -> ServerStatus {
    ServerStatus { name, url: None, ok: false, message: failure::describe(error) }
}
