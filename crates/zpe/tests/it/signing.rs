//! A ZTS of the test: it signs tokens and policies, and its keys are the trusted ones.

use std::sync::Arc;

use athenz_crypto::jose::{CurveNames, FlattenedJws, JwkSet, ProtectedHeader, sign_compact};
use athenz_crypto::keys::{Algorithm, Curve, PrivateKey, SignatureForm};
use athenz_crypto::ring::{KeyId, SigningKey};
use athenz_crypto::ybase64;
use athenz_model::{Clock, ManualClock, Timestamp};
use athenz_zpe::core::{DomainPolicies, PolicySet, UnverifiedPolicies};
use athenz_zpe::sources::{KeyRules, TrustedKeys};
use athenz_zpe::{Engine, EngineOptions};
use serde_json::{Value, json};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const KEY_ID: &str = "zts_0";

/// Role, action, resource, effect.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str);

#[derive(Debug)]
pub(crate) struct Zts {
    pub(crate) key: PrivateKey,
    pub(crate) clock: Arc<ManualClock>,
}

impl Zts {
    pub(crate) fn new() -> Self {
        Self { key: PrivateKey::generate_ec(Curve::P256).unwrap(), clock: Arc::new(ManualClock::new(NOW)) }
    }

    pub(crate) fn key_set(&self) -> JwkSet {
        JwkSet::from_public_keys([(KEY_ID, self.key.public_key())], CurveNames::Rfc)
    }

    pub(crate) fn keys(&self) -> TrustedKeys {
        let rules = KeyRules { stale_seconds: 30 * 86_400, ..KeyRules::default() };
        let keys = TrustedKeys::new(Arc::clone(&self.clock) as Arc<dyn Clock>, rules);
        keys.use_key_set(&self.key_set()).unwrap();
        keys
    }

    /// An engine with these policies, each given as domain and rows, verified like any other.
    pub(crate) fn engine(&self, policies: &[(&str, &[Row])], options: EngineOptions) -> Engine<TrustedKeys> {
        let engine = Engine::new(self.keys(), Arc::clone(&self.clock) as Arc<dyn Clock>, options);
        let compiled = policies.iter().map(|(domain, rows)| {
            let text = self.jws_policies(domain, rows, SignatureForm::P1363);
            let verified =
                UnverifiedPolicies::parse(&text).unwrap().verify(domain, engine.verifier()).unwrap();
            Arc::new(DomainPolicies::compile(&verified))
        });
        engine.replace_policies(compiled.collect::<PolicySet>());
        engine
    }

    pub(crate) fn access_token(&self, domain: &str, roles: &[&str]) -> String {
        self.access_token_of(json!({
            "iss": "https://zts.example.com", "aud": domain, "scp": roles, "sub": "shop.web", "client_id": "shop.web",
            "iat": NOW.seconds(), "auth_time": NOW.seconds(), "exp": NOW.seconds() + 7200, "ver": 1,
        }))
    }

    pub(crate) fn access_token_of(&self, claims: Value) -> String {
        let header = ProtectedHeader::new(KEY_ID, Some("at+jwt"), Algorithm::Es256);
        sign_compact(&self.key, &header, &claims).unwrap()
    }

    pub(crate) fn role_token(&self, domain: &str, roles: &[&str]) -> String {
        let (issued, expires) = (NOW.seconds(), NOW.seconds() + 7200);
        let roles = roles.join(",");
        self.sign_role_token(&format!(
            "v=Z1;d={domain};r={roles};c=1;p=shop.web;h=localhost;a=9c3f1b2a;t={issued};e={expires};k={KEY_ID};i=10.1.2.3"
        ))
    }

    pub(crate) fn sign_role_token(&self, unsigned: &str) -> String {
        let signature = self.key.sign_sha256(unsigned.as_bytes()).unwrap();
        format!("{unsigned};s={}", ybase64::encode(&signature))
    }

    pub(crate) fn jws_policies(&self, domain: &str, rows: &[Row], form: SignatureForm) -> String {
        self.sign_document(&document(domain, rows).to_string(), form)
    }

    pub(crate) fn sign_document(&self, payload: &str, form: SignatureForm) -> String {
        let key = SigningKey::in_process(KEY_ID.parse::<KeyId>().unwrap(), self.key.clone());
        serde_json::to_string(&FlattenedJws::sign_in_process(&key, payload.as_bytes(), form).unwrap())
            .unwrap()
    }

    pub(crate) fn classic_policies(&self, domain: &str, rows: &[Row]) -> String {
        let assertions: Vec<String> = rows
            .iter()
            .map(|(role, action, resource, effect)| {
                format!(
                    r#"{{"action":"{action}","effect":"{effect}","resource":"{domain}:{resource}","role":"{domain}:role.{role}"}}"#
                )
            })
            .collect();
        let policies = format!(
            r#"{{"domain":"{domain}","policies":[{{"assertions":[{}],"modified":"{NOW}","name":"{domain}:policy.all"}}]}}"#,
            assertions.join(",")
        );
        let sign = |text: &str| ybase64::encode(&self.key.sign_sha256(text.as_bytes()).unwrap());
        let signed = format!(
            r#"{{"expires":"{}","modified":"{NOW}","policyData":{policies},"zmsKeyId":"zms.0","zmsSignature":"{}"}}"#,
            NOW.plus_days(7),
            sign(&policies)
        );
        format!(r#"{{"signedPolicyData":{signed},"keyId":"{KEY_ID}","signature":"{}"}}"#, sign(&signed))
    }
}

pub(crate) fn document(domain: &str, rows: &[Row]) -> Value {
    let assertions: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(number, (role, action, resource, effect))| {
            json!({
                "role": format!("{domain}:role.{role}"), "action": action, "resource": format!("{domain}:{resource}"),
                "effect": effect, "id": number + 1,
            })
        })
        .collect();
    let policies = match assertions.is_empty() {
        true => json!([]),
        false => {
            json!([{"name": format!("{domain}:policy.all"), "modified": NOW.to_string(), "assertions": assertions}])
        }
    };
    json!({
        "policyData": {"domain": domain, "policies": policies},
        "modified": NOW.to_string(), "expires": NOW.plus_days(7).to_string(),
    })
}
