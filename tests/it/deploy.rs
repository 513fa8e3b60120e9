//! What `deploy/controller.yaml` asks of a cluster, and what the image is.

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

/// Whoever looks at the topology page reaches the pods and changes nothing.
#[test]
fn who_may_look_may_do_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/page.yaml");
    let text = fs::read_to_string(path).unwrap();
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let documents: Vec<Value> =
        documents.map(|document| Value::deserialize(document).unwrap()).collect();
    assert_eq!(documents[0]["kind"], "Role");
    let namespace = &manifest("Deployment")["metadata"]["namespace"];
    assert!(documents.iter().all(|one| one["metadata"]["namespace"] == *namespace));
    for rule in documents[0]["rules"].as_array().unwrap() {
        let is_forwarding = rule["resources"] == json!(["pods/portforward"]);
        let allowed = if is_forwarding { &["create"][..] } else { &["get", "list"] };
        let verbs = rule["verbs"].as_array().unwrap();
        assert!(verbs.iter().all(|verb| allowed.contains(&verb.as_str().unwrap())), "{rule}");
    }
    let command = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let name = manifest("Deployment")["metadata"]["name"].clone();
    let name = name.as_str().unwrap();
    assert!(command.contains(&format!("port-forward deploy/{name} 61780")));
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

/// The same image comes of both ways to make it.
#[test]
fn what_makes_an_image_with_a_daemon_and_what_makes_one_without_agree() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");
    let dockerfile = fs::read_to_string(format!("{folder}/Dockerfile")).unwrap();
    let build = fs::read_to_string(format!("{folder}/image/build")).unwrap();
    for script in ["image/program", "image/rootfs"] {
        assert!(dockerfile.contains(&format!("deploy/{script}")), "{script}");
    }
    let version = format!("org.opencontainers.image.version={} ", env!("CARGO_PKG_VERSION"));
    let description =
        format!("org.opencontainers.image.description=\"{}\"", env!("CARGO_PKG_DESCRIPTION"));
    for line in [version, description] {
        assert!(dockerfile.contains(&line), "{line}");
    }
    let labels = |text: &str| {
        let names = text.split("org.opencontainers.image.").skip(1);
        let names = names.filter_map(|rest| Some(rest.split_once('=')?.0.to_owned()));
        // The Dockerfile's is given by whoever builds: SOURCE_DATE_EPOCH.
        names.filter(|name| name != "created").collect::<Vec<_>>()
    };
    assert_eq!(labels(&dockerfile), labels(&build));
    let pod = pod();
    let user = &pod["securityContext"]["runAsUser"];
    assert!(dockerfile.contains(&format!("USER {user}:{user}")), "{user}");
    assert!(build.contains(&format!("--config.user {user}:{user}")), "{user}");
    assert!(dockerfile.contains("ENTRYPOINT [\"/usr/bin/albedo\"]"));
    assert!(build.contains("--config.entrypoint /usr/bin/albedo"));
    let image = format!("albedo:{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(pod["containers"][0]["image"], image);
}
