//! Logs, and every metric, declared in one table.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// A visit's labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct VisitLabels {
    /// `fabric`, `balancer` or `targets`.
    pub subject: String,
    /// `done` or the trouble.
    pub outcome: String,
}

/// A lane's label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LaneLabel {
    /// `targets`, `user` or `background`.
    pub lane: String,
}

/// A call's labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CallLabels {
    /// The AWS service, as its SDK names it.
    pub service: String,
    /// The operation.
    pub operation: String,
}

/// Every metric.
#[derive(Debug)]
pub struct Metrics {
    /// Where they are registered.
    pub registry: Registry,
    /// Requests sent to AWS.
    pub calls: Family<CallLabels, Counter>,
    /// Visits made.
    pub visits: Family<VisitLabels, Counter>,
    /// Visits that wait.
    pub waiting: Family<LaneLabel, Gauge>,
    /// Whether this process leads: 1 or 0.
    pub leading: Gauge<i64, AtomicI64>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Declares every metric.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("albedo");
        let calls = Family::default();
        registry.register("aws_requests", "Requests sent to AWS, by operation", calls.clone());
        let visits = Family::default();
        registry.register("visits", "Visits made, by subject and outcome", visits.clone());
        let waiting = Family::default();
        registry.register("visits_waiting", "Visits that wait, by lane", waiting.clone());
        let leading = Gauge::default();
        registry.register("leading", "Whether this process leads", leading.clone());
        Self { registry, calls, visits, waiting, leading }
    }
}

/// Starts logging to standard error: text for people, JSON where asked for. The level is LBC's
/// flag; the environment variable RUST_LOG goes further.
pub fn start_log(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new(format!("warn,kube_runtime=error,albedo={level}"))
    });
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
