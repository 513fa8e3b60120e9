//! Records of a hosted zone.

use std::time::Duration;

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput as Listed;
use aws_sdk_route53::operation::list_resource_record_sets::builders as listing;
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord,
    ResourceRecordSet as Raw, RrType,
};

use crate::aws::answer::Answer;
use crate::aws::belief::{LARGE_MIN, PAGE_LENGTH};
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};

use super::routing;
use crate::model::id::{AwsId, Id};
use crate::model::record::{
    HostedZone, Record, RecordChange, RecordKey, RecordType, RecordValue, Verb, name_from_route53,
};

type Listing = listing::ListResourceRecordSetsFluentBuilder;

/// What Route 53 puts in front of a change's id.
const ID_PREFIX: &str = "/change/";
/// The most records on one page (Route 53).
const PAGE_SIZE: i32 = 300;
/// How long lies between two pages of a large zone, which nobody waits for: Route 53 takes five
/// calls a second from an account (AWS quota), of which this leaves a part to others.
const PAGE_PAUSE: Duration = Duration::from_millis(250);
/// How many pages come without that.
const PAGES_AT_ONCE: usize = LARGE_MIN / PAGE_LENGTH;

/// The records of a hosted zone, of the types that are looked at.
pub(in crate::aws) async fn list(sdk: &Sdk, zone: &AwsId) -> Result<Vec<Record>, CloudError> {
    const OPERATION: &str = "route53.ListResourceRecordSets";
    let page = sdk.route53.list_resource_record_sets().hosted_zone_id(zone.as_str());
    let page = page.max_items(PAGE_SIZE);
    let mut found = Vec::new();
    let mut next = page.clone();
    for pages in 0_usize.. {
        if pages >= PAGES_AT_ONCE {
            sdk.turns.pause(PAGE_PAUSE).await;
        }
        sdk.turns.wait(OPERATION).await;
        let answer = next.send().await.map_err(refused(OPERATION))?;
        found.extend(answer.resource_record_sets().iter().filter_map(read));
        if !answer.is_truncated() {
            break;
        }
        next = after(page.clone(), &answer);
    }
    Ok(found)
}

/// The request for the page after one.
fn after(page: Listing, answer: &Listed) -> Listing {
    page.set_start_record_name(answer.next_record_name().map(str::to_owned))
        .set_start_record_type(answer.next_record_type().cloned())
        .set_start_record_identifier(answer.next_record_identifier().map(str::to_owned))
}

/// The records of one name of a hosted zone, of the types that are looked at. Few have more than a
/// page holds: Route 53 takes 100 of a name, a type and a routing policy.
pub(in crate::aws) async fn named(
    sdk: &Sdk,
    zone: &AwsId,
    name: &str,
) -> Result<Vec<Record>, CloudError> {
    const OPERATION: &str = "route53.ListResourceRecordSets";
    let page = sdk.route53.list_resource_record_sets().hosted_zone_id(zone.as_str());
    let page = page.max_items(PAGE_SIZE);
    let mut found = Vec::new();
    let mut next = page.clone().start_record_name(name);
    loop {
        sdk.turns.wait(OPERATION).await;
        let answer = next.send().await.map_err(refused(OPERATION))?;
        let of_page = answer.resource_record_sets().iter().filter_map(read);
        found.extend(of_page.filter(|record| record.key.name == name));
        let goes_on = answer.next_record_name().is_some_and(|it| name_from_route53(it) == name);
        if !answer.is_truncated() || !goes_on {
            return Ok(found);
        }
        next = after(page.clone(), &answer);
    }
}

