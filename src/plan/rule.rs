//! Steps for the rules of a listener: LBC's pairing and numbering, so that the two agree on what
//! stands.

use std::cmp::Reverse;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::marks::{self, Tags};
use crate::model::plan::{Reason, StepId};
use crate::model::rule::Rule;
use crate::model::settings::Settings;
use crate::model::stack::BalancerStack;

use super::check;
use super::draft::Draft;
use super::kept::Owners;
use super::load_balancer::push_tags;
use super::replacement::Interim;
use super::security_group::Surplus;
use super::tags::{Legacy, difference};

/// The highest priority (AWS). Rules about to go are moved to the end, out of the way.
const PRIORITY_MAX: u32 = 50_000;

/// A rule as wished for.
#[derive(Clone, Debug)]
pub struct Wished {
    /// What it should do.
    pub rule: Rule,
    /// The tags that its Ingress asks for.
    pub tags: Tags,
    /// What it should do until then.
    pub interim: Option<Interim>,
}

impl Wished {
    /// What the rule should do now.
    fn now(&self) -> Rule {
        let mut rule = self.rule.clone();
        if let Some(interim) = &self.interim {
            rule.actions.clone_from(&interim.actions);
        }
        rule
    }

    /// Whether a standing rule is on its way to what is wished for, or there.
    fn is_satisfied_by(&self, live: &Rule) -> bool {
        self.rule.is_satisfied_by(live) || self.now().is_satisfied_by(live)
    }
}

/// Makes all rules of a listener that does not stand.
pub fn create_all(
    draft: &mut Draft,
    settings: &Settings,
    stack: &BalancerStack,
    port: u16,
    wished: &[Wished],
) {
    let listener = Id::Of(Handle::Listener(stack.group.clone(), Slot::default(), port));
    for (wish, priority) in wished.iter().zip(1..) {
        let tags = tracked(settings, stack, port, priority, &wish.tags);
        let spec = wish.now();
        let listener = listener.clone();
        let action = AwsAction::Elb(ElbAction::CreateRule { listener, priority, spec, tags });
        draft.push(Action::Aws(action), Reason::Missing, &[]);
    }
}

fn tracked(
    settings: &Settings,
    stack: &BalancerStack,
    port: u16,
    priority: u32,
    wished: &Tags,
) -> Tags {
    let resource = marks::rule_resource(port, priority);
    let mut tags = wished.clone();
    tags.extend(marks::group_tags(&settings.cluster, &stack.group, &resource));
    tags
}

/// What the rules of one standing listener are planned with.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How the process was started.
    pub settings: &'a Settings,
    /// The group.
    pub stack: &'a BalancerStack,
    /// The listener's port.
    pub port: u16,
    /// What is done with rules that nobody wants.
    pub surplus: Surplus,
    /// How many more rules AWS would take.
    pub room: usize,
    /// Whose the rules are that stand.
    pub owners: Owners<'a>,
}

