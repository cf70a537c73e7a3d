//! Making a router: operations, their handlers and what they share.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use athenz_model::Clock;
use athenz_model::operation::{Operation, Place};
use http::header::{HeaderName, HeaderValue};

use super::call::Call;
use super::dispatch::Router;
use super::route::{Handler, MountSettings, Route, RouteOptions};
use super::tree::Tree;
use crate::access_log::AccessLog;
use crate::caller::Authenticator;
use crate::freshness::Freshness;
use crate::limits::{Admission, BodyMemory, RequestLimits};
use crate::metrics::Metrics;
use crate::remote::TrustedProxies;
use crate::wire::{Answer, Refusal};

/// A table of operations below a prefix, with a handler each.
pub struct Mount<S> {
    settings: MountSettings,
    operations: &'static [Operation],
    state: Arc<S>,
    handlers: HashMap<&'static str, (Handler, RouteOptions)>,
    refusal: Option<Refusing<S>>,
    problems: Vec<RouterError>,
}

/// When nothing is answered, and by which operations all the same.
struct Refusing<S> {
    refusal: fn(&S) -> Option<Refusal>,
    except: &'static [&'static str],
}

impl<S> fmt::Debug for Mount<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mount").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> Mount<S> {
    /// Operations below `prefix` (`/zms/v1`, or empty), whose handlers get `state`.
    pub fn new(prefix: &'static str, operations: &'static [Operation], state: Arc<S>) -> Self {
        let settings = MountSettings {
            prefix,
            authenticator: None,
            invalid_object: "Invalid Object",
            refuses_trace_and_options: false,
            freshness: None,
        };
        Self { settings, operations, state, handlers: HashMap::new(), refusal: None, problems: Vec::new() }
    }

    /// Who finds the callers. Without one, nobody is authenticated.
    #[must_use]
    pub fn authenticator(mut self, authenticator: Arc<Authenticator>) -> Self {
        self.settings.authenticator = Some(authenticator);
        self
    }

    /// What tells with each answer how far the server has come.
    #[must_use]
    pub fn freshness(mut self, freshness: Arc<dyn Freshness>) -> Self {
        self.settings.freshness = Some(freshness);
        self
    }

    /// The text of the 400 for a body that cannot be read.
    #[must_use]
    pub const fn invalid_object(mut self, text: &'static str) -> Self {
        self.settings.invalid_object = text;
        self
    }

    /// Answers TRACE and OPTIONS with 403, whoever asks and for whatever path, as ZTS does.
    #[must_use]
    pub const fn refuse_trace_and_options(mut self) -> Self {
        self.settings.refuses_trace_and_options = true;
        self
    }

    /// Lets operations answer only while the state gives no refusal, but for those of `except`.
    /// To be called before their handlers are given.
    #[must_use]
    pub fn refuse_while(
        mut self,
        refusal: fn(&S) -> Option<Refusal>,
        except: &'static [&'static str],
    ) -> Self {
        let unknown = except.iter().filter(|id| !self.operations.iter().any(|known| known.id == **id));
        self.problems.extend(unknown.map(|id| RouterError::UnknownOperation(id)));
        self.refusal = Some(Refusing { refusal, except });
        self
    }

    /// Gives an operation its handler.
    #[must_use]
    pub fn handle<F, R>(self, id: &'static str, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        self.handle_with(id, RouteOptions::default(), handler)
    }

    /// Gives an operation its handler and what is special about it.
    #[must_use]
    pub fn handle_with<F, R>(mut self, id: &'static str, options: RouteOptions, handler: F) -> Self
    where
        F: Fn(Arc<S>, Call) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        let state = Arc::clone(&self.state);
        let refusing = self.refusal.as_ref().filter(|refusing| !refusing.except.contains(&id));
        let refusal = refusing.map(|refusing| refusing.refusal);
        let handler = Handler(Box::new(move |call| match refusal.and_then(|refusal| refusal(&state)) {
            Some(refusal) => Box::pin(std::future::ready(Err(refusal))),
            None => Box::pin(handler(Arc::clone(&state), call)),
        }));
        if !self.operations.iter().any(|operation| operation.id == id) {
            self.problems.push(RouterError::UnknownOperation(id));
        }
        if self.handlers.insert(id, (handler, options)).is_some() {
            self.problems.push(RouterError::TwoHandlers(id));
        }
        self
    }

    /// Operations that have no handler; they are unknown paths to clients.
    pub fn unserved(&self) -> Vec<&'static str> {
        let unserved = self.operations.iter().filter(|operation| !self.handlers.contains_key(operation.id));
        unserved.map(|operation| operation.id).collect()
    }
}

