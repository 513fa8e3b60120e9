//! Reads a part to believe in: the looks that it takes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::Cloud;
use super::belief::Belief;
use super::error::{CloudError, Kind};
use super::part::{AcmPart, AcmReading, Belonging, ElbPart, ElbReading, Part, Reading};
use crate::model::id::AwsId;
use crate::model::inventory::LiveListener;
use crate::model::marks::Tags;

/// From how many certificates on their tags are read together. One call for each of fewer is hardly
/// dearer, and tells what was tagged a moment ago.
const TOGETHER_MIN: usize = 8;
/// Until when after it was made a certificate is asked for its tags by itself: the tagging API
/// learns of them late, and AWS does not say how late; seconds are seen.
const LATE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// How well the tags of a thing are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagsKnown {
    /// They need not be read.
    Well,
    /// Something was written that may have changed them.
    InDoubt,
    /// Nobody has read them.
    NotAtAll,
}

/// Reads a part, all but listeners: their tags are read for many together. `known` says of each
/// thing how well its tags are known.
pub(super) async fn part<C: Cloud>(
    cloud: &C,
    part: &Part,
    known: impl Fn(&AwsId) -> TagsKnown + Send,
    at: Timestamp,
) -> Result<Belief, CloudError> {
    let reading = match cloud.read(part).await {
        Ok(reading) => reading,
        Err(error) if error.kind == Kind::NotFound && part.about().belonging == Belonging::Own => {
            return Ok(Belief::without(part, at));
        }
        Err(error) => return Err(error),
    };
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    let settled = match &reading {
        Reading::Acm(reading) => reading.standing_before(at - LATE_MAX),
        _ => BTreeSet::new(),
    };
    for id in reading.tagged() {
        match known(&id) {
            TagsKnown::Well => {}
            TagsKnown::NotAtAll if settled.contains(&id) => together.push(id),
            TagsKnown::InDoubt | TagsKnown::NotAtAll => alone.push(id),
        }
    }
    let mut found = Vec::new();
    match part {
        Part::Acm(part) if together.len() >= TOGETHER_MIN => match marked(cloud, part).await {
            Ok(mut marked) => {
                // Those that carry no mark are nobody's here, whatever other tags they have.
                let tags = |id: AwsId| (marked.remove_entry(&id)).unwrap_or((id, Tags::new()));
                found.extend(together.into_iter().map(tags));
            }
            Err(error) => {
                tracing::warn!(%error, "the tags of certificates are read one by one");
                alone.extend(together);
            }
        },
        _ => alone.extend(together),
    }
    found.extend(tags(cloud, alone).await?);
    Ok(Belief::of(reading, found, at))
}

/// The tags of the certificates by which those of this part are known again.
async fn marked<C: Cloud>(cloud: &C, part: &AcmPart) -> Result<BTreeMap<AwsId, Tags>, CloudError> {
    let mut found = BTreeMap::new();
    for key in part.marked_by() {
        let part = Part::Acm(AcmPart::Tagged(key));
        let Reading::Acm(AcmReading::Tagged(tags)) = cloud.read(&part).await? else {
            return Err(another(&part));
        };
        found.extend(tags);
    }
    Ok(found)
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
