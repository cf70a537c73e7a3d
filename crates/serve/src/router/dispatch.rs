//! The way of a request through a router.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use athenz_model::operation::{Method, Place};
use athenz_model::{ApiError, Timestamp};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{Request, Version};
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;

use super::call::{Call, Parameters, RequestId};
use super::route::{BoxAnswer, MountSettings, Route};
use super::trace::Trace;
use super::tree::{Found, Tree};
use crate::access_log::{AccessLog, AccessRecord};
use crate::caller::{Principal, RequestFacts};
use crate::freshness::Taken;
use crate::limits::{Admission, BodyMemory, MemoryShare, RequestLimits};
use crate::metrics::{Metrics, OperationMetrics};
use crate::peer::Peer;
use crate::remote::TrustedProxies;
use crate::wire::{
    Answer, Body, BoxError, Query, Refusal, Response, accepts_json, content_type_fits, decode_segment,
    read_bounded,
};

/// How much of an unwanted body is read to keep its connection, and for how long.
const REST_BYTES: usize = 64 * 1024;
const REST_TIME: Duration = Duration::from_secs(1);

const REQUEST_ID: HeaderName = HeaderName::from_static("athenz-request-id");

/// Takes requests to their handlers. Works without sockets: [`Router::handle`].
#[derive(Debug)]
pub struct Router {
    pub(super) tree: Tree,
    pub(super) routes: Vec<Route>,
    pub(super) mounts: Vec<MountSettings>,
    pub(super) limits: RequestLimits,
    pub(super) admission: Admission,
    pub(super) body_memory: BodyMemory,
    pub(super) proxies: TrustedProxies,
    pub(super) clock: Arc<dyn athenz_model::Clock>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) unmatched: OperationMetrics,
    pub(super) access_log: Option<AccessLog>,
    pub(super) response_headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) process: u32,
    pub(super) next_request: AtomicU64,
}

impl Router {
    /// Answers a request. Never fails and never panics; what goes wrong is in the answer.
    pub async fn handle<B>(&self, request: Request<B>, peer: Arc<Peer>) -> Response
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let request_id =
            RequestId { process: self.process, number: self.next_request.fetch_add(1, Ordering::Relaxed) };
        let (parts, body) = request.into_parts();
        let mut body = pin!(body);
        let remote = self.proxies.client(peer.ip(), &parts.headers);
        let log = self.access_log.as_ref();
        let log = log.map(|log| (log, AccessRecord::start(&parts, request_id, self.clock.now())));
        let mut trace = Trace::start(&self.unmatched, self.metrics.in_flight(), remote, log);
        let (method, version) = (parts.method.clone(), parts.version);

