//! `athenz policy`, with assertions written as `grant ACTION to ROLE on RESOURCE`.

use anyhow::bail;
use athenz_model::wire::zms::{Assertion, AssertionEffect, Policy};

use super::Outcome;
use super::options::PolicyCommand;
use super::output::{Output, short};
use super::settings::Settings;

pub(super) async fn run(
    command: PolicyCommand,
    settings: &Settings,
    output: &mut Output,
) -> anyhow::Result<Outcome> {
    let zms = settings.zms()?;
    match command {
        PolicyCommand::List { domain } => {
            let policies: Vec<Policy> = zms.policies(&domain).await?.list.into_iter().flatten().collect();
            output.show(&policies, |policies| {
                policies.iter().map(|policy| lines(&domain, policy)).collect::<Vec<_>>().join("\n")
            })?;
        }
        PolicyCommand::Create { domain, policy, assertion } => {
            zms.put_policy(&domain, &policy, &new_policy(&domain, &policy, &assertion)?).await?;
            output.done(&format!("policy {domain}:policy.{policy} written"))?;
        }
        PolicyCommand::Show { domain, policy } => {
            let policy = zms.policy(&domain, &policy).await?;
            output.show(&policy, |policy| lines(&domain, policy))?;
        }
        PolicyCommand::Delete { domain, policy } => {
            zms.delete_policy(&domain, &policy).await?;
            output.done(&format!("policy {domain}:policy.{policy} deleted"))?;
        }
        PolicyCommand::AddAssertion { domain, policy, assertion } => {
            let added = zms.put_assertion(&domain, &policy, &parse(&domain, &assertion)?).await?;
            output.show(&added, |added| format!("added{}", assertion_line(&domain, added)))?;
        }
        PolicyCommand::DeleteAssertion { domain, policy, id } => {
            zms.delete_assertion(&domain, &policy, id).await?;
            output.done(&format!("assertion {id} of {domain}:policy.{policy} deleted"))?;
        }
    }
    Ok(Outcome::Done)
}

fn new_policy(domain: &str, name: &str, words: &[String]) -> anyhow::Result<Policy> {
    let assertions = if words.is_empty() { Vec::new() } else { vec![parse(domain, words)?] };
    Ok(Policy {
        name: Some(format!("{domain}:policy.{name}")),
        assertions: Some(assertions),
        ..Policy::default()
    })
}

/// `grant read to reader on orders.*`; names without a domain are of this one.
pub(super) fn parse(domain: &str, words: &[String]) -> anyhow::Result<Assertion> {
    let words: Vec<&str> = words.iter().flat_map(|text| text.split_whitespace()).collect();
    let [effect, action, "to", role, "on", resource] = words.as_slice() else {
        bail!(
            "write an assertion as `grant ACTION to ROLE on RESOURCE` or `deny ACTION to ROLE on RESOURCE`"
        );
    };
    let effect = match *effect {
        "grant" | "allow" => AssertionEffect::Allow,
        "deny" => AssertionEffect::Deny,
        other => bail!("an assertion begins with grant or deny, not with `{other}`"),
    };
    let within = |name: &str, kind: &str| match name.contains(':') {
        true => name.to_owned(),
        false => format!("{domain}:{kind}{name}"),
    };
    Ok(Assertion {
        role: Some(within(role, "role.")),
        resource: Some(within(resource, "")),
        action: Some((*action).to_owned()),
        effect: Some(effect),
        ..Assertion::default()
    })
}

/// The policy and its assertions, a line each.
pub(super) fn lines(domain: &str, policy: &Policy) -> String {
    let mut lines =
        vec![format!("  {}", short(policy.name.as_deref().unwrap_or_default(), domain, "policy"))];
    let assertions = policy.assertions.iter().flatten();
    lines.extend(assertions.map(|assertion| format!("   {}", assertion_line(domain, assertion))));
    lines.join("\n")
}

fn assertion_line(domain: &str, assertion: &Assertion) -> String {
    let effect = if assertion.effect == Some(AssertionEffect::Deny) { "deny" } else { "grant" };
    let number = assertion.id.map(|id| format!("  #{id}")).unwrap_or_default();
    let conditional = if assertion.conditions.is_some() { " (conditional)" } else { "" };
    let role = short(assertion.role.as_deref().unwrap_or_default(), domain, "role");
    let action = assertion.action.as_deref().unwrap_or_default();
    let resource = assertion.resource.as_deref().unwrap_or_default();
    format!(" {effect} {action} to {role} on {resource}{conditional}{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn assertions_are_sentences() {
        let assertion = parse("shop", &words("grant read to reader on orders.*")).unwrap();
        assert_eq!(
            (assertion.role.as_deref(), assertion.action.as_deref(), assertion.resource.as_deref()),
            (Some("shop:role.reader"), Some("read"), Some("shop:orders.*"))
        );
        assert_eq!(assertion.effect, Some(AssertionEffect::Allow));
        assert_eq!(assertion_line("shop", &assertion), " grant read to reader on shop:orders.*");
        let foreign = parse("shop", &["deny * to other:role.x on other:y".to_owned()]).unwrap();
        assert_eq!(foreign.effect, Some(AssertionEffect::Deny));
        assert_eq!(foreign.role.as_deref(), Some("other:role.x"));
        for text in [
            "",
            "grant read",
            "grant read to reader",
            "permit read to reader on x",
            "grant read to reader on x y",
        ] {
            assert!(parse("shop", &words(text)).is_err(), "{text}");
        }
    }
}
