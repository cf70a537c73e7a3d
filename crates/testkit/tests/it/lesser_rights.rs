//! A right to one thing is not a right to the next larger one; what is refused, and what is asked
//! for, stays so.

use athenz_conformance::Mint;
use athenz_testkit::{Caller, TestWorld};
use serde_json::{Value, json};

use crate::sports::{self, state};

const SPORTS: &str = "/zms/v1/domain/sports";

async fn granted(asks: &Caller<'_>, server: &str, question: &str) -> bool {
    asks.get(&format!("/{server}/v1/access/{question}")).await.expect(200).json["granted"] == true
}

/// A user whose certificate may tell who it is, and nothing more.
fn restricted<'a>(world: &'a TestWorld, name: &str) -> Caller<'a> {
    world.minted(&Mint {
        cn: format!("user.{name}"),
        ou: Some("servers:restricted".into()),
        san: String::new(),
    })
}

#[tokio::test]
async fn all_servers_fold_the_same_letters() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let assertion = |effect: &str, resource: &str| json!({"role": "sports:role.readers", "action": "see", "resource": resource, "effect": effect});
    let policy = json!({"name": "depots", "assertions": [assertion("ALLOW", "sports:*"), assertion("DENY", "sports:DÉPÔT")]});
    jane.put(&format!("{SPORTS}/policy/depots"), &policy).await.expect(204);
    world.settle().await;
    let bob = world.user("bob");
    for (resource, allowed) in [("DÉPÔT", false), ("dÉpÔt", false), ("dépôt", false), ("depot", true)] {
        let question = format!("see?resource=sports:{resource}");
        assert_eq!(granted(&bob, "zms", &question).await, allowed, "ZMS, {resource}");
        assert_eq!(granted(&bob, "zts", &question).await, allowed, "ZTS, {resource}");
    }
    // the Kelvin sign is a k in Unicode's lower case only
    jane.put(&format!("{SPORTS}/role/readers/member/user.jack"), &json!({"memberName": "user.jack"}))
        .await
        .expect(204);
    for (name, allowed) in [("user.jack", true), ("user.JACK", true), ("user.jac%E2%84%AA", false)] {
        let asked = jane.get(&format!("/zms/v1/access/read?resource=sports:score&principal={name}")).await;
        assert_eq!(asked.json["granted"] == true, allowed, "{name}: {}", asked.json);
    }
}

#[tokio::test]
async fn a_restricted_certificate_changes_nothing_even_about_itself() {
    let world = sports::world().await;
    let (jane, bob) = (world.user("jane"), world.user("bob"));
    jane.put(&format!("{SPORTS}/role/open"), &json!({"name": "open", "selfServe": true})).await.expect(204);
    bob.put(&format!("{SPORTS}/role/open/member/user.bob"), &json!({"memberName": "user.bob"}))
        .await
        .expect(204);
    let before = state(&world).await;
    let lesser = restricted(&world, "bob");
    lesser.delete(&format!("{SPORTS}/role/readers/member/user.bob")).await.refused(403);
    lesser.delete(&format!("{SPORTS}/group/team/member/user.bob")).await.refused(403);
    lesser.delete(&format!("{SPORTS}/role/open/pendingmember/user.bob")).await.refused(403);
    assert_eq!(state(&world).await, before);
    bob.delete(&format!("{SPORTS}/role/open/pendingmember/user.bob")).await.expect(204);
}

#[tokio::test]
async fn a_request_does_not_outlive_the_delegation_of_its_role() {
    let world = sports::world().await;
    let (jane, mallory) = (world.user("jane"), world.user("mallory"));
    let role = format!("{SPORTS}/role/open");
    jane.put(&role, &json!({"name": "open", "selfServe": true})).await.expect(204);
    let member = format!("{role}/member/user.mallory");
    mallory.put(&member, &json!({"memberName": "user.mallory"})).await.expect(204);
    jane.put(&role, &json!({"name": "open", "trust": "sys"})).await.expect(204);
    let before = state(&world).await;
    jane.put(&format!("{member}/decision"), &json!({"memberName": "user.mallory", "approved": true}))
        .await
        .refused(400);
    assert_eq!(state(&world).await, before);
    // it can still be turned down
    jane.put(&format!("{member}/decision"), &json!({"memberName": "user.mallory", "approved": false}))
        .await
        .expect(204);
}

#[tokio::test]
async fn strangers_do_not_fill_a_role_with_requests() {
    let world = sports::world().await;
    let jane = world.user("jane");
    jane.put(&format!("{SPORTS}/role/open"), &json!({"name": "open", "selfServe": true})).await.expect(204);
    world.admin().put(&format!("{SPORTS}/quota"), &quota(2)).await.expect(204);
    let mallory = world.user("mallory");
    for number in 0..21 {
        let name = format!("user.stranger{number}");
        let path = format!("{SPORTS}/role/open/member/{name}");
        let asked = mallory.put(&path, &json!({"memberName": name})).await;
        assert_eq!(asked.status, if number < 20 { 204 } else { 429 }, "{number}: {}", asked.json);
    }
}

