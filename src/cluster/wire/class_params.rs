//! IngressClassParams.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{CUSTOM_GROUP, Wire, meta, name, nullable, served};
use crate::cluster::object::Object;
use crate::model::index::Seen;
use crate::model::seen::{ClassParams, ClassParamsSpec};
use crate::model::snapshot::Objects;

/// IngressClassParams on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct IngressClassParams {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: ClassParamsSpec,
}

served!(
    IngressClassParams,
    ClusterResourceScope,
    CUSTOM_GROUP,
    "v1beta1",
    "elbv2.k8s.aws/v1beta1",
    "IngressClassParams",
    "ingressclassparams"
);

impl Wire for IngressClassParams {
    type Key = String;
    type Noun = ClassParams;

    fn noun(self) -> (String, Option<ClassParams>) {
        (name(&self.metadata), Some(ClassParams { spec: self.spec }))
    }

    fn seen(key: String, noun: Option<Arc<ClassParams>>) -> Seen {
        Seen::Params(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<String> {
        objects.params.keys().cloned().collect()
    }

    fn object(key: String, noun: Arc<ClassParams>) -> Object {
        Object::Params(key, noun)
    }
}
