//! The figures of a large cluster, on LocalStack and a real control plane: ten thousand Ingresses
//! in a thousand groups, or as many as an argument says (`cargo bench --bench scale -- 1000`).
//!
//! Nearly all of the time is LocalStack's and the API server's, which share the machine's cores
//! with the controller; its own share is its CPU time.
#![expect(clippy::print_stdout, reason = "it prints a table")]
#![expect(clippy::panic, reason = "a bench that cannot go on says why")]
#![expect(dead_code, reason = "tests use more of the support than this does")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use albedo::controller::SWEEP_PERIOD;
use futures::{Stream, StreamExt as _};
use live::{
    Logged, apply_all, apply_each, awaited, counted, cpu, log, memory, memory_at_rest, now, quiet,
    settled, totals,
};
use serde_json::{Value, json};
use support::control_plane::ControlPlane;
use support::controller::Controller;
use support::localstack::account;
use support::objects::{class, endpoints, in_group, ingress, service};
use support::stage::{Stage, ground};
use table::Table;

#[path = "../support/live.rs"]
mod live;
#[path = "../../tests/live/support/mod.rs"]
mod support;
#[path = "../support/table.rs"]
mod table;

/// How many Ingresses there are unless somebody says otherwise, and how many share a group.
const INGRESSES: u32 = 10_000;
const GROUP_SIZE: usize = 10;
const PODS_EACH: usize = 5;
/// Addresses for each Service: its pods, and one that comes later.
const ADDRESSES_EACH: usize = PODS_EACH + 1;
/// How many Services get an endpoint more at a pace, and as many as fast as the API server takes it.
const BURST: usize = 1000;
/// So many changed endpoints a second are registered as they come.
const PACE: f64 = 100.0;
/// Client limits off: as many groups and bindings at once as one wishes.
const FLAGS: [&str; 3] = [
    "--ingress-max-concurrent-reconciles=30",
    "--targetgroupbinding-max-concurrent-reconciles=30",
    "--aws-api-throttle=Elastic Load Balancing v2:.*=100000:100000",
];
/// A look at everything may take so long before it counts as never, also on a slow machine.
const PATIENCE: Duration = Duration::from_hours(1);
/// How long after its start a controller is amid its first look.
const AMID: Duration = Duration::from_secs(3);
/// The writes for the shared network, however many groups there are: the backend security group,
/// and what nodes let in.
const FABRIC: f64 = 2.0;
/// The reads that a start makes in the smallest cluster: one of each kind, and its tags.
const READS_MIN: f64 = 20.0;
/// The reads of target health, which a start makes besides.
const HEALTH: &str = "DescribeTargetHealth";

/// The cluster.
struct Scale {
    stage: Stage,
    size: u32,
}

impl Scale {
    async fn new(size: u32) -> Self {
        let plane = ControlPlane::shared().await;
        let client = plane.client().await;
        let namespace = plane.namespace(&client, "scale").await;
        let account = account();
        let each = u32::try_from(ADDRESSES_EACH).expect("it is small");
        let ground = ground(&account, size * each);
        let (own_class, is_alone) = (namespace.clone(), true);
        let stage = Stage { account, plane, client, class: own_class, namespace, ground, is_alone };
        stage.apply(&[class(&stage.class)]).await;
        stage.plane.make_home(&stage.namespace);
        // Whoever runs so many has asked AWS for more than it gives at first.
        let quotas = json!({"settings": {
            "elbv2.quota.application-load-balancers": size,
            "elbv2.quota.target-groups": 2 * size,
        }});
        stage.account.ask("POST", "settings", Some(quotas)).await;
        Self { stage, size }
    }

    fn count(&self) -> usize {
        usize::try_from(self.size).expect("it is small")
    }

    /// So much of what is right for the full size.
    fn share(&self, of_full: f64) -> f64 {
        (of_full * f64::from(self.size) / f64::from(INGRESSES)).ceil()
    }

