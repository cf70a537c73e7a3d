//! Refresh: a new certificate for an instance that has one.

use std::sync::Arc;

use athenz_crypto::x509::Certificate;
use athenz_model::wire::zts::{InstanceIdentity, InstanceRefreshInformation};
use athenz_model::{ApiError, Timestamp};
use athenz_serve::caller::Credential;
use athenz_serve::{Principal, Refusal};
use athenz_store::certificate_records::{CertificateRecord, RecordKey, Registration};

use super::identity::{Wish, identity_of, issue_of, record_store_failed, registered_domain};
use super::lifetime::Usage;
use super::request::{CertificateRequest, names_of_certificate};
use super::theft::{Presented, Verdict, judge};
use super::{Certificates, RequestFacts, Workload, launch};
use crate::messages;
use crate::providers::Purpose;
use crate::state::State;

/// How often a refresh that meets another one of the same instance is judged anew.
const ATTEMPTS: usize = 3;

/// A refresh, and who asks for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshOrder<'a> {
    pub(crate) workload: &'a Workload,
    /// The instance id of the path.
    pub(crate) instance_id: &'a str,
    pub(crate) caller: &'a Principal,
    /// The caller's certificate.
    pub(crate) certificate: Option<&'a Certificate>,
}

/// Refreshes an instance.
///
/// # Errors
/// The first rule broken, in Athenz's order.
pub(crate) async fn refresh(
    state: &State,
    certificates: &Certificates,
    facts: &RequestFacts,
    order: RefreshOrder<'_>,
    body: &InstanceRefreshInformation,
) -> Result<InstanceIdentity, Refusal> {
    let workload = order.workload;
    let index = Arc::clone(&state.index());
    let domain = registered_domain(certificates, &index, workload)?;
    let csr = body.csr.as_deref().filter(|csr| !csr.is_empty());
    let wants_ssh = body.ssh_cert_request.is_some() || body.ssh.as_deref().is_some_and(|ssh| !ssh.is_empty());
    if csr.is_none() && !wants_ssh {
        return Err(ApiError::bad_request("no csr provided").into());
    }
    let held = check_caller(&order)?;
    launch::authorize(&state.semantics, &state.user_domains, &index, workload, facts.now)?;
    let Some(csr) = csr else {
        // there is no signer of SSH certificates: the answer has none, as agents expect
        return Ok(identity_of(workload, order.instance_id));
    };
    let request = CertificateRequest::verify(csr).map_err(|error| {
        Refusal::from(ApiError::bad_request("unable to parse PKCS10 CSR")).noted(error.to_string())
    })?;
    let held_names = names_of_certificate(held);
    let wish = wish(&order, facts, held_names.host_names().next(), body);
    let checked = certificates.check_names(state, &index, &domain, &wish, &request)?;
    check_instance(&order, held, &checked.instance_id)?;
    let accepted = certificates.confirm(state, &index, &domain, &wish, request, checked).await?;
    let confirmed = accepted.confirmed.clone();
    let step = RecordStep {
        certificates,
        wish: &wish,
        instance_id: order.instance_id,
        held,
        serial: held.serial_hex(),
        refreshable: confirmed.refreshable,
    };
    let next = step.judge().await?;
    let client_only = next.as_ref().is_some_and(|next| next.record.client_only);
    let usage = if client_only { Usage::Client } else { confirmed.usage };
    let certificate = certificates.sign_service(&domain, &wish, accepted, usage).await?;
    step.store(next, &certificate).await?;
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
        ..identity_of(workload, order.instance_id)
    })
}

fn wish<'a>(
    order: &RefreshOrder<'a>,
    facts: &'a RequestFacts,
    held_host_name: Option<&'a str>,
    body: &'a InstanceRefreshInformation,
) -> Wish<'a> {
    Wish {
        purpose: Purpose::Refresh,
        workload: order.workload,
        facts,
        unverified_attestation: body.attestation_data.as_deref().unwrap_or_default(),
        instance_id: None,
        host_name: body.hostname.as_deref().filter(|name| !name.is_empty()),
        host_cnames: body.host_cnames.as_deref().unwrap_or_default(),
        namespace: body.namespace.as_deref(),
        expiry_minutes: i64::from(body.expiry_time.unwrap_or(0)),
        principal: Some(&order.caller.full_name),
        cloud: body.cloud.as_deref().filter(|cloud| !cloud.is_empty()),
        held_host_name,
    }
}

