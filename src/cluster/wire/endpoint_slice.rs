//! EndpointSlices.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use smol_str::SmolStr;

use super::{Wire, meta, nullable, object_key, served};
use crate::cluster::object::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::seen;
use crate::model::snapshot::Objects;

/// The label that names a slice's Service.
const LABEL_SERVICE: &str = "kubernetes.io/service-name";

/// An EndpointSlice on the wire.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cluster) struct EndpointSlice {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    address_type: String,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<Port>,
    #[serde(default, deserialize_with = "nullable")]
    endpoints: Vec<Endpoint>,
}

served!(
    EndpointSlice,
    NamespaceResourceScope,
    "discovery.k8s.io",
    "v1",
    "discovery.k8s.io/v1",
    "EndpointSlice",
    "endpointslices"
);

#[derive(Clone, Debug, Deserialize)]
struct Port {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    port: Option<i32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    #[serde(default, deserialize_with = "nullable")]
    addresses: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    conditions: Conditions,
    target_ref: Option<TargetRef>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct TargetRef {
    kind: Option<String>,
    name: Option<String>,
}

impl Port {
    /// A port without a number means every port, which no target can have; and the API server does
    /// not check that the number is one of a port.
    fn seen(self) -> Option<seen::SlicePort> {
        Some(seen::SlicePort { name: self.name.into(), port: self.port?.try_into().ok()? })
    }
}

impl Endpoint {
    /// Nothing of an endpoint without an address. Only the first address counts: the others are
    /// undefined (Kubernetes).
    fn seen(self, namespace: &SmolStr) -> Option<seen::Endpoint> {
        let target = self.target_ref.filter(|target| target.kind.as_deref() == Some("Pod"));
        let pod = target.and_then(|target| target.name);
        Some(seen::Endpoint {
            address: self.addresses.into_iter().next()?.into(),
            ready: self.conditions.ready.unwrap_or(true),
            terminating: self.conditions.terminating.unwrap_or(false),
            pod: pod.map(|name| ObjectKey::new(namespace.clone(), name)),
        })
    }
}

impl EndpointSlice {
    /// Nothing of a slice that belongs to no Service, or that lists host names.
    fn seen(self, namespace: &SmolStr) -> Option<seen::EndpointSlice> {
        let version = self.metadata.resource_version.unwrap_or_default();
        let service =
            self.metadata.labels?.remove(LABEL_SERVICE).filter(|name| !name.is_empty())?;
        let ipv6 = match self.address_type.as_str() {
            "IPv4" => false,
            "IPv6" => true,
            _ => return None,
        };
        let endpoints = self.endpoints.into_iter().filter_map(|each| each.seen(namespace));
        Some(seen::EndpointSlice {
            service: ObjectKey::new(namespace.clone(), service),
            ipv6,
            ports: self.ports.into_iter().filter_map(Port::seen).collect(),
            endpoints: endpoints.collect(),
            recency: version.parse().unwrap_or_default(),
        })
    }
}

impl Wire for EndpointSlice {
    type Key = ObjectKey;
    type Noun = seen::EndpointSlice;

    fn noun(self) -> (ObjectKey, Option<seen::EndpointSlice>) {
        let key = object_key(&self.metadata);
        let noun = self.seen(&key.namespace);
        (key, noun)
    }

    fn seen(key: ObjectKey, noun: Option<Arc<seen::EndpointSlice>>) -> Seen {
        Seen::Slice(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.slice_services.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<seen::EndpointSlice>) -> Object {
        Object::Slice(key, noun)
    }
}
