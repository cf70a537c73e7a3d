//! Who may do what: every operation of ZMS for every kind of caller, on a prepared domain.
//!
//! `access_matrix.txt` is the answer; look at each line that changes as a reviewer of rights would.
//! `UPDATE_GOLDEN=1 cargo test -p athenz-testkit access_matrix` writes it anew.
//!
//! No call changes anything: the store refuses each change at its commit, after every rule has had
//! its say. Such a call reads `change`: it would have gone through. `none` is an operation that this
//! server does not offer.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use athenz_conformance::Mint;
use athenz_model::operation::{Method, Operation, Place};
use athenz_model::wire::operations::ZMS;
use athenz_store::{FaultPoint, FaultPoints, StoreError};
use athenz_testkit::{Caller, TestWorld};
use serde_json::{Value, json};

use crate::sports;

const CALLERS: [&str; 5] = ["anonymous", "stranger", "domain", "system", "restricted"];

fn caller<'a>(world: &'a TestWorld, kind: &str) -> Caller<'a> {
    match kind {
        "anonymous" => world.anonymous(),
        "stranger" => world.user("eve"),
        "domain" => world.user("jane"),
        "system" => world.admin(),
        // the system's administrator, with a certificate that is good for TLS only
        "restricted" => world.minted(&Mint {
            cn: "user.admin".into(),
            san: String::new(),
            ou: Some("servers:restricted".into()),
        }),
        other => panic!("no such kind of caller: {other}"),
    }
}

/// A domain with one of everything, in which no commit succeeds any more.
async fn prepared() -> TestWorld {
    let frozen = Arc::new(AtomicBool::new(false));
    let is_frozen = frozen.clone();
    let (mut settings, _) = sports::settings();
    settings.faults = FaultPoints::new(move |point| {
        if point == FaultPoint::BeforeCommit && is_frozen.load(Ordering::SeqCst) {
            return Err(StoreError::Full("the world stands still".into()));
        }
        Ok(())
    });
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    furnish_more(&world).await;
    frozen.store(true, Ordering::SeqCst);
    world
}

async fn furnish_more(world: &TestWorld) {
    let admin = world.admin();
    for (name, admins) in [("news", ["user.ann"]), ("ended", ["user.jane"]), ("audited", ["user.jane"])] {
        let domain = json!({"name": name, "adminUsers": admins, "auditEnabled": name == "audited"});
        admin.post("/zms/v1/domain", &domain).await.expect(200);
    }
    let jane = world.user("jane");
    let child = json!({"parent": "sports", "name": "east", "adminUsers": ["user.jane"]});
    jane.post("/zms/v1/subdomain/sports", &child).await.expect(200);
    let home = json!({"name": "bob", "adminUsers": ["user.bob"]});
    world.user("bob").post("/zms/v1/userdomain/bob", &home).await.expect(200);
    let second = json!({"memberName": "user.jane"});
    let role = "/zms/v1/domain/user.bob/role/admin/member/user.jane";
    world.user("bob").put(role, &second).await.expect(204);
    let audited = jane.clone().with_header("y-audit-ref", "test");
    let empty = |name: &str| json!({"name": name});
    audited.put("/zms/v1/domain/audited/role/readers", &empty("readers")).await.expect(204);
    audited.put("/zms/v1/domain/audited/group/team", &empty("team")).await.expect(204);
    let reviewed = json!({"name": "reviewed", "selfServe": true, "reviewEnabled": false});
    jane.put("/zms/v1/domain/sports/role/reviewed", &reviewed).await.expect(204);
    let long_gone = json!({"name": "former", "roleMembers": [
        {"memberName": "user.bob", "expiration": "2020-01-01T00:00:00.000Z"}]});
    jane.put("/zms/v1/domain/sports/role/former", &long_gone).await.expect(204);
    let waiting = json!({"memberName": "user.bob"});
    world.user("bob").put("/zms/v1/domain/sports/role/reviewed/member/user.bob", &waiting).await;
    let group = json!({"name": "crew", "selfServe": true});
    jane.put("/zms/v1/domain/sports/group/crew", &group).await.expect(204);
    world.user("bob").put("/zms/v1/domain/sports/group/crew/member/user.bob", &waiting).await;
    let entity = json!({"name": "sports:entity.place", "value": {"x": 1}});
    jane.put("/zms/v1/domain/sports/entity/place", &entity).await.expect(204);
    let policy = jane.get("/zms/v1/domain/sports/policy/reading").await.expect(200).json;
    let assertion = &policy["assertions"][0]["id"];
    let conditions = format!("/zms/v1/domain/sports/policy/reading/assertion/{assertion}/condition");
    jane.put(&conditions, &condition()).await.expect(200);
    jane.put(
        "/zms/v1/domain/sports/policy/reading/version/create",
        &json!({"version": "next", "fromVersion": "0"}),
    )
    .await
    .expect(204);
    let quota = json!({"name": "sports", "subdomain": 9, "role": 99, "roleMember": 99, "policy": 99, "assertion": 99,
        "entity": 99, "service": 99, "serviceHost": 99, "publicKey": 99, "group": 99, "groupMember": 99});
    admin.put("/zms/v1/domain/sports/quota", &quota).await.expect(204);
    furnish_tenancy(world).await;
}

