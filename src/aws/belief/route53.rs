//! What is believed of Route 53.
//!
//! A zone is believed as a whole, or else, where it is large and few names of it are wanted, by
//! name: then nothing is known of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{Route53Part, Route53Reading};
use crate::model::id::AwsId;
use crate::model::inventory::{Records, of_name};
use crate::model::known::Known;
use crate::model::record::{HostedZones, RecordChange, RecordType, Verb};

/// The most records on one page (Route 53).
pub(in crate::aws) const PAGE_LENGTH: usize = 300;
/// From how many records on a zone is large: with fewer, the ten calls that read it take no longer
/// than two seconds, and few names by themselves take as many.
pub(in crate::aws) const LARGE_MIN: usize = 10 * PAGE_LENGTH;

/// The parts of Route 53 that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Route53Belief {
    pub(in crate::aws) zones: Known<Arc<HostedZones>>,
    /// The zones that were read as a whole.
    pub(in crate::aws) records: BTreeMap<AwsId, Known<Arc<Records>>>,
    /// How many records each zone had when zones were listed. It is no belief: it only says what a
    /// look at the zone costs.
    pub(super) sizes: BTreeMap<AwsId, usize>,
    /// The names that were read alone since their zone was read as a whole.
    named: BTreeMap<AwsId, BTreeSet<String>>,
    /// The names of zones that were read as a whole of which nobody knows any more what stands, and
    /// the number of the write that left that open.
    doubtful: BTreeMap<AwsId, BTreeMap<String, u64>>,
    /// What was read by name of zones that were not read as a whole.
    by_name: BTreeMap<AwsId, ByName>,
    /// The names that are looked at again, whatever is believed of them.
    outdated: BTreeMap<AwsId, BTreeSet<String>>,
    /// The zones that somebody wants to be read as a whole, without waiting for it.
    awaited: BTreeSet<AwsId>,
}

/// What was read of a zone by name.
#[derive(Clone, Debug)]
pub(in crate::aws) struct ByName {
    pub(in crate::aws) records: Arc<Records>,
    /// When the first of them was read.
    pub(in crate::aws) at: Timestamp,
    /// The names of which all records are known.
    names: BTreeSet<String>,
    /// Those of them that had none, and whose records were all made here since then, with the TXT
    /// records beside them: whose they are is known.
    made: BTreeSet<String>,
}

