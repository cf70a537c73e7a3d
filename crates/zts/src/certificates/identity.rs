//! What registration and refresh of an instance have in common.

use std::net::IpAddr;
use std::sync::Arc;

use athenz_crypto::ntoken::NewPrincipalToken;
use athenz_crypto::x509::Certificate;
use athenz_model::wire::zts::{AthenzJWKConfig, InstanceIdentity};
use athenz_model::{ApiError, Timestamp};
use athenz_serve::Refusal;
use athenz_store::certificate_records::{Issue, RecordStoreError};

use super::csr_rules::{CheckedRequest, ServiceRequest, check_dns_instance_ids, check_host_fields};
use super::lifetime::ServiceLifetime;
use super::public_keys::KeyLists;
use super::request::CertificateRequest;
use super::signer::Order;
use super::{Certificates, Workload, launch};
use crate::index::{DomainEntry, Index};
use crate::providers::{self, BuiltIn, Confirmation, Confirmed, Provider, Purpose, UnknownProvider};
use crate::state::State;

/// Facts of the connection.
#[derive(Clone, Debug)]
pub(crate) struct RequestFacts {
    /// The moment.
    pub(crate) now: Timestamp,
    /// Address of the client, forwarding considered.
    pub(crate) client_ip: IpAddr,
    /// Address of the socket.
    pub(crate) peer_ip: IpAddr,
    /// `User-Agent`.
    pub(crate) user_agent: Option<String>,
}

impl RequestFacts {
    /// Kind of the identity agent: `SIA-<kind>`, perhaps followed by one more word.
    pub(crate) fn agent(&self) -> Option<String> {
        let mut words = self.user_agent.as_deref()?.trim().strip_prefix("SIA-")?.split(' ');
        let is_word = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let kind = words.next().filter(|kind| is_word(kind))?;
        let more = words.next();
        (words.next().is_none() && more != Some("")).then(|| kind.to_owned())
    }
}

/// What a client asks for, whether it registers or refreshes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) purpose: Purpose,
    pub(crate) workload: &'a Workload,
    pub(crate) facts: &'a RequestFacts,
    pub(crate) unverified_attestation: &'a str,
    /// The instance id beside the request.
    pub(crate) instance_id: Option<&'a str>,
    pub(crate) host_name: Option<&'a str>,
    pub(crate) host_cnames: &'a [String],
    pub(crate) namespace: Option<&'a str>,
    pub(crate) expiry_minutes: i64,
    /// Who asks, where the connection shows it.
    pub(crate) principal: Option<&'a str>,
    pub(crate) cloud: Option<&'a str>,
    /// Host name in the certificate that is refreshed.
    pub(crate) held_host_name: Option<&'a str>,
}

/// A request that all rules and the provider accept.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) request: CertificateRequest,
    pub(crate) checked: CheckedRequest,
    pub(crate) confirmed: Confirmed,
}

/// The domain of a workload whose service exists and may be launched by its provider.
///
/// # Errors
/// 404, 400 or 403, in this order.
pub(crate) fn authorize_workload(
    state: &State,
    certificates: &Certificates,
    index: &Index,
    workload: &Workload,
    now: Timestamp,
) -> Result<Arc<DomainEntry>, ApiError> {
    let domain = registered_domain(certificates, index, workload)?;
    launch::authorize(&state.semantics, &state.user_domains, index, workload, now)?;
    Ok(domain)
}

/// The domain of a workload whose service exists.
///
/// # Errors
/// 404 or 400
pub(crate) fn registered_domain(
    certificates: &Certificates,
    index: &Index,
    workload: &Workload,
) -> Result<Arc<DomainEntry>, ApiError> {
    let unknown = || ApiError::not_found(format!("Domain not found: {}", workload.domain));
    let domain = index.domain(&workload.domain).ok_or_else(unknown)?;
    if domain.service(&workload.service).is_none()
        && !certificates.config.accepts_unregistered(&workload.domain)
    {
        return Err(ApiError::bad_request("Service not registered in domain"));
    }
    Ok(domain.clone())
}

impl Certificates {
    /// Checks the names of a request. `dns` names that only the provider can judge are left to it.
    pub(crate) fn check_names(
        &self,
        state: &State,
        index: &Arc<Index>,
        domain: &DomainEntry,
        wish: &Wish<'_>,
        request: &CertificateRequest,
    ) -> Result<CheckedRequest, ApiError> {
        self.with_service_request(state, index, domain, wish, |service_request| {
            self.rules.check(&request.names, service_request).map_err(refuse_csr)
        })
    }

