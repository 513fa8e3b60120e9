//! Steps for the network load balancer in front of a group's load balancer.
//!
//! What it leads to is registered once the load balancer behind it listens there, and goes before
//! that listener does: AWS removes no load balancer or listener that is a target.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::attribute;
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::inventory::{BalancerInventory, LiveListener, LiveLoadBalancer, LiveTargetGroup};
use crate::model::known::Known;
use crate::model::listener::{Listener, Protocol};
use crate::model::load_balancer::{Attributes, LoadBalancerState};
use crate::model::plan::{Need, Reason, Step, StepId, Wait, WaitKey};
use crate::model::rule::{RuleAction, Weighted};
use crate::model::settings::Settings;
use crate::model::stack::{BalancerStack, FrontendNlb, NlbPort};
use crate::model::target::{LiveTarget, Target};

use super::attributes::differing;
use super::deletion;
use super::draft::Draft;
use super::entrance::{serves, unwell};
use super::replacement::Replacement;
use super::security_group::{Surplus, authorizing};
use super::settle::{self, load_balancer_handle};
use super::settled_nlb::{SettledNlb, is_there, registered};
use super::tags::{Legacy, difference, push_tags};

/// Brings it into line. Answers with the steps after which what it carried or led to may go.
pub fn plan(
    draft: &mut Draft,
    settings: &Settings,
    replacement: &Replacement<'_, '_>,
    surplus: Surplus,
) -> Vec<StepId> {
    let wish = replacement.stack.front.as_ref().and_then(|front| front.nlb.as_deref());
    let mut done = Vec::new();
    match wish {
        Some(FrontendNlb { obstacle: Some(problem), .. }) => draft.refuse(problem.clone()),
        Some(nlb) => {
            let nlb = Planned { settings, replacement, nlb, surplus };
            done = nlb.balancer(draft);
            for (port, wished) in &nlb.nlb.ports {
                done.extend(nlb.port(draft, *port, wished));
            }
            nlb.wait_for_service(draft);
            let Replacement { stack, inventory, .. } = *replacement;
            unwell(stack, inventory).into_iter().for_each(|problem| draft.refuse(problem));
        }
        None => {}
    }
    let is_held = wish.is_some_and(|nlb| nlb.obstacle.is_some());
    if surplus == Surplus::Remove && !is_held {
        let leaving = remove(draft, replacement, wish, &done);
        done.extend(leaving);
    }
    done
}

/// What is wished for, beside what stands.
struct Planned<'p, 'r, 'i> {
    settings: &'p Settings,
    replacement: &'p Replacement<'r, 'i>,
    nlb: &'p FrontendNlb,
    surplus: Surplus,
}