/// How wishes and standing rules go together.
struct Pairing<'a> {
    /// Standing rules that do what a wish says, with the priority to have.
    same: Vec<(u32, &'a Wished, &'a LiveRule)>,
    /// Standing rules that are made to do what a wish says.
    modified: Vec<(u32, &'a Wished, &'a LiveRule)>,
    /// Wishes that nothing stands for.
    missing: Vec<(u32, &'a Wished)>,
    /// Standing rules that nobody explains and that stay, with the priority to have.
    kept: Vec<(u32, &'a LiveRule)>,
    /// Standing rules that go.
    unwanted: Vec<&'a LiveRule>,
}

impl Rules<'_> {
    /// Brings the rules of a standing listener into line. Answers with the steps that move traffic.
    pub fn update(&self, draft: &mut Draft, live: &LiveListener, wished: &[Wished]) -> Vec<StepId> {
        let pairing = self.pair(live, wished);
        let mut traffic = Vec::new();
        let moves = moves(&pairing);
        if !moves.is_empty() {
            let action = AwsAction::Elb(ElbAction::SetRulePriorities { priorities: moves });
            traffic.push(draft.push(Action::Aws(action), Reason::Moved, &[]));
        }
        let moved = traffic.clone();
        for (_, wish, rule) in &pairing.modified {
            let spec = wish.now();
            let reason = Reason::Differs(differences(&rule.rule, &spec));
            let action = AwsAction::Elb(ElbAction::ModifyRule { id: rule.id.clone(), spec });
            traffic.push(draft.push(Action::Aws(action), reason, &moved));
        }
        traffic.extend(self.create_and_delete(draft, live, &pairing, &moved));
        let attached = traffic.clone();
        for (_, wish, rule) in pairing.same.iter().chain(&pairing.modified) {
            let Some(interim) = &wish.interim else { continue };
            if wish.rule.is_satisfied_by(&rule.rule) {
                continue;
            }
            let reason = Reason::Differs(differences(&wish.now(), &wish.rule));
            let action = AwsAction::Elb(ElbAction::ModifyRule {
                id: rule.id.clone(),
                spec: wish.rule.clone(),
            });
            let gate = Some(interim.gate.clone());
            traffic.push(draft.push_gated(Action::Aws(action), reason, &attached, gate));
        }
        // What a rule is called comes after what it does.
        for (priority, wish, rule) in pairing.same.iter().chain(&pairing.modified) {
            let wish = tracked(self.settings, self.stack, self.port, *priority, &wish.tags);
            let tags = difference(self.settings, Legacy::Unknown, &rule.tags, &wish);
            push_tags(draft, &rule.id, tags, &moved);
        }
        traffic
    }

    /// Creates come first, so that no request falls between two rules: a rule goes once those are
    /// done that take requests of its own. Where AWS has no room for them, as many rules as they
    /// need go first, and of those the ones whose requests nothing new takes.
    fn create_and_delete(
        &self,
        draft: &mut Draft,
        live: &LiveListener,
        pairing: &Pairing<'_>,
        moved: &[StepId],
    ) -> Vec<StepId> {
        let delete = |draft: &mut Draft, rule: &LiveRule, before: &[StepId]| {
            let action = AwsAction::Elb(ElbAction::DeleteRule { id: rule.id.clone() });
            draft.remove_after(Action::Aws(action), Reason::Unwanted, before)
        };
        let is_taken_over = |rule: &&&LiveRule| {
            pairing.missing.iter().any(|(_, wish)| wish.rule.shares_requests_with(&rule.rule))
        };
        let lacking = pairing.missing.len().saturating_sub(self.room);
        let (taken_over, others): (Vec<&LiveRule>, Vec<&LiveRule>) =
            pairing.unwanted.iter().rev().partition(is_taken_over);
        let mut unwanted = others.into_iter().chain(taken_over);
        let first: Vec<&LiveRule> = unwanted.by_ref().take(lacking).collect();
        // A request that several rules take that go is answered by the first of them to the last.
        let mut unwanted: Vec<&LiveRule> = unwanted.collect();
        unwanted.sort_by_key(|rule| Reverse(rule.priority));
        let mut steps: Vec<StepId> =
            first.into_iter().map(|rule| delete(draft, rule, moved)).collect();
        let before: Vec<StepId> = moved.iter().chain(&steps).copied().collect();
        for (priority, wish) in &pairing.missing {
            let action = AwsAction::Elb(ElbAction::CreateRule {
                listener: Id::Is(live.live.id.clone()),
                priority: *priority,
                spec: wish.now(),
                tags: tracked(self.settings, self.stack, self.port, *priority, &wish.tags),
            });
            steps.push(draft.push(Action::Aws(action), Reason::Missing, &before));
        }
        for rule in unwanted {
            let takers = check::takers_of_rule(draft.steps(), live, rule);
            let before: Vec<StepId> = moved.iter().copied().chain(takers).collect();
            steps.push(delete(draft, rule, &before));
        }
        steps
    }

    /// Pairs by content first, wherever a rule stands; then by priority; the rest is made or
    /// removed.
    fn pair<'a>(&self, live: &'a LiveListener, wished: &'a [Wished]) -> Pairing<'a> {
        let mut free: Vec<&LiveRule> = live.rules.iter().collect();
        let mut by_content: Vec<Option<&LiveRule>> = vec![None; wished.len()];
        // Among rules of the same content the one that need not move is best.
        for must_stay in [true, false] {
            for (index, wish) in wished.iter().enumerate() {
                if by_content[index].is_some() {
                    continue;
                }
                let stays = |rule: &LiveRule| !must_stay || position(rule) == Some(index);
                let found =
                    free.iter().position(|rule| stays(rule) && wish.is_satisfied_by(&rule.rule));
                by_content[index] = found.map(|found| free.remove(found));
            }
        }
        let mut kept = Vec::new();
        if self.surplus == Surplus::Keep {
            let explained = |rule: &&LiveRule| self.owners.explain(&rule.rule);
            (free, kept) = free.into_iter().partition(explained);
        }
        let wishes: Vec<&Rule> = wished.iter().map(|wish| &wish.rule).collect();
        let places = self.owners.places(&wishes, &by_content, &kept);
        pair_rest(wished, &by_content, places.into_iter().zip(kept).collect(), free)
    }
}

