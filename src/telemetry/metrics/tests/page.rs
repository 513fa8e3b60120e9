//! The page of metrics, made of what is served and of what the chart asks of it.
//!
//! `ALBEDO_WRITE_DOCS=1 cargo test --lib metrics` writes it anew.

use std::fmt::Write as _;
use std::fs;

use super::{Metrics, alerts, lived, series, words};
use crate::model::neighbour::Duty;
use crate::model::outcome::Trouble;
use crate::model::subject::{Lane, SubjectKind};
use crate::report::Rest;
use crate::telemetry::end::End;
use crate::telemetry::metrics::{EventResult, TenureChange};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");

const HEAD: &str = "\
     # Metrics\n\
     \n\
     Made by `src/telemetry/metrics/tests/page.rs`, of what `/metrics` answers and of what \
     the chart's alerts ask of it. What means\n\
     the same as a metric of AWS Load Balancer Controller, controller-runtime or \
     external-dns has that one's name and labels, so\n\
     that their dashboards and alerts go on working. Prometheus adds `namespace` and `pod`.\n\
     \n\
     `/metrics` is on port 8080 (`--metrics-bind-addr`), in the OpenMetrics format. The \
     process that leads has most to say, and\n\
     who leads after it begins at zero: ask for the `max` or the `sum` over pods. The chart \
     makes the ServiceMonitor\n\
     (`serviceMonitor.enabled`), the alerts (`prometheusRule.enabled`) and a dashboard for \
     Grafana (`dashboard.enabled`); what to\n\
     do about each alert is in [operations.md](operations.md#alerts).\n\
     \n\
     ";

const LABELS: &str = "
## Labels

| label | values |
|---|---|
";

/// What labels say, where it is none of few words.
const OPEN: &[(&str, &str)] = &[
    ("service", "AWS's services, as its SDKs name them"),
    ("operation", "their operations, such as `RegisterTargets`"),
    ("status_code", "the HTTP status; empty where no answer came"),
    ("error_code", "AWS's own code, such as `Throttling`; empty where there is none"),
    (
        "controller",
        "`ingress`, `targetGroupBinding`; of what LBC has no controller for, the subject",
    ),
    ("kind", "the kind of Kubernetes objects"),
    ("group", "the Ingress group"),
    ("port", "the listener's"),
    ("certificate", "its ARN"),
];

/// The words that a label may be.
fn closed() -> Vec<(&'static str, Vec<&'static str>)> {
    let troubles =
        [Trouble::Throttled, Trouble::Transient, Trouble::InUse, Trouble::Stale, Trouble::Refused];
    let rests = [Rest::Done, Rest::Later(std::time::Duration::ZERO)];
    let rests = rests.into_iter().chain(troubles.map(Rest::Again)).map(End::Left);
    let ends: Vec<End> = rests.chain([End::Panicked, End::Abandoned]).collect();
    let events = [
        EventResult::Sent,
        EventResult::Refused,
        EventResult::RateLimited,
        EventResult::QueueFull,
        EventResult::NotLeading,
    ];
    let changes = [TenureChange::Began, TenureChange::Ended, TenureChange::Lost];
    let mut reconciles: Vec<&str> = ends.iter().map(|end| end.reconcile_result()).collect();
    reconciles.sort_unstable();
    reconciles.dedup();
    vec![
        ("subject", SubjectKind::ALL.map(SubjectKind::as_str).to_vec()),
        ("lane", Lane::ALL.map(Lane::as_str).to_vec()),
        ("duty", Duty::ALL.map(Duty::as_str).to_vec()),
        ("change", changes.map(TenureChange::as_str).to_vec()),
        ("result` of `albedo_visits_total", ends.iter().map(|end| end.as_str()).collect()),
        ("result` of `controller_runtime_reconcile_total", reconciles),
        ("result` of `albedo_events_total", events.map(EventResult::as_str).to_vec()),
    ]
}

/// What the page has to be.
fn page() -> String {
    let text = lived().encode().unwrap();
    let series = series(&text);
    let alerts = alerts();
    let mut page = format!("{HEAD}| metric | type | labels | alerts | |\n|---|---|---|---|---|\n");
    for name in Metrics::NAMES {
        let of = |line: &str| {
            let start = format!("# {line} {name} ");
            text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
        };
        let kind = of("TYPE");
        let ending = match kind.as_str() {
            "counter" => "_total",
            "histogram" => "_bucket",
            _ => "",
        };
        let served = format!("{name}{ending}");
        let labels = series[served.as_str()].iter().filter(|label| **label != "le");
        let quoted =
            |all: Vec<&str>| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" ");
        let asks = |query: &str| words(query).any(|(word, _)| word == served);
        let by = alerts.iter().filter(|(_, query)| asks(query)).map(|(name, _)| name.as_str());
        let (labels, by) = (quoted(labels.copied().collect()), quoted(by.collect()));
        let help = of("HELP");
        let help = help.trim_end_matches('.');
        writeln!(page, "| `{served}` | {kind} | {labels} | {by} | {help} |").unwrap();
    }
    page.push_str(LABELS);
    for (label, values) in closed() {
        writeln!(page, "| `{label}` | `{}` |", values.join("` `")).unwrap();
    }
    for (label, says) in OPEN {
        writeln!(page, "| `{label}` | {says} |").unwrap();
    }
    page
}

#[test]
fn the_page_of_metrics_is_of_what_is_served_and_says_what_each_label_may_be() {
    let page = page();
    if std::env::var_os("ALBEDO_WRITE_DOCS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(PAGE).unwrap(), page, "ALBEDO_WRITE_DOCS=1 writes it anew");
    let text = lived().encode().unwrap();
    for label in series(&text).into_values().flatten().filter(|label| *label != "le") {
        let said = format!("| `{label}` ");
        assert!(page.contains(&said), "{label}");
    }
}
