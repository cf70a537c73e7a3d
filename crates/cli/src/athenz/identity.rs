//! `athenz identity`: the heart of SIA.

use std::path::Path;

use anyhow::{Context, bail};
use athenz_agent::identity::{
    Attestation, IdentityAgent, IdentityPaths, Instance, InstanceState, Rotation, SpiffeForm,
};
use athenz_crypto::random::SystemRandom;
use athenz_crypto::x509::Certificate;
use serde::Serialize;

use super::Outcome;
use super::options::{IdentityCommand, InstanceArguments, RefreshArguments, RegisterArguments};
use super::output::{Output, columns};
use super::settings::{Settings, service_name, text_or_file};

pub(super) async fn run(
    command: IdentityCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    match command {
        IdentityCommand::Register(arguments) => register(&arguments, settings, output).await?,
        IdentityCommand::Refresh(arguments) => refresh(&arguments, settings, output).await?,
        IdentityCommand::RegisterToken { service, instance, provider } => {
            let (domain, name) = service_name(&service)?;
            let token = settings.zts()?.register_token(&provider, &domain, &name, &instance).await?;
            output.show(&token, |token| token.attestation_data.clone().unwrap_or_default())?;
        }
        IdentityCommand::Show { certificate } => show(&read_certificate(&certificate)?, None, output)?,
    }
    Ok(Outcome::Done)
}

fn paths(arguments: &InstanceArguments) -> anyhow::Result<IdentityPaths> {
    let (domain, service) = service_name(&arguments.service)?;
    let mut paths = IdentityPaths::in_folder(&arguments.dir, &domain, &service);
    if let Some(key) = &arguments.private_key {
        paths.key.clone_from(key);
    }
    if let Some(certificate) = &arguments.certificate {
        paths.certificate.clone_from(certificate);
    }
    Ok(paths)
}

fn instance(arguments: &InstanceArguments, provider: String, id: String) -> anyhow::Result<Instance> {
    let (domain, service) = service_name(&arguments.service)?;
    Ok(Instance {
        domain,
        service,
        provider,
        id,
        dns_suffix: Some(arguments.dns_suffix.trim_matches('.').to_owned())
            .filter(|suffix| !suffix.is_empty()),
        spiffe: arguments.spiffe_trust_domain.clone().map_or(SpiffeForm::Basic, SpiffeForm::TrustDomain),
        organization: arguments.organization.clone(),
        organizational_unit: arguments.organizational_unit.clone(),
        expiry_minutes: arguments.expiry,
    })
}

fn attestation(key_id: Option<&String>, data: Option<&String>) -> anyhow::Result<Option<Attestation>> {
    Ok(match (key_id, data) {
        (Some(key_id), _) => Some(Attestation::ServiceToken { key_id: key_id.clone() }),
        (None, Some(data)) => Some(Attestation::Data(text_or_file(data)?)),
        (None, None) => None,
    })
}

async fn register(
    arguments: &RegisterArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let Some(attestation) = attestation(arguments.key_id.as_ref(), arguments.attestation_data.as_ref())?
    else {
        bail!(
            "say what shows that you are {}: --key-id ID of its registered key, or --attestation-data TOKEN from `athenz identity register-token`",
            arguments.instance.service
        );
    };
    let paths = paths(&arguments.instance)?;
    let instance = instance(&arguments.instance, arguments.provider.clone(), arguments.id.clone())?;
    // an instance that registers has no identity yet, and must not borrow another
    let zts = settings.zts_as(None)?;
    let clock = settings.clock();
    let agent = IdentityAgent { zts: &zts, clock: &*clock, random: &SystemRandom };
    let certificate = agent.register(&instance, &attestation, &paths).await?;
    show(&certificate, Some(&paths), output)
}

async fn refresh(
    arguments: &RefreshArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let paths = paths(&arguments.instance)?;
    let Some(state) = InstanceState::read(&paths.state())? else {
        bail!(
            "{} is not there; register the instance first with `athenz identity register`",
            paths.state().display()
        );
    };
    let given = attestation(arguments.key_id.as_ref(), arguments.attestation_data.as_ref())?;
    let attestation = given.unwrap_or_else(|| match (&state.key_id, &state.attestation_data) {
        (Some(key_id), _) => Attestation::ServiceToken { key_id: key_id.clone() },
        (None, Some(data)) => Attestation::Data(data.clone()),
        (None, None) => Attestation::None,
    });
    let rotation = match (arguments.rotate_key, &attestation) {
        (true, Attestation::ServiceToken { .. }) => {
            bail!(
                "a key that is registered in ZMS is not exchanged here; register another with `athenz service add-key`"
            )
        }
        (true, _) => Rotation::NewKey,
        (false, _) => Rotation::KeepKey,
    };
    let instance = instance(&arguments.instance, state.provider, state.id)?;
    let identity = settings.identity_of(&paths.certificate, &paths.key)?;
    let zts = settings.zts_as(Some(identity))?;
    let clock = settings.clock();
    let agent = IdentityAgent { zts: &zts, clock: &*clock, random: &SystemRandom };
    let certificate = agent.refresh(&instance, &attestation, rotation, &paths).await?;
    show(&certificate, Some(&paths), output)
}

#[derive(Serialize)]
struct Shown {
    name: String,
    not_before: String,
    not_after: String,
    serial: String,
    thumbprint: String,
    uris: Vec<String>,
    dns: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

fn show(certificate: &Certificate, paths: Option<&IdentityPaths>, output: &mut Output) -> anyhow::Result<()> {
    let shown = Shown {
        name: certificate.common_name().unwrap_or_default().to_owned(),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        serial: certificate.serial_hex(),
        thumbprint: certificate.thumbprint(),
        uris: certificate.alt_names().uris().map(str::to_owned).collect(),
        dns: certificate.alt_names().dns_names().map(str::to_owned).collect(),
        certificate: paths.map(|paths| paths.certificate.display().to_string()),
        key: paths.map(|paths| paths.key.display().to_string()),
    };
    output.show(&shown, describe)
}

fn describe(shown: &Shown) -> String {
    let mut rows = vec![
        ("name".to_owned(), shown.name.clone()),
        ("valid".to_owned(), format!("{} to {}", shown.not_before, shown.not_after)),
    ];
    rows.extend(shown.uris.iter().map(|uri| ("uri".to_owned(), uri.clone())));
    rows.extend(shown.dns.iter().map(|name| ("dns".to_owned(), name.clone())));
    rows.extend(shown.certificate.iter().map(|path| ("certificate".to_owned(), path.clone())));
    rows.extend(shown.key.iter().map(|path| ("key".to_owned(), path.clone())));
    columns(&rows)
}

/// Reads a certificate file.
pub(super) fn read_certificate(path: &Path) -> anyhow::Result<Certificate> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Certificate::from_pem(&text).with_context(|| format!("{} holds no certificate", path.display()))
}
