//! What is believed of Route 53.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{Route53Part, Route53Reading};
use crate::model::id::AwsId;
use crate::model::inventory::{Records, of_name};
use crate::model::known::Known;
use crate::model::record::HostedZones;

/// The parts of Route 53 that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Route53Belief {
    pub(in crate::aws) zones: Known<Arc<HostedZones>>,
    pub(in crate::aws) records: BTreeMap<AwsId, Known<Arc<Records>>>,
    /// The names that were read alone since their zone was read as a whole.
    named: BTreeMap<AwsId, BTreeSet<String>>,
}

impl Route53Belief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: Route53Reading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            Route53Reading::Zones(found) => {
                let found = found.into_iter().map(|zone| (zone.id.clone(), zone));
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
        }
        belief
    }

    /// A belief in nothing but that what a part hangs on is gone.
    pub(super) fn without(part: &Route53Part, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match part {
            Route53Part::Zones | Route53Part::Named(..) => {}
            Route53Part::Records(id) => _ = belief.records.insert(id.clone(), Known::Absent(at)),
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &Route53Part, mut other: Self) {
        match part {
            Route53Part::Zones => {
                let zones = other.zones.value().cloned().unwrap_or_default();
                self.records.retain(|id, _| zones.contains_key(id));
                self.named.retain(|id, _| zones.contains_key(id));
                self.zones = other.zones;
            }
            Route53Part::Records(id) => {
                self.named.remove(id);
                move_entry(id, &mut other.records, &mut self.records);
            }
            Route53Part::Named(id, name) => self.adopt_named(id, name, &other),
        }
    }

    /// Believes the records of one name. What is known of the zone's others stays.
    fn adopt_named(&mut self, id: &AwsId, name: &str, other: &Self) {
        let found = other.records.get(id).and_then(Known::value);
        let known = self.records.get_mut(id);
        let (Some(Known::Is(records, _)), Some(found)) = (known, found) else { return };
        self.named.entry(id.clone()).or_default().insert(name.to_owned());
        // What was written while the name was read may be of others, too.
        let own = |all: &Records| -> Records {
            of_name(all, name).map(|record| (record.key.clone(), record.clone())).collect()
        };
        let (before, now) = (own(records), own(found));
        if before == now {
            return;
        }
        let records = Arc::make_mut(records);
        before.keys().for_each(|key| drop(records.remove(key)));
        records.extend(now);
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Route53Part) {
        match part {
            Route53Part::Zones => self.zones = Known::Unread,
            Route53Part::Records(id) => {
                self.named.remove(id);
                self.records.remove(id);
            }
            Route53Part::Named(id, name) => {
                if let Some(names) = self.named.get_mut(id) {
                    names.remove(name);
                }
            }
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &Route53Part) -> bool {
        match part {
            Route53Part::Zones => self.zones.is_read(),
            Route53Part::Records(id) => is_read(&self.records, id),
            Route53Part::Named(id, name) => {
                let is_named = self.named.get(id).is_some_and(|names| names.contains(name));
                is_named && is_read(&self.records, id)
            }
        }
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        self.records.len() + self.named.values().map(BTreeSet::len).sum::<usize>()
    }
}
