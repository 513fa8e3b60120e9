//! Steps for the rules of a listener: LBC's pairing and numbering, so that the two agree on what
//! stands.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::marks::{self, Tags};
use crate::model::plan::{Reason, StepId};
use crate::model::rule::{Rule, RulesByHost};
use crate::model::settings::Settings;
use crate::model::stack::{BalancerStack, Numbering};

use super::client_secret::ClientSecrets;
use super::draft::Draft;
use super::kept::Owners;
use super::numbering::{PRIORITY_MAX, numbers};
use super::replacement::Interim;
use super::room::{Room, remove};
use super::security_group::Surplus;
use super::tags::{Legacy, difference, push_tags};
use super::takers;

/// A rule as wished for.
#[derive(Clone, Debug)]
pub struct Wished {
    /// What it should do.
    pub rule: Rule,
    /// The tags that its member asks for.
    pub tags: Tags,
    /// What it should do until then.
    pub interim: Option<Interim>,
    /// The secrets with which it logs in.
    pub secrets: Rc<ClientSecrets>,
    /// How many rules come and go above it and count for nothing in what it is called; `None` where
    /// it is one of these.
    pub below: Option<u32>,
}

impl Wished {
    /// The number in its name: LBC's is the priority. One that comes and goes has none of those.
    fn number(&self, priority: u32) -> u32 {
        match self.below {
            Some(above) => priority.saturating_sub(above),
            None => PRIORITY_MAX.saturating_sub(priority),
        }
    }

    /// What the rule should do now.
    fn now(&self) -> Rule {
        let mut rule = self.rule.clone();
        if let Some(interim) = &self.interim {
            rule.actions.clone_from(&interim.actions);
        }
        rule
    }

    /// Whether a standing rule has to do something else, whatever it does, before it comes in front
    /// of the one that has answered its requests.
    fn holds_back(&self, live: &Rule) -> bool {
        let is_held = self.interim.as_ref().is_some_and(|interim| interim.is_held);
        is_held && !self.now().is_satisfied_by(live)
    }

    /// Whether a standing rule is on its way to what is wished for, or there.
    fn is_satisfied_by(&self, live: &Rule) -> bool {
        !self.secrets.has_changed(&self.rule.actions)
            && (self.rule.is_satisfied_by(live) || self.now().is_satisfied_by(live))
    }
}

/// What the rules of a listener that does not stand are planned with.
#[derive(Clone, Copy, Debug)]
pub struct NewRules<'a> {
    /// How the process was started.
    pub settings: &'a Settings,
    /// The group.
    pub stack: &'a BalancerStack,
    /// The listener's port.
    pub port: u16,
    /// Which priorities its rules have.
    pub numbering: Numbering,
}

impl NewRules<'_> {
    /// Makes all of them.
    pub fn create(&self, draft: &mut Draft, wished: &[Wished], room: &mut Room<'_>) {
        let Self { settings, stack, port, numbering } = *self;
        let numbers = numbers(numbering, &vec![None; wished.len()], &BTreeSet::new());
        let listener = Id::Of(Handle::Listener(stack.group.clone(), Slot::default(), port));
        for (wish, priority) in wished.iter().zip(numbers) {
            let tags = tracked(settings, stack, port, wish.number(priority), &wish.tags);
            let spec = wish.now();
            let listener = listener.clone();
            let action = ElbAction::CreateRule { listener, priority, spec, tags };
            room.create(draft, action, &[]);
        }
    }
}

fn tracked(
    settings: &Settings,
    stack: &BalancerStack,
    port: u16,
    number: u32,
    wished: &Tags,
) -> Tags {
    let resource = marks::rule_resource(port, number);
    let mut tags = wished.clone();
    tags.extend(stack.group.tags(&settings.cluster, &resource));
    tags
}

/// What the rules of one standing listener are planned with.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// How the process was started.
    pub settings: &'a Settings,
    /// The group.
    pub stack: &'a BalancerStack,
    /// The listener.
    pub live: &'a LiveListener,
    /// Which priorities its rules have.
    pub numbering: Numbering,
    /// What is done with rules that nobody wants.
    pub surplus: Surplus,
    /// Whose the rules are that stand.
    pub owners: Owners<'a>,
}

