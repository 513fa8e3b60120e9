//! Steps in Route 53.

use serde_json::{Value, json};

use crate::model::action::{Route53Action, Sign};
use crate::model::record::{HostedZone, Record, RecordChange, RecordValue, Verb};

/// What a step is about.
pub(super) fn what(action: &Route53Action) -> String {
    match action {
        Route53Action::ChangeRecords { zone, changes } => {
            let each = changes.iter().map(|change| {
                let sign = match change.verb {
                    Verb::Create => Sign::Add,
                    Verb::Upsert => Sign::Change,
                    Verb::Delete => Sign::Remove,
                };
                let key = &change.record.key;
                format!("{}{} {}", sign.as_char(), key.record_type, key.name)
            });
            format!("records of {}: {}", zone.name, each.collect::<Vec<_>>().join(", "))
        }
    }
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
    let (name, record_type) = (&record.key.name, record.key.record_type.as_str());
    match &record.value {
        RecordValue::Alias { target, hosted_zone, evaluate_target_health } => {
            let target = json!({
                "DNSName": target.to_string(),
                "HostedZoneId": hosted_zone,
                "EvaluateTargetHealth": evaluate_target_health,
            });
            json!({"Name": name, "Type": record_type, "AliasTarget": target})
        }
        RecordValue::Values { ttl, values } => {
            let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
            json!({"Name": name, "Type": record_type, "TTL": ttl, "ResourceRecords": values})
        }
    }
}
