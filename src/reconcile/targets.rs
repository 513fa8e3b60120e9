//! The story of a visit to the targets of a binding.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::completion::{MISSING_AGE_MAX, Standing};
use super::refused::refusals;
use super::{Visit, gravest};
use crate::apply::{of_aws, of_cluster};
use crate::aws::{Cloud, CloudError, ElbPart, Kind, Mirror, Part, Reach, TagLook};
use crate::clock::Clock;
use crate::cluster::{self, Cluster};
use crate::desired;
use crate::desired::binder::{self, Refusal};
use crate::desired::completion::{self, is_of_person};
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::TargetsInventory;
use crate::model::known::Known;
use crate::model::marks::Tags;
use crate::model::outcome::Outcome;
use crate::model::problem::Problem;
use crate::model::seen::SeenBinding;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::stack::Noted;
use crate::model::subject::{Lane, Subject};
use crate::plan;
use crate::report::{self, Rest};

/// How old the tags may be that say who may bind a target group: a person who changes them waits no
/// longer, and endpoints that come and go cost no call each.
const BOUND_AGE_MAX: Duration = Duration::from_secs(5 * 60);

/// How soon the steps are taken that waited for one that was refused.
const HELD_PAUSE: Duration = Duration::from_millis(10);

/// How long a pod may take to show the address that a slice says it has: the two are watched apart.
const PODS_PAUSE: Duration = Duration::from_secs(10);

/// Reads the tags of the target groups that bindings name.
///
/// # Errors
/// The read that failed, but for those that are refused: these are unknown then.
pub async fn read_bound<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    cluster: &str,
    objects: &Objects,
    look: TagLook,
) -> Result<BTreeMap<AwsId, Option<Tags>>, CloudError> {
    let bindings = objects.bindings.values();
    let named = bindings.filter_map(|seen| {
        let target_group = seen.spec.target_group_arn.clone()?;
        Some((target_group, seen.role().is_some()))
    });
    let (theirs, own): (Vec<_>, Vec<_>) = named.partition(|(_, is_by_role)| *is_by_role);
    let ids = |named: Vec<(AwsId, bool)>| named.into_iter().map(|(id, _)| id).collect();
    let mut bound = read_tags(mirror, cluster, ids(own), look).await?;
    // What is read for a role is whether it is ours all the same: no role gets around our tags.
    // What another account does not show us is that role's.
    for (id, tags) in read_tags(mirror, cluster, ids(theirs), look).await? {
        if tags.is_some() {
            bound.insert(id, tags);
        }
    }
    Ok(bound)
}

