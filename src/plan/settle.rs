//! Choices that depend on what stands: which of several things is the current one, and which
//! identifier each of our things has.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use crate::model::backend::BackendKey;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, ObjectKey, Slot, TargetGroupKey};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer, LiveTargetGroup};
use crate::model::known::{Known, Live};
use crate::model::names;
use crate::model::rule::RuleAction;
use crate::model::security::SecurityGroup;
use crate::model::seen::SeenBinding;
use crate::model::snapshot::Extent;
use crate::model::stack::{BalancerStack, Wish};

use super::security_group::Surplus;
use super::settled_nlb::SettledNlb;
use super::spread::{self, Share};

/// What stands of a group, sorted into what is kept and what is surplus.
#[derive(Debug)]
pub struct Settled<'a> {
    /// The load balancer that stands for the wish.
    pub load_balancer: Option<&'a LiveLoadBalancer>,
    /// Other load balancers of the group.
    pub surplus_load_balancers: Vec<&'a LiveLoadBalancer>,
    /// The frontend security groups that there should be.
    pub security_groups: Vec<Share<'a>>,
    /// Frontend security groups that nobody wants.
    pub surplus_security_groups: Vec<&'a Live<SecurityGroup>>,
    /// The target groups that stand for wishes.
    pub target_groups: BTreeMap<TargetGroupKey, &'a LiveTargetGroup>,
    /// Target groups that nobody wants.
    pub surplus_target_groups: Vec<&'a LiveTargetGroup>,
    /// The bindings that stand for wishes.
    pub bindings: BTreeMap<TargetGroupKey, (&'a ObjectKey, &'a SeenBinding)>,
    /// The bindings whose endpoints let in what they ask for.
    pub admitted: &'a BTreeSet<ObjectKey>,
    /// Bindings that nobody wants.
    pub surplus_bindings: Vec<(&'a ObjectKey, &'a SeenBinding)>,
    /// What stands of the network load balancers in front.
    pub nlb: SettledNlb<'a>,
    /// The names that load balancers and target groups of the group have.
    taken: BTreeSet<&'a str>,
    /// The identifiers of what stands.
    ids: BTreeMap<Handle, AwsId>,
}

impl<'a> Settled<'a> {
    /// An identifier, given where the thing stands.
    pub fn resolve(&self, id: &mut Id) {
        if let Id::Of(handle) = id
            && let Some(given) = self.ids.get(handle)
        {
            *id = Id::Is(given.clone());
        }
    }

    /// The security groups that something should carry by a wish: behind the first one of those in
    /// front of the load balancer come the others.
    #[must_use]
    pub fn carried(&self, wished: &[Id]) -> Vec<Id> {
        let is_first = |id: &Id| {
            let first = self.security_groups.first();
            first.is_some_and(|first| *id == Id::Of(first.handle.clone()))
        };
        let mut ids: Vec<Id> = Vec::new();
        for id in wished {
            ids.push(id.clone());
            if is_first(id) {
                let others = self.security_groups[1..].iter();
                ids.extend(others.map(|share| Id::Of(share.handle.clone())));
            }
        }
        ids.iter_mut().for_each(|id| self.resolve(id));
        ids
    }

    /// Whether this is a security group of ours that nobody wants any more: who comes by way of it
    /// comes by way of another one once it goes.
    #[must_use]
    pub fn is_surplus(&self, id: &Id) -> bool {
        let mut surplus = self.surplus_security_groups.iter();
        surplus.any(|live| id.given() == Some(&live.id))
    }

    /// The target groups that nobody wants and that were made for the same as this one: it takes
    /// their place.
    pub fn replaced(&self, key: &TargetGroupKey) -> impl Iterator<Item = &'a LiveTargetGroup> {
        let all = self.surplus_target_groups.iter().copied();
        all.filter(|live| is_for(live, &key.backend))
    }

    /// The name to make a thing under: the plain one, unless something that it takes over from has
    /// it.
    #[must_use]
    pub fn free_name(&self, plain: &str) -> String {
        let names = (0..=u8::MAX).map(|slot| names::twin(plain, Slot(slot)));
        let mut free = names.filter(|name| !self.taken.contains(name.as_str()));
        free.next().unwrap_or_else(|| plain.to_owned())
    }

    /// What a target group that stands was made for, by its resource tag.
    #[must_use]
    pub fn resource(&self, id: &AwsId) -> Option<&str> {
        let mut all = self.target_groups.values().chain(&self.surplus_target_groups);
        let found = all.find(|live| live.live.id == *id)?;
        Group::resource_in(&found.live.spec.tags).map(SmolStr::as_str)
    }
}

