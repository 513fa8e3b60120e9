//! Hosted zones and their records.

use albedo::aws::{Cloud, Kind};
use albedo::model::action::{AwsAction, Route53Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::record::{HostedZone, Record, RecordChange, RecordType, RecordValue, Verb};

use super::wishes::{done, refused};
use super::{Looks as _, Site};

fn alias(name: &str, record_type: RecordType) -> Record {
    let target = "k8s-contract-1234567890.us-east-1.elb.amazonaws.com";
    let value = RecordValue::Alias {
        target: Id::Is(AwsId::new(target)),
        hosted_zone: Some(AwsId::new("Z35SXDOTRQ7X7K")),
        evaluate_target_health: true,
    };
    Record::simple(name, record_type, value)
}

fn values(name: &str, record_type: RecordType, value: &str) -> Record {
    let values = vec![value.to_owned()];
    Record::simple(name, record_type, RecordValue::Values { ttl: 300, values })
}

fn change<C>(site: &Site<C>, changes: &[(Verb, &Record)]) -> AwsAction {
    let one =
        |(verb, record): &(Verb, &Record)| RecordChange { verb: *verb, record: (*record).clone() };
    let changes = changes.iter().map(one).collect();
    AwsAction::Route53(Route53Action::ChangeRecords { zone: site.zone.clone(), changes })
}

async fn records<C: Cloud>(site: &Site<C>) -> Vec<Record> {
    let mut found = site.cloud.records(&site.zone.id).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

pub async fn zones_are_read_as_they_are<C: Cloud>(site: Site<C>) {
    let zones = site.cloud.zones().await.unwrap();
    assert_eq!(zones, [site.zone]);
}

pub async fn records_are_read_as_they_were_written<C: Cloud>(site: Site<C>) {
    let name = format!("*.w.{}", site.zone.name);
    let txt = format!("a-*.w.{}", site.zone.name);
    let all = [
        alias(&name, RecordType::A),
        alias(&name, RecordType::Aaaa),
        values(&txt, RecordType::Txt, "\"heritage=external-dns,external-dns/owner=default\""),
        values(&format!("c.{}", site.zone.name), RecordType::Cname, "elsewhere.example.net"),
    ];
    let create = |record| (Verb::Create, record);
    done(&site, change(&site, &all.iter().map(create).collect::<Vec<_>>())).await;
    let mut expected = all.to_vec();
    expected.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(records(&site).await, expected);
    let delete = |record| (Verb::Delete, record);
    done(&site, change(&site, &expected.iter().map(delete).collect::<Vec<_>>())).await;
    assert_eq!(records(&site).await, []);
}

pub async fn a_batch_is_done_whole_or_not_at_all<C: Cloud>(site: Site<C>) {
    let web = alias(&format!("web.{}", site.zone.name), RecordType::A);
    let api = alias(&format!("api.{}", site.zone.name), RecordType::A);
    done(&site, change(&site, &[(Verb::Create, &web)])).await;
    let again = change(&site, &[(Verb::Create, &api), (Verb::Create, &web)]);
    let error = refused(&site, again, Kind::Conflict).await;
    assert_eq!(error.code, "InvalidChangeBatch");
    assert_eq!(records(&site).await, std::slice::from_ref(&web));
    done(&site, change(&site, &[(Verb::Upsert, &api), (Verb::Upsert, &web)])).await;
    assert_eq!(records(&site).await, [api, web]);
}

pub async fn a_record_is_deleted_only_as_it_stands<C: Cloud>(site: Site<C>) {
    let name = format!("t.{}", site.zone.name);
    let stands = values(&name, RecordType::Txt, "\"one\"");
    done(&site, change(&site, &[(Verb::Create, &stands)])).await;
    let other = values(&name, RecordType::Txt, "\"two\"");
    refused(&site, change(&site, &[(Verb::Delete, &other)]), Kind::Conflict).await;
    done(&site, change(&site, &[(Verb::Delete, &stands)])).await;
    refused(&site, change(&site, &[(Verb::Delete, &stands)]), Kind::Conflict).await;
}

pub async fn a_cname_record_stands_alone<C: Cloud>(site: Site<C>) {
    let name = format!("web.{}", site.zone.name);
    let (cname, a) =
        (values(&name, RecordType::Cname, "elsewhere.example.net"), alias(&name, RecordType::A));
    done(&site, change(&site, &[(Verb::Create, &cname)])).await;
    refused(&site, change(&site, &[(Verb::Create, &a)]), Kind::Conflict).await;
    done(&site, change(&site, &[(Verb::Delete, &cname), (Verb::Create, &a)])).await;
    assert_eq!(records(&site).await, [a]);
}

pub async fn a_zone_that_is_not_there_is_not_found<C: Cloud>(site: Site<C>) {
    let id = AwsId::new("Z0000000000000000000");
    assert_eq!(site.cloud.records(&id).await.unwrap_err().kind, Kind::NotFound);
    let web = alias(&format!("web.{}", site.zone.name), RecordType::A);
    let zone = HostedZone { id, ..site.zone.clone() };
    let changes = vec![RecordChange { verb: Verb::Create, record: web }];
    refused(
        &site,
        AwsAction::Route53(Route53Action::ChangeRecords { zone, changes }),
        Kind::NotFound,
    )
    .await;
}
