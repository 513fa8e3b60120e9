//! What the runtime costs, by how large the cluster is: on an AWS and a cluster in memory, whose
//! own time is left out, with the controller as it is.
#![expect(clippy::print_stdout, reason = "it prints a table")]
#![expect(clippy::panic, clippy::unwrap_used, reason = "a bench that cannot go on says why")]
#![expect(clippy::format_push_string, reason = "tests may allocate")]
#![expect(dead_code, unused_imports, reason = "tests use more of the support than this does")]

use std::process::ExitCode;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::index::Seen;
use albedo::model::snapshot::Objects;
use cap::Cap;
use support::paced::Buckets;
use support::rush;
use support::world::wait;
use table::Table;
use tikv_jemallocator::Jemalloc;
use town::{ENDPOINTS_EACH, GROUP_SIZE, Keeper, NEW_ADDRESSES, Town};

mod page;
mod rules;
#[path = "../../tests/it/contract/suite/stopped.rs"]
mod stopped;
#[path = "../../tests/it/support/mod.rs"]
mod support;
#[path = "../support/table.rs"]
mod table;
mod timed;
mod town;
mod zones;

/// As the hermetic tests have it.
mod contract {
    pub mod suite {
        pub use crate::stopped::Stopped;
    }
}

/// The controller's own allocator. What is allocated is counted: resident memory would show the
/// fakes as well.
#[global_allocator]
static MEMORY: Cap<Jemalloc> = Cap::new(Jemalloc, usize::MAX);

/// A small cluster, and the one that should cost the same.
const SMALL: usize = 100;
const LARGE: usize = 10_000;
/// How much more a visit may cost in the large one.
const GROWTH_MAX: f64 = 1.3;
/// How many changes of a kind are made. The cost is what a quarter of them take less than: what
/// else the machine does only ever adds to it.
const CHANGES: usize = 40;
/// How often endpoints change, for how long, and in how many Services.
const CHURN_EACH_SECOND: usize = 500;
const CHURN_SECONDS: usize = 60;
const CHURN_SERVICES: usize = 1000;
/// How many changes come at once.
const CHURN_BATCH: usize = 50;
/// In how many Services an endpoint changes at once.
const RUSHED: usize = 300;
/// How many groups a process starts with.
const STARTED: usize = 1000;
/// How many apps have how many pods each that wait for their gates.
const GATED_APPS: usize = 25;
const GATED_PODS: usize = 20;

const MIB: f64 = 1024.0 * 1024.0;

fn main() -> ExitCode {
    let mut table = Table::new();
    // Whatever is made once for a process is made before anything is timed.
    wait(small_costs());
    wait(rules::measure(&mut table));
    zones::measure(&mut table);
    rushes(&mut table);
    let small = wait(small_costs());
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let size: usize = size.unwrap_or(LARGE);
    let large = wait(in_a_large_cluster(size, &mut table));
    for ((what, small), (_, large)) in small.iter().zip(&large) {
        table.note(&format!("{what}: CPU time with {SMALL} Ingresses"), ms(*small), "ms");
        let growth = large.as_secs_f64() / small.as_secs_f64();
        if what.starts_with("one endpoint") {
            table.row(&format!("  with {size}"), ms(*large), 5.0, "ms");
        } else {
            table.note(&format!("  with {size}"), ms(*large), "ms");
        }
        table.row(&format!("  {what}: more by a factor of"), growth, GROWTH_MAX, "");
    }
    table.finish()
}