/// `sports` is a tenant of `news` and has it as a tenant; both have a provider.
async fn furnish_tenancy(world: &TestWorld) {
    let (admin, jane) = (world.admin(), world.user("jane"));
    let service = json!({"name": "news.api"});
    world.user("ann").put("/zms/v1/domain/news/service/api", &service).await.expect(204);
    // nobody depends on this one
    jane.put("/zms/v1/domain/sports/service/idle", &json!({"name": "sports.idle"})).await.expect(204);
    let providers = json!({"name": "service_providers",
        "roleMembers": [{"memberName": "sports.api"}, {"memberName": "news.api"}]});
    admin.put("/zms/v1/domain/sys.auth/role/service_providers", &providers).await.expect(204);
    let depends = json!({"service": "news.api"});
    admin.put("/zms/v1/dependency/domain/sports", &depends).await.expect(204);
    let tenant = json!({"domain": "sports", "service": "api", "tenant": "news", "resourceGroup": "core",
        "roles": [{"role": "former", "action": "read"}]});
    jane.put("/zms/v1/domain/sports/service/api/tenant/news/resourceGroup/core", &tenant).await.expect(200);
    let provider = json!({"domain": "news", "service": "api", "tenant": "sports", "resourceGroup": "core",
        "roles": [{"role": "former", "action": "read"}], "createAdminRole": false});
    let path = "/zms/v1/domain/sports/provDomain/news/provService/api/resourceGroup/core";
    jane.put(path, &provider).await.expect(200);
    let old = json!({"name": "tenancy.news.api.old", "assertions": []});
    jane.put("/zms/v1/domain/sports/policy/tenancy.news.api.old", &old).await.expect(204);
}

/// Numbers that the server has given.
struct Ids {
    assertion: String,
    /// Of the version that is not active.
    next_assertion: String,
    condition: String,
}

async fn ids(world: &TestWorld) -> Ids {
    let jane = world.user("jane");
    let policy = "/zms/v1/domain/sports/policy/reading";
    let assertion = jane.get(policy).await.expect(200).json["assertions"][0].clone();
    let next = jane.get(&format!("{policy}/version/next")).await.expect(200).json["assertions"][0].clone();
    let condition = &assertion["conditions"]["conditionsList"][0]["id"];
    assert!(condition.is_number(), "the assertion has a condition: {assertion}");
    Ids {
        assertion: assertion["id"].to_string(),
        next_assertion: next["id"].to_string(),
        condition: condition.to_string(),
    }
}

