//! What operators ask of a process: `/livez`, `/readyz`, `/metrics`. To be mounted on a listener
//! that only they reach, or beside the API.

use std::sync::Arc;

use athenz_model::operation::{Authentication, Method, Operation};
use http::StatusCode;

use crate::health::Health;
use crate::metrics::{self, Metrics};
use crate::router::{Call, Mount, RouteOptions};
use crate::wire::{Answer, bytes, text};

const OPERATIONS: &[Operation] =
    &[probe("livez", "/livez"), probe("readyz", "/readyz"), probe("metrics", "/metrics")];

const fn probe(id: &'static str, path: &'static str) -> Operation {
    Operation { id, method: Method::Get, path, authentication: Authentication::None, parameters: &[] }
}

/// What the probes look at.
#[derive(Debug)]
pub struct OperatorState {
    /// Readiness.
    pub health: Health,
    /// Metrics.
    pub metrics: Arc<Metrics>,
}

/// The mount of the operator's paths. It asks for no credential.
pub fn mount(state: Arc<OperatorState>) -> Mount<OperatorState> {
    let options = RouteOptions { any_accept: true, ..RouteOptions::default() };
    Mount::new("", OPERATIONS, state)
        .handle_with("livez", options, livez)
        .handle_with("readyz", options, readyz)
        .handle_with("metrics", options, metrics_text)
}

async fn livez(_: Arc<OperatorState>, _: Call) -> Answer {
    Ok(text(StatusCode::OK, "ok\n"))
}

async fn readyz(state: Arc<OperatorState>, _: Call) -> Answer {
    let waiting = state.health.waiting_for();
    if waiting.is_empty() {
        return Ok(text(StatusCode::OK, "ok\n"));
    }
    Ok(text(StatusCode::SERVICE_UNAVAILABLE, waiting.join("\n") + "\n"))
}

async fn metrics_text(state: Arc<OperatorState>, _: Call) -> Answer {
    Ok(bytes(metrics::CONTENT_TYPE, state.metrics.text()))
}
