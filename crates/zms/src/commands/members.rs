//! Who may be a member of what.

use athenz_model::ApiError;
use athenz_model::names::{MemberName, PrincipalKind, domain_of_principal};
use athenz_world::{CollectionKind, CollectionSettings};

use super::standard_names::ADMIN;
use crate::config::matches_prefix_pattern;
use crate::context::Context;

/// What a role or group asks of its members.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberRules<'a> {
    pub(crate) kind: CollectionKind,
    /// Short name of the role or group.
    pub(crate) name: &'a str,
    pub(crate) domain_filter: &'a str,
    pub(crate) audit_enabled: bool,
}

impl<'a> MemberRules<'a> {
    pub(crate) const fn of(kind: CollectionKind, name: &'a str, settings: &'a CollectionSettings) -> Self {
        Self {
            kind,
            name,
            domain_filter: settings.principal_domain_filter.as_str(),
            audit_enabled: settings.audit_enabled,
        }
    }

    pub(crate) const fn of_new_admin_role() -> Self {
        Self { kind: CollectionKind::Role, name: ADMIN, domain_filter: "", audit_enabled: false }
    }
}

/// Whether a name may be a member; without the domain of the member, which Athenz looks at last.
///
/// # Errors
/// 400 with what speaks against it.
pub(crate) fn check_kind(
    context: &Context<'_>,
    rules: &MemberRules<'_>,
    name: &MemberName,
) -> Result<(), ApiError> {
    let noun = rules.kind.as_str();
    // shown as it was written, meant in any case
    if !DomainFilter::parse(&rules.domain_filter.to_lowercase()).admits(name) {
        return Err(ApiError::bad_request(format!("Principal {name} is not allowed for the {noun}")));
    }
    let invalid = || Err(ApiError::bad_request(format!("Principal {name} is not valid")));
    match (context.users().kind(name), rules.kind) {
        (PrincipalKind::All | PrincipalKind::Group, CollectionKind::Group) => invalid(),
        (PrincipalKind::Group, CollectionKind::Role) => check_group(context, rules, name),
        (PrincipalKind::Service, kind) => check_service(context, kind, name),
        (PrincipalKind::External, _) => check_external(context, name),
        (PrincipalKind::User | PrincipalKind::HeadlessUser | PrincipalKind::All, _) => Ok(()),
    }
}

/// The domain a member belongs to must exist.
///
/// # Errors
/// 404: `unknown domain - <member>`.
pub(crate) fn check_domain_exists(context: &Context<'_>, name: &MemberName) -> Result<(), ApiError> {
    if name.as_str() == "*" {
        return Ok(());
    }
    match domain_of_principal(name).filter(|domain| context.world.domain(domain).is_some()) {
        Some(_) => Ok(()),
        None => Err(ApiError::not_found(format!("unknown domain - {name}"))),
    }
}

fn check_group(context: &Context<'_>, rules: &MemberRules<'_>, name: &MemberName) -> Result<(), ApiError> {
    if rules.name == ADMIN && context.rules.config.disallow_groups_in_admin_role {
        return Err(ApiError::bad_request("Group principals are not allowed in the role"));
    }
    let group = athenz_world::collection::parse_full_name(name)
        .and_then(|(kind, domain, group)| context.world.collection(kind, domain, &group));
    match group {
        None => Err(ApiError::bad_request(format!("Principal {name} is not valid"))),
        Some(group) if rules.audit_enabled && !group.settings().audit_enabled => {
            Err(ApiError::bad_request(format!("Group {name} must be audit enabled")))
        }
        Some(_) => Ok(()),
    }
}

/// Services are looked up for groups always, for roles where the deployment says so.
fn check_service(context: &Context<'_>, kind: CollectionKind, name: &MemberName) -> Result<(), ApiError> {
    let config = &context.rules.config;
    let looked_up = kind == CollectionKind::Group || config.validate_service_members;
    let Some((domain, service)) = name.rsplit_once('.') else {
        let refusal = ApiError::bad_request(format!("Principal {name} is not valid"));
        return if looked_up { Err(refusal) } else { Ok(()) };
    };
    let skipped = config
        .validate_service_members_skip_domains
        .iter()
        .any(|pattern| matches_prefix_pattern(pattern, domain));
    if !looked_up || name.contains('*') || skipped {
        return Ok(());
    }
    match context.world.domain(domain).and_then(|domain| domain.services.get(service)) {
        Some(_) => Ok(()),
        None => Err(ApiError::bad_request(format!("Principal {name} is not a valid service"))),
    }
}

/// External members need a validator, of which this deployment has none.
fn check_external(_: &Context<'_>, name: &MemberName) -> Result<(), ApiError> {
    let domain = domain_of_principal(name).unwrap_or_default();
    Err(ApiError::bad_request(format!("External member validator for domain {domain} is not available")))
}

/// Which domains members may come from: `a,+b,-c`.
#[derive(Debug, Default)]
struct DomainFilter<'a> {
    exact: Vec<&'a str>,
    within: Vec<&'a str>,
    refused: Vec<&'a str>,
}

impl<'a> DomainFilter<'a> {
    fn parse(text: &'a str) -> Self {
        let mut filter = Self::default();
        for item in text.split(',').filter(|item| !item.is_empty()) {
            match (item.strip_prefix('+'), item.strip_prefix('-')) {
                (Some(domain), _) => filter.within.push(domain),
                (None, Some(domain)) => filter.refused.push(domain),
                (None, None) => filter.exact.push(item),
            }
        }
        filter
    }

    fn admits(&self, name: &str) -> bool {
        if self.exact.is_empty() && self.within.is_empty() && self.refused.is_empty() {
            return true;
        }
        let Some(domain) = domain_of_principal(name) else { return false };
        let within = |top: &&str| {
            domain.strip_prefix(*top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if self.refused.iter().any(within) {
            return false;
        }
        let only_refused = self.exact.is_empty() && self.within.is_empty();
        only_refused || self.exact.contains(&domain) || self.within.iter().any(within)
    }
}

/// The domains that a filter names must exist.
///
/// # Errors
/// 400: one does not, or is no domain name.
pub(crate) fn check_domain_filter(context: &Context<'_>, filter: &str) -> Result<(), ApiError> {
    // commas at the end count for nothing, those before for a name that is empty
    let filter = filter.trim_end_matches(',');
    for item in filter.split(',').filter(|_| !filter.is_empty()) {
        let name = crate::values::domain_name(item.strip_prefix(['+', '-']).unwrap_or(item))?;
        if context.world.domain(&name).is_none() {
            return Err(ApiError::bad_request(format!("No such domain: {name}")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::DomainFilter;

    #[test]
    fn domain_filters() {
        for (filter, name, admitted) in [
            ("", "*", true),
            ("sports", "sports.api", true),
            ("sports", "sports.prod.api", false),
            ("+sports", "sports.prod.api", true),
            ("+sports", "sportsbar.api", false),
            ("-sports", "sports.prod.api", false),
            ("-sports", "weather.api", true),
            ("+sports,-sports.dev", "sports.dev.api", false),
            ("+sports,-sports.dev", "weather.api", false),
            ("user", "user.*", true),
            ("user", "*", false),
            ("sports", "sports:group.devs", true),
        ] {
            assert_eq!(DomainFilter::parse(filter).admits(name), admitted, "{filter} {name}");
        }
    }
}