/// What stands for a parameter of the path.
fn place(operation: &str, name: &str, ids: &Ids) -> String {
    let text = match (operation, name) {
        ("postUserDomain", "name") => "jane",
        ("deleteUserDomain", "name") => "bob",
        ("deleteTopLevelDomain", "name") => "ended",
        ("putRoleSystemMeta" | "putGroupSystemMeta", "domainName") => "audited",
        ("deleteSubDomain", "name") => "east",
        ("deleteUser", "name") => "bob",
        (_, "name") => "sports",
        ("putMembershipDecision" | "deletePendingMembership", "roleName") => "reviewed",
        ("putGroupMembershipDecision" | "deletePendingGroupMembership", "groupName") => "crew",
        ("getResourceAccess" | "getAccess", "resource") => "sports:score",
        ("getDependentDomainList", "service") => "sports.api",
        ("deleteDomainDependency", "service") => "news.api",
        ("putTenancy" | "deleteTenancy", "service") => "news.api",
        ("putDomainTemplateExt" | "deleteDomainTemplate" | "getTemplate", "template") => "user_provisioning",
        ("putDomainSystemMeta", "attribute") => "org",
        ("putRoleSystemMeta" | "putGroupSystemMeta", "attribute") => "auditenabled",
        ("putServiceIdentitySystemMeta", "attribute") => "providerendpoint",
        ("deletePolicyVersion" | "putAssertionPolicyVersion" | "deleteAssertionPolicyVersion", "version") => {
            "next"
        }
        (_, "action") => "read",
        (_, "domain" | "domainName" | "parent") => "sports",
        (operation, "tenantDomain") if operation.contains("ProviderResourceGroup") => "sports",
        (_, "tenantDomain") => "news",
        (_, "provDomain") => "news",
        (_, "roleName") => "readers",
        (_, "groupName") => "team",
        (_, "policyName") => "reading",
        (_, "entityName") => "place",
        (_, "memberName") => "user.bob",
        (_, "principalName") => "user.bob",
        ("deleteServiceIdentity", "service") => "idle",
        (_, "service" | "serviceName" | "provService") => "api",
        (_, "version" | "id") => "0",
        (_, "conditionId") => &ids.condition,
        ("deleteAssertionPolicyVersion", "assertionId") => &ids.next_assertion,
        (_, "resourceGroup") => "core",
        (_, "userName") => "jane",
        (_, "assertionId") => &ids.assertion,
        (operation, name) => panic!("no value for {name} of {operation}"),
    };
    text.to_owned()
}

/// What stands in the body.
fn body(world: &TestWorld, operation: &str, of: &str) -> Value {
    let tenancy_roles = |domain: &str| {
        json!({"domain": domain, "service": "api", "tenant": "news", "resourceGroup": "core",
            "roles": [{"role": "reader", "action": "read"}]})
    };
    match (operation, of) {
        (_, "TopLevelDomain") => json!({"name": "new", "adminUsers": ["user.jane"]}),
        (_, "SubDomain") => json!({"parent": "sports", "name": "new", "adminUsers": ["user.jane"]}),
        (_, "UserDomain") => json!({"name": "jane", "adminUsers": ["user.jane"]}),
        (_, "DomainMeta") => json!({"org": "others", "description": "changed"}),
        (_, "DomainTemplate") => json!({"templateNames": ["user_provisioning"]}),
        (_, "DependentService") => json!({"service": "sports.api", "domain": "sports"}),
        (_, "Entity") => json!({"name": "sports:entity.place", "value": {"x": 2}}),
        ("putGroupReview", _) => json!({"name": "team", "groupMembers": [{"memberName": "user.bob"}]}),
        (_, "Group") => json!({"name": "team", "groupMembers": [{"memberName": "user.ann"}]}),
        ("putGroupMembershipDecision", _) => json!({"memberName": "user.bob", "approved": true}),
        (_, "GroupMembership" | "Membership") if operation.ends_with("Decision") => {
            json!({"memberName": "user.bob", "approved": true})
        }
        (_, "GroupMembership" | "Membership") => json!({"memberName": "user.bob"}),
        (_, "GroupSystemMeta" | "RoleSystemMeta") => json!({"auditEnabled": true}),
        (_, "GroupMeta") => json!({"selfServe": true}),
        (_, "RoleMeta") => json!({"selfServe": true}),
        (_, "Policy") => sports::reading(),
        (_, "Assertion") => {
            json!({"role": "sports:role.readers", "action": "write", "resource": "sports:score"})
        }
        (_, "AssertionConditions") => json!({"conditionsList": [condition()]}),
        (_, "AssertionCondition") => condition(),
        ("putPolicyVersion", _) => json!({"version": "another", "fromVersion": "0"}),
        (_, "PolicyOptions") => json!({"version": "next"}),
        (_, "PrincipalState") => json!({"suspended": true}),
        (_, "Quota") => json!({"name": "sports", "subdomain": 1, "role": 50, "roleMember": 50, "policy": 50,
            "assertion": 50, "entity": 50, "service": 50, "serviceHost": 50, "publicKey": 50, "group": 50,
            "groupMember": 50}),
        (_, "Role") => json!({"name": "readers", "roleMembers": [{"memberName": "user.bob"}]}),
        (_, "DefaultAdmins") => json!({"admins": ["user.jane", "user.ann"]}),
        (_, "ServiceIdentity") => json!({"name": "sports.api", "description": "changed"}),
        (_, "PublicKeyEntry") => world.filled(&json!({"id": "0", "key": "${pubkey:another}"})),
        (_, "ServiceIdentitySystemMeta") => json!({"providerEndpoint": "class://provider"}),
        (_, "CredsEntry") => json!({"value": "01234567890123456789012345678901"}),
        (_, "ResourceDomainOwnership") => json!({"metaOwner": "terraform"}),
        (_, "ResourceGroupOwnership" | "ResourceRoleOwnership" | "ResourceServiceIdentityOwnership") => {
            json!({"objectOwner": "terraform"})
        }
        (_, "ResourcePolicyOwnership") => json!({"objectOwner": "terraform"}),
        ("putTenant", "Tenancy") => json!({"domain": "news", "service": "sports.api"}),
        (_, "Tenancy") => json!({"domain": "sports", "service": "news.api"}),
        (_, "TenantResourceGroupRoles") => tenancy_roles("sports"),
        (_, "ProviderResourceGroupRoles") => json!({"domain": "news", "service": "api", "tenant": "sports",
            "resourceGroup": "core", "roles": [{"role": "reader", "action": "read"}]}),
        (operation, of) => panic!("no body {of} for {operation}"),
    }
}

