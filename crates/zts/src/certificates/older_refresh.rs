//! The older request for a service certificate, by a registered key and without a provider:
//! `POST /instance/{domain}/{service}/refresh`.

use std::collections::BTreeSet;
use std::sync::Arc;

use athenz_crypto::x509::Certificate;
use athenz_model::ApiError;
use athenz_model::wire::zts::{Identity, InstanceRefreshRequest};
use athenz_serve::caller::Credential;
use athenz_serve::{Principal, Refusal};

use super::csr_rules::CheckedRequest;
use super::identity::log_certificate;
use super::lifetime::Usage;
use super::names::{INSTANCE_ID_LABELS, RequestedNames, Uri, dashed, is_dns_name};
use super::request::{CertificateRequest, names_of_certificate};
use super::signer::Order;
use super::subject::{Subject, country};
use super::{Certificates, RequestFacts};
use crate::access;
use crate::index::Index;
use crate::messages;
use crate::state::State;

/// Who asks for a certificate of which service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OlderOrder<'a> {
    /// Canonical domain.
    pub(crate) domain: &'a str,
    /// Canonical service.
    pub(crate) service: &'a str,
    pub(crate) caller: &'a Principal,
    /// The caller's certificate.
    pub(crate) certificate: Option<&'a Certificate>,
}

/// Issues a certificate for a registered key.
///
/// # Errors
/// The first rule broken, in Athenz's order.
pub(crate) async fn older_refresh(
    state: &State,
    certificates: &Certificates,
    facts: &RequestFacts,
    order: OlderOrder<'_>,
    body: &InstanceRefreshRequest,
) -> Result<Identity, Refusal> {
    let index = Arc::clone(&state.index());
    let name = format!("{}.{}", order.domain, order.service);
    let by_administrator = check_caller(state, &index, &order, &name, facts)?;
    let key_id = match order.caller.credential {
        Credential::PrincipalToken if !by_administrator => order.caller.key_id.as_deref(),
        _ => body.key_id.as_deref(),
    };
    let registered =
        key_id.and_then(|id| index.public_key(&name, &id.to_ascii_lowercase())).ok_or_else(|| {
            let id = key_id.unwrap_or("null");
            ApiError::bad_request(format!("Unable to retrieve public key for {name} with key id: {id}"))
        })?;
    let request = CertificateRequest::verify(body.csr.as_deref().unwrap_or_default()).map_err(|error| {
        Refusal::from(ApiError::bad_request("Unable to parse PKCS10 certificate request"))
            .noted(error.to_string())
    })?;
    let checked = certificates.check_older(&order, body.namespace.as_deref(), &request.names)?;
    if request.public_key != *registered {
        return Err(ApiError::bad_request("Invalid CSR - public key mismatch").into());
    }
    if order.caller.credential == Credential::Certificate && !by_administrator {
        check_renewal(&order, &request)?;
    }
    let minutes = i64::from(body.expiry_time.unwrap_or(0));
    let signing = Order::service(checked, request.public_key, Usage::ClientAndServer, minutes);
    let certificate = certificates.sign(signing, facts.now).await?;
    log_certificate(facts, None, None, &certificate);
    Ok(Identity {
        name: Some(name),
        certificate: Some(certificate.to_pem()),
        ca_cert_bundle: certificates.authority_for_answer(),
        ..Identity::default()
    })
}

/// The service itself, or somebody who may change the services of its domain. True in the second
/// case.
fn check_caller(
    state: &State,
    index: &Index,
    order: &OlderOrder<'_>,
    name: &str,
    facts: &RequestFacts,
) -> Result<bool, ApiError> {
    let caller = order.caller;
    if matches!(caller.credential, Credential::RoleCertificate | Credential::RoleToken) {
        return Err(messages::role_identity());
    }
    let is_own = *caller.full_name == *name;
    if !is_own {
        let resource = format!("{}:service", order.domain);
        let semantics = &state.semantics;
        let may = caller.may_authorize
            && access::allowed(index, semantics, &caller.full_name, "update", &resource, None, facts.now)
                .unwrap_or(false);
        if !may {
            let text = format!("Principal mismatch: {name} vs. {}", caller.full_name);
            return Err(ApiError::bad_request(text));
        }
    }
    if order.domain == &*state.user_domains.user {
        return Err(ApiError::bad_request(format!("TLS Certificates require ServiceTokens: {name}")));
    }
    Ok(!is_own)
}

