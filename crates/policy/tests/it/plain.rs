//! The rules, written down as plainly as possible: no index, no order of evaluation, no cleverness.

use std::collections::BTreeMap;

use athenz_policy::{
    Conditions, DenyAssumeRole, DisabledDomains, Effect, Entries, LineEnds, Outcome, RequestedRoles,
    Semantics,
};

use crate::world::{Entry, PlainAssertion, PlainDomain, PlainWorld};

/// Never ends.
pub(crate) const FOR_EVER: i64 = i64::MAX;

/// `*` is any run of characters, `?` one character; all of the text.
pub(crate) fn glob(pattern: &str, text: &str, line_ends: LineEnds) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let wild = |c: char| line_ends == LineEnds::Crossed || !"\n\r\u{85}\u{2028}\u{2029}".contains(c);
    // matches[p][t]: the first p of the pattern match the first t of the text
    let mut matches = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    matches[0][0] = true;
    for p in 1..=pattern.len() {
        for t in 0..=text.len() {
            matches[p][t] = match pattern[p - 1] {
                '*' => matches[p - 1][t] || t > 0 && matches[p][t - 1] && wild(text[t - 1]),
                '?' => t > 0 && matches[p - 1][t - 1] && wild(text[t - 1]),
                literal => t > 0 && matches[p - 1][t - 1] && text[t - 1] == literal,
            };
        }
    }
    matches[pattern.len()][text.len()]
}

/// Who wants to know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Check,
    Token,
}

struct Rules<'a> {
    world: &'a PlainWorld,
    now: i64,
    semantics: &'a Semantics,
    purpose: Purpose,
}

/// Of several moments the latest, if there is any.
fn latest(moments: impl IntoIterator<Item = i64>) -> Option<i64> {
    moments.into_iter().max()
}

impl Rules<'_> {
    fn valid(&self, entry: &Entry) -> bool {
        entry.disabled == 0 && !self.over(entry)
    }

    fn over(&self, entry: &Entry) -> bool {
        entry.expiration.is_some_and(|end| end.div_euclid(1000) < self.now.div_euclid(1000))
    }

    fn glob(&self, pattern: &str, text: &str) -> bool {
        glob(pattern, text, self.semantics.line_ends)
    }

    /// Until when the entries that are no groups admit a principal; `Err` if they refuse it.
    fn entries(&self, entries: &[Entry], principal: &str, wildcards: bool) -> Result<Option<i64>, ()> {
        let matching = entries.iter().filter(|entry| !entry.name.contains(":group.")).filter(|entry| {
            let prefix = entry.name.strip_suffix('*').filter(|_| wildcards);
            entry.name == principal || prefix.is_some_and(|prefix| principal.starts_with(prefix))
        });
        let valid = matching.clone().filter(|entry| self.valid(entry));
        let end = |entry: &Entry| entry.expiration.unwrap_or(FOR_EVER);
        let rule = match self.purpose {
            Purpose::Check => self.semantics.entries_in_checks,
            Purpose::Token => self.semantics.entries_in_tokens,
        };
        let stored = |entry: &Entry| self.world.names.iter().position(|name| *name == entry.name);
        match rule {
            Entries::Any => Ok(latest(valid.map(end))),
            Entries::AnyUnlessSuspended
                if matching.clone().any(|entry| entry.name == principal && entry.disabled != 0) =>
            {
                Err(())
            }
            Entries::AnyUnlessSuspended => Ok(latest(valid.map(end))),
            Entries::FirstDecides => {
                let first = matching.min_by_key(|entry| stored(entry));
                Ok(first.filter(|entry| self.valid(entry)).map(end))
            }
        }
    }

    /// Until when a list of entries, groups included, admits a principal.
    fn list(&self, entries: &[Entry], principal: &str) -> Option<i64> {
        let direct = self.entries(entries, principal, true).ok()?;
        let by_group = entries.iter().filter_map(|entry| {
            let (domain, group) = entry.name.split_once(":group.")?;
            let counts_disabled =
                self.purpose == Purpose::Check && self.semantics.disabled_group_entries_in_checks;
            if self.over(entry) || entry.disabled != 0 && !counts_disabled {
                return None;
            }
            let members = self.counting_domain(domain)?.groups.get(group)?;
            let wildcards = self.purpose == Purpose::Check || self.semantics.group_wildcards_in_tokens;
            let until = self.entries(members, principal, wildcards).ok()??;
            Some(until.min(entry.expiration.unwrap_or(FOR_EVER)))
        });
        latest(direct.into_iter().chain(by_group))
    }

    fn counting_domain(&self, name: &str) -> Option<&PlainDomain> {
        let counts = self.semantics.disabled_domains == DisabledDomains::StillCount;
        self.world.domains.get(name).filter(|domain| counts || !domain.disabled)
    }

    /// Until when a principal is in a role.
    fn role(&self, domain: &str, role: &str, principal: &str, trust_domain: Option<&str>) -> Option<i64> {
        let plain = &self.world.domains[domain].roles[role];
        match &plain.trust {
            Some(trust) if plain.entries.is_empty() => {
                let asked = trust_domain.is_none_or(|asked| asked.eq_ignore_ascii_case(trust));
                asked.then(|| self.delegated(&format!("{domain}:role.{role}"), trust, principal)).flatten()
            }
            _ => self.list(&plain.entries, principal),
        }
    }

    fn delegated(&self, role: &str, trust: &str, principal: &str) -> Option<i64> {
        let trusted = self.counting_domain(trust)?;
        let delegating = trusted.assertions.iter().filter(|assertion| {
            assertion.action.eq_ignore_ascii_case("assume_role")
                && assertion.resource == assertion.resource.to_ascii_lowercase()
                && self.glob(&assertion.resource, role)
                && self.delegates(assertion)
        });
        let by_assertion = delegating.flat_map(|assertion| {
            let pattern = assertion.role.contains(['*', '?']);
            let ignored = pattern
                && self.purpose == Purpose::Token
                && !self.semantics.delegated_role_patterns_in_tokens;
            trusted
                .roles
                .iter()
                .filter(move |(short, _)| {
                    // role names hold no line ends
                    !ignored && glob(&assertion.role, &format!("{trust}:role.{short}"), LineEnds::Crossed)
                })
                .filter_map(|(_, role)| self.list(&role.entries, principal))
        });
        latest(by_assertion)
    }

    fn delegates(&self, assertion: &PlainAssertion) -> bool {
        match assertion.effect {
            Effect::Allow => !withheld(assertion, self.semantics),
            Effect::Deny => {
                self.purpose == Purpose::Check && self.semantics.deny_assume_role == DenyAssumeRole::Grants
            }
        }
    }
}

