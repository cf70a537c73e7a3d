//! Names that look like others, numbers of somebody else's objects: each names what it names and
//! nothing beside it.

use std::collections::BTreeSet;

use athenz_testkit::{Caller, Shape, StoreKind, TestWorld, WorldSettings};
use serde_json::{Value, json};

use crate::sports::{self, state};

#[tokio::test]
async fn letters_that_fold_into_ascii_elsewhere_are_no_letters_of_names() {
    let world = sports::world().await;
    let before = state(&world).await;
    let jane = world.user("jane");
    for name in [
        "user.\u{212a}ate", // the Kelvin sign, which is a k in lower case
        "user.j\u{131}m",   // i without a dot
        "user.J\u{130}m",   // I with one
        "user.stra\u{df}e", // sharp s, two letters in upper case
        "user.\u{ff42}ob",  // full width
        "user.bo\u{301}b",  // a combining accent
        "user.b\u{f3}b",    // the same as one letter
        "user.b\u{200d}ob", // an invisible joiner
        "user.\u{202e}bob", // right to left
        "user.bob\u{0}",
        "user.bob ",
    ] {
        for (path, body) in [
            ("role/writers", json!({"name": "writers", "roleMembers": [{"memberName": name}]})),
            ("group/team", json!({"name": "team", "groupMembers": [{"memberName": name}]})),
            ("role/readers/member/user.bob", json!({"memberName": name})),
        ] {
            jane.put(&format!("/zms/v1/domain/sports/{path}"), &body).await.refused(400);
        }
        let domain = json!({"name": "later", "adminUsers": [name]});
        world.admin().post("/zms/v1/domain", &domain).await.refused(400);
    }
    assert_eq!(state(&world).await, before);
}

/// Pieces of a path and of a query value, most of them odd.
const PIECES: [&str; 16] = [
    "score",
    "SCORE",
    "%73core",
    "sc%4Fre",
    "score.",
    "score%2E",
    ".",
    "%2e%2e",
    "score%20",
    "score%00",
    "sc%252Fore",
    "%E2%84%AA",
    "sc%C4%B1re",
    "*",
    "%3F",
    "score%2Fx",
];

#[tokio::test]
async fn both_forms_of_an_access_question_decide_alike() {
    let world = sports::world().await;
    let bob = world.user("bob");
    let mut compared = 0;
    for one in PIECES {
        for other in std::iter::once("").chain(PIECES) {
            let resource = format!("sports:{one}{other}");
            let path = bob.get(&format!("/zms/v1/access/read/{resource}")).await;
            let query = bob.get(&format!("/zms/v1/access/read?resource={resource}")).await;
            if path.status == 200 {
                assert_eq!((path.status, &path.json), (query.status, &query.json), "{resource}");
                compared += 1;
            }
        }
    }
    assert!(compared > 10, "some are resources in both forms: {compared}");
    let granted = bob.get("/zms/v1/access/read/sports:%73CORE").await.expect(200);
    assert_eq!(granted.json, json!({"granted": true}), "the granted one among them");
}

/// Resources and tag values that a collation takes for the same.
async fn kept_apart(store: StoreKind) {
    let shape = Shape { store, ..sports::SIMPLEST };
    let world = TestWorld::start_with(WorldSettings::new(shape)).await;
    sports::furnish(&world).await;
    let texts = ["a_b", "axb", "a_b ", "\u{e4}_b", "a\u{308}_b", "a_b\u{200d}", "a%b"];
    let assertion = |text: &str| json!({"role": "sports:role.readers", "action": "read", "resource": format!("sports:{text}")});
    let all: Vec<Value> = texts.iter().map(|text| assertion(text)).collect();
    let jane = world.user("jane");
    let policy = "/zms/v1/domain/sports/policy/alike";
    jane.put(policy, &json!({"name": "alike", "assertions": all})).await.expect(204);
    let held = jane.get(policy).await.expect(200).json;
    let resources: BTreeSet<&str> =
        held["assertions"].as_array().unwrap().iter().filter_map(|a| a["resource"].as_str()).collect();
    let wanted: Vec<String> = texts.iter().map(|text| format!("sports:{text}")).collect();
    assert_eq!(resources, wanted.iter().map(String::as_str).collect(), "{store:?}");
    let names = ["a_b", "axb", "a-b"];
    for name in names {
        let body = json!({"name": name, "roleMembers": [{"memberName": format!("user.{name}")}]});
        jane.put(&format!("/zms/v1/domain/sports/role/{name}"), &body).await.expect(204);
    }
    for name in names {
        let role =
            jane.get(&format!("/zms/v1/domain/sports/role/{}", name.to_uppercase())).await.expect(200).json;
        assert_eq!(
            role["roleMembers"][0]["memberName"],
            format!("user.{name}"),
            "{store:?}: capitals are the same"
        );
    }
}

