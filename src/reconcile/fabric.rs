//! The story of a visit to a VPC's shared network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::Visit;
use crate::aws::{Cloud, CloudError, Ec2Part, Part, Reach, TagLook};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::fabric::{Asked, asked, bound, needs_backend};
use crate::desired::visits::{for_balancer, for_targets};
use crate::model::action::{Action, AwsAction, Ec2Action};
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, ObjectKey};
use crate::model::inventory::FabricInventory;
use crate::model::marks::ANNOTATION_ACCEPT_REMOVALS;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::Plan;
use crate::model::security::IngressRule;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::stack::{Braked, FabricStack};
use crate::model::surroundings::Surroundings;
use crate::plan;
use crate::plan::brakes;
use crate::plan::check::Breach;
use crate::report::Rest;
use crate::world::{FabricState, World};

use super::{MISSING_PAUSE, STALE, SURROUNDINGS_AGE_MAX, again, gravest, read_bound};

/// How long rules of nodes and pods wait for bindings that are about to be made: each port by
/// itself would widen the same rule again and again. Longer than a visit to a group takes, and
/// shorter than anybody's health check.
const HOLD_MAX: Duration = Duration::from_secs(1);
/// How often the VPC's network interfaces are looked at because a fresh look did not show those of
/// some endpoints: addresses outside of the VPC have none, however often somebody looks.
const UNSEEN_PAUSE: Duration = Duration::from_secs(5 * 60);
/// How many bindings or groups are looked at before others may look at the world.
const BATCH: usize = 64;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn fabric(&self) -> Result<Rest, CloudError> {
        let mirror = self.mirror();
        let surroundings = mirror.surroundings(Reach::Interfaces, SURROUNDINGS_AGE_MAX).await?;
        self.world().lock().has_read(self.subject);
        self.find_out_demand(&surroundings).await?;
        let old = self.old_rules().await?;
        let looked = mirror.looked_at(&Part::Ec2(Ec2Part::Interfaces));
        let now = self.reconciler.clock.moment();
        let (mut stack, sought) = {
            let mut world = self.world().lock();
            let others = world.index.others();
            let sought = world.fabric.seek(looked, now);
            let mut stack = world.fabric.demand.stack(self.settings(), others, &sought);
            stack.outgoing = world.fabric.outgoing.values().flatten().cloned().collect();
            stack.kept.extend(old.iter().flat_map(|(rules, _)| rules).cloned());
            world.fabric.opened.extend(stack.endpoint_rules.keys().cloned());
            world.fabric.sought.clone_from(&sought);
            (stack, sought)
        };
        let (mut plan, mut breaches) = self.plan_fabric(&stack).await?;
        let mut unread = None;
        if plan::fabric::lets_less_in(&plan) {
            unread = self.keep_unbound(&mut stack).await;
            if unread.is_some() || !stack.unbound.is_empty() {
                (plan, breaches) = self.plan_fabric(&stack).await?;
            }
        }
        self.world().lock().fabric.unbound = stack.unbound.keys().cloned().collect();
        let held = self.hold(&plan);
        if held.is_some() {
            let rules = FabricStack {
                backend: stack.backend.clone(),
                endpoint_rules: BTreeMap::new(),
                kept: BTreeSet::new(),
                is_complete: false,
                outgoing: BTreeSet::new(),
                unbound: BTreeMap::new(),
            };
            (plan, breaches) = self.plan_fabric(&rules).await?;
        }
        plan.notes.extend(old.map(|(_, note)| note));
        let outcomes = self.apply_judged(&plan, &breaches).await;
        let opened = self.world().lock().fabric.opened.clone();
        let current = mirror.fabric(&self.settings().cluster, &opened).await?;
        self.tell_unreached(&current, (&plan, &outcomes), &sought);
        let backend = current.backend.value().map(|live| live.id.clone());
        {
            let mut world = self.world().lock();
            world.facts.learn(Handle::BackendSecurityGroup, backend);
            let standing = current.endpoint_rules.value();
            let has_rules = |id: &AwsId| {
                standing.is_none_or(|all| all.get(id).is_some_and(|rules| !rules.is_empty()))
            };
            let FabricState { opened, .. } = &mut world.fabric;
            opened.retain(|id| stack.endpoint_rules.contains_key(id) || has_rules(id));
            world.fabric.standing = current.endpoint_rules.value().cloned().unwrap_or_default();
        }
        let mut rests = vec![self.rest(&plan, &outcomes)];
        rests.extend(held.map(Rest::Later).into_iter().chain(unread));
        rests.extend(self.look_for_interfaces(&sought));
        Ok(gravest(rests))
    }

    /// The rules of nodes and pods that stay because they stood already when this cluster first had
    /// anything to do with load balancers; and what is to be said of them.
    async fn old_rules(&self) -> Result<Option<(BTreeSet<IngressRule>, String)>, CloudError> {
        if !self.world().lock().is_unmarked {
            return Ok(None);
        }
        let cluster = &self.settings().cluster;
        let standing = self.mirror().fabric(cluster, &BTreeSet::new()).await?;
        let rules = standing.endpoint_rules.value().into_iter().flat_map(BTreeMap::values);
        let (old, _) = self.inherited(rules.flatten().cloned().collect());
        let Braked { owners, token } = self.braked(old);
        let note = format!(
            "held: what nodes and pods let in since before this cluster had load balancers: {}; \
             it goes with the annotation {ANNOTATION_ACCEPT_REMOVALS}: {token} on an IngressClass",
            brakes::list(owners.iter().map(ToString::to_string))
        );
        Ok((!owners.is_empty()).then_some((owners, note)))
    }

    /// Has what lets load balancers reach targets that no binding keeps stay; all that stands where
    /// that cannot be read, which holds up nobody who is to be let in.
    async fn keep_unbound(&self, stack: &mut FabricStack) -> Option<Rest> {
        match self.unbound().await {
            Ok(unbound) => {
                stack.unbound = unbound;
                None
            }
            Err(error) => {
                tracing::warn!(%error, "nobody can tell what no binding keeps; nothing goes");
                stack.is_complete = false;
                Some(again(&error))
            }
        }
    }

    /// The ports on which load balancers reach targets that no binding keeps, of groups that
    /// somebody is in. Somebody has taken a binding away, and whoever it served is served on.
    async fn unbound(&self) -> Result<BTreeMap<Group, BTreeSet<u16>>, CloudError> {
        let bound = bound(&self.world().lock().objects);
        let mut unbound = self.mirror().unbound(&self.settings().cluster, &bound).await?;
        let world = self.world().lock();
        unbound.retain(|group, _| world.index.has_group(group));
        Ok(unbound)
    }

    /// Has another look taken where the network interface of an endpoint is not known: it may be a
    /// new one. What a fresh look did not find is looked for at leisure.
    fn look_for_interfaces(&self, sought: &BTreeSet<SmolStr>) -> Option<Rest> {
        let interfaces = Part::Ec2(Ec2Part::Interfaces);
        if !sought.is_empty() {
            self.mirror().refresh(&interfaces, MISSING_PAUSE / 3);
            return Some(STALE);
        }
        let is_missing = !self.world().lock().fabric.unseen.is_empty();
        is_missing.then(|| {
            self.mirror().refresh(&interfaces, UNSEEN_PAUSE);
            Rest::Later(UNSEEN_PAUSE)
        })
    }

    /// Finds out anew what those ask for who have changed, or all where the VPC has.
    async fn find_out_demand(&self, surroundings: &Arc<Surroundings>) -> Result<(), CloudError> {
        self.world().lock().look_from(surroundings);
        loop {
            let snapshots = self.world().lock().next_changed(surroundings);
            if snapshots.is_empty() {
                return Ok(());
            }
            let mut snapshots = snapshots.into_iter();
            while let Some(changed) = snapshots.next() {
                match changed {
                    Changed::Binding(key, snapshot) => {
                        match self.asked(&key, self.whole(snapshot)).await {
                            Ok(asked) => self.world().lock().fabric.demand.ask(&key, asked),
                            Err(error) => {
                                let mut world = self.world().lock();
                                world.fabric.changed_bindings.insert(key);
                                snapshots.for_each(|left| left.put_back(&mut world.fabric));
                                return Err(error);
                            }
                        }
                    }
                    Changed::Group(group, snapshot) => {
                        let is_needed = needs_backend(&self.whole(snapshot), &group);
                        self.world().lock().fabric.demand.need(&group, is_needed);
                    }
                }
            }
        }
    }

    /// What a binding asks for. Whoever may not have its target group asks for nothing.
    async fn asked(
        &self,
        key: &ObjectKey,
        mut snapshot: Snapshot,
    ) -> Result<Option<Asked>, CloudError> {
        let seen = snapshot.objects.bindings.get(key);
        if seen.is_none_or(|seen| seen.spec.networking.is_none()) {
            return Ok(None);
        }
        let cluster = &self.settings().cluster;
        snapshot.bound =
            read_bound(self.mirror(), cluster, &snapshot.objects, TagLook::Together).await?;
        Ok(asked(&snapshot, key))
    }

    fn whole(&self, (objects, surroundings): (Objects, Arc<Surroundings>)) -> Snapshot {
        let (now, settings) = (self.reconciler.clock.now(), &self.reconciler.settings);
        Snapshot::of(now, Arc::clone(settings), objects, surroundings)
    }

    /// The plan, and what is wrong with it.
    async fn plan_fabric(&self, stack: &FabricStack) -> Result<(Plan, Vec<Breach>), CloudError> {
        let opened = self.world().lock().fabric.opened.clone();
        let inventory = self.mirror().fabric(&self.settings().cluster, &opened).await?;
        let plan = plan::fabric::plan(self.settings(), stack, &inventory);
        let breaches = plan::check::fabric(&plan, &inventory);
        Ok((plan, breaches))
    }

    /// Tells those whose targets cannot be reached: AWS has refused what lets anybody in, or there
    /// is nothing to open.
    fn tell_unreached(
        &self,
        current: &FabricInventory,
        (plan, outcomes): (&Plan, &[Outcome]),
        sought: &BTreeSet<SmolStr>,
    ) {
        let nothing = BTreeSet::new();
        let steps = plan.steps.iter().zip(outcomes);
        let refused = steps.filter_map(|(step, outcome)| match (&step.action, outcome) {
            (
                Action::Aws(AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, .. })),
                Outcome::Failed(Trouble::Refused, answer),
            ) => Some((group.given()?, answer)),
            _ => None,
        });
        let events = {
            let mut world = self.world().lock();
            let World { fabric, objects, .. } = &mut *world;
            let FabricState { told, demand, .. } = fabric;
            let unreached = refused.flat_map(|(group, answer)| {
                let live = current.endpoint_rules.value().and_then(|live| live.get(group));
                let lacking = demand.lacking(group, live.unwrap_or(&nothing));
                lacking.map(|key| (key.clone(), answer.clone())).collect::<Vec<_>>()
            });
            told.unreached(objects, unreached, &demand.problems(self.settings(), sought))
        };
        self.tell(events);
    }

    /// Whether, and for how long, rules should wait for bindings that are about to be made.
    fn hold(&self, plan: &Plan) -> Option<Duration> {
        let now = self.reconciler.clock.moment();
        let mut world = self.world().lock();
        if !plan::fabric::moves_rules(plan) || world.facts.is_settled() {
            world.fabric.held_since = None;
            return None;
        }
        let since = *world.fabric.held_since.get_or_insert(now);
        let left = HOLD_MAX.saturating_sub(now.since(since));
        if left.is_zero() {
            world.fabric.held_since = None;
        }
        (!left.is_zero()).then_some(left)
    }
}

