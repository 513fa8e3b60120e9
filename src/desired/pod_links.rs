//! Which Services a pod says something of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::few::Few;
use crate::model::flat::FlatMap;
use crate::model::id::ObjectKey;
use crate::model::index::Turn;
use crate::model::pack::pack;
use crate::model::seen::{EndpointSlice, Pod};
use crate::model::snapshot::Objects;

use super::links::Links;

/// From pods to the Services whose endpoints name them.
#[derive(Debug, Default)]
pub(super) struct PodLinks {
    /// From slices, with their Services, to the pods of endpoints that are not ready: whatever
    /// changes of these may make them so.
    doubtful: Links<(ObjectKey, SmolStr), ObjectKey>,
    /// The Services of all pods. There are as many as pods, so they are linked one way.
    named: BTreeMap<ObjectKey, Few<ObjectKey>>,
}

impl PodLinks {
    /// Takes no more room than the links need.
    pub(super) fn pack(&mut self) {
        self.doubtful.pack();
        self.named.values_mut().for_each(Few::pack);
        pack(&mut self.named);
    }

    /// Takes note of a change of a slice that `objects` already show.
    pub(super) fn note(&mut self, objects: &Objects, turn: &Turn<ObjectKey, EndpointSlice>) {
        for slice in [&turn.old, &turn.new].into_iter().flatten() {
            let service = slice.service.clone();
            let is_current = turn.new.as_ref().is_some_and(|new| new.service == slice.service);
            let doubtful = slice.endpoints.iter().filter(|endpoint| !endpoint.ready);
            let pods = doubtful.filter_map(|endpoint| endpoint.pod.as_ref());
            let pods = pods.filter(|_| is_current).cloned().collect();
            self.doubtful.set(&(service, turn.key.name.clone()), pods);
        }
        let (before, now) = (pods(turn.old.as_deref()), pods(turn.new.as_deref()));
        for (service, pod) in before.difference(&now) {
            let slices = objects.slices.get(*service).into_iter().flat_map(FlatMap::values);
            let mut endpoints = slices.flat_map(|slice| &slice.endpoints);
            if endpoints.any(|endpoint| endpoint.pod.as_ref() == Some(*pod)) {
                continue;
            }
            if let Some(services) = self.named.get_mut(*pod) {
                services.remove(*service);
                if services.is_empty() {
                    self.named.remove(*pod);
                }
            }
        }
        for (service, pod) in now.difference(&before) {
            self.named.entry((*pod).clone()).or_default().insert((*service).clone());
        }
    }

    /// The Services that a change of a pod concerns. Of endpoints that are ready nothing counts but
    /// whether the pod has their address.
    pub(super) fn services(&self, turn: &Turn<ObjectKey, Pod>) -> BTreeSet<ObjectKey> {
        let doubtful = self.doubtful.leading_to(&turn.key).map(|(service, _)| service.clone());
        let named = self.named.get(&turn.key).filter(|_| is_moved(turn));
        doubtful.chain(named.into_iter().flat_map(Few::iter).cloned()).collect()
    }

    /// The Services whose endpoints name a pod.
    pub(super) fn naming(&self, pod: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        self.named.get(pod).into_iter().flat_map(Few::iter)
    }

    /// The Services with endpoints that are not ready and whose pods are on a node.
    pub(super) fn on_node(&self, objects: &Objects, node: &str) -> BTreeSet<ObjectKey> {
        let is_there = |pod: &ObjectKey| objects.pods.get(pod).is_some_and(|pod| pod.node == node);
        let ends = self.doubtful.ends().filter(|(pod, _)| is_there(pod));
        ends.flat_map(|(_, slices)| slices.iter().map(|(service, _)| service.clone())).collect()
    }
}

/// Whether a pod has other addresses than before.
pub(super) fn is_moved(turn: &Turn<ObjectKey, Pod>) -> bool {
    let addresses =
        |pod: &Option<Arc<Pod>>| pod.as_ref().map(|pod| pod.addresses.clone()).unwrap_or_default();
    addresses(&turn.old) != addresses(&turn.new)
}

/// The pods that a slice's endpoints name, each with the Service.
fn pods(slice: Option<&EndpointSlice>) -> BTreeSet<(&ObjectKey, &ObjectKey)> {
    let endpoints = slice.into_iter().flat_map(|slice| {
        slice
            .endpoints
            .iter()
            .filter_map(move |endpoint| Some((&slice.service, endpoint.pod.as_ref()?)))
    });
    endpoints.collect()
}