impl Planned<'_, '_, '_> {
    fn stack(&self) -> &BalancerStack {
        self.replacement.stack
    }

    fn settled(&self) -> &SettledNlb<'_> {
        &self.replacement.settled.nlb
    }

    /// Nobody says when it begins to serve.
    fn wait_for_service(&self, draft: &mut Draft) {
        let Replacement { stack, settled, inventory, .. } = *self.replacement;
        let current = settled.nlb.load_balancer;
        if !current.is_some_and(|live| serves(inventory, self.nlb, live)) {
            let mut id = Id::Of(Handle::FrontendNlb(stack.group.clone()));
            settled.resolve(&mut id);
            draft.wait(Wait { key: WaitKey::Serving(id), need: Need::Poll });
        }
    }

    /// The load balancer itself.
    fn balancer(&self, draft: &mut Draft) -> Vec<StepId> {
        let Some(live) = self.settled().load_balancer else {
            self.create(draft);
            return Vec::new();
        };
        if self.surplus == Surplus::Keep {
            return Vec::new();
        }
        let (wish, id) = (&self.nlb.load_balancer, &live.live.id);
        let carried = self.set_security_groups(draft, live);
        let subnets = settle::subnets(&self.nlb.subnets, Some(live));
        if set(&subnets) != set(&live.live.spec.subnets) {
            let action = ElbAction::SetSubnets {
                load_balancer: id.clone(),
                subnets,
                allocations: wish.allocations.clone(),
            };
            draft.push(elb(action), differs("subnets"), &[]);
        }
        if live.live.spec.ip_address_type != wish.ip_address_type {
            let action = ElbAction::SetIpAddressType {
                load_balancer: id.clone(),
                ip_address_type: wish.ip_address_type,
            };
            draft.push(elb(action), differs("IP address type"), &[]);
        }
        if let Some(known) = live.attributes.value() {
            let attributes = differing(known, &self.nlb.attributes.values);
            set_attributes(draft, &Id::Is(id.clone()), &attributes);
        }
        let tags = difference(self.settings, Legacy::Kept, &live.live.spec.tags, &wish.tags);
        push_tags(draft, id, tags, &[]);
        carried.into_iter().collect()
    }

    fn create(&self, draft: &mut Draft) {
        let Replacement { stack, settled, .. } = *self.replacement;
        let handle = Handle::FrontendNlb(stack.group.clone());
        let mut spec = self.nlb.load_balancer.clone();
        spec.name = settled.free_name(&spec.name);
        spec.subnets = settle::subnets(&self.nlb.subnets, None);
        spec.security_groups = settled.carried(&spec.security_groups);
        let admitting = authorizing(draft.steps(), &spec.security_groups);
        let action = ElbAction::CreateLoadBalancer { handle: handle.clone(), spec };
        let mut before = claims(draft.steps());
        before.extend(admitting);
        draft.push(elb(action), Reason::Missing, &before);
        set_attributes(draft, &Id::Of(handle), &self.nlb.attributes.values);
    }

    /// One that was made without any cannot have any (AWS), and is left as it is.
    fn set_security_groups(&self, draft: &mut Draft, live: &LiveLoadBalancer) -> Option<StepId> {
        let wished = &self.nlb.load_balancer.security_groups;
        let security_groups = self.replacement.settled.carried(wished);
        let carried = &live.live.spec.security_groups;
        let is_same = set(&security_groups) == set(carried);
        (!is_same && !carried.is_empty()).then(|| {
            let load_balancer = live.live.id.clone();
            let settled = self.replacement.settled;
            let lets_go = |id: &Id| !security_groups.contains(id) && settled.is_surplus(id);
            let lets_go = carried.iter().any(lets_go);
            let new = security_groups.iter().filter(|id| lets_go || !carried.contains(id));
            let before = authorizing(draft.steps(), new);
            let action = ElbAction::SetSecurityGroups { load_balancer, security_groups };
            draft.push(elb(action), differs("security groups"), &before)
        })
    }

    /// A port: the target group, the listener that leads there, and what is registered.
    fn port(&self, draft: &mut Draft, port: u16, wished: &NlbPort) -> Vec<StepId> {
        let group = &self.stack().group;
        let live = self.settled().target_groups.get(&port).copied();
        let target_group = match live {
            Some(live) => {
                self.update_target_group(draft, live, wished);
                Id::Is(live.live.id.clone())
            }
            None => {
                let handle = Handle::FrontendNlbTargetGroup(group.clone(), port);
                let mut spec = wished.target_group.clone();
                let name = spec.name.take();
                spec.name = name.map(|name| self.replacement.settled.free_name(&name).into());
                let action = ElbAction::CreateTargetGroup { handle: handle.clone(), spec };
                let claims = claims(draft.steps());
                draft.push(elb(action), Reason::Missing, &claims);
                Id::Of(handle)
            }
        };
        let current = self.settled().load_balancer;
        let stands = current.is_some_and(|nlb| nlb.listeners.iter().any(|l| l.port == port));
        let register = |draft: &mut Draft| self.register(draft, wished, (&target_group, live));
        if stands {
            // It leads nowhere else before somebody is registered there.
            let mut done = register(draft);
            done.extend(self.listener(draft, (port, wished), &target_group, &done));
            done
        } else {
            let mut done = self.listener(draft, (port, wished), &target_group, &[]);
            done.extend(register(draft));
            done
        }
    }

    fn update_target_group(&self, draft: &mut Draft, live: &LiveTargetGroup, wished: &NlbPort) {
        if self.surplus == Surplus::Keep {
            return;
        }
        let (wish, spec, id) = (&wished.target_group, &live.live.spec, &live.live.id);
        if spec.health_check != wish.health_check {
            let health_check = wish.health_check.clone();
            let action =
                ElbAction::ModifyTargetGroup { id: id.clone(), health_check, is_grpc: false };
            draft.push(elb(action), differs("health check"), &[]);
        }
        let tags = difference(self.settings, Legacy::Kept, &spec.tags, &wish.tags);
        push_tags(draft, id, tags, &[]);
    }

    fn listener(
        &self,
        draft: &mut Draft,
        (port, wished): (u16, &NlbPort),
        target_group: &Id,
        registered: &[StepId],
    ) -> Vec<StepId> {
        let group = &self.stack().group;
        let spec = listener(target_group, wished);
        let current = self.settled().load_balancer;
        let Some(live) = current.and_then(|nlb| nlb.listeners.iter().find(|l| l.port == port))
        else {
            let mut load_balancer = Id::Of(Handle::FrontendNlb(group.clone()));
            self.replacement.settled.resolve(&mut load_balancer);
            let handle = Handle::FrontendNlbListener(group.clone(), port);
            let action = ElbAction::CreateListener { handle, load_balancer, port, spec };
            return vec![draft.push(elb(action), Reason::Missing, &[])];
        };
        if self.surplus == Surplus::Keep {
            return Vec::new();
        }
        let fields = spec.differences(&live.live.spec);
        let tags = difference(self.settings, Legacy::Unknown, &live.live.spec.tags, &spec.tags);
        let mut done = Vec::new();
        if !fields.is_empty() {
            let fields = fields.into_iter().map(str::to_owned).collect();
            let action = ElbAction::ModifyListener { id: live.live.id.clone(), port, spec };
            done.push(draft.push(elb(action), Reason::Differs(fields), registered));
        }
        push_tags(draft, &live.live.id, tags, &[]);
        done
    }

    /// Registers the load balancer behind, in place of what is registered otherwise: AWS takes one
    /// target only.
    fn register(
        &self,
        draft: &mut Draft,
        wished: &NlbPort,
        (target_group, live): (&Id, Option<&LiveTargetGroup>),
    ) -> Vec<StepId> {
        let behind = self.replacement.current();
        let load_balancer = match behind {
            Some(live) => Id::Is(live.live.id.clone()),
            None => Id::Of(load_balancer_handle(&self.stack().group)),
        };
        let wish = behind.map(|live| Target::load_balancer(&live.live.id, wished.leads_to));
        let known = live.map(|live| registered(self.replacement.inventory, &live.live.id));
        let standing = match known {
            Some(Known::Unread) => return Vec::new(),
            Some(Known::Is(targets, _)) => targets.iter().filter(|live| is_there(live)).collect(),
            None | Some(Known::Absent(_)) => Vec::new(),
        };
        let (own, others): (Vec<&LiveTarget>, Vec<&LiveTarget>) =
            standing.into_iter().partition(|live| Some(&live.target) == wish.as_ref());
        let stands =
            behind.is_some_and(|live| live.listeners.iter().any(|l| l.port == wished.leads_to));
        let handle = Handle::Listener(self.stack().group.clone(), Slot::default(), wished.leads_to);
        let made = maker(draft.steps(), &handle);
        let is_held = self.surplus == Surplus::Keep && !others.is_empty();
        if !own.is_empty() || is_held || (!stands && made.is_none()) {
            return Vec::new();
        }
        let mut before: Vec<StepId> = made.into_iter().collect();
        if let (false, Some(id)) = (others.is_empty(), target_group.given()) {
            let targets = others.iter().map(|live| live.target.clone()).collect();
            let action = ElbAction::DeregisterTargets { target_group: id.clone(), targets };
            before.push(draft.push(elb(action), Reason::Unwanted, &before));
        }
        let is_new = behind.is_none_or(|live| live.state == LoadBalancerState::Provisioning);
        let gate = is_new.then(|| WaitKey::SetUp(load_balancer.clone()));
        if let Some(key) = gate.clone() {
            draft.wait(Wait { key, need: Need::Poll });
        }
        let target_group = target_group.clone();
        let port = wished.leads_to;
        let action = ElbAction::RegisterLoadBalancer { target_group, load_balancer, port };
        vec![draft.push_gated(elb(action), Reason::Missing, &before, gate)]
    }
}

