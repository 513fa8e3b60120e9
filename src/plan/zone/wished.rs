//! What the records of a name should say.

use std::collections::{BTreeMap, BTreeSet};

use super::host::Host;
use super::obstacle::Obstacle;
use crate::model::id::{AwsId, Id};
use crate::model::inventory::Address;
use crate::model::naming::{Given, GivenName};
use crate::model::ownership::TTL;
use crate::model::record::{
    Record, RecordType, RecordValue, RecordWish, WishedValue, is_within, name_from_route53,
};
use crate::model::routing::{Geoproximity, Routing};
use crate::model::source::Source;

/// What a name should lead to.
pub(super) struct Wished<'a> {
    pub(super) wish: &'a RecordWish,
    /// Who its records are for.
    pub(super) for_whom: Source,
    /// Where the load balancer can be reached, once it stands.
    pub(super) address: Option<&'a Address>,
}

impl Wished<'_> {
    /// The records that should stand, by type: aliases of a load balancer for each kind of address
    /// that one may have.
    pub(super) fn records(&self, host: &Host<'_>) -> BTreeMap<RecordType, Record> {
        let record =
            |(record_type, value)| (record_type, self.wish.record(host.name, record_type, value));
        self.values(host).into_iter().map(record).collect()
    }

    /// What the records should say, by type.
    pub(super) fn values(&self, host: &Host<'_>) -> BTreeMap<RecordType, RecordValue> {
        let ttl = |record_type| self.wish.ttl.or_else(|| host.ttl(record_type)).unwrap_or(TTL);
        let values = |record_type, values: Vec<String>| {
            (record_type, RecordValue::Values { ttl: ttl(record_type), values })
        };
        match &self.wish.value {
            WishedValue::Alias { evaluate_target_health } => {
                let alias = RecordValue::Alias {
                    target: match self.address {
                        Some(address) => Id::Is(address.dns_name.clone()),
                        None => self.wish.load_balancer.clone(),
                    },
                    hosted_zone: self.address.map(|address| address.hosted_zone.clone()),
                    evaluate_target_health: *evaluate_target_health,
                };
                [RecordType::A, RecordType::Aaaa].map(|one| (one, alias.clone())).into()
            }
            WishedValue::Cname => {
                let name = self.address.map(|address| address.dns_name.to_string());
                name.map(|name| values(RecordType::Cname, vec![name])).into_iter().collect()
            }
            WishedValue::Given { given, evaluate_target_health } => {
                let Given { ipv4, ipv6, name } = given;
                let mut wanted = match name {
                    Some(GivenName::Cname(name)) if ipv4.is_empty() && ipv6.is_empty() => {
                        [values(RecordType::Cname, vec![name.clone()])].into()
                    }
                    // A CNAME record stands beside nothing, so addresses come first (external-dns).
                    Some(GivenName::Cname(_)) | None => BTreeMap::new(),
                    Some(GivenName::Alias { name, zone }) => {
                        aliases(host, name, zone.as_ref(), *evaluate_target_health)
                    }
                };
                if !ipv4.is_empty() {
                    let texts = ipv4.iter().map(ToString::to_string).collect();
                    wanted.extend([values(RecordType::A, texts)]);
                }
                if !ipv6.is_empty() {
                    let texts = ipv6.iter().map(ToString::to_string).collect();
                    wanted.extend([values(RecordType::Aaaa, texts)]);
                }
                wanted
            }
        }
    }

    /// Why Route 53 would take no such records, if it would not.
    pub(super) fn obstacle(&self, host: &Host<'_>) -> Option<Obstacle> {
        let zone = host.zone();
        let (found, allowed) = match &self.wish.value {
            WishedValue::Given {
                given: Given { name: Some(GivenName::Alias { name, zone: None }), .. },
                ..
            } => {
                if !is_within(name, zone) {
                    let found = format!("the target {name} lies outside of its zone");
                    (found, "aws-target-hosted-zone to say where it lies, or no alias".to_owned())
                } else if self.values(host).is_empty() {
                    let found = format!("the target {name} has no address in its zone");
                    (found, "a target that has records in the zone, or no alias".to_owned())
                } else {
                    return None;
                }
            }
            WishedValue::Alias { .. } | WishedValue::Cname | WishedValue::Given { .. } => {
                let is_cname = self.values(host).contains_key(&RecordType::Cname);
                if !(is_cname && host.name == zone) {
                    return None;
                }
                let found = "the zone's own records stand, and a CNAME record stands alone";
                (found.to_owned(), "an alias, or addresses".to_owned())
            }
        };
        Some(Obstacle { found, allowed: Some(allowed) })
    }
}

