//! Much that happens at once, on an AWS that takes its time: how long it is until all is done.
//! Tests hold it against what it may take, and so do the benches, with more of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::controller::Workers;
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::gate::GateState;
use albedo::model::id::ObjectKey;
use albedo::model::target::TargetState;

use super::clock::elapsed;
use super::paced::{Buckets, Paced, Write};
use super::site::{Controller, Site};

/// How many groups and bindings are worked on at once.
const WORKERS: Workers = Workers { targets: 30, others: 30 };
/// How often it is looked whether all is done.
const STEP: Duration = Duration::from_millis(10);
/// Longer than anything takes that comes to an end.
const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// How long after its start a process is amid its first look.
const AMID: Duration = Duration::from_secs(3);

/// So many apps, each of one pod; so many of them share a load balancer.
struct Apps {
    count: usize,
    group_size: usize,
}

impl Apps {
    fn address(app: usize, pod: usize) -> String {
        format!("172.31.{}.{}", app % 250, (app / 250) * 10 + pod + 1)
    }

    /// The endpoints of an app with so many pods, written as late as this says.
    fn endpoints(app: usize, pods: usize, version: usize) -> String {
        let at: Vec<String> = (0..pods).map(|pod| Self::address(app, pod)).collect();
        let at = at.join(", ");
        format!("endpoints shop/web-{app}: {{at: [{at}], resourceVersion: '{version}'}}\n")
    }

    /// A site at which all of them stand, and the AWS that the next process has.
    async fn stand(&self) -> (Site, Paced) {
        let mut sketch = String::new();
        for app in 0..self.count {
            let group = app / self.group_size;
            writeln!(sketch, "service shop/web-{app}: {{ports: [80:8080]}}").unwrap();
            sketch += &Self::endpoints(app, 1, app + 1);
            writeln!(
                sketch,
                "ingress shop/web-{app}: \
                 {{group.name: g{group}, rules: [h{app}.example.com Prefix / web-{app}:80]}}"
            )
            .unwrap();
        }
        let mut site = Site::new(&sketch);
        site.workers = WORKERS;
        site.aws.change(|state| state.load_balancers_max = self.count);
        let aws = Paced::new(site.aws.clone());
        let controller = site.start_on(aws.clone());
        controller.settle().await;
        controller.stop().await;
        aws.writes();
        (site, aws)
    }
}

/// What it took.
#[derive(Debug)]
pub struct Took {
    /// How long it was until the last target was registered.
    pub last: Duration,
    /// How many calls there were, reads included.
    pub calls: usize,
    /// How many of them AWS refused because they came too fast.
    pub throttled: usize,
}

/// One endpoint comes to each of so many Services, all at once, while all is idle.
pub async fn endpoints(services: usize, buckets: Buckets) -> Took {
    let apps = Apps { count: services, group_size: 10 };
    let (site, aws) = apps.stand().await;
    let controller = site.start_on(aws.clone());
    controller.settle().await;
    aws.hold(buckets);
    site.aws.forget_calls();
    aws.writes();
    let news: String = (0..services).map(|app| Apps::endpoints(app, 2, services + 1)).collect();
    let began = elapsed();
    controller.cluster.add(&news);
    let expected = (0..services).map(|app| Apps::address(app, 1)).collect();
    let writes = registered(&controller, &aws, expected).await;
    controller.settle().await;
    let last = writes.iter().map(|write| write.at).max().unwrap_or_default();
    let all: Vec<Write> = writes.into_iter().chain(aws.writes()).collect();
    Took {
        last: last.saturating_sub(began),
        calls: all.len() + site.aws.reads(),
        throttled: all.iter().filter(|write| write.is_throttled).count(),
    }
}

/// A new process looks at so many groups with AWS's buckets: how long it is until an endpoint is
/// registered that has come just before, and until one is that comes amid the first look.
pub async fn start(groups: usize) -> [Duration; 2] {
    let apps = Apps { count: groups, group_size: 1 };
    let (site, aws) = apps.stand().await;
    aws.hold(Buckets::Aws);
    site.cluster.add(&Apps::endpoints(groups / 2, 2, groups + 1));
    let began = elapsed();
    let controller = site.start_on(aws.clone());
    let before = registered(&controller, &aws, [Apps::address(groups / 2, 1)].into()).await;
    let before = before.iter().map(|write| write.at).max().unwrap_or_default();
    let amid = began + AMID.max(before.saturating_sub(began));
    controller.clock.sleep(amid.saturating_sub(elapsed())).await;
    let came = elapsed();
    let is_amid = !controller.runtime.queue().is_idle();
    assert!(is_amid, "{groups} groups are looked at within {AMID:?}");
    controller.cluster.add(&Apps::endpoints(groups / 3, 2, groups + 2));
    let after = registered(&controller, &aws, [Apps::address(groups / 3, 1)].into()).await;
    let after = after.iter().map(|write| write.at).max().unwrap_or_default();
    [before.saturating_sub(began), after.saturating_sub(came)]
}

