//! One name of a zone as it stands, held against what is wished for.

use crate::model::ownership::{Ownership, TTL, VALUE_LENGTH_MAX};
use crate::model::record::{Record, RecordChange, RecordType, RecordValue, Verb, WishedValue};

use super::TYPES;
use super::host::Host;
use super::obstacle::Obstacle;
use super::wished::{Wished, differences};

impl Host<'_> {
    /// What stands at the name, or where its TXT record would be, that is not ours.
    pub(super) fn foreign(&self, wished: &Wished<'_>) -> Option<Obstacle> {
        let standing = TYPES.into_iter().filter_map(|record_type| self.standing(record_type));
        let mut strange = standing.filter(|record| !self.may_change(record));
        if let Some(record) = strange.next() {
            return Some(self.beside(record));
        }
        // A TXT record that is there already speaks of a record that may come back.
        let found = wished.records(self).into_keys().find_map(|record_type| {
            let name = self.txt_name(record_type);
            let found = self.txt(&name)?;
            match self.read(found) {
                Some(ownership) if self.is_owner(&ownership.owner) => None,
                Some(ownership) => {
                    Some(format!("the TXT record {name} names the owner \"{}\"", ownership.owner))
                }
                None => Some(format!("the TXT record {name} is about something else")),
            }
        });
        found.map(|found| Obstacle { found, allowed: None })
    }

    /// Whether the records lead already to where they should, whoever keeps them, and no others do.
    pub(super) fn leads_to(&self, wished: &Wished<'_>) -> bool {
        let wanted = wished.records(self);
        let is_alone = self.view.rows(self.name).into_iter().all(|id| id == self.set_identifier);
        let leads = |record_type: RecordType| {
            match (self.standing(record_type), wanted.get(&record_type)) {
                (Some(record), Some(wanted)) => {
                    differences(record, wanted, wished.wish.ttl).is_empty()
                }
                (Some(_), None) => false,
                // Not everybody can be reached by IPv6.
                (None, Some(_)) => record_type == RecordType::Aaaa,
                (None, None) => true,
            }
        };
        let stands = TYPES.iter().any(|record_type| self.standing(*record_type).is_some());
        is_alone && stands && TYPES.into_iter().all(leads)
    }

    /// The type of a record that has to go before what is wished for can come.
    pub(super) fn in_place_of(&self, wished: &Wished<'_>) -> Option<RecordType> {
        let wanted = wished.records(self);
        let is_cname = wanted.contains_key(&RecordType::Cname);
        let mut standing = TYPES.into_iter().filter(|one| self.standing(*one).is_some());
        standing.find(|one| !wanted.is_empty() && (*one == RecordType::Cname) != is_cname)
    }

    /// The changes that say in TXT records whose the record of a type is: in the one of present
    /// versions, or in an older one where that name is taken. What else stands beside our value
    /// stays, and one that is not there is made and not put, so that nobody else's is overwritten.
    /// Of a name that changes hands no older one goes on naming its owner before.
    pub(super) fn assertions(
        &self,
        record_type: RecordType,
        wished: &Wished<'_>,
    ) -> Vec<RecordChange> {
        let mut ownership = Ownership::of(&self.owner(), &wished.for_whom);
        ownership.is_dualstack = record_type == RecordType::Aaaa
            && matches!(wished.wish.value, WishedValue::Alias { .. })
            && wished.address.is_some_and(|address| address.has_ipv6);
        let names: Vec<String> = self.txt_names(record_type).collect();
        let mut record = wished.wish.record(
            &names[0],
            RecordType::Txt,
            RecordValue::Values { ttl: TTL, values: Vec::new() },
        );
        let length = self.view.settings.dns.txt_length(&ownership);
        ownership.is_dualstack &= length <= VALUE_LENGTH_MAX;
        let standing = || names.iter().filter_map(|name| self.txt(name));
        let is_taken = self.txt(&names[0]).is_some_and(|txt| !self.is_ours(txt));
        let is_present = |txt: &Record| is_taken || txt.key.name == names[0];
        let present = standing().find(|txt| self.is_ours(txt) && is_present(txt));
        let is_anothers = |txt: &Record| {
            self.read(txt).is_some_and(|found| found.owner != ownership.owner) && self.is_ours(txt)
        };
        let older = standing().filter(|txt| is_anothers(txt) && Some(*txt) != present);
        let mut changes: Vec<RecordChange> =
            present.into_iter().chain(older).map(|txt| self.renamed(txt, &ownership)).collect();
        for change in &mut changes {
            // External-dns has it stand as the record does that it is about.
            change.record.routing.clone_from(&wished.wish.routing);
            change.record.health_check.clone_from(&wished.wish.health_check);
        }
        if present.is_none() {
            let values = vec![self.written(&ownership, &record)];
            record.value = RecordValue::Values { ttl: TTL, values };
            changes.insert(0, RecordChange { verb: Verb::Create, record });
        }
        changes
    }

    /// The change that makes a TXT record say whose a record is; what else it says stays.
    fn renamed(&self, txt: &Record, ownership: &Ownership) -> RecordChange {
        let mut record = txt.clone();
        if let RecordValue::Values { values, .. } = &mut record.value
            && let Some(first) = values.first_mut()
            && !self.view.settings.dns.says(first, ownership)
        {
            *first = self.written(ownership, txt);
        }
        RecordChange { verb: Verb::Upsert, record }
    }

    /// The value of a TXT record that says whose a record is.
    fn written(&self, ownership: &Ownership, txt: &Record) -> String {
        self.view.settings.dns.txt_value(ownership, self.view.zone_id, &txt.key)
    }
}
