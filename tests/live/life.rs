//! What becomes of Ingresses as people write, change and delete them.

use serde_json::{Value, json};

use crate::support::localstack::Call;
use crate::support::objects::{IP, class, endpoints, in_group, ingress, pod, service};
use crate::support::stage::{Stage, until};
use crate::support::state::{State, text};

/// An annotation that concerns nobody here.
const UNRELATED: &str = "example.com/note";

/// Waits until the controller has seen a change that leads to these calls, and to no others.
async fn written(stage: &Stage, expected: &[&str]) {
    let what = format!("{expected:?}");
    until(&what, async || (stage.writes().await.len() >= expected.len()).then_some(())).await;
    stage.quiet().await;
    assert_eq!(stage.written().await, expected);
}

/// The counts of load balancers, listeners, rules and target groups.
fn counts(state: &State) -> [usize; 4] {
    ["load balancers", "listeners", "rules", "target groups"].map(|kind| state.count(kind))
}

/// The addresses registered in a target group.
fn targets(state: &State) -> Vec<String> {
    let groups = state.all("target groups");
    let of =
        groups.iter().flat_map(|group| group["Targets"].as_array().cloned().unwrap_or_default());
    let is_in = |target: &Value| target["TargetHealth"]["State"] != "draining";
    of.filter(is_in).map(|target| text(&target["Target"], "Id")).collect()
}

/// Nothing of the controller's is left in AWS, and no finalizer in the cluster.
pub async fn nothing_is_left(stage: &Stage) {
    let state = State::read(&stage.account);
    assert_eq!(counts(&state), [0; 4], "{:#}", state.value);
    let groups = state.all("security groups");
    let names = groups.iter().map(|group| text(group, "GroupName"));
    let ours: Vec<String> = names.filter(|name| name.starts_with("k8s-")).collect();
    assert_eq!(ours, Vec::<String>::new());
    assert_eq!(stage.list("TargetGroupBinding").await, Vec::<Value>::new());
}

/// Waits until an Ingress is gone from the cluster, and the controller is at rest.
pub async fn gone(stage: &Stage, name: &str) {
    until("the Ingress is gone", async || stage.get("Ingress", name).await.is_none().then_some(()))
        .await;
    stage.rest().await;
}

#[tokio::test]
async fn an_ingress_lives_and_goes_without_a_trace() {
    let stage = Stage::new("life").await;
    stage.serve(&["web"]).await;
    let web = |path| ingress("web", &stage.class, &IP, &[("a.example.com", path, "web")]);
    let controller = stage.run(&[]);
    stage.apply(&[web("/one")]).await;
    stage.rest().await;
    let state = State::read(&stage.account);
    assert_eq!(counts(&state), [1; 4], "{:#}", state.value);
    assert_eq!(targets(&state), stage.ground.addresses[..2]);
    let host = until("the status is written", async || {
        let ingress = stage.get("Ingress", "web").await?;
        let shown = &ingress["status"]["loadBalancer"]["ingress"][0]["hostname"];
        shown.as_str().map(str::to_owned)
    })
    .await;
    let host = state.symbols.apply(&host.into());
    assert!(host.as_str().is_some_and(|host| host.starts_with("DNS(")), "{host}");

    // Nobody's annotation costs nothing.
    stage.account.forget_calls().await;
    let note = json!({"metadata": {"annotations": {UNRELATED: "1"}}});
    stage.patch("Ingress", "web", &note).await;
    written(&stage, &[]).await;
    let mut calls: Vec<String> = stage.account.calls().await.iter().map(Call::name).collect();
    // Classes are everybody's: another test's may be a reason to take a census.
    calls.retain(|call| {
        !["route53.ListHostedZones", "acm.ListCertificates"].contains(&call.as_str())
    });
    assert_eq!(calls, [""; 0]);

    // A path costs one call, without a look before it.
    stage.account.forget_calls().await;
    stage.apply(&[web("/two")]).await;
    written(&stage, &["elbv2.ModifyRule"]).await;
    let calls: Vec<String> = stage.account.calls().await.iter().map(Call::name).collect();
    assert!(calls.len() <= 3, "{calls:?}");

    // So does an endpoint that comes, and one that goes.
    let addresses = &stage.ground.addresses;
    stage.account.forget_calls().await;
    stage.apply(&endpoints(&service("web"), &addresses[..3])).await;
    written(&stage, &["elbv2.RegisterTargets"]).await;
    stage.account.forget_calls().await;
    stage.delete("Pod", &pod("web", &addresses[2])).await;
    stage.apply(&endpoints(&service("web"), &addresses[..2])).await;
    written(&stage, &["elbv2.DeregisterTargets"]).await;
    assert_eq!(targets(&State::read(&stage.account)), addresses[..2]);

    stage.delete("Ingress", "web").await;
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
    drop(controller);
}

