//! Rules of a security group that take the place of others.
//!
//! What comes is authorised before what goes is revoked, and no rule is revoked once AWS has
//! refused what takes its place. AWS counts the rules of a group, so where both do not fit at once
//! they come in turns: first as many as there is room for, then as few go as make room for the
//! rest, and only such as leave another rule for the same ports behind. Where even that cannot be,
//! as with the only rule of ours in a full group, AWS is asked all the same: its quota may have
//! been raised. If not, what stands stays, AWS's refusal is told, and the change is made once there
//! is room.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction, Ec2Action};
use crate::model::id::Id;
use crate::model::plan::{Reason, StepId};
use crate::model::security::{IngressRule, Load, Peer, RULES_MAX};

use super::draft::Draft;

/// What changes in the rules of one security group.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The group.
    pub group: Id,
    /// Everything that it lets in now, whoever made it.
    pub standing: BTreeSet<IngressRule>,
    /// What it should let in and does not.
    pub missing: BTreeSet<IngressRule>,
    /// What it lets in and should not.
    pub unwanted: BTreeSet<IngressRule>,
    /// The description of the rules.
    pub description: &'a str,
    /// Why rules come, and why they go.
    pub reasons: (Reason, Reason),
}

/// Rules that go once all that takes their place lets traffic in.
#[derive(Debug)]
#[must_use]
pub struct Outgoing {
    group: Id,
    rules: BTreeSet<IngressRule>,
    description: String,
    reason: Reason,
    /// The steps that have to be done before.
    after: Vec<StepId>,
}

/// Some rules that come, then some that go.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turn {
    comes: BTreeSet<IngressRule>,
    goes: BTreeSet<IngressRule>,
}

impl Exchange<'_> {
    /// Authorises what is missing, and revokes only what has to make room for it.
    pub fn authorize(self, draft: &mut Draft) -> Outgoing {
        let mut turns = turns(&self.standing, &self.missing, &self.unwanted);
        let last = turns.pop().unwrap_or_default();
        let (group, description) = (self.group, self.description.to_owned());
        let (missing, reason) = self.reasons;
        let mut outgoing =
            Outgoing { group, rules: BTreeSet::new(), description, reason, after: Vec::new() };
        for Turn { comes, goes } in turns {
            outgoing.authorize(draft, comes, &missing);
            outgoing.rules = goes;
            outgoing.after = outgoing.take_away(draft, &[]);
        }
        outgoing.authorize(draft, last.comes, &missing);
        outgoing.rules = last.goes;
        outgoing
    }
}

impl Outgoing {
    fn authorize(&mut self, draft: &mut Draft, rules: BTreeSet<IngressRule>, reason: &Reason) {
        if !rules.is_empty() {
            let (group, description) = (self.group.clone(), self.description.clone());
            let action = AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, rules, description });
            self.after = vec![draft.push(Action::Aws(action), reason.clone(), &self.after)];
        }
    }

    /// Has what is left to revoke wait for these steps as well.
    pub fn wait_for(&mut self, steps: &[StepId]) {
        self.after.extend(steps);
    }

    /// Revokes what is left to revoke. Answers with the steps.
    pub fn revoke(self, draft: &mut Draft) -> Vec<StepId> {
        self.take_away(draft, &[])
    }

    /// The same where listeners go as well: what lets traffic in to one goes after it.
    pub fn revoke_after(mut self, draft: &mut Draft, listeners: &BTreeMap<u16, StepId>) {
        let leads_to =
            |rule: &IngressRule| listeners.range(rule.from_port..=rule.to_port.max(rule.from_port));
        let rules = std::mem::take(&mut self.rules);
        let (with_listener, without): (BTreeSet<_>, BTreeSet<_>) =
            rules.into_iter().partition(|rule| leads_to(rule).next().is_some());
        self.rules = without;
        self.take_away(draft, &[]);
        let gone: Vec<StepId> =
            with_listener.iter().flat_map(|rule| leads_to(rule).map(|(_, step)| *step)).collect();
        self.rules = with_listener;
        self.take_away(draft, &gone);
    }

    fn take_away(&self, draft: &mut Draft, after: &[StepId]) -> Vec<StepId> {
        if self.rules.is_empty() {
            return self.after.clone();
        }
        let action = AwsAction::Ec2(Ec2Action::RevokeIngress {
            group: self.group.clone(),
            rules: self.rules.clone(),
            description: self.description.clone(),
        });
        let before: Vec<StepId> = self.after.iter().chain(after).copied().collect();
        vec![draft.remove_after(Action::Aws(action), self.reason.clone(), &before)]
    }
}

