//! Walks a plan through AWS and the cluster; decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Cloud, CloudError, Kind, Mirror};
use crate::clock::Clock;
use crate::cluster::{self, Cluster, ClusterError};
use crate::desired::secret::resolve;
use crate::model::action::{Action, AwsAction, Sign};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Plan, Step, StepId};
use crate::model::secret::SecretBytes;

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
}

/// Takes the steps of a plan in their order, one at a time. A step is held back when one that it
/// comes after was not done, when it waits at a gate, or when it needs to be known who is there and
/// the permit says that this is too early; its siblings go on. Once a service asks for fewer calls
/// nothing more is tried of it, nor of any once the permit says that this process no longer leads.
pub async fn apply<C: Cloud, K: Cluster, T: Clock>(
    plan: &Plan,
    site: Site<'_, C, K, T>,
) -> Vec<Outcome> {
    let mut walk = Walk::default();
    for step in &plan.steps {
        if !walk.is_open(step) || !may_take(step, site.permit) {
            walk.note(step, Outcome::Held);
            continue;
        }
        let outcome = match walk.resolved(step) {
            Action::Aws(mut action) => match site.prepare(step, &mut action).await {
                Ok(()) => of_write(site.mirror.perform(&action).await),
                Err(unready) => unready,
            },
            Action::Kube(action) => of_cluster_write(site.cluster.perform(&action).await),
        };
        walk.note(step, outcome);
    }
    walk.outcomes
}

impl<C: Cloud, K: Cluster, T: Clock> Site<'_, C, K, T> {
    /// Waits until a step may be taken in AWS, and puts in the bytes that it needs of Secrets: they
    /// are there for no longer than the call. Otherwise says what became of the step.
    async fn prepare(&self, step: &Step, action: &mut AwsAction) -> Result<(), Outcome> {
        self.mirror.turn(action).await;
        // Nobody is asked for bytes in vain.
        if !may_take(step, self.permit) {
            return Err(Outcome::Held);
        }
        self.open(action).await?;
        // Waiting for a turn, or for a Secret, may have taken longer than the tenure.
        if may_take(step, self.permit) { Ok(()) } else { Err(Outcome::Held) }
    }

    /// Puts in the bytes of the Secrets that an action refers to. Fails where one cannot be read,
    /// or has changed since the action was planned.
    async fn open(&self, action: &mut AwsAction) -> Result<(), Outcome> {
        let mut needed = BTreeSet::new();
        action.visit_secrets(&mut |bytes| {
            if let SecretBytes::Of(reference) = bytes {
                needed.insert(reference.secret.clone());
            }
        });
        for secret in needed {
            let seen = self
                .cluster
                .secret(&secret)
                .await
                .map_err(|error| Outcome::Failed(of_cluster(error.kind), error.to_string()))?;
            action.visit_secrets(&mut |bytes| {
                let SecretBytes::Of(reference) = bytes else { return };
                if let Some(sealed) = resolve(&seen, reference) {
                    *bytes = SecretBytes::Is(sealed);
                }
            });
        }
        let mut changed = None;
        action.visit_secrets(&mut |bytes| {
            if let SecretBytes::Of(reference) = bytes {
                changed = Some(reference.secret.clone());
            }
        });
        let text = |secret| format!("Secret {secret} has changed since this was planned");
        changed.map_or(Ok(()), |secret| Err(Outcome::Failed(Trouble::Stale, text(secret))))
    }
}

/// Whether a step may be taken at this moment.
#[must_use]
pub fn may_take<T: Clock>(step: &Step, permit: &Permit<T>) -> bool {
    match step.action.sign() {
        Sign::Remove => permit.may_remove(),
        Sign::Add if step.action.founds() => permit.may_found(),
        Sign::Add | Sign::Change => permit.may_write(),
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
