//! What is served stays served while AWS refuses what is to take its place.

use serde_json::{Value, json};

use crate::support::localstack::Call;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// A stage at rest with one Ingress that serves one path.
async fn serving(name: &str) -> Stage {
    let stage = Stage::new(name).await;
    stage.serve(&["web", "xnew"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    stage
}

fn with(stage: &Stage, annotations: &[(&str, &str)]) -> Value {
    let annotations: Vec<(&str, &str)> = IP.iter().chain(annotations).copied().collect();
    ingress("web", &stage.class, &annotations, &[("a.example.com", "/", "web")])
}

/// Waits until AWS has refused an operation so often, and gives all writes.
async fn refused(stage: &Stage, operation: &str, times: usize) -> Vec<String> {
    until(&format!("{operation} is refused"), async || {
        let writes = stage.writes().await;
        let refused = writes.iter().filter(|call| call.name() == operation && call.status != 200);
        (refused.count() >= times).then_some(())
    })
    .await;
    let writes = stage.writes().await;
    writes.iter().filter(|call| call.status == 200).map(Call::name).collect()
}

#[tokio::test]
async fn a_sixty_first_source_leaves_the_one_that_stands() {
    let stage = serving("order-sources").await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.forget_calls().await;
    let cidrs: Vec<String> = (0..61).map(|n| format!("10.0.0.{n}/32")).collect();
    stage.apply(&[with(&stage, &[("inbound-cidrs", &cidrs.join(","))])]).await;
    let done = refused(&stage, "ec2.AuthorizeSecurityGroupIngress", 2).await;
    assert_eq!(done, [""; 0]);
    let events = stage.events("Ingress", "web").await;
    assert!(events.iter().any(|(kind, ..)| kind == "Warning"), "{events:?}");
    // One fewer fits, though not beside what stands.
    stage.apply(&[with(&stage, &[("inbound-cidrs", &cidrs[..60].join(","))])]).await;
    stage.rest().await;
}

#[tokio::test]
async fn a_certificate_that_is_refused_keeps_the_listener_without_one() {
    let stage = serving("order-listener").await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.forget_calls().await;
    let ports = r#"[{"HTTPS":443}]"#;
    let certificate = "arn:aws:acm:us-east-1:000000000000:certificate/none";
    let changed = with(&stage, &[("listen-ports", ports), ("certificate-arn", certificate)]);
    let fault = json!({"match": "elbv2.CreateListener", "times": 2,
        "code": "CertificateNotFound", "message": "no such certificate"});
    stage.account.ask("POST", "faults", Some(fault)).await;
    stage.apply(&[changed]).await;
    let done = refused(&stage, "elbv2.CreateListener", 2).await;
    assert!(!done.iter().any(|call| call == "elbv2.DeleteListener"), "{done:?}");
    assert!(!done.iter().any(|call| call == "ec2.RevokeSecurityGroupIngress"), "{done:?}");
}

#[tokio::test]
async fn a_full_group_of_nodes_keeps_what_it_lets_in() {
    let stage = serving("order-nodes").await;
    for port in 1..60 {
        let permission = json!([{"IpProtocol": "tcp", "FromPort": port, "ToPort": port,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]);
        let call = json!({"GroupId": stage.ground.nodes, "IpPermissions": permission});
        stage.account.call("ec2", "AuthorizeSecurityGroupIngress", &call);
    }
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.forget_calls().await;
    let checked = with(&stage, &[("healthcheck-port", "9090")]);
    stage.apply(&[checked]).await;
    let done = refused(&stage, "ec2.AuthorizeSecurityGroupIngress", 2).await;
    assert!(!done.iter().any(|call| call == "ec2.RevokeSecurityGroupIngress"), "{done:?}");
}

#[tokio::test]
async fn a_rule_that_is_refused_keeps_its_predecessor() {
    let stage = Stage::new("order-rule").await;
    stage.serve(&["web", "xnew"]).await;
    let rules = |paths: &[(&'static str, &'static str)]| {
        let rules: Vec<(&str, &str, &str)> =
            paths.iter().map(|(path, service)| ("a.example.com", *path, *service)).collect();
        ingress("web", &stage.class, &IP, &rules)
    };
    stage.apply(&[rules(&[("/x", "web"), ("/a", "web")])]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    stage.account.forget_calls().await;
    let fault = json!({"match": "elbv2.CreateRule", "times": 4,
        "code": "ValidationError", "message": "no"});
    stage.account.ask("POST", "faults", Some(fault)).await;
    stage.apply(&[rules(&[("/n", "web"), ("/x", "web"), ("/a", "xnew")])]).await;
    let done = refused(&stage, "elbv2.CreateRule", 4).await;
    let first = done.iter().position(|call| call == "elbv2.DeleteRule");
    let last = done.iter().rposition(|call| call == "elbv2.CreateRule");
    assert!(first.is_none_or(|first| last.is_some_and(|last| last < first)), "{done:?}");
    stage.rest().await;
    assert_eq!(State::read(&stage.account).count("rules"), 3);
}
