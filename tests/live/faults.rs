//! What AWS refuses, loses or delays, and a process that dies: the end is the same, and nothing
//! leaks.

use serde_json::{Value, json};

use crate::life::{gone, nothing_is_left};
use crate::support::objects::{in_group, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

mod rules;

/// A group of two Ingresses over two Services.
async fn apply_group(stage: &Stage) {
    stage.serve(&["a", "b"]).await;
    let group = stage.namespace.clone();
    let member = |name, host, service| {
        ingress(name, &stage.class, &in_group(&group), &[(host, "/", service)])
    };
    stage.apply(&[member("one", "1.example.com", "a"), member("two", "2.example.com", "b")]).await;
}

/// All that the group leads to stands, once: at rest the plan is empty, so what stands is what is
/// wished for.
fn stands_once(state: &State) {
    let kinds = ["load balancers", "listeners", "rules", "target groups"];
    assert_eq!(kinds.map(|kind| state.count(kind)), [1, 1, 2, 2], "{:#}", state.value);
    // The VPC's own, the nodes', the frontend's and the backend's.
    assert_eq!(state.count("security groups"), 4, "{:#}", state.value);
    let all = state.all("target groups");
    let targets = all.iter().map(|group| group["Targets"].as_array().map_or(0, Vec::len));
    assert_eq!(targets.collect::<Vec<_>>(), [2, 2], "{:#}", state.value);
}

async fn fault(stage: &Stage, fault: Value) {
    stage.account.ask("POST", "faults", Some(fault)).await;
}

/// Creates a group and deletes it with these faults in the way.
async fn survives(name: &str, faults: &[Value]) {
    let stage = Stage::new(name).await;
    for one in faults {
        fault(&stage, one.clone()).await;
    }
    let _controller = stage.run(&[]);
    apply_group(&stage).await;
    stage.rest().await;
    stands_once(&State::read(&stage.account));
    stage.delete("Ingress", "one").await;
    stage.delete("Ingress", "two").await;
    gone(&stage, "one").await;
    gone(&stage, "two").await;
    nothing_is_left(&stage).await;
    let seen = stage.account.ask("GET", "faults", None).await;
    let faults_seen = seen.as_array().expect("it is a list");
    assert_eq!(faults_seen.len(), faults.len(), "{seen:#}");
    for one in faults_seen {
        let hit = one["hit"].as_u64().expect("LocalStack counts");
        assert!(hit > 0, "it never struck: {one:#}");
    }
}

#[tokio::test]
async fn throttled_creations_are_repeated() {
    let throttled = |operation: &str| {
        let (code, message) = ("Throttling", "Rate exceeded");
        json!({"match": operation, "times": 2, "code": code, "message": message})
    };
    survives(
        "throttled",
        &[
            throttled("elbv2.CreateRule"),
            throttled("elbv2.CreateTargetGroup"),
            throttled("ec2.Create*"),
        ],
    )
    .await;
}

#[tokio::test]
async fn creations_whose_answer_is_lost_are_found_again() {
    let lost =
        |operation: &str| json!({"match": operation, "times": 1, "after": true, "drop": true});
    survives(
        "lost",
        &[
            lost("elbv2.CreateLoadBalancer"),
            lost("elbv2.CreateTargetGroup"),
            lost("elbv2.CreateListener"),
            lost("elbv2.CreateRule"),
            lost("ec2.CreateSecurityGroup"),
            lost("ec2.AuthorizeSecurityGroupIngress"),
            lost("elbv2.RegisterTargets"),
        ],
    )
    .await;
}

#[tokio::test]
async fn deletions_that_fail_or_whose_answer_is_lost_come_to_their_end() {
    let lost =
        |operation: &str| json!({"match": operation, "times": 1, "after": true, "drop": true});
    let refused = |operation: &str, code: &str| {
        let message = "not yet";
        json!({"match": operation, "times": 2, "code": code, "message": message})
    };
    survives(
        "deletions",
        &[
            lost("elbv2.DeleteLoadBalancer"),
            refused("elbv2.DeleteTargetGroup", "ResourceInUse"),
            refused("ec2.DeleteSecurityGroup", "DependencyViolation"),
            lost("ec2.RevokeSecurityGroupIngress"),
        ],
    )
    .await;
}

#[tokio::test]
async fn errors_of_awss_own_are_waited_out() {
    let broken = |operation: &str| {
        let (code, status) = ("InternalFailure", 500);
        json!({"match": operation, "times": 1, "code": code, "status": status})
    };
    survives(
        "broken",
        &[
            broken("elbv2.CreateLoadBalancer"),
            broken("elbv2.RegisterTargets"),
            broken("elbv2.DescribeTags"),
            broken("ec2.DescribeSecurityGroups"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_process_killed_in_the_middle_of_a_creation_leaves_nothing_twice() {
    let stage = Stage::new("middle").await;
    // So that there is a middle to be killed in.
    fault(&stage, json!({"match": "elbv2.Create*", "latency": 0.2})).await;
    fault(&stage, json!({"match": "ec2.Create*", "latency": 0.2})).await;
    apply_group(&stage).await;
    for calls in [1, 3, 5, 7] {
        let mut controller = stage.run(&[]);
        until("some calls are made", async || (stage.writes().await.len() >= calls).then_some(()))
            .await;
        controller.kill();
    }
    let _controller = stage.run(&[]);
    stage.rest().await;
    stands_once(&State::read(&stage.account));
    let repeated: Vec<String> = stage
        .writes()
        .await
        .iter()
        .filter(|call| call.status != 200)
        .map(|call| format!("{} {:?}", call.name(), call.error))
        .collect();
    assert!(repeated.len() <= 4, "at most one a death: {repeated:?}");
}
