//! Decisions over many assertions, hostile patterns, and changes of long member lists.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark may stop"
)]

use std::collections::HashMap;
use std::hint::black_box;

use athenz_model::Timestamp;
use athenz_policy::{
    Assertion, Decision, Directory, Domain, Effect, Glob, Member, Members, Policies, PrincipalId, Principals,
    Question, RoleView, Semantics, Subject, Wanted, check, decide_with_roles, roles_of,
};
use divan::Bencher;

fn main() {
    divan::main();
}

const ASSERTIONS: usize = 10_000;
const ROLES: usize = 100;
const PRINCIPAL: &str = "user.jane";

/// Pattern and question of one number.
type Shape = (fn(usize) -> String, fn(usize) -> String);

const SHAPES: [(&str, Shape); 5] = [
    (
        "prefix_and_inner_stars",
        (|n| format!("dom:team{n}.*.b.*.read"), |n| format!("dom:team{n}.alpha.b.beta.read")),
    ),
    (
        "inner_literal",
        (|n| format!("dom:data:*:team{n}:*:read"), |n| format!("dom:data:eu:team{n}:blue:read")),
    ),
    ("suffix", (|n| format!("dom:*.svc{n}"), |n| format!("dom:some.where.svc{n}"))),
    ("contains", (|n| format!("dom:*svc{n}x*"), |n| format!("dom:some.svc{n}x.thing"))),
    ("exact", (|n| format!("dom:thing.{n}"), |n| format!("dom:thing.{n}"))),
];

struct World {
    principals: Principals,
    policies: Policies,
    roles: HashMap<String, Members>,
}

impl Directory for World {
    fn domain(&self, _: &str) -> Option<&dyn Domain> {
        Some(self)
    }

    fn principals(&self) -> &Principals {
        &self.principals
    }
}

impl Domain for World {
    fn name(&self) -> &str {
        "dom"
    }

    fn enabled(&self) -> bool {
        true
    }

    fn policies(&self) -> &Policies {
        &self.policies
    }

    fn role(&self, short_name: &str) -> Option<RoleView<'_>> {
        self.roles.get(short_name).map(|members| RoleView { members, trust: None })
    }

    fn for_each_role<'a>(&'a self, visit: &mut dyn FnMut(&'a str, RoleView<'a>)) {
        for (name, members) in &self.roles {
            visit(name, RoleView { members, trust: None });
        }
    }

    fn group(&self, _: &str) -> Option<&Members> {
        None
    }
}

fn policies(resources: impl Iterator<Item = String>) -> Policies {
    let resources: Vec<_> =
        resources.enumerate().map(|(n, r)| (r, format!("dom:role.r{}", n % ROLES))).collect();
    let assertion = |(n, (resource, role)): (usize, &'static (String, String))| Assertion {
        policy: "p",
        id: n as i64,
        role,
        action: "read",
        resource,
        effect: Effect::Allow,
        conditional: false,
    };
    Policies::compile(Box::leak(Box::new(resources)).iter().enumerate().map(assertion))
}

/// A hundred roles of a thousand members each, out of ten thousand, the principal in those given.
fn world(policies: Policies, holds: impl Fn(usize) -> bool) -> World {
    let principals = Principals::new();
    let intern = |n: usize| principals.intern(&format!("user.u{n}"));
    let mut ids: Vec<PrincipalId> = (0..5000).map(intern).collect();
    let jane = principals.intern(PRINCIPAL);
    ids.extend((5000..10_000).map(intern));
    let roles = (0..ROLES)
        .map(|role| {
            // 7919 shares no factor with the number of names: a thousand different ones
            let some = (0..1000).filter_map(|n| ids.get((role * 104_729 + n * 7919) % ids.len()));
            let members = some.copied().chain(holds(role).then_some(jane)).map(Member::of).collect();
            (format!("r{role}"), Members::from_sorted(members, &principals))
        })
        .collect();
    World { principals, policies, roles }
}

fn ask<'a>(world: &'a World, resource: &str) -> Decision<'a> {
    let question = Question {
        subject: Subject::Principal(PRINCIPAL),
        action: "read",
        resource,
        trust_domain: None,
        now: Timestamp::EPOCH,
    };
    check(world, world, &question, &Semantics::ours())
}

fn shape(name: &str) -> Shape {
    SHAPES.iter().find(|(own, _)| *own == name).unwrap().1
}

fn names() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|(name, _)| *name)
}

/// Numbers spread over all assertions, and as many that no assertion has.
fn questions(question: fn(usize) -> String) -> Vec<String> {
    (0..1024).map(|n| question(n * 7919 % (2 * ASSERTIONS))).collect()
}

fn in_turn<'q>(questions: &'q [String]) -> impl FnMut() -> &'q str {
    let mut at = 0;
    move || {
        at = (at + 1) % questions.len();
        &questions[at]
    }
}

#[divan::bench(args = names(), sample_size = 1000)]
fn check_one_of_10_000(bencher: Bencher<'_, '_>, name: &str) {
    let (pattern, question) = shape(name);
    let world = world(policies((0..ASSERTIONS).map(pattern)), |_| true);
    let questions = questions(question);
    let mut next = in_turn(&questions);
    bencher.bench_local(|| ask(&world, black_box(next())).is_allowed());
}

