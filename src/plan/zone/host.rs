//! One name of a zone: what stands there, and whose it is.

use crate::model::id::ObjectKey;
use crate::model::inventory::Records;
use crate::model::ownership::{Ownership, txt_name, txt_names};
use crate::model::record::{Record, RecordChange, RecordKey, RecordType, RecordValue, Verb};

use super::TYPES;

/// Whose a record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Ours.
    Ours,
    /// Somebody's who says so.
    Other(String),
    /// Nobody says.
    Nobody,
}

/// A name of a zone, with what stands there.
pub(super) struct Host<'a> {
    pub(super) name: &'a str,
    owner: &'a str,
    zone: &'a str,
    records: &'a Records,
}

impl<'a> Host<'a> {
    pub(super) fn new(owner: &'a str, zone: &'a str, name: &'a str, records: &'a Records) -> Self {
        Self { name, owner, zone, records }
    }

    /// The record of a type that stands by itself.
    pub(super) fn standing(&self, record_type: RecordType) -> Option<&'a Record> {
        self.simple(self.name, record_type)
    }

    /// The TXT record of a name.
    pub(super) fn txt(&self, name: &str) -> Option<&'a Record> {
        self.simple(name, RecordType::Txt)
    }

    fn simple(&self, name: &str, record_type: RecordType) -> Option<&'a Record> {
        let name = name.to_owned();
        self.records.get(&RecordKey { name, record_type, set_identifier: None })
    }

    /// Whose a record is, by the first TXT record that says so.
    pub(super) fn claim(&self, record: &Record) -> Claim {
        match self.ownership(record) {
            Some(found) if found.owner == self.owner && !found.owner.is_empty() => Claim::Ours,
            Some(found) => Claim::Other(found.owner),
            None => Claim::Nobody,
        }
    }

    fn ownership(&self, record: &Record) -> Option<Ownership> {
        let names = txt_names(self.zone, self.name, record.key.record_type);
        names.iter().find_map(|name| read(self.txt(name)?))
    }

    /// The Ingress that a record is for.
    pub(super) fn ingress_of(&self, record: &Record) -> Option<ObjectKey> {
        self.ownership(record)?.ingress()
    }

    /// The Ingress that has the name, if it is ours.
    pub(super) fn holder(&self) -> Option<ObjectKey> {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut ours = standing.filter(|record| self.claim(record) == Claim::Ours);
        self.ingress_of(ours.next()?)
    }

    /// What stands at the name, or where its TXT record would be, that is not ours: in words.
    pub(super) fn foreign(&self) -> Option<String> {
        if let Some(routed) = self.routed() {
            let key = &routed.key;
            let id = key.set_identifier.as_deref().unwrap_or_default();
            return Some(format!(
                "a {} record with the set identifier \"{id}\" stands",
                key.record_type
            ));
        }
        for record_type in TYPES {
            let Some(record) = self.standing(record_type) else { continue };
            match self.claim(record) {
                Claim::Ours => {}
                Claim::Other(owner) => {
                    return Some(format!("the {record_type} record is the owner \"{owner}\"'s"));
                }
                Claim::Nobody => {
                    return Some(format!("the {record_type} record has no TXT record of an owner"));
                }
            }
        }
        // A TXT record that is there already speaks of a record that may come back.
        [RecordType::A, RecordType::Aaaa].into_iter().find_map(|record_type| {
            let name = txt_name(self.zone, self.name, record_type);
            let found = self.txt(&name)?;
            match read(found) {
                Some(ownership) if ownership.owner == self.owner => None,
                Some(ownership) => {
                    Some(format!("the TXT record {name} names the owner \"{}\"", ownership.owner))
                }
                None => Some(format!("the TXT record {name} is about something else")),
            }
        })
    }

    fn routed(&self) -> Option<&'a Record> {
        TYPES.into_iter().find_map(|record_type| {
            let name = self.name.to_owned();
            let first = RecordKey { name, record_type, set_identifier: Some(String::new()) };
            let mut from = self.records.range(first..);
            let (key, record) = from.next()?;
            let is_same = key.name == self.name && key.record_type == record_type;
            is_same.then_some(record)
        })
    }

    /// Whether the records lead already to where they should, whoever keeps them.
    pub(super) fn leads_to(&self, value: &RecordValue) -> bool {
        let leads = |record: &Record| super::differences(&record.value, value).is_empty();
        self.routed().is_none()
            && self.standing(RecordType::Cname).is_none()
            && self.standing(RecordType::A).is_some_and(leads)
            && self.standing(RecordType::Aaaa).is_none_or(leads)
    }

    /// Whether a CNAME record stands, which has to go before an alias can come.
    pub(super) fn is_aliased_elsewhere_by_name(&self) -> bool {
        self.standing(RecordType::Cname).is_some()
    }

    /// The removal of a record of ours and of all TXT records that say so, exactly as they stand.
    pub(super) fn removal(&self, record: &Record) -> Vec<RecordChange> {
        let names = txt_names(self.zone, self.name, record.key.record_type);
        let beside = names.iter().filter_map(|name| self.txt(name));
        let beside = beside.filter(|txt| is_alone(txt) && self.is_ours(txt));
        let all = std::iter::once(record).chain(beside);
        all.map(|record| RecordChange { verb: Verb::Delete, record: record.clone() }).collect()
    }

    fn is_ours(&self, txt: &Record) -> bool {
        read(txt).is_some_and(|found| found.owner == self.owner)
    }
}

/// What a TXT record says of whose a record is; its first value counts (external-dns).
fn read(txt: &Record) -> Option<Ownership> {
    match &txt.value {
        RecordValue::Values { values, .. } => Ownership::parse(values.first()?),
        RecordValue::Alias { .. } => None,
    }
}

/// Whether a TXT record says nothing else: at a host's own name there may be other people's values.
fn is_alone(txt: &Record) -> bool {
    matches!(&txt.value, RecordValue::Values { values, .. } if values.len() == 1)
}