fn read(raw: &Raw) -> Option<Record> {
    let record_type = match raw.r#type() {
        RrType::A => RecordType::A,
        RrType::Aaaa => RecordType::Aaaa,
        RrType::Cname => RecordType::Cname,
        RrType::Txt => RecordType::Txt,
        _ => return None,
    };
    let key = RecordKey {
        name: name_from_route53(raw.name()),
        record_type,
        set_identifier: raw.set_identifier().map(str::to_owned),
    };
    let value = match raw.alias_target() {
        Some(alias) => RecordValue::Alias {
            target: Id::Is(AwsId::new(name_from_route53(alias.dns_name()))),
            hosted_zone: Some(AwsId::new(alias.hosted_zone_id())),
            evaluate_target_health: alias.evaluate_target_health(),
        },
        None => RecordValue::Values {
            ttl: raw.ttl().unwrap_or_default(),
            values: raw.resource_records().iter().map(|one| one.value().to_owned()).collect(),
        },
    };
    let (routing, health_check) = (routing::read(raw), raw.health_check_id().map(str::to_owned));
    Some(Record { key, value, routing, health_check })
}

pub(in crate::aws) async fn change(
    call: &Call<'_>,
    zone: &HostedZone,
    changes: &[RecordChange],
) -> Result<Answer, CloudError> {
    let mut raw = Vec::with_capacity(changes.len());
    for change in changes {
        // Every field that Route 53 wants is one that the model has.
        let built = set(call, &change.record)?.and_then(|set| {
            Change::builder().action(verb(change.verb)).resource_record_set(set).build()
        });
        raw.push(built.map_err(|_| CloudError::incomplete(&call.operation, "a record"))?);
    }
    let batch = ChangeBatch::builder().set_changes(Some(raw)).build();
    let batch = batch.map_err(|_| CloudError::incomplete(&call.operation, "changes"))?;
    let made = call
        .sdk
        .route53
        .change_resource_record_sets()
        .hosted_zone_id(zone.id.as_str())
        .change_batch(batch)
        .send()
        .await
        .map_err(refused(&call.operation))?;
    let id = made.change_info().map(|info| info.id.strip_prefix(ID_PREFIX).unwrap_or(&info.id));
    Ok(id.map_or(Answer::Done, |id| Answer::Change(AwsId::new(id))))
}

/// Whether all of Route 53's servers answer by a batch of changes.
pub(in crate::aws) async fn is_in_sync(sdk: &Sdk, change: &AwsId) -> Result<bool, CloudError> {
    const OPERATION: &str = "route53.GetChange";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk.route53.get_change().id(change.as_str()).send().await;
    let answer = answer.map_err(refused(OPERATION))?;
    Ok(answer.change_info().is_some_and(|info| info.status == ChangeStatus::Insync))
}

fn verb(verb: Verb) -> ChangeAction {
    match verb {
        Verb::Delete => ChangeAction::Delete,
        Verb::Create => ChangeAction::Create,
        Verb::Upsert => ChangeAction::Upsert,
    }
}

fn set(call: &Call<'_>, record: &Record) -> Result<Result<Raw, BuildError>, CloudError> {
    let Record { key, value, routing, health_check } = record;
    let RecordKey { name, record_type, set_identifier } = key;
    let set = Raw::builder()
        .name(name)
        .r#type(record_type.as_str().into())
        .set_set_identifier(set_identifier.clone())
        .set_health_check_id(health_check.clone());
    let set = match routing::written(set, routing) {
        Ok(set) => set,
        Err(error) => return Ok(Err(error)),
    };
    let set = match value {
        RecordValue::Alias { target, hosted_zone, evaluate_target_health } => {
            let target = call.given(target)?;
            let zone = hosted_zone.as_ref();
            let zone = zone.ok_or_else(|| call.unresolved(&format!("the zone of {target}")))?;
            let alias = AliasTarget::builder()
                .dns_name(target.as_str())
                .hosted_zone_id(zone.as_str())
                .evaluate_target_health(*evaluate_target_health)
                .build();
            match alias {
                Ok(alias) => set.alias_target(alias),
                Err(error) => return Ok(Err(error)),
            }
        }
        RecordValue::Values { ttl, values } => {
            let values: Result<Vec<_>, _> =
                values.iter().map(|value| ResourceRecord::builder().value(value).build()).collect();
            match values {
                Ok(values) => set.ttl(*ttl).set_resource_records(Some(values)),
                Err(error) => return Ok(Err(error)),
            }
        }
    };
    Ok(set.build())
}
