//! The golden vectors of the Java ZPE: policies of domain `angler`, decided for roles of a token.

use athenz_policy::{Effect, Outcome, Policies, Semantics, decide_with_roles};

use crate::world::{PlainAssertion, compile};

fn angler() -> Policies {
    let mut assertions = Vec::new();
    let mut add = |effect, role: &str, action: &str, resources: &[&str]| {
        for resource in resources {
            let (role, resource) = (format!("angler:role.{role}"), format!("angler:{resource}"));
            assertions.push(PlainAssertion::new(effect, &role, action, &resource));
        }
    };
    let waters = ["ponds*", "rivers*"];
    add(Effect::Allow, "admin", "*", &["*"]);
    add(Effect::Allow, "public", "read", &["stuff"]);
    add(Effect::Allow, "public", "write", &["stuff"]);
    add(Effect::Deny, "public", "throw", &["stuff"]);
    add(Effect::Deny, "public", "ThroW2", &["StUFf2"]);
    add(Effect::Deny, "public", "fish", &["spawningpond*"]);
    add(Effect::Allow, "public", "fish", &["stockedpond*"]);
    add(Effect::Allow, "pachinko", "access", &["tables.blah"]);
    add(Effect::Allow, "pachinko", "AccEss2", &["TableS.BlaH2"]);
    add(Effect::Allow, "director", "direct", &waters);
    add(Effect::Allow, "foreman", "oversee", &waters);
    add(Effect::Allow, "manager*", "manage", &waters);
    add(Effect::Deny, "managerkern*", "manage", &["pondsventura*"]);
    add(Effect::Deny, "managerventura*", "manage", &["riverskern*"]);
    add(Effect::Allow, "matchall", "all", &["*"]);
    add(Effect::Allow, "matchstarts", "startswith", &["startswith*"]);
    add(Effect::Allow, "matchcompare", "compare", &["compare"]);
    add(Effect::Allow, "matchregex", "regex", &["nhl*kings"]);
    add(Effect::Allow, "full_regex", "full_regex", &["?ore(tech|commit)", "?ore[a-c]", "?ore[def]"]);
    compile(&assertions)
}

#[test]
fn the_golden_vectors_hold() {
    let policies = angler();
    let (allowed, denied, none) = (Outcome::Allowed, Outcome::Denied, Outcome::NoMatch);
    for (role, action, resource, outcome, matched) in [
        ("public", "REad", "ANGler:stuff", allowed, "public"),
        ("public", "WRiteREad", "angler:stuff", none, ""),
        ("public", "THrow", "angler:stuff", denied, "public"),
        ("public", "throw2", "angler:stuff2", denied, "public"),
        ("admin", "THrow", "angler:stuff", allowed, "admin"),
        ("public", "fish", "angler:spawningpondX", denied, "public"),
        ("public", "fish", "angler:stockedpondBigBassLake", allowed, "public"),
        ("pachinko", "access", "angler:tables.blah", allowed, "pachinko"),
        ("pachinko", "access2", "angler:tables.blah2", allowed, "pachinko"),
        ("pachinko", "access", "angler:tables.blahblah", none, ""),
        ("director", "direct", "angler:pondsVentura", allowed, "director"),
        ("foreman", "direct", "angler:pondsVentura", none, ""),
        ("managerkernco", "manage", "angler:pondsVenturaCounty", denied, "managerkern*"),
        ("managerkernco", "manage", "angler:pondsKernCounty", allowed, "manager*"),
        ("managerkernco", "manage", "angler:RiversKernCounty", allowed, "manager*"),
        ("managerventuraco", "manage", "angler:RiversKernCounty", denied, "managerventura*"),
        ("managerventuraco", "manage", "angler:RiversVenturaCounty", allowed, "manager*"),
        ("matchall", "all", "angler:", allowed, "matchall"),
        ("matchall", "all", "angler:anything:at all", allowed, "matchall"),
        ("matchstarts", "startswith", "angler:startswith", allowed, "matchstarts"),
        ("matchcompare", "compare", "angler:compare", allowed, "matchcompare"),
        ("matchcompare", "compare", "angler:compared", none, ""),
        ("matchregex", "regex", "angler:nhllosangeleskings", allowed, "matchregex"),
        ("full_regex", "full_regex", "angler:coretech", none, ""),
        ("full_regex", "full_regex", "angler:corecommit", none, ""),
        ("full_regex", "full_regex", "angler:corea", none, ""),
        ("full_regex", "full_regex", "angler:cored", none, ""),
        ("full_regex", "full_regex", "angler:core[def]", allowed, "full_regex"),
        ("Public", "read", "angler:stuff", none, ""),
    ] {
        let (action, resource) = (action.to_ascii_lowercase(), resource.to_ascii_lowercase());
        for semantics in [Semantics::athenz(), Semantics::ours()] {
            let decision = decide_with_roles(&policies, "angler", &[role], &action, &resource, &semantics);
            assert_eq!(decision.outcome, outcome, "{role} {action} {resource}");
            let role = decision.by.map_or("", |grounds| grounds.assertion_role);
            assert_eq!(role.strip_prefix("angler:role.").unwrap_or(role), matched, "{action} {resource}");
        }
    }
}

#[test]
fn roles_of_another_domain_never_match() {
    let policies =
        compile(&[PlainAssertion::new(Effect::Allow, "coretech:role.public", "read", "angler:stuff")]);
    let decision =
        decide_with_roles(&policies, "angler", &["public"], "read", "angler:stuff", &Semantics::ours());
    assert_eq!(decision.outcome, Outcome::NoMatch);
}

#[test]
fn a_deny_of_one_role_beats_the_allow_of_another() {
    let policies = angler();
    for roles in [["admin", "public"], ["public", "admin"]] {
        let decision =
            decide_with_roles(&policies, "angler", &roles, "throw", "angler:stuff", &Semantics::ours());
        assert_eq!(decision.outcome, Outcome::Denied);
    }
}
