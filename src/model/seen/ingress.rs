//! Ingresses and IngressClasses, as far as anybody reads them.
//!
//! A large cluster has many, and the types of `k8s_openapi` have room for all that may be said of
//! any object: half of what an Ingress would take.

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::IngressClassSpec;
use smol_str::SmolStr;

use crate::model::marks::Labels;
use crate::model::uid::Uid;

/// What is kept of an object's metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub name: Option<SmolStr>,
    /// Its namespace.
    pub namespace: Option<SmolStr>,
    /// Its UID; none where a manifest has none.
    pub uid: Option<Uid>,
    /// When it was made.
    pub creation_timestamp: Option<Timestamp>,
    /// When somebody deleted it.
    pub deletion_timestamp: Option<Timestamp>,
    /// Which of its `spec`s this is; nothing where the API server has not said.
    pub generation: Option<i64>,
    /// Its finalizers.
    pub finalizers: Vec<SmolStr>,
    /// Its labels.
    pub labels: Option<Labels>,
    /// Its annotations.
    pub annotations: Option<Labels>,
}

/// An Ingress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ingress {
    /// Its metadata.
    pub metadata: Metadata,
    /// What it asks for.
    pub spec: Option<IngressSpec>,
    /// Where its status says that it is served.
    pub status: Box<[IngressStatus]>,
}

impl Ingress {
    /// Takes the texts that another one has as well from there: both keep them once.
    pub fn share(&mut self, other: &Self) {
        let (own, known) = (&mut self.metadata, &other.metadata);
        for text in &mut own.finalizers {
            if let Some(same) = known.finalizers.iter().find(|known| *known == text) {
                text.clone_from(same);
            }
        }
        let maps = [(&mut own.labels, &known.labels), (&mut own.annotations, &known.annotations)];
        for (own, known) in maps {
            if let (Some(own), Some(known)) = (own, known) {
                own.share(known);
            }
        }
        for (own, known) in self.status.iter_mut().zip(&other.status) {
            if own.hostname == known.hostname {
                own.hostname.clone_from(&known.hostname);
            }
        }
    }
}

/// What an Ingress asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressSpec {
    /// What takes the requests that no rule takes.
    pub default_backend: Option<Box<IngressBackend>>,
    /// The class.
    pub ingress_class_name: Option<SmolStr>,
    /// The rules.
    pub rules: Option<Box<[HostRule]>>,
    /// The hosts that are served with TLS.
    pub tls: Option<Box<[IngressTls]>>,
}

/// A rule: a host, and the paths of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostRule {
    /// The host; every one where there is none.
    pub host: Option<SmolStr>,
    /// The paths.
    pub http: Option<HostPaths>,
}

/// The paths of a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPaths {
    /// The paths.
    pub paths: Box<[HostPath]>,
}

/// A path, and where its requests go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostPath {
    /// Where its requests go.
    pub backend: IngressBackend,
    /// The path.
    pub path: Option<SmolStr>,
    /// How it is compared: `Exact`, `Prefix` or `ImplementationSpecific`.
    pub path_type: SmolStr,
}

/// Where requests go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressBackend {
    /// Some object that is no Service.
    pub resource: Option<Box<BackendResource>>,
    /// A Service.
    pub service: Option<ServiceBackend>,
}

/// An object of any kind in the Ingress's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendResource {
    /// The group of its kind.
    pub api_group: Option<SmolStr>,
    /// Its kind.
    pub kind: SmolStr,
    /// Its name.
    pub name: SmolStr,
}

/// A Service and one of its ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceBackend {
    /// The Service's name.
    pub name: SmolStr,
    /// The port.
    pub port: Option<ServiceBackendPort>,
}

/// A port of a Service, by name or by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceBackendPort {
    /// Its name.
    pub name: Option<SmolStr>,
    /// Its number.
    pub number: Option<i32>,
}

/// Hosts that are served with TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressTls {
    /// The hosts.
    pub hosts: Option<Box<[SmolStr]>>,
    /// The Secret with the certificate.
    pub secret_name: Option<SmolStr>,
}

/// An entry of an Ingress's `status.loadBalancer.ingress`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngressStatus {
    /// The load balancer's DNS name.
    pub hostname: Option<SmolStr>,
    /// The ports of its listeners.
    pub ports: Box<[i32]>,
}

/// An IngressClass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngressClass {
    /// Its metadata.
    pub metadata: Metadata,
    /// Whose it is, and its parameters.
    pub spec: Option<IngressClassSpec>,
}
