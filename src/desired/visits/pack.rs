//! Room that the index took while it grew.

use super::Index;

impl Index {
    /// Takes no more room than it needs, once all objects are known.
    pub fn pack(&mut self) {
        let Self {
            groups, services, bindings, stacks, target_groups, pods, classes, hosts, ..
        } = self;
        groups.pack();
        services.pack();
        bindings.pack();
        stacks.pack();
        target_groups.pack();
        pods.pack();
        classes.pack();
        hosts.pack();
    }
}
