//! Signed policies: the classic form and the JWS form, made once per revision of a domain and used
//! again for a short while.

use std::collections::BTreeMap;
use std::sync::Arc;

use athenz_crypto::jose::FlattenedJws;
use athenz_crypto::keys::{Hash, SignatureForm};
use athenz_crypto::ring::SigningKey;
use athenz_crypto::ybase64;
use athenz_model::wire::canonical::Canonical;
use athenz_model::wire::zms::{AssertionConditions, AssertionEffect};
use athenz_model::{ApiError, Timestamp};
use bytes::Bytes;
use serde::Serialize;
use serde::ser::SerializeSeq;

use crate::config::PolicyConfig;
use crate::index::policies::{AssertionText, PolicyText};
use crate::index::{DomainEntry, Signed};

/// What a client asks of the JWS form.
#[derive(Clone, Debug, Default)]
pub struct JwsRequest {
    /// Version by policy name in full; the active version where a policy is not named.
    pub versions: BTreeMap<String, String>,
    /// Whether the signature shall have the fixed width of RFC 7518.
    pub fixed_width: bool,
}

impl JwsRequest {
    /// A request with names and versions made canonical: lower case, and names in full.
    pub fn new(domain: &str, versions: BTreeMap<String, String>, fixed_width: bool) -> Self {
        let prefix = format!("{domain}:policy.");
        let full = |name: String| {
            let name = name.to_ascii_lowercase();
            if name.starts_with(&prefix) { name } else { format!("{prefix}{name}") }
        };
        // an empty version asks for none in particular
        let versions = versions.into_iter().filter(|(_, version)| !version.is_empty());
        let versions = versions.map(|(name, version)| (full(name), version.to_ascii_lowercase()));
        Self { versions: versions.collect(), fixed_width }
    }
}

/// The classic form: the active policies, with the signatures of ZMS and of this server.
///
/// # Errors
/// 500: the key cannot sign.
pub async fn classic(
    entry: &DomainEntry,
    key: &SigningKey,
    config: &PolicyConfig,
    now: Timestamp,
) -> Result<Bytes, ApiError> {
    let cache = &entry.signed_policies().classic;
    if let Some(held) = cache.load_full().filter(|held| held.is_fresh(key, now, config)) {
        return Ok(held.body.clone());
    }
    let data = ClassicData::new(entry, now.plus_seconds(config.timeout));
    let signature = key.sign_as(Hash::Sha256, SignatureForm::Der, data.canonical().as_bytes()).await;
    let signature = ybase64::encode(&signature.map_err(|error| cannot_sign(&error))?);
    let answer = ClassicAnswer { signed_policy_data: data, signature: &signature, key_id: key.id().as_str() };
    let body = to_bytes(&answer)?;
    cache.store(Some(Arc::new(Signed { made: now, key_id: key.id().to_string(), body: body.clone() })));
    Ok(body)
}

/// The JWS form: the versions asked for, signed by this server.
///
/// # Errors
/// 500: the key cannot sign.
pub async fn jws(
    entry: &DomainEntry,
    request: &JwsRequest,
    key: &SigningKey,
    config: &PolicyConfig,
    now: Timestamp,
) -> Result<Bytes, ApiError> {
    let cached = entry.signed_policies();
    let cache = if request.fixed_width { &cached.fixed } else { &cached.der };
    let reusable = request.versions.is_empty();
    if let Some(held) = cache.load_full().filter(|held| reusable && held.is_fresh(key, now, config)) {
        return Ok(held.body.clone());
    }
    let form = if request.fixed_width { SignatureForm::P1363 } else { SignatureForm::Der };
    let payload = jws_payload(entry, request, config, now)?;
    let signed = FlattenedJws::sign(key, &payload, form).await.map_err(|error| cannot_sign(&error))?;
    let body = to_bytes(&signed)?;
    if reusable {
        cache.store(Some(Arc::new(Signed { made: now, key_id: key.id().to_string(), body: body.clone() })));
    }
    Ok(body)
}

fn cannot_sign(error: &dyn std::fmt::Display) -> ApiError {
    tracing::error!(%error, "policies cannot be signed");
    ApiError::internal("Unable to sign policies")
}

fn to_bytes(value: &impl Serialize) -> Result<Bytes, ApiError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| cannot_sign(&error))
}

fn jws_payload(
    entry: &DomainEntry,
    request: &JwsRequest,
    config: &PolicyConfig,
    now: Timestamp,
) -> Result<Vec<u8>, ApiError> {
    let details = config.details;
    let policies = entry.policy_texts().iter().filter(|policy| wanted(policy, request, details)).collect();
    let data = JwsData {
        policy_data: PolicyData { domain: entry.name(), policies: JwsPolicies { policies, details } },
        modified: entry.modified(),
        expires: now.plus_seconds(config.timeout),
    };
    serde_json::to_vec(&data).map_err(|error| cannot_sign(&error))
}

/// Whether this version of a policy is the one to give. Without details versions are not known
/// here, so a policy whose version matters is left out.
fn wanted(policy: &PolicyText, request: &JwsRequest, details: bool) -> bool {
    match request.versions.get(&*policy.name) {
        Some(version) => details && policy.version.as_deref() == Some(version),
        None => policy.is_active(),
    }
}

