//! From a change in the cluster to the visits that it causes.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use super::id::ObjectKey;
use super::seen::{ClassParams, EndpointSlice, Node, Pod, SeenBinding, SeenSecret};

/// An object as it was and as it is; `None` where it was not, or is no longer.
#[derive(Clone, Debug)]
pub struct Turn<K, T> {
    /// The object.
    pub key: K,
    /// What it was.
    pub old: Option<Arc<T>>,
    /// What it is.
    pub new: Option<Arc<T>>,
}

/// One change in the cluster.
#[derive(Clone, Debug)]
pub enum Change {
    /// An Ingress.
    Ingress(Turn<ObjectKey, Ingress>),
    /// An IngressClass.
    Class(Turn<String, IngressClass>),
    /// IngressClassParams.
    Params(Turn<String, ClassParams>),
    /// A Service.
    Service(Turn<ObjectKey, Service>),
    /// An EndpointSlice.
    Slice(Turn<ObjectKey, EndpointSlice>),
    /// A pod.
    Pod(Turn<ObjectKey, Pod>),
    /// A node.
    Node(Turn<String, Node>),
    /// A namespace's labels.
    Namespace(Turn<String, std::collections::BTreeMap<String, String>>),
    /// A TargetGroupBinding.
    Binding(Turn<ObjectKey, SeenBinding>),
    /// A Secret that an Ingress names.
    Secret(Turn<ObjectKey, SeenSecret>),
}
