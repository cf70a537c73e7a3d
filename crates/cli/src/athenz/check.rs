//! `athenz check`: a decision without a server, with its reason.

use anyhow::bail;
use athenz_zpe::core::{Credential, Question, Staleness};
use athenz_zpe::sources::{LoadReport, peer_certificate};
use athenz_zpe::{Answer, EngineOptions, Status};
use serde::Serialize;

use super::options::CheckArguments;
use super::output::Output;
use super::settings::{Settings, text_or_file};
use super::{Outcome, identity, policies};

pub(super) async fn run(
    arguments: &CheckArguments,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let staleness = if arguments.allow_stale { Staleness::Ignore } else { Staleness::DenyAfter(0) };
    let options = EngineOptions { staleness, ..EngineOptions::default() };
    let engine = policies::engine(&arguments.policies, &arguments.keys, options, settings).await?;
    let report = policies::load(&arguments.policies, &engine)?;

    let tokens: Vec<String> =
        arguments.tokens.iter().map(|token| text_or_file(token)).collect::<Result<_, _>>()?;
    let certificate = match &arguments.peer_certificate {
        Some(path) => Some(peer_certificate(&identity::read_certificate(path)?)),
        None => None,
    };
    let credential = |token| Credential { certificate: certificate.as_ref(), ..Credential::token(token) };
    let credentials: Vec<Credential<'_>> = tokens.iter().map(|token| credential(token)).collect();
    let question = Question { action: &arguments.action, resource: &arguments.resource };
    let answer = engine.check_any(&credentials, question);
    refuse_to_guess(&answer, &report)?;
    output.show(&Shown::of(&answer), |shown| describe(shown, &answer))?;
    Ok(if answer.is_allowed() { Outcome::Done } else { Outcome::Denied })
}

/// Without usable policies for the domain of the token there is nothing to decide by.
fn refuse_to_guess(answer: &Answer, report: &LoadReport) -> anyhow::Result<()> {
    let domain = answer.domain.as_deref().unwrap_or_default();
    match answer.status {
        Status::DenyDomainNotFound => {
            let own =
                report.failed.iter().find(|(path, _)| path.file_stem().is_some_and(|stem| stem == domain));
            match own {
                Some((path, error)) => bail!("cannot decide: {} is not used: {error}", path.display()),
                None => bail!(
                    "cannot decide: there are no policies of {domain}; fetch them with `athenz policies fetch {domain}`"
                ),
            }
        }
        Status::DenyDomainExpired => {
            let detail = answer.detail.as_deref().unwrap_or_default();
            bail!(
                "cannot decide by the policies of {domain}: {detail} with `athenz policies fetch {domain}`, or use --allow-stale"
            )
        }
        Status::DenyInvalidParameters => {
            bail!("cannot decide: {}", answer.detail.as_deref().unwrap_or("action or resource is not usable"))
        }
        _ => Ok(()),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    allowed: bool,
    status: &'static str,
    text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assertion: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    stale: bool,
}

impl<'a> Shown<'a> {
    fn of(answer: &'a Answer) -> Self {
        Self {
            allowed: answer.is_allowed(),
            status: answer.status.name(),
            text: answer.status.text(),
            role: answer.role.as_deref(),
            policy: answer.policy.as_deref(),
            assertion: answer.assertion,
            principal: answer.principal.as_deref(),
            domain: answer.domain.as_deref(),
            detail: answer.detail.as_deref(),
            stale: answer.stale,
        }
    }
}

fn describe(shown: &Shown<'_>, answer: &Answer) -> String {
    let mut lines = vec![format!("{}: {}", if shown.allowed { "allow" } else { "deny" }, shown.text)];
    if let Some(principal) = shown.principal {
        lines.push(format!("  principal {principal}"));
    }
    match (shown.role, shown.policy) {
        (Some(role), Some(policy)) => {
            let number = shown.assertion.map(|id| format!(", assertion {id}")).unwrap_or_default();
            lines.push(format!("  because role {role} in {policy}{number}"));
        }
        _ if answer.status == Status::DenyNoMatch => {
            lines.push(
                "  because no assertion for the roles of the token matches; see `athenz policy list`"
                    .to_owned(),
            );
        }
        _ => {}
    }
    if let Some(detail) = shown.detail {
        lines.push(format!("  because {detail}"));
    }
    if shown.stale {
        lines.push("  warning: the policies are past their time; fetch them again".to_owned());
    }
    lines.join("\n")
}
