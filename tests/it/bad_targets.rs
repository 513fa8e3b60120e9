//! Targets, ports and gates that cannot be as somebody wrote them: the guilty one is told once, and
//! nobody else is touched. What bindings say that is wrong is in `people` and `bindings`.

use std::collections::BTreeSet;

use albedo::model::problem::Kind;
use albedo::model::target::{TargetState, TargetState::Draining};

use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::wait;

/// What is registered for a Service and does not drain.
fn registered(site: &Site, service: &str) -> BTreeSet<String> {
    let arn = {
        let objects = site.cluster.objects.read().unwrap();
        let mut all = objects.bindings.values();
        let found = all.find(|seen| seen.spec.service_ref.name == service).unwrap();
        found.spec.target_group_arn.clone().unwrap()
    };
    let state = site.aws.everything();
    let (_, group) =
        state.target_groups.iter().find(|(id, _)| id.as_str() == arn.as_str()).unwrap();
    let standing = group.targets.iter().filter(|(_, state)| **state != Draining);
    standing.map(|(target, _)| target.to_string()).collect()
}

fn set(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|target| (*target).to_owned()).collect()
}

/// The warnings about bindings, each with the Service of its binding, the reason and the message.
fn told(site: &Site) -> Vec<(String, String, String)> {
    let objects = site.cluster.objects.read().unwrap();
    let events = site.cluster.events().into_iter();
    let of_bindings = events.filter(|event| event.object.kind == Kind::TargetGroupBinding);
    let warned = of_bindings.filter(|event| event.reason != "SuccessfullyReconciled");
    warned
        .map(|event| {
            let service = objects.bindings[&event.object.key].spec.service_ref.name.to_string();
            (service, event.reason.clone(), event.message)
        })
        .collect()
}

async fn settled(site: &Site) -> Controller<Fake> {
    let controller = site.start();
    controller.settle_for(30).await;
    controller
}

#[test]
fn pods_without_the_port_that_a_service_names_are_told_of_and_hold_up_no_others() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [http=80:web]}
service shop/t: {ports: [80:8080]}
ingress shop/web: {rules: [any Prefix /s s:80, any Prefix /t t:80]}
endpoints shop/t: {at: [172.31.9.1]}
endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1, 172.31.0.2]}
endpoints shop/s-b:
  {labels: {kubernetes.io/service-name: s}, ports: {}, at: [172.31.0.3, 172.31.0.4]}
",
        );
        let controller = settled(&site).await;
        assert_eq!(registered(&site, "s"), set(&["172.31.0.1:8080", "172.31.0.2:8080"]));
        assert_eq!(registered(&site, "t"), set(&["172.31.9.1:8080"]));
        let said = told(&site);
        let [(service, reason, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!((service.as_str(), reason.as_str()), ("s", "InvalidBackend"));
        for part in ["port 80, which is web of their pods: 172.31.0.3, 172.31.0.4", "no requests"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        // They get one, and nothing is said any more.
        site.cluster.add(
            "endpoints shop/s-b: {labels: {kubernetes.io/service-name: s}, ports: {http: 9090}, \
             at: [172.31.0.3, 172.31.0.4]}",
        );
        controller.settle_for(30).await;
        assert_eq!(registered(&site, "s").len(), 4);
        assert_eq!(told(&site).len(), 1);
    });
}

#[test]
fn an_instance_that_is_gone_is_told_of_and_holds_up_no_others() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: ['80:8080@31007']}
service shop/t: {ports: [80:8080]}
ingress shop/s: {target-type: instance, rules: [any Prefix / s:80]}
ingress shop/t: {rules: [any Prefix / t:80]}
endpoints shop/t: {at: [172.31.9.1]}
node n1: {ready: true, id: i-1}
node n2: {ready: true, id: i-2}
node n3: {ready: true, id: i-3}
",
        );
        site.aws.change(|state| state.stopped.insert("i-2".into()));
        let controller = settled(&site).await;
        assert_eq!(registered(&site, "s"), set(&["i-1:31007", "i-3:31007"]));
        assert_eq!(registered(&site, "t"), set(&["172.31.9.1:8080"]));
        let said = told(&site);
        let [(service, reason, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!((service.as_str(), reason.as_str()), ("s", "RefusedTargets"));
        assert!(message.contains("targets i-2:31007"), "{message}");
        // It runs again.
        site.aws.change(|state| state.stopped.clear());
        controller.settle_for(120).await;
        assert_eq!(registered(&site, "s").len(), 3);
    });
}

