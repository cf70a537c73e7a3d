//! What is left behind when users, services and old members go.

use athenz_model::Clock;
use athenz_testkit::{Replication, Shape, TestWorld, WorldSettings};
use serde_json::{Value, json};

use crate::sports;

/// Domain `news` of `user.ann` and `user.jane`, in which `user.bob` is what one can be.
async fn with_bob() -> TestWorld {
    let (mut settings, _) = sports::settings();
    settings.zms.domain_contact_types = vec!["security-owner".to_owned()];
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    let contacts = json!({"security-owner": "user.bob"});
    let news = json!({"name": "news", "adminUsers": ["user.ann", "user.bob"], "contacts": contacts});
    world.admin().post("/zms/v1/domain", &news).await.expect(200);
    let home = json!({"name": "bob", "adminUsers": ["user.bob"]});
    world.user("bob").post("/zms/v1/userdomain/bob", &home).await.expect(200);
    let ann = world.user("ann");
    for (path, body) in [
        (
            "role/r",
            json!({"name": "r", "roleMembers": [{"memberName": "user.bob"}, {"memberName": "user.bob.box"},
            {"memberName": "user.bobby"}]}),
        ),
        ("group/open", json!({"name": "open", "selfServe": true})),
    ] {
        ann.put(&format!("/zms/v1/domain/news/{path}"), &body).await.expect(204);
    }
    let asks = json!({"memberName": "user.bob"});
    world.user("bob").put("/zms/v1/domain/news/group/open/member/user.bob", &asks).await.expect(204);
    world
}

fn names(of: &Value) -> Vec<&str> {
    let list = of.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(|member| member["memberName"].as_str()).collect()
}

#[tokio::test]
async fn a_user_who_leaves_is_nowhere_any_more() {
    let world = with_bob().await;
    let admin = world.admin().with_header("y-audit-ref", "left");
    admin.delete("/zms/v1/user/bob").await.expect(204);
    let role = admin.get("/zms/v1/domain/news/role/r").await.expect(200).json;
    assert_eq!(names(&role["roleMembers"]), ["user.bobby"], "{role}");
    let admins = admin.get("/zms/v1/domain/news/role/admin").await.expect(200).json;
    assert_eq!(names(&admins["roleMembers"]), ["user.ann"], "{admins}");
    let group = admin.get("/zms/v1/domain/news/group/open?pending=true").await.expect(200).json;
    assert_eq!(group["groupMembers"], Value::Null, "no request is left: {group}");
    let domain = admin.get("/zms/v1/domain/news").await.expect(200).json;
    assert_eq!(domain["contacts"], Value::Null, "{domain}");
    admin.get("/zms/v1/domain/user.bob").await.expect(404);
    admin.get("/zms/v1/role?principal=user.bob").await.expect(404);
}

#[tokio::test]
async fn the_last_administrator_does_not_leave() {
    let world = with_bob().await;
    world.admin().delete("/zms/v1/domain/news/role/admin/member/user.ann").await.expect(403);
    world.user("ann").delete("/zms/v1/domain/news/role/admin/member/user.ann").await.expect(204);
    let before = sports::state(&world).await;
    let admin = world.admin().with_header("y-audit-ref", "left");
    let refused = admin.delete("/zms/v1/user/bob").await;
    assert!(refused.refused(403).contains("news"), "the domain is named: {}", refused.json);
    assert_eq!(sports::state(&world).await, before, "nothing is deleted half");
    let another = json!({"admins": ["user.jane"]});
    admin.put("/zms/v1/domain/news/admins", &another).await.expect(204);
    admin.delete("/zms/v1/user/bob").await.expect(204);
}

#[tokio::test]
async fn a_purge_takes_so_many_at_a_time() {
    let (mut settings, _) = sports::settings();
    settings.zms.purge_task_max_db_calls_per_run = 1;
    settings.zms.purge_task_limit_per_call = 2;
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    let expired = |name: &str| json!({"memberName": name, "expiration": "2024-01-01T00:00:00.000Z"});
    let members: Vec<Value> = ["user.a", "user.b", "user.c", "user.d"].map(expired).into();
    let jane = world.user("jane");
    let role = json!({"name": "old", "roleMembers": members[..2].to_vec()});
    jane.put("/zms/v1/domain/sports/role/old", &role).await.expect(204);
    let group = json!({"name": "old", "groupMembers": members[2..].to_vec()});
    jane.put("/zms/v1/domain/sports/group/old", &group).await.expect(204);
    let purged = async |query: &str| {
        let admin = world.admin().with_header("athenz-return-object", "true");
        let gone = admin.delete(&format!("/zms/v1/expired-members{query}")).await.expect(200).json;
        let count = |list: &Value| list.as_array().map(Vec::len);
        (count(&gone["expiredRoleMembers"]), count(&gone["expiredGroupMembers"]))
    };
    assert_eq!(purged("?purgeResources=0").await, (None, None));
    assert_eq!(purged("").await, (Some(2), Some(0)), "two at a time");
    assert_eq!(purged("?purgeResources=1").await, (Some(0), None), "the roles are clean");
    assert_eq!(purged("").await, (Some(0), Some(2)));
    assert_eq!(purged("").await, (Some(0), Some(0)));
}

