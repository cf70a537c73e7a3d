//! `athenz domain`

use anyhow::{Context, anyhow, bail};
use athenz_client::ZmsClient;
use athenz_client::zms::DomainFilter;
use athenz_model::wire::zms::{
    Domain, DomainTemplate, Policy, Role, ServiceIdentity, SubDomain, TemplateParam, TopLevelDomain,
    UserDomain,
};
use serde::Serialize;

use super::options::DomainCommand;
use super::output::{Output, columns};
use super::settings::Settings;
use super::{Outcome, policy, role, service};

/// Below this domain every user has one.
const USER_DOMAIN: &str = "user.";

/// Domains that are listed at once.
const PAGE: u32 = 1000;

/// Most domains that are listed.
const PAGES_MAX: usize = 1000;

pub(super) async fn run(
    command: DomainCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    match command {
        DomainCommand::List { prefix } => list(prefix, settings, output).await?,
        DomainCommand::Create { domain, admins, description } => {
            create(&domain, admins, description, settings, output).await?;
        }
        DomainCommand::Show { domain } => {
            let whole = whole(&settings.zms()?, &domain).await?;
            output.show(&whole, describe)?;
        }
        DomainCommand::Delete { domain } => {
            let zms = settings.zms()?;
            match domain.strip_prefix(USER_DOMAIN) {
                Some(user) if !user.contains('.') => zms.delete_user_domain(user).await?,
                _ => zms.delete_domain(&domain).await?,
            }
            output.done(&format!("domain {domain} deleted"))?;
        }
        DomainCommand::ApplyTemplate { domain, template, parameters } => {
            let templates = DomainTemplate {
                template_names: Some(vec![template.clone()]),
                params: Some(parameters.iter().map(|text| parameter(text)).collect::<Result<_, _>>()?),
            };
            settings.zms()?.apply_templates(&domain, &templates).await?;
            output.done(&format!("template {template} applied to {domain}"))?;
        }
    }
    Ok(Outcome::Done)
}

fn parameter(text: &str) -> anyhow::Result<TemplateParam> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| anyhow!("`{text}` is no parameter; write NAME=VALUE"))?;
    Ok(TemplateParam { name: Some(name.to_owned()), value: Some(value.to_owned()) })
}

/// Page by page, so that a large server need not answer at once.
async fn list(prefix: Option<String>, settings: &Settings, output: &mut Output) -> anyhow::Result<()> {
    let zms = settings.zms()?;
    let mut names: Vec<String> = Vec::new();
    let mut filter = DomainFilter { prefix, limit: Some(PAGE), ..DomainFilter::default() };
    for _ in 0..PAGES_MAX {
        let page = zms.domain_names(&filter).await?;
        names.extend(page.names.into_iter().flatten());
        filter.skip = page.next;
        if filter.skip.is_none() {
            break;
        }
    }
    output.show(&names, |names| names.join("\n"))
}

async fn create(
    domain: &str,
    admins: Vec<String>,
    description: Option<String>,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<()> {
    let zms = settings.zms()?;
    let admins = match admins {
        named if !named.is_empty() => named,
        _ => vec![
            settings
                .caller()?
                .context("name an administrator with --admin, or show who you are with --cert and --key")?,
        ],
    };
    let admin_users = Some(admins);
    let made: Domain = match domain.rsplit_once('.') {
        None => {
            let name = Some(domain.to_owned());
            zms.create_top_level_domain(&TopLevelDomain {
                name,
                admin_users,
                description,
                ..TopLevelDomain::default()
            })
            .await?
        }
        Some(("user", user)) => {
            let name = Some(user.to_owned());
            zms.create_user_domain(user, &UserDomain { name, description, ..UserDomain::default() }).await?
        }
        Some((parent, name)) => {
            let (name, parent_name) = (Some(name.to_owned()), Some(parent.to_owned()));
            let sub =
                SubDomain { name, parent: parent_name, admin_users, description, ..SubDomain::default() };
            zms.create_sub_domain(parent, &sub).await?
        }
    };
    output.show(&made, |_| format!("domain {domain} created"))
}

#[derive(Serialize)]
struct Whole {
    domain: Domain,
    roles: Vec<Role>,
    policies: Vec<Policy>,
    services: Vec<ServiceIdentity>,
}

async fn whole(zms: &ZmsClient, name: &str) -> anyhow::Result<Whole> {
    let domain = zms.domain(name).await?;
    if domain.name.as_deref() != Some(name.to_ascii_lowercase().as_str()) {
        bail!("ZMS answered with another domain");
    }
    Ok(Whole {
        domain,
        roles: zms.roles(name).await?.list.into_iter().flatten().collect(),
        policies: zms.policies(name).await?.list.into_iter().flatten().collect(),
        services: zms.services(name).await?.list.into_iter().flatten().collect(),
    })
}

fn describe(whole: &Whole) -> String {
    let name = whole.domain.name.as_deref().unwrap_or_default();
    let moment = whole.domain.modified.map(|moment| moment.to_string()).unwrap_or_default();
    let mut head = vec![("domain".to_owned(), name.to_owned()), ("modified".to_owned(), moment)];
    if let Some(text) = &whole.domain.description {
        head.push(("description".to_owned(), text.clone()));
    }
    if whole.domain.enabled == Some(false) {
        head.push(("enabled".to_owned(), "no".to_owned()));
    }
    let section = |title: &str, lines: Vec<String>| match lines.is_empty() {
        true => String::new(),
        false => format!("\n\n{title}\n{}", lines.join("\n")),
    };
    let roles = whole.roles.iter().map(|role| format!("  {}", role::line(name, role))).collect();
    let policies = whole.policies.iter().map(|policy| policy::lines(name, policy)).collect();
    let services = whole.services.iter().map(|service| format!("  {}", service::line(service))).collect();
    format!(
        "{}{}{}{}",
        columns(&head),
        section("roles", roles),
        section("policies", policies),
        section("services", services)
    )
}
