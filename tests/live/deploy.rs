//! What `deploy` holds starts the controller, and is enough for it.

use serde::Deserialize as _;
use serde_json::Value;

use crate::support::control_plane::ControlPlane;
use crate::support::controller::Controller;
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
    for manifest in documents("controller.yaml") {
        plane.apply(&manifest).expect("the API server takes it");
    }
    let deployment = documents("controller.yaml").remove(0);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "albedo");
    let container = &pod["containers"][0];
    let args = container["args"].as_array().expect("it has arguments");
    let mut args: Vec<String> =
        args.iter().map(|arg| arg.as_str().expect("it is text").to_owned()).collect();
    assert_eq!(args.remove(0), "run");
    for variable in container["env"].as_array().expect("it has an environment") {
        assert_eq!(variable["name"], "CLUSTER_NAME");
        args.push(format!("--cluster-name={}", variable["value"].as_str().expect("it is text")));
    }
    let _controller = Controller::start(&account, &plane.kubeconfig_of_controller(), &args);
    plane.kubectl(&["create", "namespace", "demo"]);
    for name in ["class", "alpha", "beta", "gamma"] {
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
