//! Who writes when several controllers run: one at a time, and the next where it ends.

use serde_json::Value;

use crate::support::controller::Controller;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// The Lease's name (LBC's).
const LEASE: &str = "aws-load-balancer-controller-leader";

/// Waits until this controller holds the Lease.
async fn leads(stage: &Stage, controller: &Controller) {
    let own = format!("_{}-", controller.pid());
    until("the controller leads", async || {
        let lease = stage.get("Lease", LEASE).await?;
        lease["spec"]["holderIdentity"].as_str().filter(|id| id.contains(&own)).map(drop)
    })
    .await;
}

/// The paths that the rules have, and how many calls have changed anything since they were last
/// counted.
async fn change(stage: &Stage, path: &str) -> Vec<String> {
    stage.account.forget_calls().await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", path, "web")])]).await;
    until("the change lands", async || (!stage.writes().await.is_empty()).then_some(())).await;
    stage.quiet().await;
    stage.written().await
}

#[tokio::test]
async fn a_leader_that_is_told_to_stop_hands_over_at_once() {
    let stage = Stage::new("handover").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let mut first = stage.run_with_lease();
    leads(&stage, &first).await;
    let second = stage.run_with_lease();
    stage.rest().await;
    assert_eq!(State::read(&stage.account).count("load balancers"), 1);
    assert_eq!(change(&stage, "/one").await, ["elbv2.ModifyRule"]);

    stage.account.forget_calls().await;
    assert!(first.terminate().success());
    let lease = stage.get("Lease", LEASE).await.expect("it stays");
    let holder = lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned();
    assert!(!holder.contains(&format!("_{}-", first.pid())), "given back: {holder}");
    leads(&stage, &second).await;
    stage.rest().await;
    assert_eq!(stage.written().await, Vec::<String>::new(), "taking over changes nothing");
    assert_eq!(change(&stage, "/two").await, ["elbv2.ModifyRule"]);
}

#[tokio::test]
async fn a_leader_that_is_killed_is_followed_when_its_lease_is_over() {
    let stage = Stage::new("killed").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let mut first = stage.run_with_lease();
    leads(&stage, &first).await;
    let second = stage.run_with_lease();
    stage.rest().await;
    stage.account.forget_calls().await;
    first.kill();
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/new", "web")])]).await;
    leads(&stage, &second).await;
    stage.rest().await;
    assert_eq!(stage.written().await, ["elbv2.ModifyRule"]);
    let state = State::read(&stage.account);
    let rule: Value = state.all("rules").remove(0);
    assert!(rule.to_string().contains("/new"), "{rule}");
    assert!(second.log().contains("leading"), "{}", second.log());
}