/// Only the service itself, with its own identity certificate.
fn check_caller<'a>(order: &RefreshOrder<'a>) -> Result<&'a Certificate, ApiError> {
    let (service, caller) = (order.workload.full_name(), order.caller);
    if *caller.full_name != *service {
        let text = format!("Principal mismatch: {service} vs. {}", caller.full_name);
        return Err(ApiError::bad_request(text));
    }
    match (caller.credential, order.certificate) {
        (Credential::Certificate, Some(certificate)) => Ok(certificate),
        (Credential::RoleCertificate | Credential::RoleToken, _) => Err(messages::role_identity()),
        _ => Err(ApiError::bad_request(format!("Unsupported authority for TLS Certs: {}", caller.authority))),
    }
}

/// The ids of path, request and presented certificate must be one, and of the provider.
fn check_instance(order: &RefreshOrder<'_>, held: &Certificate, asked: &str) -> Result<(), ApiError> {
    let held = names_of_certificate(held);
    let provider = &order.workload.provider;
    let of_provider = |named: Option<&str>| named.is_none_or(|name| name.eq_ignore_ascii_case(provider));
    let fits = held.instance_ids().next().is_some_and(|held| held.id == asked && of_provider(held.provider));
    if fits && order.instance_id == asked {
        return Ok(());
    }
    Err(ApiError::bad_request("CSR validation failed - instance id mismatch"))
}

/// The rules of the record of an instance.
struct RecordStep<'a> {
    certificates: &'a Certificates,
    wish: &'a Wish<'a>,
    instance_id: &'a str,
    /// The certificate presented, and its serial number as records have it.
    held: &'a Certificate,
    serial: String,
    /// Whether the refresh rests on a record.
    refreshable: bool,
}

/// What becomes of a record once the certificate is signed.
struct Next {
    /// The record as it will be, but for the new certificate.
    record: CertificateRecord,
    /// Serial of the current certificate of the stored record; `None` when there is none stored.
    expected_serial: Option<String>,
}

