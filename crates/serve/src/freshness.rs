//! How far a server has come in the sequence of changes: told with every answer, and waited for
//! when a request asks for it. One text both ways, `Athenz-Revision: <epoch>.<sequence>`; clients
//! give back what they got and read nothing into it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use athenz_model::ApiError;
use http::header::{AGE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

use crate::wire::{Answer, Refusal, Response};

const REVISION: HeaderName = HeaderName::from_static("athenz-revision");

/// A point in the sequence of changes of a store. Points of different epochs say nothing about each
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Which of several lives of the store.
    pub epoch: u64,
    /// The last change.
    pub sequence: u64,
}

impl Revision {
    /// Whether what holds at this point holds at another too.
    pub const fn covers(self, other: Self) -> bool {
        self.epoch == other.epoch && self.sequence >= other.sequence
    }

    fn parse(text: &str) -> Option<Self> {
        let number =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (epoch, sequence) = text.split_once('.')?;
        Some(Self { epoch: number(epoch)?, sequence: number(sequence)? })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.epoch, self.sequence)
    }
}

/// What a server knows of how far it has come.
pub trait Freshness: Send + Sync + fmt::Debug {
    /// The point it has reached; nothing where its source has no numbers.
    fn revision(&self) -> Option<Revision>;

    /// Whether it makes the changes itself, so that the answer to one shows where it stands.
    fn makes_changes(&self) -> bool;

    /// Waits, for a bounded time, until it has come this far.
    fn reach(&self, wanted: Revision) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Seconds since it last heard that it has everything.
    fn age(&self) -> Option<i64>;
}

/// Where the server stood when it took a request.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    server: &'a dyn Freshness,
    at: Option<Revision>,
    wanted: Option<Revision>,
}

impl<'a> Taken<'a> {
    /// Waits for what the request has seen elsewhere, if it says so.
    pub(crate) async fn start(server: &'a dyn Freshness, headers: &HeaderMap) -> Result<Self, Refusal> {
        let wanted = match headers.get(REVISION) {
            None => None,
            Some(value) => {
                let given = value.to_str().ok().and_then(Revision::parse);
                let text = "Athenz-Revision must be one that a server gave";
                Some(given.ok_or_else(|| Refusal::from(ApiError::bad_request(text)))?)
            }
        };
        if let Some(wanted) = wanted
            && server.revision().is_some_and(|at| at.epoch == wanted.epoch && !at.covers(wanted))
        {
            server.reach(wanted).await;
        }
        Ok(Self { server, at: server.revision(), wanted })
    }

    /// Writes into an answer how far it goes, and how old it is when that is not far enough.
    pub(crate) fn tell(self, answer: Answer, method: &Method) -> Answer {
        // what was read is at least as new as the start, what was written as new as the end
        let is_change = self.server.makes_changes() && method != Method::GET && method != Method::HEAD;
        let at = if is_change { self.server.revision() } else { self.at };
        let late = self.wanted.is_some_and(|wanted| !at.is_some_and(|at| at.covers(wanted)));
        let age = late.then(|| self.server.age()).flatten();
        let mut headers = Vec::new();
        headers.extend(at.map(|at| (REVISION, at.to_string())));
        headers.extend(age.map(|age| (AGE, age.to_string())));
        match answer {
            Ok(response) => Ok(with_headers(response, &headers)),
            Err(refusal) => Err(headers
                .into_iter()
                .fold(refusal, |refusal, (name, value)| refusal.with_header(name, &value))),
        }
    }
}

fn with_headers(mut response: Response, headers: &[(HeaderName, String)]) -> Response {
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_read_as_it_is_written() {
        let revision = Revision { epoch: 3, sequence: 42 };
        assert_eq!(Revision::parse(&revision.to_string()), Some(revision));
        for text in ["", "3", "3.", ".4", "+3.4", "3.-4", "3.4.5", "3.99999999999999999999", " 3.4"] {
            assert_eq!(Revision::parse(text), None, "{text}");
        }
    }

    #[test]
    fn other_epochs_cover_nothing() {
        let at = Revision { epoch: 1, sequence: 9 };
        for (epoch, sequence, covered) in [(1, 9, true), (1, 8, true), (1, 10, false), (0, 1, false)] {
            assert_eq!(at.covers(Revision { epoch, sequence }), covered, "{epoch}.{sequence}");
        }
    }
}
