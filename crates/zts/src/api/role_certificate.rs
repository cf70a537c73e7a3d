//! Role certificates.

use std::sync::Arc;

use athenz_model::ApiError;
use athenz_model::wire::zts::{RoleCertificate, RoleCertificateRequest, RoleToken};
use athenz_serve::wire::json;
use athenz_serve::{Answer, Call, Mount, Refusal};

use super::{begin, lower};
use crate::certificates::{RoleCertificateOrder, issue_role_certificate, role_of_request};
use crate::messages;
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount
        .handle("postRoleCertificateRequestExt", role_certificate)
        .handle("postRoleCertificateRequest", older_role_certificate)
}

async fn role_certificate(state: Arc<State>, call: Call) -> Answer {
    let (order, body) = read(&call, "postrolecertificaterequestext")?;
    let wanted = role_of_request(&order, &body)?;
    let certificate = issue_role_certificate(&state, state.certificates()?, &order, wanted, &body).await?;
    json(&RoleCertificate { x509_certificate: Some(certificate.to_pem()) })
}

/// The older form names the role in its path as well.
async fn older_role_certificate(state: Arc<State>, call: Call) -> Answer {
    let (order, body) = read(&call, "postrolecertificaterequest")?;
    let wanted = role_of_request(&order, &body)?;
    let named = format!("{}:role.{}", lower(&call, "domainName"), lower(&call, "roleName"));
    if wanted.common_name != named {
        let text = format!("Role Certificate Request mismatch: {}/{named}", wanted.common_name);
        return Err(ApiError::bad_request(text).into());
    }
    let certificate = issue_role_certificate(&state, state.certificates()?, &order, wanted, &body).await?;
    json(&RoleToken {
        token: Some(certificate.to_pem()),
        expiry_time: Some(certificate.not_after().seconds()),
    })
}

fn read<'a>(
    call: &'a Call,
    api: &'static str,
) -> Result<(RoleCertificateOrder<'a>, RoleCertificateRequest), Refusal> {
    let input = call.input::<RoleCertificateRequest>()?.unchecked();
    let caller = begin(call)?;
    let mut body = input.ok_or_else(|| messages::missing("RoleCertificateRequest"))?;
    // a plain number in Athenz, which is never absent
    body.expiry_time.get_or_insert(0);
    messages::check_body(&mut body)?;
    let order = RoleCertificateOrder {
        api,
        caller,
        certificate: call.peer.certificate.as_ref(),
        client_ip: call.remote,
        now: call.now,
    };
    Ok((order, body))
}
