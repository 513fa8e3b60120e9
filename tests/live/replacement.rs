//! What cannot be changed is replaced; whoever asks for its name gets an answer at every moment.

use serde_json::{Value, json};

use crate::life::{gone, nothing_is_left};
use crate::names::{records, stage};
use crate::support::localstack::of_accounts;
use crate::support::objects::ingress;
use crate::support::stage::{Stage, until};
use crate::support::state::{State, text};

const HOST: &str = "a.example.com";
/// Long enough to look at what stands while it stays.
const FLAGS: [&str; 1] = ["--replacement-grace=3s"];
/// What the controller calls itself; whoever looks on is none of these.
const CONTROLLER: &str = "aws-sdk-rust/*";
/// Far longer than a look takes on two busy cores.
const HOLD_SECONDS: u32 = 50;

/// An Ingress whose targets are of this protocol, behind a load balancer of this scheme.
fn web(stage: &Stage, scheme: &str, protocol: &str) -> Value {
    let annotations = [("target-type", "ip"), ("scheme", scheme), ("backend-protocol", protocol)];
    ingress("web", &stage.class, &annotations, &[(HOST, "/", "web")])
}

/// From now on nothing is well at once.
async fn take_time(stage: &Stage) {
    let seconds = json!({"settings": {
        "elbv2.target-health-seconds": of_accounts(3.0),
        "elbv2.load-balancer-provisioning-seconds": of_accounts(3.0),
        "route53.alias-target-seconds": of_accounts(4.0),
    }});
    stage.account.ask("POST", "settings", Some(seconds)).await;
}

fn list(stage: &Stage, operation: &str, params: &Value, key: &str) -> Vec<Value> {
    let answer = stage.account.call("elbv2", operation, params);
    answer[key].as_array().cloned().unwrap_or_default()
}

/// Waits until all is done and every target is well.
async fn well(stage: &Stage) {
    stage.rest().await;
    until("all targets are well", async || {
        let groups = list(stage, "DescribeTargetGroups", &json!({}), "TargetGroups");
        let mut health = groups.iter().flat_map(|group| {
            let of = json!({"TargetGroupArn": group["TargetGroupArn"]});
            list(stage, "DescribeTargetHealth", &of, "TargetHealthDescriptions")
        });
        health.all(|target| target["TargetHealth"]["State"] == "healthy").then_some(())
    })
    .await;
}

/// Follows the name at one moment: meanwhile the controller's calls wait.
async fn follow(stage: &Stage, zone: &str) -> (String, Vec<String>) {
    let hold = json!({"client": CONTROLLER, "seconds": HOLD_SECONDS});
    stage.account.ask("POST", "hold", Some(hold)).await;
    let led_to = lead(stage, zone).await;
    let released = stage.account.ask("DELETE", "hold", None).await;
    assert_eq!(released["held"], true, "the look took longer than {HOLD_SECONDS} s");
    led_to
}

/// The rule of a listener, which may serve before AWS shows it.
async fn own_rule(stage: &Stage, listener: &Value) -> Value {
    let of = json!({"ListenerArn": listener});
    until("its rule stands", async || {
        let rules = list(stage, "DescribeRules", &of, "Rules");
        rules.into_iter().find(|rule| rule["IsDefault"] == false)
    })
    .await
}

/// Goes the way of a client: to a load balancer that stands, whose rule leads to a target group
/// with a healthy target. Answers with the load balancer's scheme and the groups' protocols.
async fn lead(stage: &Stage, zone: &str) -> (String, Vec<String>) {
    let all = records(&stage.account, zone);
    let (.., target) = all
        .iter()
        .find(|(kind, name, _)| kind == "A" && name.trim_end_matches('.') == HOST)
        .unwrap_or_else(|| panic!("{HOST} leads nowhere: {all:?}"));
    let target = target.trim_end_matches('.');
    let balancers = list(stage, "DescribeLoadBalancers", &json!({}), "LoadBalancers");
    let balancer = balancers
        .iter()
        .find(|balancer| target.ends_with(&text(balancer, "DNSName").to_lowercase()))
        .unwrap_or_else(|| panic!("{HOST} leads to {target}, which does not stand"));
    assert_eq!(balancer["State"]["Code"], "active", "{balancer}");
    let of = json!({"LoadBalancerArn": balancer["LoadBalancerArn"]});
    let listeners = list(stage, "DescribeListeners", &of, "Listeners");
    let rule = own_rule(stage, &listeners[0]["ListenerArn"]).await;
    let groups = rule["Actions"][0]["ForwardConfig"]["TargetGroups"].as_array().expect("it leads");
    let serving = groups.iter().filter(|group| group["Weight"] != 0);
    let each = serving.map(|group| {
        let of = json!({"TargetGroupArn": group["TargetGroupArn"]});
        let health = list(stage, "DescribeTargetHealth", &of, "TargetHealthDescriptions");
        let is_well = |target: &Value| target["TargetHealth"]["State"] == "healthy";
        assert!(health.iter().any(is_well), "nobody answers: {health:?}");
        let of = json!({"TargetGroupArns": [group["TargetGroupArn"]]});
        text(&list(stage, "DescribeTargetGroups", &of, "TargetGroups")[0], "Protocol")
    });
    (text(balancer, "Scheme"), each.collect())
}

