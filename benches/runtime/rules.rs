//! What large groups of rules cost: from objects to desired state and plan, without a call.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use albedo::aws::Mirror;
use albedo::desired;
use albedo::model::group::Group;
use albedo::model::inventory::BalancerInventory;
use albedo::model::snapshot::Snapshot;
use albedo::plan;
use albedo::reconcile::scope;

use super::stopped::Stopped;
use super::support::site::Site;
use super::support::world::{World, group};
use super::table::Table;
use super::timed;

/// The rules of a group, ten to an Ingress.
const RULES_EACH: usize = 100;
/// As many groups as hold 10,000 rules.
const GROUPS: usize = 100;
/// How often one group is built and planned. The cost is what a quarter of these take less than.
const ROUNDS: usize = 20;

/// The members of a group, of whom the first has one rule that is written anew.
fn sketch(number: usize, changed: &str) -> String {
    let mut sketch = format!("service shop/web-{number}: {{ports: [80:8080]}}\n");
    for member in 0..RULES_EACH / 10 {
        let path = |nth| match (member, nth) {
            (0, 0) => changed.to_owned(),
            _ => format!("/{nth}"),
        };
        let rules: Vec<String> = (0..10)
            .map(|nth| format!("m{member}.example.com Exact {} web-{number}:80", path(nth)))
            .collect();
        let rules = rules.join(", ");
        writeln!(
            sketch,
            "ingress shop/g{number}-{member}: {{group.name: g{number}, rules: [{rules}]}}"
        )
        .expect("a String takes all");
    }
    sketch
}

/// A group as AWS holds it, and its objects after one path has changed.
struct Case {
    group: Group,
    snapshot: Snapshot,
    inventory: BalancerInventory,
}

impl Case {
    fn run(&self) {
        let built = desired::balancer::build(&self.snapshot, &self.group);
        let settings = &self.snapshot.settings;
        let over = BTreeSet::new();
        let plan =
            plan::balancer::plan(settings, &settings.extent, &built.stack, &self.inventory, &over);
        assert!(!plan.is_empty(), "a path has changed");
    }
}

async fn cases(groups: usize) -> Vec<Case> {
    let site = Site::new("{}");
    (0..groups).for_each(|number| site.cluster.add(&sketch(number, "/0")));
    site.aws.change(|state| state.load_balancers_max = groups);
    site.settle().await;
    let mirror = Mirror::new(site.aws.clone(), Stopped);
    let mut cases = Vec::new();
    for number in 0..groups {
        let group = group(&format!("g{number}"));
        let world = World::new(&sketch(number, "/changed"));
        let snapshot = world.snapshot();
        let built = desired::balancer::build(&snapshot, &group);
        let scope = scope(&built.stack);
        let cluster = &world.settings.cluster;
        let inventory = mirror.balancer(cluster, &group, &scope).await.expect("the fake answers");
        cases.push(Case { group, snapshot, inventory });
    }
    cases
}

/// The figures of one group and of many.
pub async fn measure(table: &mut Table) {
    let cases = cases(GROUPS).await;
    let mut took: Vec<Duration> = (0..ROUNDS).map(|_| timed::cpu_of(|| cases[0].run())).collect();
    took.sort();
    let one = took[ROUNDS / 4];
    table.row(
        &format!("a group of {RULES_EACH} rules, built and planned"),
        super::ms(one),
        2.0,
        "ms",
    );
    let all = timed::cpu_of(|| cases.iter().for_each(Case::run));
    let what = format!("  {GROUPS} such groups");
    table.row(&what, super::ms(all), 100.0, "ms");
}
