//! Every operation of the contract is there.

use athenz_model::operation::{Method, Operation};
use athenz_model::wire::operations::{ZMS, ZTS};
use athenz_testkit::{Reply, TestWorld};

use serde_json::json;

use crate::sports;

/// What a provider answers and ZTS asks; it stands in the contract of ZTS but not on its paths.
const OF_PROVIDERS: [&str; 2] = ["postInstanceConfirmation", "postRefreshConfirmation"];

/// The router itself says no: there is no such path, or no such method.
fn is_unmatched(reply: &Reply) -> bool {
    let by_router = reply.json.is_null() || reply.json["message"] == "Not Found";
    reply.status == 405 || (reply.status == 404 && by_router)
}

async fn is_served(world: &TestWorld, prefix: &str, operation: &Operation) -> bool {
    let path: Vec<&str> = operation
        .path
        .split('/')
        .map(|part| match part {
            "{assertionId}" | "{conditionId}" => "1",
            // of a domain that is not there some operations say no more than the router would
            "{domain}" | "{domainName}" | "{tenantDomain}" => "sports",
            "{name}" if operation.path.starts_with("/domain/") => "sports",
            "{name}" if operation.path.starts_with("/userdomain/") => "jane",
            part if part.starts_with('{') => "x",
            part => part,
        })
        .collect();
    let path = format!("{prefix}{}", path.join("/"));
    let body = matches!(operation.method, Method::Put | Method::Post).then(|| b"{}".to_vec());
    let reply = world.admin().send(operation.method.as_str(), &path, body).await;
    !is_unmatched(&reply)
}

#[tokio::test]
async fn every_operation_is_served() {
    let world = sports::world().await;
    for method in ["GET", "PUT", "POST", "DELETE"] {
        let nothing = world.admin().send(method, "/zms/v1/nothing/of/the/kind", None).await;
        assert!(is_unmatched(&nothing), "this is how no operation answers: {nothing:?}");
    }
    let home = json!({"name": "jane", "adminUsers": ["user.jane"]});
    world.user("jane").post("/zms/v1/userdomain/jane", &home).await.expect(200);
    let mut missing = Vec::new();
    for (prefix, table) in [("/zms/v1", ZMS), ("/zts/v1", ZTS)] {
        let mut served: Vec<&Operation> =
            table.iter().filter(|operation| !OF_PROVIDERS.contains(&operation.id)).collect();
        // what a deletion takes away goes last, the domain at the very end
        served.sort_by_key(|operation| {
            let depth = operation.path.split('/').count();
            (operation.method == Method::Delete, std::cmp::Reverse(depth))
        });
        for operation in served {
            if !is_served(&world, prefix, operation).await {
                missing.push(format!("{} {prefix}{}", operation.method.as_str(), operation.path));
            }
        }
    }
    assert!(missing.is_empty(), "not served: {missing:#?}");
}