impl Route53Belief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: Route53Reading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            Route53Reading::Zones(found) => {
                let sizes = found.iter().map(|(zone, size)| (zone.id.clone(), *size));
                belief.sizes = sizes.collect();
                let found = found.into_iter().map(|(zone, _)| (zone.id.clone(), zone));
                belief.zones = Known::Is(Arc::new(found.collect()), at);
            }
            Route53Reading::Records(id, found) => {
                let found = found.into_iter().map(|record| (record.key.clone(), record));
                belief.records.insert(id, Known::Is(Arc::new(found.collect()), at));
            }
            Route53Reading::Named(id, name, found) => {
                let found = found.into_iter().map(|record| (record.key.clone(), record));
                belief.records.insert(id.clone(), Known::Is(Arc::new(found.collect()), at));
                belief.named.insert(id, [name].into());
            }
            // Who asks keeps the answer.
            Route53Reading::Change(..) => {}
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &Route53Part, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            Route53Part::Zones | Route53Part::Named(..) | Route53Part::Change(_) => {}
            Route53Part::Records(id) => _ = belief.records.insert(id.clone(), Known::Absent(at)),
        }
        belief
    }

    /// Believes a part as another belief has it, whose look had this number.
    pub(super) fn adopt(&mut self, part: &Route53Part, mut other: Self, number: u64) {
        match part {
            Route53Part::Zones => {
                let zones = other.zones.value().cloned().unwrap_or_default();
                let stands = |id: &AwsId| zones.contains_key(id);
                self.records.retain(|id, _| stands(id));
                self.named.retain(|id, _| stands(id));
                self.doubtful.retain(|id, _| stands(id));
                self.by_name.retain(|id, _| stands(id));
                self.outdated.retain(|id, _| stands(id));
                self.awaited.retain(stands);
                (self.zones, self.sizes) = (other.zones, other.sizes);
            }
            Route53Part::Records(id) => {
                self.forget_names(id);
                self.awaited.remove(id);
                if let Some(names) = self.doubtful.get_mut(id) {
                    names.retain(|_, doubted| *doubted > number);
                }
                self.doubtful.retain(|_, names| !names.is_empty());
                move_entry(id, &mut other.records, &mut self.records);
            }
            Route53Part::Named(id, name) => self.adopt_named((id, name), &other, number),
            Route53Part::Change(_) => {}
        }
    }

    /// Believes the records of one name. What is known of the zone's others stays.
    fn adopt_named(&mut self, (id, name): (&AwsId, &str), other: &Self, number: u64) {
        let Some(Known::Is(found, at)) = other.records.get(id) else { return };
        take_name(&mut self.outdated, id, name);
        // What was written while the name was read may be of others, too.
        let now = own(found, name);
        if let Some(Known::Is(records, _)) = self.records.get_mut(id) {
            self.named.entry(id.clone()).or_default().insert(name.to_owned());
            if let Some(names) = self.doubtful.get_mut(id) {
                names.retain(|doubted, since| doubted != name || *since > number);
            }
            replace(records, name, now);
        } else {
            let fresh = || ByName {
                records: Arc::default(),
                at: *at,
                names: BTreeSet::new(),
                made: BTreeSet::new(),
            };
            let known = self.by_name.entry(id.clone()).or_insert_with(fresh);
            if own(&known.records, name) != now {
                // Somebody else has a hand in it.
                known.made.remove(name);
            }
            known.names.insert(name.to_owned());
            replace(&mut known.records, name, now);
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Route53Part) {
        match part {
            Route53Part::Zones => self.zones = Known::Unread,
            Route53Part::Records(id) => {
                self.forget_names(id);
                self.doubtful.remove(id);
                self.records.remove(id);
            }
            Route53Part::Named(id, name) => {
                take_name(&mut self.named, id, name);
                if let Some(known) = self.by_name.get_mut(id) {
                    known.names.remove(name);
                    known.made.remove(name);
                }
            }
            Route53Part::Change(_) => {}
        }
    }

    fn forget_names(&mut self, id: &AwsId) {
        self.named.remove(id);
        self.by_name.remove(id);
        self.outdated.remove(id);
    }

    /// Takes note that nobody knows any more what stands at a name, since something that has this
    /// number.
    pub(in crate::aws) fn doubt(&mut self, part: &Route53Part, number: u64) {
        let Route53Part::Named(id, name) = part else { return };
        if is_read(&self.records, id) {
            self.doubtful.entry(id.clone()).or_default().insert(name.clone(), number);
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Route53Part) -> bool {
        match part {
            Route53Part::Zones => self.zones.is_read(),
            Route53Part::Records(id) => is_read(&self.records, id),
            Route53Part::Named(id, name) if is_read(&self.records, id) => {
                self.named.get(id).is_some_and(|names| names.contains(name))
            }
            Route53Part::Named(id, name) => {
                self.by_name.get(id).is_some_and(|known| known.names.contains(name))
            }
            Route53Part::Change(_) => false,
        }
    }

    /// Believes that records were changed.
    pub(in crate::aws) fn change(&mut self, id: &AwsId, changes: &[RecordChange]) {
        if let Some(Known::Is(records, _)) = self.records.get_mut(id) {
            changed(records, changes);
        } else if let Some(known) = self.by_name.get_mut(id) {
            known.change(changes);
        }
    }

    /// How many calls it takes to read a zone as a whole, as far as is known.
    pub(in crate::aws) fn pages(&self, id: &AwsId) -> usize {
        self.sizes.get(id).map_or(1, |size| size.div_ceil(PAGE_LENGTH).max(1))
    }

    /// Whether reading a zone as a whole takes long.
    pub(in crate::aws) fn is_large(&self, id: &AwsId) -> bool {
        self.sizes.get(id).is_some_and(|size| *size > LARGE_MIN)
    }

    /// What was read by name of a zone.
    pub(in crate::aws) fn by_name(&self, id: &AwsId) -> Option<&ByName> {
        self.by_name.get(id)
    }

    /// The names of a zone that was read as a whole of which nobody knows what stands.
    pub(in crate::aws) fn doubtful(&self, id: &AwsId) -> impl Iterator<Item = &String> {
        self.doubtful.get(id).into_iter().flat_map(BTreeMap::keys)
    }

    /// The names of a zone that are looked at again.
    pub(in crate::aws) fn outdated(&self, id: &AwsId) -> impl Iterator<Item = &String> {
        self.outdated.get(id).into_iter().flatten()
    }

    /// Wants a name to be looked at again.
    pub(in crate::aws) fn outdate(&mut self, id: &AwsId, name: &str) {
        self.outdated.entry(id.clone()).or_default().insert(name.to_owned());
    }

    /// Whether somebody wants a zone to be read as a whole, without waiting for it.
    pub(in crate::aws) fn awaits(&self, id: &AwsId) -> bool {
        self.awaited.contains(id)
    }

    /// Wants that. Says whether nobody did before.
    pub(in crate::aws) fn wait_for(&mut self, id: &AwsId) -> bool {
        self.sizes.contains_key(id) && self.awaited.insert(id.clone())
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        let by_name = self.by_name.values().map(|known| known.names.len() + known.made.len());
        let doubtful = self.doubtful.values().map(BTreeMap::len);
        let sets = self.named.values().chain(self.outdated.values()).map(BTreeSet::len);
        self.records.len() + by_name.chain(doubtful).chain(sets).sum::<usize>()
    }
}

impl ByName {
    /// Whether whose the records of a name are is known, because they were made here.
    pub(in crate::aws) fn has_made(&self, name: &str) -> bool {
        self.made.contains(name)
    }

    /// Whether a name has a record.
    pub(in crate::aws) fn stands(&self, name: &str) -> bool {
        of_name(&self.records, name).next().is_some()
    }

    fn change(&mut self, changes: &[RecordChange]) {
        let is_address = |change: &&RecordChange| change.record.key.record_type != RecordType::Txt;
        for RecordChange { verb, record } in changes.iter().filter(is_address) {
            let name = &record.key.name;
            if *verb == Verb::Create && self.names.contains(name) && !self.stands(name) {
                self.made.insert(name.clone());
            }
        }
        changed(&mut self.records, changes);
    }
}

fn changed(records: &mut Arc<Records>, changes: &[RecordChange]) {
    let records = Arc::make_mut(records);
    for RecordChange { verb, record } in changes {
        match verb {
            Verb::Delete => _ = records.remove(&record.key),
            Verb::Create | Verb::Upsert => {
                records.insert(record.key.clone(), record.clone());
            }
        }
    }
}

/// The records of a name alone.
fn own(all: &Records, name: &str) -> Records {
    of_name(all, name).map(|record| (record.key.clone(), record.clone())).collect()
}

/// Replaces the records of a name.
fn replace(records: &mut Arc<Records>, name: &str, now: Records) {
    let before = own(records, name);
    if before == now {
        return;
    }
    let records = Arc::make_mut(records);
    before.keys().for_each(|key| drop(records.remove(key)));
    records.extend(now);
}

fn take_name(names: &mut BTreeMap<AwsId, BTreeSet<String>>, id: &AwsId, name: &str) {
    let Some(of_zone) = names.get_mut(id) else { return };
    of_zone.remove(name);
    if of_zone.is_empty() {
        names.remove(id);
    }
}
