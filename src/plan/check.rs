//! What a plan must never do, whoever made it: judged by what stood when it was made.
//!
//! A step may be refused while others go on, so what counts is not in which order steps are listed
//! but which ones wait for which. Steps behind a gate are left out: they are not taken before they
//! are planned anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{AcmAction, Action, AwsAction, Ec2Action, ElbAction};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{
    BalancerInventory, FabricInventory, LiveListener, LiveLoadBalancer, LiveRule, TargetsInventory,
};
use crate::model::known::Known;
use crate::model::plan::{Plan, Step, StepId};
use crate::model::security::IngressRule;
use crate::model::stack::{BalancerStack, CertificateStack, RequestStack, TargetsStack};
use crate::model::target::{Target, TargetState};

use super::exchange::shares_ports;
use super::frontend_nlb;
use super::takers::{takers_of_listener, takers_of_rule};

mod zone;

pub use zone::zone;

/// A step that may take away what is still needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The step.
    pub step: StepId,
    /// What is wrong with it.
    pub why: String,
}

/// Judges the plan of an Ingress group.
#[must_use]
pub fn balancer(plan: &Plan, stack: &BalancerStack, inventory: &BalancerInventory) -> Vec<Breach> {
    let all = inventory.load_balancers.iter().chain(&inventory.frontend_nlbs);
    let load_balancers: Vec<&LiveLoadBalancer> = all.collect();
    let groups = inventory.security_groups.iter();
    let groups: Vec<_> = groups.collect();
    let judge = Judge { plan };
    let mut breaches = Vec::new();
    for (step, action) in judge.ungated() {
        let why = match action {
            AwsAction::Elb(ElbAction::DeleteLoadBalancer { id }) => {
                still_named(stack, id, &load_balancers)
                    .or_else(|| judge.target(step, inventory, (id, None)))
            }
            AwsAction::Elb(ElbAction::DeleteTargetGroup { id }) => {
                judge.target_group(step, id, &load_balancers)
            }
            AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id }) => {
                judge.carried(step, id, &load_balancers)
            }
            AwsAction::Ec2(Ec2Action::RevokeIngress { group, rules, .. }) => {
                let standing = groups.iter().find(|live| group.given() == Some(&live.id));
                let standing = standing.map(|live| live.spec.ingress.clone());
                judge.revoked(step, group, rules, standing.unwrap_or_default())
            }
            AwsAction::Elb(ElbAction::DeleteRule { id }) => judge.rule(step, id, &load_balancers),
            AwsAction::Elb(ElbAction::DeleteListener { id }) => {
                judge.listener(step, id, &load_balancers).or_else(|| {
                    let (owner, port) = owner(id, &load_balancers)?;
                    judge.target(step, inventory, (owner, Some(port)))
                })
            }
            AwsAction::Elb(ElbAction::RemoveListenerCertificate { listener, certificate }) => {
                judge.certificate(step, (listener, certificate), &load_balancers)
            }
            _ => None,
        };
        breaches.extend(why.map(|why| Breach { step: step.id, why }));
    }
    breaches
}

/// Judges the plan of a VPC's shared network.
#[must_use]
pub fn fabric(plan: &Plan, inventory: &FabricInventory) -> Vec<Breach> {
    let judge = Judge { plan };
    let mut breaches = Vec::new();
    for (step, action) in judge.ungated() {
        let why = match action {
            AwsAction::Ec2(Ec2Action::RevokeIngress { group, rules, .. }) => {
                let ours = inventory.endpoint_rules.value();
                let standing = group.given().and_then(|id| ours?.get(id));
                judge.revoked(step, group, rules, standing.cloned().unwrap_or_default())
            }
            AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { .. }) if inventory.is_carried => {
                Some("a load balancer carries the security group".to_owned())
            }
            _ => None,
        };
        breaches.extend(why.map(|why| Breach { step: step.id, why }));
    }
    breaches
}

