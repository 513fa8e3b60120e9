//! What a visit has left undone: what is not as it is wished for, and why it still is so.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::line::excerpt;
use crate::model::outcome::Outcome;
use crate::model::plan::{Plan, Step};
use crate::plan::show;

/// How many steps are kept of a plan; of more, how many there are.
const STEPS_MAX: usize = 50;
/// How many bytes are kept of one part of a step, and of an answer or a note.
const PART_LENGTH_MAX: usize = 300;
const ANSWER_LENGTH_MAX: usize = 800;

/// Why a step is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "how", content = "what")]
pub enum Hold {
    /// It waits for this.
    Waits(String),
    /// It was tried, and this was the answer.
    Failed(String),
    /// It comes after one that is not done, or it is too early for it.
    Held,
}

/// A step that is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingStep {
    /// Whether it makes, changes or removes: `+`, `~` or `-`.
    pub sign: char,
    /// What it is about.
    pub what: String,
    /// The call.
    pub call: String,
    /// Why it is there.
    pub why: String,
    /// Why it is not done.
    pub hold: Hold,
}

/// What the last visit to a subject has left undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// Since when something has been left undone, visit after visit.
    pub since: Timestamp,
    /// When the last visit was.
    pub at: Timestamp,
    /// Why AWS could not be read by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// The steps, the first ones of them.
    pub steps: Vec<PendingStep>,
    /// How many steps there are.
    pub count: usize,
    /// What a person should know of what the plan leaves alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Pending {
    /// What is left of a plan; `None` where all of it is done.
    #[must_use]
    pub fn of(plan: &Plan, outcomes: &[Outcome], now: Timestamp) -> Option<Self> {
        let all = plan.steps.iter().zip(outcomes);
        let left = || all.clone().filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_)));
        let count = left().count();
        if count == 0 {
            return None;
        }
        Some(Self {
            since: now,
            at: now,
            unread: None,
            steps: left().take(STEPS_MAX).map(|(step, outcome)| pending(step, outcome)).collect(),
            count,
            notes: plan.notes.iter().take(STEPS_MAX).map(|note| answer(note)).collect(),
        })
    }

    /// That AWS could not be read: what was left before is as it was.
    #[must_use]
    pub fn unread(error: &str, before: Option<&Self>, now: Timestamp) -> Self {
        let before = before.cloned();
        let before = before.unwrap_or_else(|| Self {
            since: now,
            at: now,
            unread: None,
            steps: Vec::new(),
            count: 0,
            notes: Vec::new(),
        });
        Self { at: now, unread: Some(answer(error)), ..before }
    }
}

fn answer(text: &str) -> String {
    excerpt(text, ANSWER_LENGTH_MAX).into_owned()
}

fn pending(step: &Step, outcome: &Outcome) -> PendingStep {
    let [what, call, _] = show::row(step);
    let cut = |text: &str| excerpt(text, PART_LENGTH_MAX).into_owned();
    let hold = match (outcome, &step.gate) {
        (Outcome::Failed(_, text), _) => Hold::Failed(answer(text)),
        (Outcome::Held | Outcome::Done(_), Some(gate)) => Hold::Waits(cut(&gate.to_string())),
        (Outcome::Held | Outcome::Done(_), None) => Hold::Held,
    };
    PendingStep {
        sign: step.action.sign().as_char(),
        what: cut(&what),
        call: cut(&call),
        why: cut(&step.reason.to_string()),
        hold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::action::{Action, AwsAction, ElbAction};
    use crate::model::id::AwsId;
    use crate::model::outcome::Trouble;
    use crate::model::plan::{Reason, WaitKey};

    #[test]
    fn what_is_done_is_not_pending() {
        let mut plan = Plan::default();
        let delete = |name: &str| {
            Action::Aws(AwsAction::Elb(ElbAction::DeleteTargetGroup { id: AwsId::new(name) }))
        };
        for name in ["done", "failed", "held", "waits"] {
            plan.push(delete(name), Reason::Unwanted, Vec::new());
        }
        plan.steps[3].gate = Some(WaitKey::Unnamed(AwsId::new("edge.elb")));
        let failed = Outcome::Failed(Trouble::Refused, "no".to_owned());
        let outcomes = [Outcome::Done(None), failed, Outcome::Held, Outcome::Held];
        let pending = Pending::of(&plan, &outcomes, Timestamp::UNIX_EPOCH).unwrap();
        let holds: Vec<&Hold> = pending.steps.iter().map(|step| &step.hold).collect();
        let waits = Hold::Waits("the names to leave edge.elb".to_owned());
        assert_eq!(holds, [&Hold::Failed("no".to_owned()), &Hold::Held, &waits]);
        assert_eq!(pending.count, 3);
        let done = [const { Outcome::Done(None) }; 4];
        assert_eq!(Pending::of(&plan, &done, Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn what_cannot_be_read_is_as_it_was_left() {
        let before = Pending::unread("first", None, Timestamp::UNIX_EPOCH);
        let now = Timestamp::from_second(60).unwrap();
        let after = Pending::unread("second", Some(&before), now);
        assert_eq!((after.since, after.at), (Timestamp::UNIX_EPOCH, now));
        assert_eq!(after.unread.as_deref(), Some("second"));
    }
}
