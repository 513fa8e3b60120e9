//! The simulation: a seed makes a cluster's life, the weather it has, and what becomes of it.
//!
//! What runs is exactly `albedo::controller::Controller`, once or twice, on an AWS and a cluster in
//! memory, in virtual time. Reading order: `dice` and `life` (what people wish), `stage` (how calls
//! and events fare, who may write), `cloud`, `written` and `watches` (a process's ways in and out),
//! `nature`, `acm` and `drift` (what AWS and others do), `naming` and `neighbour` (what is said of
//! names, and who has some beside ours), `weather` and `trouble` (what befalls
//! calls and processes), `attack` and `episode` (tenants that attack, operators that err, rights
//! that are taken away), `run` (all of it), `judge` (what has to hold at each write) and `ending`
//! (what has to hold at rest).
//!
//! `make simulate SEEDS=n FROM=m` runs more seeds, `make simulate SEED=m` shows one.
//! As soon as one fails, `FIRST=1` ends it.
#![expect(clippy::print_stdout, reason = "who runs seeds looks at what they show")]

mod acm;
mod app;
mod attack;
mod backends;
mod canonical;
mod cloud;
mod dice;
mod drift;
mod edit;
mod ending;
mod episode;
mod found;
mod judge;
mod life;
mod many;
mod naming;
mod nature;
mod neighbour;
mod nowhere;
mod process;
mod run;
mod served;
mod stage;
mod strangers;
mod trace;
mod trouble;
mod watches;
mod weather;
mod written;

use edit::Edit;
use many::{Enough, Tally};
use run::run;
use stage::FAULTS;
use trace::Writing;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Whether tenants attack, operators err and rights are taken away: in every other life, as that
/// takes the time in which other things would happen.
fn has_episodes(seed: u64) -> bool {
    !seed.is_multiple_of(2)
}

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 300;

#[test]
fn every_seed_holds_what_has_to_hold() {
    if let Some(seed) = number("SEED") {
        let report = run(seed, Writing::Shown);
        assert!(report.violations.is_empty(), "{:#?}", report.violations);
        return;
    }
    let from = number("FROM").unwrap_or(0);
    let seeds = from..from + number("SEEDS").unwrap_or(SEEDS);
    let enough = if number("FIRST").is_some() { Enough::One } else { Enough::All };
    let tally = many::run_all(seeds, enough);
    println!("{:?}", tally.counts);
    let failed = &tally.failed;
    assert!(failed.is_empty(), "{failed:?} fail; make simulate SEED={} shows how", failed[0]);
    coverage(&tally);
}

/// How many runs have some of everything, and how often each thing has to occur in them, and each
/// that happens only in episodes.
const COVERED_SEEDS: u64 = 300;
const TIMES_MIN: usize = 20;
const EPISODES_MIN: usize = 10;

/// Everything that can happen does, often enough.
fn coverage(tally: &Tally) {
    if tally.runs < COVERED_SEEDS {
        return;
    }
    let edits = Edit::ALL.into_iter().chain([Edit::Naming]).map(|edit| format!("edit {edit:?}"));
    let company = naming::HANDS.into_iter().chain(["neighbour"]).map(str::to_owned);
    let drifts = drift::KINDS.map(|kind| format!("drift {kind}"));
    let faults = FAULTS.map(str::to_owned);
    let writes = WRITES.map(|operation| format!("{operation}!"));
    let attacks = attack::KINDS.map(|kind| format!("attack {kind}"));
    let mistakes = episode::MISTAKES.map(|kind| format!("mistake {kind}"));
    let episodes = attacks.into_iter().chain(mistakes).chain(["policy".to_owned()]);
    let all = edits.chain(company).chain(drifts).chain(faults).chain(writes);
    let count = |what: &String| tally.counts.get(what.as_str()).copied().unwrap_or_default();
    let rare: Vec<String> = all.filter(|what| count(what) < TIMES_MIN).collect();
    assert!(rare.is_empty(), "{rare:?} occur less than {TIMES_MIN} times");
    let rare: Vec<String> = episodes.filter(|what| count(what) < EPISODES_MIN).collect();
    assert!(rare.is_empty(), "{rare:?} occur less than {EPISODES_MIN} times");
}

/// Every write to AWS, by its operation.
const WRITES: [&str; 34] = [
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
    "RequestCertificate",
    "DeleteCertificate",
    "ChangeResourceRecordSets",
    "AddTags",
    "RemoveTags",
];

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
