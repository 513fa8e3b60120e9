//! What LBC was observed to do, done by Albedo: the same state after each step, with no more calls;
//! and on the state that LBC left there is nothing to do.

use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;
use crate::support::localstack::{Call, is_slow};
use crate::support::objects;
use crate::support::stage::{Stage, until};
use crate::support::state::{State, differences, text};
use recording::{Recording, Step};
use replay::Replay;

pub mod recording;
pub mod replay;

/// What a recording is good for at a step.
#[derive(Clone, Copy)]
enum Expected {
    /// The state that LBC left at the end of this step.
    AsLbc,
    /// That of this later step: LBC let a bad sibling hold up the good one.
    As(usize),
}

/// Where Albedo has to differ from LBC, by case and step.
fn expected(case: &str, step: usize) -> Expected {
    match (case, step) {
        ("V22-bad-member", 3) => Expected::As(4),
        _ => Expected::AsLbc,
    }
}

/// How many calls more than LBC's a step may take.
fn more_calls(case: &str, step: usize) -> usize {
    match (case, step) {
        // A path that is led to another Service is led to both, until the new one is healthy.
        ("V21-updates", 5) => 1,
        _ => 0,
    }
}

/// How many of a recording's steps are played: its last one may delete all, which is done anyway.
fn last_step(recording: &Recording) -> usize {
    match recording.name.as_str() {
        "V21-updates" => 6,
        _ => recording.steps.len(),
    }
}

/// What Albedo came to after a step.
struct Reached {
    aws: Value,
    bindings: Vec<Value>,
    ingresses: Vec<Value>,
    writes: Vec<Call>,
}

/// Plays a recording twice in its namespace: with Albedo, and then with LBC's recorded calls.
async fn play(name: &str) {
    let recording = Recording::read(name);
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let stage = Stage::over(plane, client.clone(), recording.namespace(), "alb".to_owned());
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": stage.namespace},
    });
    stage.apply(&[namespace, objects::class("alb")]).await;
    stage.restrict().await;
    let count = last_step(&recording);

    let mut reached = Vec::new();
    let replay = Replay::new(&stage, &recording);
    let controller = stage.run(&["--replacement-grace=1s"]);
    for step in &recording.steps[..count] {
        stage.account.forget_calls().await;
        replay.change_cluster(step).await;
        reached.push(reach(&stage).await);
    }
    delete_all(&stage, &recording).await;
    drop(controller);
    replay.forget_cluster(&recording.steps[..count]).await;

    let stage = Stage::over(plane, client, recording.namespace(), "alb".to_owned());
    stage.restrict().await;
    let mut replay = Replay::new(&stage, &recording);
    let mut left = Vec::new();
    for (number, step) in (1..).zip(&recording.steps[..count]) {
        replay.change_cluster(step).await;
        replay.make_calls(step);
        replay.leave_in_cluster(step).await;
        left.push(State::standing(&stage.account).await.value);
        nothing_to_do(&stage, name, number);
    }
    for (number, (reached, step)) in (1..).zip(reached.iter().zip(&recording.steps)) {
        compare(name, number, reached, step, &left);
    }
}

/// Waits until Albedo has done a step, and says what it came to.
async fn reach(stage: &Stage) -> Reached {
    stage.rest().await;
    let writes = stage.writes().await;
    let state = State::standing(&stage.account).await;
    target_groups_have_their_names(stage, &state).await;
    let ingresses = until("every status is written", async || {
        let ingresses = stage.list("Ingress").await;
        let shown = ingresses.iter().map(|ingress| shown(ingress, &state)).collect::<Vec<_>>();
        let is_due = |shown: &Value| shown["bad"] == false && shown["status"].is_null();
        (!shown.iter().any(is_due)).then_some(shown)
    })
    .await;
    let bindings = stage.list("TargetGroupBinding").await;
    let bindings = bindings.iter().map(|binding| {
        let metadata = &binding["metadata"];
        let of = json!({
            "name": metadata["name"], "labels": metadata["labels"],
            "finalizers": metadata["finalizers"], "spec": binding["spec"],
        });
        state.symbols.apply(&of)
    });
    let bindings = sorted(bindings.collect());
    Reached { aws: state.value, bindings, ingresses, writes }
}

