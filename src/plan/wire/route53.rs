//! Steps in Route 53.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::action::{Action, AwsAction, Route53Action, Sign};
use crate::model::inventory::Records;
use crate::model::plan::Plan;
use crate::model::record::{HostedZone, Record, RecordChange, RecordKey, RecordValue, Verb};
use crate::model::routing::Routing;

use super::set;

/// What a step is about.
pub(super) fn what(action: &Route53Action) -> String {
    match action {
        Route53Action::ChangeRecords { zone, changes } => {
            let each = outcomes(changes).into_iter().map(|(sign, record)| {
                let key = &record.key;
                let one = key.set_identifier.as_ref();
                let one = one.map(|id| format!(" ({id})")).unwrap_or_default();
                format!("{}{} {}{one}", sign.as_char(), key.record_type, key.name)
            });
            format!("records of {}: {}", zone.name, each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What becomes of each record: one that goes as it was read and comes as it should be changes.
fn outcomes(changes: &[RecordChange]) -> Vec<(Sign, &Record)> {
    let keys = |verb: Verb| -> BTreeSet<&RecordKey> {
        let of_verb = changes.iter().filter(|change| change.verb == verb);
        of_verb.map(|change| &change.record.key).collect()
    };
    let (goes, comes) = (keys(Verb::Delete), keys(Verb::Create));
    let outcome = |change: &'_ RecordChange| match change.verb {
        Verb::Delete if comes.contains(&change.record.key) => None,
        Verb::Delete => Some(Sign::Remove),
        Verb::Create if goes.contains(&change.record.key) => Some(Sign::Change),
        Verb::Create => Some(Sign::Add),
        Verb::Upsert => Some(Sign::Change),
    };
    changes.iter().filter_map(|change| Some((outcome(change)?, &change.record))).collect()
}

/// The parameters of its call.
pub(super) fn parameters(action: &Route53Action) -> Value {
    match action {
        Route53Action::ChangeRecords { zone, changes } => batch(zone, changes),
    }
}

fn batch(zone: &HostedZone, changes: &[RecordChange]) -> Value {
    let changes = changes.iter().map(|change| {
        json!({"Action": change.verb.as_str(), "ResourceRecordSet": record(&change.record)})
    });
    json!({"HostedZoneId": zone.id, "ChangeBatch": {"Changes": changes.collect::<Vec<_>>()}})
}

fn record(record: &Record) -> Value {
    let Record { key, value, routing, health_check } = record;
    let (alias, ttl, values) = match value {
        RecordValue::Alias { target, hosted_zone, evaluate_target_health } => {
            let target = json!({
                "DNSName": target.to_string(),
                "HostedZoneId": hosted_zone,
                "EvaluateTargetHealth": evaluate_target_health,
            });
            (Some(target), None, None)
        }
        RecordValue::Values { ttl, values } => {
            let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
            (None, Some(json!(ttl)), Some(json!(values)))
        }
    };
    let mut shown = set([
        ("Name", Some(json!(key.name))),
        ("Type", Some(json!(key.record_type.as_str()))),
        ("SetIdentifier", key.set_identifier.as_ref().map(|id| json!(id))),
        ("HealthCheckId", health_check.as_ref().map(|id| json!(id))),
        ("AliasTarget", alias),
        ("TTL", ttl),
        ("ResourceRecords", values),
    ]);
    if let (Value::Object(fields), Some((name, policy))) = (&mut shown, policy(routing)) {
        fields.insert(name.to_owned(), policy);
    }
    shown
}

/// Each record that a plan changes, as it stands and as it becomes.
#[must_use]
pub fn compared(plan: &Plan, standing: &Records) -> Vec<String> {
    let changes = plan.steps.iter().flat_map(|step| match &step.action {
        Action::Aws(AwsAction::Route53(Route53Action::ChangeRecords { changes, .. })) => {
            outcomes(changes)
        }
        Action::Aws(_) | Action::Kube(_) => Vec::new(),
    });
    let line = |(sign, record): (Sign, &Record)| {
        let RecordKey { name, record_type, set_identifier } = &record.key;
        let one = set_identifier.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let before = standing.get(&record.key);
        let after = (sign != Sign::Remove).then_some(record);
        let said = |record: Option<&Record>| record.map_or("nothing".to_owned(), says);
        format!("{record_type} {name}{one}: {} -> {}", said(before), said(after))
    };
    changes.map(line).collect()
}

/// What a record says, in one line.
fn says(record: &Record) -> String {
    let Record { value, routing, health_check, .. } = record;
    let mut all = vec![match value {
        RecordValue::Alias { target, evaluate_target_health: true, .. } => {
            format!("alias {target}")
        }
        RecordValue::Alias { target, .. } => format!("alias {target}, whatever its health"),
        RecordValue::Values { ttl, values } => format!("{} for {ttl} s", values.join(" ")),
    }];
    all.extend(policy(routing).map(|(name, value)| format!("{name} {value}")));
    all.extend(health_check.as_ref().map(|id| format!("health check {id}")));
    all.join(", ")
}

/// The field of a routing policy.
fn policy(routing: &Routing) -> Option<(&'static str, Value)> {
    let optional = |text: &Option<String>| text.as_ref().map(|text| json!(text));
    Some(match routing {
        Routing::Simple => return None,
        Routing::Weighted(weight) => ("Weight", json!(weight)),
        Routing::Latency(region) => ("Region", json!(region)),
        Routing::Failover(role) => ("Failover", json!(role.as_str())),
        Routing::Geolocation(place) => {
            let fields = [
                ("ContinentCode", optional(&place.continent)),
                ("CountryCode", optional(&place.country)),
                ("SubdivisionCode", optional(&place.subdivision)),
            ];
            ("GeoLocation", set(fields))
        }
        Routing::Geoproximity(place) => {
            let at = |(latitude, longitude): &(String, String)| json!({"Latitude": latitude, "Longitude": longitude});
            let fields = [
                ("AWSRegion", optional(&place.region)),
                ("LocalZoneGroup", optional(&place.local_zone_group)),
                ("Coordinates", place.coordinates.as_ref().map(at)),
                ("Bias", Some(json!(place.bias))),
            ];
            ("GeoProximityLocation", set(fields))
        }
        Routing::MultiValue => ("MultiValueAnswer", json!(true)),
        Routing::Cidr { collection, location } => {
            ("CidrRoutingConfig", json!({"CollectionId": collection, "LocationName": location}))
        }
    })
}
