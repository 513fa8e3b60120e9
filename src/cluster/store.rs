//! Where each object is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::id::ObjectKey;
use crate::model::index::{Change, Turn};
use crate::model::seen::EndpointSlice;
use crate::model::snapshot::Objects;

/// Brings `objects` up to a change: puts what is new in its place, and takes away what is gone or
/// has moved.
pub fn apply(objects: &mut Objects, change: &Change) {
    match change {
        Change::Ingress(turn) => put(&mut objects.ingresses, turn),
        Change::Class(turn) => put(&mut objects.classes, turn),
        Change::Params(turn) => put(&mut objects.params, turn),
        Change::Service(turn) => put(&mut objects.services, turn),
        Change::Slice(turn) => put_slice(&mut objects.slices, turn),
        Change::Pod(turn) => put(&mut objects.pods, turn),
        Change::Node(turn) => put(&mut objects.nodes, turn),
        Change::Namespace(turn) => put(&mut objects.namespaces, turn),
        Change::Binding(turn) => put(&mut objects.bindings, turn),
        Change::Secret(turn) => put(&mut objects.secrets, turn),
    }
}

fn put<K: Clone + Ord, T>(shelf: &mut BTreeMap<K, Arc<T>>, turn: &Turn<K, T>) {
    match &turn.new {
        Some(new) => shelf.insert(turn.key.clone(), Arc::clone(new)),
        None => shelf.remove(&turn.key),
    };
}

/// Slices lie with their Service, so one whose Service changes has to be taken from where it was.
fn put_slice(
    services: &mut BTreeMap<ObjectKey, BTreeMap<String, Arc<EndpointSlice>>>,
    turn: &Turn<ObjectKey, EndpointSlice>,
) {
    let service = |slice: &EndpointSlice| ObjectKey::new(&turn.key.namespace, &slice.service);
    if let Some(old) = &turn.old {
        let service = service(old);
        if let Some(slices) = services.get_mut(&service) {
            slices.remove(&turn.key.name);
            if slices.is_empty() {
                services.remove(&service);
            }
        }
    }
    if let Some(new) = &turn.new {
        services.entry(service(new)).or_default().insert(turn.key.name.clone(), Arc::clone(new));
    }
}
