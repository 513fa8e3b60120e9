//! Reads a part: the calls that it takes.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::error::{CloudError, Kind};
use super::part::{Part, Reading};
use super::{Cloud, ReadLoadBalancer};
use crate::model::id::AwsId;
use crate::model::inventory::LiveListener;
use crate::model::known::Live;
use crate::model::marks::Tags;
use crate::model::target_group::TargetGroup;

/// Of how many certificates the tags are read at once. AWS tells of one with each call, and allows
/// ten calls a second.
const TAGS_AT_ONCE: usize = 4;

/// Reads a part. `untagged` says of which things the tags are not known.
pub(super) async fn part<C: Cloud>(
    cloud: &C,
    part: &Part,
    untagged: impl Fn(&AwsId) -> bool + Send,
) -> Result<Reading, CloudError> {
    Ok(match part {
        Part::Vpc => Reading::Vpc(cloud.vpc().await?),
        Part::Interfaces => Reading::Interfaces(cloud.interfaces().await?),
        Part::SecurityGroups => Reading::SecurityGroups(cloud.security_groups().await?),
        Part::LoadBalancers => {
            let found = cloud.load_balancers().await?;
            let ids = found.iter().map(|found: &ReadLoadBalancer| found.live.id.clone());
            let tags = tags(cloud, ids.filter(untagged).collect()).await?;
            Reading::LoadBalancers(found, tags)
        }
        Part::TargetGroups => {
            let found = cloud.target_groups().await?;
            let ids = found.iter().map(|found: &Live<TargetGroup>| found.id.clone());
            let tags = tags(cloud, ids.filter(untagged).collect()).await?;
            Reading::TargetGroups(found, tags)
        }
        Part::Listeners(id) => {
            let mut listeners = listeners(cloud, id).await?;
            let tags = tags(cloud, tagged(&listeners)).await?;
            tag(&mut listeners, &tags.into_iter().collect());
            Reading::Listeners(id.clone(), listeners)
        }
        Part::LoadBalancerAttributes(id) => {
            Reading::LoadBalancerAttributes(id.clone(), cloud.load_balancer_attributes(id).await?)
        }
        Part::TargetGroupAttributes(id) => {
            Reading::TargetGroupAttributes(id.clone(), cloud.target_group_attributes(id).await?)
        }
        Part::Certificates => {
            let found = cloud.certificates().await?;
            let untagged: Vec<AwsId> = found.iter().filter(|id| untagged(id)).cloned().collect();
            let tags = untagged.into_iter().map(|id| certificate_tags(cloud, id));
            let tags: Vec<_> = stream::iter(tags).buffered(TAGS_AT_ONCE).try_collect().await?;
            Reading::Certificates(found, tags.into_iter().flatten().collect())
        }
        Part::Certificate(id) => Reading::Certificate(id.clone(), cloud.certificate(id).await?),
        Part::Zones => Reading::Zones(cloud.zones().await?),
        Part::Records(id) => match cloud.records(id).await {
            Ok(records) => Reading::Records(id.clone(), Some(records)),
            Err(error) if error.kind == Kind::NotFound => Reading::Records(id.clone(), None),
            Err(error) => return Err(error),
        },
        Part::Targets(id) => match cloud.targets(id).await {
            Ok(targets) => Reading::Targets(id.clone(), Some(targets)),
            Err(error) if error.kind == Kind::NotFound => Reading::Targets(id.clone(), None),
            Err(error) => return Err(error),
        },
    })
}

/// The part that was believed wrongly if something in this part turns out not to be there.
pub(super) fn disproved(part: &Part) -> Option<Part> {
    match part {
        Part::Listeners(_) | Part::LoadBalancerAttributes(_) => Some(Part::LoadBalancers),
        Part::TargetGroupAttributes(_) => Some(Part::TargetGroups),
        Part::Certificate(_) => Some(Part::Certificates),
        Part::Vpc
        | Part::Interfaces
        | Part::SecurityGroups
        | Part::LoadBalancers
        | Part::TargetGroups
        | Part::Targets(_)
        | Part::Certificates
        | Part::Zones
        | Part::Records(_) => None,
    }
}

/// The tags of a certificate; `None` where it went while we looked.
async fn certificate_tags<C: Cloud>(
    cloud: &C,
    id: AwsId,
) -> Result<Option<(AwsId, Tags)>, CloudError> {
    match cloud.certificate_tags(&id).await {
        Ok(tags) => Ok(Some((id, tags))),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The listeners of a load balancer with their rules, without tags.
pub(super) async fn listeners<C: Cloud>(
    cloud: &C,
    load_balancer: &AwsId,
) -> Result<Vec<LiveListener>, CloudError> {
    let mut listeners = cloud.listeners(load_balancer).await?;
    for listener in &mut listeners {
        listener.rules = cloud.rules(&listener.live.id).await?;
    }
    Ok(listeners)
}

/// The listeners and rules whose tags are wanted.
pub(super) fn tagged(listeners: &[LiveListener]) -> Vec<AwsId> {
    let ids = listeners.iter().flat_map(|listener| {
        let rules = listener.rules.iter().map(|rule| rule.id.clone());
        std::iter::once(listener.live.id.clone()).chain(rules)
    });
    ids.collect()
}

/// Puts tags to the listeners and rules that have them.
pub(super) fn tag(listeners: &mut [LiveListener], tags: &BTreeMap<AwsId, Tags>) {
    for listener in listeners {
        if let Some(tags) = tags.get(&listener.live.id) {
            listener.live.spec.tags.clone_from(tags);
        }
        for rule in &mut listener.rules {
            if let Some(tags) = tags.get(&rule.id) {
                rule.tags.clone_from(tags);
            }
        }
    }
}

async fn tags<C: Cloud>(cloud: &C, ids: Vec<AwsId>) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    if ids.is_empty() { Ok(Vec::new()) } else { cloud.tags(&ids).await }
}