/// Takes away what nobody wants, after what takes its place.
fn remove(
    draft: &mut Draft,
    replacement: &Replacement<'_, '_>,
    wish: Option<&FrontendNlb>,
    done: &[StepId],
) -> Vec<StepId> {
    let settled = &replacement.settled.nlb;
    let mut leaving: Vec<(StepId, Vec<&LiveListener>)> = Vec::new();
    let current = settled.load_balancer.filter(|_| wish.is_some());
    let of_current = current.into_iter().flat_map(|live| live.listeners.iter());
    let is_wanted =
        |live: &&LiveListener| wish.is_some_and(|nlb| nlb.ports.contains_key(&live.port));
    for live in of_current.filter(|live| !is_wanted(live)) {
        let action = ElbAction::DeleteListener { id: live.live.id.clone() };
        let step = draft.remove_after(elb(action), Reason::Unwanted, done);
        leaving.push((step, vec![live]));
    }
    for old in &settled.surplus {
        let gate = gate(draft, replacement, wish, old);
        let action = ElbAction::DeleteLoadBalancer { id: old.live.id.clone() };
        let step = draft.push_gated(elb(action), Reason::Unwanted, done, gate);
        leaving.push((step, old.listeners.iter().collect()));
    }
    let mut steps: Vec<StepId> = leaving.iter().map(|(step, _)| *step).collect();
    for live in &settled.surplus_target_groups {
        let led = |listeners: &[&LiveListener]| {
            let mut actions = listeners.iter().flat_map(|one| &one.live.spec.default_actions);
            actions.any(|action| action.leads_to(&live.live.id))
        };
        let mut before = done.to_vec();
        before.extend(leaving.iter().filter(|(_, of)| led(of)).map(|(step, _)| *step));
        let action = ElbAction::DeleteTargetGroup { id: live.live.id.clone() };
        steps.push(draft.remove_after(elb(action), Reason::Unwanted, &before));
    }
    steps
}