        let answer = self.answer(Head { parts, peer, remote, request_id }, body.as_mut(), &mut trace).await;
        let mut response = answer.unwrap_or_else(|mut refusal| {
            trace.note = refusal.take_note();
            tell_operator(&refusal, &trace, request_id);
            refusal.into_response(&method)
        });
        self.finish(&mut response, &method, request_id);
        if !read_rest(body).await && version < Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        trace.close(response.status(), response.body().length());
        response
    }

    async fn answer<'a, B>(&'a self, head: Head, body: B, trace: &mut Trace<'a>) -> Answer
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (route, parameters) = self.find(&head)?;
        trace.metrics = &route.metrics;
        trace.operation = route.operation.id;
        let mount = self.mounts.get(route.mount).ok_or_else(|| Refusal::from(internal()))?;
        let now = self.clock.now();
        let caller = authenticate(route, mount, &head, now);
        trace.principal = caller.0.as_ref().ok().cloned().flatten();
        let mut share = self.body_memory.share();
        let limit = self.body_limit(route, trace.principal.is_some());
        let body = self.read_body(route, &head, body, limit, &mut share).await?;
        if !route.options.any_accept && !accepts_json(&head.parts.headers) {
            return Err(Refusal::bare(ApiError::not_acceptable("Not Acceptable")));
        }
        let query = Query::parse(head.parts.uri.query().unwrap_or_default().as_bytes())?;
        check_numbers(route, &parameters, &query)?;
        let taken = match &mount.freshness {
            // strangers wait for nothing
            Some(server) if caller.0.is_ok() => Some(Taken::start(&**server, &head.parts.headers).await?),
            _ => None,
        };
        // who sends slowly or waits holds no slot: the listener bounds them
        let _slot = self.admission.enter()?;
        let method = head.parts.method.clone();
        let call = call(route, mount, head, Input { parameters, query, body, now }, caller);
        self.limits.admit(&call)?;
        let answer = self.run(route, call).await;
        match taken {
            Some(taken) => taken.tell(answer, &method),
            None => answer,
        }
    }

    /// Strangers send small bodies.
    fn body_limit(&self, route: &Route, is_known: bool) -> usize {
        let limit = route.options.body_limit.unwrap_or(self.limits.body);
        if is_known { limit } else { limit.min(self.limits.anonymous_body) }
    }

    fn find(&self, head: &Head) -> Result<(&Route, Parameters), Refusal> {
        let path = head.parts.uri.path();
        let method = operation_method(&head.parts.method);
        let mount = self.mounts.iter().find(|mount| mount.covers(path));
        if mount.is_some_and(|mount| mount.refuses_trace_and_options)
            && matches!(method, None | Some(Method::Options))
            && (head.parts.method == http::Method::TRACE || head.parts.method == http::Method::OPTIONS)
        {
            return Err(Refusal::bare(ApiError::forbidden("Forbidden")));
        }
        match self.tree.find(path, method) {
            Found::Route(index, segments) => {
                let route = self.routes.get(index).ok_or_else(|| Refusal::from(internal()))?;
                Ok((route, decode(&route.parameters, &segments)?))
            }
            Found::OtherMethods(methods) => Err(Refusal::method_not_allowed(&allow(&methods))),
            Found::Nothing => Err(Refusal::bare(ApiError::not_found("Not Found"))),
        }
    }

    async fn read_body<B>(
        &self,
        route: &Route,
        head: &Head,
        body: B,
        limit: usize,
        share: &mut MemoryShare<'_>,
    ) -> Result<Bytes, Refusal>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        if !route.has_body {
            return Ok(Bytes::new());
        }
        let form = route.options.body;
        let is_empty = body.is_end_stream();
        if !content_type_fits(&head.parts.headers, form, is_empty) {
            return Err(Refusal::bare(ApiError::unsupported_media_type("Unsupported Media Type")));
        }
        if is_empty {
            return Ok(Bytes::new());
        }
        tokio::time::timeout(self.limits.body_timeout, read_bounded(body, limit, |more| share.grow(more)))
            .await
            .map_err(|_| {
                Refusal::from(ApiError { code: 408, message: "the body did not arrive in time".into() })
            })?
    }

    async fn run(&self, route: &Route, call: Call) -> Answer {
        let work = catch(|| route.handler.start(call));
        let limit = route.options.timeout.unwrap_or(self.limits.request_timeout);
        match tokio::time::timeout(limit, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(Panicked)) => {
                self.metrics.count_panic();
                Err(Refusal::from(internal()).noted("handler panicked"))
            }
            Err(_) => Err(Refusal::from(ApiError::unavailable("the request took too long, please retry"))
                .noted("request timed out")),
        }
    }

    fn finish(&self, response: &mut Response, method: &http::Method, id: RequestId) {
        for (name, value) in &self.response_headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        if response.status().as_u16() >= 400
            && let Ok(value) = HeaderValue::try_from(id.to_string())
        {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        if method == http::Method::HEAD {
            if let Some(length) = response.body().length()
                && length > 0
            {
                response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            }
            *response.body_mut() = Body::empty();
        }
    }

    /// The metrics of this router.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }
}

/// A request without its body.
struct Head {
    parts: http::request::Parts,
    peer: Arc<Peer>,
    remote: std::net::IpAddr,
    request_id: RequestId,
}

/// What has been read of a request.
struct Input {
    parameters: Parameters,
    query: Query,
    body: Bytes,
    now: Timestamp,
}

fn call(route: &Route, mount: &MountSettings, head: Head, input: Input, caller: Authentication) -> Call {
    let (authentication, missing_caller) = caller;
    Call {
        operation: route.operation,
        request_id: head.request_id,
        now: input.now,
        peer: head.peer,
        remote: head.remote,
        method: head.parts.method,
        uri: head.parts.uri,
        headers: head.parts.headers,
        query: input.query,
        body: input.body,
        parameters: input.parameters,
        authentication,
        missing_caller,
        invalid_object: mount.invalid_object,
    }
}

