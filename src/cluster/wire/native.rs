//! Ingresses and IngressClasses: `k8s_openapi`'s types on the wire, and of those what is read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::networking::v1;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use smol_str::SmolStr;

use super::{Wire, name, object_key};
use crate::cluster::object::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::marks::Labels;
use crate::model::seen::{
    BackendResource, HostPath, HostPaths, HostRule, Ingress, IngressBackend, IngressClass,
    IngressSpec, IngressStatus, IngressTls, Metadata, ServiceBackend, ServiceBackendPort,
};
use crate::model::snapshot::Objects;

/// Where `kubectl apply` keeps a second copy of the whole object. Flags choose under which prefix
/// annotations about names are looked for, so only what is known to say nothing is dropped.
const ANNOTATION_LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is kept of an object's metadata: what the middle reads. The resource version is not, so
/// that an object that was written and did not change compares equal; who writes reads it afresh
/// anyway.
fn slim(meta: ObjectMeta) -> Metadata {
    let mut annotations = meta.annotations.unwrap_or_default();
    annotations.remove(ANNOTATION_LAST_APPLIED);
    Metadata {
        name: meta.name.map(Into::into),
        namespace: meta.namespace.map(Into::into),
        uid: meta.uid.map(Into::into),
        creation_timestamp: meta.creation_timestamp.map(|time| time.0),
        deletion_timestamp: meta.deletion_timestamp.map(|time| time.0),
        generation: None,
        finalizers: meta.finalizers.into_iter().flatten().map(Into::into).collect(),
        labels: None,
        annotations: pairs(annotations),
    }
}

/// Pairs of texts; nothing where there is none.
fn pairs(all: BTreeMap<String, String>) -> Option<Labels> {
    (!all.is_empty()).then(|| all.into_iter().collect())
}

fn spec(spec: v1::IngressSpec) -> IngressSpec {
    IngressSpec {
        default_backend: spec.default_backend.map(|found| Box::new(backend(found))),
        ingress_class_name: spec.ingress_class_name.map(Into::into),
        rules: spec.rules.map(|all| all.into_iter().map(rule).collect()),
        tls: spec.tls.map(|all| all.into_iter().map(tls).collect()),
    }
}

fn rule(rule: v1::IngressRule) -> HostRule {
    let paths = |http: v1::HTTPIngressRuleValue| HostPaths {
        paths: http.paths.into_iter().map(path).collect(),
    };
    HostRule { host: rule.host.map(Into::into), http: rule.http.map(paths) }
}

fn path(path: v1::HTTPIngressPath) -> HostPath {
    HostPath {
        backend: backend(path.backend),
        path: path.path.map(Into::into),
        path_type: path.path_type.into(),
    }
}

fn backend(backend: v1::IngressBackend) -> IngressBackend {
    let resource = backend.resource.map(|found| {
        Box::new(BackendResource {
            api_group: found.api_group.map(Into::into),
            kind: found.kind.into(),
            name: found.name.into(),
        })
    });
    let port = |port: v1::ServiceBackendPort| ServiceBackendPort {
        name: port.name.map(Into::into),
        number: port.number,
    };
    let service = backend
        .service
        .map(|found| ServiceBackend { name: found.name.into(), port: found.port.map(port) });
    IngressBackend { resource, service }
}

fn tls(tls: v1::IngressTLS) -> IngressTls {
    let hosts = tls.hosts.map(|all| all.into_iter().map(SmolStr::from).collect());
    IngressTls { hosts, secret_name: tls.secret_name.map(Into::into) }
}

fn status(entry: v1::IngressLoadBalancerIngress) -> IngressStatus {
    IngressStatus {
        hostname: entry.hostname.map(Into::into),
        ports: entry.ports.into_iter().flatten().map(|port| port.port).collect(),
    }
}

impl Wire for v1::Ingress {
    type Key = ObjectKey;
    type Noun = Ingress;

    fn noun(self) -> (ObjectKey, Option<Ingress>) {
        let (key, mut meta) = (object_key(&self.metadata), self.metadata);
        // Flags choose by them whose names are kept, and make names of them.
        let labels = meta.labels.take().and_then(pairs);
        // A status says which it is about. It changes with what is asked for alone.
        let generation = meta.generation;
        let entries = self.status.and_then(|status| status.load_balancer?.ingress);
        let ingress = Ingress {
            metadata: Metadata { generation, labels, ..slim(meta) },
            spec: self.spec.map(spec),
            status: entries.into_iter().flatten().map(status).collect(),
        };
        (key, Some(ingress))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<Ingress>>) -> Seen {
        Seen::Ingress(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.ingresses.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<Ingress>) -> Object {
        Object::Ingress(key, noun)
    }
}

impl Wire for v1::IngressClass {
    type Key = String;
    type Noun = IngressClass;

    fn noun(self) -> (String, Option<IngressClass>) {
        let key = name(&self.metadata);
        (key, Some(IngressClass { metadata: slim(self.metadata), spec: self.spec }))
    }

    fn seen(key: String, noun: Option<Arc<IngressClass>>) -> Seen {
        Seen::Class(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<String> {
        objects.classes.keys().cloned().collect()
    }

    fn object(key: String, noun: Arc<IngressClass>) -> Object {
        Object::Class(key, noun)
    }
}