/// What has to happen before one that nobody wants may go: another one serves, nobody protects it,
/// the names leave it, and then whoever remembers them.
fn gate(
    draft: &mut Draft,
    replacement: &Replacement<'_, '_>,
    wish: Option<&FrontendNlb>,
    old: &LiveLoadBalancer,
) -> Option<WaitKey> {
    let Replacement { stack, settled, inventory, .. } = *replacement;
    let serves = |nlb| settled.nlb.load_balancer.is_some_and(|new| serves(inventory, nlb, new));
    match wish {
        Some(nlb) if !serves(nlb) => {
            let mut new = Id::Of(Handle::FrontendNlb(stack.group.clone()));
            settled.resolve(&mut new);
            replacement.wait(draft, WaitKey::Serving(new), Need::Poll)
        }
        _ if deletion::is_protected(old) => {
            let id = old.live.id.clone();
            for problem in deletion::protected(stack, &id) {
                draft.refuse(problem);
            }
            let key = match stack.front {
                Some(_) => WaitKey::Outlived(id),
                None => WaitKey::Protected(id),
            };
            replacement.wait(draft, key, Need::Poll)
        }
        _ => replacement.gate_of_names(draft, old).or_else(|| {
            stack.front.as_ref()?;
            let key = WaitKey::Drained(old.live.id.clone());
            replacement.wait(draft, key, Need::Elapsed(replacement.grace))
        }),
    }
}

/// The steps without which AWS does not let go of a listener of a load balancer, or of all of them:
/// those that take it out of where it is a target.
#[must_use]
pub fn releasing(
    steps: &[Step],
    inventory: &BalancerInventory,
    load_balancer: &AwsId,
    port: Option<u16>,
) -> Vec<StepId> {
    let is_it = |target: &Target| {
        target.id == load_balancer.as_str() && port.is_none_or(|port| port == target.port)
    };
    let releases = |step: &&Step| match &step.action {
        Action::Aws(AwsAction::Elb(ElbAction::DeregisterTargets { targets, .. })) => {
            targets.iter().any(is_it)
        }
        Action::Aws(AwsAction::Elb(ElbAction::DeleteTargetGroup { id })) => {
            registered(inventory, id).iter().any(|live| is_it(&live.target))
        }
        Action::Aws(_) | Action::Kube(_) => false,
    };
    steps.iter().filter(releases).map(|step| step.id).collect()
}

/// The steps that claim members: nothing is made for them before.
fn claims(steps: &[Step]) -> Vec<StepId> {
    let is_claim = |step: &&Step| matches!(step.action, Action::Kube(KubeAction::Claim { .. }));
    steps.iter().filter(is_claim).map(|step| step.id).collect()
}

fn maker(steps: &[Step], handle: &Handle) -> Option<StepId> {
    let makes = |step: &&Step| match &step.action {
        Action::Aws(action) => action.makes() == Some(handle),
        Action::Kube(_) => false,
    };
    steps.iter().find(makes).map(|step| step.id)
}

fn listener(target_group: &Id, wished: &NlbPort) -> Listener {
    let group = Weighted { group: target_group.clone(), weight: None };
    Listener {
        protocol: Protocol::Tcp,
        default_actions: vec![RuleAction::Forward { groups: vec![group], stickiness: None }],
        default_certificate: None,
        certificates: BTreeSet::new(),
        ssl_policy: None,
        mutual_authentication: None,
        tags: wished.tags.clone(),
    }
}

fn set_attributes(draft: &mut Draft, load_balancer: &Id, attributes: &Attributes) {
    for attributes in attribute::calls(attributes, attribute::of_network_load_balancer) {
        let reason = Reason::Differs(attributes.keys().map(ToString::to_string).collect());
        let load_balancer = load_balancer.clone();
        let action = ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes };
        draft.push(elb(action), reason, &[]);
    }
}

fn set<T: Ord + Clone>(all: &[T]) -> BTreeSet<T> {
    all.iter().cloned().collect()
}

fn elb(action: ElbAction) -> Action {
    Action::Aws(AwsAction::Elb(action))
}

fn differs(field: &str) -> Reason {
    Reason::Differs(vec![field.to_owned()])
}
