//! A path is led to other target groups than before: it goes on reaching those that it reached
//! until the new ones have a target that takes requests. So it is where a rule comes in front of
//! the one that has answered its requests.
//!
//! AWS checks no target of a group that no rule leads to, so the new ones are attached at once,
//! with no weight. Nothing of it is remembered: what the rule does says how far it has come.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::backend::BackendKey;
use crate::model::id::{AwsId, Id};
use crate::model::plan::{Need, Step, WaitKey};
use crate::model::rule::{Rule, RuleAction, RulesByHost, Weighted, actions_satisfy};
use crate::model::snapshot::Extent;
use crate::model::target::{LiveTarget, TargetState};

use super::draft::Draft;
use super::kept::Owners;
use super::replacement::{Interim, Replacement, SWITCH_MAX};

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
        // Whoever had to say who they are to reach the old ones is not let through to them.
        let is_guarded = !guards(live).is_empty() && guards(wish).is_empty();
        (fits && !is_guarded && !old.is_empty() && !new.is_empty()).then_some(Self { old, new })
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

/// The wishes of a listener that come before one of them.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// All of the listener's.
    pub wishes: &'a RulesByHost<'a>,
    /// The place of the one among them.
    pub place: usize,
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
        Some(Interim { actions: switch.interim(wish), gate, is_held: false })
    }

    /// What a rule is until what it leads to takes requests, where another one has answered its
    /// requests or it did something else with them itself.
    pub fn switch_rule(
        &self,
        draft: &mut Draft,
        standing: &RulesByHost<'_>,
        wish: &Rule,
        before: Before<'_>,
    ) -> Option<Interim> {
        let answering = answering(standing, wish, before)?;
        let owners = Owners { stack: self.stack, settled: self.settled, extent: self.extent };
        if matches!(self.extent, Extent::Namespaces(_)) && !owners.explain(answering) {
            // Nothing comes in front of what is somebody's who cannot be seen.
            return None;
        }
        let interim = self.switch(draft, &answering.actions, &wish.actions)?;
        Some(Interim { is_held: true, ..interim })
    }

    /// What has to happen before a target group may go to which rules lead that this plan makes,
    /// until somebody is well where they are to lead: they have to stand, so that it can be seen.
    pub fn gate_of_new_rules(&self, draft: &mut Draft, old: &AwsId) -> Option<WaitKey> {
        let leads = |step: &Step| match &step.action {
            Action::Aws(AwsAction::Elb(ElbAction::CreateRule { spec, .. })) => {
                spec.actions.iter().any(|action| action.leads_to(old))
            }
            Action::Aws(_) | Action::Kube(_) => false,
        };
        let is_led_to = draft.steps().iter().any(leads);
        is_led_to.then(|| self.wait(draft, WaitKey::Drained(old.clone()), Need::Poll)).flatten()
    }

    /// Whether a target group was made for a member that goes because it has lost its rights.
    pub fn is_taken_back(&self, target_group: &AwsId) -> bool {
        let Self { stack, settled, .. } = self;
        let mut gone = stack.leaving.iter().filter(|member| stack.evicted.contains(*member));
        settled.resource(target_group).is_some_and(|resource| {
            stack.owner_of(resource).is_none()
                && stack.explains(resource)
                && gone.any(|member| BackendKey::of(member, resource).is_some())
        })
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
            let standing = live.rules.iter().map(|live| &live.rule).collect();
            let wishes = wished.rules.iter().map(|(rule, _)| rule).collect();
            for (place, (rule, _)) in wished.rules.iter().enumerate() {
                let rule = Rule { actions: self.resolved(&rule.actions), ..rule.clone() };
                let answering = answering(&standing, &rule, Before { wishes: &wishes, place });
                found_in(answering.map_or(&[], |live| &live.actions), &rule.actions);
            }
        }
        found
    }

    fn targets(&self, group: &Id) -> Option<&[LiveTarget]> {
        let found = self.inventory.targets.get(group.given()?)?;
        found.value().map(Vec::as_slice)
    }
}

/// What asks who comes.
fn guards(actions: &[RuleAction]) -> Vec<RuleAction> {
    actions.iter().filter(|action| action.authenticates()).cloned().collect()
}

/// The standing rule that answers the requests of a wish, where it does something else with them;
/// those of the wishes before this one are theirs.
///
/// Where it is for other requests as well, it has to let the same people in and send targets the
/// same. What several rules answer, each some of it, is nobody's to hand over.
fn answering<'a>(standing: &RulesByHost<'a>, wish: &Rule, before: Before<'_>) -> Option<&'a Rule> {
    let mut earlier = before.wishes.near(wish).take_while(|(place, _)| *place < before.place);
    // One that is still to be made takes no requests yet.
    let stands = |other: &Rule| standing.near(other).any(|(_, rule)| other.is_for_what(rule));
    if earlier.any(|(_, other)| other.contains(wish) && stands(other)) {
        return None;
    }
    let near: Vec<&Rule> = standing.near(wish).map(|(_, rule)| rule).collect();
    let first_of = |is_it: &dyn Fn(&Rule) -> bool| near.iter().copied().find(|rule| is_it(rule));
    let first = first_of(&|rule| rule.overlaps(wish))?;
    let may_stand_in = |rule: &Rule| {
        let guards = [&rule.actions, &wish.actions].map(|actions| guards(actions));
        let lets_in_alike = guards[0].is_empty() || actions_satisfy(&guards[0], &guards[1]);
        rule.contains(wish) && lets_in_alike && wish.rewrites_as(rule)
    };
    let found = if !wish.is_for_what(first) && may_stand_in(first) {
        first
    } else {
        first_of(&|rule| wish.is_for_what(rule))?
    };
    (!wish.is_satisfied_by(found)).then_some(found)
}

/// Whether AWS sends requests to a target; where it does not check any, it does.
pub(super) fn takes_requests(live: &LiveTarget) -> bool {
    matches!(live.state, TargetState::Healthy | TargetState::Unavailable)
}
