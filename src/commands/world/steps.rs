//! Steps of a group's plan that wait for a person, and those that nobody has to be told of.

use std::collections::BTreeSet;

use crate::desired::owners;
use crate::model::action::{Action, KubeAction};
use crate::model::inventory::BalancerInventory;
use crate::model::memory::Entry;
use crate::model::plan::{Plan, Step};
use crate::model::snapshot::Snapshot;
use crate::model::stack::BalancerStack;
use crate::model::subject::Subject;
use crate::plan::approval::{self, Removals};

/// A plan in which what goes out of service is held until a person has approved it, where a class
/// has it so.
pub(super) fn await_approval(
    snapshot: &Snapshot,
    (subject, stack): (&Subject, &mut BalancerStack),
    (plan, inventory): (Plan, &BalancerInventory),
) -> Plan {
    let objects = &snapshot.objects;
    let removals = Removals::of(&plan, inventory);
    let hash = approval::hash(subject, &removals);
    let may_go = removals == Removals::default() || owners::approves(&objects.classes, &hash);
    let mut members = stack.active.iter().chain(&stack.leaving);
    if may_go || !owners::wait_for_approval(objects, &mut members) {
        return plan;
    }
    approval::keep(stack, inventory, &removals);
    let (settings, extent, nothing) = (&snapshot.settings, &snapshot.extent, BTreeSet::new());
    let mut held = crate::plan::balancer::plan(settings, extent, stack, inventory, &nothing);
    let mut members = stack.active.iter().chain(&stack.leaving);
    approval::hold(&mut held, &removals, &hash, members.next());
    held
}

/// Whether a step writes down who came first, which decides nothing for anybody who reads a plan.
pub(super) fn remembers_standing(step: &Step) -> bool {
    remembered(step) == Some(&Entry::Standing)
}

/// Whether a step changes nothing but what a controller knows of what AWS has been given: one that
/// takes over writes that down, and nobody has to be asked.
pub(super) fn only_remembers(step: &Step) -> bool {
    matches!(remembered(step), Some(Entry::ClientSecrets | Entry::Given))
}

fn remembered(step: &Step) -> Option<&Entry> {
    match &step.action {
        Action::Kube(KubeAction::Remember { entry, .. }) => Some(entry),
        Action::Kube(_) | Action::Aws(_) => None,
    }
}
