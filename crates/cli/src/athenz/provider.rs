//! `athenz provider`: the word of the system administrator that a service may vouch for instances.

use athenz_client::ZmsClient;
use athenz_model::wire::zms::{Assertion, AssertionEffect, Membership, Policy, Role, RoleMember};

use super::Outcome;
use super::options::ProviderCommand;
use super::output::Output;
use super::settings::Settings;

/// The domain of the rights that concern the whole system.
const SYSTEM: &str = "sys.auth";

/// Role and policy of the providers.
const PROVIDERS: &str = "providers";

pub(super) async fn run(
    command: ProviderCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let ProviderCommand::Authorize { provider, dns_suffixes } = command;
    let zms = settings.zms()?;
    add_member(&zms, &provider).await?;
    add_rights(&zms, &dns_suffixes).await?;
    output.done(&format!(
        "{provider} may launch instances, with DNS names below {}; each service still has to allow it",
        dns_suffixes.join(", ")
    ))?;
    Ok(Outcome::Done)
}

async fn add_member(zms: &ZmsClient, provider: &str) -> anyhow::Result<()> {
    let member_name = Some(provider.to_owned());
    let membership = Membership { member_name: member_name.clone(), ..Membership::default() };
    match zms.role(SYSTEM, PROVIDERS, false).await {
        Ok(_) => Ok(zms.put_member(SYSTEM, PROVIDERS, provider, &membership).await?),
        Err(error) if error.code() == Some(404) => {
            let role = Role {
                name: Some(role_name()),
                role_members: Some(vec![RoleMember { member_name, ..RoleMember::default() }]),
                ..Role::default()
            };
            Ok(zms.put_role(SYSTEM, PROVIDERS, &role).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds what is missing; what others have added to the policy stays.
async fn add_rights(zms: &ZmsClient, dns_suffixes: &[String]) -> anyhow::Result<()> {
    let mut wanted = vec![launch("instance")];
    wanted.extend(dns_suffixes.iter().map(|suffix| launch(&format!("dns.{}", suffix.trim_matches('.')))));
    let held = match zms.policy(SYSTEM, PROVIDERS).await {
        Ok(policy) => policy.assertions.unwrap_or_default(),
        Err(error) if error.code() == Some(404) => {
            let name = Some(format!("{SYSTEM}:policy.{PROVIDERS}"));
            let policy = Policy { name, assertions: Some(wanted), ..Policy::default() };
            return Ok(zms.put_policy(SYSTEM, PROVIDERS, &policy).await?);
        }
        Err(error) => return Err(error.into()),
    };
    for assertion in wanted {
        if !held.iter().any(|held| same(held, &assertion)) {
            zms.put_assertion(SYSTEM, PROVIDERS, &assertion).await?;
        }
    }
    Ok(())
}

fn role_name() -> String {
    format!("{SYSTEM}:role.{PROVIDERS}")
}

fn launch(resource: &str) -> Assertion {
    Assertion {
        role: Some(role_name()),
        action: Some("launch".to_owned()),
        resource: Some(format!("{SYSTEM}:{resource}")),
        effect: Some(AssertionEffect::Allow),
        ..Assertion::default()
    }
}

fn same(held: &Assertion, wanted: &Assertion) -> bool {
    (&held.role, &held.action, &held.resource) == (&wanted.role, &wanted.action, &wanted.resource)
        && held.effect != Some(AssertionEffect::Deny)
}
