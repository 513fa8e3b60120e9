//! The visits that a change of a pod causes.

use super::{Index, Visits};
use crate::desired::pod_links::is_moved;
use crate::model::id::ObjectKey;
use crate::model::index::Turn;
use crate::model::seen::Pod;
use crate::model::snapshot::Objects;

impl Index {
    /// Whether any pod has a readiness gate that waits for a binding.
    #[must_use]
    pub fn has_gates(&self) -> bool {
        self.gates.ends().next().is_some()
    }

    /// The pods with a readiness gate that waits for a binding, which need not be there.
    pub fn gated(&self, binding: &ObjectKey) -> impl Iterator<Item = &ObjectKey> + Clone {
        self.gates.leading_to(binding)
    }

    /// The bindings whose Services' endpoints name a pod.
    pub fn serving(&self, pod: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        let services = self.pods.naming(pod);
        services.flat_map(|service| self.bindings.leading_to(service))
    }

    /// A pod says something of the endpoints that name it. How its gates stand concerns their
    /// targets and lets nobody in.
    pub(super) fn pod(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<ObjectKey, Pod>,
    ) {
        let (old, new) = (turn.old.as_deref(), turn.new.as_deref());
        let gates = |pod: Option<&Pod>| pod.and_then(|pod| pod.gates.clone());
        let named = gates(new).into_iter().flat_map(|gates| gates.each);
        let named = named.map(|gate| ObjectKey::new(turn.key.namespace.clone(), gate.binding));
        self.gates.set(&turn.key, named.collect());
        if gates(old) != gates(new) {
            let serving: Vec<&ObjectKey> = self.serving(&turn.key).collect();
            visits.targets(serving.into_iter().filter(|key| !self.chooses_nodes(key)));
        }
        let bare = |pod: Option<&Pod>| pod.map(|pod| Pod { gates: None, ..pod.clone() });
        if bare(old) == bare(new) {
            return;
        }
        let asked = |pod: Option<&Pod>| pod.map(|pod| (pod.leaving, pod.probes.clone()));
        if asked(old) != asked(new) {
            let services: Vec<ObjectKey> = self.pods.naming(&turn.key).cloned().collect();
            for service in &services {
                self.probed(visits, objects, service);
            }
        }
        let services = self.pods.services(turn);
        for service in &services {
            self.of_endpoints(visits, service);
        }
        if !services.is_empty() && is_moved(turn) {
            visits.fabric();
        }
    }
}
