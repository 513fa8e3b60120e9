//! Pods.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{Condition, Wire, condition, meta, nullable, object_key, served};
use crate::cluster::decode::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::seen;
use crate::model::snapshot::Objects;

/// Starts of the condition types that load balancers serve: today's, and the one of the
/// controller's first version.
const GATE_PREFIXES: [&str; 2] =
    ["target-health.elbv2.k8s.aws/", "target-health.alb.ingress.k8s.aws/"];

/// A pod on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct Pod {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

served!(Pod, NamespaceResourceScope, "", "v1", "v1", "Pod", "pods");

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    #[serde(deserialize_with = "nullable")]
    node_name: String,
    #[serde(rename = "readinessGates", deserialize_with = "nullable")]
    gates: Vec<Gate>,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
}

#[derive(Clone, Debug, Deserialize)]
struct Gate {
    #[serde(rename = "conditionType")]
    condition: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    restart_policy: Option<String>,
    #[serde(deserialize_with = "nullable")]
    ports: Vec<Port>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Port {
    name: Option<String>,
    container_port: i32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(rename = "podIPs", deserialize_with = "nullable")]
    addresses: Vec<Address>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Deserialize)]
struct Address {
    ip: String,
}

impl Spec {
    /// The containers that run as long as the pod does. An init container that is always restarted
    /// is one (Kubernetes calls it a sidecar, and lets a Service's target port name its ports).
    fn running(self) -> impl Iterator<Item = Container> {
        let is_sidecar =
            |container: &Container| container.restart_policy.as_deref() == Some("Always");
        self.containers.into_iter().chain(self.init_containers.into_iter().filter(is_sidecar))
    }
}

impl Wire for Pod {
    type Key = ObjectKey;
    type Noun = seen::Pod;

    fn noun(self) -> (ObjectKey, Option<seen::Pod>) {
        let Self { metadata, mut spec, status } = self;
        let key = object_key(&metadata);
        let gates = std::mem::take(&mut spec.gates).into_iter().map(|gate| gate.condition);
        let served = |gate: &String| GATE_PREFIXES.iter().any(|prefix| gate.starts_with(prefix));
        let pod = seen::Pod {
            uid: metadata.uid.unwrap_or_default(),
            node: std::mem::take(&mut spec.node_name),
            addresses: status.addresses.into_iter().map(|address| address.ip).collect(),
            containers_ready: condition(&status.conditions, "ContainersReady") == Some("True"),
            leaving: metadata.deletion_timestamp.is_some(),
            gates: gates.filter(served).collect(),
            named_ports: spec
                .running()
                .flat_map(|container| container.ports)
                .filter_map(|port| Some((port.name?, port.container_port.try_into().ok()?)))
                .collect(),
        };
        (key, Some(pod))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<seen::Pod>>) -> Seen {
        Seen::Pod(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.pods.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<seen::Pod>) -> Object {
        Object::Pod(key, noun)
    }
}
