//! Random worlds, policies and questions: the three entry points against the plain definition.

use athenz_model::Timestamp;
use athenz_policy::{
    Conditions, DenyAssumeRole, DisabledDomains, Effect, Entries, LineEnds, Question, RequestedRoles,
    Semantics, Subject, Wanted, check, decide_with_roles, roles_of,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::plain::{self, FOR_EVER, PlainQuestion};
use crate::world::{Entry, PlainAssertion, PlainDomain, PlainRole, PlainWorld, World, compile};

/// Moments around "now", in milliseconds.
const NOW: i64 = 100_500;
const ENDS: [i64; 5] = [99_999, 100_000, 100_499, 101_000, 200_000];

const NAMES: [&str; 12] = [
    "user.x",
    "*",
    "a:group.g",
    "user.*",
    "user.y",
    "b:group.h",
    "user.x*",
    "b:group.g",
    "a.s",
    "a.*",
    "c:group.no",
    "user.x.s",
];
const ASKING: [&str; 7] = ["user.x", "user.y", "user.x.s", "a.s", "nobody", "a:group.g", "user.*"];
const ROLES: [&str; 3] = ["r", "q", "qr"];
const ASSERTION_ROLES: [&str; 10] = [
    "a:role.r",
    "a:role.q",
    "b:role.r",
    "b:role.q",
    "a:role.*",
    "b:role.q*",
    "*:role.r",
    "*",
    "a:role.?",
    "odd",
];
const ACTIONS: [&str; 7] = ["read", "Read", "re?d", "*", "assume_role", "Assume_Role", "assume*"];
const RESOURCES: [&str; 12] = [
    "a:x", "a:X", "a:*", "*x", "a:?", "a:role.r", "A:role.r", "*:role.*", "b:role.?", "a:role.*", "*",
    "a:x\n",
];
const ASKED_ACTIONS: [&str; 3] = ["read", "assume_role", "write"];
const ASKED_RESOURCES: [&str; 6] = ["a:x", "a:y", "a:role.r", "b:role.q", "a:x\n", "a:"];

fn entry() -> impl Strategy<Value = Entry> {
    let disabled = prop_oneof![4 => Just(0), 1 => select(vec![1, 2, 4])];
    let expiration = prop_oneof![2 => Just(None), 3 => select(&ENDS[..]).prop_map(Some)];
    // names that meet often, for rules about several entries
    let name = prop_oneof![1 => select(&NAMES[..3]), 1 => select(&NAMES[..])];
    (name, disabled, proptest::bool::weighted(0.9), expiration).prop_map(
        |(name, disabled, active, expiration)| Entry { name: name.into(), disabled, active, expiration },
    )
}

fn entries(groups: bool) -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(entry(), 0..4).prop_map(move |mut entries| {
        entries.retain(|entry| groups || !entry.name.contains(':'));
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        entries.dedup_by(|a, b| a.name == b.name);
        entries
    })
}

