//! What becomes of requests while apps are rolled over, on LocalStack, a control plane with
//! Deployments, and nodes that run pods.
//!
//! `make rollouts` runs this in about ten minutes, nearly all of which is waiting. `--pods N` and
//! `--turns N` make it shorter.
#![expect(clippy::print_stdout, reason = "it prints a table")]
#![expect(clippy::panic, reason = "a bench that cannot go on says why")]
#![expect(dead_code, reason = "tests use more of the support than this does")]

use std::process::ExitCode;
use std::time::Duration;

use support::cases::{self, NODES, TO_PODS};
use support::clients::Answers;
use support::controller::Controller;
use support::nodes::Policy;
use support::rollout::{App, Rollout};
use support::stage::{Stage, until};
use table::Table;

#[path = "../../tests/live/support/mod.rs"]
mod support;
#[path = "../support/table.rs"]
mod table;

/// How many requests a second.
const RATE: u32 = 500;
/// Into a rollout so far, one of two controllers is killed.
const MIDDLE: Duration = Duration::from_secs(5);

/// How much is done.
#[derive(Clone, Copy)]
struct Work {
    pods: u32,
    turns: u32,
}

impl Work {
    fn asked() -> Self {
        let words: Vec<String> = std::env::args().collect();
        let number = |flag: &str| {
            let at = words.iter().position(|word| word == flag)?;
            words.get(at + 1)?.parse().ok()
        };
        Self { pods: number("--pods").unwrap_or(20), turns: number("--turns").unwrap_or(5) }
    }

    /// An app whose pods end as the Event HastyPods asks for.
    fn app(self) -> App {
        App { replicas: self.pods, pre_stop: Some(30), grace: 60, speed: 1, place: 0 }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let work = Work::asked();
    let mut table = Table::new();
    let (answers, _) = cases::rolled_over("patient", work.app(), (RATE, work.turns)).await;
    none_lost(&mut table, "rolled over, preStop of 30 s and grace of 60 s", &answers);
    let hasty = App { pre_stop: None, grace: 30, ..work.app() };
    let (answers, told) = cases::rolled_over("hasty", hasty, (RATE, 1)).await;
    table.at_least("  without preStop", figure(answers.lost()), 1.0, "lost");
    table.at_least("  Events that foretold it", figure(told.len()), 1.0, "HastyPods");
    let answers = killed(work.app()).await;
    none_lost(&mut table, "  one of two replicas killed in the middle", &answers);
    let answers = cases::throttled(work.app(), RATE).await;
    none_lost(&mut table, "  every fifth call of AWS throttled", &answers);
    for policy in [Policy::Cluster, Policy::Local] {
        let answers = cases::drained(work.app(), policy, RATE).await;
        let what = format!("  nodes as targets, one drained, traffic policy {policy:?}");
        none_lost(&mut table, &what, &answers);
    }
    let answers = cases::switched(work.app(), RATE).await;
    none_lost(&mut table, "  HTTP1 to HTTP2, pods speak both", &answers);
    let answers = cases::called(work.app(), (RATE, 1)).await;
    none_lost(&mut table, "  pods speak gRPC, once", &answers);
    table.finish()
}

fn figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn none_lost(table: &mut Table, what: &str, answers: &Answers) {
    table.row(what, figure(answers.lost()), 0.0, "lost");
    table.note("  of", figure(answers.count()), "requests");
}

/// One of two controllers is killed in the middle, the one that leads.
async fn killed(app: App) -> Answers {
    let stage = Rollout::stage("killed").await;
    let mut first = stage.run_with_lease();
    leads(&stage, &first).await;
    let _second = stage.run_with_lease();
    let mut rollout = Rollout::start(stage, app, (&NODES, "ClusterIP"), &TO_PODS).await;
    let clients = rollout.ask(RATE).await;
    cases::warm(&clients).await;
    rollout.begin().await;
    albedo::clock::sleep(MIDDLE).await;
    first.kill();
    rollout.finished().await;
    cases::ended(rollout, clients).await
}

/// Waits until this controller holds the Lease.
async fn leads(stage: &Stage, controller: &Controller) {
    let own = format!("_{}-", controller.pid());
    until("the controller leads", async || {
        let lease = stage.get("Lease", "aws-load-balancer-controller-leader").await?;
        lease["spec"]["holderIdentity"].as_str().filter(|id| id.contains(&own)).map(drop)
    })
    .await;
}
