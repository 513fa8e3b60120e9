//! Records of a hosted zone.

use std::collections::BTreeSet;

use crate::aws::belief::Belief;
use crate::aws::part::{Part, Route53Part};
use crate::model::action::Route53Action;
use crate::model::id::AwsId;
use crate::model::record::RecordChange;

/// Believes that a write was done.
pub(super) fn apply(belief: &mut Belief, action: &Route53Action) {
    match action {
        Route53Action::ChangeRecords { zone, changes } => belief.route53.change(&zone.id, changes),
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &Route53Action) -> Vec<Part> {
    match action {
        Route53Action::ChangeRecords { zone, changes } => {
            let all = Part::Route53(Route53Part::Records(zone.id.clone()));
            std::iter::once(all).chain(named(&zone.id, changes)).collect()
        }
    }
}

/// Those of them that are in doubt when nobody knows whether it was done: of a large zone only the
/// names, whose others take minutes to be read.
pub(super) fn doubted(belief: &Belief, action: &Route53Action) -> Vec<Part> {
    match action {
        Route53Action::ChangeRecords { zone, changes } if belief.route53.is_large(&zone.id) => {
            named(&zone.id, changes).collect()
        }
        Route53Action::ChangeRecords { .. } => touched(action),
    }
}

fn named(zone: &AwsId, changes: &[RecordChange]) -> impl Iterator<Item = Part> {
    let names: BTreeSet<&String> = changes.iter().map(|change| &change.record.key.name).collect();
    names.into_iter().map(|name| Part::Route53(Route53Part::Named(zone.clone(), name.clone())))
}
