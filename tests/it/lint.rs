//! What of a group's rules serves nobody is told, once, and to those whose rules these are.

use albedo::model::problem::{Code, Severity};

use super::support::world::{CERTIFICATE, World};

const SERVICES: &str = "
service shop/web: {ports: [80]}
service pay/web: {ports: [80]}
";

/// What members hear: severity, object, what was found.
fn told(group: &str, text: &str) -> Vec<String> {
    let problems = World::new(&format!("{SERVICES}{text}")).problems(group);
    let lint = problems.into_iter().filter(|problem| {
        assert_ne!(problem.severity, Severity::Error, "{problem}");
        matches!(problem.code, Code::UnreachableRule | Code::RedirectLoop)
    });
    lint.map(|problem| format!("{:?} {}: {}", problem.severity, problem.object.key, problem.found))
        .collect()
}

/// An Ingress with rules, and with what else it says.
fn member(name: &str, else_says: &str, rules: &[&str]) -> String {
    let rules: Vec<String> = rules.iter().map(|rule| format!("\n  - {rule:?}")).collect();
    format!("ingress {name}:\n  group.name: edge\n  {else_says}\n  rules:{}\n", rules.concat())
}

const FIRST: &str = "group.order: 1";
const SECOND: &str = "group.order: 2";

#[test]
fn rules_behind_one_that_takes_all_of_their_requests_are_told() {
    let own = member(
        "shop/web",
        FIRST,
        &["any Prefix / web:80", "a.example.com Prefix /a web:80", "b.example.com Exact /b web:80"],
    );
    assert_eq!(
        told("edge", &own),
        [
            "Note shop/web: all rules for a.example.com, all rules for b.example.com, whose requests \
          rules of this Ingress take before"
        ]
    );
    // Each of several hosts and paths has to be taken.
    let apart = member(
        "shop/web",
        FIRST,
        &["a.example.com Prefix /a web:80", "*.example.com Exact /a web:80", "any Exact /c web:80"],
    );
    assert_eq!(told("edge", &apart), [""; 0]);
}

#[test]
fn hosts_that_another_member_takes_are_told_without_naming_who_it_is_elsewhere() {
    let all = |other: &str| {
        let wide = member("shop/wide", FIRST, &["*.example.com Prefix / web:80"]);
        let narrow = ["a.example.com Prefix /a web:80", "b.example.org Prefix / web:80"];
        format!("{wide}{}", member(other, SECOND, &narrow))
    };
    assert_eq!(
        told("edge", &all("shop/a")),
        ["Warning shop/a: all rules for a.example.com, whose requests rules of Ingress shop/wide \
          take before"]
    );
    assert_eq!(
        told("edge", &all("pay/a")),
        ["Warning pay/a: all rules for a.example.com, whose requests rules of another namespace \
          in the group take before"]
    );
}

#[test]
fn a_rule_that_is_met_on_some_port_is_not_told() {
    let ports = "listen-ports: '[{\"HTTP\":80},{\"HTTP\":81}]'";
    let wide = member("shop/wide", FIRST, &["any Prefix / web:80"]);
    let narrow = member("shop/a", &format!("{ports}\n  {SECOND}"), &["any Exact /a web:80"]);
    assert_eq!(told("edge", &format!("{wide}{narrow}")), [""; 0]);
}

#[test]
fn more_than_a_few_rules_are_counted() {
    let paths: Vec<String> = (0..9).map(|n| format!("any Exact /{n} web:80")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let wide = member("shop/wide", FIRST, &["any Prefix / web:80"]);
    let text = format!("{wide}{}", member("shop/a", SECOND, &paths));
    assert_eq!(
        told("edge", &text),
        [
            "Warning shop/a: /0, /1, /2, 6 more, whose requests rules of Ingress shop/wide take before"
        ]
    );
}

#[test]
fn a_member_that_listens_where_all_are_sent_elsewhere_is_told() {
    let https = format!(
        "listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]'\n  ssl-redirect: 443\n  \
         certificate-arn: {CERTIFICATE}"
    );
    let both = member("shop/web", &https, &["any Exact /a web:80"]);
    let http = member("shop/old", SECOND, &["any Exact /b web:80"]);
    assert_eq!(
        told("edge", &format!("{both}{http}")),
        [
            "Warning shop/old: HTTP alone, in a group whose ssl-redirect sends all of HTTP to port 443"
        ]
    );
    assert_eq!(told("edge", &both), [""; 0]);
}

/// A member with a redirect for these requests, and with other rules before.
fn redirecting(path: &str, redirect: &str, before: &[&str]) -> String {
    let action = format!(
        "actions.go: '{{\"type\":\"redirect\",\"redirectConfig\":{{{redirect},\
         \"statusCode\":\"HTTP_302\"}}}}'"
    );
    let path = format!("{path} go:use-annotation");
    let rules: Vec<&str> = before.iter().copied().chain([path.as_str()]).collect();
    member("shop/web", &action, &rules)
}

#[test]
fn redirects_that_lead_back_are_told_where_requests_are_real() {
    let check = |path: &str, redirect: &str, before: &[&str], expected: Option<&str>| {
        let found = told("edge", &redirecting(path, redirect, before));
        let expected = expected
            .map(|what| format!("Warning shop/web: {what}"))
            .into_iter()
            .collect::<Vec<_>>();
        assert_eq!(found, expected, "{path} {redirect}");
    };
    let patterns = "a.example.com ImplementationSpecific /*";
    let home = r#""path":"/home""#;
    check(
        patterns,
        home,
        &[],
        Some("a.example.com /*, whose redirect has no end, as from http://a.example.com/a"),
    );
    // What it leads to is somebody else's.
    check(patterns, home, &["a.example.com Exact /home web:80"], None);
    // It never ends, and never comes to the same place.
    check(
        patterns,
        r#""path":"/more/#{path}""#,
        &[],
        Some("a.example.com /*, whose redirect has no end, as from http://a.example.com/a"),
    );
    // A host that only a wildcard takes may live elsewhere, as may a port where nobody listens.
    let wide = "*.example.com Prefix /";
    check(wide, r#""host":"www.example.com""#, &[], None);
    check(wide, r#""protocol":"HTTPS","port":"443""#, &[], None);
    check(
        wide,
        r#""host":"www.example.com""#,
        &["www.example.com Exact /x web:80"],
        Some("*.example.com /*, whose redirect has no end, as from http://a.example.com/a"),
    );
}

#[test]
fn redirects_of_two_ports_to_each_other_are_told() {
    let both = format!(
        "listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]'\n  ssl-redirect: 443\n  \
         certificate-arn: {CERTIFICATE}"
    );
    let to_http = r#""protocol":"HTTP","port":"80""#;
    let text = redirecting("any Prefix /", to_http, &[]).replacen(
        "actions",
        &format!("{both}\n  actions"),
        1,
    );
    assert_eq!(
        told("edge", &text),
        ["Warning shop/web: /*, whose redirect has no end, as from https://a.example/a"]
    );
}
