//! Signed policies of one domain, in both forms, from text to something that may be used.

use athenz_model::Timestamp;
use athenz_policy::Effect;
use serde::Deserialize;

use super::encoding::{from_base64url, is_key_id};
use super::verify::{KeyOwner, Scheme, Verify, VerifyError};

/// Largest document, in bytes.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Why policies are not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Larger than any honest document.
    #[error("the policy document is larger than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// Neither of the two forms.
    #[error("this is no signed policy document: {0}")]
    Malformed(String),
    /// The signature does not hold.
    #[error("the policies of {domain} (key {key_id}): {error}")]
    Signature {
        /// The domain that the document claims to be of.
        domain: String,
        /// The key it names.
        key_id: String,
        /// What is wrong.
        error: VerifyError,
    },
    /// A text that the classic signature cannot cover.
    #[error(
        "a name holds a quote, a backslash or a control character, which the classic form cannot sign; fetch the JWS form"
    )]
    Ambiguous,
    /// Of another domain.
    #[error("the policies are of domain `{found}`, not of `{wanted}`")]
    OtherDomain {
        /// What was asked for.
        wanted: String,
        /// What came.
        found: String,
    },
}

/// A document as it came.
#[derive(Clone, Debug)]
pub struct UnverifiedPolicies(Form);

#[derive(Clone, Debug)]
enum Form {
    Classic(ClassicDocument),
    Jws { document: JwsDocument, header: JwsHeader, payload: PolicyDocument },
}

/// Policies whose signature holds. Whether they are still fresh is for the engine to judge.
#[derive(Clone, Debug)]
pub struct VerifiedPolicies {
    /// The domain they are of.
    pub domain: String,
    /// When they were last changed.
    pub modified: Timestamp,
    /// Until when they may be used.
    pub expires: Timestamp,
    /// The assertions, in order.
    pub assertions: Vec<VerifiedAssertion>,
}

/// One assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// Full name of its policy.
    pub policy: String,
    /// Its number, or 0 in the classic form.
    pub id: i64,
    /// Full name of the role, possibly a pattern.
    pub role: String,
    /// The action, possibly a pattern.
    pub action: String,
    /// The resource, possibly a pattern.
    pub resource: String,
    /// What it means.
    pub effect: Effect,
    /// Whether it has conditions, which nothing here can judge.
    pub conditional: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct ClassicDocument {
    #[serde(rename = "signedPolicyData")]
    data: PolicyDocument,
    signature: String,
    #[serde(rename = "keyId")]
    key_id: String,
}

#[derive(Clone, Debug, Deserialize)]
struct JwsDocument {
    payload: String,
    protected: String,
    signature: String,
}

#[derive(Clone, Debug, Deserialize)]
struct JwsHeader {
    alg: String,
    kid: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicyDocument {
    policy_data: PolicyData,
    zms_signature: Option<String>,
    zms_key_id: Option<String>,
    modified: String,
    expires: String,
}

#[derive(Clone, Debug, Deserialize)]
struct PolicyData {
    domain: String,
    policies: Option<Vec<Policy>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Policy {
    name: String,
    modified: Option<String>,
    active: Option<bool>,
    assertions: Option<Vec<Assertion>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Assertion {
    role: String,
    resource: String,
    action: String,
    effect: Option<String>,
    id: Option<i64>,
    conditions: Option<serde_json::Value>,
}

impl UnverifiedPolicies {
    /// Takes a document of either form apart. Nothing in it may be believed yet.
    ///
    /// # Errors
    /// It is neither form.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(PolicyError::TooLarge);
        }
        // the two forms share no member, so the error of the right one is worth showing
        if text.contains("\"signedPolicyData\"") {
            return Ok(Self(Form::Classic(read(text.as_bytes())?)));
        }
        let document: JwsDocument = read(text.as_bytes())?;
        let decode = |part: &str| from_base64url(part).ok_or_else(|| malformed("a part is not base64url"));
        let header = read(&decode(&document.protected)?)?;
        let payload = read(&decode(&document.payload)?)?;
        Ok(Self(Form::Jws { document, header, payload }))
    }

    /// Whether it is a JWS, not the classic form.
    pub const fn is_jws(&self) -> bool {
        matches!(self.0, Form::Jws { .. })
    }

    /// Whether it has policies in versions other than the active ones, asked for by name.
    pub fn has_other_versions(&self) -> bool {
        let policies = self.document().policy_data.policies.iter().flatten();
        policies.into_iter().any(|policy| policy.active == Some(false))
    }

