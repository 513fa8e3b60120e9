//! Walks a plan through AWS and the cluster; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Cloud, Kind, Mirror};
use crate::clock::Clock;
use crate::cluster::{self, Cluster};
use crate::controller::Permit;
use crate::model::action::{Action, Sign};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Plan, Step};

/// Where steps are taken, and by which right.
#[derive(Debug)]
pub struct Site<'a, C, K, T> {
    /// AWS.
    pub mirror: &'a Mirror<C, T>,
    /// The cluster.
    pub cluster: &'a K,
    /// The right to write.
    pub permit: &'a Permit<T>,
}

/// Takes the steps of a plan in their order, one at a time. A step is held back when one that it
/// comes after was not done, when it waits at a gate, or when it takes something away and the
/// permit says that this is too early; its siblings go on. Once a service asks for fewer calls
/// nothing more is tried of it, nor of any once the permit says that this process no longer leads.
pub async fn apply<C: Cloud, K: Cluster, T: Clock>(
    plan: &Plan,
    site: Site<'_, C, K, T>,
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(plan.steps.len());
    let mut made = BTreeMap::new();
    let mut throttled = BTreeSet::new();
    for step in &plan.steps {
        let is_free = step.gate.is_none() && is_cleared(step, &outcomes);
        let (service, _) = step.action.operation();
        let outcome = if throttled.contains(service) || !is_free || !site.may_take(step) {
            Outcome::Held
        } else {
            site.take(step, &made).await
        };
        if matches!(outcome, Outcome::Failed(Trouble::Throttled, _)) {
            throttled.insert(service);
        }
        if let (Outcome::Done(Some(id)), Action::Aws(action)) = (&outcome, &step.action)
            && let Some(handle) = action.makes()
        {
            made.insert(handle.clone(), id.clone());
        }
        outcomes.push(outcome);
    }
    outcomes
}

fn is_cleared(step: &Step, outcomes: &[Outcome]) -> bool {
    step.after.iter().all(|before| matches!(outcomes.get(before.0), Some(Outcome::Done(_))))
}

impl<C: Cloud, K: Cluster, T: Clock> Site<'_, C, K, T> {
    fn may_take(&self, step: &Step) -> bool {
        match step.action.sign() {
            Sign::Remove => self.permit.may_remove(),
            Sign::Add | Sign::Change => self.permit.may_write(),
        }
    }

    async fn take(&self, step: &Step, made: &BTreeMap<Handle, AwsId>) -> Outcome {
        let mut action = step.action.clone();
        action.visit_ids(&mut |id| {
            if let Id::Of(handle) = id
                && let Some(given) = made.get(handle)
            {
                *id = Id::Is(given.clone());
            }
        });
        if let Action::Aws(action) = &action {
            self.mirror.turn(action).await;
            // Waiting for a turn may have taken longer than the tenure.
            if !self.may_take(step) {
                return Outcome::Held;
            }
        }
        let (service, operation) = action.operation();
        let outcome = match &action {
            Action::Aws(action) => match self.mirror.perform(action).await {
                Ok(id) => Outcome::Done(id),
                Err(error) => Outcome::Failed(of_aws(error.kind), error.to_string()),
            },
            Action::Kube(action) => match self.cluster.perform(action).await {
                Ok(()) => Outcome::Done(None),
                Err(error) => Outcome::Failed(of_cluster(error.kind), error.to_string()),
            },
        };
        match &outcome {
            Outcome::Done(_) => tracing::info!(service, operation, reason = %step.reason, "done"),
            Outcome::Failed(_, message) => tracing::warn!(service, operation, message, "refused"),
            Outcome::Held => {}
        }
        outcome
    }
}

/// What AWS's refusal means for what to do next.
#[must_use]
pub fn of_aws(kind: Kind) -> Trouble {
    match kind {
        Kind::Throttled => Trouble::Throttled,
        Kind::Transient => Trouble::Transient,
        Kind::InUse => Trouble::InUse,
        Kind::NotFound | Kind::Conflict => Trouble::Stale,
        Kind::Refused => Trouble::Refused,
    }
}

/// What the API server's refusal means for what to do next.
fn of_cluster(kind: cluster::Kind) -> Trouble {
    match kind {
        cluster::Kind::Throttled => Trouble::Throttled,
        cluster::Kind::Transient => Trouble::Transient,
        cluster::Kind::NotFound | cluster::Kind::Conflict => Trouble::Stale,
        cluster::Kind::Refused => Trouble::Refused,
    }
}
