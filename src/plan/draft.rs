//! A plan in the making: finds out what each step has to wait for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction, Ec2Action, ElbAction, Sign};
use crate::model::id::{AwsId, Handle};
use crate::model::plan::{Plan, Reason, Step, StepId, Wait, WaitKey};
use crate::model::problem::Problem;

/// A plan in the making.
#[derive(Debug, Default)]
pub struct Draft {
    plan: Plan,
    made_by: BTreeMap<Handle, StepId>,
}

impl Draft {
    /// Adds a step after those given and after those that make what it needs. What no step of this
    /// plan makes is another subject's to make: the step waits for it at a gate.
    pub fn push(&mut self, action: Action, reason: Reason, after: &[StepId]) -> StepId {
        let mut after = after.to_vec();
        let mut gate = None;
        for handle in action.needs() {
            match self.made_by.get(&handle) {
                Some(step) => after.push(*step),
                None => gate = Some(WaitKey::Made(handle)),
            }
        }
        after.sort();
        after.dedup();
        let made = match &action {
            Action::Aws(action) => action.makes().cloned(),
            Action::Kube(_) => None,
        };
        let id = self.plan.push(action, reason, after);
        if let Some(step) = self.plan.steps.last_mut() {
            step.gate = gate;
        }
        if let Some(handle) = made {
            self.made_by.insert(handle, id);
        }
        id
    }

    /// Adds a step that waits for something beyond this plan, if it has to.
    pub fn push_gated(
        &mut self,
        action: Action,
        reason: Reason,
        after: &[StepId],
        gate: Option<WaitKey>,
    ) -> StepId {
        let id = self.push(action, reason, after);
        if let Some(step) = self.plan.steps.last_mut() {
            step.gate = gate.or(step.gate.take());
        }
        id
    }

    /// Takes something away once all that takes its place was done.
    pub fn remove_after(&mut self, action: Action, reason: Reason, before: &[StepId]) -> StepId {
        self.push(action, reason, before)
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.plan.steps
    }

    /// Takes note of a wait that has begun.
    pub fn wait(&mut self, wait: Wait) {
        if !self.plan.waits.contains(&wait) {
            self.plan.waits.push(wait);
        }
    }

    /// The steps so far that take something away, but for those that nobody waits for any more, and
    /// those that come once one thing has taken the place of another: nobody's leaving causes them.
    #[must_use]
    pub fn removals_but(&self, leftovers: &BTreeSet<AwsId>) -> Vec<StepId> {
        let is_leftover = |action: &Action| match action {
            Action::Aws(
                AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id })
                | AwsAction::Elb(ElbAction::DeleteTargetGroup { id }),
            ) => leftovers.contains(id),
            Action::Aws(_) | Action::Kube(_) => false,
        };
        let mut replacing = BTreeSet::new();
        for step in &self.plan.steps {
            let is_held = step.gate.as_ref().is_some_and(WaitKey::is_replacement);
            if is_held || step.after.iter().any(|before| replacing.contains(before)) {
                replacing.insert(step.id);
            }
        }
        let removing = self.plan.steps.iter().filter(|step| {
            step.action.sign() == Sign::Remove
                && !is_leftover(&step.action)
                && !replacing.contains(&step.id)
        });
        removing.map(|step| step.id).collect()
    }

    /// Says what cannot be done, and why.
    pub fn refuse(&mut self, problem: Problem) {
        if !self.plan.refusals.contains(&problem) {
            self.plan.refusals.push(problem);
        }
    }

    /// Says what the plan leaves alone.
    pub fn note(&mut self, note: String) {
        self.plan.notes.push(note);
    }

    /// The plan.
    #[must_use]
    pub fn finish(self) -> Plan {
        self.plan
    }
}
