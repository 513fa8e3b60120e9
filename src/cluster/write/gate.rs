//! Conditions of readiness gates, written as LBC writes them.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::super::error::{ClusterError, Kind};
use super::{WRITER, answer, unless_gone};
use crate::clock;
use crate::model::gate::GateNews;

/// What a condition is, for messages.
pub(super) fn operation(news: &GateNews) -> String {
    format!("condition {} of Pod {}", news.kind(), news.pod)
}

/// Writes one condition and leaves the others to whoever writes them: the API server merges
/// conditions by their type, so that nobody gets in between.
pub(super) async fn tell(api: &Api<Pod>, news: &GateNews) -> Result<(), ClusterError> {
    let patch = Patch::Strategic(patch(news));
    let params = PatchParams::apply(WRITER);
    let operation = operation(news);
    match answer(&operation, api.patch_status(&news.pod.name, &params, &patch)).await {
        // The UID is another one's: the pod that was meant is gone.
        Err(error) if error.kind == Kind::Conflict => Ok(()),
        answered => unless_gone(answered.map(drop)),
    }
}

/// The patch. The time of the transition changes with the state alone.
fn patch(news: &GateNews) -> Value {
    let condition = &news.condition;
    let mut told = json!({
        "type": news.kind(),
        "status": condition.state.as_str(),
        "reason": &condition.reason,
        "message": &condition.message,
    });
    if news.before != Some(condition.state) {
        told["lastTransitionTime"] = json!(Time(clock::now()));
    }
    json!({"metadata": {"uid": &news.uid}, "status": {"conditions": [told]}})
}
