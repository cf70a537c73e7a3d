//! The built-in provider: a service proves itself by a token signed with its registered key, or by
//! a register token of this server.

use athenz_crypto::digest::sha256;
use athenz_crypto::ntoken::{UnverifiedPrincipalToken, VerifyRules, Version};
use athenz_store::certificate_records::TokenUse;

use super::register_token::{self, ISSUER};
use super::san_dns::DnsRules;
use super::{Confirmation, Confirmed, Refused};
use crate::access;
use crate::certificates::config::ProviderConfig;
use crate::index::Index;
use crate::state::State;

/// What clients see when a token is no proof; why stands in the log.
const NO_PROOF: &str = "Unable to validate Certificate Request Auth Token";
const BAD_HOST: &str = "Unable to validate certificate request hostname";

/// How a service token begins.
const SERVICE_TOKEN: &str = "v=S1;";

/// Judges an instance.
///
/// # Errors
/// It is not what it claims to be.
pub fn confirm(
    state: &State,
    index: &Index,
    config: &ProviderConfig,
    asked: &Confirmation<'_>,
) -> Result<Confirmed, Refused> {
    check_allowed(state, index, config, asked)?;
    if asked.unverified_attestation.is_empty() {
        return Err(Refused::new("Service credentials not provided", "no attestation data"));
    }
    let confirmed = if asked.unverified_attestation.starts_with(SERVICE_TOKEN) {
        confirm_service_token(index, asked)?
    } else {
        confirm_register_token(state, config, asked)?
    };
    check_addresses(asked)?;
    let dns = DnsRules { suffixes: config.dns_suffixes.clone(), clusters: Vec::new() };
    if !dns.accept(asked.dns_names, &asked.workload.domain, &asked.workload.service) {
        let note = asked.dns_names.join(",");
        return Err(Refused::new("Unable to validate certificate request DNS", note));
    }
    Ok(confirmed)
}

/// Signs a register token. Only the provider by the name of this server has register tokens.
///
/// # Errors
/// The provider has another name, or signing fails.
pub async fn sign_register_token(
    state: &State,
    workload: &crate::certificates::Workload,
    instance_id: &str,
    caller: &str,
    now: athenz_model::Timestamp,
) -> Result<String, Refused> {
    if workload.provider != ISSUER {
        return Err(Refused::new("register tokens are given by sys.auth.zts only", &workload.provider));
    }
    register_token::sign(state, workload, instance_id, caller, now)
        .await
        .map_err(|error| Refused::new("the token could not be signed", error))
}

/// Services that may use the provider: all, unless some are named.
fn check_allowed(
    state: &State,
    index: &Index,
    config: &ProviderConfig,
    asked: &Confirmation<'_>,
) -> Result<(), Refused> {
    let service = asked.workload.full_name();
    let open = config.services.is_empty() && config.role.is_none();
    let in_role = || {
        let (domain, role) = config.role.as_deref()?.split_once(":role.")?;
        let held =
            access::held_roles(index, &state.semantics, index.domain(domain)?, &service, &[role], asked.now);
        (!held.is_empty()).then_some(())
    };
    if open || config.services.contains(&service) || in_role().is_some() {
        return Ok(());
    }
    Err(Refused::new("Service not authorized to be launched by ZTS Provider", service))
}

/// A token that the service signed with the very key of the request.
fn confirm_service_token(index: &Index, asked: &Confirmation<'_>) -> Result<Confirmed, Refused> {
    let refuse = |note: &dyn ToString| Refused::new(NO_PROOF, note.to_string());
    let token =
        UnverifiedPrincipalToken::parse(asked.unverified_attestation).map_err(|error| refuse(&error))?;
    let service = asked.workload.full_name();
    let unverified = token.unverified_token();
    if unverified.version != Version::Service
        || unverified.key_service.is_some()
        || unverified.full_name() != service
    {
        return Err(refuse(&"the token is not one the service signed itself"));
    }
    let own_key = |name: &str, key_id: &str| {
        let key = index.public_key(name, key_id).filter(|_| name == service)?;
        // the token proves nothing about another key
        (key == asked.public_key).then_some(key)
    };
    let verified =
        token.verify(asked.now, &VerifyRules::default(), own_key).map_err(|error| refuse(&error))?;
    if verified.authorized_service.is_some() {
        return Err(refuse(&"the token is for an authorized service"));
    }
    Ok(Confirmed { refreshable: false, ..Confirmed::default() })
}

fn confirm_register_token(
    state: &State,
    config: &ProviderConfig,
    asked: &Confirmation<'_>,
) -> Result<Confirmed, Refused> {
    let token = register_token::verify(
        state,
        asked.unverified_attestation,
        asked.workload,
        asked.instance_id,
        asked.purpose,
        config.token_minutes,
        asked.now,
    )
    .map_err(|error| Refused::new(NO_PROOF, error))?;
    let token = TokenUse {
        token_id: token.id,
        public_key: sha256(asked.public_key.to_spki_der()),
        expires_at: token.expires_at,
    };
    Ok(Confirmed { refreshable: true, token: Some(token), ..Confirmed::default() })
}

/// No address, or the client's own. A host name would need somebody to ask for its addresses.
fn check_addresses(asked: &Confirmation<'_>) -> Result<(), Refused> {
    if !asked.ips.is_empty() && !asked.ips.contains(&asked.client_ip) {
        return Err(Refused::new("Unable to validate request IP address", asked.client_ip));
    }
    if asked.ips.len() > 1 || asked.host_name.is_some_and(|name| !name.is_empty()) {
        return Err(Refused::new(BAD_HOST, "there is no resolver for host names"));
    }
    Ok(())
}
