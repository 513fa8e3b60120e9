//! Objects of the cluster, whoever shows them: manifests or the API server.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::seen::{
    ClassParams, EndpointSlice, Ingress, IngressClass, Node, Pod, SeenBinding, SeenSecret, Service,
    TenantPolicy,
};

/// One object of the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// An Ingress.
    Ingress(ObjectKey, Arc<Ingress>),
    /// An IngressClass.
    Class(String, Arc<IngressClass>),
    /// IngressClassParams.
    Params(String, Arc<ClassParams>),
    /// A TenantPolicy.
    Policy(String, Arc<TenantPolicy>),
    /// A Service.
    Service(ObjectKey, Arc<Service>),
    /// An EndpointSlice.
    Slice(ObjectKey, Arc<EndpointSlice>),
    /// A pod.
    Pod(ObjectKey, Arc<Pod>),
    /// A node.
    Node(String, Arc<Node>),
    /// A namespace's labels.
    Namespace(String, Arc<BTreeMap<String, String>>),
    /// A TargetGroupBinding.
    Binding(ObjectKey, Arc<SeenBinding>),
    /// A Secret.
    Secret(ObjectKey, Arc<SeenSecret>),
    /// Something that no load balancer depends on.
    Other {
        /// Its API version.
        api_version: String,
        /// Its kind.
        kind: String,
        /// Its name; empty where it has none.
        name: String,
    },
}

impl Object {
    /// The object as somebody who watches would have seen it; nothing of one that no load balancer
    /// depends on.
    #[must_use]
    pub fn seen(self) -> Option<Seen> {
        Some(match self {
            Self::Ingress(key, noun) => Seen::Ingress(key, Some(noun)),
            Self::Class(key, noun) => Seen::Class(key, Some(noun)),
            Self::Params(key, noun) => Seen::Params(key, Some(noun)),
            Self::Policy(key, noun) => Seen::Policy(key, Some(noun)),
            Self::Service(key, noun) => Seen::Service(key, Some(noun)),
            Self::Slice(key, noun) => Seen::Slice(key, Some(noun)),
            Self::Pod(key, noun) => Seen::Pod(key, Some(noun)),
            Self::Node(key, noun) => Seen::Node(key, Some(noun)),
            Self::Namespace(key, noun) => Seen::Namespace(key, Some(noun)),
            Self::Binding(key, noun) => Seen::Binding(key, Some(noun)),
            Self::Secret(key, noun) => Seen::Secret(key, Some(noun)),
            Self::Other { .. } => return None,
        })
    }
}
