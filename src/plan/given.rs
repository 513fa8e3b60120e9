//! Attributes that classes of ours have had set and that nobody asks for any more: they go back to
//! what AWS makes of them, unless somebody else has set them otherwise.
//!
//! What has been set is remembered before it is set, and forgotten once it is back: whoever
//! forgets too early leaves an attribute as it is, and touches nothing of anybody's.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::attribute;
use crate::model::load_balancer::Attributes;
use crate::model::memory::Given;
use crate::model::plan::{Step, StepId};
use crate::model::stack::BalancerStack;

use super::security_group::Surplus;
use super::settle::Settled;

/// What an attribute is until somebody sets it.
type Default = fn(&str) -> Option<&'static str>;

/// What becomes of attributes that have been set.
#[derive(Debug, std::default::Default)]
pub struct Lapsed {
    /// What those should be that nobody asks for any more.
    back: Given,
    /// What is remembered while some change.
    pub before: Given,
    /// What is remembered once they have.
    pub after: Given,
}

/// One thing that has attributes.
struct Carrier<'a> {
    /// What has been set of it.
    known: Option<&'a Attributes>,
    /// What should be set of it for the sake of classes of ours.
    given: Option<&'a Attributes>,
    /// What should be set of it for anybody's sake.
    asked: Option<&'a Attributes>,
    /// What stands of it, if it does and has been read.
    live: Option<&'a Attributes>,
    default: Default,
}

/// What becomes of the attributes of one thing.
#[derive(std::default::Default)]
struct Turn {
    back: Attributes,
    before: Attributes,
    after: Attributes,
}

impl Carrier<'_> {
    fn turn(&self, surplus: Surplus) -> Turn {
        let given = self.given.cloned().unwrap_or_default();
        let mut turn = Turn { back: Attributes::new(), before: given.clone(), after: given };
        for (key, value) in self.known.into_iter().flat_map(Attributes::iter) {
            let stands = self.live.map(|live| live.get(key) == Some(value));
            if self.asked.is_some_and(|asked| asked.contains_key(key)) {
                // Until it is another one, this is what has been set.
                if stands == Some(true) && turn.before.contains_key(key) {
                    turn.before.insert(key.clone(), value.clone());
                }
                continue;
            }
            let is_unknown = surplus == Surplus::Keep || stands.is_none();
            let back = (self.default)(key).filter(|default| *default != value.as_str());
            if is_unknown {
                turn.after.insert(key.clone(), value.clone());
            } else if let (Some(true), Some(back)) = (stands, back) {
                turn.back.insert(key.clone(), back.into());
            } else {
                continue;
            }
            turn.before.insert(key.clone(), value.clone());
        }
        turn
    }
}

impl Lapsed {
    /// Holds what is wished for against what is remembered of what has been set, and what stands.
    #[must_use]
    pub fn of(
        stack: &BalancerStack,
        settled: &Settled<'_>,
        known: &Given,
        surplus: Surplus,
    ) -> Self {
        let given = &stack.given;
        let mut lapsed = Self::default();
        if let (Some(front), Some(live)) = (&stack.front, settled.load_balancer) {
            let carrier = Carrier {
                known: Some(&known.load_balancer),
                given: Some(&given.load_balancer),
                asked: Some(&front.attributes.values),
                live: live.attributes.value(),
                default: attribute::default_of_load_balancer,
            };
            let Turn { back, before, after } = carrier.turn(surplus);
            lapsed.back.load_balancer = back;
            lapsed.before.load_balancer = before;
            lapsed.after.load_balancer = after;
        } else {
            lapsed.before.load_balancer.clone_from(&given.load_balancer);
            lapsed.after.load_balancer.clone_from(&given.load_balancer);
        }
        lapsed.frontend_nlb(stack, settled, known, surplus);
        lapsed.listeners(stack, settled, known, surplus);
        lapsed.target_groups(stack, settled, known, surplus);
        lapsed
    }

