//! Nodes.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{Condition, Wire, condition, meta, name, nullable, served};
use crate::cluster::decode::Object;
use crate::model::index::Seen;
use crate::model::seen;
use crate::model::snapshot::Objects;

/// A node on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct Node {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

served!(Node, ClusterResourceScope, "", "v1", "v1", "Node", "nodes");

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "providerID", deserialize_with = "nullable")]
    provider_id: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

/// The instance that a provider id such as `aws:///us-east-1a/i-0abc` names; Fargate's name none.
fn instance(provider_id: &str) -> Option<String> {
    provider_id.rsplit('/').next().filter(|last| last.starts_with("i-")).map(str::to_owned)
}

impl Wire for Node {
    type Key = String;
    type Noun = seen::Node;

    fn noun(self) -> (String, Option<seen::Node>) {
        let node = seen::Node {
            instance: instance(&self.spec.provider_id),
            // A node that nobody has judged yet takes no traffic (LBC).
            ready: condition(&self.status.conditions, "Ready").unwrap_or("False").to_owned(),
        };
        (name(&self.metadata), Some(node))
    }

    fn seen(key: String, noun: Option<Arc<seen::Node>>) -> Seen {
        Seen::Node(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<String> {
        objects.nodes.keys().cloned().collect()
    }

    fn object(key: String, noun: Arc<seen::Node>) -> Object {
        Object::Node(key, noun)
    }
}
