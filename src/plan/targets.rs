//! The plan of what is registered in a target group.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::id::{Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::known::Known;
use crate::model::plan::{Plan, Reason, StepId};
use crate::model::problem::{Kind, ObjectRef, Problem};
use crate::model::stack::{Braked, TargetsStack};
use crate::model::target::{LiveTarget, Target, TargetState};

use super::brakes;
use super::draft::Draft;

/// The most targets of one call (AWS allows more; LBC's chunk).
const TARGETS_PER_CALL_MAX: usize = 200;

/// The most targets of a target group (AWS's default quota).
pub const TARGETS_MAX: usize = 1000;

/// Plans the targets of a binding. New ones are registered before old ones go; where there is no
/// room for them beside the old ones, as many of these go first as they need.
#[must_use]
pub fn plan(key: &ObjectKey, stack: &TargetsStack, inventory: &TargetsInventory) -> Plan {
    let mut draft = Draft::default();
    if stack.leaving && !stack.may_deregister {
        release(&mut draft, key, stack, &[]);
        return draft.finish();
    }
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
    if !stack.braked.owners.is_empty() {
        draft.refuse(braked(key, stack));
    }
    let most = stack.at_most.map_or(TARGETS_MAX, |most| most.min(TARGETS_MAX));
    let mut missing = missing(stack, live);
    if let Some(bound) = stack.at_most {
        let kept = live.len() - surplus(stack, live).len() - draining(live);
        let left_out = (kept + missing.len()).saturating_sub(bound).min(missing.len());
        missing.truncate(missing.len() - left_out);
        if left_out > 0 {
            draft.note(format!(
                "{left_out} endpoints are not registered: a target group takes {bound} at most"
            ));
        }
    }
    let lacking = (live.len() + missing.len()).saturating_sub(most);
    let mut surplus = surplus(stack, live);
    if lacking > 0 {
        // What takes no requests anyway goes first.
        surplus.sort_by_key(|live| live.state == TargetState::Healthy);
    }
    let mut surplus: Vec<Target> = surplus.into_iter().map(|live| live.target.clone()).collect();
    let rest = surplus.split_off(lacking.min(surplus.len()));
    let mut deregistered = deregister(&mut draft, stack, &surplus, &claims);
    let before: Vec<StepId> = claims.iter().chain(&deregistered).copied().collect();
    let registered = register(&mut draft, stack, &missing, &before);
    deregistered.extend(deregister(&mut draft, stack, &rest, &registered));
    release(&mut draft, key, stack, &deregistered);
    draft.finish()
}

/// Whether a target that stands counts: a draining one has to be registered again to be kept.
fn counts(live: &LiveTarget) -> bool {
    live.state != TargetState::Draining
}

/// What is to be said of targets that stay because nobody has said that they are gone.
fn braked(key: &ObjectKey, stack: &TargetsStack) -> Problem {
    let object = ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() };
    let Braked { owners, token } = &stack.braked;
    let found = format!(
        "{} healthy targets of which the cluster's lists tell nothing any more: {}",
        owners.len(),
        brakes::list(owners.iter())
    );
    brakes::problem(object, found, token)
}

/// How many of those that stand are draining.
fn draining(live: &[LiveTarget]) -> usize {
    live.iter().filter(|live| !counts(live)).count()
}

/// What makes two targets the same; the zone is only told.
fn identity(target: &Target) -> (&str, u16) {
    (&target.id, target.port)
}

/// What is to be registered.
fn missing(stack: &TargetsStack, live: &[LiveTarget]) -> Vec<Target> {
    let standing: BTreeSet<_> =
        live.iter().filter(|live| counts(live)).map(|live| identity(&live.target)).collect();
    let missing = stack.targets.iter().filter(|target| !standing.contains(&identity(target)));
    missing.cloned().collect()
}

/// What is to be deregistered.
fn surplus<'a>(stack: &TargetsStack, live: &'a [LiveTarget]) -> Vec<&'a LiveTarget> {
    if !stack.may_deregister {
        return Vec::new();
    }
    let wanted: BTreeSet<_> = stack.targets.iter().map(identity).collect();
    let surplus = live.iter().filter(|live| {
        let stays =
            stack.braked.owners.contains(&live.target.id) || stack.spared.contains(&live.target.id);
        counts(live) && !stays && !wanted.contains(&identity(&live.target))
    });
    surplus.collect()
}

fn register(
    draft: &mut Draft,
    stack: &TargetsStack,
    missing: &[Target],
    before: &[StepId],
) -> Vec<StepId> {
    let each = missing.chunks(TARGETS_PER_CALL_MAX).map(|targets| {
        let action = AwsAction::Elb(ElbAction::RegisterTargets {
            target_group: stack.target_group.clone(),
            targets: targets.to_vec(),
        });
        draft.push(Action::Aws(action), Reason::Ready, before)
    });
    each.collect()
}

fn deregister(
    draft: &mut Draft,
    stack: &TargetsStack,
    surplus: &[Target],
    before: &[StepId],
) -> Vec<StepId> {
    let Some(target_group) = stack.target_group.given() else {
        return Vec::new();
    };
    let each = surplus.chunks(TARGETS_PER_CALL_MAX).map(|targets| {
        let target_group = target_group.clone();
        let action = AwsAction::Elb(ElbAction::DeregisterTargets {
            target_group,
            targets: targets.to_vec(),
        });
        draft.remove_after(Action::Aws(action), Reason::Gone, before)
    });
    each.collect()
}

fn release(draft: &mut Draft, key: &ObjectKey, stack: &TargetsStack, after: &[StepId]) {
    if stack.leaving {
        let action = KubeAction::ReleaseBinding { name: key.clone() };
        draft.push(Action::Kube(action), Reason::Released, after);
    }
}
