//! Bindings of people: what they leave out is filled in, and what contradicts their target group is
//! told, before anything is registered for them.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Visit, gravest};
use crate::aws::{Cloud, CloudError, Kind};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::completion::{self, Ask};
use crate::model::action::{Action, KubeAction};
use crate::model::binding::Completion;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::outcome::Trouble;
use crate::model::plan::{Plan, Reason};
use crate::model::problem::Problem;
use crate::model::snapshot::Snapshot;
use crate::model::target_group::Traits;
use crate::report::{self, Rest};

/// How often it is looked whether a target group is there by now that a binding names: soon enough
/// for a person who has just made it.
pub(super) const MISSING_AGE_MAX: Duration = Duration::from_secs(30);

/// How long after a binding was made AWS may not have heard of its target group everywhere: far
/// longer than ever seen.
const YOUNG_MAX: SignedDuration = SignedDuration::from_mins(5);

/// How far a binding is.
pub(super) enum Standing {
    /// It says all that has to be known.
    Complete,
    /// Nothing is to be registered for it as it is.
    Unfit(Rest),
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Fills in what a person left out of a binding, and says what is wrong with it.
    pub(super) async fn complete(
        &self,
        key: &ObjectKey,
        snapshot: &Snapshot,
        told: &mut Vec<Problem>,
    ) -> Result<Standing, CloudError> {
        let ask = completion::ask(snapshot, key);
        let (field, said) = match &ask {
            Ask::Nothing => return Ok(Standing::Complete),
            Ask::Traits(arn) => ("spec.targetGroupARN", arn.to_string()),
            Ask::Named(name) => ("spec.targetGroupName", name.clone()),
        };
        let found = match self.look_up(&ask).await {
            Err(error) if error.kind == Kind::Refused => {
                // Nobody can have such a name, or nobody lets us look.
                let seen = snapshot.objects.bindings.get(key);
                let again = Rest::Again(Trouble::Refused);
                if let Some(role) = seen.and_then(|seen| seen.role()) {
                    told.push(completion::unassumed(key, &role, &error.to_string()));
                    return Ok(Standing::Unfit(again));
                }
                told.push(completion::unknown(key, field, &error.to_string()));
                let claimed = self.claim_unfound(key, snapshot).await;
                return Ok(Standing::Unfit(gravest([claimed, again])));
            }
            found => found?,
        };
        let seen = snapshot.objects.bindings.get(key);
        let (Some((id, traits)), Some(seen)) = (found, seen) else {
            told.push(completion::missing(key, field, &said));
            let claimed = self.claim_unfound(key, snapshot).await;
            return Ok(Standing::Unfit(gravest([claimed, comes_back(key, snapshot)])));
        };
        if let Some(flaw) = completion::flaw(seen, key, &traits) {
            told.push(flaw);
            return Ok(Standing::Unfit(Rest::Done));
        }
        let completion = completion::completion(seen, &id, &traits);
        if completion.is_empty() {
            return Ok(Standing::Complete);
        }
        // Whoever sees it complete visits it again.
        Ok(Standing::Unfit(self.fill_in(key, completion).await))
    }

    /// The target group that is asked for, and what it is; nothing where there is none.
    async fn look_up(&self, ask: &Ask) -> Result<Option<(AwsId, Traits)>, CloudError> {
        let id = match ask {
            Ask::Nothing => None,
            Ask::Traits(arn) => Some(arn.clone()),
            Ask::Named(name) => self.mirror.target_group_named(name, MISSING_AGE_MAX).await?,
        };
        let Some(id) = id else { return Ok(None) };
        let traits = self.mirror.traits(&id, MISSING_AGE_MAX).await?;
        Ok(traits.map(|traits| (id, traits)))
    }

    /// Finds a target group again that is gone by its name, which a binding may give beside it.
    pub(super) async fn find_again(
        &self,
        key: &ObjectKey,
        snapshot: &Snapshot,
        gone: &AwsId,
        told: &mut Vec<Problem>,
    ) -> Result<Rest, CloudError> {
        let seen = snapshot.objects.bindings.get(key);
        let named = seen.and_then(|seen| seen.spec.target_group_name.clone());
        if let (Some(seen), Some(name)) = (seen, named.filter(|name| !name.is_empty())) {
            let found = self.look_up(&Ask::Named(name)).await?;
            if let Some((id, traits)) = found.filter(|(id, _)| id != gone)
                && completion::flaw(seen, key, &traits).is_none()
            {
                let completion = completion::completion(seen, &id, &traits);
                return Ok(self.fill_in(key, completion).await);
            }
        }
        told.push(completion::missing(key, "spec.targetGroupARN", gone.as_str()));
        Ok(comes_back(key, snapshot))
    }

    /// Claims a binding whose target group is not found, or cannot be looked at.
    pub(super) async fn claim_unfound(&self, key: &ObjectKey, snapshot: &Snapshot) -> Rest {
        if !completion::is_unclaimed(snapshot, key) {
            return Rest::Done;
        }
        let mut plan = Plan::default();
        let action = KubeAction::ClaimBinding { name: key.clone() };
        plan.push(Action::Kube(action), Reason::Claimed, Vec::new());
        report::rest(&self.apply(&plan).await)
    }

    async fn fill_in(&self, key: &ObjectKey, completion: Completion) -> Rest {
        let mut plan = Plan::default();
        let action = KubeAction::CompleteBinding { name: key.clone(), completion };
        plan.push(Action::Kube(action), Reason::Missing, Vec::new());
        report::rest(&self.apply(&plan).await)
    }
}

/// When to look again for a target group that is not there. Anybody may make one of a name at any
/// time. An ARN is given once: where AWS does not know it soon after it was given, it never will.
fn comes_back(key: &ObjectKey, snapshot: &Snapshot) -> Rest {
    let Some(seen) = snapshot.objects.bindings.get(key) else { return Rest::Done };
    let is_named = seen.spec.target_group_name.as_ref().is_some_and(|name| !name.is_empty());
    let is_young = snapshot.now.duration_since(seen.created) < YOUNG_MAX;
    if is_named || is_young { Rest::Later(MISSING_AGE_MAX) } else { Rest::Done }
}
