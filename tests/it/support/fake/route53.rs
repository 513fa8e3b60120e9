//! Hosted zones and their records.

use std::collections::BTreeMap;

use albedo::aws::Answer;
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
}

impl State {
    /// Makes an empty hosted zone.
    pub fn add_zone(&mut self, id: &str, name: &str, is_private: bool) {
        let id = AwsId::new(id);
        let zone = HostedZone { id: id.clone(), name: name.to_owned(), is_private };
        self.zones.insert(id, Zone { zone, records: BTreeMap::new() });
    }

    pub(super) fn zone(&self, id: &AwsId) -> Result<&Zone, Refusal> {
        self.zones.get(id).map_or_else(|| unknown(id), Ok)
    }

    pub(super) fn records_of(&self, id: &AwsId) -> Result<Vec<Record>, Refusal> {
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
            None => Ok(Answer::Done),
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
