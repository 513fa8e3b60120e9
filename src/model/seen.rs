//! Objects of Kubernetes that are numerous, kept slim: decoding drops what this program never
//! reads.

mod binding_status;
mod class_params;
mod endpoint_slice;
mod ingress;
mod node;
mod pod;
mod probe;
mod secret;
mod service;
mod target_group_binding;
mod tenant_policy;

pub use binding_status::{BindingStatus, Condition, READY};
pub use class_params::{
    ClassCapacity, ClassIpam, ClassListener, ClassParams, ClassParamsSpec, GroupName, KeyValue,
    SubnetSelector,
};
pub use endpoint_slice::{Endpoint, EndpointSlice, SlicePort};
pub use ingress::{
    BackendResource, HostPath, HostPaths, HostRule, Ingress, IngressBackend, IngressClass,
    IngressSpec, IngressStatus, IngressTls, Metadata, ServiceBackend, ServiceBackendPort,
};
pub use node::Node;
pub use pod::{Pod, Termination};
pub use probe::{Container, HttpProbe, Probe};
pub use secret::{Closed, SeenSecret};
pub use service::{Service, ServicePort};
pub use target_group_binding::{
    IpBlock, Networking, NetworkingPeer, NetworkingPort, NetworkingRule, SecurityGroupRef,
    SeenBinding, ServiceRef, TargetGroupBindingSpec,
};
pub use tenant_policy::{
    AuthenticationRights, CertificateRights, Listed, OrderRange, TenantPolicy, TenantPolicySpec,
};
