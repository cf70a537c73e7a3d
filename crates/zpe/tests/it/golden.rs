//! The decisions of Athenz's own library, restated as a table, with both kinds of token.

use athenz_zpe::core::{Credential, DistinguishedName, Question, RoleCertificate};
use athenz_zpe::sources::TrustedKeys;
use athenz_zpe::{Engine, EngineOptions, Status};

use crate::signing::{Row, Zts};

const ANGLER: &[Row] = &[
    ("admin", "*", "*", "ALLOW"),
    ("public", "read", "stuff", "ALLOW"),
    ("public", "write", "stuff", "ALLOW"),
    ("public", "throw", "stuff", "DENY"),
    ("public", "ThroW2", "StUFf2", "DENY"),
    ("public", "fish", "spawningpond*", "DENY"),
    ("public", "fish", "stockedpond*", "ALLOW"),
    ("pachinko", "access", "tables.blah", "ALLOW"),
    ("pachinko", "AccEss2", "TableS.BlaH2", "ALLOW"),
    ("director", "direct", "ponds*", "ALLOW"),
    ("director", "direct", "rivers*", "ALLOW"),
    ("foreman", "oversee", "ponds*", "ALLOW"),
    ("foreman", "oversee", "rivers*", "ALLOW"),
    ("manager*", "manage", "ponds*", "ALLOW"),
    ("manager*", "manage", "rivers*", "ALLOW"),
    ("managerkern*", "manage", "pondsventura*", "DENY"),
    ("managerventura*", "manage", "riverskern*", "DENY"),
    ("matchall", "all", "*", "ALLOW"),
    ("matchstarts", "startswith", "startswith*", "ALLOW"),
    ("matchcompare", "compare", "compare", "ALLOW"),
    ("matchregex", "regex", "nhl*kings", "ALLOW"),
    ("full_regex", "full_regex", "?ore(tech|commit)", "ALLOW"),
    ("full_regex", "full_regex", "?ore[a-c]", "ALLOW"),
    ("full_regex", "full_regex", "?ore[def]", "ALLOW"),
];

const SPORTS: &[Row] = &[("fan", "watch", "*", "ALLOW")];

