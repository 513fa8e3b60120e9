//! What people have reported of controllers of this kind, as far as it concerns rules and no other
//! test is about it.

use std::collections::BTreeSet;

use albedo::model::listener::Protocol;
use albedo::model::problem::Severity;
use albedo::model::target_group::HealthCheck;
use smol_str::SmolStr;

use super::super::support::canon;
use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, World, key, member, wait};
use super::{SERVICES, calls, rules_of, world};

#[test]
fn a_member_s_rules_are_on_the_ports_that_it_listens_on_and_on_no_other() {
    // Where nobody says anything it is 443 with a certificate and 80 without; spec.tls counts for
    // nothing.
    let world = world(&format!(
        "
ingress shop/secure:
  {{group.name: edge, certificate-arn: {CERTIFICATE}, rules: [a.example.com Exact /a web:80]}}
ingress shop/plain: {{group.name: edge, rules: [b.example.com Exact /b web:80],
  tls: ['- b.example.com']}}
"
    ));
    assert_eq!(
        rules_of(&world, "edge", 80),
        ["b.example.com /b -> target group shop/plain-web:80"]
    );
    assert_eq!(
        rules_of(&world, "edge", 443),
        ["a.example.com /a -> target group shop/secure-web:80"]
    );
}

/// An Ingress whose only rule is as given, beside a good one.
fn beside(rule: &str) -> World {
    let manifest = format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: odd
  namespace: shop
  uid: uid-odd
  annotations: {{alb.ingress.kubernetes.io/group.name: edge}}
spec:
  ingressClassName: alb
  rules: [{rule}]
"
    );
    let mut world = world("ingress shop/web: {group.name: edge, rules: [any Exact /a web:80]}");
    let value: serde_json::Value = serde_yaml_ng::from_str(&manifest).unwrap();
    let object = albedo::cluster::decode(value).unwrap();
    albedo::cluster::insert(&mut world.objects, object);
    world
}

#[test]
fn a_host_without_paths_has_no_rule_and_holds_nobody_up() {
    for rule in ["{host: x.example.com}", "{host: x.example.com, http: null}", "{host: \"\"}"] {
        let world = beside(rule);
        let built = world.build("edge");
        assert!(built.good.contains_key(&member("shop/odd")), "{rule}: {:?}", built.problems);
        let expected = ["/a -> web:80"];
        assert_eq!(rules_of(&world, "edge", 80), expected, "{rule}");
    }
}

#[test]
fn a_host_without_a_dot_is_its_ingress_s_mistake_alone() {
    let backend = "{service: {name: web, port: {number: 80}}}";
    let world = beside(&format!(
        "{{host: https, http: {{paths: [{{path: /x, pathType: Prefix, backend: {backend}}}]}}}}"
    ));
    let built = world.build("edge");
    assert!(built.problems.iter().all(|problem| problem.object.key == key("shop/odd")));
    assert!(built.problems.iter().any(|problem| problem.severity == Severity::Error));
    assert!(built.good.contains_key(&member("shop/web")));
}

#[test]
fn a_path_that_is_absent_takes_every_path_of_its_host() {
    let backend = "{service: {name: web, port: {number: 80}}}";
    let world = beside(&format!(
        "{{host: x.example.com, http: {{paths: [{{pathType: ImplementationSpecific, \
         backend: {backend}}}]}}}}"
    ));
    let rules = rules_of(&world, "edge", 80);
    assert!(rules.iter().any(|rule| rule.starts_with("x.example.com -> ")), "{rules:?}");
}

/// Five rules, as their paths and Services; and the tag of all.
fn tagged(team: &str, rules: [(&str, &str); 5]) -> String {
    let rules = rules.map(|(path, service)| format!("any Exact {path} {service}:80"));
    format!("{SERVICES}ingress shop/web: {{tags: Team={team}, rules: [{}]}}", rules.join(", "))
}

const FIVE: [(&str, &str); 5] =
    [("/1", "web"), ("/2", "web"), ("/3", "web"), ("/4", "web"), ("/5", "web")];

