//! The story of a visit to an Ingress group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::{
    NAMES_PAUSE, STALE, Visit, read_account_limits, read_led_to, read_named, read_strays,
    read_trust_stores, scope,
};
use crate::aws::{Cloud, CloudError, Reach};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::desired::balancer::Built;
use crate::desired::exposed;
use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::fact::{Names, Revision, Topic};
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, ObjectKey};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::part::Part;
use crate::model::plan::{Plan, WaitKey};
use crate::model::problem::{Code, Problem};
use crate::model::snapshot::Snapshot;
use crate::model::source::{Source, SourceKind};
use crate::plan;
use crate::plan::entrance::Entrance;
use crate::report::{self, Rest};

/// The load balancer that statuses show, and what they show beside it.
type Shown<'i> = (Option<&'i LiveLoadBalancer>, Entrance<'i>);

/// What the names of a group are told with.
#[derive(Clone, Copy)]
struct Told {
    /// Whether nobody leaves for now: the load balancer stays, and so do their names.
    is_held: bool,
    /// Whether nothing goes for now: all names stay that lead here.
    is_unapproved: bool,
    /// Which changes they include.
    at: Revision,
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Brings a group's load balancers, rules and target groups into line.
    pub(super) async fn balancer(&self, group: &Group) -> Result<Rest, CloudError> {
        let unread = self.learn_certificates(group).await;
        let over = self.over(group);
        let (mut snapshot, at) = self.snapshot(Reach::Groups).await?;
        snapshot.target_groups_named = read_named(self.mirror(), &snapshot).await?;
        snapshot.bound = read_led_to(self.mirror(), &snapshot).await?;
        snapshot.trust_stores = read_trust_stores(self.mirror(), &snapshot).await?;
        let undiscovered = self.discover(&mut snapshot).await;
        let mut built = desired::balancer::build(&snapshot, group);
        let mut unlimited = Rest::Done;
        if desired::limits::are_near(&built.problems) {
            // Only who comes close to what everybody is allowed has to know.
            (snapshot.account_limits, unlimited) = read_account_limits(self.mirror()).await;
            built = desired::balancer::build(&snapshot, group);
        }
        let inventory = self.look(group, &snapshot, &built).await?;
        desired::standing::prove(&snapshot, &mut built.stack, &inventory);
        built.problems.extend(self.reached_past(&snapshot, &built));
        built.problems.extend(self.crowd(&built, &inventory).await);
        let mut plan = self.plan(&built, &inventory, &over);
        built.stack.braked = self.braked_backends(&plan, &inventory).await;
        if !built.stack.braked.owners.is_empty() {
            plan = self.plan(&built, &inventory, &over);
        }
        if !built.stack.planned_only.is_empty() {
            // Few groups have any: the others take no room for it.
            let planned = self.planned_only(group, &snapshot, (&built, &plan), &over);
            let planned = Box::pin(planned).await;
            built.problems.extend(planned);
        }
        let plan = self.await_approval(group, &mut built, (plan, &inventory), &over);
        // Before anything goes: no name is made for it any more.
        let extent = &snapshot.extent;
        let before = plan::balancer::current(extent, &built.stack, &inventory);
        let arrived = plan::balancer::arrived(extent, &built.stack, &inventory, &over);
        let is_unapproved = plan::approval::awaited(&plan).is_some();
        let told = Told { is_held: plan::deletion::holds_up(&plan), is_unapproved, at };
        let entrance = plan::entrance::entrance(&built.stack, &inventory, before);
        self.tell_names(group, &built, (before, entrance, &arrived), told);
        if self.is_named_anew(&plan, &inventory) {
            return Ok(Rest::Later(NAMES_PAUSE));
        }
        self.keep_outgoing(group, plan::balancer::outgoing(&plan, &[], &inventory));
        let breaches = plan::check::balancer(&plan, &built.stack, &inventory);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        self.keep_outgoing(group, plan::balancer::outgoing(&plan, &outcomes, &inventory));
        // Whatever becomes of the next look: this has been done.
        let judged = self.remember(group, &built, (&plan, &outcomes), at);
        let after;
        let (inventory, current) = if plan.is_empty() {
            (&inventory, before)
        } else {
            after = self.look_again(group, &built, &inventory).await?;
            (&after, plan::balancer::current(extent, &built.stack, &after))
        };
        let entrance = plan::entrance::entrance(&built.stack, inventory, current);
        let shown = (current, entrance);
        let status = self.statuses(&snapshot, &built, (shown, &arrived)).await;
        let kept_out = self.tell_people(group, &snapshot, &built, (&plan, &outcomes));
        self.tell_others(group, &built, inventory, &plan);
        self.tell_names(group, &built, (current, entrance, &arrived), told);
        self.tell_protection(group, &built.stack, inventory);
        Ok(self.left(
            group,
            &built,
            (&plan, &outcomes),
            [judged, kept_out, status, unread, undiscovered, unlimited],
        ))
    }

