//! `athenz service`

use std::path::Path;

use anyhow::{Context, bail};
use athenz_agent::files::{self, Readers};
use athenz_client::ZmsClient;
use athenz_crypto::keys::{Curve, PrivateKey, PublicKey};
use athenz_model::names::{DomainName, SimpleName};
use athenz_model::wire::zms::{
    Assertion, AssertionEffect, Policy, PublicKeyEntry, Role, RoleMember, ServiceIdentity,
};

use super::Outcome;
use super::options::{KeyChoice, ServiceCommand};
use super::output::Output;
use super::settings::{Settings, service_name};

pub(super) async fn run(
    command: ServiceCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let zms = settings.zms()?;
    match command {
        ServiceCommand::List { domain } => {
            let services: Vec<ServiceIdentity> =
                zms.services(&domain).await?.list.into_iter().flatten().collect();
            output.show(&services, |services| services.iter().map(line).collect::<Vec<_>>().join("\n"))?;
        }
        ServiceCommand::Create { service, key, allow_provider } => {
            let (domain, name) = service_name(&service)?;
            create(&zms, &domain, &name, &key).await?;
            if let Some(provider) = &allow_provider {
                let _ = allow(&zms, &domain, &name, provider).await?;
            }
            output.done(&created(&service, &key, allow_provider.as_deref()))?;
        }
        ServiceCommand::Show { service } => {
            let (domain, name) = service_name(&service)?;
            let service = zms.service(&domain, &name).await?;
            output.show(&service, describe)?;
        }
        ServiceCommand::Delete { service } => {
            let (domain, name) = service_name(&service)?;
            zms.delete_service(&domain, &name).await?;
            output.done(&format!("service {service} deleted"))?;
        }
        ServiceCommand::AddKey { service, key } => {
            let (domain, name) = service_name(&service)?;
            let Some(public) = public_key(&key)? else {
                bail!("name the key with --public-key FILE or --new-key FILE")
            };
            zms.put_public_key(&domain, &name, &entry(&key.key_id, &public)).await?;
            output.done(&format!("key {} of {service} registered", key.key_id))?;
        }
        ServiceCommand::AllowProvider { service, provider } => {
            let (domain, name) = service_name(&service)?;
            let role = allow(&zms, &domain, &name, &provider).await?;
            output.done(&format!("{provider} may launch {service} (role {role})"))?;
        }
    }
    Ok(Outcome::Done)
}

fn created(service: &str, key: &KeyChoice, provider: Option<&str>) -> String {
    let mut text = format!("service {service} written");
    if let Some(path) = &key.new_key {
        text.push_str(&format!("; its private key is in {} (key id {})", path.display(), key.key_id));
    }
    if let Some(provider) = provider {
        text.push_str(&format!("; {provider} may launch it"));
    }
    text
}

async fn create(
    zms: &ZmsClient,
    domain: &DomainName,
    name: &SimpleName,
    key: &KeyChoice,
) -> anyhow::Result<()> {
    let public_keys = public_key(key)?.map(|public| vec![entry(&key.key_id, &public)]);
    let service =
        ServiceIdentity { name: Some(format!("{domain}.{name}")), public_keys, ..ServiceIdentity::default() };
    Ok(zms.put_service(domain, name, &service).await?)
}

fn entry(id: &str, key: &PublicKey) -> PublicKeyEntry {
    PublicKeyEntry { id: Some(id.to_owned()), key: Some(key.to_ybase64_pem()) }
}

/// The public half of the key that was chosen; a new private key is written first.
fn public_key(choice: &KeyChoice) -> anyhow::Result<Option<PublicKey>> {
    match (&choice.public_key, &choice.new_key) {
        (Some(path), _) => read_public_key(path).map(Some),
        (None, Some(path)) => new_key(path).map(Some),
        (None, None) => Ok(None),
    }
}

