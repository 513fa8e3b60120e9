//! Metadata of an object, without what nobody here reads.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Deserializer};

use crate::model::marks::ANNOTATION_NETWORKING;

/// The fields of an object's metadata that are kept. Annotations and `managedFields`, often larger
/// than all the rest of an object, are not among them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SlimMeta {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    creation_timestamp: Option<Time>,
    deletion_timestamp: Option<Time>,
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    finalizers: Option<Vec<String>>,
    generation: Option<i64>,
}

/// Reads an object's metadata slim.
pub(super) fn slim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectMeta, D::Error> {
    SlimMeta::deserialize(deserializer).map(kept)
}

/// The same of a TargetGroupBinding, with its generation and the one annotation of ours that it may
/// have.
pub(super) fn slim_binding<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<ObjectMeta, D::Error> {
    let mut meta = SlimMeta::deserialize(deserializer)?;
    let mut annotations = meta.annotations.take().unwrap_or_default();
    annotations.retain(|key, _| key == ANNOTATION_NETWORKING);
    let annotations = (!annotations.is_empty()).then_some(annotations);
    let generation = meta.generation;
    Ok(ObjectMeta { annotations, generation, ..kept(meta) })
}

fn kept(meta: SlimMeta) -> ObjectMeta {
    ObjectMeta {
        name: meta.name,
        namespace: meta.namespace,
        uid: meta.uid,
        resource_version: meta.resource_version,
        creation_timestamp: meta.creation_timestamp,
        deletion_timestamp: meta.deletion_timestamp,
        labels: meta.labels,
        finalizers: meta.finalizers,
        ..ObjectMeta::default()
    }
}
