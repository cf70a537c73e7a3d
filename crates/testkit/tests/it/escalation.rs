//! Ways to more rights than one was given, and none of them leads there.

use std::sync::Arc;
use std::sync::Mutex;

use athenz_conformance::{
    Addresses, Answer, Exchange, Player, Recording, Server, Transport, TransportError, play_all,
};
use athenz_testkit::{Caller, TestWorld, WorldSettings, ZMS_URL, ZTS_URL};
use serde_json::{Value, json};

use crate::sports::{self, state};

async fn granted(asks: &Caller<'_>, question: &str) -> Value {
    asks.get(&format!("/zms/v1/access/{question}")).await.expect(200).json["granted"].clone()
}

/// Role `borrowed` of `sports` is delegated to `tenant` of `user.ann`, whose administrators assume it.
async fn with_tenant() -> TestWorld {
    let world = sports::world().await;
    make_tenant(&world, "ann").await;
    let jane = world.user("jane");
    jane.put("/zms/v1/domain/sports/role/borrowed", &json!({"name": "borrowed", "trust": "tenant"}))
        .await
        .expect(204);
    let lent = json!({"role": "sports:role.borrowed", "action": "watch", "resource": "sports:game"});
    let policy = json!({"name": "lending", "assertions": [lent]});
    jane.put("/zms/v1/domain/sports/policy/lending", &policy).await.expect(204);
    world
}

async fn make_tenant(world: &TestWorld, of: &str) {
    let tenant = json!({"name": "tenant", "adminUsers": [format!("user.{of}")]});
    world.admin().post("/zms/v1/domain", &tenant).await.expect(200);
    let assumes =
        json!({"role": "tenant:role.admin", "action": "assume_role", "resource": "sports:role.borrowed"});
    let policy = json!({"name": "assume", "assertions": [assumes]});
    world.user(of).put("/zms/v1/domain/tenant/policy/assume", &policy).await.expect(204);
}

#[tokio::test]
async fn a_domain_made_again_does_not_inherit_trust() {
    let world = with_tenant().await;
    assert_eq!(granted(&world.user("ann"), "watch/sports:game").await, true);
    world.admin().delete("/zms/v1/domain/tenant").await.expect(204);
    let role = "/zms/v1/domain/sports/role/borrowed";
    let dangling = world.user("jane").get(role).await.expect(200).json;
    assert_eq!(dangling["trust"], "tenant", "what it trusted is still told");
    make_tenant(&world, "mallory").await;
    assert_eq!(
        granted(&world.user("mallory"), "watch/sports:game").await,
        false,
        "a stranger under an old name"
    );
    let ended = world.user("jane").get(role).await.expect(200).json;
    assert_eq!((&ended["trust"], &ended["roleMembers"]), (&Value::Null, &Value::Null), "{ended}");
    world.user("jane").put(role, &json!({"name": "borrowed", "trust": "tenant"})).await.expect(204);
    assert_eq!(granted(&world.user("mallory"), "watch/sports:game").await, true, "once it is trusted anew");
}

#[tokio::test]
async fn trust_in_a_circle_ends() {
    let world = with_tenant().await;
    let (ann, jane) = (world.user("ann"), world.user("jane"));
    ann.put("/zms/v1/domain/tenant/role/back", &json!({"name": "back", "trust": "sports"})).await.expect(204);
    for (who, domain, role, other) in
        [(&jane, "sports", "borrowed", "tenant:role.back"), (&ann, "tenant", "back", "sports:role.borrowed")]
    {
        let assumes =
            json!({"role": format!("{domain}:role.{role}"), "action": "assume_role", "resource": other});
        let policy = json!({"name": "circle", "assertions": [assumes]});
        who.put(&format!("/zms/v1/domain/{domain}/policy/circle"), &policy).await.expect(204);
    }
    assert_eq!(granted(&world.user("mallory"), "watch/sports:game").await, false);
    assert_eq!(granted(&ann, "watch/sports:game").await, true);
    let expanded = ann.get("/zms/v1/role?expand=true").await.expect(200).json;
    assert!(expanded["memberRoles"].is_array(), "{expanded}");
}