    /// One that cannot be as it should stays as it is, and so does what is known of it; of one that
    /// goes nothing is.
    fn frontend_nlb(
        &mut self,
        stack: &BalancerStack,
        settled: &Settled<'_>,
        known: &Given,
        surplus: Surplus,
    ) {
        let nlb = stack.front.as_ref().and_then(|front| front.nlb.as_deref());
        if nlb.is_none() && surplus == Surplus::Remove {
            return;
        }
        let live = settled.nlb.load_balancer;
        let carrier = Carrier {
            known: Some(&known.frontend_nlb).filter(|_| live.is_some()),
            given: Some(&stack.given.frontend_nlb),
            asked: nlb.map(|nlb| &nlb.attributes.values),
            live: live.and_then(|live| live.attributes.value()),
            default: attribute::default_of_network_load_balancer,
        };
        let is_held = nlb.is_none_or(|nlb| nlb.obstacle.is_some());
        let turn = carrier.turn(if is_held { Surplus::Keep } else { surplus });
        self.back.frontend_nlb = turn.back;
        self.before.frontend_nlb = turn.before;
        self.after.frontend_nlb = turn.after;
    }

    fn listeners(
        &mut self,
        stack: &BalancerStack,
        settled: &Settled<'_>,
        known: &Given,
        surplus: Surplus,
    ) {
        let wished = stack.front.iter().flat_map(|front| &front.listeners);
        for (port, wished) in wished {
            let mut standing = settled.load_balancer.iter().flat_map(|live| live.listeners.iter());
            let live = standing.find(|live| live.port == *port);
            let carrier = Carrier {
                known: known.listeners.get(port).filter(|_| live.is_some()),
                given: stack.given.listeners.get(port),
                asked: Some(&wished.attributes.values),
                live: live.and_then(|live| live.attributes.value()),
                default: attribute::default_of_listener,
            };
            let turn = carrier.turn(surplus);
            put(&mut self.back.listeners, port, turn.back);
            put(&mut self.before.listeners, port, turn.before);
            put(&mut self.after.listeners, port, turn.after);
        }
    }

    fn target_groups(
        &mut self,
        stack: &BalancerStack,
        settled: &Settled<'_>,
        known: &Given,
        surplus: Surplus,
    ) {
        for (key, wished) in &stack.target_groups {
            let resource = key.backend.spelled();
            let live = settled.target_groups.get(key);
            let carrier = Carrier {
                known: known.target_groups.get(resource).filter(|_| live.is_some()),
                given: stack.given.target_groups.get(resource),
                asked: Some(&wished.attributes),
                live: live.and_then(|live| live.attributes.value()),
                default: attribute::default_of_target_group,
            };
            let turn = carrier.turn(surplus);
            put(&mut self.back.target_groups, resource, turn.back);
            put(&mut self.before.target_groups, resource, turn.before);
            put(&mut self.after.target_groups, resource, turn.after);
        }
    }

    /// The wish, with what goes back.
    #[must_use]
    pub fn over<'s>(&self, stack: &'s BalancerStack) -> Cow<'s, BalancerStack> {
        if self.back.is_empty() {
            return Cow::Borrowed(stack);
        }
        let mut stack = stack.clone();
        if let Some(front) = &mut stack.front {
            front.attributes.values.extend(self.back.load_balancer.clone());
            let nlb = front.nlb.iter_mut();
            nlb.for_each(|nlb| nlb.attributes.values.extend(self.back.frontend_nlb.clone()));
            for (port, back) in &self.back.listeners {
                let listener = front.listeners.get_mut(port);
                listener.into_iter().for_each(|one| one.attributes.values.extend(back.clone()));
            }
        }
        for (key, wished) in &mut stack.target_groups {
            let back = self.back.target_groups.get(key.backend.spelled());
            wished.attributes.extend(back.cloned().unwrap_or_default());
        }
        Cow::Owned(stack)
    }

    /// The steps after which more is known than before.
    #[must_use]
    pub fn setters(&self, steps: &[Step]) -> Vec<StepId> {
        if self.before == self.after {
            return Vec::new();
        }
        let sets = steps.iter().filter(|step| {
            matches!(
                step.action,
                Action::Aws(AwsAction::Elb(
                    ElbAction::ModifyLoadBalancerAttributes { .. }
                        | ElbAction::ModifyListenerAttributes { .. }
                        | ElbAction::ModifyTargetGroupAttributes { .. }
                ))
            )
        });
        sets.map(|step| step.id).collect()
    }
}

fn put<K: Clone + Ord>(all: &mut BTreeMap<K, Attributes>, key: &K, attributes: Attributes) {
    if !attributes.is_empty() {
        all.insert(key.clone(), attributes);
    }
}
