//! Members that their class does not select any more, and those that only say that they are some.

use albedo::model::problem::Severity;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, wait};

const GROUP: &str = "
service shop/s: {ports: [80]}
service other/s: {ports: [80]}
namespace other: {labels: {tier: a}}
namespace shop: {labels: {tier: a}}
params p: {namespaceSelector: {matchLabels: {tier: a}}}
ingress other/b: {class: p, group.name: edge, rules: [b.example.com Prefix / s:80]}
ingress shop/a: {class: p, group.name: edge, rules: [a.example.com Prefix / s:80]}
";
const OUT: &str = "namespace shop: {labels: {}}";
const IN: &str = "namespace shop: {labels: {tier: a}}";
const BOTH: [&str; 2] =
    ["80:1 b.example.com /* -> other/b-s:80", "80:2 a.example.com /* -> shop/a-s:80"];

fn of_class(controller: &str) -> String {
    format!("class p: {{params: p, controller: {controller}}}\n{GROUP}")
}

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// What errors say to the member that goes.
fn told(site: &Site) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let errors = events.filter(|event| event.severity == Severity::Error);
    let of_a = errors.filter(|event| event.object.key == key("shop/a"));
    of_a.map(|event| event.message).collect()
}

#[test]
fn whose_namespace_is_not_selected_any_more_goes_after_a_while_and_hears_it() {
    wait(async {
        for controller in ["alb.ingress.k8s.aws/own", "ingress.k8s.aws/alb"] {
            let site = Site::new(&of_class(controller));
            let runtime = site.settle().await;
            site.cluster.forget_calls();
            runtime.cluster.add(OUT);
            runtime.settle_for(4 * 60).await;
            assert_eq!(rules(&site), BOTH, "a slip can be undone");
            assert!(told(&site)[0].contains("goes in five minutes"), "{:?}", told(&site));
            runtime.cluster.add(IN);
            runtime.settle().await;
            assert_eq!(rules(&site), BOTH);
            runtime.cluster.add(OUT);
            runtime.settle().await;
            assert_eq!(rules(&site), BOTH[..1]);
            assert!(told(&site).iter().any(|text| text.contains("what stood of it goes")));
            let state = site.aws.everything();
            assert_eq!(state.target_groups.len(), 1);
            let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
            let finalizers = ingresses[&key("shop/a")].metadata.finalizers.clone();
            assert_eq!(finalizers, [""; 0]);
            assert!(site.cluster.memories().is_empty());
        }
    });
}

#[test]
fn whom_nobody_here_has_seen_selected_stays_on_a_class_of_lbc_s_alone() {
    wait(async {
        for (controller, expected) in
            [("alb.ingress.k8s.aws/own", &BOTH[..1]), ("ingress.k8s.aws/alb", &BOTH[..])]
        {
            let site = Site::new(&of_class(controller));
            drop(site.settle().await);
            site.cluster.add(OUT);
            site.settle().await;
            assert_eq!(rules(&site), expected, "{controller}");
        }
    });
}

#[test]
fn a_finalizer_that_somebody_writes_keeps_nothing_of_what_others_no_longer_want() {
    wait(async {
        for forged in ["class: gone, group.name: edge", "class: p, group.name: EDGE", "class: p"] {
            let site = Site::new(&of_class("ingress.k8s.aws/alb"));
            let runtime = site.settle().await;
            runtime.cluster.add(&format!(
                "ingress shop/forged: {{{forged}, finalizers: [group.ingress.k8s.aws/edge], \
                 listen-ports: nonsense, rules: [f.example.com Exact /f s:80]}}"
            ));
            let narrowed = "inbound-cidrs: 10.1.0.0/16, rules: [b.example.com Prefix /b s:80]";
            let ingress =
                format!("ingress other/b: {{class: p, group.name: edge, tags: a=b, {narrowed}}}");
            runtime.cluster.add(&ingress);
            runtime.settle().await;
            let state = site.aws.everything();
            let groups = state.security_groups.values().flat_map(|found| found.rules.keys());
            let open: Vec<String> = groups.map(ToString::to_string).collect();
            let open: Vec<&String> = open.iter().filter(|rule| rule.contains('/')).collect();
            assert_eq!(open, ["tcp 80 from 10.1.0.0/16"], "{forged}");
            let balancer = state.load_balancers.values().next().unwrap();
            let tag = balancer.spec.tags.get("a");
            assert!(tag.is_some_and(|tag| tag == "b"), "{forged}");
        }
    });
}
