//! What a group tells of what should protect its load balancers.

use std::sync::Arc;

use super::{FactStore, Facts};
use crate::model::group::Group;
use crate::model::news::Topic;
use crate::model::protection::ProtectionStack;

impl Facts {
    /// What should protect the load balancers of the group, where somebody asks for anything.
    #[must_use]
    pub fn protection(&self) -> Option<&ProtectionStack> {
        self.protection.as_deref()
    }
}

impl FactStore {
    /// Makes known what should protect a group's load balancers; `None` where nobody asks for
    /// anything.
    pub fn protects(&mut self, group: &Group, stack: Option<ProtectionStack>) {
        let known = self.protections.get(group);
        if known.map(AsRef::as_ref) == stack.as_ref() {
            return;
        }
        match stack {
            Some(stack) => _ = self.protections.insert(group.clone(), Arc::new(stack)),
            None => _ = self.protections.remove(group),
        }
        self.touch(Topic::Protection(group.clone()));
    }

    /// Whether anything is asked for that protects a group's load balancers.
    #[must_use]
    pub fn is_protected(&self, group: &Group) -> bool {
        self.protections.contains_key(group)
    }

    /// The groups for whose load balancers that is so.
    pub fn protected_groups(&self) -> impl Iterator<Item = &Group> {
        self.protections.keys()
    }

    /// What the protection of a group's load balancers builds on.
    #[must_use]
    pub fn for_protection(&self, group: &Group) -> Facts {
        Facts { protection: self.protections.get(group).cloned(), ..Facts::default() }
    }
}
