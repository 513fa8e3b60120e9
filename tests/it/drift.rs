//! What somebody changes by hand, and what has lost its owners: it is found, and mended or told.

use std::time::Duration;

use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::target::TargetState;

use super::support::canon;
use super::support::fake::{Fake, State};
use super::support::site::{Controller, Site};
use super::support::world::{key, settings, wait};

const SHOP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}
ingress shop/a: {rules: [a.example.com Prefix / s:80]}
ingress shop/b: {rules: [b.example.com Prefix / s:80]}
";
/// In how much time everything is looked at.
const PERIOD: Duration = Duration::from_secs(12 * 60);
/// What people are promised.
const QUARTER: u64 = 15 * 60;

fn named() -> Settings {
    let mut settings = settings();
    settings.dns.scope = DnsScope::All;
    settings
}

fn site(sweep_period: Option<Duration>) -> Site {
    let mut site = Site::with(named(), SHOP);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site.sweep_period = sweep_period;
    site
}

/// What another hand takes away.
type Drift = (&'static str, fn(&mut State));

const DRIFTS: [Drift; 7] = [
    ("a load balancer", |state| {
        let id = state.load_balancers.keys().next().unwrap().clone();
        state.load_balancers.remove(&id);
        state.listeners.retain(|_, found| found.load_balancer != id);
        let listeners = &state.listeners;
        state.rules.retain(|_, rule| listeners.contains_key(&rule.listener));
    }),
    ("a rule", |state| {
        let id = state.rules.keys().next().unwrap().clone();
        state.rules.remove(&id);
    }),
    ("a listener", |state| {
        let id = state.listeners.keys().next().unwrap().clone();
        state.listeners.remove(&id);
        state.rules.retain(|_, rule| rule.listener != id);
    }),
    ("a target", |state| {
        let group = state.target_groups.values_mut().next().unwrap();
        let target = group.targets.keys().next().unwrap().clone();
        group.targets.remove(&target);
    }),
    ("all targets", |state| {
        for group in state.target_groups.values_mut() {
            group.targets.values_mut().for_each(|target| *target = TargetState::Draining);
        }
    }),
    ("a record", |state| {
        let zone = state.zones.values_mut().next().unwrap();
        let alias = zone.records.values().find(|record| record.alias_target().is_some()).unwrap();
        let key = alias.key.clone();
        zone.records.remove(&key);
    }),
    ("an opening", |state| {
        let nodes = state.security_groups.values_mut().find(|group| group.spec.name == "nodes");
        nodes.unwrap().rules.clear();
    }),
];

fn standing(site: &Site) -> Vec<String> {
    canon::aws(&site.aws.everything())
}

async fn drifted(site: &Site, drift: fn(&mut State)) -> (Controller<Fake>, Vec<String>) {
    let controller = site.settle().await;
    let before = standing(site);
    controller.pass(120).await;
    controller.settle().await;
    site.aws.change(drift);
    assert_ne!(standing(site), before);
    (controller, before)
}

#[test]
fn what_somebody_takes_away_by_hand_is_back_within_a_quarter_of_an_hour() {
    wait(async {
        for (what, drift) in DRIFTS {
            let site = site(Some(PERIOD));
            let (controller, before) = drifted(&site, drift).await;
            controller.pass(QUARTER).await;
            controller.settle().await;
            assert_eq!(standing(&site), before, "{what}");
        }
    });
}

#[test]
fn a_look_that_finds_nothing_writes_nothing_and_costs_a_few_reads() {
    wait(async {
        let site = site(Some(PERIOD));
        let controller = site.settle().await;
        site.aws.forget_calls();
        site.cluster.forget_calls();
        controller.pass(4 * QUARTER).await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!((site.cluster.performed(), site.cluster.statuses()), (Vec::new(), 0));
        let reads = site.aws.reads();
        assert!((4 * 5..=4 * 40).contains(&reads), "{:?}", site.aws.calls());
    });
}

#[test]
fn behind_a_persons_change_of_an_ingress_a_look_comes_at_once() {
    wait(async {
        for (what, drift) in DRIFTS {
            let site = site(None);
            let (controller, before) = drifted(&site, drift).await;
            controller.pass(QUARTER).await;
            controller.settle().await;
            assert_ne!(standing(&site), before, "{what}: nobody looks by himself here");
            let noted = SHOP.replace("{rules", "{example.com/note: x, rules");
            for ingress in noted.lines().filter(|line| line.starts_with("ingress")) {
                controller.cluster.add(ingress);
            }
            controller.settle_for(10).await;
            controller.settle().await;
            assert_eq!(standing(&site), before, "{what}");
        }
    });
}

#[test]
fn what_lost_its_ingress_while_nobody_watched_is_told_and_stays() {
    wait(async {
        let site = site(None);
        drop(site.settle().await);
        site.cluster.forget_memories();
        // Somebody removes it together with its finalizer.
        site.cluster.see(&Seen::Ingress(key("shop/b"), None));
        site.cluster.forget_calls();
        let controller = site.settle().await;
        controller.pass(10 * 60).await;
        let balancers = site.aws.everything().load_balancers.len();
        assert_eq!(balancers, 2);
        let told: Vec<String> = site
            .cluster
            .events()
            .into_iter()
            .filter(|event| event.reason == "Orphaned")
            .map(|event| format!("{}: {}", event.object.key.name, event.message))
            .collect();
        let [only] = &told[..] else { panic!("{told:?}") };
        assert!(only.starts_with("alb: ") && only.contains("shop/b"), "{only}");
        assert_eq!(controller.runtime.world().lock().orphans.groups.len(), 1);
        // An Ingress of that name takes it over.
        controller.cluster.add("ingress shop/b: {rules: [b.example.com Prefix / s:80]}");
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 2);
        controller.pass(10 * 60).await;
        assert!(controller.runtime.world().lock().orphans.groups.is_empty());
    });
}

#[test]
fn who_is_deleted_before_everybodys_eyes_leaves_no_orphan() {
    wait(async {
        let site = site(None);
        let controller = site.settle().await;
        controller.cluster.delete(&ObjectKey::new("shop", "b"));
        controller.settle().await;
        controller.pass(10 * 60).await;
        assert!(controller.runtime.world().lock().orphans.groups.is_empty());
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
    });
}
