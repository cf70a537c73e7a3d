//! The active policies of a domain, compiled so that a decision looks only at assertions that
//! are likely to match.

use std::collections::HashMap;
use std::sync::Arc;

use crate::folding::folded;
use crate::glob::Glob;
use crate::index::{Entry, Index};
use crate::role_pattern::RolePattern;
use crate::semantics::{Conditions, Semantics};

/// The action that delegates a role to those who hold another.
pub(crate) const ASSUME_ROLE: &str = "assume_role";

/// What an assertion that matches means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It permits, unless something denies.
    Allow,
    /// It forbids, whatever else permits.
    Deny,
}

/// One assertion of an active policy, as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// The policy it belongs to.
    pub policy: &'a str,
    /// Its number, or any number where there is none.
    pub id: i64,
    /// Full name of the role, possibly a pattern.
    pub role: &'a str,
    /// The action, possibly a pattern, with whatever case it has.
    pub action: &'a str,
    /// The resource, possibly a pattern, with whatever case it has.
    pub resource: &'a str,
    /// What it means.
    pub effect: Effect,
    /// Whether it has conditions.
    pub conditional: bool,
}

/// An assertion, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) policy: Arc<str>,
    pub(crate) id: i64,
    /// Position in [`Policies::roles`].
    pub(crate) role: u32,
    action: u32,
    resource: Glob,
    pub(crate) effect: Effect,
    pub(crate) conditional: bool,
}

/// Active assertions, compiled.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    rules: Box<[Rule]>,
    roles: Box<[RolePattern]>,
    actions: Box<[Glob]>,
    allow: Index,
    deny: Index,
    delegating: Index,
}

impl Policies {
    /// No assertion at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Compiles the assertions of active policies, for questions that are [`folded`] as they are.
    pub fn compile<'a>(assertions: impl IntoIterator<Item = Assertion<'a>>) -> Self {
        let mut compiler = Compiler::default();
        for assertion in assertions {
            compiler.add(&assertion);
        }
        compiler.finish()
    }

    /// How many assertions there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no assertion.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Assertions without any literal to find them by: each costs something in every decision.
    pub fn unindexed(&self) -> usize {
        self.allow.unindexed() + self.deny.unindexed()
    }

    pub(crate) fn index(&self, effect: Effect) -> &Index {
        match effect {
            Effect::Allow => &self.allow,
            Effect::Deny => &self.deny,
        }
    }

    /// Assertions whose action is `assume_role`, of either effect.
    pub(crate) fn delegating(&self) -> &Index {
        &self.delegating
    }

    pub(crate) fn rule(&self, position: u32) -> Option<&Rule> {
        self.rules.get(position as usize)
    }

    pub(crate) fn role(&self, rule: &Rule) -> Option<&RolePattern> {
        self.roles.get(rule.role as usize)
    }

    pub(crate) fn role_at(&self, position: u32) -> Option<&RolePattern> {
        self.roles.get(position as usize)
    }

    /// Roles are numbered patterns first, then full names in ascending order.
    pub(crate) fn patterns_end(&self) -> usize {
        self.roles.partition_point(|role| !role.is_exact())
    }

    /// The number of the role with a full name, where an assertion has it without pattern.
    pub(crate) fn exact_role(&self, full: &str) -> Option<u32> {
        let start = self.patterns_end();
        let place = self.roles.get(start..)?.binary_search_by(|role| role.as_str().cmp(full)).ok()?;
        u32::try_from(start + place).ok()
    }

    /// Whether action and resource match.
    pub(crate) fn covers(&self, rule: &Rule, action: &str, resource: &str, semantics: &Semantics) -> bool {
        self.actions
            .get(rule.action as usize)
            .is_some_and(|glob| glob.matches_lines(action, semantics.line_ends))
            && rule.resource.matches_lines(resource, semantics.line_ends)
    }
}

impl Rule {
    /// Whether conditions keep an assertion from having its effect.
    pub(crate) fn is_withheld(&self, semantics: &Semantics) -> bool {
        self.conditional && self.effect == Effect::Allow && semantics.conditions == Conditions::Unjudged
    }

    pub(crate) fn resource(&self) -> &Glob {
        &self.resource
    }
}

