//! Targets that are nodes, on a real API server that gives Services their node ports.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::nodes::instance;
use crate::support::objects;
use crate::support::stage::{Stage, until};
use crate::support::state::text;

/// How long a node that is about to go may stay a target: all that is between is a watch and a
/// call.
const LEAVES_WITHIN: SignedDuration = SignedDuration::from_secs(3);

/// A node that no other test's Ingress chooses.
fn node(stage: &Stage, name: &str, instance: &str, taints: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": format!("{}-{name}", stage.namespace), "labels": {"stage": stage.namespace},
        },
        "spec": {"providerID": format!("aws:///us-east-1a/{instance}"), "taints": taints},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// What is registered and does not drain, in order.
fn registered(stage: &Stage) -> Vec<(String, u64)> {
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    let groups = groups["TargetGroups"].as_array().cloned().unwrap_or_default();
    let each = groups.iter().flat_map(|group| {
        let of = json!({"TargetGroupArn": group["TargetGroupArn"]});
        let health = stage.account.call("elbv2", "DescribeTargetHealth", &of);
        health["TargetHealthDescriptions"].as_array().cloned().unwrap_or_default()
    });
    let standing = each.filter(|found| found["TargetHealth"]["State"] != "draining");
    let target = |found: Value| {
        let port = found["Target"]["Port"].as_u64();
        (text(&found["Target"], "Id"), port.expect("it has a port"))
    };
    let mut standing: Vec<(String, u64)> = standing.map(target).collect();
    standing.sort();
    standing
}

/// The ports that the nodes' security group lets anybody in at.
fn opened(stage: &Stage) -> Vec<u64> {
    let of = json!({"GroupIds": [stage.ground.nodes]});
    let found = stage.account.call("ec2", "DescribeSecurityGroups", &of);
    let rules = found["SecurityGroups"][0]["IpPermissions"].as_array().cloned();
    rules.into_iter().flatten().filter_map(|rule| rule["FromPort"].as_u64()).collect()
}

#[tokio::test]
async fn nodes_are_registered_reached_and_let_go() {
    let stage = Stage::new("by-nodes").await;
    let mut ids = [instance(&stage).0, instance(&stage).0];
    ids.sort();
    for (name, id) in ["a", "b"].iter().zip(&ids) {
        stage.apply(&[node(&stage, name, id, &json!([]))]).await;
    }
    let mut service = objects::service("web");
    service["spec"]["type"] = "NodePort".into();
    stage.apply(&[service]).await;
    let service = stage.get("Service", "web").await.expect("it was made");
    let port = service["spec"]["ports"][0]["nodePort"].as_u64().expect("the API server gave one");
    let chosen = format!("stage={}", stage.namespace);
    let rules = [("n.example.com", "/", "web")];
    let annotations = [("target-node-labels", chosen.as_str())];
    let ingress = objects::ingress("web", &stage.class, &annotations, &rules);
    let _controller = stage.run(&[]);
    stage.apply(&[ingress]).await;
    stage.rest().await;
    let both = [(ids[0].clone(), port), (ids[1].clone(), port)];
    assert_eq!(registered(&stage), both);
    assert_eq!(opened(&stage), [port]);
    assert_eq!(stage.plan_json().steps().len(), 0);

    // Somebody is about to take one away.
    let taints = json!([{"key": "karpenter.sh/disrupted", "effect": "NoSchedule"}]);
    let since = albedo::clock::now();
    stage.apply(&[node(&stage, "a", &ids[0], &taints)]).await;
    until("it is a target no more", async || (registered(&stage) == both[1..]).then_some(())).await;
    let took = albedo::clock::now().duration_since(since);
    assert!(took < LEAVES_WITHIN, "{took:?}");
    assert_eq!(opened(&stage), [port]);

    stage.delete("Ingress", "web").await;
    until("it is gone", async || stage.get("Ingress", "web").await.is_none().then_some(())).await;
    stage.rest().await;
    assert_eq!((registered(&stage), opened(&stage)), (Vec::new(), Vec::new()));
    for name in ["a", "b"] {
        stage.delete("Node", &format!("{}-{name}", stage.namespace)).await;
    }
}
