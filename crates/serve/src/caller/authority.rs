//! What knows one kind of credential, and what it sees of a request.

use std::fmt;
use std::net::IpAddr;

use athenz_model::Timestamp;
use http::{HeaderMap, Method};

use super::principal::Outcome;
use crate::peer::Peer;

/// What an authority sees of a request.
#[derive(Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as received.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The connection.
    pub peer: &'a Peer,
    /// The address it comes from, forwarding considered.
    pub remote: IpAddr,
}

/// Headers may hold secrets: they are not shown.
impl fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestFacts")
            .field("method", self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl RequestFacts<'_> {
    /// Whether the method writes: PUT, POST and DELETE.
    pub fn is_write(&self) -> bool {
        matches!(*self.method, Method::PUT | Method::POST | Method::DELETE)
    }

    /// The value of a header that authorities read, or of a cookie if the name is `Cookie.name`.
    pub fn credential(&self, header: &str) -> Option<&str> {
        if let Some(cookie) = header.strip_prefix("Cookie.") {
            return self.cookie(cookie);
        }
        self.headers.get(header)?.to_str().ok().filter(|value| !value.is_empty())
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let values =
            self.headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// Knows one kind of credential.
pub trait Authority: Send + Sync + fmt::Debug {
    /// The id that stands in logs: `Auth-X509`.
    fn id(&self) -> &'static str;

    /// The `WWW-Authenticate` challenge, if there is one.
    fn challenge(&self) -> Option<&str>;

    /// Looks at a request.
    fn authenticate(&self, request: &RequestFacts<'_>, now: Timestamp) -> Outcome;
}
