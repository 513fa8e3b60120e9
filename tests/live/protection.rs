//! Web ACLs and Shield Advanced, with the rights of `iam/policy.json`.

use serde_json::{Value, json};

use crate::support::localstack::of_accounts;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// A stage whose account has the web ACLs `one` and `two` and is subscribed to Shield Advanced.
async fn stage(name: &str) -> (Stage, [String; 2]) {
    let stage = Stage::new(name).await;
    stage.serve(&["web"]).await;
    let web_acls = ["one", "two"].map(|name| {
        let metric = json!({"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false,
            "MetricName": name});
        let made = stage.account.call(
            "wafv2",
            "CreateWebACL",
            &json!({"Name": name,
            "Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": metric}),
        );
        made["Summary"]["ARN"].as_str().expect("it has an ARN").to_owned()
    });
    stage.account.call("shield", "CreateSubscription", &json!({}));
    (stage, web_acls)
}

fn web(stage: &Stage, annotations: &[(&str, &str)], paths: &[&'static str]) -> Value {
    let annotations: Vec<(&str, &str)> = IP.iter().chain(annotations).copied().collect();
    let rules: Vec<_> = paths.iter().map(|path| ("a.example.com", *path, "web")).collect();
    ingress("web", &stage.class, &annotations, &rules)
}

/// The web ACL and the name of the protection of the one load balancer.
fn guards(stage: &Stage) -> (Option<String>, Option<String>) {
    let account = &stage.account;
    let found = account.call("elbv2", "DescribeLoadBalancers", &json!({}));
    let Some(arn) = found["LoadBalancers"][0]["LoadBalancerArn"].as_str() else {
        return (None, None);
    };
    let found = account.call("wafv2", "GetWebACLForResource", &json!({"ResourceArn": arn}));
    let acl = found["WebACL"]["ARN"].as_str().map(str::to_owned);
    let all = account.call("shield", "ListProtections", &json!({}));
    let mut all = all["Protections"].as_array().into_iter().flatten();
    let own = all.find(|found| found["ResourceArn"] == arn);
    (acl, own.and_then(|found| found["Name"].as_str()).map(str::to_owned))
}

async fn until_guards(stage: &Stage, acl: Option<&str>, shield: Option<&str>) {
    until(&format!("the web ACL is {acl:?} and the protection {shield:?}"), async || {
        let (found, protection) = guards(stage);
        (found.as_deref() == acl && protection.as_deref() == shield).then_some(())
    })
    .await;
}

const SHIELD: &str = "managed by aws-load-balancer-controller";

#[tokio::test]
async fn what_an_ingress_asks_for_protects_its_load_balancer() {
    let (stage, [one, two]) = stage("protection").await;
    let asked = [("wafv2-acl-arn", one.as_str()), ("shield-advanced-protection", "true")];
    stage.apply(&[web(&stage, &asked, &["/"])]).await;
    let _controller = stage.run(&[]);
    until_guards(&stage, Some(&one), Some(SHIELD)).await;
    // Whoever takes over has nothing to do.
    stage.rest().await;
    let planned = stage.plan(&[]);
    assert_eq!(planned.code, 0, "{}", planned.out);
    let by_name = [("wafv2-acl-name", "two"), ("shield-advanced-protection", "false")];
    stage.apply(&[web(&stage, &by_name, &["/"])]).await;
    until_guards(&stage, Some(&two), None).await;
    stage.apply(&[web(&stage, &[], &["/"])]).await;
    stage.rest().await;
    until_guards(&stage, Some(&two), None).await;
    stage.apply(&[web(&stage, &[("wafv2-acl-arn", "none")], &["/"])]).await;
    until_guards(&stage, None, None).await;
    let calls = stage.account.calls().await;
    let denied = calls.iter().find(|call| call.error.as_deref() == Some("AccessDeniedException"));
    assert!(denied.is_none(), "{denied:?}");
}

#[tokio::test]
async fn a_waf_that_is_throttled_holds_no_rule() {
    let (stage, [one, _]) = stage("protection-throttled").await;
    let fault = |operation: &str| {
        json!({"match": operation, "times": 1000, "status": 400,
        "code": "ThrottlingException", "message": "Rate exceeded"})
    };
    for operation in ["wafv2.GetWebACLForResource", "wafv2.AssociateWebACL"] {
        stage.account.ask("POST", "faults", Some(fault(operation))).await;
    }
    let asked = [("wafv2-acl-arn", one.as_str())];
    stage.apply(&[web(&stage, &asked, &["/"])]).await;
    let _controller = stage.run(&[]);
    until("the first rule stands", async || {
        (State::read(&stage.account).count("rules") == 1).then_some(())
    })
    .await;
    stage.apply(&[web(&stage, &asked, &["/", "/more"])]).await;
    until("the second rule stands", async || {
        (State::read(&stage.account).count("rules") == 2).then_some(())
    })
    .await;
    let calls = stage.account.calls().await;
    let waf: Vec<_> = calls.iter().filter(|call| call.service == "wafv2").collect();
    assert!(waf.iter().any(|call| call.error.as_deref() == Some("ThrottlingException")), "{waf:?}");
    assert!(!waf.iter().any(|call| call.operation == "AssociateWebACL" && call.status == 200));
    stage.account.ask("DELETE", "faults", None).await;
    until_guards(&stage, Some(&one), None).await;
}

#[tokio::test]
async fn a_load_balancer_that_is_being_made_is_protected_once_it_stands() {
    let (stage, [one, _]) = stage("protection-new").await;
    let slow = json!({"settings": {"elbv2.load-balancer-provisioning-seconds": of_accounts(6.0)}});
    stage.account.ask("POST", "settings", Some(slow)).await;
    stage.apply(&[web(&stage, &[("wafv2-acl-arn", one.as_str())], &["/"])]).await;
    let _controller = stage.run(&[]);
    until_guards(&stage, Some(&one), None).await;
    let calls = stage.account.calls().await;
    let asked: Vec<_> =
        calls.iter().filter(|call| call.name() == "wafv2.AssociateWebACL").collect();
    assert_eq!(asked.len(), 1, "none comes before it can be done: {asked:?}");
}

#[tokio::test]
async fn a_web_acl_that_does_not_exist_is_told() {
    let (stage, _) = stage("protection-missing").await;
    stage.apply(&[web(&stage, &[("wafv2-acl-name", "three")], &["/"])]).await;
    let _controller = stage.run(&[]);
    until("it is told", async || {
        let events = stage.events("Ingress", "web").await;
        events.iter().any(|event| format!("{event:?}").contains("three")).then_some(())
    })
    .await;
    until("its rule stands all the same", async || {
        (State::read(&stage.account).count("rules") == 1).then_some(())
    })
    .await;
}
