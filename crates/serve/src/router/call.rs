//! A request on its way to the handler.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use athenz_model::operation::{Operation, Place};
use athenz_model::{ApiError, Timestamp};
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;

use crate::caller::Principal;
use crate::peer::Peer;
use crate::wire::{Input, Query, Refusal, check_name};

/// Names one request in logs and answers. Made here, never taken from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId {
    /// Tells processes apart.
    pub(crate) process: u32,
    /// Counts within a process.
    pub(crate) number: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}-{:x}", self.process, self.number)
    }
}

/// Path parameters by name, decoded.
pub(crate) type Parameters = Vec<(&'static str, String)>;

/// A request that has found its operation: read, bounded, its caller looked for.
///
/// The order of a handler: [`Call::input`] (an unreadable body is refused before the caller is
/// looked at), [`Call::caller`], [`Call::check_parameters`], [`Input::check`].
pub struct Call {
    /// The operation.
    pub operation: &'static Operation,
    /// The name of this request.
    pub request_id: RequestId,
    /// When it came.
    pub now: Timestamp,
    /// The connection.
    pub peer: Arc<Peer>,
    /// The address it comes from, forwarding considered.
    pub remote: IpAddr,
    /// The method; HEAD where a GET is answered without its body.
    pub method: Method,
    /// The URI as received.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The query.
    pub query: Query,
    /// The body, read up to the limit; empty where the operation has none.
    pub body: Bytes,
    pub(crate) parameters: Parameters,
    pub(crate) authentication: Result<Option<Arc<Principal>>, Refusal>,
    pub(crate) missing_caller: Option<Refusal>,
    pub(crate) invalid_object: &'static str,
}

/// Headers, query and body may hold secrets: they are not shown.
impl fmt::Debug for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.request_id.to_string();
        formatter
            .debug_struct("Call")
            .field("operation", &self.operation.id)
            .field("id", &id)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// A path parameter, decoded; empty for a name the path does not have.
    pub fn path(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// A path parameter as a whole number.
    ///
    /// # Errors
    /// 404 without a body: not a number.
    pub fn path_number(&self, name: &str) -> Result<i64, Refusal> {
        self.path(name).parse().map_err(|_| Refusal::bare(ApiError::not_found("Not Found")))
    }

    /// A header as text: UTF-8, else each byte a character (RFC 9110 §5.5).
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let bytes = self.headers.get(name)?.as_bytes();
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|byte| char::from(*byte)).collect()),
        })
    }

    /// A truth value in a header; absent and everything but `true` are false.
    pub fn header_is_true(&self, name: &str) -> bool {
        self.header(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The audit reference of a change (`Y-Audit-Ref`).
    pub fn audit_reference(&self) -> Option<Cow<'_, str>> {
        self.header("Y-Audit-Ref")
    }

    /// The tool that claims ownership of what is changed (`Athenz-Resource-Owner`).
    pub fn resource_owner(&self) -> Option<Cow<'_, str>> {
        self.header("Athenz-Resource-Owner")
    }

    /// Whether the changed object is wanted in the answer (`Athenz-Return-Object`).
    pub fn wants_object(&self) -> bool {
        self.header_is_true("Athenz-Return-Object")
    }

    /// The body as JSON, not checked yet.
    ///
    /// # Errors
    /// 400 in the words of the mount: not JSON, or not of this shape.
    pub fn input<T: DeserializeOwned>(&self) -> Result<Input<T>, Refusal> {
        Input::parse(&self.body, self.invalid_object)
    }

    /// The body as a form.
    ///
    /// # Errors
    /// 400: more values than anybody needs.
    pub fn form(&self) -> Result<Query, Refusal> {
        Query::parse(&self.body)
    }

    /// The caller.
    ///
    /// # Errors
    /// 401: none, or none that holds; 400: its name is no principal name.
    pub fn caller(&self) -> Result<&Arc<Principal>, Refusal> {
        match self.caller_if_any()? {
            Some(principal) => Ok(principal),
            None => Err(self
                .missing_caller
                .clone()
                .unwrap_or_else(|| ApiError::unauthorized("Invalid credentials").into())),
        }
    }

    /// The caller, or none where the path is open to callers without credentials.
    ///
    /// # Errors
    /// 401: a credential that does not hold, or none where one is needed.
    pub fn caller_if_any(&self) -> Result<Option<&Arc<Principal>>, Refusal> {
        self.authentication.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// Checks names in path and query against the contract, in its order.
    ///
    /// # Errors
    /// 400: the first that does not match its grammar.
    pub fn check_parameters(&self) -> Result<(), ApiError> {
        for parameter in self.operation.parameters {
            let value = match parameter.place {
                Place::Path => Some(self.path(parameter.name)),
                Place::Query(name) => self.query.first(name),
                Place::Header(_) | Place::Body => None,
            };
            if let Some(value) = value {
                check_name(value, parameter.grammar, parameter.of)?;
            }
        }
        Ok(())
    }
}
