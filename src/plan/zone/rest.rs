//! Names at which nothing is left to do, found out without planning them: most names of a zone are
//! as they should be most of the time.

use super::TYPES;
use super::whose::View;
use crate::model::id::Id;
use crate::model::inventory::of_name;
use crate::model::ownership::{Ownership, TxtNames};
use crate::model::record::{Record, RecordKey, RecordType, RecordValue, RecordWish, WishedValue};

impl View<'_> {
    /// Whether a name plainly stands as the one who asks for it wishes: with an alias of his load
    /// balancer for each kind of address that it has, the TXT records that say so beside them, and
    /// nothing else. What is less plain is planned.
    pub(super) fn is_at_rest(&self, name: &str, asking: &[RecordWish]) -> bool {
        let (dns, [wish]) = (&self.settings.dns, asking) else { return false };
        let WishedValue::Alias { load_balancer, evaluate_target_health } = &wish.value else {
            return false;
        };
        let address = load_balancer.given().and_then(|id| self.load_balancers.get(id));
        let Some(address) = address else { return false };
        let is_plain = dns.txt_names == TxtNames::default()
            && dns.txt_cipher.is_none()
            && dns.owner_before.is_none()
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
        let mut standing = of_name(self.records, name);
        let each = types.iter().all(|one| standing.next().is_some_and(|it| is_wished(it, *one)));
        each && standing.next().is_none() && self.is_owned(name, types, wish)
    }

    /// Whether the TXT records of these types say whose the records of a name are, and there are no
    /// others.
    fn is_owned(&self, name: &str, types: &[RecordType], wish: &RecordWish) -> bool {
        let dns = &self.settings.dns;
        let resource = Ownership::of("", &wish.source).resource;
        TYPES.iter().all(|one| {
            let text = dns.txt_names.name(self.zone, name, *one);
            let mut standing = self.of_type(&text, RecordType::Txt);
            if !types.contains(one) {
                return standing.next().is_none();
            }
            let (Some(text), None) = (standing.next(), standing.next()) else { return false };
            let RecordKey { set_identifier, .. } = &text.key;
            let RecordValue::Values { values, .. } = &text.value else { return false };
            let found = values.first().and_then(|value| dns.ownership(value));
            *set_identifier == wish.set_identifier
                && found.is_some_and(|it| it.owner == dns.owner && it.resource == resource)
        })
    }

    /// Whether a TXT record plainly speaks of a name that somebody asks for.
    pub(super) fn speaks_of(&self, text: &str, is_asked_for: impl Fn(&str) -> bool) -> bool {
        if self.settings.dns.txt_names != TxtNames::default() {
            return false;
        }
        // A type that another one begins with comes after it.
        let rest = ["aaaa-", "a-", "cname-"].iter().find_map(|start| text.strip_prefix(start));
        rest.is_some_and(is_asked_for)
    }
}
