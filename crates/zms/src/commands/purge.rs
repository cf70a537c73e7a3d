//! Taking expired members away: `DELETE /expired-members`.

use athenz_model::names::{EntityName, MemberName};
use athenz_model::wire::zms::ExpiryMember;
use athenz_model::{ApiError, Timestamp};
use athenz_world::{ChangeSet, Collection, CollectionKind, Domain, Loudness};

use super::member_log;
use super::standard_names::ADMIN;
use crate::access::authorize;
use crate::context::Context;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Which members are purged: the bits of `purgeResources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purged {
    /// Those of roles.
    pub(crate) roles: bool,
    /// Those of groups.
    pub(crate) groups: bool,
}

impl Purged {
    /// From the number of the query; without one both.
    ///
    /// # Errors
    /// 400: no such number.
    pub(crate) fn of(number: Option<i32>) -> Result<Self, ApiError> {
        match number.unwrap_or(3) {
            bits @ 0..=3 => Ok(Self { roles: bits & 1 != 0, groups: bits & 2 != 0 }),
            _ => {
                Err(ApiError::bad_request("Invalid purgeResources value, error: should be a number in [0-3]"))
            }
        }
    }

    const fn includes(self, kind: CollectionKind) -> bool {
        match kind {
            CollectionKind::Role => self.roles,
            CollectionKind::Group => self.groups,
        }
    }
}

/// Who was purged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gone {
    pub(crate) roles: Vec<ExpiryMember>,
    pub(crate) groups: Vec<ExpiryMember>,
}

/// Ends the memberships that expired so long ago that their domain, or the deployment, wants them
/// gone; so many at a time.
pub(crate) fn purge(context: &Context<'_>, purged: Purged) -> Result<(ChangeSet, Gone), ApiError> {
    authorize(context, "delete", "sys.auth:expired_members")?;
    let config = &context.rules.config;
    let mut room = config.purge_task_max_db_calls_per_run.saturating_mul(config.purge_task_limit_per_call);
    let mut changes = ChangeSet::default();
    let mut gone = Gone::default();
    for domain in context.world.domains() {
        let Some(days) = days_kept(context, domain) else { continue };
        let mut of_domain = Vec::new();
        for kind in [CollectionKind::Role, CollectionKind::Group] {
            if !purged.includes(kind) {
                continue;
            }
            let found = expired(context, domain, kind, days).take(room);
            for (name, member, expiration) in found {
                room -= 1;
                let list = match kind {
                    CollectionKind::Role => &mut gone.roles,
                    CollectionKind::Group => &mut gone.groups,
                };
                list.push(ExpiryMember {
                    domain_name: Some(domain.name.to_string()),
                    collection_name: Some(name.to_string()),
                    principal_name: Some(member.to_string()),
                    expiration: Some(expiration),
                });
                of_domain.extend(member_log::remove(context, kind, name, &member));
            }
        }
        if !of_domain.is_empty() {
            changes = changes.and(domain.name.clone(), Loudness::Loud, of_domain);
        }
    }
    Ok((changes, gone))
}

/// For how many days an expired member of the domain is kept; `None` is for ever.
fn days_kept(context: &Context<'_>, domain: &Domain) -> Option<i64> {
    let days = match domain.attributes.member_purge_expiry_days {
        0 => context.rules.config.purge_member_expiry_days,
        own => own,
    };
    (days > 0).then(|| days.into())
}

fn expired<'a>(
    context: &'a Context<'_>,
    domain: &'a Domain,
    kind: CollectionKind,
    days: i64,
) -> impl Iterator<Item = (&'a EntityName, MemberName, Timestamp)> {
    domain.collections(kind).iter().flat_map(move |(name, held)| {
        let kept = last_end_kept(context, kind, name, held);
        held.members.iter().filter_map(move |member| {
            let expiration = member.expiration.filter(|end| is_due(*end, days, context.now))?;
            if kept == Some(expiration) {
                return None;
            }
            let member = MemberName::parse(&context.world.name_of(member.principal)).ok()?;
            Some((name, member, expiration))
        })
    })
}

/// An admin role in which nobody is valid any more keeps those who were last: whoever looks after
/// the domain next finds them there.
fn last_end_kept(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
) -> Option<Timestamp> {
    let is_admin = kind == CollectionKind::Role && &**name == ADMIN;
    if !is_admin || held.members.iter().any(|member| member.counts_at(context.now)) {
        return None;
    }
    held.members.iter().filter_map(|member| member.expiration).max()
}

/// Whether whole dates lie so far apart (UTC).
fn is_due(expiration: Timestamp, days: i64, now: Timestamp) -> bool {
    let date = |moment: Timestamp| moment.seconds().div_euclid(SECONDS_A_DAY);
    date(now) >= date(expiration) + days
}

#[cfg(test)]
mod tests {
    use super::{Purged, is_due};
    use athenz_model::Timestamp;

    #[test]
    fn whole_dates_count() {
        let time = |text: &str| Timestamp::parse(text).unwrap();
        let now = time("2030-03-10T00:30:00.000Z");
        for (expired, days, due) in [
            ("2030-03-09T23:59:00.000Z", 1, true),
            ("2030-03-10T00:00:00.000Z", 1, false),
            ("2030-03-08T23:59:00.000Z", 2, true),
            ("2030-03-08T00:00:00.000Z", 3, false),
            ("2030-03-11T00:00:00.000Z", 1, false),
        ] {
            assert_eq!(is_due(time(expired), days, now), due, "{expired} {days}");
        }
    }

    #[test]
    fn the_number_says_what_is_purged() {
        for (number, roles, groups) in
            [(None, true, true), (Some(0), false, false), (Some(1), true, false), (Some(2), false, true)]
        {
            assert_eq!(Purged::of(number).unwrap(), Purged { roles, groups }, "{number:?}");
        }
        for bad in [-1, 4] {
            assert_eq!(Purged::of(Some(bad)).unwrap_err().code, 400, "{bad}");
        }
    }
}
