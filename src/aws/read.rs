//! Reads a part to believe in: the looks that it takes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Cloud;
use super::belief::Belief;
use super::error::{CloudError, Kind};
use super::part::{Belonging, ElbPart, ElbReading, Part, Reading};
use crate::model::id::AwsId;
use crate::model::inventory::LiveListener;
use crate::model::marks::Tags;

/// Reads a part, all but listeners: their tags are read for many together. `untagged` says of which
/// things the tags are not known.
pub(super) async fn part<C: Cloud>(
    cloud: &C,
    part: &Part,
    untagged: impl Fn(&AwsId) -> bool + Send,
    at: Timestamp,
) -> Result<Belief, CloudError> {
    let reading = match cloud.read(part).await {
        Ok(reading) => reading,
        Err(error) if error.kind == Kind::NotFound && part.about().belonging == Belonging::Own => {
            return Ok(Belief::without(part, at));
        }
        Err(error) => return Err(error),
    };
    let ids = reading.tagged().into_iter().filter(untagged).collect();
    let tags = tags(cloud, ids).await?;
    Ok(Belief::of(reading, tags, at))
}

/// The listeners of a load balancer with their rules, without tags.
pub(super) async fn listeners<C: Cloud>(
    cloud: &C,
    load_balancer: &AwsId,
) -> Result<Vec<LiveListener>, CloudError> {
    let part = Part::Elb(ElbPart::Listeners(load_balancer.clone()));
    let Reading::Elb(ElbReading::Listeners(_, mut listeners)) = cloud.read(&part).await? else {
        return Err(another(&part));
    };
    for listener in &mut listeners {
        let part = Part::Elb(ElbPart::Rules(listener.live.id.clone()));
        let Reading::Elb(ElbReading::Rules(_, rules)) = cloud.read(&part).await? else {
            return Err(another(&part));
        };
        listener.rules = rules;
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

/// The tags of things, if there are any.
pub(super) async fn tags<C: Cloud>(
    cloud: &C,
    ids: Vec<AwsId>,
) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let part = Part::Tags(ids);
    let Reading::Tags(tags) = cloud.read(&part).await? else { return Err(another(&part)) };
    Ok(tags)
}

/// The answer was about another part.
fn another(part: &Part) -> CloudError {
    CloudError::incomplete("read", &format!("{part:?}"))
}
