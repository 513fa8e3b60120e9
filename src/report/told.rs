//! What people have been told already: an Event is sent when it says something new, and to nobody
//! else.

use std::collections::{BTreeMap, BTreeSet};

use super::owner::{owner, without_arns};
use crate::model::id::ObjectKey;
use crate::model::line::excerpt;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::Plan;
use crate::model::problem::{Kind, ObjectRef, Problem, Severity};
use crate::model::report::Event;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

/// The reason of the Event that says all is well (LBC's).
const REASON_DONE: &str = "SuccessfullyReconciled";
/// The reason of the Event that says AWS or the API server refused a step (LBC's).
const REASON_REFUSED: &str = "FailedDeployModel";

/// The reason of the Event that says AWS refused to let load balancers in (LBC's).
const REASON_NETWORK: &str = "FailedNetworkReconcile";

/// How many things an object is told in one visit; of more, how many there are.
const MESSAGES_MAX: usize = 10;
/// How many bytes a message shows of the place, and of what was found and what is allowed there.
/// All of it fits an Event, and what people wrote does not push out what helps them.
const PLACE_LENGTH_MAX: usize = 160;
const FOUND_LENGTH_MAX: usize = 320;
/// How many bytes a message shows of what AWS says.
const ANSWER_LENGTH_MAX: usize = 800;

/// What EC2 ends a refusal of rights with: a text that is another one each time, and so would be
/// news each time. Whoever can decode it finds it in the log.
const ENCODED: &str = "Encoded authorization failure message";

/// What people have been told already about the members of one group.
#[derive(Debug, Default)]
pub struct Told {
    by_object: BTreeMap<ObjectRef, BTreeSet<Said>>,
    /// Members whose wishes have changed and are not carried out yet.
    pending: BTreeSet<Source>,
    /// What went wrong because our knowledge was old. If it goes wrong again after a fresh look,
    /// such as a name that somebody else's load balancer has, a person has to know.
    stale: BTreeSet<String>,
}

/// What an object has been told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What it means for the object.
    pub severity: Severity,
    /// The reason of the Event, which `docs/errors.md` explains.
    pub reason: String,
    /// Its message.
    pub text: String,
}

/// What a visit did.
#[derive(Clone, Copy, Debug)]
pub struct Done<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What came of its steps.
    pub outcomes: &'a [Outcome],
    /// The members whose wishes had changed.
    pub changed: &'a [Source],
}

/// A message about an object.
pub(super) struct Message {
    object: ObjectRef,
    severity: Severity,
    pub(super) reason: String,
    pub(super) text: String,
}

impl Told {
    /// The Events that say something new about the members of a group and what they name.
    pub fn events(
        &mut self,
        objects: &Objects,
        stack: &BalancerStack,
        problems: &[Problem],
        done: &Done<'_>,
    ) -> Vec<Event> {
        let of_problems = problems.iter().chain(&done.plan.refusals).map(of_problem);
        let mut messages: Vec<Message> = of_problems.collect();
        messages.extend(refused(stack, done, &self.stale));
        self.stale = texts(done, Trouble::Stale).cloned().collect();
        let mut current: BTreeMap<ObjectRef, BTreeSet<Said>> = BTreeMap::new();
        for member in &stack.active {
            current.entry(ObjectRef::of(member)).or_default();
        }
        let mut events = self.news(objects, current, messages);
        events.extend(self.carried_out(objects, done));
        events
    }

    /// What was told last, and is still so.
    pub fn said(&self) -> impl Iterator<Item = (&ObjectRef, &Said)> {
        let each = self.by_object.iter();
        each.flat_map(|(object, all)| all.iter().map(move |said| (object, said)))
    }

    /// What an object was told last, and is still so.
    pub fn said_of(&self, object: &ObjectRef) -> impl Iterator<Item = &Said> {
        self.by_object.get(object).into_iter().flatten()
    }

    /// The Events that say something new about whoever has a problem.
    pub fn problems(&mut self, objects: &Objects, problems: &[Problem]) -> Vec<Event> {
        self.news(objects, BTreeMap::new(), problems.iter().map(of_problem).collect())
    }

    /// The Events that say something new about bindings whose targets no load balancer reaches: AWS
    /// has refused what lets it in, or there is nothing to open.
    pub fn unreached(
        &mut self,
        objects: &Objects,
        refused: impl IntoIterator<Item = (ObjectKey, String)>,
        problems: &[Problem],
    ) -> Vec<Event> {
        let messages = refused.into_iter().map(|(key, answer)| Message {
            object: ObjectRef { kind: Kind::TargetGroupBinding, key },
            severity: Severity::Error,
            reason: REASON_NETWORK.to_owned(),
            text: format!(
                "{}; what load balancers reached before they still reach, and it is tried again",
                excerpt(&without_arns(without_code(&answer)), ANSWER_LENGTH_MAX)
            ),
        });
        let messages = messages.chain(problems.iter().map(of_problem));
        self.news(objects, BTreeMap::new(), messages.collect())
    }

    /// The Events that say what has not been said before; what is not said any more may be again.
    fn news(
        &mut self,
        objects: &Objects,
        mut current: BTreeMap<ObjectRef, BTreeSet<Said>>,
        messages: Vec<Message>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        for message in bounded(messages) {
            let Message { severity, reason, text, .. } = &message;
            let said = Said { severity: *severity, reason: reason.clone(), text: text.clone() };
            let before = self.by_object.get(&message.object);
            let is_new = before.is_none_or(|before| !before.contains(&said));
            current.entry(message.object.clone()).or_default().insert(said);
            if is_new {
                events.extend(event(objects, message));
            }
        }
        self.by_object = current;
        events
    }

