//! What the plan of a hosted zone must never do: judged name by name, by what stands of each before
//! and after a batch of changes.

use super::{Breach, Judge};
use crate::model::action::{AwsAction, Route53Action};
use crate::model::inventory::{Records, ZoneInventory};
use crate::model::ownership::{OWNER_DEFAULT, Ownership};
use crate::model::plan::Plan;
use crate::model::record::{Record, RecordChange, RecordKey, RecordType, RecordValue, Verb};
use crate::model::settings::Settings;
use crate::model::stack::ZoneStack;
use crate::plan::zone::{View, by_host, proves};

/// Judges the plan of a hosted zone.
#[must_use]
pub fn zone(
    plan: &Plan,
    settings: &Settings,
    stack: &ZoneStack,
    inventory: &ZoneInventory,
) -> Vec<Breach> {
    let mut breaches = Vec::new();
    // Nothing is planned of records that are not known.
    let Some(view) = View::of(settings, &stack.zone, &stack.names, inventory) else {
        return breaches;
    };
    for (step, action) in (Judge { plan }).ungated() {
        let AwsAction::Route53(Route53Action::ChangeRecords { changes, .. }) = action else {
            continue;
        };
        for (host, changes) in by_host(&settings.dns.txt_names, &stack.zone.name, changes) {
            let name = Name { host: &host, stack, view: &view };
            let why = name.judge(&view.family(&host), &changes);
            breaches.extend(why.map(|why| Breach { step: step.id, why }));
        }
    }
    breaches
}

/// A name that a batch changes something of.
struct Name<'a> {
    host: &'a str,
    stack: &'a ZoneStack,
    view: &'a View<'a>,
}

impl Name<'_> {
    /// What is wrong with the changes of the name, if anything is.
    fn judge(&self, before: &Records, changes: &[&RecordChange]) -> Option<String> {
        let mut after = before.clone();
        for RecordChange { verb, record } in changes {
            match verb {
                Verb::Delete => _ = after.remove(&record.key),
                Verb::Create | Verb::Upsert => {
                    after.insert(record.key.clone(), record.clone());
                }
            }
        }
        let (was, becomes) = (self.view.with(before), self.view.with(&after));
        let standing = changes.iter().filter_map(|change| before.get(&change.record.key));
        let mut strangers = standing.filter(|record| {
            if is_address(record) {
                !was.may_change(record)
            } else {
                !may_change_text(record, &was, &after)
            }
        });
        if let Some(record) = strangers.next() {
            let RecordKey { name, record_type, .. } = &record.key;
            return Some(format!("the {record_type} record {name} is not ours"));
        }
        let is_asked_for =
            self.stack.names.contains_key(self.host) || self.stack.elsewhere.contains(self.host);
        if is_asked_for && leads(before) && !leads(&after) {
            return Some(format!("{} is asked for and would lead nowhere", self.host));
        }
        let is_left_alone = |record: &&Record| {
            let is_new = before.get(&record.key) != Some(record);
            (is_new || was.may_change(record)) && !becomes.may_change(record)
        };
        let is_proof =
            |record: &&Record| self.stack.proofs.keys().any(|proof| proves(record, proof));
        let addresses = after.values().filter(|record| is_address(record) && !is_proof(record));
        let left = addresses.into_iter().find(is_left_alone)?;
        Some(format!("the {} record {} would have no owner", left.key.record_type, self.host))
    }
}

/// Whether a TXT record that stands is ours to change: what says whose the name is, in our words or
/// beside records that are ours. What people wrote beside it stays.
fn may_change_text(text: &Record, was: &View<'_>, after: &Records) -> bool {
    let Some((_, others)) = values(text).split_first() else { return false };
    let Some(Ownership { owner, .. }) = was.ownership(text) else { return false };
    let dns = &was.settings.dns;
    let is_ours = owner == dns.owner || (dns.keeps_default && owner == OWNER_DEFAULT);
    let mut addresses = was.records.values().filter(|record| is_address(record));
    let kept = after.get(&text.key).map(values).unwrap_or_default();
    (is_ours || addresses.any(|record| was.may_change(record)))
        && others.iter().all(|value| kept.contains(value))
}

fn is_address(record: &Record) -> bool {
    record.key.record_type != RecordType::Txt
}

/// Whether a name leads anywhere.
fn leads(records: &Records) -> bool {
    records.values().any(is_address)
}

fn values(record: &Record) -> &[String] {
    match &record.value {
        RecordValue::Values { values, .. } => values,
        RecordValue::Alias { .. } => &[],
    }
}
