//! Hosted zones and their records.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use albedo::aws::{Answer, Route53Part, Route53Reading};
use albedo::model::id::AwsId;
use albedo::model::inventory::Records;
use albedo::model::record::{HostedZone, Record, RecordChange, RecordType, RecordValue, Verb};
use albedo::model::routing::Routing;

use super::{Refusal, State, refuse};

/// A hosted zone that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub zone: HostedZone,
    pub records: Records,
    /// How many records it has that nobody here has a word for.
    pub others: usize,
}

/// The most records on one page.
const PAGE_LENGTH: usize = 300;

/// The operation that tells of a part.
pub(super) fn operation(part: &Route53Part) -> &'static str {
    match part {
        Route53Part::Zones => "route53.ListHostedZones",
        Route53Part::Records(_) | Route53Part::Named(..) => "route53.ListResourceRecordSets",
        Route53Part::Change(_) => "route53.GetChange",
    }
}

impl State {
    /// Makes an empty hosted zone.
    pub fn add_zone(&mut self, id: &str, name: &str, is_private: bool) {
        let id = AwsId::new(id);
        let zone = HostedZone { id: id.clone(), name: name.to_owned(), is_private };
        self.zones.insert(id, Zone { zone, records: BTreeMap::new(), others: 0 });
    }

    pub(super) fn zone(&self, id: &AwsId) -> Result<&Zone, Refusal> {
        self.zones.get(id).map_or_else(|| unknown(id), Ok)
    }

    /// The hosted zones, each with how many records it has.
    fn all_zones(&self) -> Vec<(HostedZone, usize)> {
        let size = |zone: &Zone| zone.records.len() + zone.others;
        self.zones.values().map(|zone| (zone.zone.clone(), size(zone))).collect()
    }

    /// How many calls it takes to read all records of a zone.
    pub(super) fn pages_of(&self, id: &AwsId) -> usize {
        self.zones
            .get(id)
            .map_or(1, |zone| (zone.records.len() + zone.others).div_ceil(PAGE_LENGTH))
    }

    /// What one call tells of a part.
    pub(super) fn told_of_route53(&self, part: &Route53Part) -> Result<Route53Reading, Refusal> {
        Ok(match part {
            Route53Part::Zones => Route53Reading::Zones(self.all_zones()),
            Route53Part::Records(id) => Route53Reading::Records(id.clone(), self.records_of(id)?),
            Route53Part::Named(id, name) => {
                let mut found = self.records_of(id)?;
                found.retain(|record| record.key.name == *name);
                Route53Reading::Named(id.clone(), name.clone(), found)
            }
            Route53Part::Change(id) => Route53Reading::Change(id.clone(), !self.is_out_of_sync),
        })
    }

    fn records_of(&self, id: &AwsId) -> Result<Vec<Record>, Refusal> {
        if self.unread_zones.contains(id) {
            return refuse("AccessDenied", format!("nobody may read {id}"));
        }
        Ok(self.zone(id)?.records.values().cloned().collect())
    }

    /// All of the changes or none: the caller throws the state away where this refuses.
    pub(super) fn change_records(
        &mut self,
        id: &AwsId,
        changes: &[RecordChange],
    ) -> Result<Answer, Refusal> {
        let Some(zone) = self.zones.get_mut(id) else { return unknown(id) };
        for RecordChange { verb, record } in changes {
            let key = &record.key;
            let shown = format!("{} {}", key.record_type, key.name);
            if self.refused_names.contains(&key.name) {
                return bad(format!("{shown} is not to be had"));
            }
            if !zone.zone.holds(&key.name) {
                return bad(format!("{shown} is not permitted in zone {}", zone.zone.name));
            }
            if let RecordValue::Alias { target, hosted_zone, .. } = &record.value {
                super::state::given(target)?;
                if hosted_zone.is_none() {
                    return bad(format!("{shown} is an alias into no zone"));
                }
            }
            match verb {
                Verb::Delete if zone.records.get(key) == Some(record) => {
                    zone.records.remove(key);
                }
                Verb::Delete => return bad(format!("{shown} does not stand like this")),
                Verb::Create if zone.records.contains_key(key) => {
                    return bad(format!("{shown} already exists"));
                }
                Verb::Create | Verb::Upsert => {
                    zone.records.insert(key.clone(), record.clone());
                }
            }
        }
        match zone.records.values().find_map(|record| misplaced(&zone.records, record)) {
            Some(why) => bad(why),
            // Who changes the same twice is told the same twice.
            None => {
                let mut hasher = DefaultHasher::new();
                format!("{id} {changes:?}").hash(&mut hasher);
                Ok(Answer::Change(AwsId::new(format!("C{:X}", hasher.finish()))))
            }
        }
    }
}

/// Why a record may not stand beside the others.
fn misplaced(records: &Records, record: &Record) -> Option<String> {
    let Record { key, routing, .. } = record;
    let shown = format!("{} {}", key.record_type, key.name);
    if key.set_identifier.is_none() != routing.is_simple() {
        return Some(format!("{shown} has a set identifier or a routing policy alone"));
    }
    let is_alias = matches!(record.value, RecordValue::Alias { .. });
    if *routing == Routing::MultiValue && is_alias {
        return Some(format!("{shown} is an alias among several answers"));
    }
    let others = records.values().filter(|other| other.key.name == key.name && other.key != *key);
    for other in others {
        let is_cname = [key, &other.key].iter().any(|key| key.record_type == RecordType::Cname);
        let is_same = key.record_type == other.key.record_type;
        if is_cname && !is_same {
            return Some(format!("a CNAME record stands beside others at {}", key.name));
        }
        if is_same && routing.excludes(&other.routing) {
            return Some(format!("{shown} stands beside another with its place"));
        }
        if let (true, Some(one), Some(two)) = (is_same, ttl(record), ttl(other))
            && matches!(routing, Routing::Weighted(_))
            && one != two
        {
            return Some(format!("{shown} has another TTL than the records beside it"));
        }
    }
    None
}

fn ttl(record: &Record) -> Option<i64> {
    match record.value {
        RecordValue::Values { ttl, .. } => Some(ttl),
        RecordValue::Alias { .. } => None,
    }
}

fn unknown<T>(id: &AwsId) -> Result<T, Refusal> {
    refuse("NoSuchHostedZone", format!("no hosted zone has the id {id}"))
}

fn bad<T>(message: String) -> Result<T, Refusal> {
    refuse("InvalidChangeBatch", message)
}
