//! The glob matcher and the index of the decision engine against the plain definition of its rules:
//! what the fuzzer of `fuzz_targets/policy.rs` and a test of `athenz-testkit` feed.

use athenz_policy::{Effect, Glob, LineEnds, Outcome, Semantics, decide_with_roles};

use crate::plain;
use crate::world::{PlainAssertion, compile};

/// The plain definition takes time by pattern times text.
const LONGEST: usize = 512;
const MOST: usize = 64;

/// Denies, role, action and resource of an assertion.
pub(crate) type Written<'a> = (bool, u8, &'a str, &'a str);

const ROLES: [&str; 5] = ["d:role.a", "d:role.b", "d:role.*", "*", "e:role.a"];

/// Panics where the engine and the definition differ; what it decides for one role otherwise, or
/// `None` for inputs that take too long.
pub(crate) fn compare(assertions: Vec<Written<'_>>, action: &str, resource: &str) -> Option<Outcome> {
    let long = |text: &str| text.len() > LONGEST;
    let too_long = assertions.iter().any(|(_, _, action, resource)| long(action) || long(resource));
    if assertions.len() > MOST || too_long || long(action) || long(resource) {
        return None;
    }
    let (action, resource) = (action.to_ascii_lowercase(), resource.to_ascii_lowercase());
    for (_, _, _, pattern) in &assertions {
        same_match(pattern, &resource);
    }
    let assertions: Vec<PlainAssertion> = assertions.into_iter().map(assertion).collect();
    same_decision(&assertions, &action, &resource);
    Some(
        decide_with_roles(&compile(&assertions), "d", &["a"], &action, &resource, &Semantics::ours()).outcome,
    )
}

fn assertion((denies, role, action, resource): Written<'_>) -> PlainAssertion {
    let effect = if denies { Effect::Deny } else { Effect::Allow };
    PlainAssertion::new(effect, ROLES[usize::from(role) % ROLES.len()], action, resource)
}

fn same_match(pattern: &str, text: &str) {
    let glob = Glob::new(pattern);
    for line_ends in [LineEnds::Crossed, LineEnds::NotCrossed] {
        let expected = plain::glob(pattern, text, line_ends);
        assert_eq!(glob.matches_lines(text, line_ends), expected, "{pattern:?} {text:?} {line_ends:?}");
    }
}

fn same_decision(assertions: &[PlainAssertion], action: &str, resource: &str) {
    let policies = compile(assertions);
    for semantics in [Semantics::ours(), Semantics::athenz()] {
        for roles in [&["a"][..], &["b", "a"], &["c"]] {
            let expected = plain::decide_with_roles(assertions, "d", roles, action, resource, &semantics);
            let decision = decide_with_roles(&policies, "d", roles, action, resource, &semantics);
            assert_eq!(decision.outcome, expected, "{roles:?} {action:?} {resource:?}");
        }
    }
}