/// The turns in which rules come and go.
fn turns(
    standing: &BTreeSet<IngressRule>,
    missing: &BTreeSet<IngressRule>,
    unwanted: &BTreeSet<IngressRule>,
) -> Vec<Turn> {
    let at_once = || vec![Turn { comes: missing.clone(), goes: unwanted.clone() }];
    let wished: BTreeSet<IngressRule> =
        standing.difference(unwanted).chain(missing).cloned().collect();
    if fits(Load::of(standing).with(missing)) || !fits(Load::of(&wished)) {
        return at_once();
    }
    let mut now = standing.clone();
    let (mut missing_now, mut unwanted_now) = (missing.clone(), unwanted.clone());
    let mut turns = Vec::new();
    while !missing_now.is_empty() {
        let mut turn = Turn::default();
        for rule in std::mem::take(&mut missing_now) {
            if fits(Load::of(&now).with([&rule])) {
                now.insert(rule.clone());
                turn.comes.insert(rule);
            } else {
                missing_now.insert(rule);
            }
        }
        for rule in narrow_first(&unwanted_now) {
            let is_full = !fits(Load::of(&now).with(&missing_now));
            let helps = missing_now.iter().any(|missing| is_counted_with(missing, &rule));
            let is_last = !now.iter().any(|other| *other != rule && shares_ports(other, &rule));
            if missing_now.is_empty() || (is_full && helps && !is_last) {
                now.remove(&rule);
                unwanted_now.remove(&rule);
                turn.goes.insert(rule);
            }
        }
        if turn == Turn::default() || (turn.goes.is_empty() && !missing_now.is_empty()) {
            return at_once();
        }
        turns.push(turn);
    }
    turns
}

fn fits(load: Load) -> bool {
    load.most() <= RULES_MAX
}

fn is_counted_with(one: &IngressRule, other: &IngressRule) -> bool {
    let (one, other) = (one.families(), other.families());
    (one.0 && other.0) || (one.1 && other.1)
}

/// Whether some traffic to the same port passes either rule, from whomever.
#[must_use]
pub fn shares_ports(one: &IngressRule, other: &IngressRule) -> bool {
    one.protocol == other.protocol
        && one.from_port <= other.to_port
        && other.from_port <= one.to_port
}

/// Those that let in the fewest addresses come first: the others may let in the same ones.
fn narrow_first(rules: &BTreeSet<IngressRule>) -> Vec<IngressRule> {
    let prefix = |rule: &IngressRule| match &rule.source {
        Peer::Cidr(text) | Peer::Cidr6(text) => {
            text.split_once('/').and_then(|(_, bits)| bits.parse::<u8>().ok())
        }
        Peer::PrefixList(_) | Peer::Group(_) => None,
    };
    let mut rules: Vec<IngressRule> = rules.iter().cloned().collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(prefix(rule)));
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(port: u16, block: u8, count: u8) -> BTreeSet<IngressRule> {
        let rule = |n| IngressRule {
            protocol: "tcp".to_owned(),
            from_port: port,
            to_port: port,
            source: Peer::Cidr(format!("10.0.{block}.{n}/32")),
        };
        (0..count).map(rule).collect()
    }

    /// How many rules come and go in each turn.
    fn counts(
        standing: &BTreeSet<IngressRule>,
        missing: &BTreeSet<IngressRule>,
        unwanted: &BTreeSet<IngressRule>,
    ) -> Vec<(usize, usize)> {
        let turns = turns(standing, missing, unwanted);
        turns.iter().map(|turn| (turn.comes.len(), turn.goes.len())).collect()
    }

    #[test]
    fn rules_come_in_turns_where_there_is_no_room_for_all() {
        let (few, many, full) = (rules(80, 0, 3), rules(80, 1, 59), rules(80, 2, 60));
        assert_eq!(counts(&few, &rules(80, 1, 5), &few), [(5, 3)]);
        // Two have no room, two go for them, and the last one goes at the end.
        assert_eq!(counts(&few, &many, &few), [(57, 2), (2, 1)]);
        // Of a full group one stays until others are there.
        assert_eq!(counts(&full, &rules(80, 3, 60), &full), [(0, 59), (59, 1), (1, 0)]);
        // What does not fit in the end is AWS's to refuse, and the only rule of a full group stays.
        assert_eq!(counts(&few, &rules(80, 4, 61), &few), [(61, 3)]);
        let one = rules(443, 0, 1);
        let standing: BTreeSet<IngressRule> = one.union(&many).cloned().collect();
        assert_eq!(counts(&standing, &rules(443, 1, 1), &one), [(1, 1)]);
    }

    #[test]
    fn the_widest_source_goes_last() {
        let wide = |text: &str| IngressRule {
            source: Peer::Cidr(text.to_owned()),
            ..rules(80, 0, 1).into_iter().next().unwrap()
        };
        let unwanted = BTreeSet::from([wide("0.0.0.0/0"), wide("10.0.0.0/8")]);
        let turns = turns(&unwanted, &rules(80, 1, 59), &unwanted);
        assert_eq!(turns[0].goes, BTreeSet::from([wide("10.0.0.0/8")]));
    }
}
