//! What `deploy` holds starts the controller, and is enough for it.

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;
use crate::support::controller::{Controller, albedo};
use crate::support::localstack::account;
use crate::support::stage::{ADDRESSES, ground, until};

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

/// The documents of a manifest.
fn documents(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{DEPLOY}/{name}")).expect("it is there");
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).expect("it is YAML")).collect()
}

#[tokio::test]
async fn the_manifests_start_the_controller_and_the_examples_work() {
    let plane = ControlPlane::start("deploy");
    plane.prepare().await;
    let account = account();
    ground(&account, ADDRESSES);
    for manifest in documents("controller.yaml").iter().chain(&documents("admission.yaml")) {
        plane.apply(manifest).expect("the API server takes it");
    }
    let deployment = documents("controller.yaml").remove(0);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "albedo");
    let container = &pod["containers"][0];
    let args = container["args"].as_array().expect("it has arguments");
    let mut args: Vec<String> =
        args.iter().map(|arg| arg.as_str().expect("it is text").to_owned()).collect();
    assert_eq!(args.remove(0), "run");
    assert_eq!(container["env"], json!([{"name": "CLUSTER_NAME", "value": ""}]));
    let unnamed = albedo(&account, &plane.kubeconfig_of_controller())
        .arg("run")
        .args(&args)
        .env("CLUSTER_NAME", "")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&unnamed.stderr).into_owned();
    assert!(said.contains("no cluster name; give --cluster-name or CLUSTER_NAME"), "{said}");
    args.push("--cluster-name=demo".to_owned());
    let _controller = Controller::start(&account, &plane.kubeconfig_of_controller(), &args);
    plane.kubectl(&["create", "namespace", "demo"]);
    for name in ["class", "secrets", "alpha", "beta", "gamma"] {
        plane.kubectl(&["apply", "-f", &format!("{DEPLOY}/examples/{name}.yaml")]);
    }
    let address = "-o=jsonpath={.items[*].status.loadBalancer.ingress[0].hostname}";
    until("all examples have an address", async || {
        let shown = plane.kubectl(&["get", "ingress", "-n", "demo", address]);
        (shown.split_whitespace().count() == 3).then_some(())
    })
    .await;
    let holder = "-o=jsonpath={.spec.holderIdentity}";
    let lease = "aws-load-balancer-controller-leader";
    let holder = plane.kubectl(&["get", "lease", "-n", "kube-system", lease, holder]);
    assert!(!holder.is_empty());
    plane.stop();
}

/// A binding in a namespace of its own.
fn binding(name: &str, target_group: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {"namespace": "evil", "name": name, "labels": labels},
        "spec": {
            "targetGroupARN": format!(
                "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/{target_group}/1"
            ),
            "targetType": "ip", "serviceRef": {"name": "s", "port": 80},
        },
    })
}

#[tokio::test]
async fn nobody_makes_a_binding_that_passes_for_an_ingresses_or_leads_another_elsewhere() {
    let plane = ControlPlane::start("admission");
    plane.prepare().await;
    plane.kubectl(&["create", "namespace", "evil"]);
    for manifest in documents("admission.yaml") {
        plane.apply(&manifest).expect("the API server takes it");
    }
    let stack = json!({"ingress.k8s.aws/stack": "edge"});
    // The API server takes a moment to know a policy.
    until("a label of a controller's is refused", async || {
        let refused = plane.apply(&binding("thief", "web", &stack)).err();
        plane.kubectl(&["delete", "targetgroupbinding", "-n", "evil", "--all", "--wait=false"]);
        refused.filter(|answer| answer.contains("ingress.k8s.aws/stack"))
    })
    .await;
    let own = binding("own", "web", &json!({"app": "web"}));
    plane.apply(&own).expect("it is a person's");
    plane.apply(&binding("own", "web", &json!({"app": "other"}))).expect("labels are free");
    for (what, changed) in [
        ("stack", binding("own", "web", &stack)),
        ("targetGroupARN", binding("own", "other", &json!({}))),
    ] {
        let refused = plane.apply(&changed).expect_err("it is refused");
        assert!(refused.contains(what), "{refused}");
    }
    // What a controller made may be changed by others, but for what makes it the controller's.
    let kubeconfig = plane.kubeconfig_of_controller();
    let kubeconfig = kubeconfig.to_str().expect("it is text");
    let made = binding("made", "web", &stack);
    let create = ["--kubeconfig", kubeconfig, "create", "-f", "-"];
    plane.try_kubectl(&create, Some(&made)).expect("the controller may");
    plane.kubectl(&["annotate", "targetgroupbinding", "-n", "evil", "made", "nobody=cares"]);
    let unlabel = ["label", "targetgroupbinding", "-n", "evil", "made", "ingress.k8s.aws/stack-"];
    plane.try_kubectl(&unlabel, None).expect_err("it is the controller's");
    plane.stop();
}

#[tokio::test]
async fn nobody_but_a_controller_makes_an_ingress_a_member_by_a_finalizer() {
    let plane = ControlPlane::start("finalizers");
    plane.prepare().await;
    plane.kubectl(&["create", "namespace", "evil"]);
    for manifest in documents("admission.yaml") {
        plane.apply(&manifest).expect("the API server takes it");
    }
    let ingress = |name: &str, finalizers: &[&str]| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"namespace": "evil", "name": name, "finalizers": finalizers},
            "spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
        })
    };
    until("a group's finalizer is refused", async || {
        let thief = ingress("thief", &["group.ingress.k8s.aws/edge"]);
        // What were let in before the policy is known would be let in for ever.
        let tried = ["create", "--dry-run=server", "-f", "-"];
        let refused = plane.try_kubectl(&tried, Some(&thief)).err();
        refused.filter(|answer| answer.contains("finalizers of Ingress groups"))
    })
    .await;
    plane.apply(&ingress("web", &["example.com/mine"])).expect("others' are free");
    for held in ["ingress.k8s.aws/resources", "group.alb.ingress.k8s.aws/edge"] {
        let changed = ingress("web", &["example.com/mine", held]);
        plane.apply(&changed).expect_err("it is a controller's to add");
    }
    // What a controller has added stays in the way of nothing.
    let kubeconfig = plane.kubeconfig_of_controller();
    let kubeconfig = kubeconfig.to_str().expect("it is text");
    let patch = r#"{"metadata": {"finalizers": ["ingress.k8s.aws/resources"]}}"#;
    let claim = ["--kubeconfig", kubeconfig, "patch", "ingress", "-n", "evil", "web"];
    let claim: Vec<&str> = claim.into_iter().chain(["--type=merge", "-p", patch]).collect();
    plane.try_kubectl(&claim, None).expect("the controller may");
    plane.kubectl(&["annotate", "ingress", "-n", "evil", "web", "nobody=cares"]);
    plane.stop();
}