/// Sorts what stands. Things are found by their tags, never by their names.
#[must_use]
pub fn settle<'a>(
    stack: &BalancerStack,
    inventory: &'a BalancerInventory,
    surplus: Surplus,
) -> Settled<'a> {
    let group = &stack.group;
    let mut ids = BTreeMap::new();
    let (load_balancer, surplus_load_balancers) = settle_load_balancers(stack, inventory, surplus);
    if let Some(live) = load_balancer {
        ids.insert(Handle::LoadBalancer(group.clone(), Slot::default()), live.live.id.clone());
        for listener in live.listeners.iter() {
            let handle = Handle::Listener(group.clone(), Slot::default(), listener.port);
            ids.insert(handle, listener.live.id.clone());
        }
    }
    let (security_groups, surplus_security_groups) = spread::settle(stack, inventory, surplus);
    ids.extend(
        security_groups
            .iter()
            .filter_map(|share| Some((share.handle.clone(), share.live?.id.clone()))),
    );
    let (target_groups, surplus_target_groups) =
        settle_target_groups(stack, inventory, load_balancer);
    for (key, live) in &target_groups {
        ids.insert(Handle::TargetGroup(group.clone(), key.clone()), live.live.id.clone());
    }
    let nlb = SettledNlb::of(stack, inventory, surplus);
    ids.extend(nlb.ids(group));
    let (bindings, surplus_bindings) = settle_bindings(inventory, &target_groups);
    let balancers = inventory.load_balancers.iter().chain(&inventory.frontend_nlbs);
    let of_balancers = balancers.map(|live| live.live.spec.name.as_str());
    let all_target_groups = inventory.target_groups.iter().chain(&inventory.frontend_nlb_groups);
    let of_target_groups = all_target_groups.filter_map(|live| live.live.spec.name.as_deref());
    Settled {
        load_balancer,
        surplus_load_balancers,
        security_groups,
        surplus_security_groups,
        target_groups,
        surplus_target_groups,
        bindings,
        admitted: &inventory.admitted,
        surplus_bindings,
        nlb,
        taken: of_balancers.chain(of_target_groups).collect(),
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

/// A load balancer can stay that differs in nothing which cannot be changed; of several, the first
/// in AWS's order. While not every member's wishes are known, any can: rules of theirs are on it.
fn settle_load_balancers<'a>(
    stack: &BalancerStack,
    inventory: &'a BalancerInventory,
    surplus: Surplus,
) -> (Option<&'a LiveLoadBalancer>, Vec<&'a LiveLoadBalancer>) {
    let fits = |live: &&LiveLoadBalancer| {
        let wish = stack.front.as_ref().map(|front| &front.load_balancer);
        wish.is_none_or(|wish| wish.fixed_differences(&live.live.spec).is_empty())
    };
    let mut all: Vec<&LiveLoadBalancer> = inventory.load_balancers.iter().collect();
    all.sort_by_key(|live| !fits(live));
    let is_wanted = stack.front.is_some() || !stack.explains_all();
    let can_stay = |live: &&LiveLoadBalancer| fits(live) || surplus == Surplus::Keep;
    let any_can = all.first().is_some_and(can_stay);
    first(all, is_wanted && any_can)
}

type TargetGroups<'a> = BTreeMap<TargetGroupKey, &'a LiveTargetGroup>;

/// Pairs target groups by their resource tag. One that differs in what cannot be changed, or that
/// another load balancer has, cannot stand for a wish: AWS gives a target group to one only.
fn settle_target_groups<'a>(
    stack: &BalancerStack,
    inventory: &'a BalancerInventory,
    load_balancer: Option<&LiveLoadBalancer>,
) -> (TargetGroups<'a>, Vec<&'a LiveTargetGroup>) {
    let current = load_balancer.map(|live| &live.live.id);
    let is_elsewhere = |live: &LiveTargetGroup| {
        let others = inventory.load_balancers.iter();
        let mut others = others.filter(|other| Some(&other.live.id) != current);
        others.any(|other| leads_to(other, &live.live.id).is_some())
    };
    let is_used =
        |live: &LiveTargetGroup| load_balancer.and_then(|lb| leads_to(lb, &live.live.id)).is_some();
    let mut chosen: TargetGroups<'a> = BTreeMap::new();
    for (key, wished) in &stack.target_groups {
        let fitting = inventory.target_groups.iter().filter(|live| {
            is_for(live, &key.backend)
                && wished.target_group.fixed_differences(&live.live.spec).is_empty()
                && !is_elsewhere(live)
        });
        if let Some(live) = fitting.min_by_key(|live| !is_used(live)) {
            chosen.insert(key.clone(), live);
        }
    }
    let kept: BTreeSet<&AwsId> = chosen.values().map(|live| &live.live.id).collect();
    let surplus = inventory.target_groups.iter().filter(|live| !kept.contains(&live.live.id));
    (chosen, surplus.collect())
}

