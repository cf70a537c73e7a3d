//! The worked examples of the specification, and the faults of the reference that we do not share.

use athenz_model::Timestamp;
use athenz_policy::{Effect, Outcome, Question, Semantics, Subject, Wanted, check, roles_of};

use crate::world::{Entry, PlainAssertion, PlainDomain, PlainRole, PlainWorld, World};

const NOW: Timestamp = Timestamp::from_seconds(1000);

fn expired(name: &str) -> Entry {
    Entry { expiration: Some(999_000), ..Entry::of(name) }
}

fn disabled(name: &str) -> Entry {
    Entry { disabled: 4, ..Entry::of(name) }
}

fn members(entries: impl IntoIterator<Item = Entry>) -> PlainRole {
    PlainRole { entries: entries.into_iter().collect(), trust: None }
}

fn people<const N: usize>(names: [&str; N]) -> PlainRole {
    members(names.map(Entry::of))
}

fn trusting(domain: &str) -> PlainRole {
    PlainRole { entries: Vec::new(), trust: Some(domain.into()) }
}

fn allow(role: &str, action: &str, resource: &str) -> PlainAssertion {
    PlainAssertion::new(Effect::Allow, role, action, resource)
}

fn deny(role: &str, action: &str, resource: &str) -> PlainAssertion {
    PlainAssertion::new(Effect::Deny, role, action, resource)
}

fn domain<const R: usize, const A: usize>(
    roles: [(&str, PlainRole); R],
    assertions: [PlainAssertion; A],
) -> PlainDomain {
    let roles = roles.into_iter().map(|(name, role)| (name.to_owned(), role)).collect();
    PlainDomain { roles, assertions: assertions.into(), ..PlainDomain::default() }
}

fn world<const N: usize>(domains: [(&str, PlainDomain); N]) -> PlainWorld {
    let domains = domains.into_iter().map(|(name, domain)| (name.to_owned(), domain)).collect();
    PlainWorld { names: Vec::new(), domains }
}

fn sports() -> PlainWorld {
    let sports = domain(
        [
            ("readers", people(["user.jane", "sports.api", "media:group.eds"])),
            ("ops", trusting("infra")),
            ("staff", people(["user.*"])),
            ("all", people(["*"])),
        ],
        [
            allow("sports:role.readers", "read", "sports:article.*"),
            deny("sports:role.readers", "read", "sports:article.secret"),
            allow("sports:role.ops", "*", "sports:host.*"),
            allow("sports:role.staff", "enter", "sports:house"),
            allow("sports:role.all", "see", "sports:gate"),
            allow("sports:role.readers", "re?d", "sports:odd"),
        ],
    );
    let infra = domain(
        [("sre", members([Entry::of("user.bob"), expired("user.eve")]))],
        [allow("infra:role.sre", "assume_role", "sports:role.ops")],
    );
    let mut media = PlainDomain::default();
    media.groups.insert("eds".into(), vec![Entry::of("user.ed"), expired("user.old")]);
    world([("sports", sports), ("infra", infra), ("media", media)])
}

fn ask(plain: &PlainWorld, question: &str, trust_domain: Option<&str>, semantics: &Semantics) -> Outcome {
    let world = World::of(plain);
    let words: Vec<&str> = question.split(' ').collect();
    let [principal, action, resource] = words[..] else { panic!("{question}") };
    let owner = match trust_domain {
        Some(trust) if action == "assume_role" => trust,
        _ => resource.split_once(':').unwrap().0,
    };
    let subject = Subject::Principal(principal);
    let question = Question { subject, action, resource, trust_domain, now: NOW };
    check(&world, world.get(owner), &question, semantics).outcome
}

