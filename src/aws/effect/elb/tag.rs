//! Tags of load balancers, listeners, rules and target groups.

use super::{listener, rule};
use crate::aws::arn::{self, Named};
use crate::aws::belief::Belief;
use crate::model::id::AwsId;
use crate::model::marks::Tags;

pub(super) fn add(belief: &mut Belief, id: &AwsId, tags: &Tags) {
    change(belief, id, |known| known.extend(tags.clone()));
}

pub(super) fn remove(belief: &mut Belief, id: &AwsId, keys: &[String]) {
    change(belief, id, |known| known.retain(|key, _| !keys.iter().any(|gone| gone == key)));
}

fn change(belief: &mut Belief, id: &AwsId, change: impl FnOnce(&mut Tags)) {
    match arn::named(id) {
        Some(Named::LoadBalancer | Named::TargetGroup) => {
            // Whose tags are not known is read with its part.
            let _unknown = belief.tags.change(id, change);
        }
        Some(Named::Listener { .. }) => listener::change(belief, id, |listener| {
            change(&mut listener.live.spec.tags);
            Some(())
        }),
        Some(Named::Rule { .. }) => rule::change(belief, id, |rule| {
            change(&mut rule.tags);
            Some(())
        }),
        Some(Named::Certificate) | None => {}
    }
}
