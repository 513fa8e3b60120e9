//! Nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use smol_str::SmolStr;

use super::{Condition, Wire, condition, meta, name, nullable, served};
use crate::cluster::object::Object;
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
    #[serde(deserialize_with = "nullable")]
    taints: Vec<Taint>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Taint {
    key: String,
    effect: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

/// Labels of nodes that load balancers send nothing, whatever their value: those of LBC, which are
/// those of Kubernetes itself.
const EXCLUDING_LABELS: [&str; 3] = [
    "node-role.kubernetes.io/master",
    "node.kubernetes.io/exclude-from-external-load-balancers",
    "alpha.service-controller.kubernetes.io/exclude-balancer",
];
/// The label of what EKS makes a node of.
const COMPUTE_TYPE: &str = "eks.amazonaws.com/compute-type";
/// Its values for nodes that are no instances: AWS Fargate's, and machines of the customer's.
const NO_INSTANCES: [&str; 2] = ["fargate", "hybrid"];
/// Start of the provider id of a machine of the customer's.
const HYBRID_PREFIX: &str = "eks-hybrid:";
/// The taint that the cluster autoscaler puts on a node before it takes it away.
const AUTOSCALER_TAINT: &str = "ToBeDeletedByClusterAutoscaler";
/// The taint that Karpenter puts on a node before it takes it away, with its effect.
const KARPENTER_TAINT: (&str, &str) = ("karpenter.sh/disrupted", "NoSchedule");

/// The instance that a provider id such as `aws:///us-east-1a/i-0abc` names; Fargate's name none.
fn instance(provider_id: &str) -> Option<SmolStr> {
    provider_id.rsplit('/').next().filter(|last| last.starts_with("i-")).map(SmolStr::from)
}

/// Whether somebody says that load balancers send a node nothing.
fn is_excluded(labels: &BTreeMap<String, String>, spec: &Spec) -> bool {
    let compute_type = labels.get(COMPUTE_TYPE).map(String::as_str);
    EXCLUDING_LABELS.iter().any(|label| labels.contains_key(*label))
        || compute_type.is_some_and(|made_of| NO_INSTANCES.contains(&made_of))
        || spec.provider_id.starts_with(HYBRID_PREFIX)
        || spec.taints.iter().any(|taint| {
            taint.key == AUTOSCALER_TAINT || (&*taint.key, &*taint.effect) == KARPENTER_TAINT
        })
}

impl Wire for Node {
    type Key = String;
    type Noun = seen::Node;

    fn noun(self) -> (String, Option<seen::Node>) {
        let key = name(&self.metadata);
        let labels = self.metadata.labels.unwrap_or_default();
        let node = seen::Node {
            instance: instance(&self.spec.provider_id),
            // A node that nobody has judged yet takes no traffic (LBC).
            ready: condition(&self.status.conditions, "Ready").unwrap_or("False").into(),
            excluded: is_excluded(&labels, &self.spec),
            labels: labels.into_iter().collect(),
        };
        (key, Some(node))
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
