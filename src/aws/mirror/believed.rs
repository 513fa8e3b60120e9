//! What is believed, for whoever looks at it from outside: never a call, and nothing that a visit
//! would have to wait for longer than for another visit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::aws::Cloud;
use crate::aws::view::{BalancerScope, Reader};
use crate::clock::Clock;
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, LiveTargetGroup, Records};
use crate::model::known::Known;
use crate::model::marks::TAG_CLUSTER;
use crate::model::target::{LiveTarget, TargetCount};
use crate::model::target_group::TargetType;

use super::Mirror;

/// What is believed of a group.
#[derive(Debug, Default)]
pub struct BelievedGroup {
    /// What stands; `bindings` is empty.
    pub inventory: BalancerInventory,
    /// What is registered in its target groups, as far as somebody has looked.
    pub targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
}

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// What is believed of a group.
    #[must_use]
    pub fn believed_group(&self, cluster: &str, group: &Group) -> BelievedGroup {
        let now = self.shared.clock.moment();
        let state = self.shared.lock();
        let lenient = BTreeSet::new();
        let mut reader = Reader::new(&state.belief, u64::MAX, now, &lenient);
        let inventory = reader.balancer(cluster, group, &BalancerScope::default());
        let known = |live: &LiveTargetGroup| {
            let id = live.live.id.clone();
            let targets = state.belief.elb.targets.get(&id).cloned().unwrap_or_default();
            (id, targets)
        };
        let targets = inventory.target_groups.iter().map(known).collect();
        BelievedGroup { inventory, targets }
    }

    /// How the targets of each group of the cluster are, by the name of the group in tags.
    #[must_use]
    pub fn believed_targets(&self, cluster: &str) -> BTreeMap<SmolStr, TargetCount> {
        let state = self.shared.lock();
        let belief = &state.belief;
        let mut counts: BTreeMap<SmolStr, TargetCount> = BTreeMap::new();
        let standing = belief.elb.target_groups.value().into_iter().flatten();
        // The target of a network load balancer is another load balancer.
        let of_pods = standing.filter(|(_, live)| live.spec.target_type != TargetType::Alb);
        for (id, _) in of_pods {
            let Some(tags) = belief.tags.get(id) else { continue };
            let is_ours = tags.get(TAG_CLUSTER).is_some_and(|owner| owner == cluster);
            if let Some(group) = Group::in_tags(tags).filter(|_| is_ours) {
                counts.entry(group.clone()).or_default().add(belief.elb.targets.get(id));
            }
        }
        counts
    }

    /// How many targets are registered in each of these target groups, as far as somebody has
    /// looked.
    #[must_use]
    pub fn believed_count<'i>(
        &self,
        ids: impl Iterator<Item = &'i AwsId>,
    ) -> BTreeMap<AwsId, usize> {
        let state = self.shared.lock();
        let known = |id: &AwsId| state.belief.elb.targets.get(id)?.value().map(Vec::len);
        ids.filter_map(|id| Some((id.clone(), known(id)?))).collect()
    }

    /// The DNS names of the load balancers of each group of the cluster, by the name of the group
    /// in tags; of those only that somebody asks for.
    #[must_use]
    pub fn believed_names(
        &self,
        cluster: &str,
        is_wanted: impl Fn(&str, &str) -> bool,
    ) -> BTreeMap<SmolStr, Vec<String>> {
        let state = self.shared.lock();
        let belief = &state.belief;
        let mut names: BTreeMap<SmolStr, Vec<String>> = BTreeMap::new();
        let Some(found) = belief.elb.load_balancers.value() else { return names };
        for (id, found) in found.iter() {
            let Some(tags) = belief.tags.get(id) else { continue };
            let is_ours = tags.get(TAG_CLUSTER).is_some_and(|owner| owner == cluster);
            let group = Group::in_tags(tags).filter(|_| is_ours);
            if let Some(group) = group.filter(|group| is_wanted(group, &found.dns_name)) {
                names.entry(group.clone()).or_default().push(found.dns_name.clone());
            }
        }
        names
    }

    /// The records of hosted zones; of one that is read by name those of the names that were.
    #[must_use]
    pub fn believed_records<'z>(
        &self,
        zones: impl IntoIterator<Item = &'z AwsId>,
    ) -> BTreeMap<AwsId, Known<Arc<Records>>> {
        let state = self.shared.lock();
        let route53 = &state.belief.route53;
        let by_name = |id: &AwsId| {
            let known = route53.by_name(id)?;
            Some(Known::Is(Arc::clone(&known.records), known.at))
        };
        let known = |id: &AwsId| {
            let whole = route53.records.get(id).cloned();
            (id.clone(), whole.or_else(|| by_name(id)).unwrap_or_default())
        };
        zones.into_iter().map(known).collect()
    }
}
