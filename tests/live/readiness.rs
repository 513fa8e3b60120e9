//! Readiness gates, on a real API server, of pods that answer health checks of the data plane.

use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::objects::{IP, endpoints, ingress, pod, service};
use crate::support::stage::{Deadline, Stage, until};
use crate::support::state::text;

/// How long after AWS says that a target is well its pod's gate may open.
const OPENS_WITHIN: Duration = Duration::from_secs(3);
/// What a pod answers to whoever asks, health checks included.
const ANSWER: &str = "well";

/// A pod with this address begins to answer, for as long as the set is there.
async fn answer(pods: &mut JoinSet<()>, address: &str) {
    let (_, rest) = address.split_once('.').expect("it is IPv4");
    let reached: IpAddr = format!("127.{rest}").parse().expect("it is an address");
    let app = Router::new().fallback(async || ANSWER);
    let listener = TcpListener::bind((reached, 8080)).await.expect("the port is free");
    pods.spawn(async move {
        let _ = axum::serve(listener, app).await;
    });
}

/// The objects of an app whose second pod, on this node, has a gate, and is as a kubelet leaves it
/// until that opens: its containers are ready, and it is not.
fn gated(app: &Value, addresses: &[String], (node, binding): (&str, &str)) -> Vec<Value> {
    let mut objects = endpoints(app, addresses);
    objects[1]["spec"]["nodeName"] = node.into();
    let kind = format!("target-health.elbv2.k8s.aws/{binding}");
    objects[1]["spec"]["readinessGates"] = json!([{"conditionType": kind}]);
    objects[1]["status"]["conditions"] = json!([
        {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady"},
        {"type": "ContainersReady", "status": "True"},
    ]);
    objects[2]["endpoints"][1]["conditions"]["ready"] = false.into();
    objects
}

/// A node that is ready: only there a pod that is not may be waiting for its gates alone.
fn ready_node(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// The condition of a pod's gate.
async fn condition(stage: &Stage, pod: &str) -> Option<Value> {
    let found = stage.get("Pod", pod).await?;
    let conditions = found["status"]["conditions"].as_array()?.clone();
    let is_gate = |condition: &Value| text(condition, "type").starts_with("target-health.");
    conditions.into_iter().find(is_gate)
}

/// The states of all targets.
fn health(stage: &Stage) -> Vec<(String, String)> {
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    let groups = groups["TargetGroups"].as_array().cloned().unwrap_or_default();
    let each = groups.iter().flat_map(|group| {
        let of = json!({"TargetGroupArn": group["TargetGroupArn"]});
        let health = stage.account.call("elbv2", "DescribeTargetHealth", &of);
        health["TargetHealthDescriptions"].as_array().cloned().unwrap_or_default()
    });
    each.map(|found| (text(&found["Target"], "Id"), text(&found["TargetHealth"], "State")))
        .collect()
}

#[tokio::test]
async fn a_gate_opens_once_the_target_answers() {
    let stage = Stage::new("gated").await;
    let real = json!({"settings": {"elbv2.real-health-checks": 1, "elbv2.health-check-speed": 10}});
    stage.account.ask("POST", "settings", Some(real)).await;
    let addresses = &stage.ground.addresses[204..206];
    let mut pods = JoinSet::new();
    answer(&mut pods, &addresses[0]).await;
    let web = service("web");
    stage.apply(&endpoints(&web, &addresses[..1])).await;
    stage.apply(std::slice::from_ref(&web)).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("g.example.com", "/", "web")])]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    let bindings = stage.list("TargetGroupBinding").await;
    let binding = text(&bindings[0]["metadata"], "name");
    let node = format!("{}-n", stage.namespace);
    stage.apply(&[ready_node(&node)]).await;
    stage.apply(&gated(&web, addresses, (&node, &binding))).await;
    let name = pod("web", &addresses[1]);
    let told = until("it is told", async || condition(&stage, &name).await).await;
    assert_eq!(text(&told, "status"), "False");
    until("it fails its checks", async || {
        let told = condition(&stage, &name).await?;
        (told["reason"] == "Target.FailedHealthChecks").then_some(())
    })
    .await;
    let told = condition(&stage, &name).await.expect("it is told");
    assert_eq!((text(&told, "status"), text(&told, "message").is_empty()), ("False".into(), false));

    answer(&mut pods, &addresses[1]).await;
    let is_well = |(id, state): &(String, String)| *id == addresses[1] && state == "healthy";
    until("it is well", async || health(&stage).iter().any(is_well).then_some(())).await;
    let since = Deadline::new();
    until("the gate opens", async || {
        (condition(&stage, &name).await?["status"] == "True").then_some(())
    })
    .await;
    assert!(since.elapsed() < OPENS_WITHIN, "{:?}", since.elapsed());
    let found = stage.get("Pod", &name).await.expect("it is there");
    let conditions = found["status"]["conditions"].as_array().expect("it has some");
    assert_eq!(conditions.len(), 3, "those of others stay: {conditions:?}");

    stage.account.forget_calls().await;
    albedo::clock::sleep(2 * OPENS_WITHIN).await;
    let counts = stage.account.counts().await;
    assert_eq!(counts.get("elbv2.DescribeTargetHealth"), None, "{counts:?}");
    stage.delete("Node", &node).await;
}

#[tokio::test]
async fn a_health_check_asks_what_the_kubelet_asks_with_what_kubernetes_fills_in() {
    let stage = Stage::new("probed").await;
    let mut web = service("web");
    web["metadata"]["annotations"] =
        json!({"alb.ingress.k8s.aws/healthcheck-from-readiness-probe": "true"});
    let mut objects = endpoints(&web, &stage.ground.addresses[208..209]);
    objects[0]["spec"]["containers"][0]["ports"] = json!([{"name": "web", "containerPort": 8080}]);
    let probe = json!({"httpGet": {"path": "/ready", "port": "web"}, "failureThreshold": 4});
    objects[0]["spec"]["containers"][0]["readinessProbe"] = probe;
    stage.apply(&objects).await;
    stage.apply(&[web]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("p.example.com", "/", "web")])]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    let group = &groups["TargetGroups"][0];
    let told = ["Port", "Path", "IntervalSeconds", "TimeoutSeconds"]
        .map(|field| group[format!("HealthCheck{field}")].clone());
    assert_eq!(told, [json!("traffic-port"), json!("/ready"), json!(10), json!(2)], "{group}");
    assert_eq!(group["Matcher"]["HttpCode"], "200-399");
    assert_eq!(
        (&group["HealthyThresholdCount"], &group["UnhealthyThresholdCount"]),
        (&json!(2), &json!(4))
    );
}
