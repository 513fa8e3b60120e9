//! Pods.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use smol_str::SmolStr;

use super::probe::{Port, ReadinessProbe, listed};
use super::{Condition, Wire, condition, meta, nullable, object_key, served};
use crate::cluster::object::Object;
use crate::model::few::Few;
use crate::model::gate::{GATE_PREFIX, Gate, GateCondition, GateState, Gates};
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::seen::{self, Termination};
use crate::model::snapshot::Objects;

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
    #[serde(deserialize_with = "nullable")]
    readiness_gates: Vec<ReadinessGate>,
    termination_grace_period_seconds: Option<i64>,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
}

/// A container, as far as it says what it is asked and what happens before it is told to stop.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    #[serde(deserialize_with = "nullable")]
    lifecycle: Lifecycle,
    #[serde(deserialize_with = "nullable")]
    ports: Vec<Port>,
    readiness_probe: Option<ReadinessProbe>,
    #[serde(deserialize_with = "nullable")]
    restart_policy: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lifecycle {
    pre_stop: Option<Hook>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Hook {
    sleep: Option<Sleep>,
    exec: Option<Exec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Sleep {
    seconds: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Exec {
    #[serde(deserialize_with = "nullable")]
    command: Vec<String>,
}

impl Hook {
    /// For how many seconds it sleeps, as `sleep` or as a shell's command; `None` where it does
    /// anything else.
    fn seconds(&self) -> Option<u32> {
        if let Some(sleep) = &self.sleep {
            return u32::try_from(sleep.seconds).ok();
        }
        let command = self.exec.as_ref()?.command.join(" ");
        let mut words = command.split([' ', ';', '&']).filter(|word| !word.is_empty());
        words.find(|word| word.rsplit('/').next() == Some("sleep"))?;
        words.next()?.trim_end_matches('s').parse().ok()
    }
}

impl Spec {
    /// The containers that run as long as the pod does: those that begin before the others only
    /// where they are always started anew.
    fn lasting(&self) -> impl Iterator<Item = &Container> {
        let first = self.init_containers.iter().filter(|each| each.restart_policy == "Always");
        self.containers.iter().chain(first)
    }

    /// What containers are asked; nothing where none is asked anything.
    fn probes(&self) -> Option<Arc<Box<[seen::Container]>>> {
        self.lasting().find(|each| each.readiness_probe.is_some())?;
        let each = self.lasting().map(|each| {
            let ports = listed(&each.ports);
            let probe = each.readiness_probe.as_ref().map(|probe| probe.read(&ports));
            seen::Container { ports, probe }
        });
        Some(Arc::new(each.collect()))
    }

    fn termination(&self) -> Termination {
        let hooks = self.containers.iter().filter_map(|each| each.lifecycle.pre_stop.as_ref());
        let slept = hooks.map(Hook::seconds).collect::<Option<Vec<u32>>>();
        let grace = self.termination_grace_period_seconds.and_then(|grace| grace.try_into().ok());
        Termination {
            grace: grace.unwrap_or(Termination::default().grace),
            pre_stop: slept.map(|slept| slept.into_iter().max().unwrap_or_default()),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReadinessGate {
    #[serde(deserialize_with = "nullable")]
    condition_type: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    phase: String,
    #[serde(rename = "podIP", deserialize_with = "nullable")]
    pod_ip: String,
    #[serde(rename = "podIPs", deserialize_with = "nullable")]
    pod_ips: Vec<PodIp>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct PodIp {
    #[serde(deserialize_with = "nullable")]
    ip: String,
}

impl Status {
    /// The addresses. `podIP` is the first of `podIPs`, unless an old kubelet knows no others; and
    /// a pod that has ended goes on showing what another one may have by now.
    fn addresses(&self) -> Few<SmolStr> {
        if ["Succeeded", "Failed"].contains(&self.phase.as_str()) {
            return Few::default();
        }
        let all: Few<SmolStr> = self.pod_ips.iter().map(|each| SmolStr::new(&each.ip)).collect();
        let only = (all.is_empty() && !self.pod_ip.is_empty()).then(|| SmolStr::new(&self.pod_ip));
        all.iter().cloned().chain(only).collect()
    }
}

/// The gates that wait for targets, with what the status shows of them. A gate without the name of
/// a binding is nobody's.
fn gates(metadata: &ObjectMeta, spec: &Spec, status: &Status) -> Option<Box<Gates>> {
    let named = spec.readiness_gates.iter().map(|gate| gate.condition_type.as_str());
    let named = named.filter_map(|kind| Some((kind, kind.strip_prefix(GATE_PREFIX)?)));
    let gate = |(kind, binding): (&str, &str)| {
        let shown = status.conditions.iter().find(|condition| condition.kind == kind);
        let shown = shown.map(|shown| GateCondition {
            state: if shown.status == "True" { GateState::Open } else { GateState::Closed },
            reason: shown.reason.as_str().into(),
            message: shown.message.as_str().into(),
        });
        Gate { binding: binding.into(), shown }
    };
    let each: Vec<Gate> = named.filter(|(_, name)| !name.is_empty()).map(gate).collect();
    let uid = metadata.uid.as_deref().unwrap_or_default().into();
    (!each.is_empty()).then(|| Box::new(Gates { uid, each }))
}

impl Wire for Pod {
    type Key = ObjectKey;
    type Noun = seen::Pod;

    fn noun(self) -> (ObjectKey, Option<seen::Pod>) {
        let Self { metadata, spec, status } = self;
        let key = object_key(&metadata);
        let pod = seen::Pod {
            gates: gates(&metadata, &spec, &status),
            termination: spec.termination(),
            probes: spec.probes(),
            node: spec.node_name.into(),
            addresses: status.addresses(),
            containers_ready: condition(&status.conditions, "ContainersReady") == Some("True"),
            leaving: metadata.deletion_timestamp.is_some(),
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
