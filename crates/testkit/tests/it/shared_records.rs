//! Certificate records in PostgreSQL, which several ZTS share.

use std::sync::Arc;

use athenz_conformance::ClientCertificate;
use athenz_store::StoreUrl;
use athenz_store::testing::PostgresServer;
use athenz_testkit::{Reply, TestWorld, WorldSettings};
use serde_json::Value;

use crate::instances::{
    INSTANCE, NAMES, certificate, csr, refreshing, register, registration, with_register_token,
};
use crate::sports;

/// A ZTS that keeps its records there, with all else of its own.
async fn zts_on(url: &str) -> TestWorld {
    let records = Some(StoreUrl::Postgres(url.to_owned()));
    let world = TestWorld::start_with(WorldSettings { records, ..sports::settings().0 }).await;
    sports::furnish(&world).await;
    sports::let_launch(&world).await;
    world
}

async fn shared_database() -> String {
    let server = tokio::task::spawn_blocking(PostgresServer::shared).await.unwrap();
    server.database().await
}

async fn proven(world: &TestWorld) -> Value {
    with_register_token(world, registration(&csr("sports-api", "sports.api", NAMES))).await
}

/// A refresh that rests on the record.
async fn refresh(world: &TestWorld, held: &ClientCertificate) -> Reply {
    let body = with_register_token(world, world.filled(&refreshing())).await;
    world.holder(held.clone()).post(INSTANCE, &body).await
}

#[tokio::test]
async fn a_registration_outlives_the_server() {
    let url = shared_database().await;
    let world = zts_on(&url).await;
    let first = certificate(&register(&world, &proven(&world).await).await.expect(201));
    let second = certificate(&refresh(&world, &first).await.expect(200));
    drop(world);
    let world = zts_on(&url).await;
    let third = certificate(&refresh(&world, &second).await.expect(200));
    assert_eq!(refresh(&world, &first).await.refused(403), "Certificate revoked");
    assert_eq!(refresh(&world, &third).await.refused(403), "Certificate revoked");
}

#[tokio::test]
async fn theft_is_seen_across_servers() {
    let url = shared_database().await;
    let (a, b) = tokio::join!(zts_on(&url), zts_on(&url));
    let first = certificate(&register(&a, &proven(&a).await).await.expect(201));
    let second = certificate(&refresh(&b, &first).await.expect(200));
    let third = certificate(&refresh(&b, &second).await.expect(200));
    // a copy of the first turns up at the other server
    assert_eq!(refresh(&a, &first).await.refused(403), "Certificate revoked");
    for world in [&a, &b] {
        assert_eq!(refresh(world, &third).await.refused(403), "Certificate revoked");
    }
    let again = certificate(&register(&b, &proven(&b).await).await.expect(201));
    refresh(&a, &again).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_records_nothing_is_issued() {
    let server = Arc::new(tokio::task::spawn_blocking(PostgresServer::start).await.unwrap());
    let world = zts_on(&server.database().await).await;
    let (proof, refresh_proof) = (proven(&world).await, world.filled(&refreshing()));
    let refresh_proof = with_register_token(&world, refresh_proof).await;
    let refresh =
        async |held: &ClientCertificate| world.holder(held.clone()).post(INSTANCE, &refresh_proof).await;
    let first = certificate(&register(&world, &proof).await.expect(201));
    let away = Arc::clone(&server);
    tokio::task::spawn_blocking(move || away.stop()).await.unwrap();
    for reply in [register(&world, &proof).await, refresh(&first).await] {
        assert_eq!(reply.refused(503), "unable to update cert db, try again later");
        assert!(reply.json.get("x509Certificate").is_none(), "{}", reply.json);
    }
    // the rest of ZTS needs no records
    let access = "/zts/v1/access/domain/sports/role/readers/principal/user.bob";
    assert_eq!(world.user("bob").get(access).await.expect(200).json["granted"], true);
    let back = Arc::clone(&server);
    tokio::task::spawn_blocking(move || back.resume()).await.unwrap();
    let second = certificate(&refresh(&first).await.expect(200));
    refresh(&second).await.expect(200);
}