/// Whether a target group was made for this, by its tag.
fn is_for(live: &LiveTargetGroup, backend: &BackendKey) -> bool {
    Group::resource_in(&live.live.spec.tags) == Some(backend.spelled())
}

/// The weight with which a load balancer leads requests to a target group: the highest, if it leads
/// any there.
#[must_use]
pub fn leads_to(load_balancer: &LiveLoadBalancer, target_group: &AwsId) -> Option<i32> {
    let actions = load_balancer.listeners.iter().flat_map(|listener| {
        let of_rules = listener.rules.iter().flat_map(|rule| &rule.rule.actions);
        listener.live.spec.default_actions.iter().chain(of_rules)
    });
    let weighted = actions.flat_map(RuleAction::target_groups);
    let to_it = weighted.filter(|weighted| weighted.group.given() == Some(target_group));
    // AWS counts an absent weight as one.
    to_it.map(|weighted| weighted.weight.unwrap_or(1)).max()
}

type Seen<'a> = (&'a ObjectKey, &'a SeenBinding);

/// Pairs bindings by the ARN of their target group; their names count for nothing. Of several the
/// oldest one counts, which is the one that fills the target group.
///
/// A label is no proof: what lies in another namespace than the Service that the target group was
/// made for is somebody else's, and so is what names a target group that stands and is not ours.
fn settle_bindings<'a>(
    inventory: &'a BalancerInventory,
    target_groups: &TargetGroups<'a>,
) -> (BTreeMap<TargetGroupKey, Seen<'a>>, Vec<Seen<'a>>) {
    let mut chosen: BTreeMap<TargetGroupKey, Seen<'a>> = BTreeMap::new();
    let mut surplus = Vec::new();
    let mut ours: Vec<Seen<'a>> =
        inventory.bindings.iter().filter(|seen| is_ours(inventory, *seen)).collect();
    ours.sort_by_key(|(name, seen)| (seen.created, *name));
    for seen in ours {
        let named = seen.1.spec.target_group_arn.as_ref();
        let found = target_groups.iter().find(|(_, live)| Some(&live.live.id) == named);
        match found {
            Some((key, _)) if !chosen.contains_key(key) && !seen.1.leaving => {
                chosen.insert(key.clone(), seen);
            }
            Some(_) | None => surplus.push(seen),
        }
    }
    (chosen, surplus)
}

/// Whether a binding with the group's labels is the group's.
fn is_ours(inventory: &BalancerInventory, (name, seen): Seen<'_>) -> bool {
    let Some(named) = &seen.spec.target_group_arn else { return false };
    let mut known = inventory.target_groups.iter();
    match known.find(|live| live.live.id == *named) {
        Some(live) => {
            let resource = Group::resource_in(&live.live.spec.tags);
            let made_for = resource.and_then(|resource| resource.split_once('/'));
            made_for.is_some_and(|(namespace, _)| namespace == name.namespace)
        }
        None => matches!(inventory.targets.get(named), Some(Known::Absent(_))),
    }
}

/// The subnets to have: those named, or those that stand, or those found; zone by zone where some
/// zones are left.
#[must_use]
pub fn subnets(wish: &Wish<Vec<AwsId>>, live: Option<&LiveLoadBalancer>) -> Vec<AwsId> {
    match (wish, live) {
        (Wish::Exactly(named), _) => named.clone(),
        (Wish::KeepElse(_), Some(live)) => live.live.spec.subnets.clone(),
        (Wish::KeepElse(found) | Wish::InEach { found, .. }, None) => found.clone(),
        (Wish::InEach { places, found }, Some(live)) => {
            let of =
                |all: &[AwsId], zone: &[AwsId]| all.iter().find(|id| zone.contains(id)).cloned();
            let standing = &live.live.spec.subnets;
            let each =
                places.iter().filter_map(|zone| of(standing, zone).or_else(|| of(found, zone)));
            each.collect()
        }
    }
}

/// The handle of a group's current load balancer.
#[must_use]
pub fn load_balancer_handle(group: &Group) -> Handle {
    Handle::LoadBalancer(group.clone(), Slot::default())
}

/// Whether what nobody wants may go: not while a member's wishes are unknown.
#[must_use]
pub fn surplus(extent: &Extent, stack: &BalancerStack) -> Surplus {
    if extent.shows_all_of(&stack.group) && stack.explains_all() {
        Surplus::Remove
    } else {
        Surplus::Keep
    }
}

/// What of what stands is for the wish.
#[must_use]
pub fn settled<'i>(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &'i BalancerInventory,
) -> Settled<'i> {
    settle(stack, inventory, surplus(extent, stack))
}
