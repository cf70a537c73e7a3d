//! Role certificates.

use std::net::IpAddr;
use std::sync::Arc;

use athenz_crypto::x509::Certificate;
use athenz_model::names::Grammar;
use athenz_model::wire::zts::RoleCertificateRequest;
use athenz_model::{ApiError, Timestamp};
use athenz_serve::caller::Credential;
use athenz_serve::{Principal, Refusal};

use super::Certificates;
use super::config::RoleUsage;
use super::lifetime::{RoleLifetime, Usage};
use super::request::{CertificateRequest, names_of_certificate};
use super::role_csr_rules::RoleRequest;
use super::signer::Order;
use crate::access;
use crate::index::DomainEntry;
use crate::messages;
use crate::state::State;

/// A request for a role certificate, and who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoleCertificateOrder<'a> {
    /// Lower-case name of the call, for texts.
    pub(crate) api: &'a str,
    pub(crate) caller: &'a Principal,
    /// The caller's certificate.
    pub(crate) certificate: Option<&'a Certificate>,
    pub(crate) client_ip: IpAddr,
    pub(crate) now: Timestamp,
}

/// The role a request is for, with its proven request.
#[derive(Debug)]
pub(crate) struct RoleOfRequest {
    /// The common name as written.
    pub(crate) common_name: String,
    domain: String,
    role: String,
    request: CertificateRequest,
}

/// Reads the request and the role it names.
///
/// # Errors
/// 400 and 403, in Athenz's order.
pub(crate) fn role_of_request(
    order: &RoleCertificateOrder<'_>,
    body: &RoleCertificateRequest,
) -> Result<RoleOfRequest, Refusal> {
    let caller = order.caller;
    if matches!(caller.credential, Credential::RoleCertificate | Credential::RoleToken) {
        return Err(messages::role_identity().into());
    }
    if caller.authorized_service.is_some() {
        return Err(ApiError::forbidden("Authorized Service Principals not allowed").into());
    }
    let bad =
        |why: &dyn std::fmt::Display| ApiError::bad_request(format!("Unable to parse PKCS10 CSR: {why}"));
    let request =
        CertificateRequest::verify(body.csr.as_deref().unwrap_or_default()).map_err(|error| bad(&error))?;
    let common_name = request.names.common_name().unwrap_or("null").to_owned();
    let parts =
        common_name.split_once(":role.").filter(|(domain, role)| !domain.is_empty() && !role.is_empty());
    let Some((domain, role)) = parts else {
        return Err(bad(&format_args!("Role Certificate CN is not a valid role: {common_name}")).into());
    };
    messages::check_name("DomainName", Grammar::CompoundName, domain)?;
    messages::check_name("EntityName", Grammar::CompoundName, role)?;
    Ok(RoleOfRequest { domain: domain.to_owned(), role: role.to_owned(), common_name, request })
}

/// Issues a role certificate to whoever has the role.
///
/// # Errors
/// The first rule broken, in Athenz's order.
pub(crate) async fn issue_role_certificate(
    state: &State,
    certificates: &Certificates,
    order: &RoleCertificateOrder<'_>,
    wanted: RoleOfRequest,
    body: &RoleCertificateRequest,
) -> Result<Certificate, Refusal> {
    let proxied = proxied_principal(state, order, body)?;
    let index = Arc::clone(&state.index());
    let domain = index.domain(&wanted.domain).ok_or_else(|| messages::no_such_domain(&wanted.domain))?;
    let caller = &*order.caller.full_name;
    let mut ends_by = membership_end(state, &index, domain, order, caller, &wanted.role)?;
    if let Some(principal) = &proxied {
        let end = membership_end(state, &index, domain, order, principal, &wanted.role)?;
        ends_by = [ends_by, end].into_iter().flatten().min();
    }
    let held = order.certificate.map(names_of_certificate);
    let rules = RoleRequest {
        domain: &wanted.domain,
        role: &wanted.role,
        principal: proxied.as_deref().unwrap_or(caller),
        proxy: proxied.is_some().then_some(caller),
        caller: held.as_ref(),
        client_ip: Some(order.client_ip),
    };
    let checked = certificates.role_rules.check(&wanted.request.names, &rules).map_err(|error| {
        Refusal::from(ApiError::bad_request("Unable to validate cert request")).noted(error.to_string())
    })?;
    let minutes = lifetime(domain, &wanted.role, body).minutes();
    let usage = match certificates.config.role_usage {
        RoleUsage::ClientAndServer => Usage::ClientAndServer,
        RoleUsage::Client => Usage::Client,
    };
    let signing = Order::role(checked, wanted.request.public_key, usage, minutes, ends_by);
    let certificate = certificates.signer.sign(signing, order.now).await.map_err(|error| {
        let text = "Unable to create certificate from the cert signer";
        Refusal::from(ApiError::internal(text)).noted(error.to_string())
    })?;
    tracing::info!(
        target: "athenz::certificates",
        ip = %order.client_ip,
        principal = caller,
        subject = %certificate.subject().text(),
        serial = %certificate.serial_hex(),
        not_after = %certificate.not_after(),
        "issued"
    );
    Ok(certificate)
}

/// The principal that the caller asks on behalf of.
fn proxied_principal(
    state: &State,
    order: &RoleCertificateOrder<'_>,
    body: &RoleCertificateRequest,
) -> Result<Option<String>, ApiError> {
    let Some(principal) = body.proxy_for_principal.as_deref().filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let caller = &order.caller.full_name;
    if !state.config.authorized_proxy_users.iter().any(|user| **user == **caller) {
        let text = format!("Principal: {caller} not authorized for proxy role certificate request");
        return Err(ApiError::forbidden(text));
    }
    Ok(Some(state.user_domains.without_alias(&principal.to_ascii_lowercase())))
}

/// When the membership ends; 403 for whoever is no member.
fn membership_end(
    state: &State,
    index: &crate::index::Index,
    domain: &DomainEntry,
    order: &RoleCertificateOrder<'_>,
    principal: &str,
    role: &str,
) -> Result<Option<Timestamp>, ApiError> {
    let held = access::held_roles(index, &state.semantics, domain, principal, &[role], order.now);
    let membership = held.iter().find(|held| held.name == role);
    let none = || messages::not_in_role(order.api, principal, domain.name(), true);
    Ok(membership.ok_or_else(none)?.until)
}

fn lifetime(domain: &DomainEntry, role: &str, body: &RoleCertificateRequest) -> RoleLifetime {
    let minutes = |limit: Option<i32>| i64::from(limit.unwrap_or(0));
    RoleLifetime {
        requested: body.expiry_time.unwrap_or(0),
        role: minutes(domain.role_entry(role).and_then(|role| role.cert_expiry_mins)),
        domain: minutes(domain.settings().role_cert_expiry_mins),
    }
}
