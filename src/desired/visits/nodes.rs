//! The visits that a change of a node causes.

use super::{Index, Visits};
use crate::desired::nodes::role;
use crate::model::index::Turn;
use crate::model::seen::Node;
use crate::model::snapshot::Objects;

impl Index {
    /// A node says something of the endpoints on it whose pods are not ready, and of those who
    /// choose nodes: it may be one for them, or one no more. Where it is gone it was none already,
    /// but for those who have nothing better.
    pub(super) fn node(
        &self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<String, Node>,
    ) {
        let (old, new) = (turn.old.as_deref(), turn.new.as_deref());
        if old.map(|node| &node.ready) != new.map(|node| &node.ready) {
            for service in self.pods.on_node(objects, &turn.key) {
                self.of_endpoints(visits, &service);
            }
        }
        for (selector, bindings) in self.nodes.ends() {
            let [before, now] = [old, new].map(|node| role(node?, selector));
            let has_better = || objects.nodes.values().any(|node| role(node, selector).is_some());
            if before != now || (new.is_none() && !has_better()) {
                visits.targets(bindings.iter());
                visits.fabric();
            }
        }
    }
}