    /// What stands of the group.
    pub(super) async fn look(
        &self,
        group: &Group,
        snapshot: &Snapshot,
        built: &Built,
    ) -> Result<BalancerInventory, CloudError> {
        let mut inventory = self.inventory(group, &built.stack).await?;
        let bindings = snapshot.objects.bindings.iter();
        let bindings = bindings.map(|(key, seen)| (key.clone(), seen.as_ref().clone()));
        inventory.bindings = bindings.collect();
        read_strays(self.mirror(), &mut inventory).await?;
        let world = self.world().lock();
        let admitted = inventory.bindings.keys().filter(|key| world.fabric.admits(key)).cloned();
        inventory.admitted = admitted.collect();
        if let Some(state) = world.balancers.get(group) {
            inventory.remembered = state.stored.clone();
        }
        Ok(inventory)
    }

    /// What is to be said of apps that ask clients to log in and can be reached without.
    fn reached_past(&self, snapshot: &Snapshot, built: &Built) -> Vec<Problem> {
        if !built.good.values().any(|part| exposed::asks(part)) {
            return Vec::new();
        }
        let world = self.world().lock();
        let asked = |key: &ObjectKey| Some((key.clone(), world.fabric.demand.of(key)?.clone()));
        let asked = snapshot.objects.bindings.keys().filter_map(asked).collect();
        drop(world);
        exposed::problems(snapshot, &built.good, &asked)
    }

    /// The waits whose time is over.
    fn over(&self, group: &Group) -> BTreeSet<WaitKey> {
        let now = self.reconciler.clock.moment();
        let mut world = self.world().lock();
        world.balancers.get_mut(group).map(|state| state.over(now)).unwrap_or_default()
    }

    pub(super) fn plan(
        &self,
        built: &Built,
        inventory: &BalancerInventory,
        over: &BTreeSet<WaitKey>,
    ) -> Plan {
        let settings = self.settings();
        plan::balancer::plan(settings, &settings.extent, &built.stack, inventory, over)
    }

    /// What stands once a plan was walked through.
    async fn look_again(
        &self,
        group: &Group,
        built: &Built,
        before: &BalancerInventory,
    ) -> Result<BalancerInventory, CloudError> {
        let (cluster, scope) = (&self.settings().cluster, scope(&built.stack));
        let now = self.mirror().balancer(cluster, group, &scope).await?;
        let (bindings, targets) = (before.bindings.clone(), before.targets.clone());
        let admitted = before.admitted.clone();
        Ok(BalancerInventory { bindings, admitted, targets, ..now })
    }

    /// Tells the shared network what load balancers carry until they carry what takes its place.
    fn keep_outgoing(&self, group: &Group, carried: BTreeSet<AwsId>) {
        let mut world = self.world().lock();
        let outgoing = &mut world.fabric.outgoing;
        let before = outgoing.remove(group).unwrap_or_default();
        let lets_go = !before.is_subset(&carried);
        if !carried.is_empty() {
            outgoing.insert(group.clone(), carried);
        }
        if lets_go {
            // Rules that have stayed for its sake may go.
            world.facts.touch(Topic::Carried);
        }
    }

    /// Keeps what later visits need to know of this one. Who was not let in beside members that
    /// turn out not to be in themselves is judged once more, and who was spared for their sake.
    fn remember(
        &self,
        group: &Group,
        built: &Built,
        (plan, outcomes): (&Plan, &[Outcome]),
        at: Revision,
    ) -> Rest {
        let mut world = self.world().lock();
        if !plan::balancer::binds(plan) {
            world.facts.settle(group, at);
        }
        let state = world.balancers.entry(group.clone()).or_default();
        let let_go = state.let_go_of(|state| state.remember(plan, outcomes));
        let is_in_doubt = is_kept_out(built) || !built.stack.unexplained.is_empty();
        let is_judged_anew = is_in_doubt && state.standing != built.standing;
        state.standing.clone_from(&built.standing);
        let is_waiting = plan.waits_for_release();
        if built.stack.front.is_none()
            || plan::balancer::lets_go(plan)
            || plan::balancer::asks_for_backend(plan)
            || !plan.is_empty() && world.fabric.unbound.contains(group)
        {
            world.facts.touch(Topic::Carried);
        }
        world.strays(let_go);
        world.wait(self.subject, is_waiting);
        let waits_for_names =
            plan.steps.iter().any(|step| step.gate.as_ref().is_some_and(WaitKey::is_for_names));
        let renounced = plan.steps.iter().filter_map(|step| match &step.gate {
            Some(WaitKey::Unnamed(name)) if built.stack.is_renounced(name) => Some(name.clone()),
            _ => None,
        });
        world.facts.renounces(group, renounced.collect());
        if waits_for_names && built.stack.named.is_none() {
            // Whether a name leads there is known only once zones were read as a whole.
            for zone in world.facts.untold_zones() {
                if self.mirror().want_whole(&zone) {
                    world.facts.touch(Topic::Zone(zone));
                }
            }
        }
        if is_judged_anew { Rest::Later(Duration::ZERO) } else { Rest::Done }
    }