/// What an Ingress shows of its load balancer.
fn shown(ingress: &Value, state: &State) -> Value {
    let name = text(&ingress["metadata"], "name");
    let status = &ingress["status"]["loadBalancer"]["ingress"];
    let status = state.symbols.apply(status);
    let is_bad =
        ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/listen-ports"] == "[{";
    json!({
        "name": name, "finalizers": ingress["metadata"]["finalizers"], "bad": is_bad,
        "status": status,
    })
}

/// The names of target groups, which the recording cannot have: they hold the Service's UID.
async fn target_groups_have_their_names(stage: &Stage, state: &State) {
    let groups = stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
    for group in groups["TargetGroups"].as_array().expect("it is a list") {
        let arn = text(group, "TargetGroupArn");
        let tags = json!({"ResourceArns": [arn]});
        let tags = stage.account.call("elbv2", "DescribeTags", &tags);
        let tag = |key: &str| {
            let tags = tags["TagDescriptions"][0]["Tags"].as_array().expect("it is a list");
            let found = tags.iter().find(|tag| tag["Key"] == key);
            text(found.unwrap_or_else(|| panic!("no tag {key} on {arn}")), "Value")
        };
        // `namespace/ingress-service:port`; no name in the recordings has a hyphen.
        let resource = tag("ingress.k8s.aws/resource");
        let (namespace, rest) = resource.rsplit_once('/').expect("it names its Ingress");
        let (ingress, rest) = rest.split_once('-').expect("it names its Service");
        let (service, service_port) = rest.split_once(':').expect("it names its port");
        let object = stage.get("Service", service).await.expect("the Service is there");
        let port = group["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let name =
            albedo::model::names::target_group(&albedo::model::names::TargetGroupNameParts {
                cluster: &tag("elbv2.k8s.aws/cluster"),
                group: &tag("ingress.k8s.aws/stack"),
                ingress: &albedo::model::id::ObjectKey::new(namespace, ingress),
                service: &albedo::model::id::ObjectKey::new(namespace, service),
                service_uid: &text(&object["metadata"], "uid"),
                service_port,
                port: port.expect("it has a port"),
                target_type: &text(group, "TargetType"),
                protocol: &text(group, "Protocol"),
                protocol_version: &text(group, "ProtocolVersion"),
                control_port: None,
            });
        assert_eq!(text(group, "TargetGroupName"), name, "{:#}", state.value);
    }
}

/// Deletes every Ingress: nothing of the controller's stays, and it needs no more calls than LBC.
async fn delete_all(stage: &Stage, recording: &Recording) {
    stage.account.forget_calls().await;
    for ingress in stage.list("Ingress").await {
        stage.delete("Ingress", &text(&ingress["metadata"], "name")).await;
    }
    until("every Ingress is gone", async || stage.list("Ingress").await.is_empty().then_some(()))
        .await;
    stage.rest().await;
    let writes = stage.writes().await;
    if last_step(recording) == recording.steps.len() {
        let names = writes.iter().map(Call::name).collect::<Vec<_>>();
        assert!(names.len() <= recording.deletion, "LBC needed {}: {names:#?}", recording.deletion);
    }
    let state = State::read(&stage.account);
    for kind in ["load balancers", "listeners", "rules", "target groups"] {
        assert_eq!(state.count(kind), 0, "{:#}", state.value);
    }
    for group in state.all("security groups") {
        let name = text(&group, "GroupName");
        assert!(!name.starts_with("k8s-"), "{name} is left");
        let rules = if name == "nodes" { json!([]) } else { group["IpPermissions"].clone() };
        assert_eq!(group["IpPermissions"], rules, "rules on the nodes' group are left");
    }
    assert_eq!(stage.list("TargetGroupBinding").await, Vec::<Value>::new());
}

/// On the state that LBC left there is nothing to do, but where a bad sibling held up LBC.
fn nothing_to_do(stage: &Stage, case: &str, step: usize) {
    let planned = stage.plan_json();
    let calls: Vec<String> = planned.calls().into_iter().map(|(name, _)| name).collect();
    let (code, due): (i32, &[&str]) = match (case, step) {
        // Nothing is to be done, yet the bad sibling is a finding.
        ("V22-bad-member", 2) => (2, &[]),
        // The live rule leads to the good member's own target group, and so is its own.
        ("V22-bad-member", 3) => (2, &["elbv2.ModifyRule"]),
        _ => (0, &[]),
    };
    assert_eq!(calls, due, "{case}, step {step}: {:#}", planned.json());
    // Who of two that were made within one second came first is written down.
    let others = planned.steps().into_iter().filter(|step| step["operation"] != "Remember");
    assert_eq!(others.count(), due.len(), "{case}, step {step}: {:#}", planned.json());
    assert_eq!(planned.code, code, "{case}, step {step}: {:#}", planned.json());
}

fn compare(case: &str, number: usize, reached: &Reached, step: &Step, left: &[Value]) {
    let (as_step, calls_max) = match expected(case, number) {
        Expected::AsLbc => (number, step.calls.len()),
        // One change of one rule, which LBC only made later.
        Expected::As(later) => (later, 1),
    };
    let mut differences = differences(&reached.aws, &left[as_step - 1]);
    if is_slow() {
        // A default certificate that AWS did not take as one that is chosen by host, since it did
        // not know the listener everywhere yet, is nobody's difference afterwards.
        differences.retain(|line| !line.contains("/All certificates: "));
    }
    assert!(differences.is_empty(), "{case}, step {number}: {differences:#?}");
    let calls_max = calls_max + more_calls(case, number);
    let writes: Vec<_> =
        reached.writes.iter().map(|call| (call.name(), call.status, &call.error)).collect();
    assert!(writes.len() <= calls_max, "{case}, step {number}: at most {calls_max}: {writes:#?}");
    assert_eq!(reached.bindings, step.bindings(), "{case}, step {number}");
    let ingresses = step.ingresses();
    assert_eq!(reached.ingresses.len(), ingresses.len(), "{case}, step {number}");
    for (is, should) in reached.ingresses.iter().zip(&ingresses) {
        assert_eq!(is["name"], should["name"], "{case}, step {number}");
        if is["bad"] == false {
            assert_eq!(is["finalizers"], should["finalizers"], "{case}, step {number}");
            assert_eq!(is["status"], should["status"], "{case}, step {number}");
        }
    }
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_cached_key(ToString::to_string);
    values
}

macro_rules! observed {
    ($($test:ident $case:literal;)+) => {$(
        #[tokio::test]
        async fn $test() {
            play($case).await;
        }
    )+};
}

observed! {
    v01_a_minimal_ingress_is_as_lbc_makes_it "V01-minimal-ip";
    v02_path_types_and_the_default_backend_are_as_lbc_makes_them "V02-path-types-and-default";
    v03_the_order_of_a_group_is_as_lbc_makes_it "V03-group-order";
    v04_https_and_the_redirect_are_as_lbc_makes_them "V04-https-redirect";
    v05_actions_are_as_lbc_makes_them "V05-actions";
    v08_health_checks_are_as_lbc_makes_them "V08-health-checks";
    v12_tags_are_as_lbc_makes_them "V12-tags";
    v15_a_login_is_as_lbc_makes_it "V15-oidc";
    v17_named_ports_are_as_lbc_makes_them "V17-named-ports";
    v18_a_missing_service_is_as_lbc_answers_it "V18-missing-service";
    v19_grpc_is_as_lbc_makes_it "V19-grpc";
    v21_changes_of_rules_are_as_lbc_makes_them "V21-updates";
    v22_a_bad_member_does_not_hold_its_sibling "V22-bad-member";
}
