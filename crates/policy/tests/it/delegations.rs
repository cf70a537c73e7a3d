//! Who is let into a delegated role, against a plain definition; and domains as large as quotas let
//! them be.

use athenz_model::Timestamp;
use athenz_policy::{
    Effect, LineEnds, Outcome, Question, Semantics, Subject, check, delegations_of, roles_assuming,
};

use crate::plain::glob;
use crate::world::{PlainAssertion, PlainDomain, PlainRole, PlainWorld, World, compile};

fn with_roles(roles: &[String], assertions: Vec<PlainAssertion>) -> World {
    let roles = roles.iter().map(|name| (name.clone(), PlainRole::default())).collect();
    let domain = PlainDomain { roles, assertions, ..PlainDomain::default() };
    World::of(&PlainWorld { names: Vec::new(), domains: [("d".to_owned(), domain)].into() })
}

/// Each assertion after the other, each role after the other.
fn plainly(assertions: &[PlainAssertion], roles: &[String], target: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for assertion in assertions {
        let delegates = assertion.effect == Effect::Allow
            && assertion.action.eq_ignore_ascii_case("assume_role")
            && glob(&assertion.resource, target, LineEnds::Crossed);
        for role in roles {
            let named = glob(&assertion.role, &format!("d:role.{role}"), LineEnds::Crossed);
            if delegates && named && !found.contains(role) {
                found.push(role.clone());
            }
        }
    }
    found
}

#[test]
fn roles_come_as_the_assertions_name_them_first() {
    let roles = ["a", "ab", "b", "ba", "c"].map(str::to_owned);
    let named =
        ["d:role.c", "d:role.b*", "d:role.?", "*", "e:role.a", "d:role.none", "*:role.*b*", "d:role.a"];
    let resources = ["t:role.x", "*:role.x", "t:*", "t:role.X", "t:role.y"];
    let actions = ["assume_role", "Assume_Role", "read"];
    let mut seed = 7_u64;
    let mut pick = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    for round in 0..500 {
        let assertions: Vec<PlainAssertion> = (0..pick(6))
            .map(|_| {
                let effect = if pick(4) == 0 { Effect::Deny } else { Effect::Allow };
                let (role, action) = (named[pick(named.len())], actions[pick(actions.len())]);
                PlainAssertion::new(effect, role, action, resources[pick(resources.len())])
            })
            .collect();
        let expected = plainly(&assertions, &roles, "t:role.x");
        let world = with_roles(&roles, assertions.clone());
        assert_eq!(roles_assuming(world.get("d"), "t:role.x"), expected, "{round}: {assertions:?}");
        let places: Vec<usize> =
            delegations_of(&compile(&assertions), "t:role.x").iter().map(|found| found.place).collect();
        let covers = |assertion: &PlainAssertion| {
            let of_all = PlainAssertion { role: "*".into(), ..assertion.clone() };
            !plainly(&[of_all], &roles, "t:role.x").is_empty()
        };
        let covering = assertions.iter().enumerate().filter(|(_, assertion)| covers(assertion));
        assert_eq!(places, covering.map(|(place, _)| place).collect::<Vec<_>>(), "{round}: {assertions:?}");
    }
}

#[test]
fn a_hundred_thousand_assertions_find_each_role_once() {
    let roles: Vec<String> = (0..1000).map(|number| format!("r{number:03}")).collect();
    let patterns = (0..100_000).map(|number| format!("d:role.r{}", "*".repeat(1 + number % 50)));
    let assertions: Vec<PlainAssertion> = patterns
        .map(|pattern| PlainAssertion::new(Effect::Allow, &pattern, "assume_role", "*:role.*"))
        .collect();
    let world = with_roles(&roles, assertions);
    assert_eq!(roles_assuming(world.get("d"), "t:role.x"), roles);
}

#[test]
fn a_hundred_thousand_patterns_are_tried_on_the_roles_that_are_held() {
    let roles: Vec<String> = (0..1000).map(|number| format!("r{number:03}")).collect();
    let patterns = (0..100_000).map(|number| format!("d:role.r*{number:05}"));
    let assertions = patterns.map(|pattern| PlainAssertion::new(Effect::Allow, &pattern, "read", "d:*"));
    let world = with_roles(&roles, assertions.collect());
    let question = Question {
        subject: Subject::Principal("user.jane"),
        action: "read",
        resource: "d:x",
        trust_domain: None,
        now: Timestamp::EPOCH,
    };
    // each pattern on each role would take minutes here
    assert_eq!(check(&world, world.get("d"), &question, &Semantics::ours()).outcome, Outcome::NoMatch);
}
