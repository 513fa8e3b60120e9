//! Choices that depend on what stands: which of several things is the current one, and which
//! identifier each of our things has.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, ObjectKey, Slot, TargetGroupKey};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer, LiveTargetGroup};
use crate::model::known::Live;
use crate::model::marks;
use crate::model::security::SecurityGroup;
use crate::model::seen::SeenBinding;
use crate::model::stack::{BalancerStack, Wish};

/// What stands of a group, sorted into what is kept and what is surplus.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The load balancer that stands for the wish.
    pub load_balancer: Option<&'a LiveLoadBalancer>,
    /// Other load balancers of the group.
    pub surplus_load_balancers: Vec<&'a LiveLoadBalancer>,
    /// The frontend security group that stands for the wish.
    pub security_group: Option<&'a Live<SecurityGroup>>,
    /// Frontend security groups that nobody wants.
    pub surplus_security_groups: Vec<&'a Live<SecurityGroup>>,
    /// The target groups that stand for wishes.
    pub target_groups: BTreeMap<TargetGroupKey, &'a LiveTargetGroup>,
    /// Target groups that nobody wants.
    pub surplus_target_groups: Vec<&'a LiveTargetGroup>,
    /// The bindings that stand for wishes.
    pub bindings: BTreeMap<TargetGroupKey, (&'a ObjectKey, &'a SeenBinding)>,
    /// Bindings that nobody wants.
    pub surplus_bindings: Vec<(&'a ObjectKey, &'a SeenBinding)>,
    /// The identifiers of what stands.
    ids: BTreeMap<Handle, AwsId>,
}

impl Settled<'_> {
    /// An identifier, given where the thing stands.
    pub fn resolve(&self, id: &mut Id) {
        if let Id::Of(handle) = id
            && let Some(given) = self.ids.get(handle)
        {
            *id = Id::Is(given.clone());
        }
    }

    /// What a target group that stands was made for, by its resource tag.
    #[must_use]
    pub fn resource(&self, id: &AwsId) -> Option<&str> {
        let mut all = self.target_groups.values().chain(&self.surplus_target_groups);
        let found = all.find(|live| live.live.id == *id)?;
        found.live.spec.tags.get(marks::TAG_RESOURCE).map(String::as_str)
    }
}

/// Sorts what stands. Things are found by their tags, never by their names.
#[must_use]
pub fn settle<'a>(stack: &BalancerStack, inventory: &'a BalancerInventory) -> Settled<'a> {
    let group = &stack.group;
    let mut ids = BTreeMap::new();
    let mut load_balancers: Vec<&LiveLoadBalancer> = inventory.load_balancers.iter().collect();
    // A load balancer with the wished scheme can stay; of several, the first in AWS's order.
    let wished_scheme = stack.front.as_ref().map(|front| front.load_balancer.scheme);
    load_balancers.sort_by_key(|live| Some(live.live.spec.scheme) != wished_scheme);
    let (load_balancer, surplus_load_balancers) =
        first(load_balancers, stack.front.is_some() || !stack.unexplained.is_empty());
    if let Some(live) = load_balancer {
        ids.insert(Handle::LoadBalancer(group.clone(), Slot::default()), live.live.id.clone());
        for listener in live.listeners.iter() {
            let handle = Handle::Listener(group.clone(), Slot::default(), listener.port);
            ids.insert(handle, listener.live.id.clone());
        }
    }
    let wants_security_group = stack.front.as_ref().is_some_and(|f| f.security_group.is_some());
    let (security_group, surplus_security_groups) = first(
        inventory.security_groups.iter().collect(),
        wants_security_group || (stack.front.is_none() && !stack.unexplained.is_empty()),
    );
    if let Some(live) = security_group {
        ids.insert(Handle::FrontendSecurityGroup(group.clone()), live.id.clone());
    }
    let (target_groups, surplus_target_groups) = settle_target_groups(stack, inventory);
    for (key, live) in &target_groups {
        ids.insert(Handle::TargetGroup(group.clone(), key.clone()), live.live.id.clone());
    }
    let (bindings, surplus_bindings) = settle_bindings(inventory, &target_groups);
    Settled {
        load_balancer,
        surplus_load_balancers,
        security_group,
        surplus_security_groups,
        target_groups,
        surplus_target_groups,
        bindings,
        surplus_bindings,
        ids,
    }
}

/// The first of several, if one is wanted, and the others.
fn first<T: Copy>(mut all: Vec<T>, is_wanted: bool) -> (Option<T>, Vec<T>) {
    if is_wanted && !all.is_empty() {
        let others = all.split_off(1);
        (all.first().copied(), others)
    } else {
        (None, all)
    }
}

type TargetGroups<'a> = BTreeMap<TargetGroupKey, &'a LiveTargetGroup>;

/// Pairs target groups by their resource tag; one that would have to be replaced yields to one that
/// fits.
fn settle_target_groups<'a>(
    stack: &BalancerStack,
    inventory: &'a BalancerInventory,
) -> (TargetGroups<'a>, Vec<&'a LiveTargetGroup>) {
    let mut chosen: TargetGroups<'a> = BTreeMap::new();
    for (key, wished) in &stack.target_groups {
        let same = inventory
            .target_groups
            .iter()
            .filter(|live| live.live.spec.tags.get(marks::TAG_RESOURCE) == Some(&key.resource));
        let best =
            same.min_by_key(|live| wished.target_group.fixed_differences(&live.live.spec).len());
        if let Some(live) = best {
            chosen.insert(key.clone(), live);
        }
    }
    let kept: BTreeSet<&AwsId> = chosen.values().map(|live| &live.live.id).collect();
    let surplus = inventory.target_groups.iter().filter(|live| !kept.contains(&live.live.id));
    (chosen, surplus.collect())
}

type Seen<'a> = (&'a ObjectKey, &'a SeenBinding);

/// Pairs bindings by the ARN of their target group; their names count for nothing.
fn settle_bindings<'a>(
    inventory: &'a BalancerInventory,
    target_groups: &TargetGroups<'a>,
) -> (BTreeMap<TargetGroupKey, Seen<'a>>, Vec<Seen<'a>>) {
    let mut chosen: BTreeMap<TargetGroupKey, Seen<'a>> = BTreeMap::new();
    let mut surplus = Vec::new();
    for seen in &inventory.bindings {
        let arn = seen.1.spec.target_group_arn.as_deref();
        let found = target_groups.iter().find(|(_, live)| Some(live.live.id.as_str()) == arn);
        match found {
            Some((key, _)) if !chosen.contains_key(key) && !seen.1.leaving => {
                chosen.insert(key.clone(), seen);
            }
            Some(_) | None => surplus.push(seen),
        }
    }
    (chosen, surplus)
}

/// The subnets to have: those named, or those that stand, or those found.
#[must_use]
pub fn subnets(wish: &Wish<Vec<AwsId>>, live: Option<&LiveLoadBalancer>) -> Vec<AwsId> {
    match (wish, live) {
        (Wish::Exactly(named), _) => named.clone(),
        (Wish::KeepElse(_), Some(live)) => live.live.spec.subnets.clone(),
        (Wish::KeepElse(found), None) => found.clone(),
    }
}

/// The handle of a group's current load balancer.
#[must_use]
pub fn load_balancer_handle(group: &Group) -> Handle {
    Handle::LoadBalancer(group.clone(), Slot::default())
}
