//! What the API server is answered about a pod.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use smol_str::SmolStr;

/// What LBC's first version called its gates: none of them ever opens.
const GATE_PREFIX_BEFORE: &str = "target-health.alb.ingress.k8s.aws";

/// What the API server asks, as far as gates depend on it.
#[derive(Debug, Deserialize)]
struct Review {
    request: Request,
}

#[derive(Debug, Deserialize)]
struct Request {
    uid: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    object: Pod,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    readiness_gates: Option<Vec<Gate>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Gate {
    condition_type: String,
}

/// The answer: the pod may come, with the gates that `gates` says for its namespace and labels.
///
/// # Errors
/// It is no question about a pod: what is wrong with it.
pub fn review(
    question: &[u8],
    gates: impl FnOnce(&str, &BTreeMap<String, String>) -> Vec<SmolStr>,
) -> Result<Value, String> {
    let Review { request } = serde_json::from_slice(question).map_err(|error| error.to_string())?;
    let labels = request.object.metadata.labels.unwrap_or_default();
    let wanted = gates(&request.namespace, &labels);
    let before = request.object.spec.readiness_gates.unwrap_or_default();
    let after = with(&before, &wanted);
    let mut response = json!({"uid": request.uid, "allowed": true});
    if after != before {
        let gates: Vec<Value> =
            after.iter().map(|gate| json!({"conditionType": gate.condition_type})).collect();
        // Where there are some already, `add` puts these in their place (RFC 6902, 4.1).
        let patch = json!([{"op": "add", "path": "/spec/readinessGates", "value": gates}]);
        response["patchType"] = "JSONPatch".into();
        response["patch"] = STANDARD.encode(patch.to_string()).into();
    }
    let kind = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"});
    let mut answer = kind;
    answer["response"] = response;
    Ok(answer)
}

/// The gates of a pod with those that it should have; where a binding serves it, without those that
/// nobody opens (LBC).
fn with(before: &[Gate], wanted: &[SmolStr]) -> Vec<Gate> {
    if wanted.is_empty() {
        return before.to_vec();
    }
    let old = |gate: &&Gate| !gate.condition_type.starts_with(GATE_PREFIX_BEFORE);
    let mut after: Vec<Gate> = before.iter().filter(old).cloned().collect();
    for kind in wanted {
        if after.iter().all(|gate| gate.condition_type != kind.as_str()) {
            after.push(Gate { condition_type: kind.to_string() });
        }
    }
    after
}
