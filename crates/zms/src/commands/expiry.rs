//! How long memberships last: the days that roles, groups, domains and the deployment set, and
//! what happens to members when those days become fewer.

use athenz_model::Timestamp;
use athenz_model::names::{EntityName, PrincipalKind};
use athenz_world::{
    Change, Collection, CollectionKind, CollectionSettings, Domain, DomainAttributes, MemberAction,
};

use super::dates::Dates;
use super::last_admin::Last;
use super::member_log;
use crate::context::Context;

/// Which of the three settings a member falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    User,
    Service,
    Group,
}

impl Class {
    const fn of(kind: PrincipalKind) -> Self {
        match kind {
            PrincipalKind::User => Self::User,
            PrincipalKind::Group => Self::Group,
            PrincipalKind::Service
            | PrincipalKind::HeadlessUser
            | PrincipalKind::External
            | PrincipalKind::All => Self::Service,
        }
    }

    const fn expiry_of(self, settings: &CollectionSettings) -> i32 {
        match self {
            Self::User => settings.member_expiry_days,
            Self::Service => settings.service_expiry_days,
            Self::Group => settings.group_expiry_days,
        }
    }

    const fn expiry_of_domain(self, domain: &DomainAttributes) -> i32 {
        match self {
            Self::User => domain.member_expiry_days,
            Self::Service => domain.service_expiry_days,
            Self::Group => domain.group_expiry_days,
        }
    }

    const fn review_of(self, settings: &CollectionSettings) -> i32 {
        match self {
            Self::User => settings.member_review_days,
            Self::Service => settings.service_review_days,
            Self::Group => settings.group_review_days,
        }
    }
}

/// The last moment a membership may last to, if anything limits it.
fn due(
    context: &Context<'_>,
    domain: &DomainAttributes,
    settings: &CollectionSettings,
    class: Class,
) -> Option<Timestamp> {
    let config = &context.rules.config;
    let cap = match class {
        Class::User => config.default_max_user_expiry_days,
        Class::Service => config.default_max_service_expiry_days,
        Class::Group => config.default_max_group_expiry_days,
    };
    let days = [class.expiry_of(settings), class.expiry_of_domain(domain)].into_iter().find(|days| *days > 0);
    let days = match (days, cap) {
        (Some(days), cap) if cap > 0 => days.min(cap),
        (Some(days), _) => days,
        (None, cap) if cap > 0 => cap,
        (None, _) => return None,
    };
    Some(context.now.plus_days(days.into()))
}

fn earlier(given: Option<Timestamp>, due: Option<Timestamp>) -> Option<Timestamp> {
    match (given, due) {
        (Some(given), Some(due)) => Some(given.min(due)),
        (given, due) => given.or(due),
    }
}

/// The dates of a membership that is asked for with `wanted`, in whole seconds.
pub(crate) fn dates(
    context: &Context<'_>,
    domain: &DomainAttributes,
    settings: &CollectionSettings,
    kind: PrincipalKind,
    wanted: Dates,
) -> Dates {
    exact_dates(context, domain, settings, kind, wanted).in_whole_seconds()
}

/// The same to the millisecond: what a full put compares, so that a date that is worked out anew
/// counts as another date even within the second of the one before, as in Athenz.
pub(crate) fn exact_dates(
    context: &Context<'_>,
    domain: &DomainAttributes,
    settings: &CollectionSettings,
    kind: PrincipalKind,
    wanted: Dates,
) -> Dates {
    let class = Class::of(kind);
    let review_days = class.review_of(settings);
    let review_due = (review_days > 0).then(|| context.now.plus_days(review_days.into()));
    Dates {
        expiration: earlier(wanted.expiration, due(context, domain, settings, class)),
        review_reminder: earlier(wanted.review_reminder, review_due),
    }
}

/// The dates of a member that is reviewed: the full period anew where days are configured for
/// its kind, else the dates it has.
pub(crate) fn reviewed_dates(
    context: &Context<'_>,
    domain: &DomainAttributes,
    settings: &CollectionSettings,
    kind: PrincipalKind,
    wanted: Dates,
    stored: Dates,
) -> Dates {
    if kind == PrincipalKind::All {
        return stored;
    }
    let class = Class::of(kind);
    let computed = dates(context, domain, settings, kind, wanted);
    let limited = due(context, domain, settings, class).is_some();
    Dates {
        expiration: if limited { computed.expiration } else { stored.expiration },
        review_reminder: if class.review_of(settings) > 0 {
            computed.review_reminder
        } else {
            stored.review_reminder
        },
    }
}

