//! What people get wrong: one clear Event on the guilty object, and nothing else is touched.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::controller::{ALBEDO, Planned};
use crate::support::localstack::account;
use crate::support::objects::{IP, class, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

/// An Ingress by itself that is wrong, the Event it gets, and words of that Event.
struct Wrong {
    ingress: Value,
    reason: &'static str,
    words: &'static [&'static str],
}

fn annotated(class: &str, name: &str, annotation: (&str, &str)) -> Value {
    let annotations = [IP[0], IP[1], annotation];
    ingress(name, class, &annotations, &[("a.example.com", "/", "web")])
}

fn wrongs(class: &str) -> Vec<Wrong> {
    let long_host = format!("{}.example.com", ["a"; 70].join("."));
    let with =
        |name, host: &str, path, service| ingress(name, class, &IP, &[(host, path, service)]);
    let mut port = with("port", "a.example.com", "/", "web");
    port["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] =
        json!({"number": 81});
    let case = |ingress, reason, words| Wrong { ingress, reason, words };
    vec![
        case(port, "InvalidBackend", &["81", "web", "allowed:", "meanwhile:"]),
        case(with("service", "a.example.com", "/", "nobody"), "InvalidBackend", &["nobody"]),
        case(
            annotated(class, "json", ("listen-ports", "[{")),
            "InvalidAnnotation",
            &["listen-ports", "[{", "JSON"],
        ),
        case(with("host", &long_host, "/", "web"), "InvalidRule", &["spec.rules[0].host"]),
        case(with("wildcard", "a.example.com", "/a*", "web"), "InvalidRule", &["/a*"]),
        case(
            annotated(class, "subnets", ("subnets", "subnet-00000000")),
            "NoSubnets",
            &["subnet-00000000"],
        ),
        case(
            annotated(class, "instance", ("target-type", "instance")),
            "InvalidBackend",
            &["target-type", "instance", "NodePort"],
        ),
        case(
            annotated(class, "auth", ("auth-type", "oidc")),
            "InvalidAnnotation",
            &["auth-type", "auth-idp-oidc"],
        ),
    ]
}

/// The one Warning about an Ingress.
async fn warning(stage: &Stage, name: &str) -> (String, String) {
    let warnings = until(&format!("{name} is told what is wrong"), async || {
        let events = stage.events("Ingress", name).await;
        let warnings: Vec<_> =
            events.into_iter().filter(|(severity, ..)| severity == "Warning").collect();
        (!warnings.is_empty()).then_some(warnings)
    })
    .await;
    assert_eq!(warnings.len(), 1, "{name}: {warnings:#?}");
    let (_, reason, message) = warnings.into_iter().next().expect("there is one");
    (reason, message)
}

#[tokio::test]
async fn each_mistake_is_told_to_the_guilty_ingress_and_touches_nothing() {
    let stage = Stage::new("wrong").await;
    stage.serve(&["web"]).await;
    let _controller = stage.run(&["--tolerate-non-existent-backend-service=false"]);
    stage.apply(&[ingress("good", &stage.class, &IP, &[("g.example.com", "/", "web")])]).await;
    stage.rest().await;
    let before = State::standing(&stage.account).await.value;
    stage.account.forget_calls().await;
    let wrongs = wrongs(&stage.class);
    let ingresses: Vec<Value> = wrongs.iter().map(|wrong| wrong.ingress.clone()).collect();
    stage.apply(&ingresses).await;
    for wrong in &wrongs {
        let name = wrong.ingress["metadata"]["name"].as_str().expect("it has a name");
        let (reason, message) = warning(&stage, name).await;
        assert_eq!(reason, wrong.reason, "{name}: {message}");
        for word in wrong.words {
            assert!(message.contains(word), "{name}, {word}: {message}");
        }
    }
    stage.quiet().await;
    assert_eq!(stage.written().await, Vec::<String>::new());
    assert_eq!(State::read(&stage.account).value, before);
    for wrong in &wrongs {
        let name = wrong.ingress["metadata"]["name"].as_str().expect("it has a name");
        warning(&stage, name).await;
    }
    let on_good = stage.events("Ingress", "good").await;
    assert!(on_good.iter().all(|(severity, ..)| severity == "Normal"), "{on_good:?}");
}

#[tokio::test]
async fn a_class_whose_parameters_are_missing_makes_no_load_balancer() {
    let stage = Stage::new("params").await;
    stage.serve(&["web"]).await;
    let name = format!("{}-params", stage.class);
    let mut with_params = class(&name);
    with_params["spec"]["parameters"] =
        json!({"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": name});
    stage.apply(&[with_params]).await;
    stage.account.forget_calls().await;
    let _controller = stage.run(&[]);
    stage.apply(&[ingress("web", &name, &IP, &[("a.example.com", "/", "web")])]).await;
    let (reason, message) = warning(&stage, "web").await;
    stage.quiet().await;
    assert_eq!(reason, "InvalidClass", "{message}");
    assert!(message.contains(&name), "{message}");
    assert_eq!(stage.written().await, Vec::<String>::new());
    // As soon as they are there, so is the load balancer.
    let params = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
        "metadata": {"name": name}, "spec": {"scheme": "internet-facing"},
    });
    stage.apply(&[params]).await;
    stage.rest().await;
    assert_eq!(State::read(&stage.account).count("load balancers"), 1);
}

#[tokio::test]
async fn of_two_groups_that_want_one_name_the_later_is_told() {
    let stage = Stage::new("name").await;
    stage.serve(&["web"]).await;
    let _controller = stage.run(&[]);
    let named = |name| annotated(&stage.class, name, ("load-balancer-name", "the-name"));
    stage.apply(&[named("first")]).await;
    stage.rest().await;
    let before = State::standing(&stage.account).await;
    stage.apply(&[named("second")]).await;
    let (_, message) = warning(&stage, "second").await;
    assert!(message.contains("the-name"), "{message}");
    let after = State::read(&stage.account);
    assert_eq!(after.value["load balancers"], before.value["load balancers"]);
    assert_eq!(after.value["listeners"], before.value["listeners"]);
    let on_first = stage.events("Ingress", "first").await;
    assert!(on_first.iter().all(|(severity, ..)| severity == "Normal"), "{on_first:?}");
}

#[tokio::test]
async fn bad_flags_stop_the_start_with_one_line() {
    let account = account();
    let cases: [(&[&str], &str); 4] = [
        (&["--cluster-name=demo", "--backend-security-group=x"], "sg-"),
        (&["--cluster-name=demo", "--default-tags=elbv2.k8s.aws/cluster=x"], "default-tags"),
        (
            // Others share the control plane, with bindings of other VPCs.
            &[
                "--cluster-name=demo",
                "--watch-namespace=nobody",
                "--health-probe-bind-addr=192.0.2.1:1",
            ],
            "health-probe-bind-addr",
        ),
        (&[], "--cluster-name"),
    ];
    let stage = Stage::new("flags").await;
    for (flags, word) in cases {
        let mut command = Command::new(ALBEDO);
        let config = stage.plane.kubeconfig();
        command.env_clear().envs(account.env()).env("KUBECONFIG", config).arg("run").args(flags);
        command.arg("--log-level=error");
        let ended = Planned::of(&mut command);
        assert_eq!(ended.code, 1, "{flags:?}: {ended:?}");
        assert_eq!(ended.err.trim_end().lines().count(), 1, "{flags:?}: {}", ended.err);
        assert!(ended.err.contains(word), "{flags:?}, {word}: {}", ended.err);
    }
}
