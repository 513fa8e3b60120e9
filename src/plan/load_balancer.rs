//! Steps for the load balancer itself.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::attribute;
use crate::model::binding::Opening;
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::load_balancer::{Attributes, LoadBalancer, LoadBalancerState};
use crate::model::outcome::Outcome;
use crate::model::plan::{Need, Plan, Reason, Step, StepId, Wait, WaitKey};
use crate::model::settings::Settings;
use crate::model::stack::{BalancerStack, Front};

use super::attributes::differing;
use super::draft::Draft;
use super::security_group::authorizing;
use super::settle::{self, Settled, load_balancer_handle};
use super::tags::{Legacy, difference, push_tags};

/// Makes a load balancer that does not stand.
pub fn create(
    draft: &mut Draft,
    stack: &BalancerStack,
    front: &Front,
    settled: &Settled<'_>,
    claims: &[StepId],
) {
    let handle = load_balancer_handle(&stack.group);
    let mut spec = front.load_balancer.clone();
    spec.name = settled.free_name(&spec.name);
    spec.subnets = settle::subnets(&front.subnets, None);
    spec.security_groups = settled.carried(&spec.security_groups);
    let mut before = authorizing(draft.steps(), &spec.security_groups);
    before.extend(claims);
    let action = AwsAction::Elb(ElbAction::CreateLoadBalancer { handle: handle.clone(), spec });
    draft.push(Action::Aws(action), Reason::Missing, &before);
    set_attributes(draft, &Id::Of(handle.clone()), &front.attributes.values);
    let units = front.capacity.as_ref().map(|capacity| capacity.units);
    if let Some(units) = units.filter(|units| *units > 0) {
        reserve(draft, Id::Of(handle), units, LoadBalancerState::Provisioning);
    }
}

/// Brings a load balancer that stands into line. Answers with the step that changes which security
/// groups it carries: what it lets go of may only go after it.
pub fn update(
    draft: &mut Draft,
    settings: &Settings,
    stack: &BalancerStack,
    front: &Front,
    settled: &Settled<'_>,
) -> Option<StepId> {
    let live = settled.load_balancer?;
    let wish = &front.load_balancer;
    let current = &live.live.spec;
    let id = &live.live.id;
    let carried = set_security_groups(draft, stack, wish, settled, live);
    set_subnets(draft, front, live);
    if current.ip_address_type != wish.ip_address_type {
        let action = AwsAction::Elb(ElbAction::SetIpAddressType {
            load_balancer: id.clone(),
            ip_address_type: wish.ip_address_type,
        });
        draft.push(Action::Aws(action), differs("IP address type"), &[]);
    }
    // While somebody's wishes are unknown, what stands may be what they wish for.
    let lets_go = wish.ipv4_pool.is_none() && !stack.explains_all();
    if current.ipv4_pool != wish.ipv4_pool && !lets_go {
        let action = AwsAction::Elb(ElbAction::ModifyIpPools {
            load_balancer: id.clone(),
            pool: wish.ipv4_pool.clone(),
        });
        draft.push(Action::Aws(action), differs("IPAM pool"), &[]);
    }
    let units = front.capacity.as_ref().map(|capacity| capacity.units);
    if let Some(units) = units.filter(|units| live.capacity.is_read() && standing(live) != *units) {
        reserve(draft, Id::Is(id.clone()), units, live.state);
    }
    if let Some(attributes) = live.attributes.value() {
        let attributes = differing(attributes, &front.attributes.values);
        set_attributes(draft, &Id::Is(id.clone()), &attributes);
    }
    let tags = difference(settings, Legacy::Kept, &current.tags, &wish.tags);
    push_tags(draft, id, tags, &[]);
    carried
}

fn set_security_groups(
    draft: &mut Draft,
    stack: &BalancerStack,
    wish: &LoadBalancer,
    settled: &Settled<'_>,
    live: &LiveLoadBalancer,
) -> Option<StepId> {
    let security_groups = settled.carried(&wish.security_groups);
    let set = |ids: &[Id]| ids.iter().cloned().collect::<BTreeSet<_>>();
    let (wished, carried) = (set(&security_groups), set(&live.live.spec.security_groups));
    (wished != carried).then(|| {
        let mut new = wished.difference(&carried).filter_map(Id::given);
        let lets_go = !carried.is_subset(&wished);
        let gate = new.find(|id| lets_go && is_awaited(stack, settled, id));
        let gate = gate.cloned().map(WaitKey::Admitted);
        if let Some(key) = gate.clone() {
            draft.wait(Wait { key, need: Need::Poll });
        }
        let load_balancer = live.live.id.clone();
        let mut before = authorizing(draft.steps(), wished.difference(&carried));
        if carried.difference(&wished).any(|id| settled.is_surplus(id)) {
            before.extend(authorizing(draft.steps(), wished.intersection(&carried)));
        }
        let action =
            AwsAction::Elb(ElbAction::SetSecurityGroups { load_balancer, security_groups });
        draft.push_gated(Action::Aws(action), differs("security groups"), &before, gate)
    })
}