/// Token domain, role, action, resource, outcome, role reported.
type Case = (&'static str, &'static str, &'static str, &'static str, Status, Option<&'static str>);

const CASES: &[Case] = &[
    ("angler", "public", "REad", "ANGler:stuff", Status::Allow, Some("public")),
    ("angler", "public", "read", "stuff", Status::Allow, Some("public")),
    ("angler", "public", "read", "anglerTest:stuff", Status::DenyDomainMismatch, None),
    ("coretech", "any", "read", "CoreTech:stuff", Status::DenyDomainNotFound, None),
    ("empty", "any", "read", "empty:stuff", Status::DenyDomainEmpty, None),
    ("angler", "public", "WRiteREad", "angler:stuff", Status::DenyNoMatch, None),
    ("angler", "public", "write", "angler:stuff", Status::Allow, Some("public")),
    ("angler", "public", "THrow", "angler:stuff", Status::Deny, Some("public")),
    ("angler", "public", "throw2", "angler:stuff2", Status::Deny, Some("public")),
    ("angler", "admin", "THrow", "angler:stuff", Status::Allow, Some("admin")),
    ("angler", "admin", "anything", "angler:", Status::Allow, Some("admin")),
    ("angler", "public", "fish", "angler:spawningpondX", Status::Deny, Some("public")),
    ("angler", "public", "fish", "angler:stockedpondBigBassLake", Status::Allow, Some("public")),
    ("angler", "pachinko", "access", "angler:tables.blah", Status::Allow, Some("pachinko")),
    ("angler", "pachinko", "access2", "angler:tables.blah2", Status::Allow, Some("pachinko")),
    ("angler", "pachinko", "access", "angler:tables.blahblah", Status::DenyNoMatch, None),
    ("angler", "pachinko", "access", "angler:tablesxblah", Status::DenyNoMatch, None),
    ("angler", "director", "direct", "angler:pondsX", Status::Allow, Some("director")),
    ("angler", "managerkernco", "manage", "angler:pondsVenturaCounty", Status::Deny, Some("managerkern*")),
    ("angler", "managerkernco", "manage", "angler:pondsKernCounty", Status::Allow, Some("manager*")),
    ("angler", "managerkernco", "manage", "angler:RiversKernCounty", Status::Allow, Some("manager*")),
    (
        "angler",
        "managerventuraco",
        "manage",
        "angler:RiversKernCounty",
        Status::Deny,
        Some("managerventura*"),
    ),
    ("angler", "managerventuraco", "manage", "angler:RiversVenturaCounty", Status::Allow, Some("manager*")),
    ("angler", "matchall", "all", "angler:anything.at:all", Status::Allow, Some("matchall")),
    ("angler", "matchstarts", "startswith", "angler:startswithx", Status::Allow, Some("matchstarts")),
    ("angler", "matchstarts", "startswith", "angler:xstartswith", Status::DenyNoMatch, None),
    ("angler", "matchcompare", "compare", "angler:compare", Status::Allow, Some("matchcompare")),
    ("angler", "matchcompare", "compare", "angler:compareX", Status::DenyNoMatch, None),
    ("angler", "matchregex", "regex", "angler:nhllosangeleskings", Status::Allow, Some("matchregex")),
    ("angler", "matchregex", "regex", "angler:nhllosangeleskingsX", Status::DenyNoMatch, None),
    ("angler", "full_regex", "full_regex", "angler:coretech", Status::DenyNoMatch, None),
    ("angler", "full_regex", "full_regex", "angler:corecommit", Status::DenyNoMatch, None),
    ("angler", "full_regex", "full_regex", "angler:corea", Status::DenyNoMatch, None),
    ("angler", "full_regex", "full_regex", "angler:cored", Status::DenyNoMatch, None),
    ("angler", "full_regex", "full_regex", "angler:core[a-c]", Status::Allow, Some("full_regex")),
    ("angler", "Public", "read", "angler:stuff", Status::DenyNoMatch, None),
    ("sports", "fan", "watch", "sports:game", Status::Allow, Some("fan")),
    ("angler", "public", "", "angler:stuff", Status::DenyInvalidParameters, None),
    ("angler", "public", "read", "", Status::DenyInvalidParameters, None),
];

fn engine(zts: &Zts, options: EngineOptions) -> Engine<TrustedKeys> {
    zts.engine(&[("angler", ANGLER), ("sports", SPORTS), ("empty", &[])], options)
}

#[test]
fn decisions_of_both_kinds_of_token() {
    let zts = Zts::new();
    let engine = engine(&zts, EngineOptions::default());
    for (domain, role, action, resource, status, reported) in CASES {
        let tokens = [zts.access_token(domain, &[role]), zts.role_token(domain, &[role])];
        for token in tokens {
            let answer = engine.check(Credential::token(&token), Question { action, resource });
            let case = format!("{domain}/{role} {action} {resource}: {answer:?}");
            assert_eq!(answer.status, *status, "{case}");
            assert_eq!(answer.role.as_deref(), *reported, "{case}");
            assert_eq!(answer.principal.as_deref(), Some("shop.web"), "{case}");
        }
    }
}

#[test]
fn answers_say_which_assertion_decided() {
    let zts = Zts::new();
    let engine = engine(&zts, EngineOptions::default());
    let token = zts.access_token("angler", &["public"]);
    let question = Question { action: "read", resource: "angler:stuff" };
    let answer = engine.check(Credential::token(&format!("Bearer {token}")), question);
    assert_eq!((answer.policy.as_deref(), answer.assertion), (Some("angler:policy.all"), Some(2)));
}

#[test]
fn of_several_tokens_a_denial_stands() {
    let zts = Zts::new();
    let engine = engine(&zts, EngineOptions::default());
    let question = Question { action: "throw", resource: "angler:stuff" };
    let allowing = zts.access_token("angler", &["admin"]);
    let denying = zts.role_token("angler", &["public"]);
    let foreign = zts.access_token("coretech", &["any"]);
    let check = |tokens: &[&str]| {
        let credentials: Vec<_> = tokens.iter().map(|token| Credential::token(token)).collect();
        let answer = engine.check_any(&credentials, question);
        (answer.status, answer.role)
    };
    let denied = (Status::Deny, Some("public".to_owned()));
    assert_eq!(check(&[&allowing, &denying]), denied);
    assert_eq!(check(&[&denying, &allowing]), denied);
    assert_eq!(check(&[&foreign, "broken", &allowing]), (Status::Allow, Some("admin".to_owned())));
    assert_eq!(check(&["broken", &foreign]).0, Status::DenyDomainMismatch);
    assert_eq!(check(&[]).0, Status::DenyNoMatch);
}

#[test]
fn without_roles_or_domain_nothing_is_allowed() {
    let engine = engine(&Zts::new(), EngineOptions::default());
    let question = Question { action: "read", resource: "angler:stuff" };
    assert_eq!(engine.decide::<&str>("angler", &[], question).status, Status::DenyRoleTokenInvalid);
    assert_eq!(engine.decide("", &["admin"], question).status, Status::DenyRoleTokenInvalid);
    assert_eq!(engine.decide("angler", &["public", "admin"], question).status, Status::Allow);
}

#[test]
fn role_certificates() {
    const LISTED: &str = "C=US, ST=CA, O=Athenz, OU=Testing Domain, CN=angler:role.public";
    let issuers = [
        "nonsense",
        LISTED,
        "C=US, ST=CA, O=Athenz, OU=Testing Domain2, CN=angler:role.public",
        "C=US, ST=CA, O=Athenz, OU=Testing Domain, CN=angler.test:role.public",
    ];
    let options = EngineOptions {
        role_certificate_issuers: issuers.iter().filter_map(|text| DistinguishedName::parse(text)).collect(),
        ..EngineOptions::default()
    };
    let engine = engine(&Zts::new(), options);
    for (issuer, name, resource, status) in [
        (LISTED, "angler:role.public", "angler:stuff", Status::Allow),
        (LISTED, "angler:role.private", "angler:stuff", Status::DenyNoMatch),
        (LISTED, "angler:role", "angler:stuff", Status::DenyCertMissingRoleName),
        (LISTED, "angler", "angler:stuff", Status::DenyCertMissingRoleName),
        (LISTED, "angler:role.", "angler:stuff", Status::DenyCertMissingRoleName),
        (LISTED, "", "angler:stuff", Status::DenyCertMissingSubject),
        ("", "angler:role.public", "angler:stuff", Status::DenyCertMismatchIssuer),
        ("C=US, O=Other", "angler:role.public", "angler:stuff", Status::DenyCertMismatchIssuer),
        (LISTED, "angler.test:role.public", "angler.test:stuff", Status::DenyDomainNotFound),
        (LISTED, ":role.public", "angler:stuff", Status::DenyCertMissingDomain),
    ] {
        let certificate = RoleCertificate { issuer: issuer.to_owned(), common_name: Some(name.to_owned()) };
        let answer = engine.check_role_certificate(&certificate, Question { action: "read", resource });
        assert_eq!(answer.status, status, "{issuer} {name}");
    }
}
