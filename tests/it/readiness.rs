//! Readiness gates of pods: opened when AWS says that the target is well, and not before.

use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::cluster::Kind;
use albedo::model::gate::GateState;
use albedo::model::id::ObjectKey;
use albedo::model::target::TargetState;

use super::support::cluster::Fault;
use super::support::fake::Fake;
use super::support::rush;
use super::support::site::{Controller, Site};
use super::support::world::{key, wait};

const APP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {rules: [any Prefix / s:80]}
node n1: true
";

/// What one look at a target group's targets is, as calls are counted.
const LOOK: &str = "elbv2.DescribeTargetHealth";

/// An app that is served, on an AWS where health takes as long as the test says; and the name of
/// its binding.
async fn served() -> (Site, Controller<Fake>, String) {
    let site = Site::new(APP);
    let controller = site.settle().await;
    site.aws.take_time();
    site.aws.set_health(TargetState::Healthy);
    let binding = binding(&site);
    (site, controller, binding)
}

fn binding(site: &Site) -> String {
    let objects = site.cluster.objects.read().unwrap();
    objects.bindings.keys().next().unwrap().name.to_string()
}

/// Another pod comes up beside the first one, and waits for this gate.
fn joins(site: &Site, address: &str, gate: &str) {
    site.cluster.add(&format!(
        "
endpoints shop/s: {{at: [172.31.0.1, {address} unready]}}
pod shop/pod-{address}: {{ready: true, gates: [{gate}]}}
"
    ));
}

/// How the only gate of a pod stands, and why.
fn shown(site: &Site, address: &str) -> Option<(GateState, String)> {
    let objects = site.cluster.objects.read().unwrap();
    let pod = &objects.pods[&ObjectKey::new("shop", format!("pod-{address}"))];
    let shown = pod.gates.as_ref().unwrap().each[0].shown.clone();
    shown.map(|shown| (shown.state, shown.reason.to_string()))
}

fn open() -> (GateState, String) {
    (GateState::Open, String::new())
}

fn looks(site: &Site) -> usize {
    site.aws.calls().get(LOOK).copied().unwrap_or_default()
}

#[test]
fn a_gate_opens_soon_after_its_target_is_well_and_nobody_looks_afterwards() {
    wait(async {
        let (site, controller, binding) = served().await;
        site.aws.forget_calls();
        joins(&site, "172.31.0.2", &binding);
        controller.settle_for(30).await;
        let registering = "Elb.RegistrationInProgress".to_owned();
        assert_ne!(shown(&site, "172.31.0.2"), None, "it is told at once");
        assert_ne!(shown(&site, "172.31.0.2"), Some(open()));
        assert_eq!(site.cluster.gates()[0].condition.reason, registering);
        let waited = looks(&site);
        assert!((15..=21).contains(&waited), "one look each one and a half seconds: {waited}");
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        assert_eq!(shown(&site, "172.31.0.2"), Some(open()));
        site.aws.forget_calls();
        controller.settle_for(600).await;
        assert_eq!(looks(&site), 0);
        // What is told is news each time.
        assert!(site.cluster.gates().len() <= 3, "{:?}", site.cluster.gates());
    });
}

#[test]
fn one_look_is_for_all_who_wait() {
    wait(async {
        let (site, controller, binding) = served().await;
        let others: Vec<String> = (0..100).map(|n| format!("172.31.1.{n}")).collect();
        let at = others.iter().map(|address| format!("{address} unready"));
        let at: Vec<String> = at.collect();
        let pods = others.iter().map(|address| {
            format!("pod shop/pod-{address}: {{ready: true, gates: [{binding}]}}\n")
        });
        let pods: String = pods.collect();
        site.cluster.add(&format!("endpoints shop/s: {{at: [{}]}}\n{pods}", at.join(", ")));
        controller.settle_for(5).await;
        site.aws.forget_calls();
        controller.settle_for(15).await;
        assert!((8..=11).contains(&looks(&site)), "{}", looks(&site));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        assert!(others.iter().all(|address| shown(&site, address) == Some(open())));
    });
}

#[test]
fn a_pod_that_is_not_served_stays_closed() {
    wait(async {
        let (site, controller, binding) = served().await;
        for state in [TargetState::Unhealthy, TargetState::Unused, TargetState::Unavailable] {
            joins(&site, "172.31.0.2", &binding);
            controller.settle_for(2).await;
            site.aws.set_health(state);
            controller.settle_for(60).await;
            assert_eq!(shown(&site, "172.31.0.2").unwrap().0, GateState::Closed, "{state:?}");
        }
        // Another one's slice names the pod, with an address that is well and not the pod's.
        site.cluster.add(&format!(
            "
endpoints shop/s: {{at: [172.31.0.1, 172.31.0.3 unready], pods: false}}
pod shop/pod-172.31.0.3: {{ready: true, ip: 172.31.0.9, gates: [{binding}]}}
"
        ));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(60).await;
        assert_eq!(shown(&site, "172.31.0.3"), None);
    });
}

