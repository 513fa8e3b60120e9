//! What members would change of whom only the plan is asked for.

use std::collections::BTreeSet;

use super::{Plans, bindings_of};
use crate::aws::{Cloud, CloudError, Mirror};
use crate::clock::Clock;
use crate::desired;
use crate::desired::balancer::Built;
use crate::model::group::Group;
use crate::model::inventory::BalancerInventory;
use crate::model::plan::Plan;
use crate::model::snapshot::Snapshot;
use crate::model::stack::BalancerStack;
use crate::model::subject::Subject;
use crate::plan::plan_only::PlannedOnly;
use crate::reconcile::{read_group, read_strays, read_targets, side};

/// What a group comes to as it is: what its members come to is found out besides.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsItIs<'a> {
    pub(super) subject: &'a Subject,
    pub(super) built: &'a Built,
    pub(super) inventory: &'a BalancerInventory,
    pub(super) plan: &'a Plan,
}

/// Works out what each of these members of a group would change.
pub(super) async fn planned_only<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &mut Snapshot,
    group: &Group,
    as_it_is: AsItIs<'_>,
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let AsItIs { subject, built: held, inventory: before, plan } = as_it_is;
    for member in &held.stack.planned_only {
        snapshot.freed = BTreeSet::from([member.clone()]);
        let mut built = desired::balancer::build(snapshot, group);
        let mut inventory = look(mirror, snapshot, group, &built.stack).await?;
        inventory.admitted.clone_from(&before.admitted);
        inventory.remembered.clone_from(&before.remembered);
        desired::standing::prove(snapshot, &mut built.stack, &inventory);
        built.stack.braked = held.stack.braked.clone();
        let (settings, extent, nothing) = (&snapshot.settings, &snapshot.extent, BTreeSet::new());
        let stack = &built.stack;
        let freed = crate::plan::balancer::plan(settings, extent, stack, &inventory, &nothing);
        let told = PlannedOnly::of(subject, member, side(held, plan), side(&built, &freed));
        if told.is_news(&held.stack) {
            plans.problems.push(told.problem());
            plans.planned_only.push(told);
        }
    }
    snapshot.freed.clear();
    Ok(())
}

/// What stands of a group, as far as its plan needs it.
pub(super) async fn look<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
    group: &Group,
    stack: &BalancerStack,
) -> Result<BalancerInventory, CloudError> {
    let (settings, extent) = (&snapshot.settings, &snapshot.extent);
    let mut inventory = read_group(mirror, settings, extent, group, stack).await?;
    inventory.bindings = bindings_of(snapshot, group);
    read_strays(mirror, &mut inventory).await?;
    read_targets(mirror, extent, stack, &mut inventory).await?;
    Ok(inventory)
}
