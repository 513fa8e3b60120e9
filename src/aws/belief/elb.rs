//! What is believed of Elastic Load Balancing v2.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{ElbPart, ElbReading};
use crate::aws::shelf::Shelf;
use crate::aws::{ReadLoadBalancer, arn};
use crate::model::account_limits::AccountLimits;
use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveListener;
use crate::model::known::{Known, Live};
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::moment::Moment;
use crate::model::pack::pack;
use crate::model::rule::RuleAction;
use crate::model::target::{LiveTarget, Target, TargetState};
use crate::model::target_group::{TargetGroup, Traits};

/// How long targets drain, of a target group of which nothing was said (AWS's longest; believing
/// that a target still drains is the careful mistake).
const DRAINING_MAX: Duration = Duration::from_secs(3600);
/// The attribute that says how long targets drain, in seconds.
const DRAINING_ATTRIBUTE: &str = "deregistration_delay.timeout_seconds";

/// The parts of Elastic Load Balancing that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct ElbBelief {
    /// Without tags: those are believed apart.
    pub(in crate::aws) load_balancers: Known<Shelf<ReadLoadBalancer>>,
    /// The DNS names of load balancers of other VPCs and of other kinds, read with those.
    pub(in crate::aws) elsewhere: BTreeSet<AwsId>,
    /// Without tags: those are believed apart.
    pub(in crate::aws) target_groups: Known<BTreeMap<AwsId, Live<TargetGroup>>>,
    pub(in crate::aws) listeners: BTreeMap<AwsId, Known<Vec<LiveListener>>>,
    /// The load balancers whose listeners were read before anybody needed them.
    pub(in crate::aws) read_ahead: BTreeSet<AwsId>,
    pub(in crate::aws) load_balancer_attributes: BTreeMap<AwsId, Known<Attributes>>,
    /// Absent where AWS keeps no capacity ready.
    pub(in crate::aws) capacities: BTreeMap<AwsId, Known<u32>>,
    pub(in crate::aws) listener_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(in crate::aws) target_group_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(in crate::aws) targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    /// The tags of target groups that bindings name and that are no Ingress's.
    pub(in crate::aws) target_group_tags: BTreeMap<AwsId, Known<Tags>>,
    /// What never changes of the target groups that bindings of people name.
    pub(in crate::aws) traits: BTreeMap<AwsId, Known<Traits>>,
    /// The target groups that actions and bindings call by their names.
    pub(in crate::aws) named: BTreeMap<String, Known<AwsId>>,
    /// By name.
    pub(in crate::aws) trust_stores: Known<Arc<BTreeMap<String, AwsId>>>,
    pub(in crate::aws) account_limits: Known<Arc<AccountLimits>>,
    /// Until when targets drain at the most, by target group.
    draining: BTreeMap<AwsId, FlatMap<Target, Moment>>,
    /// Target groups that this process removed, the earliest first.
    pub(super) gone: VecDeque<AwsId>,
}

