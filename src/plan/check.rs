//! What a plan must never do, whoever made it: judged by what stood when it was made.
//!
//! A step may be refused while others go on, so what counts is not in which order steps are listed
//! but which ones wait for which. Steps behind a gate are left out: they are not taken before they
//! are planned anew.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{
    BalancerInventory, FabricInventory, LiveListener, LiveLoadBalancer, LiveRule,
};
use crate::model::plan::{Plan, Step, StepId, WaitKey};
use crate::model::rule::{Rule, RuleAction, actions_satisfy};
use crate::model::security::IngressRule;

use super::exchange::shares_ports;

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
pub fn balancer(plan: &Plan, inventory: &BalancerInventory) -> Vec<Breach> {
    let all = inventory.load_balancers.iter();
    let load_balancers: Vec<&LiveLoadBalancer> = all.collect();
    let groups = inventory.security_groups.iter();
    let groups: Vec<_> = groups.collect();
    let judge = Judge { plan };
    let mut breaches = Vec::new();
    for (step, action) in judge.ungated() {
        let why = match action {
            AwsAction::DeleteTargetGroup { id } => judge.target_group(step, id, &load_balancers),
            AwsAction::DeleteSecurityGroup { id } => judge.carried(step, id, &load_balancers),
            AwsAction::RevokeIngress { group, rules, .. } => {
                let standing = groups.iter().find(|live| group.given() == Some(&live.id));
                let standing = standing.map(|live| live.spec.ingress.clone());
                judge.revoked(step, group, rules, standing.unwrap_or_default())
            }
            AwsAction::DeleteRule { id } => judge.rule(step, id, &load_balancers),
            AwsAction::DeleteListener { id } => judge.listener(step, id, &load_balancers),
            AwsAction::RemoveListenerCertificate { listener, certificate } => {
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
            AwsAction::RevokeIngress { group, rules, .. } => {
                let ours = inventory.endpoint_rules.value();
                let standing = group.given().and_then(|id| ours?.get(id));
                judge.revoked(step, group, rules, standing.cloned().unwrap_or_default())
            }
            AwsAction::DeleteSecurityGroup { .. } if inventory.is_carried => {
                Some("a load balancer carries the security group".to_owned())
            }
            _ => None,
        };
        breaches.extend(why.map(|why| Breach { step: step.id, why }));
    }
    breaches
}

/// The steps that make a rule's requests some other rule's: of the same listener, or for the same
/// hosts and paths at another port, to which clients are sent from here.
#[must_use]
pub fn takers_of_rule(steps: &[Step], listener: &LiveListener, rule: &LiveRule) -> Vec<StepId> {
    let on_listener =
        |id: &AwsId| *id != rule.id && listener.rules.iter().any(|other| other.id == *id);
    let takers = steps.iter().filter(|step| {
        let spec = match &step.action {
            Action::Aws(AwsAction::CreateRule { listener: on, spec, .. }) => {
                (on.given() == Some(&listener.live.id)).then_some(spec)
            }
            Action::Aws(AwsAction::ModifyRule { id, spec }) => on_listener(id).then_some(spec),
            Action::Aws(_) | Action::Kube(_) => None,
        };
        is_now(step) && spec.is_some_and(|spec| spec.shares_requests_with(&rule.rule))
    });
    let mut takers: BTreeSet<StepId> = takers.map(|step| step.id).collect();
    takers.extend(takers_elsewhere(steps, listener, &[rule], &[]));
    takers.into_iter().collect()
}

/// The steps that make a listener's requests those of listeners at other ports: the rules for the
/// same hosts and paths, or the same default action; then also the certificates of listeners that
/// are made for them, and whom the load balancer lets in there.
#[must_use]
pub fn takers_of_listener(steps: &[Step], gone: &LiveListener) -> Vec<StepId> {
    let rules: Vec<&LiveRule> = gone.rules.iter().collect();
    takers_elsewhere(steps, gone, &rules, &gone.live.spec.default_actions).into_iter().collect()
}

/// Those for some rules of a listener, and for default actions of it that forward requests.
fn takers_elsewhere(
    steps: &[Step],
    gone: &LiveListener,
    rules: &[&LiveRule],
    default: &[RuleAction],
) -> BTreeSet<StepId> {
    let is_alike = |spec: &Rule| rules.iter().any(|live| spec.is_for_what(&live.rule));
    let own = |id: &AwsId| gone.rules.iter().any(|live| live.id == *id);
    let forwards = default.iter().any(|action| !action.target_groups().is_empty());
    let mut takers = BTreeSet::new();
    let mut listeners = BTreeSet::new();
    for step in steps.iter().filter(|step| is_now(step)) {
        match &step.action {
            Action::Aws(AwsAction::CreateRule { listener, spec, .. })
                if is_alike(spec) && listener.given() != Some(&gone.live.id) =>
            {
                takers.insert(step.id);
                listeners.insert(listener);
            }
            Action::Aws(AwsAction::ModifyRule { id, spec }) if !own(id) && is_alike(spec) => {
                takers.insert(step.id);
            }
            Action::Aws(AwsAction::CreateListener { spec, .. })
                if forwards && actions_satisfy(&spec.default_actions, default) =>
            {
                takers.insert(step.id);
            }
            Action::Aws(_) | Action::Kube(_) => {}
        }
    }
    let serves_them = |action: &Action| match action {
        Action::Aws(AwsAction::AddListenerCertificate { listener, .. }) => {
            matches!(listener, Id::Of(_)) && listeners.contains(listener)
        }
        Action::Aws(AwsAction::AuthorizeIngress { .. }) => true,
        Action::Aws(_) | Action::Kube(_) => false,
    };
    if !takers.is_empty() {
        let serving = steps.iter().filter(|step| serves_them(&step.action));
        takers.extend(serving.map(|step| step.id));
    }
    takers
}

/// The steps that make listeners, with what these need: whoever sends clients to another port comes
/// after them.
#[must_use]
pub fn makers_of_listeners(steps: &[Step]) -> Vec<StepId> {
    let makes = |action: &Action| match action {
        Action::Aws(AwsAction::CreateListener { .. }) => true,
        Action::Aws(
            AwsAction::CreateRule { listener, .. }
            | AwsAction::AddListenerCertificate { listener, .. },
        ) => matches!(listener, Id::Of(_)),
        Action::Aws(_) | Action::Kube(_) => false,
    };
    steps.iter().filter(|step| is_now(step) && makes(&step.action)).map(|step| step.id).collect()
}

/// Whether a step belongs to the first of two stages, where one thing takes another's place in two.
fn is_now(step: &Step) -> bool {
    !step.gate.as_ref().is_some_and(WaitKey::is_replacement)
}

fn lead_to(actions: &[RuleAction], target_group: &AwsId) -> bool {
    let groups = actions.iter().flat_map(RuleAction::target_groups);
    groups.into_iter().any(|weighted| weighted.group.given() == Some(target_group))
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
            is_done(&|call| matches!(call, AwsAction::DeleteLoadBalancer { id } if id == own))
        };
        let holds = |listener: &LiveListener| {
            let own = &listener.live.id;
            let leaves = |call: &AwsAction| match call {
                AwsAction::DeleteListener { id } => id == own,
                AwsAction::ModifyListener { id: of, spec, .. } => {
                    of == own && !lead_to(&spec.default_actions, id)
                }
                _ => false,
            };
            lead_to(&listener.live.spec.default_actions, id) && !is_done(&leaves)
        };
        let keeps = |listener: &AwsId, rule: &LiveRule| {
            let leaves = |call: &AwsAction| match call {
                AwsAction::DeleteListener { id } => id == listener,
                AwsAction::DeleteRule { id } => *id == rule.id,
                AwsAction::ModifyRule { id: of, spec } => {
                    *of == rule.id && !lead_to(&spec.actions, id)
                }
                _ => false,
            };
            lead_to(&rule.rule.actions, id) && !is_done(&leaves)
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

    fn carried(
        &self,
        step: &Step,
        id: &AwsId,
        load_balancers: &[&LiveLoadBalancer],
    ) -> Option<String> {
        let calls = self.calls_before(step);
        let carries = |groups: &[Id]| groups.iter().any(|group| group.given() == Some(id));
        let lets_go = |live: &LiveLoadBalancer, call: &AwsAction| match call {
            AwsAction::DeleteLoadBalancer { id } => *id == live.live.id,
            AwsAction::SetSecurityGroups { load_balancer, security_groups } => {
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
                AwsAction::AuthorizeIngress { group: of, rules, .. } if of == group => {
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
                AwsAction::RevokeIngress { group: of, rules, .. }
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
            AwsAction::ModifyListener { id, spec, .. } => {
                id == listener && !is_it(&spec.default_certificate)
            }
            _ => false,
        };
        let is_needed = is_it(&live.live.spec.default_certificate)
            && !self.calls_before(step).into_iter().any(changes);
        is_needed.then(|| format!("{certificate} may still be the default of {listener}"))
    }
}