impl RecordStep<'_> {
    /// Whether the presented certificate may be followed. `None`: there is no record to keep.
    async fn judge(&self) -> Result<Option<Next>, Refusal> {
        for _ in 0..ATTEMPTS {
            let found = self.certificates.records.lookup(&self.key()).await;
            let found = found.map_err(|error| record_store_failed(&error))?;
            if let Some(decided) = self.decide(found).await? {
                return Ok(decided);
            }
        }
        Err(busy())
    }

    fn key(&self) -> RecordKey {
        let workload = self.wish.workload;
        RecordKey {
            provider: workload.provider.clone(),
            instance_id: self.instance_id.to_owned(),
            service: workload.full_name(),
        }
    }

    /// One look at the record; `None` when somebody else changed it meanwhile.
    async fn decide(&self, found: Option<CertificateRecord>) -> Result<Option<Option<Next>>, Refusal> {
        let reset = Timestamp::from_seconds(self.certificates.config.refresh_reset_seconds);
        let presented = Presented { serial: &self.serial, not_before: self.held.not_before() };
        match &found {
            // fresh proof without a record: nothing to compare with
            None if !self.refreshable => return Ok(Some(None)),
            Some(record) if !record.refreshable && record.revoked_at.is_none() => {
                if self.refreshable {
                    return Err(no_record());
                }
                let (previous, superseded) = (record.current.clone(), record.superseded.clone());
                return Ok(Some(Some(next(record, previous, superseded))));
            }
            _ => {}
        }
        let is_foreign =
            |record: &CertificateRecord| record.revoked_at.is_none() && !record.knows(&self.serial);
        if !self.refreshable && found.as_ref().is_some_and(is_foreign) {
            // fresh proof, and a certificate that was given for such proof: not of the record
            return Ok(Some(None));
        }
        let verdict = judge(found.as_ref(), presented, reset);
        match verdict {
            Verdict::Follow { previous, superseded } => {
                Ok(Some(found.map(|record| next(&record, previous, superseded))))
            }
            Verdict::Recover => Ok(Some(Some(self.recovered()))),
            Verdict::NoRecord => Err(no_record()),
            Verdict::Refuse => Err(revoked()),
            Verdict::Revoke => {
                let done = match found {
                    Some(record) => self.revoke(record).await?,
                    None => true,
                };
                if done { Err(revoked()) } else { Ok(None) }
            }
        }
    }

    /// The record of a certificate whose record was lost.
    fn recovered(&self) -> Next {
        let issue = athenz_store::certificate_records::Issue {
            serial: self.serial.clone(),
            at: self.held.not_before(),
            ip: self.wish.facts.client_ip.to_string(),
        };
        let record = CertificateRecord {
            key: self.key(),
            previous: issue.clone(),
            current: issue,
            superseded: Vec::new(),
            registered_at: self.wish.facts.now,
            refreshable: true,
            client_only: false,
            revoked_at: None,
            expires_at: self.held.not_after(),
            host_name: None,
            data_updated_at: self.wish.facts.now,
            agent: None,
            notified: None,
            version: 0,
        };
        Next { record, expected_serial: None }
    }

    async fn revoke(&self, record: CertificateRecord) -> Result<bool, Refusal> {
        let expected = record.current.serial.clone();
        let revoked = CertificateRecord { revoked_at: Some(self.wish.facts.now), ..record };
        tracing::warn!(
            target: "athenz::security",
            provider = revoked.key.provider,
            instance_id = revoked.key.instance_id,
            service = revoked.key.service,
            serial = self.serial,
            ip = %self.wish.facts.client_ip,
            "a certificate that was followed by another asks for a refresh: the instance is revoked"
        );
        let updated = self.certificates.records.update(revoked, expected).await;
        updated.map_err(|error| record_store_failed(&error))
    }

    /// Stores the new certificate; it leaves the server only then. Whoever was faster is looked at
    /// as the first time.
    async fn store(&self, next: Option<Next>, certificate: &Certificate) -> Result<(), Refusal> {
        let mut next = next;
        for _ in 0..ATTEMPTS {
            let Some(attempt) = next else { return Ok(()) };
            if self.try_store(attempt, certificate).await? {
                return Ok(());
            }
            next = self.judge().await?;
        }
        Err(busy())
    }

    async fn try_store(&self, next: Next, certificate: &Certificate) -> Result<bool, Refusal> {
        let Next { mut record, expected_serial } = next;
        let facts = self.wish.facts;
        let issue = issue_of(certificate, facts);
        let host_name = self.wish.host_name.map(str::to_owned);
        if issue.ip != record.current.ip || host_name != record.host_name {
            record.data_updated_at = facts.now;
        }
        record.current = issue;
        record.host_name = host_name;
        record.expires_at = certificate.not_after();
        record.agent = facts.agent();
        let records = &self.certificates.records;
        let stored = match expected_serial {
            Some(serial) => records.update(record, serial).await,
            None => records.register(Registration { record, token: None }).await.map(|_| true),
        };
        stored.map_err(|error| record_store_failed(&error))
    }
}

fn next(
    record: &CertificateRecord,
    previous: athenz_store::certificate_records::Issue,
    superseded: Vec<String>,
) -> Next {
    Next {
        expected_serial: Some(record.current.serial.clone()),
        record: CertificateRecord { previous, superseded, ..record.clone() },
    }
}

fn no_record() -> Refusal {
    ApiError::forbidden("Unable to find certificate record").into()
}

fn revoked() -> Refusal {
    ApiError::forbidden("Certificate revoked").into()
}

/// Another refresh of the same instance was faster; the client tries again with what it has.
fn busy() -> Refusal {
    ApiError::unavailable("another refresh of this instance is under way, try again").into()
}
