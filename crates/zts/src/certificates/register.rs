//! Registration: the first certificate of an instance.

use std::sync::Arc;

use athenz_crypto::x509::Certificate;
use athenz_model::ApiError;
use athenz_model::wire::zts::{InstanceIdentity, InstanceRegisterInformation};
use athenz_serve::{Principal, Refusal};
use athenz_store::certificate_records::{
    CertificateRecord, RecordKey, RegisterOutcome, Registration, TokenUse,
};

use super::identity::{Wish, authorize_workload, identity_of, issue_of, record_store_failed};
use super::lifetime::Usage;
use super::request::CertificateRequest;
use super::{Certificates, RequestFacts, Workload};
use crate::providers::Purpose;
use crate::state::State;

/// Registers an instance.
///
/// # Errors
/// The first rule broken, in Athenz's order.
pub(crate) async fn register(
    state: &State,
    certificates: &Certificates,
    facts: &RequestFacts,
    caller: Option<&Principal>,
    body: &InstanceRegisterInformation,
) -> Result<InstanceIdentity, Refusal> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let workload = Workload::new(&text(&body.provider), &text(&body.domain), &text(&body.service));
    let index = Arc::clone(&state.index());
    let domain = authorize_workload(state, certificates, &index, &workload, facts.now)?;
    let Some(csr) = body.csr.as_deref().filter(|csr| !csr.is_empty()) else {
        return Err(refuse_jwt_identity(certificates, body, &workload).into());
    };
    let wish = wish(&workload, facts, caller, body);
    if wish.unverified_attestation.is_empty() {
        return Err(ApiError::bad_request("attestation data is required for x509 certificate request").into());
    }
    let request = CertificateRequest::verify(csr)
        .map_err(|error| ApiError::bad_request(format!("unable to parse PKCS10 CSR: {error}")))?;
    let checked = certificates.check_names(state, &index, &domain, &wish, &request)?;
    let instance_id = checked.instance_id.clone();
    let accepted = certificates.confirm(state, &index, &domain, &wish, request, checked).await?;
    let confirmed = accepted.confirmed.clone();
    let certificate = certificates.sign_service(&domain, &wish, accepted, confirmed.usage).await?;
    let record = record(&wish, &instance_id, &certificate, confirmed.refreshable, confirmed.usage);
    store(certificates, record, confirmed.token).await?;
    Ok(InstanceIdentity {
        x509_certificate: Some(certificate.to_pem()),
        x509_certificate_signer: certificates.authority_for_answer(),
        service_token: certificates.token_for_answer(state, &wish, body.token).await?,
        attributes: Some(confirmed.attributes),
        athenz_jwk: certificates.keys_for_answer(
            state,
            &index,
            body.athenz_jwk,
            body.athenz_jwk_modified,
            facts.now,
        ),
        ..identity_of(&workload, &instance_id)
    })
}

fn wish<'a>(
    workload: &'a Workload,
    facts: &'a RequestFacts,
    caller: Option<&'a Principal>,
    body: &'a InstanceRegisterInformation,
) -> Wish<'a> {
    Wish {
        purpose: Purpose::Register,
        workload,
        facts,
        unverified_attestation: body.attestation_data.as_deref().unwrap_or_default(),
        instance_id: body.x509_cert_instance_id.as_deref(),
        host_name: body.hostname.as_deref().filter(|name| !name.is_empty()),
        host_cnames: body.host_cnames.as_deref().unwrap_or_default(),
        namespace: body.namespace.as_deref(),
        expiry_minutes: i64::from(body.expiry_time.unwrap_or(0)),
        principal: caller.map(|caller| &*caller.full_name),
        cloud: body.cloud.as_deref().filter(|cloud| !cloud.is_empty()),
        held_host_name: None,
    }
}

/// A request without CSR asks for a JWT identity, which no built-in provider confirms.
fn refuse_jwt_identity(
    certificates: &Certificates,
    body: &InstanceRegisterInformation,
    workload: &Workload,
) -> ApiError {
    let given = |field: &Option<String>| field.as_deref().is_some_and(|text| !text.is_empty());
    if !given(&body.jwt_svid_audience) {
        return ApiError::bad_request("Audience is required for jwt SVID requests");
    }
    if let Some(asked) = body.jwt_svid_spiffe.as_deref().filter(|text| !text.is_empty()) {
        let forms = &certificates.rules.spiffe;
        let namespace = body.namespace.as_deref();
        if forms.of_service(asked, &workload.domain, &workload.service, namespace).is_none() {
            return ApiError::bad_request("SPIFFE URI validation failed");
        }
    } else if body.jwt_svid_spiffe_subject.unwrap_or(false) {
        return ApiError::bad_request("SPIFFE URI is required when jwtSVIDSpiffeSubject is true");
    }
    ApiError::bad_request(format!("invalid instance provider type for JWT: {}", workload.provider))
}

/// The record of a new instance.
pub(crate) fn record(
    wish: &Wish<'_>,
    instance_id: &str,
    certificate: &Certificate,
    refreshable: bool,
    usage: Usage,
) -> CertificateRecord {
    let issue = issue_of(certificate, wish.facts);
    CertificateRecord {
        key: RecordKey {
            provider: wish.workload.provider.clone(),
            instance_id: instance_id.to_owned(),
            service: wish.workload.full_name(),
        },
        previous: issue.clone(),
        current: issue,
        superseded: Vec::new(),
        registered_at: wish.facts.now,
        refreshable,
        client_only: usage == Usage::Client,
        revoked_at: None,
        expires_at: certificate.not_after(),
        host_name: wish.host_name.map(str::to_owned),
        data_updated_at: wish.facts.now,
        agent: wish.facts.agent(),
        notified: None,
        version: 0,
    }
}

/// A certificate leaves the server only when its record is durable.
async fn store(
    certificates: &Certificates,
    record: CertificateRecord,
    token: Option<TokenUse>,
) -> Result<(), Refusal> {
    let key = record.key.clone();
    let outcome = certificates.records.register(Registration { record, token }).await;
    match outcome.map_err(|error| record_store_failed(&error))? {
        RegisterOutcome::Registered { was_revoked } => {
            if was_revoked {
                tracing::warn!(
                    target: "athenz::security",
                    provider = key.provider,
                    instance_id = key.instance_id,
                    service = key.service,
                    "a revoked instance has registered again"
                );
            }
            Ok(())
        }
        RegisterOutcome::TokenOfAnotherKey => {
            let text = "unable to verify attestation data: the register token was used with another key, get a new one";
            Err(ApiError::forbidden(text).into())
        }
    }
}
