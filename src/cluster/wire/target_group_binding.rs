//! TargetGroupBindings.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{CUSTOM_GROUP, Wire, meta, object_key, served};
use crate::cluster::decode::Object;
use crate::model::id::ObjectKey;
use crate::model::index::{Change, Turn};
use crate::model::seen::{SeenBinding, TargetGroupBindingSpec};

/// A TargetGroupBinding on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct TargetGroupBinding {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    spec: TargetGroupBindingSpec,
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

impl Wire for TargetGroupBinding {
    type Key = ObjectKey;
    type Noun = SeenBinding;

    fn noun(self) -> (ObjectKey, Option<SeenBinding>) {
        let key = object_key(&self.metadata);
        let binding = SeenBinding {
            uid: self.metadata.uid.unwrap_or_default(),
            labels: self.metadata.labels.unwrap_or_default(),
            finalizers: self.metadata.finalizers.unwrap_or_default(),
            leaving: self.metadata.deletion_timestamp.is_some(),
            spec: self.spec,
        };
        (key, Some(binding))
    }

    fn change(turn: Turn<ObjectKey, SeenBinding>) -> Change {
        Change::Binding(turn)
    }

    fn object(key: ObjectKey, noun: Arc<SeenBinding>) -> Object {
        Object::Binding(key, noun)
    }
}
