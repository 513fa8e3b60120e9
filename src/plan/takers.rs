//! Who takes the requests of what goes: it goes after them.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, Ec2Action, ElbAction};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::plan::{Step, StepId, WaitKey};
use crate::model::rule::{Rule, RuleAction, actions_satisfy};

/// The steps that make a rule's requests some other rule's: of the same listener, or for the same
/// hosts and paths at another port, to which clients are sent from here.
#[must_use]
pub fn takers_of_rule(steps: &[Step], listener: &LiveListener, rule: &LiveRule) -> Vec<StepId> {
    let on_listener =
        |id: &AwsId| *id != rule.id && listener.rules.iter().any(|other| other.id == *id);
    let takers = steps.iter().filter(|step| {
        let spec = match &step.action {
            Action::Aws(AwsAction::Elb(ElbAction::CreateRule { listener: on, spec, .. })) => {
                (on.given() == Some(&listener.live.id)).then_some(spec)
            }
            Action::Aws(AwsAction::Elb(ElbAction::ModifyRule { id, spec })) => {
                on_listener(id).then_some(spec)
            }
            Action::Aws(_) | Action::Kube(_) => None,
        };
        is_now(step) && spec.is_some_and(|spec| spec.overlaps(&rule.rule))
    });
    let mut takers: BTreeSet<StepId> = takers.map(|step| step.id).collect();
    takers.extend(takers_elsewhere(steps, listener, &[rule], &[]));
    takers.into_iter().collect()
}

/// Rules that give up their requests for what they do from now on, each after those of them that
/// take these: what it is for, what it does from now on, and what it did.
#[must_use]
pub fn in_turn<T>(mut left: Vec<(T, Rule, &LiveRule)>) -> Vec<(T, &LiveRule)> {
    let mut turns = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_free = |(_, _, one): &(T, Rule, &LiveRule)| {
            let mut others = left.iter().filter(|(_, _, other)| other.id != one.id);
            !others.any(|(_, now, _)| now.overlaps(&one.rule))
        };
        // Where all take from each other, some request is nobody's for a moment.
        let next = left.iter().position(is_free).unwrap_or(0);
        let (whose, _, rule) = left.remove(next);
        turns.push((whose, rule));
    }
    turns
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
            Action::Aws(AwsAction::Elb(ElbAction::CreateRule { listener, spec, .. }))
                if is_alike(spec) && listener.given() != Some(&gone.live.id) =>
            {
                takers.insert(step.id);
                listeners.insert(listener);
            }
            Action::Aws(AwsAction::Elb(ElbAction::ModifyRule { id, spec }))
                if !own(id) && is_alike(spec) =>
            {
                takers.insert(step.id);
            }
            Action::Aws(AwsAction::Elb(ElbAction::CreateListener { spec, .. }))
                if forwards && actions_satisfy(&spec.default_actions, default) =>
            {
                takers.insert(step.id);
            }
            Action::Aws(_) | Action::Kube(_) => {}
        }
    }
    let serves_them = |action: &Action| match action {
        Action::Aws(AwsAction::Elb(ElbAction::AddListenerCertificate { listener, .. })) => {
            matches!(listener, Id::Of(_)) && listeners.contains(listener)
        }
        Action::Aws(AwsAction::Ec2(Ec2Action::AuthorizeIngress { .. })) => true,
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
        Action::Aws(AwsAction::Elb(ElbAction::CreateListener { .. })) => true,
        Action::Aws(AwsAction::Elb(
            ElbAction::CreateRule { listener, .. }
            | ElbAction::AddListenerCertificate { listener, .. },
        )) => matches!(listener, Id::Of(_)),
        Action::Aws(_) | Action::Kube(_) => false,
    };
    steps.iter().filter(|step| is_now(step) && makes(&step.action)).map(|step| step.id).collect()
}

/// Whether a step belongs to the first of two stages, where one thing takes another's place in two.
fn is_now(step: &Step) -> bool {
    !step.gate.as_ref().is_some_and(WaitKey::is_replacement)
}
