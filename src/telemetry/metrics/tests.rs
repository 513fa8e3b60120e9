use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::clock::{Clock, SystemClock};
use crate::model::outcome::Trouble;
use crate::report::Rest;

mod page;

const ALL_KINDS: [SubjectKind; 5] = [
    SubjectKind::Fabric,
    SubjectKind::Balancer,
    SubjectKind::Targets,
    SubjectKind::Certificate,
    SubjectKind::Zone,
];

fn attempt(number: u32, status: Option<u16>, code: &str) -> Attempt<'_> {
    Attempt { service: "EC2", operation: "CreateTags", number, status, code }
}

/// Metrics of a controller that everything has happened to.
fn lived() -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new());
    let clock = SystemClock::new();
    for kind in ALL_KINDS {
        metrics.visit(&clock, kind).finish(Rest::Done);
    }
    metrics.visit(&clock, SubjectKind::Targets).finish(Rest::Again(Trouble::InUse));
    metrics.visit(&clock, SubjectKind::Targets).finish(Rest::Again(Trouble::Throttled));
    metrics.attempted(&attempt(1, Some(400), "Throttling"));
    metrics.attempted(&attempt(2, Some(200), ""));
    metrics.waited("EC2", "CreateTags", Duration::from_millis(1500));
    metrics.queue("targets", 3, Duration::from_secs(7));
    metrics.watch_failures([("Ingress", 2)]);
    metrics.stale_parts(4);
    metrics.certificate_ends([("edge".to_owned(), 443, "arn:one".to_owned(), 60.0)]);
    metrics.orphans(3);
    metrics.removals_held(SubjectKind::Zone, 2);
    metrics.neighbour(Presence::Stands, [(Duty::TargetControl, 7)].into_iter());
    metrics.tenure(TenureChange::Began);
    metrics.panicked();
    metrics.event(EventResult::RateLimited);
    metrics
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
}

#[test]
fn every_metric_is_served_with_a_help_text() {
    let text = lived().encode().unwrap();
    for name in Metrics::NAMES {
        let help = format!("# HELP {name} ");
        let help = text.lines().find_map(|line| line.strip_prefix(&help));
        assert!(help.is_some_and(|help| help.len() > 10), "{name}: {help:?}");
        let sample = |line: &str| line.starts_with(name);
        assert!(text.lines().any(sample), "{name} has no value");
    }
    let helps = text.lines().filter(|line| line.starts_with("# HELP")).count();
    assert_eq!(helps, Metrics::NAMES.len());
}

#[test]
fn what_happens_is_counted() {
    let text = lived().encode().unwrap();
    let call = "service=\"EC2\",operation=\"CreateTags\"";
    let requests = "aws_api_requests_total";
    has(&text, &format!("{requests}{{{call},status_code=\"400\",error_code=\"Throttling\"}} 1"));
    has(&text, &format!("{requests}{{{call},status_code=\"200\",error_code=\"\"}} 1"));
    has(&text, &format!("albedo_aws_retries_total{{{call}}} 1"));
    has(&text, &format!("albedo_aws_throttle_wait_seconds_total{{{call}}} 1.5"));
    has(&text, "albedo_visits_total{subject=\"targets\",result=\"in_use\"} 1");
    let ours = "controller=\"targetGroupBinding\"";
    has(&text, &format!("controller_runtime_reconcile_total{{{ours},result=\"error\"}} 1"));
    has(&text, &format!("controller_runtime_reconcile_total{{{ours},result=\"requeue\"}} 1"));
    has(&text, &format!("controller_runtime_reconcile_errors_total{{{ours}}} 1"));
    has(&text, &format!("controller_runtime_reconcile_time_seconds_count{{{ours}}} 3"));
    has(&text, "albedo_visits_waiting{lane=\"targets\"} 3");
    has(&text, "albedo_visits_oldest_wait_seconds{lane=\"targets\"} 7.0");
    has(&text, "albedo_neighbour 1");
    has(&text, "albedo_neighbour_duties{duty=\"target-control\"} 7");
    has(&text, "albedo_watch_failures_total{kind=\"Ingress\"} 2");
    has(&text, "albedo_stale_parts 4");
    let expiry = "albedo_certificate_expiry_seconds{group=\"edge\",port=\"443\",certificate=\"arn:one\"} 60.0";
    has(&text, expiry);
    has(&text, "albedo_orphaned_groups 3");
    has(&text, "albedo_leading 1");
    has(&text, "albedo_tenure_changes_total{change=\"began\"} 1");
    has(&text, "albedo_panics_total 1");
    has(&text, "albedo_events_total{result=\"rate_limited\"} 1");
}

