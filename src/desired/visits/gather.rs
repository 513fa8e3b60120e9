//! The objects that a visit needs, out of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::Index;
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::seen::EndpointSlice;
use crate::model::snapshot::Objects;
use crate::model::source::{Source, SourceKind};
use crate::model::subject::Subject;

/// The objects that a visit needs, out of all of them: what it costs to pick them does not depend
/// on how many there are.
///
/// A zone is visited for all of its names, and has to know all who may ask for one; the shared
/// network is built binding by binding ([`for_targets`]), and needs nothing besides.
#[must_use]
pub fn gather(index: &Index, objects: &Objects, subject: &Subject) -> Objects {
    match subject {
        Subject::Fabric(_) | Subject::Census(_) => Objects::default(),
        Subject::Balancer(_, group) => for_balancer(index, objects, group),
        Subject::Targets(_, binding) => for_targets(index, objects, binding),
        Subject::Certificate(_, key) => for_certificate(index, objects, key),
        Subject::Protection(_, group) => judged(objects, index.members(group)),
        Subject::Zone(..) => Objects {
            ingresses: objects.ingresses.clone(),
            classes: objects.classes.clone(),
            ..Objects::default()
        },
    }
}

fn pick<'k, K: Clone + Ord + 'k, V: Clone>(
    all: &BTreeMap<K, V>,
    keys: impl IntoIterator<Item = &'k K>,
) -> BTreeMap<K, V> {
    let found = keys.into_iter().filter_map(|key| all.get_key_value(key));
    found.map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn named<'n, V: Clone>(
    all: &BTreeMap<String, V>,
    names: impl IntoIterator<Item = &'n str>,
) -> BTreeMap<String, V> {
    let found = names.into_iter().filter_map(|name| all.get_key_value(name));
    found.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What it takes to judge these members: their classes, and the labels of their namespaces.
fn judged<'k>(objects: &Objects, members: impl Iterator<Item = &'k Source> + Clone) -> Objects {
    let ingresses = members.clone().filter(|member| member.kind == SourceKind::Ingress);
    Objects {
        ingresses: pick(&objects.ingresses, ingresses.clone().map(|ingress| &ingress.key)),
        packed: pick(&objects.packed, ingresses.map(|ingress| &ingress.key)),
        classes: objects.classes.clone(),
        params: objects.params.clone(),
        policies: objects.policies.clone(),
        namespaces: named(&objects.namespaces, members.map(Source::namespace)),
        ..Objects::default()
    }
}

/// What a visit to a group needs.
#[must_use]
pub fn for_balancer(index: &Index, objects: &Objects, group: &Group) -> Objects {
    let members = index.members(group);
    let services = || members.clone().flat_map(|member| index.services(member));
    let secrets = members.clone().flat_map(|member| index.secrets_of(member));
    let derived = services().filter(|service| index.derives(objects, service));
    let slices = pick(&objects.slices, derived);
    Objects {
        pods: pick(&objects.pods, &named_pods(&slices)),
        slices,
        secrets: pick(&objects.secrets, secrets),
        services: pick(&objects.services, services()),
        bindings: pick(&objects.bindings, index.bindings(group)),
        ..judged(objects, members.clone().chain(members.flat_map(|m| index.beside_solver(m))))
    }
}

/// The slices of some Services.
type Slices = BTreeMap<ObjectKey, FlatMap<SmolStr, Arc<EndpointSlice>>>;

/// The pods that slices name.
fn named_pods(slices: &Slices) -> Vec<ObjectKey> {
    let endpoints = slices.values().flat_map(FlatMap::values).flat_map(|slice| &slice.endpoints);
    endpoints.filter_map(|endpoint| endpoint.pod.clone()).collect()
}

fn for_certificate(index: &Index, objects: &Objects, key: &CertificateKey) -> Objects {
    let secret = match key {
        CertificateKey::Secret(secret) => Some(secret),
        CertificateKey::Request(_) => None,
    };
    Objects { secrets: pick(&objects.secrets, secret), ..judged(objects, index.wanting(key)) }
}

/// What it takes to know the endpoints of a binding, and who else names its target group.
#[must_use]
pub fn for_targets(index: &Index, objects: &Objects, key: &ObjectKey) -> Objects {
    let bindings = pick(&objects.bindings, index.rivals(key).chain([key]));
    let service = bindings.get(key).map(|seen| seen.as_binding(key).service_key());
    // Who may not have its target group is another namespace's business as well.
    let namespaces = bindings.keys().map(|binding| binding.namespace.as_str());
    let judged = Objects {
        policies: objects.policies.clone(),
        namespaces: named(&objects.namespaces, namespaces),
        ..Objects::default()
    };
    if index.chooses_nodes(key) {
        return Objects {
            services: pick(&objects.services, &service),
            nodes: objects.nodes.clone(),
            bindings,
            ..judged
        };
    }
    let slices = pick(&objects.slices, &service);
    let pods = pick(&objects.pods, &named_pods(&slices));
    let nodes = named(&objects.nodes, pods.values().map(|pod| &*pod.node));
    Objects { services: pick(&objects.services, &service), slices, nodes, pods, bindings, ..judged }
}