/// Whether a limit became stricter.
const fn stricter(old: i32, new: i32) -> bool {
    new > 0 && (old <= 0 || new < old)
}

/// The dates that a stricter limit leaves; `None` where nothing changes.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    expiration: [Option<Timestamp>; 3],
    review: [Option<Timestamp>; 3],
}

impl Limits {
    /// The dates of a member of this kind under the limits.
    fn shortened(&self, kind: PrincipalKind, dates: Dates) -> Dates {
        let place = match Class::of(kind) {
            Class::User => 0,
            Class::Service => 1,
            Class::Group => 2,
        };
        let limit = |limits: &[Option<Timestamp>; 3]| limits.get(place).copied().flatten();
        Dates {
            expiration: shortened(dates.expiration, limit(&self.expiration)),
            review_reminder: shortened(dates.review_reminder, limit(&self.review)),
        }
    }
}

const CLASSES: [Class; 3] = [Class::User, Class::Service, Class::Group];

/// What a domain's stricter expiry days change: every role and group without any days of its own.
pub(crate) fn of_stricter_domain(
    context: &Context<'_>,
    domain: &Domain,
    old: &DomainAttributes,
    new: &DomainAttributes,
) -> Vec<Change> {
    let due_of = |class: Class| {
        let (old, new) = (class.expiry_of_domain(old), class.expiry_of_domain(new));
        stricter(old, new).then(|| context.now.plus_days(new.into()).truncated_to_seconds())
    };
    let due = CLASSES.map(due_of);
    if due.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for kind in [CollectionKind::Role, CollectionKind::Group] {
        for (name, held) in domain.collections(kind) {
            if CLASSES.iter().all(|class| class.expiry_of(held.settings()) <= 0) {
                let limits = Limits { expiration: due, ..Limits::default() };
                changes.extend(shorten(context, kind, name, held, &limits));
            }
        }
    }
    changes
}

/// What a role's or group's stricter days change among its members.
pub(crate) fn of_stricter_settings(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
    new: &CollectionSettings,
) -> Vec<Change> {
    let old = held.settings();
    let due = |old: i32, new: i32| {
        stricter(old, new).then(|| context.now.plus_days(new.into()).truncated_to_seconds())
    };
    let limits = Limits {
        expiration: CLASSES.map(|class| due(class.expiry_of(old), class.expiry_of(new))),
        review: CLASSES.map(|class| due(class.review_of(old), class.review_of(new))),
    };
    shorten(context, kind, name, held, &limits)
}

fn shorten(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
    limits: &Limits,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if held.attributes.trust.is_some() {
        return changes;
    }
    let spared = spared(context, kind, name, held, limits);
    for member in held.members.iter() {
        let Some(mut row) = context.world.member_row(member) else { continue };
        let before = Dates::of(&row);
        let mut dates = limits.shortened(context.users().kind(&row.name), before);
        if spared.is_some_and(|last| last.end == before.expiration) {
            dates.expiration = before.expiration;
        }
        if dates == before {
            continue;
        }
        row.expiration = dates.expiration;
        row.review_reminder = dates.review_reminder;
        row.requester.clone_from(&context.caller.name);
        // as recorded: the mark is not among what is read for this
        row.inactive = false;
        context.audit_reference.clone_into(&mut row.audit_reference);
        let line = member_log::line(context, kind, name, &row.name, MemberAction::Update);
        changes.extend([Change::PutMember { kind, name: name.clone(), member: row }, line]);
    }
    changes
}

/// The last administrators of a domain, who keep their end where a limit would leave nobody who
/// lasts.
fn spared(
    context: &Context<'_>,
    kind: CollectionKind,
    name: &EntityName,
    held: &Collection,
    limits: &Limits,
) -> Option<Last> {
    let last = Last::of_admins(context, kind, name, held)?;
    let valid = held.members.iter().filter(|member| member.counts_at(context.now));
    let ends = valid.map(|member| {
        let kind = context.users().kind(&context.world.name_of(member.principal));
        limits.shortened(kind, Dates { expiration: member.expiration, ..Dates::default() }).expiration
    });
    (!last.survives_settings(ends)).then_some(last)
}

fn shortened(date: Option<Timestamp>, limit: Option<Timestamp>) -> Option<Timestamp> {
    match (date, limit) {
        (date, None) => date,
        (Some(date), Some(limit)) => Some(date.min(limit)),
        (None, Some(limit)) => Some(limit),
    }
}