    /// The Events that say that a change is carried out. A change that took no step, as after a
    /// restart, is no news.
    fn carried_out(&mut self, objects: &Objects, done: &Done<'_>) -> Vec<Event> {
        if !done.plan.is_empty() {
            self.pending.extend(done.changed.iter().cloned());
        }
        if !done.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))) {
            return Vec::new();
        }
        let carried_out = std::mem::take(&mut self.pending);
        let each = carried_out.into_iter().filter_map(|member| {
            let object = ObjectRef::of(&member);
            let text = "Successfully reconciled".to_owned();
            let reason = REASON_DONE.to_owned();
            event(objects, Message { object, severity: Severity::Note, reason, text })
        });
        each.collect()
    }
}

/// No more messages about one object than a person reads: the gravest, and how many there are
/// besides.
fn bounded(messages: Vec<Message>) -> Vec<Message> {
    let mut by_object: BTreeMap<ObjectRef, Vec<Message>> = BTreeMap::new();
    for message in messages {
        by_object.entry(message.object.clone()).or_default().push(message);
    }
    for messages in by_object.values_mut().filter(|messages| messages.len() > MESSAGES_MAX) {
        messages.sort_by_key(|message| message.severity);
        let left_out = messages.split_off(MESSAGES_MAX);
        let Some(gravest) = left_out.first() else { continue };
        let text = format!("and {} more, which `albedo plan` lists", left_out.len());
        messages.push(Message {
            object: gravest.object.clone(),
            severity: gravest.severity,
            reason: gravest.reason.clone(),
            text,
        });
    }
    by_object.into_values().flatten().collect()
}

/// What there is to say of a problem.
pub(super) fn of_problem(problem: &Problem) -> Message {
    let Problem { code, severity, object, field, found, allowed, meanwhile } = problem;
    let short = Problem {
        code: *code,
        severity: *severity,
        object: object.clone(),
        field: excerpt(field, PLACE_LENGTH_MAX).into_owned(),
        found: excerpt(found, FOUND_LENGTH_MAX).into_owned(),
        allowed: excerpt(allowed, FOUND_LENGTH_MAX).into_owned(),
        meanwhile: meanwhile.clone(),
    };
    Message {
        text: short.to_string(),
        object: short.object,
        severity: *severity,
        reason: code.to_string(),
    }
}

/// What was refused, told to those whom the step was for. Where that is nobody in particular, to
/// those whose wishes had changed, else to the first member, else to those that leave.
fn refused(stack: &BalancerStack, done: &Done<'_>, stale: &BTreeSet<String>) -> Vec<Message> {
    let anybody = match (done.changed, stack.active.get(..1)) {
        ([], None) => stack.leaving.as_slice(),
        ([], Some(first)) => first,
        (changed, _) => changed,
    };
    let count = stack.active.len() + stack.leaving.len();
    let mut said: BTreeSet<(Source, String)> = BTreeSet::new();
    for (step, outcome) in done.plan.steps.iter().zip(done.outcomes) {
        let text = match outcome {
            Outcome::Failed(Trouble::Refused, text) => without_code(text),
            Outcome::Failed(Trouble::Stale, text) if stale.contains(text) => text.as_str(),
            Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => continue,
        };
        match owner(stack, &step.action) {
            Some(owner) => {
                said.insert((owner, text.to_owned()));
            }
            None if count > 1 => {
                said.extend(anybody.iter().map(|member| (member.clone(), without_arns(text))));
            }
            None => said.extend(anybody.iter().map(|member| (member.clone(), text.to_owned()))),
        }
    }
    let each = said.into_iter().map(|(member, text)| Message {
        object: ObjectRef::of(&member),
        severity: Severity::Error,
        reason: REASON_REFUSED.to_owned(),
        text: format!(
            "{}; what does not depend on it is done, and it is tried again",
            excerpt(&text, ANSWER_LENGTH_MAX)
        ),
    });
    each.collect()
}

/// What AWS says, as far as it is the same each time.
fn without_code(text: &str) -> &str {
    text.split(ENCODED).next().unwrap_or_default().trim_end()
}

/// What went wrong in one way.
fn texts<'a>(done: &Done<'a>, kind: Trouble) -> impl Iterator<Item = &'a String> {
    done.outcomes.iter().filter_map(move |outcome| match outcome {
        Outcome::Failed(trouble, text) if *trouble == kind => Some(text),
        Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
    })
}

/// An Event, if its object is still there.
fn event(objects: &Objects, message: Message) -> Option<Event> {
    let key = &message.object.key;
    let uid = match message.object.kind {
        Kind::Ingress => objects.ingresses.get(key)?.metadata.uid.as_ref().map(ToString::to_string),
        Kind::Service => objects.services.get(key)?.uid.as_ref().map(ToString::to_string),
        Kind::IngressClass => {
            objects.classes.get(key.name.as_str())?.metadata.uid.as_ref().map(ToString::to_string)
        }
        Kind::TargetGroupBinding => Some(objects.bindings.get(key)?.uid.to_string()),
        Kind::IngressClassParams => None,
    };
    Some(Event {
        object: message.object,
        uid: uid?,
        severity: message.severity,
        reason: message.reason,
        message: message.text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_rights_is_the_same_text_each_time() {
        let refusal = |code: &str| {
            format!(
                "ec2.CreateTags: UnauthorizedOperation: You are not authorized. Encoded \
                     authorization failure message: {code}"
            )
        };
        let (one, other) = (refusal("abc"), refusal("xyz"));
        assert_eq!(without_code(&one), without_code(&other));
        assert!(without_code(&one).ends_with("You are not authorized."));
        assert_eq!(without_code("elbv2.CreateRule: no"), "elbv2.CreateRule: no");
    }
}
