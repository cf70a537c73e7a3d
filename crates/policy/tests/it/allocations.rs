//! Decisions allocate nothing.

use allocation_counter::measure;
use athenz_model::Timestamp;
use athenz_policy::{Effect, Outcome, Question, Semantics, Subject, check, decide_with_roles};

use crate::world::{Entry, PlainAssertion, PlainDomain, PlainRole, PlainWorld, World, compile};

/// A domain that uses everything: exact and pattern assertions, wildcards, groups, delegation.
fn plain() -> PlainWorld {
    let mut assertions = Vec::new();
    for n in 0..500 {
        let role = format!("d:role.r{}", n % 20);
        for resource in [
            format!("d:team{n}.*.b.*.read"),
            format!("d:*.svc{n}"),
            format!("d:*svc{n}x*"),
            format!("d:t?{n}*x?"),
        ] {
            assertions.push(PlainAssertion::new(Effect::Allow, &role, "read", &resource));
        }
        assertions.push(PlainAssertion::new(Effect::Deny, "d:role.r*", "drop", &format!("d:thing.{n}")));
    }
    assertions.push(PlainAssertion::new(Effect::Allow, "*:role.ops", "reboot", "d:host.*"));
    let entries = ["user.jane", "user.*", "g:group.g"].map(Entry::of).to_vec();
    let mut d = PlainDomain { assertions, ..PlainDomain::default() };
    for n in 0..20 {
        d.roles.insert(format!("r{n}"), PlainRole { entries: entries.clone(), trust: None });
    }
    d.roles.insert("ops".into(), PlainRole { entries: Vec::new(), trust: Some("g".into()) });
    let mut g = PlainDomain::default();
    g.groups.insert("g".into(), vec![Entry::of("other.service")]);
    g.roles.insert("sre".into(), PlainRole { entries: entries.clone(), trust: None });
    g.assertions.push(PlainAssertion::new(Effect::Allow, "g:role.s*", "assume_role", "d:role.o*"));
    PlainWorld { names: Vec::new(), domains: [("d".into(), d), ("g".into(), g)].into() }
}

#[test]
fn a_check_allocates_nothing() {
    let plain = plain();
    let world = World::of(&plain);
    let semantics = Semantics::ours();
    for (principal, action, resource, outcome) in [
        ("user.jane", "read", "d:team7.alpha.b.beta.read", Outcome::Allowed),
        ("user.jim", "read", "d:some.where.svc99", Outcome::Allowed),
        ("other.service", "read", "d:other.svc99x.thing", Outcome::Allowed),
        ("user.jane", "drop", "d:thing.13", Outcome::Denied),
        ("user.jane", "reboot", "d:host.1", Outcome::Allowed),
        ("un.known", "reboot", "d:host.1", Outcome::NoMatch),
        ("user.jane", "read", "d:to7yyxz", Outcome::Allowed),
        ("user.jane", "read", "d:nothing", Outcome::NoMatch),
    ] {
        let subject = Subject::Principal(principal);
        let question = Question { subject, action, resource, trust_domain: None, now: Timestamp::EPOCH };
        let ask = || {
            let decision = check(&world, world.get("d"), &question, &semantics);
            assert_eq!(decision.outcome, outcome, "{principal} {action} {resource}");
        };
        // what is made once for the process
        ask();
        assert_eq!(measure(ask).count_total, 0, "{principal} {action} {resource}");
    }
}

#[test]
fn a_decision_with_roles_allocates_nothing() {
    let policies = compile(&plain().domains["d"].assertions);
    let semantics = Semantics::ours();
    for (roles, action, resource, outcome) in [
        (&["r7"][..], "read", "d:team7.alpha.b.beta.read", Outcome::Allowed),
        (&["r1", "r2", "r19"], "read", "d:some.where.svc99", Outcome::Allowed),
        (&["r1"], "drop", "d:thing.13", Outcome::Denied),
        (&["ops"], "reboot", "d:host.1", Outcome::Allowed),
        (&["r1"], "read", "d:nothing", Outcome::NoMatch),
    ] {
        let ask = || {
            let decision = decide_with_roles(&policies, "d", roles, action, resource, &semantics);
            assert_eq!(decision.outcome, outcome, "{roles:?} {action} {resource}");
        };
        ask();
        assert_eq!(measure(ask).count_total, 0, "{roles:?} {action} {resource}");
    }
}
