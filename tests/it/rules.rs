//! From the rules of an Ingress to those of a listener: LBC's expansion and order.

use albedo::model::problem::Code;
use albedo::model::rule::{Rule, RuleAction};

use super::support::fake::State;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, World, wait};

mod actions;
mod authentication;
mod bad_input;
mod conditions;
mod exposed;
mod reported;
mod rollouts;

const SERVICES: &str = "
service shop/web: {ports: [http=80:8080]}
service shop/api: {ports: [http=80:9090]}
";

/// The calls that it takes to come from one world to another, after AWS has told what stands in
/// another way.
fn calls(before: &str, after: &str, change: impl FnOnce(&mut State)) -> Vec<String> {
    wait(async {
        let site = Site::new(before);
        let controller = site.settle().await;
        site.aws.change(change);
        site.aws.forget_calls();
        controller.cluster.add(after);
        controller.look_again();
        controller.settle().await;
        let calls = site.aws.performed();
        calls.iter().map(|action| action.operation().1.to_owned()).collect()
    })
}

fn world(ingress: &str) -> World {
    World::new(&format!("{SERVICES}{ingress}"))
}

/// The rules of a port: patterns of host and path, and the Service (or the answer).
fn rules_of(world: &World, group: &str, port: u16) -> Vec<String> {
    let built = world.build(group);
    // Which rules are never met is another matter.
    let mut problems = built.problems.iter();
    assert_eq!(problems.find(|problem| problem.code != Code::UnreachableRule), None);
    let front = built.stack.front.unwrap();
    front.listeners[&port].rules.iter().map(|(rule, _)| short(rule)).collect()
}

fn short(rule: &Rule) -> String {
    rule.to_string().replace("target group shop/web-", "")
}

fn check(rules: &[&str], expected: &[&str]) {
    let lines: Vec<String> = rules.iter().map(|rule| format!("\n  - {rule:?}")).collect();
    let world = world(&format!("ingress shop/web:\n  rules:{}", lines.concat()));
    assert_eq!(rules_of(&world, "shop/web", 80), expected, "{rules:?}");
}

#[test]
fn exact_paths_come_first_then_the_longest_prefixes_then_patterns() {
    check(
        &[
            "a.example.com Prefix / web:80",
            "a.example.com ImplementationSpecific /z* api:80",
            "a.example.com Prefix /api/v1 api:80",
            "a.example.com Exact /x api:80",
            "a.example.com Prefix /api web:80",
            "a.example.com Exact /w web:80",
            "a.example.com ImplementationSpecific / web:80",
        ],
        &[
            "a.example.com /x -> api:80",
            "a.example.com /w -> web:80",
            "a.example.com /api/v1|/api/v1/* -> api:80",
            "a.example.com /api|/api/* -> web:80",
            "a.example.com /* -> web:80",
            "a.example.com /z* -> api:80",
            "a.example.com / -> web:80",
        ],
    );
}

#[test]
fn rules_of_several_hosts_stay_as_they_are_written() {
    check(
        &[
            "any Prefix / web:80",
            "a.example.com Exact /x api:80",
            "*.example.com Prefix /y/ api:80",
        ],
        &["/* -> web:80", "a.example.com /x -> api:80", "*.example.com /y|/y/* -> api:80"],
    );
}

#[test]
fn members_follow_each_other_in_the_order_of_the_group() {
    let world = world(
        "
ingress shop/a: {group.name: edge, group.order: 2, rules: [any Exact /a web:80]}
ingress shop/b: {group.name: edge, group.order: 1, rules: [any Exact /b web:80]}
ingress shop/c: {group.name: edge, listen-ports: '[{\"HTTP\":81}]', rules: [any Exact /c web:80]}
",
    );
    let of = |port| rules_of(&world, "edge", port);
    assert_eq!(of(80), ["/b -> target group shop/b-web:80", "/a -> target group shop/a-web:80"]);
    assert_eq!(of(81), ["/c -> target group shop/c-web:80"]);
}

#[test]
fn a_port_by_name_and_by_number_makes_two_target_groups() {
    let world = world("ingress shop/web: {rules: [any Exact /a web:80, any Exact /b web:http]}");
    assert_eq!(rules_of(&world, "shop/web", 80), ["/a -> web:80", "/b -> web:http"]);
    let built = world.build("shop/web");
    assert_eq!(built.stack.target_groups.len(), 2);
}

