//! Every metric, declared in one table. What means the same as a metric of AWS Load Balancer
//! Controller or external-dns has that metric's name and labels, so that dashboards and alerts go
//! on working.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::end::End;
use crate::aws::{Attempt, CallObserver};
use crate::model::neighbour::{Duty, Presence};
use crate::model::subject::SubjectKind;

/// A request's labels; LBC's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// The AWS service, as its SDKs name it.
    service: String,
    operation: String,
    /// The HTTP status; empty where no answer came.
    status_code: String,
    /// AWS's code; empty for success.
    error_code: String,
}

/// A call's labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    service: String,
    operation: String,
}

/// The labels of one kind of visits, with what they come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VisitLabels {
    subject: &'static str,
    /// `done`, `later`, the trouble, `panicked` or `abandoned`.
    result: &'static str,
}

/// The same in controller-runtime's words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconcileLabels {
    controller: &'static str,
    /// `success`, `requeue_after`, `requeue` or `error`.
    result: &'static str,
}

/// A controller's label, as controller-runtime has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabel {
    controller: &'static str,
}

/// A kind of subjects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SubjectLabel {
    subject: &'static str,
}

/// A lane's label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabel {
    /// `targets`, `user`, `background` or `protection`.
    lane: &'static str,
}

/// A kind of Kubernetes objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

/// A duty's label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DutyLabel {
    duty: &'static str,
}

/// A change's label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ChangeLabel {
    change: &'static str,
}

/// A certificate's labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    /// The Ingress group.
    group: String,
    port: u16,
    /// Its ARN.
    certificate: String,
}

/// A result's label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// How this process comes to lead, and how it ceases to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenureChange {
    /// It leads.
    Began,
    /// It leads no longer because it stops.
    Ended,
    /// It leads no longer because the Lease ran out or somebody else has it.
    Lost,
}

impl TenureChange {
    /// As metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Ended => "ended",
            Self::Lost => "lost",
        }
    }
}

/// What became of an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventResult {
    /// The API server has it.
    Sent,
    /// The API server did not take it.
    Refused,
    /// It was dropped: its object has had as many as it may have for now.
    RateLimited,
    /// It was dropped: too many waited already.
    QueueFull,
    /// It was dropped: this process does not lead any more.
    NotLeading,
}

impl EventResult {
    /// As metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::QueueFull => "queue_full",
            Self::NotLeading => "not_leading",
        }
    }
}

/// The upper bounds of visits' durations, in seconds: from one that finds nothing to do to one that
/// waits for AWS to ask for fewer calls.
const DURATION_BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

type Durations = Family<ControllerLabel, Histogram, fn() -> Histogram>;

fn durations() -> Durations {
    Family::new_with_constructor(|| Histogram::new(DURATION_BOUNDS))
}

/// Declares the table: a field, its type, what makes it; the metric's name, and its help text,
/// which is the field's comment as well.
macro_rules! table {
    ($($field:ident: $type:ty = $new:expr, $name:literal, $help:literal;)*) => {
        /// Every metric.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] $field: $type,)*
        }

        impl Metrics {
            /// The name of every metric, without the endings that belong to its type.
            pub const NAMES: &[&str] = &[$($name),*];

            /// Declares every metric.
            #[must_use]
            pub fn new() -> Self {
                let mut registry = Registry::default();
                $(
                    let $field: $type = $new;
                    registry.register($name, $help, $field.clone());
                )*
                Self { registry, $($field),* }
            }
        }
    };
}