/// Judges the plan of what is registered in a target group.
#[must_use]
pub fn targets(plan: &Plan, stack: &TargetsStack, inventory: &TargetsInventory) -> Vec<Breach> {
    let judge = Judge { plan };
    let live = inventory.targets.iter();
    let mut count = live.clone().count();
    let healthy = live.filter(|live| live.state == TargetState::Healthy);
    let healthy: BTreeSet<&Target> = healthy.map(|live| &live.target).collect();
    let mut coming = Vec::new();
    for (step, action) in judge.ungated() {
        if let AwsAction::Elb(ElbAction::RegisterTargets { targets, .. }) = action {
            count += targets.len();
            coming.push(step);
        }
    }
    let mut breaches = Vec::new();
    for (step, action) in judge.ungated() {
        let AwsAction::Elb(ElbAction::DeregisterTargets { targets, .. }) = action else { continue };
        let makes_room = count > stack.room();
        let is_bound = |other: &&Step| {
            judge.is_before(other.id, step) || (makes_room && judge.is_before(step.id, other))
        };
        let is_free = !coming.iter().all(is_bound);
        if is_free && targets.iter().any(|target| healthy.contains(target)) {
            let why = "healthy targets go whatever becomes of those that take their place";
            breaches.push(Breach { step: step.id, why: why.to_owned() });
        }
    }
    breaches
}

/// Judges the plan of the certificate of a TLS Secret.
#[must_use]
pub fn certificate(plan: &Plan, stack: &CertificateStack) -> Vec<Breach> {
    deleted_in_use(plan, stack.listening.as_deref())
}

/// Judges the plan of a certificate that ACM is asked for.
#[must_use]
pub fn request(plan: &Plan, stack: &RequestStack) -> Vec<Breach> {
    deleted_in_use(plan, stack.listening.as_deref())
}

/// Certificates stand for as long as a listener may use them.
fn deleted_in_use(plan: &Plan, listening: Option<&BTreeMap<AwsId, usize>>) -> Vec<Breach> {
    let judge = Judge { plan };
    let is_used = |id: &AwsId| listening.is_none_or(|used| used.contains_key(id));
    let breaches = judge.ungated().filter_map(|(step, action)| match action {
        AwsAction::Acm(AcmAction::DeleteCertificate { id }) if is_used(id) => {
            Some(Breach { step: step.id, why: format!("a listener may still use {id}") })
        }
        _ => None,
    });
    breaches.collect()
}

/// Names lead to a load balancer until they were seen to leave it.
fn still_named(
    stack: &BalancerStack,
    id: &AwsId,
    load_balancers: &[&LiveLoadBalancer],
) -> Option<String> {
    let live = load_balancers.iter().find(|live| live.live.id == *id)?;
    let name = AwsId::new(live.dns_name.to_lowercase());
    let is_free = stack.named.as_ref().is_some_and(|named| !named.contains_key(&name));
    (!is_free).then(|| format!("names may still lead to {id}"))
}

/// The load balancer that a listener is on, and its port.
fn owner<'l>(id: &AwsId, load_balancers: &[&'l LiveLoadBalancer]) -> Option<(&'l AwsId, u16)> {
    load_balancers.iter().find_map(|live| {
        let listener = live.listeners.iter().find(|listener| listener.live.id == *id)?;
        Some((&live.live.id, listener.port))
    })
}

struct Judge<'a> {
    plan: &'a Plan,
}

impl<'a> Judge<'a> {
    /// The calls to AWS that nothing but other steps holds up.
    fn ungated(&self) -> impl Iterator<Item = (&'a Step, &'a AwsAction)> {
        let steps = self.plan.steps.iter().filter(|step| step.gate.is_none());
        steps.filter_map(|step| match &step.action {
            Action::Aws(action) => Some((step, action)),
            Action::Kube(_) => None,
        })
    }

    /// All steps without which one is held back.
    fn before(&self, step: &Step) -> BTreeSet<StepId> {
        let mut before = BTreeSet::new();
        let mut next = step.after.clone();
        while let Some(id) = next.pop() {
            if before.insert(id)
                && let Some(step) = self.plan.steps.get(id.0)
            {
                next.extend(&step.after);
            }
        }
        before
    }

