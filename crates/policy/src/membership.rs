//! Is a principal in a role? The entries of the role itself, wildcards, groups, and the domain a
//! role is delegated to; one answer for checks and tokens.

use std::ops::ControlFlow;

use athenz_model::Timestamp;

use crate::directory::{Directory, Domain, RoleView};
use crate::intern::PrincipalId;
use crate::members::{Member, Members, is_past};
use crate::policies::{Effect, Policies, Rule};
use crate::role_pattern::{RolePattern, with_full_name};
use crate::semantics::{DenyAssumeRole, DisabledDomains, Entries, Semantics};
use crate::special::group_of;

/// How a principal is in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The entry of the role that admits: the principal itself, a wildcard or a group.
    pub entry: PrincipalId,
    /// Where the entry is a group, the entry of the group.
    pub group_entry: Option<PrincipalId>,
    /// Where the role is delegated, the role elsewhere whose entry it is.
    pub trusted: Option<Trusted<'a>>,
    /// The earliest end of all that was needed; `None` is never.
    pub until: Option<Timestamp>,
}

/// The role of another domain that makes a member of a delegated role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trusted<'a> {
    /// The trusted domain.
    pub domain: &'a str,
    /// Short name of its role.
    pub role: &'a str,
}

/// Whom a question is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'q> {
    pub(crate) name: &'q str,
    /// Unknown names are in no list, but wildcards may match them.
    id: Option<PrincipalId>,
}

impl<'q> Who<'q> {
    pub(crate) fn new(directory: &dyn Directory, name: &'q str) -> Self {
        // a group is no principal, though member lists name it
        let id = if group_of(name).is_some() { None } else { directory.principals().id(name) };
        Self { name, id }
    }
}

/// What an answer is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Check,
    Token,
}

/// The question "is this principal in this role, now".
#[derive(Clone, Copy)]
pub(crate) struct Membership<'a, 'q> {
    pub(crate) directory: &'a dyn Directory,
    pub(crate) who: Who<'q>,
    pub(crate) now: Timestamp,
    pub(crate) semantics: &'q Semantics,
    pub(crate) purpose: Purpose,
}

/// What the entries of one list that are no groups say.
enum Listed<'a> {
    Grants(&'a Member),
    /// Suspended: nothing else in the role counts.
    Refuses,
    Silent,
}

