//! Members that come from another group: when this one serves them as well.
//!
//! Until then the other group keeps them, and their names lead there.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::id::{AwsId, Handle, Id};
use crate::model::inventory::LiveLoadBalancer;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::part::Part;
use crate::model::plan::{Need, WaitKey};
use crate::model::rule::{Rule, RuleAction, actions_satisfy};
use crate::model::source::Source;

use super::alike;
use super::draft::Draft;
use super::replacement::{Replacement, SWITCH_MAX};
use super::switch::takes_requests;

/// For how long a member stays that its class does not select any more: long enough for a person to
/// see its Event and to undo a slip.
const EVICTION_GRACE: Duration = Duration::from_mins(5);

impl Replacement<'_, '_> {
    /// The members that came from another group, or go on to one, and that this one serves.
    #[must_use]
    pub fn arrived(&self) -> BTreeSet<Source> {
        let all = self.stack.arriving.iter().filter(|(member, part)| {
            let is_over = |group: Id| self.over.contains(&WaitKey::Patience(group));
            // Nobody is sent back to who is not well here for want of patience.
            let is_passing = self.stack.staying.contains(*member);
            let is_waited_for = || !is_passing && self.led_to(part).any(is_over);
            let is_ready = || self.unready(part).is_none() || is_waited_for();
            self.stack.arrived.contains(*member) || (self.stands(part) && is_ready())
        });
        all.map(|(member, _)| member.clone()).collect()
    }

    /// Takes note of what members wait for that come from another group.
    pub fn expect_arrivals(&self, draft: &mut Draft) {
        let arrived = self.arrived();
        for (member, part) in &self.stack.arriving {
            if arrived.contains(member) {
                continue;
            }
            match self.unready(part).filter(|_| self.stands(part)) {
                Some(group) => {
                    if !self.stack.staying.contains(member) {
                        let patience = WaitKey::Patience(group.clone());
                        self.wait(draft, patience, Need::Elapsed(SWITCH_MAX));
                    }
                    self.wait(draft, WaitKey::Healthy(group), Need::Poll);
                }
                None => {
                    let is_up = |live: &LiveLoadBalancer| live.state == LoadBalancerState::Active;
                    if self.settled.load_balancer.is_some_and(is_up) && draft.steps().is_empty() {
                        // What is held back here comes once somebody changes something.
                        continue;
                    }
                    let mut id = Id::Of(super::settle::load_balancer_handle(&self.stack.group));
                    self.settled.resolve(&mut id);
                    self.wait(draft, WaitKey::Serving(id), Need::Poll);
                }
            }
        }
    }

    /// The target groups whose targets have to be known for that.
    pub fn expected(&self) -> impl Iterator<Item = AwsId> {
        let parts = self.stack.arriving.iter();
        let parts = parts.filter(|(member, _)| !self.stack.arrived.contains(*member));
        parts.flat_map(|(_, part)| self.led_to(part)).filter_map(|id| id.given().cloned())
    }

    /// Says who went to another group and stays until that one serves it; and takes note of how
    /// long clients have to follow.
    pub fn expect_followers(&self, draft: &mut Draft) {
        for member in self.stack.staying.difference(&self.stack.planned_only) {
            draft.note(format!(
                "{} {member} stays here until clients have followed to where its hosts are served \
                 from now on",
                member.kind
            ));
        }
        for member in &self.stack.succeeded {
            let need = Need::Elapsed(SWITCH_MAX);
            self.wait(draft, WaitKey::Succeeded(member.clone()), need);
        }
        for member in &self.stack.followed {
            self.wait(draft, WaitKey::Followed(member.clone()), Need::Elapsed(self.grace));
        }
    }

    /// Takes note of how long members stay that their class does not select any more.
    pub fn expect_evictions(&self, draft: &mut Draft) {
        for member in &self.stack.evicted {
            let need = Need::Elapsed(EVICTION_GRACE);
            self.wait(draft, WaitKey::Unselected(member.clone()), need);
        }
    }

    /// Whether a load balancer takes traffic that has all rules of a member.
    fn stands(&self, part: &Part) -> bool {
        let (Some(live), Some(front)) = (self.settled.load_balancer, &self.stack.front) else {
            return false;
        };
        let stands_at = |port: &u16| {
            let mut listeners = live.listeners.iter();
            let Some(listener) = listeners.find(|listener| listener.port == *port) else {
                return false;
            };
            let Some(wished) = front.listeners.get(port) else { return false };
            let has = |rule: &Rule| {
                let rule = Rule { actions: self.resolved(&rule.actions), ..rule.clone() };
                alike::does(&listener.rules, &rule)
            };
            let does = |actions: &[RuleAction]| {
                actions_satisfy(&listener.live.spec.default_actions, &self.resolved(actions))
            };
            // A listener has not every rule of its members, and some do something else there.
            let is_theirs = |rule: &&Rule| part.rules.iter().any(|own| rule.is_for_what(own));
            let mut theirs = wished.rules.iter().map(|(rule, _)| rule).filter(is_theirs);
            theirs.all(has)
                && (part.default_actions.is_none() || does(&wished.listener.default_actions))
        };
        live.state == LoadBalancerState::Active && part.listens.keys().all(stands_at)
    }

    /// A target group of a member that has no target which takes requests.
    fn unready(&self, part: &Part) -> Option<Id> {
        self.led_to(part).find(|id| {
            let found = id.given().and_then(|id| self.inventory.targets.get(id));
            let targets = found.and_then(|found| found.value());
            !targets.is_some_and(|targets| targets.iter().any(takes_requests))
        })
    }

    fn led_to(&self, part: &Part) -> impl Iterator<Item = Id> {
        part.target_groups.keys().map(|key| {
            let mut id = Id::Of(Handle::TargetGroup(self.stack.group.clone(), key.clone()));
            self.settled.resolve(&mut id);
            id
        })
    }
}
