//! Identity certificates of instances, and the bundles that verify them.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::Wire;
use athenz_model::wire::zts::{
    CertificateAuthorityBundle, InstanceRefreshInformation, InstanceRefreshRequest,
    InstanceRegisterInformation, InstanceRegisterToken, SSHCertRequest,
};
use athenz_serve::caller::Credential;
use athenz_serve::wire::{json, json_status, no_content};
use athenz_serve::{Answer, Call, Mount, Refusal};
use athenz_store::certificate_records::RecordKey;
use http::{HeaderValue, StatusCode, header};

use super::{begin, host, lower};
use crate::access;
use crate::certificates::{
    OlderOrder, RefreshOrder, RequestFacts, Workload, authorize_workload, older_refresh, record_store_failed,
    refresh, register,
};
use crate::messages;
use crate::providers::{self, BuiltIn, Provider};
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("postInstanceRegisterInformation", post_instance)
        .handle("postInstanceRefreshInformation", post_refresh)
        .handle("deleteInstanceIdentity", delete_instance)
        .handle("getInstanceRegisterToken", register_token)
        .handle("postInstanceRefreshRequest", post_older_refresh)
        .handle("getCertificateAuthorityBundle", bundle)
        .handle("postSSHCertRequest", ssh_certificate)
}

async fn post_instance(state: Arc<State>, call: Call) -> Answer {
    let input = call.input::<InstanceRegisterInformation>()?.unchecked();
    let caller = call.caller_if_any()?.map(|caller| &**caller);
    let body = checked(input)?;
    let identity = register(&state, state.certificates()?, &facts(&call), caller, &body).await?;
    let location = location(&call, &identity);
    let mut answer = json_status(StatusCode::CREATED, &identity)?;
    if let Some(location) = location {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

/// Where the instance is, on the host the client thinks it talks to.
fn location(call: &Call, identity: &athenz_model::wire::zts::InstanceIdentity) -> Option<HeaderValue> {
    let (domain, service) = identity.name.as_deref()?.rsplit_once('.')?;
    let (provider, id) = (identity.provider.as_deref()?, identity.instance_id.as_deref()?);
    let path = format!("{}/instance/{provider}/{domain}/{service}/{id}", super::PREFIX);
    let text = match host(call) {
        Some(host) => format!("https://{host}{path}"),
        None => path,
    };
    HeaderValue::try_from(text).ok()
}

async fn post_refresh(state: Arc<State>, call: Call) -> Answer {
    let input = call.input::<InstanceRefreshInformation>()?.unchecked();
    let caller = begin(&call)?;
    let body = checked(input)?;
    let workload = workload(&call);
    let order = RefreshOrder {
        workload: &workload,
        instance_id: call.path("instanceId"),
        caller,
        certificate: call.peer.certificate.as_ref(),
    };
    json(&refresh(&state, state.certificates()?, &facts(&call), order, &body).await?)
}

async fn delete_instance(state: Arc<State>, call: Call) -> Answer {
    let caller = begin(&call)?;
    let workload = workload(&call);
    if matches!(caller.credential, Credential::RoleCertificate | Credential::RoleToken) {
        return Err(messages::role_identity().into());
    }
    let id = call.path("instanceId");
    if *caller.full_name != *workload.provider {
        let resource = format!("{}:instance.{id}", workload.domain);
        if !may(&state, &call, "delete", &resource)? {
            let text = "principal not authorized to delete the requested instance record";
            return Err(ApiError::forbidden(text).into());
        }
    }
    let key =
        RecordKey { service: workload.full_name(), provider: workload.provider, instance_id: id.to_owned() };
    state.certificates()?.records.delete(&key).await.map_err(|error| record_store_failed(&error))?;
    Ok(no_content())
}

async fn register_token(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    if caller.mtls_restricted {
        return Err(ApiError::forbidden("mTLS Restricted").into());
    }
    let workload = workload(&call);
    let resource = format!("{}:service.{}", workload.domain, workload.service);
    if !may(&state, &call, "update", &resource)? {
        return Err(ApiError::forbidden("Forbidden").into());
    }
    call.check_parameters()?;
    let index = Arc::clone(&state.index());
    authorize_workload(&state, state.certificates()?, &index, &workload, call.now)?;
    let failed = |why: &dyn std::fmt::Display| {
        ApiError::bad_request(format!("unable to get instance register token: {why}"))
    };
    let provider = providers::resolve(&index, &workload.provider).map_err(|error| {
        let text = format!("unable to get instance for provider: {}", workload.provider);
        Refusal::from(ApiError::bad_request(text)).noted(error.to_string())
    })?;
    let id = call.path("instanceId");
    let token = match provider {
        Provider::BuiltIn(BuiltIn::Zts) => {
            providers::zts::sign_register_token(&state, &workload, id, &caller.full_name, call.now).await
        }
        Provider::Remote(_) => {
            Err(providers::Refused::new("this provider gives no register tokens", &workload.provider))
        }
    };
    json(&InstanceRegisterToken {
        attestation_data: Some(token.map_err(|refused| failed(&refused))?),
        provider: Some(workload.provider),
        domain: Some(workload.domain),
        service: Some(workload.service),
        ..InstanceRegisterToken::default()
    })
}

async fn post_older_refresh(state: Arc<State>, call: Call) -> Answer {
    let input = call.input::<InstanceRefreshRequest>()?.unchecked();
    let caller = begin(&call)?;
    let body = checked(input)?;
    let (domain, service) = (lower(&call, "domain"), lower(&call, "service"));
    let order = OlderOrder {
        domain: &domain,
        service: &service,
        caller,
        certificate: call.peer.certificate.as_ref(),
    };
    json(&older_refresh(&state, state.certificates()?, &facts(&call), order, &body).await?)
}

async fn bundle(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let name = lower(&call, "name");
    let found = state.certificates()?.bundle(&name).map(str::to_owned);
    let none = || ApiError::not_found(format!("getCertificateAuthorityBundle: No such bundle: {name}"));
    let certs = found.ok_or_else(none)?;
    json(&CertificateAuthorityBundle { name: Some(name), certs: Some(certs) })
}

/// There is no signer of SSH certificates; what is wrong with a request is told all the same.
async fn ssh_certificate(_: Arc<State>, call: Call) -> Answer {
    let input = call.input::<SSHCertRequest>()?.unchecked();
    begin(&call)?;
    checked(input)?;
    Err(ApiError::bad_request("SSH certificates are not available: this server has no SSH signer").into())
}

/// The workload of the path.
fn workload(call: &Call) -> Workload {
    Workload::new(call.path("provider"), call.path("domain"), call.path("service"))
}

/// Whether the caller may do something.
fn may(state: &State, call: &Call, action: &str, resource: &str) -> Result<bool, Refusal> {
    let caller = call.caller()?;
    let index = state.index();
    let semantics = &state.semantics;
    let allowed = access::allowed(&index, semantics, &caller.full_name, action, resource, None, call.now)?;
    Ok(allowed && caller.may_authorize)
}

fn checked<T: Wire>(input: Option<T>) -> Result<T, ApiError> {
    let mut body = input.ok_or_else(|| messages::missing(T::NAME))?;
    messages::check_body(&mut body)?;
    Ok(body)
}

fn facts(call: &Call) -> RequestFacts {
    RequestFacts {
        now: call.now,
        client_ip: call.remote,
        peer_ip: call.peer.ip(),
        user_agent: call.header("user-agent").map(std::borrow::Cow::into_owned),
    }
}
