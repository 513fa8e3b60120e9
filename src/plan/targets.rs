//! The plan of what is registered in a target group.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, KubeAction};
use crate::model::id::{Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::known::Known;
use crate::model::plan::{Plan, Reason, StepId};
use crate::model::stack::TargetsStack;
use crate::model::target::{LiveTarget, Target, TargetState};

use super::draft::Draft;

/// The most targets of one call (AWS allows more; LBC's chunk).
const TARGETS_PER_CALL_MAX: usize = 200;

/// Plans the targets of a binding. New ones are registered before old ones go.
#[must_use]
pub fn plan(key: &ObjectKey, stack: &TargetsStack, inventory: &TargetsInventory) -> Plan {
    let mut draft = Draft::default();
    let live = match (&stack.target_group, &inventory.targets) {
        (Id::Of(_), _) => &[],
        (Id::Is(_), Known::Is(live, _)) => live.as_slice(),
        (Id::Is(id), Known::Absent(_)) => {
            if !stack.leaving {
                draft.note(format!("nothing is registered: target group {id} does not exist"));
            }
            release(&mut draft, key, stack, &[]);
            return draft.finish();
        }
        (Id::Is(_), Known::Unread) => {
            draft.note("nothing is planned: the targets could not be read".to_owned());
            return draft.finish();
        }
    };
    let mut claims: Vec<StepId> = Vec::new();
    if stack.unclaimed && !stack.leaving {
        let action = KubeAction::ClaimBinding { name: key.clone() };
        claims.push(draft.push(Action::Kube(action), Reason::Claimed, &[]));
    }
    let registered = register(&mut draft, stack, live, &claims);
    let deregistered = deregister(&mut draft, stack, live, &registered);
    release(&mut draft, key, stack, &deregistered);
    draft.finish()
}

/// Whether a target that stands counts: a draining one has to be registered again to be kept.
fn counts(live: &LiveTarget) -> bool {
    live.state != TargetState::Draining
}

/// What makes two targets the same; the zone is only told.
fn identity(target: &Target) -> (&str, u16) {
    (&target.id, target.port)
}

fn register(
    draft: &mut Draft,
    stack: &TargetsStack,
    live: &[LiveTarget],
    claims: &[StepId],
) -> Vec<StepId> {
    let standing: BTreeSet<_> =
        live.iter().filter(|live| counts(live)).map(|live| identity(&live.target)).collect();
    let missing = stack.targets.iter().filter(|target| !standing.contains(&identity(target)));
    let missing: Vec<Target> = missing.cloned().collect();
    let each = missing.chunks(TARGETS_PER_CALL_MAX).map(|targets| {
        let action = AwsAction::RegisterTargets {
            target_group: stack.target_group.clone(),
            targets: targets.to_vec(),
        };
        draft.push(Action::Aws(action), Reason::Ready, claims)
    });
    each.collect()
}

fn deregister(
    draft: &mut Draft,
    stack: &TargetsStack,
    live: &[LiveTarget],
    registered: &[StepId],
) -> Vec<StepId> {
    let Some(target_group) = stack.target_group.given().filter(|_| stack.may_deregister) else {
        return Vec::new();
    };
    let wanted: BTreeSet<_> = stack.targets.iter().map(identity).collect();
    let surplus =
        live.iter().filter(|live| counts(live) && !wanted.contains(&identity(&live.target)));
    let surplus: Vec<Target> = surplus.map(|live| live.target.clone()).collect();
    let each = surplus.chunks(TARGETS_PER_CALL_MAX).map(|targets| {
        let target_group = target_group.clone();
        let action = AwsAction::DeregisterTargets { target_group, targets: targets.to_vec() };
        draft.push(Action::Aws(action), Reason::Gone, registered)
    });
    each.collect()
}

fn release(draft: &mut Draft, key: &ObjectKey, stack: &TargetsStack, after: &[StepId]) {
    if stack.leaving {
        let action = KubeAction::ReleaseBinding { name: key.clone() };
        draft.push(Action::Kube(action), Reason::Released, after);
    }
}
