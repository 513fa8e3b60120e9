//! Services. Most of a cluster's are somebody else's, and should cost next to nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{Wire, object_key};
use crate::cluster::object::Object;
use crate::model::binding::PortRef;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::marks::{ANNOTATION_PREFIX, Labels, OWN_ANNOTATION_PREFIX};
use crate::model::seen;
use crate::model::snapshot::Objects;

/// The finalizer of a Service whose load balancer LBC keeps.
const FINALIZER: &str = "service.k8s.aws/resources";

fn port(port: ServicePort) -> seen::ServicePort {
    let target = match port.target_port {
        Some(IntOrString::Int(number)) => PortRef::Number(number),
        Some(IntOrString::String(name)) => PortRef::Name(name),
        None => PortRef::Number(port.port),
    };
    // Zero is what Go writes for none.
    let node_port = port.node_port.and_then(|port| u16::try_from(port).ok());
    seen::ServicePort {
        name: port.name.map(Into::into),
        port: port.port,
        target,
        node_port: node_port.filter(|port| *port > 0),
    }
}

impl Wire for Service {
    type Key = ObjectKey;
    type Noun = seen::Service;

    fn noun(self) -> (ObjectKey, Option<seen::Service>) {
        let key = object_key(&self.metadata);
        let spec = self.spec.unwrap_or_default();
        let mut finalizers = self.metadata.finalizers.iter().flatten();
        let annotations = self.metadata.annotations.unwrap_or_default().into_iter();
        let prefixes = [ANNOTATION_PREFIX, OWN_ANNOTATION_PREFIX];
        let annotations =
            annotations.filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        let annotations: Labels = annotations.collect();
        let selector = spec.selector.into_iter().flatten();
        let service = seen::Service {
            has_load_balancer: finalizers.any(|held| held == FINALIZER),
            uid: self.metadata.uid.map(Into::into),
            ipv6: spec.ip_families.iter().flatten().any(|family| family == "IPv6"),
            annotations: (!annotations.is_empty()).then(|| Box::new(annotations)),
            ports: spec.ports.into_iter().flatten().map(port).collect(),
            selector: selector.map(|(key, value)| (key.into(), value.into())).collect(),
        };
        (key, Some(service))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<seen::Service>>) -> Seen {
        Seen::Service(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.services.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<seen::Service>) -> Object {
        Object::Service(key, noun)
    }
}
