//! What `deploy/controller.yaml` asks of a cluster.

use std::fs;

use serde::Deserialize as _;
use serde_json::{Value, json};

fn manifest(kind: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/controller.yaml");
    let text = fs::read_to_string(path).unwrap();
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let mut documents = documents.map(|document| Value::deserialize(document).unwrap());
    documents.find(|document| document["kind"] == kind).unwrap()
}

fn pod() -> Value {
    manifest("Deployment")["spec"]["template"]["spec"].clone()
}

/// As the Pod Security Standard "restricted" asks for, and a file system that cannot be written.
#[test]
fn the_pod_is_restricted() {
    let pod = pod();
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_ne!(pod["securityContext"]["runAsUser"], 0);
    assert_eq!(pod["securityContext"]["seccompProfile"], json!({"type": "RuntimeDefault"}));
    let allowed = json!({
        "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]},
    });
    assert_eq!(pod["containers"][0]["securityContext"], allowed);
    for shared in ["hostNetwork", "hostPID", "hostIPC", "volumes"] {
        assert!(pod[shared].is_null(), "{shared}");
    }
}

/// A name that somebody forgot to fill in would go into names and tags of everything.
#[test]
fn no_cluster_has_a_name_by_default() {
    let env = &pod()["containers"][0]["env"];
    assert_eq!(*env, json!([{"name": "CLUSTER_NAME", "value": ""}]));
}

/// The start waits for the API server, for five minutes; only then is it taken for dead.
#[test]
fn a_start_has_time() {
    let container = pod()["containers"][0].clone();
    let health = json!({"path": "/healthz", "port": "health"});
    let probe = &container["startupProbe"];
    assert_eq!(probe["httpGet"], health);
    let seconds =
        probe["periodSeconds"].as_u64().unwrap() * probe["failureThreshold"].as_u64().unwrap();
    assert_eq!(seconds, 300);
    assert_eq!(container["livenessProbe"]["httpGet"], health);
    assert_eq!(container["readinessProbe"]["httpGet"]["path"], "/readyz");
}

#[test]
fn only_metrics_are_for_others() {
    let deployment = manifest("Deployment");
    let policy = manifest("NetworkPolicy");
    assert_eq!(policy["metadata"]["namespace"], deployment["metadata"]["namespace"]);
    assert_eq!(policy["spec"]["podSelector"], deployment["spec"]["selector"]);
    assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress"]));
    let [rule] = &policy["spec"]["ingress"].as_array().unwrap()[..] else { panic!("{policy}") };
    assert_eq!(rule["ports"], json!([{"port": "metrics"}]));
    assert!(!rule["from"].as_array().unwrap().is_empty());
}