#[tokio::test]
async fn what_holds_everything_together_is_not_taken_away() {
    let world = sports::world().await;
    let before = state(&world).await;
    let (jane, admin) = (world.user("jane"), world.admin());
    let sports = "/zms/v1/domain/sports";
    for reply in [
        jane.delete(&format!("{sports}/role/admin")).await,
        jane.delete(&format!("{sports}/policy/admin")).await,
        jane.put(&format!("{sports}/policy/admin"), &json!({"name": "admin", "assertions": []})).await,
        jane.put(
            &format!("{sports}/policy/admin/assertion"),
            &json!({"role": "sports:role.readers", "action": "*", "resource": "sports:*"}),
        )
        .await,
        jane.put(&format!("{sports}/policy/admin/version/create"), &json!({"version": "1"})).await,
        jane.put(&format!("{sports}/policy/admin/version/active"), &json!({"version": "1"})).await,
        jane.delete(&format!("{sports}/policy/admin/version/0")).await,
        jane.put(&format!("{sports}/role/admin"), &json!({"name": "admin"})).await,
        jane.put(&format!("{sports}/role/admin"), &json!({"name": "admin", "trust": "sys"})).await,
        admin.delete("/zms/v1/domain/sys.auth").await,
        admin.delete("/zms/v1/subdomain/sys/auth").await,
        admin.delete("/zms/v1/subdomain/sys.auth/audit").await,
        admin.delete("/zms/v1/domain/sys").await,
        admin.delete("/zms/v1/domain/user").await,
    ] {
        reply.refused(400);
    }
    jane.delete(&format!("{sports}/role/admin/member/user.jane")).await.refused(403);
    assert_eq!(state(&world).await, before);
}

#[tokio::test]
async fn nobody_without_rights_gets_any_by_roundabout_ways() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let open = json!({"name": "open", "selfServe": true, "selfRenew": true, "selfRenewMins": 60});
    jane.put("/zms/v1/domain/sports/role/open", &open).await.expect(204);
    let mallory = world.user("mallory");
    let me = json!({"memberName": "user.mallory", "approved": true, "active": true, "isMember": true});
    let before = jane.get("/zms/v1/domain/sports/role/open?pending=true").await.expect(200).json;
    assert_eq!(before["roleMembers"], Value::Null);
    mallory.put("/zms/v1/domain/sports/role/open/member/user.mallory", &me).await.expect(204);
    let own = mallory.put("/zms/v1/domain/sports/role/open/member/user.mallory/decision", &me).await;
    own.refused(403);
    let renewed = mallory.put("/zms/v1/domain/sports/role/open/member/user.mallory", &me).await;
    renewed.expect(204);
    let role = jane.get("/zms/v1/domain/sports/role/open?pending=true").await.expect(200).json;
    assert_eq!(role["roleMembers"][0]["approved"], false, "asking is not being in: {role}");
    let force = mallory.clone().with_header("athenz-resource-owner", "mallory:force");
    let home = json!({"name": "mallory", "adminUsers": ["user.mallory"]});
    mallory.post("/zms/v1/userdomain/mallory", &home).await.expect(200);
    let assumes = json!({"role": "user.mallory:role.admin", "action": "assume_role", "resource": "*:role.*"});
    let policy = json!({"name": "all", "assertions": [assumes]});
    mallory.put("/zms/v1/domain/user.mallory/policy/all", &policy).await.expect(204);
    for reply in [
        force.put("/zms/v1/domain/sports/role/readers", &json!({"name": "readers"})).await,
        force.put("/zms/v1/domain/sports/role/readers/meta", &json!({"selfServe": true})).await,
        mallory.put("/zms/v1/domain/sports/role/readers/review", &json!({"name": "readers"})).await,
        mallory.put("/zms/v1/domain/sports/template", &json!({"templateNames": ["user_provisioning"]})).await,
        mallory.put("/zms/v1/domain/sports/quota", &json!({"name": "sports"})).await,
        mallory.put("/zms/v1/domain/sports/admins", &json!({"admins": ["user.mallory"]})).await,
        mallory.put("/zms/v1/domain/sports/ownership", &json!({"objectOwner": "mallory"})).await,
        mallory
            .post(
                "/zms/v1/subdomain/sports",
                &json!({"name": "below", "parent": "sports", "adminUsers": ["user.mallory"]}),
            )
            .await,
        mallory
            .post(
                "/zms/v1/subdomain/user.mallory",
                &json!({"name": "below", "parent": "sports", "adminUsers": ["user.mallory"]}),
            )
            .await,
    ] {
        reply.refused(403);
    }
    for question in ["read/sports:score", "update/sports:role.readers", "create/sys.auth:domain"] {
        assert_eq!(granted(&mallory, question).await, false, "{question}");
    }
}

