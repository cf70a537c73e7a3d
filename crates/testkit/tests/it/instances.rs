//! The instance `i-1` of `sports.api`, which registers and refreshes.

use athenz_conformance::ClientCertificate;
use athenz_testkit::{Reply, TestWorld};
use serde_json::{Value, json};

pub(crate) const INSTANCE: &str = "/zts/v1/instance/sys.auth.zts/sports/api/i-1";
pub(crate) const NAMES: &str = "dns=api.sports.zts.athenz.cloud;uri=athenz://instanceid/sys.auth.zts/i-1";

pub(crate) fn csr(key: &str, cn: &str, san: &str) -> Value {
    json!({"$csr": {"key": key, "cn": cn, "san": san}})
}

/// A proof by the registered key, with this certificate request.
pub(crate) fn registration(csr: &Value) -> Value {
    json!({"provider": "sys.auth.zts", "domain": "sports", "service": "api", "csr": csr,
        "attestationData": {"$ntoken": {"domain": "sports", "name": "api", "key": "sports-api"}}})
}

pub(crate) fn refreshing() -> Value {
    let mut body = registration(&csr("sports-api", "sports.api", NAMES));
    let Value::Object(fields) = &mut body else { panic!("an object") };
    fields.retain(|name, _| name == "csr" || name == "attestationData");
    body
}

pub(crate) async fn register(world: &TestWorld, body: &Value) -> Reply {
    world.anonymous().post("/zts/v1/instance", &world.filled(body)).await
}

/// The certificate of an answer, in the hands of whoever has its key.
pub(crate) fn certificate(reply: &Reply) -> ClientCertificate {
    ClientCertificate {
        chain_pem: reply.json["x509Certificate"].as_str().unwrap().to_owned(),
        key_pem: String::new(),
    }
}

pub(crate) async fn refresh(world: &TestWorld, holder: &ClientCertificate) -> Reply {
    let body = world.filled(&refreshing());
    world.holder(holder.clone()).post(INSTANCE, &body).await
}

/// A register token of `user.jane` in place of the proof.
pub(crate) async fn with_register_token(world: &TestWorld, mut body: Value) -> Value {
    let token = world.user("jane").get(&format!("{INSTANCE}/token")).await.expect(200).json;
    body["attestationData"] = token["attestationData"].clone();
    body
}
