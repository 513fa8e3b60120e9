//! IngressGroups: written, and read only to know what was written.

use k8s_openapi::Resource;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::{OWN_GROUP, meta, nullable, served};
use crate::model::ingress_group::GroupStatus;

/// An IngressGroup on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct IngressGroup {
    #[serde(deserialize_with = "meta::slim")]
    pub(in crate::cluster) metadata: ObjectMeta,
    pub(in crate::cluster) spec: IngressGroupSpec,
    /// Read, and written by itself.
    #[serde(default, deserialize_with = "nullable")]
    pub(in crate::cluster) status: GroupStatus,
}

/// What an IngressGroup is about.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(in crate::cluster) struct IngressGroupSpec {
    /// The group, as its tags spell it.
    #[serde(default)]
    pub(in crate::cluster) group: String,
}

served!(
    IngressGroup,
    ClusterResourceScope,
    OWN_GROUP,
    "v1",
    "alb.ingress.k8s.aws/v1",
    "IngressGroup",
    "ingressgroups"
);

impl Serialize for IngressGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct(Self::KIND, 4)?;
        object.serialize_field("apiVersion", Self::API_VERSION)?;
        object.serialize_field("kind", Self::KIND)?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        object.end()
    }
}