#[test]
fn a_visit_is_counted_however_it_ends() {
    let metrics = Arc::new(Metrics::new());
    let clock = SystemClock::new();
    drop(metrics.visit(&clock, SubjectKind::Zone));
    let in_panic = (Arc::clone(&metrics), clock);
    let panicked = std::thread::spawn(move || {
        let (metrics, clock) = in_panic;
        let _visit = metrics.visit(&clock, SubjectKind::Zone);
        std::panic::panic_any("on purpose");
    });
    assert!(panicked.join().is_err());
    let text = metrics.encode().unwrap();
    has(&text, "albedo_visits_total{subject=\"zone\",result=\"abandoned\"} 1");
    has(&text, "albedo_visits_total{subject=\"zone\",result=\"panicked\"} 1");
    has(&text, "controller_runtime_reconcile_time_seconds_count{controller=\"zone\"} 2");
    assert!(!text.contains("albedo_last_rest_timestamp_seconds{"), "{text}");
}

#[test]
fn coming_to_rest_is_dated() {
    let metrics = Arc::new(Metrics::new());
    let clock = SystemClock::new();
    metrics.visit(&clock, SubjectKind::Balancer).finish(Rest::Done);
    let text = metrics.encode().unwrap();
    let start = "albedo_last_rest_timestamp_seconds{subject=\"balancer\"} ";
    let seconds: f64 =
        text.lines().find_map(|line| line.strip_prefix(start)).unwrap().parse().unwrap();
    assert!((clock.now().as_duration().as_secs_f64() - seconds).abs() < 60.0);
    has(&text, "external_dns_controller_last_sync_timestamp_seconds 0.0");
}

#[test]
fn a_count_that_is_kept_elsewhere_never_falls() {
    let metrics = Metrics::new();
    metrics.watch_failures([("Pod", 5)]);
    metrics.watch_failures([("Pod", 3)]);
    has(&metrics.encode().unwrap(), "albedo_watch_failures_total{kind=\"Pod\"} 5");
}

#[test]
fn losing_the_lease_is_told_from_giving_it_back() {
    let metrics = Metrics::new();
    for change in [TenureChange::Began, TenureChange::Lost, TenureChange::Ended] {
        metrics.tenure(change);
    }
    let text = metrics.encode().unwrap();
    has(&text, "albedo_leading 0");
    has(&text, "albedo_tenure_changes_total{change=\"lost\"} 1");
    has(&text, "albedo_tenure_changes_total{change=\"ended\"} 1");
}

/// The series that an exposition holds: their names, and the labels of each.
fn series(text: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).unwrap();
        let labels = line[end..].split_once('}').map_or("", |(labels, _)| &labels[1..]);
        let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
        found.entry(&line[..end]).or_default().extend(names);
    }
    found
}

/// The words of a query that are neither in quotes nor in brackets, each with what follows it.
fn words(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_:$".contains(letter);
    let mut rest = query;
    std::iter::from_fn(move || {
        let start = rest.find(is_word)?;
        let (_, word) = rest.split_at(start);
        let end = word.find(|letter| !is_word(letter)).unwrap_or(word.len());
        rest = &word[end..];
        Some((&word[..end], rest))
    })
}

/// A file of the chart's.
fn file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/helm/albedo/files");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

/// The chart's alerts: their names, and what they ask.
fn alerts() -> Vec<(String, String)> {
    let alerts: Value = serde_yaml_ng::from_str(&file("alerts.yaml")).unwrap();
    let groups = alerts["groups"].as_array().unwrap().iter();
    let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rules.map(|rule| (text(&rule["alert"]), text(&rule["expr"]))).collect()
}

/// The queries that the chart's alerts and its dashboard make.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&file("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = targets.map(|asks| asks["expr"].as_str().unwrap().to_owned());
    alerts().into_iter().map(|(_, query)| query).chain(queries).collect()
}

#[test]
fn alerts_and_the_dashboard_ask_for_what_is_served() {
    let text = lived().encode().unwrap();
    let series = series(&text);
    let asked = queries();
    assert!(asked.len() > 25, "{}", asked.len());
    for query in &asked {
        // Every label that Prometheus puts on a series itself.
        let mut labels = BTreeSet::from(["namespace", "pod", "le"]);
        let mut is_known = false;
        for (word, _) in words(query).filter(|(word, _)| word.contains('_')) {
            if let Some(of_series) = series.get(word) {
                labels.extend(of_series);
                is_known = true;
            } else {
                let is_function = ["histogram_quantile", "$__rate_interval"].contains(&word);
                let is_label = series.values().any(|labels| labels.contains(word));
                let is_value =
                    query.contains(&format!("\"{word}|")) || query.contains(&format!("|{word}\""));
                assert!(is_function || is_label || is_value, "{word} in {query}");
            }
        }
        assert!(is_known, "{query}");
        let compared = words(query).filter(|(_, rest)| {
            rest.starts_with("=~\"") || rest.starts_with("=\"") || rest.starts_with("!=\"")
        });
        let grouped = query.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
        let grouped = grouped.flat_map(|names| names.split(", "));
        for label in compared.map(|(label, _)| label).chain(grouped) {
            assert!(labels.contains(label), "{label} in {query}");
        }
    }
}