fn read_public_key(path: &Path) -> anyhow::Result<PublicKey> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let key = match PrivateKey::from_pem(&text) {
        Ok(private) => private.public_key().clone(),
        Err(_) => PublicKey::from_pem(&text)
            .with_context(|| format!("{} holds neither a public nor a private key", path.display()))?,
    };
    key.check_strength().with_context(|| format!("the key in {} is not accepted", path.display()))?;
    Ok(key)
}

fn new_key(path: &Path) -> anyhow::Result<PublicKey> {
    if std::fs::symlink_metadata(path).is_ok() {
        bail!("{} is there already; use it with --public-key, or choose another name", path.display());
    }
    let key = PrivateKey::generate_ec(Curve::P256)?;
    files::write(path, key.to_pkcs8_pem()?.as_bytes(), Readers::Owner)?;
    Ok(key.public_key().clone())
}

/// A role with the provider, and a policy that lets it launch this service. Both are made once for
/// each service, so that one service's provider says nothing about another's.
async fn allow(
    zms: &ZmsClient,
    domain: &DomainName,
    name: &SimpleName,
    provider: &str,
) -> anyhow::Result<String> {
    let launchers = format!("launch-{name}");
    let full = format!("{domain}:role.{launchers}");
    let member = RoleMember { member_name: Some(provider.to_owned()), ..RoleMember::default() };
    let role = match zms.role(domain, &launchers, false).await {
        Ok(mut held) => {
            let members = held.role_members.get_or_insert_default();
            if !members.iter().any(|held| held.member_name.as_deref() == Some(provider)) {
                members.push(member);
            }
            held
        }
        Err(error) if error.code() == Some(404) => {
            Role { name: Some(full.clone()), role_members: Some(vec![member]), ..Role::default() }
        }
        Err(error) => return Err(error.into()),
    };
    zms.put_role(domain, &launchers, &role).await?;
    let assertion = Assertion {
        role: Some(full.clone()),
        action: Some("launch".to_owned()),
        resource: Some(format!("{domain}:service.{name}")),
        effect: Some(AssertionEffect::Allow),
        ..Assertion::default()
    };
    let policy = Policy {
        name: Some(format!("{domain}:policy.{launchers}")),
        assertions: Some(vec![assertion]),
        ..Policy::default()
    };
    zms.put_policy(domain, &launchers, &policy).await?;
    Ok(full)
}

/// One line: the service and the ids of its keys.
pub(super) fn line(service: &ServiceIdentity) -> String {
    let keys: Vec<&str> = service.public_keys.iter().flatten().filter_map(|key| key.id.as_deref()).collect();
    let name = service.name.as_deref().unwrap_or_default();
    if keys.is_empty() { format!("{name}: no keys") } else { format!("{name}: keys {}", keys.join(", ")) }
}

fn describe(service: &ServiceIdentity) -> String {
    let mut lines = vec![format!("service   {}", service.name.as_deref().unwrap_or_default())];
    for key in service.public_keys.iter().flatten() {
        let kind = key.key.as_deref().and_then(|text| PublicKey::from_ybase64_pem(text).ok());
        let kind = kind.map_or_else(|| "unreadable".to_owned(), |key| key.kind().to_string());
        lines.push(format!("key       {} ({kind})", key.id.as_deref().unwrap_or_default()));
    }
    lines.extend(service.hosts.iter().flatten().map(|host| format!("host      {host}")));
    lines.extend(service.provider_endpoint.iter().map(|endpoint| format!("endpoint  {endpoint}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_private_and_never_replaces_one() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.key");
        let choice = KeyChoice { new_key: Some(path.clone()), ..KeyChoice::default() };
        let public = public_key(&choice).unwrap().unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(public_key(&choice).unwrap_err().to_string().contains("already"));
        let again = KeyChoice { public_key: Some(path), ..KeyChoice::default() };
        assert_eq!(public_key(&again).unwrap().unwrap(), public);
    }
}
