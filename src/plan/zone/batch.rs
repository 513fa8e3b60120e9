//! Changes of names in batches, as Route 53 takes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction, Route53Action};
use crate::model::id::Id;
use crate::model::ownership::TxtNames;
use crate::model::plan::{Reason, WaitKey};
use crate::model::record::{BatchLimits, RecordChange, RecordType, RecordValue};
use crate::model::stack::ZoneStack;
use crate::plan::draft::Draft;

/// The changes of a batch by the name that they are about; a TXT record is about the name whose
/// records it speaks of.
#[must_use]
pub fn by_host<'c>(
    txt_names: &TxtNames,
    zone: &str,
    changes: &'c [RecordChange],
) -> BTreeMap<String, Vec<&'c RecordChange>> {
    let is_text = |change: &RecordChange| change.record.key.record_type == RecordType::Txt;
    let names = changes.iter().filter(|change| !is_text(change));
    let names: BTreeSet<&str> = names.map(|change| change.record.key.name.as_str()).collect();
    let mut about: BTreeMap<String, &str> = BTreeMap::new();
    for name in &names {
        let texts = txt_names.about(zone, name);
        texts.for_each(|text| _ = about.entry(text).or_insert(name));
    }
    let mut hosts: BTreeMap<String, Vec<&RecordChange>> = BTreeMap::new();
    for change in changes {
        let name = &change.record.key.name;
        let host = if is_text(change) {
            let known = about.get(name).map(|name| (*name).to_owned());
            let told = || Some(txt_names.subject(zone, name)?.0);
            known.or_else(told).unwrap_or_else(|| name.clone())
        } else {
            name.clone()
        };
        hosts.entry(host).or_default().push(change);
    }
    hosts
}

/// What happens to one name; all of it at once.
pub(super) struct Changed {
    pub(super) host: String,
    pub(super) gate: Option<WaitKey>,
    pub(super) reason: Reason,
    pub(super) changes: Vec<RecordChange>,
}

/// Packs the changes into as few batches as Route 53 takes, those of one name always together.
/// Names that Route 53 refused together go apart, so that one of them holds nobody up.
pub(super) fn batches(
    draft: &mut Draft,
    stack: &ZoneStack,
    limits: BatchLimits,
    changed: Vec<Changed>,
) {
    let mut open: BTreeMap<(Option<WaitKey>, usize), Batch> = BTreeMap::new();
    for next in changed {
        let limit = stack.suspects.get(&next.host).copied().unwrap_or(usize::MAX);
        let needs = next.changes.iter().find_map(|change| match &change.record.value {
            RecordValue::Alias { target: Id::Of(handle), .. } => Some(handle.clone()),
            RecordValue::Alias { .. } | RecordValue::Values { .. } => None,
        });
        // What waits for a load balancer that is yet to be made holds up nothing else.
        let gate = needs.map(WaitKey::Made).or(next.gate.clone());
        let key = (gate, limit);
        if let Some(batch) = open.get(&key)
            && (batch.names >= limit || !batch.has_room_for(&next, limits))
            && let Some(full) = open.remove(&key)
        {
            full.push(draft, stack, key.0.clone());
        }
        open.entry(key).or_default().add(next);
    }
    for ((gate, _), batch) in open {
        batch.push(draft, stack, gate);
    }
}

#[derive(Default)]
struct Batch {
    names: usize,
    weight: (usize, usize),
    changes: Vec<RecordChange>,
    reasons: Vec<Reason>,
}

impl Batch {
    fn has_room_for(&self, next: &Changed, limits: BatchLimits) -> bool {
        let (values, characters) = weight(next);
        self.changes.len() + next.changes.len() <= limits.changes
            && self.weight.0 + values <= limits.values
            && self.weight.1 + characters <= limits.characters
    }

    fn add(&mut self, next: Changed) {
        let (values, characters) = weight(&next);
        self.weight = (self.weight.0 + values, self.weight.1 + characters);
        self.names += 1;
        self.changes.extend(next.changes);
        if !self.reasons.contains(&next.reason) {
            self.reasons.push(next.reason);
        }
    }

    fn push(self, draft: &mut Draft, stack: &ZoneStack, gate: Option<WaitKey>) {
        let Self { changes, mut reasons, .. } = self;
        let zone = stack.zone.clone();
        let reason = match (reasons.pop(), reasons.is_empty()) {
            (Some(only), true) => only,
            (last, _) => Reason::All(reasons.into_iter().chain(last).collect()),
        };
        let action =
            Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { zone, changes }));
        draft.push_gated(action, reason, &[], gate);
    }
}

fn weight(changed: &Changed) -> (usize, usize) {
    let each = changed.changes.iter().map(RecordChange::weight);
    each.fold((0, 0), |sum, next| (sum.0 + next.0, sum.1 + next.1))
}
