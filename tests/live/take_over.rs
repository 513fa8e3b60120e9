//! Starting beside AWS Load Balancer Controller: nothing is taken over by accident.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;
use crate::support::controller::{Controller, albedo};
use crate::support::localstack::{Account, account};
use crate::support::stage::{ADDRESSES, ground, until};

const LEASE: &str = "aws-load-balancer-controller-leader";
const HOLDER: &str = "aws-load-balancer-controller-6b7d_0f3c8f6e-6d4f-4ad1-9f5b-1c0a2f3e4d5c";

/// What LBC's chart leaves in a cluster, and what it serves there.
fn lbc() -> Vec<Value> {
    let labels = json!({"app.kubernetes.io/name": "aws-load-balancer-controller"});
    let meta = |name: &str| json!({"name": name, "namespace": "kube-system"});
    let now = albedo::clock::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let pod = json!({"containers": [{"name": "lbc", "image": "lbc"}]});
    vec![
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta(LEASE),
            "spec": {"holderIdentity": HOLDER, "leaseDurationSeconds": 3600, "renewTime": now},
        }),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "lbc", "namespace": "kube-system", "labels": labels},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }),
        json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": {"name": "quic", "namespace": "default"},
            "spec": {
                "targetGroupARN": "arn", "targetType": "ip", "targetGroupProtocol": "TCP_QUIC",
                "serviceRef": {"name": "web", "port": 80},
            },
        }),
        json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {
                "name": "nlb", "namespace": "default", "finalizers": ["service.k8s.aws/resources"],
            },
            "spec": {"ports": [{"port": 80}]},
        }),
    ]
}

const CLUSTER: &str = "--cluster-name=demo";
/// The namespace in which the roles of `deploy/` let be remembered.
const MEMORY: &str = "--memory-namespace=albedo-system";
const FLAGS: [&str; 6] = [
    "run",
    CLUSTER,
    MEMORY,
    "--health-probe-bind-addr=127.0.0.1:0",
    "--metrics-bind-addr=127.0.0.1:0",
    "--log-format=text",
];

/// What a start that ends at once says.
fn refused(plane: &ControlPlane, account: &Account, flags: &[&str]) -> String {
    let mut command = albedo(account, &plane.kubeconfig_of_controller());
    let Output { status, stderr, .. } = command.args(FLAGS).args(flags).output().expect("it runs");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

#[tokio::test]
async fn what_lbc_does_is_taken_over_on_purpose_and_only_once() {
    let plane = ControlPlane::start("take-over");
    plane.prepare().await;
    let account = account();
    ground(&account, ADDRESSES);
    for object in lbc() {
        plane.apply(&object).expect("the API server takes it");
    }
    let said = refused(&plane, &account, &[]);
    let here = "AWS Load Balancer Controller is here (it holds Lease kube-system/";
    for part in [here, "give --take-over", "not done here: quic-bindings (1: default/quic)"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = refused(&plane, &account, &["--take-over"]);
    assert!(said.contains("--take-over=quic-bindings,services"), "{said}");
    plane.make_home("default");
    let said = refused(&plane, &account, &["--leader-election-namespace=default", "--take-over"]);
    assert!(said.contains("give --leader-election-namespace=kube-system"), "{said}");

    let mark = ["get", "configmap", "-n", "albedo-system", "albedo-memory-mark", "-o=name"];
    assert!(plane.try_kubectl(&mark, None).is_err(), "no start was let begin so far");
    let start = |flags: &[&str]| {
        let mut all = [CLUSTER, MEMORY].map(str::to_owned).to_vec();
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Controller::start(&account, &plane.kubeconfig_of_controller(), &all)
    };
    let mut first = start(&["--take-over=services,quic-bindings"]);
    until("it is let begin", async || plane.try_kubectl(&mark, None).ok()).await;
    assert!(first.terminate().success());
    // What anybody can make stops no later start.
    let later = start(&[]);
    until("it says what it found", async || {
        let log = later.log();
        let has = |part: &str| log.contains(part);
        (has("AWS Load Balancer Controller is here") && has("not done here: services"))
            .then_some(())
    })
    .await;
    let holder = "-o=jsonpath={.spec.holderIdentity}";
    let holder = plane.kubectl(&["get", "lease", "-n", "kube-system", LEASE, holder]);
    assert_eq!(holder, HOLDER, "LBC leads for as long as it renews its Lease");
    drop(later);
    plane.stop();
}
