//! What carries a request to the server under test.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::authority::ClientCertificate;
use crate::recording::Server;

/// How long a transport waits by default before a request is repeated.
const PAUSE: Duration = Duration::from_millis(300);

/// Carries requests to the servers under test, over the network or within the process.
pub trait Transport: Send + Sync {
    /// Sends one request and returns the whole answer. Redirects are answers.
    ///
    /// # Errors
    /// When there is no answer; it ends the scenario.
    fn send(&self, request: Exchange) -> impl Future<Output = Result<Answer, TransportError>> + Send;

    /// Lets the servers catch up with each other before a request is repeated. False says that nothing
    /// more can change, so that repeating is in vain. The default is a pause of 300 ms.
    fn settle(&self) -> impl Future<Output = bool> + Send {
        async {
            tokio::time::sleep(PAUSE).await;
            true
        }
    }
}

impl<T: Transport> Transport for Arc<T> {
    fn send(&self, request: Exchange) -> impl Future<Output = Result<Answer, TransportError>> + Send {
        self.as_ref().send(request)
    }

    fn settle(&self) -> impl Future<Output = bool> + Send {
        self.as_ref().settle()
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The server that is asked.
    pub to: Server,
    /// Who asks.
    pub identity: Identity,
    /// The HTTP method.
    pub method: String,
    /// Path and query, already escaped, with the path of the server's base address (`/zms/v1/…`).
    pub path_and_query: String,
    /// Headers, without `Host` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Vec<u8>>,
}

/// Who asks, as TLS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// No client certificate.
    Anonymous,
    /// The holder of a client certificate.
    Certificate(ClientCertificate),
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// All headers; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; of one that occurs more often, all values, separated by commas.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no answer: {0}")]
pub struct TransportError(pub String);
