//! Rules that stand and that nobody explains, while a member's wishes are unknown: which they are,
//! and where they go among the rules that are wished for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::backend::BackendKey;
use crate::model::id::{AwsId, Handle, Id};
use crate::model::inventory::LiveRule;
use crate::model::rule::{Rule, RuleAction, Weighted};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

use super::settle::Settled;

/// Whose a rule is, as far as its target groups tell: a target group is one member's own.
#[derive(Clone, Copy, Debug)]
pub struct Owners<'a> {
    /// The group.
    pub stack: &'a BalancerStack,
    /// What stands of it.
    pub settled: &'a Settled<'a>,
    /// Whose members can be seen.
    pub extent: &'a Extent,
}

impl Owners<'_> {
    /// Whether a standing rule leads only to what members wish for, or to what that takes the place
    /// of, or once did. It is theirs then: if they no longer wish for the rule itself, it has no
    /// business to stay.
    #[must_use]
    pub fn explain(&self, rule: &Rule) -> bool {
        leads_only(rule, |id| self.want_one_like(id) || self.had(id))
    }

    /// Whether a standing rule leads to what a member wishes for, or to what that takes the place
    /// of.
    #[must_use]
    pub fn want(&self, rule: &Rule) -> bool {
        target_groups(rule).filter_map(Id::given).any(|id| self.want_one_like(id))
    }

    fn want_one_like(&self, target_group: &AwsId) -> bool {
        let Some(made_for) = self.settled.resource(target_group) else { return false };
        self.stack.target_groups.keys().any(|key| key.backend.spelled().as_str() == made_for)
    }

    /// Whether a standing rule leads only to target groups that were made for members that can be
    /// seen, and that no other one can have.
    #[must_use]
    pub fn had_by(&self, rule: &Rule) -> bool {
        leads_only(rule, |id| self.had(id))
    }

    /// Whether a target group was made for a member of which it can be seen what it wishes for
    /// now, if it is there at all; no other one can have it.
    #[must_use]
    pub fn had(&self, target_group: &AwsId) -> bool {
        let Some(resource) = self.settled.resource(target_group) else { return false };
        let is_seen = BackendKey::namespace_in(resource).is_some_and(|it| self.extent.shows(it));
        is_seen && self.stack.explains(resource)
    }

    /// The place of a rule's member in the order of the group.
    fn place(&self, rule: &Rule) -> Option<usize> {
        let owners = target_groups(rule).filter_map(|id| self.owner(id));
        owners.filter_map(|owner| self.stack.place_of(owner)).min()
    }

    fn owner<'a>(&'a self, target_group: &'a Id) -> Option<&'a Source> {
        match target_group {
            Id::Of(Handle::TargetGroup(_, key)) => Some(key.backend.owner()),
            Id::Of(_) => None,
            Id::Is(id) => self.stack.owner_of(self.settled.resource(id)?),
        }
    }

    /// The namespaces whose a kept rule may be.
    fn namespaces<'a>(&'a self, rule: &'a Rule) -> BTreeSet<&'a str> {
        let led_to = target_groups(rule).filter_map(|id| self.settled.resource(id.given()?));
        let found: BTreeSet<&str> = led_to.filter_map(BackendKey::namespace_in).collect();
        if found.is_empty() {
            self.stack.unexplained.iter().map(Source::namespace).collect()
        } else {
            found
        }
    }

    /// Whether a wish that nothing stands for takes requests of a kept rule that may be another
    /// namespace's.
    fn takes(&self, wish: &Rule, kept: &Rule) -> bool {
        let owned = target_groups(wish).filter_map(|id| match id {
            Id::Of(Handle::TargetGroup(_, key)) => Some(key.backend.owner().namespace()),
            Id::Of(_) => None,
            Id::Is(id) => BackendKey::namespace_in(self.settled.resource(id)?),
        });
        let (owned, kept_by) = (owned.collect::<BTreeSet<&str>>(), self.namespaces(kept));
        let is_own = !owned.is_empty() && kept_by.iter().all(|name| owned.contains(name));
        !is_own && wish.overlaps(kept)
    }

    /// The place of the first member that may have what nobody explains.
    fn first_unexplained(&self) -> Option<usize> {
        self.stack.active.iter().position(|member| self.stack.unexplained.contains(member))
    }

    /// For each rule that is kept, before which of the wishes it goes.
    ///
    /// It stays between the standing rules that it stands between now. Among new ones it goes where
    /// its member's place is, so that no member's rules hide those of one that comes earlier; and
    /// before those that take its requests and are another namespace's, wherever their places are.
    #[must_use]
    pub fn places(
        &self,
        wished: &[&Rule],
        standing: &[Option<&LiveRule>],
        kept: &[&LiveRule],
    ) -> Vec<usize> {
        let anchors: BTreeMap<u32, usize> =
            (0..).zip(standing).filter_map(|(i, rule)| Some(((*rule)?.priority, i))).collect();
        // A rule of which the owner cannot be told comes with those before it.
        let owners = wished.iter().scan(None, |last, rule| {
            *last = self.place(rule).max(*last);
            Some(*last)
        });
        let owners: Vec<Option<usize>> = owners.collect();
        let mut places: Vec<usize> = Vec::new();
        let mut next = wished.len();
        for rule in kept.iter().rev() {
            let owner = self.place(&rule.rule).or_else(|| self.first_unexplained());
            let behind = anchors.range(..rule.priority).next_back().map_or(0, |(_, i)| i + 1);
            let before = anchors.range(rule.priority..).next().map_or(wished.len(), |(_, i)| *i);
            let is_after = |i: &usize| {
                let is_taking = standing[*i].is_none() && self.takes(wished[*i], &rule.rule);
                is_taking || (owner.is_some() && owners[*i] > owner)
            };
            let of_later = (behind..before).find(is_after);
            let is_unseen = owner.is_none() && matches!(self.extent, Extent::Namespaces(_));
            // Nothing new comes in front of what is somebody's who cannot be seen.
            let last = if is_unseen { behind } else { before };
            next = of_later.unwrap_or(last).min(next).max(behind);
            places.push(next);
        }
        places.reverse();
        places
    }

    /// Keeps wishes behind the kept rules whose requests they would take, where those cannot go in
    /// front, for they stand behind others: whoever is new, and whoever came there so. What comes
    /// after such a wish and is as late stays after it. `wish`: the wish of a place and the
    /// priority of what does that already; `kept`: the rule that is kept there.
    pub fn hold_back<'a, T>(
        &self,
        order: &mut Vec<T>,
        wish: impl Fn(&T) -> Option<(&'a Rule, Option<u32>)>,
        kept: impl Fn(&T) -> Option<&'a LiveRule>,
    ) {
        let mut first = if order.iter().any(|next| kept(next).is_some()) { 0 } else { order.len() };
        while let Some(found) = order.get(first).map(&wish) {
            let is_late = |next: &T, live: &LiveRule| {
                wish(next).is_some_and(|(_, at)| at.is_none_or(|at| at > live.priority))
            };
            let taken = |other: &T| {
                let (Some((rule, _)), Some(live)) = (found, kept(other)) else { return false };
                is_late(&order[first], live) && self.takes(rule, &live.rule)
            };
            let last = order.iter().rposition(taken).filter(|last| *last > first);
            let Some((last, live)) = last.and_then(|last| Some((last, kept(&order[last])?))) else {
                first += 1;
                continue;
            };
            let passed = order.splice(first..=last, []).collect::<Vec<T>>().into_iter();
            let (late, early): (Vec<T>, Vec<T>) = passed.partition(|next| is_late(next, live));
            order.splice(first..first, early.into_iter().chain(late));
        }
    }
}

/// Whether a rule leads somewhere, and nowhere else than there. One that is on its way leads there
/// with no weight as yet, and with all of it to what has answered its requests, whosever that is.
fn leads_only(rule: &Rule, is_there: impl Fn(&AwsId) -> bool) -> bool {
    let led_to = || rule.actions.iter().flat_map(RuleAction::target_groups);
    let comes = |weighted: &&Weighted| weighted.weight == Some(0);
    let is_on_its_way = led_to().any(|weighted| comes(&weighted));
    let mut led_to = led_to().filter(|weighted| !is_on_its_way || comes(weighted)).peekable();
    led_to.peek().is_some() && led_to.all(|weighted| weighted.group.given().is_some_and(&is_there))
}

fn target_groups(rule: &Rule) -> impl Iterator<Item = &Id> {
    rule.actions.iter().flat_map(RuleAction::target_groups).map(|weighted| &weighted.group)
}