/// All that a name led to, in order.
#[derive(Default)]
struct Way(Vec<(String, Vec<String>)>);

impl Way {
    /// Follows the name once more.
    async fn follow(&mut self, stage: &Stage, zone: &str) {
        let now = follow(stage, zone).await;
        if self.0.last() != Some(&now) {
            self.0.push(now);
        }
    }

    /// Follows the name until nothing is left to do.
    async fn follow_to_the_end(&mut self, stage: &Stage, zone: &str) {
        until("nothing is left to do", async || {
            for _ in 0..4 {
                self.follow(stage, zone).await;
            }
            stage.plan_json().steps().is_empty().then_some(())
        })
        .await;
    }
}

/// Follows the name until nothing is left to do. Answers with all that it led to.
async fn follow_to_the_end(stage: &Stage, zone: &str) -> Vec<(String, Vec<String>)> {
    let mut led_to = Way::default();
    led_to.follow_to_the_end(stage, zone).await;
    led_to.0
}

fn way(steps: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let step =
        |(scheme, protocol): &(&str, &str)| ((*scheme).to_owned(), vec![(*protocol).to_owned()]);
    steps.iter().map(step).collect()
}

/// One load balancer and one target group are left, and the binding and the status are theirs.
async fn one_is_left(stage: &Stage) {
    let state = State::read(&stage.account);
    for kind in ["load balancers", "listeners", "rules", "target groups"] {
        assert_eq!(state.count(kind), 1, "{:#}", state.value);
    }
    let bindings = stage.list("TargetGroupBinding").await;
    let [binding] = &bindings[..] else { panic!("{bindings:?}") };
    let arn = state.symbols.apply(&binding["spec"]["targetGroupARN"]);
    assert_eq!(arn, state.all("target groups")[0]["TargetGroupArn"]);
    let web = stage.get("Ingress", "web").await.expect("it is there");
    let host = &web["status"]["loadBalancer"]["ingress"][0]["hostname"];
    assert_eq!(state.symbols.apply(host), state.all("load balancers")[0]["DNSName"]);
}

#[tokio::test]
async fn a_target_group_and_a_load_balancer_are_replaced_and_nobody_goes_unanswered() {
    let (stage, zone) = stage("replace").await;
    stage.serve(&["web"]).await;
    take_time(&stage).await;
    let _controller = stage.run(&FLAGS);
    stage.apply(&[web(&stage, "internal", "HTTP")]).await;
    well(&stage).await;

    stage.apply(&[web(&stage, "internal", "HTTPS")]).await;
    let led_to = follow_to_the_end(&stage, &zone).await;
    assert_eq!(led_to, way(&[("internal", "HTTP"), ("internal", "HTTPS")]));
    one_is_left(&stage).await;

    stage.apply(&[web(&stage, "internet-facing", "HTTPS")]).await;
    let led_to = follow_to_the_end(&stage, &zone).await;
    assert_eq!(led_to, way(&[("internal", "HTTPS"), ("internet-facing", "HTTPS")]));
    one_is_left(&stage).await;

    stage.delete("Ingress", "web").await;
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
}

#[tokio::test]
async fn a_controller_killed_in_the_middle_of_a_replacement_goes_on_with_it() {
    let (stage, zone) = stage("replace-killed").await;
    stage.serve(&["web"]).await;
    take_time(&stage).await;
    let mut controller = stage.run(&FLAGS);
    stage.apply(&[web(&stage, "internal", "HTTP")]).await;
    well(&stage).await;
    stage.account.forget_calls().await;
    stage.apply(&[web(&stage, "internet-facing", "HTTPS")]).await;
    // The old load balancer may be gone before the last process is there.
    let mut led_to = Way::default();
    for operation in ["elbv2.CreateLoadBalancer", "elbv2.CreateRule", "elbv2.RegisterTargets"] {
        until(operation, async || {
            led_to.follow(&stage, &zone).await;
            stage.written().await.iter().any(|call| call == operation).then_some(())
        })
        .await;
        controller.kill();
        controller = stage.run(&FLAGS);
    }
    led_to.follow_to_the_end(&stage, &zone).await;
    assert_eq!(led_to.0, way(&[("internal", "HTTP"), ("internet-facing", "HTTPS")]));
    one_is_left(&stage).await;
    drop(controller);
}
