//! What stands of a group, looked at anew where it changes without a word and somebody waits for
//! that.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Visit, scope};
use crate::aws::{Cloud, CloudError, ElbPart, Kind, Mirror, Part};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::BalancerInventory;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::settings::Settings;
use crate::model::snapshot::Extent;
use crate::model::stack::BalancerStack;
use crate::plan;
use crate::world::BalancerState;

/// How often it is looked at whether a load balancer that should go is still protected.
const PROTECTION_PAUSE: Duration = Duration::from_secs(30);
/// How often all load balancers are looked at while groups wait for some to serve.
const STATES_PAUSE: Duration = Duration::from_secs(1);

/// Reads what is registered in the target groups for which a plan has to know it.
///
/// # Errors
/// The read that failed.
pub async fn read_targets<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &mut BalancerInventory,
) -> Result<(), CloudError> {
    let watched = plan::balancer::watched(extent, stack, inventory);
    read_all(mirror, watched, inventory).await
}

/// Reads what stands of a group; of load balancers that nobody wants also whether they are
/// protected.
///
/// # Errors
/// The read that failed.
pub async fn read_group<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    settings: &Settings,
    extent: &Extent,
    group: &Group,
    stack: &BalancerStack,
) -> Result<BalancerInventory, CloudError> {
    let mut scope = scope(stack);
    let inventory = mirror.balancer(&settings.cluster, group, &scope).await?;
    let going = plan::deletion::going(extent, stack, &inventory);
    if going.is_empty() {
        return Ok(inventory);
    }
    scope.load_balancer_attributes = true;
    scope.frontend_nlb_attributes = true;
    mirror.balancer(&settings.cluster, group, &scope).await
}

async fn read_all<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    watched: BTreeSet<AwsId>,
    inventory: &mut BalancerInventory,
) -> Result<(), CloudError> {
    for id in watched {
        let found = mirror.targets(&id).await?;
        inventory.targets.insert(id, found.targets);
    }
    Ok(())
}

/// Finds out whether the target groups stand that bindings with the group's labels name and that
/// are not the group's. Anybody can write such a binding: what AWS refuses to tell stays unknown.
///
/// # Errors
/// The read that failed.
pub async fn read_strays<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    inventory: &mut BalancerInventory,
) -> Result<(), CloudError> {
    for id in plan::balancer::strays(inventory) {
        match mirror.targets(&id).await {
            Ok(found) => _ = inventory.targets.insert(id, found.targets),
            Err(error) if error.kind == Kind::Refused => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn inventory(
        &self,
        group: &Group,
        stack: &BalancerStack,
    ) -> Result<BalancerInventory, CloudError> {
        let (mirror, settings) = (self.mirror(), self.settings());
        let extent = &settings.extent;
        let mut inventory = read_group(mirror, settings, extent, group, stack).await?;
        let going = plan::deletion::going(extent, stack, &inventory);
        if !going.is_empty() {
            let is_known = {
                let world = self.world().lock();
                world.balancers.get(group).is_some_and(BalancerState::polls_protection)
            };
            // A person changes it without a word.
            let pause = if is_known { PROTECTION_PAUSE } else { Duration::ZERO };
            for id in going {
                mirror.refresh(&Part::Elb(ElbPart::LoadBalancerAttributes(id)), pause);
            }
            inventory = read_group(mirror, settings, extent, group, stack).await?;
        }
        let is_new = inventory
            .load_balancers
            .iter()
            .chain(&inventory.frontend_nlbs)
            .any(|live| live.state == LoadBalancerState::Provisioning);
        let is_polled = {
            let world = self.world().lock();
            world.balancers.get(group).is_some_and(BalancerState::polls_load_balancers)
        };
        if is_new && is_polled {
            self.mirror().refresh(&Part::Elb(ElbPart::LoadBalancers), STATES_PAUSE);
            inventory = read_group(mirror, settings, extent, group, stack).await?;
        }
        let watched = plan::balancer::watched(extent, stack, &inventory);
        let of_nlb = plan::entrance::watched(&inventory);
        let again = |id: &AwsId| {
            mirror.refresh(&Part::Elb(ElbPart::Targets(id.clone())), Duration::ZERO);
        };
        watched.difference(&of_nlb).for_each(again);
        read_all(mirror, watched, &mut inventory).await?;
        if plan::entrance::is_awaited(stack, &inventory) {
            of_nlb.iter().for_each(again);
            read_all(mirror, of_nlb, &mut inventory).await?;
        }
        Ok(inventory)
    }
}
