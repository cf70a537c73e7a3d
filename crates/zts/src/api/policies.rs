//! Signed policies.

use std::sync::Arc;

use athenz_model::wire::zts::SignedPolicyRequest;
use athenz_serve::wire::{json_bytes, not_modified, set_etag};
use athenz_serve::{Answer, Call, Mount};

use super::{begin, lower};
use crate::messages;
use crate::policies::{self, JwsRequest};
use crate::state::State;

/// What a container that compresses puts into a tag.
const COMPRESSED: &str = "--gzip";

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount.handle("getDomainSignedPolicyData", classic).handle("postSignedPolicyRequest", jws)
}

async fn classic(state: Arc<State>, call: Call) -> Answer {
    begin(&call)?;
    let index = state.index();
    let name = lower(&call, "domainName");
    let domain = index.domain(&name).ok_or_else(|| messages::domain_not_found(&name))?;
    if holds(&call, domain.tag()) {
        return Ok(not_modified(domain.tag()));
    }
    let signers = state.signers();
    let body = policies::classic(domain, &signers.main().key, &state.config.policies, call.now).await?;
    let mut response = json_bytes(body);
    set_etag(&mut response, domain.tag());
    Ok(response)
}

async fn jws(state: Arc<State>, call: Call) -> Answer {
    let body = call.input::<SignedPolicyRequest>()?.unchecked();
    begin(&call)?;
    let body = body.ok_or_else(|| messages::missing("SignedPolicyRequest"))?;
    let index = state.index();
    let name = lower(&call, "domainName");
    let domain = index.domain(&name).ok_or_else(|| messages::domain_not_found(&name))?;
    if holds(&call, domain.tag()) {
        return Ok(not_modified(domain.tag()));
    }
    let fixed_width = body.signature_p1363_format.unwrap_or(false);
    // the policy updater sends null where no versions are configured
    let request = JwsRequest::new(&name, body.policy_versions.unwrap_or_default(), fixed_width);
    let signers = state.signers();
    let body = policies::jws(domain, &request, &signers.main().key, &state.config.policies, call.now).await?;
    let mut response = json_bytes(body);
    set_etag(&mut response, domain.tag());
    Ok(response)
}

/// Whether the client has exactly this state; lists, weak tags and `*` are not understood.
fn holds(call: &Call, tag: &str) -> bool {
    let Some(given) = call.header("If-None-Match") else { return false };
    let inner = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| inner.strip_suffix(COMPRESSED).unwrap_or(inner) == tag)
}
