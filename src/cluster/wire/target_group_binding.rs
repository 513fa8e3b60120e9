//! TargetGroupBindings.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::Resource;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{CUSTOM_GROUP, Wire, meta, object_key, served};
use crate::cluster::object::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::marks::ANNOTATION_NETWORKING;
use crate::model::seen::{BindingStatus, Networking, SeenBinding, TargetGroupBindingSpec};
use crate::model::snapshot::Objects;

/// A TargetGroupBinding on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct TargetGroupBinding {
    #[serde(deserialize_with = "meta::slim_binding")]
    pub(in crate::cluster) metadata: ObjectMeta,
    pub(in crate::cluster) spec: TargetGroupBindingSpec,
    /// Read, and written by itself.
    #[serde(default)]
    pub(in crate::cluster) status: Option<BindingStatus>,
}

served!(
    TargetGroupBinding,
    NamespaceResourceScope,
    CUSTOM_GROUP,
    "v1beta1",
    "elbv2.k8s.aws/v1beta1",
    "TargetGroupBinding",
    "targetgroupbindings"
);

impl Serialize for TargetGroupBinding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct(Self::KIND, 4)?;
        object.serialize_field("apiVersion", Self::API_VERSION)?;
        object.serialize_field("kind", Self::KIND)?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        object.end()
    }
}

impl TargetGroupBinding {
    /// Who may reach the targets, where the spec is LBC's to act on.
    fn beside_lbc(&self) -> Option<Networking> {
        let text = self.metadata.annotations.as_ref()?.get(ANNOTATION_NETWORKING)?;
        serde_json::from_str(text).ok()
    }
}

impl Wire for TargetGroupBinding {
    type Key = ObjectKey;
    type Noun = SeenBinding;

    fn noun(mut self) -> (ObjectKey, Option<SeenBinding>) {
        self.spec.networking = self.spec.networking.take().or(self.beside_lbc().map(Arc::new));
        let key = object_key(&self.metadata);
        let finalizers = self.metadata.finalizers.unwrap_or_default();
        let binding = SeenBinding {
            uid: self.metadata.uid.unwrap_or_default().into(),
            created: self.metadata.creation_timestamp.map(|Time(at)| at).unwrap_or_default(),
            generation: self.metadata.generation,
            labels: self.metadata.labels.unwrap_or_default().into_iter().collect(),
            finalizers: finalizers.into_iter().map(Into::into).collect(),
            leaving: self.metadata.deletion_timestamp.is_some(),
            spec: self.spec,
            status: self.status.unwrap_or_default(),
        };
        (key, Some(binding))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<SeenBinding>>) -> Seen {
        Seen::Binding(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.bindings.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<SeenBinding>) -> Object {
        Object::Binding(key, noun)
    }
}
