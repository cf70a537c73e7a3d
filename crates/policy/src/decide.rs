//! May this subject do this? DENY before ALLOW, over the active policies of one domain.

use std::ops::ControlFlow;

use athenz_model::Timestamp;

use crate::directory::{Directory, Domain, RoleView};
use crate::membership::{Grant, Membership, Purpose, Who, for_each_matching_role};
use crate::policies::{Effect, Policies, Rule};
use crate::role_pattern::{RolePattern, is_full_name, short_name};
use crate::semantics::Semantics;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A principal by full name; its roles are looked up.
    Principal(&'a str),
    /// The bearer of a role token or role certificate, which counts whoever is in the role now.
    Roles {
        /// Full name of the credential's principal.
        credential: &'a str,
        /// Roles by full name; or by short name, where the credential is the domain itself.
        roles: &'a [&'a str],
    },
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub subject: Subject<'a>,
    /// The action, in lower case.
    pub action: &'a str,
    /// The resource, in lower case, with its domain.
    pub resource: &'a str,
    /// Only delegations to this domain count.
    pub trust_domain: Option<&'a str>,
    /// The moment for which the answer is wanted.
    pub now: Timestamp,
}

/// Yes or no, and which kind of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An ALLOW matched and no DENY did.
    Allowed,
    /// A DENY matched.
    Denied,
    /// Nothing matched.
    NoMatch,
    /// The credential is for roles of another domain, or may not be used with a trust domain.
    ForeignRoles,
    /// The domain is disabled.
    DomainDisabled,
}

/// An answer and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The answer.
    pub outcome: Outcome,
    /// What decided, where an assertion did.
    pub by: Option<Grounds<'a>>,
    /// The answer holds until this moment, if nothing is written; `None` is for ever.
    pub valid_until: Option<Timestamp>,
}

/// The assertion that decided, and why it applies to the subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grounds<'a> {
    /// The policy of the assertion.
    pub policy: &'a str,
    /// The number of the assertion.
    pub assertion: i64,
    /// The role as the assertion has it: a full name or a pattern.
    pub assertion_role: &'a str,
    /// Short name of the role the subject holds; with a bare list of roles, that of `assertion_role`
    /// where it is no pattern.
    pub role: Option<&'a str>,
    /// How a principal is in that role; `None` for role credentials.
    pub grant: Option<Grant<'a>>,
}

impl Decision<'_> {
    /// Whether the answer is yes.
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }

    pub(crate) const fn without_grounds(outcome: Outcome) -> Self {
        Self { outcome, by: None, valid_until: None }
    }
}

/// Decides a question over the policies of `domain`.
pub fn check<'a>(
    directory: &'a dyn Directory,
    domain: &'a dyn Domain,
    question: &Question<'_>,
    semantics: &Semantics,
) -> Decision<'a> {
    if !domain.enabled() {
        return Decision::without_grounds(Outcome::DomainDisabled);
    }
    let subject = match question.subject {
        Subject::Principal(name) => Holder::Principal(Membership {
            directory,
            who: Who::new(directory, name),
            now: question.now,
            semantics,
            purpose: Purpose::Check,
        }),
        Subject::Roles { credential, roles } => {
            if question.trust_domain.is_some() || !are_roles_of(domain.name(), credential, roles) {
                return Decision::without_grounds(Outcome::ForeignRoles);
            }
            Holder::Roles(roles)
        }
    };
    let mut search = Search {
        domain,
        policies: domain.policies(),
        question,
        semantics,
        subject,
        without: RoleSet::default(),
        patterns: 0,
        roles_held: None,
    };
    search.decide()
}

/// Whether all roles of a credential belong to a domain.
fn are_roles_of(domain: &str, credential: &str, roles: &[&str]) -> bool {
    roles.iter().all(|role| match is_full_name(role) {
        true => short_name(role, domain).is_some(),
        false => credential == domain,
    })
}

/// How roles are held.
enum Holder<'a, 'q> {
    Principal(Membership<'a, 'q>),
    Roles(&'q [&'q str]),
}