/// Watches that a refused write leaves the number of ZMS where it was.
struct Watching {
    world: Arc<TestWorld>,
    moved: Mutex<Vec<String>>,
}

impl Transport for Watching {
    async fn send(&self, exchange: Exchange) -> Result<Answer, TransportError> {
        let number = || self.world.zms.zms.world().head.sequence;
        let writes =
            exchange.to == Server::Zms && ["PUT", "POST", "DELETE"].contains(&exchange.method.as_str());
        let (before, asked) = (number(), format!("{} {}", exchange.method, exchange.path_and_query));
        let answer = self.world.send(exchange).await?;
        if writes && answer.status >= 300 && number() != before {
            self.moved.lock().unwrap().push(format!("{asked}: {}", answer.status));
        }
        Ok(answer)
    }

    async fn settle(&self) -> bool {
        TestWorld::settle(&self.world).await;
        false
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_keeps_no_part() {
    let world = Arc::new(TestWorld::start_with(WorldSettings::new(sports::SIMPLEST)).await);
    let addresses = Addresses { zms: ZMS_URL.to_owned(), zts: ZTS_URL.to_owned(), others: Vec::new() };
    let (authority, clock) = (Arc::clone(&world.authority), Arc::clone(&world.clock));
    let watching = Arc::new(Watching { world, moved: Mutex::default() });
    let recordings: Vec<Recording> = Recording::load_own()
        .unwrap()
        .into_iter()
        .filter(|recording| recording.name.starts_with("zms-"))
        .collect();
    assert!(recordings.len() > 30, "there is something to play");
    let player = Arc::new(Player::new(Arc::clone(&watching), authority, clock, addresses));
    play_all(&player, recordings, 1).await;
    assert_eq!(*watching.moved.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn two_administrators_who_remove_each_other_at_once_leave_one() {
    let world = sports::world().await;
    let jane = world.user("jane");
    let admin = "/zms/v1/domain/sports/role/admin/member";
    for round in 0..8 {
        let (one, other) = (format!("user.a{round}"), format!("user.b{round}"));
        for name in [&one, &other] {
            jane.put(&format!("{admin}/{name}"), &json!({"memberName": name})).await;
        }
        let (a, b) = (world.service(&one), world.service(&other));
        a.delete(&format!("{admin}/user.jane")).await.expect(204);
        let (of_a, of_b) = (format!("{admin}/{one}"), format!("{admin}/{other}"));
        let (gone_b, gone_a) = tokio::join!(a.delete(&of_b), b.delete(&of_a));
        let mut statuses = [gone_a.status, gone_b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 403], "whoever is out decides nothing any more");
        let left = if gone_a.status == 204 { &b } else { &a };
        let back = json!({"memberName": "user.jane"});
        left.put(&format!("{admin}/user.jane"), &back).await.expect(204);
        for name in [&one, &other] {
            jane.delete(&format!("{admin}/{name}")).await;
        }
    }
}
