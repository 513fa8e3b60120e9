//! Room that the index took while it grew.

use super::Index;

impl Index {
    /// Takes no more room than it needs, once all objects are known.
    pub fn pack(&mut self) {
        self.groups.pack();
        self.services.pack();
        self.bindings.pack();
        self.stacks.pack();
        self.target_groups.pack();
        self.pods.pack();
        self.gates.pack();
        self.nodes.pack();
        self.secrets.pack();
        self.requests.pack();
        self.doubts.pack();
        self.solvers.pack();
        self.hosts.pack();
        self.classes.pack();
    }
}
