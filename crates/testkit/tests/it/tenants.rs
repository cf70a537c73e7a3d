//! Tenancy, and services that act for others in it.

use athenz_testkit::{Caller, TestWorld};
use serde_json::{Value, json};

use crate::sports;

/// Provider `store.box` of `user.ann`; its token may be passed on by `store.box` itself, which may
/// join tenants and nothing else. Tenant is `sports`.
async fn world() -> TestWorld {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services.json");
    let allowed = json!({"services": {"store.box": {"allowedOperations": [{"name": "putTenancy"},
        {"name": "putmembership", "items": {"role": ["readers"]}}]}}});
    std::fs::write(&file, allowed.to_string()).unwrap();
    let (mut settings, _) = sports::settings();
    settings.clock = std::sync::Arc::new(athenz_model::SystemClock);
    settings.zms.authz_service_fname = Some(file);
    let world = TestWorld::start_with(settings).await;
    sports::furnish(&world).await;
    let store = json!({"name": "store", "adminUsers": ["user.ann"]});
    world.admin().post("/zms/v1/domain", &store).await.expect(200);
    let key = json!([{"id": "0", "key": "${pubkey:store-box}"}]);
    let service = world.filled(&json!({"name": "store.box", "publicKeys": key}));
    world.user("ann").put("/zms/v1/domain/store/service/box", &service).await.expect(204);
    let jane = world.user("jane");
    let api = json!({"memberName": "sports.api"});
    jane.put("/zms/v1/domain/sports/role/admin/member/sports.api", &api).await.expect(204);
    world
}

/// `sports.api`, an administrator of the tenant, through `store.box`.
fn through_provider(world: &TestWorld) -> Caller<'_> {
    let token = world.filled(&json!({"$ntoken": {"domain": "sports", "name": "api", "key": "sports-api",
        "extra": {"b": "store.box"}, "by": {"key": "store-box"}}}));
    world.anonymous().with_header("athenz-principal-auth", token.as_str().unwrap())
}

async fn role_names(caller: &Caller<'_>, domain: &str) -> Value {
    caller.get(&format!("/zms/v1/domain/{domain}/role")).await.expect(200).json["names"].clone()
}

const TENANCY: &str = "/zms/v1/domain/sports/tenancy/store.box";

#[tokio::test]
async fn a_provider_that_may_sets_up_both_sides() {
    let world = world().await;
    let ann = world.user("ann");
    let tenancy = json!({"domain": "sports", "service": "store.box"});
    let chained = through_provider(&world);
    chained.put(TENANCY, &tenancy).await.expect(204);
    assert_eq!(role_names(&ann, "store").await, json!(["admin"]), "it has no right at the provider yet");
    let other = json!({"domain": "sports", "service": "store.web"});
    let web = json!({"name": "store.web"});
    ann.put("/zms/v1/domain/store/service/web", &web).await.expect(204);
    let mismatch = chained.put("/zms/v1/domain/sports/tenancy/store.web", &other).await;
    assert_eq!(mismatch.refused(400), "Authorized service provider mismatch: store.web/store.box");
    let role = json!({"name": "onboarding", "roleMembers": [{"memberName": "store.box"}]});
    ann.put("/zms/v1/domain/store/role/onboarding", &role).await.expect(204);
    let right = json!({"role": "store:role.onboarding", "action": "update", "resource": "store:tenant.box"});
    let policy = json!({"name": "onboarding", "assertions": [right]});
    ann.put("/zms/v1/domain/store/policy/onboarding", &policy).await.expect(204);
    chained.put(TENANCY, &tenancy).await.expect(204);
    assert_eq!(role_names(&ann, "store").await, json!(["admin", "box.tenant.sports.admin", "onboarding"]));
    let access = "/zms/v1/access/write/store:service.box.tenant.sports.disk?principal=user.jane";
    assert_eq!(ann.get(access).await.expect(200).json, json!({"granted": true}));
}

#[tokio::test]
async fn a_service_acts_for_others_only_where_it_is_allowed_to() {
    let world = world().await;
    let chained = through_provider(&world);
    let member = json!({"memberName": "user.zoe"});
    let put = async |role: &str| {
        chained.put(&format!("/zms/v1/domain/sports/role/{role}/member/user.zoe"), &member).await
    };
    put("readers").await.expect(204);
    let refused = put("admin").await;
    let text = "Unauthorized Operation (putmembership) for Service store.box on role admin";
    assert_eq!(refused.refused(403), text);
    let owner = json!({"metaOwner": "box"});
    let refused = chained.put("/zms/v1/domain/sports/role/readers/ownership", &owner).await;
    refused.refused(403);
    chained.get("/zms/v1/domain/sports/role/readers").await.expect(200);
}

#[tokio::test]
async fn tenancy_leaves_what_it_finds() {
    let world = world().await;
    let jane = world.user("jane");
    let name = "store.box.res_group.disk.readers";
    let found = json!({"name": name, "description": "mine", "reviewEnabled": true});
    jane.put(&format!("/zms/v1/domain/sports/role/{name}"), &found).await.expect(204);
    let group = json!({"domain": "store", "service": "box", "tenant": "sports", "resourceGroup": "disk",
        "roles": [{"role": "Readers", "action": "Read"}]});
    let path = "/zms/v1/domain/sports/provDomain/store/provService/box/resourceGroup/disk";
    let answer = jane.put(path, &group).await.expect(200).json;
    assert_eq!(answer["roles"], json!([{"role": "readers", "action": "read"}]));
    let role = jane.get(&format!("/zms/v1/domain/sports/role/{name}?pending=true")).await.expect(200).json;
    assert_eq!((&role["description"], &role["reviewEnabled"]), (&json!("mine"), &json!(true)), "{role}");
    assert_eq!(role["roleMembers"][0]["pendingState"], "ADD", "review is not passed by: {role}");
    let kept = json!({"name": "kept", "assertions": [
        {"role": format!("sports:role.{name}"), "action": "read", "resource": "sports:score"}]});
    jane.put("/zms/v1/domain/sports/policy/kept", &kept).await.expect(204);
    jane.delete(path).await.expect(204);
    assert_eq!(jane.get(path).await.expect(200).json["roles"][0]["role"], "readers", "a policy needs it");
    jane.delete("/zms/v1/domain/sports/policy/kept").await.expect(204);
    jane.delete(path).await.expect(204);
    assert_eq!(jane.get(path).await.expect(200).json["roles"], json!([]));
}
