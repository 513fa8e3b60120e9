//! Claims: finalizers that members get before anything is made for them.

use std::collections::BTreeMap;

use crate::model::action::{Action, KubeAction};
use crate::model::plan::{Reason, StepId};
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

use super::draft::Draft;
use super::settle::Settled;

/// The steps that put finalizers on members, before anything is made for them.
#[derive(Debug, Default)]
pub struct Claims(BTreeMap<Source, StepId>);

impl Claims {
    /// What comes before anything that a whole group shares: one member that holds it. A claim that
    /// fails then holds nobody else up.
    #[must_use]
    pub fn of_any(&self, stack: &BalancerStack) -> Vec<StepId> {
        if stack.claimed.is_empty() {
            self.0.values().take(1).copied().collect()
        } else {
            Vec::new()
        }
    }

    /// What comes before anything that is made for one member.
    #[must_use]
    pub fn of(&self, member: &Source) -> Vec<StepId> {
        self.0.get(member).copied().into_iter().collect()
    }
}

/// Manifests show no finalizers: where the load balancer stands, they were claimed when it was
/// made.
pub fn claim(
    draft: &mut Draft,
    extent: &Extent,
    stack: &BalancerStack,
    settled: &Settled<'_>,
    before: &[StepId],
) -> Claims {
    if *extent == Extent::Manifests && settled.load_balancer.is_some() {
        return Claims::default();
    }
    let each = stack.unclaimed.iter().map(|member| {
        let finalizer = stack.finalizer.clone();
        let action = KubeAction::Claim { member: member.clone(), finalizer };
        (member.clone(), draft.push(Action::Kube(action), Reason::Claimed, before))
    });
    Claims(each.collect())
}
