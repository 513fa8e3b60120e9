//! Tools that roll an app out write the weights of an action many times a minute.

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::rule::{Rule, RuleAction};

use super::super::support::fake::Fake;
use super::super::support::site::{Controller, Site};
use super::super::support::world::wait;

/// The action of a canary.
fn canary(weight: i32) -> String {
    let rest = 100 - weight;
    format!(
        r#"{{"type":"forward","forwardConfig":{{"targetGroups":[
            {{"serviceName":"web","servicePort":80,"weight":{rest}}},
            {{"serviceName":"canary","servicePort":80,"weight":{weight}}}]}}}}"#
    )
}

/// An Ingress with three paths that have this action on two ports, and another with one.
fn sketch(weight: i32) -> String {
    let action = canary(weight);
    let paths = ["/a", "/b", "/c"].map(|path| format!("any Exact {path} roll:use-annotation"));
    format!(
        "service shop/web: {{ports: [80:8080]}}
service shop/canary: {{ports: [80:8080]}}
ingress shop/web: {{group.name: g, listen-ports: '[{{\"HTTP\":80}},{{\"HTTP\":8080}}]',
  rules: [{}], actions.roll: '{action}'}}
ingress shop/other: {{group.name: g, rules: [o.example.com Exact / roll:use-annotation],
  actions.roll: '{}'}}
",
        paths.join(", "),
        canary(10)
    )
}

/// A member whose rule AWS refuses each time.
const BROKEN: &str = r#"
ingress shop/broken: {group.name: g, rules: [b.example.com Exact / gone:use-annotation],
  actions.gone: '{"type":"forward","targetGroupARN":
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/gone/0123456789abcdef"}'}
"#;

/// The weight of the canary in each rule of an Ingress that AWS holds.
fn weights(site: &Site, is_meant: impl Fn(&Rule) -> bool) -> Vec<i32> {
    let state = site.aws.everything();
    let rules = state.rules.values().map(|standing| &standing.rule).filter(|rule| is_meant(rule));
    let weight = |rule: &Rule| match &rule.actions[..] {
        [RuleAction::Forward { groups, .. }] => groups.iter().filter_map(|each| each.weight).min(),
        _ => None,
    };
    rules.filter_map(weight).collect()
}

fn is_of_web(rule: &Rule) -> bool {
    let text = rule.to_string();
    ["/a ", "/b ", "/c "].iter().any(|path| text.contains(path))
}

/// Writes a weight. Within a second it holds in each rule, with a call for each and no other write.
async fn roll(site: &Site, controller: &Controller<Fake>, weight: i32) {
    site.aws.forget_calls();
    controller.cluster.add(&sketch(weight));
    controller.settle_for(1).await;
    assert_eq!(weights(site, is_of_web), [weight; 6]);
    let performed = site.aws.performed();
    let is_change =
        |action: &AwsAction| matches!(action, AwsAction::Elb(ElbAction::ModifyRule { .. }));
    assert!(performed.len() == 6 && performed.iter().all(is_change), "{performed:?}");
}

#[test]
fn a_weight_is_one_call_a_rule_and_listener_and_nothing_is_read() {
    wait(async {
        let site = Site::new(&sketch(1));
        let controller = site.settle().await;
        for weight in [2, 5, 20, 50] {
            roll(&site, &controller, weight).await;
            assert_eq!(site.aws.reads(), 0, "{:?}", site.aws.calls());
        }
    });
}

#[test]
fn a_sibling_whose_rule_is_refused_holds_no_weight_up() {
    wait(async {
        let site = Site::new(&format!("{}{BROKEN}", sketch(1)));
        let controller = site.start();
        // Long enough for the refused rule to be tried rarely.
        controller.settle_for(600).await;
        assert_eq!(weights(&site, is_of_web), [1; 6]);
        for weight in [2, 5, 20, 50] {
            roll(&site, &controller, weight).await;
        }
    });
}