impl<'a> Membership<'a, '_> {
    /// Membership in a role of `domain`. A trust domain that the question names must be the role's.
    pub(crate) fn in_role(
        &self,
        domain: &'a dyn Domain,
        short: &str,
        role: RoleView<'a>,
        trust_domain: Option<&str>,
    ) -> Option<Grant<'a>> {
        match role.trust {
            Some(trust) if role.members.is_empty() => {
                let asked = trust_domain.is_none_or(|asked| asked.eq_ignore_ascii_case(trust));
                asked.then(|| self.delegated(domain, short, trust)).flatten()
            }
            _ => self.in_members(role.members),
        }
    }

    /// Membership by the entries of a role.
    fn in_members(&self, members: &'a Members) -> Option<Grant<'a>> {
        let direct = match self.listed(members, true) {
            Listed::Refuses => return None,
            Listed::Silent => None,
            Listed::Grants(entry) => Some(Grant {
                entry: entry.principal,
                group_entry: None,
                trusted: None,
                until: entry.expiration,
            }),
        };
        if direct.is_some_and(|grant| grant.until.is_none()) {
            return direct;
        }
        members.groups().filter_map(|(entry, name)| self.in_group(entry, name)).fold(direct, longer)
    }

    /// Membership by a group that is a member.
    fn in_group(&self, entry: &Member, name: &str) -> Option<Grant<'a>> {
        let counts_disabled =
            self.purpose == Purpose::Check && self.semantics.disabled_group_entries_in_checks;
        let disabled = !entry.system_disabled.is_empty() && !counts_disabled;
        if disabled || self.is_over(entry) {
            return None;
        }
        let (domain, group) = group_of(name)?;
        let members = self.domain(domain)?.group(group)?;
        let wildcards = self.purpose == Purpose::Check || self.semantics.group_wildcards_in_tokens;
        let Listed::Grants(member) = self.listed(members, wildcards) else { return None };
        Some(Grant {
            entry: entry.principal,
            group_entry: Some(member.principal),
            trusted: None,
            until: earlier(entry.expiration, member.expiration),
        })
    }

    /// What the entries that are no groups say.
    fn listed(&self, members: &'a Members, wildcards: bool) -> Listed<'a> {
        let exact = self.who.id.and_then(|id| members.get(id));
        // the principal `user.*` is found as wildcard as well; the first finding suffices
        let others = wildcards.then(|| members.wildcards(self.who.name)).into_iter().flatten();
        let rule = match self.purpose {
            Purpose::Check => self.semantics.entries_in_checks,
            Purpose::Token => self.semantics.entries_in_tokens,
        };
        match rule {
            Entries::FirstDecides => {
                let first = exact.into_iter().chain(others).min_by_key(|entry| entry.principal);
                first.filter(|entry| self.is_valid(entry)).map_or(Listed::Silent, Listed::Grants)
            }
            Entries::AnyUnlessSuspended if exact.is_some_and(|entry| !entry.system_disabled.is_empty()) => {
                Listed::Refuses
            }
            Entries::AnyUnlessSuspended | Entries::Any => self.longest(exact, others),
        }
    }

    /// Of the valid entries, the one that lasts longest.
    fn longest(&self, exact: Option<&'a Member>, others: impl Iterator<Item = &'a Member>) -> Listed<'a> {
        let exact = exact.filter(|entry| self.is_valid(entry));
        if let Some(entry) = exact
            && entry.expiration.is_none()
        {
            return Listed::Grants(entry);
        }
        let mut best = exact;
        for other in others.filter(|entry| self.is_valid(entry)) {
            if best.is_none_or(|best| outlasts(other.expiration, best.expiration)) {
                best = Some(other);
            }
        }
        best.map_or(Listed::Silent, Listed::Grants)
    }

    /// Membership by the domain a role is delegated to: some `assume_role` there covers the role
    /// and names a role there that has the principal among its own members.
    fn delegated(&self, domain: &'a dyn Domain, short: &str, trust: &'a str) -> Option<Grant<'a>> {
        let trusted = self.domain(trust)?;
        let policies = trusted.policies();
        if policies.delegating().is_empty() {
            return None;
        }
        with_full_name(domain.name(), short, |full| {
            let mut best = None;
            let _ = policies.delegating().candidates("assume_role", full, &mut |positions| {
                let rules = positions.iter().filter_map(|position| policies.rule(*position));
                for rule in rules.filter(|rule| self.delegates(rule, full)) {
                    let grant = self.in_trusted_roles(trusted, policies, rule);
                    best = grant.into_iter().fold(best, longer);
                    if best.is_some_and(|grant| grant.until.is_none()) {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            });
            best
        })
    }

    /// Whether an assertion with action `assume_role` delegates a role.
    fn delegates(&self, rule: &Rule, full: &str) -> bool {
        let by_effect = match rule.effect {
            Effect::Allow => true,
            Effect::Deny => {
                self.purpose == Purpose::Check && self.semantics.deny_assume_role == DenyAssumeRole::Grants
            }
        };
        by_effect
            && !rule.is_withheld(self.semantics)
            && rule.resource().matches_lines(full, self.semantics.line_ends)
    }

    fn in_trusted_roles(
        &self,
        trusted: &'a dyn Domain,
        policies: &'a Policies,
        rule: &'a Rule,
    ) -> Option<Grant<'a>> {
        let pattern = policies.role(rule)?;
        let patterns = self.purpose == Purpose::Check || self.semantics.delegated_role_patterns_in_tokens;
        if !patterns && !pattern.is_exact() {
            return None;
        }
        let mut best = None;
        for_each_matching_role(trusted, pattern, &mut |role, view| {
            let grant = self.in_members(view.members);
            let grant =
                grant.map(|grant| Grant { trusted: Some(Trusted { domain: trusted.name(), role }), ..grant });
            best = grant.into_iter().fold(best, longer);
            match best.is_some_and(|grant| grant.until.is_none()) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        best
    }

    /// Another domain whose groups or delegations count.
    fn domain(&self, name: &str) -> Option<&'a dyn Domain> {
        let counts = self.semantics.disabled_domains == DisabledDomains::StillCount;
        self.directory.domain(name).filter(|domain| counts || domain.enabled())
    }

    fn is_valid(&self, entry: &Member) -> bool {
        entry.counts_at(self.now)
    }

    fn is_over(&self, entry: &Member) -> bool {
        entry.expiration.is_some_and(|expiration| is_past(expiration, self.now))
    }
}

/// Visits the roles of a domain that an assertion names, until told to stop.
pub(crate) fn for_each_matching_role<'a>(
    domain: &'a dyn Domain,
    pattern: &'a RolePattern,
    visit: &mut dyn FnMut(&'a str, RoleView<'a>) -> ControlFlow<()>,
) {
    if pattern.is_exact() {
        let short = pattern.exact_in(domain.name());
        if let Some((short, view)) = short.and_then(|short| Some((short, domain.role(short)?))) {
            let _ = visit(short, view);
        }
        return;
    }
    if !pattern.reaches(domain.name()) {
        return;
    }
    let mut flow = ControlFlow::Continue(());
    domain.for_each_role(&mut |short, view| {
        if flow.is_continue() && pattern.matches(domain.name(), short) {
            flow = visit(short, view);
        }
    });
}

/// Whether an end comes after another; `None` is never.
fn outlasts(end: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (end, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(end), Some(other)) => end > other,
    }
}

/// The earlier of two ends; `None` is never.
fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    if outlasts(a, b) { b } else { a }
}

/// The better of two grants, for [`Iterator::fold`].
pub(crate) fn longer<'a>(best: Option<Grant<'a>>, other: Grant<'a>) -> Option<Grant<'a>> {
    match best {
        Some(best) if !outlasts(other.until, best.until) => Some(best),
        _ => Some(other),
    }
}
