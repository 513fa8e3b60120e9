//! TenantPolicies.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use super::{OWN_GROUP, Wire, meta, name, served};
use crate::cluster::object::Object;
use crate::model::index::Seen;
use crate::model::seen;
use crate::model::snapshot::Objects;

/// A TenantPolicy on the wire. Its `spec` is read as far as it can be: one that is taken for not
/// being there would allow everything.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct TenantPolicy {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Value,
}

served!(
    TenantPolicy,
    ClusterResourceScope,
    OWN_GROUP,
    "v1",
    "alb.ingress.k8s.aws/v1",
    "TenantPolicy",
    "tenantpolicies"
);

impl Wire for TenantPolicy {
    type Key = String;
    type Noun = seen::TenantPolicy;

    fn noun(self) -> (String, Option<seen::TenantPolicy>) {
        (name(&self.metadata), Some(seen::TenantPolicy::read(self.spec)))
    }

    fn seen(key: String, noun: Option<Arc<seen::TenantPolicy>>) -> Seen {
        Seen::Policy(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<String> {
        objects.policies.keys().cloned().collect()
    }

    fn object(key: String, noun: Arc<seen::TenantPolicy>) -> Object {
        Object::Policy(key, noun)
    }
}