struct Search<'a, 'q> {
    domain: &'a dyn Domain,
    policies: &'a Policies,
    question: &'q Question<'q>,
    semantics: &'q Semantics,
    subject: Holder<'a, 'q>,
    /// Roles that were looked at and do not have the subject.
    without: RoleSet,
    /// How many patterns of roles were tried on all roles of the domain.
    patterns: usize,
    /// The roles of the domain that the subject holds, once [`MANY_PATTERNS`] were tried.
    roles_held: Option<Vec<(&'a str, Option<Grant<'a>>)>>,
}

/// From so many patterns on it is cheaper to find the roles of the subject first, whatever the
/// patterns and however many the roles.
const MANY_PATTERNS: usize = 16;

impl<'a> Search<'a, '_> {
    fn decide(&mut self) -> Decision<'a> {
        for (effect, outcome) in [(Effect::Deny, Outcome::Denied), (Effect::Allow, Outcome::Allowed)] {
            if let Some(grounds) = self.first(effect) {
                let valid_until = grounds.grant.and_then(|grant| grant.until);
                return Decision { outcome, by: Some(grounds), valid_until };
            }
        }
        // time alone takes memberships away and gives none
        Decision::without_grounds(Outcome::NoMatch)
    }

    /// Some assertion of an effect that applies.
    fn first(&mut self, effect: Effect) -> Option<Grounds<'a>> {
        let mut found = None;
        let (policies, question) = (self.policies, self.question);
        let index = policies.index(effect);
        let _ = index.candidates(question.action, question.resource, &mut |positions| {
            for rule in positions.iter().filter_map(|position| policies.rule(*position)) {
                found = self.applies(rule);
                if found.is_some() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        found
    }

    fn applies(&mut self, rule: &'a Rule) -> Option<Grounds<'a>> {
        if rule.is_withheld(self.semantics) || self.without.has(rule.role) {
            return None;
        }
        if !self.policies.covers(rule, self.question.action, self.question.resource, self.semantics) {
            return None;
        }
        let pattern = self.policies.role(rule)?;
        let Some((role, grant)) = self.held(pattern) else {
            self.without.add(rule.role);
            return None;
        };
        Some(Grounds {
            policy: &rule.policy,
            assertion: rule.id,
            assertion_role: pattern.as_str(),
            role: Some(role),
            grant,
        })
    }

    /// A role that matches and that the subject holds: the first of the domain.
    fn held(&mut self, pattern: &'a RolePattern) -> Option<(&'a str, Option<Grant<'a>>)> {
        if !pattern.is_exact() && pattern.reaches(self.domain.name()) {
            self.patterns += 1;
            if self.patterns > MANY_PATTERNS {
                return self.held_among_all(pattern);
            }
        }
        let mut found = None;
        for_each_matching_role(self.domain, pattern, &mut |short, view| {
            found = self.holds(short, view).map(|grant| (short, grant));
            match found {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        });
        found
    }

    fn held_among_all(&mut self, pattern: &RolePattern) -> Option<(&'a str, Option<Grant<'a>>)> {
        let held = match self.roles_held.take() {
            Some(held) => held,
            None => self.all_held(),
        };
        let held = self.roles_held.insert(held);
        held.iter().find(|(short, _)| pattern.matches(self.domain.name(), short)).copied()
    }

    fn all_held(&self) -> Vec<(&'a str, Option<Grant<'a>>)> {
        let mut held = Vec::new();
        self.domain.for_each_role(&mut |short, view| {
            held.extend(self.holds(short, view).map(|grant| (short, grant)));
        });
        held
    }

    fn holds(&self, short: &str, role: RoleView<'a>) -> Option<Option<Grant<'a>>> {
        match &self.subject {
            Holder::Principal(membership) => {
                membership.in_role(self.domain, short, role, self.question.trust_domain).map(Some)
            }
            Holder::Roles(roles) => roles
                .iter()
                .any(|role| short_name(role, self.domain.name()).unwrap_or(role) == short)
                .then_some(None),
        }
    }
}

/// A set of small numbers; it forgets larger ones, which only costs time.
#[derive(Default)]
struct RoleSet([u64; 16]);

impl RoleSet {
    fn has(&self, role: u32) -> bool {
        self.0.get(role as usize / 64).is_some_and(|word| word & (1 << (role % 64)) != 0)
    }

    fn add(&mut self, role: u32) {
        if let Some(word) = self.0.get_mut(role as usize / 64) {
            *word |= 1 << (role % 64);
        }
    }
}
