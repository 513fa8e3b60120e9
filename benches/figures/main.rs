//! The figures of a small cluster, on LocalStack and a real control plane: what the work takes, and
//! what it may take.
//!
//! `make bench` runs this with the bench profile: optimised for size, EC2's SDK not at all. Nearly
//! all of the time is LocalStack's and the API server's, which share the machine's cores with the
//! controller.
#![expect(clippy::print_stdout, reason = "it prints a table")]
#![expect(clippy::panic, reason = "a bench that cannot go on says why")]
#![expect(dead_code, reason = "tests use more of the support than this does")]

use std::process::ExitCode;
use std::time::Duration;

use live::{QUIET, apply_all, counted, log, memory_at_rest, now};
use serde_json::{Value, json};
use support::control_plane::ControlPlane;
use support::controller::Controller;
use support::localstack::account;
use support::objects::{class, endpoints, in_group, ingress, service};
use support::stage::{Stage, ground, until};
use table::Table;

#[path = "../support/live.rs"]
mod live;
#[path = "../../tests/live/support/mod.rs"]
mod support;
#[path = "../support/table.rs"]
mod table;

/// The work, as LBC's figures are of.
const GROUPS: usize = 30;
const INGRESSES: usize = 300;
const PODS_EACH: usize = 3;
/// Addresses for each Service: its pods, one that comes while all is idle, one of the burst, one
/// that comes while a controller ends.
const ADDRESSES_EACH: usize = PODS_EACH + 3;
/// How many endpoints are added one after the other.
const SINGLE_ENDPOINTS: usize = 100;
/// Client limits off: as many groups and bindings at once as there are groups.
const FLAGS: [&str; 3] = [
    "--ingress-max-concurrent-reconciles=30",
    "--targetgroupbinding-max-concurrent-reconciles=30",
    "--aws-api-throttle=Elastic Load Balancing v2:.*=100000:100000",
];
/// How long anything may take on two busy cores.
const PATIENCE: Duration = Duration::from_secs(120);
/// The Lease's name (LBC's).
const LEASE: &str = "aws-load-balancer-controller-leader";

fn name(number: usize) -> String {
    format!("web-{number}")
}

/// The pods of a Service, this many, and its slice; which pods exist already does not matter.
fn pods(stage: &Stage, number: usize, count: usize) -> Vec<Value> {
    let first = number * ADDRESSES_EACH;
    endpoints(&service(&name(number)), &stage.ground.addresses[first..first + count])
}

fn slice(stage: &Stage, number: usize, count: usize) -> Value {
    pods(stage, number, count).pop().expect("the slice comes last")
}

/// An Ingress of one path.
fn web(stage: &Stage, number: usize, path: &str) -> Value {
    let group = format!("{}-{}", stage.namespace, number % GROUPS);
    let host = format!("h{number}.example.com");
    let service = name(number);
    ingress(&service, &stage.class, &in_group(&group), &[(&host, path, &service)])
}

async fn stage() -> Stage {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "bench").await;
    let account = account();
    let addresses = u32::try_from(INGRESSES * ADDRESSES_EACH).expect("it is small");
    let ground = ground(&account, addresses);
    let (own_class, is_alone) = (namespace.clone(), true);
    let stage = Stage { account, plane, client, class: own_class, namespace, ground, is_alone };
    stage.apply(&[class(&stage.class)]).await;
    stage.plane.make_home(&stage.namespace);
    stage
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut table = Table::new();
    let stage = stage().await;
    let mut objects: Vec<Value> = Vec::new();
    for number in 0..INGRESSES {
        objects.extend(pods(&stage, number, PODS_EACH));
        objects.push(service(&name(number)));
        objects.push(web(&stage, number, "/"));
    }
    apply_all(&stage, objects).await;
    let controller = fresh(&stage, &mut table).await;
    drop(controller);
    let controller = restarted(&stage, &mut table).await;
    changed(&stage, &mut table).await;
    one_endpoint(&stage, &mut table).await;
    many_endpoints(&stage, &mut table).await;
    drop(controller);
    names(&stage, &mut table).await;
    handed_over(&stage, &mut table).await;
    table.finish()
}

