//! Ingresses that were written for ingress-nginx, under a class that asks for their translation.

use std::collections::BTreeMap;

use albedo::desired::nginx::table::PREFIX;
use albedo::model::problem::Problem;
use albedo::model::rule::Rule;
use albedo::model::target_group::TargetType;
use albedo::report::nginx::{Outcome, accounts};

use super::support::world::{CERTIFICATE, World};

mod canary;
mod guards;
mod page;

const CLASS: &str = "
class nginx: {controller: alb.ingress.k8s.aws/nginx, alb.ingress.k8s.aws/nginx: 'true'}
service shop/web: {ports: ['http=80:8080']}
service shop/api: {ports: ['http=80:8080']}
service shop/next: {ports: ['http=80:8080']}
";

/// An Ingress with annotations, ours without prefix and ingress-nginx's with `n/`.
fn ingress(name: &str, rules: &str, annotations: &[(&str, &str)]) -> String {
    let line = |(name, value): &(&str, &str)| {
        let key = name.strip_prefix("n/").map(|name| format!("{PREFIX}{name}"));
        format!("  {}: {value:?}\n", key.as_deref().unwrap_or(name))
    };
    let lines: String = annotations.iter().map(line).collect();
    let rules: Vec<String> = rules.split(", ").map(|rule| format!("{:?}", rule.trim())).collect();
    let rules = rules.join(", ");
    format!("ingress shop/{name}:\n  class: nginx\n{lines}  rules: [{rules}]\n")
}

fn world(sketches: &[String]) -> World {
    World::new(&format!("{CLASS}{}", sketches.concat()))
}

/// What is wrong, short: severity, code, field without prefixes.
fn told(problems: &[Problem]) -> Vec<String> {
    let each = problems.iter().map(|problem| {
        let Problem { severity, code, object, field, .. } = problem;
        let field = field.replace(&format!("annotation {PREFIX}"), "n/");
        format!("{severity:?} {code} {} {field}", object.key.name)
    });
    each.collect()
}

/// The rules of a port as they stand, target groups by their Services.
fn rules(world: &World, group: &str, port: u16) -> Vec<String> {
    let built = world.build(group);
    let listeners = built.stack.front.map(|front| front.listeners).unwrap_or_default();
    let rules = listeners.get(&port).map(|listener| listener.rules.clone()).unwrap_or_default();
    rules.iter().map(|(rule, _)| short(rule)).collect()
}

fn short(rule: &Rule) -> String {
    let mut text = rule.to_string();
    for name in ["web", "main", "canary", "other"] {
        text = text.replace(&format!("target group shop/{name}-"), "");
    }
    text
}

/// The rules of the only Ingress `shop/web` on port 80; nothing is to be told of it.
fn of_one(paths: &str, annotations: &[(&str, &str)]) -> Vec<String> {
    let world = world(&[ingress("web", paths, annotations)]);
    assert_eq!(told(&world.problems("shop/web")), [""; 0], "{annotations:?}");
    rules(&world, "shop/web", 80)
}

const A: &str = "a.example.com Prefix / web:80";

