//! Names at which nothing is left to do, found out without planning them: most names of a zone are
//! as they should be most of the time.

use std::collections::BTreeSet;
use std::collections::btree_map::{Keys, Range};
use std::iter::Peekable;
use std::ops::Bound;

use super::TYPES;
use super::whose::View;
use crate::model::id::Id;
use crate::model::inventory::Records;
use crate::model::ownership::{Ownership, TxtNames, start};
use crate::model::record::{Record, RecordKey, RecordType, RecordValue, RecordWish, WishedValue};
use crate::model::stack::ZoneStack;

/// How many records a walk passes one by one before it looks for a name in the tree.
const STEPS_MAX: usize = 8;

/// A walk through records, for names that come in order: next to the last one lies the next one.
struct Walk<'a> {
    records: &'a Records,
    /// What the names of the records begin with, in front of the names that are asked for.
    start: &'static str,
    rest: Peekable<Range<'a, RecordKey, Record>>,
}

impl<'a> Walk<'a> {
    fn new(records: &'a Records, start: &'static str) -> Self {
        let rest = from(records, start.to_owned());
        Self { records, start, rest }
    }

    /// The records of a name, which no earlier one comes after.
    fn of(&mut self, name: &str) -> impl Iterator<Item = &'a Record> {
        let start = self.start;
        let rest = move |key: &'a RecordKey| key.name.strip_prefix(start);
        let mut steps = 0;
        while self.rest.next_if(|(key, _)| rest(key).is_some_and(|rest| rest < name)).is_some() {
            steps += 1;
            if steps == STEPS_MAX {
                self.rest = from(self.records, [start, name].concat());
            }
        }
        std::iter::from_fn(move || {
            let next = self.rest.next_if(|(key, _)| rest(key).is_some_and(|rest| rest == name));
            next.map(|(_, record)| record)
        })
    }
}

/// The records from a name on.
fn from(records: &Records, name: String) -> Peekable<Range<'_, RecordKey, Record>> {
    let first = RecordKey { name, record_type: RecordType::FIRST, set_identifier: None };
    records.range((Bound::Included(&first), Bound::Unbounded)).peekable()
}

/// Walks through a zone, for names that come in order.
pub(super) struct Walks<'a> {
    own: Walk<'a>,
    /// By the types of the records that TXT records speak of.
    texts: [(RecordType, Walk<'a>); 3],
}

impl<'a> Walks<'a> {
    pub(super) fn new(records: &'a Records) -> Self {
        let texts = TYPES.map(|one| (one, Walk::new(records, start(one))));
        Self { own: Walk::new(records, ""), texts }
    }
}

/// The names of a zone that somebody asks for, beside records that come in order.
pub(super) struct Wished<'a> {
    elsewhere: &'a BTreeSet<String>,
    own: Names<'a>,
    /// By what the names of TXT records begin with that plainly speak of them.
    texts: Vec<(&'static str, Names<'a>)>,
}

type Names<'a> = Peekable<Keys<'a, String, Vec<RecordWish>>>;

impl<'a> Wished<'a> {
    pub(super) fn new(stack: &'a ZoneStack, txt_names: &TxtNames) -> Self {
        let names = || stack.names.keys().peekable();
        let is_plain = *txt_names == TxtNames::default();
        let types = TYPES.iter().filter(|_| is_plain);
        let texts = types.map(|one| (start(*one), names())).collect();
        Self { elsewhere: &stack.elsewhere, own: names(), texts }
    }

    /// Whether somebody asks for the name of a record, which no earlier one comes after.
    pub(super) fn has(&mut self, name: &str) -> bool {
        has(&mut self.own, name) || self.elsewhere.contains(name)
    }

    /// Whether a TXT record, which none of an earlier name comes after, plainly speaks of a name
    /// that somebody asks for.
    pub(super) fn is_spoken_of(&mut self, text: &str) -> bool {
        self.texts.iter_mut().any(|(start, names)| {
            let name = text.strip_prefix(*start);
            name.is_some_and(|name| has(names, name) || self.elsewhere.contains(name))
        })
    }
}

fn has(names: &mut Names<'_>, name: &str) -> bool {
    while names.next_if(|asked| asked.as_str() < name).is_some() {}
    names.peek().is_some_and(|asked| asked.as_str() == name)
}

impl View<'_> {
    /// Whether a name plainly stands as the one who asks for it wishes: with an alias of his load
    /// balancer for each kind of address that it has, the TXT records that say so beside them, and
    /// nothing else. What is less plain is planned.
    pub(super) fn is_at_rest(
        &self,
        walks: &mut Walks<'_>,
        name: &str,
        asking: &[RecordWish],
    ) -> bool {
        let (dns, [wish]) = (&self.settings.dns, asking) else { return false };
        let WishedValue::Alias { evaluate_target_health } = &wish.value else { return false };
        let address = wish.load_balancer.given().and_then(|id| self.load_balancers.get(id));
        let Some(address) = address else { return false };
        // An apex has no first label that a type could be added to.
        let is_plain = dns.txt_names == TxtNames::default()
            && dns.txt_cipher.is_none()
            && dns.owner_before.is_none()
            && name != self.zone
            && TYPES.iter().all(|one| dns.filter.manages(*one))
            && address.cluster.as_deref() == Some(self.settings.cluster.as_str());
        if !is_plain {
            return false;
        }
        let types: &[RecordType] =
            if address.has_ipv6 { &[RecordType::A, RecordType::Aaaa] } else { &[RecordType::A] };
        let leads = |record: &Record| match &record.value {
            RecordValue::Alias {
                target: Id::Is(target), evaluate_target_health: health, ..
            } => *target == address.dns_name && health == evaluate_target_health,
            RecordValue::Alias { .. } | RecordValue::Values { .. } => false,
        };
        let is_wished = |record: &Record, record_type: RecordType| {
            record.key.record_type == record_type
                && record.key.set_identifier == wish.set_identifier
                && record.routing == wish.routing
                && record.health_check == wish.health_check
                && leads(record)
        };
        let stands = {
            let mut standing = walks.own.of(name);
            types.iter().all(|one| standing.next().is_some_and(|record| is_wished(record, *one)))
                && standing.next().is_none()
        };
        stands
            && walks.texts.iter_mut().all(|(one, walk)| {
                let texts = walk.of(name).filter(|it| it.key.record_type == RecordType::Txt);
                self.is_owned(texts, types.contains(one), wish)
            })
    }

    /// Whether the TXT records of a type say whose the records of a name are, where there should
    /// be any, and there are no others.
    fn is_owned<'r>(
        &self,
        mut texts: impl Iterator<Item = &'r Record>,
        is_wished: bool,
        wish: &RecordWish,
    ) -> bool {
        if !is_wished {
            return texts.next().is_none();
        }
        let dns = &self.settings.dns;
        let (Some(text), None) = (texts.next(), texts.next()) else { return false };
        let RecordValue::Values { values, .. } = &text.value else { return false };
        let Some(value) = values.first() else { return false };
        let says_so = |found: Ownership| {
            found.owner == dns.owner && found.source().as_ref() == Some(&wish.source)
        };
        text.key.set_identifier == wish.set_identifier
            && (Ownership::is_written(value, &dns.owner, &wish.source)
                || dns.ownership(value).is_some_and(says_so))
    }
}
