//! `albedo explain pod`: whether a pod gets requests, and at which station the way ends where not.

use std::collections::BTreeMap;

use albedo::aws::Mirror;
use albedo::model::id::ObjectKey;
use albedo::model::target::TargetState;
use albedo::report::explain::{Explanation, PodAccount, Verdict};

use super::super::contract::suite::Stopped;
use super::super::support::site::Site;
use super::super::support::world::{World, key, wait};
use super::{check, ends};

const WORLD: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1, 172.31.0.2 unready]}
pod shop/pod-172.31.0.9: {ready: true}
ingress shop/web: {rules: [a.example.com Prefix / web:80]}
";

/// A pod's address is its name's end.
fn explain(site: &Site, pod: &str) -> Option<Explanation> {
    let mirror = Mirror::new(site.aws.clone(), Stopped);
    let mut snapshot = World::new("").snapshot();
    snapshot.objects = site.cluster.objects.read().unwrap().clone();
    let mut targets = BTreeMap::new();
    let key = ObjectKey::new("shop", pod);
    for id in (PodAccount { snapshot: &snapshot, targets: &targets }).wanted(&key) {
        let read = wait(mirror.targets(&id)).unwrap().targets;
        targets.insert(id, read);
    }
    PodAccount { snapshot: &snapshot, targets: &targets }.explain(&key)
}

fn site(state: TargetState) -> Site {
    let site = Site::new(WORLD);
    wait(site.settle());
    site.aws.set_health(state);
    site
}

#[test]
fn a_pod_whose_target_is_healthy_gets_requests() {
    let explained = explain(&site(TargetState::Healthy), "pod-172.31.0.1").unwrap();
    assert_eq!(ends(&explained), None, "{explained:#?}");
    assert_eq!(explained.served, Verdict::Good);
    let stations: Vec<&str> = explained.stations.iter().map(|station| station.what).collect();
    assert_eq!(stations, ["pod", "service", "target"]);
    let json = serde_json::to_value(&explained).unwrap();
    assert_eq!(json["pod"], "shop/pod-172.31.0.1", "{json}");
}

#[test]
fn each_cause_of_a_pod_without_requests_is_found_with_what_to_do_about_it() {
    let sick = explain(&site(TargetState::Unhealthy), "pod-172.31.0.1").unwrap();
    check(&sick, "target", &["172.31.0.1:8080 of binding k8s-shop-web", "fails its health checks"]);

    let well = site(TargetState::Healthy);
    let unready = explain(&well, "pod-172.31.0.2").unwrap();
    check(&unready, "pod", &["its containers are not ready", "kubectl describe pod"]);
    let last = unready.stations.last().unwrap();
    assert!(last.what == "target" && last.found.contains("not registered"), "{unready:#?}");

    let alone = explain(&well, "pod-172.31.0.9").unwrap();
    check(&alone, "service", &["no Service", "selector"]);

    well.cluster.delete(&key("shop/web"));
    wait(well.settle());
    let unled = explain(&well, "pod-172.31.0.1").unwrap();
    check(&unled, "target group", &["no target group has Service web behind it"]);

    assert_eq!(explain(&well, "nobody"), None);
}

#[test]
fn what_may_not_be_read_is_told_as_unknown() {
    let site = site(TargetState::Healthy);
    let mut snapshot = World::new("").snapshot();
    snapshot.objects = site.cluster.objects.read().unwrap().clone();
    let account = PodAccount { snapshot: &snapshot, targets: &BTreeMap::new() };
    let explained = account.explain(&key("shop/pod-172.31.0.1")).unwrap();
    assert_eq!(explained.served, Verdict::Unknown, "{explained:#?}");
}