/// What is wrong with the tables given to a router.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// A handler for an operation that the table does not hold.
    #[error("the handler `{0}` is for no operation of its table")]
    UnknownOperation(&'static str),
    /// Two handlers for one operation.
    #[error("the operation `{0}` has two handlers")]
    TwoHandlers(&'static str),
    /// Two operations with the same method and path.
    #[error("the path of `{0}` is taken by another operation")]
    PathTaken(&'static str),
}

/// Makes a [`Router`].
#[derive(Debug)]
pub struct RouterBuilder {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    limits: RequestLimits,
    proxies: TrustedProxies,
    access_log: Option<AccessLog>,
    response_headers: Vec<(HeaderName, HeaderValue)>,
    tree: Tree,
    routes: Vec<Route>,
    mounts: Vec<MountSettings>,
    problems: Vec<RouterError>,
}

impl Router {
    /// A router to be filled.
    pub fn builder(clock: Arc<dyn Clock>) -> RouterBuilder {
        RouterBuilder::new(clock)
    }
}

impl RouterBuilder {
    fn new(clock: Arc<dyn Clock>) -> Self {
        let strict_transport = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        Self {
            clock,
            metrics: Arc::new(Metrics::new()),
            limits: RequestLimits::default(),
            proxies: TrustedProxies::default(),
            access_log: None,
            response_headers: vec![(http::header::STRICT_TRANSPORT_SECURITY, strict_transport)],
            tree: Tree::default(),
            routes: Vec::new(),
            mounts: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Counts into these metrics. To be called before [`RouterBuilder::mount`].
    #[must_use]
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = metrics;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: RequestLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Believes these proxies.
    #[must_use]
    pub fn proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Writes a line per request.
    #[must_use]
    pub fn access_log(mut self, log: AccessLog) -> Self {
        self.access_log = Some(log);
        self
    }

    /// Headers of every answer that does not set them itself, in place of the default
    /// (`Strict-Transport-Security` for a year).
    #[must_use]
    pub fn response_headers(mut self, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        self.response_headers = headers;
        self
    }

    /// Adds a mount.
    #[must_use]
    pub fn mount<S>(mut self, mut mount: Mount<S>) -> Self {
        let index = self.mounts.len();
        self.problems.append(&mut mount.problems);
        for operation in mount.operations {
            if let Some((handler, options)) = mount.handlers.remove(operation.id) {
                self.add(operation, index, mount.settings.prefix, handler, options);
            }
        }
        self.mounts.push(mount.settings);
        self
    }

    fn add(
        &mut self,
        operation: &'static Operation,
        mount: usize,
        prefix: &'static str,
        handler: Handler,
        options: RouteOptions,
    ) {
        let segments =
            prefix.split('/').chain(operation.path.split('/')).filter(|segment| !segment.is_empty());
        // the root has one empty segment
        let root = (prefix.is_empty() && operation.path == "/").then_some("");
        if self.tree.insert(segments.chain(root), operation.method, self.routes.len()).is_err() {
            self.problems.push(RouterError::PathTaken(operation.id));
        }
        self.routes.push(Route {
            operation,
            mount,
            handler,
            options,
            parameters: parameter_names(operation.path),
            numbers: operation.parameters.iter().filter(|p| matches!(p.of, "Int32" | "Int64")).collect(),
            has_body: options.reads_body || operation.parameters.iter().any(|p| p.place == Place::Body),
            metrics: self.metrics.operation(operation.id),
        });
    }

    /// The router.
    ///
    /// # Errors
    /// The first thing that is wrong with the tables.
    pub fn build(self) -> Result<Router, RouterError> {
        if let Some(problem) = self.problems.into_iter().next() {
            return Err(problem);
        }
        Ok(Router {
            tree: self.tree,
            routes: self.routes,
            mounts: self.mounts,
            admission: Admission::new(self.limits.concurrency),
            body_memory: BodyMemory::new(self.limits.body_memory),
            limits: self.limits,
            proxies: self.proxies,
            clock: self.clock,
            unmatched: self.metrics.operation("unmatched"),
            metrics: self.metrics,
            access_log: self.access_log,
            response_headers: self.response_headers,
            process: process_number(),
            next_request: AtomicU64::new(1),
        })
    }
}

/// Names between braces, in order.
fn parameter_names(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// A number that differs from process to process: no secret, only a prefix of request ids.
fn process_number() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    u32::try_from(RandomState::new().hash_one(std::process::id()) >> 32).unwrap_or_default()
}
