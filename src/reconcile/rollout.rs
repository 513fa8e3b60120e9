//! Rollouts, as people of our own classes hear of them.

use std::sync::Arc;
use std::time::Duration;

use super::Visit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::classes::{class_of, is_own_class};
use crate::desired::rollout::{self, DELAY_DEFAULT};
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::part::WishedTargetGroup;
use crate::model::problem::Problem;
use crate::model::snapshot::Snapshot;
use crate::world::World;

/// The attribute that says how long AWS waits for requests under way (AWS).
const DELAY: &str = "deregistration_delay.timeout_seconds";

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// What is to be said where pods of a binding of our own classes end before load balancers have
    /// heard of it. LBC's people have never heard of it, and would of most of what they have.
    pub(super) fn hasty(&self, key: &ObjectKey, snapshot: &Snapshot) -> Option<Problem> {
        let how = rollout::hasty(snapshot, key)?;
        let group = Group::of_labels(&snapshot.objects.bindings.get(key)?.labels)?;
        let world = self.world().lock();
        let delay = is_of_own_class(&world, &group).then(|| delay(&world, &group, key))?;
        Some(rollout::problem(key, how, delay))
    }
}

/// Whether a group has members of our own classes.
fn is_of_own_class(world: &World, group: &Group) -> bool {
    let objects = &world.objects;
    let mut ingresses =
        world.index.members(group).filter_map(|member| objects.ingresses.get(&member.key));
    ingresses.any(|ingress| class_of(objects, ingress).is_some_and(is_own_class))
}

/// How long AWS waits for requests under way to what a binding of a group registers.
fn delay(world: &World, group: &Group, key: &ObjectKey) -> Duration {
    let mut good = world.balancers.get(group).into_iter().flat_map(|state| state.good.read());
    let is_its = |wished: &&Arc<WishedTargetGroup>| {
        let name = wished.target_group.name.as_ref();
        wished.binding.namespace == key.namespace && name == Some(&key.name)
    };
    let said = good.find_map(|(_, part)| {
        let mut groups = part.target_groups.values().filter(is_its);
        groups.find_map(|wished| wished.attributes.get(DELAY)?.parse().ok())
    });
    said.map_or(DELAY_DEFAULT, Duration::from_secs)
}