/// Texts that many assertions share, numbered in order of appearance.
#[derive(Default)]
struct Numbers(HashMap<Box<str>, u32>);

impl Numbers {
    #[expect(clippy::cast_possible_truncation, reason = "memory ends long before four billion assertions")]
    fn number(&mut self, text: &str) -> u32 {
        let next = self.0.len() as u32;
        match self.0.get(text) {
            Some(number) => *number,
            None => *self.0.entry(text.into()).or_insert(next),
        }
    }

    fn into_texts(self) -> Vec<Box<str>> {
        let mut texts: Vec<_> = self.0.into_iter().collect();
        texts.sort_unstable_by_key(|(_, number)| *number);
        texts.into_iter().map(|(text, _)| text).collect()
    }
}

#[derive(Default)]
struct Compiler {
    policies: HashMap<Arc<str>, ()>,
    roles: Numbers,
    actions: Numbers,
    rules: Vec<Rule>,
    /// Positions of the rules that delegate.
    delegating: Vec<u32>,
}

impl Compiler {
    #[expect(clippy::cast_possible_truncation, reason = "memory ends long before four billion assertions")]
    fn add(&mut self, assertion: &Assertion<'_>) {
        let resource = folded(assertion.resource);
        // a delegation compares the resource as it is stored with the name of a role, which is in
        // lower case: one with capitals never delegates
        if assertion.action.eq_ignore_ascii_case(ASSUME_ROLE) && resource == assertion.resource {
            self.delegating.push(self.rules.len() as u32);
        }
        let rule = Rule {
            policy: self.policy(assertion.policy),
            id: assertion.id,
            role: self.roles.number(assertion.role),
            action: self.actions.number(&folded(assertion.action)),
            resource: Glob::new(&resource),
            effect: assertion.effect,
            conditional: assertion.conditional,
        };
        self.rules.push(rule);
    }

    fn policy(&mut self, name: &str) -> Arc<str> {
        if let Some((shared, ())) = self.policies.get_key_value(name) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = Arc::from(name);
        self.policies.insert(Arc::clone(&shared), ());
        shared
    }

    fn finish(mut self) -> Policies {
        let roles = self.order_roles();
        let actions: Box<[Glob]> = self.actions.into_texts().iter().map(|text| Glob::new(text)).collect();
        let rules = self.rules.into_boxed_slice();
        let of = |effect| {
            let positions = (0..).zip(rules.iter()).filter(move |(_, rule)| rule.effect == effect);
            Index::build(positions.filter_map(|(position, rule)| entry(position, rule, &actions)).collect())
        };
        let delegating = self
            .delegating
            .iter()
            .filter_map(|position| entry(*position, rules.get(*position as usize)?, &actions));
        let delegating = Index::build(delegating.collect());
        Policies { allow: of(Effect::Allow), deny: of(Effect::Deny), delegating, roles, actions, rules }
    }

    /// Numbers roles anew: patterns first, both kinds in ascending order.
    #[expect(clippy::cast_possible_truncation, reason = "memory ends long before four billion assertions")]
    fn order_roles(&mut self) -> Box<[RolePattern]> {
        let texts = std::mem::take(&mut self.roles).into_texts();
        let mut order: Vec<(RolePattern, usize)> =
            texts.iter().enumerate().map(|(number, text)| (RolePattern::new(text), number)).collect();
        order.sort_by(|(a, _), (b, _)| (a.is_exact(), a.as_str()).cmp(&(b.is_exact(), b.as_str())));
        let mut renumbered = vec![0; order.len()];
        for (new, (_, old)) in order.iter().enumerate() {
            if let Some(number) = renumbered.get_mut(*old) {
                *number = new as u32;
            }
        }
        for rule in &mut self.rules {
            rule.role = renumbered.get(rule.role as usize).copied().unwrap_or_default();
        }
        order.into_iter().map(|(role, _)| role).collect()
    }
}

fn entry<'a>(position: u32, rule: &'a Rule, actions: &'a [Glob]) -> Option<Entry<'a>> {
    let action = actions.get(rule.action as usize)?;
    Some(Entry { position, role: rule.role, action, resource: &rule.resource })
}