fn quota(role_member: i32) -> Value {
    json!({"name": "sports", "subdomain": 10, "role": 10, "roleMember": role_member, "policy": 10, "assertion": 10,
        "entity": 10, "service": 10, "serviceHost": 10, "publicKey": 10, "group": 10, "groupMember": 10})
}

#[tokio::test]
async fn a_domain_is_not_made_with_more_administrators_than_a_role_may_have() {
    let world = sports::world().await;
    let admins = |count: usize| (0..count).map(|n| format!("user.many{n}")).collect::<Vec<_>>();
    let domain =
        |name: &str, count: usize| json!({"name": name, "parent": "sports", "adminUsers": admins(count)});
    let jane = world.user("jane");
    jane.post("/zms/v1/subdomain/sports", &domain("most", 100)).await.expect(200);
    let before = state(&world).await;
    jane.post("/zms/v1/subdomain/sports", &domain("more", 101)).await.refused(429);
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn what_the_system_disabled_the_domain_does_not_enable() {
    let world = sports::world().await;
    let (jane, admin) = (world.user("jane"), world.admin());
    // somebody whose only system right is to disable
    let role = json!({"name": "disablers", "roleMembers": [{"memberName": "user.guard"}]});
    let right = json!({"role": "sys.auth:role.disablers", "action": "update", "resource": "sys.auth:meta.domain.enabled.*"});
    admin.put("/zms/v1/domain/sys.auth/role/disablers", &role).await.expect(204);
    admin
        .put("/zms/v1/domain/sys.auth/policy/disablers", &json!({"name": "disablers", "assertions": [right]}))
        .await
        .expect(204);
    let path = format!("{SPORTS}/meta/system/enabled");
    let (on, off) = (json!({"enabled": true}), json!({"enabled": false}));
    for disabler in [&admin, &world.user("guard")] {
        // even where the domain was first
        jane.put(&path, &off).await.expect(204);
        disabler.put(&path, &off).await.expect(204);
        jane.put(&path, &on).await.refused(403);
        disabler.put(&path, &on).await.expect(204);
        disabler.put(&path, &off).await.expect(204);
        jane.put(&path, &off).await.expect(204);
        jane.put(&path, &on).await.refused(403);
        disabler.put(&path, &on).await.expect(204);
    }
    jane.put(&path, &off).await.expect(204);
    jane.put(&path, &on).await.expect(204);
}

#[tokio::test]
async fn what_the_system_disabled_is_not_made_anew() {
    let world = sports::world().await;
    let (jane, admin) = (world.user("jane"), world.admin());
    let below = json!({"name": "api", "parent": "sports", "adminUsers": ["user.jane"]});
    jane.post("/zms/v1/subdomain/sports", &below).await.expect(200);
    let enabled = "/zms/v1/domain/sports.api/meta/system/enabled";
    admin.put(enabled, &json!({"enabled": false})).await.expect(204);
    jane.delete("/zms/v1/subdomain/sports/api").await.refused(403);
    admin.put(enabled, &json!({"enabled": true})).await.expect(204);
    jane.put(enabled, &json!({"enabled": false})).await.expect(204);
    jane.delete("/zms/v1/subdomain/sports/api").await.expect(204);
}

#[tokio::test]
async fn conditions_that_are_put_are_stored() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let condition =
        |host: &str| json!({"conditionsMap": {"instances": {"operator": "EQUALS", "value": host}}});
    let assertion = |hosts: &[&str]| {
        let list: Vec<Value> = hosts.iter().map(|host| condition(host)).collect();
        json!({"role": "sports:role.readers", "action": "read", "resource": "sports:score", "effect": "ALLOW",
            "conditions": {"conditionsList": list}})
    };
    let stored = async || {
        let policy = jane.get(&format!("{SPORTS}/policy/reading")).await.expect(200).json;
        let assertions = policy["assertions"].as_array().cloned().unwrap_or_default();
        assert_eq!(assertions.len(), 1, "{policy}");
        let list = assertions[0]["conditions"]["conditionsList"].as_array().cloned().unwrap_or_default();
        let mut hosts: Vec<String> = list
            .iter()
            .map(|c| c["conditionsMap"]["instances"]["value"].as_str().unwrap_or_default().to_owned())
            .collect();
        hosts.sort();
        hosts
    };
    let single = format!("{SPORTS}/policy/reading/assertion");
    jane.put(&single, &assertion(&["a"])).await.expect(200);
    assert_eq!(stored().await, ["a"], "on an assertion that was there without");
    let whole = async |hosts: &[&str]| {
        let policy = json!({"name": "reading", "assertions": [assertion(hosts)]});
        jane.put(&format!("{SPORTS}/policy/reading"), &policy).await.expect(204);
    };
    whole(&["a", "a"]).await;
    whole(&["a", "b"]).await;
    assert_eq!(stored().await, ["a", "b"], "though one of them was there twice");
    let many: Vec<String> = (0..11).map(|n| format!("h{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    jane.put(&single, &assertion(&many)).await.refused(429);
    assert_eq!(stored().await, ["a", "b"]);
}