/// What it takes, in virtual time, until much is done that comes at once, on an AWS that takes 30 ms
/// for an answer; with its token buckets where that is said.
fn rushes(table: &mut Table) {
    let took = wait(rush::endpoints(RUSHED, Buckets::Off));
    let what = format!("one endpoint in each of {RUSHED} Services at once: the last");
    table.row(&what, took.last.as_secs_f64(), 2.0, "s");
    table.count("  calls", took.calls, 300);
    let took = wait(rush::endpoints(RUSHED, Buckets::Aws));
    // Four calls a second (AWS).
    table.row("  with AWS's buckets: the last", took.last.as_secs_f64(), 1.1 * 300.0 / 4.0, "s");
    table.count("  calls", took.calls, 300);
    table.count("  calls that AWS refused", took.throttled, 0);
    let [before, amid] = wait(rush::start(STARTED));
    let what = format!("{STARTED} groups, new process, AWS's buckets: endpoint changed before");
    table.row(&what, before.as_secs_f64(), 1.0, "s");
    table.row(
        "  one changed amid the first look (LBC: 2.9 to 7.2 s)",
        amid.as_secs_f64(),
        1.0,
        "s",
    );
    let gates = wait(rush::gates(GATED_APPS, GATED_PODS));
    let what = format!("{} gates, AWS's buckets: healthy to open, p99", gates.len());
    table.row(&what, rush::p99(&gates).as_secs_f64(), 3.0, "s");
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

type Costs = Vec<(&'static str, Duration)>;

async fn small_costs() -> Costs {
    let town = Town::new(SMALL);
    let keeper = town.start().await;
    costs(&town, &keeper).await
}

async fn in_a_large_cluster(size: usize, table: &mut Table) -> Costs {
    let town = Town::new(size);
    let started = town.meter.cpu();
    let keeper = town.start().await;
    let took = town.meter.since(started);
    let what = format!("{size} Ingresses, {} endpoints, fresh: CPU time", size * ENDPOINTS_EACH);
    table.row(&what, took.as_secs_f64(), 60.0, "s");
    let (reads, writes) = town.meter.calls();
    table.note("  writes to AWS", f64::from(u32::try_from(writes).unwrap()), "calls");
    table.note("  reads", f64::from(u32::try_from(reads).unwrap()), "calls");
    let costs = costs(&town, &keeper).await;
    churn(&town, &keeper, table).await;
    page::measure(&town, &keeper, table);
    drop(keeper);
    town.meter.calls();
    let started = town.meter.cpu();
    let keeper = town.start().await;
    let took = town.meter.since(started);
    table.row("  a new process, nothing to do: CPU time", took.as_secs_f64(), 60.0, "s");
    let (reads, writes) = town.meter.calls();
    table.count("  writes to AWS", writes, 0);
    table.note("  reads", f64::from(u32::try_from(reads).unwrap()), "calls");
    memory(town, keeper, table).await;
    costs
}

/// What is allocated for the controller, its objects included, once the fakes' own copies are gone.
async fn memory(town: Town, keeper: Keeper, table: &mut Table) {
    town.site.cluster.forget_calls();
    *town.site.cluster.objects.write().unwrap() = Objects::default();
    let with = MEMORY.allocated();
    let clock = keeper.clock;
    drop(keeper);
    // Its tasks end when they are looked at next.
    clock.sleep(Duration::from_millis(1)).await;
    let without = MEMORY.allocated();
    drop(town);
    #[expect(clippy::cast_precision_loss, reason = "a terabyte fits")]
    let held = (with - without) as f64 / MIB;
    table.row("  allocated at rest, objects included", held, 128.0, "MiB");
}

/// The CPU time of one change of each kind, with all visits that it causes. However large the
/// cluster is, as many groups are changed equally often, so that the same is measured in each.
async fn costs(town: &Town, keeper: &Keeper) -> Costs {
    let groups = SMALL / GROUP_SIZE;
    let each = |nth: usize| (nth % groups, nth / groups);
    let nth_ingress = |nth: usize| {
        let (group, round) = each(nth);
        group * GROUP_SIZE + 1 + round
    };
    let paths = (0..CHANGES).map(|nth| town.path(nth_ingress(nth), &format!("/changed-{nth}")));
    let paths: Vec<Seen> = paths.collect();
    let endpoints = (0..CHANGES).map(|nth| town.endpoint(nth_ingress(nth), NEW_ADDRESSES + nth));
    let endpoints: Vec<Seen> = endpoints.collect();
    let renewed = Town::renewed();
    let secrets = (0..groups).map(|group| Town::secret(group, &renewed)).collect();
    vec![
        ("one path changed", cost(town, keeper, paths).await),
        ("one endpoint added", cost(town, keeper, endpoints).await),
        ("one Secret renewed", cost(town, keeper, secrets).await),
    ]
}

async fn cost(town: &Town, keeper: &Keeper, changes: Vec<Seen>) -> Duration {
    let mut took = Vec::new();
    for seen in changes {
        town.meter.calls();
        let before = town.meter.cpu();
        town.change(keeper, seen);
        town.rest(keeper).await;
        took.push(town.meter.since(before));
        assert!(town.meter.calls().1 > 0, "a change is written");
    }
    took.sort();
    took[took.len() / 4]
}

/// Endpoints change all the time. Nobody waits for the time to pass, so what each has waited is
/// counted as if one core did the work: a batch begins when it comes and the one before it is done.
async fn churn(town: &Town, keeper: &Keeper, table: &mut Table) {
    let batches = CHURN_EACH_SECOND * CHURN_SECONDS / CHURN_BATCH;
    let pause = Duration::from_secs(1) / u32::try_from(CHURN_EACH_SECOND / CHURN_BATCH).unwrap();
    let mut comes = Duration::ZERO;
    let (mut free, mut longest) = (Duration::ZERO, Duration::ZERO);
    town.meter.registered();
    let (began, mut count) = (town.meter.cpu(), 0);
    for batch in 0..batches {
        let starts = free.max(comes);
        let numbers = batch * CHURN_BATCH..(batch + 1) * CHURN_BATCH;
        let changes: Vec<Seen> = numbers
            .map(|number| {
                let address = NEW_ADDRESSES + 1000 + number;
                town.endpoint(number % CHURN_SERVICES.min(town.size), address)
            })
            .collect();
        let before = town.meter.cpu();
        for seen in changes {
            town.change(keeper, seen);
        }
        town.rest(keeper).await;
        for registered in town.meter.registered() {
            count += 1;
            longest =
                longest.max((starts + registered.saturating_sub(before)).saturating_sub(comes));
        }
        comes += pause;
        free = starts + town.meter.since(before);
    }
    let took = town.meter.since(began);
    let what = format!("{CHURN_EACH_SECOND} changed endpoints a second: longest to be registered");
    table.row(&what, longest.as_secs_f64(), 2.0, "s");
    let expected = f64::from(u32::try_from(CHURN_EACH_SECOND * CHURN_SECONDS).unwrap());
    table.at_least("  registrations", f64::from(count), expected, "");
    table.note("  CPU time of each", ms(took) / expected, "ms");
}