    /// Writes the status of the members that show another one. Who is on the way shows where it is
    /// served: whoever keeps names by that does not lead them to a load balancer that is not ready.
    async fn statuses(
        &self,
        snapshot: &Snapshot,
        built: &Built,
        ((current, entrance), arrived): (Shown<'_>, &BTreeSet<Source>),
    ) -> Rest {
        let Some(current) = current else { return Rest::Done };
        let nlb = match entrance {
            Entrance::Nlb(live) => Some(live),
            Entrance::Direct | Entrance::Coming => None,
        };
        let entries = report::status(current, nlb);
        // Nobody new is led to where nothing answers: AWS takes none of its listeners.
        let is_mute = current.listeners.is_read() && current.listeners.iter().next().is_none();
        let mut rest = Rest::Done;
        let stack = &built.stack;
        let is_here = |member: &&Source| {
            let is_coming = stack.arriving.contains_key(*member) && !arrived.contains(*member);
            !stack.staying.contains(*member) && !is_coming
        };
        for member in stack.active.iter().filter(is_here) {
            let shown = match member.kind {
                SourceKind::Ingress => {
                    snapshot.objects.ingresses.get(&member.key).map(|found| report::shown(found))
                }
            };
            let part = built.good.get(member).or_else(|| snapshot.memory.held.get(member));
            let is_hidden = (is_mute || part.is_some_and(|part| part.lacks_web_acl))
                && shown.as_ref().is_some_and(Vec::is_empty);
            if part.is_some()
                && !is_hidden
                && shown.is_some_and(|shown| shown != entries)
                && self.permit.may_write()
                && let Err(error) = self.reconciler.cluster.status(member, &entries).await
            {
                tracing::warn!(ingress = %member, %error, "the status could not be written");
                rest = Rest::Again(Trouble::Transient);
            }
        }
        rest
    }

    /// Says what is new to the people whose objects these are, and keeps the good parts for when a
    /// member turns bad. Who was kept out by what stood of others is judged once more where that
    /// has changed.
    fn tell_people(
        &self,
        group: &Group,
        snapshot: &Snapshot,
        built: &Built,
        (plan, outcomes): (&Plan, &[Outcome]),
    ) -> Rest {
        let (events, is_judged_anew) = {
            let mut world = self.world().lock();
            let state = world.balancers.entry(group.clone()).or_default();
            let good = &state.good;
            let changed = built.good.iter().filter(|(key, part)| !good.is_kept(key, part));
            let changed: Vec<(&Source, &Arc<Part>)> = changed.collect();
            let is_new = |(key, _): &&(&Source, &Arc<Part>)| !good.contains(key);
            let new: Vec<Source> =
                changed.iter().filter(is_new).map(|(key, _)| (*key).clone()).collect();
            let let_go = state.let_go_of(|state| {
                changed.iter().for_each(|(key, part)| state.good.keep((*key).clone(), part));
                state.good.retain(|key| built.stack.active.contains(key));
            });
            let changed: Vec<Source> = changed.into_iter().map(|(key, _)| key.clone()).collect();
            state.observe(&snapshot.objects, &built.stack);
            let done = report::Done { plan, outcomes, changed: &changed };
            let events = state.told.events(&snapshot.objects, &built.stack, &built.problems, &done);
            world.let_in(&new);
            world.strays(let_go);
            (events, is_kept_out(built) && !changed.is_empty())
        };
        self.tell(events);
        if is_judged_anew { Rest::Later(Duration::ZERO) } else { Rest::Done }
    }

    /// Makes known what the group's load balancers use.
    fn tell_others(&self, group: &Group, built: &Built, current: &BalancerInventory, plan: &Plan) {
        let all = current.load_balancers.iter();
        if all.clone().any(|live| !live.listeners.is_read()) {
            return;
        }
        let mut by_port: BTreeMap<u16, BTreeSet<AwsId>> = BTreeMap::new();
        for listener in all.flat_map(|live| live.listeners.iter()) {
            let spec = &listener.live.spec;
            let ids = spec.default_certificate.iter().chain(&spec.certificates);
            let ids = ids.filter_map(Id::given).cloned();
            by_port.entry(listener.port).or_default().extend(ids);
        }
        let used: BTreeSet<AwsId> = by_port.values().flatten().cloned().collect();
        let mut world = self.world().lock();
        world.ends.uses(group, by_port);
        if world.index.has_group(group) || !used.is_empty() {
            world.facts.listens(group, used);
        } else if built.stack.front.is_none() && plan.is_empty() {
            world.facts.drop_group(group);
        }
    }

    /// Makes known which names should lead to the group's load balancer.
    fn tell_names(
        &self,
        group: &Group,
        built: &Built,
        (current, entrance, arrived): (Option<&LiveLoadBalancer>, Entrance<'_>, &BTreeSet<Source>),
        told: Told,
    ) {
        let led_to = match entrance {
            Entrance::Nlb(live) => Some(live),
            Entrance::Direct => current,
            Entrance::Coming => None,
        };
        let load_balancer = match (led_to, entrance) {
            (Some(live), _) => Id::Is(live.live.id.clone()),
            (None, Entrance::Coming) => Id::Of(Handle::FrontendNlb(group.clone())),
            (None, Entrance::Direct | Entrance::Nlb(_)) => built.names.load_balancer.clone(),
        };
        let has_ipv6 = led_to.is_some_and(|live| live.live.spec.ip_address_type.has_ipv6());
        let stack = &built.stack;
        let coming = stack.arriving.keys().filter(|member| !arrived.contains(*member));
        // Nor is anything told of who might vanish without anybody taking its names back.
        let coming = coming.chain(&stack.unclaimed).chain(&built.names.arriving);
        let arriving = coming.cloned().collect();
        let mut world = self.world().lock();
        let mut names = Names { load_balancer, has_ipv6, arriving, ..built.names.clone() };
        names.known.retain(|member| !names.arriving.contains(member));
        if told.is_unapproved {
            names.known.clear();
        }
        if told.is_held {
            names.known.retain(|member| !stack.leaving.contains(member));
        }
        if world.index.has_group(group) {
            world.facts.names_of(group, names, told.at);
            world.facts.arrives(group, arrived);
        }
    }

    /// Whether a name has been made since for a load balancer that is about to go.
    fn is_named_anew(&self, plan: &Plan, inventory: &BalancerInventory) -> bool {
        let free = plan.steps.iter().filter(|step| step.gate.is_none());
        let goes: BTreeSet<&AwsId> = free
            .filter_map(|step| match &step.action {
                Action::Aws(AwsAction::Elb(ElbAction::DeleteLoadBalancer { id })) => Some(id),
                Action::Aws(_) | Action::Kube(_) => None,
            })
            .collect();
        let all = inventory.load_balancers.iter().chain(&inventory.frontend_nlbs);
        let mut going = all.filter(|live| goes.contains(&live.live.id));
        let world = self.world().lock();
        going.any(|live| world.facts.is_led_to(&AwsId::new(live.dns_name.to_lowercase())))
    }

    /// How the visit leaves the group.
    fn left(
        &self,
        group: &Group,
        built: &Built,
        (plan, outcomes): (&Plan, &[Outcome]),
        others: [Rest; 6],
    ) -> Rest {
        let mut rests = vec![self.rest(plan, outcomes)];
        rests.extend(others);
        if self.misses_something(&built.problems, plan) {
            rests.push(STALE);
        }
        let now = self.reconciler.clock.moment();
        let mut world = self.world().lock();
        let state = world.balancers.entry(group.clone()).or_default();
        rests.extend(state.wait_for(plan, now).map(Rest::Later));
        if !built.stack.memory.leftovers.is_empty() && rests.iter().all(|rest| *rest == Rest::Done)
        {
            // They are gone now, and need not be remembered any longer.
            rests.push(Rest::Later(Duration::ZERO));
        }
        super::gravest(rests)
    }
}

/// Whether somebody is not let in for the sake of others.
fn is_kept_out(built: &Built) -> bool {
    built.problems.iter().any(|problem| problem.code == Code::Conflict)
}
