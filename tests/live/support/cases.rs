//! What becomes of requests while an app is rolled over, case by case.

use serde_json::json;

use super::clients::{Answers, Asked, Clients};
use super::nodes::{NodeSpec, Policy, instance};
use super::rollout::{App, Identity, Rollout};
use super::serving::CHECK;
use super::stage::until;

/// How many requests are answered before anything changes.
const ANSWERS: usize = 100;
/// Of how many calls of AWS one is throttled.
const THROTTLED_EACH: u32 = 5;
/// Nodes that are no instances: nobody asks them.
pub const NODES: [NodeSpec; 2] =
    [NodeSpec { name: "a", instance: None }, NodeSpec { name: "b", instance: None }];
/// How long AWS waits for requests under way to what is deregistered, as the Event HastyPods asks.
const DELAY: (&str, &str) = ("target-group-attributes", "deregistration_delay.timeout_seconds=30");
/// What an Ingress says whose targets are pods.
pub const TO_PODS: [(&str, &str); 2] = [("target-type", "ip"), DELAY];

/// Waits until requests are answered.
pub async fn warm(clients: &Clients) {
    until("requests are answered", async || (clients.so_far().count() > ANSWERS).then_some(()))
        .await;
    assert_eq!(clients.so_far().lost, [].into(), "nothing has changed yet");
}

/// Ends a case, once all that is old is gone: what became of requests.
pub async fn ended(rollout: Rollout, clients: Clients) -> Answers {
    rollout.old_pods_are_gone().await;
    let answers = clients.stop().await;
    println!("{} requests, lost: {:?}", answers.count(), answers.lost);
    rollout.nodes.remove().await;
    answers
}

/// An app is rolled over so often; and the messages of the Events HastyPods before.
pub async fn rolled_over(
    stem: &str,
    app: App,
    (rate, turns): (u32, u32),
) -> (Answers, Vec<String>) {
    let stage = Rollout::stage(stem).await;
    let _controller = stage.run(&[]);
    let mut rollout = Rollout::start(stage, app, (&NODES, "ClusterIP"), &TO_PODS).await;
    let clients = rollout.ask(rate).await;
    warm(&clients).await;
    let told = rollout.stage.events("TargetGroupBinding", &rollout.binding().await).await;
    let hasty = told.into_iter().filter(|(_, reason, _)| reason == "HastyPods");
    let hasty = hasty.map(|(_, _, message)| message).collect();
    for _ in 0..turns {
        rollout.update().await;
        rollout.old_pods_are_gone().await;
    }
    (ended(rollout, clients).await, hasty)
}

/// The same while AWS refuses every fifth call.
pub async fn throttled(app: App, rate: u32) -> Answers {
    let stage = Rollout::stage("throttled").await;
    let _controller = stage.run(&[]);
    let mut rollout = Rollout::start(stage, app, (&NODES, "ClusterIP"), &TO_PODS).await;
    let clients = rollout.ask(rate).await;
    warm(&clients).await;
    let fault = json!({
        "match": "elbv2.*", "every": THROTTLED_EACH, "code": "Throttling",
        "message": "Rate exceeded",
    });
    rollout.stage.account.ask("POST", "faults", Some(fault)).await;
    rollout.update().await;
    ended(rollout, clients).await
}

/// Targets are nodes, one of which gets no more requests and is then drained, as autoscalers do it.
pub async fn drained(app: App, policy: Policy, rate: u32) -> Answers {
    let stage = Rollout::stage("drained").await;
    let _controller = stage.run(&[]);
    let nodes = ["a", "b", "c"].map(|name| NodeSpec { name, instance: Some(instance(&stage)) });
    let chosen = format!("stage={}", stage.namespace);
    let annotations = [("target-type", "instance"), ("target-node-labels", chosen.as_str()), DELAY];
    let service_type = if policy == Policy::Local { "NodePort, Local" } else { "NodePort" };
    let mut rollout = Rollout::start(stage, app, (&nodes, service_type), &annotations).await;
    rollout.answer_at_node_port(&nodes, policy).await;
    let clients = rollout.ask(rate).await;
    warm(&clients).await;
    rollout.nodes.taint(0, "ToBeDeletedByClusterAutoscaler").await;
    rollout.is_no_target(&nodes[0]).await;
    rollout.nodes.drain(0).await;
    rollout.finished().await;
    ended(rollout, clients).await
}

/// What an Ingress says that is served over TLS alone.
fn over_tls(certificate: &str) -> [(&str, &str); 2] {
    [("listen-ports", r#"[{"HTTPS":443}]"#), ("certificate-arn", certificate)]
}

/// Pods that speak gRPC are rolled over so often, with health checks that call gRPC's own service
/// for it.
pub async fn called(app: App, (rate, turns): (u32, u32)) -> Answers {
    let stage = Rollout::stage("called").await;
    let _controller = stage.run(&[]);
    let identity = Identity::new();
    let arn = identity.import(&stage.account);
    let grpc =
        [("backend-protocol-version", "GRPC"), ("healthcheck-path", CHECK), ("success-codes", "0")];
    let annotations = [TO_PODS.as_slice(), &over_tls(&arn), &grpc].concat();
    let mut rollout = Rollout::start(stage, app, (&NODES, "ClusterIP"), &annotations).await;
    let clients = rollout.ask_over_tls(Asked::Call, rate, &identity).await;
    warm(&clients).await;
    for _ in 0..turns {
        rollout.update().await;
        rollout.old_pods_are_gone().await;
    }
    ended(rollout, clients).await
}

/// Pods speak HTTP/1.1 and HTTP/2, and load balancers begin to speak the latter to them.
pub async fn switched(app: App, rate: u32) -> Answers {
    let stage = Rollout::stage("switched").await;
    let _controller = stage.run(&["--replacement-grace=5s"]);
    let identity = Identity::new();
    let arn = identity.import(&stage.account);
    let before = [TO_PODS.as_slice(), &over_tls(&arn)].concat();
    let rollout = Rollout::start(stage, app, (&NODES, "ClusterIP"), &before).await;
    let clients = rollout.ask_over_tls(Asked::Page, rate, &identity).await;
    warm(&clients).await;
    let after = [before.as_slice(), &[("backend-protocol-version", "HTTP2")]].concat();
    rollout.stage.apply(&[Rollout::ingress(&rollout.stage, &after)]).await;
    rollout.speaks("HTTP2").await;
    ended(rollout, clients).await
}
