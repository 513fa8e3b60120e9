//! Which of the network load balancers in front of a group's load balancers is the current one.

use std::collections::BTreeMap;

use crate::model::group::Group;
use crate::model::id::{AwsId, Handle};
use crate::model::inventory::{BalancerInventory, LiveListener, LiveLoadBalancer, LiveTargetGroup};
use crate::model::known::Known;
use crate::model::marks::RESOURCE_FRONTEND_NLB_TARGET_GROUP;
use crate::model::stack::BalancerStack;
use crate::model::target::{LiveTarget, TargetState};

use super::security_group::Surplus;

/// What stands of the network load balancers in front.
#[derive(Debug, Default)]
pub struct SettledNlb<'a> {
    /// The one that stands for the wish.
    pub load_balancer: Option<&'a LiveLoadBalancer>,
    /// Others.
    pub surplus: Vec<&'a LiveLoadBalancer>,
    /// The target groups that stand for its ports.
    pub target_groups: BTreeMap<u16, &'a LiveTargetGroup>,
    /// Target groups that nobody wants.
    pub surplus_target_groups: Vec<&'a LiveTargetGroup>,
}

impl<'a> SettledNlb<'a> {
    /// Sorts what stands. One whose scheme differs cannot stay, and has its target groups to
    /// itself: AWS gives a target group to one load balancer only. A target group whose target is
    /// another port than the one behind cannot stand for a port, where what nobody wants may go:
    /// AWS takes one target only, and until a new one was in its place there would be none.
    #[must_use]
    pub fn of(
        stack: &BalancerStack,
        inventory: &'a BalancerInventory,
        surplus_goes: Surplus,
    ) -> Self {
        let wish = stack.front.as_ref().and_then(|front| front.nlb.as_deref());
        let is_wanted = wish.is_some() || !stack.explains_all();
        let fits = |live: &&LiveLoadBalancer| {
            wish.is_none_or(|nlb| nlb.load_balancer.fixed_differences(&live.live.spec).is_empty())
        };
        let mut surplus: Vec<&LiveLoadBalancer> = inventory.frontend_nlbs.iter().collect();
        surplus.sort_by_key(|live| !fits(live));
        let load_balancer = surplus.first().copied().filter(|live| is_wanted && fits(live));
        surplus
            .retain(|live| Some(live.live.id.clone()) != load_balancer.map(|l| l.live.id.clone()));
        let is_elsewhere = |live: &&LiveTargetGroup| {
            surplus.iter().any(|other| ports_leading_to(other, &live.live.id).next().is_some())
        };
        let is_for = |live: &&LiveTargetGroup, port: u16| {
            let resource = Group::resource_in(&live.live.spec.tags);
            let own = resource.and_then(|tag| tag.strip_prefix(RESOURCE_FRONTEND_NLB_TARGET_GROUP));
            own.is_some_and(|own| own == port.to_string())
        };
        let is_used = |live: &&LiveTargetGroup| {
            load_balancer.is_some_and(|nlb| ports_leading_to(nlb, &live.live.id).next().is_some())
        };
        let leads_to = |live: &&LiveTargetGroup, port: u16| {
            let targets = registered(inventory, &live.live.id).iter();
            let mut targets = targets.filter(|live| is_there(live)).peekable();
            surplus_goes == Surplus::Keep
                || targets.peek().is_none()
                || targets.any(|live| live.target.port == port)
        };
        let all = || inventory.frontend_nlb_groups.iter();
        let ports = wish.into_iter().flat_map(|nlb| &nlb.ports);
        let target_groups: BTreeMap<u16, &LiveTargetGroup> = ports
            .filter_map(|(port, wished)| {
                let fitting = all().filter(|live| {
                    is_for(live, *port) && !is_elsewhere(live) && leads_to(live, wished.leads_to)
                });
                Some((*port, fitting.min_by_key(|live| !is_used(live))?))
            })
            .collect();
        let is_kept = |live: &&LiveTargetGroup| {
            target_groups.values().any(|kept| kept.live.id == live.live.id)
        };
        let surplus_target_groups = all().filter(|live| !is_kept(live)).collect();
        Self { load_balancer, surplus, target_groups, surplus_target_groups }
    }

    /// The identifiers of what stands.
    pub fn ids(&self, group: &Group) -> impl Iterator<Item = (Handle, AwsId)> {
        let own = self
            .load_balancer
            .map(|live| (Handle::FrontendNlb(group.clone()), live.live.id.clone()));
        let listeners = self.load_balancer.into_iter().flat_map(|live| live.listeners.iter());
        let listeners = listeners.map(|listener| {
            (Handle::FrontendNlbListener(group.clone(), listener.port), listener.live.id.clone())
        });
        let groups = self.target_groups.iter().map(|(port, live)| {
            (Handle::FrontendNlbTargetGroup(group.clone(), *port), live.live.id.clone())
        });
        own.into_iter().chain(listeners).chain(groups)
    }
}

/// The ports on which a load balancer passes on to a target group by default.
pub fn ports_leading_to<'a>(
    load_balancer: &'a LiveLoadBalancer,
    target_group: &'a AwsId,
) -> impl Iterator<Item = u16> + 'a {
    let leads = move |listener: &&LiveListener| {
        listener.live.spec.default_actions.iter().any(|action| action.leads_to(target_group))
    };
    load_balancer.listeners.iter().filter(leads).map(|one| one.port)
}

/// What is registered in a target group.
#[must_use]
pub fn registered<'i>(
    inventory: &'i BalancerInventory,
    target_group: &AwsId,
) -> &'i Known<Vec<LiveTarget>> {
    inventory.targets.get(target_group).unwrap_or(&Known::Unread)
}

/// Whether a target has not been taken out.
#[must_use]
pub fn is_there(live: &LiveTarget) -> bool {
    live.state != TargetState::Draining
}
