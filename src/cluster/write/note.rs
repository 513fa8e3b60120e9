//! The ConfigMaps that say what is registered from here in target groups that clusters share, as
//! LBC keeps them.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use smol_str::SmolStr;

use super::super::error::{ClusterError, Kind};
use super::{WRITER, answer, unless_gone};
use crate::model::id::ObjectKey;
use crate::model::marks::NOTE_PREFIX;

/// The field that has the targets, parted by commas.
const FIELD: &str = "targets";

/// What a note is, for messages.
pub(super) fn operation(binding: &ObjectKey) -> String {
    format!("ConfigMap {}/{NOTE_PREFIX}{}", binding.namespace, binding.name)
}

/// The targets that are noted; nothing where there is no note.
pub(super) async fn read(
    api: &Api<ConfigMap>,
    binding: &ObjectKey,
) -> Result<Option<BTreeSet<SmolStr>>, ClusterError> {
    let name = format!("{NOTE_PREFIX}{}", binding.name);
    let found = answer(&operation(binding), api.get_opt(&name)).await?;
    let Some(found) = found else { return Ok(None) };
    let data = found.data.unwrap_or_default();
    let text = data.get(FIELD).map(String::as_str).unwrap_or_default();
    let targets = text.split(',').map(str::trim).filter(|target| !target.is_empty());
    Ok(Some(targets.map(SmolStr::from).collect()))
}

/// Writes a note, or takes it away.
pub(super) async fn write(
    api: &Api<ConfigMap>,
    binding: &ObjectKey,
    targets: Option<&BTreeSet<SmolStr>>,
) -> Result<(), ClusterError> {
    let (name, operation) = (format!("{NOTE_PREFIX}{}", binding.name), operation(binding));
    let Some(targets) = targets else {
        let gone = answer(&operation, api.delete(&name, &DeleteParams::default())).await;
        return unless_gone(gone.map(drop));
    };
    let targets: Vec<&str> = targets.iter().map(SmolStr::as_str).collect();
    let note = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name}, "data": {FIELD: targets.join(",")},
    });
    let patch = Patch::Merge(&note);
    match answer(&operation, api.patch(&name, &PatchParams::apply(WRITER), &patch)).await {
        Err(error) if error.kind == Kind::NotFound => {
            let note: ConfigMap = serde_json::from_value(note).unwrap_or_default();
            let params =
                PostParams { field_manager: Some(WRITER.to_owned()), ..PostParams::default() };
            answer(&operation, api.create(&params, &note)).await.map(drop)
        }
        written => written.map(drop),
    }
}
