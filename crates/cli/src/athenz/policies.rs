//! `athenz policies`: the job of ZPU.

use std::path::Path;

use anyhow::{Context, bail};
use athenz_agent::policies::{self, KEY_FILE, PolicyFetch, PolicyForm, PolicyOptions};
use athenz_model::names::DomainName;
use athenz_zpe::sources::{KeyRules, PolicyDirectory, TrustedKeys};
use athenz_zpe::{Engine, EngineOptions};
use serde::Serialize;

use super::options::{FetchArguments, KeyFiles, PoliciesCommand};
use super::output::{Output, columns};
use super::settings::Settings;
use super::{Outcome, failure};

pub(super) async fn run(
    command: PoliciesCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    match command {
        PoliciesCommand::Fetch(arguments) => fetch(&arguments, settings, output).await,
        PoliciesCommand::Verify { dir, keys } => verify(&dir, &keys, settings, output).await,
    }
}

#[derive(Serialize)]
struct DomainResult {
    domain: String,
    ok: bool,
    message: String,
}

/// All domains are tried; one that fails does not stop the others.
async fn fetch(
    arguments: &FetchArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let zts = settings.zts()?;
    let clock = settings.clock();
    let keys = if arguments.keys.files.is_empty() {
        // those of ZTS itself, which TLS vouches for; and kept for decisions without it
        let keys = TrustedKeys::new(settings.clock(), KeyRules::default()).with_server(zts.clone());
        keys.refresh().await.context("the public keys of ZTS cannot be fetched")?;
        policies::write_key_file(&zts, &arguments.dir, &*clock).await?;
        keys
    } else {
        from_files(&arguments.keys, settings)?
    };
    let options = PolicyOptions {
        form: if arguments.classic { PolicyForm::Classic } else { PolicyForm::Jws },
        force: arguments.force,
        check_zms_signature: arguments.check_zms_signature,
        ..PolicyOptions::new(&arguments.dir)
    };
    let mut results = Vec::new();
    for name in &arguments.domains {
        let fetched = match DomainName::parse(name) {
            Ok(domain) => {
                policies::fetch(&zts, &domain, &options, &keys, &*clock).await.map_err(anyhow::Error::from)
            }
            Err(error) => Err(error.into()),
        };
        results.push(result_of(name, fetched));
    }
    finish(&results, output)?;
    Ok(Outcome::Done)
}

fn result_of(domain: &str, fetched: anyhow::Result<PolicyFetch>) -> DomainResult {
    let ok = fetched.is_ok();
    let message = match fetched {
        Ok(PolicyFetch::Written { expires }) => format!("written, good until {expires}"),
        Ok(PolicyFetch::Unchanged) => "unchanged".to_owned(),
        Err(error) => failure::describe(&error),
    };
    DomainResult { domain: domain.to_owned(), ok, message }
}

fn finish(results: &[DomainResult], output: &mut Output) -> anyhow::Result<()> {
    output.show(&results, |results| {
        columns(
            &results.iter().map(|result| (result.domain.clone(), result.message.clone())).collect::<Vec<_>>(),
        )
    })?;
    let failed: Vec<&str> =
        results.iter().filter(|result| !result.ok).map(|result| result.domain.as_str()).collect();
    if !failed.is_empty() {
        bail!("no good policies for: {}", failed.join(", "));
    }
    Ok(())
}

async fn verify(
    dir: &Path,
    keys: &KeyFiles,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let engine = engine(dir, keys, EngineOptions::default(), settings).await?;
    let report = load(dir, &engine)?;
    let mut results = Vec::new();
    for (path, error) in &report.failed {
        let domain = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        results.push(DomainResult { domain, ok: false, message: error.to_string() });
    }
    let now = settings.clock().now();
    for policies in engine.policies().domains() {
        let ok = policies.expires() >= now;
        let state = if ok { "good" } else { "over" };
        let message = format!("{} assertions, {state} until {}", policies.assertions(), policies.expires());
        results.push(DomainResult { domain: policies.domain().to_owned(), ok, message });
    }
    results.sort_by(|a, b| a.domain.cmp(&b.domain));
    finish(&results, output)?;
    Ok(Outcome::Done)
}

/// An engine whose keys are those named, those beside the policies, or those of ZTS.
pub(super) async fn engine(
    dir: &Path,
    keys: &KeyFiles,
    options: EngineOptions,
    settings: &Settings,
) -> anyhow::Result<Engine<TrustedKeys>> {
    let beside = dir.join(KEY_FILE);
    let keys = if !keys.files.is_empty() {
        from_files(keys, settings)?
    } else if beside.exists() {
        TrustedKeys::new(settings.clock(), KeyRules::default()).with_file(&beside)?
    } else {
        let zts = settings.zts().context(format!(
            "{} is not there, and no ZTS to ask for keys: fetch the policies with `athenz policies fetch`, or name an athenz.conf with --keys",
            beside.display()
        ))?;
        let keys = TrustedKeys::new(settings.clock(), KeyRules::default()).with_server(zts);
        keys.refresh().await.context("the public keys of ZTS cannot be fetched")?;
        keys
    };
    Ok(Engine::new(keys, settings.clock(), options))
}

fn from_files(keys: &KeyFiles, settings: &Settings) -> anyhow::Result<TrustedKeys> {
    let mut trusted = TrustedKeys::new(settings.clock(), KeyRules::default());
    for path in &keys.files {
        trusted = trusted.with_file(path)?;
    }
    Ok(trusted)
}

/// Loads the folder into the engine.
pub(super) fn load(
    dir: &Path,
    engine: &Engine<TrustedKeys>,
) -> anyhow::Result<athenz_zpe::sources::LoadReport> {
    PolicyDirectory::new(dir).reload(engine).with_context(|| {
        format!(
            "the policies in {} cannot be read; fetch some with `athenz policies fetch DOMAIN --dir …`",
            dir.display()
        )
    })
}