    fn with_service_request<T>(
        &self,
        state: &State,
        index: &Arc<Index>,
        domain: &DomainEntry,
        wish: &Wish<'_>,
        check: impl FnOnce(&ServiceRequest<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let authority = self.authorities.of(&state.semantics, index, &wish.workload.provider, wish.facts.now);
        check(&ServiceRequest {
            domain: &wish.workload.domain,
            service: &wish.workload.service,
            provider: &wish.workload.provider,
            instance_id: wish.instance_id,
            host_name: wish.host_name,
            host_cnames: wish.host_cnames,
            namespace: wish.namespace,
            certificate_dns_domain: domain.settings().cert_dns_domain.as_deref(),
            authority: &authority,
        })
    }

    /// Asks the provider, and applies the rules on which it has a word.
    pub(crate) async fn confirm(
        &self,
        state: &State,
        index: &Arc<Index>,
        domain: &DomainEntry,
        wish: &Wish<'_>,
        request: CertificateRequest,
        mut checked: CheckedRequest,
    ) -> Result<Accepted, Refusal> {
        let provider = &wish.workload.provider;
        let unknown = |error: UnknownProvider| {
            let text = format!("unable to get instance for provider: {provider}");
            Refusal::from(ApiError::bad_request(text)).noted(error.to_string())
        };
        let found = providers::resolve(index, provider).map_err(unknown)?;
        let asked = Confirmation {
            purpose: wish.purpose,
            workload: wish.workload,
            unverified_attestation: wish.unverified_attestation,
            instance_id: &checked.instance_id,
            client_ip: wish.facts.client_ip,
            dns_names: &checked.dns_for_provider,
            ips: &checked.ips,
            uris: &request.names.uris,
            host_name: wish.host_name,
            held_host_name: wish.held_host_name,
            principal: wish.principal,
            cloud: wish.cloud,
            public_key: &request.public_key,
            now: wish.facts.now,
        };
        let confirmed = match found {
            Provider::BuiltIn(BuiltIn::Zts) => {
                providers::zts::confirm(state, index, &self.config.provider, &asked)
            }
            Provider::Remote(endpoint) => {
                let call = self.providers.as_deref().ok_or_else(|| unknown(UnknownProvider::NotCalled))?;
                providers::remote::confirm(call, &endpoint, domain, &asked).await
            }
        };
        let confirmed = confirmed.map_err(|refused| refuse_attestation(wish, &refused))?;
        check_dns_instance_ids(&request.names).map_err(refuse_csr)?;
        if request.names.dns.is_empty() {
            self.with_service_request(state, index, domain, wish, |service_request| {
                check_host_fields(service_request).map_err(refuse_csr)
            })?;
        }
        let own: Vec<&str> =
            std::iter::once(provider.as_str()).chain(confirmed.organizational_unit.as_deref()).collect();
        checked.subject.organizational_unit = self
            .rules
            .subject
            .organizational_unit(&request.names, &own)
            .ok_or_else(|| ApiError::bad_request("CSR Subject OrgUnit validation failed"))?;
        Ok(Accepted { request, checked, confirmed })
    }

    /// Signs what was accepted.
    pub(crate) async fn sign_service(
        &self,
        domain: &DomainEntry,
        wish: &Wish<'_>,
        accepted: Accepted,
        usage: super::lifetime::Usage,
    ) -> Result<Certificate, Refusal> {
        let lifetime = ServiceLifetime {
            provider: accepted.confirmed.expiry_minutes,
            requested: wish.expiry_minutes,
            domain: i64::from(domain.settings().service_cert_expiry_mins.unwrap_or(0)),
            default: self.config.service_default_minutes,
        };
        let instance_id = accepted.checked.instance_id.clone();
        let order = Order::service(accepted.checked, accepted.request.public_key, usage, lifetime.minutes());
        let certificate = self.sign(order, wish.facts.now).await?;
        log_certificate(wish.facts, Some(&wish.workload.provider), Some(&instance_id), &certificate);
        Ok(certificate)
    }

    /// Signs an order.
    pub(crate) async fn sign(&self, order: Order, now: Timestamp) -> Result<Certificate, Refusal> {
        self.signer.sign(order, now).await.map_err(|error| {
            tracing::error!(%error, "a certificate could not be signed");
            Refusal::from(ApiError::internal("unable to generate identity")).noted(error.to_string())
        })
    }

    /// The certificate of the authority for answers.
    pub(crate) fn authority_for_answer(&self) -> Option<String> {
        self.config.answer_with_authority.then(|| self.signer.authority_pem().to_owned())
    }

    /// The keys of ZMS and ZTS, when wanted and news to the client.
    pub(crate) fn keys_for_answer(
        &self,
        state: &State,
        index: &Index,
        wanted: Option<bool>,
        client_copy: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<AthenzJWKConfig> {
        let keys =
            wanted.unwrap_or(false).then(|| KeyLists::new(state.zms_keys(), &state.signers(), index))?;
        self.key_configs.for_client(keys, client_copy, now)
    }

    /// A service token for the instance, when wanted.
    pub(crate) async fn token_for_answer(
        &self,
        state: &State,
        wish: &Wish<'_>,
        wanted: Option<bool>,
    ) -> Result<Option<String>, Refusal> {
        if !wanted.unwrap_or(false) {
            return Ok(None);
        }
        let key = state.signers().main().key.clone();
        let token = NewPrincipalToken {
            host: Some(state.config.hostname.clone()),
            key_service: Some("zts".to_owned()),
            ip: Some(wish.facts.client_ip.to_string()),
            ..NewPrincipalToken::service(
                &wish.workload.domain,
                &wish.workload.service,
                key.id().as_str(),
                wish.facts.now,
                self.config.service_token_seconds,
                &*state.random,
            )
        };
        token.sign_with(&key).await.map(Some).map_err(|error| {
            Refusal::from(ApiError::internal("unable to generate service token")).noted(error.to_string())
        })
    }
}

/// An answer with the names of the instance and nothing else.
pub(crate) fn identity_of(workload: &Workload, instance_id: &str) -> InstanceIdentity {
    InstanceIdentity {
        provider: Some(workload.provider.clone()),
        name: Some(workload.full_name()),
        instance_id: Some(instance_id.to_owned()),
        ..InstanceIdentity::default()
    }
}

/// The issue of a certificate as it stands in its record.
pub(crate) fn issue_of(certificate: &Certificate, facts: &RequestFacts) -> Issue {
    Issue { serial: certificate.serial_hex(), at: facts.now, ip: facts.client_ip.to_string() }
}

fn refuse_csr(error: super::csr_rules::CsrError) -> ApiError {
    ApiError::bad_request(format!("CSR validation failed - {error}"))
}

/// Athenz's text, in which the client finds itself described.
fn refuse_attestation(wish: &Wish<'_>, refused: &providers::Refused) -> Refusal {
    let agent = wish.facts.user_agent.as_deref().unwrap_or("null");
    let host = wish.host_name.unwrap_or("null");
    let text = format!(
        "unable to verify attestation data: ResourceException ({}): {refused} client: {agent} clientIP: {} clientHost: {host}",
        refused.provider_status, wish.facts.peer_ip
    );
    Refusal::from(ApiError { code: refused.status, message: text }).noted(refused.note.clone())
}

/// The store could not be asked: the client tries again.
pub(crate) fn record_store_failed(error: &RecordStoreError) -> Refusal {
    tracing::error!(%error, "certificate records cannot be used");
    Refusal::from(ApiError::unavailable("unable to update cert db, try again later")).noted(error.to_string())
}

/// One line for each certificate issued.
pub(crate) fn log_certificate(
    facts: &RequestFacts,
    provider: Option<&str>,
    instance_id: Option<&str>,
    certificate: &Certificate,
) {
    tracing::info!(
        target: "athenz::certificates",
        ip = %facts.client_ip,
        provider = provider.unwrap_or("-"),
        instance_id = instance_id.unwrap_or("-"),
        subject = %certificate.subject().text(),
        serial = %certificate.serial_hex(),
        not_after = %certificate.not_after(),
        "issued"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_by_their_user_agent() {
        for (text, agent) in [
            ("SIA-FARGATE 1.32.0", Some("FARGATE")),
            (" SIA-EC2 ", Some("EC2")),
            ("SIA-", None),
            ("SIA-A b c", None),
            ("Go-http-client/2.0", None),
            ("SIA-a/b", None),
        ] {
            let facts = RequestFacts {
                now: Timestamp::EPOCH,
                client_ip: [127, 0, 0, 1].into(),
                peer_ip: [127, 0, 0, 1].into(),
                user_agent: Some(text.to_owned()),
            };
            assert_eq!(facts.agent().as_deref(), agent, "{text}");
        }
    }
}
