//! Records of a hosted zone.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::aws::belief::Belief;
use crate::aws::part::{Part, Route53Part};
use crate::model::action::Route53Action;
use crate::model::known::Known;
use crate::model::record::{HostedZone, RecordChange, Verb};

/// Believes that a write was done.
pub(super) fn apply(belief: &mut Belief, action: &Route53Action) {
    match action {
        Route53Action::ChangeRecords { zone, changes } => change(belief, zone, changes),
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &Route53Action) -> Vec<Part> {
    match action {
        Route53Action::ChangeRecords { zone, changes } => {
            let names: BTreeSet<&String> =
                changes.iter().map(|change| &change.record.key.name).collect();
            let named = names
                .into_iter()
                .map(|name| Part::Route53(Route53Part::Named(zone.id.clone(), name.clone())));
            let all = Part::Route53(Route53Part::Records(zone.id.clone()));
            std::iter::once(all).chain(named).collect()
        }
    }
}

fn change(belief: &mut Belief, zone: &HostedZone, changes: &[RecordChange]) {
    let Some(Known::Is(records, _)) = belief.route53.records.get_mut(&zone.id) else { return };
    let records = Arc::make_mut(records);
    for change in changes {
        let key = &change.record.key;
        match change.verb {
            Verb::Delete => drop(records.remove(key)),
            Verb::Create | Verb::Upsert => {
                records.insert(key.clone(), change.record.clone());
            }
        }
    }
}
