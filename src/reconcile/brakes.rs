//! What is held of a visit's removals: whose owners are out of sight, and the API server does not
//! say that they are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smol_str::SmolStr;

use super::Visit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::{Cluster, Sought};
use crate::desired::balancer::Built;
use crate::desired::owners;
use crate::model::backend::BackendKey;
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::inventory::{BalancerInventory, TargetsInventory, ZoneInventory};
use crate::model::plan::{Plan, WaitKey};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::{Braked, Doubts, TargetsStack, ZoneStack};
use crate::plan::approval::{self, Removals};
use crate::plan::{brakes, zone};

/// How often it is looked whether what is held may go: a person who has just said so waits no
/// longer.
pub(super) const BRAKED_PAUSE: Duration = Duration::from_secs(30);

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// The owners of rules and target groups that a plan is about to take away.
    pub(super) async fn braked_backends(
        &self,
        plan: &Plan,
        inventory: &BalancerInventory,
    ) -> Braked<SmolStr> {
        let extent = &self.settings().extent;
        let strays = {
            let world = self.world().lock();
            brakes::strays(inventory, |resource| {
                let namespace = BackendKey::namespace_in(resource);
                let is_shown = namespace.is_some_and(|name| extent.shows(name));
                !is_shown || owners::is_in_sight(&world.objects, resource)
            })
        };
        let (mut held, mut asked) = self.inherited(strays);
        if !asked.is_empty() && brakes::takes_many_rules(plan, inventory) {
            let namespaces = asked.iter().filter_map(|stray| BackendKey::namespace_in(stray));
            let standing = self.ingresses(namespaces.map(SmolStr::from).collect()).await;
            asked.retain(|stray| {
                let namespace = BackendKey::namespace_in(stray).unwrap_or_default();
                standing
                    .get(namespace)
                    .is_none_or(|keys| keys.iter().any(|key| owners::may_own(key, stray)))
            });
            held.append(&mut asked);
        }
        self.braked(held)
    }

    /// A plan in which what goes out of service is held until a person has approved it, where a
    /// class has it so.
    pub(super) fn await_approval(
        &self,
        group: &Group,
        built: &mut Built,
        (plan, inventory): (Plan, &BalancerInventory),
        over: &BTreeSet<WaitKey>,
    ) -> Plan {
        let removals = Removals::of(&plan, inventory);
        let hash = approval::hash(self.subject, &removals);
        {
            let world = &mut *self.world().lock();
            let mut members = built.stack.active.iter().chain(&built.stack.leaving);
            if !owners::wait_for_approval(&world.objects, &mut members) {
                return plan;
            }
            let is_approved = owners::approves(&world.objects.classes, &hash);
            let state = world.balancers.entry(group.clone()).or_default();
            if state.may_remove(&removals.texts(), is_approved) {
                return plan;
            }
            world.braked.insert(self.subject.clone());
        }
        approval::keep(&mut built.stack, inventory, &removals);
        let mut held = self.plan(built, inventory, over);
        let mut members = built.stack.active.iter().chain(&built.stack.leaving);
        approval::hold(&mut held, &removals, &hash, members.next());
        held
    }

    /// Those whose names are about to go.
    pub(super) async fn braked_names(
        &self,
        snapshot: &Snapshot,
        stack: &ZoneStack,
        inventory: &ZoneInventory,
    ) -> Braked<Source> {
        let (unseen, ours) = zone::unseen(&snapshot.settings, &snapshot.extent, stack, inventory);
        let (mut held, mut asked) = self.inherited(unseen.keys().cloned().collect());
        let going = asked.iter().filter_map(|source| unseen.get(source)).sum();
        if !brakes::RECORDS.lets_go(going, ours) {
            let namespaces = asked.iter().map(|source| SmolStr::from(source.namespace()));
            let standing = self.ingresses(namespaces.collect()).await;
            asked.retain(|source| {
                standing.get(source.namespace()).is_none_or(|keys| keys.contains(&source.key))
            });
            held.append(&mut asked);
        }
        self.braked(held)
    }

    /// The addresses of healthy targets that are about to go.
    pub(super) async fn braked_targets(
        &self,
        snapshot: &Snapshot,
        key: &ObjectKey,
        (stack, inventory): (&TargetsStack, &TargetsInventory),
    ) -> Braked<SmolStr> {
        let doubted = brakes::doubted(stack, inventory);
        let seen = snapshot.objects.bindings.get(key).filter(|_| !doubted.is_empty());
        let Some(seen) = seen else { return Braked::default() };
        let service = seen.as_binding(key).service_key();
        let stand = match &stack.doubts {
            Doubts::None => return Braked::default(),
            Doubts::All => {
                self.names(&Sought::Slices(service)).await.map(|names| !names.is_empty())
            }
            // Of a node that is not known nobody can say which instance it is.
            Doubts::AllBut(_) => {
                let nodes = self.names(&Sought::Nodes).await;
                let world = self.world().lock();
                nodes.map(|nodes| !nodes.iter().all(|node| world.objects.nodes.contains_key(node)))
            }
            Doubts::Of(_) => {
                let slices = snapshot.objects.slices.get(&service).into_iter();
                let endpoints = slices.flat_map(FlatMap::values).flat_map(|slice| &slice.endpoints);
                let named = endpoints.filter(|endpoint| doubted.contains(&endpoint.address));
                let named: BTreeSet<&str> =
                    named.filter_map(|found| Some(found.pod.as_ref()?.name.as_str())).collect();
                let pods = self.names(&Sought::Pods(key.namespace.clone())).await;
                pods.map(|pods| named.iter().any(|pod| pods.contains(*pod)))
            }
        };
        // What cannot be asked is not known.
        if stand.unwrap_or(true) { self.braked(doubted) } else { Braked::default() }
    }

    /// The Ingresses that stand, by namespace, as far as the API server says so.
    async fn ingresses(
        &self,
        namespaces: BTreeSet<SmolStr>,
    ) -> BTreeMap<SmolStr, BTreeSet<ObjectKey>> {
        let mut standing = BTreeMap::new();
        for namespace in namespaces {
            let Some(names) = self.names(&Sought::Ingresses(namespace.clone())).await else {
                continue;
            };
            let keys = names.into_iter().map(|name| ObjectKey::new(namespace.clone(), name));
            standing.insert(namespace.clone(), keys.collect());
        }
        standing
    }

    async fn names(&self, sought: &Sought) -> Option<BTreeSet<String>> {
        match self.reconciler.cluster.names(sought).await {
            Ok(names) => Some(names),
            Err(error) => {
                let subject = self.subject;
                tracing::warn!(%subject, %error, "nobody says whether owners are gone; all stays");
                None
            }
        }
    }

    /// Of owners that are out of sight, those who were so when a tenure began in a cluster that
    /// bore no mark of ours: it cannot tell of them, for it never knew them. And the others.
    pub(super) fn inherited<O: Ord + ToString>(
        &self,
        owners: BTreeSet<O>,
    ) -> (BTreeSet<O>, BTreeSet<O>) {
        let mut world = self.world().lock();
        if !world.is_unmarked {
            return (BTreeSet::new(), owners);
        }
        let spelled = || owners.iter().map(ToString::to_string).collect();
        let inherited = world.inherited.entry(self.subject.clone()).or_insert_with(spelled);
        owners.into_iter().partition(|owner| inherited.contains(&owner.to_string()))
    }

    /// What is held, unless a person has said that it may go.
    pub(super) fn braked<O: ToString>(&self, owners: BTreeSet<O>) -> Braked<O> {
        let mut world = self.world().lock();
        let held = owners::braked(self.settings(), &world.objects.classes, self.subject, owners);
        if !held.owners.is_empty() {
            world.braked.insert(self.subject.clone());
        }
        held
    }
}
