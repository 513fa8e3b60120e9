//! Finalizers: put on before anything is made for an object, taken off when nothing of it is left.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::error::ClusterError;
use super::{WRITER, against_others, answer, unless_gone};
use crate::model::id::ObjectKey;

/// A kind whose objects can carry finalizers.
pub(super) trait Claimable:
    Resource + Metadata<Ty = ObjectMeta> + Clone + Debug + DeserializeOwned
{
}
impl<K: Resource + Metadata<Ty = ObjectMeta> + Clone + Debug + DeserializeOwned> Claimable for K {}

/// Puts a finalizer on an object that does not carry it.
///
/// Nothing may be put on an object that is being deleted: whoever wanted to make something for it
/// has to see that.
pub(super) async fn add<K: Claimable>(
    api: &Api<K>,
    key: &ObjectKey,
    finalizer: &str,
) -> Result<(), ClusterError> {
    let operation = format!("finalizer on {} {key}", K::KIND);
    against_others(|| async {
        let meta = read(api, &operation, key).await?;
        let mut finalizers = meta.finalizers.clone().unwrap_or_default();
        if finalizers.iter().any(|one| one == finalizer) {
            return Ok(());
        }
        if meta.deletion_timestamp.is_some() {
            return Err(ClusterError::unfit(&operation, "it is being deleted"));
        }
        finalizers.push(finalizer.to_owned());
        write(api, &operation, &meta, &finalizers).await
    })
    .await
}

/// Takes a finalizer off an object, unless it or the object is gone.
pub(super) async fn remove<K: Claimable>(
    api: &Api<K>,
    key: &ObjectKey,
    finalizer: &str,
) -> Result<(), ClusterError> {
    let operation = format!("finalizer off {} {key}", K::KIND);
    let attempt = || async {
        let meta = read(api, &operation, key).await?;
        let standing = meta.finalizers.clone().unwrap_or_default();
        let kept: Vec<String> = standing.iter().filter(|one| *one != finalizer).cloned().collect();
        if kept.len() == standing.len() {
            return Ok(());
        }
        write(api, &operation, &meta, &kept).await
    };
    unless_gone(against_others(attempt).await)
}

/// The metadata of an object as the API server has it now.
async fn read<K: Claimable>(
    api: &Api<K>,
    operation: &str,
    key: &ObjectKey,
) -> Result<ObjectMeta, ClusterError> {
    let object = answer(operation, api.get_metadata(&key.name)).await?;
    Ok(object.metadata)
}

/// Replaces the finalizers of the object that was read, if it still is the same.
async fn write<K: Claimable>(
    api: &Api<K>,
    operation: &str,
    meta: &ObjectMeta,
    finalizers: &[String],
) -> Result<(), ClusterError> {
    let patch = json!({"metadata": {
        "resourceVersion": meta.resource_version,
        "finalizers": finalizers,
    }});
    let name = meta.name.as_deref().unwrap_or_default();
    let patch = Patch::Merge(&patch);
    answer(operation, api.patch_metadata(name, &PatchParams::apply(WRITER), &patch)).await.map(drop)
}
