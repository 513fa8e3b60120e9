//! The simulation: a seed makes a cluster's life, the weather it has, and what becomes of it.
//!
//! What runs is exactly `albedo::controller::Controller`, once or twice, on an AWS and a cluster in
//! memory, in virtual time. Reading order: `dice` and `life` (what people wish), `stage` (how calls
//! and events fare, who may write), `cloud`, `written` and `watches` (a process's ways in and out),
//! `nature` and `drift` (what AWS and others do), `run` (all of it), `judge` (what has to hold at
//! each write) and `ending` (what has to hold at rest).
//!
//! `make simulate SEEDS=n FROM=m` runs more seeds, `make simulate SEED=m` shows one.
#![expect(clippy::print_stdout, reason = "who runs seeds looks at what they show")]

mod app;
mod backends;
mod canonical;
mod cloud;
mod dice;
mod drift;
mod edit;
mod ending;
mod found;
mod judge;
mod known;
mod life;
mod nature;
mod process;
mod run;
mod served;
mod stage;
mod strangers;
mod trace;
mod watches;
mod written;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use edit::Edit;
use judge::Violation;
use known::Case;
use run::{Report, run};
use stage::FAULTS;
use trace::Writing;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs seeds, as many at once as there are processors.
fn run_all(seeds: std::ops::Range<u64>) -> BTreeMap<u64, Report> {
    let (next, reports) = (AtomicU64::new(seeds.start), Mutex::new(BTreeMap::new()));
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let report = run(seed, Writing::Nothing);
                    reports.lock().unwrap().insert(seed, report);
                }
            });
        }
    });
    reports.into_inner().unwrap()
}

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 300;

/// What is wrong with a run that nobody knows of yet.
fn news(report: &Report, cases: &[Case]) -> Vec<Violation> {
    let mut news = report.violations.clone();
    news.retain(|violation| !cases.iter().any(|case| case.explains(violation)));
    news
}

#[test]
fn every_seed_holds_what_has_to_hold() {
    let cases = known::cases();
    if let Some(seed) = number("SEED") {
        let report = run(seed, Writing::Shown);
        assert!(news(&report, &cases).is_empty(), "{:#?}", report.violations);
        return;
    }
    let from = number("FROM").unwrap_or(0);
    let reports = run_all(from..from + number("SEEDS").unwrap_or(SEEDS));
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for case in &cases {
        let shows = reports
            .iter()
            .find(|(_, report)| report.violations.iter().any(|violation| case.explains(violation)));
        if let Some((seed, _)) = shows {
            first.insert(&case.name, *seed);
        }
    }
    println!("known, and the first seed that shows it: {first:?}");
    let mut failed = Vec::new();
    for (seed, report) in &reports {
        for violation in news(report, &cases) {
            println!("seed {seed}: {violation}");
            failed.push(*seed);
        }
    }
    failed.dedup();
    assert!(failed.is_empty(), "{failed:?} fail; make simulate SEED={} shows how", failed[0]);
    coverage(&reports);
}

/// How many runs have some of everything, and how often each thing has to occur in them.
const COVERED_SEEDS: usize = 300;
const TIMES_MIN: usize = 20;

/// Everything that can happen does, often enough.
fn coverage(reports: &BTreeMap<u64, Report>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for report in reports.values() {
        for (what, count) in &report.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    println!("{counts:?}");
    if reports.len() < COVERED_SEEDS {
        return;
    }
    let edits = Edit::ALL.map(|edit| format!("edit {edit:?}")).into_iter();
    let drifts = drift::KINDS.map(|kind| format!("drift {kind}"));
    let faults = FAULTS.map(str::to_owned);
    let writes = WRITES.map(|operation| format!("{operation}!"));
    let all = edits.chain(drifts).chain(faults).chain(writes);
    let rare: Vec<String> = all
        .filter(|what| counts.get(what.as_str()).copied().unwrap_or_default() < TIMES_MIN)
        .collect();
    assert!(rare.is_empty(), "{rare:?} occur less than {TIMES_MIN} times");
}

/// Every write to AWS, by its operation.
const WRITES: [&str; 33] = [
    "CreateSecurityGroup",
    "DeleteSecurityGroup",
    "AuthorizeSecurityGroupIngress",
    "RevokeSecurityGroupIngress",
    "CreateTags",
    "DeleteTags",
    "CreateLoadBalancer",
    "ModifyLoadBalancerAttributes",
    "SetSecurityGroups",
    "SetSubnets",
    "SetIpAddressType",
    "DeleteLoadBalancer",
    "CreateListener",
    "ModifyListener",
    "DeleteListener",
    "AddListenerCertificates",
    "RemoveListenerCertificates",
    "CreateRule",
    "ModifyRule",
    "SetRulePriorities",
    "DeleteRule",
    "CreateTargetGroup",
    "ModifyTargetGroup",
    "ModifyTargetGroupAttributes",
    "DeleteTargetGroup",
    "RegisterTargets",
    "DeregisterTargets",
    "ImportCertificate",
    "ReimportCertificate",
    "DeleteCertificate",
    "ChangeResourceRecordSets",
    "AddTags",
    "RemoveTags",
];

#[test]
fn known_cases_fail_as_they_say() {
    let cases = known::cases();
    for case in &cases {
        let report = run(case.seed, Writing::Nothing);
        let shows = report.violations.iter().any(|violation| case.explains(violation));
        assert!(shows, "{}: seed {} no longer shows it", case.name, case.seed);
        let news = news(&report, &cases);
        assert!(news.is_empty(), "{}: seed {} fails otherwise: {news:#?}", case.name, case.seed);
    }
}

#[test]
fn a_seed_is_the_same_life_each_time() {
    // Whether the log is heard depends on what other threads listen to.
    let lines = |seed| {
        let mut lines = run(seed, Writing::Lines).lines;
        lines.retain(|line| !line.contains(trace::LOG));
        lines
    };
    for seed in [0, 7] {
        let (one, other) = (lines(seed), lines(seed));
        let differs = one.iter().zip(&other).find(|(one, other)| one != other);
        assert!(differs.is_none(), "seed {seed}: {differs:#?}");
        assert_eq!(one.len(), other.len());
    }
}
