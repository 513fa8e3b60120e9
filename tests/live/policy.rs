//! TenantPolicies, as the API server keeps them: whom they refuse, and that an edit is enough.

use serde_json::{Value, json};

use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// A policy for the namespace of a stage, and for nobody else.
fn policy(stage: &Stage, hosts: &[&str]) -> Value {
    let selector = json!({"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}});
    json!({
        "apiVersion": "alb.ingress.k8s.aws/v1", "kind": "TenantPolicy",
        "metadata": {"name": stage.namespace},
        "spec": {"namespaceSelector": selector, "hostSuffixes": hosts},
    })
}

#[tokio::test]
async fn an_ingress_is_refused_and_served_once_its_policy_allows_it() {
    let stage = Stage::new("policy").await;
    stage.serve(&["web"]).await;
    stage.apply(&[policy(&stage, &["example.net"])]).await;
    let before = State::standing(&stage.account).await.value;
    let _controller = stage.run(&[]);
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let message = until("it is told why it is refused", async || {
        let events = stage.events("Ingress", "web").await.into_iter();
        let mut warnings = events.filter(|(severity, ..)| severity == "Warning");
        warnings.next().map(|(_, reason, message)| format!("{reason}: {message}"))
    })
    .await;
    let expected = format!(
        "NotAllowed: spec.rules: \"a.example.com\"; allowed: hosts that lie in example.net \
         (TenantPolicy {}); meanwhile: nothing is made for it (A102, \
         docs/errors.md#a102-notallowed)",
        stage.namespace
    );
    assert_eq!(message, expected);
    stage.quiet().await;
    assert_eq!(State::read(&stage.account).value, before);
    let planned = stage.plan(&[]);
    assert_eq!(planned.code, 2, "{planned:?}");
    assert!(planned.out.contains(&format!("(TenantPolicy {})", stage.namespace)), "{planned:?}");
    stage.apply(&[policy(&stage, &["example.net", "example.com"])]).await;
    until("it is served", async || {
        let found = stage.get("Ingress", "web").await?;
        found["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str().map(str::to_owned)
    })
    .await;
    stage.rest().await;
}

#[tokio::test]
async fn what_no_policy_can_say_the_api_server_refuses() {
    let stage = Stage::new("policy").await;
    for (field, value) in [
        ("namespaceSelector", json!({"matchExpressions": [{"key": "a", "operator": "In"}]})),
        ("groupOrder", json!({"min": 5, "max": 1})),
        ("hostSuffixes", json!(["*.example.com"])),
        ("hostedZones", json!(["example.com"])),
        ("inboundSources", json!(["10.0.0.0"])),
        ("authentication", json!({"types": ["ldap"]})),
        ("subnets", json!("subnet-0a")),
    ] {
        let mut policy = policy(&stage, &["example.com"]);
        policy["spec"][field] = value;
        let refused = stage.try_apply(&policy).await.expect_err(field).to_string();
        assert!(refused.contains(&format!("spec.{field}")), "{field}: {refused}");
    }
    let mut all = policy(&stage, &["example.com"]);
    let fields = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}},
        "groups": ["edge"], "groupOrder": {"min": -1000, "max": 1000}, "hostSuffixes": ["a.b"],
        "hostedZones": ["Z0A"], "certificates": {"arns": ["arn:aws:acm:r:1:c"], "discovery": false},
        "subnets": ["subnet-0a"], "securityGroups": ["sg-0a"],
        "inboundSources": ["10.0.0.0/8", "2001:db8::/32", "pl-0a"],
        "authentication": {"types": ["none", "cognito", "oidc", "jwt"], "issuers": ["https://i"],
            "userPools": ["arn:aws:cognito-idp:r:1:p"]},
        "webACLs": ["none", "one"], "targetGroups": ["arn:aws:elasticloadbalancing:r:1:t"],
    });
    all["spec"] = fields.clone();
    stage.apply(&[all]).await;
    let kept = stage.get("TenantPolicy", &stage.namespace).await.expect("it is there");
    assert_eq!(kept["spec"], fields);
}