/// How wishes and standing rules of a listener go together.
#[derive(Debug)]
pub struct Pairing<'a> {
    /// Standing rules that do what a wish says, with the priority to have.
    same: Vec<(u32, &'a Wished, &'a LiveRule)>,
    /// Standing rules for the same requests that are made to do what a wish says.
    turned: Vec<(u32, &'a Wished, &'a LiveRule)>,
    /// Standing rules that are made to do what a wish for other requests says.
    reused: Vec<(u32, &'a Wished, &'a LiveRule)>,
    /// Wishes that nothing stands for.
    missing: Vec<(u32, &'a Wished)>,
    /// Standing rules that nobody explains and that stay, with the priority to have.
    kept: Vec<(u32, &'a LiveRule)>,
    /// Standing rules that go so that AWS takes others.
    early: Vec<&'a LiveRule>,
    /// Standing rules that go once their requests are taken.
    unwanted: Vec<&'a LiveRule>,
}

impl<'a> Pairing<'a> {
    /// How many rules are to be made.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.missing.len()
    }

    /// As many of the rules that go as make room for others, first those whose requests nothing new
    /// takes.
    pub fn make_room(&mut self, lacking: usize) -> &[&'a LiveRule] {
        let (taken_over, others): (Vec<&LiveRule>, Vec<&LiveRule>) =
            self.unwanted.iter().rev().partition(|rule| {
                self.missing.iter().any(|(_, wish)| wish.rule.overlaps(&rule.rule))
            });
        let mut unwanted = others.into_iter().chain(taken_over);
        self.early = unwanted.by_ref().take(lacking).collect();
        self.unwanted = unwanted.collect();
        // A request that several rules take that go is answered by the first of them to the last.
        self.unwanted.sort_by_key(|rule| Reverse(rule.priority));
        &self.early
    }

    /// The standing rules for the same requests that may only move once they do something else: the
    /// one that has answered these is behind them then.
    fn held(&self) -> impl Iterator<Item = &(u32, &'a Wished, &'a LiveRule)> {
        let found = self.same.iter().chain(&self.turned);
        found.filter(|(priority, wish, rule)| {
            wish.holds_back(&rule.rule) && self.comes_in_front(*priority, rule)
        })
    }

    /// Whether a rule with the priority to have is in front of one that answers requests of it now.
    fn comes_in_front(&self, priority: u32, rule: &LiveRule) -> bool {
        let answers = |it: &LiveRule| it.priority < rule.priority && it.rule.overlaps(&rule.rule);
        let stays = self.same.iter().chain(&self.turned).map(|(place, _, live)| (place, live));
        let mut stays = stays.chain(self.kept.iter().map(|(place, live)| (place, live)));
        let reused = self.reused.iter().map(|(.., live)| live);
        let mut gone = reused.chain(&self.early).chain(&self.unwanted);
        stays.any(|(place, live)| *place > priority && answers(live)) || gone.any(|it| answers(it))
    }

    /// Whether the rule that is to have a priority is one of these.
    fn is_held(&self, priority: u32) -> bool {
        self.held().any(|(held, ..)| *held == priority)
    }

    /// The standing rules that stay, with the wish that they are for and the priority to have.
    fn standing(&self) -> impl Iterator<Item = &(u32, &'a Wished, &'a LiveRule)> {
        self.same.iter().chain(&self.turned).chain(&self.reused)
    }
}

impl<'a> Rules<'a> {
    /// Moves the rules of a standing listener to their priorities. Answers with the steps.
    pub fn reorder(draft: &mut Draft, pairing: &Pairing<'_>) -> Vec<StepId> {
        let held = pairing.held().map(|(_, wish, rule)| modify(draft, wish, rule, &[]));
        let mut steps: Vec<StepId> = held.collect();
        let priorities = moves(pairing);
        if !priorities.is_empty() {
            let action = AwsAction::Elb(ElbAction::SetRulePriorities { priorities });
            steps.push(draft.push(Action::Aws(action), Reason::Moved, &steps.clone()));
        }
        steps
    }