/// Annotations, and what is said of them.
type Case = (&'static [(&'static str, &'static str)], &'static [&'static str]);

#[test]
fn without_the_class_saying_so_nothing_is_translated() {
    let sketch = "
service shop/web: {ports: ['http=80:8080']}
class own: {controller: alb.ingress.k8s.aws/own}
class off: {controller: alb.ingress.k8s.aws/off, alb.ingress.k8s.aws/nginx: 'false'}
";
    for class in ["alb", "own", "off"] {
        let ingress = ingress("web", A, &[("n/auth-url", "x"), ("n/app-root", "/b")]);
        let ingress = ingress.replace("class: nginx", &format!("class: {class}"));
        let world = World::new(&format!("{sketch}{ingress}"));
        assert_eq!(world.problems("shop/web"), [], "{class}");
        assert_eq!(rules(&world, "shop/web", 80), ["a.example.com /* -> web:80"], "{class}");
    }
}

#[test]
fn paths_are_read_as_ingress_nginx_reads_them() {
    let paths = "a.example.com ImplementationSpecific / web:80, \
                 a.example.com ImplementationSpecific /a web:80, \
                 a.example.com Exact /a/b web:80, a.example.com Prefix /a/b/c web:80";
    let expected = [
        "a.example.com /a/b -> web:80",
        "a.example.com /a/b/c|/a/b/c/* -> web:80",
        "a.example.com /a* -> web:80",
        "a.example.com /* -> web:80",
    ];
    assert_eq!(of_one(paths, &[]), expected);
    let regex = "a.example.com ImplementationSpecific /a/[0-9]+$ web:80";
    let expected = ["a.example.com ~^/a/[0-9]+$ -> web:80"];
    assert_eq!(of_one(regex, &[("n/use-regex", "true")]), expected);
}

#[test]
fn redirects_are_the_load_balancers() {
    let cases: [Case; 6] = [
        (
            &[("n/permanent-redirect", "https://b.example.com")],
            &["a.example.com /* -> redirect HTTP_301"],
        ),
        (
            &[
                ("n/permanent-redirect", "https://b.example.com"),
                ("n/permanent-redirect-code", "302"),
            ],
            &["a.example.com /* -> redirect HTTP_302"],
        ),
        (
            &[("n/temporal-redirect", "https://b.example.com$request_uri")],
            &["a.example.com /* -> redirect HTTP_302"],
        ),
        (
            &[("n/app-root", "/app?x=1")],
            &["a.example.com / -> redirect HTTP_302", "a.example.com /* -> web:80"],
        ),
        (
            &[("n/from-to-www-redirect", "true")],
            &["www.a.example.com -> redirect HTTP_301", "a.example.com /* -> web:80"],
        ),
        (
            &[("n/server-alias", "b.example.com"), ("n/upstream-vhost", "c.d")],
            &["a.example.com|b.example.com /* -> host ^.*$ to c.d -> web:80"],
        ),
    ];
    for (annotations, expected) in cases {
        let mut found = of_one(A, annotations);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{annotations:?}");
    }
}

#[test]
fn a_host_with_www_that_somebody_has_is_theirs() {
    let own = ingress("web", A, &[("n/from-to-www-redirect", "true"), ("group.name", "edge")]);
    let other = ingress("other", "www.a.example.com Prefix / api:80", &[("group.name", "edge")]);
    let world = world(&[own, other]);
    assert_eq!(world.problems("edge"), []);
    let expected = ["a.example.com /* -> web:80", "www.a.example.com /* -> api:80"];
    let mut found = rules(&world, "edge", 80);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn whoever_has_a_host_with_www_in_another_group_is_in_nobodys_way() {
    let own = ingress("web", A, &[("n/from-to-www-redirect", "true"), ("group.name", "edge")]);
    let other = ingress("other", "www.a.example.com Prefix / api:80", &[("group.name", "else")]);
    let world = world(&[own, other]);
    let mut found = rules(&world, "edge", 80);
    found.sort();
    assert_eq!(found, ["a.example.com /* -> web:80", "www.a.example.com -> redirect HTTP_301"]);
}

#[test]
fn clients_are_sent_to_https_where_there_is_tls() {
    let with = |annotations: &[(&str, &str)], tls: &str| {
        let text = ingress("web", A, annotations);
        let world = world(&[format!("{text}{tls}")]);
        (told(&world.problems("shop/web")), rules(&world, "shop/web", 80))
    };
    let certificate = ("certificate-arn", CERTIFICATE);
    let tls = "  tls: [\"- a.example.com\"]\n";
    let redirect = ["a.example.com /* -> redirect HTTP_301"];
    let served = ["a.example.com /* -> web:80"];
    let nothing: [String; 0] = [];
    assert_eq!(with(&[certificate], tls), (nothing.to_vec(), redirect.map(String::from).to_vec()));
    let off = [certificate, ("n/ssl-redirect", "false")];
    assert_eq!(with(&off, tls), (nothing.to_vec(), served.map(String::from).to_vec()));
    assert_eq!(with(&[certificate], "").1, served);
    let forced = [certificate, ("n/force-ssl-redirect", "true")];
    assert_eq!(with(&forced, "").1, redirect);
    let other = "  tls: [\"- b.example.com\"]\n";
    assert_eq!(with(&[certificate], other).1, served);
    let (told, found) = with(&[("n/force-ssl-redirect", "true")], "");
    assert_eq!(told, ["Warning InvalidAnnotation web n/force-ssl-redirect"]);
    assert_eq!(found, served);
    let regex = "a.example.com ImplementationSpecific /a/[0-9]+ web:80";
    let text = ingress("web", regex, &[certificate, ("n/use-regex", "true")]);
    let world = world(&[format!("{text}{tls}")]);
    assert_eq!(rules(&world, "shop/web", 80), ["a.example.com ~^/a/[0-9]+ -> redirect HTTP_301"]);
    assert_eq!(rules(&world, "shop/web", 443), ["a.example.com ~^/a/[0-9]+ -> web:80"]);
}

const EDGE: (&str, &str) = ("group.name", "edge");

#[test]
fn rewrites_and_refusals_are_at_their_paths() {
    let path = "a.example.com ImplementationSpecific /a(/|$)(.*) web:80";
    let expected = ["a.example.com ~^/a(/|$)(.*) -> URL ^/a(/?)([^?]*)[^?]* to /$2 -> web:80"];
    assert_eq!(of_one(path, &[("n/rewrite-target", "/$2")]), expected);
    let expected = ["a.example.com /a* -> URL ^/a[^?]* to /b -> web:80"];
    let plain = "a.example.com Prefix /a web:80";
    assert_eq!(of_one(plain, &[("n/rewrite-target", "/b")]), expected);
    for (path, target, field) in
        [("/a", "$uri", "n/rewrite-target"), ("/a(?=b)", "/", "spec.rules[0].http.paths[0].path")]
    {
        let path = format!("a.example.com ImplementationSpecific {path} web:80");
        let world = world(&[ingress("web", &path, &[("n/rewrite-target", target)])]);
        let expected = [format!("Error InvalidRule web {field}")];
        assert_eq!(told(&world.problems("shop/web")), expected);
    }
}

#[test]
fn settings_become_those_of_the_load_balancer_and_its_target_groups() {
    let all = [
        ("n/affinity", "cookie"),
        ("n/session-cookie-max-age", "1000000"),
        ("n/load-balance", "ewma"),
        ("n/backend-protocol", "grpcs"),
        ("n/proxy-read-timeout", "600"),
        ("certificate-arn", CERTIFICATE),
    ];
    let world = world(&[ingress("web", A, &all)]);
    let built = world.build("shop/web");
    assert_eq!(told(&built.problems), [""; 0]);
    let group = format!("{:?}", built.stack.target_groups);
    for text in ["604800", "lb_cookie", "least_outstanding_requests", "Https", "GRPC"] {
        assert!(group.contains(text), "{text}: {group}");
    }
    let front = format!("{:?}", built.stack.front.unwrap());
    assert!(front.contains("idle_timeout"), "{front}");
}

#[test]
fn requests_go_to_pods_whatever_the_flag_says() {
    let mut world = world(&[ingress("web", A, &[])]);
    world.settings.default_target_type = TargetType::Instance;
    assert_eq!(told(&world.problems("shop/web")), [""; 0]);
    assert_eq!(rules(&world, "shop/web", 80), ["a.example.com /* -> web:80"]);
}

#[test]
fn the_longest_idle_timeout_of_a_group_counts() {
    let one = ingress("web", A, &[EDGE, ("n/proxy-read-timeout", "100")]);
    let path = "b.example.com Prefix / api:80";
    let other = ingress("other", path, &[EDGE, ("n/proxy-send-timeout", "9000")]);
    let world = world(&[one, other]);
    let built = world.build("edge");
    assert_eq!(told(&built.problems), [""; 0]);
    let front = format!("{:?}", built.stack.front.unwrap());
    assert!(front.contains("4000"), "{front}");
}

#[test]
fn cors_is_for_a_load_balancer_of_ones_own() {
    let cors = [("n/enable-cors", "true"), ("n/cors-allow-origin", "https://b.example.com")];
    let world = world(&[ingress("web", A, &cors)]);
    let built = world.build("shop/web");
    assert_eq!(told(&built.problems), [""; 0]);
    let front = format!("{:?}", built.stack.front.unwrap());
    assert!(front.contains("access_control_allow_origin"), "{front}");
    let shared = [EDGE, cors[0], cors[1]];
    let world = self::world(&[ingress("web", A, &shared)]);
    let built = world.build("edge");
    assert_eq!(told(&built.problems), ["Warning InvalidAnnotation web n/enable-cors"]);
    assert!(!format!("{:?}", built.stack.front.unwrap()).contains("access_control"));
}

#[test]
fn who_adopts_is_told_what_becomes_of_each_annotation() {
    let annotations = [
        ("n/rewrite-target", "/b"),
        ("n/limit-rps", "5"),
        ("n/proxy-body-size", "8m"),
        ("n/limit-rate", ""),
    ];
    let good = ingress("good", "a.example.com Prefix /a web:80", &annotations);
    let bad = ingress("bad", A, &[("n/auth-url", "https://login.example.com")]);
    let found = accounts(&world(&[good, bad]).snapshot());
    let [bad, good] = &found[..] else { panic!("{found:?}") };
    assert_eq!(bad.rules, [""; 0]);
    assert!(bad.loses() && good.loses());
    assert_eq!(bad.lines[0].outcome, Outcome::Refused);
    assert!(bad.lines[0].text.contains("auth-type"), "{bad:?}");
    assert_eq!(good.rules, ["a.example.com /a* -> URL ^/a[^?]* to /b -> shop/good-web:80"]);
    let outcomes: BTreeMap<&str, Outcome> =
        good.lines.iter().map(|line| (line.what.as_str(), line.outcome)).collect();
    let expected = [
        ("limit-rate", Outcome::Harmless),
        ("limit-rps", Outcome::Lost),
        ("proxy-body-size", Outcome::Harmless),
        ("rewrite-target", Outcome::Translated),
    ];
    assert_eq!(outcomes, BTreeMap::from(expected));
}
