//! Who has seen a change at one server is not told otherwise by the other.

use athenz_testkit::{Replication, Shape, StoreKind, TestWorld, WorldSettings};
use serde_json::json;

use crate::sports;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_answered_by_zms_is_known_to_zts() {
    let shape = Shape { store: StoreKind::Sqlite, replication: Replication::Channel };
    let world = TestWorld::start_with(WorldSettings::new(shape)).await;
    sports::furnish(&world).await;
    let jane = world.user("jane");
    for turn in 0..20 {
        let member = format!("user.fan{turn}");
        let path = format!("/zms/v1/domain/sports/role/readers/member/{member}");
        let put = jane.put(&path, &json!({"memberName": member})).await.expect(204);
        let revision = put.answer.header("athenz-revision").expect("a change says how far it goes");
        let path = format!("/zts/v1/access/domain/sports/role/readers/principal/{member}");
        let reader = jane.clone().with_header("athenz-revision", &revision);
        // the question is there before ZTS has heard of the change
        let (asked, ()) = tokio::join!(reader.get(&path), world.settle());
        let asked = asked.expect(200);
        assert_eq!(asked.json["granted"], true, "{member} after {revision}");
        assert_eq!(asked.answer.header("age"), None);
    }
}
