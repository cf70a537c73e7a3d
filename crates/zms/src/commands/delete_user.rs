//! Users as a whole: deletion, suspension.

use std::collections::BTreeMap;

use athenz_model::ApiError;
use athenz_model::names::{DomainName, EntityName, Grammar, MemberName, PrincipalKind, domain_of_principal};
use athenz_model::wire::zms::PrincipalState;
use athenz_policy::SystemDisabled;
use athenz_world::{
    Change, ChangeSet, CollectionKind, Domain, Loudness, MemberAction, MemberAudit, PrincipalChange,
};

use super::leaving::{self, Leavers};
use crate::access::{Asked, SYSTEM, authorize, caller_may, has_system_right, may};
use crate::audit;
use crate::context::Context;
use crate::grammar::check_grammar;
use crate::values::{domain_name, simple_name};

/// Who administrative suspensions are attributed to.
const MONITOR: &str = "sys.auth.monitor";
/// The bit of a suspension by an administrator.
const SUSPENDED: u8 = SystemDisabled::ADMINISTRATOR.bits();

/// `DELETE /user/{name}`: its personal domain, its memberships and those of its services.
pub(crate) fn delete_user(context: &Context<'_>, name: &str) -> Result<ChangeSet, ApiError> {
    let name = simple_name(name)?;
    authorize(context, "delete", "sys.auth:user")?;
    audit::check_always(context)?;
    let user = format!("{}.{name}", context.users().user);
    let system = context.world.domain(SYSTEM);
    if system
        .is_some_and(|system| may(context, system, Asked::Named(&user), "create", "sys.auth:domain", None))
    {
        return Err(ApiError::forbidden("system admin users cannot be deleted"));
    }
    let home = domain_name(&format!("{}.{name}", context.users().home))?;
    let world = context.world;
    let leavers = Leavers::registered(context, |principal| {
        principal == user || domain_of_principal(principal).is_some_and(|domain| within(domain, &home))
    });
    let is_deleted = |domain: &Domain| within(&domain.name, &home);
    leaving::check_administrators(context, &leavers, "user is", is_deleted)?;
    let mut gone = leaving::memberships(context, &leavers, is_deleted);
    for domain in world.domains().filter(|domain| !within(&domain.name, &home)) {
        if let Some(change) = without_contact(domain, &user) {
            gone.entry(domain.name.clone()).or_default().push(change);
        }
    }
    let mut changes = leaving::and_others(ChangeSet::default(), gone);
    let below = world.subdomains(&home).map(|domain| domain.name.clone());
    let own: Vec<DomainName> = below.chain(world.domain(&home).map(|domain| domain.name.clone())).collect();
    for domain in own {
        changes = changes.and(domain, Loudness::Loud, vec![Change::DeleteDomain]);
    }
    changes.principals.extend(leavers.forget());
    Ok(changes)
}

fn within(domain: &str, top: &str) -> bool {
    domain.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn without_contact(domain: &Domain, user: &str) -> Option<Change> {
    let is_user = |contact: &String| contact.eq_ignore_ascii_case(user);
    domain.attributes.contacts.values().any(is_user).then(|| {
        let mut attributes = (*domain.attributes).clone();
        attributes.contacts.retain(|_, contact| !is_user(contact));
        Change::PutDomain { attributes: Box::new(attributes) }
    })
}

/// `PUT /principal/{principalName}/state`. A state that is left out is "not suspended".
pub(crate) fn put_state(
    context: &Context<'_>,
    principal: &str,
    body: Option<PrincipalState>,
) -> Result<ChangeSet, ApiError> {
    check_grammar(principal, Grammar::PrincipalName, "PrincipalName")?;
    let Some(body) = body else {
        return Err(ApiError::bad_request("Missing or malformed PrincipalState"));
    };
    audit::check_always(context)?;
    let principal = principal.to_ascii_lowercase();
    let kind = context.users().kind(&principal);
    let name = MemberName::parse(&principal).ok().filter(|_| kind != PrincipalKind::Group);
    let Some((name, domain)) = name.as_ref().and_then(|name| Some((name, domain_of_principal(name)?))) else {
        return Err(ApiError::bad_request(format!("Invalid principal name: {principal}")));
    };
    if context.world.domain(domain).is_none() {
        return Err(ApiError::not_found(format!("Domain not found: {domain}")));
    }
    if !may_suspend(context, name, domain, kind) {
        return Err(ApiError::forbidden("Unauthorized to update principal state"));
    }
    if !context.world.is_registered(name) {
        return Err(ApiError::not_found(format!("Principal not found: {name}")));
    }
    Ok(suspend(context, name, body.suspended.unwrap_or_default()))
}

fn may_suspend(context: &Context<'_>, name: &MemberName, domain: &str, kind: PrincipalKind) -> bool {
    let (own, system) = match kind {
        PrincipalKind::External => {
            (name.to_string(), format!("sys.auth:state.{}", name.replacen(':', ".", 1)))
        }
        _ => {
            let short = name.strip_prefix(domain).map_or("", |rest| rest.trim_start_matches('.'));
            (format!("{domain}:service.{short}"), format!("sys.auth:state.{domain}.{short}"))
        }
    };
    caller_may(context, domain, "update", &own) || has_system_right(context, "update", &system)
}

fn suspend(context: &Context<'_>, name: &MemberName, suspended: bool) -> ChangeSet {
    let mut by_domain: BTreeMap<DomainName, Vec<Change>> = BTreeMap::new();
    for kind in [CollectionKind::Role, CollectionKind::Group] {
        for (domain, collection, _, member) in context.world.memberships(kind, name) {
            let (Ok(collection), Some(mut row)) =
                (EntityName::parse(collection), context.world.member_row(member))
            else {
                continue;
            };
            let bits =
                if suspended { row.system_disabled | SUSPENDED } else { row.system_disabled & !SUSPENDED };
            if bits == row.system_disabled {
                continue;
            }
            row.system_disabled = bits;
            MONITOR.clone_into(&mut row.requester);
            context.audit_reference.clone_into(&mut row.audit_reference);
            let audit = MemberAudit {
                member: name.clone(),
                admin: MONITOR.to_owned(),
                action: if suspended { MemberAction::Disable } else { MemberAction::Enable },
                created: context.now,
                audit_reference: context.audit_reference.to_owned(),
            };
            by_domain.entry(domain.name.clone()).or_default().extend([
                Change::PutMember { kind, name: collection.clone(), member: row },
                Change::AuditMember { kind, name: collection, audit },
            ]);
        }
    }
    let mut changes = ChangeSet::default();
    changes.principals.push(PrincipalChange::Suspend { name: name.clone(), suspended });
    for (domain, changed) in by_domain {
        changes = changes.and(domain, Loudness::Loud, changed);
    }
    changes
}