#[tokio::test]
async fn administrators_named_twice_leave_denied_roles_once() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let denied =
        json!({"name": "denied", "roleMembers": [{"memberName": "user.ann"}, {"memberName": "user.bob"}]});
    jane.put("/zms/v1/domain/sports/role/denied", &denied).await.expect(204);
    let deny = |role: &str| json!({"role": role, "action": "*", "resource": "sports:*", "effect": "DENY"});
    let policy =
        json!({"name": "denials", "assertions": [deny("sports:role.denied"), deny("sports:role.admin")]});
    jane.put("/zms/v1/domain/sports/policy/denials", &policy).await.expect(204);
    let twice = json!({"admins": ["user.ann", "USER.ann"]});
    world.admin().put("/zms/v1/domain/sports/admins", &twice).await.expect(204);
    let role = jane.get("/zms/v1/domain/sports/role/denied?auditLog=true").await.expect(200).json;
    assert_eq!(names(&role["roleMembers"]), ["user.bob"], "{role}");
    let log = role["auditLog"].as_array().unwrap();
    let gone = log.iter().filter(|line| line["action"] == "DELETE" && line["member"] == "user.ann").count();
    assert_eq!(gone, 1, "{role}");
    let admins = jane.get("/zms/v1/domain/sports/role/admin").await.expect(200).json;
    assert_eq!(names(&admins["roleMembers"]), ["user.ann", "user.jane"], "{admins}");
    let left = jane.get("/zms/v1/domain/sports/policy/denials").await.expect(200).json;
    assert_eq!(
        left["assertions"].as_array().map(Vec::len),
        Some(1),
        "the denial of administrators is gone: {left}"
    );
}

#[tokio::test]
async fn no_put_and_no_review_ends_the_last_administrator() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let past = "2020-01-01T00:00:00.000Z";
    let over = json!({"memberName": "user.jane", "expiration": past});
    let role = "/zms/v1/domain/sports/role/admin";
    let refused = jane.put(&format!("{role}/member/user.jane"), &over).await;
    refused.refused(403);
    let all_over =
        json!({"name": "admin", "roleMembers": [over, {"memberName": "user.ann", "expiration": past}]});
    jane.put(role, &all_over).await.refused(403);
    let waiting =
        json!({"name": "admin", "reviewEnabled": true, "roleMembers": [{"memberName": "user.ann"}]});
    jane.put(role, &waiting).await.refused(403);
    let out = json!({"name": "admin", "roleMembers": [{"memberName": "user.jane", "active": false}]});
    jane.put(&format!("{role}/review"), &out).await.refused(403);
    let another = json!({"name": "admin", "roleMembers": [over, {"memberName": "user.ann"}]});
    jane.put(role, &another).await.expect(204);
}

#[tokio::test]
async fn a_domain_stays_while_another_has_no_other_administrator_than_its_service() {
    let world = sports::world().await;
    let news = json!({"name": "news", "adminUsers": ["sports.api"]});
    world.admin().post("/zms/v1/domain", &news).await.expect(200);
    let own = json!({"memberName": "sports.api"});
    world.user("jane").put("/zms/v1/domain/sports/role/admin/member/sports.api", &own).await.expect(204);
    let before = sports::state(&world).await;
    let refused = world.admin().delete("/zms/v1/domain/sports").await;
    assert!(refused.refused(403).contains("of: news;"), "the other domain is named alone: {}", refused.json);
    assert_eq!(sports::state(&world).await, before, "nothing is deleted half");
    world.admin().put("/zms/v1/domain/news/admins", &json!({"admins": ["user.ann"]})).await.expect(204);
    world.admin().delete("/zms/v1/domain/sports").await.expect(204);
}

#[tokio::test]
async fn the_last_administrator_does_not_run_out_by_a_call() {
    let (settings, clock) = sports::settings();
    let world = TestWorld::start_with(settings).await;
    let lone = json!({"name": "lone", "adminUsers": ["user.jane"]});
    world.admin().post("/zms/v1/domain", &lone).await.expect(200);
    let jane = world.user("jane");
    let role = "/zms/v1/domain/lone/role/admin";
    let member = |name: &str| format!("{role}/member/user.{name}");
    let until = |name: &str, seconds: i64| {
        let end = clock.now().plus_millis(seconds * 1000);
        json!({"memberName": format!("user.{name}"), "expiration": end.to_string()})
    };
    let end_of_jane = async || {
        let role = jane.get(role).await.expect(200).json;
        let members = role["roleMembers"].as_array().unwrap().clone();
        members.into_iter().find(|member| member["memberName"] == "user.jane").unwrap()["expiration"].clone()
    };
    jane.put(&member("jane"), &until("jane", 2)).await.refused(403);
    jane.put(role, &json!({"name": "admin", "roleMembers": [until("jane", 3600)]})).await.refused(403);
    jane.put(&member("ann"), &until("ann", 3600)).await.expect(204);
    jane.delete(&member("jane")).await.refused(403);
    let meta = |days: i32| json!({"memberExpiryDays": days});
    jane.put("/zms/v1/domain/lone/meta", &meta(1)).await.expect(204);
    assert_eq!(end_of_jane().await, Value::Null, "she keeps her end, and nobody else lasts");
    jane.put(&member("jane"), &json!({"memberName": "user.jane"})).await.expect(204);
    assert_ne!(end_of_jane().await, Value::Null, "put anew she has what the domain gives everybody");
    jane.put(&member("jane"), &until("jane", 60)).await.refused(403);
}

