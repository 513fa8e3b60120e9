//! Two routers that know nothing of each other: the one that rules are tested with here, and the
//! one that LocalStack's load balancers serve by.

use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::rule::{Condition, Rule, RuleAction, Weighted};
use albedo::plan::wire;
use model::first;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use smol_str::SmolStr;

use crate::support::localstack::account;

#[path = "../it/support/router.rs"]
mod model;

const RULE_SETS: usize = 2000;
const HOSTS: [&str; 9] = [
    "a.example.com",
    "*.example.com",
    "*.com",
    "?.example.com",
    "a.*.com",
    "*a*",
    "example.com",
    "b.*",
    "*",
];
const PATHS: [&str; 12] =
    ["/", "/*", "/a", "/a/*", "/a*", "/?", "/a/?", "*/b", "/*/b", "/a/b", "/A", "/a?b"];
const REQUEST_HOSTS: [&str; 7] = [
    "a.example.com",
    "b.example.com",
    "ab.example.com",
    "example.com",
    "a.b.com",
    "b.org",
    "a.a.example.com",
];
const REQUEST_PATHS: [&str; 10] =
    ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c", "/b", "/A", "/a//b", "/x/b"];

fn patterns(all: &'static [&'static str]) -> impl Strategy<Value = Option<Vec<SmolStr>>> {
    let some = prop::sample::subsequence(all, 1..=3);
    let owned = |some: Vec<&str>| some.into_iter().map(SmolStr::new).collect();
    prop::option::weighted(0.7, some.prop_map(owned))
}

fn rule() -> impl Strategy<Value = Rule> {
    let group = Id::Is(AwsId::new("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/1"));
    (patterns(&HOSTS), patterns(&PATHS)).prop_map(move |(hosts, paths)| {
        let hosts = hosts.map(Condition::Host);
        let conditions: Vec<Condition> =
            hosts.into_iter().chain(paths.map(Condition::Path)).collect();
        // AWS knows no rule without a condition.
        let any = || vec![Condition::Path(vec!["/*".into()])];
        let groups = vec![Weighted { group: group.clone(), weight: None }];
        Rule {
            conditions: if conditions.is_empty() { any() } else { conditions },
            actions: vec![RuleAction::Forward { groups, stickiness: None }],
            transforms: Vec::new(),
        }
    })
}

/// A rule as DescribeRules tells it.
fn told((place, rule): (usize, &Rule)) -> Value {
    let priority = u32::try_from(place + 1).expect("there are few");
    let listener = Id::Is(AwsId::new("listener"));
    let action = AwsAction::Elb(ElbAction::CreateRule {
        listener,
        priority,
        spec: rule.clone(),
        tags: Tags::new(),
    });
    let mut told = wire::parameters(&Action::Aws(action));
    told["Priority"] = priority.to_string().into();
    told
}

#[tokio::test]
async fn both_routers_send_every_request_to_the_same_rule() {
    let account = account();
    let mut runner = TestRunner::deterministic();
    let rules = prop::collection::vec(rule(), 1..7);
    let requests: Vec<(&str, &str)> = REQUEST_HOSTS
        .into_iter()
        .flat_map(|host| REQUEST_PATHS.into_iter().map(move |path| (host, path)))
        .collect();
    let asked: Vec<Value> = requests
        .iter()
        .map(|(host, path)| json!({"Url": format!("http://{host}{path}"), "Method": "GET"}))
        .collect();
    let mut taken = 0;
    for _ in 0..RULE_SETS {
        let rules = rules.new_tree(&mut runner).expect("nothing is filtered").current();
        let told: Vec<Value> = rules.iter().enumerate().map(told).collect();
        let body = json!({"Rules": told, "Requests": asked});
        let answer = account.ask("POST", "route", Some(body)).await;
        let routes = answer["Routes"].as_array().expect("it is a list");
        for ((host, path), route) in requests.iter().zip(routes) {
            let ours = first(&rules, host, path);
            assert_eq!(json!(ours), *route, "{host} {path} by {rules:#?}");
            taken += usize::from(ours.is_some());
        }
    }
    assert!(taken > RULE_SETS * 10, "only {taken} requests were taken by a rule");
}
