//! Where each object is kept, and what changes when one is seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::secret;
use crate::model::id::ObjectKey;
use crate::model::index::{Change, Seen, Turn};
use crate::model::seen::{EndpointSlice, Ingress, Pod, SeenBinding};
use crate::model::snapshot::Objects;

impl Objects {
    /// Takes in one object as it is now, and says what has changed by it; nothing where it is as it
    /// was. Private bytes of a Secret are not kept.
    pub fn take(&mut self, seen: Seen) -> Option<Change> {
        Some(match seen {
            Seen::Ingress(key, new) => {
                let new = new.map(|ingress| self.sharing_texts(&key, ingress));
                Change::Ingress(put(&mut self.ingresses, key, new)?)
            }
            Seen::Class(key, new) => Change::Class(put(&mut self.classes, key, new)?),
            Seen::Params(key, new) => Change::Params(put(&mut self.params, key, new)?),
            Seen::Policy(key, new) => Change::Policy(put(&mut self.policies, key, new)?),
            Seen::Service(key, new) => Change::Service(put(&mut self.services, key, new)?),
            Seen::Slice(key, new) => Change::Slice(self.put_slice(key, new)?),
            Seen::Pod(key, new) => {
                let new = new.map(|pod| self.sharing_probes(&key, pod));
                Change::Pod(put(&mut self.pods, key, new)?)
            }
            Seen::Node(key, new) => Change::Node(put(&mut self.nodes, key, new)?),
            Seen::Namespace(key, new) => Change::Namespace(put(&mut self.namespaces, key, new)?),
            Seen::Binding(key, new) => {
                let new = new.map(|binding| self.sharing_networking(&key, binding));
                Change::Binding(put(&mut self.bindings, key, new)?)
            }
            Seen::Secret(key, new) => {
                Change::Secret(put(&mut self.secrets, key, new.map(secret::closed))?)
            }
        })
    }

    /// Pods that are made from one template are called alike, so they lie beside each other: what
    /// the template says of probes is kept once for all.
    fn sharing_probes(&self, key: &ObjectKey, mut pod: Arc<Pod>) -> Arc<Pod> {
        let Some(own) = &pod.probes else { return pod };
        let mut known = beside(&self.pods, key).filter_map(|other| other.probes.as_ref());
        if let Some(same) = known.find(|known| *known == own).cloned() {
            Arc::make_mut(&mut pod).probes = Some(same);
        }
        pod
    }

    /// Most bindings let in the same security group at the same port: what they say of that is kept
    /// once for those that lie beside each other.
    fn sharing_networking(&self, key: &ObjectKey, mut new: Arc<SeenBinding>) -> Arc<SeenBinding> {
        let Some(own) = &new.spec.networking else { return new };
        let mut known = beside(&self.bindings, key).filter_map(|one| one.spec.networking.as_ref());
        if let Some(same) = known.find(|known| *known == own).cloned() {
            Arc::make_mut(&mut new).spec.networking = Some(same);
        }
        new
    }

    /// The members of a group are called alike and ask for the same in many words: texts that two
    /// Ingresses beside each other have in common are kept once.
    fn sharing_texts(&self, key: &ObjectKey, mut new: Arc<Ingress>) -> Arc<Ingress> {
        let Some(known) = beside(&self.ingresses, key).next() else { return new };
        Arc::make_mut(&mut new).share(known);
        new
    }

    /// Slices lie with their Service, so one whose Service changes has to be taken from where it
    /// was.
    fn put_slice(
        &mut self,
        key: ObjectKey,
        new: Option<Arc<EndpointSlice>>,
    ) -> Option<Turn<ObjectKey, EndpointSlice>> {
        let shelf = self.slice_services.get(&key).cloned();
        let on_shelf = shelf.as_ref().and_then(|service| self.slices.get_mut(service));
        if on_shelf.as_ref().and_then(|slices| slices.get(&key.name)) == new.as_ref() {
            return None;
        }
        let mut old = None;
        if let (Some(service), Some(slices)) = (&shelf, on_shelf) {
            old = slices.remove(&key.name);
            if slices.is_empty() {
                self.slices.remove(service);
            }
            self.slice_services.remove(&key);
        }
        if let Some(new) = &new {
            let service = new.service.clone();
            self.slices.entry(service).or_default().insert(key.name.clone(), Arc::clone(new));
            self.slice_services.insert(key.clone(), new.service.clone());
        }
        Some(Turn { key, old, new })
    }
}

/// What a thing is, or was, and what lies beside it.
fn beside<'s, T>(
    shelf: &'s BTreeMap<ObjectKey, Arc<T>>,
    key: &ObjectKey,
) -> impl Iterator<Item = &'s T> + use<'s, T> {
    let before = shelf.range(..=key).next_back();
    let beside = before.into_iter().chain(shelf.range(key..).next());
    beside.map(|(_, thing)| thing.as_ref())
}

fn put<K: Clone + Ord, T: PartialEq>(
    shelf: &mut BTreeMap<K, Arc<T>>,
    key: K,
    new: Option<Arc<T>>,
) -> Option<Turn<K, T>> {
    if shelf.get(&key) == new.as_ref() {
        return None;
    }
    let old = match &new {
        Some(new) => shelf.insert(key.clone(), Arc::clone(new)),
        None => shelf.remove(&key),
    };
    Some(Turn { key, old, new })
}

#[cfg(test)]
mod tests;
