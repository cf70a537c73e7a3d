//! Which refusal comes first where several are due. Clients tell people what the first one says.

use athenz_testkit::TestWorld;
use serde_json::{Value, json};

use crate::sports;

/// Domain `news` of `user.ann`: audited, with a group and a delegated role.
async fn world() -> TestWorld {
    let world = sports::world().await;
    let news = json!({"name": "news", "adminUsers": ["user.ann"], "auditEnabled": true});
    world.admin().post("/zms/v1/domain", &news).await.expect(200);
    let ann = world.user("ann").with_header("y-audit-ref", "set up");
    for (path, body) in [
        ("role/readers", json!({"name": "readers", "roleMembers": [{"memberName": "user.ann"}]})),
        ("role/lent", json!({"name": "lent", "trust": "sports"})),
        ("group/team", json!({"name": "team"})),
    ] {
        ann.put(&format!("/zms/v1/domain/news/{path}"), &body).await.expect(204);
    }
    world
}

#[tokio::test]
async fn a_member_of_nowhere_is_found_out_last() {
    let world = world().await;
    let member = json!({"memberName": "nowhere.api"});
    let members = json!({"name": "readers", "roleMembers": [{"memberName": "nowhere.api"}]});
    let unreferenced = |call: &str| format!("{call}: Audit reference required for domain: news");
    let with_reference = [("y-audit-ref", "t")];
    let none: [(&str, &str); 0] = [];
    for (headers, path, body, status, text) in [
        (&none[..], "readers/member/nowhere.api", &member, 400, unreferenced("putmembership")),
        (&none, "lent/member/nowhere.api", &member, 400, unreferenced("putmembership")),
        (&none, "readers", &members, 400, unreferenced("putrole")),
        (
            &with_reference,
            "lent/member/nowhere.api",
            &member,
            400,
            "putmembership: lent is a delegated role".to_owned(),
        ),
        (
            &with_reference,
            "readers/member/nowhere.api",
            &member,
            404,
            "unknown domain - nowhere.api".to_owned(),
        ),
        (&with_reference, "readers", &members, 404, "unknown domain - nowhere.api".to_owned()),
    ] {
        let ann = headers.iter().fold(world.user("ann"), |ann, (name, value)| ann.with_header(name, value));
        let reply = ann.put(&format!("/zms/v1/domain/news/role/{path}"), body).await;
        assert_eq!(reply.refused(status), text, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn limits_come_before_members_of_nowhere() {
    let world = world().await;
    let ann = world.user("ann").with_header("y-audit-ref", "t");
    let small = json!({"name": "small", "maxMembers": 1, "roleMembers": [{"memberName": "user.ann"}]});
    ann.put("/zms/v1/domain/news/role/small", &small).await.expect(204);
    let path = "/zms/v1/domain/news/role/small";
    let one = ann.put(&format!("{path}/member/nowhere.api"), &json!({"memberName": "nowhere.api"})).await;
    assert_eq!(one.refused(429), "role max members exceeded - limit: 1 actual: 1");
    let names: Vec<Value> = ["user.ann", "nowhere.api"].map(|name| json!({"memberName": name})).to_vec();
    let all = ann.put(path, &json!({"name": "small", "maxMembers": 1, "roleMembers": names})).await;
    assert_eq!(all.refused(429), "role max members exceeded - limit: 1 actual: 2");
    let tagged = json!({"name": "small", "roleMembers": names, "tags": {"k": {"list": ["v", "v"]}}});
    let tagged = ann.put(path, &tagged).await;
    assert_eq!(tagged.refused(404), "unknown domain - nowhere.api", "tags are written after members");
}

#[tokio::test]
async fn what_a_new_domain_says_of_itself_comes_before_its_administrators() {
    let world = sports::world().await;
    let wrong = json!({"name": "later", "adminUsers": ["nowhere.api"], "memberExpiryDays": -1});
    let reply = world.admin().post("/zms/v1/domain", &wrong).await;
    assert_eq!(reply.refused(400), "memberExpiryDays cannot be negative");
    let below = |admins: Value| json!({"name": "later", "parent": "sports", "adminUsers": admins, "memberExpiryDays": -1});
    let none = world.user("jane").post("/zms/v1/subdomain/sports", &below(json!([]))).await;
    assert_eq!(none.refused(400), "memberExpiryDays cannot be negative");
    let group = world.user("jane").post("/zms/v1/subdomain/sports", &below(json!(["sports:group.g"]))).await;
    let text = "Group principals are not allowed in the role";
    assert_eq!(group.refused(400), text, "below another the reverse for administrators that cannot be");
}

#[tokio::test]
async fn accounts_are_names_in_every_call_that_carries_them() {
    let world = sports::world().await;
    for (who, path) in [("jane", "meta"), ("admin", "meta/system/org"), ("admin", "meta/system/account")] {
        for (account, expected) in [
            ("a b", "CompoundName"),
            (" , ", "aws account value must contain at least one account"),
            (&"1,".repeat(300), "aws account value exceeds maximum length of 512"),
        ] {
            let body = json!({"account": account});
            let reply = world.user(who).put(&format!("/zms/v1/domain/sports/{path}"), &body).await;
            let text = reply.refused(400);
            assert!(text.contains(expected), "{path} {account}: {text}");
        }
    }
}

#[tokio::test]
async fn faults_of_a_version_that_is_not_there_come_before_the_owner_of_the_policy() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let owned = json!({"name": "owned", "assertions": []});
    let owner = jane.clone().with_header("athenz-resource-owner", "terraform");
    owner.put("/zms/v1/domain/sports/policy/owned", &owned).await.expect(204);
    let version = json!({"name": "owned", "version": "2", "active": true, "assertions": []});
    for caller in [&jane, &owner] {
        let reply = caller.put("/zms/v1/domain/sports/policy/owned", &version).await;
        assert_eq!(reply.refused(400), "Policy owned already exists with an active version. ");
    }
    let version = json!({"name": "owned", "version": "2", "active": false, "assertions": []});
    jane.put("/zms/v1/domain/sports/policy/owned", &version).await.refused(409);
    jane.put("/zms/v1/domain/sports/policy/owned", &owned).await.refused(409);
    owner.put("/zms/v1/domain/sports/policy/owned", &version).await.expect(204);
}

#[tokio::test]
async fn a_new_version_by_a_full_put_counts_as_a_policy() {
    let world = sports::world().await;
    let limits = json!({"name": "sports", "policy": 2, "assertion": 9, "role": 9, "roleMember": 9});
    world.admin().put("/zms/v1/domain/sports/quota", &limits).await.expect(204);
    let jane = world.user("jane");
    let version = json!({"name": "reading", "version": "2", "active": false, "assertions": []});
    let reply = jane.put("/zms/v1/domain/sports/policy/reading", &version).await;
    assert_eq!(reply.refused(429), "policy quota exceeded - limit: 2 actual: 3");
    jane.put("/zms/v1/domain/sports/policy/reading", &sports::reading()).await.expect(204);
}

#[tokio::test]
async fn a_personal_domain_that_is_not_there_says_nothing_of_others() {
    let world = sports::world().await;
    for (path, granted) in [
        ("read/user.zoe:anything", true),
        ("read/user.zoe:anything?principal=user.bob", false),
        ("assume_role/user.zoe:role.r?domain=user.zoe", true),
        ("assume_role/sports:role.readers?domain=user.zoe", false),
    ] {
        let reply = world.user("zoe").get(&format!("/zms/v1/access/{path}")).await.expect(200);
        assert_eq!(reply.json, json!({"granted": granted}), "{path}");
    }
}