    /// Makes and changes the rules of a standing listener once others have moved. Answers with the
    /// steps that move traffic.
    pub fn update(
        &self,
        draft: &mut Draft,
        pairing: &Pairing<'_>,
        moved: &[StepId],
        room: &mut Room<'_>,
    ) -> Vec<StepId> {
        let mut traffic = moved.to_vec();
        let before = [moved, room.made()].concat();
        for (priority, wish, rule) in &pairing.turned {
            if !pairing.is_held(*priority) {
                traffic.push(modify(draft, wish, rule, &before));
            }
        }
        for (priority, wish) in &pairing.missing {
            let action = ElbAction::CreateRule {
                listener: Id::Is(self.live.live.id.clone()),
                priority: *priority,
                spec: wish.now(),
                tags: self.tracked(*priority, wish),
            };
            traffic.push(room.create(draft, action, moved));
        }
        let giving = pairing.reused.iter().map(|(_, wish, rule)| (*wish, wish.now(), *rule));
        for (wish, rule) in takers::in_turn(giving.collect()) {
            // It gives up its requests, as a rule does that goes.
            let takers = takers::takers_of_rule(draft.steps(), self.live, rule);
            traffic.push(modify(draft, wish, rule, &[moved, room.made(), &takers].concat()));
        }
        let attached = traffic.clone();
        for (priority, wish, rule) in pairing.standing() {
            let Some(interim) = &wish.interim else { continue };
            if wish.rule.is_satisfied_by(&rule.rule) && !pairing.is_held(*priority) {
                continue;
            }
            let reason = Reason::Differs(differences(&wish.now(), &wish.rule));
            let mut spec = wish.rule.clone();
            wish.secrets.leave_out(&mut spec.actions, &rule.rule.actions);
            let action = AwsAction::Elb(ElbAction::ModifyRule { id: rule.id.clone(), spec });
            let gate = Some(interim.gate.clone());
            traffic.push(draft.push_gated(Action::Aws(action), reason, &attached, gate));
        }
        traffic
    }

    fn tracked(&self, priority: u32, wish: &Wished) -> Tags {
        let number = wish.number(priority);
        tracked(self.settings, self.stack, self.live.port, number, &wish.tags)
    }

    /// Tags the rules that stand: what a rule is called comes after what it does.
    pub fn retag(&self, draft: &mut Draft, pairing: &Pairing<'_>, moved: &[StepId]) {
        for (priority, wish, rule) in pairing.standing() {
            let wish = self.tracked(*priority, wish);
            let tags = difference(self.settings, Legacy::Unknown, &rule.tags, &wish);
            push_tags(draft, &rule.id, tags, moved);
        }
    }

    /// Removes the rules that nobody wants, each once those are done that take its requests.
    pub fn remove(
        &self,
        draft: &mut Draft,
        pairing: &Pairing<'_>,
        moved: &[StepId],
    ) -> Vec<StepId> {
        let each = pairing.unwanted.iter().map(|rule| {
            let takers = takers::takers_of_rule(draft.steps(), self.live, rule);
            let before: Vec<StepId> = moved.iter().copied().chain(takers).collect();
            remove(draft, rule, &before)
        });
        each.collect()
    }