    /// The calls to AWS without which a step is held back.
    fn calls_before(&self, step: &Step) -> Vec<&'a AwsAction> {
        let before = self.before(step);
        let steps = self.plan.steps.iter().filter(|step| before.contains(&step.id));
        let calls = steps.filter_map(|step| match &step.action {
            Action::Aws(action) => Some(action),
            Action::Kube(_) => None,
        });
        calls.collect()
    }

    fn is_before(&self, first: StepId, then: &Step) -> bool {
        self.before(then).contains(&first)
    }

    fn target_group(
        &self,
        step: &Step,
        id: &AwsId,
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let calls = self.calls_before(step);
        let is_done = |is_it: &dyn Fn(&AwsAction) -> bool| calls.iter().any(|call| is_it(call));
        let goes = |live: &LiveLoadBalancer| {
            let own = &live.live.id;
            is_done(&|call| match call {
                AwsAction::Elb(ElbAction::DeleteLoadBalancer { id }) => id == own,
                _ => false,
            })
        };
        let holds = |listener: &LiveListener| {
            let own = &listener.live.id;
            let leaves = |call: &AwsAction| match call {
                AwsAction::Elb(ElbAction::DeleteListener { id }) => id == own,
                AwsAction::Elb(ElbAction::ModifyListener { id: of, spec, .. }) => {
                    of == own && !spec.default_actions.iter().any(|action| action.leads_to(id))
                }
                _ => false,
            };
            listener.live.spec.default_actions.iter().any(|action| action.leads_to(id))
                && !is_done(&leaves)
        };
        let keeps = |listener: &AwsId, rule: &LiveRule| {
            let leaves = |call: &AwsAction| match call {
                AwsAction::Elb(ElbAction::DeleteListener { id }) => id == listener,
                AwsAction::Elb(ElbAction::DeleteRule { id }) => *id == rule.id,
                AwsAction::Elb(ElbAction::ModifyRule { id: of, spec }) => {
                    *of == rule.id && !spec.actions.iter().any(|action| action.leads_to(id))
                }
                _ => false,
            };
            rule.rule.actions.iter().any(|action| action.leads_to(id)) && !is_done(&leaves)
        };
        let staying = load_balancers.iter().filter(|live| !goes(live));
        let mut listeners = staying.flat_map(|live| live.listeners.iter());
        let holder = listeners.find_map(|listener| {
            let own = &listener.live.id;
            let rule = listener.rules.iter().find(|rule| keeps(own, rule)).map(|rule| &rule.id);
            rule.or_else(|| holds(listener).then_some(own))
        });
        holder.map(|holder| format!("{holder} may still lead to target group {id}"))
    }

    /// AWS keeps what is the target of a network load balancer.
    fn target(
        &self,
        step: &Step,
        inventory: &BalancerInventory,
        (id, port): (&AwsId, Option<u16>),
    ) -> Option<String> {
        let is_it = |target: &Target| {
            target.id == id.as_str() && port.is_none_or(|port| port == target.port)
        };
        let releasing = frontend_nlb::releasing(&self.plan.steps, inventory, id, port);
        let before = self.before(step);
        let holder = inventory.frontend_nlb_groups.iter().find(|group| {
            let targets = inventory.targets.get(&group.live.id).into_iter().flat_map(Known::iter);
            let mut targets = targets.filter(|live| live.state != TargetState::Draining);
            targets.any(|live| is_it(&live.target))
        })?;
        let is_free = releasing.is_empty() || releasing.iter().any(|step| !before.contains(step));
        is_free.then(|| format!("{id} may still be a target in {}", holder.live.id))
    }

    fn carried(
        &self,
        step: &Step,
        id: &AwsId,
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let calls = self.calls_before(step);
        let carries = |groups: &[Id]| groups.iter().any(|group| group.given() == Some(id));
        let lets_go = |live: &LiveLoadBalancer, call: &AwsAction| match call {
            AwsAction::Elb(ElbAction::DeleteLoadBalancer { id }) => *id == live.live.id,
            AwsAction::Elb(ElbAction::SetSecurityGroups { load_balancer, security_groups }) => {
                *load_balancer == live.live.id && !carries(security_groups)
            }
            _ => false,
        };
        let holder = load_balancers.iter().find(|live| {
            carries(&live.live.spec.security_groups)
                && !calls.iter().any(|call| lets_go(live, call))
        });
        holder.map(|live| format!("{} may still carry security group {id}", live.live.id))
    }

    /// Every authorisation of the same group comes before a revocation, or makes use of its room;
    /// then other rules for the same ports are there.
    fn revoked(
        &self,
        step: &Step,
        group: &Id,
        rules: &BTreeSet<IngressRule>,
        mut standing: BTreeSet<IngressRule>,
    ) -> Option<String> {
        let mut makes_room = false;
        for (other, action) in self.ungated() {
            match action {
                AwsAction::Ec2(Ec2Action::AuthorizeIngress { group: of, rules, .. })
                    if of == group =>
                {
                    if self.is_before(other.id, step) {
                        standing.extend(rules.iter().cloned());
                    } else if self.is_before(step.id, other) {
                        makes_room = true;
                    } else {
                        return Some(format!(
                            "{group} loses rules whatever becomes of its new ones"
                        ));
                    }
                }
                AwsAction::Ec2(Ec2Action::RevokeIngress { group: of, rules, .. })
                    if of == group && self.is_before(other.id, step) =>
                {
                    standing.retain(|rule| !rules.contains(rule));
                }
                _ => {}
            }
        }
        standing.retain(|rule| !rules.contains(rule));
        let is_last = |rule: &&IngressRule| !standing.iter().any(|other| shares_ports(other, rule));
        let last = rules.iter().find(|rule| makes_room && is_last(rule))?;
        Some(format!("{group} loses its last rule for {last} before there is another"))
    }

    fn rule(
        &self,
        step: &Step,
        id: &AwsId,
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let mut listeners = load_balancers.iter().flat_map(|live| live.listeners.iter());
        let (listener, rule) = listeners.find_map(|listener| {
            let rule = listener.rules.iter().find(|rule| rule.id == *id)?;
            Some((listener, rule))
        })?;
        let takers = takers_of_rule(&self.plan.steps, listener, rule);
        self.is_free_of(step, &takers)
            .then(|| format!("rule {id} goes whatever becomes of those that take its requests"))
    }

    fn listener(
        &self,
        step: &Step,
        id: &AwsId,
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let mut listeners = load_balancers.iter().flat_map(|live| live.listeners.iter());
        let listener = listeners.find(|listener| listener.live.id == *id)?;
        let takers = takers_of_listener(&self.plan.steps, listener);
        self.is_free_of(step, &takers)
            .then(|| format!("listener {id} goes whatever becomes of those that take its requests"))
    }

    /// Whether a removal and one of the steps that take over from it go on without each other.
    fn is_free_of(&self, step: &Step, takers: &[StepId]) -> bool {
        let before = self.before(step);
        let is_free = |taker: &StepId| {
            let other = self.plan.steps.get(taker.0);
            !before.contains(taker) && !other.is_some_and(|other| self.is_before(step.id, other))
        };
        takers.iter().any(is_free)
    }

    /// A default certificate is changed, never removed.
    fn certificate(
        &self,
        step: &Step,
        (listener, certificate): (&AwsId, &AwsId),
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let mut listeners = load_balancers.iter().flat_map(|live| live.listeners.iter());
        let live = listeners.find(|live| live.live.id == *listener)?;
        let is_it = |id: &Option<Id>| id.as_ref().and_then(Id::given) == Some(certificate);
        let changes = |call: &AwsAction| match call {
            AwsAction::Elb(ElbAction::ModifyListener { id, spec, .. }) => {
                id == listener && !is_it(&spec.default_certificate)
            }
            _ => false,
        };
        let is_needed = is_it(&live.live.spec.default_certificate)
            && !self.calls_before(step).into_iter().any(changes);
        is_needed.then(|| format!("{certificate} may still be the default of {listener}"))
    }
}
