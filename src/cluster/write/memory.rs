//! What is remembered of Ingress groups: a ConfigMap each, in this program's own namespace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use super::super::error::ClusterError;
use super::{WRITER, answer, unless_gone};
use crate::model::group::Group;
use crate::model::memory::Memory;
use crate::model::names;

/// The label by which the ConfigMaps are found.
const LABEL: &str = "alb.ingress.k8s.aws/memory";
/// Its value: of an Ingress group.
const LABEL_BALANCER: &str = "balancer";
/// The keys of the ConfigMap's data.
const DATA_GROUP: &str = "group";
const DATA_MEMORY: &str = "memory";

/// Remembers; nothing to remember removes what was.
pub(super) async fn remember(
    api: &Api<ConfigMap>,
    group: &Group,
    memory: &Memory,
) -> Result<(), ClusterError> {
    let name = names::memory(group);
    let operation = format!("memory of {group}");
    if memory.is_empty() {
        let deleted = answer(&operation, api.delete(&name, &DeleteParams::default())).await;
        return unless_gone(deleted.map(drop));
    }
    let text = |value: serde_json::Result<String>| {
        value.map_err(|error| ClusterError::unfit(&operation, error.to_string()))
    };
    let patch = Patch::Apply(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {LABEL: LABEL_BALANCER}},
        "data": {
            DATA_GROUP: text(serde_json::to_string(group))?,
            DATA_MEMORY: text(serde_json::to_string(memory))?,
        },
    }));
    let params = PatchParams::apply(WRITER).force();
    answer(&operation, api.patch(&name, &params, &patch)).await.map(drop)
}

/// All that is remembered. What cannot be read is left out and named: losing it makes us more
/// careful, nothing else.
pub(super) async fn recall(
    api: &Api<ConfigMap>,
) -> Result<(BTreeMap<Group, Memory>, Vec<String>), ClusterError> {
    let params = ListParams::default().labels(&format!("{LABEL}={LABEL_BALANCER}"));
    let found = answer("memories", api.list(&params)).await?;
    let (mut memories, mut unreadable) = (BTreeMap::new(), Vec::new());
    for map in found {
        let data = map.data.unwrap_or_default();
        let text = |key| data.get(key).map(String::as_str).unwrap_or_default();
        let group = serde_json::from_str::<Group>(text(DATA_GROUP));
        let memory = serde_json::from_str::<Memory>(text(DATA_MEMORY));
        match (group, memory) {
            (Ok(group), Ok(memory)) => _ = memories.insert(group, memory),
            (Err(error), _) | (_, Err(error)) => {
                let name = map.metadata.name.unwrap_or_default();
                unreadable.push(format!("ConfigMap {name}: {error}"));
            }
        }
    }
    Ok((memories, unreadable))
}