/// A conditional ALLOW that nobody can judge.
fn withheld(assertion: &PlainAssertion, semantics: &Semantics) -> bool {
    assertion.conditional && assertion.effect == Effect::Allow && semantics.conditions == Conditions::Unjudged
}

fn covers(assertion: &PlainAssertion, action: &str, resource: &str, semantics: &Semantics) -> bool {
    glob(&assertion.action.to_ascii_lowercase(), action, semantics.line_ends)
        && glob(&assertion.resource.to_ascii_lowercase(), resource, semantics.line_ends)
        && !withheld(assertion, semantics)
}

fn deny_before_allow<'a>(applying: impl Iterator<Item = &'a PlainAssertion> + Clone) -> Outcome {
    let has = |effect| applying.clone().any(|assertion: &PlainAssertion| assertion.effect == effect);
    match (has(Effect::Deny), has(Effect::Allow)) {
        (true, _) => Outcome::Denied,
        (false, true) => Outcome::Allowed,
        (false, false) => Outcome::NoMatch,
    }
}

pub(crate) struct PlainQuestion<'a> {
    pub(crate) domain: &'a str,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) trust_domain: Option<&'a str>,
    pub(crate) now: i64,
}

pub(crate) fn check(
    world: &PlainWorld,
    principal: &str,
    question: &PlainQuestion<'_>,
    semantics: &Semantics,
) -> Outcome {
    let rules = Rules { world, now: question.now, semantics, purpose: Purpose::Check };
    decide(world, question, semantics, |role| {
        rules.role(question.domain, role, principal, question.trust_domain).is_some()
    })
}

/// For the bearer of role credentials.
pub(crate) fn check_roles(
    world: &PlainWorld,
    credential: &str,
    roles: &[&str],
    question: &PlainQuestion<'_>,
    semantics: &Semantics,
) -> Outcome {
    if world.domains[question.domain].disabled {
        return Outcome::DomainDisabled;
    }
    let prefix = format!("{}:role.", question.domain);
    let own =
        |role: &&str| role.starts_with(&prefix) || !role.contains(":role.") && credential == question.domain;
    if question.trust_domain.is_some() || !roles.iter().all(own) {
        return Outcome::ForeignRoles;
    }
    decide(world, question, semantics, |short| {
        roles.iter().any(|role| *role == short || *role == format!("{prefix}{short}"))
    })
}

fn decide(
    world: &PlainWorld,
    question: &PlainQuestion<'_>,
    semantics: &Semantics,
    holds: impl Fn(&str) -> bool + Clone,
) -> Outcome {
    let domain = &world.domains[question.domain];
    if domain.disabled {
        return Outcome::DomainDisabled;
    }
    deny_before_allow(domain.assertions.iter().filter(|assertion| {
        covers(assertion, question.action, question.resource, semantics)
            && domain.roles.keys().any(|role| {
                let full = format!("{}:role.{role}", question.domain);
                glob(&assertion.role, &full, LineEnds::Crossed) && holds(role)
            })
    }))
}

pub(crate) fn roles_of(
    world: &PlainWorld,
    domain: &str,
    principal: &str,
    wanted: Option<&[&str]>,
    now: i64,
    semantics: &Semantics,
) -> BTreeMap<String, i64> {
    let rules = Rules { world, now, semantics, purpose: Purpose::Token };
    let plain = &world.domains[domain];
    let is_wanted = |role: &str| {
        wanted.is_none_or(|wanted| match semantics.requested_roles {
            RequestedRoles::Exact => wanted.contains(&role),
            RequestedRoles::Suffix => wanted.iter().any(|end| format!("{domain}:role.{role}").ends_with(end)),
        })
    };
    let roles = plain.roles.keys().filter(|role| !plain.disabled && is_wanted(role));
    roles.filter_map(|role| Some((role.clone(), rules.role(domain, role, principal, None)?))).collect()
}

pub(crate) fn decide_with_roles(
    assertions: &[PlainAssertion],
    domain: &str,
    roles: &[&str],
    action: &str,
    resource: &str,
    semantics: &Semantics,
) -> Outcome {
    deny_before_allow(assertions.iter().filter(|assertion| {
        covers(assertion, action, resource, semantics)
            && roles
                .iter()
                .any(|role| glob(&assertion.role, &format!("{domain}:role.{role}"), LineEnds::Crossed))
    }))
}