/// The caller, or why there is none; and the refusal for a handler that needs one where none has to be.
type Authentication = (Result<Option<Arc<Principal>>, Refusal>, Option<Refusal>);

fn authenticate(route: &Route, mount: &MountSettings, head: &Head, now: Timestamp) -> Authentication {
    let Some(authenticator) = mount.authenticator.as_deref().filter(|_| route.authenticates()) else {
        return (Ok(None), None);
    };
    let facts = RequestFacts {
        method: &head.parts.method,
        path: head.parts.uri.path(),
        headers: &head.parts.headers,
        peer: &head.peer,
        remote: head.remote,
    };
    let outcome = authenticator.authenticate(&facts, now).and_then(|caller| {
        let restricted = caller.as_deref().map(|caller| authenticator.check_restricted(caller, route.asks()));
        restricted.unwrap_or(Ok(())).map(|()| caller)
    });
    let missing = matches!(outcome, Ok(None)).then(|| authenticator.missing());
    (outcome, missing)
}

/// What is our own fault goes to the log, with the name of the request that the client has seen.
fn tell_operator(refusal: &Refusal, trace: &Trace<'_>, id: RequestId) {
    if refusal.error().code >= 500 {
        let (operation, note) = (trace.operation, trace.note.as_deref());
        tracing::error!(operation, request = %id, code = refusal.error().code, note, "request failed");
    }
}

fn operation_method(method: &http::Method) -> Option<Method> {
    match *method {
        http::Method::GET | http::Method::HEAD => Some(Method::Get),
        http::Method::PUT => Some(Method::Put),
        http::Method::POST => Some(Method::Post),
        http::Method::DELETE => Some(Method::Delete),
        http::Method::OPTIONS => Some(Method::Options),
        _ => None,
    }
}

fn allow(methods: &[Method]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    if !names.contains(&"OPTIONS") {
        names.push("OPTIONS");
    }
    names.join(",")
}

fn decode(names: &[&'static str], segments: &[&str]) -> Result<Parameters, Refusal> {
    let decoded = names
        .iter()
        .zip(segments)
        .map(|(name, segment)| Some((*name, decode_segment(segment)?.into_owned())));
    decoded
        .collect::<Option<_>>()
        .ok_or_else(|| ApiError::bad_request("the path holds a text that cannot be decoded").into())
}

/// Athenz answers 404 where a number of the path or query cannot be read.
fn check_numbers(route: &Route, parameters: &[(&'static str, String)], query: &Query) -> Result<(), Refusal> {
    for number in &route.numbers {
        let text = match number.place {
            Place::Query(name) => query.first(name),
            Place::Path => {
                parameters.iter().find(|(name, _)| *name == number.name).map(|(_, value)| value.as_str())
            }
            Place::Header(_) | Place::Body => None,
        };
        if number.of == "Int32" {
            crate::wire::read_number::<i32>(text)?;
        } else {
            crate::wire::read_number::<i64>(text)?;
        }
    }
    Ok(())
}

/// A handler panicked. What it said is dropped: it may hold what the client has sent.
struct Panicked;

/// Runs a handler so that its panic ends this request only.
async fn catch(start: impl FnOnce() -> BoxAnswer) -> Result<Answer, Panicked> {
    let mut future = catch_unwind(AssertUnwindSafe(start)).map_err(|_| Panicked)?;
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(answer)) => Poll::Ready(Ok(answer)),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

/// Reads what is left of a body that nobody wanted: with it in the way, the connection could not
/// take another request, and the client would only learn that from the failure of its next one.
/// False when there is more than a little of it, or it does not come.
async fn read_rest<B: HttpBody<Data = Bytes>>(mut body: Pin<&mut B>) -> bool {
    if body.is_end_stream() {
        return true;
    }
    if body.size_hint().lower() > REST_BYTES as u64 {
        return false;
    }
    let rest = async {
        let mut left = REST_BYTES;
        loop {
            let Some(frame) = body.frame().await else { return true };
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => return false,
            }
        }
    };
    tokio::time::timeout(REST_TIME, rest).await.unwrap_or(false)
}

fn internal() -> ApiError {
    ApiError::internal("Internal Server Error")
}