    /// Pairs by content first, wherever a rule stands; then by the requests that a rule is for, or
    /// that are among those of a wish, so that these are answered all along; then by priority; the
    /// rest is made or removed.
    #[must_use]
    pub fn pair(&self, wished: &'a [Wished]) -> Pairing<'a> {
        let mut free: Vec<&LiveRule> = self.live.rules.iter().collect();
        let mut by_content: Vec<Option<&LiveRule>> = vec![None; wished.len()];
        let mut by_requests: Vec<Option<&LiveRule>> = vec![None; wished.len()];
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
        uncross(wished, &mut by_content);
        let mut kept = Vec::new();
        if self.surplus == Surplus::Keep {
            let explained = |rule: &&LiveRule| self.owners.explain(&rule.rule);
            (free, kept) = free.into_iter().partition(explained);
        }
        for (index, wish) in wished.iter().enumerate() {
            if by_content[index].is_none() {
                let found = free.iter().position(|rule| wish.rule.is_for_what(&rule.rule));
                by_requests[index] = found.map(|found| free.remove(found));
            }
        }
        widen(wished, &by_content, &mut by_requests, &mut free);
        let wishes: Vec<&Rule> = wished.iter().map(|wish| &wish.rule).collect();
        let places = self.owners.places(&wishes, &by_content, &kept);
        let kept = places.into_iter().zip(kept).collect();
        let mut order = in_order((&by_content, &by_requests), kept);
        let wish = |next: &Next<'_>| {
            let wish = wishes.get(next.wish?).copied()?;
            let standing = next.standing.filter(|(how, live)| match how {
                Found::ByContent => true,
                Found::ByRequests => wish.is_for_what(&live.rule),
            });
            Some((wish, standing.map(|(_, live)| live.priority)))
        };
        let kept = |next: &Next<'a>| {
            let (_, live) = next.standing.filter(|_| next.wish.is_none())?;
            Some(live)
        };
        self.owners.hold_back(&mut order, wish, kept);
        pair_rest(self.numbering, wished, &order, free)
    }
}

/// Gives wishes that nothing stands for a rule whose requests are among theirs, if possible the one
/// that stands where they are to be.
fn widen<'a>(
    wished: &[Wished],
    by_content: &[Option<&LiveRule>],
    by_requests: &mut [Option<&'a LiveRule>],
    free: &mut Vec<&'a LiveRule>,
) {
    let standing: RulesByHost<'_> = free.iter().map(|live| &live.rule).collect();
    let mut left: Vec<Option<&LiveRule>> = free.iter().copied().map(Some).collect();
    for (index, wish) in wished.iter().enumerate() {
        if by_content[index].is_some() || by_requests[index].is_some() {
            continue;
        }
        let near = standing.near(&wish.rule).filter_map(|(place, _)| Some((place, left[place]?)));
        let among = near.filter(|(_, live)| wish.rule.contains(&live.rule));
        let found = among.min_by_key(|(place, live)| (position(live) != Some(index), *place));
        by_requests[index] = found.and_then(|(place, _)| left[place].take());
    }
    *free = left.into_iter().flatten().collect();
}

/// Gives of the standing rules with the same content the first one to the first wish for it: what
/// is kept between them stays there.
fn uncross(wished: &[Wished], standing: &mut [Option<&LiveRule>]) {
    for later in 1..standing.len() {
        for earlier in 0..later {
            let (Some(one), Some(other)) = (standing[earlier], standing[later]) else { continue };
            let is_crossed = one.priority > other.priority
                && wished[earlier].is_satisfied_by(&other.rule)
                && wished[later].is_satisfied_by(&one.rule);
            if is_crossed {
                standing.swap(earlier, later);
            }
        }
    }
}

fn modify(draft: &mut Draft, wish: &Wished, rule: &LiveRule, before: &[StepId]) -> StepId {
    let mut spec = wish.now();
    let mut fields = differences(&rule.rule, &spec);
    if wish.secrets.has_changed(&spec.actions) {
        fields.push("client secret".to_owned());
    }
    wish.secrets.leave_out(&mut spec.actions, &rule.rule.actions);
    let reason = Reason::Differs(fields);
    let action = AwsAction::Elb(ElbAction::ModifyRule { id: rule.id.clone(), spec });
    draft.push(Action::Aws(action), reason, before)
}

/// The place in the order that a rule's priority stands for in LBC's numbering.
fn position(rule: &LiveRule) -> Option<usize> {
    usize::try_from(rule.priority).ok()?.checked_sub(1)
}

/// A rule of a listener as it will be: the place of the wish, or none for what is kept; and what
/// stands, with how it was found.
struct Next<'a> {
    wish: Option<usize>,
    standing: Option<(Found, &'a LiveRule)>,
}

/// How what stands for a wish was found.
#[derive(Clone, Copy)]
enum Found {
    ByContent,
    ByRequests,
}

