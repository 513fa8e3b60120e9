//! Who hears that requests are lost when pods end.

use albedo::model::problem::Severity;

use super::support::site::Site;
use super::support::world::wait;

const SHOP: &str = "
class own: {controller: alb.ingress.k8s.aws/own}
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {class: own, target-group-attributes: DELAY, rules: [any Prefix / s:80]}
node n1: true
";

/// What people are told of the pods of an app that ends so.
fn told(sketch: &str, pod: &str) -> Vec<String> {
    wait(async {
        let site = Site::new(&format!("{sketch}pod shop/pod-172.31.0.1: {{ready: true{pod}}}\n"));
        let controller = site.settle().await;
        controller.settle_for(30).await;
        let events = site.cluster.events().into_iter();
        let told = events.filter(|event| event.reason == "HastyPods");
        told.map(|event| {
            assert_eq!(event.severity, Severity::Note);
            event.message
        })
        .collect()
    })
}

#[test]
fn pods_that_end_before_load_balancers_have_heard_of_it_are_told_with_numbers() {
    let own = SHOP.replace("DELAY", "deregistration_delay.timeout_seconds=45");
    let [said] = &told(&own, "")[..] else { panic!("one Event") };
    for number in ["preStop of 0 s", "Seconds of 30,", "about 10 s", "up to 45 s"] {
        assert!(said.contains(number), "{number}: {said}");
    }
    assert_eq!(told(&own, ", preStop: 9, grace: 60").len(), 1);
    // What is killed answers nobody, however long it would sleep.
    assert_eq!(told(&own, ", preStop: 15, grace: 5").len(), 1);
    assert_eq!(told(&own, ", preStop: 15, grace: 60"), [""; 0]);
}

#[test]
fn lbcs_people_are_told_nothing_of_how_pods_end() {
    let theirs = SHOP.replace("alb.ingress.k8s.aws/own", "ingress.k8s.aws/alb");
    let delay = "deregistration_delay.timeout_seconds=45";
    assert_eq!(told(&theirs.replace("DELAY", delay), ""), [""; 0]);
}