#[test]
fn more_targets_than_aws_takes_are_told_of_and_the_others_serve() {
    /// Targets of a target group (AWS quota).
    const QUOTA: usize = 1000;
    wait(async {
        let at: Vec<String> =
            (0..QUOTA + 50).map(|pod| format!("172.31.{}.{}", pod / 250, pod % 250)).collect();
        let site = Site::new(&format!(
            "
service shop/s: {{ports: [80:8080]}}
service shop/t: {{ports: [80:8080]}}
ingress shop/web: {{rules: [any Prefix /s s:80, any Prefix /t t:80]}}
endpoints shop/t: {{at: [172.31.9.1]}}
endpoints shop/s: {{at: [{}]}}
",
            at.join(", ")
        ));
        let controller = settled(&site).await;
        assert_eq!(registered(&site, "s").len(), QUOTA);
        assert_eq!(registered(&site, "t"), set(&["172.31.9.1:8080"]));
        let said = told(&site);
        let [(service, reason, message)] = &said[..] else { panic!("{said:?}") };
        assert_eq!((service.as_str(), reason.as_str()), ("s", "NearLimit"));
        assert!(message.contains("more than 1000 endpoints"), "{message}");
        assert!(message.contains("the others once there is room"), "{message}");
        // AWS is not asked for what it is known not to give.
        site.aws.forget_calls();
        controller.settle_for(600).await;
        assert_eq!(site.aws.calls().get("elbv2.RegisterTargets"), None);
        assert_eq!(told(&site).len(), 1);
        site.cluster.add("endpoints shop/t: {at: [172.31.9.1, 172.31.9.2]}");
        controller.settle_for(1).await;
        assert_eq!(registered(&site, "t").len(), 2);
        // Somebody takes some of the pods away.
        site.cluster.add(&format!("endpoints shop/s: {{at: [{}]}}", at[100..].join(", ")));
        controller.settle_for(5).await;
        site.aws.finish_draining();
        controller.settle_for(120).await;
        assert_eq!(registered(&site, "s").len(), QUOTA + 50 - 100);
    });
}

#[test]
fn gates_whose_names_are_no_names_are_open_when_their_pods_are_served_and_hold_up_no_others() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {rules: [any Prefix / s:80]}
node n1: true
",
        );
        let controller = site.settle().await;
        let own = site.cluster.objects.read().unwrap().bindings.keys().next().unwrap().clone();
        let long = "x".repeat(400);
        let odd = format!("[\"{}\", \"\", \"No_Name!\", \"a/b\", \"{long}\"]", own.name);
        site.aws.take_time();
        controller.cluster.add(&format!(
            "
endpoints shop/s: {{at: [172.31.0.1, 172.31.0.2 unready, 172.31.0.3 unready]}}
pod shop/pod-172.31.0.2: {{ready: true, gates: {odd}}}
pod shop/pod-172.31.0.3: {{ready: true, gates: [{}]}}
",
            own.name
        ));
        let open = |pod: &str| -> Vec<(String, bool)> {
            let objects = site.cluster.objects.read().unwrap();
            let (_, pod) = objects.pods.iter().find(|(key, _)| key.name.ends_with(pod)).unwrap();
            let gates = pod.gates.as_ref().unwrap().each.iter();
            gates.map(|gate| (gate.binding.to_string(), gate.is_open())).collect()
        };
        controller.settle_for(10).await;
        assert!(open("0.2").iter().chain(&open("0.3")).all(|(_, is_open)| !is_open));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(3).await;
        // The one without a name is nobody's.
        assert_eq!(open("0.2").len(), 4);
        assert!(open("0.2").iter().chain(&open("0.3")).all(|(_, is_open)| *is_open));
        assert_eq!(told(&site), []);
    });
}
