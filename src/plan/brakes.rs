//! How much may go at once whose owners are out of sight. Pure.
//!
//! What a person deletes or changes is seen, and goes as a whole. Whatever is merely no longer
//! there, because a list was short, a cluster was restored or another one has taken its name, takes
//! little with it before the API server has been asked for the very owners.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, TargetsInventory};
use crate::model::marks::ANNOTATION_ACCEPT_REMOVALS;
use crate::model::plan::Plan;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::stack::TargetsStack;
use crate::model::target::{Target, TargetState};

/// How much may go in one pass: so many, or this share of what stands, whichever is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// So many, however few stand.
    least: usize,
    /// One in so many.
    share: usize,
}

/// Rules of a listener.
pub const RULES: Brake = Brake { least: 3, share: 2 };
/// Healthy targets of a target group.
pub const TARGETS: Brake = Brake { least: 3, share: 2 };
/// Records of ours in a hosted zone.
pub const RECORDS: Brake = Brake { least: 10, share: 5 };

impl Brake {
    /// Whether so many of those that stand may go in one pass.
    #[must_use]
    pub fn lets_go(self, going: usize, standing: usize) -> bool {
        going <= self.least.max(standing / self.share)
    }
}

/// The resource tags of target groups of which nobody in sight is the owner.
#[must_use]
pub fn strays(
    inventory: &BalancerInventory,
    is_in_sight: impl Fn(&str) -> bool,
) -> BTreeSet<SmolStr> {
    let tags = inventory.target_groups.iter().map(|live| &live.live.spec.tags);
    let resources = tags.filter_map(Group::resource_in);
    resources.filter(|resource| !is_in_sight(resource)).cloned().collect()
}

/// Whether a plan takes more rules from a listener than may go in one pass.
#[must_use]
pub fn takes_many_rules(plan: &Plan, inventory: &BalancerInventory) -> bool {
    let going: BTreeSet<&AwsId> = plan.steps.iter().filter_map(|step| gone(&step.action)).collect();
    inventory.load_balancers.iter().any(|live| {
        let is_whole = going.contains(&live.live.id);
        live.listeners.iter().any(|listener| {
            let is_whole = is_whole || going.contains(&listener.live.id);
            let rules = listener.rules.iter();
            let lost = rules.filter(|rule| is_whole || going.contains(&rule.id)).count();
            !RULES.lets_go(lost, listener.rules.len())
        })
    })
}

fn gone(action: &Action) -> Option<&AwsId> {
    match action {
        Action::Aws(AwsAction::Elb(
            ElbAction::DeleteRule { id, .. }
            | ElbAction::DeleteListener { id, .. }
            | ElbAction::DeleteLoadBalancer { id },
        )) => Some(id),
        Action::Aws(_) | Action::Kube(_) => None,
    }
}

/// The addresses of healthy targets that are about to go although nobody has said that they are
/// gone: none where so few are that they may go.
#[must_use]
pub fn doubted(stack: &TargetsStack, inventory: &TargetsInventory) -> BTreeSet<SmolStr> {
    let Some(live) = inventory.targets.value().filter(|_| stack.may_deregister) else {
        return BTreeSet::new();
    };
    let wanted: BTreeSet<(&str, u16)> =
        stack.targets.iter().map(|target| (target.id.as_str(), target.port)).collect();
    let healthy = live.iter().filter(|live| live.state == TargetState::Healthy);
    let targets = healthy.clone().map(|live| &live.target);
    let going = targets.filter(|target| !wanted.contains(&(target.id.as_str(), target.port)));
    let is_ours = |target: &&Target| stack.shared.as_ref().is_none_or(|noted| noted.has(target));
    let going = going.filter(is_ours).filter(|target| !stack.spared.contains(&target.id));
    let going = going.filter(|target| stack.doubts.are_about(&target.id));
    if TARGETS.lets_go(going.clone().count(), healthy.count()) {
        return BTreeSet::new();
    }
    going.map(|target| target.id.clone()).collect()
}

/// What is to be said where something is held.
#[must_use]
pub fn problem(object: ObjectRef, found: String, token: &str) -> Problem {
    Problem {
        code: Code::RemovalsHeld,
        severity: Severity::Warning,
        object,
        field: "removals".to_owned(),
        found,
        allowed: format!(
            "owners that the API server says are gone; or the annotation \
             {ANNOTATION_ACCEPT_REMOVALS}: {token} on an IngressClass, or --accept-removals"
        ),
        meanwhile: "it all stays as it is".to_owned(),
    }
}

/// What is held, as far as a sentence has room for it.
#[must_use]
pub fn list<T: AsRef<str>>(held: impl ExactSizeIterator<Item = T>) -> String {
    /// How many are named.
    const NAMED_MAX: usize = 5;
    let more = held.len().saturating_sub(NAMED_MAX);
    let named: Vec<String> = held.take(NAMED_MAX).map(|one| one.as_ref().to_owned()).collect();
    match more {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{RECORDS, RULES};

    #[test]
    fn a_few_may_go_and_of_many_a_share() {
        for (going, standing, expected) in
            [(3, 3, true), (4, 4, false), (5, 10, true), (6, 10, false)]
        {
            assert_eq!(RULES.lets_go(going, standing), expected, "{going} of {standing}");
        }
        for (going, standing, expected) in
            [(10, 10, true), (11, 11, false), (20, 100, true), (21, 100, false)]
        {
            assert_eq!(RECORDS.lets_go(going, standing), expected, "{going} of {standing}");
        }
    }
}