#[test]
fn new_tags_reach_every_rule_and_no_default_one() {
    let [one, two, three, four, five] = FIVE;
    let turned = [one, two, ("/3", "api"), four, five];
    let moved = [two, one, three, four, five];
    // By themselves; while one rule is made to do something else; while two change places.
    for rules in [FIVE, turned, moved] {
        wait(async {
            let site = Site::new(&tagged("a", FIVE));
            let controller = site.settle().await;
            controller.cluster.add(&tagged("b", rules));
            controller.settle().await;
            let state = site.aws.everything();
            assert_eq!(state.rules.len(), 5);
            for rule in state.rules.values() {
                assert_eq!(rule.tags.get("Team").map(SmolStr::as_str), Some("b"), "{rule:?}");
            }
            assert_eq!(site.refused(), 0);
            let straight = Site::new(&tagged("b", rules));
            straight.settle().await;
            assert_eq!(canon::rules(&state), canon::rules(&straight.aws.everything()));
        });
    }
    let made: BTreeSet<String> =
        calls(&tagged("a", FIVE), &tagged("b", FIVE), |_| ()).into_iter().collect();
    // Load balancers' security groups are EC2's to tag.
    assert_eq!(made, ["AddTags", "CreateTags"].map(str::to_owned).into());
}

#[test]
fn a_regular_expression_loses_its_first_character_whatever_that_is() {
    let conditions = |path: &str| {
        let world = world(&format!(
            "ingress shop/web:\n  use-regex-path-match: 'true'\n  \
             rules: [{:?}]",
            format!("any ImplementationSpecific {path} web:80")
        ));
        rules_of(&world, "shop/web", 80)
    };
    assert_eq!(conditions(r"/^\/api\/(.+)$").len(), 1);
    assert!(conditions(r"/^\/api\/(.+)$")[0].contains(r"^\/api\/(.+)$"));
    // The slash that Kubernetes wants is the one that goes.
    assert!(conditions("/api/(.+)")[0].contains("api/(.+)"));
    assert!(!conditions("/api/(.+)")[0].contains("/api/(.+)"));
}

#[test]
fn health_checks_of_whom_nobody_says_anything_are_lbc_s() {
    let check = |said: &str| {
        let world = world(&format!("ingress shop/web: {{{said}rules: [any Exact /a web:80]}}"));
        let built = world.build("shop/web");
        let group = built.stack.target_groups.into_values().next().unwrap().target_group;
        group.health_check
    };
    let http = HealthCheck {
        port: "traffic-port".into(),
        protocol: Protocol::Http,
        path: "/".into(),
        success_codes: "200".into(),
        interval_seconds: 15,
        timeout_seconds: 5,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    };
    assert_eq!(check(""), http);
    let https = HealthCheck { protocol: Protocol::Https, ..http.clone() };
    assert_eq!(check("backend-protocol: HTTPS, "), https);
    let grpc =
        HealthCheck { path: "/AWS.ALB/healthcheck".into(), success_codes: "12".into(), ..http };
    assert_eq!(check("backend-protocol-version: GRPC, "), grpc);
}

#[test]
fn who_leaves_a_load_balancer_that_it_has_protected_holds_up_no_sibling() {
    let sibling = |path: &str| {
        format!("ingress shop/api: {{group.name: edge, rules: [any Exact {path} api:80]}}")
    };
    let protected = "load-balancer-attributes: deletion_protection.enabled=true";
    wait(async {
        let site = Site::new(&format!(
            "{SERVICES}{}
ingress shop/web: {{group.name: edge, {protected}, rules: [any Exact /web web:80]}}
",
            sibling("/api")
        ));
        let controller = site.settle().await;
        controller.cluster.delete(&key("shop/web"));
        controller.cluster.add(&sibling("/more"));
        controller.settle().await;
        assert_eq!(canon::rules(&site.aws.everything()), ["80:1 /more -> shop/api-api:80"]);
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/web")));
    });
}