    /// The domain it claims to be of.
    pub fn unverified_domain(&self) -> &str {
        &self.document().policy_data.domain
    }

    /// The `ETag` of the server for this content: its stamp, in quotes.
    pub fn unverified_etag(&self) -> String {
        format!("\"{}\"", self.document().modified)
    }

    const fn document(&self) -> &PolicyDocument {
        match &self.0 {
            Form::Classic(classic) => &classic.data,
            Form::Jws { payload, .. } => payload,
        }
    }

    /// Checks the signature of ZTS, and that the policies are of the domain asked for.
    ///
    /// # Errors
    /// They may not be used.
    pub fn verify(self, domain: &str, verify: &dyn Verify) -> Result<VerifiedPolicies, PolicyError> {
        match &self.0 {
            Form::Classic(classic) => {
                let text = canonical_document(&classic.data)?;
                check_athenz(verify, KeyOwner::Zts, &classic.key_id, &text, &classic.signature)
                    .map_err(|error| signature_error(&classic.data, &classic.key_id, error))?;
            }
            Form::Jws { document, header, payload } => check_jws(verify, document, header)
                .map_err(|error| signature_error(payload, &header.kid, error))?,
        }
        let found = self.unverified_domain();
        if found != domain {
            return Err(PolicyError::OtherDomain { wanted: domain.to_owned(), found: found.to_owned() });
        }
        self.document().accept()
    }

