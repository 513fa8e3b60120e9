//! Objects as the API server writes them, one type a kind, and how each becomes a noun of the
//! model.
//!
//! Kinds that are numerous or ours have a slim type here: what this program never reads is skipped
//! while the text is decoded and takes no memory. Ingresses and IngressClasses are decoded as
//! `k8s_openapi` has them, and of those is kept what is read (`native`).

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::object::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::snapshot::Objects;

mod class_params;
mod endpoint_slice;
mod ingress_group;
mod meta;
mod namespace;
mod native;
mod node;
mod pod;
mod probe;
mod secret;
mod service;
mod target_group_binding;
mod tenant_policy;

pub(super) use class_params::IngressClassParams;
pub(super) use endpoint_slice::EndpointSlice;
pub(super) use ingress_group::{IngressGroup, IngressGroupSpec};
pub(super) use namespace::Namespace;
pub(super) use node::Node;
pub(super) use pod::Pod;
pub(super) use secret::Secret;
pub(super) use target_group_binding::TargetGroupBinding;
pub(super) use tenant_policy::TenantPolicy;

/// The group of the custom resources, LBC's own.
pub(super) const CUSTOM_GROUP: &str = "elbv2.k8s.aws";
/// The group of the custom resources that are our own, which a cluster may do without.
pub(super) const OWN_GROUP: &str = "alb.ingress.k8s.aws";

/// A kind of object that this program reads: how its wire form becomes a noun, and where it
/// is kept.
pub(super) trait Wire:
    Resource + Metadata<Ty = ObjectMeta> + Clone + Debug + DeserializeOwned + Send + 'static
{
    /// What one object is called.
    type Key: Key;
    /// What is kept of it.
    type Noun: Clone + PartialEq + Debug + Send + Sync + 'static;

    /// Takes what is kept: nothing of an object that cannot matter to a load balancer.
    fn noun(self) -> (Self::Key, Option<Self::Noun>);
    /// One of this kind as it is now.
    fn seen(key: Self::Key, noun: Option<Arc<Self::Noun>>) -> Seen;
    /// The ones of this kind that are known.
    fn known(objects: &Objects) -> BTreeSet<Self::Key>;
    /// One of this kind as a decoded object.
    fn object(key: Self::Key, noun: Arc<Self::Noun>) -> Object;
}

/// What a list or a watch shows of each object.
pub(super) trait Shown: DeserializeOwned + Send + 'static {
    /// The object's metadata.
    fn meta(&self) -> &ObjectMeta;
}

impl<K: Wire> Shown for K {
    fn meta(&self) -> &ObjectMeta {
        self.metadata()
    }
}

/// The metadata of an object of any kind.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Stamp {
    #[serde(deserialize_with = "meta::slim")]
    pub(super) metadata: ObjectMeta,
}

impl Shown for Stamp {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// What objects are called, by their metadata.
pub(super) trait Key: Clone + Ord + Debug + Send + Sync + 'static {
    /// What the object with this metadata is called.
    fn of(meta: &ObjectMeta) -> Self;
}

impl Key for ObjectKey {
    fn of(meta: &ObjectMeta) -> Self {
        object_key(meta)
    }
}

impl Key for String {
    fn of(meta: &ObjectMeta) -> Self {
        name(meta)
    }
}

/// What a namespaced object is called.
fn object_key(meta: &ObjectMeta) -> ObjectKey {
    ObjectKey::new(meta.namespace.clone().unwrap_or_default(), name(meta))
}

/// What a cluster-wide object is called.
fn name(meta: &ObjectMeta) -> String {
    meta.name.clone().unwrap_or_default()
}

/// Reads a field whose `null` means what its absence means: Go writes an empty list that way.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A condition of an object's status, such as `Ready`.
#[derive(Clone, Debug, Deserialize)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    #[serde(default, deserialize_with = "nullable")]
    reason: String,
    #[serde(default, deserialize_with = "nullable")]
    message: String,
}

/// The status of the condition of this type, if there is one.
fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a str> {
    conditions.iter().find(|condition| condition.kind == kind).map(|found| found.status.as_str())
}

/// Tells `kube` where a wire type is served. The type has a field `metadata`.
macro_rules! served {
    (
        $type:ty, $scope:ident, $group:expr, $version:literal, $api_version:expr, $kind:literal,
        $plural:literal
    ) => {
        impl k8s_openapi::Resource for $type {
            const API_VERSION: &'static str = $api_version;
            const GROUP: &'static str = $group;
            const KIND: &'static str = $kind;
            const VERSION: &'static str = $version;
            const URL_PATH_SEGMENT: &'static str = $plural;
            type Scope = k8s_openapi::$scope;
        }

        impl k8s_openapi::Metadata for $type {
            type Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

            fn metadata(&self) -> &Self::Ty {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut Self::Ty {
                &mut self.metadata
            }
        }
    };
}
use served;
