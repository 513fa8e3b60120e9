//! The plan of what is registered in a target group.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::id::{Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::known::Known;
use crate::model::plan::{Plan, Reason, StepId};
use crate::model::problem::{Kind, ObjectRef, Problem};
use crate::model::stack::{Braked, Noted, TargetsStack};
use crate::model::target::{LiveTarget, Target, TargetState};

use super::brakes;
use super::draft::Draft;

/// The most targets of one call (AWS allows more; LBC's chunk).
const TARGETS_PER_CALL_MAX: usize = 200;

/// Plans the targets of a binding. New ones are registered before old ones go; where there is no
/// room for them beside the old ones, as many of these go first as they need.
#[must_use]
pub fn plan(key: &ObjectKey, stack: &TargetsStack, inventory: &TargetsInventory) -> Plan {
    let mut draft = Draft::default();
    if !stack.counts_what_stands() {
        let forgotten = forget(&mut draft, key, stack, &[]);
        release(&mut draft, key, stack, forgotten.as_slice());
        return draft.finish();
    }
    let live = match (&stack.target_group, &inventory.targets) {
        (Id::Of(_), _) => &[],
        (Id::Is(_), Known::Is(live, _)) => live.as_slice(),
        (Id::Is(id), Known::Absent(_)) => {
            if !stack.leaving {
                draft.note(format!("nothing is registered: target group {id} does not exist"));
            }
            let forgotten = forget(&mut draft, key, stack, &[]);
            release(&mut draft, key, stack, forgotten.as_slice());
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
    let mut missing = missing(stack, live);
    if let Some(bound) = stack.bound() {
        let kept = live.len() - surplus(stack, live).len() - draining(live);
        let left_out = (kept + missing.len()).saturating_sub(bound).min(missing.len());
        missing.truncate(missing.len() - left_out);
        if left_out > 0 {
            draft.note(format!(
                "{left_out} endpoints are not registered: a target group takes {bound} at most"
            ));
        }
    }
    let lacking = (live.len() + missing.len()).saturating_sub(stack.room());
    let mut surplus = surplus(stack, live);
    if lacking > 0 {
        // What takes no requests anyway goes first.
        surplus.sort_by_key(|live| live.state == TargetState::Healthy);
    }
    let notes = Notes::of(stack, live, &missing);
    let noted = notes.before.map(|targets| note(&mut draft, key, targets, &claims));
    claims.extend(noted);
    let mut surplus: Vec<Target> = surplus.into_iter().map(|live| live.target.clone()).collect();
    let rest = surplus.split_off(lacking.min(surplus.len()));
    let mut deregistered = deregister(&mut draft, stack, &surplus, &claims);
    let before: Vec<StepId> = claims.iter().chain(&deregistered).copied().collect();
    let registered = register(&mut draft, stack, &missing, &before);
    deregistered.extend(deregister(&mut draft, stack, &rest, &registered));
    if let Some(targets) = notes.after {
        let after: Vec<StepId> = registered.iter().chain(&deregistered).copied().collect();
        note(&mut draft, key, targets, &after);
    }
    let forgotten = forget(&mut draft, key, stack, &deregistered);
    deregistered.extend(forgotten);
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
        let is_ours = stack.shared.as_ref().is_none_or(|noted| noted.has(&live.target));
        counts(live) && is_ours && !stays && !wanted.contains(&identity(&live.target))
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

/// What has to be noted of a target group that others share.
#[derive(Default)]
struct Notes {
    /// Before anything is registered: a reply that is lost leaves nothing that nobody knows.
    before: Option<BTreeSet<SmolStr>>,
    /// After what is gone was deregistered: its address may be another cluster's by then.
    after: Option<BTreeSet<SmolStr>>,
}

impl Notes {
    fn of(stack: &TargetsStack, live: &[LiveTarget], missing: &[Target]) -> Self {
        let noted = match &stack.shared {
            Some(Noted::These(noted)) => Some(noted),
            Some(Noted::Nothing) => None,
            Some(Noted::Unread) | None => return Self::default(),
        };
        if stack.leaving {
            return Self::default();
        }
        let spelled = |target: &Target| SmolStr::from(target.to_string());
        let going: BTreeSet<_> =
            surplus(stack, live).into_iter().map(|live| identity(&live.target)).collect();
        let wanted: BTreeSet<_> = stack.targets.iter().map(identity).collect();
        let stays = |live: &&LiveTarget| {
            let is_ours = stack.shared.as_ref().is_some_and(|noted| noted.has(&live.target));
            let identity = identity(&live.target);
            counts(live) && (wanted.contains(&identity) || is_ours && !going.contains(&identity))
        };
        let staying = live.iter().filter(stays).map(|live| spelled(&live.target));
        let after: BTreeSet<SmolStr> = staying.chain(missing.iter().map(spelled)).collect();
        let before: BTreeSet<SmolStr> =
            noted.into_iter().flatten().chain(&after).cloned().collect();
        let is_known = noted == Some(&before);
        let is_same = after == before;
        Self { before: (!is_known).then_some(before), after: (!is_same).then_some(after) }
    }
}

fn note(
    draft: &mut Draft,
    key: &ObjectKey,
    targets: BTreeSet<SmolStr>,
    after: &[StepId],
) -> StepId {
    let action = KubeAction::NoteTargets { name: key.clone(), targets: Some(targets) };
    draft.push(Action::Kube(action), Reason::Remembered, after)
}

/// Takes the note away of a binding that leaves.
fn forget(
    draft: &mut Draft,
    key: &ObjectKey,
    stack: &TargetsStack,
    after: &[StepId],
) -> Option<StepId> {
    let is_noted = matches!(stack.shared, Some(Noted::These(_)));
    (stack.leaving && is_noted).then(|| {
        let action = KubeAction::NoteTargets { name: key.clone(), targets: None };
        draft.push(Action::Kube(action), Reason::Released, after)
    })
}

fn release(draft: &mut Draft, key: &ObjectKey, stack: &TargetsStack, after: &[StepId]) {
    if stack.leaving {
        let action = KubeAction::ReleaseBinding { name: key.clone() };
        draft.push(Action::Kube(action), Reason::Released, after);
    }
}