    /// Checks the signature of ZMS inside a classic document; the JWS form has none.
    ///
    /// # Errors
    /// It does not hold, or there is none.
    pub fn check_zms_signature(&self, verify: &dyn Verify) -> Result<(), PolicyError> {
        let Form::Classic(classic) = &self.0 else { return Ok(()) };
        let data = &classic.data;
        let key_id = data.zms_key_id.as_deref().unwrap_or_default();
        let signature = data.zms_signature.as_deref().unwrap_or_default();
        check_athenz(verify, KeyOwner::Zms, key_id, &canonical_policies(&data.policy_data)?, signature)
            .map_err(|error| signature_error(data, key_id, error))
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, PolicyError> {
    serde_json::from_slice(text).map_err(|error| malformed(&error.to_string()))
}

fn malformed(why: &str) -> PolicyError {
    PolicyError::Malformed(why.to_owned())
}

fn signature_error(document: &PolicyDocument, key_id: &str, error: VerifyError) -> PolicyError {
    let shown = |text: &str| text.chars().filter(|c| !c.is_control()).take(128).collect();
    PolicyError::Signature { domain: shown(&document.policy_data.domain), key_id: shown(key_id), error }
}

fn check_athenz(
    verify: &dyn Verify,
    owner: KeyOwner,
    key_id: &str,
    text: &str,
    signature: &str,
) -> Result<(), VerifyError> {
    if !is_key_id(key_id) {
        return Err(VerifyError::UnknownKey);
    }
    let signature = super::encoding::from_ybase64(signature).ok_or(VerifyError::BadSignature)?;
    verify.verify(owner, key_id, Scheme::Athenz, text.as_bytes(), &signature)
}

fn check_jws(verify: &dyn Verify, document: &JwsDocument, header: &JwsHeader) -> Result<(), VerifyError> {
    if !is_key_id(&header.kid) {
        return Err(VerifyError::UnknownKey);
    }
    let signature = from_base64url(&document.signature).ok_or(VerifyError::BadSignature)?;
    let signed = format!("{}.{}", document.protected, document.payload);
    verify.verify(KeyOwner::Zts, &header.kid, Scheme::Document(&header.alg), signed.as_bytes(), &signature)
}

impl PolicyDocument {
    /// The content as values; only after its signature was checked.
    fn accept(&self) -> Result<VerifiedPolicies, PolicyError> {
        let moment =
            |text: &str| Timestamp::parse(text).ok_or_else(|| malformed("modified or expires is no date"));
        let mut assertions = Vec::new();
        for policy in self.policy_data.policies.iter().flatten() {
            for assertion in policy.assertions.iter().flatten() {
                assertions.push(assertion.accept(&policy.name)?);
            }
        }
        Ok(VerifiedPolicies {
            domain: self.policy_data.domain.clone(),
            modified: moment(&self.modified)?,
            expires: moment(&self.expires)?,
            assertions,
        })
    }
}

impl Assertion {
    fn accept(&self, policy: &str) -> Result<VerifiedAssertion, PolicyError> {
        // an effect we do not know must not turn into a permission
        let effect = match self.effect.as_deref() {
            None | Some("ALLOW") => Effect::Allow,
            Some("DENY") => Effect::Deny,
            Some(_) => return Err(malformed("an effect is neither ALLOW nor DENY")),
        };
        Ok(VerifiedAssertion {
            policy: policy.to_owned(),
            id: self.id.unwrap_or(0),
            role: self.role.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            effect,
            conditional: self.conditions.as_ref().is_some_and(|conditions| !conditions.is_null()),
        })
    }
}

/// The text that the classic signature covers: members by name, no white space, nothing escaped.
fn canonical_document(document: &PolicyDocument) -> Result<String, PolicyError> {
    let mut members = vec![
        member("expires", &document.expires)?,
        member("modified", &document.modified)?,
        format!("\"policyData\":{}", canonical_policies(&document.policy_data)?),
    ];
    for (name, value) in [("zmsKeyId", &document.zms_key_id), ("zmsSignature", &document.zms_signature)] {
        if let Some(value) = value {
            members.push(member(name, value)?);
        }
    }
    Ok(format!("{{{}}}", members.join(",")))
}

/// The text that the signature of ZMS covers.
fn canonical_policies(data: &PolicyData) -> Result<String, PolicyError> {
    let policies: Vec<String> =
        data.policies.iter().flatten().map(canonical_policy).collect::<Result<_, _>>()?;
    Ok(format!("{{{},\"policies\":[{}]}}", member("domain", &data.domain)?, policies.join(",")))
}

fn canonical_policy(policy: &Policy) -> Result<String, PolicyError> {
    let mut members = Vec::new();
    if let Some(assertions) = policy.assertions.as_ref().filter(|assertions| !assertions.is_empty()) {
        let assertions: Vec<String> = assertions.iter().map(canonical_assertion).collect::<Result<_, _>>()?;
        members.push(format!("\"assertions\":[{}]", assertions.join(",")));
    }
    if let Some(modified) = &policy.modified {
        members.push(member("modified", modified)?);
    }
    members.push(member("name", &policy.name)?);
    Ok(format!("{{{}}}", members.join(",")))
}

fn canonical_assertion(assertion: &Assertion) -> Result<String, PolicyError> {
    let mut members = vec![member("action", &assertion.action)?];
    if let Some(effect) = &assertion.effect {
        members.push(member("effect", effect)?);
    }
    members.push(member("resource", &assertion.resource)?);
    members.push(member("role", &assertion.role)?);
    Ok(format!("{{{}}}", members.join(",")))
}

/// Without escaping, a quote in a value could be read as the end of it.
fn member(name: &str, value: &str) -> Result<String, PolicyError> {
    if value.chars().any(|c| c == '"' || c == '\\' || c.is_control()) {
        return Err(PolicyError::Ambiguous);
    }
    Ok(format!("\"{name}\":\"{value}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_text_is_that_of_the_reference() {
        let text = r#"{"signedPolicyData":{"zmsSignature":"sig","zmsKeyId":"zms.0","expires":"2026-08-19T09:00:00.000Z",
            "modified":"2026-08-12T08:30:00.123Z","policyData":{"domain":"sports","policies":[
            {"name":"sports:policy.admin","modified":"2026-08-01T10:00:00.000Z","assertions":[
            {"role":"sports:role.admin","resource":"sports:*&<>","action":"*","effect":"ALLOW","id":7}]},
            {"name":"sports:policy.none","modified":"2026-08-01T10:00:00.000Z"}]}},"signature":"s","keyId":"k"}"#;
        let Form::Classic(classic) = UnverifiedPolicies::parse(text).unwrap().0 else {
            panic!("another form")
        };
        assert_eq!(
            canonical_document(&classic.data).unwrap(),
            concat!(
                r#"{"expires":"2026-08-19T09:00:00.000Z","modified":"2026-08-12T08:30:00.123Z","policyData":"#,
                r#"{"domain":"sports","policies":[{"assertions":[{"action":"*","effect":"ALLOW","resource":"sports:*&<>","#,
                r#""role":"sports:role.admin"}],"modified":"2026-08-01T10:00:00.000Z","name":"sports:policy.admin"},"#,
                r#"{"modified":"2026-08-01T10:00:00.000Z","name":"sports:policy.none"}]},"#,
                r#""zmsKeyId":"zms.0","zmsSignature":"sig"}"#
            )
        );
    }

    #[test]
    fn neither_form_is_an_error_that_says_so() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"signedPolicyData":{}}"#,
            r#"{"payload":"e30","protected":"e30","signature":""}"#,
        ] {
            assert!(matches!(UnverifiedPolicies::parse(text), Err(PolicyError::Malformed(_))), "{text}");
        }
    }
}
