//! What is asked for by name, as the API server has it.

use std::collections::BTreeSet;

use albedo::cluster::Sought;
use albedo::model::flat::FlatMap;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;

use super::FakeCluster;

impl FakeCluster {
    pub(super) fn standing(&self, sought: &Sought) -> BTreeSet<String> {
        let objects = self.objects.read().unwrap();
        let names = |keys: &mut dyn Iterator<Item = &ObjectKey>, namespace: &str| {
            let found = keys.filter(|key| key.namespace == namespace);
            found.map(|key| key.name.to_string()).collect()
        };
        match sought {
            Sought::Ingresses(namespace) => names(&mut objects.ingresses.keys(), namespace),
            Sought::Pods(namespace) => names(&mut objects.pods.keys(), namespace),
            Sought::Nodes => objects.nodes.keys().cloned().collect(),
            Sought::Slices(service) => {
                let slices = objects.slices.get(service).into_iter();
                slices.flat_map(FlatMap::keys).map(ToString::to_string).collect()
            }
        }
    }
}

/// The namespace that an object lies in.
pub(super) fn namespace(seen: &Seen) -> Option<&str> {
    match seen {
        Seen::Ingress(key, _)
        | Seen::Service(key, _)
        | Seen::Slice(key, _)
        | Seen::Pod(key, _)
        | Seen::Binding(key, _)
        | Seen::Secret(key, _) => Some(&key.namespace),
        Seen::Class(..)
        | Seen::Params(..)
        | Seen::Policy(..)
        | Seen::Node(..)
        | Seen::Namespace(..) => None,
    }
}
