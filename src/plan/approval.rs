//! Removals that wait for a person: a class has it that what goes out of service for its Ingresses
//! goes once somebody has said the hash of just these removals. Pure.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, LiveRule};
use crate::model::marks::{ANNOTATION_ACCEPT_REMOVALS, TRACKING_TAGS};
use crate::model::names;
use crate::model::plan::{Plan, Reason, Step, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::source::Source;
use crate::model::stack::BalancerStack;
use crate::model::subject::Subject;

use super::{brakes, wire};

/// What a plan takes out of service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    /// Load balancers, listeners, target groups and bindings, by the calls that take them away.
    pub things: BTreeSet<String>,
    /// Rules that go, and those that something else is made of.
    pub rules: BTreeSet<AwsId>,
}

impl Removals {
    /// The removals of a plan, also those that are still behind another gate.
    #[must_use]
    pub fn of(plan: &Plan, inventory: &BalancerInventory) -> Self {
        let things = plan.steps.iter().filter(|step| is_removal(step)).map(|step| {
            let (service, operation) = step.action.operation();
            format!("{service}.{operation} {}", wire::parameters(&step.action))
        });
        let rules = plan.steps.iter().filter_map(|step| rule_that_goes(step, inventory));
        Self { things: things.collect(), rules: rules.cloned().collect() }
    }

    /// All of them as texts, in an order that does not depend on the plan's.
    #[must_use]
    pub fn texts(&self) -> BTreeSet<String> {
        let rules = self.rules.iter().map(|id| format!("rule {id}"));
        self.things.iter().cloned().chain(rules).collect()
    }
}

/// What a person says who wants just these to go: others have another hash.
#[must_use]
pub fn hash(subject: &Subject, removals: &Removals) -> String {
    names::token(subject, removals.texts().into_iter())
}

/// Lets rules that would go stay among those that are wished for, each where it stands.
pub fn keep(stack: &mut BalancerStack, inventory: &BalancerInventory, removals: &Removals) {
    let Some(front) = &mut stack.front else { return };
    let listeners = inventory.load_balancers.iter().flat_map(|live| live.listeners.iter());
    for listener in listeners {
        let Some(wished) = front.listeners.get_mut(&listener.port) else { continue };
        let mut place = wished.answers;
        for live in &listener.rules {
            let same = wished.rules.iter().position(|(rule, _)| rule.is_for_what(&live.rule));
            if let Some(same) = same {
                place = place.max(same + 1);
            } else if removals.rules.contains(&live.id) {
                let tags = live.tags.iter();
                let tags = tags.filter(|(key, _)| !TRACKING_TAGS.contains(&key.as_str()));
                let tags = tags.map(|(key, value)| (key.clone(), value.clone())).collect();
                wished.rules.insert(place, (live.rule.clone(), tags));
                place += 1;
            }
        }
    }
}

/// Holds removals in a plan that keeps their rules until a person has said their hash, and tells a
/// member of the group.
pub fn hold(plan: &mut Plan, removals: &Removals, hash: &str, told: Option<&Source>) {
    let gate = || Some(WaitKey::Approved(hash.to_owned()));
    for id in &removals.rules {
        let action = AwsAction::Elb(ElbAction::DeleteRule { id: id.clone() });
        plan.push(Action::Aws(action), Reason::Unwanted, Vec::new());
    }
    let mut removed = Vec::new();
    for step in plan.steps.iter_mut().filter(|step| is_removal(step) || deletes_rule(step)) {
        step.gate = step.gate.take().or_else(gate);
        removed.push(wire::what(&step.action));
    }
    plan.refusals.extend(told.map(|member| Problem {
        code: Code::RemovalsUnapproved,
        severity: Severity::Warning,
        object: ObjectRef::of(member),
        field: "removals".to_owned(),
        found: format!("{} ({})", removed.len(), brakes::list(removed.iter())),
        allowed: format!(
            "what a person has approved: the annotation {ANNOTATION_ACCEPT_REMOVALS}: {hash} on \
             an IngressClass"
        ),
        meanwhile: "all of it stays, with its names; everything else is done".to_owned(),
    }));
}

/// The hash that the removals of a plan wait for.
#[must_use]
pub fn awaited(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.gate {
        Some(WaitKey::Approved(hash)) => Some(hash.as_str()),
        _ => None,
    })
}

fn is_removal(step: &Step) -> bool {
    matches!(
        step.action,
        Action::Aws(AwsAction::Elb(
            ElbAction::DeleteLoadBalancer { .. }
                | ElbAction::DeleteListener { .. }
                | ElbAction::DeleteTargetGroup { .. }
        )) | Action::Kube(KubeAction::Unbind { .. })
    )
}

fn deletes_rule(step: &Step) -> bool {
    matches!(step.action, Action::Aws(AwsAction::Elb(ElbAction::DeleteRule { .. })))
}

/// The rule that a step takes away, or makes one for other requests of.
fn rule_that_goes<'a>(step: &'a Step, inventory: &BalancerInventory) -> Option<&'a AwsId> {
    let Action::Aws(AwsAction::Elb(action)) = &step.action else { return None };
    match action {
        ElbAction::DeleteRule { id } => Some(id),
        ElbAction::ModifyRule { id, spec } => {
            let listeners = inventory.load_balancers.iter().flat_map(|live| live.listeners.iter());
            let mut rules = listeners.flat_map(|listener| &listener.rules);
            let live: Option<&LiveRule> = rules.find(|live| live.id == *id);
            live.is_some_and(|live| !spec.is_for_what(&live.rule)).then_some(id)
        }
        _ => None,
    }
}
