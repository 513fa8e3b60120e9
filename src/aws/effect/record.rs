//! Records of a hosted zone.

use std::sync::Arc;

use crate::aws::belief::Belief;
use crate::model::known::Known;
use crate::model::record::{HostedZone, RecordChange, Verb};

pub(super) fn change(belief: &mut Belief, zone: &HostedZone, changes: &[RecordChange]) {
    let Some(Known::Is(records, _)) = belief.records.get_mut(&zone.id) else { return };
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