/// Everything from nothing.
async fn fresh(stage: &Stage, table: &mut Table) -> Controller {
    stage.account.forget_calls().await;
    let started = now();
    let controller = stage.run(&FLAGS);
    until("all targets are registered", async || {
        let registered = counted(stage, "elbv2.RegisterTargets").await;
        (registered >= INGRESSES as u64).then_some(())
    })
    .await;
    let calls = log(stage).await;
    let registered = calls.iter().filter(|call| call.name == "RegisterTargets");
    let end = registered.map(|call| call.time).fold(started, f64::max);
    let reads = calls.iter().filter(|call| call.time <= end && !call.is_write).count();
    live::quiet(stage, PATIENCE).await;
    let writes = log(stage).await.iter().filter(|call| call.is_write).count();
    table.row("300 fresh Ingresses: start to all targets registered", end - started, 10.0, "s");
    table.count("  mutating calls", writes, 1022);
    table.count("  reads until then", reads, 100);
    table.row("VmRSS at rest with them", memory_at_rest(&controller).await, 48.0, "MiB");
    controller
}

/// A new process, and nothing to do.
async fn restarted(stage: &Stage, table: &mut Table) -> Controller {
    stage.account.forget_calls().await;
    let started = now();
    let controller = stage.run(&FLAGS);
    until("it has looked at AWS", async || (!log(stage).await.is_empty()).then_some(())).await;
    live::quiet(stage, PATIENCE).await;
    let calls = log(stage).await;
    table.count("restart: mutating calls", calls.iter().filter(|call| call.is_write).count(), 0);
    let apart =
        ["DescribeTargetHealth", "DescribeLoadBalancerAttributes", "DescribeTargetGroupAttributes"];
    let looked = calls.iter().filter(|call| !call.is_write && !apart.contains(&call.name.as_str()));
    table.count("  reads but target health and attributes", looked.count(), 250);
    let health = calls.iter().filter(|call| call.name == "DescribeTargetHealth");
    table.count("  reads of target health", health.count(), 300);
    let looked = calls.iter().filter(|call| call.name != "DescribeTargetHealth");
    let end = looked.map(|call| call.time).fold(started, f64::max);
    table.row("  start to the last of the former (LBC: 27 s)", end - started, 27.0, "s");
    controller
}

/// A hosted zone for everybody's hosts, and a process that keeps names.
async fn names(stage: &Stage, table: &mut Table) {
    let zone = json!({"Name": "example.com", "CallerReference": "bench"});
    stage.account.call("route53", "CreateHostedZone", &zone);
    stage.account.forget_calls().await;
    let flags: Vec<&str> = FLAGS.into_iter().chain(["--dns"]).collect();
    let _controller = stage.run(&flags);
    live::quiet(stage, PATIENCE).await;
    let calls = log(stage).await;
    let looked = calls.iter().filter(|call| !call.is_write && call.name.starts_with("Describe"));
    let looked = looked.filter(|call| call.name != "DescribeTargetHealth");
    let looked = looked.map(|call| call.time).fold(0.0, f64::max);
    let changes = calls.iter().filter(|call| call.name == "ChangeResourceRecordSets");
    let end = changes.clone().map(|call| call.time).fold(looked, f64::max);
    table.count("300 fresh names: batches", changes.count(), 4);
    table.row("  all load balancers known to the last batch", end - looked, 2.0, "s");
    stage.account.forget_calls().await;
    albedo::clock::sleep(QUIET).await;
    table.count("  calls while nothing changes", log(stage).await.len(), 0);
}

/// One Ingress changes.
async fn changed(stage: &Stage, table: &mut Table) {
    stage.account.forget_calls().await;
    let note = json!({"metadata": {"annotations": {"example.com/note": "1"}}});
    stage.patch("Ingress", &name(7), &note).await;
    live::quiet(stage, PATIENCE).await;
    table.count("an unrelated annotation (LBC: 61)", log(stage).await.len(), 0);
    stage.apply(&[web(stage, 7, "/changed")]).await;
    until("the change lands", async || {
        (counted(stage, "elbv2.ModifyRule").await > 0).then_some(())
    })
    .await;
    live::quiet(stage, PATIENCE).await;
    let calls = log(stage).await;
    let writes = calls.iter().filter(|call| call.is_write).count();
    table.count("one path changes: mutating calls", writes, 1);
    table.count("  with reads (LBC: 42)", calls.len(), 3);
}

