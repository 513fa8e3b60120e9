//! What is known at one moment: everything that a wish is built from.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use smol_str::SmolStr;

use super::fact::Facts;
use super::flat::FlatMap;
use super::id::ObjectKey;
use super::memory::Memory;
use super::record::HostedZones;
use super::seen::{ClassParams, EndpointSlice, Node, Pod, SeenBinding, SeenSecret, Service};
use super::settings::Settings;
use super::surroundings::Surroundings;

/// The objects of the cluster, or those of them that a visit needs.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Ingresses.
    pub ingresses: BTreeMap<ObjectKey, Arc<Ingress>>,
    /// IngressClasses.
    pub classes: BTreeMap<String, Arc<IngressClass>>,
    /// IngressClassParams.
    pub params: BTreeMap<String, Arc<ClassParams>>,
    /// Services.
    pub services: BTreeMap<ObjectKey, Arc<Service>>,
    /// EndpointSlices, by their Service and then by name.
    pub slices: BTreeMap<ObjectKey, FlatMap<SmolStr, Arc<EndpointSlice>>>,
    /// The name of the Service that each slice lies with, so that one can be found by its own name.
    pub slice_services: BTreeMap<ObjectKey, SmolStr>,
    /// Pods.
    pub pods: BTreeMap<ObjectKey, Arc<Pod>>,
    /// Nodes.
    pub nodes: BTreeMap<String, Arc<Node>>,
    /// The labels of namespaces.
    pub namespaces: BTreeMap<String, Arc<BTreeMap<String, String>>>,
    /// TargetGroupBindings.
    pub bindings: BTreeMap<ObjectKey, Arc<SeenBinding>>,
    /// The Secrets that Ingresses name, as far as somebody has looked.
    pub secrets: BTreeMap<ObjectKey, Arc<SeenSecret>>,
}

/// How much of the cluster a snapshot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not here does not exist.
    Cluster,
    /// Some manifests: siblings and orphans cannot be judged.
    Manifests,
}

/// What is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The moment.
    pub now: Timestamp,
    /// How much of the cluster this shows.
    pub extent: Extent,
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// The cluster's objects.
    pub objects: Objects,
    /// What AWS holds that is not ours.
    pub surroundings: Arc<Surroundings>,
    /// The account's hosted zones; `None` where names are nobody's business here, or nobody could
    /// look yet.
    pub zones: Option<Arc<HostedZones>>,
    /// Whether this process may not look at hosted zones.
    pub zones_refused: bool,
    /// What other subjects have made known.
    pub facts: Facts,
    /// What is remembered of the subject.
    pub memory: Memory,
}