/// The wishes in their order and, each before the wish at its place, the rules that are kept.
fn in_order<'a>(
    (by_content, by_requests): (&[Option<&'a LiveRule>], &[Option<&'a LiveRule>]),
    kept: Vec<(usize, &'a LiveRule)>,
) -> Vec<Next<'a>> {
    let mut order = Vec::new();
    let mut kept = kept.into_iter().peekable();
    let stays = |rule| Next { wish: None, standing: Some((Found::ByContent, rule)) };
    for (index, (content, requests)) in by_content.iter().zip(by_requests).enumerate() {
        while let Some((_, rule)) = kept.next_if(|(place, _)| *place <= index) {
            order.push(stays(rule));
        }
        let by_requests = requests.map(|rule| (Found::ByRequests, rule));
        let standing = content.map(|rule| (Found::ByContent, rule)).or(by_requests);
        order.push(Next { wish: Some(index), standing });
    }
    order.extend(kept.map(|(_, rule)| stays(rule)));
    order
}

/// Numbers the rules. What stands at the priority of a wish and goes is made to do what the wish
/// says.
fn pair_rest<'a>(
    numbering: Numbering,
    wished: &'a [Wished],
    order: &[Next<'a>],
    mut free: Vec<&'a LiveRule>,
) -> Pairing<'a> {
    let (mut same, mut turned, mut reused) = (Vec::new(), Vec::new(), Vec::new());
    let (mut missing, mut kept) = (Vec::new(), Vec::new());
    let standing = order.iter().map(|next| next.standing.map(|(_, rule)| rule.priority));
    let standing: Vec<Option<u32>> = standing.collect();
    let going = free.iter().map(|rule| rule.priority).collect();
    for (next, priority) in order.iter().zip(numbers(numbering, &standing, &going)) {
        let wish = next.wish.and_then(|index| wished.get(index));
        match (wish, next.standing) {
            (Some(wish), Some((Found::ByContent, rule))) => same.push((priority, wish, rule)),
            (Some(wish), Some((Found::ByRequests, rule))) => turned.push((priority, wish, rule)),
            (Some(wish), None) => match free.iter().position(|rule| rule.priority == priority) {
                Some(index) => reused.push((priority, wish, free.remove(index))),
                None => missing.push((priority, wish)),
            },
            (None, Some((_, rule))) => kept.push((priority, rule)),
            (None, None) => {}
        }
    }
    Pairing { same, turned, reused, missing, kept, early: Vec::new(), unwanted: free }
}

/// The moves that bring every standing rule to its priority; where any moves, rules that go are put
/// last, out of the way.
fn moves(pairing: &Pairing<'_>) -> Vec<(AwsId, u32)> {
    let standing = pairing.standing().map(|(priority, _, rule)| (*priority, *rule));
    let kept = pairing.kept.iter().copied();
    let mut moved: Vec<(AwsId, u32)> = standing
        .chain(kept)
        .filter(|(priority, rule)| rule.priority != *priority)
        .map(|(priority, rule)| (rule.id.clone(), priority))
        .collect();
    if moved.is_empty() {
        return moved;
    }
    moved.sort_by_key(|(_, priority)| *priority);
    let missing = pairing.missing.iter().map(|(priority, _)| *priority);
    let kept = pairing.kept.iter().map(|(priority, _)| *priority);
    let taken = pairing.standing().map(|(priority, _, _)| *priority).chain(missing).chain(kept);
    let taken: BTreeSet<u32> = taken.collect();
    let free = (1..=PRIORITY_MAX).rev().filter(|priority| !taken.contains(priority));
    // Those that go first are put behind all others.
    let last_first = pairing.early.iter().chain(&pairing.unwanted).zip(free);
    let away = last_first.map(|(rule, priority)| (rule.id.clone(), priority));
    away.chain(moved).collect()
}

fn differences(live: &Rule, wish: &Rule) -> Vec<String> {
    let mut fields = Vec::new();
    if !wish.is_for_what(live) {
        fields.push("conditions".to_owned());
    }
    if !crate::model::rule::actions_satisfy(&live.actions, &wish.actions) {
        fields.push("actions".to_owned());
    }
    if !wish.rewrites_as(live) {
        fields.push("transforms".to_owned());
    }
    fields
}
