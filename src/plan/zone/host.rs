//! One name of a zone: what stands there, and whose it is.

use crate::model::inventory::Records;
use crate::model::ownership::{Ownership, TTL, VALUE_LENGTH_MAX, txt_name, txt_names};
use crate::model::record::{Record, RecordChange, RecordKey, RecordType, RecordValue, Verb};
use crate::model::source::Source;

use super::{TYPES, Wished};

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
    pub(super) fn source_of(&self, record: &Record) -> Option<Source> {
        self.ownership(record)?.source()
    }

    /// Whether a record was made because its load balancer has IPv6 addresses.
    pub(super) fn is_dualstack(&self, record: &Record) -> bool {
        self.ownership(record).is_some_and(|found| found.is_dualstack)
    }

    /// The Ingress that has the name, if it is ours.
    pub(super) fn holder(&self) -> Option<Source> {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut ours = standing.filter(|record| self.claim(record) == Claim::Ours);
        self.source_of(ours.next()?)
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
        std::iter::once(record).chain(beside).map(super::deletion).collect()
    }

    fn is_ours(&self, txt: &Record) -> bool {
        read(txt).is_some_and(|found| found.owner == self.owner)
    }

    /// The change that says in a TXT record whose the record of a type is: in the one of present
    /// versions, or in an older one where that name is taken. What else stands beside our value
    /// stays, and one that is not there is made and not put, so that nobody else's is overwritten.
    pub(super) fn assertion(&self, record_type: RecordType, wished: &Wished<'_>) -> RecordChange {
        let mut ownership = Ownership::of(self.owner, &wished.for_whom);
        ownership.is_dualstack = record_type == RecordType::Aaaa
            && wished.address.is_some_and(|address| address.has_ipv6);
        // The two quotes do not count.
        ownership.is_dualstack &= ownership.to_string().len() - 2 <= VALUE_LENGTH_MAX;
        let value = ownership.to_string();
        let names = txt_names(self.zone, self.name, record_type);
        let mut standing = names.iter().filter_map(|name| self.txt(name));
        let is_taken = self.txt(&names[0]).is_some_and(|txt| !self.is_ours(txt));
        match standing.find(|txt| self.is_ours(txt) && (is_taken || txt.key.name == names[0])) {
            Some(txt) => {
                let mut record = txt.clone();
                if let RecordValue::Values { values, .. } = &mut record.value
                    && let Some(first) = values.first_mut()
                {
                    *first = value;
                }
                RecordChange { verb: Verb::Upsert, record }
            }
            None => {
                let value = RecordValue::Values { ttl: TTL, values: vec![value] };
                let record = Record::simple(&names[0], RecordType::Txt, value);
                RecordChange { verb: Verb::Create, record }
            }
        }
    }

    /// The TXT record of ours that says whose the record of a type is, where neither that record
    /// stands nor any other that it may speak of.
    pub(super) fn left_over(&self, record_type: RecordType) -> Option<&'a Record> {
        let name = txt_name(self.zone, self.name, record_type);
        let txt = self.txt(&name).filter(|txt| is_alone(txt) && self.is_ours(txt))?;
        let speaks_of = |other: &RecordType| {
            txt_names(self.zone, self.name, *other).contains(&name)
                && self.standing(*other).is_some()
        };
        // Before 0.12 external-dns gave the TXT record the name of the record itself.
        let is_name = TYPES.iter().any(|other| self.simple(&name, *other).is_some());
        let is_needed = is_name || self.routed().is_some() || TYPES.iter().any(speaks_of);
        (!is_needed).then_some(txt)
    }
}

/// What a TXT record says of whose a record is; its first value counts (external-dns).
pub(super) fn read(txt: &Record) -> Option<Ownership> {
    match &txt.value {
        RecordValue::Values { values, .. } => Ownership::parse(values.first()?),
        RecordValue::Alias { .. } => None,
    }
}

/// Whether a TXT record says nothing else: at a host's own name there may be other people's values.
fn is_alone(txt: &Record) -> bool {
    matches!(&txt.value, RecordValue::Values { values, .. } if values.len() == 1)
}