#[test]
fn the_worked_examples_hold() {
    let world = sports();
    for (question, trust_domain, outcome) in [
        ("user.jane read sports:article.1", None, Outcome::Allowed),
        ("sports.api read sports:article.1", None, Outcome::Allowed),
        ("user.jane read sports:article.secret", None, Outcome::Denied),
        ("user.jane write sports:article.1", None, Outcome::NoMatch),
        ("user.ed read sports:article.1", None, Outcome::Allowed),
        ("user.old read sports:article.1", None, Outcome::NoMatch),
        ("media:group.eds read sports:article.1", None, Outcome::NoMatch),
        ("user.bob reboot sports:host.h1", None, Outcome::Allowed),
        ("user.bob reboot sports:host.h1", Some("infra"), Outcome::Allowed),
        ("user.bob reboot sports:host.h1", Some("other"), Outcome::NoMatch),
        ("user.eve reboot sports:host.h1", None, Outcome::NoMatch),
        ("user.bob assume_role sports:role.ops", Some("infra"), Outcome::Allowed),
        ("user.jane assume_role sports:role.ops", Some("infra"), Outcome::NoMatch),
        ("user.bob assume_role sports:role.ops", None, Outcome::NoMatch),
        ("user.jane.svc enter sports:house", None, Outcome::Allowed),
        ("sports.api enter sports:house", None, Outcome::NoMatch),
        ("rubbish see sports:gate", None, Outcome::Allowed),
        ("* see sports:gate", None, Outcome::Allowed),
        ("user.jane read sports:odd", None, Outcome::Allowed),
        ("user.jane rewind sports:odd", None, Outcome::NoMatch),
    ] {
        for semantics in [Semantics::ours(), Semantics::athenz()] {
            let decided = ask(&world, question, trust_domain, &semantics);
            assert_eq!(decided, outcome, "{question} {trust_domain:?} {semantics:?}");
        }
    }
}

/// Each departure: a world, a question, our answer and that of the reference.
#[test]
fn departures_from_the_reference() {
    let with = |role: PlainRole| world([("d", domain([("r", role)], [allow("d:role.r", "read", "d:x")]))]);
    let mut grouped = with(members([disabled("user.jane"), Entry::of("d:group.g")]));
    grouped.domains.get_mut("d").unwrap().groups.insert("g".into(), vec![Entry::of("user.jane")]);
    let mut disabled_domain = sports();
    for name in ["infra", "media"] {
        disabled_domain.domains.get_mut(name).unwrap().disabled = true;
    }
    let mut suspended_group = sports();
    suspended_group.domains.get_mut("sports").unwrap().roles.get_mut("readers").unwrap().entries[2]
        .disabled = 4;
    let mut denied = sports();
    denied.domains.get_mut("infra").unwrap().assertions[0].effect = Effect::Deny;
    let mut conditional = with(people(["user.jane"]));
    conditional.domains.get_mut("d").unwrap().assertions[0].conditional = true;
    let any_line = world([("d", domain([("r", people(["user.jane"]))], [allow("d:role.r", "read", "d:*")]))]);
    for (about, world, question, ours, athenz) in [
        (
            "an expired entry hides nothing",
            with(members([expired("user.jane"), Entry::of("user.*")])),
            "user.jane read d:x",
            true,
            false,
        ),
        (
            "suspension counts against wildcards",
            with(members([Entry::of("user.*"), disabled("user.jane")])),
            "user.jane read d:x",
            false,
            true,
        ),
        ("suspension counts against groups", grouped, "user.jane read d:x", false, true),
        (
            "groups of a disabled domain are empty",
            disabled_domain.clone(),
            "user.ed read sports:article.1",
            false,
            true,
        ),
        (
            "a disabled domain does not delegate",
            disabled_domain,
            "user.bob reboot sports:host.h1",
            false,
            true,
        ),
        ("a suspended group does not count", suspended_group, "user.ed read sports:article.1", false, true),
        ("a DENY does not delegate", denied, "user.bob reboot sports:host.h1", false, true),
        ("conditions are not passed over", conditional, "user.jane read d:x", false, true),
        ("a star crosses line ends", any_line, "user.jane read d:x\ny", true, false),
    ] {
        let allowed = |semantics: &Semantics| ask(&world, question, None, semantics) == Outcome::Allowed;
        assert_eq!((allowed(&Semantics::ours()), allowed(&Semantics::athenz())), (ours, athenz), "{about}");
    }
}

#[test]
fn a_conditional_deny_denies() {
    let mut plain = sports();
    plain.domains.get_mut("sports").unwrap().assertions[1].conditional = true;
    for semantics in [Semantics::ours(), Semantics::athenz()] {
        assert_eq!(ask(&plain, "user.jane read sports:article.secret", None, &semantics), Outcome::Denied);
    }
}