/// Aliases of a name: of each kind of address, but where it lies in the zone itself only of those
/// that it has there (Route 53 refuses others).
fn aliases(
    host: &Host<'_>,
    name: &str,
    zone: Option<&AwsId>,
    evaluate_target_health: bool,
) -> BTreeMap<RecordType, RecordValue> {
    let hosted_zone = Some(zone.unwrap_or(host.zone_id()).clone());
    let target = Id::Is(AwsId::new(name));
    let alias = RecordValue::Alias { target, hosted_zone, evaluate_target_health };
    let all = [RecordType::A, RecordType::Aaaa].into_iter();
    let stands = |record_type: &RecordType| zone.is_some() || host.has(name, *record_type);
    all.filter(stands).map(|record_type| (record_type, alias.clone())).collect()
}

/// In what a record differs from the wish. Which zone the target of an alias lies in is not
/// compared: it follows from the target (external-dns). Nor is for how long an answer may be kept,
/// where nobody says.
pub(super) fn differences(live: &Record, wished: &Record, ttl: Option<i64>) -> Vec<&'static str> {
    let mut fields = Vec::new();
    match (&live.value, &wished.value) {
        (
            RecordValue::Alias { target, evaluate_target_health, .. },
            RecordValue::Alias { target: to, evaluate_target_health: evaluates, .. },
        ) => {
            if target != to {
                fields.push("target");
            }
            if evaluate_target_health != evaluates {
                fields.push("evaluate-target-health");
            }
        }
        (
            RecordValue::Values { ttl: kept, values },
            RecordValue::Values { values: wished_values, .. },
        ) => {
            if canonical(live.key.record_type, values)
                != canonical(live.key.record_type, wished_values)
            {
                fields.push("target");
            }
            if ttl.is_some_and(|ttl| ttl != *kept) {
                fields.push("ttl");
            }
        }
        (RecordValue::Alias { .. }, RecordValue::Values { .. })
        | (RecordValue::Values { .. }, RecordValue::Alias { .. }) => fields.push("value"),
    }
    if !is_same_place(&live.routing, &wished.routing) {
        fields.push("routing");
    }
    if live.health_check != wished.health_check {
        fields.push("health-check");
    }
    fields
}

/// Values in one order and one spelling.
fn canonical(record_type: RecordType, values: &[String]) -> BTreeSet<String> {
    let one = |value: &String| match record_type {
        RecordType::Cname => name_from_route53(value),
        RecordType::A | RecordType::Aaaa => value
            .parse::<std::net::IpAddr>()
            .map_or_else(|_| value.clone(), |address| address.to_string()),
        RecordType::Txt => value.clone(),
    };
    values.iter().map(one).collect()
}

/// Whether two routing policies mean the same: degrees may be written in more than one way.
fn is_same_place(one: &Routing, other: &Routing) -> bool {
    let (Routing::Geoproximity(one), Routing::Geoproximity(other)) = (one, other) else {
        return one == other;
    };
    let degrees = |place: &Geoproximity| {
        let number = |text: &String| text.parse::<f64>().ok();
        place.coordinates.as_ref().map(|(one, other)| (number(one), number(other)))
    };
    let rest = |place: &Geoproximity| Geoproximity { coordinates: None, ..place.clone() };
    degrees(one) == degrees(other) && rest(one) == rest(other)
}