    /// The pods of a Service, this many, and its slice.
    fn pods(&self, number: usize, count: usize) -> Vec<Value> {
        let first = number * ADDRESSES_EACH;
        let addresses = &self.stage.ground.addresses[first..first + count];
        endpoints(&service(&name(number)), addresses)
    }

    fn slice(&self, number: usize, count: usize) -> Value {
        self.pods(number, count).pop().expect("the slice comes last")
    }

    /// What a Service and its Ingress consist of.
    fn objects(&self, number: usize) -> Vec<Value> {
        let stage = &self.stage;
        let group = format!("{}-{}", stage.namespace, number / GROUP_SIZE);
        let (host, name) = (format!("h{number}.example.com"), name(number));
        let rules = [(host.as_str(), "/", name.as_str())];
        // A pod whose slice does not list it yet is about to become an endpoint.
        let mut objects = self.pods(number, ADDRESSES_EACH);
        objects.pop();
        objects.push(self.slice(number, PODS_EACH));
        objects.push(service(&name));
        objects.push(ingress(&name, &stage.class, &in_group(&group), &rules));
        objects
    }
}

fn name(number: usize) -> String {
    format!("web-{number}")
}

#[tokio::main]
async fn main() -> ExitCode {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let scale = Scale::new(size.unwrap_or(INGRESSES)).await;
    let started = now();
    apply_all(&scale.stage, (0..scale.count()).flat_map(|number| scale.objects(number))).await;
    println!("{} Ingresses are applied after {:.0} s", scale.size, now() - started);
    let mut table = Table::new();
    let controller = fresh(&scale, &mut table).await;
    drop(controller);
    // AWS goes on with the calls of who was killed: they are not those of who comes next.
    quiet(&scale.stage, PATIENCE).await;
    let controller = restarted(&scale, &mut table).await;
    many_endpoints(&scale, &mut table).await;
    drop(controller);
    table.finish()
}

#[expect(clippy::cast_precision_loss, reason = "no bench makes so many calls")]
fn number(count: u64) -> f64 {
    count as f64
}

/// The reads of a start, before the sweep looks at the same once more: it begins half a period
/// after the start, and slow servers may take longer for the start than that.
async fn first_reads(scale: &Scale, started: f64) -> Vec<Logged> {
    let end = started + SWEEP_PERIOD.as_secs_f64() / 2.0;
    let calls = log(&scale.stage).await.into_iter();
    calls.filter(|call| !call.is_write && call.time < end).collect()
}

fn tally(calls: &[Logged]) -> f64 {
    number(u64::try_from(calls.len()).unwrap_or(u64::MAX))
}

/// How many reads there were of each operation, a line each.
fn each(table: &mut Table, reads: &[Logged]) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for call in reads {
        *counts.entry(&call.name).or_default() += 1;
    }
    for (name, count) in counts {
        table.note(&format!("    {name}"), number(count), "calls");
    }
}

/// Everything from nothing.
async fn fresh(scale: &Scale, table: &mut Table) -> Controller {
    let stage = &scale.stage;
    stage.account.forget_calls().await;
    let started = now();
    let controller = stage.run(&FLAGS);
    awaited("all targets are registered", PATIENCE, async || {
        let registered = counted(stage, "elbv2.RegisterTargets").await;
        (registered >= u64::from(scale.size)).then_some(())
    })
    .await;
    table.note("fresh: start to all targets registered", now() - started, "s");
    let reads = first_reads(scale, started).await;
    settled(stage, PATIENCE).await;
    let (_, writes) = totals(stage).await;
    table.row("  mutating calls", number(writes), scale.share(34_000.0) + FABRIC, "calls");
    table.row("  reads for it", tally(&reads), 9.0, "calls");
    each(table, &reads);
    table.row("  CPU time", cpu(&controller), 60.0, "s");
    table.row("  VmRSS at rest", memory_at_rest(&controller).await, 128.0, "MiB");
    table.row("  the most it was", memory(&controller, "VmHWM"), 128.0 * 1.3, "MiB");
    controller
}

