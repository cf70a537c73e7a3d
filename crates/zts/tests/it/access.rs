use serde_json::{Value, json};

use crate::world::World;

fn world() -> World {
    let world = World::new();
    let policies = |domain: &str, assertions: Value| json!({"contents": {"domain": domain, "policies": [{"name": format!("{domain}:policy.p"), "assertions": assertions}]}, "signature": "s", "keyId": "0"});
    world.domain(json!({
        "name": "prov",
        "roles": [
            {"name": "prov:role.shared", "trust": "ten"},
            {"name": "prov:role.denied", "trust": "ten"},
            {"name": "prov:role.all", "roleMembers": [{"memberName": "user.*"}]},
            {"name": "prov:role.needcert", "roleMembers": [{"memberName": "user.bob"}], "tags": {"zts.IssueRoleCerts": {"list": ["true"]}}},
            {"name": "prov:role.storage.tenant.ten.reader", "roleMembers": [{"memberName": "user.bob"}]},
            {"name": "prov:role.storage.tenant.ten.grp.writer", "roleMembers": [{"memberName": "user.bob"}]},
            {"name": "prov:role.storage.tenant.none.reader", "roleMembers": [{"memberName": "user.bob"}]}
        ],
        "policies": policies("prov", json!([
            {"role": "prov:role.shared", "resource": "prov:shared", "action": "read", "effect": "ALLOW"},
            {"role": "prov:role.denied", "resource": "prov:denied", "action": "read", "effect": "ALLOW"},
            {"role": "prov:role.all", "resource": "prov:cond", "action": "read", "effect": "ALLOW",
             "conditions": {"conditionsList": [{"id": 1, "conditionsMap": {"instances": {"operator": "EQUALS", "value": "h"}}}]}}
        ])),
        "services": [
            {"name": "prov.api1", "hosts": ["H1.example"], "publicKeys": [{"id": "0", "key": "a2V5"}]},
            {"name": "prov.api2", "hosts": ["h2.example"]}
        ]
    }));
    world.domain(json!({
        "name": "ten",
        "roles": [
            {"name": "ten:role.users", "roleMembers": [{"memberName": "user.bob"}]},
            {"name": "ten:role.grouped", "roleMembers": [{"memberName": "ten:group.devs"}]},
            {"name": "ten:role.peers", "roleMembers": [{"memberName": "prov.api2"}]}
        ],
        "groups": [{"name": "ten:group.devs", "groupMembers": [{"memberName": "user.dave", "groupName": "ten:group.devs"}]}],
        "services": [{"name": "ten.web"}],
        "policies": policies("ten", json!([
            {"role": "ten:role.users", "resource": "prov:role.shared", "action": "assume_role", "effect": "ALLOW"},
            {"role": "ten:role.grouped", "resource": "*:role.sha?ed", "action": "assume_role", "effect": "ALLOW"},
            {"role": "ten:role.users", "resource": "prov:role.denied", "action": "assume_role", "effect": "DENY"},
            {"role": "ten:role.peers", "resource": "ten:web", "action": "TCP-IN:1024-65535:4443", "effect": "ALLOW"}
        ]))
    }));
    world
}

#[tokio::test]
async fn access_checks() {
    let world = world();
    for (caller, path, status, granted) in [
        ("user.bob", "/access/read/prov:shared", 200, json!(true)),
        ("user.bob", "/access/READ/PROV:Shared", 200, json!(true)),
        ("user.dave", "/access/read?resource=prov:shared", 200, json!(true)),
        ("user.carol", "/access/read/prov:shared", 200, json!(false)),
        ("user.carol", "/access/read/prov:shared?principal=bob", 200, json!(true)),
        ("user.bob", "/access/read/prov:denied", 200, json!(false)),
        ("user.bob", "/access/read/prov:cond", 200, json!(false)),
        ("user.bob", "/access/assume_role/prov:role.shared?domain=ten", 200, json!(true)),
        ("user.bob", "/access/assume_role/prov:role.shared?domain=prov", 200, json!(false)),
        ("user.bob", "/access/assume_role/prov:role.shared?domain=none", 404, Value::Null),
        ("user.bob", "/access/read/none:x", 404, Value::Null),
        ("user.bob", "/access/read?resource=x", 404, Value::Null),
        ("user.bob", "/access/domain/prov", 404, Value::Null),
        ("user.bob", "/access/read", 400, Value::Null),
        ("user.bob", "/access/read/prov:shared?principal=ten:group.devs", 400, Value::Null),
        ("user.bob", "/access/read/a%2Fb", 400, Value::Null),
        ("user.bob", "/access/re%20ad/prov:shared", 400, Value::Null),
        // who is asked about may be any text, and so may a trust domain that has no part in it
        ("user.bob", "/access/read/prov:shared?principal=a%20b", 200, json!(false)),
        ("user.bob", "/access/read/prov:shared?principal=", 200, json!(false)),
        ("user.carol", "/access/read/prov:shared?principal=prov:role.x", 200, json!(false)),
        ("user.bob", "/access/read/prov:shared?domain=a%20b", 200, json!(false)),
        ("", "/access/read/prov:shared", 401, Value::Null),
    ] {
        let answer = world.get(caller, path).await;
        assert_eq!(
            (answer.status, &answer.body["granted"]),
            (status, &granted),
            "{caller} {path} {}",
            answer.body
        );
    }
    let answer = world.get("user.bob", "/access/read/none:x").await;
    assert_eq!(answer.message(), "Domain not found");
}

