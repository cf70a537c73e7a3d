//! Requests for certificates that somebody else should have, and certificates that were stolen.

use athenz_conformance::ClientCertificate;
use athenz_testkit::TestWorld;
use serde_json::json;

use crate::instances::{
    INSTANCE, NAMES, certificate, csr, refresh, refreshing, register, registration, with_register_token,
};
use crate::sports;

async fn launched() -> TestWorld {
    let world = sports::world().await;
    sports::let_launch(&world).await;
    world
}

#[tokio::test]
async fn names_and_keys_of_somebody_else() {
    let world = launched().await;
    let good = csr("sports-api", "sports.api", NAMES);
    let uri = "uri=athenz://instanceid/sys.auth.zts/i-1";
    for (name, csr) in [
        ("another service", csr("sports-api", "sports.web", NAMES)),
        ("another domain", csr("sports-api", "news.api", NAMES)),
        ("a user", csr("sports-api", "user.jane", NAMES)),
        ("nobody", csr("sports-api", "", NAMES)),
        (
            "host of another service",
            csr("sports-api", "sports.api", &format!("dns=web.sports.zts.athenz.cloud;{uri}")),
        ),
        (
            "host of another domain",
            csr("sports-api", "sports.api", &format!("dns=api.news.zts.athenz.cloud;{uri}")),
        ),
        ("host outside", csr("sports-api", "sports.api", &format!("dns=www.example.com;{uri}"))),
        (
            "SPIFFE id of another",
            csr("sports-api", "sports.api", &format!("{NAMES};uri=spiffe://news/sa/api")),
        ),
        (
            "two instances",
            csr("sports-api", "sports.api", &format!("{NAMES};uri=athenz://instanceid/sys.auth.zts/i-2")),
        ),
        ("no instance", csr("sports-api", "sports.api", "dns=api.sports.zts.athenz.cloud")),
        ("weak key", csr("weak-rsa1024", "sports.api", NAMES)),
        (
            "no request",
            json!("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
        ),
        ("empty request", json!("")),
    ] {
        let reply = register(&world, &registration(&csr)).await;
        assert!([400, 403].contains(&reply.status), "{name}: {} {}", reply.status, reply.json);
        reply.refused(reply.status);
    }
    // nothing was remembered of any: the instance can come for the first time
    register(&world, &registration(&good)).await.expect(201);
}

#[tokio::test]
async fn proofs_of_somebody_else() {
    let world = launched().await;
    let good = registration(&csr("sports-api", "sports.api", NAMES));
    for (name, attestation) in [
        ("foreign key", json!({"$ntoken": {"domain": "sports", "name": "api", "key": "foreign"}})),
        ("another service", json!({"$ntoken": {"domain": "sports", "name": "web", "key": "sports-api"}})),
        (
            "expired",
            json!({"$ntoken": {"domain": "sports", "name": "api", "key": "sports-api", "age": 7200}}),
        ),
        ("nothing", json!("")),
    ] {
        let mut body = good.clone();
        body["attestationData"] = attestation;
        let reply = register(&world, &body).await;
        assert!([400, 403].contains(&reply.status), "{name}: {} {}", reply.status, reply.json);
        reply.refused(reply.status);
    }
    let mut body = good.clone();
    body["provider"] = json!("sports.api");
    register(&world, &body).await.refused(403);
    register(&world, &good).await.expect(201);
}

#[tokio::test]
async fn a_register_token_is_for_one_key() {
    let world = launched().await;
    let mine = with_register_token(&world, registration(&csr("mine", "sports.api", NAMES))).await;
    let mut stolen = registration(&csr("thief", "sports.api", NAMES));
    stolen["attestationData"] = mine["attestationData"].clone();
    register(&world, &mine).await.expect(201);
    register(&world, &stolen).await.refused(403);
    // an answer that was lost is given again
    register(&world, &mine).await.expect(201);
}

#[tokio::test]
async fn a_certificate_that_was_followed_by_another() {
    let world = launched().await;
    let good = with_register_token(&world, registration(&csr("sports-api", "sports.api", NAMES))).await;
    let body = with_register_token(&world, world.filled(&refreshing())).await;
    let refresh = async |held: &ClientCertificate| world.holder(held.clone()).post(INSTANCE, &body).await;
    let first = certificate(&register(&world, &good).await.expect(201));
    let second = certificate(&refresh(&first).await.expect(200));
    let third = certificate(&refresh(&second).await.expect(200));
    // a copy of the first turns up: nobody can tell the owner from the thief
    refresh(&first).await.refused(403);
    refresh(&third).await.refused(403);
    refresh(&second).await.refused(403);
    let again = with_register_token(&world, good).await;
    let again = certificate(&register(&world, &again).await.expect(201));
    refresh(&third).await.refused(403);
    refresh(&again).await.expect(200);
}

#[tokio::test]
async fn the_certificate_of_another_does_not_refresh() {
    let world = launched().await;
    let good = registration(&csr("sports-api", "sports.api", NAMES));
    let first = certificate(&register(&world, &good).await.expect(201));
    let body = world.filled(&refreshing());
    for caller in [world.service("sports.web"), world.user("jane"), world.admin()] {
        let reply = caller.post(INSTANCE, &body).await;
        assert!([400, 403].contains(&reply.status), "{} {}", reply.status, reply.json);
        reply.refused(reply.status);
    }
    let other = "/zts/v1/instance/sys.auth.zts/sports/api/i-2";
    let reply = world.holder(first.clone()).post(other, &body).await;
    assert!([400, 403].contains(&reply.status), "{} {}", reply.status, reply.json);
    world.anonymous().post(INSTANCE, &body).await.refused(401);
    refresh(&world, &first).await.expect(200);
}
