//! Changes of records in Route 53's own words.

use serde_json::{Value, json};

use crate::model::record::{HostedZone, Record, RecordChange, RecordValue};

pub(super) fn changes(zone: &HostedZone, changes: &[RecordChange]) -> Value {
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
