//! What is seen of the cluster, and what has changed by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::id::ObjectKey;
use super::seen::{
    ClassParams, EndpointSlice, Ingress, IngressClass, Node, Pod, SeenBinding, SeenSecret, Service,
    TenantPolicy,
};

/// One object as it is now; nothing where it is gone, or cannot matter to a load balancer.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// An Ingress.
    Ingress(ObjectKey, Option<Arc<Ingress>>),
    /// An IngressClass.
    Class(String, Option<Arc<IngressClass>>),
    /// IngressClassParams.
    Params(String, Option<Arc<ClassParams>>),
    /// A TenantPolicy.
    Policy(String, Option<Arc<TenantPolicy>>),
    /// A Service.
    Service(ObjectKey, Option<Arc<Service>>),
    /// An EndpointSlice.
    Slice(ObjectKey, Option<Arc<EndpointSlice>>),
    /// A pod.
    Pod(ObjectKey, Option<Arc<Pod>>),
    /// A node.
    Node(String, Option<Arc<Node>>),
    /// A namespace's labels.
    Namespace(String, Option<Arc<BTreeMap<String, String>>>),
    /// A TargetGroupBinding.
    Binding(ObjectKey, Option<Arc<SeenBinding>>),
    /// A Secret that an Ingress names.
    Secret(ObjectKey, Option<Arc<SeenSecret>>),
}

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
    /// A TenantPolicy.
    Policy(Turn<String, TenantPolicy>),
    /// A Service.
    Service(Turn<ObjectKey, Service>),
    /// An EndpointSlice.
    Slice(Turn<ObjectKey, EndpointSlice>),
    /// A pod.
    Pod(Turn<ObjectKey, Pod>),
    /// A node.
    Node(Turn<String, Node>),
    /// A namespace's labels.
    Namespace(Turn<String, BTreeMap<String, String>>),
    /// A TargetGroupBinding.
    Binding(Turn<ObjectKey, SeenBinding>),
    /// A Secret that an Ingress names.
    Secret(Turn<ObjectKey, SeenSecret>),
}
