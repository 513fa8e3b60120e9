//! Targets that AWS does not take: one of many that are registered together, and the others not for
//! its sake.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Visit;
use crate::apply::of_aws;
use crate::aws::{Cloud, CloudError, Kind};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::id::{Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::Plan;
use crate::model::problem::{self, Code, ObjectRef, Problem, Severity};
use crate::model::stack::TargetsStack;
use crate::model::target::Target;
use crate::world::RefusedTarget;

/// How often AWS is asked again whether it takes a target by now: somebody has to mend something.
const REFUSED_PAUSE: Duration = Duration::from_secs(60);
/// How many calls of a visit go into finding out who is guilty: two guilty ones in each of two full
/// calls are found. Whoever is not told apart by then waits with them.
const CALLS_MAX: usize = 32;
/// How many targets a message names.
const NAMED_MAX: usize = 5;

/// Targets that AWS did not take together.
struct Batch {
    targets: Vec<Target>,
    answer: String,
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Leaves those out of what is to be registered that AWS did not take a while ago. Those that
    /// are not wanted any more, or stand, are forgotten.
    pub(super) fn leave_out(
        &self,
        key: &ObjectKey,
        stack: &mut TargetsStack,
        inventory: &TargetsInventory,
    ) {
        let now = self.reconciler.clock.moment();
        let mut world = self.world().lock();
        let Some(state) = world.bindings.get_mut(key) else { return };
        if state.refused.is_empty() {
            return;
        }
        let standing: BTreeSet<&Target> =
            inventory.targets.iter().map(|live| &live.target).collect();
        state.refused.retain(|target, refused| {
            stack.targets.contains(target) && !standing.contains(target) && refused.again > now
        });
        stack.targets.retain(|target| !state.refused.contains_key(target));
    }

    /// Registers by parts what AWS refused to take together, until who is guilty stands alone.
    /// Answers with what came of the plan's steps then.
    pub(super) async fn apart(
        &self,
        key: &ObjectKey,
        plan: &Plan,
        mut outcomes: Vec<Outcome>,
    ) -> Vec<Outcome> {
        let mut calls = CALLS_MAX;
        for (step, outcome) in plan.steps.iter().zip(&mut outcomes) {
            let Action::Aws(AwsAction::Elb(ElbAction::RegisterTargets { target_group, targets })) =
                &step.action
            else {
                continue;
            };
            let Outcome::Failed(Trouble::Refused, answer) = outcome else { continue };
            let batch = Batch { targets: targets.clone(), answer: answer.clone() };
            *outcome = match self.split(key, (target_group, batch), &mut calls).await {
                Ok(()) => Outcome::Done(None),
                Err(error) => Outcome::Failed(of_aws(error.kind), error.to_string()),
            };
        }
        outcomes
    }

    /// Finds out who is guilty of a refusal, and registers the others.
    ///
    /// # Errors
    /// What AWS answered that is nobody's guilt in particular.
    async fn split(
        &self,
        key: &ObjectKey,
        (target_group, whole): (&Id, Batch),
        calls: &mut usize,
    ) -> Result<(), CloudError> {
        let mut batches = vec![whole];
        while let Some(mut batch) = batches.pop() {
            if batch.targets.len() < 2 || *calls < 2 || !self.permit.may_write() {
                self.note_refused(key, batch);
                continue;
            }
            let second = batch.targets.split_off(batch.targets.len() / 2);
            for targets in [second, batch.targets] {
                *calls -= 1;
                let action = AwsAction::Elb(ElbAction::RegisterTargets {
                    target_group: target_group.clone(),
                    targets: targets.clone(),
                });
                self.mirror.turn(&action).await;
                match self.mirror.perform(&action).await {
                    Ok(_) => {}
                    Err(error) if error.kind == Kind::Refused && error.may_be_of_one() => {
                        batches.push(Batch { targets, answer: error.to_string() });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn note_refused(&self, key: &ObjectKey, batch: Batch) {
        let again = self.reconciler.clock.moment().plus(REFUSED_PAUSE);
        let mut world = self.world().lock();
        let refused = &mut world.bindings.entry(key.clone()).or_default().refused;
        for target in batch.targets {
            tracing::warn!(%key, %target, answer = batch.answer, "refused");
            refused.insert(target, RefusedTarget { answer: batch.answer.clone(), again });
        }
    }

    /// What is to be said of targets that AWS does not take, and when it is asked again.
    pub(super) fn refused(&self, key: &ObjectKey) -> Option<(Problem, Duration)> {
        let now = self.reconciler.clock.moment();
        let world = self.world().lock();
        let refused = &world.bindings.get(key)?.refused;
        let first = refused.values().next()?;
        let named: Vec<String> = refused.keys().take(NAMED_MAX).map(ToString::to_string).collect();
        let more = match refused.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let found = format!("targets {}{more}: {}", named.join(", "), first.answer);
        let problem = problem(key, found, "they get no requests; the others do");
        let pauses = refused.values().map(|refused| refused.again.since(now));
        Some((problem, pauses.min().unwrap_or_default()))
    }
}

/// What is to be said where AWS refuses what is asked for a binding, whichever targets that names.
pub(super) fn refusals(key: &ObjectKey, outcomes: &[Outcome]) -> Option<Problem> {
    let mut answers = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Failed(Trouble::Refused, answer) => Some(answer.clone()),
        Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
    });
    Some(problem(key, answers.next()?, "its targets stay as they are; it is tried again"))
}

fn problem(key: &ObjectKey, found: String, meanwhile: &str) -> Problem {
    Problem {
        code: Code::RefusedTargets,
        severity: Severity::Warning,
        object: ObjectRef { kind: problem::Kind::TargetGroupBinding, key: key.clone() },
        field: "spec".to_owned(),
        found,
        allowed: "what AWS takes".to_owned(),
        meanwhile: meanwhile.to_owned(),
    }
}
