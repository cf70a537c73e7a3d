//! Counters and times, in the text form of Prometheus (OpenMetrics).

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder, text,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
pub use prometheus_client::registry::Registry;

/// Content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The metrics of a process: those of the router and listener, and what servers register.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<OperationStatus, Counter>,
    latency: Family<OperationLabel, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    panics: Counter,
    connections: Gauge,
    handshake_failures: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationStatus {
    operation: &'static str,
    status: StatusClass,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct StatusClass(&'static str);

const STATUS_CLASSES: [StatusClass; 5] =
    [StatusClass("1xx"), StatusClass("2xx"), StatusClass("3xx"), StatusClass("4xx"), StatusClass("5xx")];

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.0)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics named `athenz_…`, all at zero.
    pub fn new() -> Self {
        let latency: fn() -> Histogram = || Histogram::new(LATENCY_BUCKETS);
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("athenz")),
            requests: Family::default(),
            latency: Family::new_with_constructor(latency),
            in_flight: Gauge::default(),
            panics: Counter::default(),
            connections: Gauge::default(),
            handshake_failures: Counter::default(),
        };
        metrics.register(|registry| metrics.describe(registry));
        metrics
    }

    fn describe(&self, registry: &mut Registry) {
        registry.register("requests", "Requests by operation and class of status", self.requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time to an answer, by operation",
            self.latency.clone(),
        );
        registry.register("requests_in_flight", "Requests being worked on", self.in_flight.clone());
        registry.register("panics", "Requests whose handler panicked", self.panics.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register(
            "tls_handshake_failures",
            "Connections without a TLS session",
            self.handshake_failures.clone(),
        );
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running build", build);
    }

    /// Registers further metrics; names get the prefix `athenz_`.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A gauge that is read when somebody asks for it; absent while there is no value.
    pub fn read_gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Option<f64> + Send + Sync + 'static,
    ) {
        let read = Box::new(move || read().map(Value::Gauge));
        self.register(|registry| registry.register_collector(Box::new(Reading { name, help, read })));
    }

    /// A counter that is read when somebody asks for it.
    pub fn read_counter(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> u64 + Send + Sync + 'static,
    ) {
        let read = Box::new(move || Some(Value::Counter(read())));
        self.register(|registry| registry.register_collector(Box::new(Reading { name, help, read })));
    }

    /// All metrics as text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if text::encode(&mut out, &registry).is_err() {
            // writing into a String does not fail; a collector of a server may
            let _ = write!(out, "# a metric could not be written\n# EOF\n");
        }
        out
    }

    /// The metrics of one operation, looked up once.
    pub(crate) fn operation(&self, operation: &'static str) -> OperationMetrics {
        OperationMetrics {
            requests: STATUS_CLASSES
                .map(|status| self.requests.get_or_create_owned(&OperationStatus { operation, status })),
            latency: self.latency.get_or_create_owned(&OperationLabel { operation }),
        }
    }

    pub(crate) fn in_flight(&self) -> Held<'_> {
        Held::new(&self.in_flight)
    }

    pub(crate) fn connection(&self) -> Held<'_> {
        Held::new(&self.connections)
    }

    pub(crate) fn count_panic(&self) {
        self.panics.inc();
    }

    pub(crate) fn count_handshake_failure(&self) {
        self.handshake_failures.inc();
    }
}

/// A metric whose value somebody else keeps.
struct Reading {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> Option<Value> + Send + Sync>,
}

enum Value {
    Gauge(f64),
    Counter(u64),
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Collector for Reading {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let metric: &dyn EncodeMetric = match (self.read)() {
            None => return Ok(()),
            Some(Value::Gauge(value)) => &ConstGauge::new(value),
            Some(Value::Counter(value)) => &ConstCounter::new(value),
        };
        metric.encode(encoder.encode_descriptor(self.name, self.help, None, metric.metric_type())?)
    }
}

/// A gauge that is one higher while this lives.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Gauge);

impl<'a> Held<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Handles of one operation's metrics: no lookup while a request runs.
#[derive(Debug)]
pub(crate) struct OperationMetrics {
    requests: [Counter; STATUS_CLASSES.len()],
    latency: Histogram,
}

impl OperationMetrics {
    pub(crate) fn observe(&self, status: StatusCode, elapsed: Duration) {
        if let Some(counter) = self.requests.get(status_class(status)) {
            counter.inc();
        }
        self.latency.observe(elapsed.as_secs_f64());
    }
}

/// A status as class for metrics.
fn status_class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).saturating_sub(1).min(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_operation_and_class() {
        let metrics = Metrics::new();
        let operation = metrics.operation("getDomain");
        operation.observe(StatusCode::OK, Duration::from_millis(2));
        operation.observe(StatusCode::NOT_FOUND, Duration::from_millis(2));
        let text = metrics.text();
        for line in [
            "athenz_requests_total{operation=\"getDomain\",status=\"2xx\"} 1",
            "athenz_requests_total{operation=\"getDomain\",status=\"4xx\"} 1",
            "athenz_request_duration_seconds_bucket{le=\"0.0025\",operation=\"getDomain\"} 2",
            "athenz_build_info{version=",
            "# EOF",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn values_kept_elsewhere_are_read_when_asked_for() {
        use std::sync::Arc;
        use std::sync::atomic::{AtomicU64, Ordering};
        let metrics = Metrics::new();
        let kept = Arc::new(AtomicU64::new(0));
        let (age, count) = (kept.clone(), kept.clone());
        metrics.read_gauge("age_seconds", "Age", move || {
            let age = age.load(Ordering::Relaxed);
            (age > 0).then_some(age as f64 / 2.0)
        });
        metrics.read_counter("failures", "Failures", move || count.load(Ordering::Relaxed));
        let text = metrics.text();
        assert!(!text.contains("athenz_age_seconds") && text.contains("athenz_failures_total 0"), "{text}");
        kept.store(3, Ordering::Relaxed);
        let text = metrics.text();
        for line in ["# TYPE athenz_age_seconds gauge", "athenz_age_seconds 1.5", "athenz_failures_total 3"] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn servers_add_their_own() {
        let metrics = Metrics::new();
        let counter: Counter = Counter::default();
        metrics.register(|registry| registry.register("tokens", "Tokens issued", counter.clone()));
        counter.inc_by(3);
        assert!(metrics.text().contains("athenz_tokens_total 3"));
    }
}