#[test]
fn pods_that_were_there_before_are_looked_at_at_once() {
    wait(async {
        let (site, controller, binding) = served().await;
        drop(controller);
        site.cluster.add(&format!(
            "
endpoints shop/s: {{at: [172.31.0.1]}}
pod shop/pod-172.31.0.1: {{ready: true, ip: 172.31.0.1, gates: [{binding}]}}
"
        ));
        site.aws.forget_calls();
        let controller = site.start();
        controller.settle_for(1).await;
        assert_eq!((shown(&site, "172.31.0.1"), looks(&site)), (Some(open()), 1));
        drop(controller);
        // Whoever comes next tells nobody what is told already.
        site.aws.forget_calls();
        site.cluster.forget_calls();
        let controller = site.start();
        controller.settle_for(60).await;
        assert!(site.cluster.gates().is_empty());
    });
}

#[test]
fn a_pod_that_is_registered_anew_waits_anew() {
    wait(async {
        let (site, controller, binding) = served().await;
        joins(&site, "172.31.0.2", &binding);
        controller.settle_for(2).await;
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        assert_eq!(shown(&site, "172.31.0.2"), Some(open()));
        let pod = key("shop/pod-172.31.0.2");
        site.cluster.change_pod(&pod, |pod| pod.containers_ready = false);
        controller.settle_for(10).await;
        site.cluster.change_pod(&pod, |pod| pod.containers_ready = true);
        controller.settle_for(10).await;
        assert_eq!(shown(&site, "172.31.0.2").unwrap().0, GateState::Closed);
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        assert_eq!(shown(&site, "172.31.0.2"), Some(open()));
    });
}

#[test]
fn a_write_that_fails_is_made_again_and_the_guilty_hears_of_it() {
    wait(async {
        let (site, controller, binding) = served().await;
        joins(&site, "172.31.0.2", &binding);
        controller.settle_for(2).await;
        for kind in [Kind::Transient, Kind::Refused] {
            site.cluster.fail(Some(Fault { nth: 1, kind, is_done: false, kills: None }));
            site.aws.set_health(TargetState::Healthy);
            controller.settle_for(10).await;
            assert_eq!(shown(&site, "172.31.0.2"), Some(open()), "{kind:?}");
            controller.clock.sleep(Duration::from_secs(5)).await;
            site.aws.set_health(TargetState::Unhealthy);
            // Somebody takes the condition away.
            let pod = key("shop/pod-172.31.0.2");
            site.cluster.change_pod(&pod, |pod| {
                pod.gates.as_mut().unwrap().each[0].shown = None;
            });
            controller.settle_for(10).await;
            assert_eq!(shown(&site, "172.31.0.2").unwrap().0, GateState::Closed);
        }
        let told = site.cluster.events();
        assert!(told.iter().any(|event| event.reason == "ShutGates"), "{told:?}");
    });
}

#[test]
fn gates_of_a_binding_that_is_gone_open_when_another_serves_the_pod() {
    wait(async {
        let (site, controller, _) = served().await;
        joins(&site, "172.31.0.2", "renamed");
        controller.settle_for(10).await;
        assert_eq!(shown(&site, "172.31.0.2"), None);
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        assert_eq!(shown(&site, "172.31.0.2"), Some(open()));
    });
}

#[test]
fn gates_that_nobody_opens_any_more_are_open() {
    wait(async {
        let (site, controller, binding) = served().await;
        joins(&site, "172.31.0.2", &binding);
        controller.settle_for(10).await;
        assert_ne!(shown(&site, "172.31.0.2"), Some(open()));
        site.cluster.delete(&key("shop/web"));
        controller.settle_for(600).await;
        assert!(site.cluster.objects.read().unwrap().bindings.is_empty());
        assert_eq!(shown(&site, "172.31.0.2"), Some(open()));
        let last = site.cluster.gates().pop().unwrap();
        assert_eq!(last.condition.message, "Target Group Binding is deleted");
    });
}

#[test]
fn waiting_for_gates_opens_nothing_anew_and_is_kept_no_longer_than_it_lasts() {
    wait(async {
        let (site, controller, binding) = served().await;
        let before = controller.runtime.world().lock().kept();
        joins(&site, "172.31.0.2", &binding);
        controller.settle_for(30).await;
        let began = controller.clock.moment();
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(30).await;
        let (_, next) = controller.runtime.queue().deadlines().pop().unwrap();
        assert!(controller.clock.moment() > began, "{next:?}");
        assert_eq!(controller.runtime.world().lock().kept(), before);
        assert!(controller.runtime.world().lock().fabric.changed_bindings.is_empty());
    });
}

#[test]
fn five_hundred_gates_of_25_apps_open_within_three_seconds() {
    let took = wait(rush::gates(25, 20));
    assert!(rush::p99(&took) <= Duration::from_secs(3), "{:?}", rush::p99(&took));
}