#[divan::bench(args = names(), sample_size = 1000)]
fn with_roles_one_of_10_000(bencher: Bencher<'_, '_>, name: &str) {
    let (pattern, question) = shape(name);
    let policies = policies((0..ASSERTIONS).map(pattern));
    let questions = questions(question);
    let mut next = in_turn(&questions);
    let roles = ["r1", "r2", "r3", "r4", "r5"];
    bencher.bench_local(|| {
        decide_with_roles(&policies, "dom", &roles, "read", black_box(next()), &Semantics::ours())
            .is_allowed()
    });
}

#[divan::bench(sample_size = 1000)]
fn check_one_of_50_000_of_all_shapes(bencher: Bencher<'_, '_>) {
    let all = (0..ASSERTIONS).flat_map(|n| SHAPES.map(|(_, (pattern, _))| pattern(n)));
    let world = world(policies(all), |_| true);
    let questions: Vec<_> = SHAPES.iter().flat_map(|(_, (_, question))| questions(*question)).collect();
    let mut next = in_turn(&questions);
    bencher.bench_local(|| ask(&world, black_box(next())).is_allowed());
}

const MATCHED: &str = "dom:alpha.beta.gamma.delta.epsilon.zeta";

/// 100 different patterns that match one resource, each for another role, among 10,000 that do not.
fn hundred_matching() -> Policies {
    let parts = (5..MATCHED.len()).flat_map(|end| (4..end).map(move |start| &MATCHED[start..end]));
    let matching = parts.filter(|part| part.len() > 3).take(ROLES).map(|part| format!("dom:*{part}*"));
    policies(matching.chain((0..ASSERTIONS).map(SHAPES[1].1.0)))
}

/// None of the roles has the principal, so all of them are looked at.
#[divan::bench(sample_size = 10)]
fn check_100_matching(bencher: Bencher<'_, '_>) {
    let world = world(hundred_matching(), |_| false);
    bencher.bench_local(|| ask(&world, black_box(MATCHED)).is_allowed());
}

#[divan::bench(sample_size = 10)]
fn with_roles_100_matching(bencher: Bencher<'_, '_>) {
    let policies = hundred_matching();
    let roles = ["r99", "r1", "r2", "r3", "r4"];
    bencher.bench_local(|| {
        decide_with_roles(&policies, "dom", &roles, "read", black_box(MATCHED), &Semantics::ours())
            .is_allowed()
    });
}

#[divan::bench(sample_size = 10)]
fn roles_of_100(bencher: Bencher<'_, '_>) {
    let world = world(Policies::empty(), |role| role % 2 == 0);
    bencher.bench_local(|| {
        roles_of(&world, &world, PRINCIPAL, Wanted::All, Timestamp::EPOCH, &Semantics::ours()).len()
    });
}

#[divan::bench(args = names())]
fn compile_10_000(bencher: Bencher<'_, '_>, name: &str) {
    let resources: Vec<_> = (0..ASSERTIONS).map(shape(name).0).collect();
    let assertions: Vec<_> = resources
        .iter()
        .map(|resource| Assertion {
            policy: "p",
            id: 0,
            role: "dom:role.r",
            action: "read",
            resource,
            effect: Effect::Allow,
            conditional: false,
        })
        .collect();
    bencher.bench_local(|| Policies::compile(assertions.iter().copied()).len());
}

/// Name, and pattern with text.
type Hostile = (&'static str, fn() -> (String, String));

const HOSTILE: [Hostile; 4] = [
    ("64_stars", || (format!("{}*b*", "*a".repeat(64)), "a".repeat(4096))),
    ("long_literal", || (format!("*{}b{}*", "a".repeat(1000), "a".repeat(1000)), "a".repeat(4096))),
    ("64_stars_masked", || (format!("{}*b?*", "*a?a".repeat(64)), "a".repeat(4096))),
    ("long_masked", || (format!("*{}b{}*", "a?".repeat(500), "a".repeat(1000)), "a".repeat(4096))),
];

#[divan::bench(args = HOSTILE.map(|(name, _)| name))]
fn hostile(bencher: Bencher<'_, '_>, name: &str) {
    let (pattern, text) = HOSTILE.iter().find(|(own, _)| *own == name).unwrap().1();
    let glob = Glob::new(&pattern);
    bencher.bench_local(|| glob.matches(black_box(&text)));
}

#[divan::bench]
fn put_into_a_role_of_1_000_000(bencher: Bencher<'_, '_>) {
    let principals = Principals::new();
    let ids: Vec<PrincipalId> = (0..1_000_000).map(|n| principals.intern(&format!("user.u{n}"))).collect();
    let mut current =
        Members::from_sorted(ids.iter().step_by(2).copied().map(Member::of).collect(), &principals);
    for id in ids.iter().skip(1).step_by(2) {
        current.insert(Member::of(*id), &principals);
    }
    let mut at = 0;
    bencher.bench_local(|| {
        at = (at + 7919) % ids.len();
        // a snapshot is held by readers while the next is made
        let mut next = current.clone();
        next.insert(Member { active: false, ..Member::of(ids[at]) }, &principals);
        std::mem::replace(&mut current, next)
    });
}
