//! A path is led to other target groups than before: it goes on reaching those that it reached
//! until the new ones have a target that takes requests.
//!
//! AWS checks no target of a group that no rule leads to, so the new ones are attached at once,
//! with no weight. Nothing of it is remembered: what the rule does says how far it has come.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveListener;
use crate::model::plan::{Need, WaitKey};
use crate::model::rule::{Rule, RuleAction, Weighted};
use crate::model::target::{LiveTarget, TargetState};

use super::draft::Draft;
use super::replacement::{Interim, Replacement};

/// For how long a path stays with what it reached before. Whoever leads it elsewhere gets what was
/// asked for in the end, even if that never gets well.
pub(super) const SWITCH_MAX: Duration = Duration::from_mins(5);

/// The most target groups of one action (AWS).
const GROUPS_MAX: usize = 5;

/// Which target groups have a path's requests, and which ones are to get some.
#[derive(Debug)]
struct Switch {
    old: Vec<Weighted>,
    new: Vec<Weighted>,
}

impl Switch {
    /// None where no requests pass from one target group to another.
    fn of(live: &[RuleAction], wish: &[RuleAction]) -> Option<Self> {
        let taking = |actions: &[RuleAction]| -> Vec<Weighted> {
            let all = actions.iter().flat_map(RuleAction::target_groups);
            all.filter(|weighted| weighted.weight != Some(0)).cloned().collect()
        };
        let old = taking(live);
        let is_new = |weighted: &Weighted| !old.iter().any(|old| old.group == weighted.group);
        let new: Vec<Weighted> = taking(wish).into_iter().filter(is_new).collect();
        let fits = old.len() + new.len() <= GROUPS_MAX;
        (fits && !old.is_empty() && !new.is_empty()).then_some(Self { old, new })
    }

    fn groups(&self) -> impl Iterator<Item = &AwsId> {
        self.old.iter().chain(&self.new).filter_map(|weighted| weighted.group.given())
    }

    /// The old ones with what they have, and the new ones with no weight; whoever has to say who
    /// they are in the end has to do so all along.
    fn interim(&self, wish: &[RuleAction]) -> Vec<RuleAction> {
        let old = self.old.iter().map(|old| Weighted {
            group: old.group.clone(),
            weight: Some(old.weight.unwrap_or(1)),
        });
        let new = self.new.iter().map(|new| Weighted { group: new.group.clone(), weight: Some(0) });
        let forward = RuleAction::Forward { groups: old.chain(new).collect(), stickiness: None };
        wish.iter().filter(|action| action.authenticates()).cloned().chain([forward]).collect()
    }
}

impl Replacement<'_, '_> {
    /// What standing actions are until what is wished for instead takes requests.
    pub fn switch(
        &self,
        draft: &mut Draft,
        live: &[RuleAction],
        wish: &[RuleAction],
    ) -> Option<Interim> {
        let switch = Switch::of(live, wish)?;
        let serves = |weighted: &Weighted, unknown: bool| {
            self.targets(&weighted.group)
                .map_or(unknown, |targets| targets.iter().any(takes_requests))
        };
        // What the old ones have that nobody has looked at may well serve.
        if !switch.old.iter().any(|old| serves(old, true)) {
            return None;
        }
        let awaited = &switch.new.iter().find(|new| !serves(new, false))?.group;
        if let Some(problem) = self.unhealthy(awaited, &switch.old) {
            draft.refuse(problem);
        }
        self.wait(draft, WaitKey::Patience(awaited.clone()), Need::Elapsed(SWITCH_MAX))?;
        let gate = self.wait(draft, WaitKey::Healthy(awaited.clone()), Need::Poll)?;
        Some(Interim { actions: switch.interim(wish), gate })
    }

    /// The target groups whose targets have to be known for that.
    #[must_use]
    pub fn switched(&self) -> BTreeSet<AwsId> {
        let front = self.stack.front.iter().flat_map(|front| &front.listeners);
        let mut found = BTreeSet::new();
        for (port, wished) in front {
            let mut live = self.settled.load_balancer.iter().flat_map(|live| live.listeners.iter());
            let Some(live) = live.find(|live| live.port == *port) else { continue };
            let defaults = (&live.live.spec.default_actions, &wished.listener.default_actions);
            let mut found_in = |live: &[RuleAction], wish: &[RuleAction]| {
                let switch = Switch::of(live, wish);
                found.extend(switch.iter().flat_map(Switch::groups).cloned());
            };
            found_in(defaults.0, &self.resolved(defaults.1));
            for (rule, _) in &wished.rules {
                let actions = self.resolved(&rule.actions);
                let rule = Rule { actions, ..rule.clone() };
                found_in(done_instead(live, &rule).unwrap_or_default(), &rule.actions);
            }
        }
        found
    }

    fn targets(&self, group: &Id) -> Option<&[LiveTarget]> {
        let found = self.inventory.targets.get(group.given()?)?;
        found.value().map(Vec::as_slice)
    }
}

/// What happens to the requests that a rule is for, where that is something else.
#[must_use]
pub fn done_instead<'a>(live: &'a LiveListener, wish: &Rule) -> Option<&'a [RuleAction]> {
    let all = || live.rules.iter().filter(|live| wish.is_for_what(&live.rule));
    let found = all().next()?;
    let is_done = all().any(|live| wish.is_satisfied_by(&live.rule));
    (!is_done).then_some(&found.rule.actions)
}

/// Whether AWS sends requests to a target; where it does not check any, it does.
pub(super) fn takes_requests(live: &LiveTarget) -> bool {
    matches!(live.state, TargetState::Healthy | TargetState::Unavailable)
}