#[tokio::test]
async fn only_ingresses_of_our_classes_are_touched() {
    let stage = Stage::new("classes").await;
    stage.serve(&["web"]).await;
    let (second, foreign) = (format!("{}-second", stage.class), format!("{}-other", stage.class));
    let mut other = class(&foreign);
    other["spec"]["controller"] = "example.com/other".into();
    let mut ours = class(&second);
    ours["spec"]["controller"] = "alb.ingress.k8s.aws/albedo".into();
    stage.apply(&[other, ours]).await;
    let rules = [("a.example.com", "/", "web")];
    let _controller = stage.run(&[]);
    stage
        .apply(&[
            ingress("first", &stage.class, &IP, &rules),
            ingress("second", &second, &IP, &rules),
            ingress("foreign", &foreign, &IP, &rules),
        ])
        .await;
    stage.rest().await;
    let state = State::read(&stage.account);
    assert_eq!(counts(&state), [2; 4], "{:#}", state.value);
    let foreign_one = stage.get("Ingress", "foreign").await.expect("it is there");
    assert!(foreign_one["metadata"]["finalizers"].is_null(), "{foreign_one}");
    assert!(foreign_one["status"]["loadBalancer"]["ingress"].is_null(), "{foreign_one}");
    assert_eq!(stage.events("Ingress", "foreign").await, []);

    // An Ingress that leaves our class leaves AWS; one that comes to it gets a load balancer.
    stage
        .apply(&[
            ingress("second", &foreign, &IP, &rules),
            ingress("foreign", &stage.class, &IP, &rules),
        ])
        .await;
    stage.rest().await;
    let state = State::read(&stage.account);
    assert_eq!(counts(&state), [2; 4], "{:#}", state.value);
    let resources: Vec<String> =
        state.all("target groups").iter().map(|group| text(group, "TargetGroupName")).collect();
    let ns = &stage.namespace;
    let expected = ["first", "foreign"].map(|name| format!("TGNAME({ns}/{name}-web:80)"));
    assert_eq!(resources, expected);
    let second_one = stage.get("Ingress", "second").await.expect("it is there");
    assert!(second_one["metadata"]["finalizers"].is_null(), "{second_one}");
}

