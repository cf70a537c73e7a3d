//! What is counted and logged of a request, also of one whose client has gone away.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;

use crate::access_log::{AccessLog, AccessRecord};
use crate::caller::Principal;
use crate::metrics::{Held, OperationMetrics};

/// The status that stands in the log where the client went away before its answer (as with nginx).
const CLIENT_GONE: u16 = 499;

/// A request from its beginning to its answer.
pub(super) struct Trace<'a> {
    pub(super) operation: &'static str,
    pub(super) metrics: &'a OperationMetrics,
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) note: Option<Box<str>>,
    remote: IpAddr,
    started: Instant,
    log: Option<(&'a AccessLog, AccessRecord)>,
    is_closed: bool,
    _in_flight: Held<'a>,
}

impl<'a> Trace<'a> {
    pub(super) fn start(
        metrics: &'a OperationMetrics,
        in_flight: Held<'a>,
        remote: IpAddr,
        log: Option<(&'a AccessLog, AccessRecord)>,
    ) -> Self {
        Self {
            operation: "unmatched",
            metrics,
            principal: None,
            note: None,
            remote,
            started: Instant::now(),
            log,
            is_closed: false,
            _in_flight: in_flight,
        }
    }

    /// The answer is on its way.
    pub(super) fn close(&mut self, status: StatusCode, length: Option<u64>) {
        self.is_closed = true;
        let elapsed = self.started.elapsed();
        self.metrics.observe(status, elapsed);
        if let Some((log, record)) = self.log.take() {
            let (principal, note) = (self.principal.take(), self.note.take());
            log.write(record.finish(self.remote, principal, note, status, length, elapsed));
        }
    }
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        if !self.is_closed {
            self.close(StatusCode::from_u16(CLIENT_GONE).unwrap_or(StatusCode::BAD_REQUEST), None);
        }
    }
}
