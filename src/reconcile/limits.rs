//! What AWS allows of targets, told before it is reached.

use std::collections::{BTreeMap, BTreeSet};

use super::{Visit, read_account_limits};
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::balancer::Built;
use crate::desired::limits;
use crate::model::account_limits::Limit;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::inventory::BalancerInventory;
use crate::model::problem::Problem;
use crate::model::source::Source;
use crate::model::stack::TargetsStack;
use crate::report::Rest;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Finds out how many targets a target group may have, where a binding has nearly as many as
    /// everybody is allowed, and tells it.
    pub(super) async fn bound(&self, key: &ObjectKey, stack: &mut TargetsStack) -> Option<Problem> {
        let count = stack.targets.len();
        if count < limits::near_of(Limit::TargetsOfGroup.default()) {
            return None;
        }
        let (allowed, rest) = read_account_limits(self.mirror()).await;
        stack.quota = allowed.told(Limit::TargetsOfGroup).filter(|_| rest == Rest::Done);
        limits::of_target_group(key, count, &allowed)
    }

    /// Tells with which member so many targets stand behind a load balancer that AWS takes hardly
    /// more, by what is believed of them: nothing is read for it.
    pub(super) async fn crowd(
        &self,
        built: &Built,
        inventory: &BalancerInventory,
    ) -> Option<Problem> {
        built.stack.front.as_ref()?;
        let ids: BTreeSet<_> = inventory.target_groups.iter().map(|live| &live.live.id).collect();
        let registered = self.mirror().believed_count(ids.into_iter());
        if registered.values().sum::<usize>() < limits::near_of(Limit::Targets.default()) {
            return None;
        }
        let mut by_member: BTreeMap<&Source, usize> = BTreeMap::new();
        for live in inventory.target_groups.iter() {
            let owner = Group::resource_in(&live.live.spec.tags);
            let owner = owner.and_then(|resource| built.stack.owner_of(resource));
            let count = registered.get(&live.live.id).copied().unwrap_or_default();
            if let Some(owner) = owner {
                *by_member.entry(owner).or_default() += count;
            }
        }
        let counts = built.stack.active.iter().map(|member| {
            let count = by_member.get(member).copied().unwrap_or_default();
            (member, count)
        });
        let (allowed, _) = read_account_limits(self.mirror()).await;
        limits::of_targets(counts, &allowed)
    }
}