/// Waits until all of these addresses are registered: the writes until then.
async fn registered(
    controller: &Controller<Paced>,
    aws: &Paced,
    mut awaited: BTreeSet<String>,
) -> Vec<Write> {
    let end = elapsed() + PATIENCE;
    let mut all = Vec::new();
    while !awaited.is_empty() {
        assert!(elapsed() < end, "they are never registered: {awaited:?}");
        controller.clock.sleep(STEP).await;
        for write in aws.writes() {
            if let (AwsAction::Elb(ElbAction::RegisterTargets { targets, .. }), false) =
                (&write.action, write.is_throttled)
            {
                targets.iter().for_each(|target| _ = awaited.remove(target.id.as_str()));
            }
            all.push(write);
        }
    }
    all
}

/// So many pods of each of so many apps wait for their readiness gates, all at once, with AWS's
/// buckets: how long after AWS has found all of them well each gate opens, the first one first.
pub async fn gates(apps: usize, pods: usize) -> Vec<Duration> {
    let mut sketch = "node n1: true\n".to_owned();
    let mut rules = Vec::new();
    for app in 0..apps {
        writeln!(sketch, "service shop/s{app}: {{ports: [80:8080]}}").unwrap();
        rules.push(format!("any Prefix /{app} s{app}:80"));
    }
    writeln!(sketch, "ingress shop/web: {{rules: [{}]}}", rules.join(", ")).unwrap();
    let mut site = Site::new(&sketch);
    site.workers = WORKERS;
    let aws = Paced::new(site.aws.clone());
    let controller = site.start_on(aws.clone());
    controller.settle().await;
    site.aws.take_time();
    aws.hold(Buckets::Aws);
    let bindings: Vec<(String, String)> = {
        let objects = site.cluster.objects.read().unwrap();
        let each = objects.bindings.iter();
        each.map(|(key, seen)| (key.name.to_string(), seen.spec.service_ref.name.to_string()))
            .collect()
    };
    assert_eq!(bindings.len(), apps);
    let (mut all, mut sketch) = (Vec::new(), String::new());
    for (app, (binding, service)) in bindings.iter().enumerate() {
        let addresses: Vec<String> = (0..pods).map(|pod| format!("172.31.{app}.{pod}")).collect();
        let at: Vec<String> =
            addresses.iter().map(|address| format!("{address} unready")).collect();
        writeln!(sketch, "endpoints shop/{service}: {{at: [{}]}}", at.join(", ")).unwrap();
        for address in &addresses {
            writeln!(sketch, "pod shop/pod-{address}: {{ready: true, gates: [{binding}]}}")
                .unwrap();
        }
        all.extend(addresses);
    }
    controller.cluster.add(&sketch);
    controller.settle_for(20).await;
    assert_eq!(open(&site, &all), 0, "nobody is well yet");
    site.aws.set_health(TargetState::Healthy);
    let began = elapsed();
    let mut opened = Vec::new();
    while opened.len() < all.len() && elapsed() < began + PATIENCE {
        controller.clock.sleep(STEP).await;
        opened.resize(open(&site, &all), elapsed().saturating_sub(began));
    }
    assert_eq!(opened.len(), all.len(), "all of them open");
    opened
}

/// How many of some pods have a gate that is open.
fn open(site: &Site, addresses: &[String]) -> usize {
    let objects = site.cluster.objects.read().unwrap();
    let is_open = |address: &&String| {
        let pod = objects.pods.get(&ObjectKey::new("shop", format!("pod-{address}")));
        let gates = pod.and_then(|pod| pod.gates.as_ref());
        let mut shown = gates.iter().flat_map(|gates| &gates.each).filter_map(|gate| {
            let shown = gate.shown.as_ref()?;
            Some(shown.state == GateState::Open)
        });
        shown.next() == Some(true)
    };
    addresses.iter().filter(is_open).count()
}

/// What 99 of a hundred take at the most, by nearest rank; they are in order.
pub fn p99(took: &[Duration]) -> Duration {
    took[(took.len() * 99).div_ceil(100) - 1]
}
