//! The webhook that gives new pods their readiness gates, as a real API server asks it.

use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::objects::{IP, ingress, service};
use crate::support::stage::{Stage, until};
use crate::support::state::text;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/injector.yaml");
const EXPIRED: &[u8] = include_bytes!("../it/fixtures/tls/expired.pem");

/// A port that nobody listens on.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is one");
    listener.local_addr().expect("it is bound").port()
}

/// `deploy/injector.yaml` under the stage's name, for its namespace and a process on this machine,
/// with an expired certificate that another process has left.
fn install(stage: &Stage, port: u16) {
    let text = std::fs::read_to_string(MANIFEST).expect("it is there");
    for document in serde_yaml_ng::Deserializer::from_str(&text) {
        let mut manifest = Value::deserialize(document).expect("it is YAML");
        match manifest["kind"].as_str() {
            Some("MutatingWebhookConfiguration") => {
                let webhook = &mut manifest["webhooks"][0];
                webhook["clientConfig"] = json!({
                    "url": format!("https://127.0.0.1:{port}/mutate-v1-pod"),
                    "caBundle": STANDARD.encode(EXPIRED),
                });
                let own = json!({"kubernetes.io/metadata.name": stage.namespace});
                let label = webhook["namespaceSelector"]["matchLabels"].as_object_mut();
                let label = label.expect("it selects namespaces by a label");
                assert_eq!(label.len(), 1);
                label.extend(own.as_object().expect("it is one").clone());
            }
            Some("ClusterRole") => manifest["rules"][0]["resourceNames"] = json!([stage.namespace]),
            Some("ClusterRoleBinding") => manifest["roleRef"]["name"] = json!(stage.namespace),
            _ => continue,
        }
        manifest["metadata"]["name"] = json!(stage.namespace);
        stage.plane.apply(&manifest).expect("an administrator may");
    }
}

fn webhook(stage: &Stage) -> Value {
    let get = ["get", "mutatingwebhookconfiguration", &stage.namespace, "-o", "json"];
    serde_json::from_str(&stage.plane.kubectl(&get)).expect("it is JSON")
}

/// A new pod of an app, and the gates that it got.
async fn gates(stage: &Stage, name: &str, app: &str) -> Vec<String> {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": stage.namespace, "labels": {"app": app}},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    });
    stage.plane.apply(&pod).expect("pods always come");
    let pod = stage.get("Pod", name).await.expect("it was made");
    let gates = pod["spec"]["readinessGates"].as_array().cloned().unwrap_or_default();
    gates.iter().map(|gate| text(gate, "conditionType")).collect()
}

#[tokio::test]
async fn new_pods_get_the_gates_of_the_bindings_that_will_serve_them() {
    let stage = Stage::new("injected").await;
    let label = "elbv2.k8s.aws/pod-readiness-gate-inject=enabled";
    stage.plane.kubectl(&["label", "namespace", &stage.namespace, label]);
    let port = free_port();
    install(&stage, port);
    stage.apply(&[service("web")]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("i.example.com", "/", "web")])]).await;
    assert_eq!(gates(&stage, "before", "web").await, [""; 0], "nobody answers, and pods come");

    let configuration = format!("--readiness-gate-webhook={}", stage.namespace);
    let address = format!("--readiness-gate-webhook-bind-addr=127.0.0.1:{port}");
    let _controller = stage.run(&[&configuration, &address]);
    stage.rest().await;
    let binding = text(&stage.list("TargetGroupBinding").await[0]["metadata"], "name");
    let bundle = async || {
        let trusted = text(&webhook(&stage)["webhooks"][0]["clientConfig"], "caBundle");
        (trusted != STANDARD.encode(EXPIRED)).then_some(trusted)
    };
    let trusted = until("the API server trusts it", bundle).await;
    let trusted = STANDARD.decode(trusted).expect("it is base64");
    let trusted = String::from_utf8(trusted).expect("it is PEM");
    assert_eq!(trusted.matches("BEGIN CERTIFICATE").count(), 1, "the expired one is gone");
    let expected = [format!("target-health.elbv2.k8s.aws/{binding}")];
    let mut number = 0;
    // API servers hear of a configuration a moment after it was written.
    until("pods get gates", async || {
        number += 1;
        (gates(&stage, &format!("web-{number}"), "web").await == expected).then_some(())
    })
    .await;
    assert_eq!(gates(&stage, "other", "other").await, [""; 0], "no binding serves it");

    // What is not labelled any more is not asked about.
    stage.plane.kubectl(&[
        "label",
        "namespace",
        &stage.namespace,
        "elbv2.k8s.aws/pod-readiness-gate-inject-",
    ]);
    until("pods come as they are", async || {
        number += 1;
        gates(&stage, &format!("web-{number}"), "web").await.is_empty().then_some(())
    })
    .await;
    for kind in ["mutatingwebhookconfiguration", "clusterrolebinding", "clusterrole"] {
        stage.plane.kubectl(&["delete", kind, &stage.namespace]);
    }
}