impl ElbBelief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: ElbReading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            ElbReading::LoadBalancers(found, elsewhere) => {
                belief.elsewhere = elsewhere;
                let found = found.into_iter().map(|found| (found.live.id.clone(), found));
                belief.load_balancers = Known::Is(found.collect(), at);
            }
            ElbReading::TargetGroups(found) => {
                let found = found.into_iter().map(|found| (found.id.clone(), found));
                belief.target_groups = Known::Is(found.collect(), at);
            }
            ElbReading::Listeners(id, mut listeners) => {
                // What is kept for long has no room to spare.
                listeners.iter_mut().for_each(|listener| listener.rules.shrink_to_fit());
                listeners.shrink_to_fit();
                belief.listeners.insert(id, Known::Is(listeners, at));
            }
            ElbReading::LoadBalancerAttributes(id, attributes) => {
                belief.load_balancer_attributes.insert(id, Known::Is(attributes, at));
            }
            ElbReading::Capacity(id, units) => {
                let known = units.map_or(Known::Absent(at), |units| Known::Is(units, at));
                belief.capacities.insert(id, known);
            }
            ElbReading::ListenerAttributes(id, attributes) => {
                belief.listener_attributes.insert(id, Known::Is(attributes, at));
            }
            ElbReading::TargetGroupAttributes(id, attributes) => {
                belief.target_group_attributes.insert(id, Known::Is(attributes, at));
            }
            ElbReading::Targets(id, mut found) => {
                found.shrink_to_fit();
                belief.targets.insert(id, Known::Is(found, at));
            }
            ElbReading::TargetGroupTags(id, tags) => {
                belief.target_group_tags.insert(id, Known::Is(tags, at));
            }
            ElbReading::Traits(id, traits) => {
                belief.traits.insert(id, Known::Is(traits, at));
            }
            ElbReading::AccountLimits(found) => {
                belief.account_limits = Known::Is(Arc::new(found), at);
            }
            ElbReading::TrustStores(found) => belief.trust_stores = Known::Is(Arc::new(found), at),
            ElbReading::TargetGroupNamed(name, id) => {
                belief.named.insert(name, Known::Is(id, at));
            }
            // Believed with the listeners.
            ElbReading::Rules(..) => {}
        }
        belief
    }

    /// Takes no more room than what there are many of needs.
    pub(super) fn pack(&mut self) {
        if let Known::Is(found, _) = &mut self.load_balancers {
            found.pack();
        }
        if let Known::Is(found, _) = &mut self.target_groups {
            pack(found);
        }
        pack(&mut self.listeners);
        pack(&mut self.load_balancer_attributes);
        pack(&mut self.listener_attributes);
        pack(&mut self.target_group_attributes);
        pack(&mut self.targets);
        pack(&mut self.draining);
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &ElbPart, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            ElbPart::Targets(id) => _ = belief.targets.insert(id.clone(), Known::Absent(at)),
            ElbPart::TargetGroupTags(id) => {
                belief.target_group_tags.insert(id.clone(), Known::Absent(at));
            }
            ElbPart::Traits(id) => _ = belief.traits.insert(id.clone(), Known::Absent(at)),
            ElbPart::TargetGroupNamed(name) => {
                belief.named.insert(name.clone(), Known::Absent(at));
            }
            ElbPart::LoadBalancers
            | ElbPart::TargetGroups
            | ElbPart::Listeners(_)
            | ElbPart::Rules(_)
            | ElbPart::LoadBalancerAttributes(_)
            | ElbPart::Capacity(_)
            | ElbPart::ListenerAttributes(_)
            | ElbPart::TargetGroupAttributes(_)
            | ElbPart::AccountLimits
            | ElbPart::TrustStores => {}
        }
        belief
    }

    /// Believes a part as another belief has it, which was looked up at that moment.
    pub(super) fn adopt(&mut self, part: &ElbPart, mut other: Self, at: Moment) {
        match part {
            ElbPart::LoadBalancers => {
                self.load_balancers = other.load_balancers;
                self.elsewhere = other.elsewhere;
                let known = self.load_balancers.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains(id));
                self.listeners.retain(|id, _| stands(id));
                self.read_ahead.retain(stands);
                self.load_balancer_attributes.retain(|id, _| stands(id));
                self.capacities.retain(|id, _| stands(id));
                self.listener_attributes.retain(|listener, _| {
                    arn::load_balancer_of(listener).is_some_and(|id| stands(&id))
                });
            }
            ElbPart::TargetGroups => {
                self.target_groups = other.target_groups;
                let known = self.target_groups.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains_key(id));
                self.target_group_attributes.retain(|id, _| stands(id));
                // What is registered in a group of another VPC is read once more.
                self.targets.retain(|id, _| stands(id));
                self.draining.retain(|id, _| stands(id));
                self.target_group_tags.clear();
                self.traits.clear();
                self.gone.clear();
            }
            ElbPart::Listeners(id) => {
                move_entry(id, &mut other.listeners, &mut self.listeners);
                self.share_all_arns(id);
                let listeners = self.listeners.get(id).into_iter().flat_map(Known::iter);
                let stand: BTreeSet<&AwsId> = listeners.map(|found| &found.live.id).collect();
                self.listener_attributes.retain(|listener, _| {
                    arn::load_balancer_of(listener).as_ref() != Some(id) || stand.contains(listener)
                });
            }
            ElbPart::LoadBalancerAttributes(id) => move_entry(
                id,
                &mut other.load_balancer_attributes,
                &mut self.load_balancer_attributes,
            ),
            ElbPart::Capacity(id) => {
                move_entry(id, &mut other.capacities, &mut self.capacities);
            }
            ElbPart::ListenerAttributes(id) => {
                move_entry(id, &mut other.listener_attributes, &mut self.listener_attributes);
            }
            ElbPart::TargetGroupAttributes(id) => move_entry(
                id,
                &mut other.target_group_attributes,
                &mut self.target_group_attributes,
            ),
            ElbPart::Targets(id) => {
                move_entry(id, &mut other.targets, &mut self.targets);
                self.note_draining(id, at);
            }
            ElbPart::TargetGroupTags(id) => {
                move_entry(id, &mut other.target_group_tags, &mut self.target_group_tags);
            }
            ElbPart::Traits(id) => move_entry(id, &mut other.traits, &mut self.traits),
            ElbPart::TrustStores => self.trust_stores = other.trust_stores,
            ElbPart::AccountLimits => self.account_limits = other.account_limits,
            ElbPart::TargetGroupNamed(_) => self.named.extend(other.named),
            ElbPart::Rules(_) => {}
        }
    }

    /// Has the rules of a load balancer share the ARNs of the target groups that they lead to with
    /// these: they are long, and each rule has been read with its own.
    fn share_all_arns(&mut self, load_balancer: &AwsId) {
        let Some(target_groups) = self.target_groups.value() else { return };
        let Some(Known::Is(listeners, _)) = self.listeners.get_mut(load_balancer) else { return };
        let rules = listeners.iter_mut().flat_map(|listener| &mut listener.rules);
        rules.for_each(|rule| share_arns(target_groups, &mut rule.rule.actions));
    }

    /// The same of what one rule does.
    pub(in crate::aws) fn share_arns(&self, actions: &mut [RuleAction]) {
        if let Some(target_groups) = self.target_groups.value() {
            share_arns(target_groups, actions);
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &ElbPart) {
        match part {
            ElbPart::LoadBalancers => self.load_balancers = Known::Unread,
            ElbPart::TargetGroups => self.target_groups = Known::Unread,
            ElbPart::Listeners(id) => drop(self.listeners.remove(id)),
            ElbPart::LoadBalancerAttributes(id) => drop(self.load_balancer_attributes.remove(id)),
            ElbPart::Capacity(id) => _ = self.capacities.remove(id),
            ElbPart::ListenerAttributes(id) => drop(self.listener_attributes.remove(id)),
            ElbPart::TargetGroupAttributes(id) => drop(self.target_group_attributes.remove(id)),
            ElbPart::Targets(id) => {
                self.targets.remove(id);
                self.draining.remove(id);
            }
            ElbPart::TargetGroupTags(id) => drop(self.target_group_tags.remove(id)),
            ElbPart::Traits(id) => drop(self.traits.remove(id)),
            ElbPart::TrustStores => self.trust_stores = Known::Unread,
            ElbPart::AccountLimits => self.account_limits = Known::Unread,
            ElbPart::TargetGroupNamed(name) => drop(self.named.remove(name)),
            ElbPart::Rules(_) => {}
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &ElbPart) -> bool {
        match part {
            ElbPart::LoadBalancers => self.load_balancers.is_read(),
            ElbPart::TargetGroups => self.target_groups.is_read(),
            ElbPart::Listeners(id) => is_read(&self.listeners, id),
            ElbPart::LoadBalancerAttributes(id) => is_read(&self.load_balancer_attributes, id),
            ElbPart::Capacity(id) => is_read(&self.capacities, id),
            ElbPart::ListenerAttributes(id) => is_read(&self.listener_attributes, id),
            ElbPart::TargetGroupAttributes(id) => is_read(&self.target_group_attributes, id),
            ElbPart::Targets(id) => is_read(&self.targets, id),
            ElbPart::TargetGroupTags(id) => is_read(&self.target_group_tags, id),
            ElbPart::Traits(id) => is_read(&self.traits, id),
            ElbPart::TrustStores => self.trust_stores.is_read(),
            ElbPart::AccountLimits => self.account_limits.is_read(),
            ElbPart::TargetGroupNamed(name) => self.named.get(name).is_some_and(Known::is_read),
            ElbPart::Rules(_) => false,
        }
    }

    /// Whether a thing is among those that a part lists.
    pub(super) fn lists(&self, part: &ElbPart, id: &AwsId) -> bool {
        match part {
            ElbPart::LoadBalancers => {
                self.load_balancers.value().is_some_and(|known| known.contains(id))
            }
            ElbPart::TargetGroups => {
                self.target_groups.value().is_some_and(|known| known.contains_key(id))
            }
            ElbPart::Listeners(_)
            | ElbPart::LoadBalancerAttributes(_)
            | ElbPart::Capacity(_)
            | ElbPart::ListenerAttributes(_)
            | ElbPart::TargetGroupAttributes(_)
            | ElbPart::Targets(_)
            | ElbPart::TargetGroupTags(_)
            | ElbPart::Traits(_)
            | ElbPart::TrustStores
            | ElbPart::AccountLimits
            | ElbPart::TargetGroupNamed(_)
            | ElbPart::Rules(_) => false,
        }
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        let targets = self.targets.values().filter_map(Known::value).map(|found| found.len() + 1);
        let draining = self.draining.values().map(FlatMap::len);
        let attributes = self.load_balancer_attributes.len() + self.target_group_attributes.len();
        let attributes = attributes + self.listener_attributes.len() + self.capacities.len();
        let tags = self.target_group_tags.values().filter(|known| known.value().is_some()).count();
        let attributes = attributes + tags + self.named.len();
        let attributes = attributes + self.traits.len();
        let listeners = self.listeners.len() + self.read_ahead.len();
        attributes + listeners + targets.chain(draining).sum::<usize>()
    }

    /// A target group that is believed to be there and is not may not be the only mistake.
    pub(super) fn is_mistaken(&self, target_group: &AwsId) -> bool {
        matches!(self.targets.get(target_group), Some(Known::Absent(_)))
            && self.lists(&ElbPart::TargetGroups, target_group)
    }

    /// Takes note of how long targets that drain can do so: no longer than from now on, and no
    /// longer than was known before.
    pub(in crate::aws) fn note_draining(&mut self, target_group: &AwsId, now: Moment) {
        let attributes = self.target_group_attributes.get(target_group).and_then(Known::value);
        let delay = attributes.and_then(|known| known.get(DRAINING_ATTRIBUTE)?.parse().ok());
        let end = now.plus(delay.map_or(DRAINING_MAX, Duration::from_secs));
        let known = self.draining.remove(target_group).unwrap_or_default();
        let targets = self.targets.get(target_group).and_then(Known::value).into_iter().flatten();
        let draining = targets.filter(|live| live.state == TargetState::Draining);
        let ends = draining.map(|live| {
            let known = known.get(&live.target).copied().unwrap_or(end);
            (live.target.clone(), known.min(end))
        });
        let ends: FlatMap<Target, Moment> = ends.collect();
        if !ends.is_empty() {
            self.draining.insert(target_group.clone(), ends);
        }
    }

    /// Forgets the targets of a group that have drained by now.
    pub(in crate::aws) fn forget_drained(&mut self, target_group: &AwsId, now: Moment) {
        let Some(ends) = self.draining.get_mut(target_group) else { return };
        if let Some(Known::Is(targets, _)) = self.targets.get_mut(target_group) {
            targets.retain(|live| {
                live.state != TargetState::Draining
                    || ends.get(&live.target).is_none_or(|end| *end > now)
            });
        }
        ends.retain(|_, end| *end > now);
        if ends.is_empty() {
            self.draining.remove(target_group);
        }
    }

    /// Knows that a target group is gone.
    pub(super) fn target_group_is_gone(&mut self, id: &AwsId, at: Timestamp) {
        self.draining.remove(id);
        self.targets.insert(id.clone(), Known::Absent(at));
        self.target_group_tags.entry(id.clone()).and_modify(|known| *known = Known::Absent(at));
        self.gone.push_back(id.clone());
    }
}

fn share_arns(target_groups: &BTreeMap<AwsId, Live<TargetGroup>>, actions: &mut [RuleAction]) {
    for action in actions {
        action.visit_ids(&mut |id| {
            if let Id::Is(own) = id
                && let Some((shared, _)) = target_groups.get_key_value(own)
            {
                own.clone_from(shared);
            }
        });
    }
}