/// One endpoint after the other, each while all is idle.
async fn one_endpoint(stage: &Stage, table: &mut Table) {
    let new = |number| pods(stage, number, ADDRESSES_EACH).into_iter().skip(PODS_EACH).take(3);
    apply_all(stage, (0..INGRESSES).flat_map(new)).await;
    live::quiet(stage, PATIENCE).await;
    // What the API server takes to write it is not ours.
    let (mut took, mut whole) = (Vec::new(), Vec::new());
    let mut calls = 0;
    for number in 0..SINGLE_ENDPOINTS {
        stage.account.forget_calls().await;
        let started = now();
        stage.apply(&[slice(stage, number, PODS_EACH + 1)]).await;
        let applied = now();
        let logged = until("the endpoint is registered", async || {
            let logged = log(stage).await;
            (!logged.is_empty()).then_some(logged)
        })
        .await;
        took.push((logged[0].time - applied).max(0.0) * 1000.0);
        whole.push((logged[0].time - started) * 1000.0);
        calls = calls.max(log(stage).await.len());
    }
    took.sort_by(f64::total_cmp);
    // By nearest rank: of a hundred, the last but one.
    let percentile = |took: &[f64], percent: usize| took[(took.len() * percent).div_ceil(100) - 1];
    table.row("one endpoint comes, idle: p50", percentile(&took, 50), 10.0, "ms");
    table.row("  p99", percentile(&took, 99), 40.0, "ms");
    table.note("  the slowest", percentile(&took, 100), "ms");
    whole.sort_by(f64::total_cmp);
    table.row("  with the API server: p50 (LBC: 106 ms)", percentile(&whole, 50), 100.0, "ms");
    table.row("  p99 (LBC: 148 ms)", percentile(&whole, 99), 100.0, "ms");
    table.count("  calls (LBC: 5)", calls, 1);
}

/// One endpoint in every Service at once.
async fn many_endpoints(stage: &Stage, table: &mut Table) {
    live::quiet(stage, PATIENCE).await;
    stage.account.forget_calls().await;
    let count = |number| PODS_EACH + 1 + usize::from(number < SINGLE_ENDPOINTS);
    let slices = (0..INGRESSES).map(|number| slice(stage, number, count(number)));
    let started = now();
    apply_all(stage, slices).await;
    let applied = now();
    until("all of them are registered", async || {
        let registered = counted(stage, "elbv2.RegisterTargets").await;
        (registered >= INGRESSES as u64).then_some(())
    })
    .await;
    live::quiet(stage, PATIENCE).await;
    let calls = log(stage).await;
    let end = calls.iter().map(|call| call.time).fold(started, f64::max);
    table.row("300 endpoints at once: the last (LBC: 70 s)", end - started, 5.0, "s");
    table.row("  after the last change", (end - applied).max(0.0), 2.0, "s");
    table.count("  calls (LBC: 944)", calls.len(), 300);
}

/// One of two controllers ends, and the other goes on.
async fn handed_over(stage: &Stage, table: &mut Table) {
    let mut first = stage.run_with_lease();
    leads(stage, &first).await;
    let mut second = stage.run_with_lease();
    live::quiet(stage, PATIENCE).await;
    let started = now();
    assert!(first.terminate().success(), "it ends well");
    let took = registered_after(stage, 0, started).await;
    table.row("SIGTERM to the other replica's first target", took, 2.0, "s");
    let third = stage.run_with_lease();
    live::quiet(stage, PATIENCE).await;
    let started = now();
    second.kill();
    let took = registered_after(stage, 1, started).await;
    table.row("kill -9 to the other replica's first target", took, 20.0, "s");
    leads(stage, &third).await;
}

/// One more endpoint comes to a Service: how long after a moment it is registered.
async fn registered_after(stage: &Stage, number: usize, started: f64) -> f64 {
    stage.account.forget_calls().await;
    stage.apply(&[slice(stage, number, ADDRESSES_EACH)]).await;
    let logged = until("a target is registered", async || {
        let logged = log(stage).await;
        logged.into_iter().find(|call| call.name == "RegisterTargets")
    })
    .await;
    logged.time - started
}

/// Waits until this controller holds the Lease.
async fn leads(stage: &Stage, controller: &Controller) {
    let own = format!("_{}-", controller.pid());
    until("the controller leads", async || {
        let lease = stage.get("Lease", LEASE).await?;
        lease["spec"]["holderIdentity"].as_str().filter(|id| id.contains(&own)).map(drop)
    })
    .await;
}