/// The place in the order that a rule's priority stands for in LBC's numbering.
fn position(rule: &LiveRule) -> Option<usize> {
    usize::try_from(rule.priority).ok()?.checked_sub(1)
}

/// Numbers the wishes and, each before the wish at its place, the rules that are kept. What then
/// stands at the priority of a wish and goes is made to do what the wish says.
fn pair_rest<'a>(
    wished: &'a [Wished],
    by_content: &[Option<&'a LiveRule>],
    kept: Vec<(usize, &'a LiveRule)>,
    mut free: Vec<&'a LiveRule>,
) -> Pairing<'a> {
    let (mut same, mut modified, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept_at = Vec::new();
    let mut kept = kept.into_iter().peekable();
    let mut priority = 0;
    for (index, (wish, found)) in wished.iter().zip(by_content).enumerate() {
        while let Some((_, rule)) = kept.next_if(|(place, _)| *place <= index) {
            priority += 1;
            kept_at.push((priority, rule));
        }
        priority += 1;
        if let Some(rule) = found {
            same.push((priority, wish, *rule));
        } else if let Some(index) = free.iter().position(|rule| rule.priority == priority) {
            modified.push((priority, wish, free.remove(index)));
        } else {
            missing.push((priority, wish));
        }
    }
    kept_at.extend((priority + 1..).zip(kept.map(|(_, rule)| rule)));
    Pairing { same, modified, missing, kept: kept_at, unwanted: free }
}

/// The moves that bring every standing rule to its priority; where any moves, rules that go are put
/// last.
fn moves(pairing: &Pairing<'_>) -> Vec<(AwsId, u32)> {
    let same = pairing.same.iter().map(|(priority, _, rule)| (*priority, *rule));
    let kept = pairing.kept.iter().copied();
    let mut moved: Vec<(AwsId, u32)> = same
        .chain(kept)
        .filter(|(priority, rule)| rule.priority != *priority)
        .map(|(priority, rule)| (rule.id.clone(), priority))
        .collect();
    if moved.is_empty() {
        return moved;
    }
    moved.sort_by_key(|(_, priority)| *priority);
    let last_first = pairing.unwanted.iter().rev().zip((1..=PRIORITY_MAX).rev());
    let away = last_first.map(|(rule, priority)| (rule.id.clone(), priority));
    away.chain(moved).collect()
}

fn differences(live: &Rule, wish: &Rule) -> Vec<String> {
    let mut fields = Vec::new();
    if live.conditions != wish.conditions {
        fields.push("conditions".to_owned());
    }
    if !crate::model::rule::actions_satisfy(&live.actions, &wish.actions) {
        fields.push("actions".to_owned());
    }
    fields
}