#[tokio::test]
async fn role_lookups() {
    let world = world();
    for (path, body) in [
        ("/access/domain/prov/role/shared/principal/user.bob", json!({"granted": true})),
        ("/access/domain/PROV/role/SHARED/principal/USER.dave", json!({"granted": true})),
        ("/access/domain/prov/role/denied/principal/user.bob", json!({"granted": false})),
        ("/access/domain/prov/role/hared/principal/user.bob", json!({"granted": false})),
        ("/access/domain/prov/principal/user.zoe", json!({"roles": ["all"]})),
        ("/access/domain/prov/principal/zoe", json!({"roles": []})),
        ("/access/domain/ten/principal/ten:group.devs", json!({"roles": ["grouped"]})),
        ("/access/domain/ten/role/grouped/principal/ten:group.devs", json!({"granted": true})),
        ("/access/domain/ten/role/users/principal/ten:group.devs", json!({"granted": false})),
        ("/access/domain/prov/role/shared/principal/ten:group.devs", json!({"granted": false})),
        ("/role/cert?principal=user.bob", json!({"roles": ["prov:role.needcert"]})),
        ("/role/cert", json!({"roles": []})),
        ("/role/cert?principal=prov:ext.somebody", json!({"roles": []})),
        ("/providerdomain/prov/user/bob", json!({"tenantDomainNames": ["ten"]})),
        ("/providerdomain/prov/user/bob?serviceName=other", json!({"tenantDomainNames": []})),
        ("/providerdomain/prov/user/bob?roleName=reader", json!({"tenantDomainNames": ["ten"]})),
    ] {
        let answer = world.get("user.carol", path).await;
        assert_eq!((answer.status, answer.body), (200, body), "{path}");
    }
    for (path, words) in [
        ("/access/domain/none/role/r/principal/user.bob", "getAccess: No such domain: none"),
        ("/access/domain/none/principal/user.bob", "getRoleAccess: No such domain: none"),
        ("/providerdomain/none/user/bob", "getTenantDomains: No such provider domain: none"),
    ] {
        let answer = world.get("user.carol", path).await;
        assert_eq!((answer.status, answer.message()), (404, words));
    }
    assert_eq!(world.get("user.carol", "/role/cert?principal=a%20b").await.status, 400);
}

#[tokio::test]
async fn services_hosts_and_keys() {
    let world = world();
    for (path, body) in [
        ("/domain/Prov/service", json!({"names": ["api1", "api2"]})),
        ("/domain/prov/service/API1/publickey/0", json!({"key": "a2V5", "id": "0"})),
        ("/host/h1.EXAMPLE/services", json!({"host": "h1.example", "names": ["prov.api1"]})),
        ("/host/other/services", json!({"host": "other", "names": null})),
        (
            "/domain/prov/service/api1",
            json!({"name": "prov.api1", "publicKeys": [{"key": "a2V5", "id": "0"}], "hosts": ["H1.example"]}),
        ),
    ] {
        let answer = world.get("user.carol", path).await;
        assert_eq!((answer.status, answer.body), (200, body), "{path}");
    }
    for (path, words) in [
        ("/domain/none/service", "Domain not found: 'none'"),
        ("/domain/prov/service/none", "Service not found: 'prov.none'"),
        ("/domain/prov/service/api1/publickey/9", "Public Key not found"),
    ] {
        let answer = world.get("user.carol", path).await;
        assert_eq!((answer.status, answer.message()), (404, words));
    }
}

#[tokio::test]
async fn workloads_and_transport_rules() {
    let world = world();
    let rules = world.get("user.carol", "/domain/ten/service/web/transportRules").await;
    let rule = json!({"endPoint": "h2.example", "sourcePortRange": "1024-65535", "port": 4443, "protocol": "TCP", "direction": "IN"});
    assert_eq!(rules.body, json!({"ingressRules": [rule], "egressRules": []}));
    assert_eq!(world.get("user.carol", "/domain/none/service/web/transportRules").await.status, 404);
    let workloads = world.get("user.carol", "/domain/prov/service/api2/workloads").await;
    assert_eq!(workloads.body["workloadList"][0]["provider"], "Static");
    assert_eq!(workloads.body["workloadList"][0]["hostname"], Value::Null);
    let answer = world.get("user.carol", "/domain/none/service/web/workloads").await;
    assert_eq!((answer.status, answer.message()), (400, "Domain data not found. Invalid domain."));
    assert_eq!(world.get("user.carol", "/workloads/10.1.2.3").await.body, json!({"workloadList": []}));
    assert_eq!(world.get("user.carol", "/workloads/abc").await.message(), "Invalid IP address");
}