fn condition() -> Value {
    json!({"conditionsMap": {"instances": {"operator": "EQUALS", "value": "host1"}}})
}

fn query(operation: &str) -> &'static str {
    match operation {
        "getAccessExt" => "?resource=sports:score",
        "getDomainMetaStoreValidValuesList" => "?attribute=businessService",
        "getResourceAccessList" => "?principal=user.bob&action=read",
        "getSignedDomains" => "?metaonly=true",
        "getUserToken" | "optionsUserToken" => "?services=athenz.ui-server",
        _ => "",
    }
}

fn path(operation: &Operation, ids: &Ids) -> String {
    let mut path = format!("/zms/v1{}", operation.path);
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Path) {
        let value = place(operation.id, parameter.name, ids);
        path = path.replace(&format!("{{{}}}", parameter.name), &value);
    }
    path + query(operation.id)
}

async fn cell(world: &TestWorld, kind: &str, operation: &Operation, ids: &Ids) -> String {
    let sent = operation.parameters.iter().find(|parameter| parameter.place == Place::Body);
    let sent = sent.map(|parameter| body(world, operation.id, parameter.of).to_string().into_bytes());
    let method: Method = operation.method;
    let caller = caller(world, kind).with_header("y-audit-ref", "test");
    let reply = caller.send(method.as_str(), &path(operation, ids), sent).await;
    if reply.status == 503 && reply.json["message"] == "store has no room for changes" {
        return "change".into();
    }
    let message = reply.json["message"].as_str().unwrap_or_default();
    if reply.status == 400 && message.contains("is not supported by this server") {
        return "none".into();
    }
    reply.status.to_string()
}

async fn matrix() -> String {
    let world = prepared().await;
    let before = sports::state(&world).await;
    let ids = ids(&world).await;
    let mut text = format!("{:36}", "operation");
    CALLERS.iter().for_each(|kind| write!(text, " {kind:>10}").unwrap());
    for operation in ZMS {
        write!(text, "\n{:36}", operation.id).unwrap();
        for kind in CALLERS {
            write!(text, " {:>10}", cell(&world, kind, operation, &ids).await).unwrap();
        }
    }
    assert_eq!(sports::state(&world).await, before, "nothing may have changed");
    text + "\n"
}

#[tokio::test]
async fn who_may_do_what() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/access_matrix.txt"));
    let found = matrix().await;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    let differing: Vec<String> = found
        .lines()
        .filter(|line| !golden.lines().any(|known| known == *line))
        .map(|line| format!("now:    {line}"))
        .chain(
            golden
                .lines()
                .filter(|line| !found.lines().any(|known| known == *line))
                .map(|line| format!("before: {line}")),
        )
        .collect();
    assert!(differing.is_empty(), "rights have changed:\n{}", differing.join("\n"));
}