/// A new process, and nothing to do but one endpoint that comes meanwhile.
async fn restarted(scale: &Scale, table: &mut Table) -> Controller {
    let stage = &scale.stage;
    stage.account.forget_calls().await;
    let started = now();
    let controller = stage.run(&FLAGS);
    awaited("it has looked at AWS", PATIENCE, async || (totals(stage).await.0 > 0).then_some(()))
        .await;
    albedo::clock::sleep(AMID).await;
    let came = now();
    stage.apply(&[scale.slice(0, PODS_EACH + 1)]).await;
    let took = awaited("the endpoint is registered", PATIENCE, async || {
        (counted(stage, "elbv2.RegisterTargets").await > 0).then(|| now() - came)
    })
    .await;
    let all = u64::from(scale.size);
    awaited("the health of all targets is read", PATIENCE, async || {
        (counted(stage, "elbv2.DescribeTargetHealth").await >= all).then_some(())
    })
    .await;
    let all_read = now() - started;
    settled(stage, PATIENCE).await;
    let (_, writes) = totals(stage).await;
    let (health, reads): (Vec<_>, Vec<_>) =
        first_reads(scale, started).await.into_iter().partition(|call| call.name == HEALTH);
    let end = reads.iter().map(|call| call.time).fold(started, f64::max);
    table.row("restart, nothing to do: start to the last look", end - started, 40.0, "s");
    table.row("  CPU time", cpu(&controller), 60.0, "s");
    table.row("  mutating calls but that of the endpoint", number(writes) - 1.0, 0.0, "calls");
    let most = scale.share(3588.0).max(READS_MIN);
    table.row("  reads but target health", tally(&reads), most, "calls");
    each(table, &reads);
    table.note(&format!("    {HEALTH}"), tally(&health), "calls");
    table.row("  the health of all targets is read", all_read, 600.0, "s");
    table.row("  an endpoint that comes meanwhile", took, 1.0, "s");
    table.row("  VmRSS at rest", memory_at_rest(&controller).await, 128.0, "MiB");
    table.row("  the most it was", memory(&controller, "VmHWM"), 128.0 * 1.3, "MiB");
    controller
}

/// One endpoint more in many Services: at a pace, then in as many others as fast as the API server
/// takes them.
async fn many_endpoints(scale: &Scale, table: &mut Table) {
    let many = BURST.min((scale.count() - 1) / 2);
    let count = f64::from(u32::try_from(many).expect("it is small"));
    let began = now();
    let due = |number| began + f64::from(u32::try_from(number).expect("it is small")) / PACE;
    let paced = futures::stream::iter(1..=many).then(async |number| {
        let early = (due(number) - now()).max(0.0);
        albedo::clock::sleep(Duration::from_secs_f64(early)).await;
        number
    });
    let (took, after) = changed(scale, many, paced).await;
    // Ten seconds of changes, and the two that the last one may take: 83 a second.
    table.at_least("endpoints registered as they change", count / took, 0.8 * PACE, "/s");
    table.row("  the last registered after its change", after, 2.0, "s");
    let at_once = futures::stream::iter(many + 1..=2 * many);
    let (took, after) = changed(scale, many, at_once).await;
    table.at_least("endpoints registered as fast as they change", count / took, PACE, "/s");
    table.note("  the last registered after its change", after, "s");
}

/// One endpoint more in each of these Services, of which there are so many. How long it takes until
/// all of them are registered, and how much of that after the last change.
async fn changed(scale: &Scale, many: usize, numbers: impl Stream<Item = usize>) -> (f64, f64) {
    let stage = &scale.stage;
    stage.account.forget_calls().await;
    let started = now();
    apply_each(stage, numbers.map(|number| scale.slice(number, PODS_EACH + 1))).await;
    let applied = now();
    let count = u64::try_from(many).unwrap_or(u64::MAX);
    awaited("all of them are registered", PATIENCE, async || {
        (counted(stage, "elbv2.RegisterTargets").await >= count).then_some(())
    })
    .await;
    (now() - started, now() - applied)
}
