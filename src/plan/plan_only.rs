//! What members would have changed of whom only the plan is asked for: what a plan that makes their
//! changes does besides the one that does not. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, KubeAction};
use crate::model::fact::Names;
use crate::model::marks::ANNOTATION_PLAN_ONLY;
use crate::model::names;
use crate::model::plan::{Plan, Step};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::source::Source;
use crate::model::stack::BalancerStack;
use crate::model::subject::Subject;

use super::wire;

/// What becomes of who is only planned.
const MEANWHILE: &str = "what stands of it stays, and nothing of that is done";

/// What a group comes to, with and without the changes of a member.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The names that should lead to the group's load balancer.
    pub names: &'a Names,
    /// What is wrong with whom.
    pub problems: &'a [Problem],
}

/// What a member would have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOnly {
    /// The member.
    pub member: Source,
    /// The group's balancer.
    pub subject: Subject,
    /// The hash of the steps and of the names: others have another one.
    pub hash: String,
    /// The steps, and the names as notes.
    pub plan: Plan,
    /// What is wrong with the member, so that it would change nothing.
    pub obstacle: Option<Problem>,
}

impl PlannedOnly {
    /// What `freed` does besides `held`.
    #[must_use]
    pub fn of(subject: &Subject, member: &Source, held: Side<'_>, freed: Side<'_>) -> Self {
        let known: BTreeSet<String> = held.plan.steps.iter().map(spelled).collect();
        let mut plan = freed.plan.clone();
        plan.leave_out(|step| is_note(step) || known.contains(&spelled(step)));
        plan.notes = names_between(held.names, freed.names);
        plan.refusals.retain(|refusal| !held.plan.refusals.contains(refusal));
        plan.waits.clear();
        let told = plan.steps.iter().map(spelled).chain(plan.notes.iter().cloned());
        let told: BTreeSet<String> = told.collect();
        let object = ObjectRef::of(member);
        let is_obstacle =
            |problem: &&Problem| problem.object == object && problem.severity == Severity::Error;
        Self {
            member: member.clone(),
            subject: subject.clone(),
            hash: names::token(subject, told.into_iter()),
            obstacle: freed.problems.iter().find(is_obstacle).cloned(),
            plan,
        }
    }

    /// Whether there is anything to say: of a member that goes to another group, and that this one
    /// keeps until then, that one says what changes.
    #[must_use]
    pub fn is_news(&self, stack: &BalancerStack) -> bool {
        let changes = !self.plan.is_empty() || !self.plan.notes.is_empty();
        changes || !stack.staying.contains(&self.member)
    }

    /// What the member is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let found = match &self.obstacle {
            Some(Problem { code, field, .. }) => {
                format!("true; without it nothing would change either: {code}: {field}")
            }
            None => format!("true; its plan {} is {}", self.hash, self.counted()),
        };
        said(&self.member, found)
    }

    /// How many steps of which kinds there are, and which names come and go.
    fn counted(&self) -> String {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for step in &self.plan.steps {
            *counts.entry(step.action.operation()).or_default() += 1;
        }
        let counts = counts.iter();
        let counts = counts.map(|((service, name), count)| format!("{count} {service}.{name}"));
        let all: Vec<String> = counts.chain(self.plan.notes.iter().cloned()).collect();
        if all.is_empty() { "that nothing changes".to_owned() } else { all.join(", ") }
    }
}

/// What a member is told whose plan is not worked out beside those of many others.
#[must_use]
pub fn one_of_many(member: &Source) -> Problem {
    said(
        member,
        "true, as of many of its group, whose plans are not all worked out here".to_owned(),
    )
}

fn said(member: &Source, found: String) -> Problem {
    Problem {
        code: Code::PlanOnly,
        severity: Severity::Note,
        object: ObjectRef::of(member),
        field: format!("annotation {ANNOTATION_PLAN_ONLY}"),
        found,
        allowed: "no such annotation, and it is done; `albedo plan` shows each step".to_owned(),
        meanwhile: MEANWHILE.to_owned(),
    }
}

/// Whether a step only writes down what is known already.
fn is_note(step: &Step) -> bool {
    matches!(step.action, Action::Kube(KubeAction::Remember { .. }))
}

fn spelled(step: &Step) -> String {
    let (service, operation) = step.action.operation();
    format!("{service}.{operation} {}", wire::parameters(&step.action))
}

/// Which names come, go, or are something else.
fn names_between(held: &Names, freed: &Names) -> Vec<String> {
    let all: BTreeSet<&String> = held.wished.keys().chain(freed.wished.keys()).collect();
    let each = all.into_iter().filter_map(|name| {
        let what = match (held.wished.get(name), freed.wished.get(name)) {
            (None, Some(_)) => "comes",
            (Some(_), None) => "goes",
            (before, after) if before != after => "changes",
            _ => return None,
        };
        Some(format!("the name {name} {what}"))
    });
    each.collect()
}