table! {
    requests: Family<RequestLabels, Counter> = Family::default(),
        "aws_api_requests",
        "Requests sent to AWS, retries included, by HTTP status and AWS's error code";
    retries: Family<CallLabels, Counter> = Family::default(),
        "albedo_aws_retries",
        "Requests sent to AWS that were not the first of their call";
    turns: Family<CallLabels, Counter<f64, AtomicU64>> = Family::default(),
        "albedo_aws_throttle_wait_seconds",
        "Seconds that calls waited for their turn under --aws-api-throttle";
    visits: Family<VisitLabels, Counter> = Family::default(),
        "albedo_visits",
        "Visits made, by kind of subject and by what they came to";
    reconciles: Family<ReconcileLabels, Counter> = Family::default(),
        "controller_runtime_reconcile",
        "Visits made, as controller-runtime counts them";
    reconcile_errors: Family<ControllerLabel, Counter> = Family::default(),
        "controller_runtime_reconcile_errors",
        "Visits that failed, as controller-runtime counts them: not those that AWS throttled";
    durations: Durations = durations(),
        "controller_runtime_reconcile_time_seconds",
        "How long visits took";
    waiting: Family<LaneLabel, Gauge> = Family::default(),
        "albedo_visits_waiting",
        "Visits that wait, by lane";
    oldest: Family<LaneLabel, Gauge<f64, AtomicU64>> = Family::default(),
        "albedo_visits_oldest_wait_seconds",
        "How long the visit has waited that waits longest, by lane";
    rests: Family<SubjectLabel, Gauge<f64, AtomicU64>> = Family::default(),
        "albedo_last_rest_timestamp_seconds",
        "When a subject of this kind was last left with nothing to do";
    names_synced: Gauge<f64, AtomicU64> = Gauge::default(),
        "external_dns_controller_last_sync_timestamp_seconds",
        "When a hosted zone was last left with nothing to do";
    watch_failures: Family<KindLabel, Counter> = Family::default(),
        "albedo_watch_failures",
        "Failures of the watches of Kubernetes objects, by kind";
    stale_parts: Gauge = Gauge::default(),
        "albedo_stale_parts",
        "Parts of what is known of AWS that have to be read again";
    removals_held: Family<SubjectLabel, Gauge> = Family::default(),
        "albedo_removals_held",
        "Subjects of which something is held because nobody has said that its owners are gone";
    ends: Family<CertificateLabels, Gauge<f64, AtomicU64>> = Family::default(),
        "albedo_certificate_expiry_seconds",
        "Seconds until a certificate of a listener ends, whoever made it; negative once it has";
    orphans: Gauge = Gauge::default(),
        "albedo_orphaned_groups",
        "Ingress groups of which something stands in AWS and that no Ingress is in any more";
    leading: Gauge<i64, AtomicI64> = Gauge::default(),
        "albedo_leading",
        "Whether this process leads";
    tenures: Family<ChangeLabel, Counter> = Family::default(),
        "albedo_tenure_changes",
        "How often this process came to lead and ceased to";
    neighbour: Gauge = Gauge::default(),
        "albedo_neighbour",
        "Whether AWS Load Balancer Controller stood in the cluster at the start";
    undone: Family<DutyLabel, Gauge> = Family::default(),
        "albedo_neighbour_duties",
        "Objects for which AWS Load Balancer Controller did at the start what is not done here";
    panics: Counter = Counter::default(),
        "albedo_panics",
        "Panics, each of which is a bug";
    events: Family<ResultLabel, Counter> = Family::default(),
        "albedo_events",
        "Events about objects, sent and dropped";
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics in the OpenMetrics text format.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// How many visits wait in a lane, and for how long the one has that waits longest.
    pub fn queue(&self, lane: &'static str, waiting: usize, oldest: Duration) {
        let label = LaneLabel { lane };
        self.waiting.get_or_create(&label).set(i64::try_from(waiting).unwrap_or(i64::MAX));
        self.oldest.get_or_create(&label).set(oldest.as_secs_f64());
    }

    /// How often the watch of each kind has failed since the start.
    pub fn watch_failures(&self, failures: impl IntoIterator<Item = (&'static str, u64)>) {
        for (kind, count) in failures {
            let counter = self.watch_failures.get_or_create(&KindLabel { kind });
            // It is counted elsewhere, and never less than before.
            counter.inner().fetch_max(count, Ordering::Relaxed);
        }
    }

    /// How many parts of what is known of AWS have to be read again.
    pub fn stale_parts(&self, count: usize) {
        self.stale_parts.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// How many subjects of a kind something is held of.
    pub fn removals_held(&self, kind: SubjectKind, count: usize) {
        let held = self.removals_held.get_or_create(&SubjectLabel { subject: kind.as_str() });
        held.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// How long certificates of listeners still hold, in seconds: of a group, at a port, by ARN.
    pub fn certificate_ends(&self, ends: impl IntoIterator<Item = (String, u16, String, f64)>) {
        self.ends.clear();
        for (group, port, certificate, seconds) in ends {
            let labels = CertificateLabels { group, port, certificate };
            self.ends.get_or_create(&labels).set(seconds);
        }
    }

    /// Of how many groups something stands that nobody owns.
    pub fn orphans(&self, count: usize) {
        self.orphans.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Whether LBC stood in the cluster at the start, and for how many objects it did what is not
    /// done here.
    pub fn neighbour(&self, stands: Presence, duties: impl Iterator<Item = (Duty, usize)>) {
        self.neighbour.set(i64::from(stands == Presence::Stands));
        for (duty, count) in duties {
            let label = DutyLabel { duty: duty.as_str() };
            self.undone.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// This process came to lead, or ceased to.
    pub fn tenure(&self, change: TenureChange) {
        self.leading.set(i64::from(change == TenureChange::Began));
        self.tenures.get_or_create(&ChangeLabel { change: change.as_str() }).inc();
    }

    /// Something became of an Event.
    pub fn event(&self, result: EventResult) {
        self.events.get_or_create(&ResultLabel { result: result.as_str() }).inc();
    }

    pub(super) fn panicked(&self) {
        self.panics.inc();
    }

    pub(super) fn visited(&self, kind: SubjectKind, end: End, duration: Duration) {
        let (subject, result) = (kind.as_str(), end.as_str());
        self.visits.get_or_create(&VisitLabels { subject, result }).inc();
        let (controller, result) = (controller(kind), end.reconcile_result());
        self.reconciles.get_or_create(&ReconcileLabels { controller, result }).inc();
        let label = ControllerLabel { controller };
        if result == "error" {
            self.reconcile_errors.get_or_create(&label).inc();
        }
        self.durations.get_or_create(&label).observe(duration.as_secs_f64());
    }

    pub(super) fn came_to_rest(&self, kind: SubjectKind, now: Timestamp) {
        let seconds = now.as_duration().as_secs_f64();
        self.rests.get_or_create(&SubjectLabel { subject: kind.as_str() }).set(seconds);
        if kind == SubjectKind::Zone {
            self.names_synced.set(seconds);
        }
    }
}

impl CallObserver for Metrics {
    fn attempted(&self, attempt: &Attempt<'_>) {
        let (service, operation) = (attempt.service.to_owned(), attempt.operation.to_owned());
        if attempt.number > 1 {
            let labels = CallLabels { service: service.clone(), operation: operation.clone() };
            self.retries.get_or_create(&labels).inc();
        }
        let status_code = attempt.status.map(|status| status.to_string()).unwrap_or_default();
        let error_code = attempt.code.to_owned();
        let labels = RequestLabels { service, operation, status_code, error_code };
        self.requests.get_or_create(&labels).inc();
    }

    fn waited(&self, service: &str, operation: &str, pause: Duration) {
        let (service, operation) = (service.to_owned(), operation.to_owned());
        let labels = CallLabels { service, operation };
        self.turns.get_or_create(&labels).inc_by(pause.as_secs_f64());
    }
}

/// The name of LBC's controller for what a kind of subjects keeps, where it has one.
fn controller(kind: SubjectKind) -> &'static str {
    match kind {
        SubjectKind::Balancer => "ingress",
        SubjectKind::Targets => "targetGroupBinding",
        SubjectKind::Fabric
        | SubjectKind::Certificate
        | SubjectKind::Protection
        | SubjectKind::Zone
        | SubjectKind::Census => kind.as_str(),
    }
}

#[cfg(test)]
mod tests;