#[derive(Serialize)]
struct ClassicAnswer<'a> {
    #[serde(rename = "signedPolicyData")]
    signed_policy_data: ClassicData<'a>,
    signature: &'a str,
    #[serde(rename = "keyId")]
    key_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClassicData<'a> {
    policy_data: PolicyData<'a, ClassicPolicies<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zms_signature: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zms_key_id: Option<&'a str>,
    modified: Timestamp,
    expires: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwsData<'a> {
    policy_data: PolicyData<'a, JwsPolicies<'a>>,
    modified: Timestamp,
    expires: Timestamp,
}

#[derive(Serialize)]
struct PolicyData<'a, P> {
    domain: &'a str,
    policies: P,
}

impl<'a> ClassicData<'a> {
    fn new(entry: &'a DomainEntry, expires: Timestamp) -> Self {
        let active = entry.policy_texts().iter().filter(|policy| policy.is_active());
        let policies = active.map(ClassicPolicy::new).collect();
        let (zms_signature, zms_key_id) = entry.zms_signature();
        Self {
            policy_data: PolicyData { domain: entry.name(), policies: ClassicPolicies(policies) },
            zms_signature,
            zms_key_id,
            modified: entry.modified(),
            expires,
        }
    }

    fn canonical(&self) -> String {
        let mut text = Canonical::default();
        text.object(|text| {
            text.moment("expires", Some(self.expires));
            text.moment("modified", Some(self.modified));
            text.name("policyData");
            text.object(|text| {
                text.string("domain", Some(self.policy_data.domain));
                text.list("policies", &self.policy_data.policies.0, |text, policy| policy.canonical(text));
            });
            text.string("zmsKeyId", self.zms_key_id);
            text.string("zmsSignature", self.zms_signature);
        });
        text.into_text()
    }
}

#[derive(Serialize)]
struct ClassicPolicies<'a>(Vec<ClassicPolicy<'a>>);

#[derive(Serialize)]
struct ClassicPolicy<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    /// Null when there are none, which readers of old know.
    assertions: Option<Vec<ClassicAssertion<'a>>>,
}

#[derive(Serialize)]
struct ClassicAssertion<'a> {
    role: &'a str,
    resource: &'a str,
    action: &'a str,
    effect: AssertionEffect,
}

impl<'a> ClassicPolicy<'a> {
    fn new(policy: &'a PolicyText) -> Self {
        let assertions = policy.assertions.as_ref().map(|list| {
            list.iter().filter(|assertion| !needs_conditions(assertion)).map(ClassicAssertion::new).collect()
        });
        let assertions = assertions.filter(|list: &Vec<_>| !list.is_empty());
        Self { name: &policy.name, modified: policy.modified, assertions }
    }

    fn canonical(&self, text: &mut Canonical) {
        text.object(|text| {
            if let Some(assertions) = &self.assertions {
                text.list("assertions", assertions, |text, assertion| assertion.canonical(text));
            }
            text.moment("modified", self.modified);
            text.string("name", Some(self.name));
        });
    }
}

/// Whether an assertion grants only under conditions. This form cannot say so, and its readers
/// would grant always; a denial is kept.
fn needs_conditions(assertion: &AssertionText) -> bool {
    assertion.effect == AssertionEffect::Allow && assertion.conditions.is_some()
}

impl<'a> ClassicAssertion<'a> {
    fn new(assertion: &'a AssertionText) -> Self {
        Self {
            role: &assertion.role,
            resource: &assertion.resource,
            action: &assertion.action,
            effect: assertion.effect,
        }
    }

    fn canonical(&self, text: &mut Canonical) {
        text.object(|text| {
            text.string("action", Some(self.action));
            text.string("effect", Some(self.effect.as_str()));
            text.string("resource", Some(self.resource));
            text.string("role", Some(self.role));
        });
    }
}

struct JwsPolicies<'a> {
    policies: Vec<&'a PolicyText>,
    details: bool,
}

impl Serialize for JwsPolicies<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.policies.len()))?;
        for policy in &self.policies {
            list.serialize_element(&JwsPolicy::new(policy, self.details))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwsPolicy<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<Timestamp>,
    assertions: Option<Vec<JwsAssertion<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case_sensitive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JwsAssertion<'a> {
    role: &'a str,
    resource: &'a str,
    action: &'a str,
    effect: AssertionEffect,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    case_sensitive: Option<bool>,
    /// Not in Athenz's form: without it a conditional grant would look unconditional.
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<&'a AssertionConditions>,
}

impl<'a> JwsPolicy<'a> {
    fn new(policy: &'a PolicyText, details: bool) -> Self {
        let assertions = policy.assertions.as_ref();
        Self {
            name: &policy.name,
            modified: policy.modified,
            assertions: assertions
                .map(|list| list.iter().map(|assertion| JwsAssertion::new(assertion, details)).collect()),
            case_sensitive: policy.case_sensitive.filter(|_| details),
            version: policy.version.as_deref().filter(|_| details),
            active: details.then(|| policy.is_active()),
        }
    }
}

impl<'a> JwsAssertion<'a> {
    fn new(assertion: &'a AssertionText, details: bool) -> Self {
        Self {
            role: &assertion.role,
            resource: &assertion.resource,
            action: &assertion.action,
            effect: assertion.effect,
            id: assertion.id.filter(|_| details),
            case_sensitive: assertion.case_sensitive.filter(|_| details),
            conditions: assertion.conditions.as_deref(),
        }
    }
}