#[tokio::test]
async fn a_purge_leaves_those_who_were_administrators_last() {
    let (settings, clock) = sports::settings();
    let world = TestWorld::start_with(settings).await;
    let lone = json!({"name": "lone", "adminUsers": ["user.jane"], "memberPurgeExpiryDays": 1});
    world.admin().post("/zms/v1/domain", &lone).await.expect(200);
    let jane = world.user("jane");
    let role = "/zms/v1/domain/lone/role/admin";
    for (name, days) in [("ann", 1), ("jane", 2)] {
        let end = clock.now().plus_days(days).to_string();
        let ends = json!({"memberName": format!("user.{name}"), "expiration": end});
        jane.put(&format!("{role}/member/user.{name}"), &ends).await.expect(204);
    }
    clock.advance_seconds(10 * 24 * 3600);
    world.admin().delete("/zms/v1/expired-members").await.expect(204);
    let left = world.admin().get(role).await.expect(200).json;
    assert_eq!(names(&left["roleMembers"]), ["user.jane"], "{left}");
}

#[tokio::test]
async fn the_credentials_of_a_deleted_service_end_with_it() {
    for replication in [Replication::Channel, Replication::Polling] {
        let (settings, _) = sports::settings();
        let shape = Shape { replication, ..settings.shape };
        let world = TestWorld::start_with(WorldSettings { shape, ..settings }).await;
        sports::furnish(&world).await;
        let (jane, api) = (world.user("jane"), world.service("sports.api"));
        // of no service that ever was: as good as its certificate
        let tool = world.service("sports.tool");
        let asks = async |status: u16| {
            for caller in [&api, &tool] {
                let status = if std::ptr::eq(caller, &tool) { 200 } else { status };
                for path in ["/zms/v1/domain/sports/role", "/zts/v1/domain/sports/service"] {
                    let reply = caller.get(path).await;
                    if status == 401 {
                        assert!(
                            reply.refused(401).contains("sports.api was deleted"),
                            "{path}: {}",
                            reply.json
                        );
                    } else {
                        reply.expect(200);
                    }
                }
            }
        };
        asks(200).await;
        jane.delete("/zms/v1/domain/sports/service/api").await.expect(204);
        world.settle().await;
        asks(401).await;
        jane.put("/zms/v1/domain/sports/service/api", &json!({"name": "sports.api"})).await.expect(204);
        world.settle().await;
        asks(200).await;
        world.admin().delete("/zms/v1/domain/sports").await.expect(204);
        let again = json!({"name": "sports", "adminUsers": ["user.ann"]});
        world.admin().post("/zms/v1/domain", &again).await.expect(200);
        world.settle().await;
        asks(401).await;
    }
}

#[tokio::test]
async fn a_service_that_is_made_again_is_a_new_one() {
    for regains in [false, true] {
        let (mut settings, _) = sports::settings();
        settings.zms.services_regain_memberships = regains;
        let world = TestWorld::start_with(settings).await;
        sports::furnish(&world).await;
        let jane = world.user("jane");
        let news = json!({"name": "news", "adminUsers": ["sports.api"]});
        world.admin().post("/zms/v1/domain", &news).await.expect(200);
        let api = json!({"memberName": "sports.api"});
        jane.put("/zms/v1/domain/sports/role/readers/member/sports.api", &api).await.expect(204);
        jane.put("/zms/v1/domain/sports/group/team/member/sports.api", &api).await.expect(204);
        let members = async |path: &str, of: &str| {
            let read = world.admin().get(&format!("/zms/v1/domain/{path}")).await.expect(200).json;
            names(&read[of]).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        jane.delete("/zms/v1/domain/sports/service/api").await.expect(204);
        let listed = ["sports.api", "user.bob"];
        assert_eq!(members("sports/role/readers", "roleMembers").await, listed, "still listed");
        jane.put("/zms/v1/domain/sports/service/api", &json!({"name": "sports.api"})).await.expect(204);
        let left: &[&str] = if regains { &listed } else { &["user.bob"] };
        assert_eq!(members("sports/role/readers", "roleMembers").await, left);
        assert_eq!(members("sports/group/team", "groupMembers").await, left);
        let admins = members("news/role/admin", "roleMembers").await;
        assert_eq!(admins, ["sports.api"], "nobody else could take its place");
        jane.put("/zms/v1/domain/sports/role/readers/member/sports.api", &api).await.expect(204);
        jane.put("/zms/v1/domain/sports/service/api", &json!({"name": "sports.api"})).await.expect(204);
        assert_eq!(members("sports/role/readers", "roleMembers").await, listed, "admitted again");
    }
}
