//! What groups wait for that nobody tells of: it is looked for again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Reconciler, Shared, lock};
use crate::aws::{BalancerScope, Cloud, CloudError, Mirror, Part as AwsPart};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::group::Group;
use crate::model::inventory::BalancerInventory;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::plan::{Need, Plan, WaitKey};
use crate::model::snapshot::Extent;
use crate::model::stack::BalancerStack;
use crate::plan;

/// How often what changes without a word is looked at. Targets take tens of seconds to get well.
const POLL_PAUSE: Duration = Duration::from_secs(2);

/// How young a look at load balancers is good enough for whoever polls them: one does for many.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The waits of one group. Losing them, as a restart does, makes waits longer.
#[derive(Debug, Default)]
pub(super) struct Waits {
    /// Since when each wait for time is on, and how long it takes.
    since: BTreeMap<WaitKey, (Timestamp, Duration)>,
    /// What is looked at.
    polled: BTreeSet<WaitKey>,
}

/// How long ago something was.
fn age(now: Timestamp, since: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

impl Shared {
    /// The waits of a group whose time is over.
    pub(super) fn over(&self, group: &Group, now: Timestamp) -> BTreeSet<WaitKey> {
        let waits = self.waits.get(group).into_iter().flat_map(|waits| &waits.since);
        let over = waits.filter(|(_, (since, time))| age(now, *since) >= *time);
        over.map(|(key, _)| key.clone()).collect()
    }

    /// Takes note of a plan's waits. Says after how long to look again.
    pub(super) fn wait_for(
        &mut self,
        group: &Group,
        plan: &Plan,
        now: Timestamp,
    ) -> Option<Duration> {
        let before = self.waits.remove(group).unwrap_or_default();
        let mut waits = Waits::default();
        let mut pauses = Vec::new();
        for wait in &plan.waits {
            match wait.need {
                Need::Poll => {
                    waits.polled.insert(wait.key.clone());
                    pauses.push(POLL_PAUSE);
                }
                Need::Elapsed(time) => {
                    let since = before.since.get(&wait.key).map_or(now, |(since, _)| *since);
                    waits.since.insert(wait.key.clone(), (since, time));
                    pauses.push(time.saturating_sub(age(now, since)));
                }
            }
        }
        if !pauses.is_empty() {
            self.waits.insert(group.clone(), waits);
        }
        pauses.into_iter().min()
    }

    fn polls_load_balancers(&self, group: &Group) -> bool {
        let polled = self.waits.get(group).into_iter().flat_map(|waits| &waits.polled);
        polled.into_iter().any(|key| matches!(key, WaitKey::Serving(_)))
    }
}

/// Reads what is registered in the target groups for which a plan has to know it.
///
/// # Errors
/// The read that failed.
pub async fn read_targets<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    extent: Extent,
    stack: &BalancerStack,
    inventory: &mut BalancerInventory,
) -> Result<(), CloudError> {
    for id in plan::balancer::watched(extent, stack, inventory) {
        let found = mirror.targets(&id).await?;
        inventory.targets.insert(id, found.targets);
    }
    Ok(())
}

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    /// What stands of a group, looked at anew where it changes without a word and somebody waits
    /// for that.
    pub(super) async fn inventory(
        &self,
        group: &Group,
        stack: &BalancerStack,
        scope: &BalancerScope,
    ) -> Result<BalancerInventory, CloudError> {
        let cluster = &self.settings.cluster;
        let mut inventory = self.mirror.balancer(cluster, group, scope).await?;
        let is_new = inventory
            .load_balancers
            .iter()
            .any(|live| live.state == LoadBalancerState::Provisioning);
        if is_new && lock(&self.shared).polls_load_balancers(group) {
            self.mirror.refresh(&AwsPart::LoadBalancers, LOOK_PAUSE);
            inventory = self.mirror.balancer(cluster, group, scope).await?;
        }
        for id in plan::balancer::watched(Extent::Cluster, stack, &inventory) {
            self.mirror.refresh(&AwsPart::Targets(id), Duration::ZERO);
        }
        read_targets(&self.mirror, Extent::Cluster, stack, &mut inventory).await?;
        Ok(inventory)
    }
}
