//! Two routers that know nothing of each other: the product's, and the one that LocalStack's load
//! balancers serve by.

use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::rule::{Request, Rule, RuleAction, Weighted, route};
use albedo::plan::wire;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::localstack::account;

#[path = "../it/support/conditions.rs"]
mod conditions;

const RULE_SETS: usize = 250;
const REQUESTS: usize = 60;

/// A rule as DescribeRules tells it.
fn told((place, rule): (usize, &Rule)) -> Value {
    let priority = u32::try_from(place + 1).expect("there are few");
    let group = Id::Is(AwsId::new("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/1"));
    let groups = vec![Weighted { group, weight: None }];
    let actions = vec![RuleAction::Forward { groups, stickiness: None }];
    let action = AwsAction::Elb(ElbAction::CreateRule {
        listener: Id::Is(AwsId::new("listener")),
        priority,
        spec: Rule { actions, ..rule.clone() },
        tags: Tags::new(),
    });
    let mut told = wire::parameters(&Action::Aws(action));
    told["Priority"] = priority.to_string().into();
    told
}

/// A request as LocalStack is asked about it.
fn asked(request: &Request) -> Value {
    let query = if request.query.is_empty() { "" } else { "?" };
    json!({
        "Url": format!("http://{}{}{query}{}", request.host, request.path, request.query),
        "Method": request.method,
        "Headers": request.headers,
        "Source": request.source,
    })
}

/// A seed of this run, or the one that is asked for.
fn seed() -> u64 {
    let given = std::env::var("SEED").ok();
    let given = given.map(|text| text.parse().expect("SEED is a number"));
    given.unwrap_or_else(|| {
        let elapsed = std::time::UNIX_EPOCH.elapsed().expect("it is later than 1970");
        elapsed.as_secs()
    })
}

#[tokio::test]
async fn both_routers_send_every_request_to_the_same_rule() {
    let account = account();
    let seed = seed();
    println!("SEED={seed} tries the same again");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let rules = prop::collection::vec(conditions::rule(), 1..9);
    let requests = prop::collection::vec(conditions::request(), REQUESTS);
    let mut taken = 0;
    for _ in 0..RULE_SETS {
        let rules = rules.new_tree(&mut runner).expect("nothing is filtered").current();
        let requests = requests.new_tree(&mut runner).expect("nothing is filtered").current();
        let body = json!({
            "Rules": rules.iter().enumerate().map(told).collect::<Vec<Value>>(),
            "Requests": requests.iter().map(asked).collect::<Vec<Value>>(),
        });
        let answer = account.ask("POST", "route", Some(body)).await;
        let routes = answer["Routes"].as_array().expect("it is a list");
        assert_eq!(routes.len(), requests.len());
        for (request, other) in requests.iter().zip(routes) {
            let ours = route(&rules, request);
            assert_eq!(json!(ours.taken), *other, "{request:?} by {rules:#?}");
            assert!(ours.is_sure(), "{ours:#?}");
            taken += usize::from(ours.taken.is_some());
        }
    }
    assert!(taken > RULE_SETS * REQUESTS / 5, "only {taken} requests were taken by a rule");
}
