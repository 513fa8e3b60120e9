//! Room for the rules of a load balancer, of which AWS counts those of all listeners.
//!
//! What comes is made before what goes is removed. Where AWS has no room for both, one rule goes
//! for one that comes, and no other one before that is there: never is more than one rule less
//! than there was. One that AWS refuses holds up those behind it in its plan only: the next plan
//! has room for it that nobody has to make.

use std::collections::VecDeque;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::plan::{Reason, StepId};

use super::draft::Draft;
use super::takers::takers_of_rule;

/// The most rules of a load balancer, default rules not counted (AWS quota).
const RULES_MAX: usize = 100;

/// Removes a rule once these steps are done.
pub fn remove(draft: &mut Draft, rule: &LiveRule, before: &[StepId]) -> StepId {
    let action = AwsAction::Elb(ElbAction::DeleteRule { id: rule.id.clone() });
    draft.remove_after(Action::Aws(action), Reason::Unwanted, before)
}

/// How much room there is, and what makes more.
#[derive(Debug)]
pub struct Room<'a> {
    /// How many rules AWS takes besides those that stand.
    free: usize,
    /// Rules that go, each for one that comes, with their listeners.
    going: VecDeque<(&'a LiveListener, &'a LiveRule)>,
    /// The steps that have removed one.
    made: Vec<StepId>,
    /// The rule that was made in the place of one.
    last: Option<StepId>,
}

impl<'a> Room<'a> {
    /// What the listeners of a load balancer leave.
    #[must_use]
    pub fn of(live: &[&LiveListener]) -> Self {
        let standing: usize = live.iter().map(|listener| listener.rules.len()).sum();
        let free = RULES_MAX.saturating_sub(standing);
        Self { free, going: VecDeque::new(), made: Vec::new(), last: None }
    }

    /// How many more rules have to go for so many that come.
    #[must_use]
    pub fn lacking(&self, coming: usize) -> usize {
        coming.saturating_sub(self.free + self.going.len())
    }

    /// Takes note of rules of a listener that may go for others.
    pub fn make(&mut self, listener: &'a LiveListener, going: &[&'a LiveRule]) {
        self.going.extend(going.iter().map(|rule| (listener, *rule)));
    }

    /// Makes a rule after these steps, and after another one has gone if AWS has no room for both.
    pub fn create(&mut self, draft: &mut Draft, action: ElbAction, before: &[StepId]) -> StepId {
        let mut before = before.to_vec();
        let is_free = self.free > 0;
        self.free = self.free.saturating_sub(1);
        let in_place = if is_free { None } else { self.going.pop_front() };
        if let Some((listener, rule)) = in_place {
            let mut after = takers_of_rule(draft.steps(), listener, rule);
            after.extend(before.iter().copied().chain(self.last));
            self.made.push(remove(draft, rule, &after));
        }
        before.extend(&self.made);
        let made = draft.push(Action::Aws(AwsAction::Elb(action)), Reason::Missing, &before);
        self.last = in_place.map(|_| made).or(self.last);
        made
    }

    /// The steps that have made room so far: whatever else takes the requests of what has gone
    /// comes after them, and so does the end of what that led to.
    #[must_use]
    pub fn made(&self) -> &[StepId] {
        &self.made
    }
}
