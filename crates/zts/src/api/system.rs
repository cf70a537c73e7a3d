//! Status, information about this server, and the schema.

use std::sync::Arc;

use athenz_model::wire::zts::{Info, Status};
use athenz_model::{ApiError, schema};
use athenz_serve::wire::{json, json_bytes};
use athenz_serve::{Answer, Call, Mount};

use crate::access;
use crate::state::State;

pub(super) fn add(mount: Mount<State>) -> Mount<State> {
    mount.handle("getStatus", status).handle("getInfo", info).handle("getRdlSchema", schema)
}

async fn status(state: Arc<State>, call: Call) -> Answer {
    call.caller_if_any()?;
    if let Some(path) = &state.config.health_check_path
        && !tokio::fs::try_exists(path).await.unwrap_or(false)
    {
        return Err(ApiError::not_found("Error - no status available").into());
    }
    json(&Status { code: Some(200), message: Some("OK".to_owned()) })
}

async fn info(state: Arc<State>, call: Call) -> Answer {
    let caller = call.caller()?;
    if caller.mtls_restricted {
        return Err(ApiError::forbidden("mTLS Restricted").into());
    }
    let index = state.index();
    let allowed = caller.may_authorize
        && access::allowed(
            &index,
            &state.semantics,
            &caller.full_name,
            "get",
            "sys.auth:info",
            None,
            call.now,
        )?;
    if !allowed {
        return Err(ApiError::forbidden("Forbidden").into());
    }
    json(&Info {
        build_jdk_spec: None,
        implementation_title: Some(env!("CARGO_PKG_NAME").to_owned()),
        implementation_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        implementation_vendor: None,
    })
}

async fn schema(_: Arc<State>, call: Call) -> Answer {
    call.caller_if_any()?;
    Ok(json_bytes(schema::zts()))
}
