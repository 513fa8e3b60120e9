//! A service of AWS that is out holds up nothing that does not need it.

use serde_json::json;

use crate::support::objects::{IP, endpoints, ingress, service};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// Nothing of a service is answered but errors, from now on.
async fn out(stage: &Stage, service: &str) {
    let fault = json!({
        "match": format!("{service}.*"), "status": 500, "code": "InternalFailure", "message": "out",
    });
    stage.account.ask("POST", "faults", Some(fault)).await;
}

/// Everything is answered again.
async fn mended(stage: &Stage) {
    stage.account.ask("DELETE", "faults", None).await;
}

#[tokio::test]
async fn names_and_certificates_that_cannot_be_read_at_the_start_hold_up_no_load_balancer() {
    let stage = Stage::new("outage").await;
    stage.serve(&["web", "two"]).await;
    out(&stage, "route53").await;
    out(&stage, "acm").await;
    let _controller = stage.run(&["--dns", "--tls-secrets"]);
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    until("a rule leads to registered targets", async || {
        let written = stage.written().await;
        let is_done = |name: &str| written.iter().any(|call| call == name);
        (is_done("elbv2.RegisterTargets") && is_done("elbv2.CreateRule")).then_some(())
    })
    .await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/new", "web")])]).await;
    until("the path has changed", async || {
        let written = stage.written().await;
        written.iter().any(|call| call == "elbv2.ModifyRule").then_some(())
    })
    .await;
    mended(&stage).await;
    stage.rest().await;
    assert_eq!(State::read(&stage.account).count("load balancers"), 1);
}

#[tokio::test]
async fn an_endpoint_is_registered_while_interfaces_cannot_be_read() {
    let stage = Stage::new("outage-ec2").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let mut controller = stage.run(&[]);
    stage.rest().await;
    controller.kill();
    let fault = json!({
        "match": "ec2.DescribeNetworkInterfaces", "code": "RequestLimitExceeded", "message": "out",
    });
    stage.account.ask("POST", "faults", Some(fault)).await;
    stage.account.forget_calls().await;
    let _controller = stage.run(&[]);
    let addresses = &stage.ground.addresses[..3];
    stage.apply(&endpoints(&service("web"), addresses)).await;
    until("the endpoint is registered", async || {
        let written = stage.written().await;
        written.iter().any(|call| call == "elbv2.RegisterTargets").then_some(())
    })
    .await;
}
