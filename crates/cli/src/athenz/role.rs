//! `athenz role`

use anyhow::anyhow;
use athenz_model::Timestamp;
use athenz_model::wire::zms::{Membership, Role, RoleMember};

use super::Outcome;
use super::options::RoleCommand;
use super::output::{Output, short};
use super::settings::Settings;

pub(super) async fn run(
    command: RoleCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let zms = settings.zms()?;
    match command {
        RoleCommand::List { domain } => {
            let roles: Vec<Role> = zms.roles(&domain).await?.list.into_iter().flatten().collect();
            output.show(&roles, |roles| {
                roles.iter().map(|role| line(&domain, role)).collect::<Vec<_>>().join("\n")
            })?;
        }
        RoleCommand::Create { domain, role, members, trust } => {
            zms.put_role(&domain, &role, &new_role(&domain, &role, members, trust)).await?;
            output.done(&format!("role {domain}:role.{role} written"))?;
        }
        RoleCommand::Show { domain, role, expand } => {
            let role = zms.role(&domain, &role, expand).await?;
            output.show(&role, |role| describe(&domain, role))?;
        }
        RoleCommand::Delete { domain, role } => {
            zms.delete_role(&domain, &role).await?;
            output.done(&format!("role {domain}:role.{role} deleted"))?;
        }
        RoleCommand::AddMember { domain, role, member, expires } => {
            let expiration = expires.as_deref().map(moment).transpose()?;
            let membership =
                Membership { member_name: Some(member.clone()), expiration, ..Membership::default() };
            zms.put_member(&domain, &role, &member, &membership).await?;
            output.done(&format!("{member} is in {domain}:role.{role}"))?;
        }
        RoleCommand::DeleteMember { domain, role, member } => {
            zms.delete_member(&domain, &role, &member).await?;
            output.done(&format!("{member} is no longer in {domain}:role.{role}"))?;
        }
    }
    Ok(Outcome::Done)
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text).ok_or_else(|| anyhow!("`{text}` is no moment; write it as 2027-01-01T00:00:00Z"))
}

fn new_role(domain: &str, name: &str, members: Vec<String>, trust: Option<String>) -> Role {
    let member = |name: String| RoleMember { member_name: Some(name), ..RoleMember::default() };
    Role {
        name: Some(format!("{domain}:role.{name}")),
        role_members: (!members.is_empty()).then(|| members.into_iter().map(member).collect()),
        trust,
        ..Role::default()
    }
}

/// One line: the role and its members.
pub(super) fn line(domain: &str, role: &Role) -> String {
    let name = short(role.name.as_deref().unwrap_or_default(), domain, "role").to_owned();
    match &role.trust {
        Some(trust) => format!("{name}: delegated to {trust}"),
        None => format!("{name}: {}", members(role).join(", ")),
    }
}

fn members(role: &Role) -> Vec<String> {
    let listed = role.role_members.iter().flatten();
    listed.filter_map(|member| Some(with_end(member.member_name.as_deref()?, member))).collect()
}

fn with_end(name: &str, member: &RoleMember) -> String {
    let mut text = name.to_owned();
    if let Some(end) = member.expiration {
        text.push_str(&format!(" (until {end})"));
    }
    if member.system_disabled.is_some_and(|disabled| disabled != 0) {
        text.push_str(" (disabled)");
    }
    if member.approved == Some(false) {
        text.push_str(" (waits for approval)");
    }
    text
}

fn describe(domain: &str, role: &Role) -> String {
    let mut lines =
        vec![format!("role      {}", short(role.name.as_deref().unwrap_or_default(), domain, "role"))];
    if let Some(trust) = &role.trust {
        lines.push(format!("delegated {trust}"));
    }
    lines.extend(members(role).into_iter().map(|member| format!("member    {member}")));
    lines.join("\n")
}