/// A certificate renews itself only: same key, same DNS names.
fn check_renewal(order: &OlderOrder<'_>, request: &CertificateRequest) -> Result<(), ApiError> {
    let failed = |what: &str| ApiError::bad_request(format!("Request validation failed: {what}"));
    let held = order.certificate.ok_or_else(|| failed("NO_CERTIFICATE"))?;
    if held.spki_der() != request.public_key.to_spki_der() {
        return Err(failed("PUBLIC_KEY_MISMATCH"));
    }
    let held: BTreeSet<String> = names_of_certificate(held).dns.into_iter().collect();
    if held != request.names.dns.iter().cloned().collect() {
        return Err(failed("DNS_NAME_MISMATCH"));
    }
    Ok(())
}

impl Certificates {
    fn check_older(
        &self,
        order: &OlderOrder<'_>,
        namespace: Option<&str>,
        names: &RequestedNames,
    ) -> Result<CheckedRequest, ApiError> {
        let invalid = |what: &str| ApiError::bad_request(format!("Invalid CSR - {what}"));
        let own = format!("{}.{}", order.domain, order.service);
        let is_own = names.common_name().is_some_and(|name| name.eq_ignore_ascii_case(&own));
        let own_names = format!("{}.{}.", order.service, dashed(order.domain));
        let suffixes = &self.rules.dns_suffixes;
        let fits = |name: &String| {
            let below = |text: &str| suffixes.iter().any(|suffix| text.ends_with(suffix.as_str()));
            let instance = name.split_once(INSTANCE_ID_LABELS).is_some_and(|(_, rest)| {
                suffixes.iter().any(|suffix| suffix.strip_prefix('.') == Some(rest))
            });
            is_dns_name(name) && (instance || (name.starts_with(&own_names) && below(name)))
        };
        let foreign_email = || names.emails.iter().any(|email| !self.is_own_email(email, &own));
        if !is_own || !names.dns.iter().all(fits) || !names.ips.is_empty() || foreign_email() {
            return Err(invalid("data mismatch"));
        }
        let organization =
            self.rules.subject.organization(names).ok_or_else(|| invalid("invalid Subject O field"))?;
        let organizational_unit = self
            .rules
            .subject
            .organizational_unit(names, &[])
            .ok_or_else(|| invalid("invalid Subject OU field"))?;
        let mut uris = Vec::new();
        for uri in names.classified_uris() {
            match uri {
                Uri::Spiffe(asked) => {
                    let forms = &self.rules.spiffe;
                    let id = forms.of_service(asked, order.domain, order.service, namespace);
                    uris.push(id.ok_or_else(|| invalid("spiffe uri mismatch"))?);
                }
                Uri::Principal(_) | Uri::ProxyUser(_) => return Err(invalid("data mismatch")),
                // nobody has verified an instance, a host or anything else here
                Uri::InstanceId { .. } | Uri::HostName(_) | Uri::Unknown(_) => {}
            }
        }
        Ok(CheckedRequest {
            instance_id: String::new(),
            subject: Subject {
                country: country(names),
                organization,
                organizational_unit,
                common_name: Some(own),
            },
            dns: names.dns.clone(),
            dns_for_provider: Vec::new(),
            ips: Vec::new(),
            emails: names.emails.iter().map(|email| email.to_ascii_lowercase()).collect(),
            uris,
        })
    }

    fn is_own_email(&self, email: &str, own: &str) -> bool {
        email.split_once('@').is_some_and(|(local, host)| {
            local.eq_ignore_ascii_case(own) && self.rules.is_installation_host(host)
        })
    }
}