#[tokio::test]
async fn alike_is_not_the_same_in_sqlite() {
    kept_apart(StoreKind::Sqlite).await;
}

#[tokio::test]
async fn alike_is_not_the_same_in_postgres() {
    kept_apart(StoreKind::Postgres).await;
}

#[tokio::test]
async fn no_name_is_a_pattern() {
    let world = sports::world().await;
    let before = state(&world).await;
    let jane = world.user("jane");
    for (star, encoded) in [("*", "*"), ("?", "%3F"), ("r*", "r*"), ("re?ders", "re%3Fders"), ("*.x", "*.x")]
    {
        for (path, body) in [
            ("role", json!({"name": star})),
            ("group", json!({"name": star})),
            ("policy", json!({"name": star, "assertions": []})),
            ("service", json!({"name": format!("sports.{star}")})),
            ("entity", json!({"name": format!("sports:entity.{star}"), "value": {}})),
        ] {
            let reply = jane.put(&format!("/zms/v1/domain/sports/{path}/{encoded}"), &body).await;
            assert!([400, 404].contains(&reply.status), "{path} {star}: {} {}", reply.status, reply.json);
        }
        let domain = json!({"name": star, "adminUsers": ["user.jane"]});
        world.admin().post("/zms/v1/domain", &domain).await.refused(400);
        let below = json!({"name": star, "parent": "sports", "adminUsers": ["user.jane"]});
        jane.post("/zms/v1/subdomain/sports", &below).await.refused(400);
    }
    assert_eq!(state(&world).await, before);
}

/// An assertion with a condition in another domain, another policy and another version.
async fn foreign_numbers(world: &TestWorld) -> Vec<(&'static str, Value)> {
    let news = json!({"name": "news", "adminUsers": ["user.jane"]});
    world.admin().post("/zms/v1/domain", &news).await.expect(200);
    let jane = world.user("jane");
    let mut found = Vec::new();
    for (of, domain, policy) in
        [("of another domain", "news", "writing"), ("of another policy", "sports", "writing")]
    {
        let condition = json!({"conditionsMap": {"instances": {"operator": "EQUALS", "value": "h1"}}});
        let assertion = json!({"role": format!("{domain}:role.r"), "action": "read", "resource": format!("{domain}:x"),
            "conditions": {"conditionsList": [condition]}});
        let path = format!("/zms/v1/domain/{domain}/policy/{policy}");
        jane.put(&path, &json!({"name": policy, "assertions": [assertion]})).await.expect(204);
        found.push((of, jane.get(&path).await.expect(200).json["assertions"][0]["id"].clone()));
    }
    found.push(("of nobody", json!(i64::MAX)));
    found.push(("of nobody", json!(-1)));
    found
}

/// Every call that takes the number of an assertion, with this one.
async fn with_number(jane: &Caller<'_>, policy: &str, id: &Value) -> Vec<athenz_testkit::Reply> {
    let condition = json!({"conditionsMap": {"instances": {"operator": "EQUALS", "value": "h2"}}});
    let list = json!({"conditionsList": [condition]});
    let at = format!("{policy}/assertion/{id}");
    vec![
        jane.get(&at).await,
        jane.delete(&at).await,
        jane.put(&format!("{at}/conditions"), &list).await,
        jane.put(&format!("{at}/condition"), &condition).await,
        jane.delete(&format!("{at}/conditions")).await,
        jane.delete(&format!("{at}/condition/1")).await,
        jane.delete(&format!("{policy}/version/0/assertion/{id}")).await,
    ]
}

#[tokio::test]
async fn a_number_counts_only_where_it_belongs() {
    let world = sports::world().await;
    let foreign = foreign_numbers(&world).await;
    let jane = world.user("jane");
    let before = state(&world).await;
    for (of, id) in &foreign {
        for reply in with_number(&jane, "/zms/v1/domain/sports/policy/reading", id).await {
            assert_eq!(reply.status, 404, "{of}: {}: {}", reply.request, reply.json);
        }
    }
    assert_eq!(state(&world).await, before, "and nothing changed");
}

#[tokio::test]
async fn a_number_of_one_version_is_none_of_another() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let policy = "/zms/v1/domain/sports/policy/reading";
    jane.put(&format!("{policy}/version/create"), &json!({"version": "next"})).await.expect(204);
    let of = async |version: &str| {
        jane.get(&format!("{policy}/version/{version}")).await.expect(200).json["assertions"][0]["id"].clone()
    };
    let (active, next) = (of("0").await, of("next").await);
    let before = state(&world).await;
    for path in [
        format!("{policy}/assertion/{next}"),
        format!("{policy}/version/0/assertion/{next}"),
        format!("{policy}/version/next/assertion/{active}"),
        format!("{policy}/version/none/assertion/{active}"),
    ] {
        jane.delete(&path).await.refused(404);
    }
    assert_eq!(state(&world).await, before);
}