/// Reads the tags of target groups.
///
/// # Errors
/// The read that failed, but for those that are refused: these are unknown then.
pub(super) async fn read_tags<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    cluster: &str,
    ids: BTreeSet<AwsId>,
    look: TagLook,
) -> Result<BTreeMap<AwsId, Option<Tags>>, CloudError> {
    let mut bound = BTreeMap::new();
    for id in ids {
        match mirror.bound(cluster, &id, look, BOUND_AGE_MAX).await {
            Ok(Some(tags)) => _ = bound.insert(id, Some(tags)),
            Ok(None) => {}
            Err(error) if error.kind == Kind::Refused => _ = bound.insert(id, None),
            Err(error) => return Err(error),
        }
    }
    Ok(bound)
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Registers the endpoints of a binding's Service, for which the VPC's CIDRs are all that has
    /// to be known of it.
    pub(super) async fn targets(&self, key: &ObjectKey, lane: Lane) -> Result<Rest, CloudError> {
        let (mut snapshot, _) = self.snapshot(Reach::Vpc).await?;
        let cluster = &self.settings().cluster;
        // An endpoint that has just come waits for one call, not for as many as target groups need.
        let look = if lane == Lane::Background { TagLook::Together } else { TagLook::Alone };
        snapshot.bound = read_bound(self.mirror(), cluster, &snapshot.objects, look).await?;
        let refusal = binder::refusal(&snapshot, key);
        let strangers = desired::targets::strangers(&snapshot, key).filter(|_| refusal.is_none());
        let waits = self.wait_for_pods(key, strangers.is_some());
        let refused = refusal.map(|refusal| binder::problems(&snapshot, refusal, key));
        let told = refused.into_iter().flatten().chain(strangers.filter(|_| waits.is_none()));
        let told = told.chain(desired::targets::unserved(&snapshot, key));
        let told = told.chain(desired::targets::portless(&snapshot, key));
        let told = told.chain(desired::nodes::problems(&snapshot, key));
        let mut told: Vec<Problem> = told.collect();
        told.extend(self.hasty(key, &snapshot));
        // Once its finalizer is gone, nobody knows any more that there were gates to open.
        let seen = snapshot.objects.bindings.get(key);
        let gone = seen.is_none_or(|seen| seen.leaving);
        let opened = if gone { Some(self.gates(key, &snapshot, &mut told).await) } else { None };
        // Of a target group that it may not have, a binding is told nothing.
        let standing = match refusal {
            None => self.complete(key, &snapshot, &mut told).await,
            Some(_) => Ok(Standing::Complete),
        };
        let registered = match standing {
            Ok(Standing::Complete) => self.register(key, &snapshot, &mut told).await,
            Ok(Standing::Unfit(rest)) => Ok(rest),
            Err(error) => Err(error),
        };
        let registered = self.by_role(seen, registered, &mut told);
        let gated = match opened {
            Some(opened) => opened,
            None => self.gates(key, &snapshot, &mut told).await,
        };
        self.tell_binding(key, &snapshot, &told);
        let mut rests = vec![registered?, gated?];
        rests.push(self.show(key, &snapshot, &told, gravest(rests.clone())).await);
        rests.extend(waits.map(Rest::Later));
        if refusal == Some(Refusal::Unread) {
            rests.push(self.claim_unfound(key, &snapshot).await);
        }
        if refusal.is_some_and(Refusal::is_of_tags) {
            rests.push(Rest::Later(BOUND_AGE_MAX));
        }
        Ok(gravest(rests))
    }

    /// What comes of it where a binding names a role that is not to be had: whoever wrote it hears
    /// of that, and it is tried again.
    fn by_role(
        &self,
        seen: Option<&Arc<SeenBinding>>,
        registered: Result<Rest, CloudError>,
        told: &mut Vec<Problem>,
    ) -> Result<Rest, CloudError> {
        match (registered, seen.and_then(|seen| seen.role())) {
            (Err(error), Some(role)) => {
                let Subject::Targets(_, key) = self.subject else { return Err(error) };
                told.push(completion::unassumed(key, &role, &error.to_string()));
                Ok(Rest::Again(of_aws(error.kind)))
            }
            (registered, _) => registered,
        }
    }

    async fn register(
        &self,
        key: &ObjectKey,
        snapshot: &Snapshot,
        told: &mut Vec<Problem>,
    ) -> Result<Rest, CloudError> {
        let Some(mut stack) = desired::targets::build(snapshot, key) else { return Ok(Rest::Done) };
        let Id::Is(target_group) = &stack.target_group else { return Ok(Rest::Done) };
        if stack.shared.is_some() {
            stack.shared = Some(match self.reconciler.cluster.noted(key).await {
                Ok(Some(noted)) => Noted::These(noted),
                Ok(None) => Noted::Nothing,
                Err(error) if error.kind == cluster::Kind::Refused => {
                    told.push(desired::targets::unnoted(key));
                    Noted::Unread
                }
                Err(error) => return Ok(Rest::Again(of_cluster(error.kind))),
            });
        }
        let part = Part::Elb(ElbPart::Targets(target_group.clone()));
        let inventory = if stack.counts_what_stands() {
            self.mirror.targets(target_group).await?
        } else {
            TargetsInventory::default()
        };
        let seen = snapshot.objects.bindings.get(key);
        let is_of_person = seen.is_some_and(|seen| is_of_person(snapshot, key, seen));
        if matches!(inventory.targets, Known::Absent(_)) && is_of_person {
            self.mirror.refresh(&part, MISSING_AGE_MAX);
            return self.find_again(key, snapshot, target_group, told).await;
        }
        self.leave_out(key, &mut stack, &inventory);
        if seen.is_none_or(|seen| seen.role().is_none()) {
            told.extend(self.bound(key, &mut stack).await);
        }
        stack.braked = self.braked_targets(snapshot, key, (&stack, &inventory)).await;
        let plan = plan::targets::plan(key, &stack, &inventory);
        told.extend(plan.refusals.iter().cloned());
        let breaches = plan::check::targets(&plan, &stack, &inventory);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        let outcomes = self.apart(key, &plan, outcomes).await;
        told.extend(refusals(key, &outcomes));
        let rest = self.rest(&plan, &outcomes);
        let Some((problem, pause)) = self.refused(key) else { return Ok(rest) };
        told.push(problem);
        // What comes after what was refused is done without it.
        let is_held = rest == Rest::Done && outcomes.contains(&Outcome::Held);
        Ok(gravest([rest, Rest::Later(if is_held { HELD_PAUSE } else { pause })]))
    }

    /// How much longer pods may take to show the addresses of their endpoints, where some do not: a
    /// watch may be late.
    fn wait_for_pods(&self, key: &ObjectKey, are_missing: bool) -> Option<Duration> {
        let now = self.reconciler.clock.moment();
        let mut world = self.world().lock();
        if !are_missing {
            if let Some(state) = world.bindings.get_mut(key) {
                state.strange_since = None;
            }
            return None;
        }
        let state = world.bindings.entry(key.clone()).or_default();
        let since = *state.strange_since.get_or_insert(now);
        let left = PODS_PAUSE.saturating_sub(now.since(since));
        (!left.is_zero()).then_some(left)
    }

    /// Tells whoever wrote a binding what is wrong with it.
    fn tell_binding(&self, key: &ObjectKey, snapshot: &Snapshot, problems: &[Problem]) {
        let events = {
            let mut world = self.world().lock();
            let state = world.bindings.entry(key.clone()).or_default();
            let events = state.told.problems(&snapshot.objects, problems);
            if problems.is_empty() && state.is_idle() {
                world.bindings.remove(key);
            }
            events
        };
        self.tell(events);
    }

    /// Shows in a binding's status how a visit has left it, and answers with how that leaves it.
    async fn show(
        &self,
        key: &ObjectKey,
        snapshot: &Snapshot,
        problems: &[Problem],
        rest: Rest,
    ) -> Rest {
        let Some(seen) = snapshot.objects.bindings.get(key) else { return Rest::Done };
        let status = report::binding_status(seen, problems, rest, snapshot.now);
        let status = status.filter(|_| binder::is_served(snapshot, key));
        {
            let mut world = self.world().lock();
            let Some(status) = &status else {
                if let Some(state) = world.bindings.get_mut(key) {
                    state.shown = None;
                }
                return Rest::Done;
            };
            if world.bindings.get(key).is_some_and(|state| state.shown.as_ref() == Some(status)) {
                return Rest::Done;
            }
        }
        let Some(status) = status.filter(|_| self.permit.may_write()) else { return Rest::Done };
        match self.reconciler.cluster.binding_status(key, &status).await {
            Ok(()) if status.conditions.is_empty() => Rest::Done,
            Ok(()) => {
                self.world().lock().bindings.entry(key.clone()).or_default().shown = Some(status);
                Rest::Done
            }
            Err(error) => {
                tracing::warn!(%key, %error, "the status could not be written");
                // It orders nothing: where it may not be written, all else is done without it.
                match error.kind {
                    cluster::Kind::Refused => Rest::Done,
                    kind => Rest::Again(of_cluster(kind)),
                }
            }
        }
    }
}
