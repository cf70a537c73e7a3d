//! An operation with all that is needed to serve it, and what the operations of a mount share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use athenz_model::operation::{Authentication, Operation, Parameter};

use super::call::Call;
use crate::caller::Authenticator;
use crate::freshness::Freshness;
use crate::metrics::OperationMetrics;
use crate::wire::{Answer, BodyForm};

/// What a handler gives back, boxed.
pub(super) type BoxAnswer = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A handler with its state.
pub(super) struct Handler(pub(super) Box<dyn Fn(Call) -> BoxAnswer + Send + Sync>);

impl Handler {
    pub(super) fn start(&self, call: Call) -> BoxAnswer {
        (self.0)(call)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handler")
    }
}

/// How one operation differs from the others of its mount.
#[derive(Clone, Copy, Debug, Default)]
pub struct RouteOptions {
    /// The form of its body.
    pub body: BodyForm,
    /// Whether it has a body that the contract does not name.
    pub reads_body: bool,
    /// Whether it answers in other forms than JSON, so that `Accept` is its own affair.
    pub any_accept: bool,
    /// The most bytes of its body, if not the router's.
    pub body_limit: Option<usize>,
    /// The time it may take, if not the router's.
    pub timeout: Option<Duration>,
}

/// An operation with all that is needed to serve it.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) operation: &'static Operation,
    pub(super) mount: usize,
    pub(super) handler: Handler,
    pub(super) options: RouteOptions,
    pub(super) parameters: Vec<&'static str>,
    pub(super) numbers: Vec<&'static Parameter>,
    pub(super) has_body: bool,
    pub(super) metrics: OperationMetrics,
}

/// What the operations of a mount share.
#[derive(Debug)]
pub(super) struct MountSettings {
    pub(super) prefix: &'static str,
    pub(super) authenticator: Option<Arc<Authenticator>>,
    pub(super) invalid_object: &'static str,
    pub(super) refuses_trace_and_options: bool,
    pub(super) freshness: Option<Arc<dyn Freshness>>,
}

impl MountSettings {
    /// Whether a path lies below the prefix.
    pub(super) fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl Route {
    pub(super) fn authenticates(&self) -> bool {
        self.asks() != Authentication::None
    }

    pub(super) fn asks(&self) -> Authentication {
        self.operation.authentication
    }
}