#[test]
fn tokens_carry_exactly_the_roles_asked_for() {
    let roles = [("readers", people(["user.b"])), ("co-readers", people(["user.a"]))];
    let plain = world([("d", domain(roles, []))]);
    let world = World::of(&plain);
    let held = |principal: &str, names: &[&str], semantics: &Semantics| -> Vec<String> {
        let held = roles_of(&world, world.get("d"), principal, Wanted::Names(names), NOW, semantics);
        held.iter().map(|held| held.role.to_owned()).collect()
    };
    let (ours, athenz) = (Semantics::ours(), Semantics::athenz());
    assert_eq!(held("user.a", &["readers"], &ours), [""; 0]);
    assert_eq!(held("user.a", &["readers"], &athenz), ["co-readers"]);
    assert_eq!(held("user.a", &["aders"], &ours), [""; 0]);
    assert_eq!(held("user.a", &["co-readers", "readers", "co-readers"], &ours), ["co-readers"]);
}

#[test]
fn a_role_lasts_as_long_as_its_best_grant() {
    let until = |name: &str, seconds: i64| Entry { expiration: Some(seconds * 1000), ..Entry::of(name) };
    let roles = [("r", members([until("user.a", 1100), until("user.*", 1200), until("g:group.g", 1500)]))];
    let mut groups = PlainDomain::default();
    groups.groups.insert("g".into(), vec![until("user.a", 1300), Entry::of("user.b")]);
    let plain = world([("d", domain(roles, [])), ("g", groups)]);
    let world = World::of(&plain);
    for (principal, end) in [("user.a", 1300), ("user.b", 1500), ("user.c", 1200)] {
        let held = roles_of(&world, world.get("d"), principal, Wanted::All, NOW, &Semantics::ours());
        assert_eq!(held[0].until, Some(Timestamp::from_seconds(end)), "{principal}");
    }
    let held = roles_of(&world, world.get("d"), "user.b", Wanted::All, NOW, &Semantics::ours());
    assert_eq!(Some(held[0].through.entry), world.id("g:group.g"));
    assert_eq!(held[0].through.group_entry, world.id("user.b"));
}

#[test]
fn an_answer_names_its_reason() {
    let plain = sports();
    let world = World::of(&plain);
    let ask = |principal, action, resource| {
        let subject = Subject::Principal(principal);
        let question = Question { subject, action, resource, trust_domain: None, now: NOW };
        check(&world, world.get("sports"), &question, &Semantics::ours())
    };
    let delegated = ask("user.bob", "reboot", "sports:host.h1").by.unwrap();
    assert_eq!((delegated.assertion, delegated.assertion_role), (2, "sports:role.ops"));
    assert_eq!((delegated.policy, delegated.role), ("policy", Some("ops")));
    let trusted = delegated.grant.unwrap().trusted.unwrap();
    assert_eq!((trusted.domain, trusted.role), ("infra", "sre"));
    let denied = ask("user.ed", "read", "sports:article.secret");
    assert_eq!((denied.outcome, denied.by.unwrap().assertion), (Outcome::Denied, 1));
    assert_eq!(denied.by.unwrap().grant.unwrap().group_entry, world.id("user.ed"));
    assert_eq!(ask("user.ed", "write", "sports:article.secret").by, None);
}

#[test]
fn a_membership_ends_with_its_second() {
    let roles = || members([Entry { expiration: Some(1_000_250), ..Entry::of("user.a") }]);
    let plain = world([("d", domain([("r", roles())], [allow("d:role.r", "read", "d:x")]))]);
    let world = World::of(&plain);
    for (now, allowed) in [(1_000_000, true), (1_000_999, true), (1_001_000, false)] {
        let question = Question {
            subject: Subject::Principal("user.a"),
            action: "read",
            resource: "d:x",
            trust_domain: None,
            now: Timestamp::from_millis(now),
        };
        let decision = check(&world, world.get("d"), &question, &Semantics::ours());
        assert_eq!(decision.is_allowed(), allowed, "{now}");
    }
}

#[test]
fn a_disabled_domain_grants_nothing() {
    let mut plain = sports();
    plain.domains.get_mut("sports").unwrap().disabled = true;
    let asked = ask(&plain, "user.jane read sports:article.1", None, &Semantics::ours());
    assert_eq!(asked, Outcome::DomainDisabled);
    let world = World::of(&plain);
    let held = roles_of(&world, world.get("sports"), "user.jane", Wanted::All, NOW, &Semantics::ours());
    assert_eq!(held, []);
}