fn assertion() -> impl Strategy<Value = PlainAssertion> {
    let effect = prop_oneof![3 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    let role = prop_oneof![1 => Just("a:role.r"), 2 => select(&ASSERTION_ROLES[..])];
    let texts = (role, select(&ACTIONS[..]), select(&RESOURCES[..]));
    (effect, texts, proptest::bool::weighted(0.1)).prop_map(
        |(effect, (role, action, resource), conditional)| PlainAssertion {
            conditional,
            ..PlainAssertion::new(effect, role, action, resource)
        },
    )
}

/// Patterns of roles that nobody has; so many are tried in another way than a few.
fn many_patterns() -> impl Iterator<Item = PlainAssertion> {
    (0..40).map(|number| PlainAssertion::new(Effect::Deny, &format!("a:role.z{number}*"), "*", "*"))
}

fn role() -> impl Strategy<Value = PlainRole> {
    prop_oneof![
        3 => entries(true).prop_map(|entries| PlainRole { entries, trust: None }),
        1 => select(vec!["a", "b", "none"])
            .prop_map(|trust| PlainRole { entries: Vec::new(), trust: Some(trust.into()) }),
        1 => (entries(true), select(vec!["a", "b"]))
            .prop_map(|(entries, trust)| PlainRole { entries, trust: Some(trust.into()) }),
    ]
}

fn domain() -> impl Strategy<Value = PlainDomain> {
    let roles = proptest::collection::btree_map(select(&ROLES[..]).prop_map(str::to_owned), role(), 1..4);
    let groups =
        proptest::collection::btree_map(select(vec!["g", "h"]).prop_map(str::to_owned), entries(false), 0..3);
    let assertions = (proptest::collection::vec(assertion(), 0..8), proptest::bool::weighted(0.2));
    let assertions = assertions.prop_map(|(mut assertions, many)| {
        assertions.extend(many.then(many_patterns).into_iter().flatten());
        assertions
    });
    (proptest::bool::weighted(0.15), roles, groups, assertions)
        .prop_map(|(disabled, roles, groups, assertions)| PlainDomain { disabled, roles, groups, assertions })
}

fn world() -> impl Strategy<Value = PlainWorld> {
    let names = Just(NAMES.map(str::to_owned).to_vec()).prop_shuffle();
    (names, domain(), domain()).prop_map(|(names, a, b)| PlainWorld {
        names,
        domains: [("a".to_owned(), a), ("b".to_owned(), b)].into(),
    })
}

fn any_semantics() -> impl Strategy<Value = Semantics> {
    let rule = || select(vec![Entries::AnyUnlessSuspended, Entries::Any, Entries::FirstDecides]);
    (rule(), rule(), proptest::array::uniform8(any::<bool>())).prop_map(|(checks, tokens, b)| Semantics {
        conditions: if b[0] { Conditions::Unjudged } else { Conditions::Ignored },
        entries_in_checks: checks,
        entries_in_tokens: tokens,
        disabled_group_entries_in_checks: b[1],
        group_wildcards_in_tokens: b[2],
        delegated_role_patterns_in_tokens: b[3],
        disabled_domains: if b[4] { DisabledDomains::Empty } else { DisabledDomains::StillCount },
        deny_assume_role: if b[5] { DenyAssumeRole::NeverGrants } else { DenyAssumeRole::Grants },
        requested_roles: if b[6] { RequestedRoles::Exact } else { RequestedRoles::Suffix },
        line_ends: if b[7] { LineEnds::Crossed } else { LineEnds::NotCrossed },
    })
}

fn semantics() -> impl Strategy<Value = Semantics> {
    prop_oneof![2 => Just(Semantics::ours()), 1 => Just(Semantics::athenz()), 2 => any_semantics()]
}

fn seconds(until: Option<Timestamp>) -> i64 {
    until.map_or(FOR_EVER, Timestamp::millis)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_check_decides_as_defined(
        plain in world(),
        semantics in semantics(),
        trust_domain in select(vec![None, None, Some("a"), Some("B"), Some("none")]),
    ) {
        let world = World::of(&plain);
        for principal in ASKING {
            for (action, resource) in pairs() {
                let asked = PlainQuestion { domain: "a", action, resource, trust_domain, now: NOW };
                let wanted = plain::check(&plain, principal, &asked, &semantics);
                let subject = Subject::Principal(principal);
                let now = Timestamp::from_millis(NOW);
                let question = Question { subject, action, resource, trust_domain, now };
                let decision = check(&world, world.get("a"), &question, &semantics);
                prop_assert_eq!(decision.outcome, wanted, "{} {} {}", principal, action, resource);
                // and it stays so until the moment it says
                for later in [100_999, 101_500, 200_999, 300_000] {
                    if later <= seconds(decision.valid_until) {
                        let later = Question { now: Timestamp::from_millis(later), ..question };
                        prop_assert_eq!(check(&world, world.get("a"), &later, &semantics).outcome, wanted);
                    }
                }
            }
        }
    }

    #[test]
    fn roles_are_held_as_defined(
        plain in world(),
        semantics in semantics(),
        wanted in proptest::option::of(proptest::collection::vec(select(vec!["r", "q", "qr", "role.q", "none"]), 0..4)),
    ) {
        let world = World::of(&plain);
        for principal in ASKING {
            let expected = plain::roles_of(&plain, "a", principal, wanted.as_deref(), NOW, &semantics);
            let asked = wanted.as_deref().map_or(Wanted::All, Wanted::Names);
            let now = Timestamp::from_millis(NOW);
            let held = roles_of(&world, world.get("a"), principal, asked, now, &semantics);
            let count = held.len();
            let held: std::collections::BTreeMap<_, _> =
                held.into_iter().map(|held| (held.role.to_owned(), seconds(held.until))).collect();
            prop_assert_eq!(held.len(), count, "a role is held once");
            prop_assert_eq!(held, expected, "{}", principal);
        }
    }

    #[test]
    fn role_credentials_decide_as_defined(plain in world(), semantics in semantics()) {
        let world = World::of(&plain);
        for (credential, roles) in [
            ("user.x", &["a:role.r"][..]),
            ("user.x", &["a:role.r", "a:role.q"]),
            ("user.x", &["r"]),
            ("a", &["r", "a:role.q"]),
            ("a", &["b:role.r"]),
            ("user.x", &["a:role.none"]),
        ] {
            for (action, resource) in pairs() {
                for trust_domain in [None, Some("b")] {
                    let asked = PlainQuestion { domain: "a", action, resource, trust_domain, now: NOW };
                    let wanted = plain::check_roles(&plain, credential, roles, &asked, &semantics);
                    let subject = Subject::Roles { credential, roles };
                    let question = Question { subject, action, resource, trust_domain, now: Timestamp::EPOCH };
                    prop_assert_eq!(check(&world, world.get("a"), &question, &semantics).outcome, wanted);
                }
            }
        }
    }

    #[test]
    fn bare_roles_decide_as_defined(plain in world(), semantics in semantics()) {
        let assertions = &plain.domains["a"].assertions;
        let policies = compile(assertions);
        for roles in [&[][..], &["r"], &["q", "r"], &["qr", "none"]] {
            for (action, resource) in pairs() {
                prop_assert_eq!(
                    decide_with_roles(&policies, "a", roles, action, resource, &semantics).outcome,
                    plain::decide_with_roles(assertions, "a", roles, action, resource, &semantics),
                    "{:?} {} {}", roles, action, resource
                );
            }
        }
    }
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    ASKED_ACTIONS.into_iter().flat_map(|action| ASKED_RESOURCES.map(|resource| (action, resource)))
}

/// Many assertions over a small alphabet, so that features are shared, lists are long and
/// questions repeat pieces.
fn crowded() -> impl Strategy<Value = Vec<PlainAssertion>> {
    let text = || prop_oneof!["[ab]{1,9}", "[ab]{0,6}[*?][ab]{0,9}", "[ab*]{1,9}", "(abab|b|a|\\*|\\?){1,6}"];
    let role = prop_oneof![6 => "a:role\\.[a-e]", 1 => "a:role\\.[a-e*]{1,2}", 1 => "b:role\\.a"];
    let effect = prop_oneof![3 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    let one = (effect, role, prop_oneof![3 => "[ab]{1,3}", 1 => "[ab*?]{1,6}"], text())
        .prop_map(|(effect, role, action, resource)| PlainAssertion::new(effect, &role, &action, &resource));
    proptest::collection::vec(one, 1..120)
}

/// The first assertion that applies, in the order of the reference.
fn first<'a>(
    assertions: &'a [PlainAssertion],
    applies: impl Fn(&PlainAssertion, &str) -> bool,
    roles: &[&str],
) -> Option<(usize, &'a PlainAssertion)> {
    let is_pattern = |assertion: &PlainAssertion| assertion.role.contains(['*', '?']);
    let mut hits: Vec<_> = assertions
        .iter()
        .enumerate()
        .filter_map(|(place, assertion)| {
            let role = roles.iter().position(|role| applies(assertion, role))?;
            let exact = !is_pattern(assertion);
            Some(((!exact, role, assertion.role.as_str(), place), (place, assertion)))
        })
        .collect();
    hits.sort_by_key(|(rank, _)| *rank);
    hits.first().map(|(_, hit)| *hit)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_misses_nothing(
        assertions in crowded(),
        questions in proptest::collection::vec(("[ab]{1,4}", prop_oneof!["[ab]{0,16}", "(ab){100,140}"]), 1..12),
        roles in proptest::sample::subsequence(vec!["e", "d", "c", "b", "a"], 0..4).prop_shuffle(),
    ) {
        for (action, resource) in &questions {
            same_as_the_first(&assertions, &roles, action, resource)?;
        }
    }
}

/// Outcome and reason of a decision are those of the plain definition.
fn same_as_the_first(
    assertions: &[PlainAssertion],
    roles: &[&str],
    action: &str,
    resource: &str,
) -> Result<(), TestCaseError> {
    let semantics = Semantics::ours();
    let policies = compile(assertions);
    let decision = decide_with_roles(&policies, "a", roles, action, resource, &semantics);
    let outcome = plain::decide_with_roles(assertions, "a", roles, action, resource, &semantics);
    prop_assert_eq!(decision.outcome, outcome, "{:?} {} {}", roles, action, resource);
    let Some(grounds) = decision.by else { return Ok(()) };
    let effect = if decision.is_allowed() { Effect::Allow } else { Effect::Deny };
    let applies = |assertion: &PlainAssertion, role: &str| {
        let one = std::slice::from_ref(assertion);
        assertion.effect == effect
            && plain::decide_with_roles(one, "a", &[role], action, resource, &semantics) == outcome
    };
    let (place, assertion) = first(assertions, applies, roles).unwrap();
    prop_assert_eq!((grounds.assertion, grounds.assertion_role), (place as i64, assertion.role.as_str()));
    Ok(())
}

#[test]
fn many_roles_with_one_permission_are_told_apart() {
    let mut assertions: Vec<PlainAssertion> = (0..120)
        .map(|n| {
            let (role, resource) = (format!("a:role.r{}", n % 60), if n % 2 == 0 { "a:x*" } else { "a:x1" });
            PlainAssertion::new(Effect::Allow, &role, "read", resource)
        })
        .collect();
    assertions.push(PlainAssertion::new(Effect::Allow, "a:role.s*", "read", "a:x*"));
    assertions.extend(
        (0..40).map(|n| PlainAssertion::new(Effect::Deny, &format!("a:role.r{}", n * 7), "read", "a:x1")),
    );
    let names: Vec<String> = (0..64).map(|n| format!("r{n}")).collect();
    for name in &names {
        for roles in [&[name.as_str()][..], &["none", name], &["s1", name], &[name, "r5"]] {
            for resource in ["a:x1", "a:x2", "a:y"] {
                same_as_the_first(&assertions, roles, "read", resource).unwrap();
            }
        }
    }
}