#[tokio::test]
async fn a_member_that_turns_bad_keeps_what_it_had_and_holds_nobody_up() {
    let stage = Stage::new("sibling").await;
    stage.serve(&["a", "b"]).await;
    let group = stage.namespace.clone();
    let good =
        |path| ingress("good", &stage.class, &in_group(&group), &[("g.example.com", path, "a")]);
    let other = ingress("other", &stage.class, &in_group(&group), &[("o.example.com", "/", "b")]);
    let mut bad = other.clone();
    bad["metadata"]["annotations"]["alb.ingress.kubernetes.io/target-type"] = "lambda".into();
    let paths = |state: &State| -> Vec<String> {
        let rules = state.all("rules");
        let conditions = rules.iter().filter_map(|rule| rule["Conditions"].as_array().cloned());
        let values = conditions.flatten().map(|condition| condition["Values"].to_string());
        values.collect()
    };
    let has = |state: &State, value: &str| paths(state).iter().any(|path| path.contains(value));

    let controller = stage.run(&[]);
    stage.apply(&[good("/one"), other]).await;
    stage.rest().await;
    stage.account.forget_calls().await;
    stage.apply(&[bad]).await;
    let told = until("the bad member is told", async || {
        let events = stage.events("Ingress", "other").await;
        events.into_iter().find(|(severity, ..)| severity == "Warning")
    })
    .await;
    assert_eq!(told.1, "InvalidAnnotation", "{told:?}");
    assert!(told.2.contains("target-type") && told.2.contains("lambda"), "{told:?}");
    stage.quiet().await;
    assert_eq!(stage.written().await, Vec::<String>::new());

    stage.apply(&[good("/two")]).await;
    written(&stage, &["elbv2.ModifyRule"]).await;
    drop(controller);
    stage.account.forget_calls().await;
    let controller = stage.run(&[]);
    stage.apply(&[good("/three")]).await;
    written(&stage, &["elbv2.ModifyRule"]).await;
    let state = State::read(&stage.account);
    assert!(has(&state, "/three") && has(&state, "o.example.com"), "{:#}", state.value);
    assert!(!has(&state, "/two") && !has(&state, "/one"), "{:#}", state.value);
    let on_good = stage.events("Ingress", "good").await;
    assert!(on_good.iter().all(|(severity, ..)| severity == "Normal"), "{on_good:?}");

    // The bad one can go, and then the good one.
    stage.delete("Ingress", "other").await;
    gone(&stage, "other").await;
    let state = State::read(&stage.account);
    assert!(!has(&state, "o.example.com") && has(&state, "/three"), "{:#}", state.value);
    stage.delete("Ingress", "good").await;
    gone(&stage, "good").await;
    nothing_is_left(&stage).await;
    drop(controller);
}

#[tokio::test]
async fn an_ingress_goes_although_its_class_and_service_are_gone() {
    let stage = Stage::new("orphan").await;
    stage.serve(&["web", "web2"]).await;
    let rules = |service| [("a.example.com", "/", service)];
    let _controller = stage.run(&[]);
    stage
        .apply(&[
            ingress("classless", &stage.class, &IP, &rules("web")),
            ingress("serviceless", &stage.class, &IP, &rules("web2")),
        ])
        .await;
    stage.rest().await;
    assert_eq!(counts(&State::read(&stage.account)), [2; 4]);
    stage.delete("Service", "web2").await;
    stage.delete("EndpointSlice", "web2").await;
    stage.delete("Ingress", "serviceless").await;
    gone(&stage, "serviceless").await;
    assert_eq!(counts(&State::read(&stage.account)), [1; 4]);
    stage.delete("IngressClass", &stage.class).await;
    stage.delete("Ingress", "classless").await;
    gone(&stage, "classless").await;
    nothing_is_left(&stage).await;
}

#[tokio::test]
async fn what_is_deleted_while_nobody_watches_goes_at_the_next_start() {
    let stage = Stage::new("away").await;
    stage.serve(&["web"]).await;
    let group = stage.namespace.clone();
    let member = |name, host| ingress(name, &stage.class, &in_group(&group), &[(host, "/", "web")]);
    let controller = stage.run(&[]);
    stage.apply(&[member("one", "1.example.com"), member("two", "2.example.com")]).await;
    stage.rest().await;
    drop(controller);
    stage.delete("Ingress", "one").await;
    let controller = stage.run(&[]);
    gone(&stage, "one").await;
    assert_eq!(counts(&State::read(&stage.account)), [1; 4]);
    drop(controller);
    stage.delete("Ingress", "two").await;
    let _controller = stage.run(&[]);
    gone(&stage, "two").await;
    nothing_is_left(&stage).await;
}