/// What has changed, with what it takes to know what it asks for.
enum Changed {
    Binding(ObjectKey, (Objects, Arc<Surroundings>)),
    Group(Group, (Objects, Arc<Surroundings>)),
}

impl Changed {
    /// Has it looked at next time.
    fn put_back(self, fabric: &mut FabricState) {
        match self {
            Self::Binding(key, _) => _ = fabric.changed_bindings.insert(key),
            Self::Group(group, _) => _ = fabric.changed_groups.insert(group),
        }
    }
}

impl World {
    /// Where the VPC is another one than at the last look, everybody's demand may be. Security
    /// groups come and go with load balancers; those that guard no endpoint change nothing.
    fn look_from(&mut self, surroundings: &Arc<Surroundings>) {
        let is_same = |last: &Arc<Surroundings>| {
            let (old, new) = (&last.security_groups, &surroundings.security_groups);
            Arc::ptr_eq(&last.interfaces, &surroundings.interfaces)
                && (Arc::ptr_eq(old, new)
                    || surroundings.interfaces.contested().all(|id| old.get(id) == new.get(id)))
        };
        if !self.fabric.surroundings.as_ref().is_some_and(is_same) {
            let known: BTreeSet<ObjectKey> = self.fabric.demand.bindings().cloned().collect();
            self.fabric.changed_bindings.extend(known);
        }
        self.fabric.surroundings = Some(Arc::clone(surroundings));
    }

    /// Some of those whose demand has to be found out anew.
    fn next_changed(&mut self, surroundings: &Arc<Surroundings>) -> Vec<Changed> {
        let mut changed = Vec::new();
        while changed.len() < BATCH
            && let Some(key) = self.fabric.changed_bindings.pop_first()
        {
            let objects = for_targets(&self.index, &self.objects, &key);
            changed.push(Changed::Binding(key, (objects, Arc::clone(surroundings))));
        }
        while changed.len() < BATCH
            && let Some(group) = self.fabric.changed_groups.pop_first()
        {
            let objects = for_balancer(&self.index, &self.objects, &group);
            changed.push(Changed::Group(group, (objects, Arc::clone(surroundings))));
        }
        changed
    }
}