#[test]
fn a_redirect_to_https_leaves_http_without_rules() {
    let world = world(&format!(
        "ingress shop/web: {{listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', ssl-redirect: 443, \
         certificate-arn: {CERTIFICATE}, rules: [any Exact /a web:80]}}"
    ));
    assert_eq!(rules_of(&world, "shop/web", 80), [""; 0]);
    assert_eq!(rules_of(&world, "shop/web", 443), ["/a -> web:80"]);
    let front = world.build("shop/web").stack.front.unwrap();
    let [RuleAction::Redirect(redirect)] = &front.listeners[&80].listener.default_actions[..]
    else {
        panic!("{front:?}");
    };
    assert_eq!(redirect.port.as_deref(), Some("443"));
    assert_eq!(redirect.status_code, "HTTP_301");
}

#[test]
fn the_default_backend_takes_what_no_rule_takes() {
    let fixed = |world: &World| {
        let front = world.build("shop/web").stack.front.unwrap();
        match &front.listeners[&80].listener.default_actions[..] {
            [RuleAction::FixedResponse { status_code, body, .. }] => {
                format!("{status_code} {}", body.as_deref().unwrap_or_default())
            }
            [RuleAction::Forward { groups, .. }] => groups[0].group.short(),
            other => panic!("{other:?}"),
        }
    };
    let with = |default| world(&format!("ingress shop/web: {{{default}rules: []}}"));
    assert_eq!(fixed(&with("")), "404 ");
    assert_eq!(fixed(&with("default: web:80, ")), "target group shop/web-web:80");
    assert_eq!(fixed(&with("default: gone:80, ")), "503 Backend service does not exist");
}

#[test]
fn a_missing_service_is_answered_with_503_unless_the_flag_says_otherwise() {
    let mut world = world("ingress shop/web: {rules: [any Exact /a gone:80]}");
    let built = world.build("shop/web");
    assert_eq!(built.problems[0].code, Code::InvalidBackend);
    let front = built.stack.front.unwrap();
    assert_eq!(short(&front.listeners[&80].rules[0].0), "/a -> 503");
    assert_eq!(built.stack.target_groups.len(), 0);
    world.settings.tolerate_missing_service = false;
    let built = world.build("shop/web");
    assert_eq!(built.problems[0].code, Code::InvalidBackend);
    assert_eq!(built.stack.front, None);
}

/// The one problem of an Ingress whose rule cannot be.
fn check_refused(rule: &str, code: Code, field: &str, text: &str) {
    let world = world(&format!("ingress shop/web:\n  rules: [{rule:?}]"));
    let [problem] = &world.problems("shop/web")[..] else { panic!("{rule}") };
    assert_eq!((problem.code, problem.field.as_str()), (code, field), "{rule}");
    assert!(problem.to_string().contains(text), "{rule}: {problem}");
    assert_eq!(world.build("shop/web").stack.front, None, "{rule}");
}

#[test]
fn what_cannot_be_a_rule_is_said_with_its_place() {
    let host = |rule, text| check_refused(rule, Code::InvalidRule, "spec.rules[0].host", text);
    host("a_b.example.com Exact /a web:80", "\"a_b.example.com\"");
    host("a.*.com Exact /a web:80", "the first label may be a lone *");
    host("*a.example.com Exact /a web:80", "the first label may be a lone *");
    host("localhost Exact /a web:80", "at least two labels");
    let path = |rule, text| {
        check_refused(rule, Code::InvalidRule, "spec.rules[0].http.paths[0].path", text);
    };
    path("any Exact /a* web:80", "no wildcards");
    path("any Prefix /a? web:80", "no wildcards");
    path("any Prefix /* web:80", "\"/\" of type Prefix");
    path("any Exact /a/* web:80", "\"/a\" of type Prefix");
    path("any Regex /a web:80", "Exact, Prefix, ImplementationSpecific");
    path("any Exact a web:80", "a path from the root");
    path(&format!("any Exact /{} web:80", "a".repeat(128)), "at most 128 characters");
    let lacks = "port 81, which the Service lacks; allowed: a port of the Service: 80 (http)";
    check_refused("any Exact /a web:81", Code::InvalidBackend, "backend shop/web", lacks);
    let lacks = "port metrics, which the Service lacks";
    check_refused("any Exact /a web:metrics", Code::InvalidBackend, "backend shop/web", lacks);
}
