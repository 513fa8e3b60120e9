//! A plan is what is applied: the calls that `albedo plan` lists are those that `albedo run` makes.

use serde_json::{Value, json};

use crate::support::localstack::{Call, is_slow};
use crate::support::objects::{in_group, ingress};
use crate::support::stage::{Stage, until};

/// What a plan says where only AWS can tell.
const UNKNOWN: &str = "known after apply";

/// The values of a call and where they stand, but for what nobody can know beforehand.
fn leaves(place: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                leaves(&format!("{place}.{key}"), value, found);
            }
        }
        // Order within these lists says nothing, so the place does not count.
        Value::Array(items) => items.iter().for_each(|item| leaves(place, item, found)),
        Value::String(text) if text.contains(UNKNOWN) => {}
        Value::Null => {}
        other => found.push((place.to_owned(), other.to_string())),
    }
}

fn known(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    leaves("", value, &mut found);
    found.sort();
    found
}

/// Plans, runs until everything is done, and holds the calls against the plan's steps.
async fn holds(stage: &Stage, is_done: impl AsyncFn() -> bool) {
    let planned = stage.plan_json().calls();
    assert!(!planned.is_empty(), "there is something to do");
    stage.account.forget_calls().await;
    let controller = stage.run(&[]);
    until("the change is carried out", async || is_done().await.then_some(())).await;
    until("every planned call is made", async || {
        (stage.writes().await.len() >= planned.len()).then_some(())
    })
    .await;
    stage.rest().await;
    let mut made: Vec<Call> = stage.writes().await;
    drop(controller);
    let mut fitting = Vec::new();
    for (name, parameters) in &planned {
        let wanted = known(parameters);
        let fits = |call: &Call| {
            let given = known(&call.params);
            call.name() == *name && wanted.iter().all(|leaf| given.contains(leaf))
        };
        let place = made.iter().position(fits);
        let place = place.unwrap_or_else(|| {
            let alike: Vec<&Call> = made.iter().filter(|call| call.name() == *name).collect();
            panic!("planned and not made: {name} {wanted:#?}; made: {alike:#?}")
        });
        let call = made.remove(place);
        assert_eq!(call.status, 200, "{call:?}");
        fitting.push(call);
    }
    // An AWS that still shows what was is told once more.
    made.retain(|call| !is_slow() || !fitting.contains(call));
    assert!(made.is_empty(), "made and not planned: {made:#?}");
}

#[tokio::test]
async fn what_is_planned_is_what_is_called() {
    let stage = Stage::new("applied").await;
    stage.serve(&["a", "b"]).await;
    // Else a path that moves to another Service takes a second call, once that one's pods are well.
    let at_once = json!({"settings": {"elbv2.target-health-seconds": 0}});
    stage.account.ask("POST", "settings", Some(at_once)).await;
    let group = stage.namespace.clone();
    let member = |name, host, path, service| {
        ingress(name, &stage.class, &in_group(&group), &[(host, path, service)])
    };
    let is_there = async || !stage.list("TargetGroupBinding").await.is_empty();
    stage
        .apply(&[
            member("one", "1.example.com", "/", "a"),
            member("two", "2.example.com", "/", "b"),
        ])
        .await;
    holds(&stage, is_there).await;
    // Another path, another Service, and a new member in front.
    stage
        .apply(&[
            member("aa", "0.example.com", "/", "a"),
            member("one", "1.example.com", "/new", "a"),
            member("two", "2.example.com", "/", "a"),
        ])
        .await;
    holds(&stage, is_there).await;
    stage.delete("Ingress", "one").await;
    holds(&stage, async || stage.get("Ingress", "one").await.is_none()).await;
    stage.delete("Ingress", "aa").await;
    stage.delete("Ingress", "two").await;
    holds(&stage, async || stage.list("Ingress").await.is_empty()).await;
}
