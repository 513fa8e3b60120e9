//! Walks a plan through AWS and the cluster; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Cloud, CloudError, Kind, Mirror};
use crate::clock::Clock;
use crate::cluster::{self, Cluster, ClusterError};
use crate::desired::secret::resolve;
use crate::model::action::{Action, Sign};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Plan, Step, StepId};
use crate::model::secret::SecretBytes;
use crate::world::SharedWorld;

mod permit;

pub use permit::{Permit, SIGN_PAUSE};

/// Where steps are taken, and by which right.
#[derive(Debug)]
pub struct Site<'a, C, K, T> {
    /// AWS.
    pub mirror: &'a Mirror<C, T>,
    /// The cluster.
    pub cluster: &'a K,
    /// The right to write.
    pub permit: &'a Permit<T>,
    /// What is known, the bytes of Secrets included.
    pub world: &'a SharedWorld,
}

/// Takes the steps of a plan in their order, one at a time. A step is held back when one that it
/// comes after was not done, when it waits at a gate, or when it takes something away and the
/// permit says that this is too early; its siblings go on. Once a service asks for fewer calls
/// nothing more is tried of it, nor of any once the permit says that this process no longer leads.
pub async fn apply<C: Cloud, K: Cluster, T: Clock>(
    plan: &Plan,
    site: Site<'_, C, K, T>,
) -> Vec<Outcome> {
    let mut walk = Walk::default();
    for step in &plan.steps {
        if !walk.is_open(step) || !site.may_take(step) {
            walk.note(step, Outcome::Held);
            continue;
        }
        let outcome = match &site.opened(walk.resolved(step)) {
            Err(changed) => Outcome::Failed(Trouble::Stale, changed.clone()),
            Ok(Action::Aws(action)) => {
                site.mirror.turn(action).await;
                // Waiting for a turn may have taken longer than the tenure.
                if site.may_take(step) {
                    of_write(site.mirror.perform(action).await)
                } else {
                    Outcome::Held
                }
            }
            Ok(Action::Kube(action)) => of_cluster_write(site.cluster.perform(action).await),
        };
        walk.note(step, outcome);
    }
    walk.outcomes
}

impl<C, K, T: Clock> Site<'_, C, K, T> {
    /// What a step does, with the bytes of the Secrets that it refers to; or that they have changed
    /// since it was planned.
    fn opened(&self, mut action: Action) -> Result<Action, String> {
        let mut changed = None;
        action.visit_secrets(&mut |bytes| {
            let SecretBytes::Of(reference) = bytes else { return };
            let seen = self.world.lock().objects.secrets.get(&reference.secret).cloned();
            match seen.and_then(|seen| resolve(&seen, reference)) {
                Some(sealed) => *bytes = SecretBytes::Is(sealed),
                None => changed = Some(reference.secret.clone()),
            }
        });
        match changed {
            None => Ok(action),
            Some(secret) => Err(format!("Secret {secret} has changed since this was planned")),
        }
    }

    fn may_take(&self, step: &Step) -> bool {
        match step.action.sign() {
            Sign::Remove => self.permit.may_remove(),
            Sign::Add | Sign::Change => self.permit.may_write(),
        }
    }
}

/// How far a walk through a plan has come.
#[derive(Default)]
struct Walk {
    /// What became of the steps so far.
    outcomes: Vec<Outcome>,
    /// What was made.
    made: BTreeMap<Handle, AwsId>,
    /// The services that asked for fewer calls.
    throttled: BTreeSet<&'static str>,
}

impl Walk {
    /// Whether nothing that came before holds a step back.
    fn is_open(&self, step: &Step) -> bool {
        let is_done = |id: &StepId| matches!(self.outcomes.get(id.0), Some(Outcome::Done(_)));
        let (service, _) = step.action.operation();
        step.gate.is_none() && step.after.iter().all(is_done) && !self.throttled.contains(service)
    }

    /// What a step does, by the identifiers of what was made before.
    fn resolved(&self, step: &Step) -> Action {
        let mut action = step.action.clone();
        action.visit_ids(&mut |id| {
            if let Id::Of(handle) = id
                && let Some(given) = self.made.get(handle)
            {
                *id = Id::Is(given.clone());
            }
        });
        action
    }

    /// Takes note of what became of a step.
    fn note(&mut self, step: &Step, outcome: Outcome) {
        let (service, operation) = step.action.operation();
        match &outcome {
            Outcome::Done(id) => {
                tracing::info!(service, operation, reason = %step.reason, "done");
                if let (Some(id), Action::Aws(action)) = (id, &step.action)
                    && let Some(handle) = action.makes()
                {
                    self.made.insert(handle.clone(), id.clone());
                }
            }
            Outcome::Failed(trouble, message) => {
                tracing::warn!(service, operation, message, "refused");
                if *trouble == Trouble::Throttled {
                    self.throttled.insert(service);
                }
            }
            Outcome::Held => {}
        }
        self.outcomes.push(outcome);
    }
}

fn of_write(answer: Result<Option<AwsId>, CloudError>) -> Outcome {
    match answer {
        Ok(id) => Outcome::Done(id),
        Err(error) => Outcome::Failed(of_aws(error.kind), error.to_string()),
    }
}

fn of_cluster_write(answer: Result<(), ClusterError>) -> Outcome {
    match answer {
        Ok(()) => Outcome::Done(None),
        Err(error) => Outcome::Failed(of_cluster(error.kind), error.to_string()),
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
#[must_use]
pub fn of_cluster(kind: cluster::Kind) -> Trouble {
    match kind {
        cluster::Kind::Throttled => Trouble::Throttled,
        cluster::Kind::Transient => Trouble::Transient,
        cluster::Kind::NotFound | cluster::Kind::Conflict => Trouble::Stale,
        cluster::Kind::Refused => Trouble::Refused,
    }
}
