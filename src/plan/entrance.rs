//! Where names of a group lead: to its load balancer, or to the network load balancer in front.

use std::collections::BTreeSet;

use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::load_balancer::LoadBalancerState;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::stack::{BalancerStack, FrontendNlb, NlbPort};
use crate::model::target::TargetState;

use super::security_group::Surplus;
use super::settled_nlb::{SettledNlb, is_there, ports_leading_to, registered};

/// Where names of a group lead.
#[derive(Clone, Copy, Debug)]
pub enum Entrance<'i> {
    /// To the load balancer itself.
    Direct,
    /// To a network load balancer in front of it that stands.
    Nlb(&'i LiveLoadBalancer),
    /// To one that does not serve yet, and nothing leads anywhere else.
    Coming,
}

/// Where names of a group lead, and what its statuses show beside the load balancer.
///
/// Names that lead to the load balancer itself stay there until the other one serves as well.
#[must_use]
pub fn entrance<'i>(
    stack: &BalancerStack,
    inventory: &'i BalancerInventory,
    direct: Option<&LiveLoadBalancer>,
) -> Entrance<'i> {
    let Some(nlb) = stack.front.as_ref().and_then(|front| front.nlb.as_deref()) else {
        return Entrance::Direct;
    };
    let settled = SettledNlb::of(stack, inventory, Surplus::Remove);
    let is_named = |live: &LiveLoadBalancer| {
        let name = AwsId::new(live.dns_name.to_lowercase());
        stack.named.as_ref().is_some_and(|named| named.contains_key(&name))
    };
    match (settled.load_balancer, settled.surplus.first()) {
        (Some(new), _) if serves(inventory, nlb, new) => Entrance::Nlb(new),
        (_, Some(old)) => Entrance::Nlb(old),
        (_, None) if nlb.obstacle.is_some() && settled.load_balancer.is_none() => Entrance::Direct,
        (_, None) if direct.is_some_and(is_named) => Entrance::Direct,
        (Some(new), None) if is_named(new) => Entrance::Nlb(new),
        (Some(_) | None, None) => Entrance::Coming,
    }
}

/// Whether one passes connections on at each port that is wished for. Where no target is well, AWS
/// sends connections all the same, so the first checks are waited for and no more.
#[must_use]
pub fn serves(inventory: &BalancerInventory, wish: &FrontendNlb, live: &LiveLoadBalancer) -> bool {
    let leads = |(port, wished): (&u16, &NlbPort)| {
        inventory.frontend_nlb_groups.iter().any(|group| {
            let targets = registered(inventory, &group.live.id).iter();
            let mut checked = targets.filter(|live| is_there(live)).filter(|live| {
                live.target.port == wished.leads_to && live.state != TargetState::Initial
            });
            ports_leading_to(live, &group.live.id).any(|led| led == *port)
                && checked.next().is_some()
        })
    };
    live.state == LoadBalancerState::Active && wish.ports.iter().all(leads)
}

/// The target groups of which it has to be known what is registered.
#[must_use]
pub fn watched(inventory: &BalancerInventory) -> BTreeSet<AwsId> {
    inventory.frontend_nlb_groups.iter().map(|live| live.live.id.clone()).collect()
}

/// Whether it is waited for one that is wished for and does not serve yet.
#[must_use]
pub fn is_awaited(stack: &BalancerStack, inventory: &BalancerInventory) -> bool {
    let Some(nlb) = stack.front.as_ref().and_then(|front| front.nlb.as_deref()) else {
        return false;
    };
    let current = SettledNlb::of(stack, inventory, Surplus::Remove).load_balancer;
    nlb.obstacle.is_none() && !current.is_some_and(|live| serves(inventory, nlb, live))
}

/// What there is to say of a load balancer that fails the checks of the one in front: AWS passes
/// connections on all the same while no target is well.
#[must_use]
pub fn unwell(stack: &BalancerStack, inventory: &BalancerInventory) -> Option<Problem> {
    let nlb = stack.front.as_ref()?.nlb.as_deref()?;
    let settled = SettledNlb::of(stack, inventory, Surplus::Remove);
    let fails = |port: &&u16| {
        let group = settled.target_groups.get(port);
        let mut targets =
            group.into_iter().flat_map(|it| registered(inventory, &it.live.id).iter());
        targets.any(|live| live.state == TargetState::Unhealthy)
    };
    let (port, wished) = nlb.ports.get_key_value(nlb.ports.keys().find(fails)?)?;
    let check = &wished.target_group.health_check;
    Some(Problem {
        code: Code::UnhealthyTargets,
        severity: Severity::Warning,
        object: ObjectRef::of(stack.active.first()?),
        field: format!("port {port} of the frontend NLB"),
        found: format!("a load balancer that does not answer {} as asked for", check.path),
        allowed: format!("{} for {}, which the rules decide", check.success_codes, check.path),
        meanwhile: "connections are passed on all the same, as long as nothing else is registered"
            .to_owned(),
    })
}