/// Whether targets that take requests are to be reached by way of a security group that the load
/// balancer does not carry yet, and that is not let in to all of them.
fn is_awaited(stack: &BalancerStack, settled: &Settled<'_>, group: &AwsId) -> bool {
    stack.target_groups.iter().any(|(key, wished)| {
        let Some((name, seen)) = settled.bindings.get(key) else { return false };
        let names = |opening: &Opening| {
            let mut named = opening.group.clone();
            named.iter_mut().for_each(|id| settled.resolve(id));
            named.as_ref().and_then(Id::given) == Some(group)
        };
        let is_told = seen.as_binding(name).openings.iter().any(names);
        let is_wished = wished.binding.openings.iter().any(names);
        is_wished && !(is_told && settled.admitted.contains(*name))
    })
}

/// The security groups that load balancers carry which are to carry others, as far as a plan has
/// not been carried out: nobody can tell yet that they have let go of them.
#[must_use]
pub fn outgoing(
    plan: &Plan,
    outcomes: &[Outcome],
    inventory: &BalancerInventory,
) -> BTreeSet<AwsId> {
    let is_open = |step: &&Step| !matches!(outcomes.get(step.id.0), Some(Outcome::Done(_)));
    let waiting = plan.steps.iter().filter(is_open).filter_map(|step| match &step.action {
        Action::Aws(AwsAction::Elb(ElbAction::SetSecurityGroups { load_balancer, .. })) => {
            Some(load_balancer)
        }
        _ => None,
    });
    let waiting: BTreeSet<&AwsId> = waiting.collect();
    let carrying = inventory.load_balancers.iter().filter(|live| waiting.contains(&live.live.id));
    let carried = carrying.flat_map(|live| &live.live.spec.security_groups);
    carried.filter_map(Id::given).cloned().collect()
}

fn set_subnets(draft: &mut Draft, front: &Front, live: &LiveLoadBalancer) {
    let subnets = settle::subnets(&front.subnets, Some(live));
    let set = |ids: &[AwsId]| ids.iter().cloned().collect::<BTreeSet<_>>();
    if set(&subnets) != set(&live.live.spec.subnets) {
        let (load_balancer, allocations) = (live.live.id.clone(), Vec::new());
        let action = AwsAction::Elb(ElbAction::SetSubnets { load_balancer, subnets, allocations });
        draft.push(Action::Aws(action), differs("subnets"), &[]);
    }
}

/// The capacity units that AWS keeps ready for a load balancer.
fn standing(live: &LiveLoadBalancer) -> u32 {
    live.capacity.value().copied().unwrap_or_default()
}

/// Reserves capacity, for which a load balancer has to be set up (LBC).
fn reserve(draft: &mut Draft, load_balancer: Id, units: u32, state: LoadBalancerState) {
    let is_waiting = state == LoadBalancerState::Provisioning;
    let gate = is_waiting.then(|| WaitKey::SetUp(load_balancer.clone()));
    if let Some(key) = gate.clone() {
        draft.wait(Wait { key, need: Need::Poll });
    }
    let action = AwsAction::Elb(ElbAction::ModifyCapacityReservation { load_balancer, units });
    draft.push_gated(Action::Aws(action), differs("capacity"), &[], gate);
}

fn set_attributes(draft: &mut Draft, load_balancer: &Id, attributes: &Attributes) {
    for attributes in attribute::calls(attributes, attribute::of_load_balancer) {
        let reason = Reason::Differs(attributes.keys().map(ToString::to_string).collect());
        let load_balancer = load_balancer.clone();
        let action =
            AwsAction::Elb(ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes });
        draft.push(Action::Aws(action), reason, &[]);
    }
}

fn differs(field: &str) -> Reason {
    Reason::Differs(vec![field.to_owned()])
}
